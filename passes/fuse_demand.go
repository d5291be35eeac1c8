package passes

import (
	"slices"

	"github.com/numen-go/numen/ir"
)

// demand is a place where a value is read: one statement of a piece that stays, one
// index over that piece's axes.
type demand struct {
	root    *piece
	stmt    int
	index   []ir.Index
	guarded bool // in a branch of a pick, so perhaps not evaluated
}

// demands adds to p.reach where r needs elements of v, which p stores. It reports
// whether p's body can be put there.
func (f *fusion) demands(p *piece, v int, r *piece) bool {
	for n := range r.stmts {
		ok := true
		visitGuarded(&r.stmts[n], func(e *ir.Expr, guarded bool) {
			if !ok || e.Kind != ir.Load || e.Access.Operand != v {
				return
			}
			if r.keep {
				ok = f.reaches(p, demand{r, n, e.Access.Index, guarded})
			}
			for _, d := range r.reach {
				at, found := f.solve(&r.stmts[0].Targets[0], d.root.canonical(f, d.index))
				m := f.atAxes(at)
				d = demand{d.root, d.stmt, m.indices(e.Access.Index), d.guarded || guarded}
				ok = ok && found && !m.failed && f.reaches(p, d)
			}
		})
		if !ok {
			return false
		}
	}
	return true
}

// reaches adds one demand of p's value, and reports whether p's body has a form there.
func (f *fusion) reaches(p *piece, d demand) bool {
	s := &p.stmts[0]
	d.index = d.root.canonical(f, d.index)
	at, ok := f.solve(&s.Targets[0], d.index)
	if !ok {
		if !f.splitFor(&s.Targets[0], d) {
			return false
		}
		d.index = d.root.canonical(f, d.index)
		if at, ok = f.solve(&s.Targets[0], d.index); !ok {
			return false
		}
	}
	if !f.composes(s, at) || !checksStay(s, d.index) {
		return false
	}
	for i, o := range p.reach {
		if o.root == d.root && o.stmt == d.stmt && equalIndices(o.root.canonical(f, o.index), d.index) {
			p.reach[i].guarded = o.guarded && d.guarded
			return true
		}
	}
	p.reach = append(p.reach, d)
	return true
}

// checksStay reports whether the positions that are looked at where a value of s is read
// are looked at in its body too: one that does not depend on them would lose their faults.
func checksStay(s *ir.Stmt, index []ir.Index) bool {
	for d, x := range index {
		checks := false
		visitValues([]ir.Index{x}, func(e *ir.Expr) {
			one := ir.Stmt{Args: []*ir.Expr{e}}
			one.VisitExprs(func(e *ir.Expr) { checks = checks || e.Kind == ir.Checked })
		})
		if !checks {
			continue
		}
		if a, ok := plainAxis(s.Targets[0].Index[d]); !ok || !slices.Contains(s.Args[0].Axes(), a) {
			return false
		}
	}
	return true
}

// equalIndices reports whether two accesses have the same indices.
func equalIndices(a, b []ir.Index) bool {
	return slices.EqualFunc(a, b, ir.Index.Equal)
}

// composes reports whether all indices in s have a form where its axes come from at.
func (f *fusion) composes(s *ir.Stmt, at places) bool {
	if at.same() {
		return true
	}
	m := f.atAxes(at)
	ok := true
	s.VisitExprs(func(e *ir.Expr) {
		if e.Access != nil {
			m.indices(e.Access.Index)
		}
		for _, r := range e.Ranges {
			ok = ok && m.index(r.At).Value == nil // guards are affine
		}
	})
	return ok && !m.failed
}

// visitGuarded calls f with every value of s, operands first, and whether all ways to it
// lead through a branch of a pick.
func visitGuarded(s *ir.Stmt, f func(e *ir.Expr, guarded bool)) {
	var open ir.ExprSet
	var visit func(e *ir.Expr)
	visit = func(e *ir.Expr) {
		if !open.Add(e) {
			return
		}
		if e.Access != nil {
			visitValues(e.Access.Index, visit)
		}
		if e.Kind != ir.Pick {
			for _, a := range e.Args {
				visit(a)
			}
		}
	}
	for i := range s.Targets {
		visitValues(s.Targets[i].Index, visit)
	}
	for _, e := range s.Args {
		visit(e)
	}
	s.VisitExprs(func(e *ir.Expr) { f(e, !open.Has(e)) })
}

