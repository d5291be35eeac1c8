package loop

import (
	"math/bits"
	"slices"

	"github.com/numen-go/numen/ir"
)

// contraction is a reduction whose elements each depend on rows or on columns of its
// results, not on both: its inner kernel works on a small tile of both in registers, so
// that what is loaded is used many times. Elements are packed first, in the order in
// which the tile reads them, which applies a prologue about once an element.
//
// The results of a box are made so (see from_share.go for large ones):
//
//	for columns, at most Schedule.Cols:
//	  for chunks of the contracted axis:
//	    pack the column elements of the chunk, in panels of a tile's columns
//	    for rows, at most Schedule.Rows:
//	      pack the row elements of the chunk, in panels of a tile's rows
//	      for every tile:
//	        its blocks, merged as they come; the chunks before; what comes after
//
// Blocks and chunks are merged by a stack of what is complete: a block goes on top, and
// as often as the number of blocks before it ends in a binary one, the top two merge.
type contraction struct {
	*reduction
	u          int          // the axis of rows
	col        []bool       // by element: it depends on columns
	rows, cols int          // of a tile
	after      func()       // see contract
	put        func(x *Val) // emits the store of a result; nil: where the statement says
	fresh      *Val         // what a state starts from
	done       *Array       // a tile's stack of blocks: [entries, rows * cols]
	part       *part        // where a piece's results go: see inPieces
}

// chunkBlocks is the number of blocks of a chunk of the contracted axis: enough that
// results are rarely merged through memory, few enough that what is packed of a chunk
// stays in a cache.
const chunkBlocks = 2

// direct bounds the steps of a contraction of one block that is not packed: its elements
// are in a cache, and packing them would gain less than it takes.
const direct = 1 << 27

// rowAxis returns the axis of rows of a contraction whose columns are axis v, -1 when
// the statement is none or the target has no kernel for it.
func (l *lowering) rowAxis(s *ir.Stmt, v int) int {
	if s.Sink != ir.Reduce {
		return -1
	}
	kept, _ := domain(l.k, s)
	_, identity := s.Combine.Identity(stateTypes(s))
	if v < 0 || !slices.Contains(kept, v) || !identity || len(stateTypes(s)) != 1 ||
		!(s.Order == ir.Chain || s.Order == ir.Free || exact(s)) || !l.hasTile(s) {
		return -1
	}
	col := false
	var rows []int // that every element without columns agrees on
	for _, e := range s.Args {
		axes := e.Axes()
		if slices.Contains(axes, v) {
			col = true
			continue
		}
		for _, a := range axes {
			if slices.Contains(kept, a) && l.k.Axes[a].From < 0 {
				rows = append(rows, a)
			}
		}
	}
	for _, u := range slices.Backward(rows) {
		mixed := slices.ContainsFunc(s.Args, func(e *ir.Expr) bool {
			return slices.Contains(e.Axes(), u) && slices.Contains(e.Axes(), v)
		})
		// A value that faults is looked at once, as often as it is asked for: not packed.
		if col && !mixed && !slices.ContainsFunc(s.Args, checks) {
			return u
		}
	}
	return -1
}

// hasTile reports whether the target has a kernel for a contraction.
func (l *lowering) hasTile(s *ir.Stmt) bool {
	if l.s.Tile == nil {
		return false
	}
	rows, _ := l.s.Tile(s.Combine, stateTypes(s)[0])
	return rows > 0
}

func checks(e *ir.Expr) bool {
	found := false
	s := ir.Stmt{Args: []*ir.Expr{e}}
	s.VisitExprs(func(e *ir.Expr) { found = found || e.Kind == ir.Checked })
	return found
}

// contract lowers a contraction with rows along u and columns along v, over the box at
// hand. After emits what comes after the results of the box that is then at hand, which
// has all of them; nil: nothing.
func (l *lowering) contract(s *ir.Stmt, u, v int, after func()) {
	r := l.contraction(s, u, v, after)
	others := l.others(s, u, v)
	l.loops(others, func() {
		if l.s.Stage > 0 {
			r.staged()
			return
		}
		if !r.loadsAlone() {
			r.tiles(true)
			return
		}
		small, thin := r.light(r.from, r.to)
		l.emit(&If{small, l.block(r.atOnce), l.block(func() {
			if l.light {
				r.tiles(false)
				return
			}
			l.emit(&If{thin, l.block(func() { r.tiles(false) }), l.block(func() { r.tiles(true) })})
		})})
	})
}

