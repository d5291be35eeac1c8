package x86

import (
	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower/loop"
	"github.com/numen-go/numen/lower/x86/asm"
)

// combineCode is a combine's step or merge as code of strips: two states, or a state and
// elements, and what comes out.
type combineCode struct {
	left, right []*loop.Var
	names       []*loop.Set
	out         []*loop.Val
}

func (s *strip) combine(f func(b *ir.Builder, left, right []*ir.Expr) []*ir.Expr, left, right []ir.DType) *combineCode {
	c := &combineCode{}
	vars := func(ds []ir.DType) (out []*loop.Var, vals []*loop.Val) {
		for _, d := range ds {
			v := &loop.Var{Name: "s", DType: d}
			s.moves[v] = true
			out, vals = append(out, v), append(vals, loop.UseOf(v))
		}
		return out, vals
	}
	var l, r []*loop.Val
	c.left, l = vars(left)
	c.right, r = vars(right)
	c.names, c.out = loop.Combined(f, l, r, Keep(s.level))
	for _, set := range c.names {
		s.moves[set.Var] = true
		s.values[set.Var] = set.Val
	}
	return c
}

// apply computes the combine of values.
func (s *strip) combined(c *combineCode, left, right []value) []value {
	for i, v := range c.left {
		s.lets[v] = left[i]
	}
	for i, v := range c.right {
		s.lets[v] = right[i]
	}
	for _, set := range c.names {
		s.lets[set.Var] = s.value(set.Val, nil)
	}
	out := make([]value, len(c.out))
	for i, v := range c.out {
		out[i] = s.value(v, nil)
	}
	return out
}

func arrayTypes(arrays []*loop.Array) []ir.DType {
	out := make([]ir.DType, len(arrays))
	for i, a := range arrays {
		out[i] = a.DType
	}
	return out
}

func valTypes(vals []*loop.Val) []ir.DType {
	out := make([]ir.DType, len(vals))
	for i, v := range vals {
		out[i] = v.DType
	}
	return out
}

// laneCode is a lanes statement: its accumulators are in registers as long as the loops
// run. Where order is free every group of an iteration has accumulators of its own, so that
// the groups do not wait for one another.
type laneCode struct {
	step *combineCode
	accs [][]asm.Reg // by state, by vector of the 16 lanes, of each group
}

// accumulators returns how many lanes a statement combines into: 16 or 1.
func (e *emitter) accumulators(st *loop.Lanes) int64 {
	if e.strips.locals == nil {
		e.strips.locals = e.loop.Locals()
	}
	n, _ := e.strips.locals[st.Accs[0]].Extents[0].Number()
	return n
}

// lanesStep combines elements into lanes.
func (s *strip) lanesStep(st *loop.Lanes) {
	if s.accumulators(st) == 1 {
		s.chain(st)
		return
	}
	x := s.lanesOf[st]
	if x == nil {
		x = s.laneCode(st)
		s.lanesOf[st] = x
	}
	state, elems := make([]value, len(st.Accs)), make([]value, len(st.Vals))
	for i, v := range st.Vals {
		elems[i] = s.value(v, nil)
	}
	acc := func(i, u int) asm.Reg { return x.accs[i][(s.first+u)%len(x.accs[i])] }
	for i, a := range st.Accs {
		for u := range s.members {
			state[i] = append(state[i], register(a.DType, acc(i, u)))
		}
	}
	for i, v := range s.combined(x.step, state, elems) {
		d := st.Accs[i].DType
		for u := range s.members {
			r := s.reg(v.of(u))
			if mask := of(s.tail, u); mask != asm.NoReg {
				r = s.blend(mask, r, acc(i, u), d)
				s.into(acc(i, u), d, r)
				continue
			}
			if len(st.Accs) == 1 && len(v) > 1 && !s.named(r) {
				s.into(acc(i, u), d, r)
			} else {
				defer s.copy(acc(i, u), r, d) // when all states are computed
			}
		}
	}
}

