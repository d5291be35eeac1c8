package np_test

import (
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// sources reads packages from their sources.
var sources = importer.ForCompiler(token.NewFileSet(), "source", nil).(types.ImporterFrom)

// surface is package np.
var surface = sync.OnceValues(func() (*types.Package, error) {
	return sources.ImportFrom("github.com/numen-go/numen/expr", ".", 0)
})

func exported(t *testing.T) *types.Package {
	t.Helper()
	p, err := surface()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// functions returns the exported functions of np.
func functions(t *testing.T) map[string]*types.Func {
	p, out := exported(t), map[string]*types.Func{}
	for _, name := range p.Scope().Names() {
		if f, ok := p.Scope().Lookup(name).(*types.Func); ok && f.Exported() {
			out[name] = f
		}
	}
	return out
}

// TestTopics holds the index of doc.go to the functions that there are: every function
// returning an Array stands under one type in go doc, where nothing is found.
func TestTopics(t *testing.T) {
	f, err := parser.ParseFile(token.NewFileSet(), "doc.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	_, index, ok := strings.Cut(f.Doc.Text(), "# Topics")
	if !ok {
		t.Fatal("doc.go has no topics")
	}
	listed := map[string]bool{}
	for _, name := range regexp.MustCompile(`\[([\w.]+)\]`).FindAllStringSubmatch(index, -1) {
		if listed[name[1]] {
			t.Errorf("%s is listed twice", name[1])
		}
		listed[name[1]] = true
		base, method, _ := strings.Cut(name[1], ".")
		obj := exported(t).Scope().Lookup(base)
		if obj == nil {
			t.Errorf("%s is listed and is not there", name[1])
		} else if method != "" {
			if m, _, _ := types.LookupFieldOrMethod(types.NewPointer(obj.Type()), true, obj.Pkg(), method); m == nil {
				t.Errorf("%s is listed and is not there", name[1])
			}
		}
	}
	for name := range functions(t) {
		if !listed[name] {
			t.Errorf("%s is under no topic of doc.go", name)
		}
	}
}

// TestSize keeps np a package that one can read through.
func TestSize(t *testing.T) {
	if n := len(functions(t)); n > 300 {
		t.Errorf("%d exported functions, at most 300 wanted", n)
	}
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), ".go") {
			continue
		}
		text, err := os.ReadFile(f.Name())
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(string(text), "\n"); n > 600 {
			t.Errorf("%s has %d lines, at most 600 wanted", f.Name(), n)
		}
	}
}

// mustNotCompile are statements that the compiler has to refuse, each with what it says.
var mustNotCompile = []struct{ stmt, says string }{
	{`_ = x == x`, "cannot be compared"},
	{`_ = x.Slice(2, 5)`, "as np.Index value"},
	{`_ = x.At(3)`, "as np.Index value"},
	{`_ = np.CumSum(x, -1, np.KeepDims)`, "too many arguments"},
	{`_ = np.ArgMax(x)`, "not enough arguments"},
	{`_ = np.Mean(x, 0)`, "as np.ReduceOption value"},
	{`_ = np.Mean(x, np.Memory(1))`, "as np.ReduceOption value"},
	{`_, _ = x.Eval(ctx, np.KeepDims)`, "as np.EvalOption value"},
	{`_ = np.Log(3.0)`, "as np.Array value"},
	{`_ = np.Log([]float64{1})`, "as np.Array value"},
	{`_ = np.Mean(np.Axis(0), x)`, "as np.Array value"},
	{`_ = np.Dot(x, 2)`, "as np.Array value"},
	{`_ = np.Zeros(3, 4)`, "as np.Shape value"},
	{`_ = np.Zeros(np.Shape{3}, np.KeepDims)`, "as np.CreateOption value"},
	{`if x { }`, "non-boolean condition"},
	{`_ = x * 2`, "mismatched types"},
	{`_ = x + x`, "operator + not defined"},
	{`m := map[np.Array]int{}; _ = m`, "invalid map key"},
	{`var f float64 = x.Mean(); _ = f`, "as float64 value"},
	{`v, err := np.Values(ctx, x); _, _ = v, err`, "cannot infer T"},
	{`z, err := np.Add(x, 1); _, _ = z, err`, "returns 1 value"},
	{`_ = np.Of("a")`, "string does not satisfy np.Elem"},
	{`np.Range(1, 2) = np.Whole`, "cannot assign"},
	{`_ = np.Scalar(x)`, "does not satisfy np.Elem"},
}

// TestMustNotCompile checks each statement with the type checker, in one process.
func TestMustNotCompile(t *testing.T) {
	p := exported(t)
	check := func(stmt string) error {
		fset := token.NewFileSet()
		src := "package main\nimport (\"context\"; np \"" + p.Path() + "\")\nvar ctx = context.Background()\nfunc f(x np.Array) {\n" + stmt + "\n}\n"
		f, err := parser.ParseFile(fset, "m.go", src, 0)
		if err != nil {
			return err
		}
		_, err = (&types.Config{Importer: sources}).Check("main", fset, []*ast.File{f}, nil)
		return err
	}
	if err := check(`_ = x.Slice(np.At(2)); _ = np.Mean(x, np.Axis(0), np.KeepDims)`); err != nil {
		t.Fatalf("a right program is refused: %v", err)
	}
	for _, c := range mustNotCompile {
		if err := check(c.stmt); err == nil {
			t.Errorf("compiles: %s", c.stmt)
		} else if !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", c.stmt, err, c.says)
		}
	}
}
