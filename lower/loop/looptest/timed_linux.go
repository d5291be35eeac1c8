// Package looptest helps to test machines.
package looptest

import (
	"runtime"
	"sync"
	"syscall"
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

// Longest returns how long the longest slice took since the last call.
func (m *Timed) Longest() time.Duration {
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
