package ir

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func parseFile(t *testing.T, name string) string {
	t.Helper()
	src, err := os.ReadFile(filepath.Join("testdata", filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return string(src)
}

func mustParse(t *testing.T, src string) *Graph {
	t.Helper()
	g, err := ParseGraph(src)
	if err == nil {
		err = g.Verify()
	}
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// tensor returns an f64 array.
func tensor(shape []int, v ...float64) *Tensor {
	x := &Tensor{DType: Float64, Shape: shape, Elems: make([]uint64, len(v))}
	for i, e := range v {
		x.Elems[i] = math.Float64bits(e)
	}
	return x
}

func randomTensor(shape ...int) *Tensor {
	x, err := NewTensor(Float64, shape...)
	if err != nil {
		panic(err)
	}
	r := rand.New(rand.NewPCG(1, 2))
	for i := range x.Elems {
		x.Elems[i] = math.Float64bits(r.Float64() + 0.5)
	}
	return x
}

func show(x *Tensor) string {
	parts := make([]string, len(x.Elems))
	for i, e := range x.Elems {
		parts[i] = literalText(x.DType, e)
	}
	return fmt.Sprintf("%s%v %s", x.DType, x.Shape, strings.Join(parts, " "))
}

// TestEvalFounding compares the founding program with loops written out: fewer rows than
// an order's block make the chain one chain and the lanes sum one of 16 partial sums.
func TestEvalFounding(t *testing.T) {
	const K, M = 40, 21
	x := randomTensor(K, M)
	out, err := EvalGraph(mustParse(t, parseFile(t, "graph/founding.txt")), []*Tensor{x}, Env{})
	if err != nil {
		t.Fatal(err)
	}
	at := func(k, i int) float64 { return math.Float64frombits(x.Elems[k*M+i]) }
	var y [M][M]float64
	for i := range M {
		for j := range M {
			acc := math.Copysign(0, -1)
			for k := range K {
				l := math.Float64frombits(EvalOp(OpLog, Float64, []DType{Float64}, []uint64{x.Elems[k*M+j]}))
				acc = math.FMA(at(k, i), l+1, acc)
			}
			y[i][j] = acc
		}
	}
	if got := fmt.Sprint(out[0].Shape); got != "[5 21]" {
		t.Fatalf("the result's shape is %s", got)
	}
	for j := range M {
		var lane [16]float64
		for i := range M {
			if i < 16 {
				lane[i] = y[i][j]
			} else {
				lane[i-16] += y[i][j]
			}
		}
		for h := 8; h > 0; h /= 2 {
			for l := range h {
				lane[l] += lane[l+h]
			}
		}
		for r := range 5 {
			want := y[r][j] - lane[0]/M
			if got := math.Float64frombits(out[0].Elems[r*M+j]); got != want {
				t.Fatalf("element %d,%d is %v, want %v", r, j, got, want)
			}
		}
	}
}

func TestEvalControl(t *testing.T) {
	const newton = `
graph sqrt2(a f64[]) -> d, e
  b i64[] = const {0}
  c (f64[], i64[]) = loop(a, b) {limit=T}
    graph body(a f64[], b i64[]) -> g, i
      c f64[] = const {2}
      d f64[] = div(c, a)
      e f64[] = add(a, d)
      f f64[] = const {0.5}
      g f64[] = mul(e, f)
      h i64[] = const {1}
      i i64[] = add(b, h)
    end
    graph again(a f64[], b i64[]) -> g
      c f64[] = mul(a, a)
      d f64[] = scalar {index=0}
      e f64[] = sub(c, d)
      f f64[] = const {1e-9}
      g bool[] = gt(e, f)
    end
  d f64[] = item(c) {index=0}
  e i64[] = item(c) {index=1}
end`
	g := mustParse(t, newton)
	for _, c := range []struct {
		limit int64
		want  string
	}{
		{100, "f64[] 1.4142135623746899 i64[] 4"}, // the condition ends it
		{2, "f64[] 1.4166666666666665 i64[] 2"},   // the limit does
		{0, "f64[] 2 i64[] 0"},
	} {
		out, err := EvalGraph(g, []*Tensor{tensor([]int{}, 2)}, Env{Symbols: map[string]int64{"T": c.limit}, Scalars: []uint64{Float(Float64, 2)}})
		if err != nil {
			t.Fatal(err)
		}
		if got := show(out[0]) + " " + show(out[1]); got != c.want {
			t.Errorf("at most %d trips: %s, want %s", c.limit, got, c.want)
		}
	}
	if _, err := EvalGraph(g, []*Tensor{tensor([]int{}, 2)}, Env{Scalars: []uint64{0}}); err == nil {
		t.Error("a limit without a value is no error")
	}
	if _, err := EvalGraph(g, []*Tensor{tensor([]int{}, 2)}, Env{Symbols: map[string]int64{"T": 9}}); err == nil {
		t.Error("a run-time number without a value is no error")
	}
	stop := errors.New("stop")
	if _, err := EvalGraph(g, []*Tensor{tensor([]int{}, 2)}, Env{Check: func() error { return stop }}); err != stop {
		t.Errorf("a check that ends the run: %v", err)
	}

	g = mustParse(t, parseFile(t, "graph/control.txt"))
	for _, c := range []struct {
		cond uint64
		want string
	}{{0, "f64[3] 1 2 3"}, {1, "f64[3] 2 4 6"}} {
		out, err := EvalGraph(g, []*Tensor{tensor([]int{3}, 1, 2, 3), {DType: Bool, Shape: []int{}, Elems: []uint64{c.cond}}}, Env{})
		if err != nil {
			t.Fatal(err)
		}
		if got := show(out[0]); got != c.want {
			t.Errorf("branch on %d gives %s, want %s", c.cond, got, c.want)
		}
	}
}

// TestControlSamples holds that control ops give what inference says.
func TestControlSamples(t *testing.T) {
	for _, op := range []*Op{OpItem, OpCall, OpBranch, OpLoop} {
		for i, n := range SamplesOf(op) {
			params := map[*Node]bool{}
			g := &Graph{Results: Items(n)}
			for _, m := range g.Nodes() {
				if m.Op == OpParam && !params[m] {
					params[m] = true
					m.Attr.Index = len(g.Params)
					g.Params = append(g.Params, m)
				}
			}
			if err := g.Verify(); err != nil {
				t.Fatal(err)
			}
			var in []*Tensor
			for k, p := range g.Params {
				x, _ := NewTensor(p.Type.DType, make([]int, p.Type.Rank())...)
				if p.Type.Rank() == 1 {
					x = tensor([]int{3}, float64(k), 1, 2)
				}
				in = append(in, x)
			}
			out, err := EvalGraph(g, in, Env{})
			if err != nil {
				t.Fatal(err)
			}
			for k, r := range g.Results {
				if got := Dense(out[k].DType, shapeOf(out[k].Shape...)...); !got.Equal(r.Type) {
					t.Errorf("%s, sample %d: result %d is %s, inference says %s", op, i, k, got, r.Type)
				}
			}
		}
	}
}

// TestInline holds that a call and its inlined body are the same, sites but for the
// call's at their end.
func TestInline(t *testing.T) {
	g := mustParse(t, `
graph f(a f64[3], b f64[3]) -> d, e
  c (f64[3], f64[3]) = call(b, a) @ main.go:7
    graph two(a f64[3], b f64[3]) -> c, a
      c f64[3] = sub(a, b) @ lib.go:3
    end
  d f64[3] = item(c) {index=0}
  e f64[3] = item(c) {index=1}
end`)
	inlined, err := Inline(g.Results[0].Args[0])
	if err != nil {
		t.Fatal(err)
	}
	h := &Graph{Name: "f", Params: g.Params, Results: inlined}
	const want = `graph f(a f64[3], b f64[3]) -> c, b
  c f64[3] = sub(b, a) @ lib.go:3 < main.go:7
end
`
	if got := h.Format(PrintOptions{Sites: true}); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if err := h.Verify(); err != nil {
		t.Error(err)
	}
	if _, err := Inline(g.Results[0]); err == nil {
		t.Error("inlining an item is no error")
	}
}

func TestEvalSymbols(t *testing.T) {
	g := mustParse(t, `
graph f(a f64[M,N], b f64[M+N], c f64[?]) -> e, f
  d f64[] = dimvalue {shape=[M*N]}
  e f64[M+N] = add(b, d)
  f f64[M+N] = add(b, c)
end`)
	b := tensor([]int{3}, 1, 2, 3)
	out, err := EvalGraph(g, []*Tensor{tensor([]int{1, 2}, 0, 0), b, b}, Env{})
	if err != nil {
		t.Fatal(err)
	}
	if got := show(out[0]) + " " + show(out[1]); got != "f64[3] 3 4 5 f64[3] 2 4 6" {
		t.Errorf("got %s", got)
	}
	for name, in := range map[string][]*Tensor{
		"too few parameters":     {b},
		"another dtype":          {tensor([]int{1, 2}, 0, 0), {DType: Int64, Shape: []int{3}, Elems: make([]uint64, 3)}, b},
		"another rank":           {b, b, b},
		"too few elements":       {tensor([]int{1, 2}, 0), b, b},
		"a sum that is not M+N":  {tensor([]int{2, 2}, 0, 0, 0, 0), b, b},
		"an unknown extent of 2": {tensor([]int{1, 2}, 0, 0), b, tensor([]int{2}, 0, 0)},
	} {
		if _, err := EvalGraph(g, in, Env{}); err == nil {
			t.Errorf("%s is no error", name)
		}
	}
}

// TestEvalDeep holds that the walks are iterative.
func TestEvalDeep(t *testing.T) {
	n := Param(0, Dense(Int64), nil)
	g := &Graph{Params: []*Node{n}}
	one := ConstNode(Int64, 1, nil)
	for range 100_000 {
		n = Must(NewNode(OpAdd, nil, nil, n, one))
	}
	g.Results = []*Node{n}
	if err := g.Verify(); err != nil {
		t.Fatal(err)
	}
	out, err := EvalGraph(g, []*Tensor{{DType: Int64, Shape: []int{}, Elems: []uint64{5}}}, Env{})
	if err != nil {
		t.Fatal(err)
	}
	if out[0].Elems[0] != 100_005 {
		t.Errorf("got %d", out[0].Elems[0])
	}
}

func TestEvalErrorNamesSite(t *testing.T) {
	x := Param(0, Dense(Float64, Unknown), nil)
	y := Param(1, Dense(Float64, Unknown), nil)
	sum := Must(NewNode(OpAdd, nil, &Site{File: "main.go", Line: 42}, x, y))
	_, err := EvalGraph(&Graph{Params: []*Node{x, y}, Results: []*Node{sum}}, []*Tensor{tensor([]int{2}, 1, 2), tensor([]int{3}, 1, 2, 3)}, Env{})
	if !errors.Is(err, ErrShape) || !strings.HasPrefix(err.Error(), "main.go:42: add: ") {
		t.Errorf("got %v", err)
	}
}
