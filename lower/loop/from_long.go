package loop

import "github.com/numen-go/numen/ir"

// A contraction of many steps that makes few results is cut along the steps: a task makes
// all results of a piece of the contracted axis, so that elements are computed once. A piece
// is a whole subtree of the tree that merges blocks.
//
//	tasks: for pieces of the contracted axis:
//	  for chunks of the piece: lines of the elements, then every tile
//	tasks: for rows:
//	  merge the results of pieces; then what comes after

// cacheLine is the bytes that memory gives at a time.
const cacheLine = 64

const (
	longSteps   = 4 * chunkBlocks * ir.ChainBlock // of such a contraction, at least
	longWork    = 1 << 20                         // steps of all results together, at least
	longSide    = 1 << 10                         // rows, and columns, at most
	longResults = 1 << 17                         // at most: a piece writes all of them
	longParts   = 1 << 21                         // results of all pieces together, at most, but for the first two pieces
	fewTiles    = 64                              // rows, and columns, at most, whose elements are read where they are
)

// long is the axes of a kernel that is a contraction, which may be cut along its steps.
type long struct {
	rows, columns, steps int
	others               []int // axes of the results beside rows and columns
	thin                 bool  // where rows or columns are few, tiles work on the arrays themselves
	tileRows, tileCols   int64
}

// longOf returns the axes of the one contraction of a kernel that is such, nil: there is none
// or several.
func longOf(k *ir.Kernel, s Schedule) *long {
	s.Long = true
	l := newLowering(k, s)
	var p *plan
	for _, stmts := range l.groups() {
		if q := l.plan(stmts); l.isProduct(q) {
			if p != nil {
				return nil
			}
			p = q
		}
	}
	if p == nil {
		return nil
	}
	x := &k.Stmts[p.stmts[0]]
	r := &contraction{reduction: &reduction{lowering: l, s: x, v: p.strips[0], reduce: x.Axes}, u: p.rows[0]}
	r.columns()
	rows, cols := s.Tile(x.Combine, stateTypes(x)[0])
	return &long{r.u, r.v, x.Axes[0], l.others(x, r.u, r.v), r.loadsAlone(), int64(rows), int64(cols)}
}

// cuts reports whether a run of such a kernel is cut along the steps.
func (x *long) cuts(c *call) bool {
	if x == nil {
		return false
	}
	m, n, k := c.hi[x.rows]-c.lo[x.rows], c.hi[x.columns]-c.lo[x.columns], c.hi[x.steps]-c.lo[x.steps]
	work := int64(longWork)
	if len(x.others) > 0 { // these are tasks for less
		work = worthSharing
	}
	switch {
	case k < longSteps, m < 1, m > longSide, n < 1, n > longSide, m*n > longResults, m*n < (work+k-1)/k:
		return false
	case x.thin && (m <= 2*x.tileRows || n <= x.tileCols): // rows are tasks otherwise, and nothing is packed
		return m <= fewTiles && n <= fewTiles
	}
	return true
}

// inPieces emits the box, cut along the contracted axis.
func (r *contraction) inPieces() {
	l, a := r.lowering, r.reduce[0]
	lo, hi, name, total := l.lo[a], l.hi[a], l.k.Axes[a].Name, r.total
	m, n := sub(r.to[r.u], r.from[r.u]), sub(r.to[r.v], r.from[r.v])
	size := r.set("size", intVal(chunkBlocks*ir.ChainBlock))
	twice := []Stmt{&Set{size.Var, mul(intVal(2), size)}}
	r.emit(&While{intOp(ir.OpLt, mul(intVal(maxPieces), size), total), twice})
	r.emit(&While{intOp(ir.OpLt, mul(intVal(longParts), size), mul(mul(m, n), total)), twice})
	pieces := r.set("pieces", intOp(ir.OpQuo, add(total, sub(size, intVal(1))), size))
	parts := &Array{r.name("part"), r.states[0], 3, ir.Local}
	r.emit(&Local{Array: parts, Extents: []*Val{pieces, m, n}})

	task := ParRange{Lo: r.newVar(name+"0", ir.Int64), Hi: r.newVar(name+"1", ir.Int64), From: intVal(0), To: pieces, Step: intVal(1)}
	body := l.block(func() {
		r.forRange(name+"q", use(task.Lo), use(task.Hi), 1, func(q *Val) {
			from := r.set(name+"from", add(mul(q, size), lo))
			to := r.set(name+"to", minVal(add(from, size), hi))
			l.lo[a], l.hi[a], r.total = from, to, sub(to, from)
			r.part = &part{parts, q}
			if !r.loadsAlone() {
				r.piece(m, n, true)
			} else {
				few := apply(ir.OpAnd, ir.Bool, intOp(ir.OpLe, m, intVal(fewTiles)), intOp(ir.OpLe, n, intVal(fewTiles)))
				r.emit(&If{few, l.block(func() { r.piece(m, n, false) }), l.block(func() { r.piece(m, n, true) })})
			}
			l.lo[a], l.hi[a], r.total, r.part = lo, hi, total, nil
		})
	})
	steps := mul(mul(m, n), intVal(max(int64(10*l.s.Cost(ir.OpFMA, r.states[0])), 1)))
	for i, e := range r.s.Args {
		side := m
		if r.col[i] {
			side = n
		}
		steps = add(steps, mul(side, intVal(int64(10*l.elementCost(e)))))
	}
	r.emit(&Par{[]ParRange{task}, mul(size, steps), false, body})
	r.mergePieces(parts, pieces, n)
}

