package sparse

import (
	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower/loop"
)

// Sums over short lists, of which there are many: the rows of a sparse matrix times a
// vector. The additions of a row wait for each other: the processor begins the next rows
// meanwhile as far as it sees ahead, so what comes between two rows is kept short.

// rows is such a reduction.
type rows struct {
	g           *gen
	view        *view
	axis, along int // of the rows, and of their elements

	x, lo *loop.Var // the row at hand, and where its elements begin
	hi    *loop.Val // where they end
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
	w := &rows{g: g, view: g.views[0], axis: g.plan.loops[depth], along: g.plan.loops[depth+1]}
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

// emit emits the loops over the rows: around those over rows that are shorter than a
// block, for which registers suffice, one that takes a longer row. Where a block has no
// more positions than a row, all shorter rows have implicit ones, and no row is asked.
func (w *rows) emit() {
	g, r := w.g, w.g.red
	from, end := num(0), g.dim(g.k.Axes[w.axis].Extent)
	if w.axis == g.chunked {
		from, end = g.from, g.to
	}
	w.x = g.variable("x", from)
	pos := w.view.src.pos[w.view.level+1]
	w.lo = g.variable("lo", load(pos, w.place(use(w.x))))
	w.hi = load(pos, w.place(add(use(w.x), num(1))))
	positions := g.positions()
	least := g.let("least", op(ir.OpMax, positions, num(1)))
	row := func(reduce func(hi *loop.Val)) []loop.Stmt {
		return g.block(func() {
			hi := g.let("hi", w.hi)
			reduce(hi)
			g.assign(w.lo, hi)
			g.assign(w.x, add(use(w.x), num(1)))
		})
	}
	more := less(use(w.x), end)
	asked := row(func(hi *loop.Val) { w.short(hi, less(sub(hi, use(w.lo)), least)) })
	if r.block == 0 {
		g.emit(&loop.While{Cond: more, Body: asked})
		return
	}
	fits := pick(more, less(sub(w.hi, use(w.lo)), num(r.block)), literal(ir.Bool, 0))
	unasked := row(func(hi *loop.Val) { w.short(hi, literal(ir.Bool, 1)) })
	g.emit(&loop.While{Cond: more, Body: []loop.Stmt{
		&loop.If{
			Cond: op(ir.OpLe, num(r.block), positions),
			Then: []loop.Stmt{&loop.While{Cond: fits, Body: unasked}},
			Else: []loop.Stmt{&loop.While{Cond: fits, Body: asked}},
		},
		&loop.If{Cond: more, Then: row(func(*loop.Val) { w.long() })},
	}})
}

// place returns which list is a row's.
func (w *rows) place(x *loop.Val) *loop.Val {
	extent := w.g.dim(w.g.k.Operands[w.view.access.Operand].Shape[w.view.src.order[w.view.level]])
	return add(mul(w.view.p, extent), add(x, w.g.dim(w.view.index().Const)))
}

// short emits the reduction of a row that is shorter than a block and ends before hi.
// Under a condition it has implicit positions, or none at all: those are a reduction of
// nothing, taken once.
func (w *rows) short(hi, implicit *loop.Val) {
	g, r, saved := w.g, w.g.red, *w.view
	acc := g.variable("acc", literal(r.states[0], r.identity[0]))
	g.at[w.axis] = use(w.x)
	w.view.level++
	g.each("q", use(w.lo), hi, func(q *loop.Val) {
		row := *w.view
		g.at[w.along] = cast(ir.Int64, load(w.view.src.crd[w.view.level], q))
		w.view.enterAt(q, nil)
		g.assign(acc, g.scalar(r.c.Step, []*loop.Val{use(acc)}, g.values(g.s.Args))[0])
		*w.view, g.at[w.along] = row, nil
	})
	empty, _ := r.c.Empty(r.states)
	g.when(implicit, func() {
		g.assign(acc, g.scalar(r.c.Merge, []*loop.Val{use(acc)}, consts(r.states, empty))[0])
	})
	g.write([]*loop.Val{use(acc)})
	*w.view, g.at[w.axis] = saved, nil
}

// long emits the reduction of a row of any length.
func (w *rows) long() {
	g, r := w.g, w.g.red
	saved := *w.view
	g.at[w.axis] = use(w.x)
	g.enter(w.view, use(w.x))
	g.start(r)
	g.steps(r, g.plan.kept)
	g.write(g.finish(r, g.positions()))
	*w.view, g.at[w.axis] = saved, nil
}
