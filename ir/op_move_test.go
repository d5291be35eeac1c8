package ir

import (
	"errors"
	"fmt"
	"slices"
	"testing"
)

// count returns 0, 1, 2, ... as an array of int64.
func count(shape ...int) *Tensor {
	x := &Tensor{DType: Int64, Shape: shape}
	for i := range x.Size() {
		x.Elems = append(x.Elems, uint64(i))
	}
	return x
}

// TestMovementByHand holds results that can be read off.
func TestMovementByHand(t *testing.T) {
	minus1 := &Tensor{Int64, []int{}, []uint64{9}}
	cases := []struct {
		op   string
		attr *Attr
		in   []*Tensor
		want string // shape and elements
	}{
		{"iota", &Attr{Axes: []int{1}, Shape: shapeOf(2, 3), DType: Int64}, nil, "[2 3] [0 1 2 0 1 2]"},
		{"iota", &Attr{Axes: []int{0}, Shape: shapeOf(2, 3), DType: Int64}, nil, "[2 3] [0 0 0 1 1 1]"},
		{"broadcast", &Attr{Shape: shapeOf(2, 3)}, []*Tensor{count(3)}, "[2 3] [0 1 2 0 1 2]"},
		{"broadcast", &Attr{Shape: shapeOf(2, 3)}, []*Tensor{count(2, 1)}, "[2 3] [0 0 0 1 1 1]"},
		{"permute", &Attr{Axes: []int{1, 0}}, []*Tensor{count(2, 3)}, "[3 2] [0 3 1 4 2 5]"},
		{"permute", &Attr{Axes: []int{2, 0, 1}}, []*Tensor{count(1, 2, 3)}, "[3 1 2] [0 3 1 4 2 5]"},
		{"reshape", &Attr{Shape: shapeOf(3, 2)}, []*Tensor{count(2, 3)}, "[3 2] [0 1 2 3 4 5]"},
		{"slice", &Attr{Start: shapeOf(5), Step: shapeOf(-2), Shape: shapeOf(3)}, []*Tensor{count(6)}, "[3] [5 3 1]"},
		{"slice", &Attr{Start: shapeOf(1, 0), Step: shapeOf(1, 2), Shape: shapeOf(1, 2)}, []*Tensor{count(2, 3)}, "[1 2] [3 5]"},
		{"pad", &Attr{Start: shapeOf(1), Shape: shapeOf(4)}, []*Tensor{count(2), minus1}, "[4] [9 0 1 9]"},
		{"pad", &Attr{Start: shapeOf(-1), Shape: shapeOf(4)}, []*Tensor{count(3), minus1}, "[4] [1 2 9 9]"},
		{"pad", &Attr{Start: shapeOf(5), Step: shapeOf(-2), Shape: shapeOf(6)}, []*Tensor{count(3), minus1}, "[6] [9 2 9 1 9 0]"},
		{"concat", &Attr{Axes: []int{1}}, []*Tensor{count(2, 1), count(2, 2)}, "[2 3] [0 0 1 1 2 3]"},
		{"sum", &Attr{Axes: []int{0}, Order: Free}, []*Tensor{count(2, 3)}, "[3] [3 5 7]"},
		{"prod", &Attr{Axes: []int{1}, Order: Free}, []*Tensor{count(2, 3)}, "[2] [0 60]"},
		{"reduce_max", &Attr{Axes: []int{0, 1}, Order: Free}, []*Tensor{count(2, 3)}, "[] [5]"},
		{"cumsum", &Attr{Axes: []int{1}}, []*Tensor{count(2, 3)}, "[2 3] [0 1 3 3 7 12]"},
		{"cumsum", &Attr{Axes: []int{1}, Flag: true}, []*Tensor{count(2, 3)}, "[2 3] [0 0 1 0 3 7]"},
		{"contract", &Attr{Spec: "ij,jk->ik", Order: Free}, []*Tensor{count(2, 3), count(3, 2)}, "[2 2] [10 13 28 40]"},
		{"contract", &Attr{Spec: "ii->", Order: Free}, []*Tensor{count(3, 3)}, "[] [12]"},
		{"contract", &Attr{Spec: "ii->i", Order: Free}, []*Tensor{count(3, 3)}, "[3] [0 4 8]"},
		{"contract", &Attr{Spec: "ij->ji", Order: Free}, []*Tensor{count(2, 3)}, "[3 2] [0 3 1 4 2 5]"},
		{"contract", &Attr{Spec: "i,j->ij", Order: Free}, []*Tensor{count(2), count(3)}, "[2 3] [0 0 0 0 1 2]"},
		{"contract", &Attr{Spec: "i,ij,jk->k", Order: Free}, []*Tensor{count(2), count(2, 3), count(3, 2)}, "[2] [28 40]"},
		{"gather", &Attr{Axes: []int{0}}, []*Tensor{count(3, 2), {Int8, []int{2}, []uint64{2, ^uint64(2)}}}, "[2 2] [4 5 0 1]"},
		{"scatter", &Attr{Axes: []int{0}, Combine: CombineSum}, []*Tensor{count(3), {Int64, []int{4}, []uint64{0, 2, 0, 0}}, count(4)}, "[3] [5 1 3]"},
		{"scatter", &Attr{Axes: []int{0}, Combine: CombineSet}, []*Tensor{count(3), {Int64, []int{4}, []uint64{0, 2, 0, 1}}, count(4)}, "[3] [2 3 1]"},
	}
	for _, c := range cases {
		out := evalOne(t, c.op, c.attr, c.in...)
		if got := fmt.Sprint(out.Shape, " ", out.Elems); got != c.want {
			t.Errorf("%s %+v: got %s, want %s", c.op, *c.attr, got, c.want)
		}
	}
}

