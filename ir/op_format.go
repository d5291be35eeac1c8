package ir

// OpConvert changes how an array is stored, not what it holds.
var OpConvert = Register(&Op{
	Name: "convert", Doc: "x in the attribute's format: the same elements, stored otherwise or held by another target.",
	Family: Conversion, MinArg: 1, MaxArg: 1, Fields: FieldFormat,
	Infer: func(n *Node) (Type, error) {
		t := n.Args[0].Type
		if t.Tuple != nil {
			return Type{}, Errorf(ErrDType, "convert takes an array, got a tuple")
		}
		t.Format = n.attr().Format
		if t.Format != nil {
			if err := t.Format.verify(t.Rank()); err != nil {
				return Type{}, Errorf(ErrShape, "convert: %v", err)
			}
		}
		return t, nil
	},
	Host: func(n *Node) (ProgramStep, error) { return ProgramStep{Kind: StepConvert}, nil },
	Eval: func(n *Node, in []*Tensor) ([]*Tensor, error) { return in[:1], nil },
	Samples: func() []*Node {
		var s samples
		s.add("convert", nil, sampleParam(0, Float64, 3, 4))
		return s
	},
})
