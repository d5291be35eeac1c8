package programs

import np "github.com/numen-go/numen/expr"

var contractions = []Program{
	{"founding", "y = x.T (log x + 1); y - mean of its columns; the first five rows", []Input{positive(60, 14)}, one(func(x []np.Array) np.Array {
		y := np.Dot(x[0].T(), np.Add(np.Log(x[0]), 1))
		return np.Subtract(y, np.Mean(y, np.Axis(0))).Slice(np.To(5))
	})},
	{"matmul", "A B", []Input{normal(24, 31), full(31, 19)}, one(func(x []np.Array) np.Array { return np.MatMul(x[0], x[1]) })},
	{"matvec", "A x and x A", []Input{normal(45, 45), full(45)}, func(x []np.Array) []np.Array {
		return []np.Array{np.MatMul(x[0], x[1]), np.MatMul(x[1], x[0])}
	}},
	{"chain", "A B C in the best order", []Input{normal(20, 35), normal(35, 4), full(4, 28)}, one(func(x []np.Array) np.Array {
		return np.Einsum("ij,jk,kl->il", x...)
	})},
	{"batched", "A_b B_b for every b", []Input{normal(5, 12, 9), full(5, 9, 7)}, one(func(x []np.Array) np.Array { return np.MatMul(x[0], x[1]) })},
	{"outer", "u v^T - A", []Input{full(26), full(15), normal(26, 15)}, one(func(x []np.Array) np.Array {
		return np.Subtract(np.Outer(x[0], x[1]), x[2])
	})},
	{"covariance", "the covariance of columns", []Input{normal(80, 9)}, one(func(x []np.Array) np.Array {
		d := np.Subtract(x[0], np.Mean(x[0], np.Axis(0)))
		return np.Dot(d.T(), d).Divide(79)
	})},
	{"rbf", "exp(-|x_i - y_j|^2 / 2), summed over j", []Input{full(22, 3), full(17, 3)}, one(func(x []np.Array) np.Array {
		d := np.Subtract(np.ExpandDims(x[0], 1), np.ExpandDims(x[1], 0))
		return np.Sum(np.Exp(np.Sum(np.Square(d), np.Axis(2)).Multiply(-0.5)), np.Axis(1))
	})},
	{"sampled", "A * (U V^T): products only where A has entries", []Input{normal(30, 26), full(30, 6), full(26, 6)}, one(func(x []np.Array) np.Array {
		return np.Multiply(x[0], np.Einsum("ik,jk->ij", x[1], x[2]))
	})},
	{"products", "A_ijk B_jr C_kr summed over j and k", []Input{normal(9, 8, 7), full(8, 4), full(7, 4)}, one(func(x []np.Array) np.Array {
		return np.Einsum("ijk,jr,kr->ir", x...)
	})},
}
