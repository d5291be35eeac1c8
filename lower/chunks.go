package lower

import "context"

// Chunked is a buffer whose array is cut into chunks along a grid and read box by box:
// data in files, from a generator, or what a target with such arrays has computed. Makers
// of arrays implement it, so that no target needs to know where chunks come from. It is
// safe for many goroutines.
type Chunked interface {
	Buffer
	// Chunks returns where chunks end along each axis: ascending, the last is the extent.
	// The caller does not change them.
	Chunks() [][]int64
	// Read writes the elements at positions lo to hi into dst, row-major.
	Read(ctx context.Context, lo, hi []int64, dst []byte) error
	// Packed reports whether a part of a chunk costs as much to read as the whole, as
	// where chunks are compressed.
	Packed() bool
	// String says where the chunks come from.
	String() string
}
