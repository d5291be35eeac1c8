package np

import (
	"slices"

	"github.com/numen-go/numen/ir"
)

// Reductions combine the elements along axes: all axes, or those of Axis; KeepDims keeps
// them with extent 1. An axis that is not there or named twice is ErrAxis, an option
// that a reduction has no meaning for ErrOperand. The order in which floats are
// combined is fixed: an axis at a time, the innermost first, each in lanes (see package
// ir), whatever the layout, the target or the number of threads.

// Sum returns the sum of the elements: of bools and signed integers as int64, of
// unsigned ones as uint64, both wrapping; of floats in their dtype. A DType option
// converts the elements first. The sum of nothing is 0, or Initial.
func Sum(x Array, opts ...ReduceOption) Array {
	return begin("Sum", x).total(ir.OpSum, ir.OpAdd, x, ReductionOf(opts...))
}

// Prod returns the product of the elements, in the dtype that Sum would have. The
// product of nothing is 1, or Initial.
func Prod(x Array, opts ...ReduceOption) Array {
	return begin("Prod", x).total(ir.OpProd, ir.OpMul, x, ReductionOf(opts...))
}

// Max returns the largest element; NaN if there is one. Of nothing it is Initial, and
// without one ErrShape.
func Max(x Array, opts ...ReduceOption) Array {
	return begin("Max", x).extreme(ir.OpReduceMax, ir.OpAny, ir.OpMax, x, ReductionOf(opts...))
}

// Min returns the smallest element; NaN if there is one. Of nothing it is Initial, and
// without one ErrShape.
func Min(x Array, opts ...ReduceOption) Array {
	return begin("Min", x).extreme(ir.OpReduceMin, ir.OpAll, ir.OpMin, x, ReductionOf(opts...))
}

// Any returns whether some element is true, as bools. Numbers are true unless 0. Of
// nothing it is false.
func Any(x Array, opts ...ReduceOption) Array {
	return begin("Any", x).truth(ir.OpAny, x, ReductionOf(opts...))
}

// All returns whether every element is true, as bools. Numbers are true unless 0. Of
// nothing it is true.
func All(x Array, opts ...ReduceOption) Array {
	return begin("All", x).truth(ir.OpAll, x, ReductionOf(opts...))
}

// CountNonzero returns how many elements are true or not 0, as int64.
func CountNonzero(x Array, opts ...ReduceOption) Array {
	c := begin("CountNonzero", x)
	n, r, bad := c.reduction(x, ReductionOf(opts...), 0)
	if bad != nil {
		return c.array(bad)
	}
	return c.array(c.reduce(ir.OpSum, c.cast(c.cast(n, ir.Bool), ir.Int64), r))
}

// Mean returns the sum of the elements divided by their number, as floats: integers and
// bools become float64, a float DType option converts first. The mean of nothing is NaN.
func Mean(x Array, opts ...ReduceOption) Array {
	return begin("Mean", x).average(x, ReductionOf(opts...))
}

// Var returns the mean of the squared distances from the mean, as floats like Mean. The
// mean is computed first, the distances after it (two passes). Correction(c) divides by
// the number of elements less c.
func Var(x Array, opts ...ReduceOption) Array {
	c := begin("Var", x)
	return c.array(c.variance(x, ReductionOf(opts...)))
}

// Std returns the square root of Var.
func Std(x Array, opts ...ReduceOption) Array {
	c := begin("Std", x)
	return c.array(c.deviation(x, ReductionOf(opts...)))
}

// ArgMin returns the position of the smallest element along one axis, as int64: the
// lowest of equals, the first NaN if there is one. Ravel first for the whole array. An
// empty axis is ErrShape.
func ArgMin(x Array, axis int) Array { return begin("ArgMin", x).arg(ir.OpArgMin, x, axis) }

// ArgMax returns the position of the largest element along one axis, as int64: the
// lowest of equals, the first NaN if there is one. Ravel first for the whole array. An
// empty axis is ErrShape.
func ArgMax(x Array, axis int) Array { return begin("ArgMax", x).arg(ir.OpArgMax, x, axis) }

// CumSum returns the running sum along one axis, in the dtype that Sum would have.
func CumSum(x Array, axis int) Array { return begin("CumSum", x).running(ir.OpCumSum, x, axis) }

