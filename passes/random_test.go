package passes

import (
	"math/rand/v2"
	"testing"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/ir/irtest"
)

// graphPasses is the half of the pipeline that works on graphs.
func graphPasses() []Pass {
	var ps []Pass
	for _, p := range pipeline {
		if p.Stage == OnGraph {
			ps = append(ps, p)
		}
	}
	return ps
}

// meaning returns c's graph as pass contract leaves it, which is what a program means,
// and its values.
func meaning(t *testing.T, c *irtest.Case) (*ir.Graph, []*ir.Tensor) {
	t.Helper()
	u := unitOf(c, c.Graph)
	if _, err := run([]Pass{inline, contract}, u, Options{Verify: true}); err != nil {
		t.Fatal(err)
	}
	want, err := ir.EvalGraph(u.Graph, c.Inputs, c.Env)
	if err != nil {
		t.Fatalf("%v\n%s", err, u.Graph)
	}
	return u.Graph, want
}

func unitOf(c *irtest.Case, g *ir.Graph) *Unit {
	return &Unit{Graph: g, Sizes: func(s string) (int64, bool) { n, ok := c.Env.Symbols[s]; return n, ok }}
}

// TestRandomGraphs runs random graphs through all graph passes and compares every bit of
// the results; some in a random order of visiting, which must give the same graph. A
// wrong rewrite is named.
func TestRandomGraphs(t *testing.T) {
	options := []irtest.Options{
		{Control: true}, {Symbols: true}, {Special: true}, {Nodes: 40, Symbols: true, Control: true}, {Nodes: 25, Special: true, Symbols: true}, {Nodes: 12, Unknown: true, Symbols: true},
	}
	ps := graphPasses()
	const seeds = 2000
	rewrites := map[string]int{}
	floats, telling := 0, 0
	for seed := range uint64(seeds) {
		o := options[seed%uint64(len(options))]
		c := irtest.New(rand.New(rand.NewPCG(seed, 1)), o)
		before, want := meaning(t, c)
		u := unitOf(c, before)
		log, err := run(ps, u, Options{Verify: seed%4 == 0})
		if err != nil {
			t.Fatalf("seed %d: %v\n%s", seed, err, before)
		}
		wrong := func(u *Unit) bool {
			got, err := ir.EvalGraph(u.Graph, c.Inputs, c.Env)
			return err != nil || irtest.Same(got, want) != nil
		}
		if wrong(u) {
			rewrite, pass, err := bisect(ps, func() *Unit { return unitOf(c, before) }, Options{}, wrong)
			t.Fatalf("seed %d: rewrite %d, by pass %s, is wrong (%v)\n%sbecomes\n%s", seed, rewrite, pass, err, before, u.Graph)
		}
		if seed%8 == 0 {
			v := unitOf(c, before)
			if _, err := run(ps, v, Options{Seed: seed + 1}); err != nil || v.Graph.String() != u.Graph.String() {
				t.Fatalf("seed %d: the order of visiting shows (%v):\n%sand\n%s", seed, err, u.Graph, v.Graph)
			}
		}
		for _, r := range log {
			rewrites[r.Pass] += r.Rewrites
		}
		if !o.Special {
			f, tell := irtest.Telling(want)
			floats, telling = floats+f, telling+tell
		}
	}
	t.Logf("%d graphs, rewrites %v, %d float results of which %d tell something", seeds, rewrites, floats, telling)
	if 2*telling < floats {
		t.Errorf("of %d float results only %d are finite and distinct", floats, telling)
	}
	for _, p := range ps {
		if !p.Required && rewrites[p.Name] < 100 {
			t.Errorf("pass %s rewrote %d times: the graphs do not test it", p.Name, rewrites[p.Name])
		}
	}
}
