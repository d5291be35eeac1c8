package np

import (
	"reflect"

	"github.com/numen-go/numen/ir"
)

// DType is an element type. It is also an option: Zeros(shape, Float32),
// Sum(x, Float64).
type DType uint8

// The element types. Complex arrays can be made, read and printed; there is no
// arithmetic on them yet.
const (
	invalidDType = DType(ir.Invalid)
	Bool         = DType(ir.Bool)
	Int8         = DType(ir.Int8)
	Int16        = DType(ir.Int16)
	Int32        = DType(ir.Int32)
	Int64        = DType(ir.Int64)
	Uint8        = DType(ir.Uint8)
	Uint16       = DType(ir.Uint16)
	Uint32       = DType(ir.Uint32)
	Uint64       = DType(ir.Uint64)
	Float32      = DType(ir.Float32)
	Float64      = DType(ir.Float64)
	Complex64    = DType(ir.Complex64)
	Complex128   = DType(ir.Complex128)
)

// String returns NumPy's name: "float64".
func (d DType) String() string { return ir.DType(d).Name() }

// Size returns the bytes of one element, 0 for a value that is no DType.
func (d DType) Size() int {
	if d > Complex128 {
		return 0
	}
	return ir.DType(d).Size()
}

// Elem is a Go type that an Array's elements can be read and written as.
// int and uint are Int64 and Uint64 on 64-bit platforms, Int32 and Uint32 on others.
type Elem interface {
	~bool | ~int | ~int8 | ~int16 | ~int32 | ~int64 |
		~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64 |
		~float32 | ~float64 | ~complex64 | ~complex128
}

// kindDType gives the dtype of a Go kind; what is absent is no element.
var kindDType = [...]ir.DType{
	reflect.Bool: ir.Bool,
	reflect.Int:  intDType, reflect.Int8: ir.Int8, reflect.Int16: ir.Int16, reflect.Int32: ir.Int32, reflect.Int64: ir.Int64,
	reflect.Uint: uintDType, reflect.Uint8: ir.Uint8, reflect.Uint16: ir.Uint16, reflect.Uint32: ir.Uint32, reflect.Uint64: ir.Uint64,
	reflect.Float32: ir.Float32, reflect.Float64: ir.Float64,
	reflect.Complex64: ir.Complex64, reflect.Complex128: ir.Complex128,
}

// The dtypes of int and uint: as wide as the platform's words.
const (
	intDType  = ir.Int32 + ir.DType(^uint(0)>>63)
	uintDType = ir.Uint32 + ir.DType(^uint(0)>>63)
)

// elemDType returns the dtype of a Go kind, Invalid when it has none.
func elemDType(k reflect.Kind) ir.DType {
	if int(k) >= len(kindDType) {
		return ir.Invalid
	}
	return kindDType[k]
}

// DTypeOf returns the dtype of a Go element type.
func DTypeOf[T Elem]() DType { return DType(elemDType(reflect.TypeFor[T]().Kind())) }
