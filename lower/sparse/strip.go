package sparse

import (
	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower/loop"
)

// Strips: where the innermost loop runs over one list alone, its positions are computed
// side by side.

// stripWidth is how many positions a strip has at most: machine code looks at the context
// between strips.
const stripWidth = 4096

// straight returns the view whose list is all that the innermost loop runs over, nil when
// there is more to it.
func (g *gen) straight(a int, demand *ir.Pattern) *view {
	lists, all := g.cover(demand, a)
	if all || len(lists) != 1 || !g.whole(lists[0]) || a == g.chunked && lists[0].level > 0 || lists[0].level != len(lists[0].src.order)-1 {
		return nil
	}
	for _, v := range g.views {
		if v != lists[0] && !v.entered() || v.on != nil && v != lists[0] {
			return nil
		}
	}
	body := ir.Stmt{Args: g.s.Args}
	plain := true
	body.VisitExprs(func(e *ir.Expr) { plain = plain && e.Kind != ir.Pick })
	if !plain {
		return nil
	}
	return lists[0]
}

// strip emits a strip over n elements of a list from q on: f is called where the position
// of the axis is known, with the position in the strip.
func (g *gen) strip(c *cursor, a int, q, n *loop.Val, f func(t, x *loop.Val)) {
	if len(g.locals) > 0 {
		g.sampleList(c, a, q, n)
	}
	v := c.v
	saved := *v
	s := &loop.Strip{Pos: g.name("t", ir.Int64), N: n}
	s.Body = g.block(func() {
		g.inStrip = use(s.Pos)
		at := add(q, use(s.Pos))
		x := g.let("x", cast(ir.Int64, load(c.crd, at)))
		v.enterAt(at, nil)
		g.at[a] = x
		f(use(s.Pos), x)
	})
	g.emit(s)
	*v, g.at[a], g.inStrip = saved, nil, nil
}

// alongList emits the steps of a reduction over one list, in strips that end with blocks:
// most lists are shorter than one.
func (g *gen) alongList(r *reduction, v *view, a int) {
	c := g.list(v)
	step := r.block
	if step == 0 {
		step = ir.LaneBlock
	}
	strip := func(q, n *loop.Val) {
		if len(g.locals) == 0 && g.isLight() {
			g.each("q", q, add(q, n), func(q *loop.Val) {
				saved := *v
				x := cast(ir.Int64, load(c.crd, q))
				v.enterAt(q, nil)
				g.at[a] = x
				g.assignAll(r.acc, g.scalar(r.c.Step, vals(r.acc), g.values(g.s.Args)))
				*v, g.at[a] = saved, nil
			})
			return
		}
		g.stores(r.single, num(0), vals(r.acc))
		g.strip(c, a, q, n, func(_, _ *loop.Val) {
			g.emit(&loop.Lanes{Combine: r.c, Accs: r.single, Vals: g.values(g.s.Args)})
		})
		g.assignAll(r.acc, loads(r.single, num(0)))
	}
	all := g.let("n", sub(c.hi, c.lo))
	short := g.block(func() {
		strip(c.lo, all)
		g.assign(r.count, all)
	})
	q := g.name("q", ir.Int64)
	long := &loop.For{Var: q, Lo: c.lo, Hi: c.hi, Step: num(step), Body: g.block(func() {
		n := g.let("n", op(ir.OpMin, num(step), sub(c.hi, use(q))))
		strip(use(q), n)
		g.assign(r.count, add(use(r.count), n))
		if r.block != 0 {
			g.when(eq(n, num(step)), func() { g.push(r, sub(loop.ApplyOp(ir.OpShr, ir.Int64, use(r.count), num(log2(step))), num(1))) })
		}
	})}
	g.emit(&loop.If{Cond: less(all, num(step)), Then: short, Else: []loop.Stmt{long}})
}

// appendList emits the elements of a list that a result has as they are.
func (g *gen) appendList(v *view, a int) {
	r := g.result
	last := len(r.levels) - 1
	c := g.list(v)
	n := g.let("n", sub(c.hi, c.lo))
	if g.phase == write {
		top := use(r.n[last])
		strip := func(q, n *loop.Val) {
			to := top
			if q != c.lo {
				to = add(top, sub(q, c.lo))
			}
			g.strip(c, a, q, n, func(t, x *loop.Val) {
				value := g.values(g.s.Args)[0]
				g.emit(&loop.Store{Array: r.vals, Index: []*loop.Val{add(to, t)}, Val: value},
					&loop.Store{Array: r.crd[last], Index: []*loop.Val{add(to, t)}, Val: cast(ir.Int32, x)})
			})
		}
		pieces := func(width int64) {
			q := g.name("q", ir.Int64)
			g.emit(&loop.For{Var: q, Lo: c.lo, Hi: c.hi, Step: num(width), Body: g.block(func() {
				strip(use(q), g.let("n", op(ir.OpMin, num(width), sub(c.hi, use(q)))))
			})})
		}
		if len(g.locals) > 0 { // whose values are computed so many at a time
			pieces(sampleWidth)
		} else {
			short := g.block(func() { strip(c.lo, n) })
			long := g.block(func() { pieces(stripWidth) })
			g.emit(&loop.If{Cond: less(num(stripWidth), n), Then: long, Else: short})
		}
	}
	g.assign(r.n[last], add(use(r.n[last]), n))
}
