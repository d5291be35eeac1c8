//go:build linux && amd64

package x86

import (
	"fmt"
	"syscall"
)

// mapText copies code into a mapping that is writable first and executable then, never
// both.
func mapText(code []byte) ([]byte, error) {
	mem, err := syscall.Mmap(-1, 0, len(code), syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_PRIVATE|syscall.MAP_ANON)
	if err != nil {
		return nil, fmt.Errorf("x86: memory for code: %w", err)
	}
	copy(mem, code)
	if err := syscall.Mprotect(mem, syscall.PROT_READ|syscall.PROT_EXEC); err != nil {
		unmapText(mem)
		return nil, fmt.Errorf("x86: the system allows no new executable memory: %w", err)
	}
	return mem, nil
}

func unmapText(mem []byte) error { return syscall.Munmap(mem) }
