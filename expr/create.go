package np

import (
	"math"
	"reflect"
	"slices"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
	rt "github.com/numen-go/numen/runtime"
)

// Of returns a 1-D Array of the values.
func Of[T Elem](values ...T) Array {
	return begin("Of").fromSlice(wrapCopy(values), DTypeOf[T](), len(values), nil)
}

// FromSlice copies data into an Array of the given shape; no shape means 1-D. The copy
// happens at the call, so data may change afterwards. ErrShape when the number of
// elements differs.
func FromSlice[T Elem](data []T, shape ...int) Array {
	return begin("FromSlice").fromSlice(wrapCopy(data), DTypeOf[T](), len(data), shape)
}

// AliasSlice is FromSlice without the copy. data must not be written while any Array
// made from it may still be evaluated: a race that the Go race detector sees, and that
// NUMEN_DEBUG=alias finds by checksum.
func AliasSlice[T Elem](data []T, shape ...int) Array {
	a := begin("AliasSlice").fromSlice(lower.HostOf(data), DTypeOf[T](), len(data), shape)
	if v := values(a.n); v != nil {
		rt.Aliased(v)
	}
	return a
}

// FromRows copies equally long rows into a 2-D Array. No rows make the shape [0 0].
func FromRows[T Elem](rows [][]T) Array {
	c := begin("FromRows")
	return c.array(c.nested(reflect.ValueOf(rows)))
}

// FromNested copies a number, slice, or slices of slices to any depth; the innermost
// slices, and those around them, must be equally long.
func FromNested(v Operand) Array {
	c := begin("FromNested", v)
	if o := c.operand(v); o.n != nil {
		return c.array(o.n)
	}
	return c.array(c.single(v))
}

// Scalar returns a 0-d Array whose dtype is T's: unlike a bare Go number it takes part in
// promotion.
func Scalar[T Elem](v T) Array {
	return begin("Scalar").fromSlice(lower.HostOf([]T{v}), DTypeOf[T](), 1, []int{})
}

func wrapCopy[T Elem](data []T) *lower.Host { return lower.HostOf(slices.Clone(data)) }

func (c *call) fromSlice(h *lower.Host, d DType, n int, shape []int) Array {
	if shape == nil {
		shape = []int{n}
	}
	for _, e := range shape {
		if e < 0 {
			return c.array(c.fail(ErrShape, "the shape %v has a negative extent", shape))
		}
	}
	if want, err := ir.Elements(dims(shape)); err != nil || want != int64(n) {
		return c.array(c.fail(ErrShape, "%d values do not fill the shape %v", n, shape))
	}
	return c.array(c.dense(ir.DType(d), h, shape))
}

// Zeros returns an Array of zeros, of float64 unless a DType is given.
func Zeros(shape Shape, opts ...CreateOption) Array { return begin("Zeros").constant(shape, 0, opts) }

// Ones returns an Array of ones, of float64 unless a DType is given.
func Ones(shape Shape, opts ...CreateOption) Array { return begin("Ones").constant(shape, 1, opts) }

func (c *call) constant(shape Shape, v int64, opts []CreateOption) Array {
	d := CreationOf(Float64, opts...).DType
	if bad := c.computable(d); bad != nil {
		return c.array(bad)
	}
	return c.array(c.filled(shape, integer(v, ir.DType(d))))
}

// filled returns an array all of whose elements are n, which has no axes.
func (c *call) filled(shape Shape, n *ir.Node) *ir.Node {
	if isFailed(n) {
		return n
	}
	if slices.ContainsFunc(shape, func(e int) bool { return e < 0 }) {
		return c.fail(ErrShape, "the shape %v has a negative extent", shape)
	}
	return c.broadcast(n, dims(shape))
}

// Full returns an Array all of whose elements are v, a number or an Array without axes.
// The dtype is v's: of Go numbers int64, float64 or bool, unless a DType is given.
func Full(shape Shape, v Operand, opts ...CreateOption) Array {
	c := begin("Full", v)
	return c.array(c.filled(shape, c.element(v, CreationOf(invalidDType, opts...).DType)))
}

// element reads the element of a filled array; without a dtype it keeps its own.
func (c *call) element(v Operand, d DType) *ir.Node {
	var n *ir.Node
	if d == invalidDType {
		n = c.single(v)
	} else if n = c.computable(d); n == nil {
		n = c.converted(v, ir.DType(d))
	}
	if !isFailed(n) && n.Type.Rank() != 0 {
		return c.fail(ErrShape, "the element must be one number")
	}
	return n
}