// others returns the axes of a contraction's results beside those of rows and columns.
func (l *lowering) others(s *ir.Stmt, u, v int) []int {
	kept, _ := domain(l.k, s)
	return without(without(kept, u), v)
}

// contraction readies the lowering of a contraction: see contract.
func (l *lowering) contraction(s *ir.Stmt, u, v int, after func()) *contraction {
	_, along := domain(l.k, s)
	r := &contraction{u: u, after: after, reduction: &reduction{lowering: l, s: s, v: v, reduce: along, states: stateTypes(s), lanes: 1, block: ir.ChainBlock}}
	r.rows, r.cols = l.s.Tile(s.Combine, r.states[0])
	r.fresh = r.identity()[0]
	r.columns()
	r.total = intVal(1)
	for _, a := range along {
		r.total = mul(r.total, sub(l.hi[a], l.lo[a]))
	}
	if _, ok := s.Combine.Empty(r.states); !ok {
		l.emit(&NonEmpty{r.total})
	}
	return r
}

// columns notes which elements depend on columns.
func (r *contraction) columns() {
	for _, e := range r.s.Args {
		r.col = append(r.col, slices.Contains(e.Axes(), r.v))
	}
}

// light returns whether a box's elements are few, of one block, and whether its results
// are few rows or few columns: where elements are loads, they are not packed then.
func (r *contraction) light(from, to []*Val) (small, thin *Val) {
	m, n := sub(to[r.u], from[r.u]), sub(to[r.v], from[r.v])
	small = apply(ir.OpAnd, ir.Bool, between(r.total, 1, ir.ChainBlock), intOp(ir.OpLe, mul(mul(m, n), r.total), intVal(direct)))
	return small, apply(ir.OpOr, ir.Bool, intOp(ir.OpLe, m, intVal(2*int64(r.rows))), intOp(ir.OpLe, n, intVal(int64(r.cols))))
}

// between returns lo <= x <= hi.
func between(x *Val, lo, hi int64) *Val {
	return apply(ir.OpAnd, ir.Bool, intOp(ir.OpLe, intVal(lo), x), intOp(ir.OpLe, x, intVal(hi)))
}

// loadsAlone reports whether a tile can work on the arrays themselves: elements are
// loads, those of columns contiguous if their arrays are row-major.
func (r *contraction) loadsAlone() bool {
	for i, e := range r.s.Args {
		if !r.isLoad(e) || r.col[i] && innermost(e, r.v) == 0 {
			return false
		}
	}
	return len(r.reduce) == 1 && !slices.ContainsFunc(r.s.Targets[0].Index, isData)
}

// isLoad reports whether a tile can read an element from its array.
func (r *contraction) isLoad(e *ir.Expr) bool {
	return e.Kind == ir.Load && e.Access.Operand != r.s.Targets[0].Operand && !slices.ContainsFunc(e.Access.Index, isData)
}

// isData reports whether an index is not a sum of multiples of axes.
func isData(x ir.Index) bool { return x.Value != nil || !x.Div.Is(0) }

// sliceTiles is how many tiles, along both axes, run as one statement: machine code does
// not leave inside of it, and must not be away for long.
const sliceTiles = 8

// atOnce emits the box as tiles over the arrays.
func (r *contraction) atOnce() {
	t, u, v := &r.s.Targets[0], r.u, r.v
	origin := r.origin[t.Operand]
	r.local(t.Operand)
	r.pieced(v, sliceTiles*r.cols, func(n *Val) {
		r.pieced(u, sliceTiles*r.rows, func(m *Val) {
			r.tile(r.total, m, n, func(k, i, j *Val) (Element, []*Val) {
				r.at[u], r.at[v] = add(r.from[u], i), add(r.from[v], j)
				c, vals := Element{r.lowering.arrays[t.Operand], r.positions(t, nil)}, []*Val(nil)
				r.at[u], r.at[v] = nil, nil
				for _, e := range r.s.Args {
					vals = append(vals, r.element(e, add(r.lo[r.reduce[0]], k), i, j))
				}
				return c, vals
			})
		})
	})
	if r.after != nil {
		r.after()
	}
	r.origin[t.Operand] = origin
}

