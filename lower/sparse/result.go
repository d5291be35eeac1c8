package sparse

import (
	"slices"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
	"github.com/numen-go/numen/lower/loop"
)

// result is a sparse result under way. Loops go along its levels; elements and the
// coordinates above them are appended where there are any. A first loop counts, for
// every piece, what each level gets; the second one writes from where that says.
type result struct {
	g      *gen
	levels []ir.Level
	pos    []*loop.Array // by level
	crd    []*loop.Array
	vals   *loop.Array
	bases  *loop.Array // where the pieces start, or how much they have: by piece and level
	n      []*loop.Var // by level: the position that its next element gets
	any    []*loop.Var // by level: whether something was met below, where no list tells
	fill   *loop.Val
}

func (g *gen) newResult() *result {
	o := &g.k.Operands[g.s.Targets[0].Operand]
	r := &result{g: g, fill: literal(o.DType, o.Format.Fill)}
	n := len(o.Format.Levels)
	r.pos, r.crd, r.n, r.any = make([]*loop.Array, n), make([]*loop.Array, n), make([]*loop.Var, n), make([]*loop.Var, n)
	for l, kind := range treeFormat(o.Format, storedOrder(o.Format)).Levels {
		r.levels = append(r.levels, kind)
		if kind == ir.LevelCompressed && g.phase != count {
			role := ir.Out
			if g.plan.workspace {
				role = ir.InOut
			}
			r.pos[l] = g.array("opos", ir.Int64, 1, ir.InOut, func(r *run) loop.Memory { return slice(r.out.Pos[l]) })
			r.crd[l] = g.array("ocrd", ir.Int32, 1, role, func(r *run) loop.Memory { return slice(r.out.Crd[l]) })
		}
	}
	if g.phase == write {
		r.vals = g.array("oval", o.DType, 1, ir.Out, func(r *run) loop.Memory { return host(r.out.Vals, o.DType) })
	}
	r.bases = g.array("base", ir.Int64, 2, ir.InOut, func(r *run) loop.Memory { return r.baseMemory(n) })
	if g.plan.workspace {
		for l, kind := range r.levels {
			if (kind == ir.LevelCompressed) != (l == n-1) {
				g.fail(declined(lower.WhyLevel, "a scattered result whose rows are a list"))
			}
		}
	}
	return r
}

// begin starts a piece.
func (r *result) begin() {
	for l, kind := range r.levels {
		if kind == ir.LevelCompressed {
			at := num(0)
			if r.g.phase != count {
				at = load(r.bases, r.g.chunk, num(int64(l)))
			}
			r.n[l] = r.g.variable("top", at)
		}
	}
}

// end tells how much a piece has, or where it ended.
func (r *result) end() {
	for l, n := range r.n {
		if n != nil && (r.g.phase == count || r.g.phase == write) {
			r.g.emit(&loop.Store{Array: r.bases, Index: []*loop.Val{r.g.chunk, num(int64(l))}, Val: use(n)})
		}
	}
}

// axis emits the loop over an axis of the result: loops emits it, over every position or
// over those that may be stored, and f what is inside at a position of the level.
func (r *result) axis(level int, parent *loop.Val, loops func(all bool, each func(x *loop.Val)), f func(p *loop.Val)) {
	g, last := r.g, level == len(r.levels)-1
	if r.levels[level] == ir.LevelDense {
		loops(true, func(x *loop.Val) {
			p := g.let("o", add(mul(parent, g.extentOf(g.plan.out[level])), x))
			f(p)
			if !last {
				r.close(level+1, p)
			}
		})
		return
	}
	if last {
		loops(false, func(x *loop.Val) { f(use(r.n[level])) })
		return
	}
	next := slices.Index(r.levels[level+1:], ir.LevelCompressed)
	loops(false, func(x *loop.Val) {
		p := use(r.n[level])
		var any func() *loop.Val
		if next >= 0 {
			before := g.let("before", use(r.n[level+1+next]))
			any = func() *loop.Val { return less(before, use(r.n[level+1+next])) }
		} else {
			r.any[level] = g.variable("any", num(0))
			any = func() *loop.Val { return less(num(0), use(r.any[level])) }
		}
		if g.phase != write || r.levels[level+1] != ir.LevelDense {
			f(p)
			g.when(any(), func() { r.append(level, x) })
			return
		}
		// A level without a list writes all of its positions, and there is room for them
		// only where one is stored.
		g.when(r.counted(level+1, any, func() { f(p) }), func() {
			f(p)
			r.append(level, x)
		})
	})
}

