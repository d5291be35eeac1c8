package ir

// exp, exp2 and expm1: x = n log 2 + r (exp2: x = n + r), a polynomial in r, and a
// multiplication by 2^n. Results beyond the normal numbers, and NaN, are rare.

func (f *formula) log2e() *Expr { return f.which(0x1.71547652b82fep0, 0x1.715476p0) }

// ln2Hi and ln2Lo are log 2 in two parts: the upper has so few bits that its products
// with exponents are exact.
func (f *formula) ln2Hi() *Expr { return f.which(0x1.62e42fefa38p-1, 0x1.62e4p-1) }
func (f *formula) ln2Lo() *Expr { return f.which(0x1.ef35793c7673p-45, 0x1.7f7d1cp-20) }

// (exp(r) - 1 - r)/r^2 on |r| <= log(2)/2, to 2^-57.9 and 2^-28.2 of exp(r).
var (
	exp64 = []float64{
		0x1.000000000000ap-1, 0x1.55555555554fcp-3, 0x1.5555555550688p-5, 0x1.111111112725fp-7, 0x1.6c16c1848904bp-10,
		0x1.a01a012dcb0c3p-13, 0x1.a0199921d1704p-16, 0x1.71df1d1450403p-19, 0x1.28ae3e030198dp-22, 0x1.ad8d590fc30fcp-26,
	}
	exp32 = []float64{0x1.fffffcp-2, 0x1.55549p-3, 0x1.5558ap-5, 0x1.123ac8p-7, 0x1.6a604ap-10}
)

// (2^r - 1 - r log 2)/r^2 on |r| <= 1/2, to 2^-57.9 and 2^-28.2 of 2^r.
var (
	exp2x64 = []float64{
		0x1.ebfbdff82c5a1p-3, 0x1.c6b08d704a045p-5, 0x1.3b2ab6fba07a3p-7, 0x1.5d87fe78c39c2p-10, 0x1.4309130dc287dp-13,
		0x1.ffcbfbc701b5cp-17, 0x1.62bfc9fbd8e3bp-20, 0x1.b52654782181ep-24, 0x1.e617aac6e67f9p-28, 0x1.e7c474947330dp-32,
	}
	exp2x32 = []float64{0x1.ebfbdcp-3, 0x1.c6af88p-5, 0x1.3b2ddcp-7, 0x1.5f041ap-10, 0x1.416f8cp-13}
)

// (exp(r) - 1 - r - r^2/2)/r^3 on [-log(4/3), log(3/2)], to 2^-61 and 2^-31 of expm1(r).
var (
	expm1x64 = []float64{
		0x1.5555555555554p-3, 0x1.55555555555d1p-5, 0x1.1111111111a6cp-7, 0x1.6c16c16bc4b36p-10, 0x1.a01a019c2817cp-13,
		0x1.a01a03f70732p-16, 0x1.71de3c2f0ac97p-19, 0x1.27ddcc2759ef4p-22, 0x1.aebee7459da22p-26, 0x1.2ef59ab460014p-29,
	}
	expm1x32 = []float64{0x1.55555ap-3, 0x1.555524p-5, 0x1.11060ap-7, 0x1.6ce212p-10, 0x1.b751dep-13}
)

// coefficients returns one of two polynomials, by dtype.
func (f *formula) coefficients(c64, c32 []float64) []*Expr {
	if f.d == Float32 {
		return f.nums(c32)
	}
	return f.nums(c64)
}

// expPoly returns (exp(r) - 1 - r)/r^2 for |r| <= log(2)/2; z is r^2.
func (f *formula) expPoly(r, z *Expr) *Expr { return f.poly(r, z, f.coefficients(exp64, exp32)) }

// expParts returns y in [0.7, 1.5] and n with exp(x) = y 2^n. Of the sum
// 1 + rh + (r^2 p + the rest of r) the first addition keeps its rounding error and
// everything small is added last, so that the error is half a unit and little more.
func (f *formula) expParts(x *Expr) (y, n *Expr) {
	n = f.round(f.mul(x, f.log2e()))
	rh := f.fma(f.neg(n), f.ln2Hi(), x) // exact
	r := f.fma(f.neg(n), f.ln2Lo(), rh)
	z := f.mul(r, r)
	s, e := f.fastTwoSum(f.num(1), rh)
	t := f.fma(f.neg(n), f.ln2Lo(), e)
	return f.add(s, f.fma(z, f.expPoly(r, z), t)), n
}

