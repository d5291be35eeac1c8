package asm

import (
	"encoding/binary"
	"fmt"
)

// Code is a program's bytes: instructions, and from a multiple of 64 on the pool. It may
// stand at any address that is a multiple of 64.
type Code struct {
	Bytes  []byte
	Labels []int32 // offset by number; -1: nowhere
	Size   int     // bytes of instructions

	insts   []Inst
	offsets []int32 // of insts
}

// place is a displacement, from the end of its instruction, that is still to be filled in.
type place struct {
	at, end int32 // without the bytes of jumps
	disp    int32 // in the pool
	label   int32 // -1: the target is in the pool
	jumps   int32 // before it
}

// jump is a jump to a label. It is short until its target proves to be too far. Or it is
// the room before a loop.
type jump struct {
	at     int32 // without the bytes of jumps
	label  int32
	opcode uint8 // of the short form; 0: this is room
	long   bool
	room   int32
	back   int32 // of room: the last jump back to the loop
}

// size returns the bytes of the jump.
func (j *jump) size() int32 {
	switch {
	case j.opcode == 0:
		return j.room
	case !j.long:
		return 2
	case j.opcode == shortJMP:
		return 5
	}
	return 6
}

const (
	shortJMP = 0xEB
	longJMP  = 0xE9
	// Conditional jumps: 0x70 is short, 0x0F 0x80 is long.
	longCondition = 0x10
)

// encoder is the state of one call of Assemble. Jumps have no bytes until all else has.
type encoder struct {
	pool    *Pool
	level   Level
	out     []byte
	holes   []place
	jumps   []jump
	labels  []place // end: whether there is one; at, jumps
	offsets []place // of instructions: at, jumps
	tops    []int32 // by label: of a loop top, then 1 + the number of its room in jumps; 0: no loop
}

// maxLabel bounds the numbers of labels.
const maxLabel = 1 << 20

// Assemble returns the bytes of instructions over physical registers. Of the forms of an
// instruction it takes VEX where that is possible, and of jumps the short one. An
// instruction beyond the level is an error, as is one that does not exist. A loop of a few
// instructions gets room before it where it would not lie in one line. insts must not
// change afterwards: Listing reads them.
func Assemble(insts []Inst, pool *Pool, level Level) (*Code, error) {
	e := encoder{pool: pool, level: level, out: make([]byte, 0, 8*len(insts)), offsets: make([]place, len(insts))}
	e.loops(insts)
	for i := range insts {
		in := &insts[i]
		e.offsets[i] = place{at: int32(len(e.out)), jumps: int32(len(e.jumps))}
		if err := e.add(in); err != nil {
			return nil, fmt.Errorf("asm: instruction %d, %s: %w", i, in, err)
		}
	}
	shifts, err := e.relax()
	if err != nil {
		return nil, err
	}
	return e.link(insts, shifts), nil
}

// add encodes one instruction, or notes a label or jump.
func (e *encoder) add(in *Inst) error {
	if in.Op == LABEL {
		return e.bind(in)
	}
	f, err := in.choose(in.Op.info(), e.level)
	if err != nil {
		return err
	}
	switch {
	case f.slots[0] == slotRel:
		if !in.Args[0].isLabel() {
			return errLabel
		}
		label := int32(in.Args[0].Imm)
		if int(label) < len(e.tops) && e.tops[label] > 0 {
			e.jumps[e.tops[label]-1].back = int32(len(e.jumps))
		}
		e.jumps = append(e.jumps, jump{at: int32(len(e.out)), label: label, opcode: f.opcode})
	case in.Op == LEALABEL:
		if !in.Args[1].isLabel() {
			return errLabel
		}
		e.encode(&Inst{Op: LEALABEL, W: W64, N: 2, Args: [4]Arg{in.Args[0], M(RIP, 0)}}, f)
		e.holes[len(e.holes)-1].label = int32(in.Args[1].Imm)
	default:
		if m := e.encode(in, f); m != nil && (m.Disp < 0 || e.pool == nil || int(m.Disp) >= len(e.pool.data)) {
			return errPool
		}
	}
	return nil
}

// isLabel reports whether the operand is a label that there may be.
func (a *Arg) isLabel() bool { return a.Kind == LabelRef && a.Imm >= 0 && a.Imm < maxLabel }

