package matrix

import (
	"errors"
	"testing"

	np "github.com/numen-go/numen/expr"
	"github.com/numen-go/numen/expr/sparse"
	"github.com/numen-go/numen/ir"
	rt "github.com/numen-go/numen/runtime"
)

// sparseCases are the smallest programs of what random ones found wrong once.
var sparseCases = []struct {
	name  string
	build func(t *testing.T) np.Array
}{
	{"what a vector of one position leaves out stays left out in a second product", func(t *testing.T) np.Array {
		none, some := coo(t, sparse.Vector, []int{1}, nil, 0), coo(t, sparse.Vector, []int{1}, []float64{-2.75}, 0)
		return np.Multiply(some, np.Multiply(none, 2.5))
	}},
	{"what is taken at one position of a list that stores nothing is not stored", func(t *testing.T) np.Array {
		a, b := coo(t, sparse.CSC, []int{3, 5}, nil, 0), coo(t, sparse.CSR, []int{1, 5}, nil, -0.5)
		return np.Multiply(b, np.Take(a, np.FromSlice([]int64{1}), 0))
	}},
	{"one position that stores nothing, broadcast, stores nothing", func(t *testing.T) np.Array {
		a, b := coo(t, sparse.Vector, []int{1}, nil, 0), coo(t, sparse.Vector, []int{4}, []float64{-2, -3, -4, -5}, 1)
		return np.Multiply(np.Pad(a, np.PadEdge, [2]int{1, 2}), b)
	}},
}

// coo returns an array that stores values at its first positions, the last axis first.
func coo(t *testing.T, l sparse.Layout, shape []int, values []float64, fill float64) np.Array {
	t.Helper()
	at := make([][]int, len(shape))
	for n := range values {
		for d := len(shape) - 1; d >= 0; d-- {
			at[d] = append(at[d], n%shape[d])
			n /= shape[d]
		}
	}
	a, err := sparse.FromCOO(l, shape, at, values, fill)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestSparseCases(t *testing.T) {
	e := rt.New(rt.Config{Targets: []string{"cpu"}})
	defer e.Close()
	for _, c := range sparseCases {
		t.Run(c.name, func(t *testing.T) {
			if _, err := compared(t, e, c.build(t)); err != nil {
				t.Error(err)
			}
		})
	}
}

// compared evaluates an array and compares its bits with the evaluator's.
func compared(t *testing.T, e *rt.Engine, a np.Array) (format *ir.Format, err error) {
	if a.Err() != nil {
		return nil, a.Err()
	}
	nodes := []*ir.Node{np.NodeOf(a)}
	got, err := e.Eval(t.Context(), nodes, nil)
	if err != nil {
		return nil, err
	}
	want, err := reference(t.Context(), e, nodes)
	if err != nil {
		return nil, errors.Join(errors.New("the evaluator"), err)
	}
	host, err := e.Convert(t.Context(), got[0], nil)
	if err != nil {
		return nil, err
	}
	return got[0].Format, differs(host.DType, elements(host), want[0].Elems)
}
