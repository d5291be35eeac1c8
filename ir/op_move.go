package ir

import "slices"

// OpPermute reorders axes.
var OpPermute = Register(&Op{
	Name: "permute", Doc: "the axes of x in another order: axis i of the result is axis Axes[i] of x.",
	Family: Movement, MinArg: 1, MaxArg: 1, Fields: FieldAxes,
	Infer: func(n *Node) (Type, error) {
		if err := checkDType(n, 0, AnyReal); err != nil {
			return Type{}, err
		}
		x, axes := n.Args[0].Type, n.attr().Axes
		if len(axes) != x.Rank() {
			return Type{}, Errorf(ErrAxis, "permute: %d axes are named for %d dimensions", len(axes), x.Rank())
		}
		if len(axes) > 0 {
			if err := checkAxes(n, axes, x.Rank()); err != nil {
				return Type{}, err
			}
		}
		return Dense(x.DType, take(x.Shape, axes)...), nil
	},
	Kernel: func(b *KernelBuilder, n *Node) error {
		axes := b.AxesFor(n.Type.Shape)
		index := make([]Index, len(axes))
		for i, a := range n.attr().Axes {
			index[a] = At(axes[i])
		}
		b.storeOver(axes, b.Arg(0, index...))
		return nil
	},
	Eval: func(n *Node, in []*Tensor) ([]*Tensor, error) {
		x, axes := in[0], n.attr().Axes
		return rearrange(x, 0, take(x.Shape, axes), take(rowMajor(x.Shape), axes))
	},
	Samples: func() []*Node {
		var s samples
		s.add("permute", &Attr{Axes: []int{1, 0}}, sampleParam(0, Float64, 17, 3))
		s.add("permute", &Attr{Axes: []int{2, 0, 1}}, sampleParam(0, Uint16, 2, 3, 5))
		s.add("permute", &Attr{Axes: []int{0, 2, 1}}, sampleParam(0, Bool, 1, 0, 4))
		s.add("permute", nil, sampleParam(0, Float32))
		return s
	},
})

// OpSlice takes evenly spaced positions of every axis.
var OpSlice = Register(&Op{
	Name: "slice", Doc: "o[i...] = x[Start+Step*i...] with extents Shape. A negative step runs backwards: reversing is Start = extent-1, Step = -1. No Step is 1.",
	Family: Movement, MinArg: 1, MaxArg: 1, Fields: FieldStart | FieldStep | FieldShape,
	Infer: func(n *Node) (Type, error) {
		if err := checkSpans(n); err != nil {
			return Type{}, err
		}
		x, a := n.Args[0].Type, n.attr()
		for i := range x.Shape {
			if err := checkInside(n, i, a.Start[i], a.step(i), a.Shape[i], x.Shape[i]); err != nil {
				return Type{}, err
			}
		}
		return Dense(x.DType, a.Shape...), nil
	},
	Kernel: func(b *KernelBuilder, n *Node) error {
		axes := b.AxesFor(n.Type.Shape)
		index := make([]Index, len(axes))
		for i, a := range axes {
			index[i] = Index{Terms: []Term{{a, n.attr().step(i)}}, Const: n.attr().Start[i]}
		}
		b.storeOver(axes, b.Arg(0, index...))
		return nil
	},
	Eval: func(n *Node, in []*Tensor) ([]*Tensor, error) {
		x := in[0]
		start, step, shape, err := n.spans()
		if err != nil {
			return nil, err
		}
		base, strides := 0, rowMajor(x.Shape)
		for i := range strides {
			if err := checkInside(n, i, N(start[i]), N(step[i]), N(shape[i]), N(x.Shape[i])); err != nil {
				return nil, err
			}
			base += start[i] * strides[i]
			strides[i] *= step[i]
		}
		return rearrange(x, base, shape, strides)
	},
	Samples: func() []*Node {
		var s samples
		s.add("slice", &Attr{Start: shapeOf(1, 2), Step: shapeOf(2, -1), Shape: shapeOf(3, 3)}, sampleParam(0, Float64, 7, 5))
		s.add("slice", &Attr{Start: shapeOf(16), Step: shapeOf(-1), Shape: shapeOf(17)}, sampleParam(0, Int32, 17))
		s.add("slice", &Attr{Start: shapeOf(29), Step: shapeOf(-7), Shape: shapeOf(5)}, sampleParam(0, Float32, 33))
		s.add("slice", &Attr{Start: shapeOf(0, 4), Shape: shapeOf(2, 0)}, sampleParam(0, Bool, 2, 4))
		s.add("slice", &Attr{Start: shapeOf(3), Shape: shapeOf(1)}, sampleParam(0, Uint8, 4))
		s.add("slice", nil, sampleParam(0, Float64))
		return s
	},
})

