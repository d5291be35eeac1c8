package ir

// Expand returns e with every op replaced by its definition for which keep is false,
// until only primitives and kept ops are left: what a target that has the kept ops as
// instructions compiles. keep gets the op and the dtype of its last operand; nil keeps
// none. Values inside indices are expanded too.
func Expand(b *Builder, e *Expr, keep func(op *Op, d DType) bool) *Expr {
	return expand(b, e, keep, map[*Expr]*Expr{})
}

func expand(b *Builder, e *Expr, keep func(op *Op, d DType) bool, done map[*Expr]*Expr) *Expr {
	if r := done[e]; r != nil {
		return r
	}
	r := b.MapOperands(e, func(a *Expr) *Expr { return expand(b, a, keep, done) })
	if r.Kind == Apply && r.Op.Scalar.Expand != nil && (keep == nil || !keep(r.Op, r.Args[len(r.Args)-1].DType)) {
		r = expand(b, r.Op.Scalar.Expand(b, r), keep, done)
	}
	done[e], done[r] = r, r
	return r
}

// MapOperands returns e with f applied to its operands and to the values in its
// indices.
func (b *Builder) MapOperands(e *Expr, f func(*Expr) *Expr) *Expr {
	c := *e
	c.Args = make([]*Expr, len(e.Args))
	for i, a := range e.Args {
		c.Args[i] = f(a)
	}
	index := func(x Index) Index {
		if x.Value != nil {
			x.Value = f(x.Value)
		}
		return x
	}
	if e.Access != nil {
		c.Access = &Access{Operand: e.Access.Operand, Index: make([]Index, len(e.Access.Index))}
		for i, x := range e.Access.Index {
			c.Access.Index[i] = index(x)
		}
	}
	if e.Ranges != nil {
		c.Ranges = make([]Range, len(e.Ranges))
		for i, r := range e.Ranges {
			c.Ranges[i] = Range{At: index(r.At), Extent: r.Extent}
		}
	}
	return b.Intern(&c)
}
