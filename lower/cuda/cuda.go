// Package cuda is the target for arrays on NVIDIA's devices. Kernels become PTX (package
// ptx), which the device's driver compiles. Values of a program sent to it by np.On("cuda")
// are held on the device.
//
// The driver is reached through gorgonia.org/cu, with cgo, where the build tag cuda is
// set; without it the target is registered and says that it is not there. With the tags
// cuda and cudasim a simulated device takes the driver's place, for tests.
//
// The code that it makes was assembled by NVIDIA's assembler and run on the simulated
// device; it has not run on hardware yet.
package cuda

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
	"github.com/numen-go/numen/lower/cuda/ptx"
	"github.com/numen-go/numen/lower/loop"
)

func init() {
	lower.Register("cuda", func() (lower.Target, error) {
		d, err := openDevice()
		if err != nil {
			return nil, fmt.Errorf("cuda: %w", err)
		}
		return newTarget(d), nil
	})
}

// device is what the target needs of a device. It is safe for many goroutines.
type device interface {
	// String names the device.
	String() string
	Alloc(bytes int64) (uint64, error)
	Free(p uint64) error
	// Write copies bytes to the device, while code runs too.
	Write(p uint64, from []byte) error
	Read(to []byte, p uint64) error
	Load(text string) (module, error)
	Close() error
}

// module is code on a device.
type module interface {
	// Launch copies words to a frame, runs an entry with the frame's address, copies the
	// frame back to words, and returns when all that has ended.
	Launch(entry string, blocks, threads int, frame uint64, words []byte) error
	Unload() error
}

// format is that of arrays on the device.
var format = &ir.Format{Device: "cuda"}

type target struct {
	device device
	pool   pool
	calls  attendant
}

func newTarget(d device) *target {
	t := &target{device: d, calls: attendant{patience: patience}}
	t.pool.device, t.pool.calls = d, &t.calls
	return t
}

func (*target) Name() string { return "cuda" }

func (*target) Caps() *ir.Caps { return ptx.Caps() }

// Close gives all memory back that the target keeps, and the device.
func (t *target) Close() error {
	return t.calls.after(func() error {
		err := t.pool.flush()
		if failed := t.device.Close(); err == nil {
			err = failed
		}
		return err
	})
}

func (t *target) Compile(ctx context.Context, k *ir.Kernel) (lower.Executable, error) {
	e, err := t.compile(ctx, k)
	if err != nil {
		return nil, err
	}
	return e, nil
}

func (t *target) compile(ctx context.Context, k *ir.Kernel) (*executable, error) {
	if err := k.Verify(); err != nil {
		return nil, err
	}
	e := &executable{t: t, k: k, cuts: ptx.Cuts(k)}
	whole, err := t.code(ctx, k, false)
	if err != nil {
		return nil, err
	}
	e.whole = whole
	return e, nil
}

// compileNow compiles what a run needs, and waits for the end.
func (t *target) compileNow(k *ir.Kernel) (*executable, error) {
	return t.compile(context.Background(), k)
}

// code returns code on the device: see ptx.Compile.
func (t *target) code(ctx context.Context, k *ir.Kernel, cut bool) (*code, error) {
	m, err := ptx.Compile(k, cut)
	if d, ok := err.(*lower.Declined); ok {
		d.Target = "cuda"
	}
	if err != nil {
		return nil, err
	}
	c := &code{ptx: m}
	err = t.calls.await(ctx, &call{
		what: "the compilation of kernel " + k.Name,
		do: func() (err error) {
			c.module, err = t.device.Load(m.Text)
			return err
		},
		drop: func() { _ = c.module.Unload() },
	})
	if err != nil {
		return nil, fmt.Errorf("cuda: kernel %s: %w", k.Name, err)
	}
	return c, nil
}

// code is a kernel's loops as code on the device.
type code struct {
	ptx    *ptx.Module
	module module
}

// executable is a kernel, ready to run.
type executable struct {
	t     *target
	k     *ir.Kernel
	whole *code

	cuts *loop.Cuts // the runs for which reductions are cut into pieces
	mu   sync.Mutex
	cut  *code // for these; nil: there was none yet

	checking lower.Checking[*executable]
}

