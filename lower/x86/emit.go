// Package x86 makes machine code of loops, at run time and in memory: AVX2 or AVX-512,
// as the processor has. Its results are those of the evaluator, to the bit.
package x86

import (
	"github.com/numen-go/numen/lower/loop"
	"github.com/numen-go/numen/lower/x86/asm"
)

// Frame is the register that holds the address of the frame (package loop: File). RSP and
// RBP belong to Go. RAX, RCX and RDX are scratch of single statements; R10 and R11, and
// the last two vector and mask registers of a level, are the allocator's; the others are
// allocated, strip by strip. Between statements everything is in the frame, so that code
// can leave there and go on later.
const Frame = asm.RDI

// emitter writes the machine code of one loop.
type emitter struct {
	level asm.Level
	loop  *loop.Loop
	class loop.Class
	file  loop.File
	pool  *asm.Pool
	label int          // counter
	b     *asm.Builder // the block at hand: physical registers only
}

// word returns word n of the frame as an operand.
func word(n int) asm.Arg { return asm.M(Frame, int32(8*n)) }
