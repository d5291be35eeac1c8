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
// in ascending order by a set of bits: how many are below an element tells its place, so
// that a row costs its own length and little for the axis, and touches little memory.

// shortRow is the length up to which comparing is as fast.
const shortRow = 16

// sorter puts rows in order. Its set of coordinates is empty before and after.
type sorter[T any] struct {
	words []uint64
	some  []uint64 // which words are not zero
	below []int32  // by word that is not zero: how many coordinates are in words before it
	crd   []int32  // a row in order
	vals  []T
}

func newSorter[T any](extent int64) *sorter[T] {
	words := (extent + 63) / 64
	return &sorter[T]{words: make([]uint64, words), some: make([]uint64, (words+63)/64), below: make([]int32, words)}
}

// order puts elements of coordinates that differ in ascending order.
func (s *sorter[T]) order(crd []int32, vals []T) {
	if len(crd) <= shortRow {
		insert(crd, vals)
		return
	}
	if n := len(crd); len(s.crd) < n {
		s.crd, s.vals = make([]int32, 2*n), make([]T, 2*n)
	}
	if len(crd) < len(s.some)/8 {
		s.search(crd, vals)
	} else {
		s.rank(crd, vals)
	}
	copy(vals, s.vals)
	copy(crd, s.crd)
}

// insert orders a short row where it stands.
func insert[T any](crd []int32, vals []T) {
	for i, c := range crd {
		v := vals[i]
		for ; i > 0 && crd[i-1] > c; i-- {
			crd[i], vals[i] = crd[i-1], vals[i-1]
		}
		crd[i], vals[i] = c, v
	}
}

// search orders a row that is short for its axis.
func (s *sorter[T]) search(crd []int32, vals []T) {
	sorted := s.crd[:len(crd)]
	copy(sorted, crd)
	slices.Sort(sorted)
	for i, c := range crd {
		at, _ := slices.BinarySearch(sorted, c)
		s.vals[at] = vals[i]
	}
}

// rank orders a row by the set.
func (s *sorter[T]) rank(crd []int32, vals []T) {
	words, some, below := s.words, s.some, s.below[:len(s.words)]
	for _, c := range crd {
		words[c>>6] |= 1 << (c & 63)
		some[c>>12] |= 1 << (c >> 6 & 63)
	}
	n := int32(0)
	for i, w := range some {
		for ; w != 0; w &= w - 1 {
			at := i<<6 + bits.TrailingZeros64(w)
			below[at] = n
			n += int32(bits.OnesCount64(words[at]))
		}
		some[i] = 0
	}
	vals, toCrd, toVals := vals[:len(crd)], s.crd, s.vals[:len(s.crd)]
	for i, c := range crd {
		w := c >> 6
		at := below[w] + int32(bits.OnesCount64(words[w]&(1<<(c&63)-1)))
		toCrd[at], toVals[at] = c, vals[i]
	}
	for _, c := range crd {
		words[c>>6] = 0
	}
}

// orderRows puts the last level's elements in ascending order of their coordinates, in
// rows from one on to before another.
func (d *Data) orderRows(ctx context.Context, threads int, lo, hi int64) error {
	l := len(d.Format.Levels) - 1
	extent, pos, crd := d.Extents[axis(d.Format, l)], d.Pos[l][lo:hi+1], d.Crd[l]
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
