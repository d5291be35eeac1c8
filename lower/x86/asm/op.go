package asm

import (
	"sync"
	"sync/atomic"
)

// Op is an instruction's name: a row of the table of encodings. Names are those of Intel's
// manuals, apart from these: where the kinds of operands are not enough to tell forms
// apart, a letter is added (K for a comparison whose result is a mask).
type Op uint16

// LABEL is no instruction: it marks a place.
const LABEL Op = 0

// role says what an instruction does with an operand.
type role uint8

const (
	reads role = 1 << iota
	writes
	commutes // with the other operand that does

	readsWrites = reads | writes
)

// info is what is known of an instruction.
type info struct {
	name     string // as in Intel's manuals
	roles    [4]role
	memory   uint8 // bit i: operand i may be memory
	pseudo   bool  // has no encoding: Allocate makes another one of it
	blend    bool  // the mask selects between two operands: the destination is not read
	usesMask bool  // the mask says what moves, and is 0 afterwards: gathers, scatters
	distinct bool  // all its vectors must differ: gathers
	forms    []form
}

// rows returns the rows by instruction.
var rows = sync.OnceValue(func() *[opCount]*row {
	t := new([opCount]*row)
	for _, family := range [...][]row{
		generalRows, maskRows, moveRows, floatRows, convertRows, integerRows, shuffleRows,
	} {
		for i := range family {
			t[family[i].op] = &family[i]
		}
	}
	t[LABEL] = &row{LABEL, "LABEL", "", "rel - PSEUDO"}
	return t
})

// infos are the rows that have been used, parsed.
var infos [opCount]atomic.Pointer[info]

// opCount is the number of instructions, LABEL among them.
const opCount = endShuffle

// info returns what is known of the instruction. An Op beyond the table has no forms.
func (op Op) info() *info {
	if op >= opCount {
		return &info{name: "UNKNOWN"}
	}
	t := infos[op].Load()
	if t == nil {
		parsed := rows()[op].parse()
		t = &parsed
		infos[op].Store(t)
	}
	return t
}

// String returns the name in Intel's manuals.
func (op Op) String() string { return op.info().name }

// role returns what the instruction does with operand i. What a mask leaves out of the
// destination is kept, so it is read then. A register that is written in part, by an
// instruction on bytes or words, counts as written.
func (in *Inst) role(i int) role {
	t := in.Op.info()
	r := t.roles[i]
	if i == 0 && in.Mask != NoReg && !in.Zero && r&writes != 0 && in.Args[0].Kind == Register &&
		in.Args[0].Reg.Class() == Vec && !t.blend {
		r |= reads
	}
	return r
}

// maskRole returns what the instruction does with its mask.
func (in *Inst) maskRole() role {
	if in.Op.info().usesMask {
		return readsWrites
	}
	return reads
}
