package main

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"math"

	"github.com/numen-go/numen/ir"
)

// compare64 measures a float64 function, and package math's, on the records of a
// fixture: arguments, the rounded result, and the exact one less that in units of its
// last place as a float32.
func compare64(f function, r io.Reader) (ours, goes worst, err error) {
	p, operands := f.compile(ir.Float64), f.op.MaxArg
	record := make([]byte, 8*operands+12)
	in := make([][]uint64, operands)
	out := make([]uint64, block)
	rounded, rest := make([]float64, block), make([]float64, block)
	br := bufio.NewReaderSize(r, 1<<20)
	for done := false; !done; {
		n := 0
		for i := range in {
			in[i] = in[i][:0]
		}
		for ; n < block; n++ {
			if _, err := io.ReadFull(br, record); err == io.EOF {
				done = true
				break
			} else if err != nil {
				return ours, goes, fmt.Errorf("record %d: %w", ours.n+int64(n), err)
			}
			for i := range in {
				in[i] = append(in[i], binary.LittleEndian.Uint64(record[8*i:]))
			}
			rounded[n] = math.Float64frombits(binary.LittleEndian.Uint64(record[8*operands:]))
			rest[n] = float64(math.Float32frombits(binary.LittleEndian.Uint32(record[8*operands+8:])))
		}
		p.RunStrip(n, in, [][]uint64{out})
		for k := range n {
			at := make([]float64, operands)
			for i := range at {
				at[i] = math.Float64frombits(in[i][k])
			}
			ours.see(ulps64(math.Float64frombits(out[k]), rounded[k], rest[k]), at...)
			y := 0.0
			if f.power != nil {
				y = f.power(at[0], at[1])
			} else {
				y = f.unary(at[0])
			}
			goes.see(ulps64(y, rounded[k], rest[k]), at...)
		}
	}
	return ours, goes, nil
}

// ulps64 returns how many units of its last place y is off the exact result, which is
// r plus rest such units. The sign of a zero counts; infinity stands for 2^1024.
func ulps64(y, r, rest float64) float64 {
	switch {
	case math.Float64bits(y) == math.Float64bits(r) || y != y && r != r:
		return math.Abs(rest)
	case y != y || r != r || r == 0 && rest == 0:
		return math.Inf(1)
	}
	if math.IsInf(y, 0) || math.IsInf(r, 0) {
		half := func(x float64) float64 {
			if math.IsInf(x, 0) {
				return math.Copysign(0x1p1023, x)
			}
			return x / 2
		}
		return math.Abs((half(y)-half(r))/0x1p970 - rest)
	}
	m, e := math.Frexp(r)
	if math.Abs(m) == 0.5 && rest != 0 && (rest < 0) == (r > 0) {
		e-- // the exact result is in the binade below
	}
	place := 53 - e // the unit is 2^-place
	if place > 1074 || r == 0 {
		place = 1074
	}
	return math.Abs(math.Ldexp(y-r, place) - rest)
}
