package sparse

import (
	"slices"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower/loop"
)

// Reductions of stored elements that have many results each: sparse times dense matrices,
// and products with the factors of a tensor. The lists are walked once, and a strip along
// an axis that only dense operands have takes a step for every element.

// acrossWidth is how many results are under way at a time: their states stay in the
// nearest cache.
const acrossWidth = 256

// across is such a reduction under way.
type across struct {
	g        *gen
	axis     int       // that strips run along
	from, n  *loop.Val // the results under way
	identity []uint64
	empty    []uint64
	acc      []*loop.Array // states, by result
	stack    []*loop.Array // of blocks, by level of the counter and result; none: there is one block
	block    int64
	count    *loop.Var     // steps
	into     *loop.Val     // where the results are in a sparse one
	chained  bool          // steps are loads and few ops: states stay in registers along lists
	queue    []*loop.Array // elements that wait to be taken: their positions along the outer lists
}

// newAcross returns the reduction of a statement, nil when it is none of these.
func (g *gen) newAcross(r *reduction) *across {
	kept := g.plan.kept
	if g.implied != nil || len(g.locals) > 0 || kept < 2 || len(g.views) != 1 || r.lanes > 1 ||
		g.s.Order != ir.StoredOrder && g.s.Order != ir.Stored1 {
		return nil
	}
	w := &across{g: g, axis: g.plan.loops[kept-1], block: r.block}
	if g.result != nil && (len(g.result.levels) != kept || g.result.levels[kept-1] != ir.LevelDense || g.plan.out[kept-1] != w.axis) {
		return nil
	}
	if slices.Contains(g.views[0].access.Axes(), w.axis) {
		return nil
	}
	for v := *g.views[0]; !v.entered(); v.level++ {
		if !g.whole(&v) {
			return nil
		}
	}
	body, plain := ir.Stmt{Args: g.s.Args}, true
	body.VisitExprs(func(e *ir.Expr) { plain = plain && e.Kind != ir.Pick })
	var hasEmpty bool
	w.empty, hasEmpty = r.c.Empty(r.states)
	if w.identity = r.identity; !plain || w.identity == nil || !hasEmpty {
		return nil
	}
	if g.phase == count {
		return w
	}
	w.chained = len(r.states) == 1 && g.isLight()
	for _, e := range g.s.Args {
		w.chained = w.chained && e.DType == r.states[0]
	}
	for range len(g.plan.loops) - kept - 1 {
		if w.chained {
			w.queue = append(w.queue, g.scratch("queue", ir.Int64, nil, num(acrossQueue)))
		}
	}
	for _, d := range r.states {
		w.acc = append(w.acc, g.scratch("w", d, nil, num(acrossWidth)))
		if w.block != 0 {
			w.stack = append(w.stack, g.scratch("st", d, nil, num(levels*acrossWidth)))
		}
	}
	return w
}

// emit emits the loops from the last kept axis on. Of a sparse result, its last level
// stores all of that axis or nothing, below a position of the one before.
func (w *across) emit(parent *loop.Val) {
	g := w.g
	extent := g.extentOf(w.axis)
	if g.phase == count {
		n := g.variable("n", num(0))
		g.along(g.plan.kept, func() { g.assign(n, num(1)) })
		g.result.element(parent, both(less(num(0), use(n)), less(num(0), extent)), nil)
		return
	}
	w.into = nil
	if g.result != nil {
		w.into = g.let("o", mul(parent, extent))
	}
	j := g.name("j", ir.Int64)
	g.emit(&loop.For{Var: j, Lo: num(0), Hi: extent, Step: num(acrossWidth), Body: g.block(func() {
		w.from = use(j)
		w.n = g.let("n", op(ir.OpMin, num(acrossWidth), sub(extent, w.from)))
		w.count = g.variable("n", num(0))
		switch v := w.list(); {
		case v != nil && w.chained:
			w.chainList(v)
		case v != nil:
			w.start()
			w.alongList(v)
		case w.chained && w.chainLists():
		default:
			w.start()
			g.along(g.plan.kept, w.step)
		}
		w.finish()
	})})
}

// start emits that states are the identity.
func (w *across) start() {
	w.strip(func(t *loop.Val) { w.g.stores(w.acc, t, consts(w.g.red.states, w.identity)) })
}

// strip emits a strip over the results under way.
func (w *across) strip(f func(t *loop.Val)) {
	g := w.g
	s := &loop.Strip{Pos: g.name("t", ir.Int64), N: w.n}
	s.Body = g.block(func() {
		g.at[w.axis] = add(w.from, use(s.Pos))
		f(use(s.Pos))
		g.at[w.axis] = nil
	})
	g.emit(s)
}

// list returns the view whose list is all that is walked, nil when there is more to it.
func (w *across) list() *view {
	g := w.g
	if g.plan.kept != len(g.plan.loops)-1 {
		return nil
	}
	return g.straight(g.plan.loops[g.plan.kept], g.demand())
}

// acrossSteps is how many elements of a list a strip takes a step for: states are loaded
// and stored once for all of them. It divides a block.
const acrossSteps = 4