// CumProd returns the running product along one axis, in the dtype that Sum would have.
func CumProd(x Array, axis int) Array { return begin("CumProd", x).running(ir.OpCumProd, x, axis) }

// CumMax returns the largest element so far along one axis; NaN from the first NaN on.
func CumMax(x Array, axis int) Array { return begin("CumMax", x).running(ir.OpCumMax, x, axis) }

// CumMin returns the smallest element so far along one axis; NaN from the first NaN on.
func CumMin(x Array, axis int) Array { return begin("CumMin", x).running(ir.OpCumMin, x, axis) }

// The options of a reduction beyond Axis and KeepDims, which all have.
const (
	optDType = 1 << iota
	optCorrection
	optInitial
)

// reduction reads the operand and the options of a reduction: r.Axes become numbers from
// the front in ascending order, and options that are not in allowed are refused.
func (c *call) reduction(x Array, r Reduction, allowed int) (*ir.Node, Reduction, *ir.Node) {
	n := c.in(x)
	if isFailed(n) {
		return nil, r, n
	}
	switch {
	case r.DType != invalidDType && allowed&optDType == 0:
		return nil, r, c.fail(ErrOperand, "takes no option DType")
	case r.Correction != 0 && allowed&optCorrection == 0:
		return nil, r, c.fail(ErrOperand, "takes no option Correction")
	case r.Initial != nil && allowed&optInitial == 0:
		return nil, r, c.fail(ErrOperand, "takes no option Initial")
	}
	if r.DType != invalidDType {
		if bad := c.computable(r.DType); bad != nil {
			return nil, r, bad
		}
	}
	rank := n.Type.Rank()
	if r.Axes == nil {
		r.Axes = make([]int, rank)
		for i := range r.Axes {
			r.Axes[i] = i
		}
		return n, r, nil
	}
	if ascending(r.Axes, rank) {
		return n, r, nil
	}
	axes, bad := c.axes(r.Axes, rank)
	if bad != nil {
		return nil, r, bad
	}
	if !slices.IsSorted(axes) {
		slices.Sort(axes)
	}
	r.Axes = axes
	return n, r, nil
}

// ascending reports whether axes are as a node has them: in order, from the front, each
// once.
func ascending(axes []int, rank int) bool {
	before := -1
	for _, a := range axes {
		if a <= before {
			return false
		}
		before = a
	}
	return before < rank
}

// reduce applies a reduction op over r.Axes, which reduction made.
func (c *call) reduce(op *ir.Op, n *ir.Node, r Reduction) *ir.Node {
	if isFailed(n) || len(r.Axes) == 0 {
		return n
	}
	before := n.Type.Shape
	if order := ir.ReduceOrder(op, n.Type.DType); order == ir.Free {
		n = c.node(op, &ir.Attr{Axes: r.Axes, Order: order}, n)
	} else {
		for i := len(r.Axes) - 1; i >= 0; i-- { // never flattened: a sum over axes is a sum of sums
			n = c.node(op, axisAttr(r.Axes[i:i+1], order), n)
		}
	}
	if !r.KeepDims || isFailed(n) {
		return n
	}
	kept := slices.Clone(before)
	for _, a := range r.Axes {
		kept[a] = ir.N(1)
	}
	return c.node(ir.OpReshape, &ir.Attr{Shape: kept}, n)
}

// axisAttr is the attribute of an ordered reduction along one axis.
func axisAttr(axis []int, order ir.Order) *ir.Attr {
	if a := axis[0]; order == ir.Lanes && a < fewAxes {
		return laneAttrs[a]
	}
	return &ir.Attr{Axes: axis, Order: order}
}

// laneAttrs are the attributes of most sums.
var laneAttrs = func() (all [fewAxes]*ir.Attr) {
	for i := range all {
		all[i] = &ir.Attr{Axes: []int{i}, Order: ir.Lanes}
	}
	return all
}()

// sumDType is what elements are added up in.
func sumDType(d ir.DType) ir.DType {
	switch d.Kind() {
	case ir.KindBool, ir.KindInt:
		return ir.Int64
	case ir.KindUint:
		return ir.Uint64
	}
	return d
}

