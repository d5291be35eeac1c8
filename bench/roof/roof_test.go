package roof

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"testing"
)

// TestSamples checks what samples count and that the work was really done, not
// how fast it was.
func TestSamples(t *testing.T) {
	const bytes = 3 << 20
	for _, threads := range []int{1, 2, 3} {
		b, err := New(threads, bytes)
		if err != nil {
			t.Fatal(err)
		}
		if got := b.Bytes(); got > bytes || got < bytes-threads*8*block {
			t.Errorf("%d threads: arrays of %d bytes, want about %d", threads, got, bytes)
		}
		mem, size := b.memory, int64(b.Bytes()*b.passes)
		if size < leastBytes*int64(threads) || size > 2*leastBytes*int64(threads) {
			t.Errorf("%d threads: a sample moves %d bytes, want about %d a thread", threads, size, leastBytes)
		}
		for _, array := range [][]float64{mem.dst, mem.b, mem.c} {
			if slices.Contains(array, 0) {
				t.Errorf("%d threads: an array has zeros", threads)
			}
		}

		check := func(name string, s Sample, wantBytes int64, flops bool) {
			t.Helper()
			if s.Bytes != wantBytes || (s.Flops > 0) != flops || s.Time <= 0 {
				t.Errorf("%d threads: %s: %+v", threads, name, s)
			}
		}
		want, got := 0.0, 0.0
		for _, x := range mem.b {
			want += x
		}
		check("read", b.Read(), size, false)
		for _, w := range b.workers {
			got += w.sum
		}
		if got != want {
			t.Errorf("%d threads: read summed to %v, want %v", threads, got, want)
		}
		check("copy", b.Copy(), 2*size, false)
		if !slices.Equal(mem.dst, mem.b) {
			t.Errorf("%d threads: the copy differs", threads)
		}
		check("triad", b.Triad(), 3*size, false)
		for i, x := range mem.dst {
			if want := mem.b[i] + 3*mem.c[i]; x != want {
				t.Fatalf("%d threads: triad element %d is %v, want %v", threads, i, x, want)
			}
		}
		check("fma64", b.FMA64(), 0, true)
		check("fma32", b.FMA32(), 0, true)
		for _, w := range b.workers {
			if w.acc64[0] != 2 || w.acc32[0] != 2 { // the fixed point of x/2 + 1
				t.Errorf("%d threads: accumulators are %v and %v, want 2", threads, w.acc64[0], w.acc32[0])
			}
		}
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestRate(t *testing.T) {
	if got := (Sample{Bytes: 3e9, Time: 2e9}).Rate(); got != 1.5 {
		t.Errorf("3e9 bytes in 2 s: got %v GB/s", got)
	}
	if got := (Sample{Flops: 5e9, Time: 2e9}).Rate(); got != 2.5 {
		t.Errorf("5e9 flops in 2 s: got %v GFLOP/s", got)
	}
}

func TestNewRejects(t *testing.T) {
	for _, c := range []struct{ threads, bytes int }{{0, 1}, {-1, 1}, {maxThreads + 1, 1}, {1, -1}, {1, math.MaxInt}} {
		if b, err := New(c.threads, c.bytes); err == nil {
			b.Close()
			t.Errorf("New(%d, %d) succeeded", c.threads, c.bytes)
		}
	}
}

// BenchmarkLimits reports the best and the median rate of each limit.
func BenchmarkLimits(b *testing.B) {
	for threads := 1; threads <= runtime.GOMAXPROCS(0); threads *= 2 {
		m, err := New(threads, 0)
		if err != nil {
			b.Fatal(err)
		}
		for _, limit := range []struct {
			name   string
			unit   string
			sample func() Sample
		}{
			{"Read", "GB/s", m.Read},
			{"Copy", "GB/s", m.Copy},
			{"Triad", "GB/s", m.Triad},
			{"FMA64", "GFLOP/s", m.FMA64},
			{"FMA32", "GFLOP/s", m.FMA32},
		} {
			b.Run(fmt.Sprintf("%s/%s/threads=%d", limit.name, m.Kernels(), threads), func(b *testing.B) {
				var rates []float64
				for b.Loop() {
					rates = append(rates, limit.sample().Rate())
				}
				slices.Sort(rates)
				b.ReportMetric(rates[len(rates)-1], "best-"+limit.unit)
				b.ReportMetric(rates[len(rates)/2], "median-"+limit.unit)
			})
		}
		if err := m.Close(); err != nil {
			b.Error(err)
		}
	}
}
