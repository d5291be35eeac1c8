package np_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	np "github.com/numen-go/numen/expr"
)

// The founding program: in Python y = x.T.dot(np.log(x) + 1); z = y - y.mean(axis=0).
func Example() {
	x := np.FromRows([][]float64{{1, 2}, {3, 4}, {5, 6}})
	y := np.Dot(x.T(), np.Add(np.Log(x), 1))
	z := np.Subtract(y, np.Mean(y, np.Axis(0)))
	v, err := z.Slice(np.To(1)).Eval(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.4f\n", v)
	// Output: [[-2.8540 -3.4356]]
}

func ExampleArray_Slice() {
	x := np.Reshape(np.Arange(0, 12, 1), 3, 4)
	part := x.Slice(np.From(1), np.Whole.Step(-2))
	rows := x.Slice(np.Of(2, 0))
	fmt.Println(np.Must(part.Eval(context.Background())))
	fmt.Println(np.Must(rows.Eval(context.Background())))
	// Output:
	// [[ 7  5]
	//  [11  9]]
	// [[ 8  9 10 11]
	//  [ 0  1  2  3]]
}

func ExampleArray_At() {
	x := np.Zeros(np.Shape{2, 4})
	x = x.At(np.Whole, np.To(2)).Set(1)
	x = x.At(np.Of(1, 1, 0)).Add(10) // row 1 twice
	fmt.Println(np.Must(x.Eval(context.Background())))
	// Output:
	// [[11. 11. 10. 10.]
	//  [21. 21. 20. 20.]]
}

func ExampleEinsum() {
	a := np.FromRows([][]int{{1, 2}, {3, 4}})
	trace := np.Einsum("ii", a)
	product := np.Einsum("ij,jk->ik", a, a)
	r, err := np.Eval(context.Background(), []np.Array{trace, product})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(r[0])
	fmt.Println(r[1])
	// Output:
	// 5
	// [[ 7 10]
	//  [15 22]]
}

func ExampleEval() {
	x := np.Of(1.0, 2, 3, 4)
	type stats struct{ Mean, Std np.Array }
	s, err := np.Eval(context.Background(), stats{np.Mean(x), np.Std(x)})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.3f %.3f\n", s.Mean, s.Std)
	// Output: 2.500 1.118
}

func ExampleCompile() {
	type in struct{ X, Rate np.Array }
	step := np.Compile(func(in in) np.Array { return np.Multiply(in.X, in.Rate) })
	x := np.Of(1.0, 2, 3)
	for _, rate := range []float64{0.5, 0.25} {
		var err error
		if x, err = step.Call(context.Background(), in{x, np.Scalar(rate)}); err != nil {
			log.Fatal(err)
		}
	}
	fmt.Println(x)
	// Output: [0.125 0.25  0.375]
}

func ExampleProgram_Bind() {
	ctx := context.Background()
	score := np.Compile(func(x np.Array) np.Array { return np.Sum(np.Square(x), np.Axis(-1)) })
	b, err := score.Bind(ctx, np.Spec(np.Float32, 2, 3))
	if err != nil {
		log.Fatal(err)
	}
	defer b.Close()
	in := np.Must(np.InputSlot[float32](b, ""))
	out := np.Must(np.OutputSlot[float32](b, ""))
	copy(in, []float32{1, 2, 3, 4, 5, 6})
	if err := b.Run(ctx); err != nil {
		log.Fatal(err)
	}
	fmt.Println(out)
	// Output: [14 77]
}

func ExampleError() {
	y := np.Add(np.Of(1.0, 2), np.Log(np.Of(1.0, 2, 3)))
	var e *np.Error
	if errors.As(y.Err(), &e) {
		fmt.Println(e.Func, e.Operands)
		fmt.Println(e.Detail)
	}
	fmt.Println(errors.Is(y.Err(), np.ErrShape))
	// Output:
	// Add [float64[2] float64[3]]
	// shapes do not broadcast: axis -1 has 2 and 3
	// true
}

func ExampleTreeMap() {
	type params struct{ W, B np.Array }
	p := params{np.Of(1.0, 2), np.Of(3.0)}
	halved := np.TreeMap(p, func(a np.Array) np.Array { return np.Divide(a, 2) })
	h := np.Must(np.Eval(context.Background(), halved))
	fmt.Println(h.W, h.B)
	// Output: [0.5 1. ] [1.5]
}
