package main

import (
	"context"
	"errors"
	"math"
	"testing"

	np "github.com/numen-go/numen/expr"
)

// byHand is Lloyd's algorithm in plain loops.
func byHand(x []float64, axes, k int, tolerance float64) (centres []float64, rounds int) {
	centres = append(centres, x[:k*axes]...)
	for {
		rounds++
		sum, count := make([]float64, k*axes), make([]float64, k)
		for p := 0; p < len(x); p += axes {
			nearest, least := 0, math.Inf(1)
			for c := range k {
				d := 0.0
				for a := range axes {
					e := x[p+a] - centres[c*axes+a]
					d += e * e
				}
				if d < least {
					nearest, least = c, d
				}
			}
			count[nearest]++
			for a := range axes {
				sum[nearest*axes+a] += x[p+a]
			}
		}
		moved := 0.0
		for i := range sum {
			next := sum[i] / max(count[i/axes], 1)
			moved = max(moved, math.Abs(next-centres[i]))
			centres[i] = next
		}
		if moved <= tolerance {
			return centres, rounds
		}
	}
}

func TestCluster(t *testing.T) {
	const n, k, axes, tolerance = 2000, 5, 3, 1e-9
	x, err := blobs(t.Context(), 7, n, k, axes)
	if err != nil {
		t.Fatal(err)
	}
	points, err := np.Values[float64](t.Context(), x)
	if err != nil {
		t.Fatal(err)
	}
	centres, rounds, err := cluster(t.Context(), x, k, tolerance)
	if err != nil {
		t.Fatal(err)
	}
	got, err := np.Values[float64](t.Context(), centres)
	if err != nil {
		t.Fatal(err)
	}
	want, wantRounds := byHand(points, axes, k, tolerance)
	if rounds != wantRounds || rounds < 3 {
		t.Errorf("%d rounds, want %d", rounds, wantRounds)
	}
	for i, v := range want {
		if !(math.Abs(got[i]-v) <= 1e-10) {
			t.Fatalf("coordinate %d is %v, want %v", i, got[i], v)
		}
	}
}

// TestEmptyCluster: a centre that no point is nearest to stays finite, at the origin.
func TestEmptyCluster(t *testing.T) {
	x := np.FromSlice([]float64{1, 1, 3}, 3, 1) // two centres start at the same point
	centres, _, err := cluster(t.Context(), x, 2, 0)
	if err != nil {
		t.Fatal(err)
	}
	got, err := np.Values[float64](t.Context(), centres)
	if err != nil {
		t.Fatal(err)
	}
	want, _ := byHand([]float64{1, 1, 3}, 1, 2, 0)
	if got[0] != want[0] || got[1] != want[1] {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := cluster(ctx, np.FromSlice([]float64{1, 2}, 2, 1), 1, 0); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
