package programs

import (
	np "github.com/numen-go/numen/expr"
	"github.com/numen-go/numen/expr/random"
)

var movements = []Program{
	{"transpose", "x.T with its rows reversed", []Input{normal(34, 21)}, one(func(x []np.Array) np.Array { return np.Flip(x[0].T(), 0) })},
	{"slices", "every second element of a part, doubled", []Input{normal(50, 40)}, one(func(x []np.Array) np.Array {
		return x[0].Slice(np.Range(3, 47).Step(2), np.From(5)).Multiply(2)
	})},
	{"joined", "x above 2 x, beside itself", []Input{normal(15, 12)}, func(x []np.Array) []np.Array {
		return []np.Array{np.Concat(0, x[0], x[0].Multiply(2)), np.Stack(1, x[0], x[0])}
	}},
	{"reshaped", "x as one row, and in groups of rows", []Input{normal(24, 15)}, func(x []np.Array) []np.Array {
		return []np.Array{np.Ravel(x[0]), np.Sum(np.Reshape(x[0], 6, 4, 15), np.Axis(1))}
	}},
	{"blur", "the mean of nine neighbours", []Input{normal(30, 30)}, one(func(x []np.Array) np.Array {
		var sum np.Array
		for i := range 3 {
			for j := range 3 {
				part := x[0].Slice(np.Range(i, 28+i), np.Range(j, 28+j))
				if i+j == 0 {
					sum = part
				} else {
					sum = np.Add(sum, part)
				}
			}
		}
		return sum.Divide(9)
	})},
	{"laplace", "differences of a padded array", []Input{normal(26, 24)}, one(func(x []np.Array) np.Array {
		p := np.Pad(x[0], np.PadConstant, [2]int{1, 1}, [2]int{1, 1})
		around := np.Add(np.Add(p.Slice(np.To(26), np.Range(1, 25)), p.Slice(np.From(2), np.Range(1, 25))), np.Add(p.Slice(np.Range(1, 27), np.To(24)), p.Slice(np.Range(1, 27), np.From(2))))
		return np.Subtract(around, x[0].Multiply(4))
	})},
	{"rolled", "x moved round, and repeated", []Input{normal(12, 18)}, func(x []np.Array) []np.Array {
		return []np.Array{np.Roll(x[0], 5, 1), np.Tile(x[0], 2, 1)}
	}},
	{"window", "mean and largest of a window of seven", []Input{normal(6, 90)}, func(x []np.Array) []np.Array {
		w := np.SlidingWindow(x[0], np.Shape{7}, 1)
		return []np.Array{np.Mean(w, np.Axis(2)), np.Max(w, np.Axis(2))}
	}},
	{"rowsof", "rows of a table by number", []Input{full(40, 8), whole(np.Int64, 40, 25)}, one(func(x []np.Array) np.Array {
		return np.Take(x[0], x[1], 0)
	})},
	{"triangle", "the lower triangle, and the diagonal's sum", []Input{normal(25, 25)}, func(x []np.Array) []np.Array {
		return []np.Array{np.Tril(x[0], 0), np.Sum(np.Multiply(x[0], np.Eye(25)))}
	}},
	{"montecarlo", "the share of random points inside a quarter circle, plus x", []Input{full(3)}, one(func(x []np.Array) np.Array {
		p := random.Uniform(random.New(7), np.Shape{1500, 2})
		inside := np.LessEqual(np.Sum(np.Square(p), np.Axis(1)), 1)
		return np.Add(np.Mean(np.AsType(inside, np.Float64)).Multiply(4), x[0])
	})},
}

// models are steps of well-known methods.
var models = []Program{
	{"regression", "the gradient of a linear model", []Input{normal(120, 10), full(10), full(120)}, one(func(x []np.Array) np.Array {
		rest := np.Subtract(np.Dot(x[0], x[1]), x[2])
		return np.Dot(x[0].T(), rest).Divide(120)
	})},
	{"kmeans", "the nearest centre of every point", []Input{full(70, 3), full(5, 3)}, one(func(x []np.Array) np.Array {
		d := np.Subtract(np.ExpandDims(x[0], 1), np.ExpandDims(x[1], 0))
		return np.ArgMin(np.Sum(np.Square(d), np.Axis(2)), 1)
	})},
	{"pagerank", "three steps of .85 A r + .15 / n", []Input{normal(40, 40), full(40)}, one(func(x []np.Array) np.Array {
		r := x[1]
		for range 3 {
			r = np.Add(np.Dot(x[0], r).Multiply(0.85), 0.15/40)
		}
		return r
	})},
	{"network", "two layers with relu and softmax", []Input{normal(16, 20), full(20, 24), full(24), full(24, 5)}, one(func(x []np.Array) np.Array {
		h := np.Maximum(np.Add(np.MatMul(x[0], x[1]), x[2]), 0)
		o := np.MatMul(h, x[3])
		e := np.Exp(np.Subtract(o, np.Max(o, np.Axis(1), np.KeepDims)))
		return np.Divide(e, np.Sum(e, np.Axis(1), np.KeepDims))
	})},
	{"integral", "the trapezoid rule under samples", []Input{full(400)}, one(func(x []np.Array) np.Array {
		t := np.Linspace(0, 1, 400)
		mean := np.Add(x[0].Slice(np.From(1)), x[0].Slice(np.To(399))).Multiply(0.5)
		return np.Sum(np.Multiply(mean, np.Diff(t, 0)))
	})},
}
