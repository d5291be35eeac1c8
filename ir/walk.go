package ir

import "slices"

// How evaluation walks dense arrays: an array is read through a base and a stride per
// axis, and every rearrangement of elements is a choice of the two.

// rowMajor returns the strides of a dense row-major array.
func rowMajor(shape []int) []int {
	strides := make([]int, len(shape))
	n := 1
	for i := len(shape) - 1; i >= 0; i-- {
		strides[i] = n
		n *= shape[i]
	}
	return strides
}

// offsets returns base + sum of position*stride for every position of a box, in
// row-major order.
func offsets(base int, shape, strides []int) []int {
	out := []int{base}
	for a, extent := range shape {
		next := make([]int, 0, len(out)*extent)
		for _, o := range out {
			for i := range extent {
				next = append(next, o+i*strides[a])
			}
		}
		out = next
	}
	return out
}

// broadcastStrides returns the strides that read an array of shape from as one of
// shape to: aligned at the right, extents 1 stretch.
func broadcastStrides(from, to []int) []int {
	out := make([]int, len(to))
	off := len(to) - len(from)
	for i, s := range rowMajor(from) {
		if from[i] != 1 {
			out[off+i] = s
		}
	}
	return out
}

// take returns the elements of list at the given places.
func take[T any](list []T, at []int) []T {
	out := make([]T, len(at))
	for i, a := range at {
		out[i] = list[a]
	}
	return out
}

// without returns 0..rank-1 but for the given axes.
func without(rank int, axes []int) []int {
	out := make([]int, 0, rank)
	for i := range rank {
		if !slices.Contains(axes, i) {
			out = append(out, i)
		}
	}
	return out
}

// rearrange returns a tensor of the given shape whose elements are x's, read through
// base and strides.
func rearrange(x *Tensor, base int, shape, strides []int) ([]*Tensor, error) {
	out, err := NewTensor(x.DType, shape...)
	if err != nil {
		return nil, err
	}
	for i, o := range offsets(base, shape, strides) {
		out.Elems[i] = x.Elems[o]
	}
	return []*Tensor{out}, nil
}