// visitValues calls f with the values that stand in indices.
func visitValues(xs []ir.Index, f func(*ir.Expr)) {
	for _, x := range xs {
		if x.Value != nil {
			f(x.Value)
		}
	}
}

// covered returns the axes along which a demand moves, and whether those are all that
// its statement ranges over.
func (f *fusion) covered(d demand) (axes []int, all bool) {
	axes = f.long((&ir.Access{Index: d.root.canonical(f, d.index)}).Axes())
	for _, a := range f.long(domain(&d.root.stmts[d.stmt])) {
		if !slices.Contains(axes, a) {
			return axes, false
		}
	}
	return axes, true
}

// apartAll reports whether no element is asked for twice.
func (f *fusion) apartAll(ds []demand) bool {
	for i, d := range ds {
		if _, all := f.covered(d); !all {
			return false
		}
		for _, e := range ds[:i] {
			if !f.disjoint(d, e) {
				return false
			}
		}
	}
	return true
}

// disjoint reports whether two demands surely ask for different elements.
func (f *fusion) disjoint(d, e demand) bool {
	xs, ys := d.root.canonical(f, d.index), e.root.canonical(f, e.index)
	for i, x := range xs {
		y := ys[i]
		if x.Value != nil || y.Value != nil || !x.Div.Is(0) || !y.Div.Is(0) {
			continue
		}
		if f.apart(x, y) || f.apart(y, x) || differModulo(x, y) {
			return true
		}
	}
	return false
}

// apart reports whether x is always less than y: what it can be at most is less than
// what y is at least, for coefficients that are numbers.
func (f *fusion) apart(x, y ir.Index) bool {
	bound := func(x ir.Index, upper bool) (ir.Dim, bool) {
		at := x.Const
		for _, t := range x.Terms {
			c, ok := t.Coef.Const()
			if !ok {
				return at, false
			}
			if c > 0 == upper {
				at = at.Add(t.Coef.Mul(f.extent(t.Axis).Sub(ir.N(1))))
			}
		}
		return at, true
	}
	hi, ok1 := bound(x, true)
	lo, ok2 := bound(y, false)
	n, number := lo.Sub(hi).Const()
	return ok1 && ok2 && number && n > 0
}

// differModulo reports whether x and y, steps of one size from different starts, never
// meet: 2*i and 2*j+1.
func differModulo(x, y ir.Index) bool {
	d, ok := x.Const.Sub(y.Const).Const()
	if !ok || d == 0 {
		return false
	}
	g := int64(0)
	for _, t := range slices.Concat(x.Terms, y.Terms) {
		c, ok := t.Coef.Const()
		if !ok {
			return false
		}
		for a, b := g, max(c, -c); ; a, b = b, a%b {
			if b == 0 {
				g = a
				break
			}
		}
	}
	return g == 0 || d%g != 0
}

// faultsStay reports whether p's checked positions are evaluated by its one reader
// exactly as by p itself, in an order that finds the same first fault: over the same
// axes, in the same order, without a guard.
func (f *fusion) faultsStay(p *piece, ds []demand) bool {
	if len(ds) != 1 || ds[0].guarded {
		return false
	}
	d := ds[0]
	at, _ := f.solve(&p.stmts[0].Targets[0], d.root.canonical(f, d.index))
	var mapped []int
	for _, a := range f.long(domain(&p.stmts[0])) {
		x, _ := at.of(a)
		b, ok := plainAxis(x)
		if !ok || !sameDim(f.extent(a), f.extent(b)) || slices.Contains(mapped, b) {
			return false
		}
		mapped = append(mapped, b)
	}
	return slices.Equal(mapped, f.long(domain(&d.root.stmts[d.stmt])))
}
