//go:build linux

package lowertest

import (
	"runtime/debug"
	"testing"
	"unsafe"
)

// TestEdged holds that memory beyond an edge cannot be touched.
func TestEdged(t *testing.T) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	for _, behind := range []bool{false, true} {
		for _, size := range []int{1, 8, 4096, 5000} {
			mem, free, err := edged(size, behind)
			if err != nil {
				t.Fatal(err)
			}
			mem[0], mem[size-1] = 1, 1
			at := -1
			if behind {
				at = size
			}
			if !faults(unsafe.Add(unsafe.Pointer(&mem[0]), at)) {
				t.Errorf("%d bytes: byte %d can be read", size, at)
			}
			free()
		}
	}
}

func faults(p unsafe.Pointer) (faulted bool) {
	defer func() { faulted = recover() != nil }()
	sink = *(*byte)(p)
	return false
}

var sink byte
