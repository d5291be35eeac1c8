// Package asm is an assembler for the part of x86-64 that machine code for arrays needs:
// integer instructions, and vector instructions in VEX and EVEX form. Instructions are
// data over physical or virtual registers; Allocate replaces the virtual ones, Assemble
// makes bytes, and an instruction prints in the syntax of the Go assembler.
package asm

// Reg is a register: physical, or virtual from firstVirtual on. The zero Reg is none.
type Reg uint32

// The physical registers. V0 to V31 are XMM, YMM or ZMM by the width of the instruction.
const (
	NoReg Reg = iota
	RAX
	RCX
	RDX
	RBX
	RSP
	RBP
	RSI
	RDI
	R8
	R9
	R10
	R11
	R12
	R13
	R14
	R15
	RIP // the base of an operand in the constant pool
)

// V0 is the first vector register, K0 the first mask register; the others count on.
const (
	V0           Reg = 32
	K0           Reg = 64
	firstVirtual Reg = 128
)

// Class is a kind of register.
type Class uint8

// The classes.
const (
	GPR Class = iota
	Vec
	Mask
	classes
)

// Virtual returns virtual register n of a class.
func Virtual(c Class, n int) Reg { return firstVirtual + Reg(n)*Reg(classes) + Reg(c) }

// IsVirtual reports whether the register is to be allocated.
func (r Reg) IsVirtual() bool { return r >= firstVirtual }

// Class returns the register's class.
func (r Reg) Class() Class {
	switch {
	case r >= firstVirtual:
		return Class((r - firstVirtual) % Reg(classes))
	case r >= K0:
		return Mask
	case r >= V0:
		return Vec
	}
	return GPR
}

// Level is what the processor has: every instruction of a program is one of its level.
type Level uint8

// The levels.
const (
	AVX2   Level = iota + 1 // AVX2, FMA, BMI1, BMI2, LZCNT, POPCNT
	AVX512                  // and AVX-512 F, BW, CD, DQ, VL
)

// Width is the bits of an instruction's operands.
type Width uint16

// The widths.
const (
	W8   Width = 8
	W16  Width = 16
	W32  Width = 32
	W64  Width = 64
	W128 Width = 128
	W256 Width = 256
	W512 Width = 512
)

// ArgKind says what an operand is.
type ArgKind uint8

// The kinds of operands.
const (
	None ArgKind = iota
	Register
	Memory
	Immediate
	LabelRef
)

// Arg is an operand.
type Arg struct {
	Kind      ArgKind
	Scale     uint8 // Memory: of Index: 1, 2, 4 or 8
	Broadcast bool  // Memory: one element, spread over the vector (EVEX)
	Reg       Reg   // Register; Memory: the base; RIP: the constant pool
	Index     Reg   // Memory
	Disp      int32 // Memory: bytes; of RIP: from the start of the pool
	Imm       int64 // Immediate; LabelRef: the label's number
}

// R is a register as an operand.
func R(r Reg) Arg { return Arg{Kind: Register, Reg: r} }

// M is the memory at base+disp.
func M(base Reg, disp int32) Arg { return Arg{Kind: Memory, Reg: base, Disp: disp} }

// MX is the memory at base+index*scale+disp.
func MX(base, index Reg, scale uint8, disp int32) Arg {
	return Arg{Kind: Memory, Reg: base, Index: index, Scale: scale, Disp: disp}
}

// I is an immediate.
func I(n int64) Arg { return Arg{Kind: Immediate, Imm: n} }

// Inst is an instruction. Operands stand in the order of Intel's manuals, the
// destination first.
type Inst struct {
	Op   Op
	W    Width
	Zero bool  // elements that Mask leaves out become 0; else they keep what was there
	N    uint8 // operands
	Mask Reg   // the elements that are written (AVX-512); NoReg: all
	Args [4]Arg
}

// Builder collects instructions.
type Builder struct {
	Insts   []Inst
	virtual int
	labels  *int // shared by the builders of one program
}

// NewBuilder returns a builder. Labels of builders that share a program are numbered
// together: pass the same counter.
func NewBuilder(labels *int) *Builder { return &Builder{labels: labels} }

// Op appends an instruction, and returns it for a mask to be set before the next one is
// appended.
func (b *Builder) Op(op Op, w Width, args ...Arg) *Inst {
	b.Insts = append(b.Insts, Inst{Op: op, W: w, N: uint8(len(args))})
	in := &b.Insts[len(b.Insts)-1]
	copy(in.Args[:], args)
	return in
}

// New returns a virtual register.
func (b *Builder) New(c Class) Reg {
	b.virtual++
	return Virtual(c, b.virtual-1)
}

// NewLabel returns a label to jump to; Bind says where it is.
func (b *Builder) NewLabel() Arg {
	*b.labels++
	return Arg{Kind: LabelRef, Imm: int64(*b.labels - 1)}
}

// Bind puts a label here.
func (b *Builder) Bind(label Arg) { b.Op(LABEL, 0, label) }

// Pool is the literals of a program, which lie behind its code.
type Pool struct {
	data []byte
	at   map[string]int32
}

// NewPool returns an empty pool.
func NewPool() *Pool { return &Pool{at: map[string]int32{}} }

// Add returns the literal as an operand; equal ones share memory. It is aligned to its
// size, at most 64 bytes.
func (p *Pool) Add(data []byte) Arg {
	at, ok := p.at[string(data)]
	if !ok {
		align := min(len(data), 64)
		for len(p.data)%align != 0 {
			p.data = append(p.data, 0)
		}
		at = int32(len(p.data))
		p.data = append(p.data, data...)
		p.at[string(data)] = at
	}
	return M(RIP, at)
}

// Bytes returns the first n bytes of a literal.
func (p *Pool) Bytes(a Arg, n int) []byte { return p.data[a.Disp:][:n] }
