package main

import (
	"math"

	np "github.com/numen-go/numen/expr"
)

// The rate of interest and the volatility of the options that are priced.
const rate, volatility = 0.02, 0.3

// financeProblems price European call options by Black and Scholes.
func financeProblems() []*problem {
	var all []*problem
	for _, d := range []np.DType{np.Float32, np.Float64} {
		for _, n := range []int{1e4, 1e7} {
			in := uniform("skt", d, 50, 150, n) // price, strike, years to go
			in[2].lo, in[2].hi = 0.25, 2
			tolerance := 1e-13
			if d == np.Float32 {
				tolerance = 1e-5
			}
			all = append(all, &problem{
				name: "finance/blackscholes/" + d.String() + "/" + power(n), title: "price of call options (Black-Scholes)",
				in:    in,
				build: func(x []np.Array) np.Array { return callPrice(x[0], x[1], x[2]) },
				plain: floats(callLoops[float64], callLoops[float32]),
				python: `v = 0.3 * np.sqrt(t)
					d = (np.log(s / k) + 0.065 * t) / v
					s * (0.5 + 0.5 * erf(d * 0.7071067811865476)) - k * np.exp(-0.02 * t) * (0.5 + 0.5 * erf((d - v) * 0.7071067811865476))`,
				work: perElement(27), tolerance: tolerance,
			})
		}
	}
	return all
}

func callPrice(s, k, t np.Array) np.Array {
	v := np.Multiply(volatility, np.Sqrt(t))
	d := np.Divide(np.Add(np.Log(np.Divide(s, k)), np.Multiply(rate+volatility*volatility/2, t)), v)
	normal := func(x np.Array) np.Array {
		return np.Add(0.5, np.Multiply(0.5, np.Erf(np.Multiply(x, math.Sqrt2/2))))
	}
	discounted := np.Multiply(k, np.Exp(np.Multiply(-rate, t)))
	return np.Subtract(np.Multiply(s, normal(d)), np.Multiply(discounted, normal(np.Subtract(d, v))))
}

func callLoops[T float64 | float32](in []array, s, out []T) {
	strike, years := of[T](in[1]), of[T](in[2])
	normal := func(x float64) float64 { return 0.5 + 0.5*math.Erf(x*(math.Sqrt2/2)) }
	parallel(len(out), 1<<10, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			s, k, t := float64(s[i]), float64(strike[i]), float64(years[i])
			v := volatility * math.Sqrt(t)
			d := (math.Log(s/k) + (rate+volatility*volatility/2)*t) / v
			out[i] = T(s*normal(d) - k*math.Exp(-rate*t)*normal(d-v))
		}
	})
}
