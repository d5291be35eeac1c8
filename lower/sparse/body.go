package sparse

import (
	"slices"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
	"github.com/numen-go/numen/lower/loop"
)

// values returns what bodies are at the position at hand. Loads and positions become
// values of the loop, what is between them is expanded as everywhere.
func (g *gen) values(exprs []*ir.Expr) []*loop.Val {
	b, done := ir.NewBuilder(), map[*ir.Expr]*ir.Expr{}
	var leaves []*loop.Val
	leaf := func(v *loop.Val) *ir.Expr {
		leaves = append(leaves, v)
		return b.State(v.DType, len(leaves)-1)
	}
	var rewrite func(e *ir.Expr) *ir.Expr
	rewrite = func(e *ir.Expr) *ir.Expr {
		if r := done[e]; r != nil {
			return r
		}
		var r *ir.Expr
		switch e.Kind {
		case ir.Const:
			r = b.Const(e.DType, e.Bits)
		case ir.Apply:
			r = b.MapOperands(e, rewrite)
			if at := g.pats.Annihilated(e); at != nil {
				zero, _ := e.Op.Algebra.SparseAnnihilator(e.DType)
				if on := g.holds(at); on != nil {
					r = b.Apply(ir.OpSelect, leaf(on), r, b.Const(e.DType, zero))
				}
			}
		default:
			r = leaf(g.leaf(e))
		}
		done[e] = r
		return r
	}
	roots := make([]*ir.Expr, len(exprs))
	for i, e := range exprs {
		roots[i] = rewrite(e)
	}
	return g.scalar(func(b *ir.Builder, left, _ []*ir.Expr) []*ir.Expr {
		out := make([]*ir.Expr, len(roots))
		for i, e := range roots {
			out[i] = rebuilt(b, e, left)
		}
		return out
	}, leaves, nil)
}

// rebuilt returns a body in another builder, its states being others.
func rebuilt(b *ir.Builder, e *ir.Expr, states []*ir.Expr) *ir.Expr {
	done := map[*ir.Expr]*ir.Expr{}
	var walk func(e *ir.Expr) *ir.Expr
	walk = func(e *ir.Expr) *ir.Expr {
		if e.Kind == ir.State {
			return states[e.N]
		}
		r := done[e]
		if r == nil {
			r = b.MapOperands(e, walk)
			done[e] = r
		}
		return r
	}
	return walk(e)
}

// scalar returns what f makes of values, expanded into ops that the machine runs.
func (g *gen) scalar(f func(b *ir.Builder, left, right []*ir.Expr) []*ir.Expr, left, right []*loop.Val) []*loop.Val {
	names, out := loop.Combined(f, left, right, g.keep)
	for _, s := range names {
		g.names++
		s.Var.Name = g.name("v", s.Var.DType).Name
		g.emit(s)
	}
	return out
}

// leaf returns the value of a node that is no scalar op.
func (g *gen) leaf(e *ir.Expr) *loop.Val {
	if v := g.common[e]; v != nil {
		return v
	}
	switch e.Kind {
	case ir.Load:
		if l := g.locals[e.Access.Operand]; l != nil {
			return g.sampled(l)
		}
		if g.k.Operands[e.Access.Operand].Format.Sparse() {
			return g.element(e)
		}
		index := make([]*loop.Val, len(e.Access.Index))
		for d, x := range e.Access.Index {
			index[d] = g.affine(x)
		}
		return load(g.dense[e.Access.Operand], index...)
	case ir.Stored:
		v := g.viewOf(e.Access)
		if v.on == nil {
			return literal(e.DType, one(e.DType))
		}
		return cast(e.DType, v.on)
	case ir.AxisPos:
		return cast(e.DType, g.at[e.N])
	case ir.DimValue:
		return cast(e.DType, g.dim(e.Dim))
	case ir.ScalarIn:
		return use(g.scalars[e.N])
	case ir.Pick:
		return g.choice(e)
	}
	g.fail(declined(lower.WhyScalarOp, "a body with a node that is not run on sparse arrays"))
	return literal(e.DType, 0)
}

