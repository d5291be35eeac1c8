package ir

import "math"

// sameDType is the result rule of ops that keep their operands' dtype.
func sameDType(e *Expr) DType { return e.Args[len(e.Args)-1].DType }

// OpAdd is the sum.
var OpAdd = Register(&Op{
	Name: "add", Doc: "x + y. IEEE addition rounded once; integers wrap.",
	Family: Elementwise, MinArg: 2, MaxArg: 2,
	Algebra: Algebra{Commutative: true, Associative: Integers},
	Scalar: &Scalar{In: []DTypes{Reals, Reals}, Same: true, Result: sameDType, Eval: func(e *Expr, x []uint64) uint64 {
		switch e.DType {
		case Float64:
			return math.Float64bits(math.Float64frombits(x[0]) + math.Float64frombits(x[1]))
		case Float32:
			return uint64(math.Float32bits(math.Float32frombits(uint32(x[0])) + math.Float32frombits(uint32(x[1]))))
		}
		return wrap(e.DType, x[0]+x[1])
	}},
})

// wrap returns the low bits of v as an element of integer dtype d.
func wrap(d DType, v uint64) uint64 {
	switch d {
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