// named reports whether a register holds a value that may be asked for again.
func (s *strip) named(r asm.Reg) bool {
	has := func(x value) bool {
		for _, o := range x {
			if o.arg.Kind == asm.Register && o.arg.Reg == r {
				return true
			}
		}
		return false
	}
	for _, x := range s.lets {
		if has(x) {
			return true
		}
	}
	for _, x := range s.hoisted {
		if has(x) {
			return true
		}
	}
	for _, l := range s.loads {
		if has(l.x) {
			return true
		}
	}
	return false
}

// laneCode loads the accumulators ahead of the loops, and stores them after.
func (s *strip) laneCode(st *loop.Lanes) *laneCode {
	x := &laneCode{step: s.combine(st.Combine.Step, arrayTypes(st.Accs), valTypes(st.Vals)), accs: make([][]asm.Reg, len(st.Accs))}
	rotated, zero := false, []*loop.Val{loop.Int(0)}
	if st.At != nil {
		n, ok := st.At.Number()
		rotated = !ok || n%groupSize != 0
	}
	for i, a := range st.Accs {
		d := a.DType
		s.hoist(func() {
			from := s.start(a, zero)
			if rotated {
				from = asm.M(s.rotatedLanes(from, d, st.At), 0)
			}
			for k := 0; k < groupSize; k += s.lanes {
				x.accs[i] = append(x.accs[i], s.widen(d, past(from, k*d.Size()), asm.NoReg))
			}
		})
	}
	if s.unroll > 1 && s.t != asm.NoReg {
		s.severalSets(st, x)
	}
	vectors := groupSize / s.lanes
	for i, a := range st.Accs {
		d := a.DType
		s.after = append(s.after, func() {
			to := s.start(a, zero)
			at := to
			if rotated {
				at = asm.M(Frame, s.twice())
			}
			for k, r := range x.accs[i][:vectors] {
				s.storeVector(d, r, asm.NoReg, func(j int) asm.Arg { return past(at, (k*s.lanes+j)*d.Size()) })
			}
			if rotated {
				s.unrotate(to, d, st.At)
			}
		})
	}
	return x
}

// severalSets gives the groups after the first of an iteration accumulators, which are
// merged with the first group's after the loops.
func (s *strip) severalSets(st *loop.Lanes, x *laneCode) {
	states, vectors := arrayTypes(st.Accs), groupSize/s.lanes
	id, _ := st.Combine.Identity(states)
	s.hoist(func() {
		for i, d := range states {
			for range vectors * (s.unroll - 1) {
				x.accs[i] = append(x.accs[i], s.load(s.constant(d, id[i])))
			}
		}
	})
	merge := s.combine(st.Combine.Merge, states, states)
	s.after = append(s.after, func() {
		set := func(g int) []value {
			out := make([]value, len(states))
			for i, d := range states {
				for _, r := range x.accs[i][g*vectors : (g+1)*vectors] {
					out[i] = append(out[i], register(d, r))
				}
			}
			return out
		}
		s.members = vectors
		for g := 1; g < s.unroll; g++ {
			for i, v := range s.combined(merge, set(0), set(g)) {
				for u := range vectors {
					x.accs[i][u] = s.reg(v.of(u))
				}
			}
		}
	})
}

// past returns the memory some bytes behind another.
func past(m asm.Arg, bytes int) asm.Arg {
	m.Disp += int32(bytes)
	return m
}

// twice returns scratch memory for 16 lanes, twice.
func (s *strip) twice() int32 {
	if s.strips.twice == 0 {
		s.strips.twice = int32(8 * s.space(2*groupSize))
	}
	return s.strips.twice
}

