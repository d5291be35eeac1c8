package ir

// The elementary functions. Their expansions (fn_*.go) are written once, in ops that
// every target has, so they give the same bits everywhere; results are at most 1 ULP
// off, float32 in float32 arithmetic. NaN gives NaN.

// function is the Scalar of a function of floats.
func function(operands int, expand func(b *Builder, e *Expr) *Expr) *Scalar {
	s := &Scalar{Same: true, Result: sameDType, Expand: expand}
	for range operands {
		s.In = append(s.In, Floats)
	}
	return s
}

// OpPow is the power.
var OpPow = Register(&Op{
	Name: "pow", Doc: "x to the power y, with C's special cases: pow(x, 0) and pow(1, y) are 1 even for NaN; negative x needs an integral y. Of integers modulo 2^width; a negative y gives 0 unless x is 1 or -1.",
	Family: Elementwise, MinArg: 2, MaxArg: 2,
	Scalar: &Scalar{In: []DTypes{Reals, Reals}, Same: true, Result: sameDType, Expand: func(b *Builder, e *Expr) *Expr {
		return expandIntPow(b, e)
	}},
})
