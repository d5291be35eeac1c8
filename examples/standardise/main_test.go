package main

import (
	"bytes"
	"encoding/csv"
	"math"
	"strconv"
	"strings"
	"testing"
)

// standard returns the columns of a table standardised by plain loops.
func standard(column []float64) []float64 {
	mean, squares := 0.0, 0.0
	for _, v := range column {
		mean += v / float64(len(column))
	}
	for _, v := range column {
		squares += (v - mean) * (v - mean)
	}
	spread := math.Sqrt(squares / float64(len(column)-1))
	out := make([]float64, len(column))
	for i, v := range column {
		if spread != 0 {
			out[i] = (v - mean) / spread
		}
	}
	return out
}

func table(t *testing.T, text []byte) [][]string {
	t.Helper()
	records, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return records
}

func TestPlanets(t *testing.T) {
	var out bytes.Buffer
	if err := run(t.Context(), bytes.NewReader(planets), &out); err != nil {
		t.Fatal(err)
	}
	before, after := table(t, planets), table(t, out.Bytes())
	for j, name := range before[0] {
		if after[0][j] != name {
			t.Errorf("column %d is %q, want %q", j, after[0][j], name)
		}
		var column []float64
		for _, r := range before[1:] {
			if v, err := strconv.ParseFloat(r[j], 64); err == nil {
				column = append(column, v)
			}
		}
		want := standard(column)
		for i, r := range after[1:] {
			if column == nil { // text
				if r[j] != before[i+1][j] {
					t.Errorf("%s of row %d is %q, want %q", name, i, r[j], before[i+1][j])
				}
				continue
			}
			got, err := strconv.ParseFloat(r[j], 64)
			if err != nil || math.Abs(got-want[i]) > 1e-5 {
				t.Errorf("%s of row %d is %s, want %v", name, i, r[j], want[i])
			}
		}
	}
}

func TestColumnOfEqualNumbers(t *testing.T) {
	var out bytes.Buffer
	if err := run(t.Context(), strings.NewReader("a,b\n1,7\n3,7\n"), &out); err != nil {
		t.Fatal(err)
	}
	if want := "a,b\n-0.707107,0\n0.707107,0\n"; out.String() != want {
		t.Errorf("got %q, want %q", &out, want)
	}
}

func TestBadTables(t *testing.T) {
	for _, text := range []string{"", "a,b\n", "a,b\n1\n", "a\n\"1\n"} {
		if err := run(t.Context(), strings.NewReader(text), &bytes.Buffer{}); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
}
