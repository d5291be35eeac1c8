package sparse_test

import (
	"context"
	"fmt"
	"log"

	np "github.com/numen-go/numen/expr"
	"github.com/numen-go/numen/expr/sparse"
)

// A matrix by rows times a vector visits what is stored.
func Example() {
	ctx := context.Background()
	a, err := sparse.FromCOO(sparse.CSR, []int{3, 4}, [][]int{{0, 2, 2}, {1, 0, 3}}, []float64{5, 7, 8}, 0)
	if err != nil {
		log.Fatal(err)
	}
	y, err := np.MatMul(a, np.Of(1.0, 10, 100, 1000)).Eval(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(y)
	// Output: [  50.    0. 8007.]
}

// The same elements, stored in several ways: a Layout is a list of levels. Rank 3 and more
// have COO, a list of coordinates, and CSF, lists of lists.
func ExampleLayout() {
	ctx := context.Background()
	a := np.Must(sparse.FromCOO(sparse.COO(2), []int{2, 3}, [][]int{{1, 0, 1}, {2, 0, 0}}, []int64{3, 1, 2}, 0))
	for _, l := range []sparse.Layout{sparse.COO(2), sparse.CSR, sparse.CSC} {
		b, err := sparse.As(ctx, a, l)
		if err != nil {
			log.Fatal(err)
		}
		coords, values, err := sparse.ToCOO[int64](ctx, b)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(l, coords, values)
	}
	// Output:
	// coo [[0 1 1] [0 0 2]] [1 2 3]
	// csr [[0 1 1] [0 0 2]] [1 2 3]
	// csc [[0 1 1] [0 0 2]] [1 2 3]
}

// What is not stored is the fill, which functions map like every element.
func ExampleFillValue() {
	ctx := context.Background()
	a := np.Must(sparse.FromDense(ctx, np.Of(1.0, 4, 1, 1), sparse.Vector, 1.0))
	b := np.Subtract(np.Sqrt(a), 1)
	fill, err := sparse.FillValue[float64](ctx, b)
	if err != nil {
		log.Fatal(err)
	}
	stored := np.Must(sparse.NNZ(ctx, b))
	fmt.Println(stored, "stored, the others are", fill)
	fmt.Println(np.Must(sparse.ToDense(ctx, b)))
	// Output:
	// 1 stored, the others are 0
	// [0. 1. 0. 0.]
}

// Products of three arrays visit what the sparse one stores: no dense product is made.
func ExampleFromCSR() {
	a := np.Must(sparse.FromCSR(2, 2, []int64{0, 1, 2}, []int32{1, 0}, []float64{10, 20}))
	u := np.FromRows([][]float64{{1, 2}, {3, 4}})
	v := np.FromRows([][]float64{{5, 6}, {7, 8}})
	sampled := np.Multiply(a, np.MatMul(u, v.T()))
	fmt.Println(np.Must(sparse.ToDense(context.Background(), sampled)))
	// Output:
	// [[  0. 230.]
	//  [780.   0.]]
}
