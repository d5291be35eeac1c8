//go:build unix

package npy

import (
	"fmt"
	"math"
	"os"
	"syscall"

	np "github.com/numen-go/numen/expr"
)

// Map returns the array in a .npy file without reading it: the system brings pages in
// as they are used. The mapping ends when the array is closed or no longer reachable.
// The file must not be cut short while it is mapped: the system stops a program that
// reads a page which is gone. Big-endian and misaligned data cannot be mapped and are
// errors: use Load. Where the system has no memory mapping, Map is Load.
func Map(path string) (np.Array, error) {
	a, err := mapFile(path)
	if err != nil {
		return failed("npy.Map", path, err)
	}
	return a, nil
}

func mapFile(path string) (np.Array, error) {
	f, err := os.Open(path)
	if err != nil {
		return np.Array{}, err
	}
	defer f.Close()
	h, err := readHeader(f)
	if err != nil {
		return np.Array{}, err
	}
	info, err := f.Stat()
	if err != nil {
		return np.Array{}, err
	}
	switch {
	case info.Size()-h.offset < h.bytes:
		return np.Array{}, h.truncated(info.Size() - h.offset)
	case h.swap:
		return np.Array{}, fmt.Errorf("big-endian data cannot be mapped: use Load")
	case h.offset%int64(h.dtype.Size()) != 0:
		return np.Array{}, fmt.Errorf("data at byte %d is not aligned for %s: use Load", h.offset, h.dtype)
	case h.bytes == 0:
		return h.array(nil, nil)
	case h.offset+h.bytes > math.MaxInt:
		return np.Array{}, fmt.Errorf("%d bytes cannot be mapped on this platform", h.bytes)
	}
	pages, err := syscall.Mmap(int(f.Fd()), 0, int(h.offset+h.bytes), syscall.PROT_READ, syscall.MAP_PRIVATE)
	if err != nil {
		return np.Array{}, fmt.Errorf("mapping: %w", err)
	}
	return h.array(pages[h.offset:], func() { _ = syscall.Munmap(pages) })
}
