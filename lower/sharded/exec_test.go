package sharded

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
)

// tiles returns an array of n by n numbers in packed tiles of side by side: chunks that are
// computed (decoded) before they are used.
func tiles(n, side int64) (*memory, *lower.Array) {
	r := rand.New(rand.NewPCG(1, 1))
	elems := make([]uint64, n*n)
	for i := range elems {
		elems[i] = ir.Float(ir.Float64, r.NormFloat64())
	}
	g, _ := regular([]int64{n, n}, []int64{side, side})
	m := &memory{ir.Float64, []int64{n, n}, g, pack(ir.Float64, elems), true}
	return m, &lower.Array{DType: ir.Float64, Format: home, Buf: m, Extents: m.extents}
}

// rows returns the array cut into rows instead.
func rows(t *testing.T, target lower.Holder, a *lower.Array) *lower.Array {
	t.Helper()
	out, err := target.Convert(t.Context(), a, &ir.Format{Device: name, Chunks: []ir.Dim{ir.N(8), ir.N(a.Extents[1])}})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestRechunkSpillsWithinTheBound(t *testing.T) {
	target := wrap(t, "cpu").(*target)
	m, a := tiles(256, 64)
	out := rows(t, target, a)
	// All of it is 512 KiB; four tiles are 128.
	if err := target.Finish(t.Context(), []*lower.Array{out}, &lower.Bounds{Threads: 2, Memory: 200 << 10}); err != nil {
		t.Fatal(err)
	}
	if len(target.shelves) == 0 {
		t.Error("nothing was spilled")
	}
	if !slices.Equal(read(t, out), m.data) {
		t.Error("the elements changed")
	}
	if g := out.Buf.(lower.Chunked).Chunks(); len(g[0]) != 32 || len(g[1]) != 1 {
		t.Errorf("chunks end at %v", g)
	}
}

// brokenShelf has no room.
type brokenShelf struct{ scratch }

var errFull = errors.New("no space left on device")

func (*brokenShelf) put([]byte) (slot, error) { return slot{}, errFull }
func (*brokenShelf) close() error             { return nil }

func TestFullDisk(t *testing.T) {
	target := wrap(t, "cpu").(*target)
	m, a := tiles(256, 64)
	target.shelves[os.TempDir()] = &brokenShelf{}
	out := rows(t, target, a)
	b := &lower.Bounds{Threads: 2, Memory: 200 << 10}
	if err := target.Finish(t.Context(), []*lower.Array{out}, b); !errors.Is(err, errFull) || !strings.Contains(err.Error(), "room was needed for chunk ") {
		t.Fatalf("a full disk: %v", err)
	}
	clear(target.shelves)
	if err := target.Finish(t.Context(), []*lower.Array{out}, b); err != nil {
		t.Fatalf("with room again: %v", err)
	}
	if !slices.Equal(read(t, out), m.data) {
		t.Error("the elements changed")
	}
}

func TestRefusedBeforeAnythingRuns(t *testing.T) {
	target := wrap(t, "cpu")
	_, a := tiles(256, 64)
	var small *MemoryError
	err := target.Finish(t.Context(), []*lower.Array{rows(t, target, a)}, &lower.Bounds{Memory: 30000, Watch: func(_, _ int64, task string) {
		t.Errorf("%s ran", task)
	}})
	if !errors.As(err, &small) || small.Bound != 30000 || small.Need != 64*64*8 || !errors.Is(err, lower.ErrMemory) {
		t.Errorf("%v", err)
	}
}

// broken is a source with a chunk that cannot be read.
type broken struct{ *memory }

var errBroken = errors.New("a bad sector")

func (b broken) Read(ctx context.Context, lo, hi []int64, dst []byte) error {
	if lo[0] >= 128 {
		return errBroken
	}
	return b.memory.Read(ctx, lo, hi, dst)
}

func TestFailedTaskIsNamed(t *testing.T) {
	target := wrap(t, "cpu")
	m, a := tiles(256, 64)
	a.Buf = broken{m}
	err := target.Finish(t.Context(), []*lower.Array{rows(t, target, a)}, &lower.Bounds{Threads: 2})
	if !errors.Is(err, errBroken) || !strings.Contains(err.Error(), "of memory") {
		t.Errorf("%v", err)
	}
}

func TestCancelledBetweenTasks(t *testing.T) {
	target := wrap(t, "cpu")
	m, a := tiles(256, 64)
	out := rows(t, target, a)
	ctx, cancel := context.WithCancel(t.Context())
	err := target.Finish(ctx, []*lower.Array{out}, &lower.Bounds{Threads: 2, Watch: func(done, _ int64, _ string) {
		if done == 3 {
			cancel()
		}
	}})
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if err := target.Finish(t.Context(), []*lower.Array{out}, &lower.Bounds{}); err != nil || !slices.Equal(read(t, out), m.data) {
		t.Errorf("afterwards: %v", err)
	}
}

// small returns y = x + 1 on n chunks of one element.
func small(t testing.TB, target lower.Holder, n int64) (*memory, *lower.Array) {
	k, err := ir.ParseKernel("kernel inc; dim N; in x f64[N]; out y f64[N]; axis i<N;  y[i] = x[i] + 1.0")
	if err != nil {
		t.Fatal(err)
	}
	exe, err := target.Compile(t.Context(), k)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { exe.Close() })
	g, _ := regular([]int64{n}, []int64{1})
	m := &memory{ir.Float64, []int64{n}, g, make([]byte, 8*n), false}
	out, _ := target.Make(t.Context(), ir.Type{DType: ir.Float64}, m.extents)
	x := lower.Array{DType: ir.Float64, Format: home, Buf: m, Extents: m.extents}
	if err := exe.Run(t.Context(), &lower.Args{Dims: []int64{n}, Arrays: []lower.Array{x, *out}}); err != nil {
		t.Fatal(err)
	}
	return m, out
}