// bind notes where a label is.
func (e *encoder) bind(in *Inst) error {
	if in.N != 1 || !in.Args[0].isLabel() {
		return errLabel
	}
	n := int(in.Args[0].Imm)
	for len(e.labels) <= n {
		e.labels = append(e.labels, place{})
	}
	if e.labels[n].end != 0 {
		return errLabel
	}
	if n < len(e.tops) && e.tops[n] == top {
		e.jumps = append(e.jumps, jump{at: int32(len(e.out)), label: int32(n)})
		e.tops[n] = int32(len(e.jumps))
	}
	e.labels[n] = place{at: int32(len(e.out)), jumps: int32(len(e.jumps)), end: 1}
	return nil
}

// relax makes jumps long until all reach their labels. It returns how many bytes of jumps
// stand before each jump, and in all.
func (e *encoder) relax() ([]int32, error) {
	known := func(label int32) error {
		if int(label) >= len(e.labels) || e.labels[label].end == 0 {
			return fmt.Errorf("asm: label %d is nowhere", label)
		}
		return nil
	}
	for i := range e.jumps {
		if err := known(e.jumps[i].label); err != nil {
			return nil, err
		}
	}
	for i := range e.holes {
		if l := e.holes[i].label; l >= 0 {
			if err := known(l); err != nil {
				return nil, err
			}
		}
	}
	shifts := make([]int32, len(e.jumps)+1)
	for again := true; again; {
		for i := range e.jumps {
			if e.jumps[i].opcode == 0 {
				e.jumps[i].room = e.room(i, e.jumps[i].at+shifts[i])
			}
			shifts[i+1] = shifts[i] + e.jumps[i].size()
		}
		again = false
		for i := range e.jumps {
			j := &e.jumps[i]
			l := &e.labels[j.label]
			distance := l.at + shifts[l.jumps] - (j.at + shifts[i+1])
			if j.opcode != 0 && !j.long && distance != int32(int8(distance)) {
				j.long, again = true, true
			}
		}
	}
	return shifts, nil
}

// link puts jumps between the bytes, the pool behind them, and fills in displacements.
func (e *encoder) link(insts []Inst, shifts []int32) *Code {
	size := len(e.out) + int(shifts[len(e.jumps)])
	base := (size + 63) &^ 63
	var literals []byte
	if e.pool != nil {
		literals = e.pool.data
	}
	c := &Code{Size: size, insts: insts, Labels: make([]int32, len(e.labels)), offsets: make([]int32, len(insts))}
	c.Bytes = make([]byte, 0, base+len(literals))
	for n, l := range e.labels {
		c.Labels[n] = -1
		if l.end != 0 {
			c.Labels[n] = l.at + shifts[l.jumps]
		}
	}
	for i, p := range e.offsets {
		c.offsets[i] = p.at + shifts[p.jumps]
	}
	from := int32(0)
	for i := range e.jumps {
		j := &e.jumps[i]
		c.Bytes = append(c.Bytes, e.out[from:j.at]...)
		from = j.at
		distance := c.Labels[j.label] - (j.at + shifts[i+1])
		switch {
		case j.opcode == 0:
			c.Bytes = appendNops(c.Bytes, int(j.room))
			continue
		case !j.long:
			c.Bytes = append(c.Bytes, j.opcode, byte(distance))
			continue
		case j.opcode == shortJMP:
			c.Bytes = append(c.Bytes, longJMP)
		default:
			c.Bytes = append(c.Bytes, 0x0F, j.opcode+longCondition)
		}
		c.Bytes = binary.LittleEndian.AppendUint32(c.Bytes, uint32(distance))
	}
	c.Bytes = append(c.Bytes, e.out[from:]...)
	for i := range e.holes {
		h := &e.holes[i]
		target := int32(base) + h.disp
		if h.label >= 0 {
			target = c.Labels[h.label]
		}
		shift := shifts[h.jumps]
		binary.LittleEndian.PutUint32(c.Bytes[h.at+shift:], uint32(target-h.end-shift))
	}
	for len(c.Bytes) < base {
		c.Bytes = append(c.Bytes, 0xCC) // INT3
	}
	c.Bytes = append(c.Bytes, literals...)
	return c
}