// part is where a piece's results go: an entry of an array.
type part struct {
	of    *Array // [pieces, rows, columns]
	piece *Val
}

// piece emits the results of the piece at hand.
func (r *contraction) piece(m, n *Val, lines bool) {
	r.stack()
	r.chunks(n, func(c *chunk) {
		for i, e := range r.s.Args {
			axis, size, width := c.u, m, c.rows
			if c.col[i] {
				axis, size, width = c.v, n, c.cols
			}
			switch across := innermost(e, r.reduce[0]) <= innermost(e, axis); {
			case !lines || c.isLoad(e) && !c.col[i]: // each is read for a tile's columns at once
			case across:
				c.lines[i] = c.linesOf(e, axis, size)
			default:
				c.packs[i] = c.panelsOf(e, size, width)
				c.packElement(c.packs[i], e, axis, size, width, intVal(0), c.n)
			}
		}
		c.eachTile(m, n)
	})
}

// linesOf emits the elements of an axis at all positions of the chunk, as lines of an array.
// These are an odd number of cache lines apart: nearest caches have room for all of them.
func (c *chunk) linesOf(e *ir.Expr, axis int, size *Val) *Array {
	perLine := intVal(int64(cacheLine / e.DType.Size()))
	apart := intOp(ir.OpQuo, add(size, sub(perLine, intVal(1))), perLine)
	apart = add(apart, sub(intVal(1), intOp(ir.OpAnd, apart, intVal(1))))
	to := &Array{c.name("line"), e.DType, 2, ir.Local}
	c.emit(&Local{Array: to, Extents: []*Val{c.n, mul(apart, perLine)}})
	start, k := c.from[axis], c.reduce[0]
	c.forRange("k", intVal(0), c.n, 1, func(x *Val) {
		c.at[k] = add(c.lo, x)
		c.strips(axis, start, c.to[axis], func() {
			c.emit(&Store{to, []*Val{x, sub(c.at[axis], start)}, c.values([]*ir.Expr{e})[0]})
		})
		c.at[k] = nil
	})
	return to
}

// mergePieces emits the merging of pieces, and what comes after.
func (r *contraction) mergePieces(parts *Array, pieces, n *Val) {
	from, to := r.from[r.u], r.to[r.u]
	task := ParRange{Lo: r.newVar("r0", ir.Int64), Hi: r.newVar("r1", ir.Int64), From: from, To: to, Step: intVal(int64(r.rows))}
	r.lowering.bounds(r.u, use(task.Lo), use(task.Hi))
	body := r.lowering.block(func() {
		row := func(i, level *Val) { // merges neighbours, 2^level pieces apart
			one := intOp(ir.OpShl, intVal(1), level)
			pairs := intOp(ir.OpShr, add(pieces, sub(one, intVal(1))), add(level, intVal(1)))
			r.forRange("q", intVal(0), pairs, 1, func(q *Val) {
				q = r.set("q", intOp(ir.OpShl, q, add(level, intVal(1))))
				right := r.set("q", add(q, one))
				r.strips(r.v, r.from[r.v], r.to[r.v], func() {
					j := sub(r.at[r.v], r.from[r.v])
					r.emit(&Store{parts, []*Val{q, i, j}, r.merged(load(parts, q, i, j), load(parts, right, i, j))})
				})
			})
		}
		r.forRange("r", sub(use(task.Lo), from), sub(use(task.Hi), from), 1, func(i *Val) {
			level := r.set("level", intVal(0))
			r.emit(&While{intOp(ir.OpLt, intOp(ir.OpShl, intVal(1), level), pieces), r.lowering.block(func() {
				row(i, level)
				r.emit(&Set{level.Var, add(level, intVal(1))})
			})})
		})
		r.stack()
		c := &chunk{contraction: r, row: from, column: r.from[r.v]}
		r.panels(r.v, n, r.cols, func(_, n *Val) {
			r.panels(r.u, sub(use(task.Hi), use(task.Lo)), r.rows, func(_, m *Val) {
				r.cells(m, n, func(i, t *Val) {
					at := c.there(intVal(0), i, t)
					r.emit(&Store{r.done, []*Val{intVal(0), r.place(i, t)}, load(parts, at...)})
				})
				c.finish(m, n)
			})
		})
	})
	r.lowering.bounds(r.u, from, to)
	r.emit(&Par{[]ParRange{task}, mul(mul(n, pieces), intVal(5)), false, body})
}
