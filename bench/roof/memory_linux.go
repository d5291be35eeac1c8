package roof

import (
	"bytes"
	"fmt"
	"os"
	"syscall"
)

// allocate maps anonymous memory and asks for huge pages, without which
// address translation costs a tenth to a quarter of the read bandwidth.
func allocate(size int) (raw []byte, huge bool, err error) {
	raw, err = syscall.Mmap(-1, 0, size, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_PRIVATE|syscall.MAP_ANON)
	if err != nil {
		return nil, false, fmt.Errorf("roof: map %d bytes: %w", size, err)
	}
	// Where transparent huge pages are switched off, madvise succeeds as well.
	mode, _ := os.ReadFile("/sys/kernel/mm/transparent_hugepage/enabled")
	return raw, advise(raw) && !bytes.Contains(mode, []byte("[never]")), nil
}

// advise asks for huge pages and returns whether that is known here.
func advise(raw []byte) bool { return syscall.Madvise(raw, syscall.MADV_HUGEPAGE) == nil }

func release(raw []byte) error { return syscall.Munmap(raw) }
