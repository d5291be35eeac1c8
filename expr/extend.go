package np

import (
	"runtime"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
)

// What packages built ON this one need, and nothing else. It lives in one file so
// that the contract can be read at a glance: a consumer (labels, factorizations, a
// solver) uses Helper, CreationOf, ReductionOf, Leaves, TreeMap and these.

// Fail returns an Array that carries an error of function fn at the line of its user;
// class is what errors.Is finds.
func Fail(fn string, class error, format string, args ...any) Array {
	c := begin(fn)
	return c.array(c.fail(class, format, args...))
}

// Call returns op applied to Arrays: for packages that register ops of their own in
// package ir, with inference, evaluation and kernel. fn is the name that errors show.
// The operands must have the dtypes that the op takes.
func Call(fn string, op *ir.Op, attr *ir.Attr, args ...Array) Array {
	c := begin(fn)
	for _, a := range args {
		c.more = append(c.more, a)
	}
	in := c.in
	if op == ir.OpConvert {
		in = c.stored
	}
	ns := make([]*ir.Node, len(args))
	for i, a := range args {
		if ns[i] = in(a); isFailed(ns[i]) {
			return c.array(ns[i])
		}
	}
	if op == nil {
		return c.array(c.fail(ErrOperand, "the op is nil"))
	}
	return c.array(c.node(op, attr, ns...))
}

// NodeOf returns the node behind an Array, nil for the zero Array: for authors of passes
// and targets, who look at programs as the compiler does.
func NodeOf(a Array) *ir.Node { return a.n }

// Leaf returns a concrete Array over a buffer: how packages that bring a new kind of
// array hand it in. t says dtype, shape and format; its extents must be numbers. The
// elements of an array without a format are a *lower.Host's, in row-major order; one with
// a format is the array of the target that holds arrays of it (lower.Holder).
func Leaf(t ir.Type, buf lower.Buffer) Array {
	c := begin("Leaf")
	n, err := ir.Elements(t.Shape)
	switch {
	case err != nil:
		return c.array(c.fail(ErrShape, "%v", err))
	case buf == nil:
		return c.array(c.fail(ErrNil, "the buffer is nil"))
	case t.Format == nil && !onHost(buf):
		return c.array(c.fail(ErrDType, "%T is not memory of the host: the type's format says who holds it", buf))
	case t.Format == nil && n > buf.Size()/int64(max(t.DType.Size(), 1)):
		return c.array(c.fail(ErrShape, "%d elements of %s do not fit a buffer of %d bytes", n, t.DType.Name(), buf.Size()))
	}
	extents := make([]int64, t.Rank())
	for i, d := range t.Shape {
		extents[i], _ = d.Const()
	}
	return c.array(concrete(&lower.Array{DType: t.DType, Format: t.Format, Buf: buf, Strides: lower.Contiguous(extents), Extents: extents}, c.site))
}

func onHost(buf lower.Buffer) bool { _, ok := buf.(*lower.Host); return ok }

// AliasBytes returns a concrete Array over memory in the processor's byte order, which
// must not change while the Array may be evaluated: for readers of files. Its start must
// be aligned for the dtype. When release is not nil it is called once, by Close or when
// the Array is no longer reachable; a slice got from the Array keeps it from being called.
func AliasBytes(d DType, shape Shape, data []byte, release func()) Array {
	c := begin("AliasBytes")
	if d == invalidDType || d > Complex128 {
		return c.array(c.fail(ErrDType, "DType(%d) is no element type", uint8(d)))
	}
	n, err := ir.Elements(dims(shape))
	if size := int64(d.Size()); err != nil || n > int64(len(data))/size || n*size != int64(len(data)) {
		return c.array(c.fail(ErrShape, "%d bytes do not fill the shape %v of %s", len(data), shape, d))
	}
	h := lower.NewHost(data)
	if release != nil {
		guard := runtime.AddCleanup(h, func(release func()) { release() }, release)
		h.Own(func() { guard.Stop(); release() }, guard.Stop)
	}
	return c.array(c.dense(ir.DType(d), h, shape))
}

// Chunking is an option for packages that make arrays in chunks: set changes what the
// target that holds such arrays is told. The sinks are those of the Arrays of a tree.
func Chunking(set func(*lower.Chunking)) EvalOption {
	return evalOption(func(c *evalConfig) {
		if set == nil {
			return
		}
		own := lower.Chunking{}
		if c.run.Chunks != nil {
			own = *c.run.Chunks
		}
		set(&own)
		c.run.Chunks = &own
	})
}

// ChunkingOf returns what options tell the target that holds arrays in chunks.
func ChunkingOf(opts ...EvalOption) lower.Chunking {
	if c := configOf(opts).run.Chunks; c != nil {
		return *c
	}
	return lower.Chunking{}
}

// Bytes returns a concrete Array's own memory in the processor's byte order, read only:
// for writers of files. It is an error where AliasValues is.
func Bytes(v Array) ([]byte, error) {
	c := begin("Bytes", v)
	if err := v.error(); err != nil {
		return nil, c.placed(err)
	}
	a, err := c.alias(v)
	if err != nil {
		return nil, err
	}
	return bytesOf(a), nil
}

// RandomBits returns an Array of random bits, Uint32 or Uint64: element number e in
// row-major order is Philox 4x32-10 of e under the key, an Array of two uint64. The bits
// depend on the key, e and the dtype alone. Package random makes numbers of them.
func RandomBits(key Array, shape Shape, d DType) Array {
	c := begin("RandomBits", key)
	n := c.in(key)
	if isFailed(n) {
		return c.array(n)
	}
	if bad := c.computable(d); bad != nil {
		return c.array(bad)
	}
	return c.array(c.node(ir.OpRandBits, &ir.Attr{Shape: dims(shape), DType: ir.DType(d)}, n))
}
