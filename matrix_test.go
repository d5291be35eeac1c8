package numen_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/numen-go/numen/bench/matrix"
	"github.com/numen-go/numen/bench/programs"
)

// TestEveryProgramRunsOnEveryArray is the reason of the project: what does not run is
// declined, with a reason that stands in testdata/matrix.txt and was looked at.
func TestEveryProgramRunsOnEveryArray(t *testing.T) {
	kinds, all := matrix.Kinds(), programs.All()
	if len(all) < 30 {
		t.Errorf("%d programs", len(all))
	}
	names := map[string]bool{}
	for _, p := range all {
		if names[p.Name] {
			t.Errorf("two programs are named %s", p.Name)
		}
		names[p.Name] = true
	}
	cells, _ := matrix.All(t.Context(), kinds)
	for _, c := range cells {
		switch {
		case c.Fault != "":
			t.Errorf("%s on %s: %s", c.Program, c.Kind, c.Fault)
		case c.Declined == "" && (c.Finite < 0.5 || c.Distinct < min(3, c.Elements)):
			t.Errorf("%s on %s: of %d elements %.0f %% are finite, %d distinct: agreeing means little", c.Program, c.Kind, c.Elements, 100*c.Finite, c.Distinct)
		}
	}
	var b strings.Builder
	matrix.Print(&b, kinds, cells)
	file := filepath.Join("testdata", "matrix.txt")
	if f := flag.Lookup("update"); f != nil && f.Value.String() == "true" {
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if b.String() != string(want) {
		t.Errorf("the matrix changed; if that is meant, run go test -run EveryProgram -update .\n%s", b.String())
	}
}