// TestPadTurnsSliceRound checks that pad with a slice's attributes puts its elements
// back where they were.
func TestPadTurnsSliceRound(t *testing.T) {
	x := count(23)
	for _, c := range [][3]int{{0, 1, 23}, {22, -1, 23}, {3, 4, 5}, {20, -6, 4}, {7, 100, 1}} {
		attr := &Attr{Start: shapeOf(c[0]), Step: shapeOf(c[1]), Shape: shapeOf(c[2])}
		part := evalOne(t, "slice", attr, x)
		attr.Shape = shapeOf(23)
		back := evalOne(t, "pad", attr, part, &Tensor{Int64, []int{}, []uint64{99}})
		found := 0
		for i, v := range back.Elems {
			if v == uint64(i) {
				found++
			} else if v != 99 {
				t.Errorf("slice %v: place %d holds %d", c, i, v)
			}
		}
		if found != c[2] {
			t.Errorf("slice %v: %d of %d elements are back", c, found, c[2])
		}
	}
}

func TestRefine(t *testing.T) {
	dims := func(texts ...string) []Dim {
		out := []Dim{}
		for _, s := range texts {
			d, err := ParseDim(s)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, d)
		}
		return out
	}
	for _, c := range []struct{ from, to, fine []Dim }{ // fine nil: there are no common finer axes
		{dims("M", "N"), dims("M*N"), dims("M", "N")},
		{dims("M*N"), dims("M", "1", "N"), dims("M", "N")},
		{dims("4", "6"), dims("8", "3"), dims("4", "2", "3")},
		{dims("6", "4"), dims("8", "3"), nil},
		{dims("3", "6", "5"), dims("2", "9", "5"), nil},
		{dims("2", "9", "5"), dims("18", "5"), dims("2", "9", "5")},
		{dims("B", "M", "N", "K"), dims("B", "M*N", "K"), dims("B", "M", "N", "K")},
		{dims("B*M", "N*K"), dims("B", "M*N", "K"), dims("B", "M", "N", "K")},
		{dims("M*N+N"), dims("N", "M+1"), dims("N", "M+1")},
		{dims("M", "N"), dims("N", "M"), nil},
		{dims("1", "1"), dims(), dims()},
		{dims("?"), dims("?"), nil},
	} {
		fine, source, target, ok := refine(c.from, c.to)
		if ok != (c.fine != nil) || !slices.Equal(fine, c.fine) {
			t.Errorf("%v to %v: fine axes %v, %v; want %v", c.from, c.to, fine, ok, c.fine)
			continue
		}
		for i, shape := range [][]Dim{c.from, c.to} {
			next := 0
			for a, group := range [][][]int{source, target}[i] {
				for _, f := range group { // in order, each once
					if f != next {
						t.Errorf("%v to %v: axis %d is made of fine axes %v", c.from, c.to, a, group)
					}
					next++
				}
				if ok && product(take(fine, group)) != shape[a] {
					t.Errorf("%v to %v: the fine axes %v of axis %d have another product than %s", c.from, c.to, group, a, shape[a])
				}
			}
		}
	}
	n := Must(NewNode(OpReshape, &Attr{Shape: shapeOf(8, 3)}, nil, sampleParam(0, Float64, 6, 4)))
	if _, _, _, err := KernelOf(n); !errors.Is(err, ErrNoRefinement) {
		t.Errorf("the kernel of (6,4) to (8,3): %v", err)
	}
}

// TestReshapeKernelOfSymbols runs reshape's kernel where extents are polynomials: the
// elements stay in row-major order.
func TestReshapeKernelOfSymbols(t *testing.T) {
	m, n, p := Sym("M"), Sym("N"), Sym("P")
	for _, c := range [][2][]Dim{
		{{m, n}, {m.Mul(n)}},
		{{m.Mul(n)}, {n, N(1), m}},
		{{m, n, p}, {m.Mul(n), p}},
		{{m, n.Mul(p)}, {m.Mul(n), p}},
		{{m.Mul(n).Add(n)}, {n, m.Add(N(1))}},
		{{N(2).Mul(m), N(3)}, {m, N(6)}},
	} {
		node := Must(NewNode(OpReshape, &Attr{Shape: c[1]}, nil, Param(0, Dense(Int64, c[0]...), nil)))
		k, _, _, err := KernelOf(node)
		if err != nil {
			t.Fatal(err)
		}
		args := KernelArgs{}
		size := 1
		values := map[string]int64{"M": 3, "N": 5, "P": 4}
		for _, name := range k.Dims {
			args.Dims = append(args.Dims, values[name])
		}
		for _, d := range c[0] {
			v, err := d.Eval(func(name string) (int64, bool) { return values[name], true })
			if err != nil {
				t.Fatal(err)
			}
			size *= int(v)
		}
		x, o := count(size), make([]uint64, size)
		args.Arrays = []KernelArray{{Elems: x.Elems}, {Elems: o}}
		if err := EvalKernel(k, args); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(o, x.Elems) {
			t.Errorf("%s to %s: %v", shapeText(c[0]), shapeText(c[1]), o)
		}
	}
}
