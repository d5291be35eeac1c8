package ir

import (
	"fmt"
	"math"
)

// castTo is the result rule of conversions: the target dtype is set before.
func castTo(e *Expr) DType { return e.DType }

// conversion is the type rule of conversions: the attribute names a real dtype.
func conversion(n *Node) (Type, error) {
	if n.Attr == nil || !AnyReal.Has(n.Attr.DType) {
		return Type{}, Errorf(ErrDType, "%s needs a real dtype to convert to", n.Op)
	}
	return inferElementwise(n)
}

// OpCast converts between dtypes.
var OpCast = Register(&Op{
	Name: "cast", Doc: "x converted to the attribute's dtype. Rounds to nearest even; floats out of an integer's range saturate, fractions are cut off and NaN gives 0; integers wrap; to bool is x != 0.",
	Family: Elementwise, MinArg: 1, MaxArg: 1, Fields: FieldDType, Infer: conversion,
	Scalar: &Scalar{In: []DTypes{AnyReal}, Result: castTo, Eval: func(e *Expr, x []uint64) uint64 {
		return castBits(e.DType, e.Args[0].DType, x[0])
	}},
})

// OpBitcast reads the bits of an element as another dtype of the same size.
var OpBitcast = Register(&Op{
	Name: "bitcast", Doc: "The bits of x as an element of the attribute's dtype, which has the same size. A NaN is canonicalised first: the positive quiet one without payload.",
	Family: Elementwise, MinArg: 1, MaxArg: 1, Fields: FieldDType,
	Infer: func(n *Node) (Type, error) {
		t, err := conversion(n)
		if x := n.Args[0].Type.DType; err == nil && (x.Size() != t.DType.Size() || t.DType == Bool) {
			return Type{}, Errorf(ErrDType, "the bits of %s are no %s", x.Name(), t.DType.Name())
		}
		return t, err
	},
	Scalar: &Scalar{In: []DTypes{Reals}, Result: castTo, Expand: func(b *Builder, e *Expr) *Expr {
		x := e.Args[0]
		if x.DType.IsFloat() {
			x = b.oneNaN(x)
		}
		return b.rawBits(e.DType, x)
	}},
})

// OpRawBits is bitcast as machines do it.
var OpRawBits = Register(&Op{
	Name: "rawbits", Doc: "The bits of x as an element of another dtype of the same size. Of a NaN they are some NaN's: expansions use it where that cannot show.",
	Family: Elementwise, MinArg: 1, MaxArg: 1, Fields: FieldDType, Infer: bodyOnly,
	Scalar: &Scalar{In: []DTypes{Reals}, Result: castTo, Eval: func(e *Expr, x []uint64) uint64 {
		if e.DType == Float32 {
			return wrap(Uint32, x[0])
		}
		return wrap(e.DType, x[0])
	}},
})

// OpLookup reads a constant table.
var OpLookup = Register(&Op{
	Name: "lookup", Doc: "t[i mod 16] of a constant table t of 16 entries.",
	Family: Elementwise, MinArg: 1, MaxArg: 1, Infer: bodyOnly,
	Scalar: &Scalar{In: []DTypes{Integers}, Result: func(e *Expr) DType { return e.Table.DType }, Eval: func(e *Expr, x []uint64) uint64 {
		return e.Table.Entries[x[0]&15]
	}},
})

// OpLowBits is an integral float as an integer.
var OpLowBits = Register(&Op{
	Name: "low_bits", Doc: "The integral float x, of magnitude below 2^51 (float32 2^31), as a signed integer of its size; anything for other x. Cheaper than cast, which saturates.",
	Family: Elementwise, MinArg: 1, MaxArg: 1, Infer: bodyOnly,
	Scalar: &Scalar{In: []DTypes{Floats}, Result: func(e *Expr) DType { return intOf(e.Args[0].DType) }, Expand: func(b *Builder, e *Expr) *Expr {
		return b.Cast(e.DType, e.Args[0])
	}},
})

// OpExponent is the exponent field as a float.
var OpExponent = Register(&Op{
	Name: "exponent", Doc: "The integer t shifted right by a float's fraction bits, as a float of its size: the exponent of x when t is x's bits less the bits of 1.",
	Family: Elementwise, MinArg: 1, MaxArg: 1, Infer: bodyOnly,
	Scalar: &Scalar{In: []DTypes{SetOf(Int32, Int64)}, Result: func(e *Expr) DType { return floatOf(e.Args[0].DType) }, Expand: func(b *Builder, e *Expr) *Expr {
		t := e.Args[0]
		return b.Cast(e.DType, b.Apply(OpShr, t, b.Int(t.DType, int64(fractionBits(e.DType)))))
	}},
})

