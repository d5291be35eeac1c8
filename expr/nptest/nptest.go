// Package nptest compares arrays in tests.
package nptest

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	np "github.com/numen-go/numen/expr"
)

func init() { np.Helper() }

// Close fails t when got and want differ by more than atol + rtol*|want| anywhere,
// naming the worst elements and their positions. Shapes must agree; dtypes need not. A
// NaN is close to a NaN, an infinity to the same infinity.
func Close(t testing.TB, got, want np.Array, rtol, atol float64) {
	t.Helper()
	g, w, ok := values[float64](t, np.AsType(got, np.Float64), np.AsType(want, np.Float64))
	if !ok {
		return
	}
	report(t, "too far apart", got.Shape(), differences(g, w, func(a, b float64) bool {
		return a == b || math.IsNaN(a) && math.IsNaN(b) || math.Abs(a-b) <= atol+rtol*math.Abs(b) && !math.IsInf(b, 0)
	}), func(i int) (string, string, float64) {
		return fmt.Sprint(g[i]), fmt.Sprint(w[i]), math.Abs(g[i] - w[i])
	})
}

// Same fails t when shapes, dtypes or bits differ; all NaNs count as one.
func Same(t testing.TB, got, want np.Array) {
	t.Helper()
	if got.Err() == nil && want.Err() == nil && got.DType() != want.DType() {
		t.Errorf("dtype %s, want %s", got.DType(), want.DType())
		return
	}
	switch want.DType() {
	case np.Bool:
		same[bool](t, got, want, nil)
	case np.Int8:
		same[int8](t, got, want, nil)
	case np.Int16:
		same[int16](t, got, want, nil)
	case np.Int32:
		same[int32](t, got, want, nil)
	case np.Int64:
		same[int64](t, got, want, nil)
	case np.Uint8:
		same[uint8](t, got, want, nil)
	case np.Uint16:
		same[uint16](t, got, want, nil)
	case np.Uint32:
		same[uint32](t, got, want, nil)
	case np.Uint64:
		same[uint64](t, got, want, nil)
	case np.Float32:
		same(t, got, want, func(a, b float32) bool {
			return math.Float32bits(a) == math.Float32bits(b) || a != a && b != b
		})
	case np.Complex64:
		same(t, got, want, func(a, b complex64) bool { return sameComplex(complex128(a), complex128(b)) })
	case np.Complex128:
		same(t, got, want, sameComplex)
	default:
		same(t, got, want, sameFloat)
	}
}

func sameFloat(a, b float64) bool {
	return math.Float64bits(a) == math.Float64bits(b) || a != a && b != b
}

func sameComplex(a, b complex128) bool {
	return sameFloat(real(a), real(b)) && sameFloat(imag(a), imag(b))
}

// same compares elements with equal, or with == when that is nil.
func same[T np.Elem](t testing.TB, got, want np.Array, equal func(a, b T) bool) {
	t.Helper()
	g, w, ok := values[T](t, got, want)
	if !ok {
		return
	}
	if equal == nil {
		equal = func(a, b T) bool { return any(a) == any(b) }
	}
	report(t, "not the same bits", got.Shape(), differences(g, w, equal), func(i int) (string, string, float64) {
		return fmt.Sprint(g[i]), fmt.Sprint(w[i]), 0
	})
}

// values evaluates two arrays of one shape.
func values[T np.Elem](t testing.TB, got, want np.Array) (g, w []T, ok bool) {
	t.Helper()
	if !slices.Equal(got.Shape(), want.Shape()) {
		t.Errorf("shape %v, want %v", got.Shape(), want.Shape())
		return nil, nil, false
	}
	g, err := np.Values[T](context.Background(), got)
	if err != nil {
		t.Errorf("the first array: %v", err)
		return nil, nil, false
	}
	if w, err = np.Values[T](context.Background(), want); err != nil {
		t.Errorf("the second array: %v", err)
		return nil, nil, false
	}
	return g, w, true
}

// differences returns the numbers of the elements that are not equal.
func differences[T any](g, w []T, equal func(a, b T) bool) []int {
	var out []int
	for i := range g {
		if !equal(g[i], w[i]) {
			out = append(out, i)
		}
	}
	return out
}

// report fails t with the worst of the elements numbered by different.
func report(t testing.TB, what string, shape np.Shape, different []int, show func(i int) (got, want string, distance float64)) {
	t.Helper()
	if len(different) == 0 {
		return
	}
	total := 1
	for _, e := range shape {
		total *= e
	}
	worst := slices.Clone(different)
	slices.SortStableFunc(worst, func(i, j int) int {
		_, _, a := show(i)
		_, _, b := show(j)
		switch {
		case a > b:
			return -1
		case a < b:
			return 1
		}
		return 0
	})
	var b strings.Builder
	fmt.Fprintf(&b, "%d of %d elements are %s", len(different), total, what)
	for _, i := range worst[:min(len(worst), 5)] {
		got, want, _ := show(i)
		fmt.Fprintf(&b, "\n\tat %v: %s, want %s", position(i, shape), got, want)
	}
	t.Error(b.String())
}

// position returns the indices of element i of an array.
func position(i int, shape np.Shape) []int {
	at := make([]int, len(shape))
	for k := len(shape) - 1; k >= 0; k-- {
		at[k] = i % shape[k]
		i /= shape[k]
	}
	return at
}
