package shard_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/numen-go/numen/bench/programs"
	np "github.com/numen-go/numen/expr"
	"github.com/numen-go/numen/expr/shard"
)

// held returns what a process has: goroutines, open files, kilobytes of address space.
func held(t *testing.T) (goroutines, open, mapped int) {
	t.Helper()
	runtime.GC()
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip("what is open cannot be counted here")
	}
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Sscan(string(text), &mapped); err != nil {
		t.Fatal(err)
	}
	return runtime.NumGoroutine(), len(list), mapped * os.Getpagesize() >> 10
}

// faulty are ways in which a run to Zarr fails. Each names what and where.
var faulty = []struct {
	name  string
	spoil func(dir, zarr string) error // of the input, in zarr, or what is written, beside dir
	part  string
}{
	{"a chunk is missing", func(_, zarr string) error { return os.Remove(filepath.Join(zarr, "1.0")) }, "chunk [1 0] of"},
	{"a chunk is short", func(_, zarr string) error { return os.Truncate(filepath.Join(zarr, "1.1"), 77) }, "1.1: 77 bytes, a chunk has"},
	{"a chunk is long", func(_, zarr string) error { return os.Truncate(filepath.Join(zarr, "0.1"), 1<<20) }, "0.1: 1048576 bytes, a chunk has"},
	{"a folder cannot be made", func(dir, _ string) error {
		made, err := filepath.Glob(filepath.Join(dir, "*.tmp*"))
		if err != nil || len(made) != 1 {
			return fmt.Errorf("%v, %w", made, err)
		}
		return os.WriteFile(filepath.Join(made[0], "c"), nil, 0o644)
	}, "not a directory"},
}

func TestFaultsLeaveNothing(t *testing.T) {
	const meta = `{"zarr_format":2,"shape":[300,256],"chunks":[128,128],"dtype":"<f8","compressor":null,"fill_value":null,"order":"C","filters":null}`
	for _, c := range faulty {
		zarr, out := t.TempDir(), t.TempDir()
		good := filepath.Join(t.TempDir(), "good")
		if err := shard.ToZarr(t.Context(), numbers(t, 300, 256, 128, 128), good, &shard.ZarrOptions{Chunks: []int{128, 128}, Version: 2}); err != nil {
			t.Fatal(err)
		}
		run := func() error {
			for name, data := range files(t, good) {
				write(t, filepath.Join(zarr, name), []byte(data))
			}
			write(t, filepath.Join(zarr, ".zarray"), []byte(meta))
			x, err := shard.FromZarr(zarr)
			if err != nil {
				t.Fatal(err)
			}
			spoil := shard.OnPlan(func(*shard.Plan) error { return c.spoil(out, zarr) })
			y := np.Add(shard.Rechunk(np.Exp(x), 20, 256), np.Sum(x, np.Axis(0)))
			return shard.ToZarr(t.Context(), y, filepath.Join(out, "y"), &shard.ZarrOptions{Chunks: []int{50, 256}, Eval: []np.EvalOption{np.Memory(1 << 20), np.Threads(2), spoil}})
		}
		if err := run(); err == nil || !strings.Contains(err.Error(), c.part) || !strings.Contains(err.Error(), "_test.go") {
			t.Errorf("%s: %v", c.name, err)
		}
		if left, err := os.ReadDir(out); err != nil || len(left) > 0 {
			t.Errorf("%s: %v is left, %v", c.name, left, err)
		}
		g, o, m := grown(t, 40, run)
		if g > 2 || o > 2 || !detector && m > 40<<10/2 { // each run takes more than half of a megabyte
			t.Errorf("%s: %d goroutines, %d files, %d KiB are left", c.name, g, o, m)
		}
	}
}

// grown returns how many goroutines, open files and KiB of memory so many runs leave.
func grown(t *testing.T, runs int, run func() error) (goroutines, open, mapped int) {
	t.Helper()
	for range 5 { // the first runs start helpers, and fill pools
		_ = run()
	}
	goroutines, open, mapped = held(t)
	for range runs {
		_ = run()
	}
	time.Sleep(10 * time.Millisecond) // helpers leave
	g, o, m := held(t)
	return g - goroutines, o - open, m - mapped
}

func TestNoRoomToSpill(t *testing.T) {
	x := numbers(t, 1000, 100, 100, 100)
	y := np.Add(shard.Rechunk(np.Exp(x), 1000, 10), 1)
	_, err := np.Values[float64](t.Context(), y, np.Memory(300<<10), shard.Spill(filepath.Join(t.TempDir(), "nowhere")))
	if err == nil || !strings.Contains(err.Error(), "no room to spill") {
		t.Errorf("%v", err)
	}
}

