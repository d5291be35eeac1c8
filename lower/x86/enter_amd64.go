//go:build linux

package x86

import "unsafe"

// enter calls machine code with the address of a frame in RDI. A frame is a pointer and
// no number, for the stack that it may be on moves when the call makes it grow.
//
//go:noescape
func enter(code uintptr, frame unsafe.Pointer)
