package x86

import (
	"slices"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower/loop"
	"github.com/numen-go/numen/lower/x86/asm"
)

// What a strip does one position after another: the values of a group go to scratch
// memory, and a loop runs over its positions.

// column is a value of a group in scratch memory: by position, or one for all.
type column struct {
	d    ir.DType
	disp int32
	one  bool
}

func (s *strip) column(x value, d ir.DType) column {
	return column{d, s.spilled(x, d)[0].Disp, len(x) == 1 && s.members > 1}
}

// at returns the memory of the element of position i.
func (c column) at(i asm.Reg) asm.Arg {
	if c.one {
		return asm.M(Frame, c.disp)
	}
	return asm.MX(Frame, i, uint8(lane(c.d)), c.disp)
}

// serially appends what f appends, for every position of the group in ascending order.
func (s *strip) serially(f func(i asm.Reg)) {
	i, next := s.b.New(asm.GPR), s.b.NewLabel()
	s.b.Op(asm.XOR, asm.W32, asm.R(i), asm.R(i))
	s.b.Bind(next)
	f(i)
	s.b.Op(asm.ADD, asm.W64, asm.R(i), asm.I(1))
	if s.tail != nil {
		s.b.Op(asm.CMP, asm.W64, asm.R(i), asm.R(s.left))
	} else {
		s.b.Op(asm.CMP, asm.W64, asm.R(i), asm.I(int64(s.members*s.lanes)))
	}
	s.b.Op(asm.JL, 0, next)
}

// single appends what f appends as code for one position, in narrow vectors.
func (s *strip) single(f func(one *strip)) {
	one := *s
	one.lanes, one.members, one.tail, one.arms, one.indices = 4, 1, nil, map[*loop.Val]*arm{}, nil
	f(&one)
	s.before, s.err, s.areas = one.before, one.err, one.areas
	s.literals, s.opposites, s.comparisons = one.literals, one.opposites, one.comparisons
	s.fixed, s.fixedCode = one.fixed, one.fixedCode
}

// element returns the element of a column, spread.
func (s *strip) elementOf(c column, i asm.Reg) value {
	return value{register(c.d, s.broadcast(c.d, c.at(i)))}
}

// serialCode is a statement that takes states through the positions: they are carried in
// registers.
type serialCode struct {
	code   *combineCode
	states []asm.Reg
}

// serial returns the code of such a statement. States are loaded ahead of the loops and
// stored after.
func (s *strip) serial(st loop.Stmt, accs []*loop.Array, code func() *combineCode) *serialCode {
	if x := s.serials[st]; x != nil {
		return x
	}
	x := &serialCode{code: code()}
	s.serials[st] = x
	zero := []*loop.Val{loop.Int(0)}
	for _, a := range accs {
		s.hoist(func() {
			s.single(func(one *strip) {
				x.states = append(x.states, one.broadcast(a.DType, one.start(a, zero)))
			})
		})
	}
	s.after = append(s.after, func() {
		s.single(func(one *strip) {
			for i, a := range accs {
				one.storeOne(a.DType, x.states[i], one.start(a, zero))
			}
		})
	})
	return x
}

// take makes the states take a step with elements of a position.
func (x *serialCode) take(one *strip, accs []*loop.Array, columns []column, i asm.Reg) {
	left, right := make([]value, len(accs)), make([]value, len(columns))
	for k, a := range accs {
		left[k] = value{register(a.DType, x.states[k])}
	}
	for k, c := range columns {
		right[k] = one.elementOf(c, i)
	}
	out := one.combined(x.code, left, right)
	regs := make([]asm.Reg, len(out))
	for k, v := range out {
		regs[k] = one.reg(v.of(0))
	}
	for k, a := range accs {
		one.copy(x.states[k], regs[k], a.DType)
	}
}

func (s *strip) columns(vals []*loop.Val) []column {
	out := make([]column, len(vals))
	for i, v := range vals {
		out[i] = s.column(s.value(v, nil), v.DType)
	}
	return out
}