// alongList emits the elements of a list.
func (w *across) alongList(v *view) {
	g := w.g
	a, c := g.plan.loops[g.plan.kept], g.list(v)
	some := func(q *loop.Val, n int64) {
		entered := make([]view, n)
		x := make([]*loop.Val, n)
		saved := *v
		for i := range n {
			at := add(q, num(i))
			x[i] = g.let("x", cast(ir.Int64, load(c.crd, at)))
			v.enterAt(at, nil)
			entered[i], *v = *v, saved
		}
		w.steps(n, func(i int64) { *v, g.at[a] = entered[i], x[i] })
		*v, g.at[a] = saved, nil
	}
	whole := g.let("whole", add(c.lo, loop.ApplyOp(ir.OpAnd, ir.Int64, sub(c.hi, c.lo), num(-acrossSteps))))
	q := g.name("q", ir.Int64)
	g.emit(&loop.For{Var: q, Lo: c.lo, Hi: whole, Step: num(acrossSteps), Body: g.block(func() { some(use(q), acrossSteps) })})
	g.each("q", whole, c.hi, func(q *loop.Val) { some(q, 1) })
}

// step emits one more element.
func (w *across) step() { w.steps(1, func(int64) {}) }

// steps emits n more elements, to which at goes.
func (w *across) steps(n int64, at func(i int64)) {
	g := w.g
	w.strip(func(t *loop.Val) {
		states := loads(w.acc, t)
		for i := range n {
			at(i)
			states = g.scalar(g.s.Combine.Step, states, g.values(g.s.Args))
		}
		g.stores(w.acc, t, states)
	})
	g.assign(w.count, add(use(w.count), num(n)))
	if w.block != 0 {
		full := eq(loop.ApplyOp(ir.OpAnd, ir.Int64, use(w.count), num(w.block-1)), num(0))
		g.when(full, func() { w.push(sub(w.blocks(use(w.count)), num(1))) })
	}
}

// blocks returns how many whole blocks so many steps are.
func (w *across) blocks(n *loop.Val) *loop.Val {
	return loop.ApplyOp(ir.OpShr, ir.Int64, n, num(log2(w.block)))
}

// level returns where the counter keeps a result.
func level(d *loop.Var, t *loop.Val) *loop.Val { return add(mul(use(d), num(acrossWidth)), t) }

// merge emits the merge of a level of the counter into the states.
func (w *across) merge(d *loop.Var) {
	w.strip(func(t *loop.Val) {
		w.g.stores(w.acc, t, w.g.scalar(w.g.s.Combine.Merge, loads(w.stack, level(d, t)), loads(w.acc, t)))
	})
}

// push ends a block, before which there were n.
func (w *across) push(n *loop.Val) {
	g := w.g
	n = g.let("b", n)
	d := g.variable("d", num(0))
	bit := loop.ApplyOp(ir.OpAnd, ir.Int64, loop.ApplyOp(ir.OpShr, ir.Int64, n, use(d)), num(1))
	g.emit(&loop.While{Cond: op(ir.OpNe, bit, num(0)), Body: g.block(func() {
		w.merge(d)
		g.assign(d, add(use(d), num(1)))
	})})
	w.strip(func(t *loop.Val) { g.stores(w.stack, level(d, t), loads(w.acc, t)) })
	w.start()
}

// total merges the blocks.
func (w *across) total() {
	g := w.g
	rest := loop.ApplyOp(ir.OpAnd, ir.Int64, use(w.count), num(w.block-1))
	g.when(op(ir.OpNe, rest, num(0)), func() { w.push(w.blocks(use(w.count))) })
	blocks := g.let("b", w.blocks(add(use(w.count), num(w.block-1))))
	d := g.variable("d", num(0))
	above := loop.ApplyOp(ir.OpShr, ir.Int64, blocks, use(d))
	bit := loop.ApplyOp(ir.OpAnd, ir.Int64, above, num(1))
	next := func() { g.assign(d, add(use(d), num(1))) }
	g.emit(&loop.While{Cond: eq(bit, num(0)), Body: g.block(next)})
	w.strip(func(t *loop.Val) { g.stores(w.acc, t, loads(w.stack, level(d, t))) })
	next()
	g.emit(&loop.While{Cond: op(ir.OpNe, above, num(0)), Body: g.block(func() {
		g.when(op(ir.OpNe, bit, num(0)), func() { w.merge(d) })
		next()
	})})
}

// finish emits what follows the last element: what was implicit is a reduction of
// nothing, taken once.
func (w *across) finish() {
	g := w.g
	if w.block != 0 { // most have less than a block
		g.when(op(ir.OpLe, num(w.block), use(w.count)), w.total)
	}
	empty := consts(g.red.states, w.empty)
	result := func(of func(t *loop.Val) []*loop.Val) []loop.Stmt {
		return g.block(func() {
			w.strip(func(t *loop.Val) {
				if w.into == nil {
					g.write(of(t))
					return
				}
				g.emit(&loop.Store{Array: g.result.vals, Index: []*loop.Val{add(add(w.into, w.from), t)}, Val: of(t)[0]})
			})
		})
	}
	all := result(func(t *loop.Val) []*loop.Val { return loads(w.acc, t) })
	some := result(func(t *loop.Val) []*loop.Val { return g.scalar(g.s.Combine.Merge, loads(w.acc, t), empty) })
	none := result(func(*loop.Val) []*loop.Val { return empty })
	g.emit(&loop.If{Cond: less(num(0), use(w.count)), Else: none, Then: []loop.Stmt{
		&loop.If{Cond: less(use(w.count), g.positions()), Then: some, Else: all},
	}})
}
