package ir

import "fmt"

// Tensor is a dense array of the evaluator: row-major elements as uint64, in the form
// that Scalar describes; complex elements are two (re, im).
type Tensor struct {
	DType DType
	Shape []int
	Elems []uint64
}

// NewTensor returns a tensor of zeros.
func NewTensor(d DType, shape ...int) (*Tensor, error) {
	dims := make([]Dim, len(shape))
	for i, s := range shape {
		dims[i] = N(s)
	}
	n, err := Elements(dims)
	if err != nil {
		return nil, err
	}
	if d.Kind() == KindComplex {
		n *= 2
	}
	if n > 1<<40 {
		return nil, fmt.Errorf("ir: %d elements are too many for the evaluator", n)
	}
	return &Tensor{d, append([]int(nil), shape...), make([]uint64, n)}, nil
}

// Size returns the number of elements.
func (t *Tensor) Size() int {
	n := 1
	for _, s := range t.Shape {
		n *= s
	}
	return n
}