// counted emits what f emits when elements are counted, from a level on, and returns what
// any is then. Nothing else is left of it.
func (r *result) counted(level int, any func() *loop.Val, f func()) *loop.Val {
	g := r.g
	was := make([]*loop.Val, len(r.n))
	for l := level; l < len(r.n); l++ {
		if r.n[l] != nil {
			was[l] = g.let("was", use(r.n[l]))
		}
	}
	g.phase = count
	f()
	g.phase = write
	some := g.let("some", any())
	for l, n := range was {
		if n != nil {
			g.assign(r.n[l], n)
		}
	}
	return some
}

func (g *gen) extentOf(a int) *loop.Val { return g.dim(g.k.Axes[a].Extent) }

// close ends the list of a level below a position.
func (r *result) close(level int, p *loop.Val) {
	if r.levels[level] == ir.LevelCompressed && r.g.phase == write {
		r.g.emit(&loop.Store{Array: r.pos[level], Index: []*loop.Val{add(p, num(1))}, Val: use(r.n[level])})
	}
}

// append adds a coordinate to a level.
func (r *result) append(level int, x *loop.Val) {
	if r.g.phase == write {
		r.g.emit(&loop.Store{Array: r.crd[level], Index: []*loop.Val{use(r.n[level])}, Val: cast(ir.Int32, x)})
		if level+1 < len(r.levels) {
			r.close(level+1, use(r.n[level]))
		}
	}
	r.g.assign(r.n[level], add(use(r.n[level]), num(1)))
}

// element emits the element at a position of the last level, which is stored where a
// condition holds; nil: surely.
func (r *result) element(p, cond *loop.Val, value func() *loop.Val) {
	g, last := r.g, len(r.levels)-1
	if last < 0 || r.levels[last] == ir.LevelDense {
		store := func(v *loop.Val) { g.emit(&loop.Store{Array: r.vals, Index: []*loop.Val{p}, Val: v}) }
		note := func() {
			for _, a := range r.any {
				if a != nil {
					g.assign(a, num(1))
				}
			}
		}
		yes := func() {
			note()
			if g.phase == write {
				store(value())
			}
		}
		if cond == nil {
			yes()
			return
		}
		s := &loop.If{Cond: cond, Then: g.block(yes)}
		if g.phase == write {
			s.Else = g.block(func() { store(r.fill) })
		}
		g.emit(s)
		return
	}
	g.when(cond, func() {
		if g.phase == write {
			v := value()
			g.emit(&loop.Store{Array: r.vals, Index: []*loop.Val{p}, Val: v})
		}
		r.append(last, g.at[g.plan.out[last]])
	})
}

// scattered emits the list of the last level below a position, the loops of which from
// depth on meet elements in any order, some more than once: coordinates and values stand
// as they were met first, and are put in order later. Whether some position of an element
// was implicit shows in the sign of a zero. An element has no more positions than the loop
// over the last axis was come to, which hardly ever are all: only then are the positions
// of every element counted.
func (r *result) scattered(p *loop.Val, depth int) {
	g, w, last := r.g, r.g.space, len(r.levels)-1
	row := g.let("row", add(p, num(1)))
	met := func(x *loop.Val, first func()) {
		g.when(op(ir.OpNe, load(g.marks, x), row), func() {
			g.emit(&loop.Store{Array: g.marks, Index: []*loop.Val{x}, Val: row})
			first()
			r.append(last, x)
		})
	}
	if g.phase == count {
		g.scatter(depth, nil, func(x *loop.Val) { met(x, func() {}) })
		return
	}
	lo, came := g.let("lo", use(r.n[last])), g.variable("came", num(0))
	g.scatter(depth, func() { g.assign(came, add(use(came), num(1))) }, func(x *loop.Val) {
		met(x, func() { w.clear(x, false) })
		w.step(x, g.values(g.s.Args), false)
	})
	each := func(f func(q, x *loop.Val)) {
		g.each("q", lo, use(r.n[last]), func(q *loop.Val) { f(q, g.let("x", cast(ir.Int64, load(r.crd[last], q)))) })
	}
	store := func(value func(x *loop.Val) []*loop.Val) {
		each(func(q, x *loop.Val) {
			v := value(x)
			g.emit(&loop.Store{Array: r.vals, Index: []*loop.Val{q}, Val: v[0]})
		})
	}
	again := g.block(func() {
		each(func(_, x *loop.Val) { w.clear(x, true) })
		g.scatter(depth, nil, func(x *loop.Val) { w.step(x, g.values(g.s.Args), true) })
		store(w.finish)
	})
	g.emit(&loop.If{Cond: less(use(came), g.positions()), Then: g.block(func() { store(w.partial) }), Else: again})
}
