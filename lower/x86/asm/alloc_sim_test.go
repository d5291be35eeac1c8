package asm

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// A machine runs code in the abstract: every result is a hash of the instruction and of what
// it reads. Whether a jump is taken is up to a random sequence. So code before and after
// allocation must leave the same trace of stores.
type machine struct {
	regs  map[Reg]uint64
	frame map[int32]uint64 // of the frame: by displacement
	spill [2]int32         // displacements of the spill slots
	trace []uint64
	jumps int
	rng   *rand.Rand
}

const frameReg = RDI

func hash(xs ...uint64) uint64 {
	h := uint64(0x9e3779b97f4a7c15)
	for _, x := range xs {
		h ^= x
		h *= 0xff51afd7ed558ccd
		h ^= h >> 32
		h *= 0xc4ceb9fe1a85ec53
		h ^= h >> 29
	}
	return h
}

const (
	tagPool = 1 + iota
	tagSpread
	tagArray
	tagFrame
	tagUndefined
	tagProduct
	tagConstant
)

func (m *machine) reg(r Reg) uint64 {
	x, ok := m.regs[r]
	if !ok {
		return hash(tagUndefined)
	}
	return x
}

// address returns the address of an array's element.
func (m *machine) address(a Arg) uint64 {
	index := uint64(0)
	if a.Index != NoReg {
		index = hash(m.reg(a.Index), uint64(a.Scale))
	}
	return hash(m.reg(a.Reg), index, uint64(a.Disp))
}

func (m *machine) load(a Arg) uint64 {
	switch {
	case a.Reg == RIP && a.Broadcast:
		return hash(tagSpread, hash(tagPool, uint64(a.Disp)))
	case a.Reg == RIP:
		return hash(tagPool, uint64(a.Disp))
	case a.Reg == frameReg:
		x, ok := m.frame[a.Disp]
		if !ok {
			return hash(tagFrame, uint64(a.Disp))
		}
		return x
	}
	return hash(tagArray, m.address(a))
}

func (m *machine) store(a Arg, x uint64) {
	if a.Reg == frameReg {
		m.frame[a.Disp] = x
		if a.Disp < m.spill[0] || a.Disp >= m.spill[1] {
			m.trace = append(m.trace, uint64(a.Disp), x)
		}
		return
	}
	m.trace = append(m.trace, m.address(a), x)
}

// shape tells the forms of a product with a sum, and the places of its factors.
func shape(op Op) (name string, x, y, z int) {
	for pseudo := FMADDPD; pseudo <= FNMSUBPS; pseudo++ {
		f132, f213, f231 := products(pseudo)
		switch op {
		case pseudo:
			return pseudo.String(), 1, 2, 3
		case f132:
			return pseudo.String(), 0, 2, 1
		case f213:
			return pseudo.String(), 1, 0, 2
		case f231:
			return pseudo.String(), 1, 2, 0
		}
	}
	return "", 0, 0, 0
}

// step runs one instruction that is no jump.
func (m *machine) step(in *Inst) {
	arg := func(k int) uint64 {
		switch a := in.Args[k]; a.Kind {
		case Register:
			return m.reg(a.Reg)
		case Memory:
			if in.Op == LEA {
				return m.address(a)
			}
			return m.load(a)
		case Immediate:
			return uint64(a.Imm)
		}
		return 0
	}
	masked := []uint64{0}
	if in.Mask != NoReg {
		masked = []uint64{m.reg(in.Mask)}
		if in.Zero {
			masked = append(masked, 1)
		} else if in.role(0)&reads != 0 {
			masked = append(masked, arg(0))
		}
	}
	var result uint64
	name, x, y, z := shape(in.Op)
	switch {
	case name != "":
		result = hash(tagProduct, tagOf(name), arg(x)+arg(y), arg(z), hash(masked...))
	case in.isConstant():
		result = hash(tagConstant, uint64(in.Op))
	case in.isLoad() && in.Mask == NoReg:
		result = arg(1)
	case in.broadcasts() != 0:
		result = hash(tagSpread, arg(1))
	default:
		inputs := []uint64{uint64(in.Op), uint64(in.W), hash(masked...)}
		sum := uint64(0)
		for k := range int(in.N) {
			switch r := in.Op.info().roles[k]; {
			case in.Args[k].Kind == Immediate:
				inputs = append(inputs, arg(k))
			case r&commutes != 0:
				sum += arg(k)
			case r&reads != 0:
				inputs = append(inputs, arg(k))
			}
		}
		result = hash(append(inputs, sum)...)
	}
	if in.N == 0 || in.Op.info().roles[0]&writes == 0 {
		return
	}
	if a := in.Args[0]; a.Kind == Memory {
		m.store(a, result)
	} else {
		m.regs[a.Reg] = result
	}
	if in.Mask != NoReg && in.maskRole()&writes != 0 {
		m.regs[in.Mask] = 0
	}
}

// tagOf tells the names of products with a sum apart.
func tagOf(name string) uint64 {
	tag := uint64(0)
	for _, c := range name {
		tag = tag<<7 | uint64(c)
	}
	return tag
}

// run runs code until its end, or for so many jumps, and returns the trace of its stores.
func (m *machine) run(code []Inst, jumps int) []uint64 {
	at := map[int64]int{}
	for i := range code {
		if code[i].Op == LABEL {
			at[code[i].Args[0].Imm] = i
		}
	}
	for i := 0; i < len(code) && m.jumps < jumps; i++ {
		in := &code[i]
		switch {
		case in.Op == LABEL:
		case in.N > 0 && in.Args[0].Kind == LabelRef:
			m.jumps++
			if in.Op == JMP || m.rng.IntN(5) < 2 {
				to, ok := at[in.Args[0].Imm]
				if !ok {
					return m.trace
				}
				i = to
			}
		default:
			m.step(in)
		}
	}
	return m.trace
}

// simulate runs code in the abstract, with an arbitrary sequence of decisions.
func simulate(code []Inst, seed uint64, spill [2]int32) []uint64 {
	m := &machine{
		regs:  map[Reg]uint64{frameReg: hash(tagFrame), RAX: 11, RCX: 12, RDX: 13},
		frame: map[int32]uint64{}, spill: spill, rng: rand.New(rand.NewPCG(seed, 1)),
	}
	return m.run(code, 60)
}

// text prints code for a failed test.
func text(code []Inst) string {
	var b strings.Builder
	for i := range code {
		fmt.Fprintf(&b, "%4d %s\n", i, &code[i])
	}
	return b.String()
}
