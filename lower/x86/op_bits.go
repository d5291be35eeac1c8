package x86

import (
	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower/x86/asm"
)

func shiftRows(d ir.DType) {
	set(ir.OpShl, d, d, wrapping(emitShl))
	set(ir.OpShr, d, d, emitShr)
}

// Shifts by a number that is too large, as an unsigned one, give what the language wants.

// count returns the literal number of bits to shift by, as an immediate.
func (s *strip) count(o operand) (n int64, ok bool) {
	bits, ok := s.literal(o)
	return int64(min(bits, 255)), ok
}

func emitShl(s *strip, d ir.DType, args []operand) asm.Reg {
	if n, ok := s.count(args[1]); ok {
		return s.vec(pair{asm.VPSLLD, asm.VPSLLQ}.of(d), s.width(d), asm.R(s.reg(args[0])), asm.I(n))
	}
	return s.op2(pair{asm.VPSLLVD, asm.VPSLLVQ}, d, args[0], args[1])
}

func emitShr(s *strip, d ir.DType, args []operand) asm.Reg {
	signed := d.Kind() == ir.KindInt
	x := asm.R(s.reg(args[0]))
	w := s.width(d)
	n, literal := s.count(args[1])
	if d == ir.Int64 && !s.wide() {
		// Negative numbers are shifted as their complements.
		negative := asm.R(s.vec(asm.VPCMPGTQ, w, asm.R(s.reg(s.constant(d, 0))), x))
		positive := register(d, s.vec(asm.VPXORQ, w, x, negative))
		r := s.vec(asm.VPXORQ, w, asm.R(emitShr(s, ir.Uint64, []operand{positive, args[1]})), negative)
		if literal && n <= 60 { // a lookup looks at four bits, which have no need of the sign
			s.asIndex(r, d, s.vec(asm.VPSRLQ, w, x, asm.I(n)))
		}
		return r
	}
	if literal {
		ops := pair{asm.VPSRLD, asm.VPSRLQ}
		if signed {
			ops = pair{asm.VPSRAD, asm.VPSRAQ}
		}
		r := s.vec(ops.of(d), w, x, asm.I(n))
		s.asIndex(r, d, r)
		return r
	}
	ops := pair{asm.VPSRLVD, asm.VPSRLVQ}
	if signed {
		ops = pair{asm.VPSRAVD, asm.VPSRAVQ}
	}
	return s.op2(ops, d, args[0], args[1])
}

func bitRows() {
	set(ir.OpMulHi, ir.Uint32, ir.Uint32, emitMulHi32)
	set(ir.OpMulHi, ir.Uint64, ir.Uint64, emitMulHi64)
	set(ir.OpClz, ir.Uint32, ir.Uint32, emitClz)
	set(ir.OpClz, ir.Uint64, ir.Uint64, emitClz)
}

// emitMulHi32 multiplies the even and the odd elements to 64 bits.
func emitMulHi32(s *strip, d ir.DType, args []operand) asm.Reg {
	w := s.width(d)
	a, b := asm.R(s.reg(args[0])), asm.R(s.reg(args[1]))
	even := asm.R(s.vec(asm.VPMULUDQ, w, a, b))
	x := asm.R(s.vec(asm.VPSHUFD, w, a, asm.I(0xf5)))
	y := asm.R(s.vec(asm.VPSHUFD, w, b, asm.I(0xf5)))
	odd := asm.R(s.vec(asm.VPMULUDQ, w, x, y))
	low := s.vec(asm.VPSRLQ, w, even, asm.I(32))
	if !s.wide() {
		return s.vec(asm.VPBLENDD, w, asm.R(low), odd, asm.I(0xaa))
	}
	const aOrBAndC = 0xf8 // of the destination, odd and the literal
	s.append(asm.VPTERNLOGQ, w, low, []asm.Arg{odd, s.constant(ir.Uint64, 0xffffffff<<32).arg, asm.I(aOrBAndC)})
	return low
}

// emitMulHi64 multiplies by halves of 32 bits.
func emitMulHi64(s *strip, d ir.DType, args []operand) asm.Reg {
	w := s.width(d)
	op := func(op asm.Op, x, y asm.Reg) asm.Reg { return s.vec(op, w, asm.R(x), asm.R(y)) }
	high := func(x asm.Reg) asm.Reg { return s.vec(asm.VPSRLQ, w, asm.R(x), asm.I(32)) }
	al, bl := s.reg(args[0]), s.reg(args[1])
	ah, bh := high(al), high(bl)
	middle := op(asm.VPMULUDQ, ah, bl)
	// None of the sums overflows.
	cross := op(asm.VPADDQ, high(op(asm.VPMULUDQ, al, bl)), op(asm.VPMULUDQ, al, bh))
	cross = op(asm.VPADDQ, cross, s.vec(asm.VPANDQ, w, asm.R(middle), s.constant(d, 0xffffffff).arg))
	return op(asm.VPADDQ, op(asm.VPADDQ, op(asm.VPMULUDQ, ah, bh), high(middle)), high(cross))
}

func emitClz(s *strip, d ir.DType, args []operand) asm.Reg {
	w := s.width(d)
	x := asm.R(s.reg(args[0]))
	if s.wide() {
		return s.vec(pair{asm.VPLZCNTD, asm.VPLZCNTQ}.of(d), w, x)
	}
	// The exponent of the number as a float tells, when its low bits are cleared so that
	// it cannot be rounded up. A number with the top bit is taken for a negative one: its
	// float's sign is above the exponent, and makes the result negative.
	low := asm.R(s.vec(asm.VPSRLD, w, x, asm.I(8)))
	f := asm.R(s.vec(asm.VCVTDQ2PS, w, asm.R(s.vec(asm.VPANDNQ, w, low, x))))
	n := asm.R(s.vec(asm.VPSRLD, w, f, asm.I(23)))
	r := s.vec(asm.VPSUBD, w, asm.R(s.vec(asm.VMOVUPS, w, s.constant(ir.Int32, 127+31).arg)), n)
	r = s.vec(asm.VPMAXSD, w, asm.R(r), s.constant(ir.Int32, 0).arg)
	r = s.vec(asm.VPMINSD, w, asm.R(r), s.constant(ir.Int32, 32).arg) // of zero
	if d == ir.Uint32 {
		return r
	}
	// Where the upper half is zero, the lower one counts as well.
	upper := asm.R(s.vec(asm.VPSRLQ, w, asm.R(r), asm.I(32)))
	none := s.vec(asm.VPCMPEQD, w, upper, s.constant(d, 1<<32|32).arg) // never equal in the upper half
	return s.vec(asm.VPADDQ, w, upper, asm.R(s.vec(asm.VPANDQ, w, asm.R(none), asm.R(r))))
}
