package loop

import (
	"slices"

	"github.com/numen-go/numen/ir"
)

// A large contraction is cut into tasks that share the packed elements of columns, so that
// each is packed once: for every chunk, tasks pack it, then tasks make rows of results.
//
//	for columns, at most Schedule.Cols:
//	  for chunks of the contracted axis:
//	    tasks: pack the column elements of some positions of the chunk
//	    tasks: for rows, at most Schedule.Rows:
//	      pack the row elements of the chunk, then every tile: see contraction

// worthSharing is how many steps the tasks of one matrix take, where there are several:
// below, tasks are cut along these.
const worthSharing = 1 << 26

// isProduct reports whether a group is a contraction, with stores over its results or
// without, whose tasks may share work.
func (l *lowering) isProduct(p *plan) bool {
	u, v := p.rows[0], p.strips[0]
	return u >= 0 && l.s.Stage == 0 && len(l.k.Stmts[p.stmts[0]].Axes) == 1 && slices.Contains(p.shared, u) && slices.Contains(p.shared, v) &&
		(len(p.stmts) == 1 || l.fuses(p))
}

// product emits such a group: a long one as the schedule says, a large one so that tasks
// share what is packed, others as apart does. It reports whether it can. Where elements of
// columns are computed tasks are cut along these, and share nothing: 20000 x 200 with
// logarithms took 7 % longer when half of them came from the other processor's cache.
func (l *lowering) product(p *plan, apart func()) bool {
	s, u, v := &l.k.Stmts[p.stmts[0]], p.rows[0], p.strips[0]
	if !l.isProduct(p) || !l.s.Long && computed(s, v) {
		return false
	}
	l.stmt = p.stmts[0]
	var after func()
	if len(p.stmts) > 1 {
		after = func() { l.afterTile(p, p.stmts[1:]) }
	}
	others := l.others(s, u, v)
	r := l.contraction(s, u, v, after)
	box := func(f func()) {
		l.tiles(p, without(without(p.shared, u), v), func() { l.loops(others, f) })
	}
	if l.s.Long {
		box(r.inPieces)
		return true
	}
	together := func() { box(r.together) }
	var few *Val // true: tasks are cut otherwise
	if r.loadsAlone() {
		small, thin := r.light(l.lo, l.hi)
		few = apply(ir.OpOr, ir.Bool, small, thin)
	}
	if len(others) > 0 {
		steps := mul(mul(sub(l.hi[u], l.lo[u]), sub(l.hi[v], l.lo[v])), r.total)
		less := intOp(ir.OpLt, steps, intVal(worthSharing))
		if few == nil {
			few = less
		} else {
			few = apply(ir.OpOr, ir.Bool, few, less)
		}
	}
	if few == nil {
		together()
		return true
	}
	l.light = len(others) == 0
	then := l.block(apart)
	l.light = false
	l.emit(&If{few, then, l.block(together)})
	return true
}

// together emits the box, cut into tasks.
func (r *contraction) together() {
	r.pieced(r.v, r.lowering.s.Cols, func(n *Val) {
		r.chunks(n, func(c *chunk) {
			for i, e := range c.s.Args {
				if c.col[i] {
					c.packs[i] = c.panelsOf(e, n, c.cols)
					c.packTasks(c.packs[i], e, n)
				}
			}
			c.rowTasks(n)
		})
	})
}

// packTasks emits the packing of an element of n columns.
func (c *chunk) packTasks(to *Array, e *ir.Expr, n *Val) {
	step := packStep
	if innermost(e, c.reduce[0]) > innermost(e, c.v) {
		step = packRun
	}
	k := ParRange{Lo: c.newVar("k0", ir.Int64), Hi: c.newVar("k1", ir.Int64), From: intVal(0), To: c.n, Step: intVal(int64(step))}
	cost := mul(n, intVal(int64(10*c.lowering.elementCost(e))))
	c.emit(&Par{[]ParRange{k}, cost, false, c.lowering.block(func() {
		c.packElement(to, e, c.v, n, c.cols, use(k.Lo), use(k.Hi))
	})})
}

// rowTasks emits the rows of n columns of results.
func (c *chunk) rowTasks(n *Val) {
	from, to := c.from[c.u], c.to[c.u]
	step := (taskStep + c.rows - 1) / c.rows * c.rows // whole tiles
	u := ParRange{Lo: c.newVar("r0", ir.Int64), Hi: c.newVar("r1", ir.Int64), From: from, To: to, Step: intVal(int64(step))}
	cost := mul(mul(n, c.n), intVal(max(int64(10*c.lowering.s.Cost(ir.OpFMA, c.states[0])), 1)))
	c.lowering.bounds(c.u, use(u.Lo), use(u.Hi))
	body := c.lowering.block(func() {
		c.stack()
		c.rowTiles(n, true)
	})
	c.lowering.bounds(c.u, from, to)
	c.emit(&Par{[]ParRange{u}, cost, false, body})
}
