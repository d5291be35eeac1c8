package sparse

import (
	"slices"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower/loop"
)

// Reductions with many results for each stored element, whose steps are light: chains
// side by side, whose states stay in registers along a list. Where lists stand inside one
// another, elements wait in a queue until there are enough for chains.

// acrossQueue is how many elements wait, and how many are taken by chains at most. It is a
// multiple of a block.
const acrossQueue = ir.ChainBlock

// acrossLong is how many elements a list must have on average to be chains of its own.
const acrossLong = 4

// chains emits steps for n elements at positions q on of a view's last level, with axes
// of outer lists as at goes, which gets the number of an element.
func (w *across) chains(v *view, q, n, init *loop.Val, at func(k *loop.Val)) {
	g := w.g
	s := &loop.Chains{Combine: g.s.Combine, Pos: g.name("t", ir.Int64), Depth: g.name("k", ir.Int64), N: w.n, K: n, Acc: w.acc[0], Init: init}
	axis, crd := g.plan.loops[len(g.plan.loops)-1], v.src.crd[len(v.src.order)-1]
	here := func(from *loop.Val, f func()) {
		saved := *v
		p := add(from, use(s.Depth))
		v.level = len(v.src.order) - 1
		v.enterAt(p, nil)
		g.at[w.axis], g.at[axis] = add(w.from, use(s.Pos)), cast(ir.Int64, load(crd, p))
		f()
		*v, g.at[w.axis], g.at[axis] = saved, nil, nil
	}
	here(q, func() {
		at(use(s.Depth))
		var vals []*loop.Val
		names := g.block(func() { vals = g.values(g.s.Args) })
		for _, x := range vals {
			s.Vals = append(s.Vals, writtenOut(x, names))
		}
	})
	here(g.soon(crd, q, n), func() {
		body := ir.Stmt{Args: g.s.Args}
		body.VisitExprs(func(e *ir.Expr) {
			if e.Kind == ir.Load && !g.k.Operands[e.Access.Operand].Format.Sparse() && slices.Contains(e.Access.Axes(), axis) {
				s.Soon = append(s.Soon, g.leaf(e))
			}
		})
	})
	g.emit(s)
}

// writtenOut returns a value without the names that were given to parts of it.
func writtenOut(v *loop.Val, names []loop.Stmt) *loop.Val {
	if v.Kind == loop.Use {
		for _, s := range names {
			if set := s.(*loop.Set); set.Var == v.Var {
				return writtenOut(set.Val, names)
			}
		}
	}
	if len(v.Args) == 0 {
		return v
	}
	out := *v
	out.Args = make([]*loop.Val, len(v.Args))
	for i, a := range v.Args {
		out.Args[i] = writtenOut(a, names)
	}
	return &out
}

// identityState returns the state before the first step.
func (w *across) identityState() *loop.Val { return literal(w.g.red.states[0], w.identity[0]) }

// chainList emits the elements of a list. Most lists are short.
func (w *across) chainList(v *view) {
	g := w.g
	c := g.list(v)
	here := func(*loop.Val) {}
	all := g.let("n", sub(c.hi, c.lo))
	short := g.block(func() {
		w.chains(v, c.lo, all, w.identityState(), here)
		g.assign(w.count, all)
	})
	long := g.block(func() {
		w.start()
		q := g.name("q", ir.Int64)
		g.emit(&loop.For{Var: q, Lo: c.lo, Hi: c.hi, Step: num(acrossQueue), Body: g.block(func() {
			n := g.let("n", op(ir.OpMin, num(acrossQueue), sub(c.hi, use(q))))
			w.chains(v, use(q), n, nil, here)
			w.took(n)
		})})
	})
	g.emit(&loop.If{Cond: less(all, num(acrossQueue)), Then: short, Else: long})
}

// took counts n steps, after which a block may be complete.
func (w *across) took(n *loop.Val) {
	g := w.g
	g.assign(w.count, add(use(w.count), n))
	if w.block != 0 {
		g.when(eq(n, num(acrossQueue)), func() { w.push(sub(w.blocks(use(w.count)), num(1))) })
	}
}

