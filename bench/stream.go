package main

import (
	vec "gonum.org/v1/gonum/floats"

	np "github.com/numen-go/numen/expr"
)

// streamProblems are cheap formulas on arrays of three places: memory, the second cache
// and the first. In memory the bandwidth bounds them, in caches a loop written by hand
// (c/kernels.c) is what they are held against.
func streamProblems() []*problem {
	var all []*problem
	for _, f := range []struct {
		what, formula, names string
		ops                  int // an element
		build                func(x []np.Array) np.Array
		plain                func(in []array, out array)
		gonum                func(in [][]float64, out []float64)
	}{
		{
			what: "muladd", formula: "a + b*c", names: "abc", ops: 2,
			build: func(x []np.Array) np.Array { return np.Add(x[0], np.Multiply(x[1], x[2])) },
			plain: floats2(mulAdd[float64], mulAdd[float32]),
			gonum: func(in [][]float64, out []float64) {
				vec.MulTo(out, in[1], in[2])
				vec.Add(out, in[0])
			},
		}, {
			what: "linear", formula: "2*a + 3*b", names: "ab", ops: 3,
			build: func(x []np.Array) np.Array { return np.Add(np.Multiply(2, x[0]), np.Multiply(3, x[1])) },
			plain: floats2(linear[float64], linear[float32]),
			gonum: func(in [][]float64, out []float64) {
				vec.ScaleTo(out, 2, in[0])
				vec.AddScaled(out, 3, in[1])
			},
		}, {
			what: "poly", formula: "((.25*a + .75)*a - 1.5)*a - 2", names: "a", ops: 6,
			build: func(x []np.Array) np.Array {
				y := np.Add(np.Multiply(.25, x[0]), .75)
				return np.Subtract(np.Multiply(np.Subtract(np.Multiply(y, x[0]), 1.5), x[0]), 2)
			},
			plain: floats2(poly[float64], poly[float32]),
		},
	} {
		for _, d := range []np.DType{np.Float64, np.Float32} {
			// Arrays of 128 MiB, of 128 KiB, and of a quarter of the first cache.
			for _, size := range []int{128 << 20, 128 << 10, 7680} {
				n := size / d.Size()
				p := &problem{
					name: "stream/" + f.what + "/" + d.String() + "/" + power(n), title: f.formula,
					in:    uniform(f.names, d, 0.5, 1.5, n),
					build: f.build, plain: f.plain, c: f.what,
					python: f.formula, numexpr: f.formula,
					work: perElement(f.ops), tolerance: 1e-13,
				}
				if d == np.Float32 {
					p.tolerance = 1e-6
				} else if f.gonum != nil {
					p.gonum = func(in []array, out array) {
						var x [][]float64
						for _, a := range in {
							x = append(x, of[float64](a))
						}
						f.gonum(x, of[float64](out))
					}
				}
				all = append(all, p)
			}
		}
	}
	return all
}

// floats2 is loop for both widths of floats.
func floats2(f64 func(a, b, c, out []float64), f32 func(a, b, c, out []float32)) func(in []array, out array) {
	wide, narrow := loop(f64), loop(f32)
	return func(in []array, out array) {
		if _, ok := out.data.([]float64); ok {
			wide(in, out)
			return
		}
		narrow(in, out)
	}
}

func mulAdd[T float64 | float32](a, b, c, out []T) {
	for i := range out {
		out[i] = a[i] + T(b[i]*c[i])
	}
}

func linear[T float64 | float32](a, b, _, out []T) {
	for i := range out {
		out[i] = T(2*a[i]) + T(3*b[i])
	}
}

func poly[T float64 | float32](a, _, _, out []T) {
	for i := range out {
		y := T(.25*a[i]) + .75
		y = T(y*a[i]) - 1.5
		out[i] = T(y*a[i]) - 2
	}
}
