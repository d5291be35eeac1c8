package passes

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/ir/irtest"
)

// tangle returns a graph of n elementwise calls on arrays of one shape in which every
// value is used by later ones, some of them shifted by one position.
func tangle(r *rand.Rand, n int, ops ...*ir.Op) *ir.Graph {
	shape := []ir.Dim{ir.N(6), ir.N(5)}
	call := func(op *ir.Op, a *ir.Attr, args ...*ir.Node) *ir.Node {
		return ir.Must(ir.NewNode(op, a, nil, args...))
	}
	x := ir.Param(0, ir.Dense(ir.Float64, shape...), nil)
	values := []*ir.Node{x, call(ir.OpAbs, nil, x)}
	for range n {
		op := ops[r.IntN(len(ops))]
		args := make([]*ir.Node, op.MinArg)
		for i := range args {
			args[i] = values[max(0, len(values)-1-r.IntN(6))]
			if r.IntN(20) == 0 {
				args[i] = call(ir.OpPad, &ir.Attr{Start: []ir.Dim{ir.N(0), ir.N(1)}, Shape: shape}, args[i], ir.ConstNode(ir.Float64, 0, nil))
			}
		}
		values = append(values, call(op, nil, args...))
	}
	last := len(values) - 1
	return &ir.Graph{Name: "tangle", Params: []*ir.Node{x}, Results: []*ir.Node{values[last], values[last-1], values[last/2]}}
}

// TestFuseLimits holds that graphs of any size become kernels of bounded size, and few.
func TestFuseLimits(t *testing.T) {
	for _, c := range []struct {
		n, most int
		ops     []*ir.Op
	}{
		{1000, 25, []*ir.Op{ir.OpMin, ir.OpMax, ir.OpSub}},
		{1000, 50, []*ir.Op{ir.OpMin, ir.OpTanh, ir.OpSin, ir.OpMul}},
		{300, 20, []*ir.Op{ir.OpPow, ir.OpMax}},
	} {
		r := rand.New(rand.NewPCG(uint64(c.n), 4))
		g := tangle(r, c.n, c.ops...)
		p := program(t, g, fuse, memory, collapse)
		for _, s := range p.Steps {
			if s.Kind != ir.StepLaunch {
				continue
			}
			size := 0
			s.Launch.Kernel.VisitExprs(func(*ir.Expr) { size++ })
			if n := len(s.Launch.Kernel.Stmts); size > maxBody || n > maxStmts {
				t.Errorf("a kernel of %d nodes in %d statements", size, n)
			}
		}
		if n := count(p.Steps, ir.StepLaunch); n > c.most {
			t.Errorf("%d calls of %v became %d launches, want %d at most", c.n, c.ops, n, c.most)
		}
		in, err := ir.SampleInputs(&ir.Node{Args: g.Params}, r, false)
		if err != nil {
			t.Fatal(err)
		}
		want, err := ir.EvalGraph(g, in, ir.Env{})
		if err != nil {
			t.Fatal(err)
		}
		got, err := ir.EvalProgram(p, in, ir.Env{})
		if err == nil {
			err = irtest.Same(got, want)
		}
		if err != nil {
			t.Error(err)
		}
	}
}

// TestFuseIsDetermined fuses programs twice from scratch.
func TestFuseIsDetermined(t *testing.T) {
	for seed := range uint64(100) {
		c := irtest.New(rand.New(rand.NewPCG(seed, 5)), irtest.Options{Nodes: 30, Symbols: true})
		g, _ := meaning(t, c)
		first, second := program(t, g, fuse, memory, collapse), program(t, g, fuse, memory, collapse)
		if a, b := first.String(), second.String(); a != b {
			t.Fatalf("seed %d:\n%s\n%s", seed, a, b)
		}
		if !slices.Equal(first.Params, second.Params) {
			t.Fatal("parameters moved")
		}
	}
}
