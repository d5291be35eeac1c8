package ir

import (
	"fmt"
	"slices"
)

// OpSum adds along axes.
var OpSum = Register(reduction(&Op{
	Name: "sum", Doc: "The sum of x over Axes, flattened in the given order into one position, added in Order. Floats round at each addition, integers wrap and take order free. Of nothing: 0. A sum over axes one at a time is several of these.",
}, Reals, CombineSum, sums))

// OpProd multiplies along axes.
var OpProd = Register(reduction(&Op{
	Name: "prod", Doc: "The product of x over Axes, flattened in the given order into one position, multiplied in Order. Floats round at each multiplication, integers wrap and take order free. Of nothing: 1.",
	Transpose: NoRule("a product is not linear in its factors").Transpose,
}, Reals, CombineProd, products))

// OpReduceMin takes the smallest along axes.
var OpReduceMin = Register(reduction(&Op{
	Name: "reduce_min", Doc: "The smallest element of x over Axes; NaN if there is one, -0 below +0. Of nothing: an error.",
	Transpose: NoRule("the smallest element is not linear in the elements").Transpose,
}, Reals, CombineMin, minima))

// OpReduceMax takes the largest along axes.
var OpReduceMax = Register(reduction(&Op{
	Name: "reduce_max", Doc: "The largest element of x over Axes; NaN if there is one, +0 above -0. Of nothing: an error.",
	Transpose: NoRule("the largest element is not linear in the elements").Transpose,
}, Reals, CombineMax, maxima))

// OpAny tells whether some element holds.
var OpAny = Register(reduction(&Op{
	Name: "any", Doc: "Whether some element of x over Axes is true. Of nothing: false.",
	Linearize: NoRule("truth values have no tangents").Linearize,
	Transpose: NoRule("truth values are not linear").Transpose,
}, SetOf(Bool), CombineAny, anyOf))

// OpAll tells whether every element holds.
var OpAll = Register(reduction(&Op{
	Name: "all", Doc: "Whether every element of x over Axes is true. Of nothing: true.",
	Linearize: NoRule("truth values have no tangents").Linearize,
	Transpose: NoRule("truth values are not linear").Transpose,
}, SetOf(Bool), CombineAll, allOf))

// OpArgMin finds the smallest along axes.
var OpArgMin = Register(argReduction(&Op{
	Name: "argmin", Doc: "The position of the smallest element of x over Axes, flattened in the given order, as int64: the lowest of equals (-0 equals +0), the first NaN if there is one. Of nothing: an error.",
}, CombineArgMin, lessThan))

// OpArgMax finds the largest along axes.
var OpArgMax = Register(argReduction(&Op{
	Name: "argmax", Doc: "The position of the largest element of x over Axes, flattened in the given order, as int64: the lowest of equals (-0 equals +0), the first NaN if there is one. Of nothing: an error.",
}, CombineArgMax, func(d DType) func(x, y uint64) bool {
	before := lessThan(d)
	return func(x, y uint64) bool { return before(y, x) }
}))

// ReduceOrder returns the order of a reduction where the user asks for none.
func ReduceOrder(op *Op, d DType) Order {
	if d.IsFloat() && (op == OpSum || op == OpProd) {
		return Lanes
	}
	return Free
}

