package ir

import (
	"errors"
	"fmt"
	"slices"
)

// stmtEval is one statement under way.
type stmtEval struct {
	v        *kernelEval
	s        *Stmt
	domain   []int
	body     *bodyEval
	targets  []*accessEval
	patterns []*bodyEval // per target: where a sparse one stores; nil: everywhere
	over     *accessEval // its memory says where the statement is demanded; nil: everywhere
	pos      []int64
	appended int64
	at, some []int64
}

// stripLen is the longest strip of a statement.
const stripLen = 1024

// wideStrip is the extent from which an axis is worth a strip.
const wideStrip = 8

func (v *kernelEval) newStmt(s *Stmt) (*stmtEval, error) {
	e := &stmtEval{v: v, s: s, domain: v.k.Domain(s), pos: make([]int64, len(v.k.Axes))}
	c := &bodyCompiler{v: v, domain: e.domain}
	args := s.Args
	if v.sparse {
		args = v.structural(args)
	}
	var err error
	for i := range s.Targets {
		t, err := v.newAccess(&s.Targets[i], c.compile)
		if err != nil {
			return nil, err
		}
		e.targets = append(e.targets, t)
	}
	if err := e.newPatterns(c); err != nil {
		return nil, err
	}
	if s.Over != nil {
		if e.over, err = v.newOver(s.Over); err != nil {
			return nil, err
		}
	}
	c.hoist = v.newHoist(e)
	e.body, err = c.compile(args...)
	return e, err
}

// run computes the statement.
func (e *stmtEval) run() error {
	switch e.s.Sink {
	case Store:
		return e.store()
	case Reduce:
		return e.reduce()
	case Scan:
		return e.scan()
	case Scatter:
		return e.scatter()
	}
	return e.append()
}

// each calls f at every position of the axes, in row-major order.
func (e *stmtEval) each(axes []int, f func() error) error {
	if len(axes) == 0 {
		return f()
	}
	a := axes[0]
	for e.pos[a] = e.v.lo[a]; e.pos[a] < e.v.hi[a]; e.pos[a]++ {
		if err := e.each(axes[1:], f); err != nil {
			return err
		}
	}
	return nil
}

// strips calls f with the range of an axis cut into strips; axis -1 is one position.
func (e *stmtEval) strips(axis int, f func(s *strip) error) error {
	if axis < 0 {
		return f(&strip{pos: e.pos, axis: -1, at: []int64{0}})
	}
	for lo := e.v.lo[axis]; lo < e.v.hi[axis]; lo += stripLen {
		e.at = e.at[:0]
		for p := lo; p < min(lo+stripLen, e.v.hi[axis]); p++ {
			e.at = append(e.at, p)
		}
		if err := f(&strip{pos: e.pos, axis: axis, at: e.at}); err != nil {
			return err
		}
	}
	return nil
}

// widest returns the axis of the largest extent, the last of equals; -1 when there is none.
func (e *stmtEval) widest(axes []int) int {
	best, extent := -1, int64(-1)
	for _, a := range axes {
		if n := e.v.hi[a] - e.v.lo[a]; n >= extent {
			best, extent = a, n
		}
	}
	return best
}

// demanded returns the part of a strip that the statement is over, and sets the targets
// of the rest to their fill.
func (e *stmtEval) demanded(s *strip) (*strip, error) {
	if e.over == nil {
		return s, nil
	}
	at, err := e.over.locate(s, false)
	if err != nil {
		return nil, err
	}
	var rest []int64
	e.some = e.some[:0]
	for i, n := range at {
		if e.over.mem.stored[n] {
			e.some = append(e.some, s.at[i])
		} else {
			rest = append(rest, s.at[i])
		}
	}
	for _, t := range e.targets {
		at, err := t.locate(&strip{s.pos, s.axis, rest}, false)
		if err != nil {
			return nil, err
		}
		for _, n := range at {
			t.mem.elems[n] = t.mem.fill
			if t.mem.stored != nil {
				t.mem.stored[n] = false
			}
		}
	}
	return &strip{s.pos, s.axis, e.some}, nil
}

// write stores values of a strip to the targets.
func (e *stmtEval) write(s *strip, values [][]uint64) error {
	for i, t := range e.targets[:len(values)] {
		at, err := t.locate(s, false)
		if err != nil {
			return err
		}
		for j, n := range at {
			t.mem.elems[n] = values[i][j]
		}
		if t.mem.stored == nil {
			continue
		}
		var pattern []uint64
		if e.patterns[i] != nil {
			out, err := e.patterns[i].eval(s)
			if err != nil {
				return err
			}
			pattern = out[0]
		}
		for j, n := range at {
			t.mem.stored[n] = pattern == nil || pattern[j] != 0
			if !t.mem.stored[n] {
				t.mem.elems[n] = t.mem.fill
			}
		}
	}
	return nil
}

