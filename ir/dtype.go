package ir

import "math/bits"

// DType is an element type. The text form of the IR spells it short (f64), users
// see NumPy's name (float64).
type DType uint8

// The element types. Invalid is the zero value so that a forgotten dtype shows.
const (
	Invalid DType = iota
	Bool
	Int8
	Int16
	Int32
	Int64
	Uint8
	Uint16
	Uint32
	Uint64
	Float32
	Float64
	Complex64
	Complex128
	numDTypes
)

var dtypes = [numDTypes]struct {
	text, name string
	size       int
	kind       Kind
}{
	{"invalid", "invalid", 0, 0},
	{"bool", "bool", 1, KindBool},
	{"i8", "int8", 1, KindInt}, {"i16", "int16", 2, KindInt}, {"i32", "int32", 4, KindInt}, {"i64", "int64", 8, KindInt},
	{"u8", "uint8", 1, KindUint}, {"u16", "uint16", 2, KindUint}, {"u32", "uint32", 4, KindUint}, {"u64", "uint64", 8, KindUint},
	{"f32", "float32", 4, KindFloat}, {"f64", "float64", 8, KindFloat},
	{"c64", "complex64", 8, KindComplex}, {"c128", "complex128", 16, KindComplex},
}

// Kind groups dtypes; the order is the order of promotion.
type Kind uint8

// The kinds.
const (
	KindInvalid Kind = iota
	KindBool
	KindUint
	KindInt
	KindFloat
	KindComplex
)

// String returns the spelling of the IR's text form: f64.
func (d DType) String() string { return dtypes[min(d, numDTypes-1)].text }

// Name returns NumPy's name: float64.
func (d DType) Name() string { return dtypes[min(d, numDTypes-1)].name }

// Size returns the bytes of one element.
func (d DType) Size() int { return dtypes[d].size }

// Kind returns the group d belongs to.
func (d DType) Kind() Kind { return dtypes[d].kind }

// IsInteger reports whether d is a signed or unsigned integer (not bool).
func (d DType) IsInteger() bool { return d.Kind() == KindInt || d.Kind() == KindUint }

// IsFloat reports whether d is float32 or float64.
func (d DType) IsFloat() bool { return d.Kind() == KindFloat }

// ParseDType reads the IR's spelling of a dtype.
func ParseDType(s string) (DType, bool) {
	for d := Bool; d < numDTypes; d++ {
		if dtypes[d].text == s {
			return d, true
		}
	}
	return Invalid, false
}

// DTypes is a set of dtypes.
type DTypes uint16

// SetOf returns the set of the given dtypes.
func SetOf(ds ...DType) DTypes {
	var s DTypes
	for _, d := range ds {
		s |= 1 << d
	}
	return s
}

// Has reports whether d is in the set.
func (s DTypes) Has(d DType) bool { return s>>d&1 != 0 }

// The sets that ops are declared over.
var (
	Signed   = SetOf(Int8, Int16, Int32, Int64)
	Unsigned = SetOf(Uint8, Uint16, Uint32, Uint64)
	Integers = Signed | Unsigned
	Floats   = SetOf(Float32, Float64)
	Reals    = Integers | Floats
	AnyReal  = Reals | SetOf(Bool)
	AnyDType = AnyReal | SetOf(Complex64, Complex128)
)

// Promote returns the dtype in which two arrays meet: the Array API's table where it
// defines one, NumPy 2's otherwise (integers with floats, uint64 with signed).
func Promote(a, b DType) DType {
	if a == b {
		return a
	}
	ka, kb := a.Kind(), b.Kind()
	if ka > kb {
		a, b, ka, kb = b, a, kb, ka
	}
	switch {
	case ka == KindBool:
		return b
	case ka == kb:
		return max(a, b)
	case ka == KindUint && kb == KindInt:
		if b.Size() > a.Size() {
			return b
		}
		if a == Uint64 {
			return Float64
		}
		return Int8 + DType(bits.Len(uint(a.Size())))
	case kb == KindFloat: // a is an integer
		if b == Float32 && a.Size() > 2 {
			return Float64
		}
		return b
	case a == Float64, ka != KindFloat && a.Size() > 2: // b is complex
		return Complex128
	}
	return b
}

// PromoteWeak applies a bare Go number of kind k to an array's dtype: the kind may
// rise, the width never does.
func PromoteWeak(a DType, k Kind) DType {
	ka := a.Kind()
	if ka == KindUint && k == KindInt {
		return a // a non-negative literal fits; the value is checked by the caller
	}
	if k <= ka {
		return a
	}
	switch k {
	case KindInt, KindUint:
		return Int64
	case KindFloat:
		return Float64
	}
	if a == Float32 {
		return Complex64
	}
	return Complex128
}
