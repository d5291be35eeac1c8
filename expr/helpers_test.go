package np_test

import (
	"fmt"
	"math"
	"testing"

	np "github.com/numen-go/numen/expr"
)

var (
	nan       = math.NaN()
	inf       = math.Inf(1)
	minusZero = math.Copysign(0, -1)
)

// elementText returns element p of a concrete array as Python writes it.
func elementText(t *testing.T, a np.Array, p int) string {
	t.Helper()
	switch a.DType() {
	case np.Bool:
		if alias[bool](t, a)[p] {
			return "True"
		}
		return "False"
	case np.Int8:
		return fmt.Sprint(alias[int8](t, a)[p])
	case np.Int16:
		return fmt.Sprint(alias[int16](t, a)[p])
	case np.Int32:
		return fmt.Sprint(alias[int32](t, a)[p])
	case np.Int64:
		return fmt.Sprint(alias[int64](t, a)[p])
	case np.Uint8:
		return fmt.Sprint(alias[uint8](t, a)[p])
	case np.Uint64:
		return fmt.Sprint(alias[uint64](t, a)[p])
	case np.Float32:
		return fmt.Sprint(float64(alias[float32](t, a)[p]))
	case np.Float64:
		return fmt.Sprint(alias[float64](t, a)[p])
	}
	t.Fatalf("%s in a test", a.DType())
	return ""
}

func alias[T np.Elem](t *testing.T, a np.Array) []T {
	t.Helper()
	s, err := np.AliasValues[T](a)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