// element returns the element of an array at position k of the contracted axis, row i and
// column j of the box at hand.
func (r *contraction) element(e *ir.Expr, k, i, j *Val) *Val {
	a, u, v := r.reduce[0], r.u, r.v
	r.at[a], r.at[u], r.at[v] = k, add(r.from[u], i), add(r.from[v], j)
	x := r.access(e.Access, nil)
	r.at[a], r.at[u], r.at[v] = nil, nil, nil
	return x
}

// tile emits k steps of a tile of m rows and n columns; f returns where its results go
// and its elements.
func (r *contraction) tile(k, m, n *Val, f func(k, i, j *Val) (Element, []*Val)) *Tile {
	t := &Tile{
		Combine: r.s.Combine, Depth: &Var{r.name("k"), ir.Int64}, Row: &Var{r.name("r"), ir.Int64}, Col: &Var{r.name("l"), ir.Int64},
		K: k, M: m, N: n, Init: r.fresh,
	}
	c, vals := f(use(t.Depth), use(t.Row), use(t.Col))
	t.Accs, t.Vals = []Element{c}, vals
	r.emit(t)
	return t
}

// tiles emits the box tile by tile, from packed elements or, where there is little to
// share, from the arrays.
func (r *contraction) tiles(packed bool) {
	r.stack()
	r.pieced(r.v, r.lowering.s.Cols, func(n *Val) {
		r.chunks(n, func(c *chunk) {
			if packed {
				c.pack(r.v, n, r.cols)
			}
			c.rowTiles(n, packed)
		})
	})
}

// stack declares the stack of blocks of a tile.
func (r *contraction) stack() {
	r.done = &Array{r.name("done"), r.states[0], 2, ir.Local}
	entries := intVal(chunkBlocks)
	if len(r.reduce) > 1 || r.lowering.s.Stage > 0 {
		r.before = r.set("nb", r.blockNumber(sub(r.total, intVal(1))))
		entries = add(r.levels(), intVal(1))
	}
	r.emit(&Local{Array: r.done, Extents: []*Val{entries, intVal(int64(r.rows * r.cols))}})
}

// rowTiles emits the tiles of the rows at hand and of n columns, whose elements are packed
// if those of rows are to be.
func (c *chunk) rowTiles(n *Val, packed bool) {
	c.pieced(c.u, c.lowering.s.Rows, func(m *Val) {
		if packed {
			c.pack(c.u, m, c.rows)
		}
		c.eachTile(m, n)
	})
}

// eachTile emits the tiles of m rows and n columns.
func (c *chunk) eachTile(m, n *Val) {
	c.panels(c.v, n, c.cols, func(q, n *Val) {
		c.panels(c.u, m, c.rows, func(p, m *Val) { c.results(p, q, m, n) })
	})
}

// pieced emits what f emits for pieces of axis a, of n positions, at most size.
func (r *contraction) pieced(a, size int, f func(n *Val)) {
	from, to, name := r.from[a], r.to[a], r.k.Axes[a].Name
	r.forRange(name, from, to, int64(size), func(i *Val) {
		n := r.set(name+"n", minVal(intVal(int64(size)), sub(to, i)))
		r.lowering.bounds(a, i, add(i, n))
		f(n)
	})
	r.lowering.bounds(a, from, to)
}

// panels emits what f emits for panels of axis a: number p of n positions, at most width,
// of the size positions at hand.
func (r *contraction) panels(a int, size *Val, width int, f func(p, n *Val)) {
	from, to, w := r.from[a], r.to[a], intVal(int64(width))
	r.forRange("p", intVal(0), panelCount(size, width), 1, func(p *Val) {
		i := r.set("i", mul(w, p))
		n := r.set("n", minVal(w, sub(size, i)))
		r.lowering.bounds(a, add(from, i), add(add(from, i), n))
		f(p, n)
	})
	r.lowering.bounds(a, from, to)
}

