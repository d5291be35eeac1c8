package main

import (
	"math"

	np "github.com/numen-go/numen/expr"
)

// numexprProblems are the expressions that numexpr's documentation and benchmarks time
// (its README, doc/intro and bench/large_array_vs_numpy.py), and sizes around them: in
// the first cache, in the second, in memory. np has no arcsinh, tan and sinh: the program
// writes them with what it has, the others call theirs.
func numexprProblems() []*problem {
	var all []*problem
	for _, e := range []struct {
		what, formula, names string
		python               string // where NumPy's names are not the formula's
		ops                  int    // an element
		sizes                []int
		build                func(a, b, c np.Array) np.Array
		plain                func(in []array, out array)
	}{
		{
			what: "inc", formula: "a + 1", names: "a", ops: 1, sizes: []int{1e6},
			build: func(a, _, _ np.Array) np.Array { return np.Add(a, 1) },
			plain: loop(func(a, _, _, out []float64) {
				for i := range out {
					out[i] = a[i] + 1
				}
			}),
		}, {
			what: "compare", formula: "a*b - 4.1*a > 2.5*b", names: "ab", ops: 5, sizes: []int{1e6},
			build: func(a, b, _ np.Array) np.Array {
				return np.Greater(np.Subtract(np.Multiply(a, b), np.Multiply(4.1, a)), np.Multiply(2.5, b))
			},
			plain: loop(func(a, b, _ []float64, out []bool) {
				for i := range out {
					out[i] = a[i]*b[i]-4.1*a[i] > 2.5*b[i]
				}
			}),
		}, {
			what: "arcsinh", formula: "sin(a) + arcsinh(a/b)", python: "np.sin(a) + np.arcsinh(a/b)", names: "ab", ops: 4, sizes: []int{1e6},
			build: func(a, b, _ np.Array) np.Array {
				x := np.Divide(a, b)
				square := np.Square(x)
				arcsinh := np.Log1p(np.Add(x, np.Divide(square, np.Add(1, np.Sqrt(np.Add(square, 1))))))
				return np.Add(np.Sin(a), arcsinh)
			},
			plain: loop(func(a, b, _, out []float64) {
				for i := range out {
					out[i] = math.Sin(a[i]) + math.Asinh(a[i]/b[i])
				}
			}),
		}, {
			what: "linear", formula: "2*a + 3*b", names: "ab", ops: 3, sizes: []int{1e6},
			build: func(a, b, _ np.Array) np.Array { return np.Add(np.Multiply(2, a), np.Multiply(3, b)) },
			plain: loop(func(a, b, _, out []float64) {
				for i := range out {
					out[i] = 2*a[i] + 3*b[i]
				}
			}),
		}, {
			what: "power", formula: "2*a + b**10", names: "ab", ops: 6, sizes: []int{1e6},
			build: func(a, b, _ np.Array) np.Array { return np.Add(np.Multiply(2, a), np.Pow(b, 10)) },
			plain: loop(func(a, b, _, out []float64) {
				for i := range out {
					b2 := b[i] * b[i]
					b4 := b2 * b2
					out[i] = 2*a[i] + b4*b4*b2
				}
			}),
		}, {
			what: "poly", formula: "((.25*a + .75)*a - 1.5)*a - 2", names: "a", ops: 6, sizes: []int{1e7},
			build: func(a, _, _ np.Array) np.Array {
				y := np.Add(np.Multiply(.25, a), .75)
				return np.Subtract(np.Multiply(np.Subtract(np.Multiply(y, a), 1.5), a), 2)
			},
			plain: loop(func(a, _, _, out []float64) {
				for i := range out {
					out[i] = ((.25*a[i]+.75)*a[i]-1.5)*a[i] - 2
				}
			}),
		}, {
			what: "muladd", formula: "a + b*c", names: "abc", ops: 2, sizes: []int{1e3, 3e4, 1e6, 1e7, 1e8},
			build: func(a, b, c np.Array) np.Array { return np.Add(a, np.Multiply(b, c)) },
			plain: loop(func(a, b, c, out []float64) {
				for i := range out {
					out[i] = a[i] + b[i]*c[i]
				}
			}),
		}, {
			what: "cosines", formula: "a**2 + b**2 - 2*a*b*cos(c)", python: "a**2 + b**2 - 2*a*b*np.cos(c)", names: "abc", ops: 8, sizes: []int{1e6, 1e7, 1e8},
			build: func(a, b, c np.Array) np.Array {
				return np.Subtract(np.Add(np.Square(a), np.Square(b)), np.Multiply(np.Multiply(np.Multiply(2, a), b), np.Cos(c)))
			},
			plain: loop(func(a, b, c, out []float64) {
				for i := range out {
					out[i] = a[i]*a[i] + b[i]*b[i] - 2*a[i]*b[i]*math.Cos(c[i])
				}
			}),
		}, {
			what: "logs", formula: "sin(a) + log(b)*sqrt(c)", python: "np.sin(a) + np.log(b)*np.sqrt(c)", names: "abc", ops: 5, sizes: []int{1e6, 1e7, 1e8},
			build: func(a, b, c np.Array) np.Array { return np.Add(np.Sin(a), np.Multiply(np.Log(b), np.Sqrt(c))) },
			plain: loop(func(a, b, c, out []float64) {
				for i := range out {
					out[i] = math.Sin(a[i]) + math.Log(b[i])*math.Sqrt(c[i])
				}
			}),
		}, {
			what: "tangents", formula: "exp(a) + tan(b) - sinh(c)", python: "np.exp(a) + np.tan(b) - np.sinh(c)", names: "abc", ops: 5, sizes: []int{1e6, 1e7, 1e8},
			build: func(a, b, c np.Array) np.Array {
				tan := np.Divide(np.Sin(b), np.Cos(b))
				sinh := np.Divide(np.Subtract(np.Exp(c), np.Exp(np.Negative(c))), 2)
				return np.Subtract(np.Add(np.Exp(a), tan), sinh)
			},
			plain: loop(func(a, b, c, out []float64) {
				for i := range out {
					out[i] = math.Exp(a[i]) + math.Tan(b[i]) - math.Sinh(c[i])
				}
			}),
		},
	} {
		python := e.python
		if python == "" {
			python = e.formula
		}
		for _, n := range e.sizes {
			all = append(all, &problem{
				name: "numexpr/" + e.what + "/" + power(n), title: e.formula,
				in:     uniform(e.names, np.Float64, 0.5, 1.5, n),
				build:  func(x []np.Array) np.Array { return e.build(x[0], x[min(1, len(x)-1)], x[min(2, len(x)-1)]) },
				plain:  e.plain,
				python: python, numexpr: e.formula,
				work: perElement(e.ops), tolerance: 1e-13,
			})
		}
	}
	// The formula of functions in float32, beside its float64.
	narrow := problem{
		name: "numexpr/logs/float32/1e7", title: "sin(a) + log(b)*sqrt(c)",
		in:     uniform("abc", np.Float32, 0.5, 1.5, 1e7),
		build:  func(x []np.Array) np.Array { return np.Add(np.Sin(x[0]), np.Multiply(np.Log(x[1]), np.Sqrt(x[2]))) },
		plain:  loop(logs32),
		python: "np.sin(a) + np.log(b)*np.sqrt(c)", numexpr: "sin(a) + log(b)*sqrt(c)",
		work: perElement(5), tolerance: 1e-5,
	}
	return append(all, &narrow)
}

func logs32(a, b, c, out []float32) {
	for i := range out {
		sin, log := float32(math.Sin(float64(a[i]))), float32(math.Log(float64(b[i])))
		out[i] = sin + log*float32(math.Sqrt(float64(c[i])))
	}
}
