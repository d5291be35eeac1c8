package cpu_test

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
	"github.com/numen-go/numen/lower/cpu"
	"github.com/numen-go/numen/lower/lowertest"
)

var update = flag.Bool("update", false, "rewrite the files under testdata")

// eachLevel runs a test at every level that the machine has; at the best one only where
// time is short: the race detector sees the same goroutines at all.
func eachLevel(t *testing.T, f func(t *testing.T, level string)) {
	levels := cpu.Levels()
	if testing.Short() {
		levels = levels[:1]
	}
	for _, level := range levels {
		t.Run(level, func(t *testing.T) { f(t, level) })
	}
}

func open(t *testing.T, level string) lower.Target {
	t.Helper()
	target, err := cpu.New(level)
	if err != nil {
		t.Fatal(err)
	}
	return target
}

func TestConformance(t *testing.T) {
	eachLevel(t, func(t *testing.T, level string) {
		lowertest.Run(t, func() (lower.Target, error) { return cpu.New(level) })
	})
}

// TestClaims holds the ops that the target claims by a golden file.
func TestClaims(t *testing.T) {
	eachLevel(t, func(t *testing.T, level string) {
		golden(t, "testdata/caps.txt", lowertest.Claims(open(t, level).Caps()))
	})
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs; run with -update to see how\n%s", file, got)
	}
}

// TestLevel holds what a cap on the level does.
func TestLevel(t *testing.T) {
	kernel, err := ir.ParseKernel("kernel add; dim N; in x f64[N]; out y f64[N]; axis i<N;  y[i] = x[i] + 1.0")
	if err != nil {
		t.Fatal(err)
	}
	has := cpu.Levels()
	if has[len(has)-1] != "portable" {
		t.Errorf("levels %v", has)
	}
	for _, limit := range []string{"", "avx512", "avx2", "portable"} {
		exe, err := open(t, limit).Compile(t.Context(), kernel)
		if err != nil {
			t.Fatal(err)
		}
		defer exe.Close()
		want := has[0]
		if limit == "avx2" && want == "avx512" || limit == "portable" {
			want = limit
		}
		line, _, _ := strings.Cut(exe.String(), "\n")
		level, why, refused := strings.Cut(line, "; ")
		if level != "level "+want || refused != (limit != want && limit != "") || refused && why == "" {
			t.Errorf("limit %q on a machine with %v: %s", limit, has, line)
		}
	}
	if _, err := cpu.New("fastest"); err == nil {
		t.Error("an unknown level is taken")
	}
}