func one(d ir.DType) uint64 {
	if d.IsFloat() {
		return ir.Float(d, 1)
	}
	return 1
}

// element returns an element of a sparse operand: its fill where it is not stored.
func (g *gen) element(e *ir.Expr) *loop.Val {
	v := g.viewOf(e.Access)
	x := load(v.src.vals, v.p)
	if v.on == nil {
		return x
	}
	fill := literal(e.DType, v.src.format.Fill)
	if v.or != nil {
		return loop.ApplyOp(ir.OpSelect, e.DType, v.on, x, fill)
	}
	return pick(v.on, x, fill)
}

// choice returns a value of which one branch is evaluated.
func (g *gen) choice(e *ir.Expr) *loop.Val {
	cond := g.within(e.Ranges)
	v := g.variable("v", literal(e.DType, 0))
	branch := func(e *ir.Expr) []loop.Stmt {
		return g.block(func() { g.assign(v, g.values([]*ir.Expr{e})[0]) })
	}
	g.emit(&loop.If{Cond: cond, Then: branch(e.Args[0]), Else: branch(e.Args[1])})
	return use(v)
}

// within returns whether all ranges hold.
func (g *gen) within(ranges []ir.Range) *loop.Val {
	var cond *loop.Val
	for _, r := range ranges {
		if r.At.Value != nil {
			g.fail(declined(lower.WhyValueIndex, "a guard of a position that is data"))
			continue
		}
		at := g.affine(ir.Index{Terms: r.At.Terms, Const: r.At.Const})
		if !r.At.Div.Is(0) {
			div := g.dim(r.At.Div)
			q := g.let("x", op(ir.OpQuo, at, div))
			cond = both(cond, eq(mul(q, div), at))
			at = q
		}
		cond = both(cond, both(op(ir.OpLe, num(0), at), less(at, g.dim(r.Extent))))
	}
	return g.let("in", cond)
}

// affine returns a position made of axes.
func (g *gen) affine(x ir.Index) *loop.Val {
	v := g.dim(x.Const)
	for _, t := range x.Terms {
		v = add(mul(g.dim(t.Coef), g.at[t.Axis]), v)
	}
	return v
}

// holds returns whether the position at hand is in a pattern; nil: surely.
func (g *gen) holds(p *ir.Pattern) *loop.Val {
	switch p.Kind {
	case ir.Everywhere:
		return nil
	case ir.Stores:
		return g.viewOf(p.Access).on
	case ir.Both:
		return both(g.holds(p.Args[0]), g.holds(p.Args[1]))
	case ir.Either:
		if a, b := p.Args[0], p.Args[1]; a.Kind == ir.Stores && b.Kind == ir.Stores {
			if v := g.viewOf(a.Access); v.or != nil && v.or == g.viewOf(b.Access) {
				return nil
			}
		}
		x, y := g.holds(p.Args[0]), g.holds(p.Args[1])
		if x == nil || y == nil {
			return nil
		}
		return op(ir.OpOr, x, y)
	case ir.Choice:
		yes := literal(ir.Bool, 1)
		x, y := g.holds(p.Args[0]), g.holds(p.Args[1])
		if x == nil {
			x = yes
		}
		if y == nil {
			y = yes
		}
		return pick(g.within(p.Ranges), x, y)
	}
	return literal(ir.Bool, 0)
}

func dtypes(exprs []*ir.Expr) []ir.DType {
	out := make([]ir.DType, len(exprs))
	for i, e := range exprs {
		out[i] = e.DType
	}
	return out
}

// consts returns literals of states.
func consts(ds []ir.DType, bits []uint64) []*loop.Val {
	out := make([]*loop.Val, len(ds))
	for i, d := range ds {
		out[i] = literal(d, bits[i])
	}
	return slices.Clip(out)
}