// OpPad puts an array into a larger one. It is slice turned round: x at the positions
// that a slice with the same attributes would take, the value elsewhere.
var OpPad = Register(&Op{
	Name: "pad", Doc: "o of extents Shape, o[Start+Step*i...] = x[i...] and the value everywhere else. What falls outside o is left out, so a negative Start crops. No Step is 1.",
	Family: Movement, MinArg: 2, MaxArg: 2, Fields: FieldStart | FieldStep | FieldShape,
	Infer: func(n *Node) (Type, error) {
		if err := checkSpans(n); err != nil {
			return Type{}, err
		}
		x, v := n.Args[0].Type, n.Args[1].Type
		if v.Rank() != 0 {
			return Type{}, Errorf(ErrShape, "pad: the value must have no axes, got shape %s", shapeText(v.Shape))
		}
		if v.DType != x.DType {
			return Type{}, Errorf(ErrDType, "pad takes operands of one dtype, got %s and %s", x.DType.Name(), v.DType.Name())
		}
		return Dense(x.DType, n.attr().Shape...), nil
	},
	Kernel: func(b *KernelBuilder, n *Node) error {
		axes := b.AxesFor(n.Type.Shape)
		index := make([]Index, len(axes))
		var inside []Range
		for i, a := range axes {
			start, step, extent := n.attr().Start[i], n.attr().step(i), n.Args[0].Type.Shape[i]
			index[i] = placeOf(a, start, step)
			if !start.Is(0) || !step.Is(1) || extent != n.Type.Shape[i] {
				inside = append(inside, Range{index[i], extent})
			}
		}
		b.storeOver(axes, b.Pick(inside, b.Arg(0, index...), b.Arg(1)))
		return nil
	},
	Eval: func(n *Node, in []*Tensor) ([]*Tensor, error) {
		x := in[0]
		start, step, shape, err := n.spans()
		if err != nil {
			return nil, err
		}
		out, err := NewTensor(x.DType, shape...)
		if err != nil {
			return nil, err
		}
		for i := range out.Elems {
			out.Elems[i] = in[1].Elems[0]
		}
		strides := rowMajor(shape)
		pos := make([]int, len(x.Shape))
		for _, v := range x.Elems {
			at, inside := 0, true
			for i, p := range pos {
				p = start[i] + step[i]*p
				inside = inside && p >= 0 && p < shape[i]
				at += p * strides[i]
			}
			if inside {
				out.Elems[at] = v
			}
			for i := len(pos) - 1; i >= 0; i-- { // the next position in row-major order
				if pos[i]++; pos[i] < x.Shape[i] {
					break
				}
				pos[i] = 0
			}
		}
		return []*Tensor{out}, nil
	},
	Samples: func() []*Node {
		var s samples
		s.add("pad", &Attr{Start: shapeOf(1, 2), Shape: shapeOf(5, 9)}, sampleParam(0, Float64, 3, 5), sampleParam(1, Float64))
		s.add("pad", &Attr{Start: shapeOf(-2, 0), Shape: shapeOf(4, 3)}, sampleParam(0, Float32, 5, 3), sampleParam(1, Float32))
		s.add("pad", &Attr{Start: shapeOf(1), Step: shapeOf(3), Shape: shapeOf(20)}, sampleParam(0, Int64, 6), sampleParam(1, Int64))
		s.add("pad", &Attr{Start: shapeOf(16), Step: shapeOf(-2), Shape: shapeOf(17)}, sampleParam(0, Float64, 9), sampleParam(1, Float64))
		s.add("pad", &Attr{Start: shapeOf(4), Step: shapeOf(-1), Shape: shapeOf(7)}, sampleParam(0, Uint8, 5), sampleParam(1, Uint8))
		s.add("pad", &Attr{Start: shapeOf(2), Shape: shapeOf(3)}, sampleParam(0, Bool, 0), sampleParam(1, Bool))
		s.add("pad", nil, sampleParam(0, Float64), sampleParam(1, Float64))
		return s
	},
})

