package nonzeros

import (
	"io"
	"os/exec"
	"slices"
	"testing"

	np "github.com/numen-go/numen/expr"
)

// TestKernels compares every kernel on small matrices with the evaluator.
func TestKernels(t *testing.T) {
	for i := range kernels {
		k := &kernels[i]
		for _, p := range patterns {
			t.Run(k.name+"/"+p.name, func(t *testing.T) {
				o := &operands{pattern: p, n: 150, perRow: 6}
				x := k.operands(o)
				if o.err != nil {
					t.Fatal(o.err)
				}
				var results []*values
				for _, opts := range [][]np.EvalOption{{np.Threads(2)}, {np.On("ref")}} {
					y, err := k.build(x).Eval(t.Context(), opts...)
					if err != nil {
						t.Fatal(err)
					}
					v, err := valuesOf(y)
					if err != nil {
						t.Fatal(err)
					}
					results = append(results, v)
				}
				got, want := results[0], results[1]
				if !slices.Equal(got.pos, want.pos) || !slices.Equal(got.crd, want.crd) || !slices.Equal(got.val, want.val) {
					t.Error("the evaluator has another result")
				}
				if len(want.val) == 0 || slices.Max(want.val) == slices.Min(want.val) {
					t.Error("the results are all the same")
				}
			})
		}
	}
}

// TestC has the loops in C agree with the programs: Run compares them.
func TestC(t *testing.T) {
	if _, err := exec.LookPath("gcc"); err != nil {
		t.Skip(err)
	}
	for _, part := range []string{"spmv", "spmm", "sddmm", "mttkrp"} {
		if err := Run(t.Context(), &Options{C: true, Quick: true, Part: part}, io.Discard); err != nil {
			t.Errorf("%s: %v", part, err)
		}
	}
}
