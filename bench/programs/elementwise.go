package programs

import np "github.com/numen-go/numen/expr"

var elementwise = []Program{
	{"muladd", "a + b c", []Input{normal(37, 50), normal(37, 50), full(37, 50)}, one(func(x []np.Array) np.Array {
		return np.Add(x[0], np.Multiply(x[1], x[2]))
	})},
	{"polynomial", "((.25 x + .75) x - 1.5) x - 2", []Input{normal(2100)}, one(func(x []np.Array) np.Array {
		y := x[0].Multiply(0.25).Add(0.75)
		return y.Multiply(x[0]).Subtract(1.5).Multiply(x[0]).Subtract(2)
	})},
	{"waves", "sin a + log b sqrt c", []Input{normal(40, 30), positive(40, 30), positive(40, 30)}, one(func(x []np.Array) np.Array {
		return np.Add(np.Sin(x[0]), np.Multiply(np.Log(x[1]), np.Sqrt(x[2])))
	})},
	{"logistic", "1 / (1 + exp(-x)), float32", []Input{normal(29, 41).of(np.Float32)}, one(func(x []np.Array) np.Array {
		return np.Reciprocal(np.Exp(np.Negative(x[0])).Add(1))
	})},
	{"relu", "max(x, 0) and where it is above 1/2", []Input{normal(50, 23)}, func(x []np.Array) []np.Array {
		return []np.Array{np.Maximum(x[0], 0), np.Where(np.Greater(x[0], 0.5), x[0], np.Negative(x[0]))}
	}},
	{"broadcast", "a_ij + r_j - c_i", []Input{normal(31, 17), full(17), full(31, 1)}, one(func(x []np.Array) np.Array {
		return x[0].Add(x[1]).Subtract(x[2])
	})},
	{"mixed", "i / 3 + f of int32 and float32", []Input{whole(np.Int32, 9, 28, 19), normal(28, 19).of(np.Float32)}, one(func(x []np.Array) np.Array {
		return np.Add(np.FloorDivide(x[0], 3), x[1])
	})},
	{"bits", "three xor shifts of uint32", []Input{whole(np.Uint32, 1<<31, 700)}, one(func(x []np.Array) np.Array {
		y := np.BitwiseXor(x[0], np.BitwiseLeftShift(x[0], 13))
		y = np.BitwiseXor(y, np.BitwiseRightShift(y, 17))
		return np.BitwiseXor(y, np.BitwiseLeftShift(y, 5))
	})},
	{"blackscholes", "prices of European calls, erf for the normal distribution", []Input{positive(900), positive(900), positive(900)}, one(func(x []np.Array) np.Array {
		s, k, t := x[0], x[1], x[2]
		const rate, vol = 0.02, 0.3
		root := np.Sqrt(t)
		d1 := np.Divide(np.Add(np.Log(np.Divide(s, k)), t.Multiply(rate+vol*vol/2)), root.Multiply(vol))
		d2 := np.Subtract(d1, root.Multiply(vol))
		cdf := func(d np.Array) np.Array { return np.Erf(d.Multiply(0.7071067811865476)).Add(1).Multiply(0.5) }
		return np.Subtract(np.Multiply(s, cdf(d1)), np.Multiply(np.Multiply(k, np.Exp(t.Multiply(-rate))), cdf(d2)))
	})},
	{"mandelbrot", "five steps of z z + c, real and imaginary parts apart", []Input{normal(20, 20), normal(20, 20)}, func(x []np.Array) []np.Array {
		re, im := x[0], x[1]
		for range 5 {
			re, im = np.Add(np.Subtract(np.Square(re), np.Square(im)), x[0]), np.Add(np.Multiply(np.Multiply(re, im), 2), x[1])
		}
		r := np.Add(np.Square(re), np.Square(im))
		return []np.Array{r, np.Less(r, 4)}
	}},
}