// OpConcat joins arrays along an axis.
var OpConcat = Register(&Op{
	Name: "concat", Doc: "the operands one after another along axis Axes[0]. They have one dtype and the same extents on the other axes.",
	Family: Movement, MinArg: 1, MaxArg: -1, Fields: FieldAxes,
	Infer: func(n *Node) (Type, error) {
		x := n.Args[0].Type
		if err := checkAxis(n, x.Rank()); err != nil {
			return Type{}, err
		}
		axis, shape := n.attr().Axes[0], slices.Clone(x.Shape)
		shape[axis] = N(0)
		for k, arg := range n.Args {
			t := arg.Type
			if err := checkDType(n, k, AnyReal); err != nil {
				return Type{}, err
			}
			if t.DType != x.DType {
				return Type{}, Errorf(ErrDType, "concat takes operands of one dtype, got %s and %s", x.DType.Name(), t.DType.Name())
			}
			if t.Rank() != x.Rank() {
				return Type{}, Errorf(ErrShape, "concat: operand %d has %d dimensions, the first has %d", k+1, t.Rank(), x.Rank())
			}
			for i, d := range t.Shape {
				if i == axis {
					shape[i] = shape[i].Add(d)
					continue
				}
				var ok bool
				if shape[i], ok = meet(shape[i], d); !ok {
					return Type{}, Errorf(ErrShape, "concat: axis %d of operand %d has %s, of the first %s", i, k+1, d, x.Shape[i])
				}
			}
			if c, ok := shape[axis].Const(); ok && c > maxExtent {
				return Type{}, Errorf(ErrShape, "concat: axis %d has more elements than can be addressed", axis)
			}
		}
		return Dense(x.DType, shape...), checkShape(n, shape)
	},
	Kernel: func(b *KernelBuilder, n *Node) error {
		axes := b.AxesFor(n.Type.Shape)
		axis := n.attr().Axes[0]
		index := AtAxes(axes)
		var v *Expr
		for k, at := len(n.Args)-1, n.Type.Shape[axis]; k >= 0; k-- { // the last needs no guard
			extent := n.Args[k].Type.Shape[axis]
			at = at.Sub(extent)
			index = slices.Clone(index)
			index[axis].Const = N(0).Sub(at)
			x := b.Arg(k, index...)
			if v != nil {
				x = b.Pick([]Range{{index[axis], extent}}, x, v)
			}
			v = x
		}
		b.storeOver(axes, v)
		return nil
	},
	Eval: func(n *Node, in []*Tensor) ([]*Tensor, error) {
		axis := n.attr().Axes[0]
		shape := slices.Clone(in[0].Shape)
		shape[axis] = 0
		for k, x := range in {
			shape[axis] += x.Shape[axis]
			if !slices.Equal(without1(x.Shape, axis), without1(shape, axis)) {
				return nil, Errorf(ErrShape, "concat: operand %d has shape %v, the first %v", k+1, x.Shape, in[0].Shape)
			}
		}
		out, err := NewTensor(in[0].DType, shape...)
		if err != nil {
			return nil, err
		}
		strides, at := rowMajor(shape), 0
		for _, x := range in {
			for i, o := range offsets(at*strides[axis], x.Shape, strides) {
				out.Elems[o] = x.Elems[i]
			}
			at += x.Shape[axis]
		}
		return []*Tensor{out}, nil
	},
	Samples: func() []*Node {
		var s samples
		s.add("concat", &Attr{Axes: []int{0}}, sampleParam(0, Float64, 3, 5), sampleParam(1, Float64, 14, 5))
		s.add("concat", &Attr{Axes: []int{1}}, sampleParam(0, Int16, 2, 1), sampleParam(1, Int16, 2, 0), sampleParam(2, Int16, 2, 5))
		s.add("concat", &Attr{Axes: []int{0}}, sampleParam(0, Float32, 1))
		s.add("concat", &Attr{Axes: []int{0}}, sampleParam(0, Bool, 0), sampleParam(1, Bool, 0))
		return s
	},
})

