package nptest_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	np "github.com/numen-go/numen/expr"
	"github.com/numen-go/numen/expr/nptest"
)

// recorder keeps what a comparison reports.
type recorder struct {
	testing.TB
	errors []string
}

func (r *recorder) Helper()           {}
func (r *recorder) Error(args ...any) { r.errors = append(r.errors, fmt.Sprint(args...)) }
func (r *recorder) Errorf(f string, args ...any) {
	r.errors = append(r.errors, fmt.Sprintf(f, args...))
}

func TestComparisons(t *testing.T) {
	nan, inf, zero := math.NaN(), math.Inf(1), math.Copysign(0, -1)
	a := np.FromRows([][]float64{{1, 2}, {3, 4}})
	isClose := func(got, want np.Array) func(t testing.TB) {
		return func(t testing.TB) { nptest.Close(t, got, want, 1e-3, 0) }
	}
	isSame := func(got, want np.Array) func(t testing.TB) {
		return func(t testing.TB) { nptest.Same(t, got, want) }
	}
	for name, c := range map[string]struct {
		compare func(t testing.TB)
		want    string // "": no error
	}{
		"close":            {isClose(np.Multiply(a, 1.0001), a), ""},
		"close dtypes":     {isClose(np.Of[float32](1), np.Of(1)), ""},
		"close nan":        {isClose(np.Of(nan, inf), np.Of(nan, inf)), ""},
		"close zeros":      {isClose(np.Of(zero), np.Of(0.0)), ""},
		"apart":            {isClose(np.Multiply(a, 1.1), a), "4 of 4 elements are too far apart\n\tat [1 1]: 4.4"},
		"nan apart":        {isClose(np.Of(nan), np.Of(1.0)), "at [0]: NaN, want 1"},
		"infinities apart": {isClose(np.Of(inf), np.Of(-inf)), "at [0]: +Inf, want -Inf"},
		"shapes":           {isClose(a, np.Of(1.0)), "shape [2 2], want [1]"},
		"bad array":        {isClose(np.Add(a, nil), np.Add(a, nil)), "an operand is nil"},
		"same":             {isSame(np.Add(a, 0), a), ""},
		"same nan":         {isSame(np.Of(nan), np.Negative(np.Of(nan))), ""},
		"same bools":       {isSame(np.Equal(a, 2), np.Equal(2, a)), ""},
		"same complex":     {isSame(np.Of(complex(1, zero)), np.Of(complex(1, zero))), ""},
		"zeros":            {isSame(np.Of(zero), np.Of(0.0)), "1 of 1 elements are not the same bits\n\tat [0]: -0, want 0"},
		"small zeros":      {isSame(np.Of(float32(zero)), np.Of[float32](0)), "not the same bits"},
		"integers":         {isSame(np.Of[uint8](1, 2), np.Of[uint8](1, 3)), "at [1]: 2, want 3"},
		"dtypes":           {isSame(np.Of(1), np.Of(1.0)), "dtype int64, want float64"},
	} {
		r := &recorder{TB: t}
		c.compare(r)
		got := strings.Join(r.errors, "; ")
		if c.want == "" && got != "" || !strings.Contains(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
