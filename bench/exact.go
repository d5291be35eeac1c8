package main

import (
	"math"
	"math/big"
)

// Elementary functions to 200 bits, by series that anybody can check: what errors of
// results are measured against. Arguments are those of functionProblems, at most a
// hundred.

const bits = 200

func real(x float64) *big.Float { return new(big.Float).SetPrec(bits).SetFloat64(x) }

func plus(x, y *big.Float) *big.Float  { return real(0).Add(x, y) }
func minus(x, y *big.Float) *big.Float { return real(0).Sub(x, y) }
func times(x, y *big.Float) *big.Float { return real(0).Mul(x, y) }
func over(x, y *big.Float) *big.Float  { return real(0).Quo(x, y) }

// series adds up terms until they do not matter: each is the one before times next(n).
func series(first *big.Float, next func(n int) *big.Float) *big.Float {
	sum, term := real(0), first
	for n := 1; term.Sign() != 0; n++ {
		sum = plus(sum, term)
		term = times(term, next(n))
		if term.MantExp(nil) < sum.MantExp(nil)-bits-10 {
			break
		}
	}
	return sum
}

// exactExp halves the argument twelve times and squares the result as often.
func exactExp(x, _ *big.Float) *big.Float {
	const halvings = 12
	r := real(0).SetMantExp(x, -halvings)
	y := series(real(1), func(n int) *big.Float { return over(r, real(float64(n))) })
	for range halvings {
		y = times(y, y)
	}
	return y
}

// twiceAtanh is log((1+z)/(1-z)).
func twiceAtanh(z *big.Float) *big.Float {
	square, sum, power := times(z, z), real(0), real(0).SetMantExp(z, 1)
	for n := 1; power.Sign() != 0 && power.MantExp(nil) > -bits-10; n += 2 {
		sum = plus(sum, over(power, real(float64(n))))
		power = times(power, square)
	}
	return sum
}

// exactLog takes powers of two out.
func exactLog(x, _ *big.Float) *big.Float {
	m := real(0)
	k := x.MantExp(m) // x is m times 2^k, m from 1/2 to 1
	ln2 := twiceAtanh(over(real(1), real(3)))
	return plus(times(real(float64(k)), ln2), twiceAtanh(over(minus(m, real(1)), plus(m, real(1)))))
}

func exactSin(x, _ *big.Float) *big.Float { return alternating(x, x, 1) }
func exactCos(x, _ *big.Float) *big.Float { return alternating(x, real(1), 0) }

// alternating is the series of sine or cosine from the first term on, which is x^k/k!.
func alternating(x, first *big.Float, k int) *big.Float {
	square := times(x, x)
	return series(first, func(n int) *big.Float {
		d := (2*n + k) * (2*n + k - 1)
		return over(square, real(float64(-d)))
	})
}

func exactTanh(x, _ *big.Float) *big.Float {
	e := exactExp(plus(x, x), nil)
	return over(minus(e, real(1)), plus(e, real(1)))
}

// exactErf is 2/sqrt(pi) times the sum of (-1)^n x^(2n+1) / (n! (2n+1)).
func exactErf(x, _ *big.Float) *big.Float {
	square := times(x, x)
	sum := series(x, func(n int) *big.Float {
		return over(times(square, real(float64(1-2*n))), real(float64(n*(2*n+1))))
	})
	arctan := func(k float64) *big.Float { // of 1/k
		z := over(real(1), real(k))
		square, sum, power := times(z, z), real(0), z
		for n := 1; power.Sign() != 0 && power.MantExp(nil) > -bits-10; n += 2 {
			sum = plus(sum, over(power, real(float64(n))))
			power = times(power, real(0).Neg(square))
		}
		return sum
	}
	pi := minus(times(real(16), arctan(5)), times(real(4), arctan(239)))
	return over(times(real(2), sum), real(0).Sqrt(pi))
}

func exactPow(x, y *big.Float) *big.Float { return exactExp(times(y, exactLog(x, nil)), nil) }

func exactExp2(x, _ *big.Float) *big.Float { return exactPow(real(2), x) }

// The differences lose digits near 0, of which there are far more than needed.
func exactExpm1(x, _ *big.Float) *big.Float { return minus(exactExp(x, nil), real(1)) }
func exactLog1p(x, _ *big.Float) *big.Float { return exactLog(plus(real(1), x), nil) }

// exactLogTo is the logarithm to a base.
func exactLogTo(base float64) func(x, _ *big.Float) *big.Float {
	return func(x, _ *big.Float) *big.Float { return over(exactLog(x, nil), exactLog(real(base), nil)) }
}

// ulps returns how far y is off, in units of the last place of the exact result, of which
// a float64 has 53 and a float32 24.
func ulps(y float64, exact *big.Float, places int) float64 {
	if math.IsNaN(y) || math.IsInf(y, 0) {
		return math.Inf(1)
	}
	e := exact.MantExp(nil)
	d, _ := real(0).SetMantExp(minus(real(y), exact), places-e).Float64()
	return math.Abs(d)
}
