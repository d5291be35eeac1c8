package main

import (
	"math"

	np "github.com/numen-go/numen/expr"
)

// rowProblems reduce an axis and use the result along it again: softmax, layer
// normalisation, distances from the mean. How often the input is read from memory is what
// tells compilers apart.
func rowProblems() []*problem {
	var all []*problem
	add := func(p problem, d np.DType, lo, hi float64, shapes ...[]int) {
		for _, shape := range shapes {
			q := p
			q.name += "/" + d.String() + "/" + dims(shape)
			q.in = uniform("x", d, lo, hi, shape...)
			if q.tolerance = 1e-12; d == np.Float32 {
				q.tolerance = 1e-5
			}
			all = append(all, &q)
		}
	}
	softmax := problem{
		name: "rows/softmax", title: "e = exp(x - max(x, -1)); e / sum(e, -1)",
		build: func(x []np.Array) np.Array {
			e := np.Exp(np.Subtract(x[0], np.Max(x[0], np.Axis(-1), np.KeepDims)))
			return np.Divide(e, np.Sum(e, np.Axis(-1), np.KeepDims))
		},
		plain: floats(softmaxLoops[float64], softmaxLoops[float32]),
		python: `e = np.exp(x - np.amax(x, axis=-1, keepdims=True))
			e / np.sum(e, axis=-1, keepdims=True)`,
		numba: `
			k = x.shape[-1]
			rows = x.reshape(-1, k)
			results = out.reshape(-1, k)
			for i in prange(rows.shape[0]):
			    most = rows[i].max()
			    s = most - most
			    for j in range(k):
			        e = math.exp(rows[i, j] - most)
			        results[i, j] = e
			        s += e
			    for j in range(k):
			        results[i, j] /= s`,
		work: perElement(5),
	}
	add(softmax, np.Float32, 0.5, 8, []int{64, 512}, []int{8192, 512}, []int{64, 16, 512, 512})
	add(softmax, np.Float64, 0.5, 8, []int{8192, 512})

	norm := problem{
		name: "rows/layernorm", title: "d = x - mean(x, -1); d / sqrt(mean(d*d, -1) + 1e-5)",
		build: func(x []np.Array) np.Array {
			d := np.Subtract(x[0], np.Mean(x[0], np.Axis(-1), np.KeepDims))
			return np.Divide(d, np.Sqrt(np.Add(np.Mean(np.Square(d), np.Axis(-1), np.KeepDims), 1e-5)))
		},
		plain: floats(layerNormLoops[float64], layerNormLoops[float32]),
		python: `d = x - np.mean(x, axis=-1, keepdims=True)
			d / np.sqrt(np.mean(d * d, axis=-1, keepdims=True) + 1e-5)`,
		numba: `
			n, k = x.shape
			for i in prange(n):
			    mean = x[i].mean()
			    s = mean - mean
			    for j in range(k):
			        d = x[i, j] - mean
			        s += d * d
			    r = math.sqrt(s / k + 1e-5)
			    for j in range(k):
			        out[i, j] = (x[i, j] - mean) / r`,
		work: perElement(5),
	}
	add(norm, np.Float32, 0.5, 2, []int{64, 1024}, []int{8192, 1024})
	add(norm, np.Float64, 0.5, 2, []int{8192, 1024})

	centred := problem{
		name: "rows/centre", title: "x - mean(x, 0)",
		build:  func(x []np.Array) np.Array { return np.Subtract(x[0], np.Mean(x[0], np.Axis(0))) },
		plain:  floats(centreLoops[float64], centreLoops[float32]),
		python: "x - np.mean(x, axis=0)",
		numba: `
			n, k = x.shape
			parts = 8
			sums = np.zeros((parts, k), x.dtype)
			for p in prange(parts):
			    for i in range(n * p // parts, n * (p + 1) // parts):
			        for j in range(k):
			            sums[p, j] += x[i, j]
			mean = sums.sum(axis=0) / n
			for i in prange(n):
			    for j in range(k):
			        out[i, j] = x[i, j] - mean[j]`,
		work: perElement(2),
	}
	add(centred, np.Float64, 0.5, 2, []int{100, 64}, []int{20000, 200}, []int{100000, 200})
	return all
}

// eachRow calls f for the rows of a matrix, those of the last axis, on all cores.
func eachRow[T any](in []array, x, out []T, f func(x, out []T)) {
	k := in[0].shape[len(in[0].shape)-1]
	parallel(len(x)/k, max(1, (1<<12)/k), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			f(x[i*k:(i+1)*k], out[i*k:(i+1)*k])
		}
	})
}

func softmaxLoops[T float64 | float32](in []array, x, out []T) {
	eachRow(in, x, out, func(x, out []T) {
		most, sum := x[0], T(0)
		for _, v := range x {
			most = max(most, v)
		}
		for i, v := range x {
			out[i] = T(math.Exp(float64(v - most)))
			sum += out[i]
		}
		for i := range out {
			out[i] /= sum
		}
	})
}

func layerNormLoops[T float64 | float32](in []array, x, out []T) {
	eachRow(in, x, out, func(x, out []T) {
		var sum, squares T
		for _, v := range x {
			sum += v
		}
		mean := sum / T(len(x))
		for _, v := range x {
			squares += (v - mean) * (v - mean)
		}
		r := T(math.Sqrt(float64(squares/T(len(x)) + 1e-5)))
		for i, v := range x {
			out[i] = (v - mean) / r
		}
	})
}

func centreLoops[T float64 | float32](in []array, x, out []T) {
	n, k := in[0].shape[0], in[0].shape[1]
	sums := make(chan []T, n+1)
	parallel(n, max(1, (1<<12)/k), func(lo, hi int) {
		s := make([]T, k)
		for i := lo; i < hi; i++ {
			for j, v := range x[i*k : (i+1)*k] {
				s[j] += v
			}
		}
		sums <- s
	})
	close(sums)
	mean := make([]T, k)
	for s := range sums {
		for j, v := range s {
			mean[j] += v / T(n)
		}
	}
	eachRow(in, x, out, func(x, out []T) {
		for j, v := range x {
			out[j] = v - mean[j]
		}
	})
}