// chain is lanes of one accumulator.
func (s *strip) chain(st *loop.Lanes) {
	x := s.serial(st, st.Accs, func() *combineCode {
		return s.combine(st.Combine.Step, arrayTypes(st.Accs), valTypes(st.Vals))
	})
	if s.alone {
		s.chainAlone(st, x)
		return
	}
	areas := s.areas
	columns := s.columns(st.Vals)
	s.serially(func(i asm.Reg) {
		s.single(func(one *strip) { x.take(one, st.Accs, columns, i) })
	})
	s.areas = areas
}

// prefix writes what comes before each position.
func (s *strip) prefix(st *loop.Prefix) {
	states := arrayTypes(st.Accs)
	x := s.serial(st, st.Accs, func() *combineCode { return s.combine(st.Combine.Merge, states, states) })
	areas := s.areas
	columns := s.columns(st.Vals)
	to := make([]asm.Reg, len(st.Outs))
	outs := make([]*access, len(st.Outs))
	for k, e := range st.Outs {
		outs[k] = s.access(e.Array, e.Index, nil)
		if outs[k] == nil {
			s.fail(errData(e.Array))
			return
		}
		to[k] = s.b.New(asm.GPR)
		if slices.ContainsFunc(e.Index, s.varies) {
			s.b.Op(asm.LEA, asm.W64, asm.R(to[k]), s.walk(outs[k])(0))
		} else {
			s.b.Op(asm.LEA, asm.W64, asm.R(to[k]), asm.M(outs[k].base, outs[k].disp))
		}
	}
	s.serially(func(i asm.Reg) {
		s.single(func(one *strip) {
			for k, e := range st.Outs {
				one.storeOne(e.Array.DType, x.states[k], asm.M(to[k], 0))
				switch {
				case outs[k].stride != asm.NoReg:
					one.b.Op(asm.ADD, asm.W64, asm.R(to[k]), asm.R(outs[k].stride))
				case slices.ContainsFunc(e.Index, s.varies):
					one.b.Op(asm.ADD, asm.W64, asm.R(to[k]), asm.I(int64(outs[k].size)))
				}
			}
			x.take(one, st.Accs, columns, i)
		})
	})
	s.areas = areas
}

// scatter combines values into elements.
func (s *strip) scatter(st *loop.Scatter) {
	arrays := make([]*loop.Array, len(st.Targets))
	for i, e := range st.Targets {
		arrays[i] = e.Array
	}
	if s.combines[st] == nil {
		s.combines[st] = s.combine(st.Combine.Step, arrayTypes(arrays), valTypes(st.Vals))
	}
	step := s.combines[st]
	if s.scatterRow(st, step) {
		return
	}
	areas := s.areas
	addresses := make([]column, len(st.Targets))
	keep := make([]asm.Reg, s.members)
	copy(keep, s.tail)
	for i, e := range st.Targets {
		where := s.addressVectors(e.Array, e.Index, nil, func(d int, p value) {
			if _, _, affine := loop.Affine(e.Index[d], s.pos, s.varies); affine && !touches(e.Index[d]) || i > 0 && loop.Same(e.Index[d], st.Targets[0].Index[d]) {
				return
			}
			extent := s.shared(&loop.Val{Kind: loop.Extent, DType: ir.Int64, Array: e.Array, N: d}, nil)
			in := s.op(ir.OpLt, ir.Bool, ir.Uint64, unsigned(p), unsigned(extent))
			for k := range keep {
				if m := in.of(k).arg.Reg; keep[k] == asm.NoReg {
					keep[k] = m
				} else {
					keep[k] = s.maskAnd(keep[k], m)
				}
			}
		})
		addresses[i] = s.column(where, ir.Int64)
	}
	columns := s.columns(st.Vals)
	bits := s.groupBits(keep)
	s.serially(func(i asm.Reg) {
		skip := s.b.NewLabel()
		if bits != asm.NoReg {
			s.b.Op(asm.BT, asm.W32, asm.R(bits), asm.R(i))
			s.b.Op(asm.JAE, 0, skip)
		}
		s.single(func(one *strip) {
			left, right := make([]value, len(arrays)), make([]value, len(columns))
			to := make([]asm.Arg, len(arrays))
			for k, a := range arrays {
				to[k] = one.pointed(addresses[k].at(i))
				left[k] = value{register(a.DType, one.broadcast(a.DType, to[k]))}
			}
			for k, c := range columns {
				right[k] = one.elementOf(c, i)
			}
			for k, v := range one.combined(step, left, right) {
				defer one.storeOne(arrays[k].DType, one.reg(v.of(0)), to[k])
			}
		})
		s.b.Bind(skip)
	})
	s.areas = areas
}

