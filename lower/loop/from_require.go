package loop

import (
	"slices"

	"github.com/numen-go/numen/ir"
)

// requires emits what must hold before a run: every position of every access is inside
// its array. Positions that are axes of the array's own extents need no proof: the
// bounds of axes are checked when a run starts.
func (l *lowering) requires(groups [][]int) {
	r := &requirer{lowering: l}
	for _, stmts := range groups {
		r.stmts, r.shared = stmts, outer(l.k, stmts)
		for _, n := range stmts {
			r.statement(&l.k.Stmts[n])
		}
	}
}

// statement requires the positions of a statement.
func (r *requirer) statement(s *ir.Stmt) {
	r.axes, r.seen = r.k.Domain(s), nil
	if s.Sink != ir.Append {
		for t := range s.Targets {
			r.access(&s.Targets[t], nil)
			for _, x := range s.Targets[t].Index {
				r.index(x, nil)
			}
		}
	}
	for _, e := range s.Args {
		r.expr(e, nil)
	}
}

type requirer struct {
	*lowering
	stmts  []int // of a group
	shared []int // axes of its tasks
	axes   []int // of the statement at hand
	seen   []visited
}

type visited struct {
	e *ir.Expr
	f *fact
}

// fact is what a branch of a pick knows: 0 <= At < Extent holds, or it does not.
type fact struct {
	at     ir.Index
	extent ir.Dim
	inside bool
	outer  *fact
}

func (r *requirer) expr(e *ir.Expr, f *fact) {
	if slices.Contains(r.seen, visited{e, f}) {
		return
	}
	r.seen = append(r.seen, visited{e, f})
	switch e.Kind {
	case ir.Load:
		r.access(e.Access, f)
		for _, x := range e.Access.Index {
			r.index(x, f)
		}
	case ir.Pick:
		then, other := f, f
		for _, g := range e.Ranges {
			r.index(g.At, f)
			then = &fact{g.At, g.Extent, true, then}
		}
		if len(e.Ranges) == 1 {
			other = &fact{e.Ranges[0].At, e.Ranges[0].Extent, false, f}
		}
		r.expr(e.Args[0], then)
		r.expr(e.Args[1], other)
		return
	}
	for _, a := range e.Args {
		r.expr(a, f)
	}
}

func (r *requirer) index(x ir.Index, f *fact) {
	if x.Value != nil {
		r.expr(x.Value, f)
	}
}

// access requires the positions of one access.
func (r *requirer) access(a *ir.Access, f *fact) {
	o := &r.k.Operands[a.Operand]
	for d, x := range a.Index {
		extent := o.Shape[d]
		switch {
		case o.Role == ir.Local:
			r.local(a, d, f)
		case x.Value != nil && x.Value.Kind == ir.Checked:
			if limit := r.k.Faults[x.Value.N].Limit; limit != extent {
				r.emitRequire(a, d, intVal(0), sub(r.dim(limit), intVal(1)), r.dim(extent))
			}
		case x.Value != nil: // looked at where it is used
		case plain(x) >= 0 && r.k.Axes[plain(x)].Extent == extent && r.k.Axes[plain(x)].From < 0:
		default:
			lo, hi := r.interval(x, f)
			r.emitRequire(a, d, lo, hi, r.dim(extent))
		}
	}
}

// local requires that a read of a local is inside what statements write. Along a shared
// axis of a group that writes it, that is the footprint of a tile, of which the branches
// of picks know nothing.
func (r *requirer) local(a *ir.Access, d int, f *fact) {
	x := a.Index[d]
	from, to := r.footprint(a.Operand, d)
	if x.Value != nil { // may be any position
		last := sub(r.dim(r.k.Operands[a.Operand].Shape[d]), intVal(1))
		r.emitRequire(a, d, sub(intVal(0), from), sub(last, from), add(sub(to, from), intVal(1)))
		return
	}
	if slices.ContainsFunc(r.shared, func(s int) bool { return follows(r.k, x, s) && r.writes(a.Operand, d, s) }) {
		f = nil
	}
	lo, hi := r.interval(x, f)
	r.emitRequire(a, d, sub(lo, from), sub(hi, from), add(sub(to, from), intVal(1)))
}