// panelCount returns how many panels hold size positions.
func panelCount(size *Val, width int) *Val {
	return intOp(ir.OpQuo, add(size, intVal(int64(width-1))), intVal(int64(width)))
}

// chunk is a run of the contracted positions: of a single axis, or all of several axes.
type chunk struct {
	*contraction
	lo, n   *Val     // the first position of a single axis; the number of positions
	packs   []*Array // by element: [panels, n, width]; nil: it has lines, or is read from its array
	lines   []*Array // by element: [n, positions]
	last    *Val     // whether no chunk follows
	prior   *Array   // the stack of chunks before, nil when there is one only: [entries, m, n]
	entries *Val     // in the stack
	joins   *Val     // of them that this chunk merges with
	row     *Val     // where the box's rows and columns start
	column  *Val
}

// chunks emits what f emits for the chunks of a box of n columns.
func (r *contraction) chunks(n *Val, f func(c *chunk)) {
	c := &chunk{contraction: r, n: r.total, packs: make([]*Array, len(r.s.Args)), lines: make([]*Array, len(r.s.Args)), row: r.from[r.u], column: r.from[r.v]}
	if len(r.reduce) > 1 {
		f(c)
		return
	}
	a, size := r.reduce[0], int64(chunkBlocks*ir.ChainBlock)
	lo, hi, name := r.lo[a], r.hi[a], r.k.Axes[a].Name
	number := func(p *Val) *Val { return intOp(ir.OpShr, p, intVal(int64(bits.TrailingZeros64(uint64(size))))) }
	levels := r.set("levels", intVal(0))
	before := r.set("before", number(sub(r.total, intVal(1))))
	r.emit(&While{intOp(ir.OpLt, intVal(0), intOp(ir.OpShr, before, levels)), []Stmt{&Set{levels.Var, add(levels, intVal(1))}}})
	c.prior = &Array{r.name("prior"), r.states[0], 3, ir.Local}
	r.emit(&Local{Array: c.prior, Extents: []*Val{levels, sub(r.to[r.u], r.from[r.u]), n}})
	c.entries = r.set("entries", intVal(0))
	// Of nothing there is a chunk as well: it makes the result of no steps.
	r.forRange(name, lo, maxVal(hi, add(lo, intVal(1))), size, func(i *Val) {
		c.lo, c.n = i, r.set(name+"n", minVal(intVal(size), sub(hi, i)))
		c.last = intOp(ir.OpLe, hi, add(i, intVal(size)))
		c.joins = r.set("joins", intVal(0))
		q := r.set("q", number(sub(i, lo)))
		r.emit(&While{r.joined(intOp(ir.OpLt, c.joins, c.entries), c.last, q, c.joins), []Stmt{&Set{c.joins.Var, add(c.joins, intVal(1))}}})
		f(c)
		r.emit(&Set{c.entries.Var, add(sub(c.entries, c.joins), intVal(1))})
	})
}

// joined returns whether there is an entry below, and what is complete merges with it:
// always at the end, else when bit d of the number of blocks before is set.
func (r *contraction) joined(below, last, number, d *Val) *Val {
	return apply(ir.OpAnd, ir.Bool, below, apply(ir.OpOr, ir.Bool, last, intOp(ir.OpNe, bit(number, d), intVal(0))))
}

