package ir

import (
	"fmt"
	"math"
	"math/bits"
)

// sin and cos: x = n pi/2 + r. Below 2^40 (float32 1e5) r comes from three parts of
// pi/2; beyond, which is rare, from an integer product with 2/pi's bits (Payne and
// Hanek).

func (f *formula) pio2() (p1, p2, p3 *Expr) {
	return f.which(0x1.921fb54442d18p0, 0x1.921fb6p0),
		f.which(0x1.1a62633145c07p-54, -0x1.777a5cp-25),
		f.which(-0x1.f1976b7ed8fbcp-110, -0x1.ee59dap-50)
}

// sin(r) = r + r^3 S(r^2), to 2^-57.9 and 2^-32.2; cos(r) = 1 - r^2/2 + r^4 C(r^2), to
// 2^-63.8 and 2^-36.6; |r| <= pi/4.
var (
	sin64 = []float64{
		-0x1.5555555555548p-3, 0x1.111111110f739p-7, -0x1.a01a019beaec6p-13, 0x1.71de35571f757p-19, -0x1.ae5e4d47bbd49p-26,
		0x1.5d8be6842fa43p-33,
	}
	cos64 = []float64{
		0x1.555555555554ap-5, -0x1.6c16c16c14e32p-10, 0x1.a01a019c64875p-16, -0x1.27e4f7d50dac1p-22, 0x1.1ee9c98ca43d2p-29,
		-0x1.8f9d802420d28p-37,
	}
	sin32 = []float64{-0x1.555556p-3, 0x1.11116p-7, -0x1.a0438cp-13, 0x1.768002p-19}
	cos32 = []float64{0x1.555556p-5, -0x1.6c174ap-10, 0x1.a05d94p-16, -0x1.31219p-22}
)

// The bits of 2/pi after 16 zeros.
var twoOverPi = [19]uint64{
	0x0000a2f9836e4e44, 0x1529fc2757d1f534, 0xddc0db6295993c43, 0x9041fe5163abdebb, 0xc561b7246e3a424d,
	0xd2e006492eea09d1, 0x921cfe1deb1cb129, 0xa73ee88235f52ebb, 0x4484e99c7026b45f, 0x7e413991d6398353,
	0x39f49c845f8bbdf9, 0x283b1ff897ffde05, 0x980fef2f118b5a0a, 0x6d1f6d367ecf27cb, 0x09b74f463f669e5f,
	0xea2d7527bac7ebe5, 0xf17b3d0739f78a52, 0x92ea6bfb5fb11f8d, 0x5d0856033046fc7b,
}

// twoOverPiFrom64[p] has the words from number p on, so that neighbouring words are
// lookups of one index; twoOverPiFrom32 has them in halves.
var twoOverPiFrom64, twoOverPiFrom32 = func() (w64, w32 [4]*Table) {
	for p := range w64 {
		w64[p] = &Table{Name: fmt.Sprintf("2/pi 64 from %d", p), DType: Uint64, Entries: twoOverPi[p : p+16]}
		w32[p] = &Table{Name: fmt.Sprintf("2/pi 32 from %d", p), DType: Uint32}
		for i := p; i < p+16; i++ {
			w32[p].Entries = append(w32[p].Entries, twoOverPi[i/2]>>(32-i%2*32)&math.MaxUint32)
		}
	}
	return w64, w32
}()

// smallAngle returns a >= 0 less n pi/2 as rh + rl, and n as an unsigned integer.
// a and n P1 are multiples of P1's last place (of 2^-53 below 1) and the result is
// below 1, so the first step is exact, however near to a multiple of pi/2 a is.
func (f *formula) smallAngle(a *Expr) (rh, rl, n *Expr) {
	p1, p2, p3 := f.pio2()
	n = f.round(f.mul(a, f.which(0x1.45f306dc9c883p-1, 0x1.45f306p-1)))
	minus := f.neg(n)
	r1 := f.fma(minus, p1, a)
	q, qe := f.twoMul(n, p2)
	rh = f.sub(r1, q)
	t := f.sub(f.sub(f.sub(r1, rh), q), qe)
	return rh, f.fma(minus, p3, t), f.Cast(f.u, f.Apply(OpLowBits, n))
}

