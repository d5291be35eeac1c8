package sparse

import (
	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower/loop"
)

// Sums over short lists, of which there are many: the rows of a sparse matrix times a
// vector. The additions of a row wait for each other, and a processor does not see far
// enough ahead to begin the next row meanwhile, so the elements of some rows are taken in
// turn.

// inTurns is how many rows are taken together.
const inTurns = 4

// rows is such a reduction.
type rows struct {
	g           *gen
	view        *view
	axis, along int // of the rows, and of their elements
}

// newRows returns the reduction of a statement whose kept axes but one have loops around:
// nil when it is none of these.
func (g *gen) newRows(depth int) *rows {
	r := g.red
	n := len(g.plan.loops)
	if _, hasEmpty := r.c.Empty(r.states); !hasEmpty || g.s.Order != ir.StoredOrder && g.s.Order != ir.Stored1 {
		return nil
	}
	if g.result != nil || g.implied != nil || g.across != nil || len(g.locals) > 0 || len(g.views) != 1 || g.plan.kept != n-1 || depth != n-2 ||
		r.lanes != 1 || r.identity == nil || len(r.states) != 1 || r.block == 1 || !g.isLight() {
		return nil
	}
	w := &rows{g, g.views[0], g.plan.loops[depth], g.plan.loops[depth+1]}
	v := *w.view
	if v.on != nil || v.entered() || v.compressed() || axisOf(v.index()) != w.axis || !g.whole(&v) {
		return nil
	}
	if v.level++; v.entered() || !v.lowest() || !v.compressed() || axisOf(v.index()) != w.along || !g.whole(&v) {
		return nil
	}
	return w
}

// isLight reports whether a step is a few additions and products: what costs more is
// computed in strips.
func (g *gen) isLight() bool {
	b := ir.NewBuilder()
	states := g.s.Combine.States(dtypes(g.s.Args))
	left, right := make([]*ir.Expr, len(states)), make([]*ir.Expr, len(g.s.Args))
	for i, d := range states {
		left[i] = b.State(d, i)
	}
	for i, e := range g.s.Args {
		right[i] = b.State(e.DType, len(left)+i)
	}
	light := true
	for _, args := range [][]*ir.Expr{g.s.Args, g.s.Combine.Step(b, left, right)} {
		part := ir.Stmt{Args: args}
		part.VisitExprs(func(e *ir.Expr) {
			switch e.Kind {
			case ir.Apply:
				light = light && e.DType.IsFloat() && (e.Op == ir.OpAdd || e.Op == ir.OpSub || e.Op == ir.OpMul || e.Op == ir.OpFMA)
			case ir.Load, ir.Const, ir.ScalarIn, ir.State:
			default:
				light = false
			}
		})
	}
	return light
}

// row is a list that is known.
type row struct {
	x, lo, hi, n *loop.Val
	at           view // in the row
}

// emit emits the loops over the rows.
func (w *rows) emit() {
	g, r := w.g, w.g.red
	x, end := g.variable("x", num(0)), g.dim(g.k.Axes[w.axis].Extent)
	if w.axis == g.chunked {
		g.assign(x, g.from)
		end = g.to
	}
	g.emit(&loop.While{Cond: less(use(x), end), Body: g.block(func() {
		short := g.variable("short", literal(ir.Bool, 0))
		some := op(ir.OpLe, add(use(x), num(inTurns)), end)
		var list []*row
		g.when(some, func() {
			longest := num(0)
			for t := range inTurns {
				l := w.row(add(use(x), num(int64(t))))
				list, longest = append(list, l), op(ir.OpMax, longest, l.n)
			}
			g.assign(short, literal(ir.Bool, 1))
			if r.block != 0 {
				g.assign(short, less(longest, num(r.block)))
			}
			g.when(use(short), func() { w.together(list) })
		})
		g.emit(&loop.If{Cond: use(short), Then: g.block(func() { g.assign(x, add(use(x), num(inTurns))) }), Else: g.block(func() {
			w.alone(use(x))
			g.assign(x, add(use(x), num(1)))
		})})
	})})
}

// row returns the row at a position.
func (w *rows) row(x *loop.Val) *row {
	g, saved := w.g, *w.view
	x = g.let("x", x)
	g.enter(w.view, x)
	c := g.list(w.view)
	l := &row{x: x, lo: c.lo, hi: c.hi, n: g.let("n", sub(c.hi, c.lo)), at: *w.view}
	*w.view = saved
	return l
}

// alone emits the reduction of one row.
func (w *rows) alone(x *loop.Val) {
	g, saved := w.g, *w.view
	x = g.let("x", x)
	g.at[w.axis] = x
	g.enter(w.view, x)
	g.start(g.red)
	g.steps(g.red, g.plan.kept)
	g.write(g.finish(g.red, g.positions()))
	*w.view, g.at[w.axis] = saved, nil
}

// together emits the reductions of some rows, none of which is longer than a block: the
// elements that all have in turn, then the others.
func (w *rows) together(list []*row) {
	g, r := w.g, w.g.red
	least := list[0].n
	var acc []*loop.Var
	for _, l := range list {
		least = op(ir.OpMin, least, l.n)
		acc = append(acc, g.variable("acc", literal(r.states[0], r.identity[0])))
	}
	least = g.let("least", least)
	step := func(t int, q *loop.Val) {
		l, saved := list[t], *w.view
		*w.view = l.at
		crd := w.view.src.crd[w.view.level]
		g.at[w.axis], g.at[w.along] = l.x, cast(ir.Int64, load(crd, q))
		w.view.enterAt(q, nil)
		g.assign(acc[t], g.scalar(r.c.Step, []*loop.Val{use(acc[t])}, g.values(g.s.Args))[0])
		*w.view, g.at[w.axis], g.at[w.along] = saved, nil, nil
	}
	g.each("k", num(0), least, func(k *loop.Val) {
		for t, l := range list {
			step(t, add(l.lo, k))
		}
	})
	for t, l := range list {
		g.each("q", add(l.lo, least), l.hi, func(q *loop.Val) { step(t, q) })
	}
	empty, _ := r.c.Empty(r.states)
	for t, l := range list {
		v := g.variable("r", literal(r.states[0], empty[0]))
		g.when(less(num(0), l.n), func() {
			g.assign(v, use(acc[t]))
			g.when(less(l.n, g.positions()), func() {
				g.assign(v, g.scalar(r.c.Merge, []*loop.Val{use(v)}, consts(r.states, empty))[0])
			})
		})
		g.at[w.axis] = l.x
		g.write([]*loop.Val{use(v)})
		g.at[w.axis] = nil
	}
}
