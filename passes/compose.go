package passes

import (
	"slices"
	"sort"

	"github.com/numen-go/numen/ir"
)

// Composition: the index of a consumer takes the place of a producer's axes. Affine
// stays affine, an exact quotient stays one, and a body value makes a body value.

// mapping carries the values of a kernel over to another numbering of axes and operands.
type mapping struct {
	b *ir.Builder
	// axis returns where the position along an axis comes from.
	axis func(a int) ir.Index
	// node returns what a value becomes, nil to carry it over part by part.
	node func(e *ir.Expr) *ir.Expr
	// load returns what a load becomes whose access is carried over already.
	load func(e *ir.Expr) *ir.Expr
	// operand, scalar and fault return new numbers, dim a dim in other symbols.
	operand, scalar, fault func(n int) int
	dim                    func(d ir.Dim) ir.Dim

	// always reports whether a condition holds wherever it is asked.
	always func(r ir.Range) bool

	done   exprMap
	failed bool // an index came up that has no form
}

// exprMap is what values became. Most mappings carry a few over: those are looked
// through, more are hashed.
type exprMap struct {
	from, to [8]*ir.Expr
	n        int // of from and to
	rest     map[*ir.Expr]*ir.Expr
}

func (m *exprMap) of(e *ir.Expr) *ir.Expr {
	for i, o := range m.from[:m.n] {
		if o == e {
			return m.to[i]
		}
	}
	return m.rest[e]
}

func (m *exprMap) set(e, r *ir.Expr) {
	switch {
	case m.n < len(m.from):
		m.from[m.n], m.to[m.n] = e, r
		m.n++
		return
	case m.rest == nil:
		m.rest = map[*ir.Expr]*ir.Expr{}
	}
	m.rest[e] = r
}

// newMapping returns the mapping that changes nothing.
func newMapping(b *ir.Builder) *mapping {
	same := func(n int) int { return n }
	return &mapping{
		b: b, axis: ir.At, node: func(*ir.Expr) *ir.Expr { return nil }, load: func(e *ir.Expr) *ir.Expr { return e },
		operand: same, scalar: same, fault: same, dim: func(d ir.Dim) ir.Dim { return d },
		always: func(ir.Range) bool { return false },
	}
}

// atAxes returns a mapping that puts indices in the place of axes; others stay.
func (f *fusion) atAxes(at places) *mapping {
	m := newMapping(f.b)
	m.always = func(r ir.Range) bool { // an axis ranges over its extent
		a, ok := plainAxis(r.At)
		return ok && sameDim(f.extent(a), r.Extent)
	}
	m.axis = func(a int) ir.Index {
		if x, ok := at.of(a); ok {
			return x
		}
		return ir.At(a)
	}
	return m
}

// expr carries a value over.
func (m *mapping) expr(e *ir.Expr) *ir.Expr {
	if r := m.done.of(e); r != nil {
		return r
	}
	r := m.node(e)
	if r == nil && e.Kind == ir.AxisPos {
		r = m.position(e)
	}
	if r != nil {
		m.done.set(e, r)
		return r
	}
	c := *e
	c.Dim = m.dim(e.Dim)
	switch e.Kind {
	case ir.ScalarIn:
		c.N = m.scalar(e.N)
	case ir.Checked:
		c.N = m.fault(e.N)
	}
	for i, a := range e.Args {
		r := m.expr(a)
		if r == c.Args[i] {
			continue
		}
		if &c.Args[0] == &e.Args[0] { // the first that differs
			c.Args = slices.Clone(e.Args)
		}
		c.Args[i] = r
	}
	if e.Access != nil {
		c.Access = &ir.Access{Operand: m.operand(e.Access.Operand), Index: m.indices(e.Access.Index)}
	}
	if e.Ranges != nil {
		c.Ranges = nil
		for _, r := range e.Ranges {
			if r = (ir.Range{At: m.index(r.At), Extent: m.dim(r.Extent)}); !m.always(r) {
				c.Ranges = append(c.Ranges, r)
			}
		}
	}
	switch e.Kind {
	case ir.Load:
		r = m.load(m.b.Intern(&c))
	case ir.Pick:
		r = m.b.Pick(c.Ranges, c.Args[0], c.Args[1])
	default:
		r = m.b.Intern(&c)
	}
	m.done.set(e, r)
	return r
}

