package np

import (
	"fmt"
	"reflect"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
)

// Operand is what a function accepts where Go numbers may mix with arrays:
//
//   - an [Array];
//   - a Go bool, integer, float or complex number of any type: weak, it takes the
//     array's width (a value that does not fit is an error);
//   - a slice or nested slice of those: copied at the call.
//
// Anything else is an error at the call's line. Functions for which a bare number
// makes no sense take Array instead, so that the compiler checks them and they can
// be passed as func(Array) Array.
type Operand = any

// operand is an Operand read: an array, or a number without a dtype yet.
type operand struct {
	n   *ir.Node // nil: num
	num number
}

// operand reads what the user gave; a failed node stands for what is none.
func (c *call) operand(v Operand) operand {
	if a, ok := v.(Array); ok {
		return operand{n: c.in(a)}
	}
	if num, ok := numberOf(v); ok {
		return operand{num: num}
	}
	if v == nil {
		return operand{n: c.fail(ErrNil, "an operand is nil")}
	}
	if r := reflect.ValueOf(v); r.Kind() == reflect.Slice || r.Kind() == reflect.Array {
		return operand{n: c.nested(r)}
	}
	if _, ok := v.(error); ok {
		return operand{n: c.fail(ErrOperand, "%T is an error, not an operand: pass the value and check the error first", v)}
	}
	return operand{n: c.fail(ErrOperand, "%T is not an operand; want Array, Go number, or slice of numbers", v)}
}

// promoted brings the call's operands to the one dtype in which they meet: that of the
// arrays among them together, raised by numbers to their kind, and at least of kind
// least. Numbers become nodes of that dtype. The result is nil and bad the failure when
// that cannot be. It is good until the next one.
func (c *call) promoted(least ir.Kind, vs ...Operand) (args []*ir.Node, bad *ir.Node) {
	var few [3]operand
	ops := few[:0]
	d, k := ir.Invalid, least
	for _, v := range vs {
		o := c.operand(v)
		switch {
		case o.n == nil:
			k = max(k, o.num.kind)
		case isFailed(o.n):
			return nil, o.n // the leftmost bad operand wins
		case d == ir.Invalid:
			d = o.n.Type.DType
		default:
			d = ir.Promote(d, o.n.Type.DType)
		}
		ops = append(ops, o)
	}
	if d == ir.Invalid {
		d = ir.Bool
	}
	if d = ir.PromoteWeak(d, k); d.Kind() == ir.KindComplex {
		return nil, c.fail(ErrDType, "there is no complex arithmetic yet: work on real and imaginary parts")
	}
	args = c.args[:0]
	for _, o := range ops {
		a := o.n
		if a != nil {
			a = c.cast(a, d)
		} else if a = c.number(o.num, d); isFailed(a) {
			return nil, a
		}
		args = append(args, a)
	}
	return args, nil
}

// single returns one operand as an array; a number has the dtype of its kind.
func (c *call) single(v Operand) *ir.Node {
	args, bad := c.promoted(0, v)
	if bad != nil {
		return bad
	}
	return args[0]
}

// converted returns an operand as dtype d, which must be able to hold what its own
// dtype holds: a value that is put into an array never narrows silently.
func (c *call) converted(v Operand, d ir.DType) *ir.Node {
	o := c.operand(v)
	if o.n == nil {
		if ir.PromoteWeak(d, o.num.kind) != d {
			return c.fail(ErrDType, "%v does not fit %s", o.num, d.Name())
		}
		return c.number(o.num, d)
	}
	if !isFailed(o.n) && ir.Promote(o.n.Type.DType, d) != d {
		return c.fail(ErrDType, "%s does not go into %s: use AsType first", o.n.Type.DType.Name(), d.Name())
	}
	return c.cast(o.n, d)
}

// nested copies a slice, or slices of slices of one length, into an array.
func (c *call) nested(r reflect.Value) *ir.Node {
	shape, elem := []int{}, r.Type()
	for v := r; ; {
		shape = append(shape, v.Len())
		if elem = elem.Elem(); elem.Kind() != reflect.Slice && elem.Kind() != reflect.Array {
			break
		}
		if v.Len() > 0 {
			v = v.Index(0)
		} else {
			v = reflect.Zero(elem)
		}
	}
	d := elemDType(elem.Kind())
	if d == ir.Invalid {
		return c.fail(ErrOperand, "%s is not an operand; want a slice of numbers", r.Type())
	}
	total, err := ir.Elements(dims(shape))
	if err != nil {
		return c.fail(ErrShape, "%v", err)
	}
	flat, at := reflect.MakeSlice(reflect.SliceOf(basicType[d]), int(total), int(total)), 0
	var copyIn func(v reflect.Value, axis int) error
	copyIn = func(v reflect.Value, axis int) error {
		n := v.Len()
		if n != shape[axis] {
			return fmt.Errorf("rows are not equally long: axis %d has %d and %d", axis, shape[axis], n)
		}
		switch {
		case axis < len(shape)-1:
			for i := range n {
				if err := copyIn(v.Index(i), axis+1); err != nil {
					return err
				}
			}
			return nil
		case elem == basicType[d]:
			reflect.Copy(flat.Slice(at, at+n), v)
		default:
			for i := range n {
				flat.Index(at + i).Set(v.Index(i).Convert(basicType[d]))
			}
		}
		at += n
		return nil
	}
	if err := copyIn(r, 0); err != nil {
		return c.fail(ErrShape, "%v", err)
	}
	return c.dense(d, hostOf[d](flat.Interface()), shape)
}

// dense returns a concrete array over contiguous memory.
func (c *call) dense(d ir.DType, h *lower.Host, shape []int) *ir.Node {
	extents := make([]int64, len(shape))
	for i, e := range shape {
		extents[i] = int64(e)
	}
	return concrete(&lower.Array{DType: d, Buf: h, Strides: lower.Contiguous(extents), Extents: extents}, c.site)
}

// hostOf wraps a slice of the dtype's Go type without copying.
var hostOf = [...]func(slice any) *lower.Host{
	ir.Bool: wrapSlice[bool],
	ir.Int8: wrapSlice[int8], ir.Int16: wrapSlice[int16], ir.Int32: wrapSlice[int32], ir.Int64: wrapSlice[int64],
	ir.Uint8: wrapSlice[uint8], ir.Uint16: wrapSlice[uint16], ir.Uint32: wrapSlice[uint32], ir.Uint64: wrapSlice[uint64],
	ir.Float32: wrapSlice[float32], ir.Float64: wrapSlice[float64],
	ir.Complex64: wrapSlice[complex64], ir.Complex128: wrapSlice[complex128],
}

func wrapSlice[T any](slice any) *lower.Host { return lower.HostOf(slice.([]T)) }

// basicType is the Go type of a dtype's elements.
var basicType = [...]reflect.Type{
	ir.Bool: reflect.TypeFor[bool](),
	ir.Int8: reflect.TypeFor[int8](), ir.Int16: reflect.TypeFor[int16](), ir.Int32: reflect.TypeFor[int32](), ir.Int64: reflect.TypeFor[int64](),
	ir.Uint8: reflect.TypeFor[uint8](), ir.Uint16: reflect.TypeFor[uint16](), ir.Uint32: reflect.TypeFor[uint32](), ir.Uint64: reflect.TypeFor[uint64](),
	ir.Float32: reflect.TypeFor[float32](), ir.Float64: reflect.TypeFor[float64](),
	ir.Complex64: reflect.TypeFor[complex64](), ir.Complex128: reflect.TypeFor[complex128](),
}
