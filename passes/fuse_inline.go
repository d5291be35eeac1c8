package passes

import (
	"slices"

	"github.com/numen-go/numen/ir"
)

// Inlining: which values are computed where they are read. The walk goes from results
// to parameters, so that when a value's turn comes it is known where in the kernels that
// stay each of its elements is asked for.

// Limits of what one kernel may become. Splitting never changes a bit, so they are
// decisions about cost alone.
const (
	maxStmts  = 8   // statements of a kernel
	maxBody   = 512 // nodes of its bodies
	maxReach  = 64  // places at which one inline value is read
	maxRepeat = 8   // additions that may be done again for one element rather than kept
)

// demand is a place where a value is read: one statement of a piece that stays, one
// index over that piece's axes.
type demand struct {
	root    *piece
	stmt    int
	index   []ir.Index
	guarded bool // in a branch of a pick, so perhaps not evaluated
}

// inlineValues decides for every value whether it is computed where it is read and
// rewrites the pieces that stay. It reports whether any is.
func (f *fusion) inlineValues() (bool, error) {
	readers, writer := map[int][]*piece{}, map[int]*piece{}
	for _, p := range f.pieces {
		p.inline, p.keep, p.reach, p.acc, p.splits = false, true, nil, 0, nil
		for _, v := range p.reads {
			readers[v] = append(readers[v], p)
		}
		for _, v := range p.writes {
			writer[v] = p
		}
	}
	for _, p := range f.pieces {
		p.epilogue = f.isEpilogue(p, readers, writer)
	}
	changed := false
	for _, p := range slices.Backward(f.pieces) {
		v, ok := f.inlinable(p)
		if !ok {
			continue
		}
		f.undo = nil
		if !f.decide(p, v, readers[v]) || !f.u.allow() {
			for _, undo := range slices.Backward(f.undo) {
				undo()
			}
			p.reach = nil
			continue
		}
		p.inline, p.keep = true, !f.inside[v]
		for _, d := range p.reach {
			d.root.size += p.size
		}
		changed = true
	}
	if !changed {
		return false, nil
	}
	for _, p := range f.pieces {
		if !p.keep || p.step != nil {
			continue
		}
		if err := f.expand(p, writer); err != nil {
			return true, err
		}
	}
	f.pieces = slices.DeleteFunc(f.pieces, func(p *piece) bool { return !p.keep })
	return true, nil
}

// inlinable returns the one value that a piece stores, element by element.
func (f *fusion) inlinable(p *piece) (int, bool) {
	if p.step != nil || len(p.stmts) != 1 || p.stmts[0].Sink != ir.Store || len(p.stmts[0].Targets) != 1 {
		return 0, false
	}
	v := p.stmts[0].Targets[0].Operand
	if !f.stable[v] {
		return 0, false
	}
	for _, r := range p.reads {
		if !f.stable[r] {
			return 0, false
		}
	}
	return v, true
}

// isEpilogue reports whether p is elementwise work on the result of a contraction, which
// is best done as that is stored: where another contraction reads it, it would be done
// once for every panel.
func (f *fusion) isEpilogue(p *piece, readers map[int][]*piece, writer map[int]*piece) bool {
	if _, ok := f.inlinable(p); !ok {
		return false
	}
	all := len(f.long(axesOf(p.stmts)))
	return slices.ContainsFunc(p.loads, func(x *ir.Access) bool {
		q := writer[x.Operand]
		if q == nil || q.step != nil || len(f.long(x.Axes())) != all {
			return false
		}
		return q.epilogue && len(readers[x.Operand]) == 1 || slices.ContainsFunc(q.stmts, func(s ir.Stmt) bool {
			return gemm(&s) && s.Targets[0].Operand == x.Operand
		})
	})
}

// decide says whether p, which stores v alone, is computed where v is read.
func (f *fusion) decide(p *piece, v int, readers []*piece) bool {
	c := f.weigh(p)
	if !f.inside[v] && !c.movement {
		return false // it is stored anyway
	}
	if len(readers) == 0 || c.faults && len(readers) > 1 {
		return false
	}
	acc := 0
	p.reach = nil
	for _, r := range readers {
		if r.step != nil || !f.demands(p, v, r) || len(p.reach) > maxReach {
			return false
		}
		if r.inline {
			acc = max(acc, r.acc)
		}
	}
	for _, d := range p.reach {
		if d.root.size+p.size > maxBody || p.epilogue && !c.movement && gemm(&d.root.stmts[d.stmt]) {
			return false
		}
	}
	if c.faults && !f.faultsStay(p, p.reach) {
		return false
	}
	if c.movement {
		p.acc = acc
		return true
	}
	p.acc = acc + f.repeated(p, c)
	return p.acc <= maxRepeat
}

