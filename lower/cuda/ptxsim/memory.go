// Package ptxsim runs PTX text on the processor, to test code for NVIDIA's devices where
// there is none. It is strict where devices are lax or only their assemblers notice:
// operands must have the types of their instruction, memory is checked to the byte and
// starts as garbage, threads run in shuffled orders, accesses of shared memory that race
// and barriers that not all threads reach are errors.
//
// It takes what the emitter of package ptx writes and what tests of it need; anything
// else is an error when a module is loaded.
package ptxsim

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
)

// Device is a simulated device. It is safe for many goroutines.
type Device struct {
	mu     sync.Mutex
	limit  int64
	used   int64
	next   uint64
	seed   atomic.Uint64
	allocs atomic.Pointer[[]*allocation] // sorted by address, replaced as a whole
}

// allocation is memory. Words are read and written as a whole where they are volatile.
type allocation struct {
	base  uint64
	size  int64
	words []uint64
}

// NewDevice returns a device with so many bytes of memory.
func NewDevice(bytes int64) *Device {
	d := &Device{limit: bytes, next: 0x7f00_0000_0000}
	d.allocs.Store(&[]*allocation{})
	return d
}

// The ways in which calls fail.
var (
	ErrMemory  = errors.New("ptxsim: out of memory")
	ErrPointer = errors.New("ptxsim: no such memory")
	ErrAddress = errors.New("ptxsim: illegal address") // of a thread
)

// poison fills memory that nobody has written.
const poison = 0xfff5_a5a5_fff5_a5a5

// gap is memory between allocations that nobody has.
const gap = 4096

// Alloc returns the address of new memory. Addresses are never used again.
func (d *Device) Alloc(bytes int64) (uint64, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if bytes <= 0 || bytes > d.limit-d.used {
		return 0, fmt.Errorf("%w: %d bytes wanted, %d of %d in use", ErrMemory, bytes, d.used, d.limit)
	}
	a := &allocation{base: d.next, size: bytes, words: make([]uint64, (bytes+7)/8)}
	for i := range a.words {
		a.words[i] = poison
	}
	d.next += uint64(bytes+gap+gap-1) / gap * gap
	d.used += bytes
	d.allocs.Store(new(append(slices.Clone(*d.allocs.Load()), a)))
	return a.base, nil
}

// Free gives memory back.
func (d *Device) Free(p uint64) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	all := slices.Clone(*d.allocs.Load())
	i := slices.IndexFunc(all, func(a *allocation) bool { return a.base == p })
	if i < 0 {
		return fmt.Errorf("%w to free at %#x", ErrPointer, p)
	}
	d.used -= all[i].size
	all = slices.Delete(all, i, i+1)
	d.allocs.Store(&all)
	return nil
}

// Live returns how many allocations there are, and their bytes.
func (d *Device) Live() (n int, bytes int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(*d.allocs.Load()), d.used
}

// find returns the allocation that has n bytes at p, nil when none has.
func (d *Device) find(p uint64, n int64) *allocation {
	all := *d.allocs.Load()
	i, found := slices.BinarySearchFunc(all, p, func(a *allocation, p uint64) int {
		switch {
		case a.base < p:
			return -1
		case a.base > p:
			return 1
		}
		return 0
	})
	if !found {
		i--
	}
	if i < 0 || !all[i].has(p, n) {
		return nil
	}
	return all[i]
}

func (a *allocation) has(p uint64, n int64) bool {
	return p >= a.base && n <= a.size && p-a.base <= uint64(a.size-n)
}

// Write copies bytes to the device. Words are written as a whole: threads may look at them.
func (d *Device) Write(p uint64, from []byte) error {
	if len(from) == 0 {
		return nil
	}
	a := d.find(p, int64(len(from)))
	if a == nil {
		return fmt.Errorf("%w to write %d bytes at %#x", ErrPointer, len(from), p)
	}
	at := p - a.base
	for len(from) > 0 {
		if at%8 == 0 && len(from) >= 8 {
			atomic.StoreUint64(&a.words[at/8], binary.LittleEndian.Uint64(from))
			at, from = at+8, from[8:]
			continue
		}
		a.put(at, 1, uint64(from[0]))
		at, from = at+1, from[1:]
	}
	return nil
}

// Read copies bytes from the device.
func (d *Device) Read(to []byte, p uint64) error {
	if len(to) == 0 {
		return nil
	}
	a := d.find(p, int64(len(to)))
	if a == nil {
		return fmt.Errorf("%w to read %d bytes at %#x", ErrPointer, len(to), p)
	}
	at := p - a.base
	for len(to) > 0 {
		if at%8 == 0 && len(to) >= 8 {
			binary.LittleEndian.PutUint64(to, atomic.LoadUint64(&a.words[at/8]))
			at, to = at+8, to[8:]
			continue
		}
		to[0] = uint8(a.get(at, 1))
		at, to = at+1, to[1:]
	}
	return nil
}

// get and put move 1, 2, 4 or 8 bytes, aligned, inside an allocation.
func (a *allocation) get(at uint64, size int) uint64 { return getWord(a.words, at, size) }

func (a *allocation) put(at uint64, size int, v uint64) { putWord(a.words, at, size, v) }

func getWord(words []uint64, at uint64, size int) uint64 {
	w := words[at/8]
	if size == 8 {
		return w
	}
	return w >> (at % 8 * 8) & (1<<(8*size) - 1)
}

func putWord(words []uint64, at uint64, size int, v uint64) {
	if size == 8 {
		words[at/8] = v
		return
	}
	shift := at % 8 * 8
	mask := uint64(1)<<(8*size) - 1
	words[at/8] = words[at/8]&^(mask<<shift) | v&mask<<shift
}
