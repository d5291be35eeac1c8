package asm

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strings"
	"testing"
)

// TestTable checks that every constant has the row of its name, and a row makes sense.
func TestTable(t *testing.T) {
	set := token.NewFileSet()
	n := 0
	for _, family := range []string{"general", "mask", "move", "float", "convert", "integer", "shuffle"} {
		file, err := parser.ParseFile(set, "op_"+family+".go", nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.CONST {
				for _, s := range g.Specs {
					name := s.(*ast.ValueSpec).Names[0].Name
					if strings.HasPrefix(name, "end") {
						continue
					}
					n++
					if got := Op(n).String(); got != name {
						t.Fatalf("constant %s has the row of %q", name, got)
					}
				}
			}
		}
	}
	if n != int(opCount)-1 {
		t.Errorf("%d constants, %d rows", n, opCount-1)
	}
	for op := Op(1); op < opCount; op++ {
		info := op.info()
		if len(info.forms) == 0 && !info.pseudo {
			t.Errorf("%s has no forms", op)
		}
		for _, f := range info.forms {
			for i := range f.n {
				if info.roles[i] == 0 && f.args[i].kind < imm {
					t.Errorf("%s: operand %d has no role", op, i)
				}
			}
		}
	}
}

func BenchmarkTable(b *testing.B) {
	for b.Loop() {
		for _, r := range rows() {
			r.parse()
		}
	}
}
