package passes

import (
	"errors"
	"fmt"
	"slices"

	"github.com/numen-go/numen/ir"
)

// levelled returns the levels of what a kernel with sparse operands makes, nil when that
// is dense, and the kernel with them and with the orders of its reductions that formats
// decide: over stored entries where a body has a pattern.
//
// An elementwise result stores where its body may differ from its fill. A reduction is
// dense along one axis; where two axes or more of what it keeps are those of sparse
// operands, a dense result could be far larger than its operands, and it is sparse.
func levelled(k *ir.Kernel) (out *ir.Format, changed *ir.Kernel, err error) {
	c := *k
	c.Operands, c.Stmts = slices.Clone(k.Operands), slices.Clone(k.Stmts)
	for i := range c.Operands {
		if c.Operands[i].Role != ir.In {
			c.Operands[i].Format = nil
		}
	}
	pats := c.Patterns()
	last := len(c.Stmts) - 1
	for i := range c.Stmts {
		s := &c.Stmts[i]
		var f *ir.Format
		switch s.Sink {
		case ir.Reduce:
			f = reducedLevels(&c, s, pats)
		case ir.Store:
			if f, err = storedLevels(&c, s, pats); err != nil {
				return nil, nil, err
			}
		}
		for _, t := range s.Targets {
			if o := &c.Operands[t.Operand]; o.Role == ir.Out && len(s.Targets) == 1 {
				o.Format = f
				if i == last {
					out = f
				}
			}
		}
	}
	return out, &c, nil
}

// reducedLevels sets the order of a reduction whose body has a pattern, and returns the
// format of its result.
func reducedLevels(k *ir.Kernel, s *ir.Stmt, pats *ir.Patterns) *ir.Format {
	p := pats.Stored(s.Args)
	if p.Kind == ir.Everywhere || s.Order == ir.Free {
		return nil
	}
	states := s.Combine.States(dtypesOf(s.Args))
	empty, ok := s.Combine.Empty(states)
	if !ok || !structural(s, pats, empty) {
		return nil // what is not stored is a number like others
	}
	s.Order = ir.StoredOrder
	var loads []*ir.Access
	leaves(p, func(a *ir.Access) { loads = append(loads, a) })
	held := map[int]bool{} // kept axes of sparse operands
	for _, a := range loads {
		f := k.Operands[a.Operand].Format
		reduced := false
		for l := range f.Levels {
			for _, t := range a.Index[levelAxis(f, l)].Terms {
				if slices.Contains(s.Axes, t.Axis) {
					reduced = true
					continue
				}
				held[t.Axis] = true
				if reduced { // a kept axis below a reduced one
					s.Order = ir.Stored1
				}
			}
		}
	}
	if !inLevels(k, loads, s.Axes) {
		s.Order = ir.Stored1
	}
	if len(held) < 2 || len(s.Targets) > 1 {
		return nil
	}
	out := &ir.Format{Fill: empty[0]}
	t := s.Targets[0]
	for d, x := range t.Index {
		level := ir.LevelDense
		if d == len(t.Index)-1 && len(x.Terms) == 1 && held[x.Terms[0].Axis] {
			level = ir.LevelCompressed
		} else if s.Order == ir.StoredOrder && len(x.Terms) == 1 && isList(k, loads, x.Terms[0].Axis) {
			level = ir.LevelCompressed
		}
		out.Levels = append(out.Levels, level)
	}
	closed(out, t, func(axis int) bool { return held[axis] })
	return out
}

// structural reports whether what is not stored adds nothing to a reduction: the body is
// the empty result there, for a product one of the factors.
func structural(s *ir.Stmt, pats *ir.Patterns, empty []uint64) bool {
	for _, e := range s.Args {
		if p := pats.Of(e); p.Kind <= ir.Everywhere {
			continue
		}
		if fill, ok := pats.Fill(e); !ok || fill != empty[0] {
			return false
		}
	}
	return true
}

// inLevels reports whether the reduced axes stand in the order in which they are
// flattened in every operand that has several of them.
func inLevels(k *ir.Kernel, loads []*ir.Access, reduced []int) bool {
	for _, a := range loads {
		f, last := k.Operands[a.Operand].Format, -1
		for l := range f.Levels {
			for _, t := range a.Index[levelAxis(f, l)].Terms {
				if n := slices.Index(reduced, t.Axis); n >= 0 {
					if n < last {
						return false
					}
					last = n
				}
			}
		}
	}
	return true
}

// isList reports whether no operand stores every position of an axis.
func isList(k *ir.Kernel, loads []*ir.Access, axis int) bool {
	found := false
	for _, a := range loads {
		f := k.Operands[a.Operand].Format
		for l, kind := range f.Levels {
			at := ir.Access{Index: []ir.Index{a.Index[levelAxis(f, l)]}}
			if slices.Contains(at.Axes(), axis) {
				if kind == ir.LevelDense {
					return false
				}
				found = true
			}
		}
	}
	return found
}

// ErrRunFill is the class of refusals of results whose fill depends on what a run is given,
// an extent of an array say. A program for those very numbers may not be refused.
var ErrRunFill = errors.New("what the result does not store would be a number that only the run knows")

