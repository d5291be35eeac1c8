package passes

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/numen-go/numen/ir"
)

var update = flag.Bool("update", false, "rewrite the files under testdata")

// example is a text before a pass and after it.
type example struct{ comment, in, out string }

// readExamples reads a file of examples: comment lines, a text, a line =>, the text that
// it becomes; a line ---- between two examples.
func readExamples(t *testing.T, path string) []example {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var list []example
	for _, part := range strings.Split(string(data), "----\n") {
		var e example
		for strings.HasPrefix(part, "#") {
			line, rest, _ := strings.Cut(part, "\n")
			e.comment += line + "\n"
			part = rest
		}
		e.in, e.out, _ = strings.Cut(part, "=>\n")
		list = append(list, e)
	}
	return list
}

// golden runs f on every example of every file of a folder under testdata, as a subtest a
// file, and compares what it makes, or rewrites the file.
func golden(t *testing.T, folder string, f func(t *testing.T, file, in string) string) {
	paths, err := filepath.Glob(filepath.Join("testdata", folder, "*.txt"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("testdata/%s has no examples: %v", folder, err)
	}
	for _, path := range paths {
		file := strings.TrimSuffix(filepath.Base(path), ".txt")
		t.Run(file, func(t *testing.T) {
			list := readExamples(t, path)
			var texts []string
			for i, e := range list {
				got := f(t, file, e.in)
				texts = append(texts, e.comment+e.in+"=>\n"+got)
				if got != e.out && !*update {
					t.Errorf("%s, example %d:\n%sbecomes\n%swant\n%s", path, i+1, e.in, got, e.out)
				}
			}
			if *update && !t.Failed() {
				if err := os.WriteFile(path, []byte(strings.Join(texts, "----\n")), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// parse reads a graph and verifies it.
func parse(t *testing.T, text string) *ir.Graph {
	t.Helper()
	g, err := ir.ParseGraph(text)
	if err == nil {
		err = g.Verify()
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return g
}

// only runs passes on a graph, verifying, and returns the unit and the records.
func only(t *testing.T, g *ir.Graph, ps ...Pass) (*Unit, []Record) {
	t.Helper()
	u := &Unit{Graph: g}
	log, err := run(ps, u, Options{Verify: true})
	if err != nil {
		t.Fatalf("%v\n%s", err, g)
	}
	return u, log
}
