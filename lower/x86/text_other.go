//go:build !(linux && amd64)

package x86

import (
	"errors"
	"unsafe"
)

var errSystem = errors.New("x86: machine code is made on Linux on amd64 only")

func mapText([]byte) ([]byte, error) { return nil, errSystem }

func unmapText([]byte) error { return errSystem }

func enter(uintptr, unsafe.Pointer) { panic(errSystem) }
