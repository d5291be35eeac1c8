package asm

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"
)

// intelRegister returns a register's name in Intel's syntax.
func intelRegister(r Reg, w Width) string {
	if r.isVector() {
		return fmt.Sprintf("%cmm%d", "xyz"[widthBit(w)>>4/2], r.number())
	}
	if r.isMask() {
		return fmt.Sprintf("k%d", r.number())
	}
	n := r.number()
	if n >= 8 {
		return fmt.Sprintf("r%d%s", n, map[Width]string{W8: "b", W16: "w", W32: "d", W64: ""}[w])
	}
	name := strings.ToLower(generalNames[r])
	switch {
	case w == W8 && n < 4:
		return name[:1] + "l"
	case w == W8:
		return name + "l"
	case w == W16:
		return name
	case w == W32:
		return "e" + name
	}
	return "r" + name
}

// intelOperands returns the operands in Intel's syntax as objdump prints them, without
// the sizes of memory and without immediates.
func intelOperands(in *Inst, f *form) string {
	var args []string
	for i := range in.N {
		a, p := &in.Args[i], f.args[i]
		w := in.W
		switch {
		case p.fixed != 0:
			w = p.fixed
		case p.kind == vector || p.kind == vectorIndex:
			w = max(W128, in.W>>p.shift)
		case p.kind == lowByte || p.kind == isCL:
			w = W8
		case in.Op == MOVZXW && i == 1 || in.Op == MOVSXW && i == 1:
			w = W16
		case in.Op == MOVSXD && i == 1:
			w = W32
		case in.Op == MOV && f.w == w0: // an immediate of 32 bits
			w = W32
		case in.Op == JMP, in.Op == KMOVQ, in.Op == VMOVQ, in.Op == VPEXTRQ, in.Op == VPINSRQ, in.Op == VPBROADCASTQ:
			w = W64
		case f.encoding != legacy && w != W64:
			w = W32
		}
		text := ""
		switch a.Kind {
		case Register:
			text = intelRegister(a.Reg, w)
		case Memory:
			var parts []string
			if a.Reg != NoReg {
				parts = append(parts, intelRegister(a.Reg, W64))
			}
			if a.Index != NoReg {
				if !a.Index.isVector() {
					w = W64
				}
				parts = append(parts, fmt.Sprintf("%s*%d", intelRegister(a.Index, w), a.Scale))
			}
			text = strings.Join(parts, "+")
			switch {
			case a.Reg == NoReg && a.Index == NoReg:
				text = fmt.Sprintf("ds:%#x", uint64(int64(a.Disp)))
			case a.Disp < 0:
				text = fmt.Sprintf("[%s-%#x]", text, -int64(a.Disp))
			case a.Disp > 0 || a.Reg == NoReg || regexp.MustCompile(`^r(bp|13)$`).MatchString(text) || a.Reg == RBP || a.Reg == R13:
				text = fmt.Sprintf("[%s+%#x]", text, a.Disp)
			default:
				text = "[" + text + "]"
			}
		default:
			continue
		}
		if i == 0 && in.Mask != NoReg {
			text += "{" + intelRegister(in.Mask, 0) + "}"
			if in.Zero {
				text += "{z}"
			}
		}
		args = append(args, text)
	}
	return strings.Join(args, ",")
}

// intelName returns the instruction's name as objdump prints it.
func intelName(in *Inst, f *form) string {
	name := in.Op.String()
	if f.encoding == vex && f.name != name && strings.HasPrefix(name, f.name[:4]) && strings.HasPrefix(f.name, "V") && !strings.ContainsAny(f.name, "@%#~*") {
		name = f.name // AVX2 has it without the size of an element
	}
	name = strings.ToLower(name)
	if k := strings.TrimSuffix(name, "k"); strings.Contains(k, "cmp") {
		name = k
	}
	if f.slots[0] == slotOpcode && f.args[1].kind == immI64 {
		return "movabs"
	}
	if other, ok := map[string]string{
		"cmovz": "cmove", "cmovnz": "cmovne", "setz": "sete", "setnz": "setne", "imul3": "imul",
		"movsxb": "movsx", "movsxw": "movsx", "movzxb": "movzx", "movzxw": "movzx",
	}[name]; ok {
		return other
	}
	return name
}

// TestObjdump disassembles random instructions with GNU objdump, and compares operands
// and names. It covers what the Go assembler cannot write: memory without a base.
func TestObjdump(t *testing.T) {
	tool, err := exec.LookPath("objdump")
	if err != nil || runtime.GOARCH != "amd64" {
		t.Skip("there is no objdump for x86 to compare with")
	}
	insts := samples(2, 4)
	for i := range insts {
		if i%16 != 0 {
			continue
		}
		for j := range insts[i].Args {
			if a := &insts[i].Args[j]; a.Kind == Memory {
				a.Reg = NoReg
			}
		}
	}
	code, err := Assemble(insts, nil, AVX512)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "x.bin")
	if err := os.WriteFile(file, code.Bytes[:code.Size], 0o666); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(tool, "-D", "-b", "binary", "-m", "i386:x86-64", "-M", "intel", "--insn-width=16", file).Output()
	if err != nil {
		t.Fatal(err)
	}
	line := regexp.MustCompile(`^ *([0-9a-f]+):\t(?:[0-9a-f]{2} )+\s*(.*)`)
	texts := map[int32]string{}
	for l := range strings.Lines(string(out)) {
		if m := line.FindStringSubmatch(strings.TrimSuffix(l, "\n")); m != nil {
			at, _ := strconv.ParseInt(m[1], 16, 32)
			texts[int32(at)] = m[2]
		}
	}
	sizes := regexp.MustCompile(`[A-Z]+ (PTR|BCST) `)
	predicate := regexp.MustCompile(`^(vp?cmp)(?:n?(?:eq|lt|le|ge|gt|true|false|ord|unord)(?:_[ou]?[qs])?)(p[ds]|u?[bwdq])$`)
	spread := regexp.MustCompile(`\{1to\d+\}`)
	immediates := regexp.MustCompile(`(,|^)(0x[0-9a-f]+|1)$`)
	for i := range insts {
		in := &insts[i]
		f, err := in.choose(in.Op.info(), AVX512)
		if err != nil {
			t.Fatal(err)
		}
		text := texts[code.offsets[i]]
		name, operands, _ := strings.Cut(strings.TrimPrefix(text, "{evex} "), " ")
		operands = strings.TrimSpace(operands)
		operands, _, _ = strings.Cut(operands, " #")
		operands = spread.ReplaceAllString(sizes.ReplaceAllString(operands, ""), "")
		if in.N > 0 && in.Args[in.N-1].Kind == Immediate {
			operands = immediates.ReplaceAllString(operands, "")
		}
		if want := intelOperands(in, f); operands != want {
			t.Errorf("%-40s objdump %q, want %q", in, text, want)
		}
		if in.N == 4 {
			name = predicate.ReplaceAllString(name, "$1$2")
		}
		if want := intelName(in, f); name != want {
			t.Errorf("%-40s objdump %q, want %q", in, text, want)
		}
	}
}
