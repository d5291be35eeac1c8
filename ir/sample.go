package ir

import (
	"math"
	"math/rand/v2"
)

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

// SamplesOf returns small calls of op on parameters: its own, or, for an elementwise op,
// one for every dtype and several shapes. Ops of kernel bodies have none.
func SamplesOf(op *Op) []*Node {
	if op.Samples != nil {
		return op.Samples()
	}
	if op.Scalar == nil {
		return nil
	}
	var out []*Node
	for d := Bool; d <= Float64; d++ {
		attrs := []*Attr{nil}
		if op.Fields&FieldDType != 0 {
			attrs = nil
			for to := Bool; to <= Float64; to++ {
				attrs = append(attrs, &Attr{DType: to})
			}
		}
		for _, attr := range attrs {
			out = append(out, elementwiseSamples(op, attr, d)...)
		}
	}
	return out
}

// elementwiseSamples returns calls of op with operands of dtype d where it takes d.
func elementwiseSamples(op *Op, attr *Attr, d DType) []*Node {
	var out []*Node
	for _, shapes := range [][3][]int{
		{{37}, {37}, {37}}, {{3, 1}, {5}, {3, 5}}, {{}, {2, 1}, {}}, {{1}, {1}, {1}}, {{0, 3}, {3}, {1, 1}},
	} {
		args, takes := make([]*Node, len(op.Scalar.In)), false
		for i, set := range op.Scalar.In {
			t := d
			if set.Has(d) {
				takes = true
			} else {
				for t = Bool; !set.Has(t); t++ { // a condition, a key
				}
			}
			args[i] = sampleParam(i, t, shapes[i]...)
		}
		if n, err := NewNode(op, attr, nil, args...); takes && err == nil {
			out = append(out, n)
		}
	}
	return out
}

// SampleInputs returns a value for each operand of a sample: the one that the sample
// fixes, else random numbers of very different magnitude, and with special also zeros of
// both signs, subnormals, infinities and NaN.
func SampleInputs(n *Node, r *rand.Rand, special bool) ([]*Tensor, error) {
	in := make([]*Tensor, len(n.Args))
	for i, a := range n.Args {
		if t, ok := a.Data.(*Tensor); ok {
			in[i] = t
			continue
		}
		shape, err := numbers(a.Type.Shape)
		if err != nil {
			return nil, err
		}
		if in[i], err = NewTensor(a.Type.DType, shape...); err != nil {
			return nil, err
		}
		for k := range in[i].Elems {
			in[i].Elems[k] = randomElement(a.Type.DType, r, special)
		}
	}
	return in, nil
}

// randomElement returns an element of a real dtype.
func randomElement(d DType, r *rand.Rand, special bool) uint64 {
	switch {
	case d == Bool:
		return r.Uint64() & 1
	case d.IsInteger():
		return wrap(d, uint64(r.Int64()>>(r.IntN(64)))-uint64(r.IntN(4)))
	case special && r.IntN(4) == 0:
		v := []float64{0, math.Copysign(0, -1), math.Inf(1), math.Inf(-1), math.NaN(), 1, -1, 0x1p-130, -0x1p-1040}
		return Float(d, v[r.IntN(len(v))])
	}
	return Float(d, math.Ldexp(r.NormFloat64(), r.IntN(9)-4))
}
