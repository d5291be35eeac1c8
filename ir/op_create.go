package ir

import "slices"

// OpIota counts along an axis.
var OpIota = Register(&Op{
	Name: "iota", Doc: "o[i...] = i[a]: the position along axis a = Axes[0] of an array of extents Shape, as DType. Positions that an integer dtype cannot hold wrap, floats round once.",
	Family: Creation, Fields: FieldAxes | FieldShape | FieldDType,
	Infer: func(n *Node) (Type, error) {
		a := n.attr()
		if !Reals.Has(a.DType) {
			return Type{}, Errorf(ErrDType, "iota does not make %s", a.DType.Name())
		}
		if err := checkCreated(n, a.Shape); err != nil {
			return Type{}, err
		}
		return Dense(a.DType, a.Shape...), checkAxis(n, len(a.Shape))
	},
	Kernel: func(b *KernelBuilder, n *Node) error {
		axes := b.AxesFor(n.Type.Shape)
		b.storeOver(axes, b.Axis(n.Type.DType, axes[n.Attr.Axes[0]]))
		return nil
	},
	Eval: func(n *Node, in []*Tensor) ([]*Tensor, error) {
		shape, err := numbers(n.Type.Shape)
		if err != nil {
			return nil, err
		}
		out, err := NewTensor(n.Type.DType, shape...)
		if err != nil {
			return nil, err
		}
		strides := make([]int, len(shape))
		strides[n.Attr.Axes[0]] = 1
		for i, pos := range offsets(0, shape, strides) {
			out.Elems[i] = castBits(out.DType, Int64, uint64(pos))
		}
		return []*Tensor{out}, nil
	},
	Linearize: NoRule("positions do not depend on any value").Linearize,
	Transpose: NoRule("iota has no operand").Transpose,
	Samples: func() []*Node {
		var s samples
		for _, d := range []DType{Int64, Uint8, Int8, Float32, Float64} {
			s.add("iota", &Attr{Axes: []int{0}, Shape: shapeOf(300), DType: d})
		}
		s.add("iota", &Attr{Axes: []int{1}, Shape: shapeOf(3, 5, 2), DType: Int32})
		s.add("iota", &Attr{Axes: []int{0}, Shape: shapeOf(1, 1), DType: Float64})
		s.add("iota", &Attr{Axes: []int{0}, Shape: shapeOf(4, 0), DType: Float64})
		return s
	},
})

// OpBroadcast repeats an array along new and unit axes. Filling is a broadcast of a
// rank-0 literal.
var OpBroadcast = Register(&Op{
	Name: "broadcast", Doc: "x under extents Shape: axes aligned at the right, new axes and axes of extent 1 repeat. An Unknown extent of Shape is x's own.",
	Family: Movement, MinArg: 1, MaxArg: 1, Fields: FieldShape,
	Infer: func(n *Node) (Type, error) {
		if err := checkDType(n, 0, AnyReal); err != nil {
			return Type{}, err
		}
		x, to := n.Args[0].Type, n.attr().Shape
		if err := checkShape(n, to); err != nil {
			return Type{}, err
		}
		off := len(to) - x.Rank()
		if off < 0 {
			return Type{}, Errorf(ErrShape, "broadcast: shape %s has more axes than %s", shapeText(x.Shape), shapeText(to))
		}
		if slices.ContainsFunc(to[:off], Dim.IsUnknown) {
			return Type{}, Errorf(ErrShape, "broadcast: shape %s leaves a new axis open", shapeText(to))
		}
		to = slices.Clone(to)
		for i, d := range x.Shape {
			e, ok := meet(to[off+i], d)
			if ok {
				to[off+i] = e
			} else if !d.Is(1) {
				return Type{}, Errorf(ErrShape, "broadcast: shape %s does not stretch to %s: axis %d has %s and %s", shapeText(x.Shape), shapeText(to), off+i, d, to[off+i])
			}
		}
		return Dense(x.DType, to...), nil
	},
	Kernel: func(b *KernelBuilder, n *Node) error {
		axes := b.AxesFor(n.Type.Shape)
		b.storeOver(axes, b.Arg(0, b.BroadcastIndex(n.Args[0].Type.Shape, axes)...))
		return nil
	},
	Eval: func(n *Node, in []*Tensor) ([]*Tensor, error) {
		to, err := numbers(n.Type.Shape)
		if err != nil {
			return nil, err
		}
		return rearrange(in[0], 0, to, broadcastStrides(in[0].Shape, to))
	},
	Samples: func() []*Node {
		var s samples
		s.add("broadcast", &Attr{Shape: shapeOf(3, 5)}, sampleParam(0, Float64, 5))
		s.add("broadcast", &Attr{Shape: shapeOf(2, 3, 5)}, sampleParam(0, Float32, 3, 1))
		s.add("broadcast", &Attr{Shape: shapeOf(7)}, sampleParam(0, Int8))
		s.add("broadcast", &Attr{Shape: shapeOf(4, 1)}, sampleParam(0, Bool, 4, 1))
		s.add("broadcast", &Attr{Shape: shapeOf(0, 17)}, sampleParam(0, Uint64, 1, 17))
		s.add("broadcast", &Attr{}, sampleParam(0, Int32))
		return s
	},
})

// storeOver adds the statement that writes the node's result at the axes' positions.
func (b *KernelBuilder) storeOver(axes []int, v *Expr) {
	b.Add(Stmt{Sink: Store, Targets: []Access{b.Result(0, AtAxes(axes)...)}, Args: []*Expr{v}})
}
