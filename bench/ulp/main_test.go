package main

import (
	"bytes"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/numen-go/numen/ir"
)

func TestUlps32(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	for _, c := range []struct {
		y    float32
		r    float64
		want float64
	}{
		{1, 1, 0},
		{1 + 0x1p-23, 1, 1},
		{1, 1 + 0x1p-24, 0.5},
		{1, 1 - 0x1p-25, 0.5}, // the unit below 1 is half as large
		{0x1p-149, 0x1p-150, 0.5},
		{0, 0x1p-151, 0.25},
		{0, 0, 0},
		{float32(math.Copysign(0, -1)), 0, inf},
		{float32(nan), nan, 0},
		{1, nan, inf},
		{float32(inf), 1e300, 0},
		{float32(inf), 3e38, inf},
		{math.MaxFloat32, 1e300, inf},
		{float32(inf), -inf, inf},
	} {
		if got := ulps32(c.y, c.r); got != c.want {
			t.Errorf("ulps32(%x, %x) = %g, want %g", c.y, c.r, got, c.want)
		}
	}
}

func TestUlps64(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	for _, c := range []struct{ y, r, rest, want float64 }{
		{1, 1, 0.25, 0.25},
		{1 + 0x1p-52, 1, 0.25, 0.75},
		{1 + 0x1p-52, 1, -0.25, 2.25}, // the exact result is below 1, where the unit is half
		{1 - 0x1p-53, 1, -0.25, 0.75},
		{0, 0x1p-1074, -0.25, 0.75},
		{0x1p-1074, 0, 0.25, 0.75},
		{inf, math.MaxFloat64, 0.25, 0.75},
		{math.MaxFloat64, inf, 0, 1},
		{-inf, inf, 0, inf},
		{math.Copysign(0, -1), 0, 0, inf},
		{nan, nan, 0, 0},
		{0, nan, 0, inf},
	} {
		if got := ulps64(c.y, c.r, c.rest); got != c.want {
			t.Errorf("ulps64(%x, %x, %g) = %g, want %g", c.y, c.r, c.rest, got, c.want)
		}
	}
}

func TestSweep32(t *testing.T) {
	for _, f := range functions {
		r, err := sweep32(t.Context(), f, 40009, 1000)
		if err != nil {
			t.Error(err)
		}
		if w := r.worst; w.n < 100000 || w.ulps <= 0.5 || w.ulps > 1 || r.apart > 0.01 || r.checked < block {
			t.Errorf("%s: %d arguments, worst %v, judges apart by %g, %d checked", f.op, w.n, w, r.apart, r.checked)
		}
	}
}

func TestCompare64(t *testing.T) {
	for _, f := range functions {
		var out bytes.Buffer
		fixture := filepath.Join("..", "..", "ir", "testdata", "functions", f.op.Name+".bin")
		if err := run(&out, f.op.Name, "f64", 1, 0, fixture); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(out.String(), "worst 0.") {
			t.Errorf("%s", &out)
		}
	}
	_, _, err := compare64(functions[0], strings.NewReader("not a record"))
	if err == nil || !strings.Contains(err.Error(), "record 0") {
		t.Errorf("a torn record gives %v", err)
	}
}

func TestBadFlags(t *testing.T) {
	for _, c := range []struct{ names, dtype, fixture, want string }{
		{"exp,sinh", "f32", "", "unknown"},
		{"exp", "f16", "", "no dtype"},
		{"exp,log", "f64", "x", "one function"},
		{"exp", "f64", "", "fixture"},
		{"exp", "f64", "no such file", "no such file"},
	} {
		if err := run(&bytes.Buffer{}, c.names, c.dtype, 1, 0, c.fixture); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v gives %v", c, err)
		}
	}
	if err := run(&bytes.Buffer{}, "", "f32", 0, 0, ""); err == nil {
		t.Error("a stride of 0 is taken")
	}
}

// TestCheck: results of another function are not the evaluator's.
func TestCheck(t *testing.T) {
	s, err := newSweeper(t.Context(), functions[0])
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	in := every(3, 4001)
	if err := s.block(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	if err := s.check(functions[0].compile(ir.Float32), in); err != nil {
		t.Error(err)
	}
	if err := s.check(functions[1].compile(ir.Float32), in); err == nil {
		t.Error("exp2 passes for exp")
	}
}
