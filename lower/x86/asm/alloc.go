package asm

import (
	"fmt"
	"math/bits"
	"sync"
)

// Stats says how an allocation went.
type Stats struct {
	Registers [classes]int // different registers in use, by class
	Spills    int          // stores to spill slots
	Reloads   int          // loads from spill slots, and of literals once more
	Folded    int          // operands read from a spill slot, or as a literal, where they are used
	Overhead  float32      // stores and loads for each other instruction, as often as they run by estimate
	Moves     int          // moves for products with a sum, all of whose operands are needed later
}

// Allocate replaces the virtual registers of the code of a strip or a tile by physical
// ones: a linear scan that splits. A value is in one register from where it is defined
// until there are too few; then the one whose next use is farthest goes to memory, weighed
// by what that costs in the loops around. From then on memory has the value: it is stored
// after each definition, before and after that place alike, and every use takes it from
// there or loads it again. So no state has to be brought in agreement where ways through
// the code join. In a region that a jump goes around a value is put aside instead, and
// back at its end, so that the way around has nothing to do. What nobody reads is left
// out. The instructions given stay as they are; what they become is appended to to.
//
// Memory is the spill slots from base+disp on: 64 bytes for a vector (32 with AVX2), 8 for
// the others. It returns how many bytes it takes of them. What is loaded by a plain
// move or broadcast from the constant pool needs no slot, for it can be read there again.
//
// The contract of the code: physical registers that occur in it are left to it altogether;
// RAX, RCX, RDX, RSP, RBP and RDI are never given away. A label is jumped to from this
// code only, and control comes in at the top. A value that is first written inside a loop
// is not kept from one turn to the next, unless the first instruction there that names it
// reads it, or one after the loop does. The flags are not changed.
func Allocate(to, insts []Inst, level Level, base Reg, disp int32) (out []Inst, spill int32, stats Stats, err error) {
	a := allocators.Get().(*allocator)
	defer allocators.Put(a)
	defer func() { a.in = nil }()
	a.in, a.level, a.base, a.disp = insts, level, base, disp
	a.bringIn()
	a.analyse()
	if err := a.scan(); err != nil {
		return nil, 0, Stats{}, err
	}
	out, err = a.write(to)
	return out, a.spillBytes(), a.stats, err
}

// allocator is the state of one allocation. Instruction i reads at position 2i and writes
// at position 2i+1.
type allocator struct {
	in    []Inst
	level Level
	base  Reg
	disp  int32
	stats Stats

	// Of the regions out of line.
	inlines []inlined
	layout  []int32 // places of the instructions as they were given in in; empty: they are in order
	moved   []Inst
	taken   []bool // instructions of regions out of line

	// Of the analysis.
	ids      []int32 // number of a value by its register, 1 more
	values   []value
	occs     []occ
	first    []int32 // of instruction i: occs[first[i]:first[i+1]]
	labels   []target
	jumps    []target
	loops    []loop
	regions  []region
	weights  []float32 // how often an instruction runs, by estimate
	allowed  [classes]uint32
	starts   []extent // values whose registers are taken at a loop's label, before they occur
	ends     []extent // values whose registers are free after a loop only
	literals []int32  // values that are literals
	pressure []int16  // values that live at a position

	// Of the scan.
	free     [classes]uint32
	used     [classes]uint32
	holder   [K0 + 8]int32 // value in a physical register
	fold     []bool        // an operand of an instruction is memory now
	swap     []bool        // the two sources of an instruction change places
	dead     []bool        // instructions to leave out
	before   []int32       // chain of reloads before an instruction, 1 more
	reloads  []reload
	saveAt   []int32  // chain of stores before the reloads before an instruction, 1 more
	around   []loop   // loops around the instruction at hand
	inside   []region // and regions
	asides   []aside
	vecSlots []int32 // where the last value of a slot ends
	gprSlots []int32
}

var allocators = sync.Pool{New: func() any { return new(allocator) }}

// value is a virtual register.
type value struct {
	class      Class
	low        bool    // is named by an instruction that has no EVEX form
	readFirst  bool    // the first instruction that names it reads it
	stored     bool    // has a slot, and each definition is stored there
	literal    bool    // memory is an operand in the constant pool: that of instruction def
	again      bool    // instruction def can be repeated in place of a reload
	homeless   bool    // never in the register of its definition: see demote
	reads      int32   // instructions that read it
	width      Width   // of vectors: the widest instruction that names it
	head, tail int32   // chain of occurrences
	start, end int32   // positions where it lives
	def        int32   // the only instruction that defines it, -1: several
	writes     uint8   // 0, 1, or 2: more
	defs       float32 // see storeCost; 0: not known yet
	slot       int32
	at         Reg   // where it is now; NoReg: in memory, or nowhere
	since      int32 // position from which it is there
	primary    bool  // it is there since its start
	lastRead   int32 // instruction that last read it from there
	aside      int32 // 1 more than its number in asides
	next       int32 // next occurrence, -1: none
	named      int32 // the last instruction that names it
	written    int32 // the last instruction that writes it
	times      uint8 // that instruction named reads it
}

// occ is an occurrence of a value in an instruction.
type occ struct {
	value int32
	pos   int32
	next  int32 // of the same value, -1: none
	part  uint8
	save  bool // what is written is stored, for the value is put aside
	reg   Reg  // what it becomes; NoReg: memory
}

// The parts of an instruction that can be a register: its operands, the bases of those in
// memory too, their indices, and the mask.
const (
	partIndex = 4
	partMask  = 8
)

// target is a place that is jumped to, or a jump to it.
type target struct {
	number int64
	at     int32 // instruction; -1: in other code
	from   int32 // the first jump to it, -1: none
	last   int32 // and the last
}

// loop is the instructions from a label to the last jump back to it.
type loop struct{ from, to int32 }

// extent is a value that a loop needs longer than its occurrences say.
type extent struct{ at, value int32 }

// reload is a load, or a store, before an instruction.
type reload struct {
	value, next int32
	reg         Reg
}

// slotBytes returns the size of a vector's slot.
func (a *allocator) slotBytes() int32 {
	if a.level == AVX2 {
		return 32
	}
	return 64
}

// spillBytes returns the size of the spill area.
func (a *allocator) spillBytes() int32 {
	return int32(len(a.vecSlots))*a.slotBytes() + int32(len(a.gprSlots))*8
}

// slotOf returns a value's slot.
func (a *allocator) slotOf(v *value) Arg {
	if v.class == Vec {
		return M(a.base, a.disp+v.slot*a.slotBytes())
	}
	return M(a.base, a.disp+int32(len(a.vecSlots))*a.slotBytes()+v.slot*8)
}

// classBase is the register that bit 0 stands for in a set of registers of a class.
var classBase = [classes]Reg{GPR: NoReg, Vec: V0, Mask: K0}

// pick returns the register of a set that suits v best: a 512-bit vector takes a high one,
// for it is of EVEX form anyway, and the others are shorter in a low one.
func (v *value) pick(set uint32) Reg {
	if v.class == Vec && v.width == W512 && set>>16 != 0 {
		set &= 0xffff << 16
	}
	return classBase[v.class] + Reg(bits.TrailingZeros32(set))
}

// errorf returns an error about an instruction.
func (a *allocator) errorf(i int32, format string, args ...any) error {
	return fmt.Errorf("asm: allocating instruction %d: %s", i, fmt.Sprintf(format, args...))
}

// grow returns a slice of n zero elements that reuses s.
func grow[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	s = s[:n]
	clear(s)
	return s
}
