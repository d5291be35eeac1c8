package lower

import (
	"fmt"
	"unsafe"

	"github.com/numen-go/numen/ir"
)

// Host is a buffer in the process's memory, aligned to 64 bytes.
type Host struct {
	data []byte
	free func() // gives the memory back; nil: the garbage collector does
}

// NewHost wraps memory that the caller keeps valid until free is called. The start of
// data must be aligned for the dtypes that it will hold.
func NewHost(data []byte, free func()) *Host { return &Host{data, free} }

// Size returns the bytes.
func (h *Host) Size() int64 { return int64(len(h.data)) }

// Bytes returns the memory.
func (h *Host) Bytes() []byte { return h.data }

// Close gives the memory back; using it afterwards is a fault of the caller.
func (h *Host) Close() error {
	if h.free != nil {
		h.free()
	}
	h.data, h.free = nil, nil
	return nil
}

// Slice returns the buffer as elements of T, whose size divides the buffer's.
func Slice[T any](h *Host) []T {
	var z T
	n := len(h.data) / int(unsafe.Sizeof(z))
	if n == 0 {
		return nil
	}
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(h.data))), n)
}

// HostOf wraps a slice's memory without copying.
func HostOf[T any](s []T) *Host {
	if len(s) == 0 {
		return &Host{}
	}
	return &Host{data: unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(s))), len(s)*int(unsafe.Sizeof(s[0])))}
}

// Contiguous returns row-major strides of the extents.
func Contiguous(extents []int64) []int64 {
	st := make([]int64, len(extents))
	n := int64(1)
	for i := len(extents) - 1; i >= 0; i-- {
		st[i] = n
		n *= max(extents[i], 1)
	}
	return st
}

// Check reports an Array whose elements would lie outside its host buffer. Targets call
// it before they touch memory: native code trusts its bounds.
func (a *Array) Check() error {
	h, ok := a.Buf.(*Host)
	if !ok {
		return fmt.Errorf("lower: %T is not host memory", a.Buf)
	}
	if len(a.Strides) != len(a.Extents) {
		return fmt.Errorf("lower: %d strides for %d axes", len(a.Strides), len(a.Extents))
	}
	lo, hi := a.Offset, a.Offset
	for i, e := range a.Extents {
		if e < 0 {
			return fmt.Errorf("lower: extent %d", e)
		}
		if e == 0 {
			return nil
		}
		span, ok := ir.MulOK(e-1, a.Strides[i])
		if !ok {
			return fmt.Errorf("lower: axis %d spans too much", i)
		}
		if span < 0 {
			lo += span
		} else {
			hi += span
		}
		if lo > a.Offset || hi < a.Offset {
			return fmt.Errorf("lower: axis %d spans too much", i)
		}
	}
	size := int64(a.DType.Size())
	if lo < 0 || hi >= h.Size()/size {
		return fmt.Errorf("lower: elements %d to %d of a buffer of %d", lo, hi, h.Size()/size)
	}
	return nil
}
