package sparse

import (
	"slices"
	"testing"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
)

// TestGrow compares products of matrices that one task writes in several pieces, in room
// that grows, with those that several tasks count first.
func TestGrow(t *testing.T) {
	k, err := ir.ParseKernel("kernel k; dim M K; in A f64[M,K] csr, B f64[K,M] csr; out o f64[M,M] csr; axis i<M, j<M, k<K;  o[i,j] = fma.stored1[k](A[i,k], B[k,j])")
	if err != nil {
		t.Fatal(err)
	}
	e, err := New().Compile(t.Context(), k)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	for _, c := range []struct {
		rows, perRow int
		banded       bool
	}{{2000, 20, false}, {2000, 20, true}, {600, 60, false}, {1, 1, true}} {
		m := benchmarkMatrix(c.rows, c.perRow, c.banded)
		if c.banded && c.rows > 1 { // the first rows are the longest
			m = benchmarkMatrix(c.rows/4, c.perRow*4, true)
			m.Extents = []int64{int64(c.rows), int64(c.rows)}
			for range c.rows - c.rows/4 {
				m.Pos[1] = append(m.Pos[1], m.Pos[1][len(m.Pos[1])-1])
			}
		}
		product := func(threads int) *Data {
			out := *m.Array()
			out.Buf = &Data{}
			n := int64(c.rows)
			if err := e.Run(t.Context(), &lower.Args{Dims: []int64{n, n}, Threads: threads, Arrays: []lower.Array{*m.Array(), *m.Array(), out}}); err != nil {
				t.Fatal(err)
			}
			return out.Buf.(*Data)
		}
		got, want := product(1), product(2)
		if !slices.Equal(got.Pos[1], want.Pos[1]) || !slices.Equal(got.Crd[1], want.Crd[1]) || !slices.Equal(got.Vals.Bytes(), want.Vals.Bytes()) {
			t.Errorf("%+v: one task and several differ: %d and %d elements", c, got.Stored(), want.Stored())
		}
		if had := cap(got.Crd[1]); had > 2*len(got.Crd[1])+16 {
			t.Errorf("%+v: room for %d elements holds %d", c, had, len(got.Crd[1]))
		}
	}
}
