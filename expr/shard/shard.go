package shard

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	np "github.com/numen-go/numen/expr"
	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
)

func init() { np.Helper() }

// format is that of arrays which the target "sharded" holds.
var format = &ir.Format{Device: "sharded"}

// New returns an array of chunks from anywhere: what brings its own kind of storage
// implements lower.Chunked.
func New(d np.DType, shape np.Shape, chunks lower.Chunked) np.Array {
	dims := make([]ir.Dim, len(shape))
	for i, n := range shape {
		dims[i] = ir.N(n)
	}
	return np.Leaf(ir.Type{DType: ir.DType(d), Shape: dims, Format: format}, chunks)
}

// FromArray returns a concrete array of the host cut into chunks, without copying it.
func FromArray(a np.Array, chunks ...int) (np.Array, error) {
	data, err := np.Bytes(a)
	if err != nil {
		return np.Array{}, err
	}
	same := func() (string, error) {
		sum := sha256.Sum256(data)
		return hex.EncodeToString(sum[:]), nil
	}
	return generated("shard.FromArray", "memory", a.DType(), a.Shape(), chunks, a, same, func(_ context.Context, lo, hi []int64, dst []byte) error {
		whole := ir.Box{Lo: make([]int64, len(lo)), Hi: extents(a.Shape())}
		box := ir.Box{Lo: lo, Hi: hi}
		lower.CopyBox(dst, &box, data, &whole, &box, int64(ir.DType(a.DType()).Size()))
		return nil
	})
}

// Generate returns an array whose elements f makes: it writes those at positions lo to hi,
// row-major and in the processor's byte order, to dst. It is called from many goroutines,
// for any part of the array, and must always make the same elements.
func Generate(d np.DType, shape np.Shape, chunks []int, f func(lo, hi []int64, dst []byte) error) (np.Array, error) {
	return generated("shard.Generate", "a generator", d, shape, chunks, nil, nil, func(_ context.Context, lo, hi []int64, dst []byte) error { return f(lo, hi, dst) })
}

// generator is an array that a function makes box by box.
type generator struct {
	what string
	size int64
	ends [][]int64
	read func(ctx context.Context, lo, hi []int64, dst []byte) error
	keep any                    // what the function reads
	same func() (string, error) // names the elements; nil: it cannot be known
}

func generated(fn, what string, d np.DType, shape np.Shape, chunks []int, keep any, same func() (string, error), read func(ctx context.Context, lo, hi []int64, dst []byte) error) (np.Array, error) {
	ends, err := regular(extents(shape), chunks)
	if err != nil {
		return failed(fn, err)
	}
	g := &generator{what: what, size: int64(ir.DType(d).Size()), ends: ends, read: read, keep: keep, same: same}
	for _, n := range shape {
		g.size *= int64(n)
	}
	a := New(d, shape, g)
	return a, a.Err()
}

func (g *generator) Size() int64       { return g.size }
func (g *generator) Close() error      { return nil }
func (g *generator) Chunks() [][]int64 { return g.ends }
func (g *generator) Packed() bool      { return false }
func (g *generator) String() string    { return g.what }

// Identity names the elements where they are known to be the same in every run.
func (g *generator) Identity() (string, error) {
	if g.same == nil {
		return "", fmt.Errorf("nobody can tell whether %s makes the same elements in another run", g.what)
	}
	return g.same()
}

// Read has the elements made.
func (g *generator) Read(ctx context.Context, lo, hi []int64, dst []byte) error {
	return g.read(ctx, lo, hi, dst)
}

// Rechunk returns an array in chunks cut anew, the elements as they are.
func Rechunk(a np.Array, chunks ...int) np.Array {
	const fn = "shard.Rechunk"
	if err := a.Err(); err != nil {
		return a
	}
	if _, err := regular(extents(a.Shape()), chunks); err != nil {
		return np.Fail(fn, np.ErrShape, "%v", err)
	}
	f := &ir.Format{Device: format.Device}
	for _, n := range chunks {
		f.Chunks = append(f.Chunks, ir.N(n))
	}
	return np.Call(fn, ir.OpConvert, &ir.Attr{Format: f}, a)
}

// Chunks returns where the chunks of a concrete array end along each axis.
func Chunks(a np.Array) ([][]int64, error) {
	c, err := chunksOf(a)
	if err != nil {
		_, err = failed("shard.Chunks", err)
		return nil, err
	}
	return c.Chunks(), nil
}

// chunksOf returns the chunks that a concrete array is made of.
func chunksOf(a np.Array) (lower.Chunked, error) {
	if err := a.Err(); err != nil {
		return nil, err
	}
	if n := np.NodeOf(a); n != nil {
		if x, ok := n.Data.(*lower.Array); ok {
			if c, ok := x.Buf.(lower.Chunked); ok {
				return c, nil
			}
		}
	}
	return nil, errors.New("the array is not in chunks: evaluate it first")
}

func extents(shape np.Shape) []int64 {
	out := make([]int64, len(shape))
	for i, n := range shape {
		out[i] = int64(n)
	}
	return out
}

// regular returns where equal chunks end.
func regular(extents []int64, chunks []int) ([][]int64, error) {
	if len(chunks) != len(extents) {
		return nil, fmt.Errorf("chunks %v for an array of %d axes", chunks, len(extents))
	}
	ends := make([][]int64, len(extents))
	for d, n := range extents {
		if chunks[d] <= 0 {
			return nil, fmt.Errorf("chunks of %d along axis %d", chunks[d], d)
		}
		for end := int64(chunks[d]); end < n; end += int64(chunks[d]) {
			ends[d] = append(ends[d], end)
		}
		ends[d] = append(ends[d], n)
	}
	return ends, nil
}

// failed returns the error of a call at its user's line.
func failed(fn string, err error) (np.Array, error) {
	var own *np.Error
	if errors.As(err, &own) {
		return np.Array{}, err
	}
	a := np.Fail(fn, err, "%v", err)
	return a, a.Err()
}
