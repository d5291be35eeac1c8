package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/numen-go/numen/ir"
)

const (
	// block is the number of arguments a worker takes at a time.
	block = 1 << 16

	// judged is how many results the judge takes at a time.
	judged = 1 << 13

	// checkedOf is one in how many blocks the evaluator repeats.
	checkedOf = 256
)

// found is what a sweep has found.
type found struct {
	worst   worst
	apart   float64 // the most that screen and judge differ over a result that both saw
	checked int64   // results that the evaluator repeated
}

// sweep32 measures a float32 function on every stride-th argument, or on pairs of
// arguments from each region, with all cores. The results are the target's; those of one
// block in some are compared with the evaluator's, bit by bit.
//
// Package math finds the results that are more than half a unit off; those are judged by
// the function's float64 form, which compare64 judges by exact values: its error is
// 2^-29 units of float32. A result that package math passed is at most the distance of
// the two beyond half a unit off.
func sweep32(ctx context.Context, f function, stride uint64, pairs int) (found, error) {
	next, blocks := func(i int) [][]uint64 { return every(uint64(i), stride) }, int((1<<32/stride+block)/block)
	if f.power != nil {
		next, blocks = func(i int) [][]uint64 { return region(i%regions, i/regions) }, regions*((pairs+block-1)/block)
	}
	evaluator := f.compile(ir.Float32)
	var all found
	var failed []error
	var taken atomic.Int64
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			var mine found
			err := func() error {
				s, err := newSweeper(ctx, f)
				if err != nil {
					return err
				}
				defer s.close()
				for i := int(taken.Add(1)) - 1; i < blocks; i = int(taken.Add(1)) - 1 {
					in := next(i)
					if err := s.block(ctx, in); err != nil {
						return err
					}
					if i%checkedOf == 0 {
						if err := s.check(evaluator, in); err != nil {
							return err
						}
					}
				}
				err = s.judge(ctx)
				mine = s.found
				return err
			}()
			mu.Lock()
			defer mu.Unlock()
			all.worst.merge(mine.worst)
			all.apart, all.checked = max(all.apart, mine.apart), all.checked+mine.checked
			failed = append(failed, err)
		})
	}
	wg.Wait()
	return all, errors.Join(failed...)
}

// sweeper is one worker.
type sweeper struct {
	found
	f       function
	narrow  *onTarget[float32]
	wide    *onTarget[float64]
	suspect []suspect // results whose arguments are in wide's slots
}

// suspect is a result that the screen found to be more than half a unit off.
type suspect struct {
	result float32
	screen float64
}

func newSweeper(ctx context.Context, f function) (*sweeper, error) {
	narrow, err := bind[float32](ctx, f, block)
	if err != nil {
		return nil, err
	}
	wide, err := bind[float64](ctx, f, judged)
	if err != nil {
		narrow.close()
		return nil, err
	}
	return &sweeper{f: f, narrow: narrow, wide: wide}, nil
}

func (s *sweeper) close() {
	s.narrow.close()
	s.wide.close()
}

// block measures a block of arguments, given by their bits.
func (s *sweeper) block(ctx context.Context, in [][]uint64) error {
	for i, bits := range in {
		for k, x := range bits {
			s.narrow.in[i][k] = math.Float32frombits(uint32(x))
		}
	}
	if err := s.narrow.run(ctx); err != nil {
		return err
	}
	for k := range in[0] {
		y, r := s.narrow.out[k], s.exactly(k)
		u := ulps32(y, r)
		if u <= 0.5 {
			continue
		}
		for i := range in {
			s.wide.in[i][len(s.suspect)] = float64(s.narrow.in[i][k])
		}
		if s.suspect = append(s.suspect, suspect{y, u}); len(s.suspect) == judged {
			if err := s.judge(ctx); err != nil {
				return err
			}
		}
	}
	s.worst.n += int64(len(in[0]))
	return nil
}

// exactly returns package math's result for argument k, which is nearly exact.
func (s *sweeper) exactly(k int) float64 {
	if s.f.power != nil {
		return s.f.power(float64(s.narrow.in[0][k]), float64(s.narrow.in[1][k]))
	}
	return s.f.unary(float64(s.narrow.in[0][k]))
}

