//go:build cuda && cudasim && cgo && linux && amd64

package cuda

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/numen-go/numen/lower"
	"github.com/numen-go/numen/lower/cuda/cudasim"
)

// bind opens the simulated driver's device, and at the end of the test holds that nothing
// is left on it.
func bind(t *testing.T) device {
	t.Helper()
	d, err := openDriver()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cudasim.Inject(nil)
		if n := cudasim.Live(); n != 0 {
			t.Errorf("%d things are not given back to the driver", n)
		}
	})
	return d
}

func scaled(n int) *lower.Args {
	v := func() lower.Array { return *vector(make([]float64, n)) }
	return &lower.Args{Dims: []int64{int64(n)}, Arrays: []lower.Array{v(), v(), v()}}
}

// TestNoDevice has the driver say no in every way in which opening may fail.
func TestNoDevice(t *testing.T) {
	defer cudasim.Inject(nil)
	defer cudasim.Devices(1)
	cudasim.Devices(0)
	if _, err := openDriver(); err == nil || !strings.Contains(err.Error(), "no device") {
		t.Errorf("no device: %v", err)
	}
	cudasim.Devices(1)
	for _, call := range []string{"cuDeviceGetCount", "cuDeviceGet", "cuDeviceGetName", "cuDeviceGetAttribute", "cuDevicePrimaryCtxRetain"} {
		cudasim.Inject(only(call, cudasim.OutOfMemory))
		if _, err := openDriver(); err == nil || !strings.Contains(err.Error(), "OutOfMemory") {
			t.Errorf("%s fails: %v", call, err)
		}
	}
	Simulate(1 << 20)
	defer Simulate(0)
	cudasim.Devices(0)
	if d, err := openDevice(); err == nil {
		t.Errorf("%s stands in for the simulated driver", d)
	}
	if n := cudasim.Live(); n != 0 {
		t.Errorf("%d things are not given back to the driver", n)
	}
}

// only returns an injection that has one call fail.
func only(call string, r cudasim.Result) func(string) cudasim.Result {
	return func(c string) cudasim.Result {
		if c == call {
			return r
		}
		return cudasim.Success
	}
}

// TestDriverFaults has every call of a run fail, one after the other: the error names the
// kernel and what the driver said, and nothing leaks.
func TestDriverFaults(t *testing.T) {
	target := newTarget(bind(t))
	exe := compile(t, target)
	if err := exe.Run(t.Context(), scaled(3)); err != nil { // fills the pools, of memory and of streams
		t.Fatal(err)
	}
	failed := map[string]bool{}
	for n := 0; ; n++ {
		var mu sync.Mutex
		calls, hit := 0, ""
		cudasim.Inject(func(call string) cudasim.Result {
			mu.Lock()
			defer mu.Unlock()
			if calls++; calls == n+1 {
				hit = call
				return cudasim.InvalidValue
			}
			return cudasim.Success
		})
		err := exe.Run(t.Context(), scaled(3))
		cudasim.Inject(nil)
		if hit == "" {
			if err != nil {
				t.Errorf("no call failed: %v", err)
			}
			break
		}
		failed[hit] = true
		if err == nil || !strings.Contains(err.Error(), "kernel scale") || !strings.Contains(err.Error(), "InvalidValue") {
			t.Errorf("call %d, %s: %v", n, hit, err)
		}
		if live := target.pool.live; live != 0 {
			t.Errorf("call %d, %s: %d blocks of memory are not given back", n, hit, live)
		}
	}
	for _, call := range []string{"cuCtxSetCurrent", "cuLaunchKernel", "cuMemcpyHtoDAsync", "cuMemcpyDtoHAsync", "cuStreamSynchronize"} {
		if !failed[call] {
			t.Errorf("%s was not among %v", call, failed)
		}
	}
	if err := exe.Run(t.Context(), scaled(3)); err != nil {
		t.Errorf("after the failures: %v", err)
	}
	closeAll(t, exe, target)
}

