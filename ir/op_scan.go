package ir

// OpCumSum adds up along an axis.
var OpCumSum = Register(cumulative(&Op{
	Name: "cumsum", Doc: "The running sum of x along axis Axes[0], in groups of 16 inside blocks of 1024. With Flag position k has the sum of those before it, the first 0.",
}, CombineSum, sums))

// OpCumProd multiplies along an axis.
var OpCumProd = Register(cumulative(&Op{
	Name: "cumprod", Doc: "The running product of x along axis Axes[0], in groups of 16 inside blocks of 1024. With Flag position k has the product of those before it, the first 1.",
	Transpose: NoRule("a product is not linear in its factors").Transpose,
}, CombineProd, products))

// OpCumMin keeps the smallest along an axis.
var OpCumMin = Register(cumulative(&Op{
	Name: "cummin", Doc: "The smallest so far of x along axis Axes[0]; NaN from the first NaN on.",
	Transpose: NoRule("the smallest element is not linear in the elements").Transpose,
}, CombineMin, minima))

// OpCumMax keeps the largest along an axis.
var OpCumMax = Register(cumulative(&Op{
	Name: "cummax", Doc: "The largest so far of x along axis Axes[0]; NaN from the first NaN on.",
	Transpose: NoRule("the largest element is not linear in the elements").Transpose,
}, CombineMax, maxima))

// cumulative completes an op that combines the elements up to each position.
func cumulative(op *Op, c *Combine, m monoid) *Op {
	name := op.Name
	op.Family, op.MinArg, op.MaxArg, op.Fields = ScanFamily, 1, 1, FieldAxes|FieldFlag
	op.Infer = func(n *Node) (Type, error) {
		if err := checkDType(n, 0, Reals); err != nil {
			return Type{}, err
		}
		if n.attr().Flag && m.empty == nil {
			return Type{}, Errorf(ErrDType, "%s of nothing has no value: it cannot leave out the element itself", n.Op)
		}
		x := n.Args[0].Type
		return Dense(x.DType, x.Shape...), checkAxis(n, x.Rank())
	}
	op.Kernel = func(b *KernelBuilder, n *Node) error {
		axes := b.AxesFor(n.Type.Shape)
		s := Stmt{Sink: Scan, Targets: []Access{b.Result(0, AtAxes(axes)...)}, Args: []*Expr{b.Arg(0, AtAxes(axes)...)},
			Axes: []int{axes[n.Attr.Axes[0]]}, Combine: c}
		if n.Attr.Flag {
			s.Scan = Exclusive
		}
		b.Add(s)
		return nil
	}
	op.Eval = func(n *Node, in []*Tensor) ([]*Tensor, error) {
		x, axis := in[0], n.Attr.Axes
		out, err := NewTensor(x.DType, x.Shape...)
		if err != nil {
			return nil, err
		}
		strides, others := rowMajor(x.Shape), without(len(x.Shape), axis)
		along := offsets(0, take(x.Shape, axis), take(strides, axis))
		line := make([]uint64, len(along))
		for _, base := range offsets(0, take(x.Shape, others), take(strides, others)) {
			for k, o := range along {
				line[k] = x.Elems[base+o]
			}
			sofar := scan(line, m.start(x.DType), binary(m.op, x.DType))
			if n.Attr.Flag { // what is before position k is what was up to k-1
				sofar = append([]uint64{m.empty(x.DType)}, sofar...)
			}
			for k, o := range along {
				out.Elems[base+o] = sofar[k]
			}
		}
		return []*Tensor{out}, nil
	}
	op.Samples = func() []*Node {
		var s samples
		for _, d := range []DType{Int32, Uint64, Float32, Float64} {
			for _, exclusive := range []bool{false, true} {
				if exclusive && m.empty == nil {
					continue
				}
				s.add(name, &Attr{Axes: []int{0}, Flag: exclusive}, sampleParam(0, d, 2100))
				s.add(name, &Attr{Axes: []int{1}, Flag: exclusive}, sampleParam(0, d, 2, 37, 3))
				s.add(name, &Attr{Axes: []int{0}, Flag: exclusive}, sampleParam(0, d, 1))
				s.add(name, &Attr{Axes: []int{1}, Flag: exclusive}, sampleParam(0, d, 2, 0))
			}
		}
		return s
	}
	return op
}
