package main

import (
	"errors"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestBars(t *testing.T) {
	timed := func(who string, fresh bool, ns float64) *row {
		return &row{measurement: measurement{Who: who, Fresh: fresh, NS: ns, Samples: 1}}
	}
	none := 0.0
	rows := []*row{timed("cpu", true, 900), timed("cpu", false, 100), timed("numpy", true, 150), timed("jax", true, 119), timed("c", false, 90)}
	rows[1].Share, rows[1].Limit, rows[1].ColdNS, rows[1].Allocs, rows[1].Held = 0.85, "triad", 2e6, &none, 64
	broken := timed("torch", true, 1)
	broken.failed = errors.New("broken")
	rows = append(rows, broken)
	for _, c := range []struct {
		bar  bar
		want string
	}{
		{ofRoof(0.8), "85 % of triad yes"},
		{ofRoof(0.9), "85 % of triad **no**, 6 % short"},
		{faster(1.5, "numpy"), "1.50x numpy yes"},
		{faster(1.2, "jax", "numpy"), "1.19x jax **no**, 1 % short"},
		{faster(1.2, "torch"), " not measured"},
		{asFast(0.8, "c"), "0.90x c yes"},
		{asFast(1, "c"), "0.90x c **no**, 10 % short"},
		{under(101), "100 ns yes"},
		{under(50), "100 ns **no**, 50 % short"},
		{coldUnder(3e6), "2.00 ms yes"},
		{coldUnder(1e6), "2.00 ms **no**, 50 % short"},
		{allocatesNothing(), "0 a call yes"},
		{each(1), "0.01 ns yes"},
		{holds(64), "64 B yes"},
		{holds(48), "64 B **no**, 25 % short"},
	} {
		v := c.bar.judge(rows)
		if got := v.measured + " " + v.mark(); got != c.want {
			t.Errorf("%s: %q, want %q", c.bar.must, got, c.want)
		}
	}
	rows[1].Share = 0.95
	if v := faster(3, "jax").judge(rows); !v.reached || v.measured != "1.19x jax, 95 % of triad" {
		t.Errorf("at the roof: %+v", v)
	}
	if v := asFast(3, "jax").judge(rows); v.reached {
		t.Errorf("at the roof: %+v", v)
	}
	for _, b := range []bar{ofRoof(0), faster(0, "jax"), under(math.Inf(1)), coldUnder(math.Inf(1)), allocatesNothing(), each(math.Inf(1)), holds(1)} {
		if v := b.judge(nil); v.mark() != "not measured" {
			t.Errorf("%s of nothing: %+v", b.must, v)
		}
	}
}

// TestSuites: every entry is held to something that its contenders can tell.
func TestSuites(t *testing.T) {
	for name, suite := range suites {
		seen := map[string]bool{}
		for _, e := range suite() {
			key := e.problem.name + threadsText(threadsOf(e))
			if seen[key] || len(e.bars) == 0 {
				t.Errorf("%s: %s is there twice, or is held to nothing", name, key)
			}
			seen[key] = true
		}
	}
}

func threadsOf(e entry) int {
	if e.single {
		return 1
	}
	return 2
}

// TestReport runs a small suite and reads the report.
func TestReport(t *testing.T) {
	suites["tiny"] = func() []entry {
		p := overheadProblems()[0]
		return []entry{
			{problem: p, bars: []bar{under(1e9), under(0.1), faster(1, "abacus")}},
			{problem: p, single: true, bars: []bar{coldUnder(1e9)}},
		}
	}
	defer delete(suites, "tiny")
	file := filepath.Join(t.TempDir(), "report.md")
	status, out, errs := command(t, "-run", "tiny", "-quick", "-report", file, "-threads", "2")
	if status != 0 {
		t.Fatalf("status %d: %s%s", status, out, errs)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"go run ./bench -run tiny -quick -report ", "| go | go1.", "| cpu level | ", "| 2 | read | ", "| 1 | triad | ", "2 of 4 are.",
		"| overhead/5nodes/10 | 2 | under 1.00 s | ", " | **no**, 100 % short |", "| 1x abacus |  | not measured |", "### overhead/5nodes/10", "; 1 thread.", "| cpu | reused | ",
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("there is no %q in\n%s", want, text)
		}
	}
	if !strings.Contains(out, "2 of 4 reached") || !strings.Contains(out, "one thread:") {
		t.Errorf("the command printed\n%s", out)
	}
}

// TestLoopsInC runs every problem that has a loop in C beside plain Go.
func TestLoopsInC(t *testing.T) {
	if _, err := exec.LookPath("gcc"); err != nil {
		t.Skip("there is no gcc")
	}
	process, err := startNative(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer process.close()
	ran := map[string]int{}
	for _, p := range allProblems() {
		for _, who := range []*inC{
			{"c", func(p *problem) string { return p.c }, process},
			{"sleef", func(p *problem) string { return prefixed("sleef:", p.sleef) }, process},
		} {
			if who.pick(p) == "" {
				continue
			}
			s := session{contenders: []contender{&loops{plainGo, func(p *problem) func([]array, array) { return p.plain }, nil}, who}, threads: 1, budget: 1, least: 1}
			rows, err := s.measure(t.Context(), small(p))
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range rows {
				if r.failed != nil {
					t.Errorf("%s: %s: %v", p.name, r.Who, r.failed)
				}
				ran[r.Who]++
			}
		}
	}
	if ran["c"] < 18 {
		t.Errorf("%d loops in C ran", ran["c"])
	}
	if _, err := process.ask("start nothing float64 1 1 1 0 1 0"); err == nil {
		t.Error("a loop that is not there started")
	}
}
