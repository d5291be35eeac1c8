package main

import (
	"math"
	"slices"

	vec "gonum.org/v1/gonum/floats"

	np "github.com/numen-go/numen/expr"
)

// reduceProblems read a matrix once and keep little of it: sum, mean and largest element
// of all, of each row and of each column. Reading is what bounds them.
func reduceProblems() []*problem {
	var all []*problem
	for _, r := range []reducer{
		{what: "sum", python: "np.sum", build: np.Sum, row: sumOf, into: addTo},
		{what: "mean", python: "np.mean", build: np.Mean, row: sumOf, into: addTo, mean: true},
		{what: "max", python: "np.amax", build: np.Max, row: slices.Max[[]float64], into: largestOf, first: math.Inf(-1)},
	} {
		for _, over := range []struct {
			what, axis string
			opts       []np.ReduceOption
		}{
			{"all", "", nil},
			{"rows", ", axis=1", []np.ReduceOption{np.Axis(1)}},
			{"columns", ", axis=0", []np.ReduceOption{np.Axis(0)}},
		} {
			for _, shape := range [][]int{{4096, 4096}, {256, 256}} {
				p := &problem{
					name: "reduce/" + r.what + "/" + over.what + "/" + dims(shape), title: r.what + " of " + over.what,
					in:     uniform("x", np.Float64, 0.5, 1.5, shape...),
					build:  func(x []np.Array) np.Array { return r.build(x[0], over.opts...) },
					plain:  r.loops(over.what),
					python: r.python + "(x" + over.axis + ")", without: "numba", // its reductions have no axis
					work: perElement(1), tolerance: 1e-12,
				}
				if !r.mean {
					p.numexpr = r.what + "(x" + over.axis + ")"
				}
				if r.what == "sum" && over.what == "all" {
					p.gonum = floats1(vec.Sum)
				}
				if r.what == "sum" && over.what == "columns" {
					p.c = "colsum"
				}
				all = append(all, p)
			}
		}
	}
	return all
}

// reducer is a reduction in Numen and in plain Go.
type reducer struct {
	what, python string
	build        func(x np.Array, opts ...np.ReduceOption) np.Array
	row          func(x []float64) float64 // of one row
	into         func(sofar, x []float64)  // takes a row into what the columns have so far
	first        float64                   // what they have of no row
	mean         bool                      // what is added up is divided by its number
}

func (r reducer) loops(over string) func(in []array, out array) {
	return floats(func(in []array, x, out []float64) {
		n, k := in[0].shape[0], in[0].shape[1]
		count := len(x) / len(out)
		switch over {
		case "rows":
			eachRowInto(n, k, x, out, r.row)
		case "columns":
			r.columns(n, k, x, out)
		default:
			parts := make([]float64, n)
			eachRowInto(n, k, x, parts, r.row)
			out[0] = r.row(parts)
		}
		if r.mean {
			for i := range out {
				out[i] /= float64(count)
			}
		}
	}, nil)
}

// eachRowInto stores f of every row, on all cores.
func eachRowInto(n, k int, x, out []float64, f func(x []float64) float64) {
	parallel(n, max(1, (1<<14)/k), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			out[i] = f(x[i*k : (i+1)*k])
		}
	})
}

// columns reduces each column: every core some rows, then what they have together.
func (r reducer) columns(n, k int, x, out []float64) {
	parts := make(chan []float64, n+1)
	parallel(n, max(1, (1<<14)/k), func(lo, hi int) {
		sofar := slices.Repeat([]float64{r.first}, k)
		for i := lo; i < hi; i++ {
			r.into(sofar, x[i*k:(i+1)*k])
		}
		parts <- sofar
	})
	close(parts)
	for j := range out {
		out[j] = r.first
	}
	for p := range parts {
		r.into(out, p)
	}
}

func sumOf(x []float64) float64 {
	s := 0.0
	for _, v := range x {
		s += v
	}
	return s
}

func addTo(sofar, x []float64) {
	for j, v := range x {
		sofar[j] += v
	}
}

func largestOf(sofar, x []float64) {
	for j, v := range x {
		sofar[j] = max(sofar[j], v)
	}
}

// floats1 is gonum's function of one vector as a problem's loops.
func floats1(f func([]float64) float64) func(in []array, out array) {
	return func(in []array, out array) { of[float64](out)[0] = f(of[float64](in[0])) }
}