func (e *stmtEval) store() error {
	axis := e.widest(e.domain)
	return e.each(others(e.domain, axis), func() error {
		return e.strips(axis, func(s *strip) error {
			s, err := e.demanded(s)
			if err != nil {
				return err
			}
			out, err := e.body.eval(s)
			if err != nil {
				return err
			}
			return e.write(s, out)
		})
	})
}

// others returns axes but for one.
func others(axes []int, axis int) []int {
	return slices.DeleteFunc(slices.Clone(axes), func(a int) bool { return a == axis })
}

// kept returns the domain without the axes in brackets.
func (e *stmtEval) kept() []int { return e.domain[:len(e.domain)-len(e.s.Axes)] }

func (e *stmtEval) argDTypes() []DType {
	out := make([]DType, len(e.s.Args))
	for i, a := range e.s.Args {
		out[i] = a.DType
	}
	return out
}

func (e *stmtEval) reduce() error {
	r := &reducer{combineProgs: e.s.Combine.compile(e.argDTypes()), order: e.s.Order}
	if e.s.Order == StoredOrder || e.s.Order == Stored1 {
		return e.reduceStored(r)
	}
	axis := e.widest(e.kept())
	if axis >= 0 && e.v.hi[axis]-e.v.lo[axis] < wideStrip {
		axis = -1
	}
	return e.each(others(e.kept(), axis), func() error {
		return e.strips(axis, func(s *strip) error {
			s, err := e.demanded(s)
			if err != nil || len(s.at) == 0 {
				return err
			}
			r.reset(len(s.at))
			if axis >= 0 {
				err = e.each(e.s.Axes, func() error {
					out, err := e.body.eval(s)
					if err == nil {
						r.add(out)
					}
					return err
				})
			} else {
				err = e.along(nil, func(out [][]uint64, _ *strip) error {
					r.add(out)
					return nil
				})
			}
			if err != nil {
				return err
			}
			return e.reduced(r, s)
		})
	})
}

