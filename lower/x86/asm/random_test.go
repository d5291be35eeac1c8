package asm

import "math/rand/v2"

// A sampler makes random instructions that a form can encode.
type sampler struct{ *rand.Rand }

func (s sampler) pick(from, n int) Reg { return Reg(from + s.IntN(n)) }

// inst returns an instruction that fits the form at a width.
func (s sampler) inst(op Op, f *form, w Width) Inst {
	in := Inst{Op: op, W: w, N: f.n}
	memory := s.IntN(2) == 0
	for i, p := range f.args[:f.n] {
		in.Args[i] = s.arg(f, p, w, memory)
		memory = memory && in.Args[i].Kind != Memory
	}
	if f.usesMask || f.encoding == evex && !f.noMask && s.IntN(2) == 0 {
		in.Mask = s.pick(int(K0)+1, 7)
		a := in.Args[0]
		in.Zero = !f.usesMask && a.Kind == Register && a.Reg.isVector() && s.IntN(2) == 0
	}
	return in
}

func (s sampler) arg(f *form, p pattern, w Width, memory bool) Arg {
	vectors := 16
	if f.encoding == evex {
		vectors = 32
	}
	if p.mem && memory || p.kind == onlyMemory || p.kind == vectorIndex {
		return s.memory(f, p, vectors, w)
	}
	switch p.kind {
	case general, lowByte:
		return R(s.pick(int(RAX), 16))
	case maskReg:
		return R(s.pick(int(K0), 8))
	case vector:
		return R(s.pick(int(V0), vectors))
	case isCL:
		return R(RCX)
	case isOne:
		return I(1)
	case immU8, immU32:
		return I(s.Int64N(1 << (8 * immBytes[p.kind])))
	case immI8, immI16, immS8, immI32, immS32:
		bits := 8 * immBytes[p.kind]
		return I(s.Int64N(1<<bits) - 1<<(bits-1))
	case immI64:
		return I(int64(s.Uint64()))
	}
	return Arg{Kind: LabelRef, Imm: 0}
}

func (s sampler) memory(f *form, p pattern, vectors int, w Width) Arg {
	m := M(s.pick(int(RAX), 16), 0)
	switch {
	case p.kind == vectorIndex:
		m.Index = s.pick(int(V0), vectors)
	case s.IntN(2) == 0:
		for m.Index = RSP; m.Index == RSP; {
			m.Index = s.pick(int(RAX), 16)
		}
	}
	if m.Index != NoReg {
		m.Scale = 1 << s.IntN(4)
	}
	m.Broadcast = f.encoding == evex && f.elem != 0 && s.IntN(3) == 0
	switch s.IntN(4) {
	case 0:
		m.Disp = int32(s.IntN(256) - 128)
	case 1:
		m.Disp = int32(s.IntN(260)-130) * max(1, f.step(w, m.Broadcast))
	case 2:
		m.Disp = int32(s.Uint32())
	}
	return m
}

// formWidths returns the widths that a form is for; 0 if it does not matter.
func formWidths(f *form) []Width {
	if f.widths == 0 {
		return []Width{0}
	}
	var ws []Width
	for w := W8; w <= W512; w *= 2 {
		if f.widths&widthBit(w) != 0 {
			ws = append(ws, w)
		}
	}
	return ws
}

// samples returns n instructions of every form and width.
func samples(seed uint64, n int) []Inst {
	s := sampler{rand.New(rand.NewPCG(seed, 0))}
	var insts []Inst
	for op := Op(1); op < opCount; op++ {
		t := op.info()
		for i := range t.forms {
			f := &t.forms[i]
			if f.slots[0] == slotRel || op == LEALABEL {
				continue
			}
			for _, w := range formWidths(f) {
				for range n {
					in := s.inst(op, f, w)
					for t.distinct && in.sharesVector() {
						in = s.inst(op, f, w)
					}
					insts = append(insts, in)
				}
			}
		}
	}
	return insts
}
