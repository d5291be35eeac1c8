package asm

import "errors"

// The reasons why an instruction has no bytes.
var (
	errOperands = errors.New("no form takes these operands, width and mask")
	errLevel    = errors.New("needs AVX-512")
	errVirtual  = errors.New("a virtual register is left")
	errDistinct = errors.New("its vectors must differ")
	errPseudo   = errors.New("has no encoding of its own")
	errPool     = errors.New("its address is outside the pool")
	errLabel    = errors.New("bad label")
)

// number returns what stands for a physical register in an encoding.
func (r Reg) number() uint8 {
	switch {
	case r >= K0:
		return uint8(r - K0)
	case r >= V0:
		return uint8(r - V0)
	}
	return uint8(r - RAX)
}

func (r Reg) isGeneral() bool { return r >= RAX && r <= R15 }
func (r Reg) isVector() bool  { return r >= V0 && r < V0+32 }
func (r Reg) isMask() bool    { return r >= K0 && r < K0+8 }

// choose returns the form that encodes the instruction: the first one that fits. VEX
// stands before EVEX in the table.
func (in *Inst) choose(t *info, level Level) (*form, error) {
	if t.pseudo {
		return nil, errPseudo
	}
	if int(in.N) > len(in.Args) {
		return nil, errOperands
	}
	err := errOperands
	width := widthBit(in.W)
	for i := range t.forms {
		f := &t.forms[i]
		if f.n != in.N || f.widths != 0 && f.widths&width == 0 || !f.takes(in) {
			continue
		}
		if f.beyond && level < AVX512 {
			err = errLevel
			continue
		}
		if t.distinct && in.sharesVector() {
			return nil, errDistinct
		}
		return f, nil
	}
	if in.hasVirtual() {
		err = errVirtual
	}
	return nil, err
}

// hasVirtual reports whether a register is virtual. No form takes such a one.
func (in *Inst) hasVirtual() bool {
	for _, a := range in.Args[:in.N] {
		if (a.Kind == Register || a.Kind == Memory) && (a.Reg.IsVirtual() || a.Index.IsVirtual()) {
			return true
		}
	}
	return in.Mask.IsVirtual()
}

// sharesVector reports whether a vector register occurs twice, as an index too.
func (in *Inst) sharesVector() bool {
	var seen [32]bool
	for _, a := range in.Args[:in.N] {
		r := a.Reg
		if a.Kind == Memory {
			r = a.Index
		}
		if !r.isVector() {
			continue
		}
		if seen[r-V0] {
			return true
		}
		seen[r-V0] = true
	}
	return false
}

// takes reports whether the form encodes such operands.
func (f *form) takes(in *Inst) bool {
	if in.Mask != NoReg {
		if f.encoding != evex || f.noMask || !in.Mask.isMask() || in.Mask == K0 {
			return false
		}
		if in.Zero && (f.usesMask || in.Args[0].Kind != Register || !in.Args[0].Reg.isVector()) {
			return false
		}
	} else if in.Zero || f.usesMask {
		return false
	}
	for i := range in.Args[:in.N] {
		if !f.takesArg(&f.args[i], &in.Args[i]) {
			return false
		}
	}
	return true
}

func (f *form) takesArg(p *pattern, a *Arg) bool {
	switch a.Kind {
	case Register:
		switch p.kind {
		case general, lowByte:
			return a.Reg.isGeneral()
		case maskReg:
			return a.Reg.isMask()
		case vector:
			return a.Reg.isVector() && (a.Reg < V0+16 || f.encoding == evex)
		case isCL:
			return a.Reg == RCX
		}
	case Memory:
		return p.mem && f.takesMemory(p, a)
	case Immediate:
		switch n := a.Imm; p.kind {
		case immU8, immI8:
			return -0x80 <= n && n < 0x100
		case immS8:
			return n == int64(int8(n))
		case immI16:
			return -0x8000 <= n && n < 0x10000
		case immI32:
			return -0x80000000 <= n && n < 0x100000000
		case immU32:
			return 0 <= n && n < 0x100000000
		case immS32:
			return n == int64(int32(n))
		case immI64:
			return true
		case isOne:
			return n == 1
		}
	case LabelRef:
		return p.kind == label
	}
	return false
}

