package loop

import "unsafe"

// Movement of elements by size: between a strip and memory that is strided or addressed.

func gatherRun(d, a unsafe.Pointer, step, n int, size uint8) {
	switch {
	case step == 1:
		copyOf(int(size))(d, a, nil, nil, n)
	case size == 1:
		strided[uint8](d, a, 1, step, n)
	case size == 2:
		strided[uint16](d, a, 1, step, n)
	case size == 4:
		strided[uint32](d, a, 1, step, n)
	default:
		strided[uint64](d, a, 1, step, n)
	}
}

func scatterRun(d, a unsafe.Pointer, step, n int, size uint8) {
	switch size {
	case 1:
		strided[uint8](d, a, step, 1, n)
	case 2:
		strided[uint16](d, a, step, 1, n)
	case 4:
		strided[uint32](d, a, step, 1, n)
	default:
		strided[uint64](d, a, step, 1, n)
	}
}

// strided moves n elements with steps, in elements, on both sides.
func strided[T any](d, a unsafe.Pointer, to, from, n int) {
	size := int(unsafe.Sizeof(*new(T)))
	for i := range n {
		*(*T)(unsafe.Add(d, i*to*size)) = *(*T)(unsafe.Add(a, i*from*size))
	}
}

// gather reads elements at addresses; 0 where there is none.
func gather(d, base unsafe.Pointer, at []int64, size uint8) {
	switch size {
	case 1:
		gatherOf[uint8](d, base, at)
	case 2:
		gatherOf[uint16](d, base, at)
	case 4:
		gatherOf[uint32](d, base, at)
	default:
		gatherOf[uint64](d, base, at)
	}
}

func gatherOf[T unsigned](d, base unsafe.Pointer, at []int64) {
	x, size := vec[T](d, len(at)), int(unsafe.Sizeof(T(0)))
	for i, p := range at {
		if p < 0 {
			x[i] = 0
		} else {
			x[i] = *(*T)(unsafe.Add(base, int(p)*size))
		}
	}
}

// below reads, for each position, the last position of the lower half of its group of 2d.
func below(d, a unsafe.Pointer, dist, n int, size uint8) {
	switch size {
	case 1:
		belowOf[uint8](d, a, dist, n)
	case 2:
		belowOf[uint16](d, a, dist, n)
	case 4:
		belowOf[uint32](d, a, dist, n)
	default:
		belowOf[uint64](d, a, dist, n)
	}
}

func belowOf[T unsigned](d, a unsafe.Pointer, dist, n int) {
	x, y := vec[T](d, n), vec[T](a, n)
	for i := range x {
		x[i] = y[min(i&^(2*dist-1)|(dist-1), n-1)]
	}
}

// scanSum is a step of a scan: in every group of 2d, each position of the upper half adds
// what the lower half comes to, which is at its end. b is d.
func scanSum[T number](d, a, b, _ unsafe.Pointer, n int) {
	x, dist := vec[T](d, n), int(one[int64](b))
	copy(x, vec[T](a, n))
	for g := dist; g < n; g += 2 * dist {
		before := x[g-1]
		upper := x[g:min(g+dist, n)]
		for i := range upper {
			upper[i] += before
		}
	}
}

// repeat16 shows every element 16 times.
func repeat16(d, a unsafe.Pointer, n int, size uint8) {
	for i := 0; i < n; i += 16 {
		fillOf(int(size))(shift(d, i, size), shift(a, i/16, size), nil, nil, min(16, n-i))
	}
}
