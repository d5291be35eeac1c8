package loop

import (
	"slices"

	"github.com/numen-go/numen/ir"
)

// domain returns the axes of a statement: those it keeps, and those that it reduces,
// scans, scatters or appends along.
func domain(k *ir.Kernel, s *ir.Stmt) (kept, along []int) {
	d := k.Domain(s)
	return d[:len(d)-len(s.Axes)], s.Axes
}

// loads calls f with every access that a statement reads.
func loads(s *ir.Stmt, f func(*ir.Access)) {
	s.VisitExprs(func(e *ir.Expr) {
		if e.Kind == ir.Load {
			f(e.Access)
		}
	})
}

// follows returns whether a position moves one to one with axis a: it is a, or an axis
// derived from a, plus what does not depend on a.
func follows(k *ir.Kernel, x ir.Index, a int) bool {
	n := 0
	for _, t := range x.Terms {
		if t.Axis == a || k.Axes[t.Axis].From == a {
			if !t.Coef.Is(1) {
				return false
			}
			n++
		}
	}
	return n == 1 && x.Value == nil && x.Div.Is(0)
}

// plain returns the axis whose position x is, -1 when x is anything else.
func plain(x ir.Index) int {
	if x.Value == nil && x.Div.Is(0) && x.Const.Is(0) && len(x.Terms) == 1 && x.Terms[0].Coef.Is(1) {
		return x.Terms[0].Axis
	}
	return -1
}

// outer returns the axes that a group of statements can share as outermost loops, cut
// into independent tasks: every statement stores over the axis, and what one statement
// writes and another reads stays inside a tile of it.
func outer(k *ir.Kernel, group []int) []int {
	var axes []int
	for a := range k.Axes {
		if k.Axes[a].From < 0 && isOuter(k, group, a) {
			axes = append(axes, a)
		}
	}
	// The order of the last statement's target is the order of memory.
	last := k.Stmts[group[len(group)-1]].Targets[0]
	rank := func(a int) int {
		return slices.IndexFunc(last.Index, func(x ir.Index) bool { return follows(k, x, a) })
	}
	slices.SortStableFunc(axes, func(a, b int) int { return rank(a) - rank(b) })
	return axes
}

func isOuter(k *ir.Kernel, group []int, a int) bool {
	for _, i := range group {
		s := &k.Stmts[i]
		if slices.Contains(s.Axes, a) {
			return false
		}
		for _, t := range s.Targets {
			if !slices.ContainsFunc(t.Index, func(x ir.Index) bool { return follows(k, x, a) }) {
				return false
			}
		}
	}
	for _, i := range group {
		for _, t := range k.Stmts[i].Targets {
			d := slices.IndexFunc(t.Index, func(x ir.Index) bool { return follows(k, x, a) })
			local := k.Operands[t.Operand].Role == ir.Local
			ok := true
			for _, j := range group {
				loads(&k.Stmts[j], func(r *ir.Access) {
					if r.Operand != t.Operand {
						return
					}
					halo := local && plain(t.Index[d]) >= 0 && k.Axes[plain(t.Index[d])].From == a
					ok = ok && (plain(r.Index[d]) == a && plain(t.Index[d]) == a || halo && follows(k, r.Index[d], a))
				})
			}
			if !ok {
				return false
			}
		}
	}
	return true
}

