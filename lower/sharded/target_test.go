package sharded

import (
	"errors"
	"strings"
	"testing"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
)

func TestWrapNeedsATarget(t *testing.T) {
	if _, err := Wrap("nobody"); err == nil || !strings.Contains(err.Error(), "nobody") {
		t.Error(err)
	}
}

func TestAppendsAreDeclined(t *testing.T) {
	k, err := ir.ParseKernel("kernel nz; dim N C; in x f64[N]; out p i64[C]; axis i<N;  p[i] = append[i](x[i] != 0.0, i)")
	if err != nil {
		t.Fatal(err)
	}
	_, err = wrap(t, "cpu").Compile(t.Context(), k)
	var d *lower.Declined
	if !errors.As(err, &d) || d.Why != lower.WhySink || d.Target != name {
		t.Error(err)
	}
}
