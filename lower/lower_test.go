package lower_test

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
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

type nothing struct{ lower.Target }

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
