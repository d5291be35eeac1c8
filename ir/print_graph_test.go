package ir

import (
	"fmt"
	"math"
	"runtime"
	"strings"
	"testing"
)

// differ reports how two graphs differ in structure, "" when they do not.
func differ(g, h *Graph) string {
	if g.Name != h.Name || len(g.Params) != len(h.Params) || len(g.Results) != len(h.Results) {
		return fmt.Sprintf("graphs %s and %s have other names, parameters or results", g.Name, h.Name)
	}
	ns, ms := g.Nodes(), h.Nodes()
	if len(ns) != len(ms) {
		return fmt.Sprintf("%d nodes and %d", len(ns), len(ms))
	}
	other := map[*Node]*Node{}
	for i, n := range ns {
		m := ms[i]
		other[n] = m
		if n.Op != m.Op || !n.Type.Equal(m.Type) || attrText(n.Op, n.Attr, Type{}) != attrText(m.Op, m.Attr, Type{}) {
			return fmt.Sprintf("node %d: %s %s and %s %s", i, n.Op, n.Type, m.Op, m.Type)
		}
		if n.Site.String() != m.Site.String() {
			return fmt.Sprintf("node %d: sites %s and %s", i, n.Site, m.Site)
		}
		if len(n.Args) != len(m.Args) || len(n.Subs) != len(m.Subs) {
			return fmt.Sprintf("node %d: other numbers of operands", i)
		}
		for k, a := range n.Args {
			if other[a] != m.Args[k] {
				return fmt.Sprintf("node %d: other operands", i)
			}
		}
		for k, s := range n.Subs {
			if d := differ(s, m.Subs[k]); d != "" {
				return d
			}
		}
	}
	for i, r := range g.Results {
		if other[r] != h.Results[i] {
			return fmt.Sprintf("result %d is another", i)
		}
	}
	return ""
}

func TestGraphText(t *testing.T) {
	sources(t, "graph/*.txt", func(t *testing.T, _, src string) {
		g, err := ParseGraph(src)
		if err != nil {
			t.Fatal(err)
		}
		if err := g.Verify(); err != nil {
			t.Error(err)
		}
		if got := g.String(); got != src {
			t.Errorf("printed\n%s\nread\n%s", got, src)
		}
	})
}

// TestGraphFaults holds the message of every file's fault, which stands after the text.
func TestGraphFaults(t *testing.T) {
	sources(t, "graph/bad/*.txt", func(t *testing.T, path, src string) {
		text, _, _ := strings.Cut(src, "====\n")
		g, err := ParseGraph(text)
		if err == nil {
			err = g.Verify()
		}
		if err == nil {
			t.Fatal("no fault found")
		}
		golden(t, strings.TrimPrefix(path, "testdata/"), text+"====\n"+err.Error()+"\n")
	})
}

func TestGraphSites(t *testing.T) {
	inner := &Site{File: "lib.go", Line: 7, Outer: &Site{File: `C:\my files\main.go`, Line: 12}}
	x := Param(0, Dense(Float64, N(3)), &Site{File: "main.go", Line: 3})
	y := Must(NewNode(OpAdd, nil, inner, x, x))
	z := Must(NewNode(OpAdd, nil, nil, y, x))
	g := &Graph{Name: "sites", Params: []*Node{x}, Results: []*Node{z}}
	text := g.Format(PrintOptions{Sites: true})
	want := `graph sites(a f64[3] @ main.go:3) -> c
  b f64[3] = add(a, a) @ lib.go:7 < "C:\\my files\\main.go":12
  c f64[3] = add(b, a)
end
`
	if text != want {
		t.Fatalf("got\n%s\nwant\n%s", text, want)
	}
	h, err := ParseGraph(text)
	if err != nil {
		t.Fatal(err)
	}
	if d := differ(g, h); d != "" {
		t.Error(d)
	}
	if got := y.Site.Under(x.Site).String(); got != `lib.go:7 < "C:\\my files\\main.go":12 < main.go:3` {
		t.Errorf("chained site is %s", got)
	}
}

// TestSitePosition holds that a program counter stands for its line.
func TestSitePosition(t *testing.T) {
	pc, file, line, _ := runtime.Caller(0)
	s := &Site{PC: pc}
	if got, want := s.String(), (&Site{File: file, Line: line}).String(); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	var none *Site
	if file, line := none.Position(); file != "" || line != 0 || none.String() != "" {
		t.Errorf("no site is at %s:%d", file, line)
	}
}

// TestLiterals holds that text gives every element back to the bit.
func TestLiterals(t *testing.T) {
	values := []uint64{0, 1, 2, 127, 128, 255, 1 << 31, 1<<32 - 1, 1 << 63, math.MaxUint64, 0x7fc00000, 0x7fc00001, 0x80000000,
		0x3fb999999999999a, 0x7ff8000000000000, 0x7ff8000000000001, 0xfff0000000000000, 0x000fffffffffffff}
	for d := Bool; d <= Complex128; d++ {
		for _, v := range values {
			text := literalText(d, v)
			s := newScanner(text)
			if got := s.literal(d); got != v || s.err != nil || s.tok.kind != tokEnd {
				t.Errorf("%s %#x prints as %s, which reads as %#x, %v", d, v, text, got, s.err)
			}
		}
	}
	if got := literalText(Float64, Float(Float64, 0.1)); got != "0.1" {
		t.Errorf("0.1 prints as %s", got)
	}
}

func FuzzParseGraph(f *testing.F) {
	f.Add("graph f(a f64[M,2*N+1] csr/fill=0x1, b (f64[], i64[])) -> a @ x.go:1 < y.go:2\nend")
	f.Add("graph(a f64[3]) -> b; b f32[3] = cast(a) {dtype=f32} @ \"a b\":3; end")
	f.Add(`graph g() -> a
  a f64[] = const {-0x1p-3}
end`)
	addSources(f, "graph/*.txt")
	f.Fuzz(func(t *testing.T, src string) {
		g, err := ParseGraph(src)
		if err != nil {
			return
		}
		bad := g.Verify()
		text := g.Format(PrintOptions{Sites: true})
		h, err := ParseGraph(text)
		if err != nil {
			t.Fatalf("%v\nin the print\n%s", err, text)
		}
		if d := differ(g, h); d != "" {
			t.Fatalf("%s\n%s", d, text)
		}
		if again := h.Format(PrintOptions{Sites: true}); again != text {
			t.Fatalf("printed\n%s\nthen\n%s", text, again)
		}
		if worse := h.Verify(); (bad == nil) != (worse == nil) {
			t.Fatalf("verifies with %v, then with %v", bad, worse)
		}
	})
}
