package ir

import "math"

// sameDType is the result rule of ops that keep their operands' dtype.
func sameDType(e *Expr) DType { return e.Args[len(e.Args)-1].DType }

// OpAdd is the sum.
var OpAdd = Register(&Op{
	Name: "add", Doc: "x + y. IEEE addition rounded once; integers wrap.",
	Family: Elementwise, MinArg: 2, MaxArg: 2,
	Algebra: Algebra{Commutative: true, Associative: Integers, Identity: zeroOrMinusZero},
	Scalar: &Scalar{In: []DTypes{Reals, Reals}, Same: true, Result: sameDType, Eval: evalReal2(
		func(x, y float64) float64 { return x + y },
		func(x, y float32) float32 { return x + y },
		func(_ DType, x, y uint64) uint64 { return x + y },
	)},
})

// OpSub is the difference.
var OpSub = Register(&Op{
	Name: "sub", Doc: "x - y. IEEE subtraction rounded once; integers wrap.",
	Family: Elementwise, MinArg: 2, MaxArg: 2,
	Algebra: Algebra{Identity: constant(0)}, // -0 - +0 is -0
	Scalar: &Scalar{In: []DTypes{Reals, Reals}, Same: true, Result: sameDType, Eval: evalReal2(
		func(x, y float64) float64 { return x - y },
		func(x, y float32) float32 { return x - y },
		func(_ DType, x, y uint64) uint64 { return x - y },
	)},
})

// OpMul is the product.
var OpMul = Register(&Op{
	Name: "mul", Doc: "x * y. IEEE multiplication rounded once; integers wrap.",
	Family: Elementwise, MinArg: 2, MaxArg: 2,
	Algebra: Algebra{
		Commutative: true, Associative: Integers, Identity: one,
		Annihilator:       only(Integers, constant(0)), // 0 * NaN is NaN, 0 * -1 is -0
		SparseAnnihilator: constant(0),
	},
	Scalar: &Scalar{In: []DTypes{Reals, Reals}, Same: true, Result: sameDType, Eval: evalReal2(
		func(x, y float64) float64 { return float64(x * y) },
		func(x, y float32) float32 { return float32(x * y) },
		func(_ DType, x, y uint64) uint64 { return x * y },
	)},
})

// OpDiv is the quotient of floats.
var OpDiv = Register(&Op{
	Name: "div", Doc: "x / y. IEEE division rounded once: x/0 is an infinity, 0/0 is NaN.",
	Family: Elementwise, MinArg: 2, MaxArg: 2,
	Algebra: Algebra{Identity: one},
	Scalar: &Scalar{In: []DTypes{Floats, Floats}, Same: true, Result: sameDType, Eval: evalReal2(
		func(x, y float64) float64 { return float64(x / y) },
		func(x, y float32) float32 { return float32(x / y) },
		nil,
	)},
})

// OpFMA is the fused product and sum.
var OpFMA = Register(&Op{
	Name: "fma", Doc: "x * y + z rounded once; integers wrap. Distinct from mul and add: nothing may fuse or split it.",
	Family: Elementwise, MinArg: 3, MaxArg: 3,
	Scalar: &Scalar{In: []DTypes{Reals, Reals, Reals}, Same: true, Result: sameDType, Eval: func(e *Expr, x []uint64) uint64 {
		switch e.DType {
		case Float64:
			return bitsF64(math.FMA(asF64(x[0]), asF64(x[1]), asF64(x[2])))
		case Float32:
			return bitsF32(FMA32(asF32(x[0]), asF32(x[1]), asF32(x[2])))
		}
		return wrap(e.DType, x[0]*x[1]+x[2])
	}},
})

// OpNeg is the opposite.
var OpNeg = Register(&Op{
	Name: "neg", Doc: "-x. Flips the sign of floats, zeros and NaN included; integers wrap, unsigned ones too.",
	Family: Elementwise, MinArg: 1, MaxArg: 1,
	Scalar: &Scalar{In: []DTypes{Reals}, Result: sameDType, Eval: func(e *Expr, x []uint64) uint64 {
		switch e.DType {
		case Float64:
			return x[0] ^ 1<<63
		case Float32:
			return x[0] ^ 1<<31
		}
		return wrap(e.DType, -x[0])
	}},
})

// OpAbs is the magnitude.
var OpAbs = Register(&Op{
	Name: "abs", Doc: "|x|. Clears the sign of floats; the least signed integer stays as it is.",
	Family: Elementwise, MinArg: 1, MaxArg: 1,
	Scalar: &Scalar{In: []DTypes{Reals}, Result: sameDType, Eval: func(e *Expr, x []uint64) uint64 {
		switch e.DType.Kind() {
		case KindFloat:
			return x[0] &^ signBit(e.DType)
		case KindInt:
			if int64(x[0]) < 0 {
				return wrap(e.DType, -x[0])
			}
		}
		return x[0]
	}},
})

