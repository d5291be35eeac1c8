package x86

import (
	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower/loop"
	"github.com/numen-go/numen/lower/x86/asm"
)

// Chains are sums side by side, each in a lane of a register: a step waits for the one
// before, so it takes several registers to keep the processor busy. There is code for
// chains whose rows lie apart (chains_rows.go) and for chains whose elements lie side by
// side at every depth (chains_across.go); others are strips.

// chainsCode is chains under way.
type chainsCode struct {
	*loop.Chains
	at     []*loop.Val // where the state at hand is
	step   *combineCode
	states []asm.Reg // of the members at hand
}

// chains writes the code of chains.
func (e *emitter) chains(c *loop.Chains) error {
	n, literal := c.N.Number()
	if literal && n <= 0 {
		return nil
	}
	x := &chainsCode{Chains: c, at: []*loop.Val{loop.UseOf(c.Pos)}}
	body := []loop.Stmt{}
	for _, v := range append(c.Vals[:len(c.Vals):len(c.Vals)], c.Soon...) {
		body = append(body, &loop.Store{Array: c.Acc, Index: x.at, Val: v})
	}
	f := e.stripFacts(c.Pos, body, false)
	if !literal && e.strips.guarded != c && f.looksFirst() {
		e.strips.guarded = c
		return e.stmt(&loop.If{Cond: loop.ApplyOp(ir.OpLt, ir.Bool, loop.Int(0), c.N), Then: []loop.Stmt{c}})
	}
	var group func(s *strip, m int)
	if rows := e.rowChains(x, &f); rows != nil {
		group = func(s *strip, m int) { s.rowGroup(rows, m) }
		f.lanes = 4 // addresses are of 64 bits
		if e.level == asm.AVX512 {
			f.lanes = 32 / c.Acc.DType.Size() // 256 bits: putting wider vectors together takes longer
		}
		f.widest = groupSize / f.lanes
	} else if across := e.acrossChains(x); across != nil {
		group = func(s *strip, m int) { s.acrossGroup(across, m) }
		f.lanes = 32 / c.Acc.DType.Size()
		if e.level == asm.AVX512 {
			f.lanes *= 2
		}
		const positions = 32
		f.widest = min(4, positions/f.lanes)
	} else {
		return e.stmts(c.Strips())
	}
	f.narrowest = f.widest
	err := e.allocated(&f, func(s *strip) { s.chains(x, group) })
	const step = 1 // a quarter of a nanosecond
	e.work(step, e.slot(loop.ApplyOp(ir.OpMul, ir.Int64, c.N, c.K)))
	return err
}

// isAlong reports whether elements that lie coefs from each other are contiguous.
func (e *emitter) isAlong(a *loop.Array, coefs []*loop.Val) bool {
	along := false
	for d, c := range coefs {
		switch n, ok := c.Number(); {
		case ok && n == 0:
		case ok && n == 1 && !along && e.class.IsUnit(e.loop, a, d):
			along = true
		default:
			return false
		}
	}
	return along
}

// chains writes the loop over groups: for each number of vectors that a group may need
// there is code, whose last vector has a mask.
func (s *strip) chains(x *chainsCode, group func(s *strip, m int)) {
	d := x.Acc.DType
	x.step = s.combine(x.Combine.Step, []ir.DType{d}, valTypes(x.Vals))
	next, on, done := s.b.NewLabel(), s.b.NewLabel(), s.b.NewLabel()
	count, size := s.slot(x.N), s.batch*s.lanes
	s.t = s.b.New(asm.GPR)
	s.hoist(func() { s.b.Op(asm.XOR, asm.W32, asm.R(s.t), asm.R(s.t)) })
	s.b.Op(asm.CMP, asm.W64, asm.R(s.t), count)
	s.b.Op(asm.JGE, 0, done)
	s.b.Bind(next)
	s.left = s.b.New(asm.GPR)
	s.b.Op(asm.MOV, asm.W64, asm.R(s.left), asm.I(int64(size)))
	rest := s.b.New(asm.GPR)
	s.b.Op(asm.MOV, asm.W64, asm.R(rest), count)
	s.b.Op(asm.SUB, asm.W64, asm.R(rest), asm.R(s.t))
	s.b.Op(asm.CMP, asm.W64, asm.R(rest), asm.R(s.left))
	s.b.Op(asm.CMOVL, asm.W64, asm.R(s.left), asm.R(rest))
	for m := s.batch; m > 0; m-- {
		fewer := s.b.NewLabel()
		if m > 1 {
			s.b.Op(asm.CMP, asm.W64, asm.R(s.left), asm.I(int64((m-1)*s.lanes)))
			s.b.Op(asm.JLE, 0, fewer)
		}
		s.members, s.areas, s.loads = m, 0, s.loads[:0]
		s.tail = make([]asm.Reg, m)
		s.tail[m-1] = s.tailMask(s.left, m-1)
		s.startStates(x)
		group(s, m)
		s.tail = nil
		if m > 1 {
			s.b.Op(asm.JMP, 0, on)
			s.b.Bind(fewer)
		}
	}
	s.b.Bind(on)
	for _, f := range s.advance {
		f(size)
	}
	s.b.Op(asm.ADD, asm.W64, asm.R(s.t), asm.I(int64(size)))
	s.b.Op(asm.CMP, asm.W64, asm.R(s.t), count)
	s.b.Op(asm.JL, 0, next)
	s.b.Bind(done)
}

// startStates loads the states of the members at hand.
func (s *strip) startStates(x *chainsCode) {
	d := x.Acc.DType
	x.states = x.states[:0]
	for u := range s.members {
		if x.Init != nil {
			x.states = append(x.states, s.own(s.constant(d, x.Init.Bits)))
			continue
		}
		x.states = append(x.states, s.vec(asm.VMOVUPS, s.width(d), s.at(s.access(x.Acc, x.at, nil), u*s.lanes)))
	}
}

// storeStates writes the states of the members at hand, in pairs with AVX-512: vectors of
// that width read them next, which takes long when several stores made what one load reads.
func (s *strip) storeStates(x *chainsCode) {
	d := x.Acc.DType
	to := s.access(x.Acc, x.at, nil)
	for u := 0; u < len(x.states); u++ {
		at, w, r := s.at(to, u*s.lanes), s.width(d), x.states[u]
		if s.wide() && w == asm.W256 {
			pair := s.vec(asm.VINSERTF64X4, asm.W512, asm.R(r), asm.R(x.states[min(u+1, len(x.states)-1)]), asm.I(1))
			w, r = asm.W512, pair
			u++
		}
		s.b.Op(asm.VMOVUPS, w, at, asm.R(r))
	}
}

// chainStep takes the state of a member on by a step.
func (s *strip) chainStep(x *chainsCode, u int, val func(i int) asm.Reg) {
	d, state := x.Acc.DType, x.states[u]
	if d.IsFloat() && x.step.isFMA() {
		s.b.Op(pair{asm.VFMADD231PS, asm.VFMADD231PD}.of(d), s.width(d), asm.R(state), asm.R(val(0)), asm.R(val(1)))
		return
	}
	elems := make([]value, len(x.Vals))
	for i, v := range x.Vals {
		elems[i] = value{register(v.DType, val(i))}
	}
	out := s.combined(x.step, []value{{register(d, state)}}, elems)
	s.copy(state, s.reg(out[0].of(0)), d)
}
