package loop

import (
	"math"
	"math/bits"
	"slices"

	"github.com/numen-go/numen/ir"
)

// reduction is one reduce statement on its way to loops. Its accumulators are lanes
// along the strip, when the strip runs along the innermost reduced axis; else they are
// rows as wide as the strip, which runs along a kept axis (one wide when there is none).
type reduction struct {
	*lowering
	s      *ir.Stmt
	v      int // the strip's axis, -1: none
	reduce []int
	states []ir.DType
	along  bool     // v is the innermost reduced axis
	lanes  int      // accumulators of a block
	block  int      // positions of a block, 0: all
	n      *Val     // width of rows
	total  *Val     // reduced positions
	acc    []*Array // by state: [lanes], or [lanes, n]
	stack  []*Array // by state: merged blocks, a binary counter: [levels], or [levels, n]
	before *Val     // number of blocks before the last one
}

// reduce lowers a reduce statement whose strips run along axis v, -1: none.
func (l *lowering) reduce(s *ir.Stmt, v int) {
	r := l.newReduction(s, v)
	r.eachRow(func() {
		r.run(func() { r.each(r.finish) })
	})
}

// eachRow emits what f emits for every row of results.
func (r *reduction) eachRow(f func()) {
	l, v := r.lowering, r.v
	kept, _ := domain(l.k, r.s)
	if v < 0 || r.along {
		l.loops(kept, f)
		return
	}
	l.loops(without(kept, v), func() {
		l.pieces(v, l.rowWidth(r.s, v), func(lo, hi *Val) {
			from, to := l.from[v], l.to[v]
			r.shortRows(lo, hi, func(lo, hi *Val) {
				l.from[v], l.to[v] = lo, hi
				r.n = l.set("n", sub(hi, lo))
				f()
			})
			l.from[v], l.to[v] = from, to
		})
	})
}

// shortRows emits what f emits for pieces of the row lo..hi: where all that is read is in
// a cache, so short that the accumulators of all lanes stay in the nearest one. From memory
// it is read fastest in long runs.
func (r *reduction) shortRows(lo, hi *Val, f func(lo, hi *Val)) {
	if r.lowering.s.Near == 0 || r.lanes == 1 {
		f(lo, hi)
		return
	}
	const nearest = 8 << 10 // bytes: a quarter of a nearest cache
	bytes := 0
	for _, d := range r.states {
		bytes += d.Size()
	}
	total := intVal(1)
	for _, a := range r.k.Domain(r.s) {
		total = mul(total, sub(r.hi[a], r.lo[a]))
	}
	narrow, whole := intVal(int64(bits.Len(uint(nearest/(r.lanes*bytes)))-1)), intVal(62)
	shift := r.set("shift", choose(intOp(ir.OpLe, total, intVal(int64(r.lowering.s.Near))), narrow, whole))
	name := r.k.Axes[r.v].Name
	r.forRange("piece", intVal(0), add(intOp(ir.OpShr, sub(sub(hi, lo), intVal(1)), shift), intVal(1)), 1, func(p *Val) {
		from := r.set(name, add(lo, intOp(ir.OpShl, p, shift)))
		f(from, r.set(name+"e", minVal(add(from, intOp(ir.OpShl, intVal(1), shift)), hi)))
	})
}

// rowWidth returns how wide the rows of a statement's accumulators are along axis v. Rows
// that are only added are wide, for memory is read fastest in long runs; where elements
// are computed the temporaries should stay in the cache.
func (l *lowering) rowWidth(s *ir.Stmt, v int) int {
	if s.Sink != ir.Reduce || slices.Contains(s.Axes, v) ||
		slices.ContainsFunc(s.Args, func(e *ir.Expr) bool { return e.Kind != ir.Load }) {
		return l.s.Strip
	}
	return max(l.s.Strip, l.s.Wide)
}

func (l *lowering) newReduction(s *ir.Stmt, v int) *reduction {
	_, along := domain(l.k, s)
	r := &reduction{lowering: l, s: s, v: v, reduce: along, states: stateTypes(s), lanes: 1, n: intVal(1)}
	r.along = len(along) > 0 && v == along[len(along)-1]
	switch {
	case exact(s) || s.Order == ir.Free:
		if r.along && !r.searches() {
			r.lanes = ir.LaneCount // no order to keep: short chains
		}
	case s.Order == ir.Lanes:
		r.lanes, r.block = ir.LaneCount, ir.LaneBlock
	case s.Order == ir.Chain:
		r.block = ir.ChainBlock
	case s.Order == ir.TreeOrder:
		r.block = 1
	}
	// There is one block where axes are known to be short. Along several, lanes go on from
	// one row to the next: stream keeps track of that.
	if n := l.atMost(along); r.block > 1 && n <= int64(r.block) && (!r.along || len(along) == 1) {
		r.block = 0
		if !r.along && n < int64(r.lanes) { // lanes that no position reaches change nothing
			r.lanes = 1 << bits.Len64(uint64(max(n, 1)-1))
		}
	}
	return r
}

