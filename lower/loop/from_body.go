package loop

import (
	"slices"
	"strings"

	"github.com/numen-go/numen/ir"
)

// valuesWhere lowers bodies that are evaluated where a condition holds only.
func (l *lowering) valuesWhere(cond *Val, exprs []*ir.Expr) []*Val {
	out := make([]*Val, len(exprs))
	for i, e := range exprs {
		l.scopes = append(l.scopes, scope{cond: cond})
		v := l.values([]*ir.Expr{e})[0]
		l.scopes = l.scopes[:len(l.scopes)-1]
		out[i] = &Val{Kind: Pick, DType: v.DType, Args: []*Val{cond, v, {Kind: Const, DType: v.DType}}}
	}
	return out
}

// scope holds the values that a body's nodes have at a place. A branch of a pick has a
// scope of its own: what is first met inside is evaluated inside only.
type scope struct {
	vals map[*ir.Expr]*Val
	// Where the place is reached: where cond holds, or does not. nil: everywhere.
	cond  *Val
	other bool
}

// values lowers bodies at the place at hand: inside a strip, where the positions of all
// their axes are fixed. Nodes that are used more than once get a name.
func (l *lowering) values(exprs []*ir.Expr) []*Val {
	flat := make([]*ir.Expr, len(exprs))
	uses := map[*ir.Expr]int{}
	for i, e := range exprs {
		flat[i] = l.expand(e)
		uses[flat[i]]++
	}
	countUses(flat, uses)
	out := make([]*Val, len(flat))
	for i, e := range flat {
		out[i] = l.value(e, uses)
	}
	return out
}

// expand returns a body in ops that the target runs.
func (l *lowering) expand(e *ir.Expr) *ir.Expr {
	x := l.expanded[e]
	if x == nil {
		x = ir.Expand(l.b, e, l.s.Keep)
		l.expanded[e] = x
	}
	return x
}

// countUses counts how often each node below the roots is an operand.
func countUses(roots []*ir.Expr, uses map[*ir.Expr]int) {
	all := ir.Stmt{Args: roots}
	all.VisitExprs(func(e *ir.Expr) {
		for _, a := range e.Args {
			uses[a]++
		}
		for _, x := range indices(e) {
			if x.Value != nil {
				uses[x.Value]++
			}
		}
	})
}

// indices returns the indices that stand in a node.
func indices(e *ir.Expr) []ir.Index {
	var out []ir.Index
	if e.Access != nil {
		out = append(out, e.Access.Index...)
	}
	for _, r := range e.Ranges {
		out = append(out, r.At)
	}
	return out
}

func (l *lowering) value(e *ir.Expr, uses map[*ir.Expr]int) *Val {
	for _, s := range slices.Backward(l.scopes) {
		if v := s.vals[e]; v != nil {
			return v
		}
	}
	v := l.node(e, uses)
	if uses[e] > 1 {
		v = l.share(v)
	}
	l.remember(e, v)
	return v
}

func (l *lowering) remember(e *ir.Expr, v *Val) {
	s := &l.scopes[len(l.scopes)-1]
	if s.vals == nil {
		s.vals = map[*ir.Expr]*Val{}
	}
	s.vals[e] = v
}

func (l *lowering) node(e *ir.Expr, uses map[*ir.Expr]int) *Val {
	switch e.Kind {
	case ir.Apply:
		v := apply(e.Op, e.DType)
		v.Table = l.table(e.Table)
		for _, a := range e.Args {
			v.Args = append(v.Args, l.value(a, uses))
		}
		return folded(v)
	case ir.Const:
		return &Val{Kind: Const, DType: e.DType, Bits: e.Bits}
	case ir.Load:
		return l.access(e.Access, uses)
	case ir.AxisPos:
		return cast(e.DType, l.at[e.N])
	case ir.DimValue:
		return cast(e.DType, l.dim(e.Dim))
	case ir.ScalarIn:
		return use(l.scalars[e.N])
	case ir.Pick:
		cond := l.condition(e.Ranges, uses)
		return &Val{Kind: Pick, DType: e.DType, Args: []*Val{cond, l.branch(scope{cond: cond}, e.Args[0], uses), l.branch(scope{cond: cond, other: true}, e.Args[1], uses)}}
	case ir.Checked:
		limit := l.dim(l.k.Faults[e.N].Limit)
		return &Val{Kind: Check, DType: ir.Int64, N: e.N, Args: []*Val{l.value(e.Args[0], uses), limit, l.sourcePosition(e)}}
	}
	panic("loop: a body has a node of kind that has no loops")
}

