package loop

import (
	"slices"

	"github.com/numen-go/numen/ir"
)

// groups cuts the statements into runs that share an axis, for whose tiles they can then
// be chained. Where no axis is shared each part runs over whole arrays, in parallel by
// itself: a cut at a local changes no bit.
func (l *lowering) groups() [][]int {
	var out [][]int
	for n := range l.k.Stmts {
		if last := len(out) - 1; last >= 0 && !l.s.Pieces {
			with := append(slices.Clone(out[last]), n)
			if len(outer(l.k, with)) > 0 && !l.endsAt(out[last], n) {
				out[last] = with
				continue
			}
		}
		out = append(out, []int{n})
	}
	return out
}

// endsAt reports whether a group ends before a statement: with a contraction that is cut along
// its steps, unless the statement goes over its results as they come.
func (l *lowering) endsAt(group []int, n int) bool {
	return l.s.Long && l.isProduct(l.plan(group)) && !l.isProduct(l.plan(append(slices.Clone(group), n)))
}

// crossing declares the locals that one group writes and another one uses, with room for
// whole axes.
func (l *lowering) crossing(groups [][]int) {
	users := make([]map[int]bool, len(l.k.Operands)) // by operand: groups
	for i := range users {
		users[i] = map[int]bool{}
	}
	for g, stmts := range groups {
		for _, n := range stmts {
			s := &l.k.Stmts[n]
			for _, t := range s.Targets {
				users[t.Operand][g] = true
			}
			loads(s, func(a *ir.Access) { users[a.Operand][g] = true })
		}
	}
	for _, stmts := range groups {
		for _, n := range stmts {
			for _, t := range l.k.Stmts[n].Targets {
				if len(users[t.Operand]) > 1 {
					l.local(t.Operand)
				}
			}
		}
	}
}

// pieceWork is how many elements a piece of a reduction has at least: enough for a task.
// maxPieces bounds the pieces.
const (
	pieceWork = 1 << 16
	maxPieces = 64
)

// A schedule that spreads reductions over a device makes more and smaller pieces, whose
// results are merged in two steps: joinFan pieces a task, then what these made. A result's
// piece has at least spreadBlocks blocks.
const (
	spreadBlocks = 4
	joinFan      = 32
)

// splits reports whether a reduction, whose rows are axis u where it is a contraction, is
// cut into pieces: its result is single, or the schedule asks for it. It has one axis, and
// an order that is a tree of blocks, or none.
func (l *lowering) splits(s *ir.Stmt, u int) bool {
	if s.Sink != ir.Reduce || len(s.Axes) != 1 || s.Order == ir.TreeOrder && !exact(s) || u >= 0 && l.s.Spread == 0 {
		return false
	}
	kept, _ := domain(l.k, s)
	return len(kept) == 0 || l.s.Pieces && len(outer(l.k, []int{l.stmt})) == len(kept)
}

// cutting is a reduction on its way to pieces.
type cutting struct {
	*lowering
	s       *ir.Stmt
	v, u    int // axes of strips, and of a contraction's rows, -1: none
	kept    []int
	a       int  // the reduced axis
	total   *Val // its positions
	size    *Val // of a piece
	pieces  *Val
	parts   []*Array // by state: [pieces and groups of them, results...]
	extents []*Val   // of results
}