func (f *form) takesMemory(p *pattern, a *Arg) bool {
	if a.Broadcast && (f.encoding != evex || f.elem == 0) {
		return false
	}
	if a.Index != NoReg && a.Scale != 1 && a.Scale != 2 && a.Scale != 4 && a.Scale != 8 {
		return false
	}
	if p.kind == vectorIndex {
		return a.Index.isVector() && (a.Index < V0+16 || f.encoding == evex) && (a.Reg == NoReg || a.Reg.isGeneral())
	}
	if a.Reg == RIP {
		return a.Index == NoReg
	}
	return (a.Reg == NoReg || a.Reg.isGeneral()) && (a.Index == NoReg || a.Index.isGeneral() && a.Index != RSP)
}

// fields are the parts of an encoding that operands go into.
type fields struct {
	reg, rm, v, is4 uint8 // numbers of registers
	memory          *Arg  // in place of rm
	imm             *Arg
	immBytes        uint8
	inOpcode        bool // rm goes there
	rex             bool // needed for the low byte of SPL, BPL, SIL or DIL
}

// encode appends the instruction to the code. It returns the operand in the pool, if
// there is one: its address is the last of e.holes.
func (e *encoder) encode(in *Inst, f *form) *Arg {
	var x fields
	if f.digit >= 0 {
		x.reg = uint8(f.digit)
	}
	for i := range in.Args[:in.N] {
		a := &in.Args[i]
		if a.Kind == Register && f.encoding == legacy && (in.W == W8 && f.args[i].kind == general || f.args[i].kind == lowByte) {
			x.rex = x.rex || a.Reg >= RSP && a.Reg <= RDI
		}
		switch f.slots[i] {
		case slotReg:
			x.reg = a.Reg.number()
		case slotRM:
			if a.Kind == Memory {
				x.memory = a
			} else {
				x.rm = a.Reg.number()
			}
		case slotV:
			x.v = a.Reg.number()
		case slotOpcode:
			x.rm, x.inOpcode = a.Reg.number(), true
		case slotIs4:
			x.is4 = a.Reg.number()
			x.immBytes = 1
		case slotImm:
			x.imm = a
			x.immBytes = immBytes[f.args[i].kind]
		}
	}
	w := f.w == w1 || f.w == wByWidth && f.widths != 0 && in.W == W64
	step := int32(1) // displacements count in it
	switch f.encoding {
	case legacy:
		e.legacyPrefix(in, f, &x, w)
	case vex:
		e.vexPrefix(in, f, &x, w)
	case evex:
		e.evexPrefix(in, f, &x, w)
		if x.memory != nil {
			step = f.step(in.W, x.memory.Broadcast)
		}
	}
	hole := -1
	if x.inOpcode {
		e.out = append(e.out, f.opcode+x.rm&7)
	} else {
		e.out = append(e.out, f.opcode)
	}
	switch {
	case x.inOpcode:
	case x.memory != nil:
		hole = e.address(x.reg, x.memory, step)
	case f.slots[0] != slotNone || f.digit >= 0:
		e.out = append(e.out, 0xC0|x.reg&7<<3|x.rm&7)
	}
	n := uint64(x.is4) << 4
	if x.imm != nil {
		n = uint64(x.imm.Imm)
	}
	for range x.immBytes {
		e.out = append(e.out, byte(n))
		n >>= 8
	}
	if hole < 0 {
		return nil
	}
	e.holes = append(e.holes, place{at: int32(hole), end: int32(len(e.out)), disp: x.memory.Disp, label: -1, jumps: int32(len(e.jumps))})
	return x.memory
}

// high returns a bit of a prefix: 1 if the number has the bit.
func high(number, bit uint8) uint8 { return number >> bit & 1 }

// highBits returns the bits that extend reg, index and rm or base: R, X and B.
func (x *fields) highBits() (r, i, b uint8) {
	r = high(x.reg, 3)
	if x.memory == nil {
		return r, high(x.rm, 4), high(x.rm, 3) // X is used by vectors from 16 on
	}
	if x.memory.Index != NoReg {
		i = high(x.memory.Index.number(), 3)
	}
	if x.memory.Reg != NoReg && x.memory.Reg != RIP {
		b = high(x.memory.Reg.number(), 3)
	}
	return r, i, b
}

