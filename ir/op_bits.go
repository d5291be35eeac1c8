package ir

import (
	"math"
	"math/bits"
)

// bitwise is the set of dtypes with logic, bit by bit.
const bitwise = DTypes(1)<<Bool | 1<<Int8 | 1<<Int16 | 1<<Int32 | 1<<Int64 | 1<<Uint8 | 1<<Uint16 | 1<<Uint32 | 1<<Uint64

// words is the set of dtypes that multi-word arithmetic is done in.
const words = DTypes(1)<<Uint32 | 1<<Uint64

func allOnes(d DType) (uint64, bool) { return wrap(d, math.MaxUint64), true }

// OpAnd is conjunction.
var OpAnd = Register(&Op{
	Name: "and", Doc: "x and y, bit by bit.",
	Family: Elementwise, MinArg: 2, MaxArg: 2,
	Linearize: noTangent.Linearize, Transpose: noTangent.Transpose,
	Algebra: Algebra{Commutative: true, Associative: bitwise, Idempotent: true, Identity: allOnes, Annihilator: constant(0), SparseAnnihilator: constant(0)},
	Scalar: &Scalar{In: []DTypes{bitwise, bitwise}, Same: true, Result: sameDType, Eval: func(_ *Expr, x []uint64) uint64 {
		return x[0] & x[1]
	}},
})

// OpOr is disjunction.
var OpOr = Register(&Op{
	Name: "or", Doc: "x or y, bit by bit.",
	Family: Elementwise, MinArg: 2, MaxArg: 2,
	Linearize: noTangent.Linearize, Transpose: noTangent.Transpose,
	Algebra: Algebra{Commutative: true, Associative: bitwise, Idempotent: true, Identity: constant(0), Annihilator: allOnes},
	Scalar: &Scalar{In: []DTypes{bitwise, bitwise}, Same: true, Result: sameDType, Eval: func(_ *Expr, x []uint64) uint64 {
		return x[0] | x[1]
	}},
})

// OpXor is exclusive or.
var OpXor = Register(&Op{
	Name: "xor", Doc: "x exclusive-or y, bit by bit.",
	Family: Elementwise, MinArg: 2, MaxArg: 2,
	Linearize: noTangent.Linearize, Transpose: noTangent.Transpose,
	Algebra: Algebra{Commutative: true, Associative: bitwise, Identity: constant(0)},
	Scalar: &Scalar{In: []DTypes{bitwise, bitwise}, Same: true, Result: sameDType, Eval: func(_ *Expr, x []uint64) uint64 {
		return x[0] ^ x[1]
	}},
})

// OpNot is negation.
var OpNot = Register(&Op{
	Name: "not", Doc: "not x, bit by bit; of a bool its opposite.",
	Family: Elementwise, MinArg: 1, MaxArg: 1,
	Linearize: noTangent.Linearize, Transpose: noTangent.Transpose,
	Scalar: &Scalar{In: []DTypes{bitwise}, Result: sameDType, Eval: func(e *Expr, x []uint64) uint64 {
		return wrap(e.DType, ^x[0])
	}},
})

// OpShl shifts left.
var OpShl = Register(&Op{
	Name: "shl", Doc: "x shifted left by y bits; 0 where y is negative or not below the width.",
	Family: Elementwise, MinArg: 2, MaxArg: 2,
	Linearize: noTangent.Linearize, Transpose: noTangent.Transpose,
	Algebra: Algebra{Identity: constant(0)},
	Scalar: &Scalar{In: []DTypes{Integers, Integers}, Same: true, Result: sameDType, Eval: func(e *Expr, x []uint64) uint64 {
		return wrap(e.DType, x[0]<<x[1]) // Go's shift gives 0 from 64 on, wrap drops what left a narrower element
	}},
})

// OpShr shifts right.
var OpShr = Register(&Op{
	Name: "shr", Doc: "x shifted right by y bits, signed integers with their sign; where y is negative or not below the width 0, or -1 for negative x.",
	Family: Elementwise, MinArg: 2, MaxArg: 2,
	Linearize: noTangent.Linearize, Transpose: noTangent.Transpose,
	Algebra: Algebra{Identity: constant(0)},
	Scalar: &Scalar{In: []DTypes{Integers, Integers}, Same: true, Result: sameDType, Eval: func(e *Expr, x []uint64) uint64 {
		if e.DType.Kind() == KindInt {
			return uint64(int64(x[0]) >> x[1])
		}
		return x[0] >> x[1]
	}},
})

// OpRotl rotates left.
var OpRotl = Register(&Op{
	Name: "rotl", Doc: "x rotated left by y bits, y taken modulo the width.",
	Family: Elementwise, MinArg: 2, MaxArg: 2,
	Linearize: noTangent.Linearize, Transpose: noTangent.Transpose,
	Algebra: Algebra{Identity: constant(0)},
	Scalar: &Scalar{In: []DTypes{Unsigned, Unsigned}, Same: true, Result: sameDType, Expand: func(b *Builder, e *Expr) *Expr {
		x, d := e.Args[0], e.DType
		left := b.Apply(OpAnd, e.Args[1], b.Const(d, width(d)-1))
		right := b.Apply(OpSub, b.Const(d, width(d)), left) // the width itself shifts everything out
		return b.Apply(OpOr, b.Apply(OpShl, x, left), b.Apply(OpShr, x, right))
	}},
})

// OpMulHi is the upper half of a product.
var OpMulHi = Register(&Op{
	Name: "mulhi", Doc: "The upper half of the double-width product of unsigned x and y.",
	Family: Elementwise, MinArg: 2, MaxArg: 2,
	Linearize: noTangent.Linearize, Transpose: noTangent.Transpose,
	Algebra: Algebra{Commutative: true, Annihilator: constant(0), SparseAnnihilator: constant(0)},
	Scalar: &Scalar{In: []DTypes{words, words}, Same: true, Result: sameDType, Eval: func(e *Expr, x []uint64) uint64 {
		if e.DType == Uint32 {
			return x[0] * x[1] >> 32
		}
		hi, _ := bits.Mul64(x[0], x[1])
		return hi
	}},
})

// OpClz counts leading zeros.
var OpClz = Register(&Op{
	Name: "clz", Doc: "The number of leading zero bits of unsigned x; the width for 0.",
	Family: Elementwise, MinArg: 1, MaxArg: 1,
	Linearize: noTangent.Linearize, Transpose: noTangent.Transpose,
	Scalar: &Scalar{In: []DTypes{words}, Result: sameDType, Eval: func(e *Expr, x []uint64) uint64 {
		return uint64(bits.LeadingZeros64(x[0])) - (64 - width(e.DType))
	}},
})
