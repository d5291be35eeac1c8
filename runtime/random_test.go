package rt

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	godebug "runtime/debug"
	"sync/atomic"
	"testing"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/ir/irtest"
	"github.com/numen-go/numen/lower"
	"github.com/numen-go/numen/lower/cpu"
	"github.com/numen-go/numen/lower/loop"
	"github.com/numen-go/numen/lower/x86"
	"github.com/numen-go/numen/lower/x86/asm"
	"github.com/numen-go/numen/passes"
)

// elements returns a tensor's elements in memory.
func elements(t *ir.Tensor) *lower.Array {
	extents := make([]int64, len(t.Shape))
	for i, n := range t.Shape {
		extents[i] = int64(n)
	}
	var h *lower.Host
	switch t.DType.Size() {
	case 1:
		h = lower.HostOf(narrowed[uint8](t.Elems))
	case 2:
		h = lower.HostOf(narrowed[uint16](t.Elems))
	case 4:
		h = lower.HostOf(narrowed[uint32](t.Elems))
	default:
		h = lower.HostOf(t.Elems)
	}
	return &lower.Array{DType: t.DType, Buf: h, Strides: lower.Contiguous(extents), Extents: extents}
}

func narrowed[T uint8 | uint16 | uint32](elems []uint64) []T {
	out := make([]T, len(elems))
	for i, e := range elems {
		out[i] = T(e)
	}
	return out
}

// tensorOf reads an array back.
func tensorOf(a *lower.Array) *ir.Tensor {
	t := &ir.Tensor{DType: a.DType, Shape: []int{}}
	for _, e := range a.Extents {
		t.Shape = append(t.Shape, int(e))
	}
	h := a.Buf.(*lower.Host)
	n := t.Size()
	switch a.DType {
	case ir.Bool, ir.Uint8:
		t.Elems = widened[uint8](h, n)
	case ir.Int8:
		t.Elems = widened[int8](h, n)
	case ir.Int16:
		t.Elems = widened[int16](h, n)
	case ir.Uint16:
		t.Elems = widened[uint16](h, n)
	case ir.Int32:
		t.Elems = widened[int32](h, n)
	case ir.Uint32, ir.Float32:
		t.Elems = widened[uint32](h, n)
	default:
		t.Elems = widened[uint64](h, n)
	}
	return t
}

func widened[T int8 | int16 | int32 | uint8 | uint16 | uint32 | uint64](h *lower.Host, n int) []uint64 {
	out := make([]uint64, n)
	for i, e := range lower.Slice[T](h)[:n] {
		out[i] = uint64(int64(e))
	}
	return out
}

// ordered gives every sum of products of floats an order: what a user leaves free has no
// bits to compare.
func ordered(t *testing.T, g *ir.Graph) {
	t.Helper()
	for _, n := range g.Nodes() {
		if n.Op != ir.OpContract || n.Attr.Order != ir.Free || !n.Type.DType.IsFloat() {
			continue
		}
		spec, err := ir.ParseSpec(n.Attr.Spec)
		if err != nil {
			t.Fatal(err)
		}
		n.Attr.Order = ir.ContractOrder(spec)
	}
}

// shuffled is the cpu target's code at a level, in short strips and small tiles, cut into
// far too many tasks, which start in another order; results count as large, which takes
// them past the caches.
type shuffled struct {
	name   string
	tuning *loop.Tuning
}

func newShuffled(level string) shuffled {
	t := *loop.Portable
	if x := map[string]asm.Level{"avx512": asm.AVX512, "avx2": asm.AVX2}[level]; x != 0 {
		t = loop.Tuning{Schedule: x86.Schedule(x), Machine: x86.New(x), StreamBytes: 64}
	}
	s := &t.Schedule
	cost := s.Cost
	s.Cost = func(op *ir.Op, d ir.DType) float64 { return 1e5 * cost(op, d) }
	s.Strip, s.Wide, s.Rows, s.Cols = 16, 64, 24, 96
	t.Order = func(turn, tasks int64) int64 {
		turns.Add(1)
		step := tasks*5/8 + 1
		for gcd(step, tasks) != 1 {
			step++
		}
		return (turn + 1) * step % tasks
	}
	return shuffled{"shuffled_" + level, &t}
}

// turns counts the tasks that were shuffled.
var turns atomic.Int64

