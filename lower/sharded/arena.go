package sharded

import "sync"

// arena is memory for chunks that is given back to the system at once: a bound on what a
// run holds is then one on what the process does. What is freed waits for the next chunk
// of its size while there is room.
type arena struct {
	mu   sync.Mutex
	idle map[int64][][]byte
	kept int64 // bytes that are idle
	most int64 // of them
}

// smallest is the number of bytes from which memory is mapped. Less is the garbage
// collector's.
const smallest = 256 << 10

// unit is what mapped memory is a multiple of, so that sizes meet again.
const unit = 64 << 10

func newArena() *arena { return &arena{idle: map[int64][][]byte{}, most: 64 << 20} }

// get returns memory of n bytes, whose contents mean nothing. It is aligned to 64 bytes
// where it is large.
func (a *arena) get(n int64) ([]byte, error) {
	if n < smallest {
		return make([]byte, n, max(n, 1)), nil
	}
	size := (n + unit - 1) / unit * unit
	a.mu.Lock()
	if l := a.idle[size]; len(l) > 0 {
		b := l[len(l)-1]
		a.idle[size] = l[:len(l)-1]
		a.kept -= size
		a.mu.Unlock()
		return b[:n], nil
	}
	a.mu.Unlock()
	b, err := mapMemory(size)
	if err != nil {
		return nil, err
	}
	return b[:n], nil
}

// put gives memory of get back.
func (a *arena) put(b []byte) {
	size := int64(cap(b))
	if size < smallest {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.idle[size] = append(a.idle[size], b[:size])
	for a.kept += size; a.kept > a.most; {
		a.trim()
	}
}

// trim gives one block of the largest idle size back to the system.
func (a *arena) trim() {
	most := int64(0)
	for size, l := range a.idle {
		if len(l) > 0 {
			most = max(most, size)
		}
	}
	l := a.idle[most]
	unmapMemory(l[len(l)-1])
	a.idle[most] = l[:len(l)-1]
	a.kept -= most
}

// bound sets how many bytes may be idle, and gives back what is more.
func (a *arena) bound(most int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.most = most
	for a.kept > a.most {
		a.trim()
	}
}