// results emits m rows and n columns of results, from panels p and q.
func (c *chunk) results(p, q, m, n *Val) {
	if c.prior == nil {
		c.stacked(p, q, m, n)
		c.finish(m, n)
		return
	}
	// A chunk has at most two blocks. The first of two waits for the second's tile.
	b := c.set("b", intVal(0))
	c.emit(&If{Cond: intOp(ir.OpLt, intVal(ir.ChainBlock), c.n), Then: c.nested(func() {
		c.blockAt(p, q, b, intVal(ir.ChainBlock), m, n, c.waits)
		c.emit(&Set{b.Var, intVal(ir.ChainBlock)})
	})})
	last := func(to func(i, j *Val) Element) {
		t := c.blockAt(p, q, b, sub(c.n, b), m, n, to)
		left := c.waits(use(t.Row), use(t.Col))
		t.When, t.Left = b, &left
	}
	// Results that go to an array of their own are written there by the tile, unless they
	// merge first.
	keep := func(of *Array, entry *Val) {
		to := func(i, j *Val) Element { return Element{of, c.there(entry, i, j)} }
		c.emit(&If{intOp(ir.OpEq, c.joins, intVal(0)), c.nested(func() { last(to) }), c.nested(func() {
			last(c.tops)
			c.merges(m, n)
			c.cells(m, n, func(i, t *Val) {
				e := to(i, t)
				c.emit(&Store{e.Array, e.Index, c.result(i, t)})
			})
		})})
	}
	finished := func() {
		last(c.tops)
		c.none()
		c.merges(m, n)
		c.finish(m, n)
	}
	switch {
	case c.part != nil:
		finished = func() { keep(c.part.of, c.part.piece) }
	case c.direct():
		alone, whole := c.nested(func() {
			last(func(i, j *Val) Element {
				c.at[c.u], c.at[c.v] = add(c.from[c.u], i), add(c.from[c.v], j)
				defer func() { c.at[c.u], c.at[c.v] = nil, nil }()
				t := &c.s.Targets[0]
				return Element{c.lowering.arrays[t.Operand], c.positions(t, nil)}
			})
		}), c.nested(finished)
		simple := apply(ir.OpAnd, ir.Bool, intOp(ir.OpEq, c.joins, intVal(0)), intOp(ir.OpLt, intVal(0), c.n))
		finished = func() { c.emit(&If{simple, alone, whole}) }
	}
	c.emit(&If{c.last, c.nested(finished), c.nested(func() { keep(c.prior, sub(c.entries, c.joins)) })})
}

// blockAt emits k steps of a tile from position b of the chunk.
func (c *chunk) blockAt(p, q, b, k, m, n *Val, to func(i, j *Val) Element) *Tile {
	return c.tile(k, m, n, func(k, i, j *Val) (Element, []*Val) {
		var vals []*Val
		for x, e := range c.s.Args {
			switch pack := c.packs[x]; {
			case c.lines[x] != nil && c.col[x]:
				vals = append(vals, load(c.lines[x], add(b, k), add(sub(c.from[c.v], c.column), j)))
			case c.lines[x] != nil:
				vals = append(vals, load(c.lines[x], add(b, k), add(sub(c.from[c.u], c.row), i)))
			case pack == nil:
				vals = append(vals, c.element(e, add(c.lo, add(b, k)), i, j))
			case c.col[x]:
				vals = append(vals, load(pack, q, add(b, k), j))
			default:
				vals = append(vals, load(pack, p, add(b, k), i))
			}
		}
		return to(i, j), vals
	})
}

// tops and waits return where the first and the second entry of the tile's stack have a
// result.
func (c *chunk) tops(i, j *Val) Element  { return Element{c.done, []*Val{intVal(0), c.place(i, j)}} }
func (c *chunk) waits(i, j *Val) Element { return Element{c.done, []*Val{intVal(1), c.place(i, j)}} }

// there returns where an entry of the stack of chunks has a result of the tile.
func (c *chunk) there(entry, i, j *Val) []*Val {
	return []*Val{entry, add(sub(c.from[c.u], c.row), i), add(sub(c.from[c.v], c.column), j)}
}

// merges emits the merging of the tile's results with the chunks before that they join.
func (c *chunk) merges(m, n *Val) {
	c.forRange("s", intVal(1), add(c.joins, intVal(1)), 1, func(s *Val) {
		c.cells(m, n, func(i, t *Val) {
			c.emit(&Store{c.done, []*Val{intVal(0), c.place(i, t)}, c.merged(load(c.prior, c.there(sub(c.entries, s), i, t)...), c.result(i, t))})
		})
	})
}

// direct reports whether a tile can write the results where they belong.
func (c *chunk) direct() bool {
	t := &c.s.Targets[0]
	last := len(t.Index) - 1
	return c.after == nil && plain(t.Index[last]) == c.v && !slices.ContainsFunc(t.Index, isData) && c.lowering.arrays[t.Operand].DType == c.states[0]
}

