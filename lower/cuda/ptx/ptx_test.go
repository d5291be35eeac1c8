package ptx_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower/cuda/ptx"
	"github.com/numen-go/numen/lower/cuda/ptxsim"
	"github.com/numen-go/numen/lower/loop"
	"github.com/numen-go/numen/lower/lowertest"
)

var (
	update = flag.Bool("update", false, "rewrite the golden files")
	dump   = flag.String("dump", "", "write the PTX of all kernels to files of this folder")
)

// golden are kernels whose PTX is reviewed.
var golden = map[string]string{
	"add":     "kernel add; dim N; in a f32[N], b f32[N]; out y f32[N]; axis i<N;  y[i] = a[i] + b[i]",
	"sum":     "kernel sum; dim M N; in x f64[M,N]; out y f64[M]; axis i<M, j<N;  y[i] = sum.lanes[j](x[i,j])",
	"running": "kernel running; dim N; in x f64[N]; out y f64[N]; axis i<N;  y[i] = sum.scan[i](x[i])",
	"take":    "kernel take; dim M C; in x f64[M], p i64[C]; out o f64[C]; axis i<C;  o[i] = x[chk(p[i], M)]",
	"scatter": "kernel scatter; dim M C; in p i64[C], u f32[C]; inout t f32[M]; axis i<C;  t[chk(p[i], M)] = sum.scatter[i](u[i])",
	"matmul":  "kernel matmul; dim M N K; in a f32[M,K], b f32[K,N]; out c f32[M,N]; axis i<M, j<N, k<K;  c[i,j] = fma.chain[k](a[i,k], b[k,j])",
}

func emit(t *testing.T, k *ir.Kernel) *ptx.Module {
	t.Helper()
	m, err := ptx.Compile(k, false)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestGolden(t *testing.T) {
	for name, text := range golden {
		k, err := ir.ParseKernel(strings.ReplaceAll(text, ";", "\n"))
		if err != nil {
			t.Fatal(err)
		}
		m := emit(t, k)
		got := []byte(k.String() + "\n" + m.Text)
		file := filepath.Join("testdata", name+".txt")
		if *update {
			if err := os.WriteFile(file, got, 0o666); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s differs from %s (go test -run Golden -update after a review):\n%s", name, file, got)
		}
	}
}

// taken has the strict parser read the PTX of a kernel, and writes it to the folder that was
// asked for.
func taken(t *testing.T, d *ptxsim.Device, name string, k *ir.Kernel) {
	t.Helper()
	texts := map[string]string{name: emit(t, k).Text}
	if ptx.Cuts(k) != nil {
		m, err := ptx.Compile(k, true)
		if err != nil {
			t.Fatal(err)
		}
		texts[name+"_cut"] = m.Text
	}
	for name, text := range texts {
		if _, err := d.Load(text); err != nil {
			t.Errorf("%s: %v\n%s", name, err, text)
		}
		if *dump != "" {
			name = strings.NewReplacer("/", "_", " ", "_").Replace(name)
			if err := os.WriteFile(filepath.Join(*dump, name+".ptx"), []byte(text), 0o666); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestSamples emits every op's sample calls.
func TestSamples(t *testing.T) {
	d := ptxsim.NewDevice(1 << 20)
	n := 0
	for _, op := range ir.Ops() {
		for _, call := range ir.SamplesOf(op) {
			if op.Kernel == nil && op.Scalar == nil {
				continue
			}
			k, _, _, err := ir.KernelOf(call)
			if err != nil {
				continue
			}
			taken(t, d, fmt.Sprintf("op_%s_%d", op.Name, n), k)
			n++
		}
	}
	if n < 500 {
		t.Errorf("%d samples only", n)
	}
}

// TestExamples emits the kernels that every target is held to.
func TestExamples(t *testing.T) {
	d := ptxsim.NewDevice(1 << 20)
	n := 0
	for e := range lowertest.Examples() {
		taken(t, d, fmt.Sprintf("kernel_%s_%d", e.Kernel.Name, n), e.Kernel)
		n++
	}
	if n < 50 {
		t.Errorf("%d kernels only", n)
	}
}

// TestKeep holds the table of ops to what loops are made of: everything that the portable
// executor runs as it is.
func TestKeep(t *testing.T) {
	for r := range loop.Rows() {
		if !ptx.Keep(r.Op, r.DType) {
			t.Errorf("%s of %s", r.Op, r.DType)
		}
	}
}
