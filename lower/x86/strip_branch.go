package x86

import (
	"slices"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower/loop"
	"github.com/numen-go/numen/lower/x86/asm"
)

// arm is a pick, or a rare, whose condition has been computed.
type arm struct {
	cond value
	mask [3][]asm.Reg // by operand: where it is asked for, as masks has it
}

// arm computes the condition of a pick that stands at a place.
func (s *strip) arm(v *loop.Val, at loop.Place) *arm {
	x := s.arms[v]
	if x == nil {
		x = &arm{cond: s.value(v.Args[0], at)}
		for u, o := range x.cond {
			x.cond[u] = register(ir.Bool, s.reg(o))
		}
		s.arms[v] = x
		s.asked = append(s.asked, v)
	}
	return x
}

// masks returns where a place is, by member: NoReg where it is everywhere, nil when all
// members are.
func (s *strip) masks(at loop.Place) []asm.Reg {
	if len(at) == 0 && s.ahead {
		return nil
	}
	if len(at) == 0 {
		return s.tail
	}
	last := at[len(at)-1]
	x := s.arm(last.Of, at[:len(at)-1])
	if x.mask[last.N] != nil {
		return x.mask[last.N]
	}
	outer := s.masks(at[:len(at)-1])
	masks := make([]asm.Reg, max(len(x.cond), len(outer)))
	holds := last.Of.Kind == loop.Apply || last.N == 1 // of the slow way of a rare too
	for u := range masks {
		cond, around := x.cond.of(u).arg.Reg, of(outer, u)
		switch {
		case holds && around == asm.NoReg:
			masks[u] = cond
		case holds:
			masks[u] = s.maskAnd(cond, around)
		case around == asm.NoReg:
			masks[u] = s.maskNot(cond)
		default:
			masks[u] = s.maskAndNot(cond, around)
		}
	}
	x.mask[last.N] = masks
	return masks
}

// of returns the mask of a member.
func of(masks []asm.Reg, u int) asm.Reg {
	switch len(masks) {
	case 0:
		return asm.NoReg
	case 1:
		return masks[0]
	}
	return masks[u]
}

// region appends what f appends, to run only if a mask has a position.
func (s *strip) region(masks []asm.Reg, f func()) {
	if len(masks) == 0 || slices.Contains(masks, asm.NoReg) {
		f()
		return
	}
	if s.ahead && s.skipped == 0 {
		s.skipped = len(s.b.Insts) + 1
		defer func() { s.skipped = 0 }()
	}
	skip := s.b.NewLabel()
	s.jumpIfNone(masks, skip)
	loads, asked := len(s.loads), len(s.asked)
	f()
	// What was computed here may not have been.
	s.loads = s.loads[:loads]
	for _, v := range s.asked[asked:] {
		delete(s.arms, v)
	}
	s.asked = s.asked[:asked]
	clear(s.indices)
	s.b.Bind(skip)
}

// enter appends what f appends inside the branches of a place, to run only if a position
// takes them. Branches up to the one given have been entered.
func (s *strip) enter(at, entered loop.Place, f func()) {
	if len(at) == len(entered) {
		f()
		return
	}
	next := at[:len(entered)+1]
	s.region(s.masks(next), func() { s.enter(at, next, f) })
}

// names computes the names that have waited for a branch to be entered.
func (s *strip) names(at loop.Place) {
	for _, st := range s.body {
		if set, ok := st.(*loop.Set); ok && s.late[set.Var] && slices.Equal(s.places[set.Var], at) {
			s.name(set.Var, at)
		}
	}
}

// cheap reports whether a branch may be computed for positions that do not take it: it
// looks at nothing, and is short.
func (s *strip) cheap(v *loop.Val, at loop.Place) bool {
	ops := 0
	heavy := loop.Any(v, func(v *loop.Val) bool {
		ops++
		return v.Kind == loop.Load || v.Kind == loop.Check
	})
	for name, place := range s.places {
		heavy = heavy || s.late[name] && slices.Equal(place, at)
	}
	return !heavy && ops <= 8
}

// pick computes a choice by condition.
func (s *strip) pick(v *loop.Val, at loop.Place) value {
	x := s.arm(v, at)
	d := v.DType
	inside := func(n int) loop.Place { return append(slices.Clip(at), loop.Arm{Of: v, N: n}) }
	first, second := inside(1), inside(2)
	if s.cheap(v.Args[1], first) && s.cheap(v.Args[2], second) {
		a, b := s.value(v.Args[1], first), s.value(v.Args[2], second)
		result := make(value, max(len(x.cond), len(a), len(b)))
		for u := range result {
			result[u] = register(d, s.blend(x.cond.of(u).arg.Reg, s.reg(a.of(u)), s.reg(b.of(u)), d))
		}
		return result
	}
	n := max(len(s.masks(first)), len(s.masks(second)))
	if n < s.members && (s.varies(v.Args[1]) || s.varies(v.Args[2])) {
		n = s.members
	}
	result := make(value, n)
	var otherwise value
	if s.cheap(v.Args[2], second) {
		otherwise = s.value(v.Args[2], second)
	} else {
		otherwise = value{s.constant(d, 0)}
	}
	for u := range result {
		result[u] = register(d, s.own(otherwise.of(u)))
	}
	s.branch(result, v.Args[1], first, d)
	if !s.cheap(v.Args[2], second) {
		s.branch(result, v.Args[2], second, d)
	}
	return result
}

// branch computes a branch into a result, where it is taken.
func (s *strip) branch(result value, v *loop.Val, at loop.Place, d ir.DType) {
	masks := s.masks(at)
	s.region(masks, func() {
		s.names(at)
		x := s.value(v, at)
		for u, o := range result {
			r, m := o.arg.Reg, of(masks, u)
			if m == asm.NoReg {
				s.copy(r, s.reg(x.of(u)), d)
				continue
			}
			s.into(r, d, s.blend(m, s.reg(x.of(u)), r, d))
		}
	})
}

// rare computes rare(cond, fast, slow): slow is skipped when no position needs it.
func (s *strip) rare(v *loop.Val, at loop.Place) value {
	slow := append(slices.Clip(at), loop.Arm{Of: v, N: 2})
	masks := s.masks(slow)
	fast := s.value(v.Args[1], at)
	result := make(value, max(len(masks), len(fast)))
	if s.varies(v.Args[2]) {
		result = make(value, max(len(result), s.members))
	}
	for u := range result {
		result[u] = register(v.DType, s.own(fast.of(u)))
	}
	s.branch(result, v.Args[2], slow, v.DType)
	return result
}

// within computes lo <= t < hi. Positions of a strip are small numbers.
func (s *strip) within(v *loop.Val) value {
	d := ir.Int32
	bound := func(x *loop.Val) value {
		most := loop.ApplyOp(ir.OpMin, ir.Int64, x, loop.Int(1<<31-1))
		clipped := s.plain(loop.ApplyOp(ir.OpMax, ir.Int64, most, loop.Int(0)))
		if y, ok := s.hoisted[x]; ok {
			return y
		}
		var y value
		s.hoist(func() { y = value{register(d, s.broadcast(d, s.slot(clipped)))} })
		s.hoisted[x] = y
		return y
	}
	t := s.iota(d)
	lo, hi := bound(v.Args[1]), bound(v.Args[2])
	return s.op(ir.OpAnd, ir.Bool, ir.Bool, s.op(ir.OpLe, ir.Bool, d, lo, t), s.op(ir.OpLt, ir.Bool, d, t, hi))
}
