//go:build cuda && cgo && linux && amd64

// Package driver reaches NVIDIA's devices through gorgonia.org/cu.
//
// Package cu alone has two habits that a library cannot have: a program that links it does
// not start where the driver's library is not there, and ends itself where there is no
// device. The trampolines beside this file take the place of the library; they find it when
// a device is opened.
//
// Package cu needs a header cuda.h: include has one. Its folder must be in CGO_CFLAGS, as
// flags of this package do not reach that one.
package driver

// #cgo CFLAGS: -I${SRCDIR}/include
// #cgo LDFLAGS: -L${SRCDIR}/stublib -ldl
// int numen_cuda_open(const char **why);
import "C"

import (
	"bytes"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"unsafe"

	"gorgonia.org/cu"
)

// The least capability that the code is for.
const leastMajor, leastMinor = 7, 5

// status is what the driver said when it was initialised.
var status = sync.OnceValue(func() error {
	var why *C.char
	switch code := C.numen_cuda_open(&why); {
	case why != nil:
		return fmt.Errorf("no driver: %s", C.GoString(why))
	case code != 0:
		return fmt.Errorf("the driver does not start: error %d", code)
	}
	return nil
})

// Device is a device. It is safe for many goroutines.
type Device struct {
	name   string
	device cu.Device
	ctx    cu.CUContext

	mu      sync.Mutex
	streams []cu.Stream // that nobody uses
	lost    error       // why the device takes no calls any more
}

// Open opens the first device, or says why there is none.
func Open() (*Device, error) {
	if err := status(); err != nil {
		return nil, err
	}
	n, err := cu.NumDevices()
	if err != nil {
		return nil, fmt.Errorf("the number of devices: %w", err)
	}
	if n == 0 {
		return nil, errors.New("no device")
	}
	d := new(Device)
	if d.device, err = cu.GetDevice(0); err != nil {
		return nil, fmt.Errorf("device 0: %w", err)
	}
	if d.name, err = d.device.Name(); err != nil {
		return nil, fmt.Errorf("the name of device 0: %w", err)
	}
	major, minor, err := d.device.ComputeCapability()
	if err != nil {
		return nil, fmt.Errorf("the capability of %s: %w", d.name, err)
	}
	if major < leastMajor || major == leastMajor && minor < leastMinor {
		return nil, fmt.Errorf("%s has capability %d.%d, at least %d.%d is needed", d.name, major, minor, leastMajor, leastMinor)
	}
	if d.ctx, err = d.device.RetainPrimaryCtx(); err != nil {
		return nil, fmt.Errorf("a context of %s: %w", d.name, err)
	}
	return d, nil
}

// String returns the device's name.
func (d *Device) String() string { return d.name }

// Close gives the device back, one that is lost too. Memory and modules must have been
// given back before, where it still takes calls.
func (d *Device) Close() error {
	d.mu.Lock()
	lost, streams := d.lost, d.streams
	d.streams, d.lost = nil, errClosed
	d.mu.Unlock()
	if lost == errClosed {
		return fmt.Errorf("close: %s is lost since %w", d.name, lost)
	}
	failed := d.on(func() error {
		var first error
		for i := range streams { // each is the process's until it is destroyed, whatever the others say
			if err := streams[i].Destroy(); first == nil {
				first = err
			}
		}
		return first
	})
	released := d.device.ReleasePrimaryCtx()
	switch {
	case lost != nil:
		return fmt.Errorf("close: %s is lost since %w", d.name, lost)
	case failed != nil:
		return fmt.Errorf("destroy streams: %w", failed)
	case released != nil:
		return fmt.Errorf("release of %s: %w", d.name, released)
	}
	return nil
}

var errClosed = errors.New("it was closed")

// on runs f on a thread that has the context.
func (d *Device) on(f func() error) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := cu.SetCurrentContext(d.ctx); err != nil {
		return err
	}
	return f()
}

// do runs f on a thread that has the context. After an error that a context does not
// survive every later call fails with it.
func (d *Device) do(what string, f func() error) error {
	d.mu.Lock()
	lost := d.lost
	d.mu.Unlock()
	if lost != nil {
		return fmt.Errorf("%s: %s is lost since %w", what, d.name, lost)
	}
	err := d.on(f)
	if err == nil {
		return nil
	}
	err = fmt.Errorf("%s: %w", what, err)
	if fatal(err) {
		d.mu.Lock()
		if d.lost == nil {
			d.lost = err
		}
		d.mu.Unlock()
	}
	return err
}

