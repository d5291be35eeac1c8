package x86

import (
	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower/loop"
	"github.com/numen-go/numen/lower/x86/asm"
)

// Chains across rows: at every depth the lanes take elements that lie side by side, in a
// row that data may choose, or one for all. The states stay in registers along the depth.

// acrossChains is such chains under way.
type acrossChains struct {
	*chainsCode
	loads []*acrossLoad
	soon  []*acrossLoad
	data  []*choice
	taken int // how many of those are loads': the others are what is soon asked for's
}

// acrossLoad is a load of such chains.
type acrossLoad struct {
	v     *loop.Val
	first *loop.Val // at depth 0 and position 0, in row 0 of what data choose
	along bool      // elements are side by side; else there is one for all
	unit  bool      // elements along the depth are contiguous
	moves bool      // its position moves with the depth
	bytes asm.Arg   // by so many bytes
	rows  []chosen

	off  asm.Reg // bytes from depth 0
	base asm.Arg // of one for all that is contiguous along the depth
	x    value
}

// chosen is a position that is data.
type chosen struct {
	by     *choice
	bytes  asm.Arg   // from one to the next
	extent *loop.Val // how many there are
}

// choice is data that choose a position: contiguous along the depth.
type choice struct {
	v, first *loop.Val

	base asm.Arg
	at   asm.Reg // the position at hand
}

// acrossChains returns chains as such, nil when they are something else.
func (e *emitter) acrossChains(c *chainsCode) *acrossChains {
	if c.Acc.DType.Size() < 4 {
		return nil
	}
	x, ok := &acrossChains{chainsCode: c}, true
	var visit func(v *loop.Val)
	visit = func(v *loop.Val) {
		ok = ok && v.DType == c.Acc.DType
		switch v.Kind {
		case loop.Load:
			for _, l := range x.loads {
				if loop.Same(l.v, v) {
					return
				}
			}
			if l := e.acrossLoad(x, v); l != nil {
				x.loads = append(x.loads, l)
				return
			}
			ok = false
		case loop.Const:
		case loop.Use:
			ok = ok && v.Var != c.Pos && v.Var != c.Depth
		case loop.Apply:
			ok = ok && v.Op != ir.OpRare && v.Op != ir.OpLookup
			for _, a := range v.Args {
				visit(a)
			}
		default:
			ok = false
		}
	}
	for _, v := range c.Vals {
		visit(v)
	}
	if !ok {
		return nil
	}
	x.taken = len(x.data)
	for _, v := range c.Soon {
		if l := e.acrossLoad(x, v); l != nil && l.along {
			x.soon = append(x.soon, l)
		}
	}
	return x
}

// isList reports whether a load takes elements that are contiguous along the depth, one
// for all lanes.
func (l *acrossLoad) isList() bool { return !l.along && l.moves && l.unit && l.rows == nil }

// acrossLoad returns how a load moves, nil when neither along the depth nor across.
func (e *emitter) acrossLoad(x *acrossChains, v *loop.Val) *acrossLoad {
	l, first := &acrossLoad{v: v}, *v
	first.Args = make([]*loop.Val, len(v.Args))
	coefs := make([]*loop.Val, len(v.Args))
	on := func(x *loop.Var) func(v *loop.Val) bool { return func(v *loop.Val) bool { return uses(v, x) } }
	for d, i := range v.Args {
		if uses(i, x.Pos) {
			base, coef, ok := loop.Affine(i, x.Pos, on(x.Pos))
			if n, isConst := coef.Number(); !ok || !isConst || n != 1 || l.along || !e.class.IsUnit(e.loop, v.Array, d) {
				return nil
			}
			i, l.along = base, true
		}
		base, coef, ok := loop.Affine(i, x.Depth, on(x.Depth))
		if !ok {
			by := e.choice(x, i)
			if by == nil {
				return nil
			}
			one := make([]*loop.Val, len(v.Args))
			for k := range one {
				one[k] = loop.Int(0)
			}
			one[d] = loop.Int(1)
			l.rows = append(l.rows, chosen{by, e.strideBytes(v.Array, one), &loop.Val{Kind: loop.Extent, DType: ir.Int64, Array: v.Array, N: d}})
			base, coef = loop.Int(0), loop.Int(0)
		}
		if n, ok := coef.Number(); !ok || n != 0 {
			l.moves = true
		}
		first.Args[d], coefs[d] = base, coef
	}
	l.first, l.unit, l.bytes = &first, e.isAlong(v.Array, coefs), e.strideBytes(v.Array, coefs)
	return l
}

