package sharded

import (
	"math"
	"sync"

	"github.com/numen-go/numen/lower"
)

// arena is memory for chunks that the garbage collector does not know: a bound on what a
// run holds is then one on what the process does. What is freed waits for the next chunk
// of its size, whose pages need not be made again, until others need the room.
type arena struct {
	mu   sync.Mutex
	idle map[int64][][]byte
	kept int64 // bytes that are idle
	held int64 // bytes that are idle or in use
	most int64 // of them, as long as some are idle
}

// smallest is the number of bytes from which memory is mapped. Less is the garbage
// collector's.
const smallest = 256 << 10

// unit is what mapped memory is a multiple of, so that sizes meet again.
const unit = 64 << 10

func newArena() *arena { return &arena{idle: map[int64][][]byte{}, most: math.MaxInt64} }

// idleMost is how many bytes are idle at most.
const idleMost = 256 << 20

// counted is the number of bytes from which memory counts as held: of less, chunks are not
// what fills a bound.
const counted = 4 << 10

// get returns memory of n bytes, whose contents mean nothing. It is aligned to 64 bytes
// where it is large.
func (a *arena) get(n int64) ([]byte, error) {
	if n < smallest {
		if n >= counted {
			a.mu.Lock()
			a.held += n
			a.trim()
			a.mu.Unlock()
		}
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
	a.held += size
	a.trim()
	a.mu.Unlock()
	b, err := mapMemory(size)
	if err != nil {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.held -= size
		return nil, err
	}
	if size >= lower.HugePage {
		lower.AdviseHuge(b)
	}
	return b[:n], nil
}

// put gives memory of get back.
func (a *arena) put(b []byte) {
	size := int64(cap(b))
	if size < counted {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if size < smallest {
		a.held -= size
		return
	}
	a.idle[size] = append(a.idle[size], b[:size])
	a.kept += size
	a.trim()
}

// trim gives idle blocks back to the system, large ones first, while more is idle or held
// than may be.
func (a *arena) trim() {
	for a.kept > 0 && (a.kept > idleMost || a.held > a.most) {
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
		a.held -= most
	}
}

// bound sets how many bytes may be held while some of them are idle.
func (a *arena) bound(most int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.most = most
	a.trim()
}