// scatterRow combines values into elements at different positions side by side, when the
// targets are such and none is dropped.
func (s *strip) scatterRow(st *loop.Scatter, step *combineCode) bool {
	to := make([]*access, len(st.Targets))
	for i, e := range st.Targets {
		apart := false
		for _, v := range e.Index {
			_, coef, ok := loop.Affine(v, s.pos, s.varies)
			if !ok || touches(v) && v.Kind != loop.Check {
				return false
			}
			n, isConst := coef.Number()
			apart = apart || isConst && n != 0
		}
		if to[i] = s.access(e.Array, e.Index, nil); to[i] == nil || !apart {
			return false
		}
	}
	left, right := make([]value, len(to)), make([]value, len(st.Vals))
	for i, v := range st.Vals {
		right[i] = s.value(v, nil)
	}
	for i, e := range st.Targets {
		left[i] = s.loadAlong(e.Array.DType, to[i], s.tail)
	}
	for i, v := range s.combined(step, left, right) {
		s.storeAlong(st.Targets[i].Array.DType, v, to[i])
	}
	return true
}

// unsigned returns integers as unsigned ones.
func unsigned(x value) value {
	out := slices.Clone(x)
	for i := range out {
		out[i].d = ir.Uint64
	}
	return out
}

// groupBits returns masks of members as bits of an integer register, NoReg when they hold
// everywhere.
func (s *strip) groupBits(masks []asm.Reg) asm.Reg {
	if !slices.ContainsFunc(masks, func(m asm.Reg) bool { return m != asm.NoReg }) {
		return asm.NoReg
	}
	bits := asm.NoReg
	for u, m := range masks {
		var b asm.Reg
		if m == asm.NoReg {
			b = s.b.New(asm.GPR)
			s.b.Op(asm.MOV, asm.W32, asm.R(b), asm.I(1<<s.lanes-1))
		} else {
			b = s.maskBits(m)
		}
		if u == 0 {
			bits = b
			continue
		}
		s.b.Op(asm.SHL, asm.W32, asm.R(b), asm.I(int64(u*s.lanes)))
		s.b.Op(asm.OR, asm.W32, asm.R(bits), asm.R(b))
	}
	return bits
}