// choice returns the data that a position is, nil when it is no such.
func (e *emitter) choice(x *acrossChains, v *loop.Val) *choice {
	if v.Kind == loop.Apply && isWidened(v) {
		v = v.Args[0]
	}
	if v.Kind != loop.Load || uses(v, x.Pos) {
		return nil
	}
	for _, c := range x.data {
		if loop.Same(c.v, v) {
			return c
		}
	}
	first, coefs, ok := x.Along(v)
	if !ok || !e.isAlong(v.Array, coefs) {
		return nil
	}
	c := &choice{v: v, first: first}
	x.data = append(x.data, c)
	return c
}

// acrossGroup writes the chains of a group.
func (s *strip) acrossGroup(x *acrossChains, m int) {
	depth, end := s.b.New(asm.GPR), s.b.NewLabel()
	s.b.Op(asm.XOR, asm.W32, asm.R(depth), asm.R(depth))
	s.b.Op(asm.CMP, asm.W64, asm.R(depth), s.slot(x.K))
	s.b.Op(asm.JGE, 0, end)
	for _, c := range x.data {
		c.base = s.start(c.first.Array, c.first.Args)
	}
	moving := append(x.loads[:len(x.loads):len(x.loads)], x.soon...)
	for _, l := range moving {
		if l.moves && (l.along || !l.unit) {
			l.off = s.b.New(asm.GPR)
			s.b.Op(asm.XOR, asm.W32, asm.R(l.off), asm.R(l.off))
		}
	}
	for _, l := range x.loads {
		if !l.moves && l.rows == nil {
			s.acrossElements(l, depth)
		} else if l.isList() {
			l.base = s.start(l.first.Array, l.first.Args)
		}
	}
	if len(x.soon) == 0 {
		s.acrossSteps(x, depth, false)
	} else {
		together := s.b.NewLabel()
		s.jumpIfNear(x, together)
		s.acrossSteps(x, depth, true)
		s.b.Op(asm.JMP, 0, end)
		s.b.Bind(together)
		s.acrossSteps(x, depth, false)
	}
	s.b.Bind(end)
	s.storeStates(x.chainsCode)
}

// acrossSteps writes the loop over the depth, which asks for what is needed soon or not.
func (s *strip) acrossSteps(x *acrossChains, depth asm.Reg, ask bool) {
	again := s.b.NewLabel()
	s.b.Bind(again)
	data := x.data
	if !ask {
		data = data[:x.taken]
	}
	for _, c := range data {
		c.at = s.b.New(asm.GPR)
		size := c.v.DType.Size()
		at := c.base
		at.Index, at.Scale = depth, uint8(size)
		extend(s.b, c.at, at, elementBytes(c.v.DType))
	}
	moving := x.loads
	if ask {
		moving = append(moving[:len(moving):len(moving)], x.soon...)
	}
	for _, l := range moving[len(x.loads):] {
		p := s.acrossPointer(l)
		for i := 0; i < s.members*s.lanes*l.v.DType.Size(); i += cacheLine {
			s.b.Op(asm.PREFETCHT1, 0, asm.MX(p, s.t, uint8(l.v.DType.Size()), int32(i)))
		}
	}
	for _, l := range x.loads {
		if l.moves || l.rows != nil {
			s.acrossElements(l, depth)
		}
	}
	vals := make([]value, len(x.Vals))
	for i, v := range x.Vals {
		vals[i] = s.acrossValue(x, v)
	}
	for u := range x.states {
		s.chainStep(x.chainsCode, u, func(i int) asm.Reg { return s.reg(vals[i].of(u)) })
	}
	for _, l := range moving {
		if l.moves && (l.along || !l.unit) {
			s.b.Op(asm.ADD, asm.W64, asm.R(l.off), l.bytes)
		}
	}
	s.b.Op(asm.ADD, asm.W64, asm.R(depth), asm.I(1))
	s.b.Op(asm.CMP, asm.W64, asm.R(depth), s.slot(x.K))
	s.b.Op(asm.JL, 0, again)
}

