package sharded

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
)

// name is under which the target is registered, and the device of its arrays' formats.
const name = "sharded"

func init() {
	lower.Register(name, func() (lower.Target, error) {
		inner := os.Getenv("NUMEN_SHARDED")
		if inner == "" {
			inner = "cpu"
		}
		return Wrap(inner)
	})
}

// Wrap returns the target that runs its tasks on the target of that name, which takes
// dense arrays of the host.
func Wrap(inner string) (lower.Holder, error) {
	w, err := lower.Open(inner)
	if err != nil {
		return nil, fmt.Errorf("sharded: %w", err)
	}
	caps := *w.Caps()
	caps.Sinks = slices.DeleteFunc(slices.Clone(caps.Sinks), func(s ir.Sink) bool { return s == ir.Append })
	return &target{inner: w, caps: &caps, arena: newArena(), shelves: map[string]shelf{}}, nil
}

// target is the arrays in chunks of one wrapped target.
type target struct {
	inner   lower.Target
	opening sync.Mutex
	levels  lower.Holder // of sparse arrays; nil: none was met yet
	caps    *ir.Caps
	arena   *arena
	mu      sync.Mutex       // one plan at a time: a bound is one of the process
	shelves map[string]shelf // by directory: what was spilled to
	merges  sync.Map         // kernel text -> *code
	turns   atomic.Int64     // launches so far
}

// Name returns sharded.
func (*target) Name() string { return name }

// Caps returns those of the wrapped target without appends, whose counts must be known
// before anything else is.
func (t *target) Caps() *ir.Caps { return t.caps }

// Compile returns code for a kernel.
func (t *target) Compile(ctx context.Context, k *ir.Kernel) (lower.Executable, error) {
	for i := range k.Stmts {
		if k.Stmts[i].Sink == ir.Append {
			return nil, &lower.Declined{Target: name, Stmt: i, Why: lower.WhySink, Detail: "how much is appended would have to be known before the chunks are computed"}
		}
	}
	if slices.ContainsFunc(k.Operands, func(o ir.Operand) bool { return o.Format.Sparse() }) {
		return t.compileSparse(ctx, k)
	}
	return t.compile(ctx, k)
}

// Close closes the wrapped target. Results that were spilled are gone.
func (t *target) Close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	var err error
	t.merges.Range(func(_, c any) bool {
		err = errors.Join(err, c.(*code).Close())
		return true
	})
	t.merges.Clear()
	for _, s := range t.shelves {
		err = errors.Join(err, s.close())
	}
	clear(t.shelves)
	t.arena.bound(0)
	if t.levels != nil {
		err = errors.Join(err, t.levels.Close())
	}
	return errors.Join(err, t.inner.Close())
}

// home is the format of arrays whose grid the plan decides.
var home = &ir.Format{Device: name}

// Home returns the format of arrays in chunks.
func (*target) Home() *ir.Format { return home }

// Holds reports whether arrays of a format are in chunks here. With levels they are
// results on their way to one sparse array.
func (*target) Holds(f *ir.Format) bool { return f.Device == name }

// Make returns an array for a kernel to write.
func (t *target) Make(_ context.Context, typ ir.Type, extents []int64) (*lower.Array, error) {
	n := &node{dtype: typ.DType, format: typ.Format.Levelled(), extents: slices.Clone(extents)}
	return t.array(n, typ.Format), nil
}

func (t *target) array(n *node, f *ir.Format) *lower.Array {
	if f == nil {
		f = home
	}
	return &lower.Array{DType: n.dtype, Format: f, Buf: newBuffer(n), Extents: n.extents}
}

// nodeOf returns what an array holds. Dense arrays of the host become nodes.
func (t *target) nodeOf(a *lower.Array) (*node, error) {
	n := &node{dtype: a.DType, extents: slices.Clone(a.Extents)}
	switch b := a.Buf.(type) {
	case *buffer:
		return b.node()
	case *lower.Host:
		if a.Part != nil {
			return nil, errors.New("sharded: a part of an array")
		}
		if err := a.Check(); err != nil {
			return nil, err
		}
		n.host = &lower.Array{DType: a.DType, Buf: b, Offset: a.Offset, Strides: slices.Clone(a.Strides), Extents: n.extents}
	case lower.Chunked:
		n.source, n.grid = b, b.Chunks()
		if err := n.grid.check(n.extents); err != nil {
			return nil, fmt.Errorf("sharded: %s: %w", b, err)
		}
	case lower.Parted:
		n.parted, n.format = b, a.Format
	default:
		return nil, fmt.Errorf("sharded: %T holds no array in chunks", a.Buf)
	}
	return n, nil
}

// Convert returns an array of the host in chunks, cut anew along another grid, or as a
// dense array in memory, which computes it.
func (t *target) Convert(ctx context.Context, a *lower.Array, to *ir.Format) (*lower.Array, error) {
	if a.Format.Sparse() && t.Holds(a.Format) {
		return t.whole(ctx, a, to)
	}
	for _, f := range []*ir.Format{a.Format, to} {
		if f.Sparse() {
			return nil, fmt.Errorf("sharded: arrays that are %s are parts of others, nothing is converted to them", f)
		}
		if f != nil && !t.Holds(f) {
			return nil, fmt.Errorf("sharded: arrays that are %s are not held in chunks", f)
		}
	}
	if to == nil {
		return t.dense(ctx, a)
	}
	n, err := t.nodeOf(a)
	if err != nil {
		return nil, err
	}
	if _, held := a.Buf.(*buffer); n.host != nil && !held {
		n = owned(n) // the array may be gone when the chunks are asked for
	}
	if to.Chunks != nil {
		chunks := make([]int64, len(to.Chunks))
		for d, c := range to.Chunks {
			if n, ok := c.Const(); ok {
				chunks[d] = n
			}
		}
		g, err := regular(n.extents, chunks)
		if err != nil {
			return nil, fmt.Errorf("sharded: %w", err)
		}
		n = &node{dtype: n.dtype, extents: n.extents, from: n, grid: g}
	}
	return t.array(n, to), nil
}

// dense computes an array into memory of the host.
func (t *target) dense(ctx context.Context, a *lower.Array) (*lower.Array, error) {
	n, err := t.nodeOf(a)
	if err != nil {
		return nil, err
	}
	if err := t.Finish(ctx, []*lower.Array{a}, &lower.Bounds{}); err != nil {
		return nil, err
	}
	out := &lower.Array{DType: a.DType, Extents: slices.Clone(a.Extents), Strides: lower.Contiguous(a.Extents)}
	data := make([]uint64, (n.bytes()+7)/8)
	h := lower.HostOf(data)
	out.Buf = h
	src, lo := a.Buf.(lower.Chunked), make([]int64, len(a.Extents))
	if n.bytes() == 0 {
		return out, nil
	}
	return out, src.Read(ctx, lo, a.Extents, h.Bytes()[:n.bytes()])
}

// owned returns a node with a copy of a host array.
func owned(n *node) *node {
	b := lower.HostOf(make([]uint64, (n.bytes()+7)/8))
	lower.Gather(n.host, &ir.Box{Lo: make([]int64, len(n.extents)), Hi: n.extents}, b.Bytes())
	return &node{dtype: n.dtype, extents: n.extents, host: &lower.Array{DType: n.dtype, Buf: b, Strides: lower.Contiguous(n.extents), Extents: n.extents}}
}
