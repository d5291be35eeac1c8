// Package looptest helps to test machines.
package looptest

import (
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/numen-go/numen/lower/loop"
)

// Timed is a machine whose slices are timed, in time of the processor: other work of the
// system does not count. It is safe for many goroutines, as the machine is.
type Timed struct {
	loop.Machine
	mu      sync.Mutex
	longest time.Duration
}

// Hold holds that code of the machine leaves within a millisecond, whatever it does: the
// garbage collector, deadlines and cancellation wait for it. Of some runs the best counts,
// for the first one touches memory.
func (m *Timed) Hold(t *testing.T, what string, run func() error) {
	t.Helper()
	const most, tries = time.Millisecond, 8
	least := time.Duration(1 << 62)
	for try := 0; try < tries && least >= most; try++ {
		if err := run(); err != nil {
			t.Errorf("%s: %v", what, err)
			return
		}
		least = min(least, m.reset())
	}
	if least > most || least == 0 {
		t.Errorf("%s: the longest slice takes %v", what, least)
	}
	t.Logf("%v %s", least, what)
}

// reset returns how long the longest slice took since the last call.
func (m *Timed) reset() time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	d := m.longest
	m.longest = 0
	return d
}

// Compile has the machine make code that is timed.
func (m *Timed) Compile(l *loop.Loop, parts []loop.Part, c loop.Class, f loop.File) (loop.Native, error) {
	n, err := m.Machine.Compile(l, parts, c, f)
	return &timedNative{n, m}, err
}

type timedNative struct {
	loop.Native
	m *Timed
}

func (n *timedNative) Enter(part int, frame unsafe.Pointer) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	start := processorTime()
	n.Native.Enter(part, frame)
	took := processorTime() - start
	n.m.mu.Lock()
	defer n.m.mu.Unlock()
	n.m.longest = max(n.m.longest, took)
}

// processorTime returns how long this thread has run.
func processorTime() time.Duration {
	const threadClock = 3 // CLOCK_THREAD_CPUTIME_ID
	var t syscall.Timespec
	syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, threadClock, uintptr(unsafe.Pointer(&t)), 0)
	return time.Duration(t.Nano())
}