// folded returns a literal for a primitive of literals.
func folded(v *Val) *Val {
	if v.Op.Scalar.Eval == nil || v.Table != nil || len(v.Args) == 0 {
		return v
	}
	e := &ir.Expr{Kind: ir.Apply, Op: v.Op, DType: v.DType}
	var x []uint64
	for _, a := range v.Args {
		if a.Kind != Const {
			return v
		}
		e.Args, x = append(e.Args, &ir.Expr{Kind: ir.Const, DType: a.DType, Bits: a.Bits}), append(x, a.Bits)
	}
	return &Val{Kind: Const, DType: v.DType, Bits: v.Op.Scalar.Eval(e, x)}
}

// table returns a constant table under a name that the text form takes.
func (l *lowering) table(t *ir.Table) *ir.Table {
	if t == nil {
		return nil
	}
	if l.tables[t.Name] == nil {
		c := *t
		c.Name = identifier(t.Name)
		l.tables[t.Name] = &c
	}
	return l.tables[t.Name]
}

// identifier returns a text with what no name has in it replaced.
func identifier(s string) string {
	return "t" + strings.Map(func(r rune) rune {
		if r < 128 && (isLetter(byte(r)) || isDigit(byte(r))) {
			return r
		}
		return '_'
	}, s)
}

func (l *lowering) branch(s scope, e *ir.Expr, uses map[*ir.Expr]int) *Val {
	l.scopes = append(l.scopes, s)
	v := l.value(e, uses)
	l.scopes = l.scopes[:len(l.scopes)-1]
	return v
}

// access returns a load.
func (l *lowering) access(x *ir.Access, uses map[*ir.Expr]int) *Val {
	a := l.arrays[x.Operand]
	at := l.positions(x, uses)
	if f := l.alias[x.Operand]; f != nil {
		return f(at)
	}
	for d, i := range x.Index {
		// A position that is data is trusted when it was checked against the whole array.
		if i.Value != nil && (i.Value.Kind != ir.Checked || a.Role == ir.Local) {
			at[d] = &Val{Kind: Check, DType: ir.Int64, N: trusted, Args: []*Val{at[d], extent(a, d), intVal(0)}}
		}
	}
	return load(a, at...)
}

// trusted numbers the check of a position that is inside by construction: a fault of the
// kernel, not of the data.
const trusted = -1

// positions returns the positions of an access in its array; those of a local count
// from the tile's origin.
func (l *lowering) positions(x *ir.Access, uses map[*ir.Expr]int) []*Val {
	out := make([]*Val, len(x.Index))
	for d, i := range x.Index {
		out[d] = l.index(i, uses)
		if origin := l.origin[x.Operand]; origin != nil {
			out[d] = sub(out[d], origin[d])
		}
	}
	return out
}

func (l *lowering) index(x ir.Index, uses map[*ir.Expr]int) *Val {
	if x.Value != nil {
		if uses == nil { // of a target, which stands in no body
			return l.values([]*ir.Expr{x.Value})[0]
		}
		return l.value(x.Value, uses)
	}
	v := l.affine(x)
	if !x.Div.Is(0) {
		v = intOp(ir.OpQuo, v, l.dim(x.Div))
	}
	return v
}

// affine returns the terms and the constant of an index at the positions at hand.
func (l *lowering) affine(x ir.Index) *Val {
	v := l.dim(x.Const)
	for i := len(x.Terms) - 1; i >= 0; i-- {
		v = add(mul(l.dim(x.Terms[i].Coef), l.at[x.Terms[i].Axis]), v)
	}
	return v
}

