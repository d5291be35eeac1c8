package irtest_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/ir/irtest"
)

// count adds the ops of g and of its subgraphs.
func count(ops map[*ir.Op]int, g *ir.Graph) {
	for _, n := range g.Nodes() {
		ops[n.Op]++
		for _, sub := range n.Subs {
			count(ops, sub)
		}
	}
}

// TestRandomCases holds random cases to what tests rely on: they are valid, evaluate,
// use every op of graphs, and most of their float results are finite and distinct.
func TestRandomCases(t *testing.T) {
	for _, o := range []irtest.Options{{Control: true}, {Symbols: true}, {Unknown: true}} {
		ops := map[*ir.Op]int{}
		floats, telling, unknown := 0, 0, 0
		for seed := range uint64(500) {
			c := irtest.New(rand.New(rand.NewPCG(seed, 0)), o)
			if err := c.Graph.Verify(); err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			out, err := ir.EvalGraph(c.Graph, c.Inputs, c.Env)
			if err != nil {
				t.Fatalf("seed %d: %v\n%s", seed, err, c.Graph)
			}
			count(ops, c.Graph)
			if slices.ContainsFunc(c.Graph.Results, func(r *ir.Node) bool { return slices.ContainsFunc(r.Type.Shape, ir.Dim.IsUnknown) }) {
				unknown++
			}
			f, tell := irtest.Telling(out)
			floats, telling = floats+f, telling+tell
		}
		share := float64(telling) / float64(floats)
		t.Logf("%+v: of %d float results %.2f are finite and distinct", o, floats, share)
		if floats < 1e4 || share < 0.5 {
			t.Errorf("%+v: of %d float results %.2f are finite and distinct", o, floats, share)
		}
		if o.Unknown != (unknown > 100) {
			t.Errorf("%+v: %d graphs have results of unknown extents", o, unknown)
		}
		for _, op := range ir.Ops() {
			if op.Host != nil { // conversions between formats: graphs here are dense
				continue
			}
			if op.Subs > 0 && !o.Control || op == ir.OpItem && !o.Control || len(ir.SamplesOf(op)) == 0 {
				continue
			}
			if ops[op] == 0 {
				t.Errorf("%+v: no graph has op %s", o, op)
			}
		}
	}
}

// TestDeterministic makes a case twice.
func TestDeterministic(t *testing.T) {
	o := irtest.Options{Nodes: 30, Control: true, Special: true}
	a, b := irtest.New(rand.New(rand.NewPCG(7, 0)), o), irtest.New(rand.New(rand.NewPCG(7, 0)), o)
	if a.Graph.String() != b.Graph.String() {
		t.Errorf("one seed gives two graphs:\n%s\n%s", a.Graph, b.Graph)
	}
	if err := irtest.Same(a.Inputs, b.Inputs); err != nil || len(a.Graph.Nodes()) < 20 {
		t.Errorf("%d nodes, %v", len(a.Graph.Nodes()), err)
	}
}

// TestSame finds a difference of one bit, and of the sign of zero.
func TestSame(t *testing.T) {
	of := func(values ...float64) []*ir.Tensor {
		x := &ir.Tensor{DType: ir.Float64, Shape: []int{len(values)}}
		for _, v := range values {
			x.Elems = append(x.Elems, ir.Float(ir.Float64, v))
		}
		return []*ir.Tensor{x}
	}
	x := of(1, 0, 3)
	if err := irtest.Same(x, of(1, 0, 3)); err != nil {
		t.Error(err)
	}
	for i, bit := range []uint64{1, 1 << 63, 1 << 30} {
		y := of(1, 0, 3)
		y[0].Elems[i] ^= bit
		if irtest.Same(x, y) == nil {
			t.Errorf("element %d: bit %#x makes no difference", i, bit)
		}
	}
	nan := []*ir.Tensor{{DType: ir.Float32, Shape: []int{1}, Elems: []uint64{0x7fc00000}}}
	other := slices.Clone(nan)
	other[0] = &ir.Tensor{DType: ir.Float32, Shape: []int{1}, Elems: []uint64{0xffc00001}}
	if err := irtest.Same(nan, other); err != nil {
		t.Error(err)
	}
}
