package ir

import "math"

// formula writes an expansion in one float dtype. Its methods are the ops, so that the
// functions in fn_*.go read like the formulas they are. Nothing is reordered: what a
// function gives to the bit is the order written here.
type formula struct {
	*Builder
	d DType // the float dtype of the function
	i DType // the signed integer of its size
	u DType // the unsigned one
}

func formulaOf(b *Builder, d DType) *formula {
	if d == Float32 {
		return &formula{b, d, Int32, Uint32}
	}
	return &formula{b, d, Int64, Uint64}
}

// num returns a literal of the function's dtype; which returns one of two, for
// constants that differ between the dtypes.
func (f *formula) num(v float64) *Expr { return f.Float(f.d, v) }

func (f *formula) which(v64, v32 float64) *Expr {
	if f.d == Float32 {
		return f.num(v32)
	}
	return f.num(v64)
}

// nums returns literals.
func (f *formula) nums(vs []float64) []*Expr {
	out := make([]*Expr, len(vs))
	for i, v := range vs {
		out[i] = f.num(v)
	}
	return out
}

func (f *formula) inf() *Expr { return f.num(math.Inf(1)) }

func (f *formula) add(x, y *Expr) *Expr    { return f.Apply(OpAdd, x, y) }
func (f *formula) sub(x, y *Expr) *Expr    { return f.Apply(OpSub, x, y) }
func (f *formula) mul(x, y *Expr) *Expr    { return f.Apply(OpMul, x, y) }
func (f *formula) div(x, y *Expr) *Expr    { return f.Apply(OpDiv, x, y) }
func (f *formula) fma(x, y, z *Expr) *Expr { return f.Apply(OpFMA, x, y, z) }
func (f *formula) neg(x *Expr) *Expr       { return f.Apply(OpNeg, x) }
func (f *formula) round(x *Expr) *Expr     { return f.Apply(OpRound, x) }
func (f *formula) eq(x, y *Expr) *Expr     { return f.Apply(OpEq, x, y) }
func (f *formula) ne(x, y *Expr) *Expr     { return f.Apply(OpNe, x, y) }
func (f *formula) lt(x, y *Expr) *Expr     { return f.Apply(OpLt, x, y) }
func (f *formula) le(x, y *Expr) *Expr     { return f.Apply(OpLe, x, y) }
func (f *formula) and(x, y *Expr) *Expr    { return f.Apply(OpAnd, x, y) }
func (f *formula) or(x, y *Expr) *Expr     { return f.Apply(OpOr, x, y) }
func (f *formula) xor(x, y *Expr) *Expr    { return f.Apply(OpXor, x, y) }
func (f *formula) not(x *Expr) *Expr       { return f.Apply(OpNot, x) }
func (f *formula) shl(x, y *Expr) *Expr    { return f.Apply(OpShl, x, y) }
func (f *formula) shr(x, y *Expr) *Expr    { return f.Apply(OpShr, x, y) }

func (f *formula) sel(c, x, y *Expr) *Expr        { return f.Apply(OpSelect, c, x, y) }
func (f *formula) rare(c, fast, slow *Expr) *Expr { return f.Apply(OpRare, c, fast, slow) }
func (f *formula) isNaN(x *Expr) *Expr            { return f.ne(x, x) }

// abs needs no operation on a square, nor the sign that was changed before it: the argument
// of exp in a Gaussian is the negative of a square.
func (f *formula) abs(x *Expr) *Expr {
	if x.Kind == Apply && x.Op == OpNeg {
		x = x.Args[0]
	}
	if x.Kind == Apply && x.Op == OpMul && x.Args[0] == x.Args[1] {
		return x
	}
	return f.Apply(OpAbs, x)
}

// notWithin returns the condition not lo <= x < hi, for bounds above 0, by one comparison:
// of the bits, moved so that lo's become the least integer.
func (f *formula) notWithin(x *Expr, lo, hi float64) *Expr {
	least, from, to := uint64(1)<<(8*f.d.Size()-1), Float(f.d, lo), Float(f.d, hi)
	return f.le(f.int(least+to-from), f.add(f.bits(x), f.int(least-from)))
}

// notNormal returns the condition that x is not a positive normal number.
func (f *formula) notNormal(x *Expr) *Expr {
	least := 0x1p-1022
	if f.d == Float32 {
		least = 0x1p-126
	}
	return f.notWithin(x, least, math.Inf(1))
}

// fastTwoSum returns a+b and its rounding error; right where |a| >= |b|, or a is 0, or
// a is a multiple of b's last place.
func (f *formula) fastTwoSum(a, b *Expr) (h, e *Expr) {
	h = f.add(a, b)
	return h, f.sub(b, f.sub(h, a))
}

// twoMul returns a*b and its rounding error.
func (f *formula) twoMul(a, b *Expr) (h, e *Expr) {
	h = f.mul(a, b)
	return h, f.fma(a, b, f.neg(h))
}

// poly returns c[0] + c[1] x + c[2] x^2 + ... by Horner's rule for the odd and the even
// part in x2 = x^2, which has half the latency of Horner's rule in x.
func (f *formula) poly(x, x2 *Expr, c []*Expr) *Expr {
	part := func(first int) *Expr {
		last := len(c) - 1
		if (last-first)%2 != 0 {
			last--
		}
		p := c[last]
		for i := last - 2; i >= 0; i -= 2 {
			p = f.fma(p, x2, c[i])
		}
		return p
	}
	return f.fma(part(1), x, part(0))
}

// bits and unbits go between a float and the signed integer of its bits.
func (f *formula) bits(x *Expr) *Expr   { return f.rawBits(f.i, x) }
func (f *formula) unbits(x *Expr) *Expr { return f.rawBits(f.d, x) }

// int returns a literal of the signed integer dtype, given as the float's bits.
func (f *formula) int(v uint64) *Expr { return f.Const(f.i, wrap(f.i, v)) }

// uint returns a literal of the unsigned integer dtype.
func (f *formula) uint(v uint64) *Expr { return f.Const(f.u, v) }

// sign returns the sign bit of x alone, as a signed integer.
func (f *formula) sign(x *Expr) *Expr { return f.and(f.bits(x), f.signMask(f.i)) }

// xorSign flips y's sign where s, as sign returns it, is set; orSign sets it.
func (f *formula) xorSign(y, s *Expr) *Expr { return f.unbits(f.xor(f.bits(y), s)) }
func (f *formula) orSign(y, s *Expr) *Expr  { return f.unbits(f.or(f.bits(y), s)) }

// scaleNormal returns y * 2^n where that is normal.
func (f *formula) scaleNormal(y, n *Expr) *Expr { return f.Apply(OpScaleNormal, y, n) }
