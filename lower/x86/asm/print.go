package asm

import (
	"fmt"
	"strconv"
	"strings"
)

// String returns the instruction in the syntax of the Go assembler: the destination comes
// last, behind the mask. Virtual registers are r0, v0 and k0 and so on.
func (in *Inst) String() string { return string(in.appendText(nil)) }

func (in *Inst) appendText(b []byte) []byte {
	n := min(int(in.N), len(in.Args))
	if in.Op == LABEL {
		return append(in.appendArg(b, nil, 0), ':')
	}
	f := in.formToPrint()
	name := in.Op.String()
	if f != nil {
		name = f.name
	}
	b = in.appendName(b, name)
	for _, a := range in.Args[:n] {
		if a.Kind == Memory && a.Broadcast {
			b = append(b, ".BCST"...)
			break
		}
	}
	if in.Zero {
		b = append(b, ".Z"...)
	}
	separator := byte(' ')
	for i := range n {
		at := n - 1 - i
		if in.Op == CMP { // as in Intel's manuals
			at = i
		}
		if at == 0 && in.Mask != NoReg {
			b = append(b, separator, ' ')
			b = appendReg(b, in.Mask, 0)
			separator = ','
		}
		b = append(b, separator)
		if separator == ',' {
			b = append(b, ' ')
		}
		b = in.appendArg(b, f, at)
		separator = ','
	}
	return b
}

// formToPrint returns the form whose name and widths are printed: that of the bytes, and
// while registers are virtual one that is as good, or nil.
func (in *Inst) formToPrint() *form {
	x := *in
	x.Mask = physical(x.Mask, 1)
	for i := range x.Args {
		x.Args[i].Reg = physical(x.Args[i].Reg, Reg(i))
		x.Args[i].Index = physical(x.Args[i].Index, Reg(i))
	}
	f, err := x.choose(x.Op.info(), AVX512)
	if err != nil {
		return nil
	}
	return f
}

// physical returns r, or a register of its class in place of a virtual one.
func physical(r, n Reg) Reg {
	if !r.IsVirtual() {
		return r
	}
	return [...]Reg{GPR: RAX, Vec: V0, Mask: K0}[r.Class()] + n
}

// appendName replaces what stands for the width.
func (in *Inst) appendName(b []byte, name string) []byte {
	letter := func(widths [3]Width, letters string) string {
		for i, w := range widths {
			if w == in.W && letters[i] != ' ' {
				return letters[i : i+1]
			}
		}
		return ""
	}
	for _, c := range []byte(name) {
		switch c {
		case '@':
			if in.W == W8 {
				b = append(b, 'B')
			}
			b = append(b, letter([3]Width{W16, W32, W64}, "WLQ")...)
		case '%':
			b = append(b, letter([3]Width{W128, W256, W512}, "XY ")...)
		case '#':
			b = append(b, letter([3]Width{W128, W256, W512}, "XYZ")...)
		case '*':
			b = append(b, letter([3]Width{W16, W32, W64}, " LQ")...)
		case '~':
			b = append(b, letter([3]Width{W16, W32, W64}, "  Q")...)
		default:
			b = append(b, c)
		}
	}
	return b
}

// appendArg appends operand i.
func (in *Inst) appendArg(b []byte, f *form, i int) []byte {
	a := &in.Args[i]
	width := in.W
	if f != nil {
		if p := f.args[i]; p.fixed != 0 {
			width = p.fixed
		} else {
			width = max(W128, width>>p.shift)
		}
	}
	switch a.Kind {
	case Register:
		return appendReg(b, a.Reg, width)
	case Memory:
		return a.appendMemory(b, width)
	case Immediate:
		return strconv.AppendInt(append(b, '$'), a.Imm, 10)
	case LabelRef:
		return strconv.AppendInt(append(b, 'L'), a.Imm, 10)
	}
	return append(b, '?')
}

func (a *Arg) appendMemory(b []byte, width Width) []byte {
	if a.Reg == RIP {
		b = append(b, "pool+"...)
		b = strconv.AppendInt(b, int64(a.Disp), 10)
		return append(b, "(RIP)"...)
	}
	if a.Disp != 0 || a.Reg == NoReg && a.Index == NoReg {
		b = strconv.AppendInt(b, int64(a.Disp), 10)
	}
	if a.Reg != NoReg {
		b = append(appendReg(append(b, '('), a.Reg, W64), ')')
	}
	if a.Index != NoReg {
		b = append(appendReg(append(b, '('), a.Index, width), '*')
		b = append(strconv.AppendInt(b, int64(a.Scale), 10), ')')
	}
	return b
}

var generalNames = [...]string{
	RAX: "AX", RCX: "CX", RDX: "DX", RBX: "BX", RSP: "SP", RBP: "BP", RSI: "SI", RDI: "DI",
	R8: "R8", R9: "R9", R10: "R10", R11: "R11", R12: "R12", R13: "R13", R14: "R14", R15: "R15", RIP: "RIP",
}

// appendReg appends the name of a register; vectors are X, Y or Z by their width.
func appendReg(b []byte, r Reg, w Width) []byte {
	letter, n := byte('?'), int64(r)
	switch {
	case r.IsVirtual():
		letter = [...]byte{GPR: 'r', Vec: 'v', Mask: 'k'}[r.Class()]
		n = int64((r - firstVirtual) / Reg(classes))
	case r.isMask():
		letter, n = 'K', int64(r.number())
	case r.isVector():
		letter, n = 'X', int64(r.number())
		switch w {
		case W256:
			letter = 'Y'
		case W512:
			letter = 'Z'
		}
	case r > NoReg && r <= RIP:
		return append(b, generalNames[r]...)
	}
	return strconv.AppendInt(append(b, letter), n, 10)
}

// Listing returns the code in text: offset, bytes and instruction.
func (c *Code) Listing() string {
	var s strings.Builder
	for i := range c.insts {
		in := &c.insts[i]
		if in.Op == LABEL {
			fmt.Fprintf(&s, "%s\n", in)
			continue
		}
		end := int32(c.Size)
		if i+1 < len(c.offsets) {
			end = c.offsets[i+1]
		}
		fmt.Fprintf(&s, "%6x  %-24x  %s\n", c.offsets[i], c.Bytes[c.offsets[i]:end], in)
	}
	return s.String()
}