// storedLevels returns the format of an elementwise result.
func storedLevels(k *ir.Kernel, s *ir.Stmt, pats *ir.Patterns) (*ir.Format, error) {
	p := pats.Of(s.Args[0])
	if p.Kind <= ir.Everywhere || len(s.Targets) > 1 {
		return nil, nil
	}
	fill, ok := pats.Fill(s.Args[0])
	if differ(pats, s.Args[0]) {
		return nil, ir.Errorf(ir.ErrDType, "parts of the result leave out different numbers, or one of them nothing: make them dense first")
	}
	if !ok {
		return nil, fmt.Errorf("%w: write it as a literal, or make the array dense first", ErrRunFill)
	}
	var loads []*ir.Access
	leaves(p, func(a *ir.Access) { loads = append(loads, a) })
	t := s.Targets[0]
	at := make([]int, len(t.Index)) // the axis of the kernel, by the result's
	for d, x := range t.Index {
		at[d] = -1 // several axes joined, or none
		if len(x.Terms) == 1 && x.Terms[0].Coef.Is(1) && x.Const.Is(0) {
			at[d] = x.Terms[0].Axis
		}
	}
	if !slices.ContainsFunc(t.Index, func(x ir.Index) bool { return len(x.Terms) > 0 }) {
		return nil, nil // one element
	}
	if f := common(k, loads, at); f != nil && !cuts(p, f) {
		return &ir.Format{Levels: f.Levels, Axes: f.Axes, Fill: fill}, nil
	}
	out := &ir.Format{Fill: fill}
	for _, x := range t.Index {
		list := false
		for _, term := range x.Terms {
			// Below a list, what an operand holds for every position of another level is a list too.
			below := slices.Contains(out.Levels, ir.LevelCompressed) && isHeld(k, loads, term.Axis)
			list = list || below || isList(k, loads, term.Axis)
		}
		level := ir.LevelDense
		if list {
			level = ir.LevelCompressed
		}
		out.Levels = append(out.Levels, level)
	}
	closed(out, t, func(axis int) bool { return isHeld(k, loads, axis) })
	return out, nil
}

// closed makes a list of the last level along which a pattern differs: a dense one below
// all lists would store what the pattern leaves out.
func closed(f *ir.Format, t ir.Access, held func(axis int) bool) {
	if n := slices.Index(f.Levels, ir.LevelCompressed); n >= 0 { // below a list, what is left out is not known before its end
		for d := n; d < len(f.Levels); d++ {
			f.Levels[d] = ir.LevelCompressed
		}
	}
	for d, x := range slices.Backward(t.Index) {
		if slices.ContainsFunc(x.Terms, func(t ir.Term) bool { return held(t.Axis) }) {
			f.Levels[d] = ir.LevelCompressed
			return
		}
	}
	// All that the operands have is one position, broadcast.
	f.Levels[len(f.Levels)-1] = ir.LevelCompressed
}

// cuts reports whether a pattern may end inside of what the last level of a format stores
// as one.
func cuts(p *ir.Pattern, f *ir.Format) bool {
	if f.Levels[len(f.Levels)-1] != ir.LevelDense {
		return false
	}
	return p.Kind == ir.Choice || slices.ContainsFunc(p.Args, func(q *ir.Pattern) bool { return cuts(q, f) })
}

// differ reports whether the parts of a choice between places have different fills, or one
// of them is dense.
func differ(pats *ir.Patterns, e *ir.Expr) bool {
	if e.Kind == ir.Pick {
		x, known := pats.Fill(e.Args[0])
		y, also := pats.Fill(e.Args[1])
		parts := known && also && x != y
		dense := (pats.Of(e.Args[0]).Kind == ir.Everywhere) != (pats.Of(e.Args[1]).Kind == ir.Everywhere)
		if parts || dense {
			return true
		}
	}
	return slices.ContainsFunc(e.Args, func(a *ir.Expr) bool { return differ(pats, a) })
}

// isHeld reports whether a sparse operand has an axis.
func isHeld(k *ir.Kernel, loads []*ir.Access, axis int) bool {
	return slices.ContainsFunc(loads, func(a *ir.Access) bool { return slices.Contains(a.Axes(), axis) })
}

// common returns the levels that all operands have, as those of the result: nil when they
// differ, or have not all of its axes.
func common(k *ir.Kernel, loads []*ir.Access, at []int) *ir.Format {
	var out *ir.Format
	for _, a := range loads {
		f := k.Operands[a.Operand].Format
		g := &ir.Format{Levels: f.Levels}
		for l := range f.Levels {
			x := a.Index[levelAxis(f, l)]
			if len(f.Levels) != len(at) || len(x.Terms) != 1 {
				return nil
			}
			d := slices.Index(at, x.Terms[0].Axis)
			if d < 0 || slices.Contains(g.Axes, d) {
				return nil
			}
			g.Axes = append(g.Axes, d)
		}
		if slices.IsSorted(g.Axes) {
			g.Axes = nil
		}
		if out != nil && !out.Equal(g) {
			return nil
		}
		out = g
	}
	return out
}

// leaves calls f with the accesses of a pattern.
func leaves(p *ir.Pattern, f func(a *ir.Access)) {
	if p.Kind == ir.Stores {
		f(p.Access)
	}
	for _, q := range p.Args {
		leaves(q, f)
	}
}

// levelAxis returns the axis that a level stores.
func levelAxis(f *ir.Format, level int) int {
	if f.Axes == nil {
		return level
	}
	return f.Axes[level]
}

func dtypesOf(args []*ir.Expr) []ir.DType {
	out := make([]ir.DType, len(args))
	for i, e := range args {
		out[i] = e.DType
	}
	return out
}