// fatal reports whether no call on a context succeeds after an error.
func fatal(err error) bool {
	for _, e := range []error{
		cu.IllegalAddress, cu.LaunchTimeout, cu.Assert, cu.HardwareStackError, cu.IllegalInstruction, cu.MisalignedAddress,
		cu.InvalidAddressSpace, cu.InvalidPc, cu.LaunchFailed, cu.EccUncorrectable, cu.NvlinkUncorrectable,
		cu.NoDevice, cu.InvalidDevice, cu.ContextIsDestroyed, cu.Deinitialized, cu.Unknown,
	} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// in runs f, which gives a stream work, and waits for the end of the work.
func (d *Device) in(what string, f func(s cu.Stream) error) error {
	return d.do(what, func() error {
		s, err := d.stream()
		if err != nil {
			return err
		}
		err = f(s)
		if failed := s.Synchronize(); err == nil { // what was given before f failed still runs
			err = failed
		}
		d.mu.Lock()
		d.streams = append(d.streams, s)
		d.mu.Unlock()
		return err
	})
}

// stream returns a stream that nobody uses. It does not wait for others: a word written in
// one reaches threads that another one runs.
func (d *Device) stream() (cu.Stream, error) {
	d.mu.Lock()
	if n := len(d.streams); n > 0 {
		s := d.streams[n-1]
		d.streams = d.streams[:n-1]
		d.mu.Unlock()
		return s, nil
	}
	d.mu.Unlock()
	return cu.MakeStream(cu.NonBlocking)
}

// Alloc returns the address of new memory.
func (d *Device) Alloc(bytes int64) (uint64, error) {
	var p cu.DevicePtr
	err := d.do("allocate", func() (err error) {
		p, err = cu.MemAlloc(bytes)
		return err
	})
	return uint64(p), err
}

// Free gives memory back.
func (d *Device) Free(p uint64) error {
	return d.do("free", func() error { return cu.MemFree(cu.DevicePtr(p)) })
}

// Write copies bytes to the device.
func (d *Device) Write(p uint64, from []byte) error {
	if len(from) == 0 {
		return nil
	}
	var pin runtime.Pinner // the stream has the address after the call
	defer pin.Unpin()
	pin.Pin(&from[0])
	return d.in("copy to the device", func(s cu.Stream) error {
		return cu.MemcpyHtoDAsync(cu.DevicePtr(p), unsafe.Pointer(&from[0]), int64(len(from)), s)
	})
}

// Read copies bytes from the device.
func (d *Device) Read(to []byte, p uint64) error {
	if len(to) == 0 {
		return nil
	}
	var pin runtime.Pinner
	defer pin.Unpin()
	pin.Pin(&to[0])
	return d.in("copy from the device", func(s cu.Stream) error {
		return cu.MemcpyDtoHAsync(unsafe.Pointer(&to[0]), cu.DevicePtr(p), int64(len(to)), s)
	})
}

// Module is code on a device.
type Module struct {
	d       *Device
	module  cu.Module
	mu      sync.Mutex
	entries map[string]cu.Function
}

// logBytes is the room for what the driver's compiler says of an error.
const logBytes = 8 << 10

// Load has the driver compile PTX. The error tells what its compiler says.
func (d *Device) Load(text string) (*Module, error) {
	m := &Module{d: d, entries: map[string]cu.Function{}}
	log := &cu.JITErrorLogBuffer{Buffer: make([]byte, logBytes)}
	var pin runtime.Pinner // package cu passes the address as a number
	defer pin.Unpin()
	pin.Pin(&log.Buffer[0])
	err := d.do("load code", func() (err error) {
		m.module, err = cu.LoadDataEx(text, log)
		if said := said(log.Buffer); err != nil && said != "" {
			err = fmt.Errorf("%w: %s", err, said)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return m, nil
}

// said returns the text in a log, which ends at the first zero.
func said(log []byte) string {
	if n := bytes.IndexByte(log, 0); n >= 0 {
		log = log[:n]
	}
	return string(bytes.TrimSpace(log))
}

// Unload gives the code back.
func (m *Module) Unload() error { return m.d.do("unload code", m.module.Unload) }

// Launch copies words to a frame, runs an entry with the frame's address, and copies the
// frame back to words.
func (m *Module) Launch(entry string, blocks, threads int, frame uint64, words []byte) error {
	var pin runtime.Pinner
	defer pin.Unpin()
	pin.Pin(&words[0])
	return m.d.in("launch of "+entry, func(s cu.Stream) error {
		f, err := m.entry(entry)
		if err != nil {
			return err
		}
		host, n := unsafe.Pointer(&words[0]), int64(len(words))
		if err := cu.MemcpyHtoDAsync(cu.DevicePtr(frame), host, n, s); err != nil {
			return err
		}
		if err := f.Launch(blocks, 1, 1, threads, 1, 1, 0, s, []unsafe.Pointer{unsafe.Pointer(&frame)}); err != nil {
			return err
		}
		// A copy to memory that the driver has not locked waits inside of the driver for the
		// code's end, and might keep out the call that tells the code to end.
		if err := s.Synchronize(); err != nil {
			return err
		}
		return cu.MemcpyDtoHAsync(host, cu.DevicePtr(frame), n, s)
	})
}

func (m *Module) entry(name string) (cu.Function, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f, ok := m.entries[name]
	if !ok {
		var err error
		if f, err = m.module.Function(name); err != nil {
			return f, err
		}
		m.entries[name] = f
	}
	return f, nil
}
