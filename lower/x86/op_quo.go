package x86

import (
	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower/loop"
	"github.com/numen-go/numen/lower/x86/asm"
)

// emitQuo divides integers. Quotients of 8- and 16-bit integers are those of float32, cut
// off, and those of 32-bit ones those of float64: a quotient a/b that is no integer is at
// least 1/b below the next one, which is more than the rounding of so few bits.
func emitQuo(s *strip, d ir.DType, args []operand) asm.Reg {
	return s.quo(d, s.reg(args[0]), s.reg(args[1]), asm.NoReg)
}

// quo divides integers; by is what reciprocal returns for b, where it is one number.
func (s *strip) quo(d ir.DType, a, b, by asm.Reg) asm.Reg {
	var q asm.Reg
	switch d.Size() {
	case 8:
		return s.quo64(d, a, b)
	case 4:
		q = s.inHalves(func(half func(asm.Reg) asm.Reg) asm.Reg {
			w, x := s.wide64(), asm.R(s.toFloat64(d, half(a)))
			if by != asm.NoReg {
				return s.cut(d, asm.R(s.vec(asm.VMULPD, w, x, asm.R(by))))
			}
			return s.cut(d, asm.R(s.vec(asm.VDIVPD, w, x, asm.R(s.toFloat64(d, half(b))))))
		})
	default:
		w := s.width(d)
		x := asm.R(s.vec(asm.VCVTDQ2PS, w, asm.R(a)))
		if by != asm.NoReg {
			x = asm.R(s.vec(asm.VMULPS, w, x, asm.R(by)))
		} else {
			x = asm.R(s.vec(asm.VDIVPS, w, x, asm.R(s.vec(asm.VCVTDQ2PS, w, asm.R(b)))))
		}
		q = s.vec(asm.VCVTTPS2DQ, w, x)
	}
	q = s.only(s.isNot0(register(d, b)), q, d)
	if d.Kind() == ir.KindInt { // the least integer by -1
		q = s.wrap(d, q)
	}
	return q
}

// reciprocal returns what integers of at most 32 bits are multiplied by to divide them by
// b: 1/b and a few roundings more. So a multiple of b is never rounded below its quotient,
// and what is not one stays below the next, for 1/b is more than what is added: a float
// has 20 bits more than the quotient (of 8 and 16 bits 5).
func (s *strip) reciprocal(d ir.DType, b asm.Reg) asm.Reg {
	if d.Size() < 4 {
		w := s.width(d)
		return s.vec(asm.VDIVPS, w, asm.R(s.reg(s.float(ir.Float32, 1+0x1p-22))), asm.R(s.vec(asm.VCVTDQ2PS, w, asm.R(b))))
	}
	w, one := s.wide64(), s.f64(1+0x1p-51)
	load := asm.VMOVUPD
	if s.wide() {
		load, one.Broadcast = asm.VBROADCASTSD, false
	}
	return s.vec(asm.VDIVPD, w, asm.R(s.vec(load, w, one)), asm.R(s.toFloat64(d, b)))
}

// quoBy divides by what all positions share.
func (s *strip) quoBy(v *loop.Val, a, b value) value {
	x, ok := s.hoisted[v]
	if !ok {
		s.hoist(func() { x = value{register(v.DType, s.reciprocal(v.DType, s.reg(b.of(0))))} })
		s.hoisted[v] = x
	}
	q := make(value, len(a))
	for u := range q {
		q[u] = register(v.DType, s.quo(v.DType, s.reg(a[u]), s.reg(b.of(0)), s.reg(x.of(0))))
	}
	return q
}

// cut returns the integers of 32 bits that floats of 64 bits are without their fraction.
func (s *strip) cut(d ir.DType, q asm.Arg) asm.Reg {
	w := s.wide64()
	switch {
	case d == ir.Int32:
		return s.vec(asm.VCVTTPD2DQ, w, q)
	case s.wide():
		return s.vec(asm.VCVTTPD2UDQ, w, q)
	}
	return s.lowWords(asm.R(s.vec(asm.VROUNDPD, w, q, asm.I(3|8))))
}

// wide64 returns the width of the 64-bit elements that belong to a vector of 32-bit ones,
// at most the level's: see inHalves.
func (s *strip) wide64() asm.Width {
	if s.wide() {
		return min(s.width(ir.Int64), asm.W512)
	}
	return min(s.width(ir.Int64), asm.W256)
}

// inHalves runs f on a vector of 32-bit elements, or on its halves where the elements
// made 64 bits long would not fit a register, and joins the results.
func (s *strip) inHalves(f func(half func(asm.Reg) asm.Reg) asm.Reg) asm.Reg {
	if s.width(ir.Int64) == s.wide64() {
		return f(func(r asm.Reg) asm.Reg { return r })
	}
	take, join := asm.VEXTRACTI128, asm.VINSERTI128
	if s.wide() {
		take, join = asm.VEXTRACTI64X4, asm.VINSERTI64X4
	}
	w := s.width(ir.Int32)
	low := f(func(r asm.Reg) asm.Reg { return r }) // what reads half a register reads the lower one
	high := f(func(r asm.Reg) asm.Reg { return s.vec(take, w, asm.R(r), asm.I(1)) })
	return s.vec(join, w, asm.R(low), asm.R(high), asm.I(1))
}

// quo64 divides element by element. What would fault is divided by 1 instead: by 0, and
// by -1, whose quotient is the opposite.
func (s *strip) quo64(d ir.DType, a, b asm.Reg) asm.Reg {
	signed := d.Kind() == ir.KindInt
	zero := s.maskNot(s.isNot0(register(d, b)))
	one := s.constant(d, 1).arg
	safe := s.blendArg(zero, one, b, d)
	var minus asm.Reg
	if signed {
		minus = s.compareInt(b, s.constant(d, ^uint64(0)), intEqual)
		safe = s.blendArg(minus, one, safe, d)
	}
	q := s.elementwise(d, []asm.Reg{a, safe}, func(x []asm.Arg) {
		s.b.Op(asm.MOV, asm.W64, asm.R(asm.RAX), x[0])
		if signed {
			s.b.Op(asm.CQO, asm.W64)
			s.b.Op(asm.IDIV, asm.W64, x[1])
		} else {
			s.b.Op(asm.XOR, asm.W32, asm.R(asm.RDX), asm.R(asm.RDX))
			s.b.Op(asm.DIV, asm.W64, x[1])
		}
		s.b.Op(asm.MOV, asm.W64, x[0], asm.R(asm.RAX))
	})
	q = s.only(s.maskNot(zero), q, d)
	if signed {
		q = s.blend(minus, emitNegInt(s, d, []operand{register(d, a)}), q, d)
	}
	return q
}

// elementwise stores vectors of d's in memory, runs f on the elements of every position,
// and returns the vector of what f leaves in the place of the first.
func (s *strip) elementwise(d ir.DType, vecs []asm.Reg, f func(x []asm.Arg)) asm.Reg {
	at := s.space(8 * len(vecs)) // a vector has at most 64 bytes
	w := s.width(d)
	for i, r := range vecs {
		s.b.Op(asm.VMOVUPS, w, word(at+8*i), asm.R(r))
	}
	x := make([]asm.Arg, len(vecs))
	for l := range s.lanes {
		for i := range vecs {
			x[i] = word(at + 8*i)
			x[i].Disp += int32(l * d.Size())
		}
		f(x)
	}
	return s.vec(asm.VMOVUPS, w, word(at))
}