// ZerosLike returns zeros of x's shape and dtype.
func ZerosLike(x Array) Array { return begin("ZerosLike", x).alike(x, 0) }

// OnesLike returns ones of x's shape and dtype.
func OnesLike(x Array) Array { return begin("OnesLike", x).alike(x, 1) }

// FullLike returns an Array of x's shape and dtype all of whose elements are v.
func FullLike(x Array, v Operand) Array {
	c := begin("FullLike", x, v)
	n := c.in(x)
	if isFailed(n) {
		return c.array(n)
	}
	return c.array(c.broadcast(c.element(v, DType(n.Type.DType)), n.Type.Shape))
}

func (c *call) alike(x Array, v int64) Array {
	n := c.in(x)
	if isFailed(n) {
		return c.array(n)
	}
	return c.array(c.broadcast(integer(v, n.Type.DType), n.Type.Shape))
}

// Eye returns the n by n identity matrix, of float64 unless a DType is given.
func Eye(n int, opts ...CreateOption) Array {
	c := begin("Eye")
	return c.array(c.diagonals(ir.OpEq, n, n, 0, CreationOf(Float64, opts...).DType))
}

// Tri returns an n by m matrix of ones where the column is at most the row plus k, and
// zeros elsewhere, of float64 unless a DType is given.
func Tri(n, m, k int, opts ...CreateOption) Array {
	c := begin("Tri")
	return c.array(c.diagonals(ir.OpGe, n, m, k, CreationOf(Float64, opts...).DType))
}

// Tril returns the matrices in x's last two axes with zeros above the diagonal k.
func Tril(x Array, k int) Array { return begin("Tril", x).triangle(x, ir.OpGe, k) }

// Triu returns the matrices in x's last two axes with zeros below the diagonal k.
func Triu(x Array, k int) Array { return begin("Triu", x).triangle(x, ir.OpLe, k) }

func (c *call) triangle(x Array, op *ir.Op, k int) Array {
	n := c.in(x)
	if isFailed(n) {
		return c.array(n)
	}
	r := n.Type.Rank()
	if r < 2 {
		return c.array(c.fail(ErrShape, "needs at least two dimensions"))
	}
	keep := c.compared(op, n.Type.Shape[r-2], n.Type.Shape[r-1], k)
	return c.array(c.node(ir.OpSelect, nil, keep, n, integer(0, n.Type.DType)))
}

// diagonals returns whether op holds of row+k and column, as ones and zeros.
func (c *call) diagonals(op *ir.Op, n, m, k int, d DType) *ir.Node {
	if n < 0 || m < 0 {
		return c.fail(ErrShape, "the shape %v has a negative extent", []int{n, m})
	}
	if bad := c.computable(d); bad != nil {
		return bad
	}
	return c.cast(c.compared(op, ir.N(n), ir.N(m), k), ir.DType(d))
}

// compared returns whether op holds of row+k and column, of an n by m matrix.
func (c *call) compared(op *ir.Op, n, m ir.Dim, k int) *ir.Node {
	row := c.node(ir.OpIota, &ir.Attr{Axes: []int{0}, Shape: []ir.Dim{n, ir.N(1)}, DType: ir.Int64})
	column := c.node(ir.OpIota, &ir.Attr{Axes: []int{1}, Shape: []ir.Dim{ir.N(1), m}, DType: ir.Int64})
	if k != 0 {
		row = c.node(ir.OpAdd, nil, row, c.number(number{kind: ir.KindInt, bits: uint64(k)}, ir.Int64))
	}
	return c.node(op, nil, row, column)
}

