package x86

import (
	"math"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower/x86/asm"
)

func floatRows(d ir.DType) {
	set(ir.OpAdd, d, d, commutative(pair{asm.VADDPS, asm.VADDPD}))
	set(ir.OpSub, d, d, two(pair{asm.VSUBPS, asm.VSUBPD}))
	set(ir.OpMul, d, d, commutative(pair{asm.VMULPS, asm.VMULPD}))
	set(ir.OpDiv, d, d, two(pair{asm.VDIVPS, asm.VDIVPD}))
	set(ir.OpSqrt, d, d, unary(pair{asm.VSQRTPS, asm.VSQRTPD}))
	set(ir.OpFMA, d, d, emitFMA)
	set(ir.OpNeg, d, d, emitNeg)
	set(ir.OpAbs, d, d, emitAbs)
	set(ir.OpMin, d, d, emitMin)
	set(ir.OpMax, d, d, emitMax)
	set(ir.OpRound, d, d, rounding(0))
	set(ir.OpFloor, d, d, rounding(1))
	set(ir.OpCeil, d, d, rounding(2))
	set(ir.OpTrunc, d, d, rounding(3))
}

// emitFMA multiplies and adds with one rounding. What is the opposite of another vector
// is taken as that one: the negation, if nothing else needs it, falls away.
func emitFMA(s *strip, d ir.DType, args []operand) asm.Reg {
	a, b, c := args[0], args[1], args[2]
	negate, subtract := false, false
	for _, f := range []*operand{&a, &b, &c} {
		if x, ok := s.opposites[f.arg]; ok {
			*f = x
			if f == &c {
				subtract = true
			} else {
				negate = !negate
			}
		}
	}
	ops := pair{asm.FMADDPS, asm.FMADDPD}
	switch {
	case negate && subtract:
		ops = pair{asm.FNMSUBPS, asm.FNMSUBPD}
	case negate:
		ops = pair{asm.FNMADDPS, asm.FNMADDPD}
	case subtract:
		ops = pair{asm.FMSUBPS, asm.FMSUBPD}
	}
	// One operand may be in memory.
	for _, f := range []*operand{&a, &b} {
		if f.arg.Kind == asm.Memory && (c.arg.Kind == asm.Memory || f == &a && b.arg.Kind == asm.Memory) {
			*f = register(d, s.reg(*f))
		}
	}
	return s.vec(ops.of(d), s.width(d), a.arg, b.arg, c.arg)
}

// signBits returns the bits of -0.
func signBits(d ir.DType) uint64 { return 1 << (8*d.Size() - 1) }

func emitNeg(s *strip, d ir.DType, args []operand) asm.Reg {
	r := s.op2(pair{asm.VXORPS, asm.VXORPD}, d, args[0], s.constant(d, signBits(d)))
	if s.opposites == nil {
		s.opposites = map[asm.Arg]operand{}
	}
	s.opposites[asm.R(r)] = args[0]
	return r
}

func emitAbs(s *strip, d ir.DType, args []operand) asm.Reg {
	return s.op2(pair{asm.VANDPS, asm.VANDPD}, d, args[0], s.constant(d, signBits(d)-1))
}

// emitMin is IEEE 754-2019's minimum. The instruction returns its second operand where
// one is NaN or both are zeros. So the results of both orders agree elsewhere, are -0 and
// +0, whose bits together are -0, or have the NaN among them, whose bits with any others
// are some NaN.
func emitMin(s *strip, d ir.DType, args []operand) asm.Reg {
	if l, x, ok := s.literalFirst(args, signBits(d)); ok {
		return s.op2(pair{asm.VMINPS, asm.VMINPD}, d, l, x)
	}
	a, b := register(d, s.reg(args[0])), register(d, s.reg(args[1]))
	ops := pair{asm.VMINPS, asm.VMINPD}
	x, y := s.op2(ops, d, a, b), s.op2(ops, d, b, a)
	return s.op2(pair{asm.VORPS, asm.VORPD}, d, register(d, x), register(d, y))
}

// emitMax is IEEE 754-2019's maximum: zeros come out right by the bits that both orders
// have in common, a NaN is put in by a sum.
func emitMax(s *strip, d ir.DType, args []operand) asm.Reg {
	ops := pair{asm.VMAXPS, asm.VMAXPD}
	if l, x, ok := s.literalFirst(args, 0); ok {
		return s.op2(ops, d, l, x)
	}
	for i, zero := range args {
		if s.isZero(zero) { // zeros come out as the other operand: -0 + 0 is +0
			r := register(d, s.op2(ops, d, zero, args[1-i]))
			return s.op2(pair{asm.VADDPS, asm.VADDPD}, d, r, zero)
		}
	}
	a, b := register(d, s.reg(args[0])), register(d, s.reg(args[1]))
	w := s.width(d)
	if s.wide() {
		const larger, signOfResult = 1, 1 << 2
		r := s.vec(pair{asm.VRANGEPS, asm.VRANGEPD}.of(d), w, a.arg, b.arg, asm.I(larger|signOfResult))
		k := s.kreg(pair{asm.VCMPPSK, asm.VCMPPDK}.of(d), w, a.arg, b.arg, asm.I(cmpUnordered))
		s.append(pair{asm.VADDPS, asm.VADDPD}.of(d), w, r, []asm.Arg{a.arg, b.arg})
		s.merging(k)
		return r
	}
	x, y := s.op2(ops, d, a, b), s.op2(ops, d, b, a)
	nan := s.vec(pair{asm.VCMPPS, asm.VCMPPD}.of(d), w, a.arg, b.arg, asm.I(cmpUnordered))
	both := s.op2(pair{asm.VANDPS, asm.VANDPD}, d, register(d, x), register(d, y))
	return s.op2(pair{asm.VORPS, asm.VORPD}, d, register(d, both), register(d, nan))
}

// literalFirst returns the operands with one first that is a literal other than NaN and
// the zero given. The instructions for minima and maxima then do what IEEE wants: they
// return the second operand where it is NaN, and where both are zeros.
func (s *strip) literalFirst(args []operand, zero uint64) (l, x operand, ok bool) {
	for i, a := range args {
		if bits, ok := s.literal(a); ok && bits != zero && bits&^signBits(a.d) <= ir.Float(a.d, math.Inf(1)) {
			return a, args[1-i], true
		}
	}
	return operand{}, operand{}, false
}

// rounding rounds to an integral float: 0 to nearest, 1 down, 2 up, 3 towards zero.
func rounding(mode int64) emitOp {
	const inexactIsFine = 8
	return func(s *strip, d ir.DType, args []operand) asm.Reg {
		ops := pair{asm.VROUNDPS, asm.VROUNDPD}
		if s.wide() {
			ops = pair{asm.VRNDSCALEPS, asm.VRNDSCALEPD}
		}
		return s.vec(ops.of(d), s.width(d), asm.R(s.reg(args[0])), asm.I(mode|inexactIsFine))
	}
}