// group emits statements under the loops that they share.
func (l *lowering) group(stmts []int) {
	shared := outer(l.k, stmts)
	strips := make([]int, len(stmts))
	for i, n := range stmts {
		strips[i] = stripAxis(l.k, &l.k.Stmts[n])
	}
	tiled := l.tiledAxes(stmts, shared, strips)
	for i, a := range strips { // an axis that is walked one by one has no strip
		if slices.Contains(shared, a) && !slices.Contains(tiled, a) {
			strips[i] = -1
		}
	}
	var ranges []ParRange
	for _, a := range shared {
		name := l.k.Axes[a].Name
		r := ParRange{Lo: l.newVar(name+"0", ir.Int64), Hi: l.newVar(name+"1", ir.Int64), From: l.lo[a], To: l.hi[a], Step: intVal(1)}
		if slices.Contains(strips, a) {
			r.Step = intVal(int64(l.s.Strip))
		}
		ranges = append(ranges, r)
		l.bounds(a, use(r.Lo), use(r.Hi))
	}
	body := l.block(func() {
		l.tiles(shared, tiled, len(stmts) > 1, func() {
			l.locals(stmts)
			for i, n := range stmts {
				l.statement(n, strips[i])
			}
		})
	})
	if len(ranges) == 0 {
		l.emit(body...)
	} else {
		l.emit(&Par{ranges, l.cost(stmts, shared), body})
	}
	for _, a := range shared {
		l.bounds(a, l.lo[a], l.hi[a])
	}
}

// bounds sets the tile at hand on an axis and on those derived from it.
func (l *lowering) bounds(a int, from, to *Val) {
	l.from[a], l.to[a] = from, to
	for h, x := range l.k.Axes {
		if x.From == a {
			l.from[h], l.to[h] = add(from, l.dim(x.Before)), add(to, l.dim(x.After))
		}
	}
}

// tiledAxes returns the shared axes that are walked in tiles of more than one position:
// those that a statement of the largest domain has its strips along, and those with
// derived axes, whose halo is then shared.
func (l *lowering) tiledAxes(stmts, shared, strips []int) []int {
	rank := func(n int) int {
		kept, along := domain(l.k, &l.k.Stmts[n])
		return len(kept) + len(along)
	}
	most := 0
	for _, n := range stmts {
		most = max(most, rank(n))
	}
	var tiled []int
	for _, a := range shared {
		use := slices.ContainsFunc(l.k.Axes, func(x ir.Axis) bool { return x.From == a })
		for i, n := range stmts {
			use = use || strips[i] == a && rank(n) == most
		}
		if use {
			tiled = append(tiled, a)
		}
	}
	return tiled
}

// haloTile is how many positions of an axis with derived axes share a halo.
const haloTile = 32

// tiles emits the loops over shared axes around what f emits: one position at a time, or
// a tile. A statement alone walks tiles itself.
func (l *lowering) tiles(shared, tiled []int, several bool, f func()) {
	if len(shared) == 0 {
		f()
		return
	}
	a, name := shared[0], l.k.Axes[shared[0]].Name
	from, to := l.from[a], l.to[a]
	switch {
	case !slices.Contains(tiled, a):
		l.forRange(name, from, to, 1, func(v *Val) {
			l.at[a] = v
			l.bounds(a, v, add(v, intVal(1)))
			l.tiles(shared[1:], tiled, several, f)
			l.at[a] = nil
		})
	case !several:
		l.tiles(shared[1:], tiled, several, f)
	default:
		size := l.s.Strip
		if slices.ContainsFunc(l.k.Axes, func(x ir.Axis) bool { return x.From == a }) {
			size = haloTile
		}
		l.forRange(name, from, to, int64(size), func(v *Val) {
			end := l.set(name+"e", minVal(add(v, intVal(int64(size))), to))
			l.bounds(a, v, end)
			l.tiled[a] = size <= l.s.Strip
			l.tiles(shared[1:], tiled, several, f)
			l.tiled[a] = false
		})
	}
	l.bounds(a, from, to)
}

// locals declares what the statements write and only they read, with the footprint of
// the tile at hand.
func (l *lowering) locals(stmts []int) {
	for _, n := range stmts {
		for _, t := range l.k.Stmts[n].Targets {
			if l.k.Operands[t.Operand].Role != ir.Local || l.origin[t.Operand] != nil {
				continue
			}
			origin := []*Val{}
			var extents []*Val
			for d := range t.Index {
				lo, hi := l.footprint(t.Operand, d)
				origin = append(origin, lo)
				extents = append(extents, add(sub(hi, lo), intVal(1)))
			}
			l.origin[t.Operand] = origin
			l.emit(&Local{Array: l.arrays[t.Operand], Extents: extents})
		}
	}
}