// A result of which nothing is asked is not computed, and a part of one only as far as it
// is read: here one chunk of a thousand.
func TestNothingBeyondTheDemand(t *testing.T) {
	target := wrap(t, "cpu")
	_, out := small(t, target, 1000)
	k, _ := ir.ParseKernel("kernel first; dim N; in x f64[N]; out y f64[1]; axis i<1;  y[i] = x[i+7]")
	exe, err := target.Compile(t.Context(), k)
	if err != nil {
		t.Fatal(err)
	}
	defer exe.Close()
	y, _ := target.Make(t.Context(), ir.Type{DType: ir.Float64}, []int64{1})
	if err := exe.Run(t.Context(), &lower.Args{Dims: []int64{1000}, Arrays: []lower.Array{*out, *y}}); err != nil {
		t.Fatal(err)
	}
	tasks := int64(0)
	if err := target.Finish(t.Context(), []*lower.Array{y}, &lower.Bounds{Watch: func(_, total int64, _ string) { tasks = total }}); err != nil {
		t.Fatal(err)
	}
	if tasks != 2 {
		t.Errorf("%d tasks", tasks)
	}
}

// BenchmarkTasks runs 1e5 tasks of one element.
func BenchmarkTasks(b *testing.B) {
	t, err := Wrap("cpu")
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		_, out := small(b, t, 100_000)
		if err := t.Finish(b.Context(), []*lower.Array{out}, &lower.Bounds{Threads: 2}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkPlan plans 1e6 tasks.
func BenchmarkPlan(b *testing.B) {
	t, err := Wrap("cpu")
	if err != nil {
		b.Fatal(err)
	}
	_, out := small(b, t, 1_000_000)
	for b.Loop() {
		p, err := t.(*target).newPlan(b.Context(), []wanted{{node: out.Buf.(*buffer).n}}, nil, 2, 0)
		if err != nil || len(p.tasks) != 1_000_000 {
			b.Fatal(err)
		}
	}
}
