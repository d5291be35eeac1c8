package rt

import (
	"fmt"
	"math/bits"
	"runtime"
	"sync"
	"unsafe"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
)

// pool keeps memory for the next run. Fresh memory costs more than most kernels: the
// system zeroes every page at its first touch. Memory comes from Go's heap, so that a
// slice of it stays good for as long as somebody holds it. Contents are whatever was
// there before. From 2 MiB, memory that many runs will use asks for huge pages: reading
// them is up to a third faster, but their first touch was three times as slow here (the
// system compacts memory to make them), so results that may be used once do not.
type pool struct {
	mu    sync.Mutex
	free  map[int][][]byte // by class
	idle  int64            // bytes in free
	limit int64            // most idle bytes kept
	inUse int64
	peak  int64
}

const (
	alignment = 64
	keepIdle  = 1 << 30 // bytes that a pool holds at most when nothing runs
)

func newPool() *pool { return &pool{free: map[int][][]byte{}, limit: keepIdle} }

// class returns the size class of n bytes and its size: eight classes a power of two,
// so that at most an eighth is wasted.
func class(n int64) (int, int64) {
	n = max(n, alignment)
	shift := max(bits.Len64(uint64(n-1))-4, 6)
	units := (n + 1<<shift - 1) >> shift
	return shift<<5 | int(units), units << shift
}

// get returns a buffer of at least n bytes whose contents are undefined. lasting memory
// is on huge pages where it is fresh.
func (p *pool) get(n int64, lasting bool) []byte {
	c, size := class(n)
	p.mu.Lock()
	p.inUse += size
	p.peak = max(p.peak, p.inUse)
	if l := p.free[c]; len(l) > 0 {
		b := l[len(l)-1]
		p.free[c] = l[:len(l)-1]
		p.idle -= size
		p.mu.Unlock()
		return b
	}
	p.mu.Unlock()
	return fresh(size, lasting)
}

// fresh allocates size bytes at an aligned address.
func fresh(size int64, lasting bool) []byte {
	if lasting && size >= lower.HugePage {
		return lower.Lasting[byte](int(size))
	}
	raw := make([]byte, size+alignment)
	off := int64(-uintptr(unsafe.Pointer(unsafe.SliceData(raw))) & (alignment - 1))
	return raw[off : off+size : off+size]
}

// put takes a buffer that get returned back.
func (p *pool) put(b []byte) {
	c, size := class(int64(len(b)))
	p.mu.Lock()
	defer p.mu.Unlock()
	p.inUse -= size
	if p.idle+size > p.limit {
		return // the garbage collector takes it
	}
	p.free[c] = append(p.free[c], b)
	p.idle += size
}

// forget stops counting a buffer that its holder keeps.
func (p *pool) forget(b []byte) {
	_, size := class(int64(len(b)))
	p.mu.Lock()
	p.inUse -= size
	p.mu.Unlock()
}

// drop gives the idle memory to the garbage collector.
func (p *pool) drop() {
	p.mu.Lock()
	p.free, p.idle = map[int][][]byte{}, 0
	p.mu.Unlock()
}

// alloc returns a contiguous array whose contents are undefined. Its memory returns to
// the pool when the array is closed or no longer reachable, unless Keep was called.
func (p *pool) alloc(d ir.DType, extents []int64, lasting bool) (*lower.Array, error) {
	n, err := byteSize(d, extents)
	if err != nil {
		return nil, err
	}
	if n < smallest { // the garbage collector alone: bookkeeping would cost more than it saves
		return &lower.Array{DType: d, Buf: lower.NewHost(fresh(max(n, 8), false)[:n]), Strides: lower.Contiguous(extents), Extents: extents}, nil
	}
	b := p.get(n, lasting)
	h := lower.NewHost(b[:n])
	a := &lower.Array{DType: d, Buf: h, Strides: lower.Contiguous(extents), Extents: extents}
	guard := runtime.AddCleanup(h, p.put, b)
	h.Own(func() { guard.Stop(); p.put(b) }, func() { guard.Stop(); p.forget(b) })
	return a, nil
}

// smallest is where pooling starts to pay.
const smallest = 64 << 10

// byteSize returns the bytes of an array, or an error when they overflow.
func byteSize(d ir.DType, extents []int64) (int64, error) {
	dims := make([]ir.Dim, len(extents))
	for i, e := range extents {
		dims[i] = ir.N(e)
	}
	n, err := ir.Elements(dims)
	if err != nil {
		return 0, err
	}
	b, ok := ir.MulOK(n, int64(d.Size()))
	if !ok || b > 1<<46 {
		return 0, fmt.Errorf("rt: %s%v is more than can be addressed", d, extents)
	}
	return b, nil
}
