//go:build linux && amd64

package x86

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower/loop"
	"github.com/numen-go/numen/lower/x86/asm"
)

// floatExpr is a random float of a dtype, of variables u and v, arrays x and o, position i.
func floatExpr(r *rand.Rand, d ir.DType, depth int) string {
	x := func() string { return floatExpr(r, d, depth-1) }
	if depth == 0 || r.IntN(6) == 0 {
		return [...]string{"u", "v", "x[i]", "x[(n + i) & 15]", "o[i]", fmt.Sprintf("%s(0)", d), fmt.Sprintf("%s(2.5)", d)}[r.IntN(7)]
	}
	switch r.IntN(9) {
	case 0:
		return fmt.Sprintf("fma(%s, %s, %s)", x(), x(), x())
	case 1, 2:
		return fmt.Sprintf("pick(n %s i, %s, %s)", [...]string{"<", "==", "!="}[r.IntN(3)], x(), x())
	case 3:
		return fmt.Sprintf("max(%s, %s)", x(), x()) // not simple
	case 4:
		return fmt.Sprintf("(%s / %s)", x(), x())
	}
	return fmt.Sprintf("(%s %s %s)", x(), [...]string{"+", "-", "*"}[r.IntN(3)], x())
}

// TestScalarFloats compares random floats of scalar code with the portable executor, among
// them zeros of both signs, infinities, NaN and the smallest numbers.
func TestScalarFloats(t *testing.T) {
	eachLevel(t, func(t *testing.T, level asm.Level) {
		scalarFloats[float64](t, level, ir.Float64, math.SmallestNonzeroFloat64, func(x float64) uint64 { return math.Float64bits(x) })
		scalarFloats[float32](t, level, ir.Float32, math.SmallestNonzeroFloat32, func(x float32) uint64 { return uint64(math.Float32bits(x)) })
	})
}

func scalarFloats[T float32 | float64](t *testing.T, level asm.Level, d ir.DType, smallest T, bits func(T) uint64) {
	special := []T{0, T(math.Copysign(0, -1)), T(math.Inf(1)), T(math.Inf(-1)), T(math.NaN()), smallest, -smallest, 1}
	for seed := range uint64(80) {
		r := rand.New(rand.NewPCG(seed, 8))
		text := fmt.Sprintf("loop test(in x %s[_], in p i64[_], out o %s[_]):\n  for z = 0 to 2:\n    u = %s(0)\n    v = x[3]\n    for i = 0 to 16:\n      n = p[i]\n", d, d, d)
		for range 3 {
			text += fmt.Sprintf("      u = %s\n      v = %s\n      o[i] = %s\n      o[n] = %s\n", floatExpr(r, d, 3), floatExpr(r, d, 3), floatExpr(r, d, 4), floatExpr(r, d, 2))
		}
		l, err := loop.Parse(text)
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		x, p := make([]T, 16), make([]int64, 16)
		for i := range x {
			if x[i], p[i] = T(r.NormFloat64()), r.Int64N(16); r.IntN(5) == 0 {
				x[i] = special[r.IntN(len(special))]
			}
		}
		var want []T
		for i, m := range []loop.Machine{nil, New(level), impatient{New(level)}} {
			var code *loop.Code
			if m == nil {
				code, err = loop.Compile(l)
			} else {
				code, err = loop.CompileWith(l, m, loop.Class{})
			}
			if err != nil {
				t.Fatal(err)
			}
			defer code.Close()
			o := make([]T, 16)
			for k := range o {
				o[k] = T(k) - 7
			}
			if err := code.Run(context.Background(), 1, nil, []loop.Memory{memory(x), memory(p), memory(o)}); err != nil {
				t.Fatal(err)
			}
			if want == nil {
				want = o
			}
			for k := range o {
				if !sameElement(d, bits(o[k]), bits(want[k])) {
					t.Fatalf("code %d: element %d is %v, want %v\nx %v\np %v\n%s", i, k, o[k], want[k], x, p, text)
				}
			}
		}
	}
}
