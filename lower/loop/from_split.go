package loop

import (
	"slices"

	"github.com/numen-go/numen/ir"
)

// groups cuts the statements into runs that share an axis, for whose tiles they can then
// be chained. Where no axis is shared each part runs over whole arrays, in parallel by
// itself: a cut at a local changes no bit.
func groups(k *ir.Kernel) [][]int {
	var out [][]int
	for n := range k.Stmts {
		if last := len(out) - 1; last >= 0 {
			with := append(slices.Clone(out[last]), n)
			if len(outer(k, with)) > 0 {
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

// pieceSize is the least number of positions that a piece of a reduction has: enough
// work for a task. maxPieces bounds the pieces.
const (
	pieceSize = 1 << 16
	maxPieces = 64
)

// splits reports whether a reduction to a single result can be cut into pieces: one
// axis, in an order that is a tree of blocks, or in none.
func splits(s *ir.Stmt) bool {
	return s.Sink == ir.Reduce && len(s.Axes) == 1 && (s.Order != ir.TreeOrder || exact(s)) &&
		!slices.ContainsFunc(s.Targets, func(t ir.Access) bool { return len(t.Axes()) > 0 })
}

// split lowers such a reduction: pieces of a power of two of blocks are tasks, and a
// tree merges their results.
func (l *lowering) split(s *ir.Stmt, v int) {
	a := s.Axes[0]
	lo, hi := l.lo[a], l.hi[a]
	r := l.newReduction(s, v)
	total := sub(hi, lo)
	size := l.set("size", intVal(pieceSize))
	l.emit(&While{
		intOp(ir.OpLt, mul(intVal(maxPieces), size), total),
		[]Stmt{&Set{size.Var, mul(intVal(2), size)}},
	})
	pieces := l.set("pieces", intOp(ir.OpQuo, add(total, sub(size, intVal(1))), size))
	tree := &reduction{lowering: l, s: s, v: -1, states: r.states, along: true, lanes: 1, block: 1, n: intVal(1), total: pieces}
	parts := tree.arrays("part", pieces)
	name := l.k.Axes[a].Name
	task := ParRange{Lo: l.newVar(name+"0", ir.Int64), Hi: l.newVar(name+"1", ir.Int64), From: intVal(0), To: pieces, Step: intVal(1)}
	body := l.block(func() {
		l.forRange(name+"q", use(task.Lo), use(task.Hi), 1, func(q *Val) {
			from := l.set(name+"from", add(mul(q, size), lo))
			l.from[a], l.to[a] = from, l.set(name+"to", minVal(add(from, size), hi))
			r.run(func() {
				r.each(func(t *Val) {
					for i, v := range r.get(r.acc, intVal(0), t) {
						l.emit(&Store{parts[i], []*Val{q}, v})
					}
				})
			})
			l.from[a], l.to[a] = lo, hi
		})
	})
	one := &plan{stmts: []int{l.stmt}, rows: []int{-1}, shared: []int{a}}
	l.emit(&Par{[]ParRange{task}, mul(l.cost(one), size), body})

	tree.acc = tree.arrays("a", intVal(1))
	tree.counter()
	l.forRange("q", intVal(0), pieces, 1, func(q *Val) {
		tree.pushBefore(q, intVal(0))
		tree.each(func(t *Val) { tree.put(tree.acc, intVal(0), t, tree.get(parts, q, t)) })
	})
	tree.merge()
	tree.total = total
	tree.orEmpty()
	tree.each(func(t *Val) { tree.finish(t) })
}