// OpScaleNormal multiplies by a power of two in the exponent field.
var OpScaleNormal = Register(&Op{
	Name: "scale_normal", Doc: "x * 2^n for an integral float n, where x and the result are normal numbers; anything elsewhere.",
	Family: Elementwise, MinArg: 2, MaxArg: 2, Infer: bodyOnly,
	Scalar: &Scalar{In: []DTypes{Floats, Floats}, Same: true, Result: sameDType, Expand: func(b *Builder, e *Expr) *Expr {
		i := intOf(e.DType)
		n := b.Apply(OpShl, b.Apply(OpLowBits, e.Args[1]), b.Int(i, int64(fractionBits(e.DType))))
		return b.rawBits(e.DType, b.Apply(OpAdd, b.rawBits(i, e.Args[0]), n))
	}},
})

// OpScale multiplies by a power of two.
var OpScale = Register(&Op{
	Name: "scale", Doc: "x * 2^n rounded once, for an integral float n: exact but for overflow and subnormal results.",
	Family: Elementwise, MinArg: 2, MaxArg: 2,
	Scalar: &Scalar{In: []DTypes{Floats, Floats}, Same: true, Result: sameDType, Expand: expandScale},
})

// OpSignbit is the sign as a bool.
var OpSignbit = Register(&Op{
	Name: "signbit", Doc: "Whether the sign bit of x is set: true for -0, false for NaN.",
	Family: Elementwise, MinArg: 1, MaxArg: 1,
	Scalar: &Scalar{In: []DTypes{Floats}, Result: boolResult, Expand: func(b *Builder, e *Expr) *Expr {
		i := intOf(e.Args[0].DType)
		return b.Apply(OpLt, b.rawBits(i, b.oneNaN(e.Args[0])), b.Int(i, 0))
	}},
})

// OpCopysign joins a magnitude and a sign.
var OpCopysign = Register(&Op{
	Name: "copysign", Doc: "|x| with y's sign; a NaN y counts as positive.",
	Family: Elementwise, MinArg: 2, MaxArg: 2,
	Scalar: &Scalar{In: []DTypes{Floats, Floats}, Same: true, Result: sameDType, Expand: func(b *Builder, e *Expr) *Expr {
		i := intOf(e.DType)
		sign := b.Apply(OpAnd, b.rawBits(i, b.oneNaN(e.Args[1])), b.signMask(i))
		return b.rawBits(e.DType, b.Apply(OpOr, b.rawBits(i, b.Apply(OpAbs, e.Args[0])), sign))
	}},
})

// intOf and floatOf return the signed integer and the float of a dtype's size.
func intOf(d DType) DType {
	if d.Size() == 4 {
		return Int32
	}
	return Int64
}

func floatOf(d DType) DType {
	if d.Size() == 4 {
		return Float32
	}
	return Float64
}

// fractionBits returns the stored bits of a float's significand.
func fractionBits(d DType) int {
	if d == Float32 {
		return 23
	}
	return 52
}

// rawBits returns x's bits as a value of d.
func (b *Builder) rawBits(d DType, x *Expr) *Expr {
	return b.Intern(&Expr{Kind: Apply, Op: OpRawBits, DType: d, Args: []*Expr{x}})
}

// oneNaN returns x with the one NaN in place of any.
func (b *Builder) oneNaN(x *Expr) *Expr {
	return b.Apply(OpSelect, b.Apply(OpNe, x, x), b.nan(x.DType), x)
}

// nan returns the canonical NaN as a literal.
func (b *Builder) nan(d DType) *Expr { return b.Const(d, canonicalNaN(d)) }

// signMask returns the sign bit as a literal of signed integer dtype i.
func (b *Builder) signMask(i DType) *Expr { return b.Const(i, smallest(i)) }

// castBits converts an element.
func castBits(to, from DType, v uint64) uint64 {
	switch {
	case from.IsFloat():
		f := asF64(v)
		if from == Float32 {
			f = float64(asF32(v))
		}
		return castFloat(to, f)
	case to == Bool:
		return bitsBool(v != 0)
	case to == Float64 && from.Kind() == KindInt:
		return bitsF64(float64(int64(v)))
	case to == Float64:
		return bitsF64(float64(v))
	case to == Float32 && from.Kind() == KindInt:
		return bitsF32(float32(int64(v)))
	case to == Float32:
		return bitsF32(float32(v))
	}
	return wrap(to, v)
}

// castFloat converts a float; a float32 comes as the float64 of its value.
func castFloat(to DType, f float64) uint64 {
	switch to.Kind() {
	case KindBool:
		return bitsBool(f != 0)
	case KindFloat:
		return Float(to, f)
	case KindInt:
		limit := math.Ldexp(1, int(width(to))-1)
		switch {
		case f != f:
			return 0
		case f < -limit:
			return smallest(to)
		case f >= limit:
			return largest(to)
		}
		return uint64(int64(f))
	case KindUint:
		switch {
		case !(f > 0): // negative or NaN
			return 0
		case f >= math.Ldexp(1, int(width(to))):
			return largest(to)
		}
		return uint64(f)
	}
	panic(fmt.Sprintf("ir: cast to %s", to))
}
