package sparse

import (
	"slices"
	"testing"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
)

// TestGrow compares what one task writes in several pieces, in room that grows, with what
// several tasks count first.
func TestGrow(t *testing.T) {
	for name, text := range map[string]string{
		"product":  "kernel k; dim M K; in A f64[M,K] csr, B f64[K,M] csr; out o f64[M,M] csr; axis i<M, j<M, k<K;  o[i,j] = fma.stored1[k](A[i,k], B[k,j])",
		"sum":      "kernel k; dim M K; in A f64[M,K] csr, B f64[M,K] csr; out o f64[M,K] csr; axis i<M, k<K;  o[i,k] = A[i,k] + B[i,k]",
		"multiply": "kernel k; dim M K; in A f64[M,K] csr, B f64[M,K] csr; out o f64[M,K] csr; axis i<M, k<K;  o[i,k] = A[i,k]*B[i,k]",
		"scale":    "kernel k; dim M K; in A f64[M,K] csr, B f64[M,K] csr; out o f64[M,K] csr; axis i<M, k<K;  o[i,k] = A[i,k]*2.5",
	} {
		t.Run(name, func(t *testing.T) { testGrow(t, text) })
	}
}

func testGrow(t *testing.T, text string) {
	k, err := ir.ParseKernel(text)
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
	}{{2000, 20, false}, {2000, 20, true}, {600, 60, false}, {40_000, 20, false}, {1, 1, true}} {
		if c.rows > 2000 && k.Stmts[0].Sink == ir.Reduce {
			continue // the others need more rows to have several pieces
		}
		other := benchmarkMatrix(c.rows, c.perRow/2+1, true)
		m := benchmarkMatrix(c.rows, c.perRow, c.banded)
		if c.banded && c.rows > 1 { // the first rows are the longest
			m = benchmarkMatrix(c.rows/4, c.perRow*4, true)
			m.Extents = []int64{int64(c.rows), int64(c.rows)}
			for range c.rows - c.rows/4 {
				m.Pos[1] = append(m.Pos[1], m.Pos[1][len(m.Pos[1])-1])
			}
		}
		if k.Stmts[0].Sink == ir.Reduce {
			other = m
		}
		run := func(threads int) *Data {
			out := *m.Array()
			out.Buf = &Data{}
			n := int64(c.rows)
			if err := e.Run(t.Context(), &lower.Args{Dims: []int64{n, n}, Threads: threads, Arrays: []lower.Array{*m.Array(), *other.Array(), out}}); err != nil {
				t.Fatal(err)
			}
			return out.Buf.(*Data)
		}
		got, want := run(1), run(2)
		if !slices.Equal(got.Pos[1], want.Pos[1]) || !slices.Equal(got.Crd[1], want.Crd[1]) || !slices.Equal(got.Vals.Bytes(), want.Vals.Bytes()) {
			t.Errorf("%+v: one task and several differ: %d and %d elements", c, got.Stored(), want.Stored())
		}
		if had := cap(got.Crd[1]); had > 2*len(got.Crd[1])+16 {
			t.Errorf("%+v: room for %d elements holds %d", c, had, len(got.Crd[1]))
		}
	}
}
