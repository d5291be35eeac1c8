package np

import (
	"fmt"
	"math"
	"reflect"

	"github.com/numen-go/numen/ir"
)

// number is a Go number whose dtype is not decided yet.
type number struct {
	kind ir.Kind // KindUint only above the int64s
	bits uint64  // bool 0 or 1, int64, uint64, or the bits of a float64; of a complex number the real part's
	imag float64
}

// numberOf reads a Go number of any type.
func numberOf(v any) (number, bool) {
	switch v := v.(type) { // the common types without reflection
	case float64:
		return number{kind: ir.KindFloat, bits: math.Float64bits(v)}, true
	case int:
		return number{kind: ir.KindInt, bits: uint64(v)}, true
	case float32:
		return number{kind: ir.KindFloat, bits: math.Float64bits(float64(v))}, true
	case nil:
		return number{}, false
	}
	r := reflect.ValueOf(v)
	switch elemDType(r.Kind()).Kind() {
	case ir.KindBool:
		n := number{kind: ir.KindBool}
		if r.Bool() {
			n.bits = 1
		}
		return n, true
	case ir.KindInt:
		return number{kind: ir.KindInt, bits: uint64(r.Int())}, true
	case ir.KindUint:
		n := number{kind: ir.KindInt, bits: r.Uint()}
		if n.bits > math.MaxInt64 {
			n.kind = ir.KindUint
		}
		return n, true
	case ir.KindFloat:
		return number{kind: ir.KindFloat, bits: math.Float64bits(r.Float())}, true
	case ir.KindComplex:
		z := r.Complex()
		return number{kind: ir.KindComplex, bits: math.Float64bits(real(z)), imag: imag(z)}, true
	}
	return number{}, false
}

// String returns the number as Go prints it.
func (n number) String() string {
	switch n.kind {
	case ir.KindBool:
		return fmt.Sprint(n.bits != 0)
	case ir.KindInt:
		return fmt.Sprint(int64(n.bits))
	case ir.KindUint:
		return fmt.Sprint(n.bits)
	case ir.KindComplex:
		return fmt.Sprint(complex(math.Float64frombits(n.bits), n.imag))
	}
	return fmt.Sprint(math.Float64frombits(n.bits))
}

// as returns the number as an element of d, false when it does not fit: integers must be
// in range; floats round, but a finite one does not become infinite.
func (n number) as(d ir.DType) (uint64, bool) {
	switch d.Kind() {
	case ir.KindBool:
		return n.bits, n.kind == ir.KindBool
	case ir.KindInt:
		shift := 64 - 8*d.Size()
		v := int64(n.bits)
		return n.bits, n.kind <= ir.KindInt && n.kind != ir.KindUint && v<<shift>>shift == v
	case ir.KindUint:
		shift := 64 - 8*d.Size()
		fits := n.kind == ir.KindUint || n.kind <= ir.KindInt && int64(n.bits) >= 0
		return n.bits, fits && n.bits<<shift>>shift == n.bits
	case ir.KindFloat:
		f := n.float()
		if d == ir.Float32 && math.IsInf(float64(float32(f)), 0) && !math.IsInf(f, 0) {
			return 0, false
		}
		return ir.Float(d, f), n.kind != ir.KindComplex
	}
	return 0, false
}

// float returns the number rounded to float64.
func (n number) float() float64 {
	switch n.kind {
	case ir.KindFloat, ir.KindComplex:
		return math.Float64frombits(n.bits)
	case ir.KindUint:
		return float64(n.bits)
	}
	return float64(int64(n.bits))
}

// number returns a leaf of the number as dtype d. The few values that programs are
// specialised on are part of a program's structure; every other is a run-time argument,
// so that another number compiles nothing.
func (c *call) number(n number, d ir.DType) *ir.Node {
	bits, ok := n.as(d)
	if !ok {
		return c.fail(ErrDType, "the number %v does not fit %s", n, d.Name())
	}
	if l := literalNode(d, bits); l != nil {
		return l
	}
	return c.node(ir.OpScalar, &ir.Attr{DType: d, Bits: bits})
}

// integer returns the literal v, 0, 1, -1 or 2, as dtype d; of bool 0 is false and 1 true.
func integer(v int64, d ir.DType) *ir.Node {
	bits, _ := number{kind: ir.KindInt, bits: uint64(v)}.as(d)
	return literalNode(d, bits)
}

// literalNode returns the shared leaf of a number of the closed class, nil for others.
func literalNode(d ir.DType, bits uint64) *ir.Node {
	for _, l := range literals[d] {
		if l.Attr.Bits == bits {
			return l
		}
	}
	return nil
}

// literals are the leaves of the closed class of numbers: 0, 1, -1, 2, 1/2 of every
// dtype that has them.
var literals = func() (all [ir.Float64 + 1][]*ir.Node) {
	for d := ir.Bool; d <= ir.Float64; d++ {
		for _, v := range []number{{ir.KindBool, 0, 0}, {ir.KindBool, 1, 0}, {ir.KindInt, ^uint64(0), 0}, {ir.KindInt, 2, 0}, {ir.KindFloat, ir.Float(ir.Float64, 0.5), 0}} {
			if bits, ok := v.as(d); ok {
				all[d] = append(all[d], ir.ConstNode(d, bits, nil))
			}
		}
	}
	return all
}()
