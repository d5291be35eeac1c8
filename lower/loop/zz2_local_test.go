package loop_test

import (
	"context"
	"fmt"
	"math/rand/v2"

	"runtime"
	"testing"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
	"github.com/numen-go/numen/lower/loop"
	"github.com/numen-go/numen/lower/x86"
	"github.com/numen-go/numen/lower/x86/asm"
	"unsafe"
)

func TestYY(t *testing.T) {
	runtime.LockOSThread()
	for _, c := range []struct{ name, text string }{
		{"A along k", `loop NAME(M, N, K, in x f64[_,_], out y f64[_,_]):
  local p f64[quo(M + 7, 8), K, 8]
  for q = 0 to quo(M + 7, 8):
    i0 = 8 * q
    n = min(8, M - i0)
    for k = 0 to K step 128:
      kn = min(128, K - k)
      for i = 0 to n:
        strip t < kn:
          p[q, k + t, i] = x[i0 + i, k + t]
`}, {"B across", `loop NAME(M, N, K, in x f64[_,_], out y f64[_,_]):
  local p f64[quo(M + 23, 24), K, 24]
  for k = 0 to K step 16:
    ke = min(k + 16, K)
    for q = 0 to quo(M + 23, 24):
      i0 = 24 * q
      n = min(24, M - i0)
      for kk = k to ke:
        strip t < n:
          p[q, kk, t] = x[kk, i0 + t]
`}, {"A across", `loop NAME(M, N, K, in x f64[_,_], out y f64[_,_]):
  local p f64[quo(M + 7, 8), K, 8]
  for k = 0 to K step 16:
    ke = min(k + 16, K)
    for q = 0 to quo(M + 7, 8):
      i0 = 8 * q
      n = min(8, M - i0)
      for kk = k to ke:
        strip t < n:
          p[q, kk, t] = x[kk, i0 + t]
`}, {"rows", `loop NAME(M, N, K, in x f64[_,_], out y f64[_,_]):
  local p f64[M, K]
  for i = 0 to M:
    strip t < K:
      p[i, t] = x[i, t]
`}} {
		l, err := loop.Parse(replaceAll(replaceAll(c.text, "NAME", replaceAll(c.name, " ", "_")), "zzz", ""))
		if err != nil {
			t.Fatal(err)
		}
		code, err := loop.CompileWith(l, x86.New(asm.AVX512), loop.Class{Unit: 0b1010})
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range []int64{256, 512} {
			v, w := make([]float64, n*n), make([]float64, n*n)
			for i := range v {
				v[i] = rand.Float64()
			}
			mem := func(v []float64) loop.Memory {
				return loop.Memory{unsafe.Pointer(&v[0]), 0, []int64{n, 1}, []int64{n, n}}
			}
			best := 1e9
			for range 30 {
				t0 := cpuNow(3)
				if err := code.Run(context.Background(), 1, []uint64{uint64(n), uint64(n), uint64(n)}, []loop.Memory{mem(v), mem(w)}); err != nil {
					t.Fatal(err)
				}
				best = min(best, cpuNow(3)-t0)
			}
			fmt.Printf("%s %d: %.2f ns/elem\n", c.name, n, best*1e9/float64(n*n))
		}
	}
	_ = ir.Int64
	_ = lower.Contiguous
}
