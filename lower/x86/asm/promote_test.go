package asm

import (
	"strings"
	"testing"
)

// linesOf returns instructions as lines.
func linesOf(insts []Inst) string {
	var b strings.Builder
	for i := range insts {
		b.WriteString(insts[i].String())
		b.WriteByte('\n')
	}
	return b.String()
}

// TestPromote holds what becomes of a loop that counts in memory, that leaves at one place
// and goes on there.
func TestPromote(t *testing.T) {
	labels := 0
	hot, cold := NewBuilder(&labels), NewBuilder(&labels)
	word := func(n int32) Arg { return M(RDI, 8*n) }
	top, end, tired, on := hot.NewLabel(), hot.NewLabel(), hot.NewLabel(), hot.NewLabel()
	hot.Op(MOV, W64, R(R12), I(7)) // is read behind the loop
	hot.Op(CMP, W64, word(2), I(0))
	hot.Op(JLE, 0, end)
	hot.Bind(top)
	hot.Op(MOV, W64, R(RSI), word(1))
	hot.Op(ADD, W64, R(RSI), I(1))
	hot.Op(MOV, W64, word(1), R(RSI))
	hot.Op(ADD, W64, word(30), I(1)) // may be reached by an address
	hot.Op(ADD, W64, word(30), I(1))
	hot.Op(SUB, W64, word(3), I(1))
	hot.Op(JLE, 0, tired)
	hot.Bind(on)
	hot.Op(CMP, W64, R(RSI), word(2))
	hot.Op(CMP, W64, R(RSI), word(2))
	hot.Op(JL, 0, top)
	hot.Bind(end)
	hot.Op(MOV, W64, word(9), R(R12))
	hot.Op(RET, 0)
	cold.Bind(tired)
	cold.Op(LEALABEL, W64, R(RAX), on)
	cold.Op(MOV, W64, word(0), R(RAX))
	cold.Op(RET, 0)
	isWord := func(disp int32) bool { return disp < 160 }
	got := linesOf(Promote(hot.Insts, cold.Insts, []int64{top.Imm}, AVX2, RDI, isWord, &labels))
	// R12 is not free, for it is read later. SI is read behind L3, where control comes in
	// too, so that it is no copy there. Word 3, a chain through memory, comes before word 2.
	want := `MOVL $7, R12
CMPQ 16(DI), $0
JLE L1
L4:
MOVQ 8(DI), R15
MOVQ 24(DI), R13
MOVQ 16(DI), BX
L0:
MOVQ R15, SI
ADDQ $1, SI
MOVQ SI, R15
ADDQ $1, 240(DI)
ADDQ $1, 240(DI)
SUBQ $1, R13
JLE L6
L3:
CMPQ SI, BX
CMPQ SI, BX
JLT L0
L5:
MOVQ R15, 8(DI)
MOVQ R13, 24(DI)
L1:
MOVQ R12, 72(DI)
RET
L2:
LEAQ L7, AX
MOVQ AX, (DI)
RET
L6:
MOVQ R15, 8(DI)
MOVQ R13, 24(DI)
JMP L2
L7:
MOVQ 8(DI), R15
MOVQ 24(DI), R13
MOVQ 16(DI), BX
JMP L3
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestPromoteFloats holds what becomes of a sum of products in memory, and of a word that
// is used as a float and as a number.
func TestPromoteFloats(t *testing.T) {
	labels := 0
	hot, cold := NewBuilder(&labels), NewBuilder(&labels)
	word := func(n int32) Arg { return M(RDI, 8*n) }
	v := func(n Reg) Arg { return R(V0 + n) }
	top := hot.NewLabel()
	hot.Bind(top)
	hot.Op(VMOVSD, W128, v(0), word(1)) // the sum
	hot.Op(VMOVSD, W128, v(1), word(2)) // a factor
	hot.Op(VFMADD231SD, W128, v(0), v(1), M(RSI, 0))
	hot.Op(VMOVSD, W128, word(1), v(0))
	hot.Op(VMOVSD, W128, v(0), word(3))
	hot.Op(VMOVSD, W128, M(RSI, 8), v(0))
	hot.Op(ADD, W64, word(3), I(1))
	hot.Op(ADD, W64, R(RSI), I(8))
	hot.Op(CMP, W64, R(RSI), R(R8))
	hot.Op(JL, 0, top)
	hot.Op(RET, 0)
	got := linesOf(Promote(hot.Insts, cold.Insts, []int64{top.Imm}, AVX2, RDI, func(int32) bool { return true }, &labels))
	want := `L1:
MOVQ 24(DI), R15
VMOVSD 8(DI), X8
VMOVSD 16(DI), X9
L0:
VFMADD231SD (SI), X9, X8
VMOVQ R15, X0
VMOVSD X0, 8(SI)
ADDQ $1, R15
ADDQ $8, SI
CMPQ SI, R8
JLT L0
L2:
MOVQ R15, 24(DI)
VMOVSD X8, 8(DI)
RET
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestTidied holds which copies are renamed.
func TestTidied(t *testing.T) {
	for _, c := range []struct {
		name  string
		build func(b *Builder)
		want  string
	}{
		{"read", func(b *Builder) {
			b.Op(MOV, W64, R(RSI), R(R9))
			b.Op(CMP, W64, R(RSI), R(R10))
			b.Op(MOV, W64, R(RSI), M(RSI, 8))
			b.Op(MOV, W64, M(RDI, 0), R(RSI))
		}, "CMPQ R9, R10; MOVQ 8(R9), SI; MOVQ SI, (DI)"},
		{"changed and copied back", func(b *Builder) {
			b.Op(MOV, W64, R(RSI), R(R9))
			b.Op(ADD, W64, R(RSI), I(1))
			b.Op(MOV, W64, R(R9), R(RSI))
			b.Op(CMP, W64, R(RSI), R(R10))
			b.Op(MOV, W64, M(RDI, 0), R(R9))
		}, "ADDQ $1, R9; CMPQ R9, R10; MOVQ R9, (DI)"},
		{"changed, and the other read", func(b *Builder) {
			b.Op(MOV, W64, R(RSI), R(R9))
			b.Op(ADD, W64, R(RSI), I(1))
			b.Op(MOV, W64, M(RDI, 8), R(R9))
			b.Op(MOV, W64, M(RDI, 0), R(RSI))
		}, "MOVQ R9, SI; ADDQ $1, SI; MOVQ R9, 8(DI); MOVQ SI, (DI)"},
		{"the other written", func(b *Builder) {
			b.Op(MOV, W64, R(RSI), R(R9))
			b.Op(MOV, W64, R(R9), M(RDI, 8))
			b.Op(MOV, W64, M(RDI, 0), R(RSI))
		}, "MOVQ R9, SI; MOVQ 8(DI), R9; MOVQ SI, (DI)"},
		{"read behind a label", func(b *Builder) {
			on := b.NewLabel()
			b.Op(MOV, W64, R(RSI), R(R9))
			b.Op(CMP, W64, R(R10), I(0))
			b.Op(JZ, 0, on)
			b.Op(MOV, W64, M(RDI, 8), R(R9))
			b.Bind(on)
			b.Op(MOV, W64, M(RDI, 0), R(RSI))
		}, "MOVQ R9, SI; CMPQ R10, $0; JEQ L0; MOVQ R9, 8(DI); L0:; MOVQ SI, (DI)"},
		{"computed for a copy", func(b *Builder) {
			b.Op(MOV, W64, R(RSI), M(R9, 8))
			b.Op(ADD, W64, R(RSI), R(R10))
			b.Op(MOV, W64, R(R9), R(RSI))
			b.Op(MOV, W64, M(RDI, 0), R(R9))
		}, "MOVQ 8(R9), SI; ADDQ R10, SI; MOVQ SI, (DI)"},
		{"computed for a copy behind a label", func(b *Builder) {
			on := b.NewLabel()
			b.Op(MOV, W64, R(RSI), M(R9, 8))
			b.Op(ADD, W64, R(RSI), R(R10))
			b.Op(MOV, W64, R(R9), R(RSI))
			b.Bind(on)
			b.Op(MOV, W64, M(RDI, 0), R(R9))
			b.Op(JMP, 0, on)
		}, "MOVQ 8(R9), R9; ADDQ R10, R9; L0:; MOVQ R9, (DI); JMP L0"},
		{"made zero of itself", func(b *Builder) {
			b.Op(MOV, W64, R(RSI), R(R9))
			b.Op(CMP, W64, R(RSI), R(R10))
			b.Op(XOR, W32, R(RSI), R(RSI))
			b.Op(MOV, W64, M(RDI, 0), R(RSI))
		}, "CMPQ R9, R10; XORL SI, SI; MOVQ SI, (DI)"},
		{"a float, also in a wider register", func(b *Builder) {
			b.Op(VMOVAPD, W128, R(V0), R(V0+8))
			b.Op(VADDPD, W256, R(V0+1), R(V0), R(V0)) // sees zeros beyond the copy
			b.Op(VMOVSD, W128, M(RDI, 0), R(V0+1))
		}, "VMOVAPD X8, X0; VADDPD Y0, Y0, Y1; VMOVSD X1, (DI)"},
		{"written in part", func(b *Builder) {
			b.Op(MOV, W64, R(RSI), R(R9))
			b.Op(SETZ, W8, R(RSI))
			b.Op(MOV, W64, M(RDI, 0), R(RSI))
			b.Op(MOV, W64, M(RDI, 8), R(R9))
		}, "MOVQ R9, SI; SETEQ SI; MOVQ SI, (DI); MOVQ R9, 8(DI)"},
	} {
		labels := 0
		b := NewBuilder(&labels)
		c.build(b)
		b.Op(RET, 0)
		got := strings.TrimSuffix(strings.ReplaceAll(linesOf(tidied(b.Insts)), "\n", "; "), "; RET; ")
		if got != c.want {
			t.Errorf("%s: got %s\nwant %s", c.name, got, c.want)
		}
	}
}
