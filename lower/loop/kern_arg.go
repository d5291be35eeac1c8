package loop

import (
	"unsafe"

	"github.com/numen-go/numen/ir"
)

// The combines argmin and argmax: a value with its position, the lowest of equals, the
// first NaN if there is one. Position -1 is that of no value.

// better reports whether (w, q) takes the place of (v, p), where w is not simply worse:
// ahead says whether it is simply better.
func better[T number](v T, p int64, w T, q int64, ahead bool) bool {
	switch {
	case q == -1:
		return false
	case p == -1:
		return true
	case v != v || w != w:
		return w != w && (v == v || q < p)
	}
	return ahead || w == v && q < p
}

func lanesArgMin[T number](acc, pos, a, b unsafe.Pointer, n, at int) {
	v, p := (*[ir.LaneCount]T)(acc), (*[ir.LaneCount]int64)(pos)
	x, q := vec[T](a, n), vec[int64](b, n)
	for i, w := range x {
		l := (at + i) % ir.LaneCount
		if w > v[l] && p[l] != -1 {
			continue
		}
		if better(v[l], p[l], w, q[i], w < v[l]) {
			v[l], p[l] = w, q[i]
		}
	}
}

func lanesArgMax[T number](acc, pos, a, b unsafe.Pointer, n, at int) {
	v, p := (*[ir.LaneCount]T)(acc), (*[ir.LaneCount]int64)(pos)
	x, q := vec[T](a, n), vec[int64](b, n)
	for i, w := range x {
		l := (at + i) % ir.LaneCount
		if w < v[l] && p[l] != -1 {
			continue
		}
		if better(v[l], p[l], w, q[i], w > v[l]) {
			v[l], p[l] = w, q[i]
		}
	}
}

func foldArgMin[T number](acc, pos unsafe.Pointer) {
	v, p := (*[ir.LaneCount]T)(acc), (*[ir.LaneCount]int64)(pos)
	for h := ir.LaneCount / 2; h > 0; h /= 2 {
		for l := range h {
			if better(v[l], p[l], v[l+h], p[l+h], v[l+h] < v[l]) {
				v[l], p[l] = v[l+h], p[l+h]
			}
		}
	}
}

func foldArgMax[T number](acc, pos unsafe.Pointer) {
	v, p := (*[ir.LaneCount]T)(acc), (*[ir.LaneCount]int64)(pos)
	for h := ir.LaneCount / 2; h > 0; h /= 2 {
		for l := range h {
			if better(v[l], p[l], v[l+h], p[l+h], v[l+h] > v[l]) {
				v[l], p[l] = v[l+h], p[l+h]
			}
		}
	}
}
