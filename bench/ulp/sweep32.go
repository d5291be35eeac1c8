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
func sweep32(f function, stride uint64, pairs int) worst {
	next, blocks := func(i int) [][]uint64 { return every(uint64(i), stride) }, int((1<<32/stride+block)/block)
	if f.power != nil {
		next, blocks = func(i int) [][]uint64 { return region(i%regions, i/regions) }, regions*((pairs+block-1)/block)
	}
	p := f.compile(ir.Float32)
	var taken atomic.Int64
	var total worst
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			var w worst
			out := make([]uint64, block)
			for i := int(taken.Add(1)) - 1; i < blocks; i = int(taken.Add(1)) - 1 {
				in := next(i)
				p.RunStrip(len(in[0]), in, [][]uint64{out})
				for k := range in[0] {
					x := float64(math.Float32frombits(uint32(in[0][k])))
					y := math.Float32frombits(uint32(out[k]))
					if f.power != nil {
						z := float64(math.Float32frombits(uint32(in[1][k])))
						w.see(ulps32(y, f.power(x, z)), x, z)
						continue
					}
					w.see(ulps32(y, f.unary(x)), x)
				}
			}
			mu.Lock()
			defer mu.Unlock()
			total.merge(w)
		})
	}
	wg.Wait()
	return total
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
