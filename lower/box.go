package lower

import "github.com/numen-go/numen/ir"

// CopyBox copies the elements of a box from one row-major array to another. Each of the
// arrays has the positions of a box of its own.
func CopyBox(dst []byte, dstBox *ir.Box, src []byte, srcBox, box *ir.Box, size int64) {
	if box.Empty() {
		return
	}
	Runs(box, dstBox, srcBox, func(to, from, n int64) {
		copy(dst[to*size:(to+n)*size], src[from*size:(from+n)*size])
	})
}

// Runs calls f for every run of positions of a box that is contiguous in two row-major
// arrays: where it starts in each, and how long it is.
func Runs(box, a, b *ir.Box, f func(inA, inB, n int64)) {
	rank := len(box.Lo)
	n, inner := int64(1), rank // axes from inner on are one run
	for inner > 0 {
		d := inner - 1
		n *= box.Hi[d] - box.Lo[d]
		inner--
		if !spans(box, a, d) || !spans(box, b, d) {
			break
		}
	}
	var walk func(d int, inA, inB int64)
	walk = func(d int, inA, inB int64) {
		if d == rank {
			f(inA, inB, n)
			return
		}
		inA, inB = inA*(a.Hi[d]-a.Lo[d]), inB*(b.Hi[d]-b.Lo[d])
		if d >= inner {
			walk(d+1, inA+box.Lo[d]-a.Lo[d], inB+box.Lo[d]-b.Lo[d])
			return
		}
		for p := box.Lo[d]; p < box.Hi[d]; p++ {
			walk(d+1, inA+p-a.Lo[d], inB+p-b.Lo[d])
		}
	}
	walk(0, 0, 0)
}

// spans reports whether a box has all positions of another along an axis.
func spans(box, whole *ir.Box, d int) bool {
	return box.Lo[d] == whole.Lo[d] && box.Hi[d] == whole.Hi[d]
}

// Gather copies a box of an array of the host to a row-major one.
func Gather(a *Array, b *ir.Box, dst []byte) {
	if b.Empty() {
		return
	}
	src, size, rank := a.Buf.(*Host).Bytes(), int64(a.DType.Size()), len(b.Lo)
	run := int64(1) // elements that lie together along the last axis
	if rank > 0 && a.Strides[rank-1] == 1 {
		rank--
		run = b.Hi[rank] - b.Lo[rank]
	}
	at := a.Offset
	for d, lo := range b.Lo {
		at += lo * a.Strides[d]
	}
	to := int64(0)
	var walk func(d int, from int64)
	walk = func(d int, from int64) {
		if d == rank {
			copy(dst[to*size:(to+run)*size], src[from*size:(from+run)*size])
			to += run
			return
		}
		for i := range b.Hi[d] - b.Lo[d] {
			walk(d+1, from+i*a.Strides[d])
		}
	}
	walk(0, at)
}
