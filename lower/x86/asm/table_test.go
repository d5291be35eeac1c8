package asm

import (
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
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

// TestRoles checks what instructions do with a destination that a mask leaves in part.
func TestRoles(t *testing.T) {
	var b Builder
	v, k, m := R(V0), R(K0+2), M(RAX, 0)
	for _, c := range []struct {
		in                             *Inst
		unmasked, masked, zero, ofMask role
	}{
		{in: b.Op(VADDPD, W512, v, v, v), unmasked: writes, masked: readsWrites, zero: writes, ofMask: reads},
		{in: b.Op(VBLENDMPD, W512, v, v, v), unmasked: writes, masked: writes, zero: writes, ofMask: reads},
		{in: b.Op(VCMPPDK, W512, k, v, v, I(0)), unmasked: writes, masked: writes, zero: writes, ofMask: reads},
		{in: b.Op(VMOVUPD, W512, m, v), unmasked: writes, masked: writes, zero: writes, ofMask: reads},
		{in: b.Op(VFMADD231PD, W512, v, v, v), unmasked: readsWrites, masked: readsWrites, zero: readsWrites, ofMask: reads},
		{in: b.Op(VGATHERQPD, W512, v, m), unmasked: readsWrites, masked: readsWrites, zero: readsWrites, ofMask: readsWrites},
		{in: b.Op(VSCATTERQPD, W512, m, v), unmasked: writes, masked: writes, zero: writes, ofMask: readsWrites},
	} {
		in := *c.in
		unmasked := in.role(0)
		in.Mask = K0 + 1
		masked, ofMask := in.role(0), in.maskRole()
		in.Zero = true
		if zero := in.role(0); unmasked != c.unmasked || masked != c.masked || zero != c.zero || ofMask != c.ofMask {
			t.Errorf("%s: %b %b %b, mask %b", c.in, unmasked, masked, zero, ofMask)
		}
	}
	// What reads its destination without a mask, by the rules of the manuals.
	accumulates := regexp.MustCompile(`^VFN?M(ADD|SUB)|^VPERM[IT]2|^VPTERNLOG|^VFIXUPIMM|^VP?GATHER`)
	for op := endGeneral; op < opCount; op++ {
		if got := op.info().roles[0] == readsWrites; got != accumulates.MatchString(op.String()) {
			t.Errorf("%s: reads its destination: %t", op, got)
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