// expSlow returns y 2^n, the exponential of x, where it may overflow or be subnormal. A
// negative x is made anew: the fast way takes -x into its products, and computes no x.
func (f *formula) expSlow(x, y, n *Expr) *Expr {
	if x.Kind == Apply && x.Op == OpNeg {
		x = f.mul(x.Args[0], f.num(-1))
	}
	r := f.sel(f.lt(x, f.which(-745.2, -104)), f.num(0), f.Apply(OpScale, y, n))
	r = f.sel(f.lt(f.which(709.782712893384, 88.8), x), f.inf(), r)
	return f.sel(f.isNaN(x), x, r)
}

// outside returns the condition not |x| < bound, which NaN fulfils.
func (f *formula) outside(x *Expr, bound64, bound32 float64) *Expr {
	return f.not(f.lt(f.abs(x), f.which(bound64, bound32)))
}

func expandExp(b *Builder, e *Expr) *Expr {
	f, x := formulaOf(b, e.DType), e.Args[0]
	if f.d == Float64 {
		return expandExp64(f, x)
	}
	y, n := f.expParts(x)
	return f.rare(f.outside(x, 708, 87), f.scaleNormal(y, n), f.expSlow(x, y, n))
}

func expandExp2(b *Builder, e *Expr) *Expr {
	f, x := formulaOf(b, e.DType), e.Args[0]
	n := f.round(x)
	r := f.sub(x, n) // exact
	z := f.mul(r, r)
	p := f.poly(r, z, f.coefficients(exp2x64, exp2x32))
	// r log 2 as hi + lo, then exp's sum.
	hi, lo := f.twoMul(r, f.which(0x1.62e42fefa39efp-1, 0x1.62e43p-1))
	lo = f.fma(r, f.which(0x1.abc9e3b39803fp-56, -0x1.05c61p-29), lo)
	s, t := f.fastTwoSum(f.num(1), hi)
	y := f.add(s, f.fma(z, p, f.add(t, lo)))

	slow := f.sel(f.lt(x, f.which(-1075.5, -150.5)), f.num(0), f.Apply(OpScale, y, n))
	slow = f.sel(f.le(f.which(1024, 128), x), f.inf(), slow)
	slow = f.sel(f.isNaN(x), x, slow)
	return f.rare(f.outside(x, 1021, 125), f.scaleNormal(y, n), slow)
}

// expm1Sum is an expm1 not yet added up: g + s c + e, descending, where s = 2^n.
type expm1Sum struct{ g, s, c, e *Expr }

// expm1Parts returns expm1(x) = (s - 1) + s (r + r^2/2 + r^3 p), where s = 2^n and
// x = n log 2 + r: added in the order of size, rounding errors kept.
func (f *formula) expm1Parts(x *Expr) expm1Sum {
	// The shift makes r lie in [-log(4/3), log(3/2)]: results just after the step from
	// n = 0 to 1 are then at least a half, and the cancellation costs no binade.
	n := f.round(f.fma(x, f.log2e(), f.num(-0x1.5cp-4)))
	rh := f.fma(f.neg(n), f.ln2Hi(), x) // exact
	q := f.mul(n, f.ln2Lo())
	r := f.sub(rh, q)
	z := f.mul(r, r)
	p := f.poly(r, z, f.coefficients(expm1x64, expm1x32))
	s := f.scaleNormal(f.num(1), n)
	h, e := f.fastTwoSum(f.sub(s, f.num(1)), f.mul(s, rh))
	c := f.fma(f.mul(z, r), p, f.fma(f.num(0.5), f.fma(r, r, f.neg(z)), f.neg(q)))
	g, e2 := f.fastTwoSum(h, f.mul(s, f.mul(f.num(0.5), z)))
	return expm1Sum{g, s, c, f.add(e, e2)}
}

func expandExpm1(b *Builder, e *Expr) *Expr {
	f, x := formulaOf(b, e.DType), e.Args[0]
	m := f.expm1Parts(x)
	lost := f.sub(f.sub(m.s, f.sub(m.s, f.num(1))), f.num(1)) // what rounding s - 1 lost
	y := f.add(m.g, f.fma(m.s, m.c, f.add(m.e, lost)))
	y = f.orSign(y, f.sign(x)) // the result has x's sign, a zero too

	ey, n := f.expParts(x) // where x is large, 1 is below half a unit
	slow := f.sel(f.lt(x, f.num(0)), f.num(-1), f.expSlow(x, ey, n))
	return f.rare(f.outside(x, 708, 87), y, slow)
}