// reduction completes an op that combines the elements along axes into one.
func reduction(op *Op, takes DTypes, c *Combine, m monoid) *Op {
	name := op.Name
	op.Family, op.MinArg, op.MaxArg, op.Fields = Reduction, 1, 1, FieldAxes|FieldOrder
	op.Infer = func(n *Node) (Type, error) {
		if err := checkDType(n, 0, takes); err != nil {
			return Type{}, err
		}
		d := n.Args[0].Type.DType
		return inferReduction(n, c, alone[d][:], d)
	}
	op.Kernel = func(b *KernelBuilder, n *Node) error {
		kept, reduced, x := b.reductionAxes(n)
		b.Add(Stmt{Sink: Reduce, Targets: []Access{b.Result(0, AtAxes(kept)...)}, Args: []*Expr{x},
			Axes: reduced, Combine: c, Order: n.Attr.Order})
		return nil
	}
	op.Eval = func(n *Node, in []*Tensor) ([]*Tensor, error) {
		return evalReduction(n, in[0], in[0].DType, m.empty != nil, func(elems []uint64) uint64 {
			return m.fold(in[0].DType, elems).reduce(n.Attr.Order, len(elems))
		})
	}
	op.Samples = func() []*Node {
		var s samples
		for _, d := range []DType{Bool, Int8, Int64, Uint16, Float32, Float64} {
			if !takes.Has(d) {
				continue
			}
			orders := []Order{Free}
			if !c.Exact([]DType{d}) {
				orders = []Order{Lanes, Chain, TreeOrder}
			}
			for _, o := range orders {
				s.add(name, &Attr{Axes: []int{0}, Order: o}, sampleParam(0, d, 2500))
				s.add(name, &Attr{Axes: []int{1}, Order: o}, sampleParam(0, d, 3, 37))
				s.add(name, &Attr{Axes: []int{0}, Order: o}, sampleParam(0, d, 19, 2, 2))
				s.add(name, &Attr{Axes: []int{2, 0}, Order: o}, sampleParam(0, d, 3, 2, 11))
				s.add(name, &Attr{Axes: []int{0}, Order: o}, sampleParam(0, d, 1, 5))
				s.add(name, &Attr{Axes: []int{1}, Order: o}, sampleParam(0, d, 0, 4))
				if m.empty != nil {
					s.add(name, &Attr{Axes: []int{1}, Order: o}, sampleParam(0, d, 3, 0))
				}
			}
		}
		return s
	}
	return op
}

// alone are the states of reductions that have one.
var alone = func() (all [numDTypes][1]DType) {
	for d := range all {
		all[d][0] = DType(d)
	}
	return all
}()

// argReduction completes an op that finds the position of the best element along axes.
func argReduction(op *Op, c *Combine, better func(d DType) func(x, y uint64) bool) *Op {
	name := op.Name
	op.Family, op.MinArg, op.MaxArg, op.Fields = Reduction, 1, 1, FieldAxes|FieldOrder
	op.Linearize = NoRule("a position has no tangent").Linearize
	op.Transpose = NoRule("a position is not linear in the elements").Transpose
	op.Infer = func(n *Node) (Type, error) {
		if err := checkDType(n, 0, Reals); err != nil {
			return Type{}, err
		}
		return inferReduction(n, c, []DType{n.Args[0].Type.DType, Int64}, Int64)
	}
	op.Kernel = func(b *KernelBuilder, n *Node) error {
		kept, reduced, x := b.reductionAxes(n)
		position := b.flatPosition(Int64, reduced)
		best := Access{b.Local(x.DType, n.Type.Shape...), AtAxes(kept)}
		b.Add(Stmt{Sink: Reduce, Targets: []Access{best, b.Result(0, AtAxes(kept)...)}, Args: []*Expr{x, position},
			Axes: reduced, Combine: c, Order: n.Attr.Order})
		return nil
	}
	op.Eval = func(n *Node, in []*Tensor) ([]*Tensor, error) {
		d := in[0].DType
		before, isNaN := better(d), func(x uint64) bool { return d.IsFloat() && x&^signBit(d) > largest(d) }
		return evalReduction(n, in[0], Int64, false, func(elems []uint64) uint64 {
			best := 0
			for k, x := range elems {
				if isNaN(elems[best]) {
					break
				}
				if isNaN(x) || before(x, elems[best]) {
					best = k
				}
			}
			return uint64(best)
		})
	}
	op.Samples = func() []*Node {
		var s samples
		for _, d := range []DType{Int8, Int64, Uint16, Float32, Float64} {
			s.add(name, &Attr{Axes: []int{0}, Order: Free}, sampleParam(0, d, 2500))
			s.add(name, &Attr{Axes: []int{1}, Order: Free}, sampleParam(0, d, 3, 37))
			s.add(name, &Attr{Axes: []int{2, 0}, Order: Free}, sampleParam(0, d, 3, 2, 11))
			s.add(name, &Attr{Axes: []int{0}, Order: Free}, sampleParam(0, d, 1, 5))
			s.add(name, &Attr{Axes: []int{1}, Order: Free}, sampleParam(0, d, 0, 4))
		}
		return s
	}
	return op
}

