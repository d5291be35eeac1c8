package shard_test

import (
	"slices"
	"strings"
	"testing"

	np "github.com/numen-go/numen/expr"
	"github.com/numen-go/numen/expr/shard"
	"github.com/numen-go/numen/expr/sparse"
)

// TestSparseMeetsChunks holds what a plan does with a sparse operand: tasks along the chunks
// of the other, each on its part of the sparse array; results as the algebra says.
func TestSparseMeetsChunks(t *testing.T) {
	const rows, columns = 4096, 30
	x := numbers(t, rows, columns, 512, columns)
	dense, err := np.Values[float64](t.Context(), np.Add(x, 0))
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range []sparse.Layout{sparse.CSR, sparse.CSC, sparse.COO(2), sparse.DCSR} {
		t.Run(l.String(), func(t *testing.T) {
			a, err := sparse.Random(l, []int{rows, columns}, 0.05, 3)
			if err != nil {
				t.Fatal(err)
			}
			coords, values, err := sparse.ToCOO[float64](t.Context(), a)
			if err != nil {
				t.Fatal(err)
			}
			product := np.Multiply(np.Exp(x), a)
			p, err := shard.PlanOf(t.Context(), []np.Array{product}, np.Memory(2<<20), np.Threads(1))
			if err != nil {
				t.Fatal(err)
			}
			n := 0
			for _, task := range p.Tasks {
				if slices.Contains(task.Reads, "memory, "+l.String()) {
					n++
				}
			}
			if n != rows/512 {
				t.Errorf("%d tasks read the sparse array\n%s", n, p)
			}
			e, err := product.Explain()
			if err != nil {
				t.Fatal(err)
			}
			for _, part := range []string{"in chunks, on sparse: axes i0 par i1 par", l.String() + "/@sharded", "convert"} {
				if !strings.Contains(e.String(), part) {
					t.Errorf("%q is missing in\n%s", part, e)
				}
			}
			at, got, err := sparse.ToCOO[float64](t.Context(), product, np.Memory(2<<20), np.Threads(2))
			if err != nil {
				t.Fatal(err)
			}
			want := map[[2]int]float64{}
			exps, err := np.Values[float64](t.Context(), np.Exp(np.FromSlice(dense)))
			if err != nil {
				t.Fatal(err)
			}
			for i, v := range values {
				r, c := coords[0][i], coords[1][i]
				want[[2]int{r, c}] = v * exps[r*columns+c]
			}
			if len(got) != len(want) {
				t.Fatalf("%d elements are stored, want %d", len(got), len(want))
			}
			for i, v := range got {
				if w := want[[2]int{at[0][i], at[1][i]}]; v != w {
					t.Errorf("element at %d, %d is %v, want %v", at[0][i], at[1][i], v, w)
				}
			}
			y, err := np.Values[float64](t.Context(), np.Sum(np.Add(x, a), np.Axis(1)), np.Memory(2<<20))
			if err != nil {
				t.Fatal(err)
			}
			inMemory, err := np.Values[float64](t.Context(), np.Sum(np.Add(np.Reshape(np.FromSlice(dense), rows, columns), a), np.Axis(1)))
			if err != nil {
				t.Fatal(err)
			}
			for i, v := range y {
				if v != inMemory[i] {
					t.Errorf("sum %d is %v, in memory %v", i, v, inMemory[i])
				}
			}
		})
	}
}

// TestSparseProductInChunks multiplies a sparse matrix with one in chunks, twice: what was
// finished is kept.
func TestSparseProductInChunks(t *testing.T) {
	w := numbers(t, 200, 64, 50, 16)
	a, err := sparse.Random(sparse.CSR, []int{300, 200}, 0.1, 5)
	if err != nil {
		t.Fatal(err)
	}
	y := np.MatMul(a, w)
	dense, err := np.Values[float64](t.Context(), np.Add(w, 0))
	if err != nil {
		t.Fatal(err)
	}
	want, err := np.Values[float64](t.Context(), np.MatMul(a, np.Reshape(np.FromSlice(dense), 200, 64)))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for range 2 {
		got, err := np.Values[float64](t.Context(), y, shard.Keep(dir), np.Threads(2))
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range got {
			if v != want[i] {
				t.Fatalf("element %d is %v, want %v", i, v, want[i])
			}
		}
	}
	p, err := shard.PlanOf(t.Context(), []np.Array{y})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(p.String(), "memory, csr") || len(p.Tasks) < 4 {
		t.Errorf("%s", p)
	}
}