// position returns an axis's position as a value.
func (m *mapping) position(e *ir.Expr) *ir.Expr {
	x := m.axis(e.N)
	if a, ok := plainAxis(x); ok {
		return m.b.Axis(e.DType, a)
	}
	if n, ok := x.Const.Const(); ok && x.Value == nil && len(x.Terms) == 0 && x.Div.Is(0) {
		return m.b.Const(e.DType, ir.EvalOp(ir.OpCast, e.DType, []ir.DType{ir.Int64}, []uint64{uint64(n)}))
	}
	return m.b.Cast(e.DType, m.b.Position(x))
}

func (m *mapping) indices(xs []ir.Index) []ir.Index {
	out := make([]ir.Index, len(xs))
	for i, x := range xs {
		out[i] = m.index(x)
	}
	return out
}

// index carries an index over: every axis in it is replaced by where it comes from.
func (m *mapping) index(x ir.Index) ir.Index {
	if x.Value != nil {
		return ir.AtValue(m.expr(x.Value))
	}
	if a, ok := plainAxis(x); ok {
		return m.axis(a)
	}
	sum := ir.Index{Const: m.dim(x.Const)}
	for _, t := range x.Terms {
		sum = m.plus(sum, m.dim(t.Coef), m.axis(t.Axis))
	}
	if d := m.dim(x.Div); !d.Is(0) {
		if sum.Value != nil { // a value has no exact quotient
			m.failed = true
			return sum
		}
		sum.Div = d.Mul(divisor(sum))
	}
	return reduced(sum)
}

// plus returns x + c*y.
func (m *mapping) plus(x ir.Index, c ir.Dim, y ir.Index) ir.Index {
	if x.Value != nil || y.Value != nil {
		if !x.Div.Is(0) || !y.Div.Is(0) {
			m.failed = true
			return x
		}
		v := m.b.Scaled(m.b.Position(y), c)
		if x.Value == nil && len(x.Terms) == 0 && x.Const.Is(0) {
			return ir.AtValue(v)
		}
		return ir.AtValue(m.b.Apply(ir.OpAdd, m.b.Position(x), v))
	}
	if x.Div != y.Div { // bring both over one divisor
		d, e := divisor(x), divisor(y)
		x, c = times(x, e), c.Mul(d)
		x.Div = d.Mul(e)
	}
	x.Const = x.Const.Add(c.Mul(y.Const))
	terms := slices.Clone(x.Terms)
	for _, t := range y.Terms {
		terms = append(terms, ir.Term{Axis: t.Axis, Coef: c.Mul(t.Coef)})
	}
	x.Terms = collected(terms)
	return x
}

// divisor returns what an index is divided by.
func divisor(x ir.Index) ir.Dim {
	if x.Div.Is(0) {
		return ir.N(1)
	}
	return x.Div
}

// times returns the numerator of x times c.
func times(x ir.Index, c ir.Dim) ir.Index {
	out := ir.Index{Const: x.Const.Mul(c)}
	for _, t := range x.Terms {
		out.Terms = append(out.Terms, ir.Term{Axis: t.Axis, Coef: t.Coef.Mul(c)})
	}
	return out
}