// along calls f with the values at each position of the axes in brackets, in order. Where
// only, a bool, does not hold, nothing is evaluated; nil: everywhere.
func (e *stmtEval) along(only *bodyEval, f func(values [][]uint64, at *strip) error) error {
	last := e.s.Axes[len(e.s.Axes)-1]
	one := make([][]uint64, len(e.body.out))
	return e.each(e.s.Axes[:len(e.s.Axes)-1], func() error {
		return e.strips(last, func(s *strip) error {
			s, err := e.where(only, s)
			if err != nil {
				return err
			}
			out, err := e.body.eval(s)
			if err != nil {
				return err
			}
			for i := range s.at {
				for j := range out {
					one[j] = out[j][i : i+1]
				}
				if err := f(one, &strip{s.pos, s.axis, s.at[i : i+1]}); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

// where returns the part of a strip where only holds.
func (e *stmtEval) where(only *bodyEval, s *strip) (*strip, error) {
	if only == nil {
		return s, nil
	}
	holds, err := only.eval(s)
	if err != nil {
		return nil, err
	}
	e.some = e.some[:0]
	for i, h := range holds[0] {
		if h != 0 {
			e.some = append(e.some, s.at[i])
		}
	}
	return &strip{s.pos, s.axis, e.some}, nil
}

// reduced writes the results of the reductions of a strip.
func (e *stmtEval) reduced(r *reducer, s *strip) error {
	out := r.finish()
	if out == nil {
		if r.empty == nil {
			return fmt.Errorf("%s of nothing", e.s.Combine.Name)
		}
		out = r.state(r.empty)
	}
	return e.write(s, out)
}

// reduceStored combines what the sparse operands store; what they do not store is one
// value of a reduction of nothing, at the end.
func (e *stmtEval) reduceStored(r *reducer) error {
	compiler := &bodyCompiler{v: e.v, domain: e.domain}
	stored, err := compiler.compile(e.v.allStored(e.s.Args))
	if err != nil {
		return err
	}
	positions := int64(1)
	for _, a := range e.s.Axes {
		positions *= e.v.hi[a] - e.v.lo[a]
	}
	return e.each(e.kept(), func() error {
		s, err := e.demanded(&strip{pos: e.pos, axis: -1, at: []int64{0}})
		if err != nil || len(s.at) == 0 {
			return err
		}
		r.reset(1)
		err = e.along(stored, func(values [][]uint64, _ *strip) error {
			r.add(values)
			return nil
		})
		if err != nil {
			return err
		}
		out := r.finish()
		switch {
		case out == nil:
			out = r.state(r.empty)
		case r.count < positions:
			r.mergeInto(out, r.state(r.empty))
		}
		return e.writeReduced(s, out, r.count > 0)
	})
}

// writeReduced writes a reduction of what is stored; to a sparse output only where there
// was something.
func (e *stmtEval) writeReduced(s *strip, out [][]uint64, any bool) error {
	if err := e.write(s, out); err != nil || any {
		return err
	}
	for i, t := range e.targets {
		if e.v.k.Operands[e.s.Targets[i].Operand].Format.sparse() {
			n := t.at[0]
			t.mem.elems[n], t.mem.stored[n] = t.mem.fill, false
		}
	}
	return nil
}

func (e *stmtEval) scan() error {
	axis := e.s.Axes[0]
	p := e.s.Combine.compile(e.argDTypes())
	return e.each(e.kept(), func() error {
		var at []int64
		for q := e.v.lo[axis]; q < e.v.hi[axis]; q++ {
			at = append(at, q)
		}
		line := &strip{pos: e.pos, axis: axis, at: at}
		out, err := e.body.eval(line)
		if err != nil {
			return err
		}
		state := p.identity[0]
		here := &strip{pos: e.pos, axis: -1, at: []int64{0}}
		if len(e.targets) == 2 {
			c, err := e.targets[1].locate(here, false)
			if err != nil {
				return err
			}
			state = e.targets[1].mem.elems[c[0]]
		}
		values, last := e.scanLine(&p, slices.Clone(out[0]), state)
		if err := e.write(line, [][]uint64{values}); err != nil {
			return err
		}
		if len(e.targets) == 2 {
			c, err := e.targets[1].locate(here, false)
			if err != nil {
				return err
			}
			e.targets[1].mem.elems[c[0]] = last
		}
		return nil
	})
}

// scanLine scans x from a state and returns the state after it. An exclusive scan gives
// each position what an inclusive one gives the position before; the first of the whole
// axis gets a reduction of nothing.
func (e *stmtEval) scanLine(p *combineProgs, x []uint64, state uint64) (values []uint64, last uint64) {
	axis := e.s.Axes[0]
	if e.s.Scan == Backward {
		slices.Reverse(x)
	}
	last = p.scan(x, state)
	switch {
	case e.s.Scan == Backward:
		slices.Reverse(x)
	case e.s.Scan == Exclusive && len(x) > 0:
		copy(x[1:], x)
		x[0] = state
		if len(e.targets) == 1 || e.v.lo[axis] == 0 {
			if p.empty != nil {
				x[0] = p.empty[0]
			}
		}
	}
	return x, last
}

// scatter combines values into the targets, positions ascending, one after another.
func (e *stmtEval) scatter() error {
	p := e.s.Combine.compile(e.argDTypes())
	var in [][]uint64
	state := make([][]uint64, len(e.targets))
	return e.each(e.kept(), func() error {
		return e.along(nil, func(values [][]uint64, at *strip) error {
			for i, t := range e.targets {
				n, err := t.locate(at, true)
				if err != nil {
					return err
				}
				if t.drop[0] {
					return nil
				}
				state[i] = t.mem.elems[n[0] : n[0]+1]
			}
			in = append(append(in[:0], state...), values...)
			p.step.RunStrip(1, in, state)
			return nil
		})
	})
}

// append writes the values where the first one holds, one after another.
func (e *stmtEval) append() error {
	compiler := &bodyCompiler{v: e.v, domain: e.domain}
	holds, err := compiler.compile(e.s.Args[0])
	if err != nil {
		return err
	}
	if e.body, err = compiler.compile(e.s.Args[1:]...); err != nil {
		return err
	}
	return e.along(holds, func(values [][]uint64, _ *strip) error {
		for i, t := range e.targets {
			m, n := t.mem, t.mem.offset+e.appended*t.mem.strides[0]
			if e.appended >= m.extents[0] || n < 0 || n >= int64(len(m.elems)) {
				return errors.New("append: more elements than the target has room for")
			}
			m.elems[n] = values[i][0]
		}
		e.appended++
		return nil
	})
}
