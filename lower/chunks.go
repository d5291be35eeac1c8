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

// Sink is a Chunked that is written: where a result goes that is never whole in memory.
// It is safe for many goroutines.
type Sink interface {
	Chunked
	// Write takes the elements of one chunk, at positions lo to hi. It may be repeated: a
	// chunk is there as a whole or not at all.
	Write(ctx context.Context, lo, hi []int64, src []byte) error
	// Sum returns a checksum of a chunk as it is stored, fs.ErrNotExist where it is not.
	Sum(lo, hi []int64) (uint64, error)
	// Complete is told when all chunks are written.
	Complete() error
}

// Identified is a Chunked whose elements can be known again in another process: equal
// identities mean equal elements.
type Identified interface {
	// Identity names the elements, or says why that cannot be done.
	Identity() (string, error)
}

// Chunking is what a run of arrays in chunks may be told beside its bounds.
type Chunking struct {
	Sinks []Sink                                   // by result: where it goes; nil: it is held
	Keep  string                                   // a directory for what tasks have finished, so that a run may be resumed; "": none
	Spill string                                   // a directory for chunks that memory does not hold; "": the system's
	Plan  func(ctx context.Context, p *Plan) error // gets the plan before anything runs; its error ends the run
	Event func(Event)                              // gets what happens to tasks, one call at a time; it must not wait
}