// TestDriverMemory wants more than there is: memory that is kept is given back first.
func TestDriverMemory(t *testing.T) {
	target := newTarget(bind(t))
	exe := compile(t, target)
	if err := exe.Run(t.Context(), scaled(1000)); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	calls := []string{}
	cudasim.Inject(func(call string) cudasim.Result {
		mu.Lock()
		defer mu.Unlock()
		calls = append(calls, call)
		if call == "cuMemAlloc" {
			return cudasim.OutOfMemory
		}
		return cudasim.Success
	})
	err := exe.Run(t.Context(), scaled(5000))
	cudasim.Inject(nil)
	if err == nil || !strings.Contains(err.Error(), "kernel scale") || !strings.Contains(err.Error(), "OutOfMemory") {
		t.Errorf("error %v", err)
	}
	if all := fmt.Sprint(calls); strings.Count(all, "cuMemAlloc") != 2 || !strings.Contains(all, "cuMemFree") {
		t.Errorf("calls %s", all)
	}
	closeAll(t, exe, target)
}

// TestDriverHangs has the driver not return from waiting for a launch: the run returns all
// the same, and all is given back when the driver has.
func TestDriverHangs(t *testing.T) {
	hangs(t, bind(t), func() (release func()) {
		gate := make(chan bool)
		var mu sync.Mutex
		launched := false
		cudasim.Inject(func(call string) cudasim.Result {
			mu.Lock()
			hang := launched && call == "cuStreamSynchronize"
			launched = call == "cuLaunchKernel"
			mu.Unlock()
			if hang {
				<-gate
			}
			return cudasim.Success
		})
		return func() { close(gate) }
	})
}

const outside = `.version 6.3
.target sm_75
.address_size 64
.visible .entry k(.param .u64 arg)
{
	.reg .b64 %q<2>;
	ld.param.u64 %q0, [arg];
	st.global.u64 [%q0+4096], %q0;
	ret;
}
`

// TestLost has code write where there is no memory: the device takes no calls afterwards,
// and all say why. One that is opened anew works.
func TestLost(t *testing.T) {
	d := bind(t)
	target := newTarget(d)
	exe := compile(t, target)
	m, err := d.Load(outside)
	if err != nil {
		t.Fatal(err)
	}
	p, err := d.Alloc(64)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Launch("k", 1, 1, p, make([]byte, 64)); err == nil || !strings.Contains(err.Error(), "launch of k: IllegalAddress") {
		t.Errorf("error %v", err)
	}
	for what, err := range map[string]error{"run": exe.Run(t.Context(), scaled(3)), "free": d.Free(p), "unload": m.Unload(), "close": exe.Close()} {
		if err == nil || !strings.Contains(err.Error(), "is lost since launch of k: IllegalAddress") {
			t.Errorf("%s: %v", what, err)
		}
	}
	destroyed := 0
	cudasim.Inject(func(call string) cudasim.Result {
		if call == "cuStreamDestroy" {
			destroyed++
		}
		return cudasim.Success
	})
	if err := target.Close(); err == nil || destroyed == 0 {
		t.Errorf("closing a lost device destroyed %d streams: %v", destroyed, err)
	}
	cudasim.Inject(nil)
	again := newTarget(bind(t))
	exe = compile(t, again)
	if err := exe.Run(t.Context(), scaled(3)); err != nil {
		t.Error(err)
	}
	closeAll(t, exe, again)
}

// TestDriverRefuses makes calls that drivers refuse; the device stays.
func TestDriverRefuses(t *testing.T) {
	d := bind(t)
	p, err := d.Alloc(64)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Free(p); err != nil {
		t.Error(err)
	}
	if err := d.Free(p); err == nil || !strings.Contains(err.Error(), "InvalidValue") {
		t.Errorf("freed twice: %v", err)
	}
	if _, err := d.Load(strings.Replace(outside, "st.global.u64 [%q0+4096], %q0", "st.global.u64 [%q0], %q9", 1)); err == nil || !strings.Contains(err.Error(), "InvalidPtx") || !strings.Contains(err.Error(), "line 8") {
		t.Errorf("bad PTX, the compiler's words: %v", err)
	}
	m, err := d.Load(outside)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Launch("other", 1, 1, 0, make([]byte, 8)); err == nil || !strings.Contains(err.Error(), "NotFound") {
		t.Errorf("no such entry: %v", err)
	}
	if err := m.Unload(); err != nil {
		t.Error(err)
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
}

// TestRegistered opens the target by its name, as programs do.
func TestRegistered(t *testing.T) {
	target, err := lower.Open("cuda")
	if err != nil {
		t.Fatal(err)
	}
	if name := target.Name(); name != "cuda" {
		t.Errorf("name %s", name)
	}
	closeAll(t, target)
}
