package np

import (
	"fmt"
	"slices"
	"strings"

	"github.com/numen-go/numen/ir"
)

// call is a public call that is being built: its name and operands for messages, and
// the site that all its nodes share. Its methods make nodes. A failure is a node too,
// of opFailed, and what is made of a failed node is that node again: the first error
// wins without being asked for at every step.
type call struct {
	fn   string
	site *ir.Site
	ops  [3]Operand // as the user gave them, n of them
	n    int
	more []Operand   // those of calls with any number
	args [3]*ir.Node // what promoted made of them: ir copies operands
}

// begin is called once by every public function, directly: see here. It is small enough
// to be inlined, and then a call costs no memory.
func begin(fn string, ops ...Operand) *call {
	c := &call{fn: fn, site: here()}
	c.n = copy(c.ops[:], ops)
	return c
}

// operands returns what the user gave.
func (c *call) operands() []Operand { return append(c.ops[:c.n:c.n], c.more...) }

// array hands a node to the user.
func (c *call) array(n *ir.Node) Array { return Array{n: n} }

// fail returns the node of an error of this call.
func (c *call) fail(class error, format string, args ...any) *ir.Node {
	return failed(c.error(class, format, args...))
}

func (c *call) error(class error, format string, args ...any) *Error {
	return newError(c.site, c.fn, class, c.describe(), fmt.Sprintf(format, args...))
}

// describe returns the operands as messages show them.
func (c *call) describe() []string {
	var out []string
	for _, v := range c.operands() {
		switch v := v.(type) {
		case Array:
			switch {
			case v.n == nil:
				out = append(out, "the zero Array")
			case v.n.Op == opFailed:
				out = append(out, "an error")
			default:
				out = append(out, describe(v.n))
			}
		case nil:
			out = append(out, "nil")
		default:
			text := fmt.Sprintf("%v", v)
			if len(text) > 40 {
				text = fmt.Sprintf("%T", v)
			}
			out = append(out, text)
		}
	}
	return out
}

// node returns op applied to args; the operands' dtypes must have been made to agree.
func (c *call) node(op *ir.Op, attr *ir.Attr, args ...*ir.Node) *ir.Node {
	for _, a := range args {
		if a.Op == opFailed {
			return a
		}
	}
	n, err := ir.NewNode(op, attr, c.site, args...)
	if err != nil {
		return c.fail(classOf(err), "%s", strings.TrimPrefix(err.Error(), op.Name+": "))
	}
	if tooLarge(n.Type.Shape) {
		return c.fail(ErrShape, "the result has more elements than can be addressed: %s", shapeText(shapeOf(n)))
	}
	return n
}

// tooLarge reports whether a shape of numbers, which broadcasting and products of arrays
// can make of small ones, has more elements than can be addressed.
func tooLarge(shape []ir.Dim) bool {
	if len(shape) < 2 || slices.ContainsFunc(shape, func(d ir.Dim) bool { _, ok := d.Const(); return !ok }) {
		return false
	}
	_, err := ir.Elements(shape)
	return err != nil
}

// in returns the node of an operand that must be an Array of numbers with arithmetic.
func (c *call) in(a Array) *ir.Node {
	if a.n != nil && a.n.Op != opFailed && a.n.Type.DType.Kind() == ir.KindComplex {
		return c.fail(ErrDType, "there is no arithmetic on %s yet: work on real and imaginary parts", a.n.Type.DType.Name())
	}
	return c.stored(a)
}

// stored is in of an Array of any dtype, for what only moves elements.
func (c *call) stored(a Array) *ir.Node {
	switch {
	case a.n == nil:
		return c.fail(ErrNil, "an operand is the zero Array: was it assigned?")
	case a.n.Op == opFailed:
		return a.n
	}
	if v := values(a.n); v != nil && closed(v) {
		return c.fail(ErrClosed, "an operand was closed")
	}
	return a.n
}

// ins is in of several Arrays; ok is false when one of them is no good, and bad is it.
func (c *call) ins(xs []Array) (ns []*ir.Node, bad *ir.Node) {
	ns = make([]*ir.Node, len(xs))
	for i, x := range xs {
		if ns[i] = c.in(x); ns[i].Op == opFailed {
			return nil, ns[i]
		}
	}
	return ns, nil
}

// cast returns n as d.
func (c *call) cast(n *ir.Node, d ir.DType) *ir.Node {
	if n.Op == opFailed || n.Type.DType == d {
		return n
	}
	return c.node(ir.OpCast, &ir.Attr{DType: d}, n)
}

// isFailed reports whether n carries an error.
func isFailed(n *ir.Node) bool { return n.Op == opFailed }

// dims returns a shape as the language has it.
func dims(s []int) []ir.Dim {
	out := make([]ir.Dim, len(s))
	for i, e := range s {
		out[i] = ir.N(e)
		if e == Unknown {
			out[i] = ir.Unknown
		}
	}
	return out
}

// axis returns a user's axis as a number from the front; negative ones count from the end.
func (c *call) axis(axis, rank int) (int, *ir.Node) {
	if i, ok := axisIn(axis, rank); ok {
		return i, nil
	}
	return 0, c.fail(ErrAxis, "axis %d is outside %d dimensions", axis, rank)
}

// axes is axis of several, none of which may be named twice.
func (c *call) axes(axes []int, rank int) ([]int, *ir.Node) {
	out := make([]int, 0, len(axes))
	for _, a := range axes {
		i, bad := c.axis(a, rank)
		if bad != nil {
			return nil, bad
		}
		if slices.Contains(out, i) {
			return nil, c.fail(ErrAxis, "axis %d is named twice", a)
		}
		out = append(out, i)
	}
	return out, nil
}

func axisIn(axis, rank int) (int, bool) {
	if axis < 0 {
		axis += rank
	}
	return axis, axis >= 0 && axis < rank
}

// extentOf returns the number of elements along an axis that the call must know.
func (c *call) extentOf(n *ir.Node, axis int) (int, *ir.Node) {
	e := extent(n.Type.Shape[axis])
	if e == Unknown {
		return 0, c.fail(ErrShape, "the extent of axis %d must be known here", axis)
	}
	return e, nil
}
