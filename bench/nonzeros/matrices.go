package nonzeros

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"

	np "github.com/numen-go/numen/expr"
	"github.com/numen-go/numen/expr/sparse"
	"github.com/numen-go/numen/lower"
	held "github.com/numen-go/numen/lower/sparse"
)

// A pattern says where the elements of a square matrix are.
type pattern struct {
	name string
	// row appends the columns of row i to c, in any order, some perhaps twice. perRow is
	// how many a row has on average.
	row func(c []int32, r *rand.Rand, i, n, perRow int) []int32
}

// patterns are a matrix of differences, one without structure, and a graph with hubs.
var patterns = []pattern{
	{"banded", func(c []int32, _ *rand.Rand, i, n, perRow int) []int32 {
		for k := max(0, i-perRow/2); k < min(n, i-perRow/2+perRow); k++ {
			c = append(c, int32(k))
		}
		return c
	}},
	{"uniform", func(c []int32, r *rand.Rand, _, n, perRow int) []int32 {
		for range perRow {
			c = append(c, int32(r.IntN(n)))
		}
		return c
	}},
	{"power-law", func(c []int32, r *rand.Rand, _, n, perRow int) []int32 {
		// Degrees follow a Pareto law of exponent 2, cut at a hundredth of the columns;
		// columns are likelier the smaller, and lie scattered over the matrix.
		degree := min(float64(perRow)*0.55/math.Sqrt(1-r.Float64()), float64(n)/100)
		for range int(degree) + 1 {
			u := r.Float64()
			popular := uint64(float64(n) * u * u)
			c = append(c, int32(popular*2654435761%uint64(n)))
		}
		return c
	}},
}

// matrix is a CSR matrix.
type matrix struct {
	rows int
	pos  []int64
	crd  []int32
	vals []float64
}

// newMatrix returns an n by n matrix. Values are spread evenly from 0.5 to 1.5: they are
// never zero, and sums of products never cancel.
func newMatrix(p pattern, n, perRow int, seed uint64) *matrix {
	r := rand.New(rand.NewPCG(seed, uint64(n)))
	m := &matrix{rows: n, pos: []int64{0}}
	var row []int32
	for i := range n {
		row = p.row(row[:0], r, i, n, perRow)
		slices.Sort(row)
		m.crd = append(m.crd, slices.Compact(row)...)
		m.pos = append(m.pos, int64(len(m.crd)))
	}
	m.vals = random(r, len(m.crd))
	return m
}

func random(r *rand.Rand, n int) []float64 {
	v := make([]float64, n)
	for i := range v {
		v[i] = 0.5 + r.Float64()
	}
	return v
}

func (m *matrix) array() (np.Array, error) {
	return sparse.FromCSR(m.rows, m.rows, m.pos, m.crd, m.vals)
}

// tensor returns the elements in three axes: a column becomes two positions.
func (m *matrix) tensor() (np.Array, error) {
	inner := side(m.rows)
	coords := make([][]int, 3)
	for i := range m.rows {
		for _, c := range m.crd[m.pos[i]:m.pos[i+1]] {
			for a, x := range [3]int{i, int(c) / inner, int(c) % inner} {
				coords[a] = append(coords[a], x)
			}
		}
	}
	return sparse.FromCOO(sparse.CSF(3), []int{m.rows, m.rows/inner + 1, inner}, coords, m.vals, 0)
}

// side is the extent of a tensor's last axis: about the root of the columns.
func side(n int) int { return max(1, int(math.Sqrt(float64(n)))) }

// dense returns a dense array of random elements.
func dense(seed uint64, shape ...int) np.Array {
	n := 1
	for _, e := range shape {
		n *= e
	}
	return np.AliasSlice(random(rand.New(rand.NewPCG(seed, uint64(n))), n), shape...)
}

// data returns what a sparse array that has its elements stores.
func data(a np.Array) (*held.Data, error) {
	x, ok := np.NodeOf(a).Data.(*lower.Array)
	if !ok {
		return nil, errors.New("the array has no elements")
	}
	return held.Of(x)
}
