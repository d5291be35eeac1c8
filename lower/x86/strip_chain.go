package x86

import (
	"errors"
	"maps"
	"slices"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower/loop"
	"github.com/numen-go/numen/lower/x86/asm"
)

// A strip that does nothing but take one state through elements, which lie anywhere, goes
// position by position: vectors would have to be put together from elements, and taken
// apart again. Values are narrow vectors of which the first element counts.

// errNotAlone says that a strip has to be written another way.
var errNotAlone = errors.New("x86: a strip that is not written position by position")

// stepsAlone reports whether a strip is such a one.
func (e *emitter) stepsAlone(f *facts) bool {
	last := len(f.body) - 1
	for _, st := range f.body[:last] {
		if _, ok := st.(*loop.Set); !ok {
			return false
		}
	}
	st, ok := f.body[last].(*loop.Lanes)
	return ok && e.accumulators(st) == 1 && !slices.ContainsFunc(st.Vals, func(v *loop.Val) bool { return !f.loadedAlone(v) })
}

// loadedAlone reports whether a value is little more than loads, and something is loaded
// from where data say.
func (f *facts) loadedAlone(v *loop.Val) bool {
	switch {
	case !f.varies(v):
		return true
	case v.Kind == loop.Use && f.values[v.Var] != nil:
		return f.loadedAlone(f.values[v.Var])
	case v.Kind == loop.Load:
		return !slices.ContainsFunc(v.Args, func(x *loop.Val) bool {
			_, _, affine := loop.Affine(x, f.pos, f.varies)
			return !affine && f.dataOf(x) == nil
		})
	case v.Kind == loop.Apply && aloneOps[v.Op]:
		return !slices.ContainsFunc(v.Args, func(x *loop.Val) bool { return !f.loadedAlone(x) })
	}
	return false
}

// aloneOps are ops that one element does not take much longer for than a vector's share.
var aloneOps = map[*ir.Op]bool{ir.OpAdd: true, ir.OpSub: true, ir.OpMul: true, ir.OpNeg: true, ir.OpCast: true}

// dataOf returns the load that a position is, nil when it is anything else.
func (f *facts) dataOf(v *loop.Val) *loop.Val {
	switch {
	case v.Kind == loop.Use && f.values[v.Var] != nil:
		return f.dataOf(f.values[v.Var])
	case v.Kind == loop.Apply && isWidened(v):
		v = v.Args[0]
	case v.Kind != loop.Load || v.DType != ir.Int64:
		return nil
	}
	for _, x := range v.Args {
		if _, _, affine := loop.Affine(x, f.pos, f.varies); !affine {
			return nil
		}
	}
	return v
}

// oneByOne writes the loop over the positions of such a strip.
func (s *strip) oneByOne(n *loop.Val) {
	s.alone, s.lanes, s.members, s.batch = true, 4, 1, 1
	s.late = maps.Clone(s.late)
	for _, st := range s.body {
		if set, ok := st.(*loop.Set); ok {
			s.late[set.Var] = true // what only says where to load from is never a vector
		}
	}
	top, done := s.b.NewLabel(), s.b.NewLabel()
	count, last := s.slot(n), s.b.New(asm.GPR)
	s.t = s.b.New(asm.GPR)
	s.b.Bind(top)
	s.statements()
	for _, f := range s.advance {
		f(1)
	}
	s.b.Op(asm.ADD, asm.W64, asm.R(s.t), asm.I(1))
	s.b.Op(asm.CMP, asm.W64, asm.R(s.t), asm.R(last))
	s.b.Op(asm.JL, 0, top)
	for _, f := range s.after {
		f()
	}
	s.after = nil
	s.b.Bind(done)

	// A strip of no positions looks at nothing.
	body := s.b.Insts
	s.b.Insts = s.list()
	s.b.Op(asm.XOR, asm.W32, asm.R(s.t), asm.R(s.t))
	s.b.Op(asm.MOV, asm.W64, asm.R(last), count)
	s.b.Op(asm.TEST, asm.W64, asm.R(last), asm.R(last))
	s.b.Op(asm.JLE, 0, done)
	s.b.Insts = append(s.b.Insts, s.before...)
	s.b.Insts = append(s.b.Insts, body...)
	s.drop(body)
	s.drop(s.before)
	s.before = nil
}