// writes reports whether the group writes a local's axis d along axis s.
func (r *requirer) writes(operand, d, s int) bool {
	return slices.ContainsFunc(r.stmts, func(n int) bool {
		return slices.ContainsFunc(r.k.Stmts[n].Targets, func(t ir.Access) bool {
			return t.Operand == operand && follows(r.k, t.Index[d], s)
		})
	})
}

func (r *requirer) emitRequire(a *ir.Access, d int, lo, hi, extent *Val) {
	if same(add(hi, intVal(1)), extent) && lo.isInt(0) {
		return
	}
	when := intVal(1)
	for i, x := range r.axes {
		n := sub(r.hi[x], r.lo[x])
		if i == 0 {
			when = n
		} else {
			when = minVal(when, n)
		}
	}
	req := &Require{Name: r.arrays[a.Operand].Name, Axis: d, Lo: lo, Hi: hi, Extent: extent, When: when}
	for _, s := range *r.out {
		if o, ok := s.(*Require); ok && same(o.Lo, lo) && same(o.Hi, hi) && same(o.Extent, extent) && same(o.When, when) {
			return
		}
	}
	r.emit(req)
}

// interval returns the least and the greatest position of an affine index over the
// whole axes, as far as the facts allow.
func (r *requirer) interval(x ir.Index, f *fact) (lo, hi *Val) {
	var facts []*fact
	for ; f != nil; f = f.outer {
		facts = append(facts, f)
	}
	lo, hi = r.spanWithin(x.Terms, facts)
	for _, f := range slices.Backward(facts) { // from the outermost: each narrows what the next one sees
		if single(f.at) || f.at.Value != nil || !f.inside && !divides(facts, f.at) {
			continue // told already; or no exact quotient in range, which may be anything
		}
		n, ok := multiple(x.Terms, f.at.Terms)
		if !ok {
			continue
		}
		// The sum of the terms is in first..last, or it is not.
		first, last := r.terms(f)
		first, last = mul(intVal(n), first), mul(intVal(n), last)
		if n < 0 {
			first, last = last, first
		}
		lo, hi = narrow(lo, hi, first, last, f.inside)
	}
	lo, hi = add(lo, r.dim(x.Const)), add(hi, r.dim(x.Const))
	if d := r.dim(x.Div); !x.Div.Is(0) {
		none := intOp(ir.OpLt, hi, lo) // stays none: quotients may be equal
		lo, hi = intOp(ir.OpQuo, lo, d), intOp(ir.OpQuo, hi, d)
		hi = choose(none, sub(lo, intVal(1)), hi)
	}
	return lo, hi
}

// single reports whether an index is about one axis alone, taken a known number of times.
func single(x ir.Index) bool {
	if x.Value != nil || len(x.Terms) != 1 {
		return false
	}
	n, ok := x.Terms[0].Coef.Const()
	return ok && n != 0
}

// positions returns the least and the greatest position p of an axis with first <= n*p
// <= last.
func positions(n int64, first, last *Val) (least, most *Val) {
	if n < 0 {
		n, first, last = -n, sub(intVal(0), last), sub(intVal(0), first)
	}
	if n == 1 {
		return first, last
	}
	// Quotients are rounded towards zero.
	up := choose(intOp(ir.OpLt, intVal(0), first), intVal(n-1), intVal(0))
	down := choose(intOp(ir.OpLt, last, intVal(0)), intVal(n-1), intVal(0))
	return intOp(ir.OpQuo, add(first, up), intVal(n)), intOp(ir.OpQuo, sub(last, down), intVal(n))
}

// narrow returns what is left of lo..hi when values are in first..last, or are not.
func narrow(lo, hi, first, last *Val, inside bool) (least, most *Val) {
	if inside {
		return maxVal(lo, first), minVal(hi, last)
	}
	below, above := intOp(ir.OpLt, lo, first), intOp(ir.OpLt, last, hi)
	return choose(below, lo, maxVal(lo, add(last, intVal(1)))), choose(above, hi, minVal(hi, sub(first, intVal(1))))
}