// forRun returns the code for a run within bounds of the axes.
func (e *executable) forRun(ctx context.Context, lo, hi []int64) (*code, error) {
	positions := 1.0
	for i, x := range e.k.Axes {
		if x.From < 0 {
			positions = float64(positions * float64(hi[i]-lo[i]))
		}
	}
	if !ptx.CutsPay(e.cuts, positions, lo, hi) {
		return e.whole, nil
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.cut == nil {
		c, err := e.t.code(ctx, e.k, true)
		if _, declined := err.(*lower.Declined); declined {
			c, err = e.whole, nil
		}
		if err != nil {
			return nil, err
		}
		e.cut = c
	}
	return e.cut, nil
}

// all returns what code there is.
func (e *executable) all() []*code {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.cut == nil || e.cut == e.whole {
		return []*code{e.whole}
	}
	return []*code{e.whole, e.cut}
}

// String returns the loops and the PTX.
func (e *executable) String() string {
	text := e.t.device.String()
	for i, c := range e.all() {
		if i > 0 {
			text += "\nfor few and long reductions:"
		}
		text += "\n" + c.ptx.Loop.String() + "\n" + c.ptx.Text
	}
	return text
}

// Close gives the code back.
func (e *executable) Close() error {
	var failed []error
	for _, c := range e.all() {
		failed = append(failed, e.t.calls.after(c.module.Unload))
	}
	return errors.Join(append(failed, e.checking.Close())...)
}

// Home returns the format of arrays on the device.
func (*target) Home() *ir.Format { return format }

// Holds reports whether arrays of a format are on the device.
func (*target) Holds(f *ir.Format) bool { return f.Equal(format) }

// Make returns an array on the device.
func (t *target) Make(_ context.Context, typ ir.Type, extents []int64) (*lower.Array, error) {
	n, err := elements(extents)
	if err != nil {
		return nil, err
	}
	bytes, ok := ir.MulOK(n, int64(typ.DType.Size()))
	if !ok {
		return nil, fmt.Errorf("cuda: an array of %d elements of %d bytes", n, typ.DType.Size())
	}
	b, err := t.newBuffer(bytes)
	if err != nil {
		return nil, err
	}
	return &lower.Array{DType: typ.DType, Format: format, Buf: b, Extents: extents}, nil
}

// Convert copies an array to the device or to the host.
func (t *target) Convert(ctx context.Context, a *lower.Array, to *ir.Format) (*lower.Array, error) {
	switch {
	case a.Format.Equal(to):
		return a, nil
	case a.Format == nil && t.Holds(to):
		if err := a.Check(); err != nil {
			return nil, err
		}
		out, err := t.Make(ctx, ir.Type{DType: a.DType}, a.Extents)
		if err != nil {
			return nil, err
		}
		b, from := out.Buf.(*buffer), gather(a)
		err = t.calls.await(ctx, &call{
			what: "a copy to the device",
			do: func() error {
				err := t.device.Write(b.p, from)
				if err != nil {
					b.Close()
				}
				return err
			},
			drop: func() { b.Close() },
		})
		if err != nil {
			return nil, fmt.Errorf("cuda: %w", err)
		}
		return out, nil
	case to == nil && a.Format != nil && t.Holds(a.Format):
		b, err := t.held(a)
		if err != nil {
			return nil, err
		}
		n, err := elements(a.Extents)
		if err != nil {
			return nil, err
		}
		words := make([]uint64, (n*int64(a.DType.Size())+7)/8)
		h := lower.HostOf(words)
		to, p := h.Bytes()[:n*int64(a.DType.Size())], b.p
		err = t.calls.await(ctx, &call{what: "a copy from the device", do: func() error { return t.device.Read(to, p) }})
		if err != nil {
			return nil, fmt.Errorf("cuda: %w", err)
		}
		return &lower.Array{DType: a.DType, Buf: h, Extents: a.Extents, Strides: lower.Contiguous(a.Extents)}, nil
	}
	return nil, fmt.Errorf("cuda: no conversion from %s to %s", a.Format, to)
}

// Finish returns at once: a launch is complete when it returns.
func (*target) Finish(ctx context.Context, _ []*lower.Array, _ *lower.Bounds) error { return ctx.Err() }

// held returns the memory of an array on the device.
func (t *target) held(a *lower.Array) (*buffer, error) {
	b, ok := a.Buf.(*buffer)
	if !ok || b.t != t || b.p == 0 {
		return nil, fmt.Errorf("cuda: %T is no memory of this device", a.Buf)
	}
	n, err := elements(a.Extents)
	if err == nil && (n > b.size || n*int64(a.DType.Size()) > b.size) {
		err = fmt.Errorf("cuda: %d elements of %d bytes in %d bytes", n, a.DType.Size(), b.size)
	}
	return b, err
}

// elements returns the product of extents.
func elements(extents []int64) (int64, error) {
	n := int64(1)
	for _, e := range extents {
		var ok bool
		if n, ok = ir.MulOK(n, e); !ok || e < 0 {
			return 0, fmt.Errorf("cuda: extents %v", extents)
		}
	}
	return n, nil
}
