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

// plan is how a group of statements is walked.
type plan struct {
	stmts  []int
	shared []int       // axes of the loops around all statements
	strips []int       // by statement: the axis of its strips, -1: none
	rows   []int       // by statement: the axis of rows of a contraction, -1: it is none
	size   map[int]int // of tiles, by shared axis; others are walked one by one
}

const (
	haloTile = 32 // positions that share a halo
	rowTile  = 64 // rows of a contraction that share what comes after it
	taskStep = 32 // tasks cut the axis of a strip at multiples of it
)

// plan decides how statements are walked. A shared axis is walked in tiles when a
// statement of the largest domain has its strips along it, when it is the rows of a
// contraction, and when other axes are derived from it.
func (l *lowering) plan(stmts []int) *plan {
	p := &plan{stmts: stmts, shared: outer(l.k, stmts), size: map[int]int{}}
	most := 0
	for _, n := range stmts {
		s := &l.k.Stmts[n]
		v := stripAxis(l.k, s, 0)
		u := l.rowAxis(s, v)
		if u < 0 { // a contraction's kernel takes few columns as well
			v = stripAxis(l.k, s, l.short())
			u = l.rowAxis(s, v)
		}
		// Factors can be packed; results are written as vectors along columns.
		if u >= 0 && l.short()>>u&1 == 0 && innermostAxis(&s.Targets[0]) == u && l.rowAxis(s, u) == v {
			u, v = v, u
		}
		p.strips, p.rows = append(p.strips, v), append(p.rows, u)
		most = max(most, len(l.k.Domain(s)))
	}
	for _, a := range p.shared {
		for i, n := range stmts {
			switch {
			case p.strips[i] == a && len(l.k.Domain(&l.k.Stmts[n])) == most:
				p.size[a] = max(p.size[a], l.s.Strip)
				if !l.planes(stmts) {
					p.size[a] = max(p.size[a], l.rowWidth(&l.k.Stmts[n], a))
				}
			case p.rows[i] == a && p.size[a] == 0:
				p.size[a] = rowTile
			}
			if p.strips[i] == a && p.rows[i] >= 0 { // what is packed is shared by many columns
				p.size[a] = max(p.size[a], l.s.Cols)
			}
		}
		if slices.ContainsFunc(l.k.Axes, func(x ir.Axis) bool { return x.From == a }) {
			p.size[a] = haloTile
		}
	}
	for i, a := range p.strips { // an axis that is walked one by one has no strips
		if slices.Contains(p.shared, a) && p.size[a] == 0 {
			p.strips[i], p.rows[i] = -1, -1
		}
	}
	return p
}

// innermostAxis returns the axis along which an access is contiguous if its array is
// row-major, -1 when there is none.
func innermostAxis(a *ir.Access) int {
	if len(a.Index) == 0 {
		return -1
	}
	return plain(a.Index[len(a.Index)-1])
}

// planes reports whether statements write a local of more than one axis, which a wide
// tile would make large.
func (l *lowering) planes(stmts []int) bool {
	for _, n := range stmts {
		for _, t := range l.k.Stmts[n].Targets {
			if o := &l.k.Operands[t.Operand]; o.Role == ir.Local && len(o.Shape) > 1 {
				return true
			}
		}
	}
	return false
}

// group emits statements under the loops that they share.
func (l *lowering) group(stmts []int) {
	p := l.plan(stmts)
	l.stmt = stmts[0]
	if s := &l.k.Stmts[l.stmt]; len(stmts) == 1 && l.splits(s, p.rows[0]) {
		l.locals(stmts)
		l.split(s, p.strips[0], p.rows[0])
		return
	}
	apart := func() { l.apart(p) }
	if !l.product(p, apart) {
		apart()
	}
}

// apart emits statements under the loops that they share, in tasks that share nothing.
func (l *lowering) apart(p *plan) {
	var ranges []ParRange
	stmts := p.stmts
	axes, few := l.taskAxes(p)
	for _, a := range axes {
		name := l.k.Axes[a].Name
		r := ParRange{Lo: l.newVar(name+"0", ir.Int64), Hi: l.newVar(name+"1", ir.Int64), From: l.lo[a], To: l.hi[a], Step: intVal(1)}
		for i, n := range stmts {
			step, _ := r.Step.number()
			switch {
			case few && p.rows[i] >= 0: // whole tiles
				rows, cols := l.s.Tile(l.k.Stmts[n].Combine, stateTypes(&l.k.Stmts[n])[0])
				if a == p.rows[i] {
					r.Step = intVal(max(step, int64(rows)))
				} else if a == p.strips[i] {
					r.Step = intVal(max(step, int64(cols)))
				}
			case few:
			case p.strips[i] == a: // long runs of memory for a task, too
				r.Step = intVal(max(step, taskStep, int64(l.rowWidth(&l.k.Stmts[n], a)/16)))
			case p.rows[i] == a:
				r.Step = intVal(max(step, rowTile))
			}
		}
		ranges = append(ranges, r)
		l.bounds(a, use(r.Lo), use(r.Hi))
	}
	first, rest := stmts[0], stmts[1:]
	body := l.block(func() {
		if l.fuses(p) {
			l.tiles(p, without(without(p.shared, p.rows[0]), p.strips[0]), func() {
				l.stmt = first
				l.contract(&l.k.Stmts[first], p.rows[0], p.strips[0], func() { l.afterTile(p, rest) })
			})
			return
		}
		l.tiles(p, p.shared, func() {
			l.locals(stmts)
			for i, n := range stmts {
				l.statement(n, p.strips[i], p.rows[i])
			}
		})
	})
	if len(ranges) == 0 {
		l.emit(body...)
	} else {
		l.emit(&Par{ranges, l.cost(p), few && !l.light, body}) // what is not packed is not repeated
	}
	for _, a := range p.shared {
		l.bounds(a, l.lo[a], l.hi[a])
	}
}

