package main

import (
	"bufio"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const sample = "testdata/sample"

// TestCheck compares the faults with the `fused:` comments of the sample.
func TestCheck(t *testing.T) {
	for _, target := range targets {
		t.Run(target.name, func(t *testing.T) {
			r, err := check(sample, target, []string{"./..."})
			if err != nil {
				t.Fatal(err)
			}
			var got []int
			for _, f := range r.faults {
				if filepath.Base(f.file) != "sample.go" {
					t.Errorf("fault in %s", f.file)
				}
				got = append(got, f.line)
			}
			slices.Sort(got)
			if got, want := slices.Compact(got), marked(t, target.name); !slices.Equal(got, want) {
				t.Errorf("faults on lines %v, want %v", got, want)
			}
			if r.explicit < 2 {
				t.Errorf("%d explicit fused multiply-adds, want at least 2", r.explicit)
			}
		})
	}
}

// marked returns the sample's lines whose comment names the target.
func marked(t *testing.T, target string) []int {
	t.Helper()
	f, err := os.Open(filepath.Join(sample, "sample.go"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	mark := regexp.MustCompile(`// fused:.*\b` + target + `\b`)
	var lines []int
	s := bufio.NewScanner(f)
	for n := 1; s.Scan(); n++ {
		if mark.MatchString(s.Text()) {
			lines = append(lines, n)
		}
	}
	return lines
}

// TestCheckFails holds that a check that sees nothing is no success.
func TestCheckFails(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":      "module empty\n\ngo 1.26.0\n",
		"constant.go": "package empty\n\nconst Only = 1\n",
		"broken/b.go": "package broken\n\nvar X int = true\n",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for pattern, want := range map[string]string{
		".":             "holds no functions",
		"./broken":      "cannot use true",
		"./nothing/...": "no such file",
	} {
		if _, err := check(dir, targets[0], []string{pattern}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("check %s: %v, want %q", pattern, err, want)
		}
	}
}
