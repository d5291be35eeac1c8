//go:build unix

package sharded

import (
	"fmt"
	"syscall"
)

// mapMemory returns n bytes of zeros from the system.
func mapMemory(n int64) ([]byte, error) {
	b, err := syscall.Mmap(-1, 0, int(n), syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		return nil, fmt.Errorf("sharded: no memory for %d bytes: %w", n, err)
	}
	return b, nil
}

// unmapMemory gives memory of mapMemory back.
func unmapMemory(b []byte) {
	if err := syscall.Munmap(b); err != nil {
		panic("sharded: " + err.Error()) // not memory of mapMemory
	}
}