// condition returns whether every range holds. Where the position of the strip enters
// with a constant factor the condition is one run of positions.
func (l *lowering) condition(ranges []ir.Range, uses map[*ir.Expr]int) *Val {
	var run *Val // within
	var rest *Val
	and := func(c *Val) {
		if rest == nil {
			rest = c
		} else {
			rest = apply(ir.OpAnd, ir.Bool, rest, c)
		}
	}
	for _, r := range ranges {
		extent := l.dim(r.Extent)
		if r.At.Value == nil && r.At.Div.Is(0) {
			at := l.affine(r.At)
			if base, coef, ok := l.stripAffine(at); ok && coef != 0 {
				lo, hi := solve(base, coef, extent)
				if run == nil {
					run = within(l.pos, lo, hi)
				} else {
					run = within(l.pos, maxVal(run.Args[1], lo), minVal(run.Args[2], hi))
				}
				continue
			}
			and(inside(at, extent))
			continue
		}
		if r.At.Value != nil {
			and(inside(l.value(r.At.Value, uses), extent))
			continue
		}
		at, div := l.affine(r.At), l.dim(r.At.Div)
		q := intOp(ir.OpQuo, at, div)
		and(intOp(ir.OpEq, mul(div, q), at))
		and(inside(q, extent))
	}
	switch {
	case run == nil:
		return rest
	case rest == nil:
		return run
	case l.uniform(rest): // a run that is empty where the rest does not hold
		hi := apply(ir.OpSelect, ir.Int64, rest, run.Args[2], run.Args[1])
		return within(l.pos, run.Args[1], hi)
	}
	return apply(ir.OpAnd, ir.Bool, run, rest)
}

// inside returns 0 <= at < extent.
func inside(at, extent *Val) *Val {
	return apply(ir.OpAnd, ir.Bool, intOp(ir.OpLe, intVal(0), at), intOp(ir.OpLt, at, extent))
}

// solve returns the run of t for which 0 <= base + coef*t < extent.
func solve(base *Val, coef int64, extent *Val) (lo, hi *Val) {
	if coef > 0 {
		// t >= -base/coef, t < (extent-base)/coef, both rounded up
		return ceilDiv(sub(intVal(0), base), coef), ceilDiv(sub(extent, base), coef)
	}
	// t > (base-extent)/-coef and t <= base/-coef, both rounded down
	return add(floorDiv(sub(base, extent), -coef), intVal(1)), add(floorDiv(base, -coef), intVal(1))
}

func ceilDiv(x *Val, n int64) *Val { return floorDiv(add(x, intVal(n-1)), n) }

// floorDiv divides by a positive constant, rounding down.
func floorDiv(x *Val, n int64) *Val {
	if n == 1 {
		return x
	}
	if v, ok := x.number(); ok {
		q := v / n
		if v%n < 0 {
			q--
		}
		return intVal(q)
	}
	// quo rounds towards zero: x is moved up by a multiple of n where it is negative
	negative := cast(ir.Int64, intOp(ir.OpLt, x, intVal(0)))
	return sub(intOp(ir.OpQuo, add(x, negative), intVal(n)), negative)
}

// stripAffine writes v as base + coef*t for a constant coef and a base without t.
func (l *lowering) stripAffine(v *Val) (base *Val, coef int64, ok bool) {
	if v.Kind == Use && v.Var == l.pos {
		return intVal(0), 1, true
	}
	if l.uniform(v) {
		return v, 0, true
	}
	if v.Kind != Apply || len(v.Args) != 2 {
		return nil, 0, false
	}
	a, m, okA := l.stripAffine(v.Args[0])
	b, n, okB := l.stripAffine(v.Args[1])
	if !okA || !okB {
		return nil, 0, false
	}
	switch v.Op {
	case ir.OpAdd:
		return add(a, b), m + n, true
	case ir.OpSub:
		return sub(a, b), m - n, true
	case ir.OpMul:
		if c, isConst := a.number(); isConst && m == 0 {
			return mul(a, b), c * n, true
		}
	}
	return nil, 0, false
}

// uniform reports whether a value surely is the same for every position of the strip.
func (l *lowering) uniform(v *Val) bool {
	switch v.Kind {
	case Use:
		return v.Var != l.pos && !l.named[v.Var]
	case Load, Check, Below, Within:
		return false
	}
	for _, a := range v.Args {
		if !l.uniform(a) {
			return false
		}
	}
	return true
}

// sourcePosition returns where a checked value stands: row-major over the statement's
// whole domain. A value that the strip's positions share is looked at once, at the first
// of them, unless a branch decides which positions ask for it.
func (l *lowering) sourcePosition(e *ir.Expr) *Val {
	p, axes := intVal(0), e.Axes()
	for _, a := range l.k.Domain(&l.k.Stmts[l.stmt]) {
		x := &l.k.Axes[a]
		at := l.at[a]
		if len(l.scopes) == 1 && !slices.Contains(axes, a) {
			if base, coef, ok := l.stripAffine(at); ok && coef != 0 {
				at = base
			}
		}
		if x.From >= 0 { // a derived axis starts before or after 0
			at = sub(at, l.dim(x.Before))
		}
		p = add(mul(p, l.dim(x.Extent)), at)
	}
	return p
}
