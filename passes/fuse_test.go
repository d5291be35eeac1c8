package passes

import (
	"math/rand/v2"
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
	ps := []Pass{kernels, fuse, memory}
	const seeds = 2000
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
		log, err := run(ps[:1], u, Options{Verify: true})
		if err != nil || wrong(u) {
			t.Fatalf("seed %d: %v: one kernel a node is wrong\n%s\n%s", seed, err, before, u.Program)
		}
		launches += count(u.Program.Steps, ir.StepLaunch)
		u = unitOf(c, before)
		if log, err = run(ps, u, Options{Verify: true}); err != nil || wrong(u) {
			rewrite, pass, err2 := bisect(ps, func() *Unit { return unitOf(c, before) }, Options{Verify: true}, wrong)
			t.Fatalf("seed %d: %v: rewrite %d, by pass %s, is wrong (%v)\n%s\n%s", seed, err, rewrite, pass, err2, before, u.Program)
		}
		fused += count(u.Program.Steps, ir.StepLaunch)
		_ = log
	}
	t.Logf("%d programs, %d launches fused into %d", seeds, launches, fused)
	if 2*fused > launches {
		t.Errorf("%d launches fused into %d: the graphs do not test fusion", launches, fused)
	}
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
