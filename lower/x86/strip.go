package x86

import (
	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower/x86/asm"
)

// strip writes the machine code of one strip: 16 positions at a time, or as many as a
// vector holds, over virtual registers, which are allocated when it is complete. A vector
// is of as many positions for all dtypes of a strip: 8- and 16-bit integers live in
// 32-bit elements, extended as their dtype says; a bool is a mask register with AVX-512,
// and with AVX2 a vector of all ones or zeros in elements of s.maskBytes().
type strip struct {
	*emitter
	b     *asm.Builder
	lanes int // positions of a vector: its widest element decides

	literals    map[asm.Reg]uint64     // the bits of literals that are in registers
	opposites   map[asm.Arg]operand    // what registers that hold opposites are the opposites of
	comparisons map[asm.Reg]comparison // how masks were made
	indices     map[asm.Reg]index      // what lookups need of integers
}

// operand is a vector, or a literal that is spread from memory.
type operand struct {
	d   ir.DType
	arg asm.Arg // Register, or Memory in the constant pool
}

// lane returns the bytes that an element takes in a register.
func lane(d ir.DType) int { return max(d.Size(), 4) }

// width returns the width of a vector of d's.
func (s *strip) width(d ir.DType) asm.Width { return asm.Width(8 * lane(d) * s.lanes) }

// maskBytes returns the bytes of an element of a bool (AVX2).
func (s *strip) maskBytes() int { return 32 / s.lanes }
