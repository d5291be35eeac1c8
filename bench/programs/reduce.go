package programs

import np "github.com/numen-go/numen/expr"

var reductions = []Program{
	{"total", "the sum of all elements, more than a block of them", []Input{normal(53, 61)}, one(func(x []np.Array) np.Array {
		return np.Sum(x[0])
	})},
	{"rows", "sum and largest of every row", []Input{normal(23, 130)}, func(x []np.Array) []np.Array {
		return []np.Array{np.Sum(x[0], np.Axis(1)), np.Max(x[0], np.Axis(1))}
	}},
	{"columns", "sum and mean of every column", []Input{normal(1100, 7)}, func(x []np.Array) []np.Array {
		return []np.Array{np.Sum(x[0], np.Axis(0)), np.Mean(x[0], np.Axis(0))}
	}},
	{"integers", "sum, smallest and product of int64", []Input{whole(np.Int64, 7, 40, 12)}, func(x []np.Array) []np.Array {
		return []np.Array{np.Sum(x[0]), np.Min(x[0], np.Axis(0)), np.Prod(x[0].Add(1), np.Axis(1))}
	}},
	{"counts", "whether any, all, how many are above zero", []Input{normal(35, 20)}, func(x []np.Array) []np.Array {
		above := np.Greater(x[0], 0)
		return []np.Array{np.Any(above, np.Axis(1)), np.All(above, np.Axis(0)), np.CountNonzero(above)}
	}},
	{"argmax", "where the largest and the smallest of every row are", []Input{normal(19, 44)}, func(x []np.Array) []np.Array {
		return []np.Array{np.ArgMax(x[0], 1), np.ArgMin(x[0], 0)}
	}},
	{"standardise", "(x - mean) / std of every column", []Input{normal(90, 8)}, one(func(x []np.Array) np.Array {
		return np.Divide(np.Subtract(x[0], np.Mean(x[0], np.Axis(0))), np.Std(x[0], np.Axis(0)))
	})},
	{"softmax", "exp(x - max) / sum exp(x - max) of every row", []Input{normal(26, 33)}, one(func(x []np.Array) np.Array {
		e := np.Exp(np.Subtract(x[0], np.Max(x[0], np.Axis(1), np.KeepDims)))
		return np.Divide(e, np.Sum(e, np.Axis(1), np.KeepDims))
	})},
	{"logsumexp", "log sum exp of every row", []Input{normal(26, 33)}, one(func(x []np.Array) np.Array {
		m := np.Max(x[0], np.Axis(1), np.KeepDims)
		return np.Add(np.Log(np.Sum(np.Exp(np.Subtract(x[0], m)), np.Axis(1))), np.Squeeze(m, 1))
	})},
	{"layernorm", "(x - mean) / sqrt(var + eps) g + b of every row, float32", []Input{normal(21, 48).of(np.Float32), full(48).of(np.Float32), full(48).of(np.Float32)}, one(func(x []np.Array) np.Array {
		d := np.Subtract(x[0], np.Mean(x[0], np.Axis(1), np.KeepDims))
		v := np.Mean(np.Square(d), np.Axis(1), np.KeepDims)
		return np.Add(np.Multiply(np.Divide(d, np.Sqrt(v.Add(1e-5))), x[1]), x[2])
	})},
	{"running", "running sum along both axes, running largest", []Input{normal(18, 70)}, func(x []np.Array) []np.Array {
		return []np.Array{np.CumSum(x[0], 1), np.CumSum(x[0], 0), np.CumMax(x[0], 1)}
	}},
	{"unit", "rows divided by their length", []Input{full(33, 12)}, one(func(x []np.Array) np.Array {
		return np.Divide(x[0], np.Sqrt(np.Sum(np.Square(x[0]), np.Axis(1), np.KeepDims)))
	})},
}