// appendTo writes the values where a condition holds.
func (s *strip) appendTo(st *loop.Append) {
	areas := s.areas
	cond := s.value(st.Cond, nil)
	masks := make([]asm.Reg, s.members)
	for u := range masks {
		masks[u] = s.reg(cond.of(u))
		if tail := of(s.tail, u); tail != asm.NoReg {
			masks[u] = s.maskAnd(masks[u], tail)
		}
	}
	if s.wide() && !slices.ContainsFunc(st.Outs, func(a *loop.Array) bool { return a.DType.Size() < 4 || !s.class.IsUnit(s.loop, a, 0) }) {
		s.compress(st, masks)
		return
	}
	columns := s.columns(st.Vals)
	bits := s.groupBits(masks)
	count := s.varWord(st.Count)
	i, n := s.b.New(asm.GPR), s.b.New(asm.GPR)
	next, done, full := s.b.NewLabel(), s.b.NewLabel(), s.b.NewLabel()
	s.b.Op(asm.TEST, asm.W32, asm.R(bits), asm.R(bits))
	s.b.Op(asm.JZ, 0, done)
	s.b.Op(asm.MOV, asm.W64, asm.R(n), count)
	s.b.Bind(next)
	s.b.Op(asm.TZCNT, asm.W32, asm.R(i), asm.R(bits))
	for k, a := range st.Outs {
		extent := &loop.Val{Kind: loop.Extent, DType: ir.Int64, Array: a}
		s.b.Op(asm.CMP, asm.W64, asm.R(n), s.slot(extent))
		s.b.Op(asm.JGE, 0, full)
		p, x := s.b.New(asm.GPR), s.b.New(asm.GPR)
		s.b.Op(asm.MOV, asm.W64, asm.R(p), asm.R(n))
		s.b.Op(asm.IMUL, asm.W64, asm.R(p), s.strideBytes(a, []*loop.Val{loop.Int(1)}))
		s.b.Op(asm.ADD, asm.W64, asm.R(p), s.address(a, []*loop.Val{loop.Int(0)}))
		w := asm.Width(8 * a.DType.Size())
		s.b.Op(asm.MOV, max(w, asm.W32), asm.R(x), columns[k].at(i))
		s.b.Op(asm.MOV, w, asm.M(p, 0), asm.R(x))
	}
	s.b.Op(asm.ADD, asm.W64, asm.R(n), asm.I(1))
	s.b.Op(asm.BLSR, asm.W32, asm.R(bits), asm.R(bits))
	s.b.Op(asm.JNZ, 0, next)
	s.b.Op(asm.MOV, asm.W64, count, asm.R(n))
	s.b.Op(asm.JMP, 0, done)
	s.b.Bind(full)
	s.quit(loop.StatusFull)
	s.b.Bind(done)
	s.areas = areas
}

// compress is appendTo to contiguous arrays, a vector at a time (AVX-512).
func (s *strip) compress(st *loop.Append, masks []asm.Reg) {
	vals := make([]value, len(st.Vals))
	base := make([]asm.Reg, len(st.Outs))
	for k, a := range st.Outs {
		vals[k] = s.value(st.Vals[k], nil)
		base[k] = s.b.New(asm.GPR)
		s.b.Op(asm.MOV, asm.W64, asm.R(base[k]), s.address(a, []*loop.Val{loop.Int(0)}))
	}
	count := s.varWord(st.Count)
	n := s.b.New(asm.GPR)
	full, done := s.b.NewLabel(), s.b.NewLabel()
	s.b.Op(asm.MOV, asm.W64, asm.R(n), count)
	for u, mask := range masks {
		taken, end, low := s.maskBits(mask), s.b.New(asm.GPR), s.b.New(asm.GPR)
		next := s.b.NewLabel()
		s.b.Op(asm.POPCNT, asm.W32, asm.R(taken), asm.R(taken))
		s.b.Op(asm.JZ, 0, next) // nothing to write is no error, even past the end
		s.b.Op(asm.LEA, asm.W64, asm.R(end), asm.MX(n, taken, 1, 0))
		for _, a := range st.Outs {
			s.b.Op(asm.CMP, asm.W64, asm.R(end), s.slot(&loop.Val{Kind: loop.Extent, DType: ir.Int64, Array: a}))
			s.b.Op(asm.JG, 0, full)
		}
		s.b.Op(asm.MOV, asm.W32, asm.R(low), asm.I(-1))
		s.b.Op(asm.BZHI, asm.W32, asm.R(low), asm.R(low), asm.R(taken))
		first := s.kmov(low)
		for k, a := range st.Outs {
			d := a.DType
			packed := s.vec(pair{asm.VPCOMPRESSD, asm.VPCOMPRESSQ}.of(d), s.width(d), asm.R(s.reg(vals[k].of(u))))
			s.masked(mask)
			in := s.b.Op(vectorMoves[d], s.width(d), asm.MX(base[k], n, uint8(d.Size()), 0), asm.R(packed))
			in.Mask = first
		}
		s.b.Op(asm.MOV, asm.W64, asm.R(n), asm.R(end))
		s.b.Bind(next)
	}
	s.b.Op(asm.MOV, asm.W64, count, asm.R(n))
	s.b.Op(asm.JMP, 0, done)
	s.b.Bind(full)
	s.quit(loop.StatusFull)
	s.b.Bind(done)
}
