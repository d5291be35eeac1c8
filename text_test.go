package numen_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestNoMachinePaths holds that no file names a folder of somebody's machine.
func TestNoMachinePaths(t *testing.T) {
	machinePath := regexp.MustCompile(`(^|[^\w.])/(work|root|tmp|home|Users)/\S*`)
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name := d.Name(); strings.HasPrefix(name, ".") && name != "." && name != ".ci" {
				return filepath.SkipDir
			}
			return nil
		}
		if strings.HasSuffix(path, "_test.go") || path == ".git" { // a file in a worktree
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if bytes.IndexByte(text, 0) >= 0 {
			return nil // not a text
		}
		if m := machinePath.Find(text); m != nil {
			t.Errorf("%s names %q", path, m)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
