package cuda

import "github.com/numen-go/numen/lower"

// box returns the first position and the extents of what there is memory for.
func box(a *lower.Array) (lo, extents []int64) {
	if a.Part == nil {
		return make([]int64, len(a.Extents)), a.Extents
	}
	extents = make([]int64, len(a.Extents))
	for d := range extents {
		extents[d] = a.Part.Hi[d] - a.Part.Lo[d]
	}
	return a.Part.Lo, extents
}

// runs calls f with the place of every run of elements of a host array along its last
// axis, row-major: the element it starts at in its buffer, and in a contiguous array.
func runs(a *lower.Array, f func(at, packed, n, stride int64)) {
	lo, extents := box(a)
	at, rows := a.Offset, int64(1)
	for d, e := range extents {
		if e == 0 {
			return
		}
		at += lo[d] * a.Strides[d]
		rows *= e
	}
	last := len(extents) - 1
	if last < 0 {
		f(at, 0, 1, 1)
		return
	}
	n := extents[last]
	pos := make([]int64, last)
	for r := range rows / n {
		f(at, r*n, n, a.Strides[last])
		for d := last - 1; d >= 0; d-- {
			at += a.Strides[d]
			if pos[d]++; pos[d] < extents[d] {
				break
			}
			at -= pos[d] * a.Strides[d]
			pos[d] = 0
		}
	}
}

// gather returns the elements of a host array that was checked, row-major.
func gather(a *lower.Array) []byte {
	size := int64(a.DType.Size())
	host := a.Buf.(*lower.Host).Bytes()
	_, extents := box(a)
	n := size
	for _, e := range extents {
		n *= e
	}
	out := make([]byte, n)
	runs(a, func(at, packed, n, stride int64) {
		if stride == 1 {
			copy(out[packed*size:(packed+n)*size], host[at*size:])
			return
		}
		for i := range n {
			copy(out[(packed+i)*size:(packed+i+1)*size], host[(at+i*stride)*size:])
		}
	})
	return out
}

// scatter writes elements, row-major, into a host array that was checked.
func scatter(a *lower.Array, from []byte) {
	size := int64(a.DType.Size())
	host := a.Buf.(*lower.Host).Bytes()
	runs(a, func(at, packed, n, stride int64) {
		if stride == 1 {
			copy(host[at*size:(at+n)*size], from[packed*size:])
			return
		}
		for i := range n {
			copy(host[(at+i*stride)*size:(at+i*stride+1)*size], from[(packed+i)*size:])
		}
	})
}
