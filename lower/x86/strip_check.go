package x86

import (
	"fmt"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower/loop"
	"github.com/numen-go/numen/lower/x86/asm"
)

// trusted is the number of a check that no data can fail.
const trusted = -1

// check computes positions that are data: negative ones wrap, what is outside then is a
// fault, and 0.
func (s *strip) check(v *loop.Val, at loop.Place) value {
	d := ir.Int64
	raw := s.value(v.Args[0], at)
	limit := s.shared(v.Args[1], at)
	zero := value{s.constant(d, 0)}
	x := raw
	if v.N != trusted {
		x = s.op(ir.OpSelect, d, d, s.op(ir.OpLt, ir.Bool, d, x, zero), s.op(ir.OpAdd, d, d, x, limit), x)
	}
	inside := s.op(ir.OpAnd, ir.Bool, ir.Bool, s.op(ir.OpLe, ir.Bool, d, zero, x), s.op(ir.OpLt, ir.Bool, d, x, limit))
	masks := s.masks(at)
	n := max(len(inside), len(masks))
	if s.varies(v) {
		n = s.members
	}
	bad, result := make([]asm.Reg, n), make(value, n)
	for u := range n {
		in := inside.of(u).arg.Reg
		if mask := of(masks, u); mask != asm.NoReg {
			bad[u] = s.maskAndNot(in, mask)
		} else {
			bad[u] = s.maskNot(in)
		}
		result[u] = register(d, s.only(in, s.reg(x.of(u)), d))
	}
	s.region(bad, func() { s.faults(v, raw, bad, at) })
	return result
}

// integer returns an integer that all positions share as a memory operand.
func (s *strip) integer(v *loop.Val, at loop.Place) asm.Arg {
	if !s.isInteger(v, at) || s.inPlace(v, at) {
		s.fail(fmt.Errorf("x86: %s is looked at only where a position asks for it", v))
		return word(loop.WordFault)
	}
	return s.slot(s.plain(v))
}

// faults records the first of the positions that are outside.
func (s *strip) faults(v *loop.Val, raw value, bad []asm.Reg, at loop.Place) {
	var bits asm.Reg
	for u := range bad {
		b := s.maskBits(bad[u])
		if s.wide() && s.lanes < 16 {
			s.b.Op(asm.AND, asm.W32, asm.R(b), asm.I(1<<s.lanes-1))
		}
		if u == 0 {
			bits = b
			continue
		}
		s.b.Op(asm.SHL, asm.W32, asm.R(b), asm.I(int64(u*s.lanes)))
		s.b.Op(asm.OR, asm.W32, asm.R(bits), asm.R(b))
	}
	if v.N == trusted {
		s.quit(loop.StatusOutside)
		return
	}
	if len(raw) == 1 && len(bad) > 1 {
		for range bad[1:] {
			raw = append(raw, raw[0])
		}
	}
	values := s.spilled(raw, ir.Int64)[0]
	base, coef, _ := loop.Affine(v.Args[2], s.pos, s.varies)
	from, step := s.integer(base, at), s.integer(coef, at)
	number := v.N
	i, p := s.b.New(asm.GPR), s.b.New(asm.GPR)
	next, record, skip := s.b.NewLabel(), s.b.NewLabel(), s.b.NewLabel()
	s.b.Bind(next)
	s.b.Op(asm.TZCNT, asm.W32, asm.R(i), asm.R(bits))
	if s.t == asm.NoReg {
		s.b.Op(asm.LEA, asm.W64, asm.R(p), asm.M(i, int32(s.first*s.lanes)))
	} else {
		s.b.Op(asm.LEA, asm.W64, asm.R(p), asm.MX(s.t, i, 1, int32(s.first*s.lanes)))
	}
	s.b.Op(asm.IMUL, asm.W64, asm.R(p), step)
	s.b.Op(asm.ADD, asm.W64, asm.R(p), from)
	s.b.Op(asm.CMP, asm.W64, word(loop.WordFault), asm.I(0))
	s.b.Op(asm.JL, 0, record)
	s.b.Op(asm.CMP, asm.W64, asm.R(p), word(loop.WordPosition))
	s.b.Op(asm.JG, 0, skip)
	s.b.Op(asm.JL, 0, record)
	s.b.Op(asm.CMP, asm.W64, word(loop.WordFault), asm.I(int64(number)))
	s.b.Op(asm.JLE, 0, skip)
	s.b.Bind(record)
	s.b.Op(asm.MOV, asm.W64, word(loop.WordFault), asm.I(int64(number)))
	s.b.Op(asm.MOV, asm.W64, word(loop.WordPosition), asm.R(p))
	s.b.Op(asm.MOV, asm.W64, asm.R(p), asm.MX(Frame, i, 8, values.Disp))
	s.b.Op(asm.MOV, asm.W64, word(loop.WordValue), asm.R(p))
	s.b.Op(asm.MOV, asm.W64, asm.R(p), s.integer(v.Args[1], at))
	s.b.Op(asm.MOV, asm.W64, word(loop.WordLimit), asm.R(p))
	s.b.Bind(skip)
	s.b.Op(asm.BLSR, asm.W32, asm.R(bits), asm.R(bits))
	s.b.Op(asm.JNZ, 0, next)
}

// quit leaves for good.
func (s *strip) quit(status loop.Status) {
	s.b.Op(asm.MOV, asm.W64, word(loop.WordStatus), asm.I(int64(status)))
	s.b.Op(asm.VZEROUPPER, 0)
	s.b.Op(asm.RET, 0)
}
