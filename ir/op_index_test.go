package ir

import (
	"errors"
	"math"
	"testing"
)

// TestIndexFaults holds which fault is reported, by evaluation and by kernels: the smallest
// place, then the first axis; and that an element that nobody reads cannot be out of range.
func TestIndexFaults(t *testing.T) {
	ints := func(d DType, v ...int64) *Tensor {
		x := &Tensor{DType: d, Shape: []int{len(v)}}
		for _, e := range v {
			x.Elems = append(x.Elems, wrap(d, uint64(e)))
		}
		return x
	}
	site := &Site{File: "user.go", Line: 7}
	run := func(op string, attr *Attr, in ...*Tensor) error {
		args := make([]*Node, len(in))
		for i, x := range in {
			args[i] = sampleParam(i, x.DType, x.Shape...)
		}
		n, err := NewNode(Lookup(op), attr, site, args...)
		if err != nil {
			t.Fatal(err)
		}
		_, err = n.Op.Eval(n, in)

		// The kernel finds the same fault.
		var want *IndexError
		var got *KernelFault
		_, fault := evalKernelOf(n, in)
		errors.As(err, &want)
		if fault != nil && !errors.As(fault, &got) {
			t.Fatal(fault)
		}
		if (got == nil) != (want == nil) || got != nil && (got.Value != want.Index || got.Limit != int64(want.Extent)) {
			t.Errorf("%s: the kernel finds %v, evaluation %v", describe(n), fault, err)
		}
		return err
	}
	one := &Attr{Axes: []int{0}}
	two := &Attr{Axes: []int{0, 1}}
	for _, c := range []struct {
		what string
		err  error
		want *IndexError
	}{
		{"in range", run("gather", one, count(5), ints(Int64, 4, -5)), nil},
		{"above", run("gather", one, count(5), ints(Int64, 0, 5, 9)), &IndexError{5, 5, 1, site}},
		{"below", run("gather", one, count(5), ints(Int8, -6)), &IndexError{-6, 5, 0, site}},
		{"the smallest place wins", run("gather", two, count(3, 3), ints(Int64, 0, 0, 9), ints(Int64, 0, 7, 0)), &IndexError{7, 3, 1, site}},
		{"the first axis wins", run("gather", two, count(3, 2), ints(Int64, 9), ints(Int64, 8)), &IndexError{9, 3, 0, site}},
		{"beyond int64", run("gather", one, count(5), ints(Uint64, -1)), &IndexError{math.MaxInt64, 5, 0, site}},
		{"an empty axis", run("gather", one, count(0), ints(Int64, 0)), &IndexError{0, 0, 0, site}},
		{"nothing read", run("gather", one, count(0, 0), ints(Int64, 9)), nil},
		{"scatter", run("scatter", &Attr{Axes: []int{0}, Combine: CombineSum}, count(5), ints(Int64, 1, -9), count(2)), &IndexError{-9, 5, 1, site}},
		{"scatter of nothing", run("scatter", &Attr{Axes: []int{0}, Combine: CombineSet}, count(5, 0), ints(Int64, 9), count(1, 0)), nil},
	} {
		var got *IndexError
		errors.As(c.err, &got)
		if c.err != nil && !errors.Is(c.err, ErrIndex) || (got == nil) != (c.want == nil) || got != nil && *got != *c.want {
			t.Errorf("%s: %v, want %v", c.what, c.err, c.want)
		}
	}
}

// TestScatterOrder checks that positions are taken one by one in ascending order: in
// this order the ones are lost in the large number, in another they are not.
func TestScatterOrder(t *testing.T) {
	const big = 1 << 53
	x := vector(Float64, 2, func(k int) float64 { return []float64{big, 0}[k] })
	at := &Tensor{Int64, []int{3}, []uint64{0, 0, 0}}
	u := vector(Float64, 3, func(int) float64 { return 1 })
	if got := evalOne(t, "scatter", &Attr{Axes: []int{0}, Combine: CombineSum}, x, at, u).Elems[0]; got != Float(Float64, big) {
		t.Errorf("ones after a large number: %v", math.Float64frombits(got))
	}
	u = vector(Float64, 3, func(k int) float64 { return []float64{1, big, -big}[k] })
	x.Elems[0] = 0
	if got := evalOne(t, "scatter", &Attr{Axes: []int{0}, Combine: CombineSum}, x, at, u).Elems[0]; got != 0 {
		t.Errorf("1, then a large number and its opposite: %v", math.Float64frombits(got))
	}
}
