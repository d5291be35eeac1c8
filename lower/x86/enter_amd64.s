//go:build linux

#include "textflag.h"
#include "funcdata.h"

// func enter(code uintptr, frame unsafe.Pointer)
//
// The frame is a real one, so that the assembler checks the stack, which code may use a
// little of, and saves BP. The wrapper around restores what Go's ABI wants.
TEXT ·enter(SB), 0, $64-16
	NO_LOCAL_POINTERS
	MOVQ code+0(FP), AX
	MOVQ frame+8(FP), DI
	CALL AX
	VZEROUPPER
	RET
