package cuda

import (
	"fmt"
	"math/bits"
	"runtime"
	"sync"
)

// pool keeps memory of the device that was given back, by size: powers of two from 256 on
// and three quarters of them.
type pool struct {
	device device
	calls  *attendant
	mu     sync.Mutex
	free   map[int64][]uint64
	live   int // blocks that somebody has
}

// room returns the size of the block that holds so many bytes.
func room(bytes int64) int64 {
	n := int64(256)
	if bytes > n {
		n = 1 << bits.Len64(uint64(bytes-1))
	}
	if q := n / 4 * 3; q >= bytes && n > 256 {
		return q
	}
	return n
}

// get returns memory, which nobody has cleared.
func (p *pool) get(bytes int64) (uint64, error) {
	if err := p.calls.clear(); err != nil {
		return 0, err
	}
	size := room(bytes)
	p.mu.Lock()
	if list := p.free[size]; len(list) > 0 {
		p.free[size] = list[:len(list)-1]
		p.live++
		p.mu.Unlock()
		return list[len(list)-1], nil
	}
	p.mu.Unlock()
	at, err := p.device.Alloc(size)
	if err != nil { // what is kept may be in the way
		if failed := p.flush(); failed != nil {
			err = fmt.Errorf("%w; giving back what is kept: %w", err, failed)
		} else {
			at, err = p.device.Alloc(size)
		}
	}
	if err != nil {
		return 0, fmt.Errorf("cuda: memory of %d bytes: %w", size, err)
	}
	p.mu.Lock()
	p.live++
	p.mu.Unlock()
	return at, nil
}

// put gives memory back that get returned for so many bytes.
func (p *pool) put(at uint64, bytes int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.free == nil {
		p.free = map[int64][]uint64{}
	}
	size := room(bytes)
	p.free[size] = append(p.free[size], at)
	p.live--
}

// flush gives what is kept to the device.
func (p *pool) flush() error {
	p.mu.Lock()
	free := p.free
	p.free = nil
	p.mu.Unlock()
	var first error
	for _, list := range free {
		for _, at := range list {
			if err := p.device.Free(at); err != nil && first == nil {
				first = err
			}
		}
	}
	return first
}

// buffer is an array's memory on the device.
type buffer struct {
	t       *target
	p       uint64
	size    int64
	once    *sync.Once
	cleanup runtime.Cleanup
}

func (t *target) newBuffer(bytes int64) (*buffer, error) {
	p, err := t.pool.get(bytes)
	if err != nil {
		return nil, err
	}
	b := &buffer{t: t, p: p, size: bytes, once: new(sync.Once)}
	b.cleanup = runtime.AddCleanup(b, func(once *sync.Once) {
		once.Do(func() { t.pool.put(p, bytes) })
	}, b.once)
	return b, nil
}

// Size returns the bytes.
func (b *buffer) Size() int64 { return b.size }

// Close gives the memory back.
func (b *buffer) Close() error {
	b.cleanup.Stop()
	b.once.Do(func() { b.t.pool.put(b.p, b.size) })
	return nil
}