// atMost returns how many positions axes have together, at most; a large number when
// that is known at run time only.
func (l *lowering) atMost(axes []int) int64 {
	n, ok := int64(1), true
	for _, a := range axes {
		e, isConst := l.k.Axes[a].Extent.Const()
		if n, ok = ir.MulOK(n, e); !ok || !isConst {
			return math.MaxInt64
		}
	}
	return n
}

func without(axes []int, a int) []int {
	var out []int
	for _, x := range axes {
		if x != a {
			out = append(out, x)
		}
	}
	return out
}

// run emits the reduction into one row of results, which store emits the use of.
func (r *reduction) run(store func()) {
	r.total = intVal(1)
	for _, a := range r.reduce {
		r.total = mul(r.total, sub(r.to[a], r.from[a]))
	}
	r.acc = r.arrays("a", intVal(int64(r.lanes)))
	switch {
	case r.block == 0:
		r.whole()
	case len(r.reduce) == 1:
		r.counter()
		r.blocks()
		r.merge()
	default:
		r.counter()
		r.stream()
		r.merge()
	}
	r.orEmpty()
	store()
}

// finish emits the stores of the results at position t of the row.
func (r *reduction) finish(t *Val) {
	for i, v := range r.get(r.acc, intVal(0), t) {
		r.assign(&r.s.Targets[i], v)
	}
}

// orEmpty emits the result of a reduction of nothing.
func (r *reduction) orEmpty() {
	empty, ok := r.s.Combine.Empty(r.states)
	if !ok {
		r.emit(&NonEmpty{r.total})
		return
	}
	r.emit(&If{Cond: intOp(ir.OpEq, r.total, intVal(0)), Then: r.nested(func() {
		r.each(func(t *Val) { r.put(r.acc, intVal(0), t, r.literals(empty)) })
	})})
}

// nested returns what f emits.
func (r *reduction) nested(f func()) []Stmt { return r.lowering.block(f) }

// whole reduces all positions as one block.
func (r *reduction) whole() {
	if a := r.reduce[0]; !r.along && len(r.reduce) == 1 {
		r.walk(a, r.from[a], r.to[a])
		r.fold(r.total)
		return
	}
	r.start()
	if r.along {
		m := len(r.reduce) - 1
		r.loops(r.reduce[:m], func() { r.lane(r.from[r.v], r.to[r.v], nil) })
	} else {
		p := r.set("p", intVal(0))
		r.loops(r.reduce, func() {
			r.step(p)
			r.emit(&Set{p.Var, add(p, intVal(1))})
		})
	}
	r.fold(r.total)
}

// blocks reduces one axis block by block.
func (r *reduction) blocks() {
	a, size := r.reduce[0], intVal(int64(r.block))
	lo, hi := r.from[a], r.to[a]
	r.forRange(r.k.Axes[a].Name+"b", lo, hi, int64(r.block), func(b *Val) {
		r.pushBefore(b, lo)
		end := minVal(add(b, size), hi)
		if r.block > 1 {
			end = r.set(r.k.Axes[a].Name+"e", end)
		}
		switch {
		case r.along:
			r.start()
			r.lane(b, end, nil)
		case r.block == 1:
			r.at[a] = b
			r.step(intVal(0))
			r.at[a] = nil
		default:
			r.walk(a, b, end)
		}
		r.fold(sub(end, b))
	})
}

// pushBefore emits, at the start of the block at b, the push of the one before it.
func (r *reduction) pushBefore(b, lo *Val) {
	r.emit(&If{Cond: intOp(ir.OpLt, lo, b), Then: r.nested(func() { r.push(sub(r.blockNumber(sub(b, lo)), intVal(1))) })})
}