func (e *encoder) legacyPrefix(in *Inst, f *form, x *fields, w bool) {
	if in.W == W16 && f.widths != 0 {
		e.out = append(e.out, 0x66)
	}
	if f.prefix != 0 {
		e.out = append(e.out, [...]byte{1: 0x66, 2: 0xF3, 3: 0xF2}[f.prefix])
	}
	r, i, b := x.highBits()
	rex := r<<2 | i<<1 | b
	if w {
		rex |= 8
	}
	if rex != 0 || x.rex {
		e.out = append(e.out, 0x40|rex)
	}
	e.out = append(e.out, [...]string{"", "\x0F", "\x0F\x38", "\x0F\x3A"}[f.opMap]...)
}

// vectorLength returns L, or L'L.
func (f *form) vectorLength(w Width) uint8 {
	switch {
	case f.vectors && w == W512:
		return 2
	case f.vectors && w == W256, f.longL:
		return 1
	}
	return 0
}

// pp is the prefixes 66, F3 and F2 in VEX and EVEX: as they are numbered here.
func (e *encoder) vexPrefix(in *Inst, f *form, x *fields, w bool) {
	r, i, b := x.highBits()
	last := ^x.v&15<<3 | f.vectorLength(in.W)<<2 | f.prefix
	if i == 0 && b == 0 && !w && f.opMap == 1 {
		e.out = append(e.out, 0xC5, (1-r)<<7|last)
		return
	}
	if w {
		last |= 0x80
	}
	e.out = append(e.out, 0xC4, (1-r)<<7|(1-i)<<6|(1-b)<<5|f.opMap, last)
}

func (e *encoder) evexPrefix(in *Inst, f *form, x *fields, w bool) {
	r, i, b := x.highBits()
	v4 := high(x.v, 4)
	p2 := f.vectorLength(in.W) << 5
	if m := x.memory; m != nil {
		if m.Index.isVector() {
			v4 = high(m.Index.number(), 4)
		}
		if m.Broadcast {
			p2 |= 1 << 4
		}
	}
	if in.Mask != NoReg {
		p2 |= in.Mask.number()
		if in.Zero {
			p2 |= 1 << 7
		}
	}
	p1 := ^x.v&15<<3 | 1<<2 | f.prefix
	if w {
		p1 |= 0x80
	}
	e.out = append(e.out, 0x62, (1-r)<<7|(1-i)<<6|(1-b)<<5|(1-high(x.reg, 4))<<4|f.opMap, p1, p2|(1-v4)<<3)
}

// step returns what the short displacements of EVEX count in.
func (f *form) step(w Width, broadcast bool) int32 {
	switch {
	case broadcast:
		return int32(f.elem)
	case f.size >= fixedBytes:
		return 1 << (f.size - fixedBytes)
	case f.size == movddupBytes:
		if w == W128 {
			return 8
		}
	case f.size == widthBytes:
		// the vector's own
	default:
		return int32(w/8) >> f.size
	}
	return int32(w / 8)
}

// address appends ModRM, SIB and displacement of memory. It returns where the
// displacement is if it is from the instruction's end, and else -1.
func (e *encoder) address(reg uint8, m *Arg, step int32) int {
	reg = reg & 7 << 3
	if m.Reg == RIP {
		e.out = append(e.out, reg|5, 0, 0, 0, 0)
		return len(e.out) - 4
	}
	sib := -1
	base := uint8(5)
	if m.Reg != NoReg {
		base = m.Reg.number() & 7
	}
	if m.Index != NoReg || m.Reg == NoReg || base == 4 {
		index := uint8(4) // none
		if m.Index != NoReg {
			index = m.Index.number()&7 | scaleBits(m.Scale)<<3
		}
		sib = int(index<<3 | base)
	}
	rm := base
	if sib >= 0 {
		rm = 4
	}
	short := m.Disp%step == 0 && m.Disp/step == int32(int8(m.Disp/step))
	mode, long := uint8(2), true
	switch {
	case m.Reg == NoReg:
		mode = 0 // and a displacement in place of a base
	case m.Disp == 0 && base != 5:
		mode, long = 0, false
	case short:
		mode, long = 1, false
	}
	e.out = append(e.out, mode<<6|reg|rm)
	if sib >= 0 {
		e.out = append(e.out, byte(sib))
	}
	switch {
	case long:
		e.out = append(e.out, byte(m.Disp), byte(m.Disp>>8), byte(m.Disp>>16), byte(m.Disp>>24))
	case mode == 1:
		e.out = append(e.out, byte(m.Disp/step))
	}
	return -1
}

func scaleBits(scale uint8) uint8 {
	switch scale {
	case 2:
		return 1
	case 4:
		return 2
	case 8:
		return 3
	}
	return 0
}
