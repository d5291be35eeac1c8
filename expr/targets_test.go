package np_test

import (
	"testing"

	np "github.com/numen-go/numen/expr"
	"github.com/numen-go/numen/expr/nptest"
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