// stream reduces several axes, flattened: blocks end where they end, inside a row or not.
func (r *reduction) stream() {
	mask := intVal(int64(r.block - 1))
	p := r.set("p", intVal(0))
	inBlock := func() *Val { return intOp(ir.OpAnd, p, mask) }
	first := func() { // of a block
		r.emit(&If{Cond: intOp(ir.OpEq, inBlock(), intVal(0)), Then: r.nested(func() {
			r.emit(&If{Cond: intOp(ir.OpLt, intVal(0), p), Then: r.nested(func() {
				r.fold(intVal(int64(r.block)))
				r.push(sub(r.blockNumber(p), intVal(1)))
			})})
			r.start()
		})})
	}
	advance := func(by *Val) { r.emit(&Set{p.Var, add(p, by)}) }
	if r.along {
		m := len(r.reduce) - 1
		r.loops(r.reduce[:m], func() {
			j := r.set(r.k.Axes[r.v].Name, r.from[r.v])
			r.emit(&While{intOp(ir.OpLt, j, r.to[r.v]), r.nested(func() {
				first()
				room := sub(intVal(int64(r.block)), inBlock())
				n := r.set("n", minVal(minVal(room, r.width()), sub(r.to[r.v], j)))
				r.strip(n, func(t *Val) {
					r.at[r.v] = add(j, t)
					r.emit(&Lanes{r.s.Combine, r.acc, r.values(r.s.Args), inBlock()})
					r.at[r.v] = nil
				})
				r.emit(&Set{j.Var, add(j, n)})
				advance(n)
			})})
		})
	} else {
		r.loops(r.reduce, func() {
			first()
			r.step(inBlock())
			advance(intVal(1))
		})
	}
	r.fold(add(intOp(ir.OpAnd, sub(p, intVal(1)), mask), intVal(1)))
}

// blockNumber returns p / block.
func (r *reduction) blockNumber(p *Val) *Val {
	if n, ok := p.number(); ok {
		return intVal(n / int64(r.block))
	}
	if r.block == 1 {
		return p
	}
	return intOp(ir.OpShr, p, intVal(int64(bits.TrailingZeros(uint(r.block)))))
}

// arrays declares an array per state.
func (r *reduction) arrays(name string, rows *Val) []*Array {
	out := make([]*Array, len(r.states))
	for i, d := range r.states {
		out[i] = &Array{r.name(name), d, 2, ir.Local}
		extents := []*Val{rows, r.n}
		if r.along {
			out[i].Rank, extents = 1, extents[:1]
		}
		r.emit(&Local{Array: out[i], Extents: extents})
	}
	return out
}

func (r *reduction) where(row, t *Val) []*Val {
	if r.along {
		return []*Val{row}
	}
	return []*Val{row, t}
}

// get returns the state in a row.
func (r *reduction) get(arrays []*Array, row, t *Val) []*Val {
	out := make([]*Val, len(arrays))
	for i, a := range arrays {
		out[i] = load(a, r.where(row, t)...)
	}
	return out
}

// put emits the stores of a state inside a strip. A state of several parts is computed
// before any part of it is overwritten.
func (r *reduction) put(arrays []*Array, row, t *Val, vals []*Val) {
	if len(vals) > 1 {
		vals = r.shared(vals)
	}
	for i, a := range arrays {
		r.emit(&Store{a, r.where(row, t), vals[i]})
	}
}

// each emits a strip over a row; of one position when accumulators are no rows.
func (r *reduction) each(f func(t *Val)) {
	if r.along {
		r.strip(intVal(1), func(*Val) { f(intVal(0)) })
		return
	}
	r.strip(r.n, func(t *Val) {
		if r.n.isInt(1) {
			t = intVal(0)
		}
		if r.v >= 0 {
			r.at[r.v] = add(r.from[r.v], t)
		}
		f(t)
		if r.v >= 0 {
			r.at[r.v] = nil
		}
	})
}

func (r *reduction) literals(bits []uint64) []*Val {
	out := make([]*Val, len(bits))
	for i, b := range bits {
		out[i] = &Val{Kind: Const, DType: r.states[i], Bits: b}
	}
	return out
}

// identity returns the state that merges without a trace, nil when there is none.
func (r *reduction) identity() []*Val {
	id, ok := r.s.Combine.Identity(r.states)
	if !ok || r.block == 1 {
		return nil
	}
	return r.literals(id)
}

// start emits the accumulators' state before a block. Without an identity the first
// positions seed their lanes.
func (r *reduction) start() {
	id := r.identity()
	switch {
	case id == nil:
	case r.along:
		r.strip(intVal(int64(r.lanes)), func(t *Val) {
			for i, a := range r.acc {
				r.emit(&Store{a, []*Val{t}, id[i]})
			}
		})
	case r.lanes == 1:
		r.each(func(t *Val) { r.put(r.acc, intVal(0), t, id) })
	default:
		r.forRange("l", intVal(0), intVal(int64(r.lanes)), 1, func(row *Val) {
			r.each(func(t *Val) { r.put(r.acc, row, t, id) })
		})
	}
}

// lane emits the strips of positions lo..hi of the innermost reduced axis.
func (r *reduction) lane(lo, hi, at *Val) {
	if r.searches() {
		r.search(lo, hi)
		return
	}
	r.strips(r.v, lo, hi, func() {
		r.emit(&Lanes{r.s.Combine, r.acc, r.values(r.s.Args), at})
	})
}

