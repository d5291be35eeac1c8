package np_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	np "github.com/numen-go/numen/expr"
	"github.com/numen-go/numen/expr/sparse"
	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
)

var update = flag.Bool("update", false, "rewrite the files under testdata")

// failing are calls that fail, in the order of the golden. Together they show every
// message that np has.
var failing = []struct {
	name string
	err  func() error
}{
	{"zero array", func() error { return np.Array{}.Err() }},
	{"zero operand", func() error { return np.Log(np.Array{}).Err() }},
	{"nil operand", func() error { return np.Add(m, nil).Err() }},
	{"string operand", func() error { return np.Add(m, "3").Err() }},
	{"error operand", func() error { return np.Add(m, errors.New("x")).Err() }},
	{"slice of strings", func() error { return np.Add(m, []string{"a"}).Err() }},
	{"ragged slice", func() error { return np.Add(m, [][]int{{1, 2}, {3}}).Err() }},
	{"ragged rows", func() error { return np.FromRows([][]int{{1, 2}, {3}}).Err() }},
	{"broadcast", func() error { return np.Add(m, []float64{1, 2}).Err() }},
	{"outer overflow", func() error {
		return np.Outer(np.Zeros(np.Shape{1 << 40}), np.Zeros(np.Shape{1 << 40})).Err()
	}},
	{"broadcast overflow", func() error { return np.Eye(1 << 40).Err() }},
	{"tile overflow", func() error { return np.Tile(m, 1<<62, 1<<62).Err() }},
	{"concat overflow", func() error {
		a := np.Zeros(np.Shape{1 << 58})
		return np.Concat(0, a, a, a, a).Err()
	}},
	{"long operand", func() error { return np.Add(m, strings.Repeat("long ", 20)).Err() }},
	{"first of two", func() error { return np.Add(np.Add(m, nil), np.Array{}).Err() }},
	{"weak overflow", func() error { return np.Add(u, 300).Err() }},
	{"weak negative", func() error { return np.Add(u, -1).Err() }},
	{"weak infinite", func() error { return np.Add(np.Of[float32](1), 1e300).Err() }},
	{"weak complex", func() error { return np.Add(m, 2i).Err() }},
	{"complex array", func() error { return np.Exp(np.Of(2i)).Err() }},
	{"complex result", func() error { return m.AsType(np.Complex64).Err() }},
	{"no dtype", func() error { return m.AsType(np.DType(99)).Err() }},
	{"bool arithmetic", func() error { return np.Add(b, b).Err() }},
	{"float bits", func() error { return np.BitwiseAnd(m, 1).Err() }},
	{"negative power", func() error { return np.Pow(i, -1).Err() }},
	{"condition", func() error { return np.Where(m, 1, 2).Err() }},
	{"closed operand", func() error { a := np.Of(1); a.Close(); return np.Add(a, 1).Err() }},

	{"axis", func() error { return np.Sum(m, np.Axis(2)).Err() }},
	{"axis twice", func() error { return np.Sum(m, np.Axis(1, -1)).Err() }},
	{"option", func() error { return np.Sum(m, np.Correction(1)).Err() }},
	{"option dtype", func() error { return np.Max(m, np.Int8).Err() }},
	{"option initial", func() error { return np.Any(m, np.Initial(1)).Err() }},
	{"sum of bools", func() error { return np.Sum(b, np.Bool).Err() }},
	{"max of nothing", func() error { return np.Max(np.Zeros(np.Shape{0})).Err() }},
	{"initial array", func() error { return np.Max(m, np.Initial([]float64{1, 2})).Err() }},
	{"initial dtype", func() error { return np.Max(i, np.Initial(1.5)).Err() }},
	{"mean dtype", func() error { return np.Mean(m, np.Int64).Err() }},
	{"argmax of nothing", func() error { return np.ArgMax(np.Zeros(np.Shape{3, 0}), 1).Err() }},
	{"cummax of bools", func() error { return np.CumMax(b, 0).Err() }},

	{"dot", func() error { return np.Dot(m, m).Err() }},
	{"matmul batch", func() error { return np.MatMul(x, counted(3, 4, 2)).Err() }},
	{"dot scalar", func() error { return np.Dot(m, np.Scalar(2.0)).Err() }},
	{"tensordot axes", func() error { return np.TensorDot(m, m, []int{0}, nil).Err() }},
	{"tensordot extents", func() error { return np.TensorDot(m, m, []int{0}, []int{1}).Err() }},
	{"einsum terms", func() error { return np.Einsum("ij,jk->ik", m).Err() }},
	{"einsum axes", func() error { return np.Einsum("ijk->i", m).Err() }},
	{"einsum extents", func() error { return np.Einsum("ij,jk->ik", m, m).Err() }},
	{"einsum letters", func() error { return np.Einsum("i1->i", m).Err() }},
	{"einsum result letters", func() error { return np.Einsum("ij->i+j", m).Err() }},
	{"einsum result unknown", func() error { return np.Einsum("ij->k", m).Err() }},
	{"einsum result twice", func() error { return np.Einsum("ij->ii", m).Err() }},
	{"einsum lost ellipsis", func() error { return np.Einsum("i...->i", m).Err() }},

	{"reshape", func() error { return m.Reshape(4, -1).Err() }},
	{"reshape open", func() error { return m.Reshape(-1, -1).Err() }},
	{"reshape overflow", func() error { return m.Reshape(1<<40, 1<<40).Err() }},
	{"permute", func() error { return np.PermuteDims(m, 0).Err() }},
	{"squeeze", func() error { return np.Squeeze(m, 0).Err() }},
	{"broadcast to", func() error { return np.BroadcastTo(m, 2, 4).Err() }},
	{"concat", func() error { return np.Concat(0, m, x).Err() }},
	{"concat nothing", func() error { return np.Concat(0).Err() }},
	{"stack", func() error { return np.Stack(0, m, v).Err() }},
	{"split", func() error { return np.Split(m, 2, 1)[0].Err() }},
	{"tile", func() error { return np.Tile(m, -1).Err() }},
	{"repeat", func() error { return np.Repeat(m, -1, 0).Err() }},
	{"pad widths", func() error { return np.Pad(x, np.PadEdge, [2]int{1, 1}, [2]int{}).Err() }},
	{"pad mode", func() error { return np.Pad(m, "mirror", [2]int{1, 1}).Err() }},
	{"pad negative", func() error { return np.Pad(m, np.PadEdge, [2]int{-1, 1}).Err() }},
	{"pad overflow", func() error { return np.Pad(m, np.PadConstant, [2]int{1 << 62, 1 << 62}).Err() }},
	{"pad nothing", func() error { return np.Pad(np.Zeros(np.Shape{0}), np.PadWrap, [2]int{1, 1}).Err() }},
	{"window axes", func() error { return np.SlidingWindow(m, np.Shape{2}).Err() }},
	{"window extent", func() error { return np.SlidingWindow(m, np.Shape{2, 4}).Err() }},
	{"unknown extent", func() error { return np.Roll(np.Spec(np.Float64, np.Unknown), 1, 0).Err() }},

	{"values", func() error { return np.FromSlice([]int{1, 2, 3}, 2, 2).Err() }},
	{"negative extent", func() error { return np.FromSlice([]int{}, -1).Err() }},
	{"zeros negative", func() error { return np.Zeros(np.Shape{2, -3}).Err() }},
	{"zeros overflow", func() error { return np.Zeros(np.Shape{1 << 40, 1 << 40}).Err() }},
	{"eye negative", func() error { return np.Eye(-1).Err() }},
	{"full array", func() error { return np.Full(np.Shape{2}, v).Err() }},
	{"triangle", func() error { return np.Tril(v, 0).Err() }},
	{"arange array", func() error { return np.Arange(0, np.Of(3), 1).Err() }},
	{"arange endless", func() error { return np.Arange(0, 3, 0).Err() }},
	{"arange bool", func() error { return np.Arange(0, 3, 1, np.Bool).Err() }},
	{"linspace", func() error { return np.Linspace(0, 1, -1).Err() }},
	{"linspace dtype", func() error { return np.Linspace(0, 1, 3, np.Int8).Err() }},
	{"spec dtype", func() error { return np.Spec(0).Err() }},
	{"spec negative", func() error { return np.Spec(np.Float64, -2).Err() }},

	{"index", func() error { return m.Index(2).Err() }},
	{"index twice", func() error { return m.Index(0, 0, 0).Err() }},
	{"index nil", func() error { return m.Slice(nil).Err() }},
	{"index step", func() error { return m.Slice(np.Whole.Step(0)).Err() }},
	{"index ellipses", func() error { return m.Slice(np.Ellipsis, np.Ellipsis).Err() }},
	{"index dtype", func() error { return m.Slice(v).Err() }},
	{"index mask", func() error { return m.Slice(b).Err() }},
	{"take dtype", func() error { return np.Take(m, v, 0).Err() }},
	{"take along", func() error { return np.TakeAlongAxis(m, k, 0).Err() }},
	{"set shape", func() error { return m.At(np.At(0)).Set([]float64{1, 2}).Err() }},
	{"set dtype", func() error { return i.At(np.At(0)).Set(m).Err() }},
	{"set number", func() error { return i.At(np.At(0)).Set(1.5).Err() }},
	{"set nil", func() error { return m.At(nil).Set(1).Err() }},
	{"add to bools", func() error { return b.At(np.At(0)).Add(true).Err() }},
	{"mask shape", func() error { return m.At(np.Of(true, false, true)).Set(1).Err() }},
	{"mask rank", func() error { return v.At(b).Set(1).Err() }},
	{"mask value", func() error { return m.At(b).Set([]float64{1, 2, 3}).Err() }},
	{"mask beside", func() error { return m.At(np.At(0), np.Of(true, false, true)).Set(1).Err() }},
	{"masks", func() error { return m.At(np.Of(true, false), np.Of(true, false, true)).Set(1).Err() }},

	{"eval zero", func() error { _, err := np.Array{}.Eval(ctx); return err }},
	{"eval spec", func() error { _, err := np.Spec(np.Float64, 2).Eval(ctx); return err }},
	{"eval of a spec", func() error { _, err := np.Add(np.Spec(np.Float64, 2), 1).Eval(ctx); return err }},
	{"eval closed", func() error { a := np.Of(1); a.Close(); _, err := a.Eval(ctx); return err }},
	{"eval of closed", func() error { a := np.Of(1, 2); y := np.Add(a, 1); a.Close(); _, err := y.Eval(ctx); return err }},
	{"eval cancelled", func() error {
		gone, cancel := context.WithCancel(ctx)
		cancel()
		_, err := m.Add(1).Eval(gone)
		return err
	}},
	{"eval index", func() error { _, err := m.Slice(np.Of(0, 5)).Eval(ctx); return err }},
	{"eval hidden field", func() error { _, err := np.Eval(ctx, struct{ a np.Array }{m}); return err }},
	{"values dtype", func() error { _, err := np.Values[int](ctx, m); return err }},
	{"value of many", func() error { _, err := np.Value[float64](ctx, m); return err }},
	{"values into", func() error { return np.ValuesInto(ctx, make([]float64, 2), m) }},
	{"alias lazy", func() error { _, err := np.AliasValues[float64](m.Add(1)); return err }},
	{"alias dtype", func() error { _, err := np.AliasValues[int](m); return err }},
	{"alias closed", func() error { a := np.Of(1); a.Close(); _, err := np.AliasValues[int](a); return err }},
	{"alias elsewhere", func() error {
		_, err := np.AliasValues[float64](np.Leaf(ir.Type{DType: ir.Float64, Shape: []ir.Dim{ir.N(1)}, Format: &ir.Format{Device: "elsewhere"}}, elsewhere{}))
		return err
	}},
	{"values elsewhere", func() error {
		_, err := np.Values[float64](ctx, np.Leaf(ir.Type{DType: ir.Float64, Shape: []ir.Dim{ir.N(1)}, Format: &ir.Format{Device: "elsewhere"}}, elsewhere{}))
		return err
	}},

	{"compile", func() error {
		_, err := np.Compile(func(a np.Array) np.Array { return np.Dot(a, a) }).Call(ctx, m)
		return err
	}},
	{"compile eval", func() error {
		_, err := np.Compile(func(a np.Array) np.Array { w, _ := a.Eval(ctx); return w }).Call(ctx, m)
		return err
	}},
	{"compile nil", func() error { _, err := np.Compile[np.Array, np.Array](nil).Call(ctx, m); return err }},
	{"compile hidden", func() error {
		type hidden struct{ a np.Array }
		_, err := np.Compile(func(h hidden) np.Array { return h.a }).Call(ctx, hidden{m})
		return err
	}},
	{"compile hidden result", func() error {
		type hidden struct{ a np.Array }
		_, err := np.Compile(func(a np.Array) hidden { return hidden{a} }).Call(ctx, m)
		return err
	}},
	{"compile static func", func() error {
		type in struct {
			A np.Array
			F func()
		}
		_, err := np.Compile(func(in in) np.Array { return in.A }).Call(ctx, in{m, func() {}})
		return err
	}},
	{"compile panic", func() error {
		p := np.Compile(func(a np.Array) np.Array { panic("no") })
		func() {
			defer func() { recover() }()
			p.Call(ctx, m)
		}()
		_, err := p.Call(ctx, m)
		return err
	}},
	{"compile closed", func() error {
		p := np.Compile(np.Negative)
		p.Close()
		_, err := p.Call(ctx, m)
		return err
	}},
	{"bind unknown", func() error {
		_, err := np.Compile(np.Negative).Bind(ctx, np.Spec(np.Float64, np.Unknown))
		return err
	}},
	{"slot", func() error { _, err := np.InputSlot[float64](bound(), ".X"); return err }},
	{"slot of a sparse array", func() error {
		a := np.Must(sparse.FromCSR(1, 2, []int64{0, 1}, []int32{1}, []float64{3}))
		_, err := np.InputSlot[float64](np.Must(np.Compile(func(a np.Array) np.Array { return np.Sum(a) }).Bind(ctx, a)), "")
		return err
	}},
	{"slot dtype", func() error { _, err := np.OutputSlot[int](bound(), ""); return err }},
	{"slot closed", func() error { p := bound(); p.Close(); _, err := np.OutputSlot[int](p, ""); return err }},
	{"run closed", func() error { p := bound(); p.Close(); return p.Run(ctx) }},

	{"trees", func() error {
		return np.TreeMap2([]np.Array{m}, []np.Array{m, m}, func(a, b np.Array) np.Array { return a })[0].Err()
	}},
	{"leaf shape", func() error { return np.Leaf(ir.Dense(ir.Int8, ir.N(-3)), elsewhere{}).Err() }},
	{"leaf buffer", func() error { return np.Leaf(ir.Dense(ir.Int8, ir.N(3)), nil).Err() }},
	{"leaf elsewhere", func() error { return np.Leaf(ir.Dense(ir.Float64, ir.N(1)), elsewhere{}).Err() }},
	{"values sparse", func() error {
		_, err := np.Values[float64](ctx, np.Leaf(ir.Type{DType: ir.Float64, Shape: []ir.Dim{ir.N(1)}, Format: &ir.Format{Levels: []ir.Level{ir.LevelCompressed}}}, elsewhere{}))
		return err
	}},
	{"leaf size", func() error { return np.Leaf(ir.Dense(ir.Int8, ir.N(30)), lower.HostOf(make([]byte, 8))).Err() }},
	{"bytes", func() error { return np.AliasBytes(np.Int16, np.Shape{2}, make([]byte, 5), nil).Err() }},
	{"bytes dtype", func() error { return np.AliasBytes(0, np.Shape{2}, make([]byte, 5), nil).Err() }},
	{"call nil op", func() error { return np.Call("mine", nil, nil, m).Err() }},
	{"call", func() error { return np.Call("mine", ir.OpSqrt, nil, i).Err() }},
	{"fail", func() error { return np.Fail("mine.F", np.ErrShape, "%d is odd", 3).Err() }},
	{"random key", func() error { return np.RandomBits(v, np.Shape{2}, np.Uint64).Err() }},
}

