package ir

// samples collects an op's sample calls. Ops are found by name: an op's definition may
// not refer to itself.
type samples []*Node

func (s *samples) add(op string, attr *Attr, args ...*Node) {
	*s = append(*s, Must(NewNode(Lookup(op), attr, nil, args...)))
}

// shapeOf returns extents that are numbers.
func shapeOf(shape ...int) []Dim {
	dims := make([]Dim, len(shape))
	for i, s := range shape {
		dims[i] = N(s)
	}
	return dims
}

// sampleParam returns an operand whose values are the test's to choose.
func sampleParam(index int, d DType, shape ...int) *Node {
	return Param(index, Dense(d, shapeOf(shape...)...), nil)
}

// sampleIndices returns an integer operand with the given values, as its Data: a
// *Tensor. Only some values make sense where values are positions.
func sampleIndices(index int, d DType, shape []int, values ...int64) *Node {
	t := &Tensor{DType: d, Shape: shape}
	for _, v := range values {
		t.Elems = append(t.Elems, wrap(d, uint64(v)))
	}
	p := sampleParam(index, d, shape...)
	p.Data = t
	return p
}
