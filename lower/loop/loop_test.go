package loop

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
)

var update = flag.Bool("update", false, "rewrite the files under testdata")

// kernels calls f with every kernel of the language's examples that has loops.
func kernels(t *testing.T, f func(t *testing.T, k *ir.Kernel)) {
	files, err := filepath.Glob("../../ir/testdata/kernel/*.txt")
	if err != nil || len(files) < 30 {
		t.Fatalf("%d kernels: %v", len(files), err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		k, err := ir.ParseKernel(string(text))
		if err != nil {
			t.Fatal(err)
		}
		sparse := false
		for _, o := range k.Operands {
			sparse = sparse || o.Format != nil
		}
		if !sparse {
			t.Run(k.Name, func(t *testing.T) { f(t, k) })
		}
	}
}

// TestText holds that every kernel's loops verify, print and read back, whatever the
// class of the run's extents.
func TestText(t *testing.T) {
	portable := Portable.Schedule
	kernels(t, func(t *testing.T, k *ir.Kernel) {
		pieces, long, short, deep, stage := portable, portable, portable, portable, portable
		pieces.Pieces, long.Long, short.Short, deep.Deep, deep.Near, stage.Stage = true, true, 1, 4, 1<<8, 16
		spread := stage
		spread.Pieces, spread.Spread = true, 4096
		for _, s := range []Schedule{portable, pieces, long, short, deep, stage, spread} {
			readsBack(t, k, s)
		}
	})
}

// TestSamples holds the same for the kernels of all ops.
func TestSamples(t *testing.T) {
	for _, op := range ir.Ops() {
		if op.Kernel == nil && op.Scalar == nil {
			continue
		}
		for _, n := range ir.SamplesOf(op) {
			k, _, _, err := ir.KernelOf(n)
			if errors.Is(err, ir.ErrNoRefinement) {
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			readsBack(t, k, Portable.Schedule)
		}
	}
}

func readsBack(t *testing.T, k *ir.Kernel, s Schedule) {
	t.Helper()
	l, err := From(k, s)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Verify(); err != nil {
		t.Fatalf("%v\n%s", err, l)
	}
	text := l.String()
	back, err := Parse(text)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if again := back.String(); again != text {
		t.Fatalf("printed\n%s\nand after reading\n%s", text, again)
	}
}

// golden are kernels whose loops are held by files: one a shape.
var golden = []string{
	"argmax", "axpbc", "blur", "center_rows", "cumsum", "gemm_log", "matvec", "nz_append", "nz_count", "pad", "scatadd", "softmax", "sum_tree", "take",
}

// TestLoops holds the loops of some kernels by golden files.
func TestLoops(t *testing.T) {
	kernels(t, func(t *testing.T, k *ir.Kernel) {
		if !slices.Contains(golden, k.Name) {
			return
		}
		holdLoops(t, k, k.Name, Portable.Schedule)
		if k.Name == "center_rows" {
			deep := Portable.Schedule
			deep.Deep, deep.Near = 4, 1<<17
			holdLoops(t, k, "center_rows_deep", deep)
		}
		if k.Name == "gemm_log" {
			long := Portable.Schedule
			long.Long = true
			holdLoops(t, k, "gemm_log_long", long)
		}
	})
}

func holdLoops(t *testing.T, k *ir.Kernel, name string, s Schedule) {
	t.Helper()
	golden := filepath.Join("testdata", name+".txt")
	l, err := From(k, s)
	if err != nil {
		t.Fatal(err)
	}
	got := strings.TrimSpace(k.String()) + "\n\n" + l.String()
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs; run with -update to see how\n%s", golden, got)
	}
}

// TestDoc holds that the loop in the package comment is one.
func TestDoc(t *testing.T) {
	text, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	var example strings.Builder
	for line := range strings.Lines(string(text)) {
		if code, ok := strings.CutPrefix(line, "//\t"); ok {
			example.WriteString(code)
		} else if example.Len() > 0 {
			break
		}
	}
	l, err := Parse(example.String())
	if err != nil {
		t.Fatal(err)
	}
	if l.String() != example.String() {
		t.Errorf("it prints as\n%s", l)
	}
	if _, err := Compile(l); err != nil {
		t.Error(err)
	}
}

// TestDeclined holds what has no loops, and the reason that is given.
func TestDeclined(t *testing.T) {
	ir.Register(&ir.Op{
		Name: "test_foreign", Doc: "x, by an op that no target knows.", Family: ir.Elementwise, MinArg: 1, MaxArg: 1,
		Scalar: &ir.Scalar{In: []ir.DTypes{ir.Floats}, Result: func(e *ir.Expr) ir.DType { return e.Args[0].DType }, Eval: func(_ *ir.Expr, x []uint64) uint64 { return x[0] }},
	})
	for text, want := range map[string]lower.Declined{
		"kernel a; dim N; in x f64[N]; out y f64[N]; axis i<N;  y[i] = test_foreign(x[i])":                                                {Stmt: 0, Why: lower.WhyScalarOp},
		"kernel b; dim N; in x f64[N], p i64[N]; out y f64[N]; axis i<N;  y[i] = x[i]; y[i64(test_foreign(x[i]))] = max.scatter[i](x[i])": {Stmt: 1, Why: lower.WhyScalarOp},
		"kernel c; dim M K; in A f64[M,K] csr, x f64[K]; out y f64[M]; axis i<M, k<K;  y[i] = fma.stored[k](A[i,k], x[k])":                {Stmt: -1, Why: lower.WhyLevel},
	} {
		k, err := ir.ParseKernel(text)
		if err != nil {
			t.Fatal(err)
		}
		_, err = NewKernel(k, Portable)
		var d *lower.Declined
		if !errors.As(err, &d) || d.Stmt != want.Stmt || d.Why != want.Why || d.Detail == "" {
			t.Errorf("%s: %v, want %+v", text, err, want)
		}
	}
}