// elsewhere is a buffer that is not in the host's memory.
type elsewhere struct{}

func (elsewhere) Size() int64  { return 8 }
func (elsewhere) Close() error { return nil }

func bound() *np.Bound { return np.Must(np.Compile(np.Negative).Bind(ctx, m)) }

// TestErrorMessages compares every message with testdata/errors.txt.
func TestErrorMessages(t *testing.T) {
	const golden = "testdata/errors.txt"
	var out strings.Builder
	var messages []string
	for _, c := range failing {
		err := c.err()
		var e *np.Error
		if !errors.As(err, &e) {
			t.Errorf("%s: %v is no np.Error", c.name, err)
			continue
		}
		text, _, _ := strings.Cut(e.Error(), "\n\t")
		fmt.Fprintf(&out, "%s\n\t%s\n\t(%v)\n", c.name, text, e.Err)
		messages = append(messages, e.Detail)
	}
	if *update {
		if err := os.WriteFile(golden, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if out.String() != string(want) {
		t.Errorf("the messages changed; if that is meant, run go test -run TestErrorMessages -update\n%s", out.String())
	}
	for _, f := range formats(t) {
		if !matchesAny(f, messages) {
			t.Errorf("no failing call shows the message %q", f)
		}
	}
}

// formats returns the format of every error that np makes.
func formats(t *testing.T) []string {
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, file := range files {
		if !strings.HasSuffix(file.Name(), ".go") || strings.HasSuffix(file.Name(), "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), file.Name(), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			sel, ok := call.Fun.(*ast.SelectorExpr)
			if !ok || sel.Sel.Name != "fail" && sel.Sel.Name != "error" && sel.Sel.Name != "Errorf" {
				return true
			}
			for _, arg := range call.Args {
				if l, ok := arg.(*ast.BasicLit); ok && l.Kind == token.STRING {
					text, err := strconv.Unquote(l.Value)
					if err != nil {
						t.Fatal(err)
					}
					out = append(out, text)
					break
				}
			}
			return true
		})
	}
	if len(out) < 50 {
		t.Fatalf("found %d messages", len(out))
	}
	return out
}

func matchesAny(format string, messages []string) bool {
	pattern := regexp.MustCompile(`%[a-zA-Z]`).ReplaceAllString(regexp.QuoteMeta(format), `.+`)
	re := regexp.MustCompile(`(?s)^` + pattern + `$`)
	for _, m := range messages {
		if re.MatchString(m) {
			return true
		}
	}
	return false
}
