package cuda

import (
	"errors"
	"strings"
	"testing"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
	"github.com/numen-go/numen/lower/cuda/ptxsim"
)

const scale = "kernel scale\ndim N\nin x f64[N]\nin c f64[N]\nout y f64[N]\naxis i<N\ny[i] = x[i]*c[i] + 1.0\n"

func compile(t *testing.T, target *target) lower.Executable {
	t.Helper()
	k, err := ir.ParseKernel(scale)
	if err != nil {
		t.Fatal(err)
	}
	exe, err := target.Compile(t.Context(), k)
	if err != nil {
		t.Fatal(err)
	}
	return exe
}

func vector(v []float64) *lower.Array {
	return &lower.Array{DType: ir.Float64, Buf: lower.HostOf(v), Extents: []int64{int64(len(v))}, Strides: []int64{1}}
}

// TestHeld runs a kernel on arrays of the device, with one of the host beside them, and
// counts what is left when all are closed.
func TestHeld(t *testing.T) {
	d := ptxsim.NewDevice(1 << 20)
	target := newTarget(simulated{Device: d})
	exe := compile(t, target)
	x, err := target.Convert(t.Context(), vector([]float64{1, 2, 3}), target.Home())
	if err != nil {
		t.Fatal(err)
	}
	y, err := target.Make(t.Context(), ir.Type{DType: ir.Float64, Format: target.Home()}, []int64{3})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := exe.Run(t.Context(), &lower.Args{Dims: []int64{3}, Arrays: []lower.Array{*x, *vector([]float64{10, 20, 30}), *y}}); err != nil {
			t.Fatal(err)
		}
	}
	h, err := target.Convert(t.Context(), y, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range lower.Slice[float64](h.Buf.(*lower.Host)) {
		if want := float64(10*(i+1)*(i+1) + 1); v != want {
			t.Errorf("element %d is %v, want %v", i, v, want)
		}
	}
	for _, a := range []*lower.Array{x, y, y} { // closing twice is harmless
		if err := a.Buf.Close(); err != nil {
			t.Error(err)
		}
	}
	if n := target.pool.live; n != 0 {
		t.Errorf("%d blocks of memory are not given back", n)
	}
	if err := target.Close(); err != nil {
		t.Error(err)
	}
	if n, bytes := d.Live(); n != 0 {
		t.Errorf("%d allocations of %d bytes are left on the device", n, bytes)
	}
}

// failing is a device whose calls fail from the nth on.
type failing struct {
	simulated
	after *int
}

var errInjected = errors.New("injected")

func (f failing) fails() bool { *f.after--; return *f.after < 0 }

func (f failing) Alloc(bytes int64) (uint64, error) {
	if f.fails() {
		return 0, errInjected
	}
	return f.simulated.Alloc(bytes)
}

func (f failing) Write(p uint64, from []byte) error {
	if f.fails() {
		return errInjected
	}
	return f.simulated.Write(p, from)
}

func (f failing) Read(to []byte, p uint64) error {
	if f.fails() {
		return errInjected
	}
	return f.simulated.Read(to, p)
}

func (f failing) Load(text string) (module, error) {
	m, err := f.simulated.Load(text)
	return failingModule{m, f}, err
}

type failingModule struct {
	module
	f failing
}

func (m failingModule) Launch(entry string, blocks, threads int, frame uint64, words []byte) error {
	if m.f.fails() {
		return errInjected
	}
	return m.module.Launch(entry, blocks, threads, frame, words)
}

// TestInjected has every call of a run fail: the error names the kernel, and nothing leaks.
func TestInjected(t *testing.T) {
	failed := 0
	for n := 0; ; n++ {
		d := ptxsim.NewDevice(1 << 20)
		after := 1 << 30
		target := newTarget(failing{simulated{Device: d}, &after})
		exe := compile(t, target)
		after = n
		y := vector(make([]float64, 3))
		err := exe.Run(t.Context(), &lower.Args{Dims: []int64{3}, Arrays: []lower.Array{*vector([]float64{1, 2, 3}), *vector([]float64{1, 2, 3}), *y}})
		if live := target.pool.live; live != 0 {
			t.Errorf("call %d: %d blocks of memory are not given back", n, live)
		}
		if err == nil {
			break
		}
		failed++
		if !errors.Is(err, errInjected) || !strings.Contains(err.Error(), "kernel scale") {
			t.Errorf("call %d: %v", n, err)
		}
	}
	if failed < 8 {
		t.Errorf("%d calls only", failed)
	}
}

func TestNoMemory(t *testing.T) {
	target := newTarget(simulated{Device: ptxsim.NewDevice(4096)})
	exe := compile(t, target)
	big := make([]float64, 1000)
	err := exe.Run(t.Context(), &lower.Args{Dims: []int64{1000}, Arrays: []lower.Array{*vector(big), *vector(big), *vector(big)}})
	if !errors.Is(err, ptxsim.ErrMemory) || !strings.Contains(err.Error(), "kernel scale") {
		t.Errorf("error %v", err)
	}
	if n := target.pool.live; n != 0 {
		t.Errorf("%d blocks of memory are not given back", n)
	}
}

func closeAll(t *testing.T, all ...interface{ Close() error }) {
	t.Helper()
	for _, c := range all {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
}