// Arange returns start, start + step, ... below stop (above it when step is negative).
// The three are Go numbers; integers give int64, floats float64, unless a DType is
// given. Element i is start + i*step, rounded at the product and at the sum.
func Arange(start, stop, step Operand, opts ...CreateOption) Array {
	c := begin("Arange", start, stop, step)
	var ends [3]number
	integers := true
	for i, v := range c.operands() {
		var ok bool
		if ends[i], ok = numberOf(v); !ok || ends[i].kind == ir.KindComplex {
			o := c.operand(v)
			if o.n != nil && isFailed(o.n) {
				return c.array(o.n)
			}
			return c.array(c.fail(ErrOperand, "the ends and the step are real Go numbers: they decide the shape"))
		}
		integers = integers && ends[i].kind == ir.KindInt
	}
	count, ok := rangeLength(ends, integers)
	if !ok {
		return c.array(c.fail(ErrShape, "the range has no end, or more elements than can be addressed"))
	}
	def := Float64
	if integers {
		def = Int64
	}
	d := CreationOf(def, opts...).DType
	if bad := c.computable(d); bad != nil {
		return c.array(bad)
	}
	if d == Bool {
		return c.array(c.fail(ErrDType, "bools do not count"))
	}
	begin, delta := c.number(ends[0], ir.DType(d)), c.number(ends[2], ir.DType(d))
	n := c.node(ir.OpIota, &ir.Attr{Axes: []int{0}, Shape: []ir.Dim{ir.N(count)}, DType: ir.DType(d)})
	if delta != integer(1, ir.DType(d)) {
		n = c.node(ir.OpMul, nil, n, delta)
	} else if begin == integer(0, ir.DType(d)) {
		return c.array(n)
	}
	return c.array(c.node(ir.OpAdd, nil, n, begin))
}

// rangeLength returns the number of elements of a range.
func rangeLength(ends [3]number, integers bool) (int64, bool) {
	if integers {
		start, stop, step := int64(ends[0].bits), int64(ends[1].bits), int64(ends[2].bits)
		switch {
		case step == 0:
			return 0, false
		case step > 0 && start >= stop || step < 0 && start <= stop:
			return 0, true
		}
		span, width := uint64(stop)-uint64(start), uint64(step)
		if step < 0 {
			span, width = -span, -width
		}
		n := (span-1)/width + 1
		return int64(n), n <= math.MaxInt64/16
	}
	n := math.Ceil((ends[1].float() - ends[0].float()) / ends[2].float())
	if !(n <= 1<<48) { // NaN too
		return 0, false
	}
	return int64(max(n, 0)), true
}

// Linspace returns n evenly spaced values from start to stop, both included, of float64
// unless a float DType is given. Element i is start + i*step with step = (stop-start) /
// (n-1); the last is stop itself. The ends are numbers or Arrays without axes.
func Linspace(start, stop Operand, n int, opts ...CreateOption) Array {
	c := begin("Linspace", start, stop)
	d := CreationOf(Float64, opts...).DType
	switch {
	case n < 0:
		return c.array(c.fail(ErrShape, "cannot make %d values", n))
	case !ir.DType(d).IsFloat() || d > Complex128:
		return c.array(c.fail(ErrDType, "makes floats, not %s", d))
	}
	from, to := c.element(start, d), c.element(stop, d)
	if n < 2 {
		if isFailed(to) {
			return c.array(orElse(failure(from), to))
		}
		return c.array(c.filled(Shape{n}, from))
	}
	intervals := c.node(ir.OpDimValue, &ir.Attr{Shape: []ir.Dim{ir.N(n - 1)}, DType: ir.DType(d)})
	step := c.node(ir.OpDiv, nil, c.node(ir.OpSub, nil, to, from), intervals)
	i := c.node(ir.OpIota, &ir.Attr{Axes: []int{0}, Shape: []ir.Dim{ir.N(n)}, DType: ir.DType(d)})
	inside := c.node(ir.OpAdd, nil, c.node(ir.OpMul, nil, i, step), from)
	at := c.node(ir.OpIota, &ir.Attr{Axes: []int{0}, Shape: []ir.Dim{ir.N(n)}, DType: ir.Int64})
	last := c.node(ir.OpDimValue, &ir.Attr{Shape: []ir.Dim{ir.N(n - 1)}, DType: ir.Int64})
	return c.array(c.node(ir.OpSelect, nil, c.node(ir.OpEq, nil, at, last), to, inside))
}

// Spec stands for an input of Program.Prepare, Explain or Bind that has a type but no
// values. Evaluating it is ErrTracing. A graph can be built over an extent that is
// Unknown; a program needs every one.
func Spec(d DType, shape ...int) Array {
	c := begin("Spec")
	if bad := c.computable(d); bad != nil {
		return c.array(bad)
	}
	for _, e := range shape {
		if e < Unknown {
			return c.array(c.fail(ErrShape, "the shape %v has a negative extent", shape))
		}
	}
	return c.array(placeholder(ir.Dense(ir.DType(d), dims(shape)...), c.site))
}

// placeholder returns a parameter without values: a Spec, or an input of a program that
// is being traced.
func placeholder(t ir.Type, site *ir.Site) *ir.Node {
	return &ir.Node{Op: ir.OpParam, Type: t, Attr: noIndex, Site: site}
}
