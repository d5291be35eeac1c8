package passes

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/numen-go/numen/ir"
)

func allRules() []rule {
	list := slices.Clone(rules.elementwise)
	for _, op := range ir.Ops() {
		list = append(list, rules.of[op]...)
	}
	return list
}

// TestRules runs each rule alone on the examples in its file: it must apply, unless the
// example's comment says that it stays, leave nothing to apply to, and keep every bit on
// random values and the edges of the dtypes.
func TestRules(t *testing.T) {
	list := allRules()
	files, err := filepath.Glob("testdata/simplify/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range list {
		if !slices.Contains(files, filepath.Join("testdata", "simplify", r.Name+".txt")) {
			t.Errorf("rule %s has no examples", r.Name)
		}
	}
	stays := map[string]bool{} // texts of graphs that must not change
	for _, file := range files {
		for _, e := range readExamples(t, file) {
			stays[e.in] = stays[e.in] || strings.HasPrefix(e.comment, "# stays")
		}
	}
	golden(t, "simplify", func(t *testing.T, file, in string) string {
		i := slices.IndexFunc(list, func(r rule) bool { return r.Name == file })
		if i < 0 {
			t.Fatal("no rule has this name")
		}
		set := newRuleSet([]rule{list[i]})
		alone := Pass{Name: file, Run: onGraphs(func(u *Unit, g *ir.Graph, nodes []*ir.Node) (*ir.Graph, error) {
			return simplifyBy(set, u, g, nodes)
		})}
		before := parse(t, in)
		u, log := only(t, before, alone)
		after := u.Graph
		if log[0].Changed == stays[in] {
			t.Errorf("changed is %v:\n%s", log[0].Changed, in)
		}
		if _, log := only(t, after, alone); log[0].Changed {
			t.Errorf("twice is not once:\n%s", after)
		}
		if log[0].Changed {
			sameMeaning(t, before, after, 8)
		}
		for _, like := range inOtherDTypes(in) {
			if u, log := only(t, like, alone); log[0].Changed {
				sameMeaning(t, like, u.Graph, 4)
			}
		}
		return after.String()
	})
}

// inOtherDTypes returns the graph of a text with every other dtype of the same kind in
// place of the first parameter's, where that is a graph.
func inOtherDTypes(in string) []*ir.Graph {
	kinds := [][]string{{"f64", "f32"}, {"i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64", "bool"}}
	_, params, _ := strings.Cut(in, "(a ")
	var out []*ir.Graph
	for _, kind := range kinds {
		for _, from := range kind {
			if !strings.HasPrefix(params, from+"[") {
				continue
			}
			for _, to := range kind {
				g, err := ir.ParseGraph(strings.ReplaceAll(in, from, to))
				if err == nil && to != from && g.Verify() == nil {
					out = append(out, g)
				}
			}
		}
	}
	return out
}

// TestCastChains tries every chain of two casts.
func TestCastChains(t *testing.T) {
	dropped := 0
	for from := ir.Bool; from <= ir.Float64; from++ {
		for mid := ir.Bool; mid <= ir.Float64; mid++ {
			for to := ir.Bool; to <= ir.Float64; to++ {
				p := ir.Param(0, ir.Dense(from, ir.N(60)), nil)
				x := ir.Must(ir.NewNode(ir.OpCast, &ir.Attr{DType: mid}, nil, p))
				x = ir.Must(ir.NewNode(ir.OpCast, &ir.Attr{DType: to}, nil, x))
				g := &ir.Graph{Params: []*ir.Node{p}, Results: []*ir.Node{x}}
				if u, log := only(t, g, simplify); log[0].Changed {
					sameMeaning(t, g, u.Graph, 2)
					dropped++
				}
			}
		}
	}
	if dropped < 500 {
		t.Errorf("%d of 1331 chains became shorter", dropped)
	}
}
