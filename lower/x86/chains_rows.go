package x86

import (
	"slices"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower/loop"
	"github.com/numen-go/numen/lower/x86/asm"
)

// Chains along rows: what a step needs of the lanes' rows lies far apart, but what the next
// steps need lies beside it. So 128 bits of each row are loaded at a time, and transposed.

// rowChains is such chains under way.
type rowChains struct {
	*chainsCode
	factors []*factor   // by Vals
	soon    []*loop.Val // what is soon asked for, at depth 0: elements along the depth are contiguous
	off     asm.Reg     // bytes from depth 0, of factors that are contiguous
	left    asm.Reg     // steps that are left
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

// rowChains returns chains as such: nil when what they take is not loads of the states'
// dtype along the depth.
func (e *emitter) rowChains(c *chainsCode, f *facts) *rowChains {
	d := c.Acc.DType
	if d.Size() < 4 {
		return nil
	}
	x := &rowChains{chainsCode: c}
	apart := false // some rows are not side by side
	for _, v := range c.Vals {
		if v.Kind != loop.Load || v.DType != d {
			return nil
		}
		first, coefs, ok := c.Along(v)
		if !ok {
			return nil
		}
		rows := slices.ContainsFunc(first.Args, f.varies)
		apart = apart || rows && !e.contiguous(f, v.Array, first.Args)
		x.factors = append(x.factors, &factor{first: first, rows: rows, unit: e.isAlong(v.Array, coefs), bytes: e.strideBytes(v.Array, coefs)})
	}
	if !apart {
		return nil
	}
	for _, v := range c.Soon {
		if first, coefs, ok := c.Along(v); ok && e.isAlong(v.Array, coefs) {
			x.soon = append(x.soon, first)
		}
	}
	return x
}

// rowGroup writes the chains of a group.
func (s *strip) rowGroup(x *rowChains, m int) {
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
	s.rowSteps(x)
	s.storeStates(x.chainsCode)
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
func (s *strip) askFor(x *rowChains, first *loop.Val) {
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

// rowSteps writes the steps of the members at hand.
func (s *strip) rowSteps(x *rowChains) {
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
func (s *strip) someSteps(x *rowChains, n int) {
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
				s.chainStep(x.chainsCode, u, func(i int) asm.Reg { return vals[i][k+j] })
			}
		}
	}
}

// oneStep writes one step.
func (s *strip) oneStep(x *rowChains) {
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
		s.chainStep(x.chainsCode, u, func(i int) asm.Reg { return vals[i] })
	}
	for _, f := range x.factors {
		if f.rows && !f.unit {
			s.b.Op(asm.ADD, asm.W64, asm.R(f.off), f.bytes)
		}
	}
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
