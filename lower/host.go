package lower

import (
	"fmt"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/numen-go/numen/ir"
)

// Host is a buffer in the process's memory, aligned to 64 bytes where the runtime made
// it. Its memory belongs to the garbage collector or to a pool.
type Host struct {
	mu    sync.Mutex
	data  []byte
	free  func() // returns the memory to its pool
	leave func() // takes the memory from its pool for good
}

// NewHost wraps memory that the garbage collector frees. The start of data must be
// aligned for the dtypes that it will hold.
func NewHost(data []byte) *Host { return &Host{data: data} }

// Own sets what Close and Keep do with pooled memory. It is called once, before the
// buffer is shared.
func (h *Host) Own(free, leave func()) { h.free, h.leave = free, leave }

// Size returns the bytes.
func (h *Host) Size() int64 { return int64(len(h.data)) }

// Bytes returns the memory.
func (h *Host) Bytes() []byte { return h.data }

// Keep makes the memory safe to hand out as a slice: it is never recycled, and lives as
// long as somebody refers to it.
func (h *Host) Keep() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.leave != nil {
		h.leave()
	}
	h.free, h.leave = nil, nil
}

// Close gives the memory back; using it afterwards is a fault of the caller.
func (h *Host) Close() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.free != nil {
		h.free()
	}
	h.data, h.free, h.leave = nil, nil, nil
	closings.Add(1)
	return nil
}

var closings atomic.Uint64

// Closings returns how many buffers were ever closed. While it stays the same, memory that
// was there is there still.
func Closings() uint64 { return closings.Load() }

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

// Contiguous returns row-major strides of the extents. Those of an empty array are 0 from
// where on they would not fit: nothing is ever reached by them.
func Contiguous(extents []int64) []int64 {
	st := make([]int64, len(extents))
	n, ok := int64(1), true
	for i := len(extents) - 1; i >= 0; i-- {
		st[i] = n
		if n, ok = ir.MulOK(n, max(extents[i], 1)); !ok {
			n = 0
		}
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
	start, err := a.first()
	if err != nil {
		return err
	}
	lo, hi := start, start
	for i, e := range a.Extents {
		if a.Part != nil {
			e = a.Part.Hi[i] - a.Part.Lo[i]
		}
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
		if lo > start || hi < start {
			return fmt.Errorf("lower: axis %d spans too much", i)
		}
	}
	size := int64(a.DType.Size())
	if lo < 0 || hi >= h.Size()/size {
		return fmt.Errorf("lower: elements %d to %d of a buffer of %d", lo, hi, h.Size()/size)
	}
	return nil
}

// first returns where the first element is that there is memory for, and checks the part.
func (a *Array) first() (int64, error) {
	if a.Part == nil {
		return a.Offset, nil
	}
	if len(a.Part.Lo) != len(a.Extents) || len(a.Part.Hi) != len(a.Extents) {
		return 0, fmt.Errorf("lower: a part of %d axes of %d", len(a.Part.Lo), len(a.Extents))
	}
	at := a.Offset
	for i, lo := range a.Part.Lo {
		if hi := a.Part.Hi[i]; lo < 0 || hi < lo || hi > a.Extents[i] {
			return 0, fmt.Errorf("lower: a part from %d to %d of extent %d", lo, hi, a.Extents[i])
		}
		n, ok := ir.MulOK(lo, a.Strides[i])
		if sum := at + n; ok && (n < 0) == (sum < at) || n == 0 {
			at = sum
			continue
		}
		return 0, fmt.Errorf("lower: axis %d spans too much", i)
	}
	return at, nil
}
