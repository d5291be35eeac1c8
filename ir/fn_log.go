package ir

// log, log2, log10 and log1p: x = 2^k m with m in [sqrt(1/2), sqrt(2)), a series in
// f = m - 1, and k log 2 added to it.

// (log(1+f) - 2s)/s^3 in even powers of s = f/(2+f), to 2^-59.4: the division stands
// for a polynomial of degree 20.
var log64 = []float64{
	0x1.5555555555597p-1, 0x1.999999997e2cfp-2, 0x1.249249438b01fp-2, 0x1.c71c50a64a7ddp-3, 0x1.74668bff551dp-3,
	0x1.39998e4f7d5e7p-3, 0x1.2f5b98e56ceacp-3,
}

// (log(1+f) - f + f^2/2)/f^3 to 2^-30.2.
var log32 = []float64{
	0x1.555548p-2, -0x1.00000ap-2, 0x1.99a48cp-3, -0x1.555ad8p-3, 0x1.2337ep-3, -0x1.fc4faap-4, 0x1.e72506p-4,
	-0x1.dd6214p-4, 0x1.12d7fcp-4,
}

// logReduce returns k and m of a normal x.
func (f *formula) logReduce(x *Expr) (k, m *Expr) {
	least := uint64(0x3fe6a09e00000000) // sqrt(1/2)
	if f.d == Float32 {
		least = 0x3f3504f3
	}
	k, m, _ = f.logReduceFrom(x, least)
	return k, m
}

// logReduceFrom returns k and m for another least m, given as its bits, and how far the
// bits of m are beyond those, in the lower bits of t.
func (f *formula) logReduceFrom(x *Expr, least uint64) (k, m, t *Expr) {
	field := uint64(0xfff << 52) // sign and exponent
	if f.d == Float32 {
		field = 0x1ff << 23
	}
	t = f.sub(f.bits(x), f.int(least))
	m = f.unbits(f.sub(f.bits(x), f.and(t, f.int(field))))
	return f.Apply(OpExponent, t), m, t
}

// logSeries returns log(1+g) as w + t, w near g - g^2/2.
func (f *formula) logSeries(g *Expr) (w, t *Expr) {
	hg := f.mul(f.num(0.5), g)
	h := f.mul(hg, g)
	he := f.fma(hg, g, f.neg(h))
	w = f.sub(g, h)
	rest := f.sub(f.sub(f.sub(g, w), h), he)
	if f.d == Float32 {
		z := f.mul(g, g)
		return w, f.fma(f.mul(g, z), f.poly(g, z, f.nums(log32)), rest)
	}
	s := f.div(g, f.add(f.num(2), g))
	z := f.mul(s, s)
	r := f.mul(z, f.poly(z, f.mul(z, z), f.nums(log64)))
	return w, f.fma(s, f.add(h, r), rest)
}

// logSum returns k log 2 + w + t.
func (f *formula) logSum(k, w, t *Expr) *Expr {
	h, e := f.fastTwoSum(f.mul(k, f.ln2Hi()), w) // the product is exact
	return f.add(h, f.add(f.fma(k, f.ln2Lo(), t), e))
}

// log2Sum returns k + (w + t)/log 2, in float64.
func (f *formula) log2Sum(k, w, t *Expr) *Expr {
	hi := f.num(0x1.71547652b82fep0)
	p, pe := f.twoMul(w, hi)
	pe = f.fma(w, f.num(0x1.777d0ffda0d24p-56), pe)
	h, e := f.fastTwoSum(k, p)
	return f.add(h, f.add(e, f.fma(t, hi, pe)))
}

// log10Sum returns k log10(2) + (w + t)/log 10.
func (f *formula) log10Sum(k, w, t *Expr) *Expr {
	hi := f.which(0x1.bcb7b1526e50ep-2, 0x1.bcb7b2p-2)
	p, pe := f.twoMul(w, hi)
	pe = f.fma(w, f.which(0x1.95355baaafad3p-57, -0x1.5b235ep-27), pe)
	h, e := f.fastTwoSum(f.mul(k, f.which(0x1.34413509f78p-2, 0x1.344p-2)), p) // the product is exact
	lo := f.fma(k, f.which(0x1.fef311f12b358p-46, 0x1.3509f8p-18), f.fma(t, hi, pe))
	return f.add(h, f.add(e, lo))
}

// expandLog writes a logarithm that ends in sum.
func expandLog(sum func(f *formula, k, w, t *Expr) *Expr) func(b *Builder, e *Expr) *Expr {
	return func(b *Builder, e *Expr) *Expr {
		f := formulaOf(b, e.DType)
		return f.logarithm(e.Args[0], func(x, k0 *Expr) *Expr {
			k, m := f.logReduce(x)
			w, t := f.logSeries(f.sub(m, f.num(1)))
			if k0 != nil {
				k = f.add(k, k0)
			}
			return sum(f, k, w, t)
		})
	}
}

// logarithm returns log(x, nil) where x is a positive normal number. Of others log gets a
// multiple of x, and the k of what it was multiplied by.
func (f *formula) logarithm(x *Expr, log func(x, k0 *Expr) *Expr) *Expr {
	zero := f.num(0)
	slow := log(f.mul(x, f.which(0x1p54, 0x1p24)), f.which(-54, -24)) // subnormal
	slow = f.sel(f.eq(x, f.inf()), x, slow)
	slow = f.sel(f.lt(x, zero), f.nan(f.d), slow)
	slow = f.sel(f.eq(x, zero), f.neg(f.inf()), slow)
	slow = f.sel(f.isNaN(x), x, slow)
	return f.rare(f.notNormal(x), log(x, nil), slow)
}

// expandLog1p reduces u = 1 + x and carries what its rounding lost, which near 0 is x.
func expandLog1p(b *Builder, e *Expr) *Expr {
	f, x := formulaOf(b, e.DType), e.Args[0]
	zero, one := f.num(0), f.num(1)
	u := f.add(one, x)
	v := f.sub(u, one)
	lost := f.add(f.sub(one, f.sub(u, v)), f.sub(x, v))
	k, m := f.logReduce(u)
	g := f.sub(m, one)
	// lost/m to 4 %, and far better near 0: 1/m is about 1 - g + 0.8 g^2.
	c := f.mul(lost, f.scaleNormal(one, f.neg(k)))
	c = f.fma(c, f.mul(f.fma(g, f.num(0.8), f.num(-1)), g), c)
	w, t := f.logSeries(g)
	y := f.orSign(f.logSum(k, w, f.add(t, c)), f.sign(x)) // of -0

	k, m = f.logReduce(x) // where x is large, 1 is below half a unit
	w, t = f.logSeries(f.sub(m, one))
	slow := f.sel(f.lt(zero, x), f.logSum(k, w, t), f.nan(f.d))
	slow = f.sel(f.eq(x, f.num(-1)), f.neg(f.inf()), slow)
	slow = f.sel(f.or(f.isNaN(x), f.eq(x, f.inf())), x, slow)
	lo, hi := 0x1p-60, 0x1p1000 // what is above 0 is at least 2^-53, and 2^-24 in float32
	if f.d == Float32 {
		lo, hi = 0x1p-30, 0x1p100
	}
	return f.rare(f.notWithin(u, lo, hi), y, slow)
}