// A fault is the one that dense arrays have, whatever the order of tasks.
func TestSmallestFault(t *testing.T) {
	index := make([]int64, 40*50)
	for i := range index {
		index[i] = int64(i % 7)
	}
	index[17*50+3], index[17*50+45], index[30*50+1] = 71, 72, 73 // the first in row-major order, and others
	dense := concrete(t, np.Reshape(np.FromSlice(index), 40, 50))
	table := waves(7)
	_, want := np.Take(table, np.Multiply(dense, 1), 0).Eval(t.Context())
	if want == nil || !strings.Contains(want.Error(), "index 71") {
		t.Fatalf("dense arrays: %v", want)
	}
	r := rand.New(rand.NewPCG(1, 1))
	for range 40 {
		rows, columns := 1+r.IntN(40), 1+r.IntN(50)
		x := cut(t, dense, rows, columns)
		_, err := np.Take(table, np.Multiply(x, 1), 0).Eval(t.Context(), np.Threads(1+r.IntN(7)), np.Memory(int64(100+r.IntN(100))<<10))
		var got *np.Error
		if !errors.As(err, &got) || !strings.Contains(err.Error(), "index 71") || filepath.Base(got.File) != "fault_test.go" || !errors.Is(err, np.ErrIndex) {
			t.Fatalf("chunks of %d, %d: %v", rows, columns, err)
		}
	}
}

// Of several tasks that fail without a fault the first of the plan is told.
func TestFirstFailureOfThePlan(t *testing.T) {
	for range 30 {
		x, err := shard.Generate(np.Float64, np.Shape{64}, []int{1}, func(lo, _ []int64, dst []byte) error {
			clear(dst)
			switch lo[0] {
			case 20:
				time.Sleep(time.Millisecond)
				return errors.New("the first")
			case 21, 23, 40:
				return errors.New("a later one")
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := np.Add(x, 1).Eval(t.Context(), np.Threads(4)); err == nil || !strings.Contains(err.Error(), "the first") {
			t.Fatalf("%v", err)
		}
	}
}

// Every program has the bits of dense arrays on some operands in chunks of any size, dense
// ones beside them, within any bound that holds a task.
func TestProgramsInRandomChunks(t *testing.T) {
	r := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 1))
	seed := r.Uint64()
	r = rand.New(rand.NewPCG(seed, 2))
	runs := 0
	for _, p := range programs.All() {
		dense, err := p.Arrays(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		want, err := np.Eval(t.Context(), p.Build(dense))
		if err != nil {
			t.Fatalf("%s: %v", p.Name, err)
		}
		for range 4 {
			x := make([]np.Array, len(dense))
			some := false
			for i, a := range dense {
				if x[i] = a; r.IntN(4) == 0 && (some || i+1 < len(dense)) {
					continue
				}
				some = true
				var chunks []int
				for _, n := range a.Shape() {
					chunks = append(chunks, 1+r.IntN(n+2))
				}
				if x[i], err = shard.FromArray(a, chunks...); err != nil {
					t.Fatal(err)
				}
			}
			bound := int64(0)
			if r.IntN(2) == 0 {
				bound = int64(20+r.IntN(200)) << 10
			}
			got, err := np.Eval(t.Context(), p.Build(x), np.Threads(1+r.IntN(3)), np.Memory(bound))
			if errors.Is(err, np.ErrMemory) && bound > 0 {
				continue
			}
			if err != nil {
				t.Errorf("seed %d: %s: %v", seed, p.Name, err)
				continue
			}
			runs++
			for i := range want {
				if a, b := bytesOf(t, got[i]), bytesOf(t, want[i]); a != b {
					t.Errorf("seed %d: %s: result %d differs", seed, p.Name, i)
				}
			}
		}
	}
	if runs < 100 {
		t.Errorf("%d runs", runs)
	}
}

// bytesOf returns the elements of an array, NaN as one.
func bytesOf(t *testing.T, a np.Array) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "a")
	if err := shard.ToZarr(t.Context(), a, dir, &shard.ZarrOptions{Chunks: a.Shape()}); err != nil {
		t.Fatal(err)
	}
	var all []string
	for name, data := range files(t, dir) {
		if !strings.HasSuffix(name, ".json") {
			all = append(all, data)
		}
	}
	return strings.Join(all, "")
}