// chainAlone takes a state on by the position at hand.
func (s *strip) chainAlone(st *loop.Lanes, x *serialCode) {
	left, right := make([]value, len(st.Accs)), make([]value, len(st.Vals))
	for i, a := range st.Accs {
		left[i] = value{register(a.DType, x.states[i])}
	}
	for i, v := range st.Vals {
		right[i] = s.value(v, nil)
	}
	if x.code.isFMA() {
		d := st.Accs[0].DType
		s.b.Op(pair{asm.VFMADD231PS, asm.VFMADD231PD}.of(d), s.width(d), asm.R(x.states[0]), asm.R(s.reg(right[0].of(0))), asm.R(s.reg(right[1].of(0))))
		return
	}
	out := s.combined(x.code, left, right)
	regs := make([]asm.Reg, len(out))
	for i, v := range out {
		regs[i] = s.reg(v.of(0))
	}
	for i, a := range st.Accs {
		s.copy(x.states[i], regs[i], a.DType)
	}
}

// isFMA reports whether the code adds the product of two elements to a state.
func (c *combineCode) isFMA() bool {
	if len(c.out) != 1 || len(c.names) > 0 || len(c.right) != 2 {
		return false
	}
	v := c.out[0]
	uses := func(i int, x *loop.Var) bool { return v.Args[i].Kind == loop.Use && v.Args[i].Var == x }
	return v.Kind == loop.Apply && v.Op == ir.OpFMA && uses(0, c.right[0]) && uses(1, c.right[1]) && uses(2, c.left[0])
}

// elementAlone loads the element of the position at hand.
func (s *strip) elementAlone(v *loop.Val) value {
	if m, ok := s.along(v); ok {
		return value{register(v.DType, s.broadcast(v.DType, m))}
	}
	bases, data := slices.Clone(v.Args), make([]*loop.Val, len(v.Args))
	for d, x := range v.Args {
		if _, _, affine := loop.Affine(x, s.pos, s.varies); !affine {
			bases[d], data[d] = loop.Int(0), s.dataOf(x)
		}
	}
	m, ok := s.along(&loop.Val{Kind: loop.Load, DType: v.DType, Array: v.Array, Args: bases})
	if !ok || m.Index != asm.NoReg {
		s.fail(errNotAlone)
		return value{register(v.DType, s.b.New(asm.Vec))}
	}
	for d, x := range data {
		if x == nil {
			continue
		}
		from, ok := s.along(x)
		if !ok {
			s.fail(errNotAlone)
			continue
		}
		p, size := s.b.New(asm.GPR), v.DType.Size()
		extend(s.b, p, from, elementBytes(x.DType))
		if s.class.IsUnit(s.loop, v.Array, d) && m.Index == asm.NoReg {
			m = asm.MX(m.Reg, p, uint8(size), m.Disp)
			continue
		}
		one := make([]*loop.Val, len(data))
		for i := range one {
			one[i] = loop.Int(0)
		}
		one[d] = loop.Int(1)
		s.b.Op(asm.IMUL, asm.W64, asm.R(p), s.strideBytes(v.Array, one))
		s.b.Op(asm.ADD, asm.W64, asm.R(p), asm.R(m.Reg))
		m.Reg = p
	}
	return value{register(v.DType, s.broadcast(v.DType, m))}
}

// along returns the memory of an element at the position at hand, when positions along
// the strip are affine.
func (s *strip) along(v *loop.Val) (asm.Arg, bool) {
	x := s.access(v.Array, v.Args, nil)
	switch {
	case x == nil:
		return asm.Arg{}, false
	case x.stride != asm.NoReg || !slices.ContainsFunc(v.Args, s.varies):
		return asm.M(x.base, x.disp), true
	}
	return s.at(x, 0), true
}
