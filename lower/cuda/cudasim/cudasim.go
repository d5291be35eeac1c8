//go:build cuda && cudasim && cgo && linux && amd64

// Package cudasim is a simulated driver: it takes the place of libcuda.so.1 in a program
// that is built with the tags cuda and cudasim, and runs PTX with package ptxsim. All of
// the host's code runs as it would before a real driver, package cu included.
//
// It is stricter than a driver: a call on a thread without a context fails, work given to a
// stream runs later and reads the host's memory then, and memory of the device that was
// never written is garbage.
package cudasim

import (
	"errors"
	"sync"

	"github.com/numen-go/numen/lower/cuda/ptxsim"
)

// Result is what a call returns, in the driver's numbers.
type Result int

// The results that calls here have.
const (
	Success        Result = 0
	InvalidValue   Result = 1
	OutOfMemory    Result = 2
	InvalidDevice  Result = 101
	InvalidContext Result = 201
	InvalidPtx     Result = 218
	InvalidHandle  Result = 400
	NotFound       Result = 500
	IllegalAddress Result = 700
	LaunchFailed   Result = 719
)

// memory is the bytes of a device.
const memory = 1 << 30

// sim is the driver: one device.
var sim = struct {
	sync.Mutex
	device  *ptxsim.Device
	next    uintptr         // the next handle
	handles map[uintptr]any // *context, *stream, *ptxsim.Module, function
	primary uintptr         // the handle of the device's context, 0 before it is there
	inject  func(call string) Result
	devices int
}{device: ptxsim.NewDevice(memory), next: 1 << 20, handles: map[uintptr]any{}, devices: 1}

// context is the primary context of the device.
type context struct {
	retained int
	fault    Result // of work that a stream did: every later call has it
}

// function is an entry of a module.
type function struct {
	m    *ptxsim.Module
	name string
}

// stream is a queue of work.
type stream struct {
	work chan func()
	ctx  *context
}

// Inject has calls fail: f is asked by the name of each, and for what is not Success the
// call does nothing and returns that. Nil ends it.
func Inject(f func(call string) Result) {
	sim.Lock()
	defer sim.Unlock()
	sim.inject = f
}

// Devices sets how many devices there are: 0 or 1.
func Devices(n int) {
	sim.Lock()
	defer sim.Unlock()
	sim.devices = n
}

// Live returns what is not given back: allocations, modules, streams and uses of the
// context.
func Live() (n int) {
	sim.Lock()
	defer sim.Unlock()
	n, _ = sim.device.Live()
	for _, h := range sim.handles {
		switch h := h.(type) {
		case *context:
			n += h.retained
		case function:
		default:
			n++
		}
	}
	return n
}

// injected returns what the test wants of a call.
func injected(call string) Result {
	sim.Lock()
	f := sim.inject
	sim.Unlock()
	if f == nil {
		return Success
	}
	return f(call)
}

// handle returns a new handle; the lock is held.
func handle(x any) uintptr {
	sim.next += 64
	sim.handles[sim.next] = x
	return sim.next
}

func newHandle(x any) uintptr {
	sim.Lock()
	defer sim.Unlock()
	return handle(x)
}

// drop forgets a handle.
func drop(h uintptr) {
	sim.Lock()
	defer sim.Unlock()
	delete(sim.handles, h)
}

// of returns what a handle is for.
func of[T any](h uintptr) (x T, ok bool) {
	sim.Lock()
	defer sim.Unlock()
	x, ok = sim.handles[h].(T)
	return x, ok
}

// resultOf returns the driver's number for an error of the device.
func resultOf(err error) Result {
	switch {
	case err == nil:
		return Success
	case errors.Is(err, ptxsim.ErrMemory):
		return OutOfMemory
	}
	return InvalidValue
}

func newStream(c *context) *stream {
	s := &stream{work: make(chan func(), 64), ctx: c}
	go func() {
		for f := range s.work {
			f()
		}
	}()
	return s
}

// give has the stream do work after what it was given before. The context remembers the
// first failure, as a device does.
func (s *stream) give(f func() error) {
	s.work <- func() {
		sim.Lock()
		dead := s.ctx.fault != Success
		sim.Unlock()
		if dead {
			return
		}
		if err := f(); err != nil {
			sim.Lock()
			if s.ctx.fault == Success {
				s.ctx.fault = faultOf(err)
			}
			sim.Unlock()
		}
	}
}

// faultOf returns the number for what work has done.
func faultOf(err error) Result {
	if errors.Is(err, ptxsim.ErrAddress) {
		return IllegalAddress
	}
	return LaunchFailed
}

// wait returns when all is done that the stream was given.
func (s *stream) wait() Result {
	done := make(chan bool)
	s.work <- func() { close(done) }
	<-done
	sim.Lock()
	defer sim.Unlock()
	return s.ctx.fault
}
