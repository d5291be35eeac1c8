package passes

import (
	"errors"
	"strings"
	"testing"

	"github.com/numen-go/numen/ir"
)

// TestGraphPasses runs each pass on its examples, twice: the second time nothing may
// change. Integers aside, contractions of many operands mean what the pass makes of
// them, so only the others are evaluated before and after.
func TestGraphPasses(t *testing.T) {
	sizes := map[string]int64{"K": 100, "L": 200, "M": 300}
	for _, p := range []Pass{inline, contract, legalise, cse, fold, narrow} {
		t.Run(p.Name, func(t *testing.T) {
			golden(t, p.Name, func(t *testing.T, _, in string) string {
				before := parse(t, in)
				u := &Unit{Graph: before, Sizes: func(s string) (int64, bool) { n, ok := sizes[s]; return n, ok }}
				log, err := run([]Pass{p}, u, Options{Verify: true})
				if err != nil {
					t.Fatal(err)
				}
				after := u.Graph
				if _, log := only(t, after, p); log[0].Changed {
					t.Errorf("twice is not once:\n%s", after)
				}
				if p.Name != contract.Name {
					sameMeaning(t, before, after, 8)
				}
				text := after.String()
				for _, note := range log[0].Notes {
					text += "# " + strings.ReplaceAll(note, "\n", "\n# ") + "\n"
				}
				return text
			})
		})
	}
}

// TestGraphPipeline runs all graph passes on whole programs.
func TestGraphPipeline(t *testing.T) {
	golden(t, "graph", func(t *testing.T, _, in string) string {
		before := parse(t, in)
		u, _ := only(t, before, graphPasses()...)
		sameMeaning(t, before, u.Graph, 8)
		return u.Graph.String()
	})
}

// TestRefused names the call that no target takes.
func TestRefused(t *testing.T) {
	caps := []*ir.Caps{
		{DTypes: ir.SetOf(ir.Float64, ir.Bool), MaxRank: 2},
		{DTypes: ir.SetOf(ir.Float32), MaxRank: 3},
	}
	for _, c := range []struct {
		text, want string
		class      error
	}{
		{"graph(a f64[2,2]) -> b\n  b f64[2,2] = exp(a) @ x.go:1\nend\n", "", nil},
		{"graph(a f32[2,2,2]) -> b\n  b f32[2,2,2] = exp(a) @ x.go:1\nend\n", "", nil},
		{"graph(a f64[2]) -> b\n  b i64[] = argmax(a) {axes=[0], order=free} @ x.go:7\nend\n", "argmax: no target takes int64", ir.ErrDType},
		{"graph(a f64[2,2]) -> b\n  b f64[1,2,2] = reshape(a) @ x.go:8\nend\n", "reshape: no target takes float64 of 3 dimensions", ir.ErrShape},
	} {
		g := parse(t, c.text)
		u := &Unit{Graph: g, Caps: caps}
		_, err := run([]Pass{legalise}, u, Options{})
		var call *CallError
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", c.text, err)
		case c.want == "":
		case !errors.As(err, &call) || call.Error() != c.want || !errors.Is(err, c.class) || call.Site != g.Results[0].Site:
			t.Errorf("%s: %v, want %s", c.text, err, c.want)
		}
	}
}

// rarity is an op of a third party that is defined by others, in two steps.
var rarity = ir.Register(&ir.Op{
	Name: "test_rarity", Doc: "-|x|, for this test",
	Family: ir.Elementwise, MinArg: 1, MaxArg: 1,
	Infer: func(n *ir.Node) (ir.Type, error) { return n.Args[0].Type, nil },
	Decompose: func(n *ir.Node) (*ir.Node, error) {
		switch d := n.Args[0].Type.DType; d {
		case ir.Bool:
			return nil, ir.Errorf(ir.ErrDType, "%s has no magnitude", d.Name())
		case ir.Float32:
			x, err := ir.NewNode(ir.OpCast, &ir.Attr{DType: ir.Float64}, n.Site, n.Args[0])
			if err != nil {
				return nil, err
			}
			return ir.NewNode(ir.OpCast, &ir.Attr{DType: d}, n.Site, ir.Must(ir.NewNode(ir.Lookup("test_rarity"), nil, n.Site, x)))
		}
		return ir.NewNode(ir.OpNeg, nil, n.Site, ir.Must(ir.NewNode(ir.OpAbs, nil, n.Site, n.Args[0])))
	},
})

func TestDecompose(t *testing.T) {
	u, _ := only(t, parse(t, "graph(a f32[2]) -> b\n  b f32[2] = test_rarity(a)\nend\n"), legalise)
	const want = `graph(a f32[2]) -> e
  b f64[2] = cast(a)
  c f64[2] = abs(b)
  d f64[2] = neg(c)
  e f32[2] = cast(d)
end
`
	if got := u.Graph.String(); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	g := parse(t, "graph(a bool[2]) -> b\n  b bool[2] = test_rarity(a) @ x.go:3\nend\n")
	_, err := run([]Pass{legalise}, &Unit{Graph: g}, Options{})
	var call *CallError
	if !errors.As(err, &call) || call.Site.String() != "x.go:3" || !errors.Is(err, ir.ErrDType) || call.Op != rarity.Name {
		t.Errorf("a decomposition that fails: %v", err)
	}
}