// step emits the step of one position, the p-th of its block, for a row of results.
func (r *reduction) step(p *Val) {
	lane := intVal(0)
	if r.lanes > 1 {
		lane = intOp(ir.OpAnd, p, intVal(int64(r.lanes-1)))
	}
	step := func() {
		r.each(func(t *Val) {
			elems := r.values(r.s.Args)
			r.put(r.acc, lane, t, r.combined(r.s.Combine.Step, r.get(r.acc, lane, t), elems))
		})
	}
	seed := func() {
		r.each(func(t *Val) {
			elems := r.values(r.s.Args)
			r.put(r.acc, lane, t, r.seeded(r.s.Combine, elems))
		})
	}
	switch {
	case r.block == 1:
		seed()
	case r.identity() != nil:
		step()
	default:
		r.emit(&If{intOp(ir.OpLt, p, intVal(int64(r.lanes))), r.nested(seed), r.nested(step)})
	}
}

// fold emits the merge of a block's lanes into lane 0, of which count positions came.
func (r *reduction) fold(count *Val) {
	if r.lanes == 1 {
		return
	}
	if r.along {
		r.emit(&Fold{r.s.Combine, r.acc})
		return
	}
	if r.identity() != nil {
		r.each(func(t *Val) { r.put(r.acc, intVal(0), t, r.folded(0, 1, t)) })
		return
	}
	for h := r.lanes / 2; h > 0; h /= 2 {
		r.forRange("l", intVal(0), intVal(int64(h)), 1, func(row *Val) {
			other := add(row, intVal(int64(h)))
			r.emit(&If{Cond: intOp(ir.OpLt, other, count), Then: r.nested(func() { // lanes that no position reached have no state
				r.combine(r.acc, row, r.acc, row, r.acc, other)
			})})
		})
	}
}

// folded returns what lane l is after the merges of lanes that are h or more apart.
func (r *reduction) folded(l, h int, t *Val) []*Val {
	if h == r.lanes {
		return r.get(r.acc, intVal(int64(l)), t)
	}
	return r.combined(r.s.Combine.Merge, r.folded(l, 2*h, t), r.folded(l+h, 2*h, t))
}

// combine emits dst[i] = merge(left[j], right[k]).
func (r *reduction) combine(dst []*Array, i *Val, left []*Array, j *Val, right []*Array, k *Val) {
	r.each(func(t *Val) {
		r.put(dst, i, t, r.combined(r.s.Combine.Merge, r.get(left, j, t), r.get(right, k, t)))
	})
}

// counter declares the stack of merged blocks: a binary counter, one level a bit of the
// number of blocks before the last one.
func (r *reduction) counter() {
	r.before = r.set("nb", r.blockNumber(sub(r.total, intVal(1))))
	levels := intVal(maxLevels)
	if !r.along && !r.n.isInt(1) { // rows are long: as many as there are
		levels = r.levels()
	}
	r.stack = r.arrays("st", levels)
}

// maxLevels is the number of levels that is always enough.
const maxLevels = 64

// levels emits the count of the levels that the blocks before the last one fill.
func (r *reduction) levels() *Val {
	n := r.set("levels", intVal(1))
	r.emit(&While{intOp(ir.OpLt, intVal(0), intOp(ir.OpShr, r.before, n)), []Stmt{&Set{n.Var, add(n, intVal(1))}}})
	return n
}

// push emits the entry of block number q, which is in lane 0, into the stack.
func (r *reduction) push(q *Val) {
	q = r.set("q", q)
	d := r.set("d", intVal(0))
	r.emit(&While{intOp(ir.OpNe, bit(q, d), intVal(0)), r.nested(func() {
		r.combine(r.acc, intVal(0), r.stack, d, r.acc, intVal(0))
		r.emit(&Set{d.Var, add(d, intVal(1))})
	})})
	r.each(func(t *Val) { r.put(r.stack, d, t, r.get(r.acc, intVal(0), t)) })
}

// merge emits the merge of the last block, which is in lane 0, with those before it:
// low levels are the later blocks.
func (r *reduction) merge() {
	d := r.set("d", intVal(0))
	r.emit(&While{intOp(ir.OpLt, intVal(0), intOp(ir.OpShr, r.before, d)), r.nested(func() {
		r.emit(&If{Cond: intOp(ir.OpNe, bit(r.before, d), intVal(0)), Then: r.nested(func() {
			r.combine(r.acc, intVal(0), r.stack, d, r.acc, intVal(0))
		})})
		r.emit(&Set{d.Var, add(d, intVal(1))})
	})})
}

func bit(v, d *Val) *Val { return intOp(ir.OpAnd, intOp(ir.OpShr, v, d), intVal(1)) }
