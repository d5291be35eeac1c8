package main

import (
	"fmt"
	"math"
	"runtime"
	"sync"

	"github.com/numen-go/numen/bench/roof"
	np "github.com/numen-go/numen/expr"
)

// An array is memory outside of Numen, in row-major order: what plain Go, gonum and the
// comparison of results work on.
type array struct {
	shape []int
	data  any // []float64, []float32 or []bool
}

// of returns an array's elements; T must be their type.
func of[T float64 | float32 | bool](a array) []T { return a.data.([]T) }

func newArray(d np.DType, shape []int) (array, error) {
	n := elements(shape)
	switch d {
	case np.Float64:
		return array{shape, roof.Slice[float64](n)}, nil
	case np.Float32:
		return array{shape, roof.Slice[float32](n)}, nil
	case np.Bool:
		return array{shape, roof.Slice[bool](n)}, nil
	}
	return array{}, fmt.Errorf("no array of %s is made here", d)
}

// at returns an element as a float64, in which every element type here is exact.
func (a array) at(i int) float64 {
	switch v := a.data.(type) {
	case []float64:
		return v[i]
	case []float32:
		return float64(v[i])
	case []bool:
		if v[i] {
			return 1
		}
	}
	return 0
}

// head returns the first n elements of an array with one axis.
func (a array) head(n int) array {
	switch v := a.data.(type) {
	case []float64:
		return array{[]int{n}, v[:n]}
	case []float32:
		return array{[]int{n}, v[:n]}
	}
	return array{[]int{n}, of[bool](a)[:n]}
}

// numen returns the array as Numen's, over the same memory.
func (a array) numen() np.Array {
	switch v := a.data.(type) {
	case []float64:
		return np.AliasSlice(v, a.shape...)
	case []float32:
		return np.AliasSlice(v, a.shape...)
	}
	return np.AliasSlice(of[bool](a), a.shape...)
}

// input describes an operand of a problem: numbers spread evenly from lo to hi, never
// zeros, on which some loops are faster than on anything else; or real data.
type input struct {
	name   string // as python has it
	dtype  np.DType
	shape  []int
	lo, hi float64
	stream uint64
	data   any // nil: random
}

// uniform returns inputs of one type and shape, named by letters, each of its own stream.
func uniform(names string, d np.DType, lo, hi float64, shape ...int) []input {
	var ins []input
	for i, name := range names {
		ins = append(ins, input{name: string(name), dtype: d, shape: shape, lo: lo, hi: hi, stream: uint64(i)})
	}
	return ins
}

func (in input) array() (array, error) {
	if in.data != nil {
		return array{in.shape, in.data}, nil
	}
	a, err := newArray(in.dtype, in.shape)
	if err != nil {
		return a, err
	}
	parallel(elements(in.shape), 1<<14, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			x := in.lo + float64((in.hi-in.lo)*uniformAt(in.stream, uint64(i)))
			switch v := a.data.(type) {
			case []float64:
				v[i] = x
			case []float32:
				v[i] = float32(x)
			case []bool:
				v[i] = x >= 0.5
			}
		}
	})
	return a, nil
}

// uniformAt returns element i of a stream of numbers from 0 to 1: the finaliser of
// SplitMix64 (Steele, Lea, Flood, OOPSLA 2014) on a counter, which the Python runner
// computes as well, so that both sides work on the same bits.
func uniformAt(stream, i uint64) float64 {
	z := (stream<<40 + i + 1) * 0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return float64((z^z>>31)>>11) * 0x1p-53
}

// parallel cuts n steps into a piece for every processor and runs them at once; pieces of
// less than grain steps are not worth a goroutine.
func parallel(n, grain int, f func(lo, hi int)) {
	workers := min(runtime.GOMAXPROCS(0), max(n/grain, 1))
	if workers == 1 {
		f(0, n)
		return
	}
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() { f(n*w/workers, n*(w+1)/workers) })
	}
	wg.Wait()
}

// difference returns how far got lies from want, over want's largest element. Where want
// is not finite got must be the same; else the difference is infinite.
func difference(got, want func(i int) float64, n int) float64 {
	largest, worst := 0.0, 0.0
	for i := range n {
		g, w := got(i), want(i)
		if math.IsNaN(w) || math.IsInf(w, 0) {
			if g != w && !(math.IsNaN(g) && math.IsNaN(w)) {
				return math.Inf(1)
			}
			continue
		}
		d := math.Abs(g - w)
		if math.IsNaN(d) {
			return math.Inf(1)
		}
		largest, worst = max(largest, math.Abs(w)), max(worst, d)
	}
	if worst == 0 {
		return 0
	}
	return worst / largest
}

// sameBits reports whether two arrays of one type are equal to the bit; NaNs are, whatever
// their payload.
func sameBits(a, b array) bool {
	n := elements(a.shape)
	if n != elements(b.shape) {
		return false
	}
	for i := range n {
		x, y := a.at(i), b.at(i)
		if math.Float64bits(x) != math.Float64bits(y) && !(math.IsNaN(x) && math.IsNaN(y)) {
			return false
		}
	}
	return true
}

// distinctOf is the most elements that distinct looks at.
const distinctOf = 1 << 18

// distinct returns which share of an array's elements, evenly picked where there are many,
// are finite and unlike all others before them. A run on numbers that are all equal or
// all NaN proves nothing. Of bools, and of no elements, there is no such share.
func distinct(a array) (share float64, ok bool) {
	n := elements(a.shape)
	if _, truth := a.data.([]bool); truth || n == 0 {
		return 0, false
	}
	k := min(n, distinctOf)
	seen := make(map[float64]struct{}, k)
	for i := range k {
		if x := a.at(int(int64(n) * int64(i) / int64(k))); !math.IsNaN(x) && !math.IsInf(x, 0) {
			seen[x] = struct{}{}
		}
	}
	return float64(len(seen)) / float64(k), true
}
