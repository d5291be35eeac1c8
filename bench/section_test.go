package main

import (
	"os"
	"path/filepath"
	"testing"
)

func TestWriteSection(t *testing.T) {
	file := filepath.Join(t.TempDir(), "report.md")
	for _, step := range []struct{ text, want string }{
		{"# One\n\na\n", "# One\n\na\n"},
		{"# Two\n\n## b\n", "# One\n\na\n\n# Two\n\n## b\n"},
		{"# One\n\nc\n\n", "# One\n\nc\n\n# Two\n\n## b\n"},
		{"# Two\nd", "# One\n\nc\n\n# Two\nd\n"},
	} {
		if err := writeSection(file, step.text); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(file); err != nil || string(got) != step.want {
			t.Errorf("%q: %q, %v", step.text, got, err)
		}
	}
}
