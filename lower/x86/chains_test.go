//go:build linux && amd64

package x86

import (
	"context"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"unsafe"

	"github.com/numen-go/numen/lower/loop"
	"github.com/numen-go/numen/lower/x86/asm"
)

const chainsText = `loop f(N, K, in a D[_,_], in b D[_,_], in p i32[_], out c D[_]):
  local s D[64]
  strip t < N:
    s[t] = -0.0SUFFIX
  chains(fma, k < K, t < N, sINIT, (FACTORS)SOON)
  strip t < N:
    c[t] = s[t]
`

// TestChains runs chains of all small numbers and lengths, over rows whose elements are
// known to be contiguous or are not, in order and anywhere, and across them.
func TestChains(t *testing.T) {
	eachLevel(t, func(t *testing.T, level asm.Level) {
		t.Run("f64", func(t *testing.T) { chains[float64](t, level, "f64", "") })
		t.Run("f32", func(t *testing.T) { chains[float32](t, level, "f32", "_f32") })
	})
}

func chains[T float32 | float64](t *testing.T, level asm.Level, dtype, suffix string) {
	const rows, depth = 50, 40
	r := rand.New(rand.NewPCG(2, 3))
	type at = [4]int64 // positions in a and b
	for _, x := range []struct {
		factors, soon string
		at            func(p []int32, t, k int64) at
	}{
		{"a[7, k], b[i64(p[t]), k]", "", func(p []int32, t, k int64) at { return at{7, k, int64(p[t]), k} }},
		{"a[i64(p[t]), k], b[t + 2, k]", "", func(p []int32, t, k int64) at { return at{int64(p[t]), k, t + 2, k} }},
		{"a[k, 3], b[i64(p[t]), k + 1]", "", func(p []int32, t, k int64) at { return at{k, 3, int64(p[t]), k + 1} }},
		{"a[i64(p[3]), k], b[k, i64(p[t])]", "", func(p []int32, t, k int64) at { return at{int64(p[3]), k, k, int64(p[t])} }},
		{"a[i64(p[t]), 2 * k], b[5, k]", ", b[i64(p[t + 2]), k]", func(p []int32, t, k int64) at { return at{int64(p[t]), 2 * k, 5, k} }},
		// Elements side by side.
		{"a[i64(p[k]), t], b[3, k]", ", a[i64(p[k + 2]), t]", func(p []int32, t, k int64) at { return at{int64(p[k]), t, 3, k} }},
		{"a[k, t + 1], b[i64(p[k + 1]), 2 * k]", "", func(p []int32, t, k int64) at { return at{k, t + 1, int64(p[k+1]), 2 * k} }},
		{"a[i64(p[k]), i64(p[k + 1])], b[i64(p[k + 2]), t]", "", func(p []int32, t, k int64) at { return at{int64(p[k]), int64(p[k+1]), int64(p[k+2]), t} }},
		{"a[5, k], b[7, t]", "", func(p []int32, t, k int64) at { return at{5, k, 7, t} }},
		{"2.5SUFFIX * a[i64(p[k]), t], b[3, t]", "", func(p []int32, t, k int64) at { return at{int64(p[k]), t, 3, t} }},
	} {
		for i, unit := range []uint64{0b111010, 0b110010, 0b111000, 0b110000} {
			l, err := loop.Parse(strings.NewReplacer("D", dtype, "SUFFIX", suffix, "FACTORS", strings.ReplaceAll(x.factors, "SUFFIX", suffix), "SOON", x.soon, "INIT", []string{" = -0.0" + suffix, ""}[i%2]).Replace(chainsText))
			if err != nil {
				t.Fatal(err)
			}
			code, err := loop.CompileWith(l, New(level), loop.Class{Unit: unit})
			if err != nil {
				t.Fatal(err)
			}
			defer code.Close()
			gap := func(bit int) int64 { return gapOf(r, unit, bit) }
			for n := range int64(45) {
				k := r.Int64N(depth / 2)
				a, b := newMatrix[T](r, rows, rows, gap(1)), newMatrix[T](r, rows, rows, gap(3))
				p := make([]int32, max(n, depth)+4)
				for i := range p {
					p[i] = r.Int32N(depth)
				}
				c := make([]T, n+1)
				memory := []loop.Memory{a.memory(), b.memory(),
					{Base: unsafe.Pointer(unsafe.SliceData(p)), Strides: []int64{1}, Extents: []int64{int64(len(p))}},
					{Base: unsafe.Pointer(unsafe.SliceData(c)), Strides: []int64{1}, Extents: []int64{n}}}
				if err := code.Run(context.Background(), 1, []uint64{uint64(n), uint64(k)}, memory); err != nil {
					t.Fatal(err)
				}
				scale := T(1)
				if strings.HasPrefix(x.factors, "2.5") {
					scale = 2.5
				}
				for i := range n {
					want := T(math.Copysign(0, -1))
					for s := range k {
						x := x.at(p, i, s)
						want = fma(T(scale**a.at(x[0], x[1])), *b.at(x[2], x[3]), want)
					}
					if math.Float64bits(float64(c[i])) != math.Float64bits(float64(want)) {
						t.Fatalf("%s, unit %b: chain %d of %d, %d steps: %v, want %v", x.factors, unit, i, n, k, c[i], want)
					}
				}
			}
		}
	}
}
