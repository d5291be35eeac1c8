package passes

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/ir/irtest"
)

// program runs passes on a graph from its kernels on, verifying after each, and checks
// that doing them again changes nothing.
func program(t *testing.T, g *ir.Graph, ps ...Pass) *ir.Program {
	t.Helper()
	u := &Unit{Graph: g}
	for _, p := range append([]Pass{kernels}, ps...) {
		if _, err := p.Run(u); err != nil {
			t.Fatalf("%s: %v\n%s", p.Name, err, g)
		}
		if err := u.Program.Verify(); err != nil {
			t.Fatalf("%s: %v\n%s\n%s", p.Name, err, g, u.Program)
		}
		if p.Name == kernels.Name {
			continue
		}
		text := u.Program.String()
		changed, err := p.Run(u)
		if err != nil {
			t.Fatalf("%s again: %v\n%s", p.Name, err, text)
		}
		if again := u.Program.String(); changed || again != text {
			t.Fatalf("%s is not done: changed again %v\n%s\n%s\n%s", p.Name, changed, g, text, again)
		}
	}
	return u.Program
}

func TestFuseExamples(t *testing.T) {
	golden(t, "fuse", func(t *testing.T, _, in string) string {
		return program(t, parse(t, in), fuse).String()
	})
}

// TestRandomPrograms compares, bit by bit, what random graphs mean with what their
// programs do: one kernel a node, fused, with memory planned. A wrong rewrite is named.
func TestRandomPrograms(t *testing.T) {
	options := []irtest.Options{{Nodes: 6}, {Symbols: true}, {Special: true}, {Nodes: 30, Symbols: true}, {Nodes: 20, Special: true, Symbols: true}}
	ps := []Pass{kernels, fuse, memory, collapse}
	const seeds = 1000
	launches, fused := 0, 0
	for seed := range uint64(seeds) {
		o := options[seed%uint64(len(options))]
		c := irtest.New(rand.New(rand.NewPCG(seed, 2)), o)
		before, want := meaning(t, c)
		if seed%2 == 0 { // as the graph passes leave it
			u := unitOf(c, before)
			if _, err := run(graphPasses(), u, Options{}); err != nil {
				t.Fatalf("seed %d: %v\n%s", seed, err, before)
			}
			before = u.Graph
		}
		wrong := func(u *Unit) bool {
			got, err := ir.EvalProgram(u.Program, c.Inputs, c.Env)
			return err != nil || irtest.Same(got, want) != nil
		}
		u := unitOf(c, before)
		_, err := run(ps[:1], u, Options{Verify: true})
		if err != nil || wrong(u) {
			t.Fatalf("seed %d: %v: one kernel a node is wrong\n%s\n%s", seed, err, before, u.Program)
		}
		launches += count(u.Program.Steps, ir.StepLaunch)
		u = unitOf(c, before)
		if _, err = run(ps, u, Options{Verify: true}); err != nil || wrong(u) {
			rewrite, pass, err2 := bisect(ps, func() *Unit { return unitOf(c, before) }, Options{Verify: true}, wrong)
			t.Fatalf("seed %d: %v: rewrite %d, by pass %s, is wrong (%v)\n%s\n%s", seed, err, rewrite, pass, err2, before, u.Program)
		}
		fused += count(u.Program.Steps, ir.StepLaunch)
		for _, s := range u.Program.Steps {
			if s.Kind == ir.StepLaunch && sequential(s.Launch.Kernel) {
				t.Fatalf("seed %d: no axis of a kernel can be cut\n%s\n%s", seed, s.Launch.Kernel, before)
			}
		}
	}
	t.Logf("%d programs, %d launches fused into %d", seeds, launches, fused)
	if 2*fused > launches {
		t.Errorf("%d launches fused into %d: the graphs do not test fusion", launches, fused)
	}
}

// sequential reports whether no axis of a kernel can be cut into independent parts, other
// than because a scan or a scatter goes along it.
func sequential(k *ir.Kernel) bool {
	long := 0
	for a, cut := range k.Cuts() {
		if k.Axes[a].Extent.Is(1) {
			continue
		}
		if long++; cut.Kind == ir.CutPar || cut.Kind == ir.CutPiece {
			return false
		}
	}
	return long > 0 && !slices.ContainsFunc(k.Stmts, func(s ir.Stmt) bool { return s.Sink == ir.Scan || s.Sink == ir.Scatter })
}

func count(steps []ir.ProgramStep, kind ir.StepKind) int {
	n := 0
	for _, s := range steps {
		if s.Kind == kind {
			n++
		}
		n += count(s.Body, kind) + count(s.Else, kind)
	}
	return n
}