// jumpIfNear jumps where nothing needs to be asked for: what is needed soon is in arrays
// that a cache holds, or data choose rows that lie together.
func (s *strip) jumpIfNear(x *acrossChains, label asm.Arg) {
	const cached, near = 256 << 10, 64 // bytes, rows
	far := s.b.NewLabel()
	for _, l := range x.soon {
		for _, row := range l.rows {
			next, last, first := s.b.NewLabel(), s.b.New(asm.GPR), s.b.New(asm.GPR)
			s.b.Op(asm.MOV, asm.W64, asm.R(last), row.bytes)
			s.b.Op(asm.IMUL, asm.W64, asm.R(last), s.slot(row.extent))
			s.b.Op(asm.CMP, asm.W64, asm.R(last), asm.I(cached))
			s.b.Op(asm.JL, 0, next)
			s.b.Op(asm.MOV, asm.W64, asm.R(last), s.slot(x.K))
			s.b.Op(asm.CMP, asm.W64, asm.R(last), asm.I(1)) // one row lies with itself
			s.b.Op(asm.JLE, 0, far)
			at, d := row.by.base, row.by.v.DType
			extend(s.b, first, at, elementBytes(d))
			at.Index, at.Scale = last, uint8(d.Size())
			at.Disp -= int32(d.Size())
			extend(s.b, last, at, elementBytes(d))
			s.b.Op(asm.SUB, asm.W64, asm.R(last), asm.R(first))
			s.b.Op(asm.ADD, asm.W64, asm.R(last), asm.I(near))
			s.b.Op(asm.CMP, asm.W64, asm.R(last), asm.I(2*near))
			s.b.Op(asm.JAE, 0, far)
			s.b.Bind(next)
		}
	}
	s.b.Op(asm.JMP, 0, label)
	s.b.Bind(far)
}

// acrossPointer returns the address of a load's element at position 0 and the depth at
// hand, where data choose it or it moves by a stride.
func (s *strip) acrossPointer(l *acrossLoad) asm.Reg {
	p := s.b.New(asm.GPR)
	base := s.address(l.first.Array, l.first.Args)
	if len(l.rows) == 0 {
		s.b.Op(asm.MOV, asm.W64, asm.R(p), base)
	}
	for i, row := range l.rows {
		q := p
		if i > 0 {
			q = s.b.New(asm.GPR)
		}
		s.b.Op(asm.MOV, asm.W64, asm.R(q), asm.R(row.by.at))
		s.b.Op(asm.IMUL, asm.W64, asm.R(q), row.bytes)
		if i > 0 {
			s.b.Op(asm.ADD, asm.W64, asm.R(p), asm.R(q))
		} else {
			s.b.Op(asm.ADD, asm.W64, asm.R(p), base)
		}
	}
	if l.off != asm.NoReg {
		s.b.Op(asm.ADD, asm.W64, asm.R(p), asm.R(l.off))
	}
	return p
}

// acrossElements loads the elements of the members at hand, or the one for all.
func (s *strip) acrossElements(l *acrossLoad, depth asm.Reg) {
	d := l.v.DType
	if !l.along {
		at := l.base
		if !l.isList() {
			at = asm.M(s.acrossPointer(l), 0)
		}
		if l.moves && l.unit {
			at.Index, at.Scale = depth, uint8(d.Size())
		}
		l.x = value{register(d, s.broadcast(d, at))}
		return
	}
	p := s.acrossPointer(l)
	l.x = l.x[:0:0]
	for u := range s.members {
		at := asm.MX(p, s.t, uint8(d.Size()), int32(u*s.lanes*d.Size()))
		r, mask := asm.NoReg, s.tail[u]
		if mask == asm.NoReg || s.wide() {
			r = s.widen(d, at, mask)
		} else {
			r = s.vec(pair{asm.VMASKMOVPS, asm.VMASKMOVPD}.of(d), s.width(d), asm.R(s.maskFor(mask, d)), at)
		}
		l.x = append(l.x, register(d, r))
	}
}

// acrossValue computes a value of loads that are there.
func (s *strip) acrossValue(x *acrossChains, v *loop.Val) value {
	switch v.Kind {
	case loop.Load:
		for _, l := range x.loads {
			if loop.Same(l.v, v) {
				return l.x
			}
		}
	case loop.Apply:
		args := make([]value, len(v.Args))
		for i, a := range v.Args {
			args[i] = s.acrossValue(x, a)
		}
		return s.op(v.Op, v.DType, v.Args[len(v.Args)-1].DType, args...)
	}
	return s.shared(v, nil)
}
