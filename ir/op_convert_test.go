package ir

import (
	"errors"
	"testing"
)

// TestElementwiseInference checks what the ops of this kind refuse besides what all
// elementwise ops do.
func TestElementwiseInference(t *testing.T) {
	x := func(d DType) *Node { return sampleParam(0, d, 3) }
	to := func(d DType) *Attr { return &Attr{DType: d} }
	for _, c := range []struct {
		op   *Op
		attr *Attr
		args []*Node
		want string // the type, or the message
	}{
		{OpCast, to(Int8), []*Node{x(Float64)}, "i8[3]"},
		{OpCast, to(Bool), []*Node{x(Uint64)}, "bool[3]"},
		{OpCast, nil, []*Node{x(Float64)}, "cast needs a real dtype to convert to"},
		{OpCast, to(Complex64), []*Node{x(Float64)}, "cast needs a real dtype to convert to"},
		{OpCast, to(Float64), []*Node{x(Complex64)}, "cast does not take complex64 as operand 1"},
		{OpBitcast, to(Int64), []*Node{x(Float64)}, "i64[3]"},
		{OpBitcast, to(Int32), []*Node{x(Float64)}, "the bits of float64 are no int32"},
		{OpBitcast, to(Bool), []*Node{x(Int8)}, "the bits of int8 are no bool"},
		{OpBitcast, to(Int8), []*Node{x(Bool)}, "bitcast does not take bool as operand 1"},
		{OpSelect, nil, []*Node{x(Bool), x(Int8), x(Int8)}, "i8[3]"},
		{OpSelect, nil, []*Node{x(Bool), x(Int8), x(Int16)}, "select takes values of one dtype, got int8 and int16"},
		{OpSelect, nil, []*Node{x(Int8), x(Int8), x(Int8)}, "select does not take int8 as operand 1"},
		{OpLt, nil, []*Node{x(Bool), x(Bool)}, "bool[3]"},
		{OpSignbit, nil, []*Node{x(Float32)}, "bool[3]"},
		{OpPhilox32, nil, []*Node{x(Uint64), x(Uint64), x(Uint64)}, "u32[3]"},
		{OpPhilox64, nil, []*Node{x(Uint64), x(Uint64), x(Uint64)}, "u64[3]"},
		{OpPow, nil, []*Node{x(Int32), x(Int64)}, "pow takes operands of one dtype, got int32 and int64"},
		{OpExp, nil, []*Node{x(Int32)}, "exp does not take int32 as operand 1"},
		{OpRare, nil, []*Node{x(Bool), x(Int8), x(Int8)}, "rare is an op of kernel bodies, graphs do not use it"},
		{OpRawBits, to(Int64), []*Node{x(Float64)}, "rawbits is an op of kernel bodies, graphs do not use it"},
		{OpLookup, nil, []*Node{x(Int64)}, "lookup is an op of kernel bodies, graphs do not use it"},
	} {
		n, err := NewNode(c.op, c.attr, nil, c.args...)
		got := ""
		if err != nil {
			got = err.Error()
			if !errors.Is(err, ErrDType) {
				t.Errorf("%s: %v is of no class", c.op, err)
			}
		} else {
			got = n.Type.String()
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.op, got, c.want)
		}
	}
}
