package lower

import (
	"context"
	"errors"
	"io"

	"github.com/numen-go/numen/ir"
)

// Holder is a target with arrays of its own kind: sparse, in chunks, on a device,
// compressed. Its kernels read and write its own arrays, and read dense ones of the host
// beside them. The buffer of such an Array is the holder's own type and its Format says so; DType
// and Extents are as ever, Offset and Strides are not used.
type Holder interface {
	Target
	// Home returns the format of the arrays in which a program that is sent to the target
	// by name is held, nil when the target takes the arrays of such a program as they are.
	Home() *ir.Format
	// Holds reports whether arrays of a format, which is not nil, are the target's.
	Holds(f *ir.Format) bool
	// Make returns an array for a kernel to write: its elements are undefined until then.
	// Nothing is taken for elements that a format stores where it needs them.
	Make(ctx context.Context, t ir.Type, extents []int64) (*Array, error)
	// Convert returns an array's elements in another format. One of the formats, a's and
	// the wanted one, is the target's, the other is too or nil: dense on the host. Where
	// both are the target's, what computes a may not be finished.
	Convert(ctx context.Context, a *Array, to *ir.Format) (*Array, error)
	// Finish returns when the results of launches are complete, or with their error: a
	// target may do the work of a launch now that it was only told of then. What it may
	// hold while it works is bounded; the bound is checked before the work begins. Where
	// b.Chunks names a sink for a result, the result goes there and is read from there.
	Finish(ctx context.Context, results []*Array, b *Bounds) error
}

// ErrMemory is in the error of a run that a bound on memory does not suffice for.
var ErrMemory = errors.New("memory bound exceeded")

// Bounds are what a run may take.
type Bounds struct {
	Threads int                                  // workers to use; 0 means 1
	Memory  int64                                // bytes to hold beyond the inputs; 0: no bound
	Watch   func(done, total int64, task string) // progress; nil: nobody looks
	Chunks  *Chunking                            // what else is asked of arrays in chunks; nil: nothing
}

// Parted is the buffer of an array that is in memory and not dense: a sparse one. Tasks of
// a plan in chunks take parts of it, and it is made again of parts.
type Parted interface {
	Buffer
	// Part returns the elements inside of a box as an array of the box's extents.
	Part(b *ir.Box) (*Array, error)
	// Join gives an array, which nothing was written to yet, the elements of parts: part i
	// is the box at[i], and boxes have every position once.
	Join(parts []*Array, at []ir.Box) error
	// Digest writes all that says which elements the array has.
	Digest(w io.Writer)
}

// SparseName is the name of the target that has sparse arrays of the host.
const SparseName = "sparse"

// HolderName returns the name of the target that has arrays of a format, "" for dense ones
// of the host.
func HolderName(f *ir.Format) string {
	switch {
	case f == nil:
		return ""
	case f.Device != "":
		return f.Device
	}
	return SparseName
}
