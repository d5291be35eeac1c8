package np_test

import (
	"errors"
	"testing"

	np "github.com/numen-go/numen/expr"
)

// TestFaultsOfUniformArrays holds that a position outside of an array is an error where
// its elements are all the same, so that nothing has to be read.
func TestFaultsOfUniformArrays(t *testing.T) {
	at := np.FromSlice([]int64{7})
	for name, x := range map[string]np.Array{
		"zeros":  np.Zeros(np.Shape{3, 4}),
		"sum":    np.Add(np.Ones(np.Shape{3, 4}), 1),
		"spread": np.BroadcastTo(np.FromSlice([]float64{1, 2, 3, 4}), 3, 4),
	} {
		if _, err := np.Values[float64](ctx, np.Take(x, at, 0)); !errors.Is(err, np.ErrIndex) {
			t.Errorf("%s: element 7 of 3: %v", name, err)
		}
	}
}
