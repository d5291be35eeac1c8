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
			if len(outer(l.k, with)) > 0 {
				out[last] = with
				continue
			}
		}
		out = append(out, []int{n})
	}
	return out
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

// splits reports whether a reduction is cut into pieces: its result is single, or the
// schedule asks for it. It has one axis, and an order that is a tree of blocks, or none.
func (l *lowering) splits(s *ir.Stmt) bool {
	if s.Sink != ir.Reduce || len(s.Axes) != 1 || s.Order == ir.TreeOrder && !exact(s) {
		return false
	}
	kept, _ := domain(l.k, s)
	return len(kept) == 0 || l.s.Pieces && len(outer(l.k, []int{l.stmt})) == len(kept)
}

// split lowers such a reduction: pieces of a power of two of blocks are tasks, and a
// tree merges their results.
func (l *lowering) split(s *ir.Stmt, v int) {
	kept, _ := domain(l.k, s)
	a := s.Axes[0]
	lo, hi, name := l.lo[a], l.hi[a], l.k.Axes[a].Name
	total := sub(hi, lo)
	results, extents := intVal(1), []*Val{nil}
	for _, x := range kept {
		extents = append(extents, sub(l.hi[x], l.lo[x]))
		results = mul(results, extents[len(extents)-1])
	}
	size := l.set("size", intVal(ir.LaneBlock))
	twice := []Stmt{&Set{size.Var, mul(intVal(2), size)}}
	small := intOp(ir.OpLt, mul(size, results), intVal(pieceWork))
	if len(kept) > 0 { // no results are no work
		small = apply(ir.OpAnd, ir.Bool, small, intOp(ir.OpLt, size, total))
	}
	l.emit(&While{small, twice})
	l.emit(&While{intOp(ir.OpLt, mul(intVal(maxPieces), size), total), twice})
	pieces := l.set("pieces", intOp(ir.OpQuo, add(total, sub(size, intVal(1))), size))

	extents[0] = pieces
	var parts []*Array // by state: [pieces, results...]
	for _, d := range stateTypes(s) {
		parts = append(parts, &Array{l.name("part"), d, len(extents), ir.Local})
		l.emit(&Local{Array: parts[len(parts)-1], Extents: extents})
	}
	part := func(q *Val) []*Val { // the element for the positions at hand
		at := []*Val{q}
		for _, x := range kept {
			at = append(at, sub(l.at[x], l.lo[x]))
		}
		return at
	}

	task := ParRange{Lo: l.newVar(name+"0", ir.Int64), Hi: l.newVar(name+"1", ir.Int64), From: intVal(0), To: pieces, Step: intVal(1)}
	body := l.block(func() {
		l.forRange(name+"q", use(task.Lo), use(task.Hi), 1, func(q *Val) {
			from := l.set(name+"from", add(mul(q, size), lo))
			l.from[a], l.to[a] = from, l.set(name+"to", minVal(add(from, size), hi))
			r := l.newReduction(s, v)
			r.eachRow(func() {
				r.run(func() {
					r.each(func(t *Val) {
						for i, v := range r.get(r.acc, intVal(0), t) {
							l.emit(&Store{parts[i], part(q), v})
						}
					})
				})
			})
			l.from[a], l.to[a] = lo, hi
		})
	})
	one := &plan{stmts: []int{l.stmt}, rows: []int{-1}, shared: []int{a}}
	l.emit(&Par{Ranges: []ParRange{task}, Cost: mul(l.cost(one), size), Body: body})

	tree := l.newReduction(s, v)
	tree.lanes, tree.block = 1, 1
	tree.eachRow(func() {
		tree.total = pieces
		tree.acc = tree.arrays("a", intVal(1))
		tree.counter()
		l.forRange("q", intVal(0), pieces, 1, func(q *Val) {
			tree.pushBefore(q, intVal(0))
			tree.each(func(t *Val) {
				vals := make([]*Val, len(parts))
				for i, p := range parts {
					vals[i] = load(p, part(q)...)
				}
				tree.put(tree.acc, intVal(0), t, vals)
			})
		})
		tree.merge()
		tree.total = total
		tree.orEmpty()
		tree.each(tree.finish)
	})
}