// taskAxes returns the shared axes in the order in which tasks are cut along them, and
// whether that is to be few tasks: each packs what a contraction of its group needs. A
// side whose elements take work comes first, so that they are packed by one task.
func (l *lowering) taskAxes(p *plan) (axes []int, few bool) {
	axes = slices.Clone(p.shared)
	for i, u := range p.rows {
		v := p.strips[i]
		if u < 0 || !slices.Contains(axes, v) {
			continue
		}
		few = true
		first, second := u, v
		if computed(&l.k.Stmts[p.stmts[i]], v) {
			first, second = v, u
		}
		rank := func(a int) int { return slices.Index([]int{first, second}, a) }
		slices.SortStableFunc(axes, func(a, b int) int { return rank(a) - rank(b) })
	}
	return axes, few
}

// computed reports whether an element along axis a takes work.
func computed(s *ir.Stmt, a int) bool {
	return slices.ContainsFunc(s.Args, func(e *ir.Expr) bool { return e.Kind != ir.Load && slices.Contains(e.Axes(), a) })
}

// fuses reports whether a group is a contraction and stores over its results, which are
// made tile by tile: a tile has all of them when every axis of the results is shared.
func (l *lowering) fuses(p *plan) bool {
	u, v := p.rows[0], p.strips[0]
	kept, _ := domain(l.k, &l.k.Stmts[p.stmts[0]])
	if u < 0 || len(p.stmts) < 2 || slices.ContainsFunc(kept, func(a int) bool { return !slices.Contains(p.shared, a) }) {
		return false
	}
	for _, n := range p.stmts[1:] {
		if l.k.Stmts[n].Sink != ir.Store {
			return false
		}
	}
	return !slices.ContainsFunc(l.k.Axes, func(x ir.Axis) bool { return x.From == u || x.From == v })
}

// afterTile emits the statements after a contraction for the results at hand.
func (l *lowering) afterTile(p *plan, stmts []int) {
	origin, stmt := slices.Clone(l.origin), l.stmt
	l.locals(stmts)
	for i, n := range stmts {
		l.statement(n, p.strips[i+1], -1)
	}
	l.origin, l.stmt = origin, stmt
}

// tiles emits the loops over shared axes around what f emits: one position at a time, or
// a tile. A statement alone walks tiles itself.
func (l *lowering) tiles(p *plan, shared []int, f func()) {
	if len(shared) == 0 {
		f()
		return
	}
	a := shared[0]
	from, to, size, name := l.from[a], l.to[a], p.size[a], l.k.Axes[a].Name
	switch {
	case size == 0:
		l.forRange(name, from, to, 1, func(v *Val) {
			l.at[a] = v
			l.bounds(a, v, add(v, intVal(1)))
			l.tiles(p, shared[1:], f)
			l.at[a] = nil
		})
	case len(p.stmts) == 1:
		l.tiles(p, shared[1:], f)
	default:
		l.forRange(name, from, to, int64(size), func(v *Val) {
			l.bounds(a, v, l.set(name+"e", minVal(add(v, intVal(int64(size))), to)))
			l.tile[a] = size
			l.tiles(p, shared[1:], f)
			l.tile[a] = 0
		})
	}
	l.bounds(a, from, to)
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

// locals declares what the statements write and only they read, with the footprint of
// the tile at hand.
func (l *lowering) locals(stmts []int) {
	for _, n := range stmts {
		for _, t := range l.k.Stmts[n].Targets {
			l.local(t.Operand)
		}
	}
}

// local declares an operand, unless it is the caller's or declared before.
func (l *lowering) local(operand int) {
	if l.k.Operands[operand].Role != ir.Local || l.origin[operand] != nil {
		return
	}
	origin, extents := []*Val{}, []*Val{}
	for d := range l.k.Operands[operand].Shape {
		lo, hi := l.footprint(operand, d)
		origin = append(origin, lo)
		extents = append(extents, add(sub(hi, lo), intVal(1)))
	}
	l.origin[operand] = origin
	l.emit(&Local{Array: l.arrays[operand], Extents: extents})
}
