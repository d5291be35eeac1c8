package lower_test

import (
	"context"
	"errors"
	"math"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
)

func TestCheckProvesEveryElementInside(t *testing.T) {
	h := lower.HostOf(make([]float64, 24))
	for _, c := range []struct {
		name             string
		offset           int64
		strides, extents []int64
		part             string // of the error; "": inside
	}{
		{"whole", 0, []int64{8, 1}, []int64{3, 8}, ""},
		{"one too many", 0, []int64{8, 1}, []int64{3, 9}, "elements 0 to 24 of a buffer of 24"},
		{"offset", 23, nil, nil, ""},
		{"offset outside", 24, nil, nil, "elements 24 to 24"},
		{"reversed", 23, []int64{-1}, []int64{24}, ""},
		{"reversed too far", 22, []int64{-1}, []int64{24}, "elements -1 to 22"},
		{"broadcast", 5, []int64{0, 1}, []int64{1 << 40, 19}, ""},
		{"nothing", 1 << 50, []int64{1 << 60, 1}, []int64{0, 9}, ""},
		{"negative extent", 0, []int64{1}, []int64{-1}, "extent -1"},
		{"ranks differ", 0, []int64{1}, []int64{2, 2}, "1 strides for 2 axes"},
		{"product overflows", 0, []int64{math.MaxInt64}, []int64{4}, "spans too much"},
		{"sum overflows", 0, []int64{math.MaxInt64, math.MaxInt64}, []int64{2, 2}, "spans too much"},
		{"sum overflows downwards", 0, []int64{-math.MaxInt64, -math.MaxInt64}, []int64{2, 2}, "spans too much"},
	} {
		a := lower.Array{DType: ir.Float64, Buf: h, Offset: c.offset, Strides: c.strides, Extents: c.extents}
		err := a.Check()
		if c.part == "" && err != nil || c.part != "" && (err == nil || !strings.Contains(err.Error(), c.part)) {
			t.Errorf("%s: %v, want %q", c.name, err, c.part)
		}
	}
	a := lower.Array{DType: ir.Float64}
	if err := a.Check(); err == nil {
		t.Error("an array without a buffer passes")
	}
}

func TestContiguous(t *testing.T) {
	if got := lower.Contiguous([]int64{2, 3, 4}); !slices.Equal(got, []int64{12, 4, 1}) {
		t.Error(got)
	}
}

func TestHostMemoryIsGivenBackOnce(t *testing.T) {
	freed, left := 0, 0
	make1 := func() *lower.Host {
		h := lower.HostOf(make([]int32, 5))
		h.Own(func() { freed++ }, func() { left++ })
		return h
	}
	h := make1()
	if h.Size() != 20 || len(lower.Slice[int32](h)) != 5 {
		t.Errorf("%d bytes, %d elements", h.Size(), len(lower.Slice[int32](h)))
	}
	h.Close()
	h.Close()
	if freed != 1 || left != 0 || h.Bytes() != nil {
		t.Errorf("closed twice: freed %d times, left %d times", freed, left)
	}
	h = make1()
	h.Keep()
	h.Close()
	if freed != 1 || left != 1 {
		t.Errorf("kept: freed %d times, left %d times", freed, left)
	}
}

func TestParallelCallsEveryNumberOnce(t *testing.T) {
	for _, threads := range []int{0, 1, 3, 50} {
		var seen [40]atomic.Int32
		if err := lower.Parallel(t.Context(), threads, 40, func(i int64) error { seen[i].Add(1); return nil }); err != nil {
			t.Fatal(err)
		}
		for i := range seen {
			if n := seen[i].Load(); n != 1 {
				t.Errorf("%d threads: number %d was called %d times", threads, i, n)
			}
		}
	}
}

func TestParallelStopsAtAnErrorAndAtTheContextsEnd(t *testing.T) {
	bad := errors.New("bad")
	for _, threads := range []int{1, 4} {
		var calls atomic.Int64
		err := lower.Parallel(t.Context(), threads, 1<<40, func(i int64) error {
			calls.Add(1)
			if i == 100 {
				return bad
			}
			return nil
		})
		if err != bad || calls.Load() > 1<<20 {
			t.Errorf("%d threads: %v after %d calls", threads, err, calls.Load())
		}
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(10*time.Millisecond, cancel)
		if err := lower.Parallel(ctx, threads, 1<<60, func(int64) error { return nil }); !errors.Is(err, context.Canceled) {
			t.Errorf("%d threads, cancelled: %v", threads, err)
		}
	}
}

// TestParallelFromEverywhere calls Parallel from many goroutines, and from calls of
// others, now at once and now when helpers have gone to sleep.
func TestParallelFromEverywhere(t *testing.T) {
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for round := range 300 {
				var sum, nested atomic.Int64
				err := lower.Parallel(t.Context(), 1+(g+round)%4, 20, func(i int64) error {
					sum.Add(i)
					if i%7 == 0 {
						return lower.Parallel(t.Context(), 2, 5, func(j int64) error { nested.Add(j); return nil })
					}
					return nil
				})
				if err != nil || sum.Load() != 190 || nested.Load() != 30 {
					t.Errorf("sum %d, nested %d, error %v", sum.Load(), nested.Load(), err)
				}
				if round%50 == g {
					time.Sleep(time.Millisecond)
				}
			}
		})
	}
	wg.Wait()
}

// TestParallelLeavesNobody holds that helpers end soon after their last call.
func TestParallelLeavesNobody(t *testing.T) {
	before := runtime.NumGoroutine()
	for range 10 {
		if err := lower.Parallel(t.Context(), 6, 100, func(int64) error { runtime.Gosched(); return nil }); err != nil {
			t.Fatal(err)
		}
	}
	for range 1000 {
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Errorf("%d goroutines before, %d after", before, runtime.NumGoroutine())
}

// BenchmarkParallel times two goroutines that work 100 microseconds each.
func BenchmarkParallel(b *testing.B) {
	for b.Loop() {
		err := lower.Parallel(b.Context(), 2, 2, func(int64) error {
			for start := time.Now(); time.Since(start) < 100*time.Microsecond; {
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}

type nothing struct{ lower.Target }

func (nothing) Name() string { return "nothing" }
func (nothing) Close() error { return nil }

func TestRegistry(t *testing.T) {
	lower.Register("nothing", func() (lower.Target, error) { return nothing{}, nil })
	if got, err := lower.Open("nothing"); err != nil || got != (nothing{}) {
		t.Error(got, err)
	}
	if !slices.Contains(lower.Names(), "nothing") {
		t.Error(lower.Names())
	}
	if _, err := lower.Open("none"); err == nil || !strings.Contains(err.Error(), `no target "none" is linked in`) {
		t.Error(err)
	}
	lower.Register("alias", func() (lower.Target, error) { return nothing{}, nil })
	if _, err := lower.Open("alias"); err == nil || !strings.Contains(err.Error(), `target "alias" calls itself "nothing"`) {
		t.Error(err)
	}
	for name, register := range map[string]func(){
		"twice":     func() { lower.Register("nothing", func() (lower.Target, error) { return nil, nil }) },
		"nil maker": func() { lower.Register("other", nil) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			register()
		}()
	}
}
