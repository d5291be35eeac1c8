package x86

import (
	"slices"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower/loop"
	"github.com/numen-go/numen/lower/x86/asm"
)

// Chains are sums side by side, each in a lane of a register: a step waits for the one
// before, so it takes several registers to keep the processor busy. What a step needs of
// the lanes' rows lies far apart, but what the next steps need lies beside it: 128 bits of
// each row are loaded at a time, and transposed.

// chainsCode is chains under way.
type chainsCode struct {
	*loop.Chains
	at      []*loop.Val // where the state at hand is
	factors []*factor   // by Vals
	soon    []*loop.Val // what is soon asked for, at depth 0: elements along the depth are contiguous
	step    *combineCode
	states  []asm.Reg // of the members at hand
	off     asm.Reg   // bytes from depth 0, of factors that are contiguous
	left    asm.Reg   // steps that are left
}

// factor is a load of chains.
type factor struct {
	first *loop.Val // at depth 0
	rows  bool      // each chain has its own
	unit  bool      // elements along the depth are contiguous
	bytes asm.Arg   // from one of them to the next

	// Of the members at hand.
	base asm.Arg   // of one for all: the first element
	row  []asm.Arg // of rows: where the address of each is
	off  asm.Reg   // bytes from depth 0
}

// chains writes the code of chains.
func (e *emitter) chains(c *loop.Chains) error {
	n, literal := c.N.Number()
	if literal && n <= 0 {
		return nil
	}
	d := c.Acc.DType
	if d.Size() < 4 {
		return e.stmts(c.Strips())
	}
	x := &chainsCode{Chains: c, at: []*loop.Val{loop.UseOf(c.Pos)}}
	body := []loop.Stmt{&loop.Store{Array: c.Acc, Index: x.at, Val: c.Init}}
	load := func(v *loop.Val) *factor {
		first, coefs := c.Along(v)
		body = append(body, &loop.Store{Array: c.Acc, Index: x.at, Val: first})
		return &factor{first: first, unit: e.isAlong(v.Array, coefs), bytes: e.strideBytes(v.Array, coefs)}
	}
	for _, v := range c.Vals {
		x.factors = append(x.factors, load(v))
	}
	for _, v := range c.Soon {
		if f := load(v); f.unit {
			x.soon = append(x.soon, f.first)
		}
	}
	f := e.stripFacts(c.Pos, body, false)
	if !literal && e.strips.guarded != c && f.looksFirst() {
		e.strips.guarded = c
		return e.stmt(&loop.If{Cond: loop.ApplyOp(ir.OpLt, ir.Bool, loop.Int(0), c.N), Then: []loop.Stmt{c}})
	}
	for _, x := range x.factors {
		x.rows = slices.ContainsFunc(x.first.Args, f.varies)
	}
	f.lanes = 4 // addresses are of 64 bits
	if e.level == asm.AVX512 {
		f.lanes = 32 / d.Size() // 256 bits: putting wider vectors together takes longer
	}
	f.widest = groupSize / f.lanes
	f.narrowest = f.widest
	err := e.allocated(&f, func(s *strip) { s.chains(x) })
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
func (s *strip) chains(x *chainsCode) {
	d := x.Acc.DType
	x.step = s.combine(x.Combine.Step, []ir.DType{d}, valTypes(x.Vals))
	next, on, done := s.b.NewLabel(), s.b.NewLabel(), s.b.NewLabel()
	count := s.slot(x.N)
	s.t = s.b.New(asm.GPR)
	s.hoist(func() { s.b.Op(asm.XOR, asm.W32, asm.R(s.t), asm.R(s.t)) })
	s.b.Op(asm.CMP, asm.W64, asm.R(s.t), count)
	s.b.Op(asm.JGE, 0, done)
	s.b.Bind(next)
	s.left = s.b.New(asm.GPR)
	s.b.Op(asm.MOV, asm.W64, asm.R(s.left), asm.I(groupSize))
	rest := s.b.New(asm.GPR)
	s.b.Op(asm.MOV, asm.W64, asm.R(rest), count)
	s.b.Op(asm.SUB, asm.W64, asm.R(rest), asm.R(s.t))
	s.b.Op(asm.CMP, asm.W64, asm.R(rest), asm.R(s.left))
	s.b.Op(asm.CMOVL, asm.W64, asm.R(s.left), asm.R(rest))
	for m := groupSize / s.lanes; m > 0; m-- {
		fewer := s.b.NewLabel()
		if m > 1 {
			s.b.Op(asm.CMP, asm.W64, asm.R(s.left), asm.I(int64((m-1)*s.lanes)))
			s.b.Op(asm.JLE, 0, fewer)
		}
		s.chainGroup(x, m)
		if m > 1 {
			s.b.Op(asm.JMP, 0, on)
			s.b.Bind(fewer)
		}
	}
	s.b.Bind(on)
	for _, f := range s.advance {
		f(groupSize)
	}
	s.b.Op(asm.ADD, asm.W64, asm.R(s.t), asm.I(groupSize))
	s.b.Op(asm.CMP, asm.W64, asm.R(s.t), count)
	s.b.Op(asm.JL, 0, next)
	s.b.Bind(done)
}

// chainGroup writes the chains of a group that m vectors hold.
func (s *strip) chainGroup(x *chainsCode, m int) {
	d := x.Acc.DType
	s.members, s.areas, s.loads = m, 0, s.loads[:0]
	s.tail = make([]asm.Reg, m)
	s.tail[m-1] = s.tailMask(s.left, m-1)
	for _, f := range x.factors {
		if f.rows {
			f.row = s.rowAddresses(f.first)
		} else {
			f.base = s.element(f.first.Array, f.first.Args, nil)
		}
	}
	for _, v := range x.soon {
		s.askFor(x, v)
	}
	x.states = x.states[:0]
	for range m {
		x.states = append(x.states, s.own(s.constant(d, x.Init.Bits)))
	}
	s.chainSteps(x)
	s.storeStates(x)
	s.tail = nil
}

// storeStates writes the states of the members at hand, in pairs with AVX-512: vectors of
// that width read them next, which takes long when several stores made what one load reads.
func (s *strip) storeStates(x *chainsCode) {
	d := x.Acc.DType
	to := s.access(x.Acc, x.at, nil)
	for u := 0; u < len(x.states); u++ {
		at, w, r := s.at(to, u*s.lanes), s.width(d), x.states[u]
		if s.wide() {
			pair := s.vec(asm.VINSERTF64X4, asm.W512, asm.R(r), asm.R(x.states[min(u+1, len(x.states)-1)]), asm.I(1))
			w, r = asm.W512, pair
			u++
		}
		s.b.Op(asm.VMOVUPS, w, at, asm.R(r))
	}
}

// rowAddresses returns where the addresses of the rows of the members at hand are. A
// position that there is not has the first one's.
func (s *strip) rowAddresses(first *loop.Val) []asm.Arg {
	all := s.addressVectors(first.Array, first.Args, nil, nil)
	last := len(all) - 1
	one := s.vec(asm.VPBROADCASTQ, s.width(ir.Int64), asm.R(s.reg(all[0])))
	all[last] = register(ir.Int64, s.blend(s.tail[last], s.reg(all[last]), one, ir.Int64))
	return s.spilled(all, ir.Int64)
}

// askFor asks for the first lines of what other chains need soon, unless it lies together:
// then the processor sees for itself how memory is read.
func (s *strip) askFor(x *chainsCode, first *loop.Val) {
	const most = 4 // the processor sees for itself how a long row goes on
	areas := s.areas
	rows := s.spilled(s.addressVectors(first.Array, first.Args, nil, nil), ir.Int64)
	s.areas = areas
	ask := func(lines int, at func(p asm.Reg, line int) asm.Arg) {
		for _, row := range rows {
			p := s.b.New(asm.GPR)
			s.b.Op(asm.MOV, asm.W64, asm.R(p), row)
			for i := range lines {
				s.b.Op(asm.PREFETCHT1, 0, at(p, i))
			}
		}
	}
	end, short, done := s.b.New(asm.GPR), s.b.NewLabel(), s.b.NewLabel()
	s.b.Op(asm.IMUL3, asm.W64, asm.R(end), s.slot(x.K), asm.I(int64(first.DType.Size())))
	const near = 64 // rows
	apart, limit := s.b.New(asm.GPR), s.b.New(asm.GPR)
	s.b.Op(asm.IMUL3, asm.W64, asm.R(limit), asm.R(end), asm.I(2*near))
	s.b.Op(asm.IMUL3, asm.W64, asm.R(apart), asm.R(end), asm.I(near))
	s.b.Op(asm.ADD, asm.W64, asm.R(apart), rows[max(1, len(rows)-s.lanes)])
	s.b.Op(asm.SUB, asm.W64, asm.R(apart), rows[0])
	s.b.Op(asm.CMP, asm.W64, asm.R(apart), asm.R(limit))
	s.b.Op(asm.JB, 0, done)
	s.b.Op(asm.CMP, asm.W64, asm.R(end), asm.I(most*cacheLine))
	s.b.Op(asm.JL, 0, short)
	ask(most, func(p asm.Reg, line int) asm.Arg { return asm.M(p, int32(line*cacheLine)) })
	s.b.Op(asm.JMP, 0, done)
	s.b.Bind(short)
	off, next := s.b.New(asm.GPR), s.b.NewLabel()
	s.b.Op(asm.XOR, asm.W32, asm.R(off), asm.R(off))
	s.b.Bind(next)
	ask(1, func(p asm.Reg, _ int) asm.Arg { return asm.MX(p, off, 1, 0) })
	s.b.Op(asm.ADD, asm.W64, asm.R(off), asm.I(cacheLine))
	s.b.Op(asm.CMP, asm.W64, asm.R(off), asm.R(end))
	s.b.Op(asm.JL, 0, next)
	s.b.Bind(done)
}

// chainSteps writes the steps of the members at hand.
func (s *strip) chainSteps(x *chainsCode) {
	d := x.Acc.DType
	together := int64(1) // steps that are taken together
	whole := !slices.ContainsFunc(x.factors, func(f *factor) bool { return f.rows && !f.unit })
	x.off, x.left = s.b.New(asm.GPR), s.b.New(asm.GPR)
	s.b.Op(asm.XOR, asm.W32, asm.R(x.off), asm.R(x.off))
	for _, f := range x.factors {
		if f.off = x.off; !f.unit {
			f.off = s.b.New(asm.GPR)
			s.b.Op(asm.XOR, asm.W32, asm.R(f.off), asm.R(f.off))
		}
	}
	s.b.Op(asm.MOV, asm.W64, asm.R(x.left), s.slot(x.K))
	run := func(write func()) { // as long as there are so many
		again, end := s.b.NewLabel(), s.b.NewLabel()
		s.b.Op(asm.SUB, asm.W64, asm.R(x.left), asm.I(together))
		s.b.Op(asm.JL, 0, end)
		s.b.Bind(again)
		write()
		s.b.Op(asm.ADD, asm.W64, asm.R(x.off), asm.I(together*int64(d.Size())))
		s.b.Op(asm.SUB, asm.W64, asm.R(x.left), asm.I(together))
		s.b.Op(asm.JGE, 0, again)
		s.b.Bind(end)
	}
	if whole {
		together = int64(16 / d.Size())
		if s.wide() {
			together = 8
		}
		run(func() { s.someSteps(x, int(together)) })
		s.b.Op(asm.ADD, asm.W64, asm.R(x.left), asm.I(together))
		together = 1
	}
	run(func() { s.oneStep(x) })
}

// shared returns what all chains take of a factor at the depth at hand, k steps on, and
// moves on what is not contiguous.
func (f *factor) shared(s *strip, k int) asm.Reg {
	at := f.base
	at.Index, at.Scale = f.off, 1
	if f.unit {
		at.Disp += int32(k * f.first.DType.Size())
	}
	r := s.broadcast(f.first.DType, at)
	if !f.unit {
		s.b.Op(asm.ADD, asm.W64, asm.R(f.off), f.bytes)
	}
	return r
}

// someSteps writes n steps, for factors that are contiguous or one for all.
func (s *strip) someSteps(x *chainsCode, n int) {
	d := x.Acc.DType
	vals := make([][]asm.Reg, len(x.factors)) // by factor and step
	for i, f := range x.factors {
		for k := 0; k < n && !f.rows; k++ {
			vals[i] = append(vals[i], f.shared(s, k))
		}
	}
	each := 16 / d.Size()
	for u := range x.states {
		rows := make([][]asm.Reg, len(x.factors))
		for i, f := range x.factors {
			if f.rows {
				rows[i] = s.pointers(f, u)
			}
		}
		for k := 0; k < n; k += each {
			for i, f := range x.factors {
				if f.rows {
					vals[i] = append(vals[i][:k:k], s.transposed(rows[i], f.off, d, k)...)
				}
			}
			for j := range each {
				s.chainStep(x, u, func(i int) asm.Reg { return vals[i][k+j] })
			}
		}
	}
}

// oneStep writes one step.
func (s *strip) oneStep(x *chainsCode) {
	d := x.Acc.DType
	vals := make([]asm.Reg, len(x.factors))
	for i, f := range x.factors {
		if !f.rows {
			vals[i] = f.shared(s, 0)
		}
	}
	for u := range x.states {
		for i, f := range x.factors {
			if f.rows {
				rows := s.pointers(f, u)
				vals[i] = s.gathered(d, asm.NoReg, func(lane int) asm.Arg { return asm.MX(rows[lane], f.off, 1, 0) })
			}
		}
		s.chainStep(x, u, func(i int) asm.Reg { return vals[i] })
	}
	for _, f := range x.factors {
		if f.rows && !f.unit {
			s.b.Op(asm.ADD, asm.W64, asm.R(f.off), f.bytes)
		}
	}
}

// chainStep takes the state of a member on by a step.
func (s *strip) chainStep(x *chainsCode, u int, val func(i int) asm.Reg) {
	d, state := x.Acc.DType, x.states[u]
	if d.IsFloat() && x.step.isFMA() {
		s.b.Op(pair{asm.VFMADD231PS, asm.VFMADD231PD}.of(d), s.width(d), asm.R(state), asm.R(val(0)), asm.R(val(1)))
		return
	}
	elems := make([]value, len(x.factors))
	for i := range elems {
		elems[i] = value{register(d, val(i))}
	}
	out := s.combined(x.step, []value{{register(d, state)}}, elems)
	s.copy(state, s.reg(out[0].of(0)), d)
}

// pointers returns registers with the addresses of a member's rows.
func (s *strip) pointers(f *factor, member int) []asm.Reg {
	out := make([]asm.Reg, s.lanes)
	for i := range out {
		out[i] = s.b.New(asm.GPR)
		s.b.Op(asm.MOV, asm.W64, asm.R(out[i]), f.row[member*s.lanes+i])
	}
	return out
}

// transposed loads 128 bits of as many rows as a vector has lanes, from element k on: for
// each element a vector that has the rows'.
func (s *strip) transposed(rows []asm.Reg, off asm.Reg, d ir.DType, k int) []asm.Reg {
	size := d.Size()
	each, w := 16/size, s.width(d)
	part := make([]asm.Reg, each) // rows i, i+each, ...
	for i := range part {
		at := func(row int) asm.Arg { return asm.MX(rows[row], off, 1, int32(k*size)) }
		part[i] = s.vec(asm.VMOVUPS, asm.W128, at(i))
		if s.lanes > each {
			part[i] = s.vec(asm.VINSERTF64X2, w, asm.R(part[i]), at(i+each), asm.I(1))
		}
	}
	low, high := asm.VUNPCKLPD, asm.VUNPCKHPD
	if size == 4 {
		var pairs []asm.Reg
		for i := 0; i < each; i += 2 {
			pairs = append(pairs, s.vec(asm.VUNPCKLPS, w, asm.R(part[i]), asm.R(part[i+1])), s.vec(asm.VUNPCKHPS, w, asm.R(part[i]), asm.R(part[i+1])))
		}
		part = []asm.Reg{pairs[0], pairs[2], pairs[1], pairs[3]}
	}
	var out []asm.Reg
	for i := 0; i < each; i += 2 {
		out = append(out, s.vec(low, w, asm.R(part[i]), asm.R(part[i+1])), s.vec(high, w, asm.R(part[i]), asm.R(part[i+1])))
	}
	return out
}
