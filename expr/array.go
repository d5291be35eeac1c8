package np

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
)

// Shape is the extents of an Array. A Spec may leave an extent Unknown.
type Shape []int

// Unknown marks a dimension that only a run can tell, or that a Spec leaves open.
const Unknown = -1

// Array is a lazy array: a value of a few bytes that is free to copy, safe to
// share between goroutines and never changes. The zero Array is not an array;
// using it is an error that names the line. Arrays cannot be compared with ==
// (use Equal for elements).
type Array struct {
	_ [0]func() // no ==; first, so that an Array boxes without allocating
	n *ir.Node  // nil: the zero Array
}

// opFailed marks a node that carries the first error of the calls behind it. The op is
// not part of the language: such a node never reaches a graph.
var opFailed = &ir.Op{Name: "failed"}

func failed(err *Error) *ir.Node { return &ir.Node{Op: opFailed, Data: err} }

// concrete returns the node of an array that has values.
func concrete(a *lower.Array, site *ir.Site) *ir.Node {
	dims := make([]ir.Dim, len(a.Extents))
	for i, e := range a.Extents {
		dims[i] = ir.N(e)
	}
	return &ir.Node{Op: ir.OpParam, Type: ir.Type{DType: a.DType, Shape: dims, Format: a.Format}, Attr: noIndex, Site: site, Data: a}
}

// noIndex is the attribute of every parameter: the runtime numbers them by first use.
var noIndex = &ir.Attr{}

// values returns the array behind a concrete node, nil for any other.
func values(n *ir.Node) *lower.Array {
	a, _ := n.Data.(*lower.Array)
	return a
}

// closed reports whether Close gave the memory of a concrete array back.
func closed(a *lower.Array) bool {
	h, ok := a.Buf.(*lower.Host)
	if !ok || h.Bytes() != nil {
		return false
	}
	for _, e := range a.Extents {
		if e == 0 {
			return false
		}
	}
	return true
}

// Err returns the first error of the calls that built a, nil when there is none.
func (a Array) Err() error {
	if e := a.error(); e != nil {
		return e
	}
	return nil
}

func (a Array) error() *Error {
	switch {
	case a.n == nil:
		return &Error{Func: "Array", Detail: "the zero Array was used", Err: ErrNil}
	case a.n.Op == opFailed:
		return a.n.Data.(*Error)
	}
	return nil
}

// DType returns the element type; for an Array with an error, a value that is no dtype.
func (a Array) DType() DType {
	if a.n == nil {
		return invalidDType
	}
	return DType(a.n.Type.DType)
}

// Shape returns a copy of the extents, nil for an Array with an error.
func (a Array) Shape() Shape {
	if a.n == nil || a.n.Op == opFailed {
		return nil
	}
	return shapeOf(a.n)
}

func shapeOf(n *ir.Node) Shape {
	s := make(Shape, len(n.Type.Shape))
	for i, d := range n.Type.Shape {
		s[i] = extent(d)
	}
	return s
}

// extent returns d's number, or Unknown.
func extent(d ir.Dim) int {
	if c, ok := d.Const(); ok {
		return int(c)
	}
	return Unknown
}

// Dim returns the extent of one axis (negative counts from the end), or 0 when
// there is no such axis: unlike Shape()[i] it never panics.
func (a Array) Dim(axis int) int {
	i, ok := axisIn(axis, a.NDim())
	if !ok {
		return 0
	}
	return extent(a.n.Type.Shape[i])
}

// NDim returns the number of axes, 0 for an Array with an error.
func (a Array) NDim() int {
	if a.n == nil {
		return 0
	}
	return a.n.Type.Rank()
}

// Size returns the number of elements, Unknown when a dimension is, and 0 for an Array
// with an error.
func (a Array) Size() int {
	if a.error() != nil {
		return 0
	}
	n := 1
	for _, d := range a.n.Type.Shape {
		e := extent(d)
		if e == Unknown {
			return Unknown
		}
		n *= e
	}
	return n
}

// Concrete reports whether a holds values, so that reading them does no work.
func (a Array) Concrete() bool { return a.n != nil && values(a.n) != nil }

// Close gives memory back before the garbage collector would. It is never
// required, and does nothing to a lazy Array. No evaluation that reads a may be
// under way; using a afterwards is ErrClosed. Slices got from it stay good.
func (a Array) Close() error {
	if !a.Concrete() {
		return nil
	}
	return values(a.n).Buf.Close()
}

// describe returns an array's type as messages show it: float64[3 4].
func describe(n *ir.Node) string {
	return n.Type.DType.Name() + shapeText(shapeOf(n))
}

// shapeText returns [3 4], with ? for what is not known.
func shapeText(s Shape) string {
	parts := make([]string, len(s))
	for i, d := range s {
		parts[i] = "?"
		if d != Unknown {
			parts[i] = strconv.Itoa(d)
		}
	}
	return "[" + strings.Join(parts, " ") + "]"
}

// lazyText is how an Array without values prints.
func (a Array) lazyText() string {
	if err := a.error(); err != nil {
		return "np.Array(" + err.Error() + ")"
	}
	at := ""
	if file, line := a.n.Site.Position(); file != "" {
		at = fmt.Sprintf(" at %s:%d", filepath.Base(file), line)
	}
	return fmt.Sprintf("np.Array(%s, lazy %s%s)", describe(a.n), a.n.Op, at)
}
