package main

// plainGo names the contender that is plain Go loops on all cores, written as a Go
// programmer would who knows that they matter.
const plainGo = "go"

// loop runs a body over all elements of three inputs, or the same one for those that a
// problem does not have.
func loop[T float64 | float32, U float64 | float32 | bool](body func(a, b, c []T, out []U)) func(in []array, out array) {
	return func(in []array, out array) {
		var x [3][]T
		for i := range x {
			x[i] = of[T](in[min(i, len(in)-1)])
		}
		y := of[U](out)
		parallel(len(y), 1<<12, func(lo, hi int) {
			body(x[0][lo:hi], x[1][lo:hi], x[2][lo:hi], y[lo:hi])
		})
	}
}

// floats picks the loops for the type of the first input, of which and of the result it
// passes the elements.
func floats(f64 func(in []array, x, out []float64), f32 func(in []array, x, out []float32)) func(in []array, out array) {
	return func(in []array, out array) {
		if x, ok := in[0].data.([]float64); ok {
			f64(in, x, of[float64](out))
			return
		}
		f32(in, of[float32](in[0]), of[float32](out))
	}
}

// sums adds up n terms on all cores: part sums those from lo to hi.
func sums(n int, part func(lo, hi int) float64) float64 {
	partial := make(chan float64, n+1)
	parallel(n, 1<<12, func(lo, hi int) { partial <- part(lo, hi) })
	close(partial)
	total := 0.0
	for s := range partial {
		total += s
	}
	return total
}
