package numen_test

import (
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the files under testdata")

// modulePath is the path in go.mod.
const modulePath = "github.com/numen-go/numen"

// A source is one Go file of this module, whatever its build constraints.
type source struct {
	pkg  string // the folder, relative to the module; "." is the root
	path string
	test bool
	file *ast.File
}

var fset = token.NewFileSet()

// sources parses every Go file of the module once. Modules nested in it and
// testdata are left out.
func sources(t *testing.T) []source {
	t.Helper()
	all, err := parseAll()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

var parseAll = sync.OnceValues(func() ([]source, error) {
	var all []source
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() {
			if path == "." {
				return nil
			}
			_, err := os.Stat(filepath.Join(path, "go.mod"))
			if err == nil || name == "testdata" || strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		f, err := parser.ParseFile(fset, path, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		path = filepath.ToSlash(path)
		all = append(all, source{
			pkg:  filepath.ToSlash(filepath.Dir(path)),
			path: path,
			test: strings.HasSuffix(name, "_test.go"),
			file: f,
		})
		return nil
	})
	return all, err
})
