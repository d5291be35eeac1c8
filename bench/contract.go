package main

import (
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas32"
	"gonum.org/v1/gonum/blas/blas64"

	np "github.com/numen-go/numen/expr"
)

// contractProblems are products of vectors and matrices.
func contractProblems() []*problem {
	var all []*problem
	for _, n := range []int{1e4, 1e7} {
		all = append(all, &problem{
			name: "contract/dot/" + power(n), title: "a @ b of vectors",
			in:    uniform("ab", np.Float64, 0.5, 1.5, n),
			build: func(x []np.Array) np.Array { return np.Dot(x[0], x[1]) },
			plain: floats(func(in []array, a, out []float64) {
				b := of[float64](in[1])
				out[0] = sums(len(a), func(lo, hi int) float64 {
					s := 0.0
					for i := lo; i < hi; i++ {
						s += a[i] * b[i]
					}
					return s
				})
			}, nil),
			gonum: func(in []array, out array) {
				of[float64](out)[0] = blas64.Dot(vector(in[0]), vector(in[1]))
			},
			python: "a @ b", numexpr: "sum(a * b)",
			work: perElement(2), tolerance: 1e-11,
		})
	}
	for _, n := range []int{256, 4096} {
		all = append(all, &problem{
			name: "contract/matvec/" + power(n), title: "a @ b of a matrix and a vector",
			in: []input{
				{name: "a", dtype: np.Float64, shape: []int{n, n}, lo: 0.5, hi: 1.5},
				{name: "b", dtype: np.Float64, shape: []int{n}, lo: 0.5, hi: 1.5, stream: 1},
			},
			build: func(x []np.Array) np.Array { return np.Dot(x[0], x[1]) },
			plain: floats(func(in []array, a, out []float64) {
				b := of[float64](in[1])
				parallel(len(b), max(1, (1<<12)/len(b)), func(lo, hi int) {
					for i := lo; i < hi; i++ {
						s := 0.0
						for j, v := range a[i*len(b) : (i+1)*len(b)] {
							s += v * b[j]
						}
						out[i] = s
					}
				})
			}, nil),
			gonum: func(in []array, out array) {
				blas64.Gemv(blas.NoTrans, 1, matrix64(in[0]), vector(in[1]), 0, vector(out))
			},
			python: "a @ b",
			work:   perElement(2), tolerance: 1e-12,
		})
	}
	for _, m := range []struct {
		d np.DType
		n int
	}{{np.Float64, 64}, {np.Float64, 256}, {np.Float64, 1024}, {np.Float32, 1024}} {
		tolerance := 1e-12
		if m.d == np.Float32 {
			tolerance = 1e-5
		}
		all = append(all, &problem{
			name: "contract/gemm/" + m.d.String() + "/" + power(m.n), title: "a @ b of matrices",
			in:     uniform("ab", m.d, 0.5, 1.5, m.n, m.n),
			build:  func(x []np.Array) np.Array { return np.Dot(x[0], x[1]) },
			plain:  floats(gemmLoops[float64], gemmLoops[float32]),
			gonum:  gemmGonum,
			python: "a @ b",
			work:   func(shapes [][]int) int { return 2 * shapes[0][0] * elements(shapes[0]) }, tolerance: tolerance,
		})
	}
	return all
}

func gemmLoops[T float64 | float32](in []array, a, out []T) {
	n, b := in[0].shape[0], of[T](in[1])
	parallel(n, 1, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			row := out[i*n : (i+1)*n]
			clear(row)
			for k, v := range a[i*n : (i+1)*n] {
				for j, w := range b[k*n : (k+1)*n] {
					row[j] += v * w
				}
			}
		}
	})
}

func gemmGonum(in []array, out array) {
	if _, ok := out.data.([]float64); ok {
		blas64.Gemm(blas.NoTrans, blas.NoTrans, 1, matrix64(in[0]), matrix64(in[1]), 0, matrix64(out))
		return
	}
	blas32.Gemm(blas.NoTrans, blas.NoTrans, 1, matrix32(in[0]), matrix32(in[1]), 0, matrix32(out))
}

func vector(a array) blas64.Vector {
	v := of[float64](a)
	return blas64.Vector{N: len(v), Inc: 1, Data: v}
}

func matrix64(a array) blas64.General {
	return blas64.General{Rows: a.shape[0], Cols: a.shape[1], Stride: a.shape[1], Data: of[float64](a)}
}

func matrix32(a array) blas32.General {
	return blas32.General{Rows: a.shape[0], Cols: a.shape[1], Stride: a.shape[1], Data: of[float32](a)}
}