// collected returns terms with ascending axes, each once, no zero coefficients.
func collected(terms []ir.Term) []ir.Term {
	sort.SliceStable(terms, func(i, j int) bool { return terms[i].Axis < terms[j].Axis })
	out := terms[:0]
	for _, t := range terms {
		if k := len(out) - 1; k >= 0 && out[k].Axis == t.Axis {
			out[k].Coef = out[k].Coef.Add(t.Coef)
			continue
		}
		out = append(out, t)
	}
	return slices.DeleteFunc(out, func(t ir.Term) bool { return t.Coef.Is(0) })
}

// reduced divides a quotient out where the division is exact for every position.
func reduced(x ir.Index) ir.Index {
	if x.Div.Is(0) {
		return x
	}
	out := ir.Index{Terms: make([]ir.Term, len(x.Terms))}
	var ok bool
	if out.Const, ok = x.Const.Div(x.Div); !ok {
		return x
	}
	for i, t := range x.Terms {
		out.Terms[i].Axis = t.Axis
		if out.Terms[i].Coef, ok = t.Coef.Div(x.Div); !ok {
			return x
		}
	}
	return out
}

// stmt carries a statement over. The axes in its brackets become the axes of which the
// place they come from is made.
func (m *mapping) stmt(s *ir.Stmt) ir.Stmt {
	out := *s
	out.Targets = make([]ir.Access, len(s.Targets))
	for i := range s.Targets {
		out.Targets[i] = m.access(&s.Targets[i])
	}
	out.Args = make([]*ir.Expr, len(s.Args))
	for i, e := range s.Args {
		out.Args[i] = m.expr(e)
	}
	out.Axes = nil
	for _, a := range s.Axes {
		out.Axes = append(out.Axes, significant(m.axis(a))...)
	}
	if s.Over != nil {
		over := m.access(s.Over)
		out.Over = &over
	}
	return out
}

func (m *mapping) access(a *ir.Access) ir.Access {
	return ir.Access{Operand: m.operand(a.Operand), Index: m.indices(a.Index)}
}

func (m *mapping) shape(shape []ir.Dim) []ir.Dim {
	out := make([]ir.Dim, len(shape))
	for i, d := range shape {
		out[i] = m.dim(d)
	}
	return out
}

// plainAxis returns the axis whose position an index is.
func plainAxis(x ir.Index) (int, bool) {
	if x.Value == nil && len(x.Terms) == 1 && x.Terms[0].Coef.Is(1) && x.Const.Is(0) && x.Div.Is(0) {
		return x.Terms[0].Axis, true
	}
	return 0, false
}

// significant returns the axes of a row-major product i*N*K + j*K + k, outermost first:
// a multiple of all coefficients after it comes before them.
func significant(x ir.Index) []int {
	terms := slices.Clone(x.Terms)
	sort.SliceStable(terms, func(i, j int) bool {
		_, divides := terms[i].Coef.Div(terms[j].Coef)
		return divides && terms[i].Coef != terms[j].Coef
	})
	out := make([]int, len(terms))
	for i, t := range terms {
		out[i] = t.Axis
	}
	return out
}

// productIndex returns the index i*N*K + j*K + k of axes with the given extents.
func productIndex(axes []int, extent func(a int) ir.Dim) ir.Index {
	coef, terms := ir.N(1), []ir.Term(nil)
	for _, a := range slices.Backward(axes) {
		terms = append(terms, ir.Term{Axis: a, Coef: coef})
		coef = coef.Mul(extent(a))
	}
	return ir.Index{Terms: collected(terms)}
}

// factors returns the axes that an index is the row-major product of, false for an
// index of another form.
func factors(x ir.Index, extent func(a int) ir.Dim) ([]int, bool) {
	if a, ok := plainAxis(x); ok {
		return []int{a}, true
	}
	if x.Value != nil || len(x.Terms) == 0 || !x.Const.Is(0) || !x.Div.Is(0) {
		return nil, false
	}
	axes := significant(x)
	return axes, productIndex(axes, extent).Equal(x)
}

// sameDim reports whether two extents are known to be equal.
func sameDim(a, b ir.Dim) bool { return a == b && !a.IsUnknown() }