func (c *call) total(op, combine *ir.Op, x Array, r Reduction) Array {
	n, r, bad := c.reduction(x, r, optDType|optInitial)
	if bad != nil {
		return c.array(bad)
	}
	d := sumDType(n.Type.DType)
	if r.DType != invalidDType {
		d = ir.DType(r.DType)
	}
	if d == ir.Bool {
		return c.array(c.fail(ErrDType, "bools have no sum or product: use Any, All or an integer DType"))
	}
	n = c.reduce(op, c.cast(n, d), r)
	if first := c.initial(r, d); first != nil {
		n = c.node(combine, nil, first, n)
	}
	return c.array(n)
}

// initial returns the element that a reduction starts from, nil when there is none.
func (c *call) initial(r Reduction, d ir.DType) *ir.Node {
	if r.Initial == nil {
		return nil
	}
	n := c.converted(r.Initial, d)
	if n.Type.Rank() != 0 {
		return c.fail(ErrShape, "Initial must be one number")
	}
	return n
}

// extreme reduces numbers with op, bools with truth.
func (c *call) extreme(op, truth, combine *ir.Op, x Array, r Reduction) Array {
	n, r, bad := c.reduction(x, r, optInitial)
	if bad != nil {
		return c.array(bad)
	}
	d := n.Type.DType
	empty := slices.ContainsFunc(r.Axes, func(a int) bool { return n.Type.Shape[a].Is(0) })
	if empty && r.Initial == nil {
		return c.array(c.fail(ErrShape, "there is no element to take: give Initial"))
	}
	first := c.initial(r, d)
	if first != nil && isFailed(first) {
		return c.array(first)
	}
	if empty { // a sum of nothing has the shape; its elements are not used
		shape := c.reduce(ir.OpAny, c.cast(n, ir.Bool), r).Type.Shape
		return c.array(c.node(ir.OpBroadcast, &ir.Attr{Shape: shape}, first))
	}
	if d == ir.Bool {
		op = truth
	}
	n = c.reduce(op, n, r)
	if first != nil {
		n = c.node(combine, nil, first, n)
	}
	return c.array(n)
}

func (c *call) truth(op *ir.Op, x Array, r Reduction) Array {
	n, r, bad := c.reduction(x, r, 0)
	if bad != nil {
		return c.array(bad)
	}
	return c.array(c.reduce(op, c.cast(n, ir.Bool), r))
}

// averaged is reduction for functions that work in floats.
func (c *call) averaged(x Array, r Reduction, allowed int) (*ir.Node, Reduction, *ir.Node) {
	n, r, bad := c.reduction(x, r, allowed)
	if bad != nil {
		return nil, r, bad
	}
	d := ir.PromoteWeak(n.Type.DType, ir.KindFloat)
	if r.DType != invalidDType {
		if d = ir.DType(r.DType); !d.IsFloat() {
			return nil, r, c.fail(ErrDType, "an average is a float, not %s", r.DType)
		}
	}
	return c.cast(n, d), r, nil
}

func (c *call) average(x Array, r Reduction) Array {
	n, r, bad := c.averaged(x, r, optDType)
	if bad != nil {
		return c.array(bad)
	}
	return c.array(c.mean(n, r))
}

// mean is R / K: the sum, then one division by the number of elements.
func (c *call) mean(n *ir.Node, r Reduction) *ir.Node {
	return c.node(ir.OpDiv, nil, c.reduce(ir.OpSum, n, r), c.count(n, r))
}

// count returns the number of elements that a reduction of n combines, in n's dtype. It
// is a number of the run, so that another extent is not another program.
func (c *call) count(n *ir.Node, r Reduction) *ir.Node {
	k := ir.N(1)
	for _, a := range r.Axes {
		k = k.Mul(n.Type.Shape[a])
	}
	a := &struct { // one allocation
		ir.Attr
		extent [1]ir.Dim
	}{Attr: ir.Attr{DType: n.Type.DType}, extent: [1]ir.Dim{k}}
	a.Shape = a.extent[:]
	return c.node(ir.OpDimValue, &a.Attr)
}

func (c *call) variance(x Array, r Reduction) *ir.Node {
	n, r, bad := c.averaged(x, r, optDType|optCorrection)
	if bad != nil {
		return bad
	}
	keep := r
	keep.KeepDims = true
	distance := c.node(ir.OpSub, nil, n, c.mean(n, keep))
	squares := c.reduce(ir.OpSum, c.node(ir.OpMul, nil, distance, distance), r)
	k := c.count(n, r)
	if r.Correction != 0 { // a divisor below 0 counts as 0
		less := c.node(ir.OpSub, nil, k, c.converted(r.Correction, n.Type.DType))
		k = c.node(ir.OpMax, nil, less, integer(0, n.Type.DType))
	}
	return c.node(ir.OpDiv, nil, squares, k)
}

