package np

import (
	"slices"

	"github.com/numen-go/numen/lower"
)

// elements returns the number of elements of an array in memory.
func elements(a *lower.Array) int {
	n := 1
	for _, e := range a.Extents {
		n *= int(e)
	}
	return n
}

// dense reports whether an array's elements are in row-major order without gaps.
func dense(a *lower.Array) bool {
	n := int64(1)
	for i := len(a.Extents) - 1; i >= 0; i-- {
		if a.Extents[i] > 1 && a.Strides[i] != n {
			return slices.Contains(a.Extents, 0)
		}
		n *= a.Extents[i]
	}
	return true
}

// copyOut copies an array's elements in row-major order into dst, which has as many.
func copyOut[T any](dst []T, a *lower.Array) {
	if len(dst) == 0 {
		return
	}
	src := lower.Slice[T](a.Buf.(*lower.Host))
	if dense(a) {
		copy(dst, src[a.Offset:])
		return
	}
	eachOffset(a.Offset, a.Extents, a.Strides, func(i int, offset int64) { dst[i] = src[offset] })
}

// eachOffset calls f with the offset of every element, in row-major order.
func eachOffset(base int64, extents, strides []int64, f func(i int, offset int64)) {
	at := make([]int64, len(extents))
	for i := 0; ; i++ {
		f(i, base)
		k := len(extents) - 1
		for ; k >= 0; k-- {
			at[k]++
			base += strides[k]
			if at[k] < extents[k] {
				break
			}
			base -= at[k] * strides[k]
			at[k] = 0
		}
		if k < 0 {
			return
		}
	}
}
