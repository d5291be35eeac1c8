package sparse

import (
	"context"
	"math/bits"
	"slices"
	"sort"

	"github.com/numen-go/numen/lower"
)

// Scattered rows list their coordinates in the order in which they were met. They are put
// in ascending order by a set of bits: a word tells which of 64 words below it have any,
// so that a row costs its own length and little for the axis.

// shortRow is the length up to which comparing is as fast.
const shortRow = 16

// coords is a set of coordinates.
type coords struct {
	words []uint64
	some  []uint64 // which words are not zero
}

func newCoords(extent int64) *coords {
	words := (extent + 63) / 64
	return &coords{make([]uint64, words), make([]uint64, (words+63)/64)}
}

// order puts coordinates that differ in ascending order. The set is empty before and after.
func (s *coords) order(crd []int32) {
	if len(crd) <= shortRow || len(crd) < len(s.some)/8 {
		slices.Sort(crd)
		return
	}
	for _, c := range crd {
		s.words[c>>6] |= 1 << (c & 63)
		s.some[c>>12] |= 1 << (c >> 6 & 63)
	}
	n := 0
	for i, some := range s.some {
		for ; some != 0; some &= some - 1 {
			at := i<<6 + bits.TrailingZeros64(some)
			for w := s.words[at]; w != 0; w &= w - 1 {
				crd[n] = int32(at<<6 + bits.TrailingZeros64(w))
				n++
			}
			s.words[at] = 0
		}
		s.some[i] = 0
	}
}

// orderRows puts the coordinates of every row in ascending order, pieces of about as many
// coordinates at a time.
func orderRows(ctx context.Context, threads int, extent int64, pos []int64, crd []int32) error {
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
		s := newCoords(extent)
		for row := begin(int(piece)); row < begin(int(piece)+1); row++ {
			if row&1023 == 0 && ctx.Err() != nil {
				return ctx.Err()
			}
			s.order(crd[pos[row]:pos[row+1]])
		}
		return nil
	})
}
