package sparse

import (
	"context"
	"math/bits"
	"slices"
	"sort"
	"unsafe"

	"github.com/numen-go/numen/lower"
)

// Scattered rows list their elements in the order in which they were met. They are put
// in ascending order by a set of bits: a word tells which of 64 words below it have any,
// so that a row costs its own length and little for the axis.

// shortRow is the length up to which comparing is as fast.
const shortRow = 16

// few is how many coordinates are taken of a word whether it has them or not: how many it
// has is hard to predict.
const few = 4

// sorter puts rows in order. Its set of coordinates is empty before and after.
type sorter[T any] struct {
	words []uint64
	some  []uint64 // which words are not zero
	vals  []T      // by coordinate
	crd   []int32
}

func newSorter[T any](extent int64) *sorter[T] {
	words := (extent + 63) / 64
	return &sorter[T]{words: make([]uint64, words), some: make([]uint64, (words+63)/64), vals: make([]T, extent)}
}

// order puts elements of coordinates that differ in ascending order.
func (s *sorter[T]) order(crd []int32, vals []T) {
	short := len(crd) <= shortRow || len(crd) < len(s.some)/8
	for i, c := range crd {
		s.vals[c] = vals[i]
		if !short {
			s.words[c>>6] |= 1 << (c & 63)
			s.some[c>>12] |= 1 << (c >> 6 & 63)
		}
	}
	switch {
	case short:
		slices.Sort(crd)
	case len(crd) < len(s.words)/8:
		s.takeAlone(crd)
	default:
		s.take(crd)
	}
	for i, c := range crd {
		vals[i] = s.vals[c]
	}
}

// take moves the coordinates of the set to crd, which has as many.
func (s *sorter[T]) take(crd []int32) {
	if len(s.crd) < len(crd)+few {
		s.crd = make([]int32, 2*len(crd)+few)
	}
	n := 0
	for i, some := range s.some {
		for ; some != 0; some &= some - 1 {
			at := i<<6 + bits.TrailingZeros64(some)
			w, base := s.words[at], int32(at<<6)
			s.words[at] = 0
			to := (*[few]int32)(s.crd[n:])
			n += bits.OnesCount64(w)
			for k := range to {
				to[k] = base + int32(bits.TrailingZeros64(w))
				w &= w - 1
			}
			for k := n - bits.OnesCount64(w); w != 0; w &= w - 1 {
				s.crd[k] = base + int32(bits.TrailingZeros64(w))
				k++
			}
		}
		s.some[i] = 0
	}
	copy(crd, s.crd[:n])
}

// takeAlone is take where a word hardly ever has two.
func (s *sorter[T]) takeAlone(crd []int32) {
	n := 0
	for i, some := range s.some {
		for ; some != 0; some &= some - 1 {
			at := i<<6 + bits.TrailingZeros64(some)
			w := s.words[at]
			s.words[at] = 0
			for ; w != 0; w &= w - 1 {
				crd[n] = int32(at<<6 + bits.TrailingZeros64(w))
				n++
			}
		}
		s.some[i] = 0
	}
}

// orderRows puts the last level's elements in ascending order of their coordinates.
func (d *Data) orderRows(ctx context.Context, threads int) error {
	l := len(d.Format.Levels) - 1
	extent, pos, crd := d.Extents[axis(d.Format, l)], d.Pos[l], d.Crd[l]
	switch d.DType.Size() {
	case 1:
		return orderRows(ctx, threads, extent, pos, crd, elements[uint8](d.Vals))
	case 2:
		return orderRows(ctx, threads, extent, pos, crd, elements[uint16](d.Vals))
	case 4:
		return orderRows(ctx, threads, extent, pos, crd, elements[uint32](d.Vals))
	case 8:
		return orderRows(ctx, threads, extent, pos, crd, elements[uint64](d.Vals))
	}
	return orderRows(ctx, threads, extent, pos, crd, elements[[2]uint64](d.Vals)) // c128
}

// elements returns memory as elements of a size.
func elements[T any](h *lower.Host) []T {
	var zero T
	b := h.Bytes()
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(b))), len(b)/int(unsafe.Sizeof(zero)))
}

// orderRows puts the elements of every row in ascending order of their coordinates, pieces
// of about as many elements at a time.
func orderRows[T any](ctx context.Context, threads int, extent int64, pos []int64, crd []int32, vals []T) error {
	rows, pieces := len(pos)-1, 1
	if threads > 1 {
		pieces = threads * 8
	}
	begin := func(piece int) int {
		if piece == pieces {
			return rows
		}
		return sort.Search(rows, func(row int) bool { return pos[row] >= pos[rows]*int64(piece)/int64(pieces) })
	}
	return lower.Parallel(ctx, threads, int64(pieces), func(piece int64) error {
		var s *sorter[T]
		for row := begin(int(piece)); row < begin(int(piece)+1); row++ {
			if row&1023 == 0 && ctx.Err() != nil {
				return ctx.Err()
			}
			crd, vals := crd[pos[row]:pos[row+1]], vals[pos[row]:pos[row+1]]
			if slices.IsSorted(crd) {
				continue
			}
			if s == nil {
				s = newSorter[T](extent)
			}
			s.order(crd, vals)
		}
		return nil
	})
}
