package main

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"path/filepath"
	"testing"

	"github.com/numen-go/numen/bench/data"
	np "github.com/numen-go/numen/expr"
	"github.com/numen-go/numen/expr/npy"
)

// byHand is the program in plain loops, all of it.
func byHand(x []float64, n, k int) []float64 {
	y := make([]float64, k*k)
	for i := range n {
		for j := range k {
			for l := range k {
				y[j*k+l] += x[i*k+j] * (math.Log(x[i*k+l]) + 1)
			}
		}
	}
	z := make([]float64, min(5, k)*k)
	for l := range k {
		mean := 0.0
		for j := range k {
			mean += y[j*k+l] / float64(k)
		}
		for j := range min(5, k) {
			z[j*k+l] = y[j*k+l] - mean
		}
	}
	return z
}

func near(t *testing.T, got, want []float64, tolerance float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d elements, want %d", len(got), len(want))
	}
	largest := 0.0
	for _, v := range want {
		largest = max(largest, math.Abs(v))
	}
	for i, v := range want {
		if !(math.Abs(got[i]-v) <= tolerance*largest) {
			t.Fatalf("element %d is %v, want %v", i, got[i], v)
		}
	}
}

func TestElevation(t *testing.T) {
	x, err := npy.Read(bytes.NewReader(data.ElevationNPY))
	if err != nil {
		t.Fatal(err)
	}
	// A few columns: plain loops over all of them take a while.
	x = x.Slice(np.Whole, np.To(40))
	heights, err := np.Values[int16](t.Context(), x)
	if err != nil {
		t.Fatal(err)
	}
	metres := make([]float64, len(heights))
	for i, h := range heights {
		metres[i] = float64(h)
	}
	got, err := np.Values[float64](t.Context(), founding(x))
	if err != nil {
		t.Fatal(err)
	}
	near(t, got, byHand(metres, x.Dim(0), x.Dim(1)), 1e-10)
}

func TestFile(t *testing.T) {
	const n, k = 9, 4
	numbers := make([]float64, n*k)
	for i := range numbers {
		numbers[i] = 1 + float64(i%7)/4
	}
	file := filepath.Join(t.TempDir(), "x.npy")
	if err := npy.Save(t.Context(), file, np.FromSlice(numbers, n, k)); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := run(t.Context(), &out, file); err != nil {
		t.Fatal(err)
	}
	got, err := np.Values[float64](t.Context(), founding(np.FromSlice(numbers, n, k)))
	if err != nil {
		t.Fatal(err)
	}
	near(t, got, byHand(numbers, n, k), 1e-12)
	if want := fmt.Sprintln(np.FromSlice(got, k, k)); out.String() != want {
		t.Errorf("printed\n%s, want\n%s", &out, want)
	}
}

func TestRunFails(t *testing.T) {
	if err := run(t.Context(), &bytes.Buffer{}, "missing.npy"); err == nil {
		t.Error("a missing file was read")
	}
	stopped, cancel := context.WithCancel(t.Context())
	cancel()
	if err := run(stopped, &bytes.Buffer{}); err == nil {
		t.Error("a cancelled context was not noticed")
	}
}
