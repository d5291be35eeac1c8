package ir

// castTo is the result rule of conversions: the target dtype is set before.
func castTo(e *Expr) DType { return e.DType }

// OpCast converts between dtypes.
var OpCast = Register(&Op{
	Name: "cast", Doc: "x converted to the attribute's dtype. Rounds to nearest even; floats out of an integer's range saturate and NaN gives 0; integers wrap; to bool is x != 0.",
	Family: Elementwise, MinArg: 1, MaxArg: 1, Fields: FieldDType,
	Scalar: &Scalar{In: []DTypes{AnyReal}, Result: castTo, Eval: func(e *Expr, x []uint64) uint64 {
		return castBits(e.DType, e.Args[0].DType, x[0])
	}},
})

// OpBitcast reads the bits of an element as another dtype of the same size.
var OpBitcast = Register(&Op{
	Name: "bitcast", Doc: "the bits of x as an element of the attribute's dtype, which has the same size. A NaN is canonicalised first.",
	Family: Elementwise, MinArg: 1, MaxArg: 1, Fields: FieldDType,
	Scalar: &Scalar{In: []DTypes{Reals}, Result: castTo, Eval: func(e *Expr, x []uint64) uint64 {
		return x[0]
	}},
})

// OpLookup reads a constant table.
var OpLookup = Register(&Op{
	Name: "lookup", Doc: "t[i mod 16] of a constant table t of at most 16 entries.",
	Family: Elementwise, MinArg: 1, MaxArg: 1,
	Scalar: &Scalar{In: []DTypes{Integers}, Result: func(e *Expr) DType { return e.Table.DType }, Eval: func(e *Expr, x []uint64) uint64 {
		return e.Table.Entries[x[0]&15]
	}},
})

func castBits(to, from DType, v uint64) uint64 { return v }