// largeAngle is smallAngle for large finite a, n modulo 4. With a = M 2^e, M an
// integer, only 2/pi's bits from two above M's last place on matter: three words of
// them times M give a 2/pi modulo 4 with enough bits for the worst case.
func (f *formula) largeAngle(a *Expr) (rh, rl, n *Expr) {
	width, fraction, bias := uint64(64), uint64(52), uint64(1023)
	tables := twoOverPiFrom64
	if f.d == Float32 {
		width, fraction, bias, tables = 32, 23, 127, twoOverPiFrom32
	}
	u := f.uint
	ab := f.rawBits(f.u, a)
	pos := f.sub(f.shr(ab, u(fraction)), u(bias+fraction+2-16)) // first bit of 2/pi that matters
	m := f.or(f.and(ab, u(1<<fraction-1)), u(1<<fraction))
	s := f.and(pos, u(width-1))
	back := f.sub(u(width), s)
	word := f.shr(pos, u(uint64(bits.TrailingZeros64(width))))
	var a3 [3]*Expr
	for i := range a3 {
		a3[i] = f.or(f.shl(f.LookupTable(tables[i], word), s), f.shr(f.LookupTable(tables[i+1], word), back))
	}
	// h:l, the upper two words of m times a3 modulo 2^(3 width).
	mid := f.mul(m, a3[1])
	l := f.add(f.Apply(OpMulHi, m, a3[2]), mid)
	h := f.add(f.add(f.mul(m, a3[0]), f.Apply(OpMulHi, m, a3[1])), f.Cast(f.u, f.lt(l, mid)))
	// Two integer bits, then the fraction; above a half it is taken from 1.
	n = f.shr(h, u(width-2))
	h, l = f.or(f.shl(h, u(2)), f.shr(l, u(width-2))), f.shl(l, u(2))
	over := f.ne(f.shr(h, u(width-1)), u(0))
	n = f.add(n, f.Cast(f.u, over))
	nl := f.add(f.not(l), u(1))
	nh := f.add(f.not(h), f.Cast(f.u, f.eq(nl, u(0))))
	h, l = f.sel(over, nh, h), f.sel(over, nl, l)
	// As two floats: the leading bits and as many again.
	z := f.Apply(OpClz, f.or(h, u(1)))
	h, l = f.or(f.shl(h, z), f.shr(l, f.sub(u(width), z))), f.shl(l, z)
	down := f.rawBits(f.d, f.shl(f.sub(u(bias), z), u(fraction))) // 2^-z
	dropped := width - fraction - 1
	more := fraction + 1 - dropped
	fh := f.Cast(f.d, f.shr(h, u(dropped)))
	fl := f.Cast(f.d, f.or(f.shl(f.and(h, u(1<<dropped-1)), u(more)), f.shr(l, u(width-more))))
	fh = f.mul(f.mul(fh, f.num(math.Ldexp(1, -int(fraction+1)))), down)
	fl = f.mul(f.mul(fl, f.num(math.Ldexp(1, -int(2*fraction+2)))), down)
	p1, p2, _ := f.pio2()
	r, re := f.twoMul(fh, p1)
	re = f.add(re, f.add(f.mul(fl, p1), f.mul(fh, p2)))
	rh, rl = f.fastTwoSum(r, re)
	return f.sel(over, f.neg(rh), rh), f.sel(over, f.neg(rl), rl), n
}

// sinCosOf returns the sine of rh + rl in [-pi/4, pi/4], the cosine where q is odd, with
// the sign bit flipped where sign is set. Both are one formula, with coefficients that
// q selects.
func (f *formula) sinCosOf(rh, rl, q, sign *Expr) *Expr {
	odd := f.ne(f.and(q, f.uint(1)), f.uint(0))
	s, c := f.coefficients(sin64, sin32), f.coefficients(cos64, cos32)
	for i := range s {
		s[i] = f.sel(odd, c[i], s[i])
	}
	z, ze := f.twoMul(rh, rh)
	var p *Expr
	if f.d == Float32 {
		p = s[len(s)-1]
		for i := len(s) - 2; i >= 0; i-- {
			p = f.fma(p, z, s[i])
		}
	} else {
		p = f.poly(z, f.mul(z, z), s)
	}
	// cos: 1 - z/2 + (z^2 p - rh rl - ze/2); sin: rh + (rh z p + rl (1 - z/2)).
	hz := f.mul(f.num(0.5), z)
	w := f.sub(f.num(1), hz)
	e := f.sub(f.sub(f.num(1), w), hz)
	e = f.fma(f.num(-0.5), ze, e)
	e = f.fma(f.neg(rh), rl, e)
	lead := f.sel(odd, w, rh)
	rest := f.sel(odd, e, f.fma(f.neg(hz), rl, rl))
	g := f.mul(z, f.sel(odd, z, rh))
	return f.xorSign(f.add(lead, f.fma(g, p, rest)), sign)
}

// signOfQuadrant returns a sign bit that is set in the lower half of the circle.
func (f *formula) signOfQuadrant(q *Expr) *Expr {
	return f.rawBits(f.i, f.shl(f.and(q, f.uint(2)), f.uint(width(f.d)-2)))
}

func expandSin(b *Builder, e *Expr) *Expr {
	f, x := formulaOf(b, e.DType), e.Args[0]
	return f.angleFunction(x, func(rh, rl, q *Expr) *Expr {
		return f.sinCosOf(rh, rl, q, f.xor(f.signOfQuadrant(q), f.sign(x)))
	})
}

func expandCos(b *Builder, e *Expr) *Expr {
	f := formulaOf(b, e.DType)
	return f.angleFunction(e.Args[0], func(rh, rl, q *Expr) *Expr {
		q = f.add(q, f.uint(1)) // cos(x) = sin(x + pi/2)
		return f.sinCosOf(rh, rl, q, f.signOfQuadrant(q))
	})
}

// angleFunction reduces |x| and applies of to what is left and the quadrant.
func (f *formula) angleFunction(x *Expr, of func(rh, rl, q *Expr) *Expr) *Expr {
	a := f.abs(x)
	slow := f.sel(f.lt(a, f.inf()), of(f.largeAngle(a)), f.nan(f.d))
	return f.rare(f.outside(x, 0x1p40, 1e5), of(f.smallAngle(a)), slow)
}
