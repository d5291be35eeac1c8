package main

import (
	"math"
	"math/big"

	np "github.com/numen-go/numen/expr"
)

// functionSize is how many elements the functions alone are measured on: arguments and
// results fit the second cache.
const functionSize = 16384

// functionProblems are elementary functions alone. Arguments are spread as in the
// figures of the function notes: over what programs use, without the rare ends.
func functionProblems() []*problem {
	var all []*problem
	for _, f := range []struct {
		name     string
		exact    func(x, y *big.Float) *big.Float
		build    func(x []np.Array) np.Array
		plain    func(x, y float64) float64
		python   string
		numexpr  string
		lo, hi   float64
		exponent bool // has a second argument
	}{
		{name: "exp", exact: exactExp, build: of1(np.Exp), plain: one(math.Exp), python: "np.exp(x)", numexpr: "exp(x)", lo: -10, hi: 10},
		{name: "log", exact: exactLog, build: of1(np.Log), plain: one(math.Log), python: "np.log(x)", numexpr: "log(x)", lo: 0.01, hi: 100},
		{name: "sin", exact: exactSin, build: of1(np.Sin), plain: one(math.Sin), python: "np.sin(x)", numexpr: "sin(x)", lo: -10, hi: 10},
		{name: "cos", exact: exactCos, build: of1(np.Cos), plain: one(math.Cos), python: "np.cos(x)", numexpr: "cos(x)", lo: -10, hi: 10},
		{name: "tanh", exact: exactTanh, build: of1(np.Tanh), plain: one(math.Tanh), python: "np.tanh(x)", numexpr: "tanh(x)", lo: -5, hi: 5},
		{name: "erf", exact: exactErf, build: of1(np.Erf), plain: one(math.Erf), python: "erf(x)", lo: -3, hi: 3},
		{name: "pow", exact: exactPow, build: func(x []np.Array) np.Array { return np.Pow(x[0], x[1]) }, plain: math.Pow, python: "x ** y", numexpr: "x ** y", lo: 0.01, hi: 10, exponent: true},
		{name: "exp2", exact: exactExp2, build: of1(np.Exp2), plain: one(math.Exp2), python: "np.exp2(x)", lo: -10, hi: 10},
		{name: "expm1", exact: exactExpm1, build: of1(np.Expm1), plain: one(math.Expm1), python: "np.expm1(x)", numexpr: "expm1(x)", lo: -5, hi: 5},
		{name: "log2", exact: exactLogTo(2), build: of1(np.Log2), plain: one(math.Log2), python: "np.log2(x)", lo: 0.01, hi: 100},
		{name: "log10", exact: exactLogTo(10), build: of1(np.Log10), plain: one(math.Log10), python: "np.log10(x)", numexpr: "log10(x)", lo: 0.01, hi: 100},
		{name: "log1p", exact: exactLog1p, build: of1(np.Log1p), plain: one(math.Log1p), python: "np.log1p(x)", numexpr: "log1p(x)", lo: -0.9, hi: 10},
	} {
		for _, d := range []np.DType{np.Float64, np.Float32} {
			names := "x"
			if f.exponent {
				names = "xy"
			}
			in := uniform(names, d, f.lo, f.hi, functionSize)
			if f.exponent {
				in[1].lo, in[1].hi = -5, 5
			}
			p := &problem{
				name: "functions/" + f.name + "/" + d.String() + "/" + power(functionSize), title: f.python,
				in: in, build: f.build, exact: f.exact, python: f.python, numexpr: f.numexpr, sleef: f.name,
				plain: floats2(functionLoop[float64](f.plain), functionLoop[float32](f.plain)),
				work:  perElement(1), tolerance: 1e-14,
			}
			if d == np.Float32 {
				p.tolerance = 1e-6
			}
			all = append(all, p)
		}
	}
	return all
}

func of1(f func(np.Array) np.Array) func([]np.Array) np.Array {
	return func(x []np.Array) np.Array { return f(x[0]) }
}

func one(f func(float64) float64) func(x, y float64) float64 {
	return func(x, _ float64) float64 { return f(x) }
}

func functionLoop[T float64 | float32](f func(x, y float64) float64) func(x, y, _, out []T) {
	return func(x, y, _, out []T) {
		for i := range out {
			out[i] = T(f(float64(x[i]), float64(y[i])))
		}
	}
}
