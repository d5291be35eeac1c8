//go:build cuda && cudasim && cgo && linux && amd64

package cudasim

// #include <stdint.h>
// #include <stddef.h>
// uintptr_t numen_sim_context(void);
// void numen_sim_set_context(uintptr_t c);
import "C"

import (
	"encoding/binary"
	"unsafe"

	"github.com/numen-go/numen/lower/cuda/ptxsim"
)

// The calls below have the shape that the driver's documentation gives them. Handles and
// addresses of the device are numbers.

const (
	attributeMajor = 75
	attributeMinor = 76

	jitErrorLog      = 5
	jitErrorLogBytes = 6
)

// current returns the context of the calling thread.
func current(call string) (*context, Result) {
	if r := injected(call); r != Success {
		return nil, r
	}
	c, ok := of[*context](uintptr(C.numen_sim_context()))
	if !ok {
		return nil, InvalidContext
	}
	sim.Lock()
	defer sim.Unlock()
	if c.retained == 0 {
		return nil, InvalidContext
	}
	return c, c.fault
}

//export sim_cuInit
func sim_cuInit(C.uint) C.int { return C.int(injected("cuInit")) }

//export sim_cuDeviceGetCount
func sim_cuDeviceGetCount(n *C.int) C.int {
	sim.Lock()
	*n = C.int(sim.devices)
	sim.Unlock()
	return C.int(injected("cuDeviceGetCount"))
}

//export sim_cuDeviceGet
func sim_cuDeviceGet(d *C.int, ordinal C.int) C.int {
	if ordinal != 0 {
		return C.int(InvalidDevice)
	}
	*d = 0
	return C.int(injected("cuDeviceGet"))
}

//export sim_cuDeviceGetName
func sim_cuDeviceGetName(to *C.char, n C.int, _ C.int) C.int {
	b := unsafe.Slice((*byte)(unsafe.Pointer(to)), int(n))
	copy(b, "a simulated device\x00")
	return C.int(injected("cuDeviceGetName"))
}

//export sim_cuDeviceGetAttribute
func sim_cuDeviceGetAttribute(v *C.int, attribute, _ C.int) C.int {
	switch attribute {
	case attributeMajor:
		*v = 7
	case attributeMinor:
		*v = 5
	default:
		return C.int(InvalidValue)
	}
	return C.int(injected("cuDeviceGetAttribute"))
}

//export sim_cuDevicePrimaryCtxRetain
func sim_cuDevicePrimaryCtxRetain(to *C.uintptr_t, _ C.int) C.int {
	if r := injected("cuDevicePrimaryCtxRetain"); r != Success {
		return C.int(r)
	}
	sim.Lock()
	defer sim.Unlock()
	c, ok := sim.handles[sim.primary].(*context)
	if !ok {
		c = new(context)
		sim.primary = handle(c)
	}
	c.retained++
	*to = C.uintptr_t(sim.primary)
	return C.int(Success)
}

//export sim_cuDevicePrimaryCtxRelease_v2
func sim_cuDevicePrimaryCtxRelease_v2(C.int) C.int {
	if r := injected("cuDevicePrimaryCtxRelease"); r != Success {
		return C.int(r)
	}
	sim.Lock()
	defer sim.Unlock()
	c, ok := sim.handles[sim.primary].(*context)
	if !ok {
		return C.int(InvalidContext)
	}
	if c.retained--; c.retained > 0 {
		return C.int(Success)
	}
	delete(sim.handles, sim.primary)
	if c.fault != Success { // nobody could give memory and modules back
		sim.device = ptxsim.NewDevice(memory)
		for h, x := range sim.handles {
			if _, ok := x.(*stream); !ok {
				delete(sim.handles, h)
			}
		}
	}
	return C.int(Success)
}

//export sim_cuCtxSetCurrent
func sim_cuCtxSetCurrent(c C.uintptr_t) C.int {
	if r := injected("cuCtxSetCurrent"); r != Success {
		return C.int(r)
	}
	if _, ok := of[*context](uintptr(c)); !ok {
		return C.int(InvalidContext)
	}
	C.numen_sim_set_context(c)
	return C.int(Success)
}

//export sim_cuModuleLoadDataEx
func sim_cuModuleLoadDataEx(to *C.uintptr_t, image *C.char, n C.uint, options *C.int, values *C.uintptr_t) C.int {
	if _, r := current("cuModuleLoadDataEx"); r != Success {
		return C.int(r)
	}
	m, err := device().Load(C.GoString(image))
	if err == nil {
		*to = C.uintptr_t(newHandle(m))
		return C.int(Success)
	}
	var log *C.char
	size := 0
	for i, o := range unsafe.Slice(options, int(n)) {
		value := (*uintptr)(unsafe.Pointer(&unsafe.Slice(values, int(n))[i]))
		switch o {
		case jitErrorLog:
			log = *(**C.char)(unsafe.Pointer(value))
		case jitErrorLogBytes:
			size = int(*value)
		}
	}
	if log != nil && size > 0 {
		said := err.Error()
		copy(unsafe.Slice((*byte)(unsafe.Pointer(log)), size), said[:min(len(said), size-1)]+"\x00")
	}
	return C.int(InvalidPtx)
}