// inferReduction checks axes and order; result is the dtype of what comes out.
func inferReduction(n *Node, c *Combine, states []DType, result DType) (Type, error) {
	x, a := n.Args[0].Type, n.attr()
	if err := checkAxes(n, a.Axes, x.Rank()); err != nil {
		return Type{}, err
	}
	if err := checkOrder(n, c.Exact(states), Lanes, Chain, TreeOrder, Free); err != nil {
		return Type{}, err
	}
	for _, axis := range a.Axes {
		if !x.Shape[axis].Is(0) {
			continue
		}
		if _, ok := c.Empty(states); !ok {
			return Type{}, Errorf(ErrShape, "%s of nothing has no value: axis %d has extent 0", n.Op, axis)
		}
	}
	return Dense(result, keptShape(x.Shape, a.Axes)...), nil
}

// keptShape returns the extents of the axes that a reduction keeps: without an allocation
// where these are neighbours, for shapes are never written.
func keptShape(shape []Dim, axes []int) []Dim {
	if last := len(shape) - 1; len(axes) == 1 && axes[0] == 0 {
		return shape[1:]
	} else if len(axes) == 1 && axes[0] == last {
		return shape[:last:last]
	}
	kept := make([]Dim, 0, len(shape)-len(axes))
	for axis, d := range shape {
		if !slices.Contains(axes, axis) {
			kept = append(kept, d)
		}
	}
	return kept
}

// checkOrder refuses an order that the op does not have. Where the order changes no bit
// it is free; elsewhere it is part of the meaning and must be stated.
func checkOrder(n *Node, exact bool, orders ...Order) error {
	o := n.attr().Order
	if exact {
		orders = []Order{Free}
	}
	if slices.Contains(orders, o) {
		return nil
	}
	if o == NoOrder {
		return Errorf(ErrDType, "%s of %s must state its order", n.Op, n.Args[0].Type.DType.Name())
	}
	return Errorf(ErrDType, "%s of %s has no order %s", n.Op, n.Args[0].Type.DType.Name(), o)
}

// reductionAxes adds the kept axes, then the reduced ones in the order of Attr.Axes, and
// returns both and the operand's element under them.
func (b *KernelBuilder) reductionAxes(n *Node) (kept, reduced []int, x *Expr) {
	shape := n.Args[0].Type.Shape
	index := make([]Index, len(shape))
	place := func(axes []int) []int {
		added := b.AxesFor(take(shape, axes))
		for i, a := range axes {
			index[a] = At(added[i])
		}
		return added
	}
	kept = place(without(len(shape), n.Attr.Axes))
	reduced = place(n.Attr.Axes)
	return kept, reduced, b.Arg(0, index...)
}

// flatPosition returns the row-major position along axes as a value of d.
func (b *KernelBuilder) flatPosition(d DType, axes []int) *Expr {
	if len(axes) == 0 {
		return b.Const(d, 0)
	}
	p := b.Axis(d, axes[0])
	for _, a := range axes[1:] {
		p = b.Apply(OpAdd, b.Apply(OpMul, p, b.DimValue(d, b.K.Axes[a].Extent)), b.Axis(d, a))
	}
	return p
}

// evalReduction returns f of the elements along the reduced axes, for every position of
// the kept ones. Where nothing has no value, empty is false.
func evalReduction(n *Node, x *Tensor, result DType, empty bool, f func(elems []uint64) uint64) ([]*Tensor, error) {
	axes, strides := n.Attr.Axes, rowMajor(x.Shape)
	kept := without(len(x.Shape), axes)
	out, err := NewTensor(result, take(x.Shape, kept)...)
	if err != nil {
		return nil, err
	}
	along := offsets(0, take(x.Shape, axes), take(strides, axes))
	if len(along) == 0 && !empty && len(out.Elems) > 0 {
		return nil, Errorf(ErrShape, "%s of nothing has no value: shape %s", n.Op, fmt.Sprint(x.Shape))
	}
	elems := make([]uint64, len(along))
	for i, base := range offsets(0, take(x.Shape, kept), take(strides, kept)) {
		for k, o := range along {
			elems[k] = x.Elems[base+o]
		}
		out.Elems[i] = f(elems)
	}
	return []*Tensor{out}, nil
}

// lessThan returns the comparison of two elements of a dtype.
func lessThan(d DType) func(x, y uint64) bool {
	e := &Expr{Kind: Apply, Op: OpLt, DType: Bool, Args: []*Expr{{DType: d}, {DType: d}}}
	return func(x, y uint64) bool { return OpLt.Scalar.Eval(e, []uint64{x, y}) != 0 }
}
