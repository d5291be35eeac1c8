package ir

func boolResult(*Expr) DType { return Bool }

// compare is the Eval of a comparison.
func compare(f64 func(x, y float64) bool, other func(d DType, x, y uint64) bool) func(*Expr, []uint64) uint64 {
	return func(e *Expr, x []uint64) uint64 {
		switch d := e.Args[0].DType; d {
		case Float64:
			return bitsBool(f64(asF64(x[0]), asF64(x[1])))
		case Float32:
			return bitsBool(f64(float64(asF32(x[0])), float64(asF32(x[1]))))
		default:
			return bitsBool(other(d, x[0], x[1]))
		}
	}
}

// OpEq is equality.
var OpEq = Register(&Op{
	Name: "eq", Doc: "x == y as bool. NaN equals nothing, -0 equals +0.",
	Family: Elementwise, MinArg: 2, MaxArg: 2,
	Linearize: noTangent.Linearize, Transpose: noTangent.Transpose,
	Algebra: Algebra{Commutative: true, Identity: only(SetOf(Bool), constant(1))},
	Scalar: &Scalar{In: []DTypes{AnyReal, AnyReal}, Same: true, Result: boolResult, Eval: compare(
		func(x, y float64) bool { return x == y },
		func(_ DType, x, y uint64) bool { return x == y },
	)},
})

// OpNe is inequality.
var OpNe = Register(&Op{
	Name: "ne", Doc: "x != y as bool: the opposite of eq, so NaN differs from itself.",
	Family: Elementwise, MinArg: 2, MaxArg: 2,
	Linearize: noTangent.Linearize, Transpose: noTangent.Transpose,
	Algebra: Algebra{Commutative: true, Identity: only(SetOf(Bool), constant(0))},
	Scalar: &Scalar{In: []DTypes{AnyReal, AnyReal}, Same: true, Result: boolResult, Eval: compare(
		func(x, y float64) bool { return x != y },
		func(_ DType, x, y uint64) bool { return x != y },
	)},
})

// OpLt is less-than.
var OpLt = Register(&Op{
	Name: "lt", Doc: "x < y as bool; false when either is NaN. false < true.",
	Family: Elementwise, MinArg: 2, MaxArg: 2,
	Linearize: noTangent.Linearize, Transpose: noTangent.Transpose,
	Scalar: &Scalar{In: []DTypes{AnyReal, AnyReal}, Same: true, Result: boolResult, Eval: compare(
		func(x, y float64) bool { return x < y }, less,
	)},
})

// OpLe is less-or-equal.
var OpLe = Register(&Op{
	Name: "le", Doc: "x <= y as bool; false when either is NaN.",
	Family: Elementwise, MinArg: 2, MaxArg: 2,
	Linearize: noTangent.Linearize, Transpose: noTangent.Transpose,
	Scalar: &Scalar{In: []DTypes{AnyReal, AnyReal}, Same: true, Result: boolResult, Eval: compare(
		func(x, y float64) bool { return x <= y },
		func(d DType, x, y uint64) bool { return !less(d, y, x) },
	)},
})

// OpGt is greater-than.
var OpGt = Register(&Op{
	Name: "gt", Doc: "x > y as bool: y < x.",
	Family: Elementwise, MinArg: 2, MaxArg: 2,
	Linearize: noTangent.Linearize, Transpose: noTangent.Transpose,
	Scalar: &Scalar{In: []DTypes{AnyReal, AnyReal}, Same: true, Result: boolResult, Expand: func(b *Builder, e *Expr) *Expr {
		return b.Apply(OpLt, e.Args[1], e.Args[0])
	}},
})

// OpGe is greater-or-equal.
var OpGe = Register(&Op{
	Name: "ge", Doc: "x >= y as bool: y <= x.",
	Family: Elementwise, MinArg: 2, MaxArg: 2,
	Linearize: noTangent.Linearize, Transpose: noTangent.Transpose,
	Scalar: &Scalar{In: []DTypes{AnyReal, AnyReal}, Same: true, Result: boolResult, Expand: func(b *Builder, e *Expr) *Expr {
		return b.Apply(OpLe, e.Args[1], e.Args[0])
	}},
})
