package cpu_test

import (
	"flag"
	"os"
	"testing"

	"github.com/numen-go/numen/lower"
	"github.com/numen-go/numen/lower/cpu"
	"github.com/numen-go/numen/lower/lowertest"
)

var update = flag.Bool("update", false, "rewrite the files under testdata")

func TestConformance(t *testing.T) {
	lowertest.Run(t, func() (lower.Target, error) { return lower.Open("cpu") })
}

// TestClaims holds the ops that the target claims by a golden file.
func TestClaims(t *testing.T) {
	target, err := cpu.New("portable")
	if err != nil {
		t.Fatal(err)
	}
	const golden = "testdata/caps.txt"
	got := lowertest.Claims(target.Caps())
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("the claimed ops differ from %s; run with -update to see how\n%s", golden, got)
	}
}

// TestLevel holds what a cap on the level does.
func TestLevel(t *testing.T) {
	if _, err := cpu.New("portable"); err != nil {
		t.Error(err)
	}
	if _, err := cpu.New("fastest"); err == nil {
		t.Error("an unknown level is taken")
	}
}