// judge measures the suspects, and forgets them.
func (s *sweeper) judge(ctx context.Context) error {
	if err := s.wide.run(ctx); err != nil {
		return err
	}
	for i, x := range s.suspect {
		u := ulps32(x.result, s.wide.out[i])
		s.apart = max(s.apart, math.Abs(u-x.screen))
		if u > s.worst.ulps {
			s.worst.ulps, s.worst.at = u, nil
			for _, in := range s.wide.in {
				s.worst.at = append(s.worst.at, in[i])
			}
		}
	}
	s.suspect = s.suspect[:0]
	return nil
}

// check repeats the last block on the evaluator. NaNs are the same whatever their payload.
func (s *sweeper) check(evaluator *ir.ScalarProgram, in [][]uint64) error {
	n := len(in[0])
	want := make([]uint64, n)
	evaluator.RunStrip(n, in, [][]uint64{want})
	for k, w := range want {
		got := s.narrow.out[k]
		if math.Float32bits(got) != uint32(w) && !(got != got && math.IsNaN(float64(math.Float32frombits(uint32(w))))) {
			at := ""
			for i := range in {
				at += fmt.Sprintf(" %x", s.narrow.in[i][k])
			}
			return fmt.Errorf("%s of%s is %x, the evaluator has %x", s.f.op, at, got, math.Float32frombits(uint32(w)))
		}
	}
	s.checked += int64(n)
	return nil
}

// every returns block i of the arguments.
func every(i, stride uint64) [][]uint64 {
	in := make([]uint64, 0, block)
	for v := i * block * stride; v < 1<<32 && len(in) < block; v += stride {
		in = append(in, v)
	}
	return [][]uint64{in}
}

const regions = 6

// region returns block i of arguments of pow: a plain range; all magnitudes with results
// that neither overflow nor vanish; x near 1; the borders of the results; any bits;
// quotients of small integers.
func region(which, i int) [][]uint64 {
	r := rand.New(rand.NewPCG(uint64(which), uint64(i)))
	xs, ys := make([]uint64, block), make([]uint64, block)
	for k := range xs {
		x, y := 10*r.Float64(), 20*r.Float64()-10
		e := (2*r.Float64() - 1) * 104 // the logarithm of the result
		switch which {
		case 1:
			x = float64(math.Float32frombits(r.Uint32N(0x7f800000)))
		case 2:
			x = 0.96 + 0.1*r.Float64()
		case 3:
			x, e = 0.5+r.Float64(), math.Copysign(80+24*r.Float64(), e)
		case 4:
			x, y = float64(math.Float32frombits(r.Uint32())), float64(math.Float32frombits(r.Uint32()))
		case 5:
			x, y = float64(r.IntN(2001)-1000)/float64(1+r.IntN(4)), float64(r.IntN(81)-40)/float64(1+r.IntN(2))
		}
		if x = float64(float32(x)); which >= 1 && which <= 3 {
			y = e / math.Abs(math.Log(x))
		}
		xs[k], ys[k] = uint64(math.Float32bits(float32(x))), uint64(math.Float32bits(float32(y)))
	}
	return [][]uint64{xs, ys}
}

// ulps32 returns how many units of its last place y is off r. The sign of a zero counts,
// and so does an infinity where r rounds to a number.
func ulps32(y float32, r float64) float64 {
	rounded := float32(r)
	switch {
	case r != r && y != y || math.Float32bits(y) == math.Float32bits(rounded) && math.IsInf(r, 0):
		return 0
	case r != r || y != y:
		return math.Inf(1)
	case math.IsInf(float64(y), 0) || math.IsInf(float64(rounded), 0) || r == 0:
		if math.Float32bits(y) == math.Float32bits(rounded) {
			return 0
		}
		return math.Inf(1)
	}
	// The unit of r's binade, without the cost of Frexp: 2^(e-23).
	e := max(int(math.Float64bits(r)>>52&0x7ff)-1023, -126)
	return math.Abs(float64(y)-r) * math.Float64frombits(uint64(1023+23-e)<<52)
}
