package main

import (
	"math"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/numen-go/numen/ir"
)

// block is the number of arguments a worker takes at a time.
const block = 1 << 16

// sweep32 measures a float32 function on every stride-th argument, or on pairs of
// arguments from each region, with all cores.
//
// Package math finds the results that are more than half a unit off; those are judged by
// the function's float64 form, which compare64 judges by exact values: its error is
// 2^-29 units of float32. apart is the most that the two differ over a result that both
// saw; a result that package math passed is at most that beyond half a unit off.
func sweep32(f function, stride uint64, pairs int) (w worst, apart float64) {
	next, blocks := func(i int) [][]uint64 { return every(uint64(i), stride) }, int((1<<32/stride+block)/block)
	if f.power != nil {
		next, blocks = func(i int) [][]uint64 { return region(i%regions, i/regions) }, regions*((pairs+block-1)/block)
	}
	program, judge := f.compile(ir.Float32), f.compile(ir.Float64)
	var taken atomic.Int64
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			s := newSweeper(f)
			for i := int(taken.Add(1)) - 1; i < blocks; i = int(taken.Add(1)) - 1 {
				s.block(program, judge, next(i))
			}
			mu.Lock()
			defer mu.Unlock()
			w.merge(s.worst)
			apart = max(apart, s.apart)
		})
	}
	wg.Wait()
	return w, apart
}

// sweeper is one worker's memory.
type sweeper struct {
	f       function
	worst   worst
	apart   float64
	out     []uint64
	suspect []int // places in the block
	screen  []float64
	exactIn [][]uint64
	exact   []uint64
}

func newSweeper(f function) *sweeper {
	s := &sweeper{f: f, out: make([]uint64, block), exact: make([]uint64, block)}
	for range f.op.MaxArg {
		s.exactIn = append(s.exactIn, make([]uint64, block))
	}
	return s
}

func (s *sweeper) block(program, judge *ir.ScalarProgram, in [][]uint64) {
	n := len(in[0])
	program.RunStrip(n, in, [][]uint64{s.out})
	s.suspect, s.screen = s.suspect[:0], s.screen[:0]
	for k := range n {
		r := 0.0
		if s.f.power != nil {
			r = s.f.power(float32At(in[0], k), float32At(in[1], k))
		} else {
			r = s.f.unary(float32At(in[0], k))
		}
		if u := ulps32(math.Float32frombits(uint32(s.out[k])), r); u > 0.5 {
			for i, x := range in {
				s.exactIn[i][len(s.suspect)] = math.Float64bits(float32At(x, k))
			}
			s.suspect, s.screen = append(s.suspect, k), append(s.screen, u)
		}
	}
	judge.RunStrip(len(s.suspect), s.exactIn, [][]uint64{s.exact})
	for i, k := range s.suspect {
		u := ulps32(math.Float32frombits(uint32(s.out[k])), math.Float64frombits(s.exact[i]))
		s.apart = max(s.apart, math.Abs(u-s.screen[i]))
		if u > s.worst.ulps {
			s.worst.ulps, s.worst.at = u, nil
			for _, x := range in {
				s.worst.at = append(s.worst.at, float32At(x, k))
			}
		}
	}
	s.worst.n += int64(n)
}

func float32At(x []uint64, k int) float64 { return float64(math.Float32frombits(uint32(x[k]))) }

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
