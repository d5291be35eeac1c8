package ir

import (
	"fmt"
	"math"
	"slices"
)

// IndexError is a fault of the run: an index array holds a position that its axis does
// not have. Of several the smallest place wins, then the first axis.
type IndexError struct {
	Index  int64 // as found, negative ones before wrapping
	Extent int   // of the axis
	Place  int   // where in the index arrays, flattened
	Site   *Site // the call that indexes
}

// Error tells the index, the extent and the place.
func (e *IndexError) Error() string {
	return fmt.Sprintf("index %d at place %d is outside an axis of extent %d", e.Index, e.Place, e.Extent)
}

// Unwrap returns ErrIndex.
func (e *IndexError) Unwrap() error { return ErrIndex }

// OpGather reads at positions that are data.
var OpGather = Register(&Op{
	Name: "gather", Doc: "o[p..., r...] = x at index k[p...] along axis Axes[k] for each index operand, r... along the other axes of x. The index operands are integers that broadcast together; a negative index counts from the end, one outside its axis is a fault of the run.",
	Family: Indexing, MinArg: 2, MaxArg: -1, Fields: FieldAxes,
	Infer: func(n *Node) (Type, error) {
		source, err := n.inferIndexed(n.Args[1:])
		return Dense(n.Args[0].Type.DType, source...), err
	},
	Kernel: func(b *KernelBuilder, n *Node) error {
		axes := b.AxesFor(n.Type.Shape)
		index, _ := b.indexed(n, axes, len(n.Args)-1)
		b.storeOver(axes, b.Arg(0, index...))
		return nil
	},
	Eval: func(n *Node, in []*Tensor) ([]*Tensor, error) {
		x := in[0]
		at, shape, err := n.places(x, in[1:])
		if err != nil {
			return nil, err
		}
		rest := without(len(x.Shape), n.Attr.Axes)
		out, err := NewTensor(x.DType, append(shape, take(x.Shape, rest)...)...)
		if err != nil {
			return nil, err
		}
		within := offsets(0, take(x.Shape, rest), take(rowMajor(x.Shape), rest))
		for p, base := range at {
			for r, o := range within {
				out.Elems[p*len(within)+r] = x.Elems[base+o]
			}
		}
		return []*Tensor{out}, nil
	},
	Samples: func() []*Node {
		var s samples
		s.add("gather", &Attr{Axes: []int{0}}, sampleParam(0, Float64, 5, 3), sampleIndices(1, Int64, []int{4}, 4, 0, -1, -5))
		s.add("gather", &Attr{Axes: []int{1}}, sampleParam(0, Int32, 2, 7, 3), sampleIndices(1, Uint64, []int{2, 2}, 6, 0, 3, 3))
		s.add("gather", &Attr{Axes: []int{0, 2}}, sampleParam(0, Float32, 4, 2, 3), sampleIndices(1, Int8, []int{3, 1}, -1, 2, 0), sampleIndices(2, Uint8, []int{2}, 1, 2))
		s.add("gather", &Attr{Axes: []int{0, 1}}, sampleParam(0, Bool, 3, 3), sampleIndices(1, Int16, []int{}, 2), sampleIndices(2, Int64, []int{5}, 0, 1, 2, -1, -2))
		s.add("gather", &Attr{Axes: []int{0}}, sampleParam(0, Uint8, 1), sampleIndices(1, Int64, []int{0}))
		s.add("gather", &Attr{Axes: []int{1}}, sampleParam(0, Float64, 0, 2), sampleIndices(1, Int64, []int{1}, 9)) // no element is read: no fault
		return s
	},
})