func parseProgram(t *testing.T, text string) *ir.Program {
	t.Helper()
	p, err := ir.ParseProgram(text)
	if err == nil {
		err = p.Verify()
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return p
}

// TestBlocks fuses programs given as text, with blocks and launches that a graph does not
// make, and compares what they do.
func TestBlocks(t *testing.T) {
	golden(t, "blocks", func(t *testing.T, _, in string) string {
		before, u := parseProgram(t, in), &Unit{Program: parseProgram(t, in)}
		if _, err := run([]Pass{fuse, memory, collapse}, u, Options{Verify: true}); err != nil {
			t.Fatal(err)
		}
		r := rand.New(rand.NewPCG(6, 6))
		var args []*ir.Node
		for i, v := range before.Params {
			shape := slices.Clone(before.Values[v].Type.Shape)
			for d := range shape {
				shape[d] = shape[d].Subst(func(string) (ir.Dim, bool) { return ir.N(7), true })
			}
			args = append(args, ir.Param(i, ir.Dense(before.Values[v].Type.DType, shape...), nil))
		}
		inputs, err := ir.SampleInputs(&ir.Node{Args: args}, r, false)
		if err != nil {
			t.Fatal(err)
		}
		env := ir.Env{Symbols: map[string]int64{}, Scalars: []uint64{ir.Float(ir.Float64, 1.5)}}
		for _, s := range before.Symbols {
			env.Symbols[s.Name] = 7
		}
		want, err := ir.EvalProgram(before, inputs, env)
		if err != nil {
			t.Fatal(err)
		}
		got, err := ir.EvalProgram(u.Program, inputs, env)
		if err == nil {
			err = irtest.Same(got, want)
		}
		if err != nil {
			t.Errorf("%v\n%s", err, u.Program)
		}
		return u.Program.String()
	})
}

func TestCollapseExamples(t *testing.T) {
	golden(t, "collapse", func(t *testing.T, _, in string) string {
		return program(t, parse(t, in), fuse, memory, collapse).String()
	})
}

func TestMemoryExamples(t *testing.T) {
	golden(t, "memory", func(t *testing.T, _, in string) string {
		u := &Unit{Program: parseProgram(t, in)}
		var text string
		for round := range 2 {
			changed, err := memory.Run(u)
			if err == nil {
				err = u.Program.Verify()
			}
			if err != nil {
				t.Fatalf("%v\n%s", err, u.Program)
			}
			if again := u.Program.String(); round == 1 && (changed || again != text) {
				t.Errorf("not done: changed again %v\n%s\n%s", changed, text, again)
			}
			text = u.Program.String()
		}
		return text
	})
}

// gathers returns a random graph in which what a gather takes goes through movements,
// arithmetic and reductions, perhaps into another gather.
func gathers(r *rand.Rand) *ir.Graph {
	n, c := ir.N(5), ir.N(7)
	params := []*ir.Node{
		ir.Param(0, ir.Dense(ir.Float64, n, c), nil), ir.Param(1, ir.Dense(ir.Int64, c), nil), ir.Param(2, ir.Dense(ir.Int64, n), nil),
	}
	call := func(op *ir.Op, a *ir.Attr, args ...*ir.Node) *ir.Node {
		return ir.Must(ir.NewNode(op, a, nil, args...))
	}
	x := params[0]
	values := []*ir.Node{x}
	for range 2 + r.IntN(5) {
		rank := x.Type.Rank()
		if rank == 0 {
			break
		}
		axis := r.IntN(rank)
		extent, _ := x.Type.Shape[axis].Const()
		shape, start := slices.Clone(x.Type.Shape), make([]ir.Dim, rank)
		switch r.IntN(8) {
		case 0, 1, 2:
			x = call(ir.OpGather, &ir.Attr{Axes: []int{axis}}, x, params[1+r.IntN(2)])
		case 3:
			shape[axis], start[axis] = ir.N(extent/2+1), ir.N(extent-extent/2-1)
			x = call(ir.OpSlice, &ir.Attr{Start: start, Shape: shape}, x)
		case 4:
			shape[axis], start[axis] = ir.N(extent+1), ir.N(r.IntN(3)-1)
			x = call(ir.OpPad, &ir.Attr{Start: start, Shape: shape}, x, ir.ConstNode(ir.Float64, 0, nil))
		case 5:
			x = call(ir.OpMul, nil, x, values[len(values)-1])
			if r.IntN(2) == 0 {
				x = call(ir.OpExp, nil, x)
			}
		case 6:
			if rank > 1 {
				x = call(ir.OpSum, &ir.Attr{Axes: []int{axis}, Order: ir.Lanes}, x)
			}
		case 7:
			perm := r.Perm(rank)
			x = call(ir.OpPermute, &ir.Attr{Axes: perm}, x)
		}
		values = append(values, x)
	}
	g := &ir.Graph{Name: "gathers", Params: params, Results: []*ir.Node{x}}
	if r.IntN(3) == 0 {
		g.Results = append(g.Results, values[r.IntN(len(values))])
	}
	return g
}

// TestFaultsStay runs programs whose indices are often wrong: fused or not, a program
// fails or gives the same bits.
func TestFaultsStay(t *testing.T) {
	const seeds = 2000
	faults := 0
	for seed := range uint64(seeds) {
		r := rand.New(rand.NewPCG(seed, 3))
		g := gathers(r)
		in, err := ir.SampleInputs(&ir.Node{Args: g.Params}, r, false)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range in[1:] {
			for i := range p.Elems {
				p.Elems[i] = uint64(r.Int64N(4) - 2)
				if r.IntN(20) == 0 {
					p.Elems[i] = 7
				}
			}
		}
		var got [2][]*ir.Tensor
		var failed [2]error
		for i, ps := range [][]Pass{{kernels}, {kernels, fuse, memory, collapse}} {
			u := &Unit{Graph: g}
			if _, err := run(ps, u, Options{Verify: true}); err != nil {
				t.Fatal(err)
			}
			got[i], failed[i] = ir.EvalProgram(u.Program, in, ir.Env{})
		}
		switch {
		case (failed[0] == nil) != (failed[1] == nil):
			t.Fatalf("seed %d: one kernel a node: %v; fused: %v\n%s", seed, failed[0], failed[1], g)
		case failed[0] != nil:
			faults++
		default:
			if err := irtest.Same(got[1], got[0]); err != nil {
				t.Fatalf("seed %d: %v\n%s", seed, err, g)
			}
		}
	}
	t.Logf("%d of %d programs failed", faults, seeds)
	if faults < seeds/10 || faults > seeds-seeds/10 {
		t.Errorf("%d of %d programs failed: that tests little", faults, seeds)
	}
}
