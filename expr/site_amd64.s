#include "textflag.h"

// func returns() (callee, caller uintptr)
//
// Every function that calls another keeps its caller's frame pointer and, above it, its
// return address where its own frame pointer points.
TEXT ·returns(SB), NOSPLIT|NOFRAME, $0-16
	MOVQ 8(BP), AX
	MOVQ AX, callee+0(FP)
	MOVQ (BP), CX
	MOVQ 8(CX), AX
	MOVQ AX, caller+8(FP)
	RET
