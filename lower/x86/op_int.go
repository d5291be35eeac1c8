package x86

import (
	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower/x86/asm"
)

// integerRows are the arithmetic of integers. 8- and 16-bit integers are computed with 32
// bits and extended again.
func integerRows(d ir.DType) {
	set(ir.OpAdd, d, d, wrapping(commutative(pair{asm.VPADDD, asm.VPADDQ})))
	set(ir.OpSub, d, d, wrapping(two(pair{asm.VPSUBD, asm.VPSUBQ})))
	set(ir.OpMul, d, d, wrapping(emitMulInt))
	set(ir.OpFMA, d, d, wrapping(emitFMAInt))
	set(ir.OpNeg, d, d, wrapping(emitNegInt))
	set(ir.OpAnd, d, d, commutative(pair{asm.VPANDD, asm.VPANDQ}))
	set(ir.OpOr, d, d, commutative(pair{asm.VPORD, asm.VPORQ}))
	set(ir.OpXor, d, d, commutative(pair{asm.VPXORD, asm.VPXORQ}))
	set(ir.OpNot, d, d, emitNotInt)
	set(ir.OpMin, d, d, emitMinInt)
	set(ir.OpMax, d, d, emitMaxInt)
	set(ir.OpAbs, d, d, same)
	if d.Kind() == ir.KindInt {
		set(ir.OpAbs, d, d, wrapping(emitAbsInt))
	}
	set(ir.OpQuo, d, d, emitQuo)
}

// wrapping is emit with the result made one of its dtype again.
func wrapping(emit emitOp) emitOp {
	return func(s *strip, out ir.DType, args []operand) asm.Reg { return s.wrap(out, emit(s, out, args)) }
}

// wrap extends the low bits of 32-bit elements, as an 8- or 16-bit dtype wants.
func (s *strip) wrap(d ir.DType, r asm.Reg) asm.Reg {
	w := s.width(d)
	switch d {
	case ir.Uint8, ir.Uint16:
		return s.vec(asm.VPANDD, w, asm.R(r), s.constant(ir.Uint32, 1<<(8*d.Size())-1).arg)
	case ir.Int8, ir.Int16:
		n := asm.I(int64(32 - 8*d.Size()))
		return s.vec(asm.VPSRAD, w, asm.R(s.vec(asm.VPSLLD, w, asm.R(r), n)), n)
	}
	return r
}

func emitMulInt(s *strip, d ir.DType, args []operand) asm.Reg {
	a, b := literalLast(args)
	switch {
	case lane(d) == 4:
		return s.vec(asm.VPMULLD, s.width(d), asm.R(s.reg(a)), b.arg)
	case s.wide():
		return s.vec(asm.VPMULLQ, s.width(d), asm.R(s.reg(a)), b.arg)
	}
	// a*b = al*bl + (ah*bl + al*bh) * 2^32.
	w := s.width(d)
	x, y := asm.R(s.reg(a)), asm.R(s.reg(b))
	crossed := asm.R(s.vec(asm.VPMULLD, w, x, asm.R(s.vec(asm.VPSHUFD, w, y, asm.I(0xb1)))))
	sum := asm.R(s.vec(asm.VPADDD, w, crossed, asm.R(s.vec(asm.VPSHUFD, w, crossed, asm.I(0xb1)))))
	high := asm.R(s.vec(asm.VPSLLQ, w, sum, asm.I(32)))
	return s.vec(asm.VPADDQ, w, asm.R(s.vec(asm.VPMULUDQ, w, x, y)), high)
}

func emitFMAInt(s *strip, d ir.DType, args []operand) asm.Reg {
	return s.vec(pair{asm.VPADDD, asm.VPADDQ}.of(d), s.width(d), asm.R(emitMulInt(s, d, args[:2])), args[2].arg)
}

func emitNegInt(s *strip, d ir.DType, args []operand) asm.Reg {
	return s.op2(pair{asm.VPSUBD, asm.VPSUBQ}, d, s.constant(d, 0), args[0])
}

func emitNotInt(s *strip, d ir.DType, args []operand) asm.Reg {
	all := ^uint64(0) // of signed integers the extension changes as well
	if d.Kind() == ir.KindUint {
		all = 1<<(8*d.Size()) - 1
	}
	return s.op2(pair{asm.VPXORD, asm.VPXORQ}, d, args[0], s.constant(d, all))
}

func emitAbsInt(s *strip, d ir.DType, args []operand) asm.Reg {
	x := asm.R(s.reg(args[0]))
	if lane(d) == 4 || s.wide() {
		return s.vec(pair{asm.VPABSD, asm.VPABSQ}.of(d), s.width(d), x)
	}
	w := s.width(d)
	negative := asm.R(s.vec(asm.VPCMPGTQ, w, asm.R(s.reg(s.constant(d, 0))), x))
	return s.vec(asm.VPSUBQ, w, asm.R(s.vec(asm.VPXORQ, w, x, negative)), negative)
}

func emitMinInt(s *strip, d ir.DType, args []operand) asm.Reg {
	return s.extremeInt(d, args, pair{asm.VPMINSD, asm.VPMINSQ}, pair{asm.VPMINUD, asm.VPMINUQ}, false)
}

func emitMaxInt(s *strip, d ir.DType, args []operand) asm.Reg {
	return s.extremeInt(d, args, pair{asm.VPMAXSD, asm.VPMAXSQ}, pair{asm.VPMAXUD, asm.VPMAXUQ}, true)
}

// extremeInt takes the larger or the smaller of two integers. AVX2 has no instruction for
// those of 64 bits.
func (s *strip) extremeInt(d ir.DType, args []operand, signed, unsigned pair, larger bool) asm.Reg {
	if lane(d) == 8 && !s.wide() {
		a, b := s.reg(args[0]), s.reg(args[1])
		greater := s.compareInt(a, register(d, b), intGreater)
		if larger {
			return s.blend(greater, a, b, d)
		}
		return s.blend(greater, b, a, d)
	}
	ops := signed
	if d.Kind() == ir.KindUint {
		ops = unsigned
	}
	a, b := literalLast(args)
	return s.op2(ops, d, a, b)
}
