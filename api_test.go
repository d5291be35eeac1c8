package numen_test

import (
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/types"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestAPI compares the exported names of every package with its golden, so
// that no change of them goes unseen. testdata/api/lower/loop.txt is the one of
// package lower/loop.
func TestAPI(t *testing.T) {
	const dir, command = "testdata/api", "go test -run TestAPI -update ."
	packages := load(t)
	known := map[string]bool{}
	for _, p := range packages {
		name := strings.TrimPrefix(p.Path(), modulePath+"/")
		golden := filepath.Join(dir, filepath.FromSlash(name)+".txt")
		known[golden] = true
		got := api(p)
		if *update {
			if err := os.MkdirAll(filepath.Dir(golden), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(golden, []byte(strings.Join(got, "")), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		text, err := os.ReadFile(golden)
		if err != nil {
			t.Errorf("package %s has no golden: run %s", name, command)
			continue
		}
		if want := slices.Collect(strings.Lines(string(text))); !slices.Equal(got, want) {
			t.Errorf("the exported names of %s changed; if that is meant, run %s\n%s", name, command, difference(want, got))
		}
	}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil || d.IsDir() || known[path]:
			return err
		case *update:
			return os.Remove(path)
		}
		t.Errorf("%s belongs to no package: run %s", path, command)
		return nil
	})
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
}

// load returns the packages that others can import, as compiled.
func load(t *testing.T) []*types.Package {
	t.Helper()
	exports := map[string]string{}
	for _, line := range goList(t, "-deps", "-export", "-f", `{{.ImportPath}}={{.Export}}`, "./...") {
		path, export, _ := strings.Cut(line, "=")
		exports[path] = export
	}
	imp := importer.ForCompiler(fset, "gc", func(path string) (io.ReadCloser, error) {
		return os.Open(exports[path])
	})
	var packages []*types.Package
	for _, path := range goList(t, "-f", `{{if ne .Name "main"}}{{.ImportPath}}{{end}}`, "./...") {
		if path == modulePath || slices.Contains(strings.Split(path, "/"), "internal") {
			continue
		}
		p, err := imp.Import(path)
		if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, p)
	}
	return packages
}

// api returns a line for each exported name of a package, ordered by name; the
// fields and methods of a type follow it.
func api(p *types.Package) []string {
	var lines []string
	add := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format+"\n", args...)) }
	typeString := func(t types.Type) string {
		return types.TypeString(t, func(q *types.Package) string {
			if q == p {
				return ""
			}
			return q.Name()
		})
	}
	signature := func(f *types.Func) string { return f.Name() + strings.TrimPrefix(typeString(f.Type()), "func") }

	for _, name := range p.Scope().Names() {
		obj := p.Scope().Lookup(name)
		if !obj.Exported() {
			continue
		}
		switch obj := obj.(type) {
		case *types.Const:
			add("const %s %s", name, typeString(obj.Type()))
		case *types.Var:
			add("var %s %s", name, typeString(obj.Type()))
		case *types.Func:
			add("func %s", signature(obj))
		case *types.TypeName:
			if alias, ok := obj.Type().(*types.Alias); ok {
				add("type %s = %s", name, typeString(alias.Rhs()))
				continue
			}
			named := obj.Type().(*types.Named)
			methods := named.Methods()
			switch u := named.Underlying().(type) {
			case *types.Struct:
				add("type %s struct", typeString(named))
				for f := range u.Fields() {
					switch {
					case f.Embedded() && f.Exported():
						add("field %s.%s embedded", name, typeString(f.Type()))
					case f.Exported():
						add("field %s.%s %s", name, f.Name(), typeString(f.Type()))
					}
				}
			case *types.Interface:
				if u.IsMethodSet() {
					add("type %s interface", typeString(named))
					methods = u.Methods()
					break
				}
				add("type %s %s", typeString(named), typeString(u))
			default:
				add("type %s %s", typeString(named), typeString(u))
			}
			var group []string
			for m := range methods {
				if m.Exported() {
					group = append(group, fmt.Sprintf("method (%s) %s\n", typeString(m.Signature().Recv().Type()), signature(m)))
				}
			}
			slices.Sort(group)
			lines = append(lines, group...)
		}
	}
	return lines
}

// difference lists the lines that went and those that came.
func difference(want, got []string) string {
	var b strings.Builder
	for _, line := range want {
		if !slices.Contains(got, line) {
			b.WriteString("- " + line)
		}
	}
	for _, line := range got {
		if !slices.Contains(want, line) {
			b.WriteString("+ " + line)
		}
	}
	return b.String()
}

func TestAPILines(t *testing.T) {
	const src = `package p
type hidden struct{ X int }
type Point[T Number] struct { X, Y T; note string; hidden; *Named }
func (p *Point[T]) Scale(by T) {}
func (p Point[T]) Norm() (n float64) { return }
func (p Point[T]) unseen() {}
type Number interface { ~int | ~float64 }
type Shape interface { Area() float64; sealed() }
type Named map[string]Shape
type Short = Point[int]
const Zero, one = 0, 1
var Origin Short
func New[T Number](x T, more ...T) (*Point[T], error) { return nil, nil }
func (hidden) Seen() {}
`
	f, err := parser.ParseFile(fset, "p.go", src, 0)
	if err != nil {
		t.Fatal(err)
	}
	p, err := new(types.Config).Check("example.org/p", fset, []*ast.File{f}, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := `type Named map[string]Shape
func New[T Number](x T, more ...T) (*Point[T], error)
type Number interface{~int | ~float64}
var Origin Short
type Point[T Number] struct
field Point.X T
field Point.Y T
field Point.*Named embedded
method (*Point[T]) Scale(by T)
method (Point[T]) Norm() (n float64)
type Shape interface
method (Shape) Area() float64
type Short = Point[int]
const Zero untyped int
`
	if got := strings.Join(api(p), ""); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}
