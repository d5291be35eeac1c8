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
	for _, d := range []np.DType{np.Float64, np.Float32} {
		for _, n := range []int{8, 16, 32, 64, 256, 1024, 2048} {
			p := product("gemm/"+d.String()+"/"+power(n), d, []int{n, n}, []int{n, n})
			p.gonum = gemmGonum
			if n > 1024 {
				p.without = plainGo // which takes seconds a call
			}
			all = append(all, p)
		}
		few := product("skinny/"+d.String()+"/6x1024x1024", d, []int{6, 1024}, []int{1024, 1024})
		thin := product("skinny/"+d.String()+"/1024x1024x8", d, []int{1024, 1024}, []int{1024, 8})
		few.gonum, thin.gonum = gemmGonum, gemmGonum
		all = append(all, few, thin, product("batch/"+d.String()+"/1024x32x32", d, []int{1024, 32, 32}, []int{1024, 32, 32}))
	}
	return all
}

// product is a product of matrices, or of stacks of them.
func product(name string, d np.DType, a, b []int) *problem {
	p := &problem{
		name: "contract/" + name, title: "a @ b of matrices",
		in: []input{
			{name: "a", dtype: d, shape: a, lo: 0.5, hi: 1.5},
			{name: "b", dtype: d, shape: b, lo: 0.5, hi: 1.5, stream: 1},
		},
		build:  func(x []np.Array) np.Array { return np.MatMul(x[0], x[1]) },
		plain:  floats(gemmLoops[float64], gemmLoops[float32]),
		python: "a @ b",
		work: func(shapes [][]int) int {
			return 2 * elements(shapes[0]) * shapes[1][len(shapes[1])-1]
		},
		tolerance: 1e-12,
	}
	if d == np.Float32 {
		p.tolerance = 1e-5
	}
	if len(a) > 2 {
		p.without = "numba" // which multiplies matrices alone
	}
	return p
}

// gemmLoops multiplies matrices, or stacks of them, row by row.
func gemmLoops[T float64 | float32](in []array, a, out []T) {
	rank := len(in[0].shape)
	m, k, n := in[0].shape[rank-2], in[0].shape[rank-1], in[1].shape[rank-1]
	b := of[T](in[1])
	parallel(len(a)/k, max(1, (1<<14)/(k*n)), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			row, right := out[i*n:(i+1)*n], b[i/m*k*n:]
			clear(row)
			for l, v := range a[i*k : (i+1)*k] {
				for j, w := range right[l*n : (l+1)*n] {
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
