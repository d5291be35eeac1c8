package sparse

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
)

// benchmarkMatrix returns a square matrix of about perRow elements a row: banded, or
// uniform.
func benchmarkMatrix(rows, perRow int, banded bool) *Data {
	r := rand.New(rand.NewPCG(1, 1))
	d := &Data{DType: ir.Float64, Extents: []int64{int64(rows), int64(rows)}, Format: &ir.Format{Levels: []ir.Level{ir.LevelDense, ir.LevelCompressed}},
		Pos: [][]int64{nil, {0}}, Crd: [][]int32{nil, nil}}
	var vals []float64
	row := make([]int32, 0, perRow)
	for i := range rows {
		row = row[:0]
		for k := range perRow {
			if c := i - perRow/2 + k; banded && c >= 0 && c < rows {
				row = append(row, int32(c))
			} else if !banded {
				row = append(row, int32(r.IntN(rows)))
			}
		}
		slices.Sort(row)
		row = slices.Compact(row)
		d.Crd[1] = append(d.Crd[1], row...)
		for range row {
			vals = append(vals, r.NormFloat64())
		}
		d.Pos[1] = append(d.Pos[1], int64(len(vals)))
	}
	d.Vals = lower.HostOf(vals)
	return d
}

// BenchmarkKernels runs the usual kernels on large matrices.
func BenchmarkKernels(b *testing.B) {
	const rows, perRow = 200_000, 20
	for _, c := range []struct{ name, text string }{
		{"spmv", "kernel k; dim M K; in A f64[M,K] csr, x f64[K]; out y f64[M]; axis i<M, k<K;  y[i] = fma.stored[k](A[i,k], x[k])"},
		{"spmm", "kernel k; dim M K; in A f64[M,K] csr, X f64[K,32]; out Y f64[M,32]; axis i<M, j<32, k<K;  Y[i,j] = fma.stored[k](A[i,k], X[k,j])"},
		{"scale", "kernel k; dim M K; in A f64[M,K] csr; out o f64[M,K] csr; axis i<M, k<K;  o[i,k] = A[i,k]*2.5"},
		{"add", "kernel k; dim M K; in A f64[M,K] csr, B f64[M,K] csr; out o f64[M,K] csr; axis i<M, k<K;  o[i,k] = A[i,k] + B[i,k]"},
		{"multiply", "kernel k; dim M K; in A f64[M,K] csr, B f64[M,K] csr; out o f64[M,K] csr; axis i<M, k<K;  o[i,k] = A[i,k]*B[i,k]"},
		{"spgemm", "kernel k; dim M K; in A f64[M,K] csr, B f64[K,M] csr; out o f64[M,M] csr; axis i<M, j<M, k<K;  o[i,j] = fma.stored1[k](A[i,k], B[k,j])"},
		{"sddmm", "kernel k; dim M K; in A f64[M,K] csr, X f64[M,32], Y f64[K,32]; out o f64[M,K] csr; local t f64[M,K]; axis i<M, j<K, r<32;  t[i,j] = fma.chain[r](X[i,r], Y[j,r]) over A[i,j]; o[i,j] = A[i,j]*t[i,j]"},
	} {
		for _, banded := range []bool{true, false} {
			for _, threads := range []int{1, 2} {
				b.Run(fmt.Sprintf("%s/banded=%v/threads=%d", c.name, banded, threads), func(b *testing.B) {
					n := rows
					if c.name == "spgemm" {
						n /= 10
					}
					k, err := ir.ParseKernel(c.text)
					if err != nil {
						b.Fatal(err)
					}
					e, err := New().Compile(b.Context(), k)
					if err != nil {
						b.Fatal(err)
					}
					defer e.Close()
					m := benchmarkMatrix(n, perRow, banded)
					a := &lower.Args{Dims: []int64{int64(n), int64(n)}, Threads: threads}
					for _, o := range k.Operands {
						x := *m.Array()
						switch {
						case o.Role == ir.Local:
							continue
						case !o.Format.Sparse():
							width := 1
							if len(o.Shape) > 1 {
								width = 32
							}
							v := make([]float64, n*width)
							for i := range v {
								v[i] = float64(i%17) + 0.5
							}
							x = lower.Array{DType: ir.Float64, Buf: lower.HostOf(v), Strides: []int64{int64(width), 1}, Extents: []int64{int64(n), int64(width)}}
							x.Strides, x.Extents = x.Strides[2-len(o.Shape):], x.Extents[:len(o.Shape)]
						case o.Role == ir.Out:
							x.Buf = &Data{}
						}
						a.Arrays = append(a.Arrays, x)
					}
					for b.Loop() {
						if err := e.Run(context.Background(), a); err != nil {
							b.Fatal(err)
						}
					}
					b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(m.Stored()), "ns/nonzero")
				})
			}
		}
	}
}