// chainLists emits the elements of lists inside one another, which follow each other in
// the last level. Where the lists of that level are long, each is chains of its own: what
// outer axes choose is loaded once for it. Else elements wait first, and then are chains
// together. It reports whether the loops are such lists.
func (w *across) chainLists() bool {
	g := w.g
	v := g.views[0]
	if len(g.plan.loops)-g.plan.kept != len(v.src.order)-v.level {
		return false // an axis of dense operands alone: elements are met again, or not at all
	}
	lists, lo, hi := g.leaves(v)
	all, ok := g.let("n", sub(hi, lo)), true
	apart := g.block(func() {
		w.start()
		ok = w.lists(g.plan.kept, func(c *cursor) { w.chains(v, c.lo, g.let("n", sub(c.hi, c.lo)), nil, func(*loop.Val) {}) })
	})
	if !ok {
		return false
	}
	together := g.block(func() {
		w.enqueue(lo, nil)
		w.chainQueue(v, lo, all, w.identityState())
	})
	short := g.block(func() {
		g.emit(&loop.If{Cond: less(mul(lists, num(acrossLong)), all), Then: apart, Else: together})
		g.assign(w.count, all)
	})
	long := g.block(func() {
		w.start()
		first := g.variable("first", lo)
		w.enqueue(use(first), func(q *loop.Val) {
			g.when(eq(sub(q, use(first)), num(acrossQueue-1)), func() {
				w.chainQueue(v, use(first), num(acrossQueue), nil)
				w.took(num(acrossQueue))
				g.assign(first, add(q, num(1)))
			})
		})
		n := g.let("n", sub(hi, use(first)))
		w.chainQueue(v, use(first), n, nil)
		g.assign(w.count, add(use(w.count), n))
	})
	g.emit(&loop.If{Cond: less(all, num(acrossQueue)), Then: short, Else: long})
	return true
}

// leaves returns how many lists of the last level are below a view, and the positions in
// it that those have.
func (g *gen) leaves(v *view) (lists, lo, hi *loop.Val) {
	if v.on != nil { // nowhere else is anything
		n, first, end := g.variable("lists", num(0)), g.variable("lo", num(0)), g.variable("hi", num(0))
		g.when(v.on, func() {
			there := *v
			there.on = nil
			lists, lo, hi := g.leaves(&there)
			g.assign(n, lists)
			g.assign(first, lo)
			g.assign(end, hi)
		})
		return use(n), use(first), use(end)
	}
	lo, hi = v.p, add(v.p, num(1))
	for l := v.level; l < len(v.src.order); l++ {
		lists = sub(hi, lo)
		if v.src.format.Levels[l] == ir.LevelCompressed {
			lo, hi = load(v.src.pos[l], lo), load(v.src.pos[l], hi)
		} else {
			extent := g.dim(g.k.Operands[v.access.Operand].Shape[v.src.order[l]])
			lo, hi = mul(lo, extent), mul(hi, extent)
		}
		lo, hi = g.let("lo", lo), g.let("hi", hi)
	}
	return lists, lo, hi
}

// lists emits f for each list that the last loop runs along, from a loop on. It reports
// whether there are such lists.
func (w *across) lists(depth int, f func(c *cursor)) bool {
	g := w.g
	a, ok := g.plan.loops[depth], true
	if depth < len(g.plan.loops)-1 {
		g.over(a, g.demand(), false, func() { ok = w.lists(depth+1, f) })
		return ok
	}
	v := g.straight(a, g.demand())
	if v == nil {
		return false
	}
	f(g.list(v))
	return true
}

// enqueue emits that the positions of elements along the outer lists wait, from the one of
// number first on; then, which may be nil, gets the number of each.
func (w *across) enqueue(first *loop.Val, then func(q *loop.Val)) {
	g := w.g
	w.lists(g.plan.kept, func(c *cursor) {
		g.each("q", c.lo, c.hi, func(q *loop.Val) {
			for i := range w.queue {
				g.emit(&loop.Store{Array: w.queue[i], Index: []*loop.Val{sub(q, first)}, Val: g.at[g.plan.loops[g.plan.kept+i]]})
			}
			if then != nil {
				then(q)
			}
		})
	})
}

// chainQueue emits steps for the n elements that wait.
func (w *across) chainQueue(v *view, first, n, init *loop.Val) {
	g := w.g
	outer := g.plan.loops[g.plan.kept : len(g.plan.loops)-1]
	w.chains(v, first, n, init, func(k *loop.Val) {
		for i, a := range outer {
			g.at[a] = load(w.queue[i], k)
		}
	})
	for _, a := range outer {
		g.at[a] = nil
	}
}
