package main

import (
	"bytes"
	"context"
	"fmt"
	"math"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"

	"github.com/numen-go/numen/bench/data"
	np "github.com/numen-go/numen/expr"
	"github.com/numen-go/numen/expr/npy"
	"github.com/numen-go/numen/lower"
)

// kept is how many rows of the founding program's matrix are asked for.
const kept = 5

// foundingProblems are the founding program on real and on random numbers.
func foundingProblems() []*problem {
	heights, shape := elevation()
	return []*problem{
		foundingOn("founding/elevation", input{name: "x", dtype: np.Float64, shape: shape, data: heights}),
		foundingOn("founding/random", uniform("x", np.Float64, 0.5, 2, 20000, 200)[0]),
	}
}

// elevation returns the heights that ship with the repository as float64.
func elevation() ([]float64, []int) {
	x := np.Must(npy.Read(bytes.NewReader(data.ElevationNPY)))
	heights := np.Must(np.AliasValues[int16](x))
	out := make([]float64, len(heights))
	for i, h := range heights {
		out[i] = float64(h)
	}
	return out, x.Shape()
}

// inputProblem is the founding program on the matrix in a file. Floats stay as wide as
// they are, other numbers become float64.
func inputProblem(ctx context.Context, path string) (*problem, error) {
	x, err := npy.Load(path)
	if err != nil {
		return nil, err
	}
	if x.NDim() != 2 || x.Size() == 0 {
		return nil, fmt.Errorf("%s holds an array of shape %v, a matrix is wanted", path, x.Shape())
	}
	if d := x.DType(); d != np.Float32 && d != np.Float64 {
		x = x.AsType(np.Float64)
	}
	a, err := values(ctx, x, np.On(lower.Names()...))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return foundingOn("founding/input", input{name: "x", dtype: x.DType(), shape: x.Shape(), data: a.data}), nil
}

func foundingOn(name string, in input) *problem {
	p := &problem{
		name:   name,
		title:  "y = x.T @ (log(x) + 1); z = y - mean(y, axis=0); z[:5]",
		in:     []input{in},
		judged: true,
		build: func(x []np.Array) np.Array {
			y := np.Dot(x[0].T(), np.Add(np.Log(x[0]), 1))
			z := np.Subtract(y, np.Mean(y, np.Axis(0)))
			return z.Slice(np.To(kept))
		},
		plain: floats(foundingLoops[float64], foundingLoops[float32]),
		python: `y = x.T @ (np.log(x) + 1)
			z = y - np.mean(y, axis=0)
			z[:5]`,
		numba: `
			y = x.T @ (np.log(x) + 1)
			k = y.shape[0]
			for j in prange(k):
			    mean = y[:, j].mean()
			    for i in range(min(5, k)):
			        out[i, j] = y[i, j] - mean`,
		work: func(shapes [][]int) int {
			n, k := shapes[0][0], shapes[0][1]
			return 2*n*k*k + 2*n*k + k*k + k + kept*k
		},
		tolerance: 1e-9,
	}
	if in.dtype == np.Float32 {
		p.tolerance = 1e-2 // the columns' means cancel most of a float32's digits
	} else {
		p.gonum = foundingGonum
	}
	return p
}

func foundingLoops[T float64 | float32](in []array, x []T, z []T) {
	n, k := in[0].shape[0], in[0].shape[1]
	w := make([]T, n*k)
	parallel(n*k, 1<<12, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			w[i] = T(math.Log(float64(x[i]))) + 1
		}
	})
	y := make([]T, k*k)
	parallel(k, 1, func(lo, hi int) {
		for i := range n {
			wi := w[i*k : (i+1)*k]
			for j := lo; j < hi; j++ {
				xij, yj := x[i*k+j], y[j*k:(j+1)*k]
				for l, v := range wi {
					yj[l] += xij * v
				}
			}
		}
	})
	centre(y, k, z)
}

// centre subtracts from the first rows of a square matrix its columns' means.
func centre[T float64 | float32](y []T, k int, z []T) {
	mean := make([]T, k)
	for j := range k {
		for l, v := range y[j*k : (j+1)*k] {
			mean[l] += v
		}
	}
	for i := range z {
		z[i] = y[i] - mean[i%k]/T(k)
	}
}

func foundingGonum(in []array, out array) {
	n, k := in[0].shape[0], in[0].shape[1]
	x, w, y := of[float64](in[0]), make([]float64, n*k), make([]float64, k*k)
	parallel(n*k, 1<<12, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			w[i] = math.Log(x[i]) + 1
		}
	})
	matrix := func(rows int, v []float64) blas64.General {
		return blas64.General{Rows: rows, Cols: k, Stride: k, Data: v}
	}
	blas64.Gemm(blas.Trans, blas.NoTrans, 1, matrix(n, x), matrix(n, w), 0, matrix(k, y))
	centre(y, k, of[float64](out))
}
