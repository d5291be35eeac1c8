package ir

import "math"

// Elements of scalar ops travel as uint64; these read and write them.

func asF64(x uint64) float64   { return math.Float64frombits(x) }
func asF32(x uint64) float32   { return math.Float32frombits(uint32(x)) }
func bitsF64(v float64) uint64 { return math.Float64bits(v) }
func bitsF32(v float32) uint64 { return uint64(math.Float32bits(v)) }

func bitsBool(v bool) uint64 {
	if v {
		return 1
	}
	return 0
}

// wrap returns the low bits of v as an element of integer dtype d.
func wrap(d DType, v uint64) uint64 {
	switch d {
	case Bool:
		return v & 1
	case Int8:
		return uint64(int8(v))
	case Int16:
		return uint64(int16(v))
	case Int32:
		return uint64(int32(v))
	case Uint8:
		return uint64(uint8(v))
	case Uint16:
		return uint64(uint16(v))
	case Uint32:
		return uint64(uint32(v))
	}
	return v
}

// less compares elements of an integer dtype or bool.
func less(d DType, x, y uint64) bool {
	if d.Kind() == KindInt {
		return int64(x) < int64(y)
	}
	return x < y
}

// width returns the bits of an element.
func width(d DType) uint64 { return uint64(8 * d.Size()) }

// signBit returns the sign bit of a float.
func signBit(d DType) uint64 { return 1 << (width(d) - 1) }

// smallest and largest return the ends of a dtype's order; of floats the infinities.
func smallest(d DType) uint64 {
	switch d.Kind() {
	case KindFloat:
		return Float(d, math.Inf(-1))
	case KindInt:
		return -(uint64(1) << (width(d) - 1))
	}
	return 0
}

func largest(d DType) uint64 {
	switch d.Kind() {
	case KindBool:
		return 1
	case KindFloat:
		return Float(d, math.Inf(1))
	case KindInt:
		return 1<<(width(d)-1) - 1
	}
	return wrap(d, math.MaxUint64)
}

// Facts for Algebra.

func constant(v uint64) func(DType) (uint64, bool) {
	return func(DType) (uint64, bool) { return v, true }
}

func zeroOrMinusZero(d DType) (uint64, bool) {
	if d.IsFloat() {
		return signBit(d), true // -0 + +0 is +0, -0 + -0 is -0
	}
	return 0, true
}

func one(d DType) (uint64, bool) {
	if d.IsFloat() {
		return Float(d, 1), true
	}
	return 1, true
}

func only(s DTypes, f func(DType) (uint64, bool)) func(DType) (uint64, bool) {
	return func(d DType) (uint64, bool) {
		if !s.Has(d) {
			return 0, false
		}
		return f(d)
	}
}

// evalReal2 is the Eval of an op that is one formula for floats and one, wrapped, for
// the rest.
func evalReal2(f64 func(x, y float64) float64, f32 func(x, y float32) float32, other func(d DType, x, y uint64) uint64) func(*Expr, []uint64) uint64 {
	return func(e *Expr, x []uint64) uint64 {
		switch e.DType {
		case Float64:
			return bitsF64(f64(asF64(x[0]), asF64(x[1])))
		case Float32:
			return bitsF32(f32(asF32(x[0]), asF32(x[1])))
		}
		return wrap(e.DType, other(e.DType, x[0], x[1]))
	}
}

// evalFloat1 is the Eval of a function whose float32 result is the float64 result of
// the same argument, rounded: exact results, and square roots, whose second rounding
// changes nothing.
func evalFloat1(f func(float64) float64) func(*Expr, []uint64) uint64 {
	return func(e *Expr, x []uint64) uint64 {
		if e.DType == Float32 {
			return bitsF32(float32(f(float64(asF32(x[0])))))
		}
		return bitsF64(f(asF64(x[0])))
	}
}

// one returns the literal 1 of d.
func (b *Builder) one(d DType) *Expr {
	v, _ := one(d)
	return b.Const(d, v)
}

// bodyOnly is the type rule of ops that exist for expansions: some are defined on part
// of their operands' values alone, so graphs do not use them.
func bodyOnly(n *Node) (Type, error) {
	return Type{}, Errorf(ErrDType, "%s is an op of kernel bodies, graphs do not use it", n.Op)
}
