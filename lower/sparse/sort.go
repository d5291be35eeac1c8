package sparse

import (
	"math/bits"
	"slices"
	"sync"
)

// few is how many coordinates are sorted by comparing them.
const few = 64

// sorters are buffers for sorting by digits.
var sorters = sync.Pool{New: func() any { return new([]int32) }}

// sortCoordinates sorts coordinates, which are not negative, byte by byte from the lowest:
// the rows of a product of matrices are long, and lie in no order.
func sortCoordinates(crd []int32) {
	if len(crd) <= few || slices.IsSorted(crd) {
		slices.Sort(crd)
		return
	}
	buffer := sorters.Get().(*[]int32)
	defer sorters.Put(buffer)
	*buffer = slices.Grow((*buffer)[:0], len(crd))[:len(crd)]
	from, to := crd, *buffer
	var all int32
	for _, x := range crd {
		all |= x
	}
	for shift := 0; shift < bits.Len32(uint32(all)); shift += 8 {
		var at [256]int32 // first how many have a digit, then where the next one goes
		for _, x := range from {
			at[uint8(x>>shift)]++
		}
		sum := int32(0)
		for d, n := range at {
			at[d] = sum
			sum += n
		}
		for _, x := range from {
			d := uint8(x >> shift)
			to[at[d]] = x
			at[d]++
		}
		from, to = to, from
	}
	if &from[0] != &crd[0] {
		copy(crd, from)
	}
}
