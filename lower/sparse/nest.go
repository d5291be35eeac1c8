package sparse

import (
	"slices"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower/loop"
)

// The loops over an axis: over every position, over one list, or over several merged.
// Lists that the loop does not run over follow it.

// nowhere is the position of a list that is at its end.
const nowhere = 1 << 62

// cursor is a level under way: a cursor in a list of coordinates.
type cursor struct {
	v      *view
	crd    *loop.Array
	lo, hi *loop.Val
	off    *loop.Val // the coordinate at position x of the axis is x + off
	whole  bool      // coordinates are the positions of the axis, all of them
	cut    bool      // of the axis that tasks are cut along, which the list does not start at
	q      *loop.Var // nil: the loop's own
}

// over emits loops over an axis: f is called where its position is known. Every position
// in the pattern is visited, and others may be; all: every one is.
func (g *gen) over(a int, demand *ir.Pattern, all bool, f func()) {
	lo, hi := num(0), g.dim(g.k.Axes[a].Extent)
	if a == g.chunked {
		lo, hi = g.from, g.to
	}
	lists, every := g.cover(demand, a)
	all = all || every
	saved := g.saved()
	var dense []*view
	var drive, follow []*cursor
	for _, v := range g.views {
		switch {
		case v.entered() || axisOf(v.index()) != a:
		case !v.compressed():
			dense = append(dense, v)
		case !all && slices.Contains(lists, v):
			drive = append(drive, g.list(v))
		default:
			follow = append(follow, g.list(v))
		}
	}
	common := len(drive) == 1 && len(follow) == 1 && drive[0].v.lowest() && follow[0].v.lowest() && g.requires(demand, follow[0].v)
	if common {
		drive, follow = append(drive, follow...), nil
	}
	for _, l := range follow {
		l.q = g.variable("q", l.lo)
	}
	inside := func(x *loop.Val) {
		g.at[a] = x
		for _, v := range dense {
			g.enter(v, x)
		}
		for _, l := range follow {
			g.catchUp(l, x)
		}
		g.bound()
		f()
	}
	switch two := (&pair{g, drive, hi, inside}); {
	case all:
		g.each("x", lo, hi, inside)
	case common:
		two.common()
	case len(drive) == 1:
		l := drive[0]
		g.each("q", l.lo, l.hi, func(q *loop.Val) {
			x := g.let("x", sub(cast(ir.Int64, load(l.crd, q)), l.off))
			g.when(g.inside(l, x, hi), func() {
				l.v.enterAt(q, nil)
				inside(x)
			})
		})
	case len(drive) == 2 && drive[0].v.lowest() && drive[1].v.lowest():
		two.union()
	case len(drive) > 1:
		g.merge(drive, hi, inside)
	}
	g.restore(saved)
	g.at[a] = nil
}

// saved returns at which levels the views are, for restore.
func (g *gen) saved() []view {
	saved := make([]view, len(g.views))
	for i, v := range g.views {
		saved[i] = *v
	}
	return saved
}

func (g *gen) restore(saved []view) {
	for i, v := range g.views {
		*v = saved[i]
	}
}

// inside returns whether a position that a list leads to is one of the axis: nil when it
// surely is.
func (g *gen) inside(l *cursor, x, extent *loop.Val) *loop.Val {
	switch {
	case l.cut:
		return both(op(ir.OpLe, g.from, x), less(x, g.to))
	case l.whole:
		return nil
	}
	return both(op(ir.OpLe, num(0), x), less(x, extent))
}

