package asm

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// known are instructions with their bytes, which LLVM's disassembler reads so: this test
// needs no other assembler to be there.
const known = `
MOVQ AX, BX                          4889c3
MOVQ 8(SP), R9                       4c8b4c2408
MOVQ R12, (R12)                      4d892424
MOVQ (R13), AX                       498b4500
MOVQ 64(DI)(R15*8), R8               4e8b44ff40
MOVB SI, (AX)                        408830
MOVL $5, AX                          b805000000
MOVQ $-1, CX                         48c7c1ffffffff
MOVQ $81985529216486895, DX          48baefcdab8967452301
MOVBQZX SI, AX                       480fb6c6
MOVLQSX CX, DX                       4863d1
LEAQ -128(BX)(CX*4), SI              488d748b80
CMPQ CX, $1000                       4881f9e8030000
IMUL3Q $24, R10, R11                 4d6bda18
SHLQ CX, R8                          49d3e0
SHLXQ R9, (SI), AX                   c4e2b1f706
CMOVQLT DX, AX                       480f4cc2
SETHI DI                             400f97c7
JMP R10                              41ffe2
RET                                  c3
SFENCE                               0faef8
VZEROUPPER                           c5f877
VADDPD (SI)(CX*8), Y0, Y0            c5fd5804ce
VADDPD Y9, Y1, Y2                    c4c17558d1
VADDPD 64(DI), Z1, K1, Z17           62e1f549584f01
VADDPD.BCST.Z 8(AX), Z2, K3, Z4      62f1eddb586001
VFMADD231PD X3, X2, X1               c4e2e9b8cb
VCMPPD $1, Y2, Y1, Y0                c5f5c2c201
VCMPPD $1, Z2, Z1, K2, K1            62f1f54ac2ca01
VBLENDVPD Y4, Y3, Y2, Y1             c4e36d4bcb40
VPSLLQ $3, Y2, Y1                    c5f573f203
VGATHERQPD Y3, (AX)(Y2*8), Y1        c4e2e5930cd0
VGATHERQPD (AX)(Z2*8), K1, Z3        62f2fd49931cd0
VMOVNTPD Z1, 128(AX)                 62f1fd482b4802
VMOVDDUP 32(AX), Y1                  c5ff124820
VPBROADCASTQ AX, Z5                  62f2fd487ce8
KMOVW AX, K1                         c5f892c8
KANDW K3, K2, K1                     c5ec41cb
KORTESTW K1, K2                      c5f898d1
VEXTRACTF128 $1, Y1, X2              c4e37d19ca01
`

// goSyntax reads instructions in the syntax of the Go assembler.
type goSyntax map[string][]Inst // by name: an instruction without operands for each op, number of operands and width

func newGoSyntax() goSyntax {
	s := goSyntax{}
	for op := Op(1); op < opCount; op++ {
		for _, f := range op.info().forms {
			for _, w := range formWidths(&f) {
				in := Inst{Op: op, W: w, N: f.n}
				name := string(in.appendName(nil, f.name))
				s[name] = append(s[name], in)
			}
		}
	}
	return s
}

var (
	goRegister = regexp.MustCompile(`^(?:([XYZK])(\d+)|[A-Z][A-Z0-9]+)$`)
	goMemory   = regexp.MustCompile(`^(-?\d+)?\(([A-Z0-9]+)\)(?:\(([A-Z0-9]+)\*(\d)\))?$`)
)

func goReg(text string) (Reg, bool) {
	m := goRegister.FindStringSubmatch(text)
	if m == nil {
		return 0, false
	}
	if m[1] != "" {
		n, _ := strconv.Atoi(m[2])
		if m[1] == "K" {
			return K0 + Reg(n), true
		}
		return V0 + Reg(n), true
	}
	for r, name := range generalNames {
		if name == text {
			return Reg(r), true
		}
	}
	return 0, false
}

func goArg(text string, broadcast bool) (Arg, bool) {
	if r, ok := goReg(text); ok {
		return R(r), true
	}
	if number, ok := strings.CutPrefix(text, "$"); ok {
		n, err := strconv.ParseInt(number, 0, 64)
		return I(n), err == nil
	}
	m := goMemory.FindStringSubmatch(text)
	if m == nil {
		return Arg{}, false
	}
	disp, _ := strconv.ParseInt("0"+strings.TrimPrefix(m[1], "-"), 10, 32)
	if strings.HasPrefix(m[1], "-") {
		disp = -disp
	}
	base, ok := goReg(m[2])
	a := M(base, int32(disp))
	if m[3] != "" {
		index, known := goReg(m[3])
		scale, _ := strconv.Atoi(m[4])
		a, ok = MX(base, index, uint8(scale), int32(disp)), ok && known
	}
	a.Broadcast = broadcast
	return a, ok
}

