package ir

import "math"

func expandFmod(b *Builder, e *Expr) *Expr {
	x, y := e.Args[0], e.Args[1]
	if e.DType.IsFloat() {
		f := formulaOf(b, e.DType)
		return f.orSign(f.fmod(f.abs(x), f.abs(y)), f.sign(x))
	}
	zero := b.Const(e.DType, 0)
	r := b.Apply(OpSub, x, b.Apply(OpMul, b.Apply(OpQuo, x, y), y))
	return b.Apply(OpSelect, b.Apply(OpEq, y, zero), zero, r)
}

// fmod returns a mod b of a, b >= 0; NaN where b is 0, a is infinite or either is NaN.
//
// While the quotient has fewer bits than a significand, fma gives a - qb exactly: it is
// a multiple of b's last place below b. Longer quotients are taken off piece by piece:
// modulo b 2^(52i) for descending i, which are multiples of b, each leaving a quotient
// short enough for the next.
func (f *formula) fmod(a, b *Expr) *Expr {
	piece, steps := f.num(0x1p52), 41 // 2^1024 over 2^-1074 has 2098 bits
	if f.d == Float32 {
		piece, steps = f.num(0x1p23), 13 // 2^128 over 2^-149 has 277 bits
	}
	reduce := func(r, d *Expr) *Expr {
		q := f.Apply(OpTrunc, f.div(r, d))
		t := f.fma(f.neg(q), d, r)
		t = f.sel(f.lt(t, f.num(0)), f.add(t, d), t) // the division had rounded up to q
		return f.sel(f.lt(r, d), r, t)
	}
	multiples := []*Expr{b}
	for len(multiples) < steps {
		multiples = append(multiples, f.mul(multiples[len(multiples)-1], piece))
	}
	long := a
	for i := steps - 1; i >= 0; i-- {
		long = reduce(long, multiples[i])
	}
	return f.rare(f.not(f.lt(a, multiples[1])), reduce(a, b), long)
}

// otherSign reports whether the remainder r is not 0 and its sign is not y's: then
// rounding down and rounding towards zero differ by one.
func otherSign(b *Builder, r, y *Expr) *Expr {
	zero := b.Const(y.DType, 0)
	differ := b.Apply(OpXor, b.Apply(OpLt, r, zero), b.Apply(OpLt, y, zero))
	return b.Apply(OpAnd, b.Apply(OpNe, r, zero), differ)
}

func expandRemainder(b *Builder, e *Expr) *Expr {
	x, y := e.Args[0], e.Args[1]
	r := b.Apply(OpFmod, x, y)
	m := b.Apply(OpSelect, otherSign(b, r, y), b.Apply(OpAdd, r, y), r)
	if !e.DType.IsFloat() {
		return m
	}
	zero := b.Const(e.DType, 0)
	return b.Apply(OpSelect, b.Apply(OpEq, r, zero), b.Apply(OpCopysign, zero, y), m)
}

func expandFloorDivide(b *Builder, e *Expr) *Expr {
	x, y := e.Args[0], e.Args[1]
	one := b.one(e.DType)
	r := b.Apply(OpFmod, x, y)
	if !e.DType.IsFloat() {
		q := b.Apply(OpQuo, x, y)
		return b.Apply(OpSelect, otherSign(b, r, y), b.Apply(OpSub, q, one), q)
	}
	f := formulaOf(b, e.DType)
	zero := f.num(0)
	q := f.div(f.sub(x, r), y) // integral but for rounding
	q = f.sel(otherSign(b, r, y), f.sub(q, one), q)
	down := f.Apply(OpFloor, q)
	down = f.sel(f.lt(f.num(0.5), f.sub(q, down)), f.add(down, one), down)
	down = f.sel(f.eq(q, zero), f.Apply(OpCopysign, zero, f.div(x, y)), down)
	return f.sel(f.eq(y, zero), f.div(x, y), down)
}

// expandIntPow raises integers by squaring, modulo 2^width.
func expandIntPow(b *Builder, e *Expr) *Expr {
	x, y, d := e.Args[0], e.Args[1], e.DType
	zero, one := b.Const(d, 0), b.one(d)
	r, square := one, x
	for i := uint64(0); i < width(d); i++ {
		if i > 0 {
			square = b.Apply(OpMul, square, square)
		}
		bit := b.Apply(OpAnd, y, b.Const(d, wrap(d, 1<<i)))
		r = b.Apply(OpSelect, b.Apply(OpNe, bit, zero), b.Apply(OpMul, r, square), r)
	}
	if d.Kind() == KindUint {
		return r
	}
	minus := b.Const(d, math.MaxUint64)
	odd := b.Apply(OpNe, b.Apply(OpAnd, y, one), zero)
	inverse := b.Apply(OpSelect, b.Apply(OpEq, x, one), one,
		b.Apply(OpSelect, b.Apply(OpEq, x, minus), b.Apply(OpSelect, odd, minus, one), zero))
	return b.Apply(OpSelect, b.Apply(OpLt, y, zero), inverse, r)
}