// OpSign is the sign as a number.
var OpSign = Register(&Op{
	Name: "sign", Doc: "-1, 0 or 1 as x is negative, zero or positive; both zeros give +0, NaN stays NaN.",
	Family: Elementwise, MinArg: 1, MaxArg: 1,
	Scalar: &Scalar{In: []DTypes{Reals}, Result: sameDType, Expand: func(b *Builder, e *Expr) *Expr {
		x, d := e.Args[0], e.DType
		zero, unit := b.Const(d, 0), b.one(d)
		r := b.Apply(OpSelect, b.Apply(OpEq, x, zero), zero, x) // what is left of x is NaN
		if d.Kind() != KindUint {
			r = b.Apply(OpSelect, b.Apply(OpLt, x, zero), b.Apply(OpNeg, unit), r)
		}
		return b.Apply(OpSelect, b.Apply(OpLt, zero, x), unit, r)
	}},
})

// OpMin is the smaller of two.
var OpMin = Register(&Op{
	Name: "min", Doc: "The smaller of x and y. Floats follow IEEE 754-2019 minimum: NaN if either is NaN, -0 below +0.",
	Family: Elementwise, MinArg: 2, MaxArg: 2,
	Algebra: Algebra{
		Commutative: true, Associative: AnyReal, Idempotent: true,
		Identity:    func(d DType) (uint64, bool) { return largest(d), true },
		Annihilator: only(Integers|SetOf(Bool), func(d DType) (uint64, bool) { return smallest(d), true }), // min(NaN, -Inf) is NaN
	},
	Scalar: &Scalar{In: []DTypes{AnyReal, AnyReal}, Same: true, Result: sameDType, Eval: evalReal2(
		func(x, y float64) float64 { return min(x, y) },
		func(x, y float32) float32 { return min(x, y) },
		func(d DType, x, y uint64) uint64 {
			if less(d, y, x) {
				return y
			}
			return x
		},
	)},
})

// OpMax is the larger of two.
var OpMax = Register(&Op{
	Name: "max", Doc: "The larger of x and y. Floats follow IEEE 754-2019 maximum: NaN if either is NaN, +0 above -0.",
	Family: Elementwise, MinArg: 2, MaxArg: 2,
	Algebra: Algebra{
		Commutative: true, Associative: AnyReal, Idempotent: true,
		Identity:    func(d DType) (uint64, bool) { return smallest(d), true },
		Annihilator: only(Integers|SetOf(Bool), func(d DType) (uint64, bool) { return largest(d), true }),
	},
	Scalar: &Scalar{In: []DTypes{AnyReal, AnyReal}, Same: true, Result: sameDType, Eval: evalReal2(
		func(x, y float64) float64 { return max(x, y) },
		func(x, y float32) float32 { return max(x, y) },
		func(d DType, x, y uint64) uint64 {
			if less(d, x, y) {
				return y
			}
			return x
		},
	)},
})

// OpSqrt is the square root.
var OpSqrt = Register(&Op{
	Name: "sqrt", Doc: "The square root of x rounded once; -0 stays -0, negative numbers give NaN.",
	Family: Elementwise, MinArg: 1, MaxArg: 1,
	Scalar: &Scalar{In: []DTypes{Floats}, Result: sameDType, Eval: evalFloat1(math.Sqrt)},
})

// OpQuo is the quotient of integers, the primitive of every integer division.
var OpQuo = Register(&Op{
	Name: "quo", Doc: "The integer quotient of x and y, rounded towards zero. x quo 0 is 0; the least integer by -1 wraps to itself.",
	Family: Elementwise, MinArg: 2, MaxArg: 2,
	Algebra: Algebra{Identity: one},
	Scalar: &Scalar{In: []DTypes{Integers, Integers}, Same: true, Result: sameDType, Eval: func(e *Expr, x []uint64) uint64 {
		switch {
		case x[1] == 0:
			return 0
		case e.DType.Kind() == KindInt:
			return wrap(e.DType, uint64(int64(x[0])/int64(x[1])))
		}
		return x[0] / x[1]
	}},
})

// OpFloorDivide is the quotient rounded down.
var OpFloorDivide = Register(&Op{
	Name: "floor_divide", Doc: "x / y rounded towards minus infinity, as NumPy's floor_divide: integers by 0 give 0, floats by 0 give x/y.",
	Family: Elementwise, MinArg: 2, MaxArg: 2,
	Scalar: &Scalar{In: []DTypes{Reals, Reals}, Same: true, Result: sameDType, Expand: expandFloorDivide},
})

// OpRemainder is what floor_divide leaves.
var OpRemainder = Register(&Op{
	Name: "remainder", Doc: "x - floor_divide(x, y) * y , as NumPy's remainder: it has y's sign, a zero too; integers by 0 give 0, floats by 0 give NaN.",
	Family: Elementwise, MinArg: 2, MaxArg: 2,
	Scalar: &Scalar{In: []DTypes{Reals, Reals}, Same: true, Result: sameDType, Expand: expandRemainder},
})

// OpFmod is C's remainder.
var OpFmod = Register(&Op{
	Name: "fmod", Doc: "x - trunc(x/y) * y exactly, as C's fmod: it has x's sign, a zero too; integers by 0 give 0, floats by 0 give NaN.",
	Family: Elementwise, MinArg: 2, MaxArg: 2,
	Scalar: &Scalar{In: []DTypes{Reals, Reals}, Same: true, Result: sameDType, Expand: expandFmod},
})
