package ptx

import (
	"fmt"
	"slices"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower/loop"
)

// strip is the strip that is being written. One position runs all statements before the
// next one does. Where positions look at their neighbours in a group of 16 all of a group
// run a statement before the next one, and named values are in memory.
type strip struct {
	pos    *loop.Var
	t      string
	names  map[*loop.Var]bool       // given in the strip; true: differs between positions
	places map[*loop.Var]loop.Place // branches in which names are evaluated
	arms   map[*loop.Val]string     // conditions of branches that are known here

	group *group // nil: position by position
}

// group is 16 positions of a strip whose statements run one after the other.
type group struct {
	lane  string               // the position in the group
	first string               // the position of the strip that the group begins at
	count string               // positions of the group
	slots map[*loop.Var]*array // named values
}

const groupSize = 16

func (e *emitter) stripLoop(s *loop.Strip) {
	x := &strip{pos: s.Pos, names: map[*loop.Var]bool{}, arms: map[*loop.Val]string{}}
	for _, st := range s.Body {
		if set, ok := st.(*loop.Set); ok {
			x.names[set.Var] = x.varies(set.Val)
		}
	}
	x.places = loop.Places(s.Body, x.varies)
	e.strip = x
	defer func() { e.strip = nil }()
	n := e.val(s.N)
	if hasNeighbours(s) {
		e.groups(s, n)
		return
	}
	e.positions(s, n, func(t string) {
		x.t, e.vars[s.Pos] = t, t
		clear(x.arms)
		for _, st := range s.Body {
			e.inStrip(st)
		}
	})
}

// varies reports whether a value may differ between positions.
func (x *strip) varies(v *loop.Val) bool {
	return loop.Any(v, func(v *loop.Val) bool {
		return v.Kind == loop.Within || v.Kind == loop.Below || v.Kind == loop.Use && (v.Var == x.pos || x.names[v.Var])
	})
}

// hasNeighbours reports whether positions of a strip look at their neighbours.
func hasNeighbours(s *loop.Strip) bool { return slices.ContainsFunc(s.Body, neighbours) }

func neighbours(s loop.Stmt) bool {
	return slices.ContainsFunc(loop.Operands(s), func(v *loop.Val) bool {
		return loop.Any(v, func(v *loop.Val) bool { return v.Kind == loop.Below })
	})
}

// inStrip writes a statement for the position at hand.
func (e *emitter) inStrip(s loop.Stmt) {
	switch s := s.(type) {
	case *loop.Set:
		e.name(s)
	case *loop.Store:
		e.storeAt(loop.Element{Array: s.Array, Index: s.Index}, e.val(s.Val))
	case *loop.Lanes:
		e.lanes(s, e.strip.t)
	case *loop.Prefix:
		e.prefix(s)
	case *loop.Scatter:
		e.scatter(s)
	case *loop.Append:
		e.appendTo(s)
	default:
		panic(unexpected(s))
	}
}

// name gives a value its name, at the positions that ask for it.
func (e *emitter) name(s *loop.Set) {
	x := e.strip
	place, used := x.places[s.Var]
	if !used {
		return
	}
	if len(place) == 0 {
		e.keep(s.Var, e.val(s.Val))
		return
	}
	if x.group == nil {
		e.vars[s.Var] = e.of(s.Var.DType)
	}
	skip := e.label()
	for _, arm := range place {
		cond := e.condition(arm.Of)
		if arm.Of.Kind == loop.Pick && arm.N == 2 {
			e.f("@%s bra %s", cond, skip)
		} else {
			e.f("@!%s bra %s", cond, skip)
		}
	}
	v := e.val(s.Val)
	if x.group != nil {
		e.keep(s.Var, v)
	} else {
		e.f("%s %s, %s", moveOf(s.Var.DType), e.vars[s.Var], v)
	}
	e.mark(skip)
}

// keep holds a named value of the position at hand.
func (e *emitter) keep(v *loop.Var, val string) {
	x := e.strip
	if x.group == nil {
		e.vars[v] = e.inRegister(v.DType, val)
		return
	}
	slot := x.group.slots[v]
	e.store(v.DType, slot.space, e.slotAt(v, x.group.lane), e.inRegister(v.DType, val))
}

// slotAt returns the address of the value that a position of the group has.
func (e *emitter) slotAt(v *loop.Var, lane string) string {
	slot := e.strip.group.slots[v]
	return e.one(ir.Int64, "mad.lo.s64", e.inRegister(ir.Int64, lane), sizeOf(v.DType), slot.base)
}

// condition returns the condition of a branch, which is evaluated once a position.
func (e *emitter) condition(v *loop.Val) string {
	if e.strip == nil || e.strip.group != nil {
		return e.inRegister(ir.Bool, e.val(v.Args[0]))
	}
	r, ok := e.strip.arms[v]
	if !ok {
		r = e.copy(ir.Bool, e.val(v.Args[0]))
		e.strip.arms[v] = r
	}
	return r
}

// groups writes a strip whose positions look at their neighbours.
func (e *emitter) groups(s *loop.Strip, n string) {
	x := e.strip
	x.group = &group{slots: map[*loop.Var]*array{}}
	for _, st := range s.Body {
		if set, ok := st.(*loop.Set); ok {
			slot := &array{space: "local"}
			local := &loop.Local{Array: &loop.Array{DType: set.Var.DType, Rank: 1}, Extents: []*loop.Val{loop.Int(groupSize)}}
			if bytes := int64(groupSize * set.Var.DType.Size()); e.team == nil {
				e.threadArray(local, slot, bytes)
			} else {
				e.sharedArray(local, slot, bytes)
			}
			x.group.slots[set.Var] = slot
		}
	}
	first := e.one(ir.Int64, "mov.s64", "0")
	e.ascend(first, n, fmt.Sprint(groupSize), func() {
		last := e.one(ir.Int64, "sub.s64", n, first)
		last = e.one(ir.Int64, "min.s64", last, fmt.Sprint(groupSize))
		x.group.first, x.group.count = first, last
		for _, st := range s.Body {
			e.eachLane(last, func(lane string) {
				x.group.lane = lane
				x.t = e.one(ir.Int64, "add.s64", first, lane)
				e.vars[s.Pos] = x.t
				e.inStrip(st)
			})
		}
	})
}

// eachLane writes what happens at the positions of a group: a team has a thread for each.
func (e *emitter) eachLane(n string, body func(lane string)) {
	if e.team == nil {
		e.count(n, body)
		return
	}
	rest := e.label()
	e.f("@%s bra %s", e.one(ir.Bool, "setp.ge.s64", "%lane", n), rest)
	body("%lane")
	e.mark(rest)
	e.sync()
}

// below returns a value of the last position of the lower half of the group of 2*d that
// the position at hand is in. Where that is beyond the strip nobody looks at the value.
func (e *emitter) below(v *loop.Val) string {
	g, t := e.strip.group, e.strip.t
	here := g.lane
	lane := e.one(ir.Int64, "and.b64", e.inRegister(ir.Int64, here), fmt.Sprint(-2*v.N))
	lane = e.one(ir.Int64, "add.s64", lane, fmt.Sprint(v.N-1))
	lane = e.one(ir.Int64, "min.s64", lane, e.one(ir.Int64, "sub.s64", g.count, "1"))
	g.lane, e.strip.t = lane, e.one(ir.Int64, "add.s64", g.first, lane)
	e.vars[e.strip.pos] = e.strip.t
	r := e.val(v.Args[0])
	g.lane, e.strip.t = here, t
	e.vars[e.strip.pos] = t
	return r
}
