package sparse

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// TestSortCoordinates compares with package slices, for lengths and widths on both sides
// of every limit.
func TestSortCoordinates(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{0, 1, 2, few, few + 1, 300, 5000} {
		for _, width := range []int32{1, 2, 255, 256, 257, 1 << 16, 1<<16 + 1, 1 << 24, 1<<31 - 1} {
			x := make([]int32, n)
			for i := range x {
				x[i] = r.Int32N(width)
			}
			want := slices.Sorted(slices.Values(x))
			if sortCoordinates(x); !slices.Equal(x, want) {
				t.Errorf("%d coordinates below %d are not sorted", n, width)
			}
		}
	}
}