// parse returns the instruction that prints so, if there is one.
func (s goSyntax) parse(text string) (Inst, bool) {
	name, rest, _ := strings.Cut(text, " ")
	name, zero := strings.CutSuffix(name, ".Z")
	name, broadcast := strings.CutSuffix(name, ".BCST")
	var args []Arg
	for rest != "" {
		var operand string
		operand, rest, _ = strings.Cut(rest, ", ")
		a, ok := goArg(operand, broadcast)
		if !ok {
			return Inst{}, false
		}
		args = append([]Arg{a}, args...)
	}
	for _, in := range s[name] {
		own := args
		in.Zero = zero
		if len(args) == int(in.N)+1 {
			own = append(args[:1:1], args[2:]...)
			in.Mask = args[1].Reg
		}
		if len(own) != int(in.N) {
			continue
		}
		copy(in.Args[:], own)
		if in.Op == CMP {
			in.Args[0], in.Args[1] = in.Args[1], in.Args[0]
		}
		if _, err := in.choose(in.Op.info(), AVX512); err == nil && in.String() == text {
			return in, true
		}
	}
	return Inst{}, false
}

func TestKnown(t *testing.T) {
	syntax := newGoSyntax()
	for line := range strings.Lines(strings.TrimSpace(known)) {
		text, want, _ := strings.Cut(strings.TrimSpace(line), "  ")
		in, ok := syntax.parse(text)
		if !ok {
			t.Errorf("%s: there is no such instruction", text)
			continue
		}
		code, err := Assemble([]Inst{in}, nil, AVX512)
		if err != nil {
			t.Errorf("%s: %v", text, err)
		} else if got := hex.EncodeToString(code.Bytes[:code.Size]); got != strings.TrimSpace(want) {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

// TestGoVectors assembles the instructions of the Go assembler's own tests, which come
// from another encoder.
func TestGoVectors(t *testing.T) {
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Skip("there is no go tool to ask for its tests")
	}
	dir := filepath.Join(strings.TrimSpace(string(root)), "src/cmd/asm/internal/asm/testdata")
	files, _ := filepath.Glob(filepath.Join(dir, "avx512enc/*.s"))
	files = append(files, filepath.Join(dir, "amd64enc.s"))
	syntax := newGoSyntax()
	vector := regexp.MustCompile(`^\t([A-Z].*?) *// ([0-9a-f]+(?: or [0-9a-f]+)*)$`)
	n, hexNumber := 0, regexp.MustCompile(`\$?-?0x[0-9a-fA-F]+`)
	for _, name := range files {
		file, err := os.Open(name)
		if err != nil {
			t.Skip("the tests of the Go assembler are not there")
		}
		for lines := bufio.NewScanner(file); lines.Scan(); {
			m := vector.FindStringSubmatch(lines.Text())
			if m == nil {
				continue
			}
			text := hexNumber.ReplaceAllStringFunc(m[1], func(s string) string {
				number, immediate := strings.CutPrefix(s, "$")
				if v, err := strconv.ParseInt(number, 0, 64); err == nil {
					s = strconv.FormatInt(v, 10)
				}
				if immediate {
					s = "$" + s
				}
				return s
			})
			in, ok := syntax.parse(text)
			if !ok {
				continue
			}
			n++
			code, err := Assemble([]Inst{in}, nil, AVX512)
			if err != nil {
				t.Errorf("%s: %v", text, err)
				continue
			}
			got, same := code.Bytes[:code.Size], false
			for _, h := range strings.Split(m[2], " or ") {
				want, err := hex.DecodeString(h)
				if err != nil {
					t.Fatal(err)
				}
				same = same || bytes.Equal(got, want) || equivalent(&in, want)
			}
			if !same {
				t.Errorf("%s: %x, want %s", text, got, m[2])
			}
		}
		file.Close()
	}
	if n < 13000 {
		t.Errorf("only %d instructions are known", n)
	}
}
