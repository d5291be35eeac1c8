package shard_test

import (
	"encoding/binary"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	np "github.com/numen-go/numen/expr"
	"github.com/numen-go/numen/expr/shard"
	_ "github.com/numen-go/numen/lower/sharded"
)

// waves is an array of distinct values, dense.
func waves(shape ...int) np.Array {
	n := 1
	for _, e := range shape {
		n *= e
	}
	data := make([]float64, n)
	for i := range data {
		data[i] = 1.5 + math.Sin(float64(i)*0.7)
	}
	return np.Reshape(np.FromSlice(data), shape...)
}

func concrete(t *testing.T, a np.Array) np.Array {
	t.Helper()
	v, err := a.Eval(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func cut(t *testing.T, a np.Array, chunks ...int) np.Array {
	t.Helper()
	v, err := shard.FromArray(concrete(t, a), chunks...)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func values(t *testing.T, a np.Array, opts ...np.EvalOption) []float64 {
	t.Helper()
	v, err := np.Values[float64](t.Context(), a, opts...)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func same(t *testing.T, got, want []float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d values, want %d", len(got), len(want))
	}
	for i := range got {
		if math.Float64bits(got[i]) != math.Float64bits(want[i]) {
			t.Fatalf("value %d is %v, want %v", i, got[i], want[i])
		}
	}
}

// founding is the program that runs on every array.
func founding(x np.Array) np.Array {
	y := np.Dot(x.T(), np.Add(np.Log(x), 1))
	return np.Subtract(y, np.Mean(y, np.Axis(0))).Slice(np.To(5))
}

func TestFoundingProgramInChunks(t *testing.T) {
	x := waves(1300, 40)
	want := values(t, founding(x))
	for _, bound := range []int64{0, 64 << 20, 600 << 10} {
		same(t, values(t, founding(cut(t, x, 100, 13)), np.Memory(bound), np.Threads(2)), want)
	}
	_, err := np.Values[float64](t.Context(), founding(cut(t, x, 100, 13)), np.Memory(1000))
	if !errors.Is(err, np.ErrMemory) || !strings.Contains(err.Error(), "1000") {
		t.Errorf("a bound that cannot hold: %v", err)
	}
}

func TestGeneratedChunks(t *testing.T) {
	iota := func(lo, hi []int64, dst []byte) error {
		at := 0
		for i := lo[0]; i < hi[0]; i++ {
			for j := lo[1]; j < hi[1]; j++ {
				binary.NativeEndian.PutUint64(dst[at:], math.Float64bits(float64(i*90+j)))
				at += 8
			}
		}
		return nil
	}
	g, err := shard.Generate(np.Float64, np.Shape{70, 90}, []int{32, 50}, iota)
	if err != nil {
		t.Fatal(err)
	}
	dense := make([]float64, 70*90)
	for i := range dense {
		dense[i] = float64(i)
	}
	x := np.Reshape(np.FromSlice(dense), 70, 90)
	same(t, values(t, np.Sum(np.Multiply(g, g), np.Axis(1))), values(t, np.Sum(np.Multiply(x, x), np.Axis(1))))
	broken := errors.New("the generator is broken")
	bad, err := shard.Generate(np.Float64, np.Shape{70}, []int{32}, func(_, _ []int64, _ []byte) error { return broken })
	if err != nil {
		t.Fatal(err)
	}
	if _, err := np.Values[float64](t.Context(), np.Add(bad, 1)); !errors.Is(err, broken) {
		t.Errorf("a generator that fails: %v", err)
	}
}

func TestZarrThereAndBack(t *testing.T) {
	x := waves(70, 33)
	want := values(t, np.Exp(x))
	for _, codec := range []string{"", "gzip", "zstd"} {
		dir := filepath.Join(t.TempDir(), "x.zarr")
		o := &shard.ZarrOptions{Chunks: []int{16, 20}, Codec: codec}
		if err := shard.ToZarr(t.Context(), np.Exp(cut(t, x, 30, 10)), dir, o); err != nil {
			t.Fatal(err)
		}
		z, err := shard.FromZarr(dir)
		if err != nil {
			t.Fatal(err)
		}
		same(t, values(t, np.Add(z, 0)), want)
		same(t, values(t, np.Add(z.T(), 0)), values(t, np.Exp(x).T()))
		if err := shard.ToZarr(t.Context(), x, dir, o); err == nil {
			t.Error("an array is written over another")
		}
		ends, err := shard.Chunks(z)
		if err != nil || len(ends) != 2 || len(ends[0]) != 5 || ends[1][1] != 33 {
			t.Errorf("chunks end at %v, %v", ends, err)
		}
		if left, _ := filepath.Glob(filepath.Join(filepath.Dir(dir), "*tmp*")); len(left) > 0 {
			t.Errorf("%v is left", left)
		}
	}
}

func TestZarr2(t *testing.T) {
	dir := t.TempDir()
	meta := `{"zarr_format":2,"shape":[3,2],"chunks":[2,2],"dtype":">i2","compressor":null,"fill_value":7,"order":"C","filters":null}`
	write(t, filepath.Join(dir, ".zarray"), []byte(meta))
	write(t, filepath.Join(dir, "0.0"), []byte{0, 1, 0, 2, 1, 0, 255, 255})
	z, err := shard.FromZarr(dir)
	if err != nil {
		t.Fatal(err)
	}
	same(t, values(t, np.AsType(z, np.Float64)), []float64{1, 2, 256, -1, 7, 7})
}

func write(t *testing.T, name string, data []byte) {
	t.Helper()
	if err := os.WriteFile(name, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestBadZarr(t *testing.T) {
	const meta = `{"zarr_format":2,"shape":[3],"chunks":[2],"dtype":"<f8","compressor":null,"fill_value":null,"order":"C","filters":null}`
	for _, c := range []struct{ meta, chunk, part string }{
		{meta, "", "chunk [0]"},
		{meta, "12345", "5 bytes, a chunk has 16"},
		{strings.Replace(meta, "null", `{"id":"gzip"}`, 1), "no gzip", "0: gzip"},
		{strings.Replace(meta, "null", `{"id":"lz4"}`, 1), "", `compressor "lz4" cannot be read`},
		{strings.Replace(meta, "[3]", "[3,4]", 1), "", "chunks [2]"},
		{strings.Replace(meta, "[2]", "[0]", 1), "", "chunks [0]"},
		{strings.Replace(meta, "<f8", "<q8", 1), "", "dtype"},
		{strings.Replace(meta, `"C"`, `"F"`, 1), "12345", "5 bytes"},
		{"{", "", ".zarray"},
	} {
		dir := t.TempDir()
		write(t, filepath.Join(dir, ".zarray"), []byte(c.meta))
		if c.chunk != "" {
			write(t, filepath.Join(dir, "0"), []byte(c.chunk))
		}
		z, err := shard.FromZarr(dir)
		if err == nil {
			_, err = np.Values[float64](t.Context(), np.Add(z, 1))
		}
		if err == nil || !strings.Contains(err.Error(), c.part) {
			t.Errorf("%s with %q: %v, want %q", c.meta, c.chunk, err, c.part)
		}
	}
	if _, err := shard.FromZarr(t.TempDir()); err == nil || !strings.Contains(err.Error(), "zarr.json") {
		t.Errorf("no array: %v", err)
	}
}