// step returns the step along an axis: 1 where none is given.
func (a *Attr) step(axis int) Dim {
	if a.Step == nil {
		return N(1)
	}
	return a.Step[axis]
}

// placeOf returns the i with start + step*i = the axis's position: an exact quotient.
func placeOf(axis int, start, step Dim) Index {
	x := Index{Terms: []Term{{axis, N(1)}}, Const: N(0).Sub(start), Div: step}
	if s, ok := step.Const(); ok && s < 0 { // keep the divisor positive
		x = Index{Terms: []Term{{axis, N(-1)}}, Const: start, Div: N(-s)}
	}
	if x.Div.Is(1) {
		x.Div = Dim{}
	}
	return x
}

// checkSpans checks the attributes that slice and pad share.
func checkSpans(n *Node) error {
	if err := checkDType(n, 0, AnyReal); err != nil {
		return err
	}
	a, rank := n.attr(), n.Args[0].Type.Rank()
	if len(a.Start) != rank || len(a.Shape) != rank || a.Step != nil && len(a.Step) != rank {
		return Errorf(ErrIndex, "%s: %d starts, %d steps and %d extents for %d dimensions", n.Op, len(a.Start), len(a.Step), len(a.Shape), rank)
	}
	for i := range rank {
		if a.step(i).Is(0) {
			return Errorf(ErrIndex, "%s: the step of axis %d is 0", n.Op, i)
		}
		if a.Start[i].IsUnknown() || a.step(i).IsUnknown() {
			return Errorf(ErrIndex, "%s: start and step of axis %d must be known", n.Op, i)
		}
		for _, d := range []Dim{a.Start[i], a.step(i)} {
			if c, ok := d.Const(); ok && (c > maxExtent || c < -maxExtent) {
				return Errorf(ErrIndex, "%s: %d is no position of axis %d", n.Op, c, i)
			}
		}
	}
	return checkShape(n, a.Shape)
}

// spans returns the numbers of slice's and pad's attributes.
func (n *Node) spans() (start, step, shape []int, err error) {
	a := n.attr()
	if start, err = numbers(a.Start); err != nil {
		return
	}
	if shape, err = numbers(a.Shape); err != nil {
		return
	}
	steps := make([]Dim, len(shape))
	for i := range steps {
		steps[i] = a.step(i)
	}
	step, err = numbers(steps)
	return
}

// checkInside refuses a span that leaves its axis, where the numbers are known.
func checkInside(n *Node, axis int, start, step, count, extent Dim) error {
	s, ok1 := start.Const()
	d, ok2 := step.Const()
	c, ok3 := count.Const()
	e, ok4 := extent.Const()
	if !ok1 || !ok2 || !ok3 || !ok4 || c == 0 {
		return nil
	}
	reach, fits := MulOK(d, c-1)
	for _, p := range []int64{s, s + reach} {
		if p < 0 || p >= e || !fits {
			return Errorf(ErrIndex, "%s: %d positions from %d by %d leave axis %d of extent %d", n.Op, c, s, d, axis, e)
		}
	}
	return nil
}

// without1 returns the extents but for one axis.
func without1(shape []int, axis int) []int { return slices.Concat(shape[:axis], shape[axis+1:]) }