func device() *ptxsim.Device {
	sim.Lock()
	defer sim.Unlock()
	return sim.device
}

//export sim_cuModuleUnload
func sim_cuModuleUnload(m C.uintptr_t) C.int {
	if _, r := current("cuModuleUnload"); r != Success {
		return C.int(r)
	}
	if _, ok := of[*ptxsim.Module](uintptr(m)); !ok {
		return C.int(InvalidHandle)
	}
	drop(uintptr(m))
	return C.int(Success)
}

//export sim_cuModuleGetFunction
func sim_cuModuleGetFunction(to *C.uintptr_t, m C.uintptr_t, name *C.char) C.int {
	if _, r := current("cuModuleGetFunction"); r != Success {
		return C.int(r)
	}
	x, ok := of[*ptxsim.Module](uintptr(m))
	if !ok {
		return C.int(InvalidHandle)
	}
	entry := C.GoString(name)
	if x.Params(entry) < 0 {
		return C.int(NotFound)
	}
	*to = C.uintptr_t(newHandle(function{x, entry}))
	return C.int(Success)
}

//export sim_cuMemAlloc_v2
func sim_cuMemAlloc_v2(to *C.ulonglong, bytes C.size_t) C.int {
	if _, r := current("cuMemAlloc"); r != Success {
		return C.int(r)
	}
	p, err := device().Alloc(int64(bytes))
	*to = C.ulonglong(p)
	return C.int(resultOf(err))
}

//export sim_cuMemFree_v2
func sim_cuMemFree_v2(p C.ulonglong) C.int {
	if _, r := current("cuMemFree"); r != Success {
		return C.int(r)
	}
	return C.int(resultOf(device().Free(uint64(p))))
}

//export sim_cuStreamCreate
func sim_cuStreamCreate(to *C.uintptr_t, _ C.uint) C.int {
	c, r := current("cuStreamCreate")
	if r != Success {
		return C.int(r)
	}
	*to = C.uintptr_t(newHandle(newStream(c)))
	return C.int(Success)
}

// queue returns a stream, for a call on the thread's context.
func queue(call string, s C.uintptr_t) (*stream, Result) {
	if _, r := current(call); r != Success {
		return nil, r
	}
	x, ok := of[*stream](uintptr(s))
	if !ok {
		return nil, InvalidHandle
	}
	return x, Success
}

//export sim_cuStreamDestroy_v2
func sim_cuStreamDestroy_v2(s C.uintptr_t) C.int {
	c, r := current("cuStreamDestroy")
	if c == nil || r != Success && r != c.fault {
		return C.int(r)
	}
	x, ok := of[*stream](uintptr(s))
	if !ok {
		return C.int(InvalidHandle)
	}
	close(x.work) // of a lost context too
	drop(uintptr(s))
	return C.int(r)
}

//export sim_cuStreamSynchronize
func sim_cuStreamSynchronize(s C.uintptr_t) C.int {
	x, r := queue("cuStreamSynchronize", s)
	if r != Success {
		return C.int(r)
	}
	return C.int(x.wait())
}

//export sim_cuMemcpyHtoDAsync_v2
func sim_cuMemcpyHtoDAsync_v2(to C.ulonglong, from unsafe.Pointer, n C.size_t, s C.uintptr_t) C.int {
	x, r := queue("cuMemcpyHtoDAsync", s)
	if r != Success {
		return C.int(r)
	}
	d := device()
	x.give(func() error { return d.Write(uint64(to), unsafe.Slice((*byte)(from), int(n))) })
	return C.int(Success)
}

//export sim_cuMemcpyDtoHAsync_v2
func sim_cuMemcpyDtoHAsync_v2(to unsafe.Pointer, from C.ulonglong, n C.size_t, s C.uintptr_t) C.int {
	x, r := queue("cuMemcpyDtoHAsync", s)
	if r != Success {
		return C.int(r)
	}
	d := device()
	x.give(func() error { return d.Read(unsafe.Slice((*byte)(to), int(n)), uint64(from)) })
	return C.int(Success)
}

//export sim_cuLaunchKernel
func sim_cuLaunchKernel(f C.uintptr_t, gx, gy, gz, bx, by, bz, shared C.uint, s C.uintptr_t, params *unsafe.Pointer, extra unsafe.Pointer) C.int {
	x, r := queue("cuLaunchKernel", s)
	if r != Success {
		return C.int(r)
	}
	fn, ok := of[function](uintptr(f))
	if !ok {
		return C.int(InvalidHandle)
	}
	if gy != 1 || gz != 1 || by != 1 || bz != 1 || shared != 0 || extra != nil || gx < 1 || bx < 1 || bx > 1024 {
		return C.int(InvalidValue)
	}
	args := make([]uint64, fn.m.Params(fn.name))
	for i, p := range unsafe.Slice(params, len(args)) { // what they point to is read now
		args[i] = binary.LittleEndian.Uint64(unsafe.Slice((*byte)(p), 8))
	}
	x.give(func() error { return fn.m.Launch(fn.name, int(gx), int(bx), args...) })
	return C.int(Success)
}
