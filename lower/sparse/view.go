package sparse

import (
	"fmt"
	"slices"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
	"github.com/numen-go/numen/lower/loop"
)

// source is a sparse operand as one loop reads it: its levels in some order of its axes.
// One operand read in two orders is two sources.
type source struct {
	operand int
	format  *ir.Format    // a treeFormat
	order   []int         // the axis of the operand that each level stores
	pos     []*loop.Array // by level, of compressed ones
	crd     []*loop.Array
	vals    *loop.Array
}

// view is an access to a sparse operand. While loops are written, it is at some level.
type view struct {
	src    *source
	access *ir.Access
	level  int       // the next one to be entered
	p      *loop.Val // the position of the level above
	on     *loop.Val // whether there is one; nil: surely
	or     *view     // where this one has no element that one has, and p is a position all the same
}

// axisOf returns the axis whose position, and a constant, the access has at the next
// level: -1 when it is a constant alone.
func (v *view) index() ir.Index { return v.access.Index[v.src.order[v.level]] }

func axisOf(x ir.Index) int {
	if len(x.Terms) == 0 {
		return -1
	}
	return x.Terms[0].Axis
}

// entered reports whether all levels are.
func (v *view) entered() bool { return v.level == len(v.src.order) }

// lowest reports whether the next level is the last one.
func (v *view) lowest() bool { return v.level+1 == len(v.src.order) }

// compressed reports whether the next level is a list.
func (v *view) compressed() bool { return v.src.format.Levels[v.level] == ir.LevelCompressed }

// accesses returns the distinct accesses of a statement to sparse operands.
func (g *gen) accesses(s *ir.Stmt) ([]*ir.Access, error) {
	var out []*ir.Access
	var err error
	if s.Over != nil {
		out = append(out, s.Over)
	}
	s.VisitExprs(func(e *ir.Expr) {
		if e.Kind == ir.Checked {
			err = declined(lower.WhyValueIndex, "a position that is data")
		}
		if e.Kind != ir.Load && e.Kind != ir.Stored {
			return
		}
		o := &g.k.Operands[e.Access.Operand]
		for _, x := range e.Access.Index {
			switch {
			case x.Value != nil || !x.Div.Is(0):
				err = declined(lower.WhyValueIndex, fmt.Sprintf("an element of %s, which is dense, at a position that is data or a quotient", o.Name))
			}
		}
		if o.Format.Sparse() && !slices.ContainsFunc(out, func(a *ir.Access) bool { return sameAccess(a, e.Access) }) {
			out = append(out, e.Access)
		}
	})
	return out, err
}

func sameAccess(a, b *ir.Access) bool {
	return a.Operand == b.Operand && slices.EqualFunc(a.Index, b.Index, ir.Index.Equal)
}

func declined(why lower.Reason, detail string) error {
	return &lower.Declined{Target: Name, Stmt: -1, Why: why, Detail: detail}
}

// readOrder returns the order of an operand's axes in which an access meets them when
// loops run over axes in an order: constants first. An axis of the operand that no loop
// binds before another keeps its place.
func readOrder(f *ir.Format, a *ir.Access, loops []int) []int {
	order := make([]int, len(a.Index))
	for l := range order {
		order[l] = levelAxis(f, l)
	}
	slices.SortStableFunc(order, func(x, y int) int {
		return slices.Index(loops, axisOf(a.Index[x])) - slices.Index(loops, axisOf(a.Index[y]))
	})
	return order
}

func levelAxis(f *ir.Format, l int) int { return axis(f, l) }

// storedOrder returns the axes of a format's levels.
func storedOrder(f *ir.Format) []int {
	order := make([]int, len(f.Levels))
	for l := range order {
		order[l] = axis(f, l)
	}
	return order
}

// plan is how a statement is computed.
type plan struct {
	s         *ir.Stmt
	loops     []int // axes, outermost first
	kept      int   // how many kept axes stand first
	workspace bool  // the last axis is kept, those before it reduced: results are scattered
	out       []int // kept axes in the order of a sparse output's levels; nil: a dense output
}