// merge emits a loop over the union of lists.
func (g *gen) merge(lists []*cursor, extent *loop.Val, inside func(x *loop.Val)) {
	m := &loop.Merge{}
	for _, l := range lists {
		l.q = g.variable("q", l.lo)
		m.Cursors, m.Ends = append(m.Cursors, l.q), append(m.Ends, l.hi)
	}
	m.Body = g.block(func() {
		var x *loop.Val
		heads := make([]*loop.Val, len(lists))
		for i, l := range lists {
			c := sub(cast(ir.Int64, load(l.crd, use(l.q))), l.off)
			heads[i] = g.let("x", pick(less(use(l.q), l.hi), c, num(nowhere)))
			if x == nil {
				x = heads[i]
			} else {
				x = op(ir.OpMin, x, heads[i])
			}
		}
		x = g.let("x", x)
		var in *loop.Val
		for i, l := range lists {
			l.v.enterAt(use(l.q), g.let("on", eq(heads[i], x)))
			in = both(in, g.inside(l, x, extent))
		}
		on := make([]*loop.Val, len(lists))
		for i, l := range lists {
			on[i] = l.v.on
		}
		g.when(in, func() { inside(x) })
		for i, l := range lists {
			g.assign(l.q, add(use(l.q), cast(ir.Int64, on[i])))
		}
	})
	g.emit(m)
}

// whole reports whether the positions of an axis are those of the view's next level.
func (g *gen) whole(v *view) bool {
	x := v.index()
	extent := g.k.Operands[v.access.Operand].Shape[v.src.order[v.level]]
	if a := axisOf(x); a >= 0 {
		return x.Const.Is(0) && g.k.Axes[a].Extent == extent
	}
	return x.Const.Is(0) && extent.Is(1)
}

// list returns the list of a view's next level.
func (g *gen) list(v *view) *cursor {
	l := &cursor{v: v, crd: v.src.crd[v.level], off: g.dim(v.index().Const), whole: g.whole(v)}
	if g.chunked >= 0 && v.level == 0 && axisOf(v.index()) == g.chunked {
		starts := g.startsOf(v)
		l.lo, l.hi = load(starts, g.chunk), load(starts, add(g.chunk, num(1)))
	} else {
		l.cut = g.chunked >= 0 && axisOf(v.index()) == g.chunked
		pos := v.src.pos[v.level]
		l.lo, l.hi = load(pos, v.p), load(pos, add(v.p, num(1)))
		if v.on != nil {
			l.lo, l.hi = pick(v.on, l.lo, num(0)), pick(v.on, l.hi, num(0))
		}
	}
	l.lo, l.hi = g.let("lo", l.lo), g.let("hi", l.hi)
	return l
}

// enterAt moves a view into its next level.
func (v *view) enterAt(p, on *loop.Val) {
	v.p, v.on = p, on
	v.level++
}

// enter moves a view into a dense level at a position of its axis.
func (g *gen) enter(v *view, x *loop.Val) {
	i := v.index()
	c := add(x, g.dim(i.Const))
	extent := g.dim(g.k.Operands[v.access.Operand].Shape[v.src.order[v.level]])
	on := v.on
	if !g.whole(v) {
		on = both(on, both(op(ir.OpLe, num(0), c), less(c, extent)))
		on = g.let("on", on)
	}
	v.enterAt(g.let("p", add(mul(v.p, extent), c)), on)
}

// catchUp moves the cursor of a list that follows to a position of its axis.
func (g *gen) catchUp(l *cursor, x *loop.Val) {
	c := add(x, l.off)
	q := use(l.q)
	here := func() *loop.Val { return cast(ir.Int64, load(l.crd, q)) }
	no := literal(ir.Bool, 0)
	g.emit(&loop.While{Cond: pick(less(q, l.hi), less(here(), c), no), Body: g.block(func() { g.assign(l.q, add(q, num(1))) })})
	l.v.enterAt(q, g.let("on", pick(less(q, l.hi), eq(here(), c), no)))
}

// bound moves views into levels at positions that are known.
func (g *gen) bound() {
	for _, v := range g.views {
		for !v.entered() {
			a := axisOf(v.index())
			if a >= 0 && g.at[a] == nil {
				break
			}
			x := num(0)
			if a >= 0 {
				x = g.at[a]
			}
			if v.compressed() {
				l := g.list(v)
				l.q = g.variable("q", l.lo)
				g.catchUp(l, x)
			} else {
				g.enter(v, x)
			}
		}
	}
}