// OpScatter combines values into positions that are data.
var OpScatter = Register(&Op{
	Name: "scatter", Doc: "x with every element u[p..., r...] of the last operand combined into index k[p...] along axis Axes[k], r... along the other axes of x: the place that gather reads. Combine is sum, prod, min, max, or set: the last wins. Positions p are taken in ascending order, one by one. u broadcasts to that shape; indices are as gather's.",
	Family: Indexing, MinArg: 3, MaxArg: -1, Fields: FieldAxes | FieldCombine,
	Infer: func(n *Node) (Type, error) {
		last := len(n.Args) - 1
		x, u := n.Args[0].Type, n.Args[last].Type
		source, err := n.inferIndexed(n.Args[1:last])
		if err != nil {
			return Type{}, err
		}
		c := n.Attr.Combine
		if scatterStep(c) == nil {
			return Type{}, Errorf(ErrDType, "scatter combines by sum, prod, min, max or set")
		}
		if c != CombineSet && !Reals.Has(x.DType) {
			return Type{}, Errorf(ErrDType, "scatter by %s does not take %s", c.Name, x.DType.Name())
		}
		if u.DType != x.DType {
			return Type{}, Errorf(ErrDType, "scatter takes values of the array's dtype, got %s and %s", x.DType.Name(), u.DType.Name())
		}
		off := len(source) - u.Rank()
		for i, d := range u.Shape {
			if off < 0 {
				break
			}
			if _, ok := meet(d, source[off+i]); !ok && !d.Is(1) {
				off = -1
			}
		}
		if off < 0 {
			return Type{}, Errorf(ErrShape, "scatter: values of shape %s do not fit the places, which have shape %s", shapeText(u.Shape), shapeText(source))
		}
		return Dense(x.DType, x.Shape...), nil
	},
	// The result is first a copy of x, then takes the values.
	Kernel: func(b *KernelBuilder, n *Node) error {
		axes := b.AxesFor(n.Type.Shape)
		b.storeOver(axes, b.Arg(0, AtAxes(axes)...))

		last := len(n.Args) - 1
		source, err := n.inferIndexed(n.Args[1:last])
		if err != nil {
			return err
		}
		axes = b.AxesFor(source)
		index, places := b.indexed(n, axes, last-1)
		if len(places) == 0 { // a scatter works along an axis: one index is an axis of extent 1
			places = []int{b.NewAxis(N(1))}
		}
		b.Add(Stmt{Sink: Scatter, Targets: []Access{b.Result(0, index...)}, Axes: places, Combine: n.Attr.Combine,
			Args: []*Expr{b.Arg(last, b.BroadcastIndex(n.Args[last].Type.Shape, axes)...)}})
		return nil
	},
	Eval: func(n *Node, in []*Tensor) ([]*Tensor, error) {
		last := len(in) - 1
		x, u := in[0], in[last]
		at, shape, err := n.places(x, in[1:last])
		if err != nil {
			return nil, err
		}
		out := &Tensor{x.DType, x.Shape, slices.Clone(x.Elems)}
		rest := without(len(x.Shape), n.Attr.Axes)
		within := offsets(0, take(x.Shape, rest), take(rowMajor(x.Shape), rest))
		shape = append(shape, take(x.Shape, rest)...)
		values := offsets(0, shape, broadcastStrides(u.Shape, shape))
		step := scatterStep(n.Attr.Combine)(x.DType)
		for p, base := range at {
			for r, o := range within {
				place := &out.Elems[base+o]
				*place = step(*place, u.Elems[values[p*len(within)+r]])
			}
		}
		return []*Tensor{out}, nil
	},
	Samples: func() []*Node {
		var s samples
		for _, c := range []*Combine{CombineSum, CombineProd, CombineMin, CombineMax, CombineSet} {
			s.add("scatter", &Attr{Axes: []int{0}, Combine: c}, sampleParam(0, Float64, 4, 3), sampleIndices(1, Int64, []int{6}, 0, 2, -1, 2, 2, 0), sampleParam(2, Float64, 6, 3))
			s.add("scatter", &Attr{Axes: []int{0, 2}, Combine: c}, sampleParam(0, Int16, 2, 3, 2), sampleIndices(1, Uint8, []int{4}, 0, 1, 1, 1), sampleIndices(2, Int8, []int{}, -2), sampleParam(3, Int16, 3))
			s.add("scatter", &Attr{Axes: []int{1}, Combine: c}, sampleParam(0, Float32, 2, 5), sampleIndices(1, Int32, []int{}, 3), sampleParam(2, Float32))
		}
		s.add("scatter", &Attr{Axes: []int{0}, Combine: CombineSet}, sampleParam(0, Bool, 3), sampleIndices(1, Int64, []int{0}), sampleParam(2, Bool, 0))
		return s
	},
})