// split lowers a reduction that splits: pieces of a power of two of blocks are tasks, and
// a tree merges their results.
func (l *lowering) split(s *ir.Stmt, v, u int) {
	kept, _ := domain(l.k, s)
	c := &cutting{lowering: l, s: s, v: v, u: u, kept: kept, a: s.Axes[0]}
	c.total = sub(l.hi[c.a], l.lo[c.a])
	for _, x := range kept {
		c.extents = append(c.extents, sub(l.hi[x], l.lo[x]))
	}
	spread := l.s.Spread > 0
	if spread {
		if u < 0 && v != c.a { // a result a task
			c.v = -1
		}
		c.spreadSize()
	} else {
		c.fewSize()
	}
	c.pieces = l.set("pieces", intOp(ir.OpQuo, add(c.total, sub(c.size, intVal(1))), c.size))
	first, count := intVal(0), c.pieces
	groups := intVal(0)
	if spread {
		first, count, groups = l.set("first", first), l.set("count", count), l.set("groups", groups)
		l.emit(&If{Cond: intOp(ir.OpLt, intVal(joinFan), c.pieces), Then: []Stmt{
			&Set{groups.Var, intOp(ir.OpQuo, add(c.pieces, intVal(joinFan-1)), intVal(joinFan))},
			&Set{first.Var, c.pieces}, &Set{count.Var, groups},
		}})
	}
	extents := append([]*Val{add(c.pieces, groups)}, c.extents...)
	for _, d := range stateTypes(s) {
		c.parts = append(c.parts, &Array{l.name("part"), d, len(extents), ir.Local})
		l.emit(&Local{Array: c.parts[len(c.parts)-1], Extents: extents})
	}
	c.tasks("", c.pieces, c.piece)
	if !spread {
		c.join(first, count, true, func(r *reduction, t *Val) { r.finish(t) })
		return
	}
	c.tasks("g", groups, func(g *Val) {
		from := l.set("from", mul(intVal(joinFan), g))
		c.join(from, minVal(intVal(joinFan), sub(c.pieces, from)), false, func(r *reduction, t *Val) { c.keep(add(c.pieces, g), r.get(r.acc, intVal(0), t)) })
	})
	c.tasks("", nil, func(*Val) {
		c.join(first, count, true, func(r *reduction, t *Val) { r.finish(t) })
	})
}

// fewSize chooses pieces for threads: each makes all results of its piece.
func (c *cutting) fewSize() {
	results := intVal(1)
	for _, n := range c.extents {
		results = mul(results, n)
	}
	c.size = c.set("size", intVal(ir.LaneBlock))
	twice := []Stmt{&Set{c.size.Var, mul(intVal(2), c.size)}}
	small := intOp(ir.OpLt, mul(c.size, results), intVal(pieceWork))
	if len(c.kept) > 0 { // no results are no work
		small = apply(ir.OpAnd, ir.Bool, small, intOp(ir.OpLt, c.size, c.total))
	}
	c.emit(&While{small, twice})
	c.emit(&While{intOp(ir.OpLt, mul(intVal(maxPieces), c.size), c.total), twice})
}

// spreadSize chooses pieces for a device: of a result, or of a tile of a contraction's.
func (c *cutting) spreadSize() {
	steps := c.total
	for i, x := range c.kept {
		steps = mul(steps, intOp(ir.OpQuo, add(c.extents[i], intVal(c.step(x)-1)), intVal(c.step(x))))
	}
	c.size = c.set("size", intVal(spreadBlocks*ir.LaneBlock))
	c.emit(&While{intOp(ir.OpLt, mul(intVal(int64(c.lowering.s.Spread)), c.size), steps), []Stmt{&Set{c.size.Var, mul(intVal(2), c.size)}}})
}

// step returns how many positions of a kept axis a task of a spread reduction has.
func (c *cutting) step(x int) int64 {
	if c.u >= 0 && (x == c.u || x == c.v) {
		rows, cols := c.lowering.s.Tile(c.s.Combine, stateTypes(c.s)[0])
		if x == c.u {
			return int64(rows)
		}
		return int64(cols)
	}
	return 1
}