// none emits the result of no steps, which is not always what a state starts from.
func (c *chunk) none() {
	if empty, ok := c.s.Combine.Empty(c.states); ok && empty[0] != c.fresh.Bits {
		c.emit(&If{Cond: intOp(ir.OpEq, c.n, intVal(0)), Then: c.nested(func() {
			c.all(func(*Val) *Val { return c.literals(empty)[0] }, intVal(0))
		})})
	}
}

// stacked emits the results of all positions, block by block, with a stack of the tile's
// own.
func (c *chunk) stacked(p, q, m, n *Val) {
	below := c.set("below", intVal(0)) // entries below the block at hand
	c.forRange("b", intVal(0), maxVal(c.n, intVal(1)), ir.ChainBlock, func(b *Val) {
		k := minVal(intVal(ir.ChainBlock), sub(c.n, b))
		if c.lowering.s.Stage > 0 {
			c.stages(b, k, below, m, n)
		} else {
			c.blockAt(p, q, b, k, m, n, func(i, j *Val) Element { return Element{c.done, []*Val{below, c.place(i, j)}} })
		}
		last, d := intOp(ir.OpLe, c.n, add(b, intVal(ir.ChainBlock))), c.set("d", intVal(0))
		c.emit(&While{c.joined(intOp(ir.OpLt, intVal(0), below), last, c.blockNumber(b), d), c.nested(func() {
			c.emit(&Set{below.Var, sub(below, intVal(1))})
			c.all(func(t *Val) *Val { return c.merged(load(c.done, below, t), load(c.done, add(below, intVal(1)), t)) }, below)
			c.emit(&Set{d.Var, add(d, intVal(1))})
		})})
		c.emit(&Set{below.Var, add(below, intVal(1))})
	})
	c.none()
}

// place returns where in an entry a result is.
func (r *contraction) place(i, j *Val) *Val { return add(mul(intVal(int64(r.cols)), i), j) }

// result returns a result of the tile.
func (r *contraction) result(i, j *Val) *Val { return load(r.done, intVal(0), r.place(i, j)) }

// merged returns what two states make.
func (r *contraction) merged(left, right *Val) *Val {
	return r.combined(r.s.Combine.Merge, []*Val{left}, []*Val{right})[0]
}

// all emits an entry's values, of all places.
func (r *contraction) all(f func(t *Val) *Val, entry *Val) {
	size := int64(r.rows * r.cols)
	for at := int64(0); at < size; at += int64(r.lowering.s.Strip) {
		r.strip(intVal(min(size-at, int64(r.lowering.s.Strip))), func(t *Val) {
			t = add(t, intVal(at))
			r.emit(&Store{r.done, []*Val{entry, t}, f(t)})
		})
	}
}

// cells emits a strip over the columns of every row of the tile.
func (r *contraction) cells(m, n *Val, f func(i, t *Val)) {
	r.forRange("r", intVal(0), m, 1, func(i *Val) {
		r.strip(n, func(t *Val) {
			r.at[r.u], r.at[r.v] = add(r.from[r.u], i), add(r.from[r.v], t)
			f(i, t)
			r.at[r.u], r.at[r.v] = nil, nil
		})
	})
}

// finish emits what becomes of the tile's results. A local that only what comes after
// reads, and which therefore is not declared yet, is the tile itself.
func (r *contraction) finish(m, n *Val) {
	t := &r.s.Targets[0]
	if r.after == nil || r.k.Operands[t.Operand].Role != ir.Local || r.origin[t.Operand] != nil {
		r.cells(m, n, func(i, j *Val) {
			if r.put != nil {
				r.put(r.result(i, j))
			} else {
				r.assign(t, r.result(i, j))
			}
		})
	} else {
		r.alias[t.Operand] = func(at []*Val) *Val {
			var place [2]*Val
			for d, x := range t.Index {
				switch plain(x) {
				case r.u:
					place[0] = sub(at[d], r.from[r.u])
				case r.v:
					place[1] = sub(at[d], r.from[r.v])
				}
			}
			return r.result(place[0], place[1])
		}
		defer delete(r.alias, t.Operand)
	}
	if r.after != nil {
		r.lowering.tile[r.u], r.lowering.tile[r.v] = r.rows, r.cols
		r.after()
		r.lowering.tile[r.u], r.lowering.tile[r.v] = 0, 0
	}
}