// plans chooses the order of the loops: the one for which fewest operands must be read in
// another order than they are stored in.
func (g *gen) plans(s *ir.Stmt, accesses []*ir.Access) (*plan, error) {
	var kept []int
	target := s.Targets[0]
	o := &g.k.Operands[target.Operand]
	for _, a := range g.k.Domain(s) {
		if s.Sink != ir.Reduce || !slices.Contains(s.Axes, a) {
			kept = append(kept, a)
		}
	}
	var out []int
	if o.Format.Sparse() {
		if len(s.Targets) > 1 {
			return nil, declined(lower.WhyStatements, "several sparse results")
		}
		for l := range o.Format.Levels {
			x := target.Index[axis(o.Format, l)]
			if len(x.Terms) != 1 || !x.Terms[0].Coef.Is(1) || !x.Const.Is(0) || !x.Div.Is(0) || x.Value != nil || slices.Contains(out, x.Terms[0].Axis) {
				return nil, declined(lower.WhyValueIndex, fmt.Sprintf("elements of %s at positions that are no axes", o.Name))
			}
			out = append(out, x.Terms[0].Axis)
		}
	}
	var best *plan
	least := 1 << 30
	reduced := s.Axes
	if s.Sink != ir.Reduce {
		reduced = nil
	}
	orders(append(slices.Clone(kept), reduced...), func(loops []int) {
		if !inOrder(loops, out) || !inOrder(loops, reduced) {
			return
		}
		p := &plan{s: s, loops: slices.Clone(loops), out: out}
		for p.kept < len(loops) && !slices.Contains(reduced, loops[p.kept]) {
			p.kept++
		}
		cost := 0
		for _, a := range accesses {
			f := g.k.Operands[a.Operand].Format
			if !slices.Equal(readOrder(f, a, loops), storedOrder(f)) {
				cost += 4
			}
		}
		if p.kept < len(kept) {
			p.workspace = true
			n := len(loops)
			if p.kept != len(kept)-1 || slices.Contains(reduced, loops[n-1]) || s.Order != ir.Stored1 || len(s.Targets) > 1 {
				return
			}
			cost += 2
		} else if len(reduced) > 0 && len(accesses) > 1 && g.apart(accesses, kept) {
			cost += 12
		}
		if cost < least {
			best, least = p, cost
		}
	})
	if best == nil {
		return nil, declined(lower.WhyOrder, "no order of loops gives the results in theirs")
	}
	return best, nil
}

// apart reports whether no operand has all of the kept axes that sparse operands have:
// then loops over all of them visit what no product has.
func (g *gen) apart(accesses []*ir.Access, kept []int) bool {
	held := map[int]int{}
	most := 0
	for _, a := range accesses {
		n := 0
		for _, x := range kept {
			if slices.Contains(a.Axes(), x) {
				held[x]++
				n++
			}
		}
		most = max(most, n)
	}
	return len(held) > most
}

// inOrder reports whether some axes stand in loops in their own order.
func inOrder(loops, axes []int) bool {
	last := -1
	for _, a := range axes {
		n := slices.Index(loops, a)
		if n < last {
			return false
		}
		last = n
	}
	return true
}

// orders calls f with every order of axes, the given one first.
func orders(axes []int, f func([]int)) {
	var walk func(done, left []int)
	walk = func(done, left []int) {
		if len(left) == 0 {
			f(done)
			return
		}
		for i, a := range left {
			walk(append(slices.Clip(done), a), slices.Delete(slices.Clone(left), i, i+1))
		}
	}
	walk(nil, axes)
}

// cover returns views whose lists, together, have every position of an axis that is in a
// pattern; all: every position may be.
func (g *gen) cover(p *ir.Pattern, axis int) (lists []*view, all bool) {
	switch p.Kind {
	case ir.Nowhere:
		return nil, false
	case ir.Stores:
		v := g.viewOf(p.Access)
		if v == nil || v.entered() || axisOf(v.index()) != axis || !v.compressed() {
			return nil, true
		}
		return []*view{v}, false
	case ir.Both:
		x, allX := g.cover(p.Args[0], axis)
		y, allY := g.cover(p.Args[1], axis)
		if allX || !allY && len(y) < len(x) {
			return y, allY
		}
		return x, false
	case ir.Either, ir.Choice:
		x, allX := g.cover(p.Args[0], axis)
		y, allY := g.cover(p.Args[1], axis)
		for _, v := range y {
			if !slices.Contains(x, v) {
				x = append(x, v)
			}
		}
		return x, allX || allY
	}
	return nil, true
}

// requires reports whether all positions in a pattern are in a view's.
func (g *gen) requires(p *ir.Pattern, v *view) bool {
	switch p.Kind {
	case ir.Stores:
		return g.viewOf(p.Access) == v
	case ir.Both:
		return g.requires(p.Args[0], v) || g.requires(p.Args[1], v)
	case ir.Either, ir.Choice:
		return g.requires(p.Args[0], v) && g.requires(p.Args[1], v)
	}
	return p.Kind == ir.Nowhere
}

// viewOf returns the view of an access.
func (g *gen) viewOf(a *ir.Access) *view {
	for _, v := range g.views {
		if sameAccess(v.access, a) {
			return v
		}
	}
	return nil
}
