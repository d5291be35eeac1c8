package ir

import "math"

// expandScale multiplies by a power of two with one rounding: x is written as m 2^k
// with m in [1, 2), and m gets its exponent in two steps of which only the second can
// leave the normal numbers.
func expandScale(b *Builder, e *Expr) *Expr {
	f := formulaOf(b, e.DType)
	x, n := e.Args[0], f.round(e.Args[1])
	bias, least := 1023.0, -1022.0 // exponents of the largest and the least normal numbers
	up := 54.0                     // makes subnormal numbers normal
	if f.d == Float32 {
		bias, least, up = 127, -126, 24
	}
	subnormal := f.lt(f.abs(x), f.num(math.Ldexp(1, int(least))))
	y := f.bits(f.sel(subnormal, f.mul(x, f.num(math.Ldexp(1, int(up)))), x))
	one, field := f.bits(f.num(1)), f.bits(f.inf())
	k := f.Apply(OpExponent, f.sub(f.and(y, field), one))
	m := f.unbits(f.or(f.and(y, f.not(field)), one))

	n = f.clamp(n, -8192, 8192) // keeps the sum exact; the result is 0 or infinite long before
	k = f.add(f.add(k, n), f.sel(subnormal, f.num(-up), f.num(0)))
	k = f.clamp(k, least+least, -(least + least))
	first := f.clamp(k, least, bias)
	r := f.mul(f.scaleNormal(m, first), f.scaleNormal(f.num(1), f.sub(k, first)))

	asIs := f.or(f.eq(x, f.num(0)), f.not(f.lt(f.abs(x), f.inf()))) // zeros, infinities, NaN
	return f.sel(f.isNaN(n), n, f.sel(asIs, x, r))
}

func (f *formula) clamp(x *Expr, lo, hi float64) *Expr {
	return f.Apply(OpMax, f.Apply(OpMin, x, f.num(hi)), f.num(lo))
}