// terms returns the least and the greatest sum of a fact's terms that are inside.
func (r *requirer) terms(f *fact) (first, last *Val) {
	least, most := intVal(0), sub(r.dim(f.extent), intVal(1))
	if d := r.dim(f.at.Div); !f.at.Div.Is(0) { // the dividend is a multiple of the divisor
		if most = mul(most, d); !f.inside {
			most = sub(mul(r.dim(f.extent), d), intVal(1))
		}
		if n, ok := f.at.Div.Const(); !ok || n < 0 { // it may be negative
			least, most = minVal(least, most), maxVal(least, most)
		}
	}
	return sub(least, r.dim(f.at.Const)), sub(most, r.dim(f.at.Const))
}

// spanWithin returns the least and the greatest sum of terms where facts about single
// axes hold.
func (r *requirer) spanWithin(terms []ir.Term, facts []*fact) (lo, hi *Val) {
	from, to := slices.Clone(r.from), slices.Clone(r.to)
	for _, f := range slices.Backward(facts) {
		if !single(f.at) || !f.inside && !divides(facts, f.at) {
			continue
		}
		a := f.at.Terms[0].Axis
		n, _ := f.at.Terms[0].Coef.Const()
		first, last := r.terms(f)
		first, last = positions(n, first, last)
		least, most := narrow(r.from[a], sub(r.to[a], intVal(1)), first, last, f.inside)
		r.from[a], r.to[a] = least, add(most, intVal(1))
	}
	lo, hi = r.span(ir.Index{Terms: terms})
	r.from, r.to = from, to
	return lo, hi
}

// divides reports whether facts say that an exact quotient is one: that the dividend is a
// multiple of another, a multiple of the divisor apart, whose quotient is in range. The divisor must be
// known to be positive.
func divides(facts []*fact, x ir.Index) bool {
	if n, ok := x.Div.Const(); ok && n <= 0 || !ok {
		return n == 0 && ok
	}
	return slices.ContainsFunc(facts, func(f *fact) bool {
		if !f.inside || f.at.Value != nil || f.at.Div != x.Div {
			return false
		}
		n, ok := multiple(x.Terms, f.at.Terms)
		if ok {
			_, ok = x.Const.Sub(f.at.Const.Mul(ir.N(n))).Div(x.Div)
		}
		return ok
	})
}

func choose(cond, x, y *Val) *Val { return apply(ir.OpSelect, ir.Int64, cond, x, y) }

// multiple returns the number n other than 0 for which the terms x are n times the terms y.
func multiple(x, y []ir.Term) (n int64, ok bool) {
	if len(x) != len(y) {
		return 0, false
	}
	if len(x) == 0 {
		return 1, true
	}
	q, ok := x[0].Coef.Div(y[0].Coef)
	if n, isConst := q.Const(); !ok || !isConst || n == 0 {
		return 0, false
	}
	for i := range x {
		if x[i].Axis != y[i].Axis || x[i].Coef != y[i].Coef.Mul(q) {
			return 0, false
		}
	}
	n, _ = q.Const()
	return n, true
}

// span returns the least and the greatest position of an affine index over the tile.
func (l *lowering) span(x ir.Index) (lo, hi *Val) {
	lo, hi = l.dim(x.Const), l.dim(x.Const)
	for _, t := range x.Terms {
		c := l.dim(t.Coef)
		first, last := l.from[t.Axis], sub(l.to[t.Axis], intVal(1))
		a, b := mul(c, first), mul(c, last)
		switch n, ok := c.number(); {
		case ok && n >= 0:
			lo, hi = add(lo, a), add(hi, b)
		case ok: // an empty range stays one
			lo, hi = add(lo, b), add(hi, a)
		default:
			lo, hi = add(lo, minVal(a, b)), add(hi, maxVal(a, b))
		}
	}
	return lo, hi
}

// footprint returns the least and the greatest position that statements write along one
// axis of a local, over the tile.
func (l *lowering) footprint(operand, d int) (lo, hi *Val) {
	for i := range l.k.Stmts {
		for _, t := range l.k.Stmts[i].Targets {
			if t.Operand != operand || t.Index[d].Value != nil {
				continue // what a scatter reaches was stored before
			}
			a, b := l.span(t.Index[d])
			if lo == nil {
				lo, hi = a, b
			} else {
				lo, hi = minVal(lo, a), maxVal(hi, b)
			}
		}
	}
	return lo, hi
}