// scatterStep returns what a combine does to an element of a dtype, nil for one that
// scatter does not have.
func scatterStep(c *Combine) func(d DType) func(old, value uint64) uint64 {
	by := func(op *Op) func(DType) func(old, value uint64) uint64 {
		return func(d DType) func(old, value uint64) uint64 { return binary(op, d) }
	}
	switch c {
	case CombineSum:
		return by(OpAdd)
	case CombineProd:
		return by(OpMul)
	case CombineMin:
		return by(OpMin)
	case CombineMax:
		return by(OpMax)
	case CombineSet:
		return func(DType) func(old, value uint64) uint64 {
			return func(_, value uint64) uint64 { return value }
		}
	}
	return nil
}

// inferIndexed checks the array, the axes and the index operands of an indexing op and
// returns the extents of the places: the indices' together, then the array's other axes.
func (n *Node) inferIndexed(idx []*Node) ([]Dim, error) {
	if err := checkDType(n, 0, AnyReal); err != nil {
		return nil, err
	}
	x, axes := n.Args[0].Type, n.attr().Axes
	if err := checkAxes(n, axes, x.Rank()); err != nil {
		return nil, err
	}
	if !slices.IsSorted(axes) {
		return nil, Errorf(ErrAxis, "%s: the axes %v are not ascending", n.Op, axes)
	}
	if len(idx) != len(axes) {
		return nil, Errorf(ErrIndex, "%s: %d index arrays for %d axes", n.Op, len(idx), len(axes))
	}
	var shape []Dim
	for k, i := range idx {
		if !Integers.Has(i.Type.DType) {
			return nil, Errorf(ErrDType, "%s: index array %d is %s, not integer", n.Op, k+1, i.Type.DType.Name())
		}
		both, err := Broadcast(shape, i.Type.Shape)
		if err != nil {
			return nil, Errorf(ErrShape, "%s: index array %d has shape %s, those before it %s", n.Op, k+1, shapeText(i.Type.Shape), shapeText(shape))
		}
		shape = both
	}
	shape = append(slices.Clone(shape), take(x.Shape, without(x.Rank(), axes))...)
	return shape, checkShape(n, shape)
}

// indexed returns the index into an indexing op's array under axes, which run over its
// places, and which of the axes run over the index operands, of which there are count.
func (b *KernelBuilder) indexed(n *Node, axes []int, count int) (index []Index, over []int) {
	x := n.Args[0].Type.Shape
	rest := without(len(x), n.Attr.Axes)
	over = axes[:len(axes)-len(rest)]
	index = make([]Index, len(x))
	for i, a := range rest {
		index[a] = At(axes[len(over)+i])
	}
	for k := range count {
		a := n.Attr.Axes[k]
		v := b.Arg(1+k, b.BroadcastIndex(n.Args[1+k].Type.Shape, over)...)
		if v.DType == Uint64 { // what an int64 cannot hold stays outside
			v = b.Apply(OpMin, v, b.Const(Uint64, math.MaxInt64))
		}
		index[a] = b.Check(b.Cast(Int64, v), x[a])
	}
	return index, over
}

// places returns the offset into x that each place of the index arrays names, and the
// arrays' shape together. Where x has no element along its other axes none is read, so
// no index can be wrong.
func (n *Node) places(x *Tensor, idx []*Tensor) (at, shape []int, err error) {
	var dims []Dim
	for _, i := range idx {
		if dims, err = Broadcast(dims, shapeOf(i.Shape...)); err != nil {
			return nil, nil, err
		}
	}
	if shape, err = numbers(dims); err != nil {
		return nil, nil, err
	}
	strides := rowMajor(x.Shape)
	sources := make([][]int, len(idx))
	for k, i := range idx {
		sources[k] = offsets(0, shape, broadcastStrides(i.Shape, shape))
	}
	at = make([]int, len(sources[0]))
	if slices.Contains(take(x.Shape, without(len(x.Shape), n.Attr.Axes)), 0) {
		return at, shape, nil
	}
	for p := range at {
		for k, i := range idx {
			extent, v := x.Shape[n.Attr.Axes[k]], int64(i.Elems[sources[k][p]])
			if i.DType == Uint64 {
				v = int64(min(uint64(v), math.MaxInt64))
			}
			pos := v
			if v < 0 {
				pos += int64(extent)
			}
			if pos < 0 || pos >= int64(extent) {
				return nil, nil, &IndexError{Index: v, Extent: extent, Place: p, Site: n.Site}
			}
			at[p] += int(pos) * strides[n.Attr.Axes[k]]
		}
	}
	return at, shape, nil
}
