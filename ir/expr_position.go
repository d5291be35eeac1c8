package ir

// Position returns an index as an i64. An exact quotient is one where it is used: inside
// the guard that says so.
func (b *Builder) Position(x Index) *Expr {
	if x.Value != nil {
		return x.Value
	}
	var sum *Expr
	add := func(e *Expr) {
		if sum != nil {
			e = b.Apply(OpAdd, sum, e)
		}
		sum = e
	}
	for _, t := range x.Terms {
		add(b.Scaled(b.Axis(Int64, t.Axis), t.Coef))
	}
	if !x.Const.Is(0) || sum == nil {
		add(b.dimOrInt(x.Const))
	}
	if !x.Div.Is(0) {
		sum = b.Apply(OpQuo, sum, b.dimOrInt(x.Div))
	}
	return sum
}

// Scaled returns the i64 e times a dim.
func (b *Builder) Scaled(e *Expr, by Dim) *Expr {
	if by.Is(1) {
		return e
	}
	return b.Apply(OpMul, e, b.dimOrInt(by))
}

// dimOrInt returns a dim as an i64: a literal where it is a number.
func (b *Builder) dimOrInt(d Dim) *Expr {
	if n, ok := d.Const(); ok {
		return b.Int(Int64, n)
	}
	return b.DimValue(Int64, d)
}
