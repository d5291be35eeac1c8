package ir

import (
	"strings"
	"testing"
)

// TestGraphVerifyParts covers faults that text cannot spell, or not easily.
func TestGraphVerifyParts(t *testing.T) {
	vector := Dense(Float64, N(3))
	add := func(x, y *Node) *Node { return &Node{Op: OpAdd, Type: vector, Args: []*Node{x, y}} }
	closed := func(results ...*Node) *Graph { return &Graph{Name: "sub", Results: results} }
	for name, c := range map[string]struct {
		spoil func(g *Graph) // of x + x
		want  string
	}{
		"a missing result":        {func(g *Graph) { g.Results[0] = nil }, "is missing"},
		"no result":               {func(g *Graph) { g.Results = nil }, "has no result"},
		"a missing operand":       {func(g *Graph) { g.Results[0].Args[1] = nil }, "is missing"},
		"a missing parameter":     {func(g *Graph) { g.Params = append(g.Params, nil) }, "is missing"},
		"a name":                  {func(g *Graph) { g.Name = "a b" }, "no proper name"},
		"no op":                   {func(g *Graph) { g.Results[0].Op = nil }, "not registered"},
		"an op of nobody":         {func(g *Graph) { c := *OpAdd; g.Results[0].Op = &c }, "not registered"},
		"a cycle":                 {func(g *Graph) { g.Results[0].Args[1] = add(g.Params[0], g.Results[0]) }, "needs its own result"},
		"attributes missing":      {func(g *Graph) { g.Results[0] = &Node{Op: OpConst, Type: Dense(Float64)} }, "attributes are missing"},
		"an attribute not used":   {func(g *Graph) { g.Results[0].Attr = &Attr{Spec: "ij"} }, "attribute spec is set"},
		"another parameter":       {func(g *Graph) { g.Results[0].Args[1] = Param(0, vector, nil) }, "not the graph's own"},
		"parameters out of order": {func(g *Graph) { g.Params = append(g.Params, Param(0, vector, nil)) }, "not the param of index 1"},
		"a parameter twice":       {func(g *Graph) { g.Params = append(g.Params, g.Params[0]) }, "not the param of index 1"},
		"no parameter at all": {func(g *Graph) {
			g.Params[0] = ConstNode(Float64, 0, nil)
			g.Results = g.Params
		}, "not the param of index 0"},
		"a symbol's name":      {func(g *Graph) { g.Params[0].Type = Dense(Float64, Sym("a b")) }, "no proper name"},
		"no dtype":             {func(g *Graph) { g.Params[0].Type = Type{} }, "has no dtype"},
		"a tuple with a dtype": {func(g *Graph) { g.Params[0].Type = Type{DType: Bool, Tuple: []Type{vector}} }, "of its own"},
		"a tuple in a tuple":   {func(g *Graph) { g.Params[0].Type = Type{Tuple: []Type{{Tuple: []Type{vector}}}} }, "inside a tuple"},
		"a missing subgraph":   {func(g *Graph) { g.Results[0] = &Node{Op: OpCall, Type: vector, Subs: []*Graph{nil}} }, "subgraph of call is missing"},
		"too few subgraphs":    {func(g *Graph) { g.Results[0] = &Node{Op: OpCall, Type: vector} }, "0 subgraphs"},
		"a graph inside itself": {func(g *Graph) {
			g.Results[0] = &Node{Op: OpCall, Type: vector, Args: g.Params, Subs: []*Graph{g}}
		}, "a subgraph of itself"},
		"a captured parameter": {func(g *Graph) {
			g.Results[0] = &Node{Op: OpCall, Type: vector, Subs: []*Graph{closed(g.Params[0])}}
		}, "not the graph's own"},
		"too deep": {func(g *Graph) {
			n := ConstNode(Float64, 0, nil)
			for range maxNesting + 1 {
				n = &Node{Op: OpCall, Type: Dense(Float64), Subs: []*Graph{closed(n)}}
			}
			g.Results[0] = n
		}, "nest deeper"},
		"a number of two dtypes": {func(g *Graph) {
			g.Results = []*Node{ScalarNode(0, Float64), ScalarNode(0, Float32)}
		}, "run-time number 0 is f32 here and f64 before"},
	} {
		x := Param(0, vector, nil)
		g := &Graph{Name: "f", Params: []*Node{x}, Results: []*Node{add(x, x)}}
		if err := g.Verify(); err != nil {
			t.Fatal(err)
		}
		c.spoil(g)
		if err := g.Verify(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
}

func TestFormatVerify(t *testing.T) {
	for _, c := range []struct {
		rank int
		f    Format
		want string
	}{
		{2, Format{}, "says nothing"},
		{2, Format{Fill: 1, Device: "gpu0"}, "no fill"},
		{1, Format{Levels: []Level{LevelDense, LevelCompressed}}, "2 levels for 1 axes"},
		{1, Format{Levels: []Level{numLevels}}, "of no known kind"},
		{1, Format{Levels: []Level{LevelSingleton}}, "singleton under"},
		{2, Format{Levels: []Level{LevelDense, LevelCompressed}, Axes: []int{0, 0}}, "do not name each"},
		{2, Format{Levels: []Level{LevelDense, LevelCompressed}, Axes: []int{0, 2}}, "do not name each"},
		{2, Format{Levels: []Level{LevelDense, LevelCompressed}, Axes: []int{0}}, "do not name each"},
		{2, Format{Chunks: []Dim{N(4)}}, "a chunk of 1 axes for 2"},
		{1, Format{Chunks: []Dim{N(0)}}, "a chunk of extent 0"},
		{1, Format{Chunks: []Dim{Sym("a+b")}}, "no proper name"},
		{1, Format{Device: "a/b"}, "no proper name"},
		{2, Format{Levels: []Level{LevelCompressed, LevelSingleton}, Axes: []int{1, 0}, Fill: 7, Chunks: []Dim{N(4), Sym("B")}, Device: "gpu:0"}, ""},
	} {
		shape := make([]Dim, c.rank)
		typ := Type{DType: Float64, Shape: shape, Format: &c.f}
		err := typ.verify()
		if c.want == "" {
			if err != nil {
				t.Errorf("%s: %v", typ, err)
			}
			if back, err := parseFormat(c.f.String()); err != nil || !back.Equal(&c.f) {
				t.Errorf("%s reads back as %s, %v", &c.f, back, err)
			}
		} else if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", typ, err, c.want)
		}
	}
}
