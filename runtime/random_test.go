package rt

import (
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/ir/irtest"
	"github.com/numen-go/numen/lower"
	"github.com/numen-go/numen/lower/cpu"
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

// The levels of the cpu target are targets of these tests.
func init() {
	for _, level := range cpu.Levels() {
		lower.Register("cpu_"+level, func() (lower.Target, error) { return cpu.New(level) })
	}
}

// TestRandomGraphsHaveOneResult runs random graphs through everything, at every level and on
// several threads, and compares bits with the evaluator.
func TestRandomGraphsHaveOneResult(t *testing.T) {
	graphs := uint64(2500)
	if testing.Short() {
		graphs = 250
	}
	options := []irtest.Options{{Nodes: 4}, {Nodes: 12}, {Special: true}, {Nodes: 30}}
	engines := []*Engine{newEngine(t, Config{Targets: []string{"ref"}})}
	for i, level := range cpu.Levels() {
		engines = append(engines, newEngine(t, Config{Targets: []string{"cpu_" + level}, Threads: 1 + 2*(i%2)}))
	}
	for seed := range graphs {
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
		for _, e := range engines {
			out, err := e.Eval(t.Context(), c.Graph.Results, nil)
			if wantErr != nil {
				var run *RunError
				if !errors.As(err, &run) {
					t.Fatalf("seed %d: %v, the evaluator has %v\n%s", seed, err, wantErr, c.Graph)
				}
				continue
			}
			if err != nil {
				t.Fatalf("seed %d: %v\n%s", seed, err, c.Graph)
			}
			got := make([]*ir.Tensor, len(out))
			for i, a := range out {
				got[i] = tensorOf(a)
			}
			if err := irtest.Same(got, want); err != nil {
				t.Fatalf("seed %d on %s, %d threads: %v\n%s", seed, e.config.Targets[0], e.config.Threads, err, c.Graph)
			}
		}
	}
	if n := engines[0].Counts(); n.Kernels == 0 {
		t.Error("no kernel was compiled")
	}
}
