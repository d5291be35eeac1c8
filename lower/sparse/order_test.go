package sparse

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// TestOrderRows orders rows of all lengths and axes around the sizes of words, by one
// thread and by several.
func TestOrderRows(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, extent := range []int{1, 63, 64, 65, 4095, 4096, 4097, 300_000, 5_000_000} {
		pos, crd := []int64{0}, []int32(nil)
		for range 60 {
			seen := map[int32]bool{}
			for range r.IntN(min(extent, 400) + 1) {
				if c := int32(r.IntN(extent)); !seen[c] {
					seen[c] = true
					crd = append(crd, c)
				}
			}
			pos = append(pos, int64(len(crd)))
		}
		want := slices.Clone(crd)
		for i := range len(pos) - 1 {
			slices.Sort(want[pos[i]:pos[i+1]])
		}
		for _, threads := range []int{1, 3} {
			got := slices.Clone(crd)
			vals := make([]int16, len(crd)) // which tell where they belong
			for i, c := range crd {
				vals[i] = int16(c ^ c>>16)
			}
			if err := orderRows(t.Context(), threads, int64(extent), pos, got, vals); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(got, want) {
				t.Errorf("extent %d, %d threads: rows are out of order", extent, threads)
			}
			for i, c := range got {
				if vals[i] != int16(c^c>>16) {
					t.Fatalf("extent %d, %d threads: element %d has the value of another", extent, threads, i)
				}
			}
		}
	}
}