// tasks emits what f emits for every number below n, nil: for none, in tasks; where
// reductions are spread for the results of a task at a time.
func (c *cutting) tasks(like string, n *Val, f func(q *Val)) {
	l, name := c.lowering, c.k.Axes[c.a].Name+like
	var ranges []ParRange
	if n != nil {
		ranges = append(ranges, ParRange{Lo: l.newVar(name+"0", ir.Int64), Hi: l.newVar(name+"1", ir.Int64), From: intVal(0), To: n, Step: intVal(1)})
	}
	if l.s.Spread > 0 {
		for _, x := range c.kept {
			r := ParRange{Lo: l.newVar(l.k.Axes[x].Name+"0", ir.Int64), Hi: l.newVar(l.k.Axes[x].Name+"1", ir.Int64), From: l.lo[x], To: l.hi[x], Step: intVal(c.step(x))}
			ranges = append(ranges, r)
			l.bounds(x, use(r.Lo), use(r.Hi))
		}
	}
	body := l.block(func() {
		if n == nil {
			f(nil)
			return
		}
		l.forRange(name+"q", use(ranges[0].Lo), use(ranges[0].Hi), 1, f)
	})
	for _, x := range c.kept {
		l.bounds(x, l.lo[x], l.hi[x])
	}
	if ranges == nil {
		l.emit(body...)
		return
	}
	one := &plan{stmts: []int{l.stmt}, rows: []int{-1}, shared: []int{c.a}}
	l.emit(&Par{Ranges: ranges, Cost: mul(l.cost(one), c.size), Body: body})
}

// piece emits piece q of the results at hand.
func (c *cutting) piece(q *Val) {
	l, lo, hi, name := c.lowering, c.lo[c.a], c.hi[c.a], c.k.Axes[c.a].Name
	from := l.set(name+"from", add(mul(q, c.size), lo))
	to := l.set(name+"to", minVal(add(from, c.size), hi))
	l.from[c.a], l.to[c.a] = from, to
	if c.u >= 0 {
		l.lo[c.a], l.hi[c.a] = from, to
		r := l.contraction(c.s, c.u, c.v, nil)
		r.put = func(x *Val) { c.keep(q, []*Val{x}) }
		l.loops(l.others(c.s, c.u, c.v), r.staged)
		l.lo[c.a], l.hi[c.a] = lo, hi
	} else {
		r := l.newReduction(c.s, c.v)
		r.eachRow(func() {
			r.run(func() {
				r.each(func(t *Val) { c.keep(q, r.get(r.acc, intVal(0), t)) })
			})
		})
	}
	l.from[c.a], l.to[c.a] = lo, hi
}

// part returns the element of an entry for the result at hand.
func (c *cutting) part(entry *Val) []*Val {
	at := []*Val{entry}
	for _, x := range c.kept {
		at = append(at, sub(c.at[x], c.lo[x]))
	}
	return at
}

// keep emits the stores of a state in an entry of the parts.
func (c *cutting) keep(entry *Val, state []*Val) {
	for i, v := range state {
		c.emit(&Store{c.parts[i], c.part(entry), v})
	}
}

// join emits the tree of so many entries of the parts; store emits the use of its result
// at position t. Whole says that these are all pieces.
func (c *cutting) join(first, count *Val, whole bool, store func(r *reduction, t *Val)) {
	v := c.v
	if c.lowering.s.Spread > 0 && v != c.a {
		v = -1
	}
	tree := c.newReduction(c.s, v)
	tree.lanes, tree.block = 1, 1
	tree.eachRow(func() {
		tree.total = count
		tree.acc = tree.arrays("a", intVal(1))
		tree.counter()
		c.forRange("q", intVal(0), count, 1, func(q *Val) {
			tree.pushBefore(q, intVal(0))
			tree.each(func(t *Val) {
				vals := make([]*Val, len(c.parts))
				for i, p := range c.parts {
					vals[i] = load(p, c.part(add(first, q))...)
				}
				tree.put(tree.acc, intVal(0), t, vals)
			})
		})
		tree.merge()
		if whole {
			tree.total = c.total
			tree.orEmpty()
		}
		tree.each(func(t *Val) { store(tree, t) })
	})
}
