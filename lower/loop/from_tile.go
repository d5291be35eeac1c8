package loop

import (
	"slices"

	"github.com/numen-go/numen/ir"
)

// contraction is a reduction whose elements each depend on rows or on columns of its
// results, not on both: its inner kernel works on a panel of both, so that what is
// loaded is used many times. Elements that need work are packed first, which applies a
// prologue about once an element.
type contraction struct {
	*reduction
	u      int    // the axis of rows
	col    []bool // by element: it depends on columns
	m      *Val   // rows of the panel; n are its columns
	c, sum *Array // the panel, and the blocks before: [m, n], [levels, m, n]
}

// rowAxis returns the axis of rows of a contraction whose columns are axis v, -1 when
// the statement is none or the target has no kernel for it.
func (l *lowering) rowAxis(s *ir.Stmt, v int) int {
	if s.Sink != ir.Reduce {
		return -1
	}
	kept, _ := domain(l.k, s)
	_, identity := s.Combine.Identity(stateTypes(s))
	if v < 0 || !slices.Contains(kept, v) || !identity || len(stateTypes(s)) != 1 ||
		!(s.Order == ir.Chain || s.Order == ir.Free || exact(s)) || l.s.Tile == nil || !l.s.Tile(s.Combine, stateTypes(s)[0]) {
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

func checks(e *ir.Expr) bool {
	found := false
	s := ir.Stmt{Args: []*ir.Expr{e}}
	s.VisitExprs(func(e *ir.Expr) { found = found || e.Kind == ir.Checked })
	return found
}

// contract lowers a contraction with rows along u and columns along v.
func (l *lowering) contract(s *ir.Stmt, u, v int) {
	kept, along := domain(l.k, s)
	r := &contraction{u: u, reduction: &reduction{lowering: l, s: s, v: v, reduce: along, states: stateTypes(s), lanes: 1}}
	if s.Order == ir.Chain && !exact(s) {
		r.block = ir.ChainBlock
	}
	for _, e := range s.Args {
		r.col = append(r.col, slices.Contains(e.Axes(), v))
	}
	l.loops(without(without(kept, u), v), func() {
		r.panels(v, l.s.Cols, func(n *Val) {
			r.n = n
			r.panels(u, l.s.Rows, func(m *Val) {
				r.m = m
				r.panel()
			})
		})
	})
}

// panels emits what f emits for pieces of axis a of at most size positions.
func (r *contraction) panels(a, size int, f func(n *Val)) {
	from, to, name := r.from[a], r.to[a], r.k.Axes[a].Name
	r.forRange(name, from, to, int64(size), func(i *Val) {
		n := r.set(name+"n", minVal(intVal(int64(size)), sub(to, i)))
		r.from[a], r.to[a] = i, add(i, n)
		f(n)
	})
	r.from[a], r.to[a] = from, to
}

// panel emits one panel of results.
func (r *contraction) panel() {
	r.total = intVal(1)
	for _, a := range r.reduce {
		r.total = mul(r.total, sub(r.hi[a], r.lo[a]))
	}
	r.c = r.array("c", r.states[0], r.m, r.n)
	if r.block > 0 {
		r.before = r.set("nb", r.blockNumber(sub(r.total, intVal(1))))
		r.sum = r.array("st", r.states[0], r.levels(), r.m, r.n)
	} else {
		r.clear()
	}
	if len(r.reduce) == 1 {
		r.tileBlocks()
	} else {
		r.tileStream()
	}
	if r.block > 0 {
		d := r.set("d", intVal(0))
		r.emit(&While{intOp(ir.OpLt, intVal(0), intOp(ir.OpShr, r.before, d)), r.nested(func() {
			r.emit(&If{Cond: intOp(ir.OpNe, bit(r.before, d), intVal(0)), Then: r.nested(func() { r.join(d) })})
			r.emit(&Set{d.Var, add(d, intVal(1))})
		})})
	}
	if empty, ok := r.s.Combine.Empty(r.states); ok {
		r.emit(&If{Cond: intOp(ir.OpEq, r.total, intVal(0)), Then: r.nested(func() {
			r.cells(func(i, t *Val) { r.emit(&Store{r.c, []*Val{i, t}, r.literals(empty)[0]}) })
		})})
	} else {
		r.emit(&NonEmpty{r.total})
	}
	r.cells(func(i, t *Val) { r.assign(&r.s.Targets[0], load(r.c, i, t)) })
}

func (r *contraction) array(name string, d ir.DType, extents ...*Val) *Array {
	x := &Array{r.name(name), d, len(extents), ir.Local}
	r.emit(&Local{Array: x, Extents: extents})
	return x
}

// cells emits a strip over the columns of every row of the panel.
func (r *contraction) cells(f func(i, t *Val)) {
	r.forRange("r", intVal(0), r.m, 1, func(i *Val) {
		r.strip(r.n, func(t *Val) {
			r.at[r.u], r.at[r.v] = add(r.from[r.u], i), add(r.from[r.v], t)
			f(i, t)
			r.at[r.u], r.at[r.v] = nil, nil
		})
	})
}

// clear emits the panel's state before a block.
func (r *contraction) clear() {
	id := r.identity()[0]
	r.cells(func(i, t *Val) { r.emit(&Store{r.c, []*Val{i, t}, id}) })
}

// join emits the merge of level d of the blocks before with the panel.
func (r *contraction) join(d *Val) {
	r.cells(func(i, t *Val) {
		left, right := []*Val{load(r.sum, d, i, t)}, []*Val{load(r.c, i, t)}
		r.emit(&Store{r.c, []*Val{i, t}, r.combined(r.s.Combine.Merge, left, right)[0]})
	})
}

// nextBlock emits the start of a block: the panel of the one before it, number q, goes to
// the stack.
func (r *contraction) nextBlock(first *Val, q func() *Val) {
	r.emit(&If{Cond: first, Then: r.nested(func() {
		q, d := r.set("q", q()), r.set("d", intVal(0))
		r.emit(&While{intOp(ir.OpNe, bit(q, d), intVal(0)), r.nested(func() {
			r.join(d)
			r.emit(&Set{d.Var, add(d, intVal(1))})
		})})
		r.cells(func(i, t *Val) { r.emit(&Store{r.sum, []*Val{d, i, t}, load(r.c, i, t)}) })
	})})
	r.clear()
}

// tileBlocks emits the blocks of one contracted axis.
func (r *contraction) tileBlocks() {
	a := r.reduce[0]
	r.forRange(r.k.Axes[a].Name+"b", r.lo[a], r.hi[a], ir.ChainBlock, func(b *Val) {
		if r.block > 0 {
			r.nextBlock(intOp(ir.OpLt, r.lo[a], b), func() *Val { return sub(r.blockNumber(sub(b, r.lo[a])), intVal(1)) })
		}
		n := r.set(r.k.Axes[a].Name+"n", minVal(intVal(ir.ChainBlock), sub(r.hi[a], b)))
		r.tile(n, func(t *Tile, e *ir.Expr, col bool) *Val { return r.element(e, col, b, n, t) })
	})
}

// tileStream emits several contracted axes, flattened: elements are packed position by
// position until a block is full.
func (r *contraction) tileStream() {
	mask := intVal(ir.ChainBlock - 1)
	p := r.set("p", intVal(0))
	inBlock := func() *Val { return intOp(ir.OpAnd, p, mask) }
	packs := make([]*Array, len(r.s.Args))
	for i, e := range r.s.Args {
		_, width, _ := r.side(r.col[i], &Tile{})
		packs[i] = r.array("p", e.DType, intVal(ir.ChainBlock), width)
	}
	flush := func(n *Val) []Stmt {
		return r.nested(func() {
			next := 0
			r.tile(n, func(t *Tile, _ *ir.Expr, col bool) *Val {
				_, _, at := r.side(col, t)
				next++
				return load(packs[next-1], use(t.Depth), use(at))
			})
		})
	}
	r.loops(r.reduce, func() {
		if r.block > 0 {
			r.emit(&If{Cond: intOp(ir.OpEq, inBlock(), intVal(0)), Then: r.nested(func() {
				r.nextBlock(intOp(ir.OpLt, intVal(0), p), func() *Val { return sub(r.blockNumber(p), intVal(1)) })
			})})
		}
		for i, e := range r.s.Args {
			side, width, _ := r.side(r.col[i], &Tile{})
			r.strip(width, func(t *Val) {
				r.at[side] = add(r.from[side], t)
				r.emit(&Store{packs[i], []*Val{inBlock(), t}, r.values([]*ir.Expr{e})[0]})
				r.at[side] = nil
			})
		}
		r.emit(&Set{p.Var, add(p, intVal(1))})
		r.emit(&If{Cond: intOp(ir.OpEq, inBlock(), intVal(0)), Then: flush(intVal(ir.ChainBlock))})
	})
	r.emit(&If{Cond: intOp(ir.OpNe, inBlock(), intVal(0)), Then: flush(inBlock())})
}

// tile emits n steps of the panel with elements as element gives them.
func (r *contraction) tile(n *Val, element func(t *Tile, e *ir.Expr, col bool) *Val) {
	t := &Tile{
		Combine: r.s.Combine, Depth: &Var{r.name("k"), ir.Int64}, Row: &Var{r.name("r"), ir.Int64}, Col: &Var{r.name("l"), ir.Int64},
		K: n, M: r.m, N: r.n,
	}
	t.Accs = []Element{{r.c, []*Val{use(t.Row), use(t.Col)}}}
	for i, e := range r.s.Args {
		t.Vals = append(t.Vals, element(t, e, r.col[i]))
	}
	r.emit(t)
}

// side returns the axis of rows or of columns, their number and the tile's position.
func (r *contraction) side(col bool, t *Tile) (axis int, width *Val, at *Var) {
	if col {
		return r.v, r.n, t.Col
	}
	return r.u, r.m, t.Row
}

// element returns an element of the tile as a load: of the array itself where a row's
// element is one, else of what is packed here for positions b to b+n.
func (r *contraction) element(e *ir.Expr, col bool, b, n *Val, tile *Tile) *Val {
	a := r.reduce[0]
	side, width, at := r.side(col, tile)
	if e.Kind == ir.Load && !col && !slices.ContainsFunc(e.Access.Index, func(x ir.Index) bool { return x.Value != nil || !x.Div.Is(0) }) {
		r.at[a], r.at[side] = add(b, use(tile.Depth)), add(r.from[side], use(at))
		v := r.access(e.Access, nil)
		r.at[a], r.at[side] = nil, nil
		return v
	}
	p := r.array("p", e.DType, n, width)
	pack := func(k, i *Val) {
		r.at[a], r.at[side] = add(b, k), add(r.from[side], i)
		r.emit(&Store{p, []*Val{k, i}, r.values([]*ir.Expr{e})[0]})
		r.at[a], r.at[side] = nil, nil
	}
	if innermost(e, a) > innermost(e, side) { // contiguous along the contracted axis
		r.forRange("i", intVal(0), width, 1, func(i *Val) {
			r.strip(n, func(t *Val) { pack(t, i) })
		})
	} else {
		r.forRange("k", intVal(0), n, 1, func(k *Val) {
			r.strip(width, func(t *Val) { pack(k, t) })
		})
	}
	return load(p, use(tile.Depth), use(at))
}

// innermost counts the loads that have axis a last.
func innermost(e *ir.Expr, a int) int {
	n := 0
	s := ir.Stmt{Args: []*ir.Expr{e}}
	loads(&s, func(x *ir.Access) {
		if k := len(x.Index); k > 0 && slices.ContainsFunc(x.Index[k-1].Terms, func(t ir.Term) bool { return t.Axis == a }) {
			n++
		}
	})
	return n
}