// lane0 returns the lane that the first position goes to, in a register.
func (s *strip) lane0(at *loop.Val) asm.Reg {
	r := s.b.New(asm.GPR)
	s.b.Op(asm.MOV, asm.W64, asm.R(r), s.slot(s.plain(at)))
	s.b.Op(asm.AND, asm.W32, asm.R(r), asm.I(groupSize-1))
	return r
}

// rotatedLanes returns the address of a copy of lanes in which the one that the first
// position goes to is the first.
func (s *strip) rotatedLanes(from asm.Arg, d ir.DType, first *loop.Val) asm.Reg {
	n, to := int32(groupSize*d.Size()), s.twice()
	for i := int32(0); i < n; i += 16 {
		x := s.vec(asm.VMOVUPS, asm.W128, past(from, int(i)))
		s.b.Op(asm.VMOVUPS, asm.W128, asm.M(Frame, to+i), asm.R(x))
		s.b.Op(asm.VMOVUPS, asm.W128, asm.M(Frame, to+n+i), asm.R(x))
	}
	r := s.b.New(asm.GPR)
	s.b.Op(asm.LEA, asm.W64, asm.R(r), asm.MX(Frame, s.lane0(first), uint8(d.Size()), to))
	return r
}

// unrotate copies lanes from scratch memory to where they belong.
func (s *strip) unrotate(to asm.Arg, d ir.DType, first *loop.Val) {
	n, from := int32(groupSize*d.Size()), s.twice()
	for i := int32(0); i < n; i += 16 {
		x := s.vec(asm.VMOVUPS, asm.W128, asm.M(Frame, from+i))
		s.b.Op(asm.VMOVUPS, asm.W128, asm.M(Frame, from+n+i), asm.R(x))
	}
	back := s.lane0(first)
	s.b.Op(asm.NEG, asm.W64, asm.R(back))
	for i := int32(0); i < n; i += 16 {
		x := s.vec(asm.VMOVUPS, asm.W128, asm.MX(Frame, back, uint8(d.Size()), from+n+i))
		s.b.Op(asm.VMOVUPS, asm.W128, past(to, int(i)), asm.R(x))
	}
}

// fold merges 16 lanes into lane 0. The others are of no use afterwards.
func (e *emitter) fold(st *loop.Fold) error {
	f := facts{moves: map[*loop.Var]bool{}, values: map[*loop.Var]*loop.Val{}, lanes: foldLanes(e.level, st.Accs)}
	f.widest, f.narrowest = 1, 1
	return e.allocated(&f, func(s *strip) {
		states := arrayTypes(st.Accs)
		merge := s.combine(st.Combine.Merge, states, states)
		zero := []*loop.Val{loop.Int(0)}
		starts := make([]asm.Arg, len(states))
		lanes := make([]value, len(states))
		for i, d := range states {
			starts[i] = s.start(st.Accs[i], zero)
			for k := 0; k < groupSize; k += s.lanes {
				lanes[i] = append(lanes[i], register(d, s.widen(d, past(starts[i], k*d.Size()), asm.NoReg)))
			}
		}
		for h := groupSize / 2; h > 0; h /= 2 {
			left, right := make([]value, len(states)), make([]value, len(states))
			for i, d := range states {
				if half := len(lanes[i]) / 2; half > 0 {
					left[i], right[i] = lanes[i][:half], lanes[i][half:]
				} else {
					left[i], right[i] = lanes[i], value{register(d, s.down(lanes[i][0].arg.Reg, d, h))}
				}
			}
			s.members = len(left[0])
			lanes = s.combined(merge, left, right)
		}
		for i, d := range states {
			s.storeOne(d, s.reg(lanes[i].of(0)), starts[i])
		}
	})
}

// foldLanes returns the lanes of a vector that holds all states.
func foldLanes(level asm.Level, accs []*loop.Array) int {
	bytes := 32
	if level == asm.AVX512 {
		bytes = 64
	}
	widest := 4
	for _, a := range accs {
		widest = max(widest, lane(a.DType))
	}
	return bytes / widest
}
