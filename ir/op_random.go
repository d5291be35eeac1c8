package ir

// OpRandBits makes random bits.
var OpRandBits = Register(&Op{
	Name: "randbits", Doc: "Random bits of extents Shape as DType, uint32 or uint64: element number e in row-major order is Philox 4x32-10 of e under the key, two uint64. The bits depend on key, e and dtype alone.",
	Family: Random, MinArg: 1, MaxArg: 1, Fields: FieldShape | FieldDType,
	Infer: func(n *Node) (Type, error) {
		a, key := n.attr(), n.Args[0].Type
		if drawOf(a.DType) == nil {
			return Type{}, Errorf(ErrDType, "randbits makes uint32 or uint64, not %s", a.DType.Name())
		}
		if key.DType != Uint64 {
			return Type{}, Errorf(ErrDType, "randbits: a key is uint64, not %s", key.DType.Name())
		}
		if key.Rank() != 1 || !key.Shape[0].Is(2) {
			return Type{}, Errorf(ErrShape, "randbits: a key has shape [2], not %s", shapeText(key.Shape))
		}
		return Dense(a.DType, a.Shape...), checkCreated(n, a.Shape)
	},
	Kernel: func(b *KernelBuilder, n *Node) error {
		axes := b.AxesFor(n.Type.Shape)
		k0, k1 := b.Arg(0, AtConst(N(0))), b.Arg(0, AtConst(N(1)))
		b.storeOver(axes, b.Apply(drawOf(n.Type.DType), b.flatPosition(Uint64, axes), k0, k1))
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
		b, key := NewBuilder(), in[0].Elems
		draw := CompileScalar([]*Expr{b.Apply(drawOf(out.DType), b.State(Uint64, 0), b.State(Uint64, 1), b.State(Uint64, 2))})
		for e := range out.Elems {
			draw.Run([]uint64{uint64(e), key[0], key[1]}, out.Elems[e:e+1])
		}
		return []*Tensor{out}, nil
	},
	Linearize: NoRule("random bits have no tangents").Linearize,
	Transpose: NoRule("random bits are not linear in the key").Transpose,
	Samples: func() []*Node {
		var s samples
		for _, d := range []DType{Uint32, Uint64} {
			for _, shape := range [][]Dim{shapeOf(37), shapeOf(3, 5, 2), shapeOf(), shapeOf(1), shapeOf(2, 0)} {
				s.add("randbits", &Attr{Shape: shape, DType: d}, sampleParam(0, Uint64, 2))
			}
		}
		return s
	},
})

// drawOf returns the scalar op that draws a word of a dtype, nil for other dtypes.
func drawOf(d DType) *Op {
	switch d {
	case Uint32:
		return OpPhilox32
	case Uint64:
		return OpPhilox64
	}
	return nil
}