// weight is what an element of a stored value costs.
type weight struct {
	ops      int
	loads    int  // arrays that are read with one element for every element stored
	movement bool // elements of one array, or of none, rearranged
	faults   bool
}

func (f *fusion) weigh(p *piece) weight {
	var w weight
	s := &p.stmts[0]
	n := len(f.long(domain(s)))
	picks := false
	s.VisitExprs(func(e *ir.Expr) {
		w.ops += costOf(e)
		switch e.Kind {
		case ir.Pick:
			picks = true
		case ir.Checked:
			w.faults = true
		case ir.Load:
			if len(f.long(e.Access.Axes())) == n {
				w.loads++
			}
		}
	})
	if picks {
		w.loads = min(w.loads, 1) // one of the branches
	}
	w.movement = w.ops == 0
	return w
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
	if !f.composes(s, at) {
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

func equalIndices(a, b []ir.Index) bool {
	return slices.EqualFunc(a, b, ir.Index.Equal)
}

// composes reports whether all indices in s have a form where its axes come from at.
func (f *fusion) composes(s *ir.Stmt, at map[int]ir.Index) bool {
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
	open := map[*ir.Expr]bool{}
	var visit func(e *ir.Expr)
	visit = func(e *ir.Expr) {
		if open[e] {
			return
		}
		open[e] = true
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
	s.VisitExprs(func(e *ir.Expr) { f(e, !open[e]) })
}

func visitValues(xs []ir.Index, f func(*ir.Expr)) {
	for _, x := range xs {
		if x.Value != nil {
			f(x.Value)
		}
	}
}

// repeated returns the cost of computing p wherever it is read, beyond computing each
// element once.
func (f *fusion) repeated(p *piece, c weight) int {
	if disjointDemands(f, p.reach) {
		return 0
	}
	times := 0
	for _, d := range p.reach {
		times += f.times(d, c)
	}
	return c.ops*(times-1) + 2*max(0, c.loads-1)*(len(p.reach)-1)
}

// times returns how often a demand computes an element. A kernel that ranges over axes
// which the value has not computes it again for each position, except that a
// contraction packs its operands first, each element once a panel.
func (f *fusion) times(d demand, c weight) int {
	const broadcast, uniform = 5, 16
	covered, all := f.covered(d)
	switch {
	case all, gemm(&d.root.stmts[d.stmt]):
		return 1
	case len(covered) == 0 && c.ops <= uniform: // one number, computed before the loops
		return 1
	}
	return broadcast
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

// gemm reports whether a statement is a contraction whose two factors each have an axis
// of the result to themselves.
func gemm(s *ir.Stmt) bool {
	if s.Sink != ir.Reduce || s.Combine.Elements < 2 {
		return false
	}
	left, right := s.Args[0].Axes(), s.Args[len(s.Args)-1].Axes()
	var own [2]bool
	for _, a := range s.Targets[0].Axes() {
		l, r := slices.Contains(left, a), slices.Contains(right, a)
		own[0], own[1] = own[0] || l && !r, own[1] || r && !l
	}
	return own[0] && own[1]
}

// disjointDemands reports whether no element is asked for twice.
func disjointDemands(f *fusion, ds []demand) bool {
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
		b, ok := plainAxis(at[a])
		if !ok || !sameDim(f.extent(a), f.extent(b)) || slices.Contains(mapped, b) {
			return false
		}
		mapped = append(mapped, b)
	}
	return slices.Equal(mapped, f.long(domain(&d.root.stmts[d.stmt])))
}

// expand puts the bodies of inline values into p's.
func (f *fusion) expand(p *piece, writer map[int]*piece) error {
	var err error
	var parts []*piece
	m := newMapping(f.b)
	m.load = func(e *ir.Expr) *ir.Expr {
		q := writer[e.Access.Operand]
		if q == nil || !q.inline || q == p {
			return e
		}
		at, ok := f.solve(&q.stmts[0].Targets[0], e.Access.Index)
		if !ok {
			err = errNoForm
			return e
		}
		body := f.atAxes(at)
		body.load = func(e *ir.Expr) *ir.Expr { return m.expr(e) }
		r := body.expr(q.stmts[0].Args[0])
		if body.failed {
			err = errNoForm
		}
		if !slices.Contains(parts, q) {
			parts = append(parts, q)
		}
		return r
	}
	for i := range p.stmts {
		p.stmts[i] = m.stmt(&p.stmts[i])
	}
	for _, q := range slices.Backward(parts) {
		p.note(q)
	}
	f.measure(p)
	return err
}
