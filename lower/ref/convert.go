package ref

import (
	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
)

// number is what elements are in memory.
type number interface {
	~int8 | ~int16 | ~int32 | ~int64 | ~uint8 | ~uint16 | ~uint32 | ~uint64
}

// read returns an array's elements in row-major order, as ir.Scalar describes them.
func read(a *lower.Array) []uint64 {
	out := make([]uint64, size(a.Extents))
	each(a, func(h *lower.Host) access {
		switch a.DType {
		case ir.Bool, ir.Uint8:
			return reader[uint8](h, out)
		case ir.Int8:
			return reader[int8](h, out)
		case ir.Int16:
			return reader[int16](h, out)
		case ir.Uint16:
			return reader[uint16](h, out)
		case ir.Int32:
			return reader[int32](h, out)
		case ir.Uint32, ir.Float32:
			return reader[uint32](h, out)
		}
		return reader[uint64](h, out)
	})
	return out
}

// write stores elements into an array.
func write(a *lower.Array, in []uint64) {
	each(a, func(h *lower.Host) access {
		switch a.DType.Size() {
		case 1:
			return writer[uint8](h, in)
		case 2:
			return writer[uint16](h, in)
		case 4:
			return writer[uint32](h, in)
		}
		return writer[uint64](h, in)
	})
}

// access moves element i of a tensor from or to memory at an offset.
type access func(i int, offset int64)

func reader[T number](h *lower.Host, out []uint64) access {
	s := lower.Slice[T](h)
	return func(i int, offset int64) { out[i] = uint64(int64(s[offset])) }
}

func writer[T number](h *lower.Host, in []uint64) access {
	s := lower.Slice[T](h)
	return func(i int, offset int64) { s[offset] = T(in[i]) }
}

func size(extents []int64) int64 {
	n := int64(1)
	for _, e := range extents {
		n *= e
	}
	return n
}

func inside(b *ir.Box, pos []int64) bool {
	for d, p := range pos {
		if p < b.Lo[d] || p >= b.Hi[d] {
			return false
		}
	}
	return true
}

// each calls the access that of returns on every element of a that there is memory for,
// in row-major order.
func each(a *lower.Array, of func(h *lower.Host) access) {
	n := size(a.Extents)
	if n == 0 {
		return
	}
	f := of(a.Buf.(*lower.Host))
	pos := make([]int64, len(a.Extents))
	offset := a.Offset
	for i := range int(n) {
		if a.Part == nil || inside(a.Part, pos) {
			f(i, offset)
		}
		for k := len(pos) - 1; k >= 0; k-- {
			if pos[k]++; pos[k] < a.Extents[k] {
				offset += a.Strides[k]
				break
			}
			offset -= (pos[k] - 1) * a.Strides[k]
			pos[k] = 0
		}
	}
}