func (c *call) deviation(x Array, r Reduction) *ir.Node {
	return c.node(ir.OpSqrt, nil, c.variance(x, r))
}

func (c *call) arg(op *ir.Op, x Array, axis int) Array {
	n, a, bad := c.along(x, axis)
	if bad != nil {
		return c.array(bad)
	}
	if n.Type.Shape[a].Is(0) {
		return c.array(c.fail(ErrShape, "axis %d has no element to point at", axis))
	}
	if n.Type.DType == ir.Bool {
		n = c.cast(n, ir.Uint8)
	}
	return c.array(c.node(op, &ir.Attr{Axes: []int{a}, Order: ir.Free}, n))
}

func (c *call) running(op *ir.Op, x Array, axis int) Array {
	n, a, bad := c.along(x, axis)
	if bad != nil {
		return c.array(bad)
	}
	if op == ir.OpCumSum || op == ir.OpCumProd {
		n = c.cast(n, sumDType(n.Type.DType))
	}
	if n.Type.DType == ir.Bool {
		return c.array(c.fail(ErrDType, "has no meaning for bool: convert with AsType"))
	}
	return c.array(c.node(op, &ir.Attr{Axes: []int{a}}, n))
}

// along reads the operand and the one axis of a call.
func (c *call) along(x Array, axis int) (*ir.Node, int, *ir.Node) {
	n := c.in(x)
	if isFailed(n) {
		return nil, 0, n
	}
	a, bad := c.axis(axis, n.Type.Rank())
	if bad != nil {
		return nil, 0, bad
	}
	return n, a, nil
}

// Sum returns the sum of a's elements: see the function Sum.
func (a Array) Sum(opts ...ReduceOption) Array {
	return begin("Sum", a).total(ir.OpSum, ir.OpAdd, a, ReductionOf(opts...))
}

// Prod returns the product of a's elements: see the function Prod.
func (a Array) Prod(opts ...ReduceOption) Array {
	return begin("Prod", a).total(ir.OpProd, ir.OpMul, a, ReductionOf(opts...))
}

// Mean returns the mean of a's elements: see the function Mean.
func (a Array) Mean(opts ...ReduceOption) Array {
	return begin("Mean", a).average(a, ReductionOf(opts...))
}

// Var returns the variance of a's elements: see the function Var.
func (a Array) Var(opts ...ReduceOption) Array {
	c := begin("Var", a)
	return c.array(c.variance(a, ReductionOf(opts...)))
}

// Std returns the standard deviation of a's elements: see the function Std.
func (a Array) Std(opts ...ReduceOption) Array {
	c := begin("Std", a)
	return c.array(c.deviation(a, ReductionOf(opts...)))
}

// Max returns the largest of a's elements: see the function Max.
func (a Array) Max(opts ...ReduceOption) Array {
	return begin("Max", a).extreme(ir.OpReduceMax, ir.OpAny, ir.OpMax, a, ReductionOf(opts...))
}

// Min returns the smallest of a's elements: see the function Min.
func (a Array) Min(opts ...ReduceOption) Array {
	return begin("Min", a).extreme(ir.OpReduceMin, ir.OpAll, ir.OpMin, a, ReductionOf(opts...))
}

// Any returns whether some element of a is true: see the function Any.
func (a Array) Any(opts ...ReduceOption) Array {
	return begin("Any", a).truth(ir.OpAny, a, ReductionOf(opts...))
}

// All returns whether every element of a is true: see the function All.
func (a Array) All(opts ...ReduceOption) Array {
	return begin("All", a).truth(ir.OpAll, a, ReductionOf(opts...))
}

// ArgMin returns the position of the smallest element: see the function ArgMin.
func (a Array) ArgMin(axis int) Array { return begin("ArgMin", a).arg(ir.OpArgMin, a, axis) }

// ArgMax returns the position of the largest element: see the function ArgMax.
func (a Array) ArgMax(axis int) Array { return begin("ArgMax", a).arg(ir.OpArgMax, a, axis) }

// CumSum returns the running sum along one axis: see the function CumSum.
func (a Array) CumSum(axis int) Array { return begin("CumSum", a).running(ir.OpCumSum, a, axis) }
