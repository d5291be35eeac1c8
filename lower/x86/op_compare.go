package x86

import (
	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower/x86/asm"
)

// Predicates of the instructions that compare floats, and (AVX-512) integers. Another bit
// of each makes the opposite predicate.
const (
	cmpEqual, cmpNotEqual         = 0x00, 0x04
	cmpUnordered, cmpOrdered      = 0x03, 0x07
	cmpLess, cmpNotLess           = 0x11, 0x15
	cmpLessEqual, cmpNotLessEqual = 0x12, 0x16
	cmpGreaterEqual, cmpGreater   = 0x1d, 0x1e
	cmpOpposite                   = 4

	intEqual, intNotEqual    = 0, 4
	intLess, intGreaterEqual = 1, 5
	intLessEqual, intGreater = 2, 6
	intOpposite              = 4
)

// comparison is how a mask was made.
type comparison struct {
	a         asm.Reg
	b         operand
	predicate int64
}

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
	args := []asm.Arg{asm.R(a), b.arg, asm.I(predicate)}
	if s.wide() {
		return s.compared(s.kreg(pair{asm.VCMPPSK, asm.VCMPPDK}.of(b.d), s.width(b.d), args...), a, b, predicate)
	}
	return s.compared(s.asMask(s.vec(pair{asm.VCMPPS, asm.VCMPPD}.of(b.d), s.width(b.d), args...), b.d), a, b, predicate)
}

// compared notes how the mask r was made, and returns it.
func (s *strip) compared(r, a asm.Reg, b operand, predicate int64) asm.Reg {
	if s.comparisons == nil {
		s.comparisons = map[asm.Reg]comparison{}
	}
	s.comparisons[r] = comparison{a, b, predicate}
	return r
}

// emitNotBool returns the opposite of a mask: of a comparison by another comparison, so
// that the one at hand, if nothing else needs it, falls away.
func emitNotBool(s *strip, _ ir.DType, args []operand) asm.Reg {
	r := s.reg(args[0])
	c, ok := s.comparisons[r]
	switch {
	case !ok:
		return s.maskNot(r)
	case c.b.d.IsFloat():
		return s.compareFloat(c.a, c.b, c.predicate^cmpOpposite)
	}
	return s.compareInt(c.a, c.b, c.predicate^intOpposite)
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
		return s.compared(s.kreg(ops.of(d), s.width(d), asm.R(a), b.arg, asm.I(predicate)), a, b, predicate)
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
	return s.compared(s.asMask(r, d), a, b, predicate)
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
