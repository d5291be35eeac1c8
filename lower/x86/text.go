package x86

import (
	"runtime"
	"sync"
	"sync/atomic"
	"unsafe"
)

// text is machine code in memory, executable and never written again.
type text struct {
	addr    uintptr
	mapping *mapping
	cleanup runtime.Cleanup
}

// mapping is what a text gives back, once: by close, or when nobody refers to the text.
type mapping struct {
	mem  []byte
	once sync.Once
	err  error
}

// live counts the mappings that are in use, made all that there ever were.
var live, made atomic.Int64

// Mappings returns how many pieces of machine code are in memory, and how many were ever
// made: a run of code that is there makes none.
func Mappings() (inUse, ever int64) { return live.Load(), made.Load() }

// load puts code into memory of its own.
func load(code []byte) (*text, error) {
	mem, err := mapText(code)
	if err != nil {
		return nil, err
	}
	live.Add(1)
	made.Add(1)
	t := &text{addr: uintptr(unsafe.Pointer(unsafe.SliceData(mem))), mapping: &mapping{mem: mem}}
	t.cleanup = runtime.AddCleanup(t, (*mapping).release, t.mapping)
	return t, nil
}

// release unmaps the code.
func (m *mapping) release() {
	m.once.Do(func() {
		m.err = unmapText(m.mem)
		m.mem = nil
		live.Add(-1)
	})
}

// close frees the code, which must not be running. Closing twice is harmless.
func (t *text) close() error {
	t.cleanup.Stop()
	t.mapping.release()
	return t.mapping.err
}

// run enters the code at an address in it, with a frame. The code is a leaf: it calls
// nothing, keeps RSP and RBP, and returns.
func (t *text) run(at uintptr, frame unsafe.Pointer) {
	enter(at, frame)
	runtime.KeepAlive(t)
}
