package x86

import (
	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower/x86/asm"
)

// Predicates of the instructions that compare floats, and (AVX-512) integers.
const (
	cmpEqual, cmpUnordered, cmpNotEqual, cmpOrdered = 0, 3, 4, 7
	cmpLess, cmpLessEqual                           = 0x11, 0x12
	cmpGreaterEqual, cmpGreater                     = 0x1d, 0x1e

	intEqual, intLess, intLessEqual, intNotEqual, intGreaterEqual, intGreater = 0, 1, 2, 4, 5, 6
)

func comparisonRows(d ir.DType) {
	switch {
	case d == ir.Bool: // see boolRows
	case d.IsFloat():
		set(ir.OpEq, ir.Bool, d, floatComparison(cmpEqual, cmpEqual))
		set(ir.OpNe, ir.Bool, d, floatComparison(cmpNotEqual, cmpNotEqual))
		set(ir.OpLt, ir.Bool, d, floatComparison(cmpLess, cmpGreater))
		set(ir.OpLe, ir.Bool, d, floatComparison(cmpLessEqual, cmpGreaterEqual))
	default:
		set(ir.OpEq, ir.Bool, d, intComparison(intEqual, intEqual))
		set(ir.OpNe, ir.Bool, d, intComparison(intNotEqual, intNotEqual))
		set(ir.OpLt, ir.Bool, d, intComparison(intLess, intGreater))
		set(ir.OpLe, ir.Bool, d, intComparison(intLessEqual, intGreaterEqual))
	}
}

// floatComparison compares by a predicate, or with the operands the other way round, when
// the first is a literal, by another.
func floatComparison(predicate, reversed int64) emitOp {
	return func(s *strip, _ ir.DType, args []operand) asm.Reg {
		a, b := literalLast(args)
		p := predicate
		if a != args[0] {
			p = reversed
		}
		return s.compareFloat(s.reg(a), b, p)
	}
}

// compareFloat returns the mask of a predicate.
func (s *strip) compareFloat(a asm.Reg, b operand, predicate int64) asm.Reg {
	if s.wide() {
		return s.kreg(pair{asm.VCMPPSK, asm.VCMPPDK}.of(b.d), s.width(b.d), asm.R(a), b.arg, asm.I(predicate))
	}
	return s.asMask(s.vec(pair{asm.VCMPPS, asm.VCMPPD}.of(b.d), s.width(b.d), asm.R(a), b.arg, asm.I(predicate)), b.d)
}

func intComparison(predicate, reversed int64) emitOp {
	return func(s *strip, _ ir.DType, args []operand) asm.Reg {
		a, b := literalLast(args)
		p := predicate
		if a != args[0] {
			p = reversed
		}
		return s.compareInt(s.reg(a), b, p)
	}
}

// compareInt returns the mask of a predicate. 8- and 16-bit integers are compared as the
// 32-bit integers that they are in a register, unsigned ones too.
func (s *strip) compareInt(a asm.Reg, b operand, predicate int64) asm.Reg {
	d := b.d
	if s.wide() {
		ops := pair{asm.VPCMPDK, asm.VPCMPQK}
		if d.Kind() == ir.KindUint {
			ops = pair{asm.VPCMPUDK, asm.VPCMPUQK}
		}
		return s.kreg(ops.of(d), s.width(d), asm.R(a), b.arg, asm.I(predicate))
	}
	opposite := predicate == intNotEqual || predicate == intLessEqual || predicate == intGreaterEqual
	x, y := register(d, a), b
	ops := pair{asm.VPCMPGTD, asm.VPCMPGTQ}
	switch predicate {
	case intEqual, intNotEqual:
		ops = pair{asm.VPCMPEQD, asm.VPCMPEQQ}
	case intLess, intGreaterEqual:
		x, y = y, x
	}
	if ops[0] == asm.VPCMPGTD && (d == ir.Uint32 || d == ir.Uint64) { // there are signed comparisons alone
		x, y = s.flipped(x), s.flipped(y)
	}
	r := s.op2(ops, d, x, y)
	if opposite {
		r = s.vec(asm.VPXORQ, s.width(d), asm.R(r), s.boolConstant(true))
	}
	return s.asMask(r, d)
}

// flipped returns unsigned integers as signed ones in the same order.
func (s *strip) flipped(o operand) operand {
	sign := uint64(1) << (8*lane(o.d) - 1)
	if bits, ok := s.literal(o); ok {
		return s.constant(o.d, bits^sign)
	}
	return register(o.d, s.op2(pair{asm.VPXORD, asm.VPXORQ}, o.d, o, s.constant(o.d, sign)))
}

// isNot0 returns the mask of what is not zero; a NaN is not.
func (s *strip) isNot0(o operand) asm.Reg {
	if o.d.IsFloat() {
		return s.compareFloat(s.reg(o), s.constant(o.d, 0), cmpNotEqual)
	}
	return s.compareInt(s.reg(o), s.constant(o.d, 0), intNotEqual)
}
