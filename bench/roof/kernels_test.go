package roof

import (
	"fmt"
	"slices"
	"testing"
)

// lengths lie around the block sizes of the loops and of a chunk.
var lengths = []int{0, 1, 3, 7, 8, 9, 31, 32, 33, 63, 64, 65, 127, 257, 1000, chunk - 1, chunk, chunk + 5}

// TestMemoryKernels compares every kernel with plain loops on awkward lengths
// and alignments. The values are small integers, so that every order of
// additions and every rounding of multiply-adds gives the same bits.
func TestMemoryKernels(t *testing.T) {
	forEachKernels(t, func(t *testing.T, k kernels) {
		for _, n := range lengths {
			for _, offset := range []int{0, 1, 3, 8} {
				b, c := make([]float64, n+offset), make([]float64, n+offset)
				for i := range b {
					b[i], c[i] = float64(i%97-40), float64(i%89-30)
				}
				b, c = b[offset:], c[offset:]

				want := 0.0
				for _, x := range b {
					want += x
				}
				if got := k.sum(b); got != want {
					t.Errorf("sum of %d from %d: got %v, want %v", n, offset, got, want)
				}

				triad := make([]float64, n)
				for i := range triad {
					triad[i] = b[i] + 3*c[i]
				}
				for _, st := range k.stores {
					what := fmt.Sprintf("of %d from %d, non-temporal %t", n, offset, st.nonTemporal)
					checkWrites(t, "copy "+what, n, offset, b, func(dst []float64) { st.copy(dst, b) })
					checkWrites(t, "triad "+what, n, offset, triad, func(dst []float64) { st.triad(dst, b, c, 3) })
				}
			}
		}
	})
}

// checkWrites runs write on n elements in the middle of a larger array and
// checks them and that nothing around them changed.
func checkWrites(t *testing.T, what string, n, offset int, want []float64, write func(dst []float64)) {
	t.Helper()
	const margin, untouched = 64, -12345
	all := make([]float64, margin+offset+n+margin)
	for i := range all {
		all[i] = untouched
	}
	lo, hi := margin+offset, margin+offset+n
	write(all[lo:hi])
	if !slices.Equal(all[lo:hi], want) {
		t.Errorf("%s: wrong values", what)
	}
	for i, x := range all {
		if (i < lo || i >= hi) && x != untouched {
			t.Fatalf("%s: wrote element %d of %d", what, i-lo, n)
		}
	}
}

// TestFMAKernels checks that every accumulator gets every round.
func TestFMAKernels(t *testing.T) {
	forEachKernels(t, func(t *testing.T, k kernels) {
		for _, rounds := range []int{1, 2, 7} {
			acc64, want64 := make([]float64, k.lanes64), make([]float64, k.lanes64)
			for i := range acc64 {
				acc64[i], want64[i] = float64(i), float64(i)
				for range rounds {
					want64[i] = 2*want64[i] + 3
				}
			}
			k.fma64(acc64, 2, 3, rounds)
			if !slices.Equal(acc64, want64) {
				t.Errorf("float64, %d rounds: got %v, want %v", rounds, acc64, want64)
			}

			acc32, want32 := make([]float32, k.lanes32), make([]float32, k.lanes32)
			for i := range acc32 {
				acc32[i], want32[i] = float32(i), float32(i)
				for range rounds {
					want32[i] = 2*want32[i] + 3
				}
			}
			k.fma32(acc32, 2, 3, rounds)
			if !slices.Equal(acc32, want32) {
				t.Errorf("float32, %d rounds: got %v, want %v", rounds, acc32, want32)
			}
		}
	})
}

// forEachKernels runs the test for each implementation this machine can run.
func forEachKernels(t *testing.T, test func(*testing.T, kernels)) {
	for _, k := range runnableKernels() {
		t.Run(k.name, func(t *testing.T) { test(t, k) })
	}
}