func gcd(a, b int64) int64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

func (s shuffled) Name() string { return s.name }
func (shuffled) Caps() *ir.Caps { return loop.Caps() }
func (shuffled) Close() error   { return nil }

func (s shuffled) Compile(_ context.Context, k *ir.Kernel) (lower.Executable, error) {
	code, err := loop.NewKernel(k, s.tuning)
	if err != nil {
		return nil, err
	}
	return code, nil
}

// levelled is the cpu target at a level.
type levelled struct {
	lower.Target
	name string
}

func (l levelled) Name() string { return l.name }

// The levels of the cpu target are targets of these tests, as they are and shuffled.
func init() {
	for _, level := range cpu.Levels() {
		lower.Register("cpu_"+level, func() (lower.Target, error) {
			t, err := cpu.New(level)
			return levelled{t, "cpu_" + level}, err
		})
		lower.Register("shuffled_"+level, func() (lower.Target, error) { return newShuffled(level), nil })
	}
}

var (
	graphs    = flag.Uint64("graphs", 2500, "how many random graphs TestRandomGraphsHaveOneResult runs")
	firstSeed = flag.Uint64("seed", 0, "the seed of the first of them")
)

// TestRandomGraphsHaveOneResult runs random graphs through everything, at every level, on
// 1, 2 and 7 threads and shuffled, in turns, and compares bits with the evaluator.
func TestRandomGraphsHaveOneResult(t *testing.T) {
	if testing.Short() {
		*graphs = min(*graphs, 250)
	}
	options := []irtest.Options{{Nodes: 4}, {Nodes: 12}, {Special: true}, {Nodes: 30}}
	ref := newEngine(t, Config{Targets: []string{"ref"}})
	var engines [4][]*Engine
	for _, level := range cpu.Levels() {
		for i, c := range []Config{
			{Targets: []string{"shuffled_" + level}, Threads: 7},
			{Targets: []string{"cpu_" + level}, Threads: 1},
			{Targets: []string{"shuffled_" + level}, Threads: 2},
			{Targets: []string{"cpu_" + level}, Threads: 7},
		} {
			engines[i] = append(engines[i], newEngine(t, c))
		}
	}
	for seed := *firstSeed; seed < *firstSeed+*graphs; seed++ {
		c := irtest.New(rand.New(rand.NewPCG(seed, 11)), options[seed%uint64(len(options))])
		ordered(t, c.Graph)
		u := &passes.Unit{Graph: c.Graph}
		if _, err := passes.Run(u, passes.Options{Until: "contract"}); err != nil {
			t.Fatalf("seed %d: %v\n%s", seed, err, c.Graph)
		}
		want, wantErr := ir.EvalGraph(u.Graph, c.Inputs, c.Env)
		for i, p := range c.Graph.Params {
			p.Data = elements(c.Inputs[i])
		}
		for _, n := range c.Graph.Nodes() {
			if n.Op == ir.OpScalar {
				n.Attr.Bits = c.Env.Scalars[n.Attr.Index]
			}
		}
		turn := engines[seed/uint64(len(options))%uint64(len(engines))]
		for _, e := range append([]*Engine{ref}, turn...) {
			if err := sameAs(t, e, c.Graph, want, wantErr); err != nil {
				t.Errorf("seed %d on %s, %d threads: %v\n%s", seed, e.config.Targets[0], e.config.Threads, err, c.Graph)
			}
		}
	}
	if n := ref.Counts(); n.Kernels == 0 || turns.Load() < int64(*graphs) {
		t.Errorf("%d kernels were compiled, %d tasks shuffled", n.Kernels, turns.Load())
	}
}

// sameAs runs a graph and compares with what the evaluator has. A panic is an error too, so
// that a long run goes on.
func sameAs(t *testing.T, e *Engine, g *ir.Graph, want []*ir.Tensor, wantErr error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, godebug.Stack())
		}
	}()
	out, err := e.Eval(t.Context(), g.Results, nil)
	if wantErr != nil {
		if run := (*RunError)(nil); !errors.As(err, &run) {
			return fmt.Errorf("%w, the evaluator has %w", err, wantErr)
		}
		return nil
	}
	if err != nil {
		return err
	}
	got := make([]*ir.Tensor, len(out))
	for i, a := range out {
		got[i] = tensorOf(a)
	}
	return irtest.Same(got, want)
}
