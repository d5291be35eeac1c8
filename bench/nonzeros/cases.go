package nonzeros

import (
	np "github.com/numen-go/numen/expr"
)

// A kernel is a computation with sparse matrices.
type kernel struct {
	name, title string
	rows        int // of the matrices
	perRow      int // elements of a row, on average
	operands    func(m *operands) []np.Array
	build       func(x []np.Array) np.Array
	sparse      bool // the result is sparse
	threads     []int
	bars        []bar
}

// operands makes what kernels take, from one pattern.
type operands struct {
	pattern pattern
	n       int
	perRow  int
	err     error
}

func (o *operands) matrix(seed uint64) np.Array {
	a, err := newMatrix(o.pattern, o.n, o.perRow, seed).array()
	if o.err == nil {
		o.err = err
	}
	return a
}

func (o *operands) tensor() np.Array {
	a, err := newMatrix(o.pattern, o.n, o.perRow, 1).tensor()
	if o.err == nil {
		o.err = err
	}
	return a
}

// Widths of dense operands.
const (
	columns = 32 // k of products with dense matrices
	rank    = 16 // R of the product with a tensor's factors
)

var kernels = []kernel{
	{
		name: "spmv", title: "A @ x", rows: 200_000, perRow: 20, threads: []int{1, 2},
		operands: func(o *operands) []np.Array {
			return []np.Array{o.matrix(1), dense(2, o.n)}
		},
		build: func(x []np.Array) np.Array { return np.MatMul(x[0], x[1]) },
		bars:  []bar{{1, 1, "scipy"}, {2, 1.7, "scipy"}},
	},
	{
		name: "spmm", title: "A @ X, X of 32 columns", rows: 200_000, perRow: 20, threads: []int{1, 2},
		operands: func(o *operands) []np.Array { return []np.Array{o.matrix(1), dense(2, o.n, columns)} },
		build:    func(x []np.Array) np.Array { return np.MatMul(x[0], x[1]) },
		bars:     []bar{{1, 1.5, "scipy"}},
	},
	{
		name: "add", title: "A + B", rows: 200_000, perRow: 20, threads: []int{1, 2}, sparse: true,
		operands: func(o *operands) []np.Array { return []np.Array{o.matrix(1), o.matrix(2)} },
		build:    func(x []np.Array) np.Array { return np.Add(x[0], x[1]) },
		bars:     []bar{{1, 1, "scipy"}},
	},
	{
		name: "multiply", title: "A * B, element by element", rows: 200_000, perRow: 20, threads: []int{1, 2}, sparse: true,
		operands: func(o *operands) []np.Array { return []np.Array{o.matrix(1), o.matrix(2)} },
		build:    func(x []np.Array) np.Array { return np.Multiply(x[0], x[1]) },
		bars:     []bar{{1, 1, "scipy"}},
	},
	{
		name: "spgemm", title: "A @ B", rows: 100_000, perRow: 10, threads: []int{1, 2}, sparse: true,
		operands: func(o *operands) []np.Array { return []np.Array{o.matrix(1), o.matrix(2)} },
		build:    func(x []np.Array) np.Array { return np.MatMul(x[0], x[1]) },
		bars:     []bar{{1, 1, "scipy"}},
	},
	{
		name: "sddmm", title: "A * (X @ Y.T), X and Y of 32 columns; no dense product is formed", rows: 200_000, perRow: 10, threads: []int{1, 2}, sparse: true,
		operands: func(o *operands) []np.Array {
			return []np.Array{o.matrix(1), dense(2, o.n, columns), dense(3, o.n, columns)}
		},
		build: func(x []np.Array) np.Array { return np.Multiply(x[0], np.MatMul(x[1], np.MatrixTranspose(x[2]))) },
		bars:  []bar{{1, 1, "c"}},
	},
	{
		name: "mttkrp", title: `einsum("ijk,jr,kr->ir", T, X, Y), R = 16; T has the elements of a matrix whose columns are pairs`, rows: 200_000, perRow: 10, threads: []int{1, 2},
		operands: func(o *operands) []np.Array {
			return []np.Array{o.tensor(), dense(2, o.n/side(o.n)+1, rank), dense(3, side(o.n), rank)}
		},
		build: func(x []np.Array) np.Array { return np.Einsum("ijk,jr,kr->ir", x[0], x[1], x[2]) },
		bars:  []bar{{1, 1, "c"}},
	},
}

// A bar is what a figure must be: on so many threads, so many times as fast as another
// contender on one.
type bar struct {
	threads int
	times   float64
	than    string
}

// ofRoof is the share of the memory's bandwidth that a product of a banded matrix and a
// vector must reach, at 12 bytes an element plus the vectors.
const ofRoof = 0.6
