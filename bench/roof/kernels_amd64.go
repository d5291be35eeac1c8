package roof

import (
	"unsafe"

	"github.com/klauspost/cpuid/v2"
)

// The assembly loops, in kernels_amd64.s. The counts n are positive multiples
// of vecBlock; the dst of a non-temporal loop is aligned to 32 bytes.

//go:noescape
func sumAVX2(a *float64, n int, lanes *[4]float64)

//go:noescape
func copyAVX2(dst, src *float64, n int)

//go:noescape
func copyNonTemporalAVX2(dst, src *float64, n int)

//go:noescape
func triadAVX2(dst, b, c *float64, n int, s float64)

//go:noescape
func triadNonTemporalAVX2(dst, b, c *float64, n int, s float64)

//go:noescape
func fma64AVX2(acc *[12 * 4]float64, mul, add float64, rounds int)

//go:noescape
func fma32AVX2(acc *[12 * 8]float32, mul, add float32, rounds int)

//go:noescape
func fma64AVX512(acc *[16 * 8]float64, mul, add float64, rounds int)

//go:noescape
func fma32AVX512(acc *[16 * 16]float32, mul, add float32, rounds int)

// vecBlock is the number of elements of one turn of a memory loop.
const vecBlock = 32

// pickKernels returns the fastest kernels this processor runs. The memory
// loops are AVX2 even where there is AVX-512: DRAM is not limited by the width
// of a load, and on Zen 4 the same loops with 64-byte vectors were measured no
// faster for sum and copy and a tenth slower for triad.
func pickKernels() kernels {
	switch {
	case cpuid.CPU.Supports(cpuid.AVX2, cpuid.FMA3, cpuid.AVX512F):
		return avx512Kernels
	case cpuid.CPU.Supports(cpuid.AVX2, cpuid.FMA3):
		return avx2Kernels
	}
	return goKernels
}

var avx2Kernels = kernels{
	name: "avx2",
	sum:  sumVec,
	stores: []stores{
		{copy: copyVec(copyAVX2), triad: triadVec(triadAVX2)},
		{copy: copyVec(copyNonTemporalAVX2), triad: triadVec(triadNonTemporalAVX2), nonTemporal: true},
	},
	fma64: func(acc []float64, mul, add float64, rounds int) {
		fma64AVX2((*[12 * 4]float64)(acc), mul, add, rounds)
	},
	fma32: func(acc []float32, mul, add float32, rounds int) {
		fma32AVX2((*[12 * 8]float32)(acc), mul, add, rounds)
	},
	lanes64: 12 * 4,
	lanes32: 12 * 8,
}

var avx512Kernels = kernels{
	name:   "avx512",
	sum:    avx2Kernels.sum,
	stores: avx2Kernels.stores,
	fma64: func(acc []float64, mul, add float64, rounds int) {
		fma64AVX512((*[16 * 8]float64)(acc), mul, add, rounds)
	},
	fma32: func(acc []float32, mul, add float32, rounds int) {
		fma32AVX512((*[16 * 16]float32)(acc), mul, add, rounds)
	},
	lanes64: 16 * 8,
	lanes32: 16 * 16,
}

func sumVec(a []float64) float64 {
	n := len(a) / vecBlock * vecBlock
	sum := sumGo(a[n:])
	if n > 0 {
		var lanes [4]float64
		sumAVX2(&a[0], n, &lanes)
		sum += sumGo(lanes[:])
	}
	return sum
}

func copyVec(loop func(dst, src *float64, n int)) func(dst, src []float64) {
	return func(dst, src []float64) {
		lo, hi := vecPart(dst)
		copy(dst[:lo], src[:lo])
		if lo < hi {
			loop(&dst[lo], &src[lo], hi-lo)
		}
		copy(dst[hi:], src[hi:])
	}
}

func triadVec(loop func(dst, b, c *float64, n int, s float64)) func(dst, b, c []float64, s float64) {
	return func(dst, b, c []float64, s float64) {
		lo, hi := vecPart(dst)
		triadGo(dst[:lo], b[:lo], c[:lo], s)
		if lo < hi {
			loop(&dst[lo], &b[lo], &c[lo], hi-lo, s)
		}
		triadGo(dst[hi:], b[hi:], c[hi:], s)
	}
}

// vecPart returns the part of dst that an assembly loop can write: from a
// cache line on, whole blocks.
func vecPart(dst []float64) (lo, hi int) {
	if len(dst) == 0 {
		return 0, 0
	}
	misaligned := int(uintptr(unsafe.Pointer(&dst[0])) % 64 / 8)
	lo = min((8-misaligned)%8, len(dst))
	return lo, lo + (len(dst)-lo)/vecBlock*vecBlock
}
