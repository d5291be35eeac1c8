package shards

import (
	"bytes"
	"os"
	"strings"
	"testing"
)

func TestMain(m *testing.M) {
	if Child() {
		return
	}
	os.Exit(m.Run())
}

// Every case that moves bytes runs, and its row has what it did.
func TestCases(t *testing.T) {
	for _, c := range []struct{ name, title string }{{"means", "time means"}, {"vorticity", "differences"}, {"rechunk", "tiles of"}} {
		var out bytes.Buffer
		if err := Run(t.Context(), &Options{Threads: 2, Runs: 1, Part: c.name, tiny: true}, &out); err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		var cells []string
		for line := range strings.Lines(out.String()) {
			if strings.HasPrefix(line, "| "+c.name) {
				cells = strings.Split(line, "|")
			}
		}
		head := strings.Count(out.String()[strings.Index(out.String(), "| case"):strings.Index(out.String(), "|---")], "|")
		if len(cells) != head+1 || strings.TrimSpace(cells[9]) == "0" || strings.Contains(out.String(), "NaN") || strings.Contains(out.String(), "%!") {
			t.Errorf("%s", out.String())
		}
	}
	if err := Run(t.Context(), &Options{Part: "nothing of this name"}, &bytes.Buffer{}); err == nil {
		t.Error("a case that is not there")
	}
}
