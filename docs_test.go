package numen_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strings"
	"testing"
)

// TestDocs holds that every package has a comment, and every exported name of
// a package that others can import as well.
func TestDocs(t *testing.T) {
	described := map[string]bool{}
	for _, s := range sources(t) {
		if s.test {
			continue
		}
		described[s.pkg] = described[s.pkg] || s.file.Doc != nil
		if s.file.Name.Name == "main" || slices.Contains(strings.Split(s.pkg, "/"), "internal") {
			continue
		}
		for _, name := range undocumented(s.file) {
			t.Errorf("%s: exported %s has no doc comment", fset.Position(name.Pos()), name.Name)
		}
	}
	for pkg, ok := range described {
		if !ok {
			t.Errorf("package %s has no package comment", pkg)
		}
	}
}

// undocumented returns the exported names that a file declares without a
// comment. A comment on a group covers its constants and variables, and one on
// a struct its fields; the methods of an interface each have their own.
func undocumented(f *ast.File) []*ast.Ident {
	var names []*ast.Ident
	need := func(name *ast.Ident, comments ...*ast.CommentGroup) {
		if name.IsExported() && !slices.ContainsFunc(comments, func(c *ast.CommentGroup) bool { return c != nil }) {
			names = append(names, name)
		}
	}
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil || receiver(d).IsExported() {
				need(d.Name, d.Doc)
			}
		case *ast.GenDecl:
			for _, s := range d.Specs {
				switch s := s.(type) {
				case *ast.ValueSpec:
					for _, name := range s.Names {
						need(name, d.Doc, s.Doc, s.Comment)
					}
				case *ast.TypeSpec:
					doc := s.Doc
					if d.Lparen == token.NoPos {
						doc = d.Doc
					}
					need(s.Name, doc, s.Comment)
					if i, ok := s.Type.(*ast.InterfaceType); ok && s.Name.IsExported() {
						for _, m := range i.Methods.List {
							for _, name := range m.Names {
								need(name, m.Doc, m.Comment)
							}
						}
					}
				}
			}
		}
	}
	return names
}

// receiver returns the name of the type that a method belongs to.
func receiver(d *ast.FuncDecl) *ast.Ident {
	typ := d.Recv.List[0].Type
	for {
		switch x := typ.(type) {
		case *ast.StarExpr:
			typ = x.X
		case *ast.ParenExpr:
			typ = x.X
		case *ast.IndexExpr:
			typ = x.X
		case *ast.IndexListExpr:
			typ = x.X
		default:
			return x.(*ast.Ident)
		}
	}
}

func TestUndocumented(t *testing.T) {
	const src = `package p
// A group.
const ( A = iota; B )
var C, d = 1, 2 // beside it
var Bad1 int
// One type.
type T struct{ Field int }
// A comment on a group of types says nothing of each.
type ( Bad2 int )
// An interface.
type I interface {
	// Fine is.
	Fine()
	Bad3()
}
func Bad4() {}
func (t *T) Bad5() {}
func (hidden[X]) Unreachable() {}
func internal() {}
// Good is.
func Good() {}
`
	f, err := parser.ParseFile(fset, "p.go", src, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, name := range undocumented(f) {
		got = append(got, name.Name)
	}
	if want := []string{"Bad1", "Bad2", "Bad3", "Bad4", "Bad5"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
