package shard_test

import (
	"path/filepath"
	"slices"
	"testing"

	np "github.com/numen-go/numen/expr"
	"github.com/numen-go/numen/expr/shard"
)

// Complex numbers have no arithmetic, but are cut anew along other chunks as all others.
func TestComplexChunksAnew(t *testing.T) {
	data := make([]complex128, 6*10)
	for i := range data {
		data[i] = complex(float64(i), -float64(i)/3)
	}
	x := np.FromSlice(data, 6, 10)
	first, second := filepath.Join(t.TempDir(), "a"), filepath.Join(t.TempDir(), "b")
	if err := shard.ToZarr(t.Context(), x, first, &shard.ZarrOptions{Chunks: []int{4, 3}}); err != nil {
		t.Fatal(err)
	}
	y, err := shard.FromZarr(first)
	if err != nil {
		t.Fatal(err)
	}
	if err := shard.ToZarr(t.Context(), y, second, &shard.ZarrOptions{Chunks: []int{1, 10}}); err != nil {
		t.Fatal(err)
	}
	z, err := shard.FromZarr(second)
	if err != nil {
		t.Fatal(err)
	}
	got, err := np.Values[complex128](t.Context(), z)
	if err != nil || !slices.Equal(got, data) {
		t.Errorf("%v, %v", got, err)
	}
	r := shard.Rechunk(z, 5, 5)
	if got, err = np.Values[complex128](t.Context(), r); err != nil || !slices.Equal(got, data) {
		t.Errorf("rechunked: %v, %v", got, err)
	}
}
