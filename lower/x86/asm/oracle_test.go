package asm

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// goAssemble returns the bytes that the Go assembler makes of each instruction; those of
// an instruction that it does not know are nil, with the reason in errs.
func goAssemble(t *testing.T, texts []string) (code [][]byte, errs map[int]string) {
	t.Helper()
	tool, err := exec.LookPath("go")
	if err != nil {
		t.Skip("there is no go tool to compare with")
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "x.s")
	errs = map[int]string{}
	const head = 1 // lines before the instructions
	message := regexp.MustCompile(`^asm: .*x\.s:(\d+)\)?:?(.*)`)
	for {
		var s strings.Builder
		s.WriteString("TEXT ·f(SB), 4, $0\n") // 4: NOSPLIT
		for i, text := range texts {
			if errs[i] != "" {
				text = ""
			}
			s.WriteString(text + "\n")
		}
		s.WriteString("RET\n")
		if err := os.WriteFile(file, []byte(s.String()), 0o666); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(tool, "tool", "asm", "-S", "-e", "-p", "x", "-o", filepath.Join(dir, "x.o"), file)
		cmd.Env = append(os.Environ(), "GOARCH=amd64", "GOOS=linux")
		out, err := cmd.CombinedOutput()
		if err == nil {
			return splitListing(t, out, len(texts), head), errs
		}
		known := len(errs)
		for _, line := range strings.Split(string(out), "\n") {
			if m := message.FindStringSubmatch(line); m != nil {
				n, _ := strconv.Atoi(m[1])
				if i := n - head - 1; i >= 0 && i < len(texts) {
					errs[i] = m[2]
				}
			}
		}
		if len(errs) == known {
			t.Fatalf("go tool asm: %v\n%.2000s", err, out)
		}
	}
}

// splitListing takes the bytes of each line's instruction out of what asm -S prints.
func splitListing(t *testing.T, out []byte, n, head int) [][]byte {
	t.Helper()
	inst := regexp.MustCompile(`^\t0x[0-9a-f]+ (\d+) \(.*x\.s:(\d+)\)`)
	dump := regexp.MustCompile(`^\t0x[0-9a-f]{4,} ((?:[0-9a-f]{2} )+)`)
	var all []byte
	offsets := make([]int, n+1)
	for _, line := range strings.Split(string(out), "\n") {
		if m := inst.FindStringSubmatch(line); m != nil {
			at, _ := strconv.Atoi(m[1])
			l, _ := strconv.Atoi(m[2])
			if i := l - head - 1; i >= 0 && i <= n {
				offsets[i] = at
			}
		} else if m := dump.FindStringSubmatch(line); m != nil {
			b, err := hex.DecodeString(strings.ReplaceAll(m[1], " ", ""))
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, b...)
		}
	}
	code := make([][]byte, n)
	for i, next := n-1, offsets[n]; i >= 0; i-- {
		if offsets[i] != 0 || i == 0 {
			code[i] = all[offsets[i]:next]
			next = offsets[i]
		}
	}
	return code
}

// equivalent reports whether code is another encoding of the instruction: a move between
// registers in the form of a store and the other way round, or the short form of
// arithmetic on AX with an immediate.
func equivalent(in *Inst, code []byte) bool {
	t := in.Op.info()
	for _, f := range t.forms {
		if (in.Op == VMOVSD || in.Op == VMOVSS) && in.N == 3 {
			f.slots[0], f.slots[2], f.opcode = f.slots[2], f.slots[0], f.opcode+1
		}
		for i := range f.n {
			switch a, p := &in.Args[i], &f.args[i]; {
			case a.Kind == Memory && in.Op == VMOVQ:
				f.size = fixedBytes + 3
				p.mem = true
			case a.Kind == Register && p.kind == onlyMemory:
				p.kind = general
				if a.Reg.isVector() {
					p.kind = vector
				}
			}
		}
		if f.n != in.N || f.widths != 0 && f.widths&widthBit(in.W) == 0 || !f.takes(in) {
			continue
		}
		e := encoder{}
		if e.encode(in, &f); bytes.Equal(e.out, code) {
			return true
		}
	}
	if in.Op >= ADD && in.Op <= TEST && in.Args[0].Reg == RAX && in.Args[1].Kind == Immediate {
		e := encoder{}
		e.legacyPrefix(in, &t.forms[0], &fields{}, in.W == W64)
		opcode := byte(0xA9)
		if in.Op != TEST {
			opcode = byte(t.forms[0].digit)<<3 | 5
		}
		if in.W == W8 {
			opcode--
		}
		return bytes.HasPrefix(code, append(e.out, opcode))
	}
	return false
}

// TestGoAssembler compares random instructions of every row with the Go assembler.
func TestGoAssembler(t *testing.T) {
	insts := samples(1, 6)
	texts := make([]string, len(insts))
	for i := range insts {
		texts[i] = insts[i].String()
	}
	want, errs := goAssemble(t, texts)
	unknown := map[string]int{}
	for i := range insts {
		if errs[i] != "" {
			unknown[fmt.Sprintf("%s: %s", insts[i].Op, errs[i])]++
			continue
		}
		code, err := Assemble(insts[i:i+1], nil, AVX512)
		if err != nil {
			t.Errorf("%s: %v", texts[i], err)
			continue
		}
		if got := code.Bytes[:code.Size]; !bytes.Equal(got, want[i]) && !equivalent(&insts[i], want[i]) {
			t.Errorf("%-50s %x, the Go assembler %x", texts[i], got, want[i])
		}
	}
	for u, n := range unknown {
		t.Errorf("%d times %s", n, u)
	}
	if len(insts) < 10000 {
		t.Errorf("only %d instructions", len(insts))
	}
}
