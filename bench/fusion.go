package main

import (
	"math"

	np "github.com/numen-go/numen/expr"
)

// fusionProblems are reductions whose terms must never be stored: where a compiler does
// not fuse, memory decides. XLA on CPU is known to miss some (openxla/xla issues 16792
// and 49131, jax-ml/jax issue 37465).
func fusionProblems() []*problem {
	var all []*problem
	for _, n := range []int{33, 1e3, 1e7} {
		all = append(all, &problem{
			name: "fusion/sumcos/" + power(n), title: "sum(cos(x))",
			in:     uniform("x", np.Float64, 0.1, 1.5, n),
			build:  func(x []np.Array) np.Array { return np.Sum(np.Cos(x[0])) },
			plain:  floats(sumCos, nil),
			python: "np.sum(np.cos(x))", numexpr: "sum(cos(x))",
			work: perElement(2), tolerance: 1e-11,
		})
	}
	pairs := func(k int) func([][]int) int {
		return func(shapes [][]int) int { return k * shapes[0][0] * shapes[1][1] }
	}
	// All pairs of two vectors: the result has one axis, the terms two.
	for _, n := range []int{1024, 2048, 4096, 8192} {
		in := []input{
			{name: "x", dtype: np.Float64, shape: []int{n, 1}, lo: 0.5, hi: 3},
			{name: "y", dtype: np.Float64, shape: []int{1, n}, lo: 0.5, hi: 3, stream: 1},
		}
		all = append(all, &problem{
			name: "fusion/rbf/" + power(n), title: "sum(exp(-(x_i - y_j)**2), j)",
			in: in,
			build: func(x []np.Array) np.Array {
				return np.Sum(np.Exp(np.Negative(np.Square(np.Subtract(x[0], x[1])))), np.Axis(1))
			},
			plain: floats(func(in []array, x, out []float64) {
				eachPair(x, of[float64](in[1]), out, func(d float64) float64 { return math.Exp(-(d * d)) })
			}, nil),
			python: "np.sum(np.exp(-(x - y)**2), axis=1)", numexpr: "sum(exp(-(x - y)**2), axis=1)",
			numba: pairsNumba("math.exp(-d * d)"),
			work:  pairs(5), tolerance: 1e-12,
		}, &problem{
			name: "fusion/gravity/" + power(n), title: "sum(d / (d**2 + 0.01)**1.5, j), d = y_j - x_i",
			in: in,
			build: func(x []np.Array) np.Array {
				d := np.Subtract(x[1], x[0])
				r := np.Add(np.Square(d), 0.01)
				return np.Sum(np.Divide(d, np.Multiply(r, np.Sqrt(r))), np.Axis(1))
			},
			plain: floats(func(in []array, x, out []float64) {
				eachPair(x, of[float64](in[1]), out, func(d float64) float64 {
					r := d*d + 0.01
					return -d / (r * math.Sqrt(r))
				})
			}, nil),
			python: `d = y - x
				r = d * d + 0.01
				np.sum(d / (r * np.sqrt(r)), axis=1)`,
			numexpr: "sum((y - x) / (((y - x)**2 + 0.01) * sqrt((y - x)**2 + 0.01)), axis=1)",
			numba:   pairsNumba("-d / ((d * d + 0.01) * math.sqrt(d * d + 0.01))"),
			work:    pairs(7), tolerance: 1e-11,
		})
	}
	for axis, name := range map[int]string{0: "first", 2: "last"} {
		all = append(all, &problem{
			name: "fusion/squares/" + name, title: "sum((a - b)**2) along the " + name + " of three axes",
			in:      uniform("ab", np.Float32, 0.5, 2, 256, 256, 256),
			build:   func(x []np.Array) np.Array { return np.Sum(np.Square(np.Subtract(x[0], x[1])), np.Axis(axis)) },
			plain:   floats(nil, func(in []array, a, out []float32) { squares(a, of[float32](in[1]), out, axis) }),
			python:  "np.sum((a - b)**2, axis=" + power(axis) + ")",
			numexpr: "sum((a - b)**2, axis=" + power(axis) + ")",
			work:    perElement(3), tolerance: 1e-5,
		})
	}
	return all
}

func sumCos(_ []array, x, out []float64) {
	out[0] = sums(len(x), func(lo, hi int) float64 {
		s := 0.0
		for _, v := range x[lo:hi] {
			s += math.Cos(v)
		}
		return s
	})
}

// eachPair sums f(x_i - y_j) over j.
func eachPair(x, y, out []float64, f func(d float64) float64) {
	parallel(len(x), 16, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			s := 0.0
			for _, v := range y {
				s += f(x[i] - v)
			}
			out[i] = s
		}
	})
}

// pairsNumba is eachPair as Numba's loops.
func pairsNumba(term string) string {
	return `
		for i in prange(x.shape[0]):
		    s = 0.0
		    for j in range(y.shape[1]):
		        d = x[i, 0] - y[0, j]
		        s += ` + term + `
		    out[i] = s`
}

// squares sums squared differences of cubes along the first or the last axis.
func squares(a, b, out []float32, axis int) {
	k := int(math.Round(math.Cbrt(float64(len(a)))))
	parallel(k, 1, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			row := out[i*k : (i+1)*k]
			clear(row)
			for j := range k {
				for l := range k {
					if axis == 0 { // out[i, l] sums over j
						d := a[(j*k+i)*k+l] - b[(j*k+i)*k+l]
						row[l] += d * d
					} else { // out[i, j] sums over l
						d := a[(i*k+j)*k+l] - b[(i*k+j)*k+l]
						row[j] += d * d
					}
				}
			}
		}
	})
}
