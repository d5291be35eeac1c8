// Package zipped is a target for arrays that are compressed in memory: a stranger's, in a
// module of its own, that Numen knows nothing of. Importing it registers it:
//
//	import _ "github.com/numen-go/numen/examples/zipped"
//
//	v, err := y.Eval(ctx, np.On("zipped")) // every array between kernels is compressed
//	x := zipped.Compress(ctx, a)           // or the arrays that you choose
//
// README.md tells how it was written.
package zipped

import (
	"bytes"
	"compress/flate"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"

	np "github.com/numen-go/numen/expr"
	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
)

// The format's device is the target's name: that is how an array says who holds it.
var format = &ir.Format{Device: "zipped"}

func init() {
	lower.Register("zipped", func() (lower.Target, error) {
		inner, err := lower.Open("cpu")
		if err != nil {
			return nil, fmt.Errorf("zipped: it computes on the processor: %w", err)
		}
		return &target{inner}, nil
	})
}

// Compress evaluates a and returns it compressed. Programs of it run on this target.
func Compress(ctx context.Context, a np.Array, opts ...np.EvalOption) (np.Array, error) {
	return np.Call("zipped.Compress", ir.OpConvert, &ir.Attr{Format: format}, a).Eval(ctx, opts...)
}

// Size returns the bytes that a compressed array takes, false for any other array.
func Size(a np.Array) (int64, bool) {
	n := np.NodeOf(a)
	if n == nil {
		return 0, false
	}
	v, ok := n.Data.(*lower.Array)
	if !ok {
		return 0, false
	}
	p, ok := v.Buf.(*packed)
	if !ok {
		return 0, false
	}
	return p.Size(), true
}

// packed is the buffer: the elements in row-major order, compressed.
type packed struct {
	mu   sync.Mutex
	data []byte // nil: not written yet, or closed
}

// Size returns the compressed bytes.
func (p *packed) Size() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return int64(len(p.data))
}

// Close lets the memory go.
func (p *packed) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.data = nil
	return nil
}

// pack compresses the elements of a dense contiguous array.
func (p *packed) pack(host []byte) error {
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestSpeed)
	if err != nil {
		return err
	}
	if _, err := w.Write(host); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.data = b.Bytes()
	return nil
}

// unpack writes the elements into memory of their size.
func (p *packed) unpack(host []byte) error {
	p.mu.Lock()
	data := p.data
	p.mu.Unlock()
	if data == nil {
		return errors.New("zipped: the array was closed, or never written")
	}
	if _, err := io.ReadFull(flate.NewReader(bytes.NewReader(data)), host); err != nil {
		return fmt.Errorf("zipped: %w", err)
	}
	return nil
}

// target computes on the processor's target and keeps arrays compressed in between.
type target struct{ inner lower.Target }

func (*target) Name() string            { return "zipped" }
func (t *target) Caps() *ir.Caps        { return t.inner.Caps() }
func (t *target) Close() error          { return t.inner.Close() }
func (*target) Home() *ir.Format        { return format }
func (*target) Holds(f *ir.Format) bool { return f.Equal(format) }

// Finish has nothing to do: a kernel's results are there when its run returns.
func (*target) Finish(ctx context.Context, _ []*lower.Array, _ *lower.Bounds) error {
	return ctx.Err()
}

// Make returns an array to be written: of an empty buffer, for its elements are not known.
func (*target) Make(_ context.Context, t ir.Type, extents []int64) (*lower.Array, error) {
	return &lower.Array{DType: t.DType, Format: format, Buf: &packed{}, Extents: extents}, nil
}

// Convert compresses an array of the host, or takes one out.
func (t *target) Convert(ctx context.Context, a *lower.Array, to *ir.Format) (*lower.Array, error) {
	host, err := onHost(a)
	if err != nil {
		return nil, err
	}
	if to == nil {
		return host, nil
	}
	out := &packed{}
	if err := out.pack(host.Buf.(*lower.Host).Bytes()); err != nil {
		return nil, err
	}
	return &lower.Array{DType: a.DType, Format: format, Buf: out, Extents: a.Extents}, nil
}

// onHost returns the elements of an array as a dense contiguous one of its own.
func onHost(a *lower.Array) (*lower.Array, error) {
	host, err := blank(a)
	if err != nil {
		return nil, err
	}
	to := host.Buf.(*lower.Host).Bytes()
	switch b := a.Buf.(type) {
	case *packed:
		err = b.unpack(to)
	case *lower.Host:
		if err := a.Check(); err != nil {
			return nil, err
		}
		copy(to, b.Bytes()[a.Offset*int64(a.DType.Size()):])
	default:
		err = fmt.Errorf("zipped: %T is nothing to compress", b)
	}
	return host, err
}

// blank returns a dense array of a's dtype and extents, in memory whose size was checked.
func blank(a *lower.Array) (*lower.Array, error) {
	d, extents := a.DType, a.Extents
	shape := make([]ir.Dim, len(extents))
	for i, e := range extents {
		shape[i] = ir.N(e)
	}
	n, err := ir.Elements(shape)
	if err != nil {
		return nil, fmt.Errorf("zipped: %w", err)
	}
	words := make([]uint64, (n*int64(d.Size())+7)/8) // aligned for every dtype
	all := lower.HostOf(words).Bytes()
	return &lower.Array{DType: d, Buf: lower.NewHost(all[:n*int64(d.Size())]), Strides: lower.Contiguous(extents), Extents: extents}, nil
}

// Compile has the processor's target make the code. What that declines is declined here.
func (t *target) Compile(ctx context.Context, k *ir.Kernel) (lower.Executable, error) {
	code, err := t.inner.Compile(ctx, k)
	var d *lower.Declined
	if errors.As(err, &d) {
		d.Target = t.Name()
	}
	if err != nil {
		return nil, err
	}
	e := &executable{inner: code}
	for _, o := range k.Operands {
		if o.Role != ir.Local { // a local lives inside the kernel
			e.roles = append(e.roles, o.Role)
		}
	}
	return e, nil
}

// executable is a kernel whose operands may be compressed.
type executable struct {
	inner lower.Executable
	roles []ir.Role // of its arguments
}

func (e *executable) String() string {
	return "on arrays that are taken out of compression\n" + e.inner.String()
}
func (e *executable) Close() error { return e.inner.Close() }

// Run takes compressed operands out, runs the kernel, and compresses its results.
func (e *executable) Run(ctx context.Context, a *lower.Args) error {
	if len(a.Arrays) != len(e.roles) {
		return fmt.Errorf("zipped: %d arrays for a kernel of %d", len(a.Arrays), len(e.roles))
	}
	args := *a
	args.Arrays = slices.Clone(a.Arrays)
	for i, x := range a.Arrays {
		if _, ok := x.Buf.(*packed); !ok {
			continue // dense operands may stand beside compressed ones
		}
		take := onHost
		if e.roles[i] == ir.Out {
			take = blank
		}
		host, err := take(&x)
		if err != nil {
			return err
		}
		args.Arrays[i] = *host
	}
	if err := e.inner.Run(ctx, &args); err != nil {
		return err
	}
	for i, x := range a.Arrays {
		if p, ok := x.Buf.(*packed); ok && e.roles[i] != ir.In {
			if err := p.pack(args.Arrays[i].Buf.(*lower.Host).Bytes()); err != nil {
				return err
			}
		}
	}
	return nil
}
