package lowertest

import (
	"os"
	"syscall"
)

// edged returns memory that nothing can be read or written before, or behind, without the
// process being stopped by the system; and what gives it back.
func edged(size int, behind bool) (mem []byte, free func(), err error) {
	page := os.Getpagesize()
	inner := max(size+page-1, page) / page * page
	all, err := syscall.Mmap(-1, 0, inner+2*page, syscall.PROT_NONE, syscall.MAP_PRIVATE|syscall.MAP_ANON)
	if err != nil {
		return nil, nil, err
	}
	free = func() { _ = syscall.Munmap(all) }
	mem = all[page : page+inner]
	if err := syscall.Mprotect(mem, syscall.PROT_READ|syscall.PROT_WRITE); err != nil {
		free()
		return nil, nil, err
	}
	if behind {
		return mem[inner-size:], free, nil
	}
	return mem[:size:size], free, nil
}
