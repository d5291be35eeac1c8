package np_test

import (
	"testing"

	np "github.com/numen-go/numen/expr"
	"github.com/numen-go/numen/expr/nptest"
	rt "github.com/numen-go/numen/runtime"
)

// TestTargetsAgree evaluates the calls of values_test.go, and functions of many
// elements, on the oracle and on the target that runs programs.
func TestTargetsAgree(t *testing.T) {
	big := np.Divide(np.Add(counted(37, 130), 1), 7)
	cases := map[string]np.Array{
		"functions": np.Sin(np.Exp(np.Tanh(np.Log(big)))),
		"row sums":  np.Sum(big, np.Axis(1)),
		"sums":      np.Sum(big),
		"product":   np.Dot(big, big.T()),
		"vector":    np.Dot(big, big.Index(3)),
		"centred":   np.Subtract(big, np.Mean(big, np.Axis(0))),
		"variance":  np.Var(big.AsType(np.Float32), np.Axis(0), np.Correction(1)),
		"softmax":   np.Divide(np.Exp(big), np.Sum(np.Exp(big), np.Axis(-1), np.KeepDims)),
		"running":   np.CumSum(big.Ravel(), 0),
	}
	for name, a := range valueCases {
		cases[name] = a
	}
	for name, a := range cases {
		want, err := a.Eval(ctx, np.On("ref"))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got, err := a.Eval(ctx)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		t.Run(name, func(t *testing.T) { nptest.Same(t, got, want) })
	}
}

// TestNothingCompilesAgain changes numbers and sizes of a program that has run.
func TestNothingCompilesAgain(t *testing.T) {
	run := func(rows, columns int, number float64) {
		t.Helper()
		x := np.FromSlice(counting(rows*columns), rows, columns)
		y := np.Subtract(np.Multiply(x, number), np.Mean(x, np.Axis(0)))
		if _, err := np.Var(y.Slice(np.To(2)), np.Correction(1)).Eval(ctx); err != nil {
			t.Fatal(err)
		}
	}
	run(20, 30, 0.3)
	before := rt.Default().Counts()
	for rows := range 5 {
		run(33+rows, 47-rows, 0.4+float64(rows))
	}
	after := rt.Default().Counts()
	if after.Programs != before.Programs || after.Kernels != before.Kernels || after.Hits != before.Hits+5 {
		t.Errorf("counters went from %+v to %+v", before, after)
	}
}
