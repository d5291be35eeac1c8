package roof

// kernels are the loops that samples consist of. Slices of one call have equal
// lengths.
type kernels struct {
	name string

	sum    func(a []float64) float64
	stores []stores // kinds of stores, of which a sample takes the faster one

	// The multiply-add kernels apply x = x*mul + add to each accumulator,
	// rounds times; there must be as many accumulators as the kernel has lanes.
	fma64            func(acc []float64, mul, add float64, rounds int)
	fma32            func(acc []float32, mul, add float32, rounds int)
	lanes64, lanes32 int
}

// stores are the loops that write memory.
type stores struct {
	nonTemporal bool
	copy        func(dst, src []float64)
	triad       func(dst, b, c []float64, s float64)
}

// goKernels run on every platform. The compiler does not vectorise them, but it
// fuses x*mul + add where the platform's baseline can, eight chains keep the
// scalar units busy, and the built-in copy is the runtime's best.
var goKernels = kernels{
	name: "go",
	sum:  sumGo,
	stores: []stores{{
		copy:  func(dst, src []float64) { copy(dst, src) },
		triad: triadGo,
	}},
	fma64:   fmaGo[float64],
	fma32:   fmaGo[float32],
	lanes64: 8,
	lanes32: 8,
}

func sumGo(a []float64) float64 {
	var s0, s1, s2, s3, s4, s5, s6, s7 float64
	for ; len(a) >= 8; a = a[8:] {
		s0 += a[0]
		s1 += a[1]
		s2 += a[2]
		s3 += a[3]
		s4 += a[4]
		s5 += a[5]
		s6 += a[6]
		s7 += a[7]
	}
	for _, x := range a {
		s0 += x
	}
	return (s0 + s1) + (s2 + s3) + (s4 + s5) + (s6 + s7)
}

func triadGo(dst, b, c []float64, s float64) {
	b, c = b[:len(dst)], c[:len(dst)]
	for i := range dst {
		dst[i] = b[i] + s*c[i]
	}
}

func fmaGo[T float32 | float64](acc []T, mul, add T, rounds int) {
	a := (*[8]T)(acc)
	x0, x1, x2, x3, x4, x5, x6, x7 := a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7]
	for range rounds {
		x0 = x0*mul + add
		x1 = x1*mul + add
		x2 = x2*mul + add
		x3 = x3*mul + add
		x4 = x4*mul + add
		x5 = x5*mul + add
		x6 = x6*mul + add
		x7 = x7*mul + add
	}
	*a = [8]T{x0, x1, x2, x3, x4, x5, x6, x7}
}
