package ir

// expandTanh: in float64 tanh(a) = E/(E + 2) with E = expm1(2a) in two floats, a = |x|. Beyond the
// clamp the result is 1 to the last bit; the clamp lets NaN through.
func expandTanh(b *Builder, e *Expr) *Expr {
	f, x := formulaOf(b, e.DType), e.Args[0]
	if f.d == Float32 {
		return expandTanh32(f, x)
	}
	a, top, two := f.abs(x), f.num(20), f.num(2)
	a = f.sel(f.lt(top, a), top, a)
	m := f.expm1Parts(f.add(a, a))
	h, l := f.fastTwoSum(m.g, f.fma(m.s, m.c, m.e)) // E

	more := f.lt(two, h)
	d, dl := f.fastTwoSum(f.sel(more, h, two), f.sel(more, two, h))
	dl = f.add(dl, l) // E + 2

	r := f.div(f.num(1), d)
	t := f.mul(h, r)
	u := f.sub(f.add(f.fma(f.neg(t), d, h), l), f.mul(t, dl)) // what t d lacks of E
	return f.xorSign(f.fma(u, r, t), f.sign(x))
}
