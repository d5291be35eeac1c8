package sharded

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
)

// node is one array: where its elements come from. Exactly one of host, parted, source, launch
// and from is set; nodes do not change, but that results are kept once they are computed.
type node struct {
	dtype   ir.DType
	extents []int64
	format  *ir.Format    // how elements are stored; nil: all are
	host    *lower.Array  // in memory
	parted  lower.Parted  // in memory, sparse
	source  lower.Chunked // at rest, or from a generator
	launch  *launch       // computed
	out     int           // by it: the operand
	from    *node         // the same elements, cut along grid
	grid    grid          // of source and from; else the plan decides
	kept    atomic.Pointer[kept]
}

func (n *node) bytes() int64 {
	if n.parted != nil {
		return n.parted.Size()
	}
	if n.format.Sparse() {
		return 0 // nobody knows before it is there
	}
	b := int64(n.dtype.Size())
	for _, e := range n.extents {
		b *= e
	}
	return b
}

// name says what the node is.
func (n *node) name() string {
	switch {
	case n.host != nil:
		return "memory"
	case n.parted != nil:
		return "memory, " + n.format.String()
	case n.source != nil:
		return n.source.String()
	case n.launch != nil:
		return n.launch.code.k.Name
	}
	return "chunks of " + n.from.name()
}

// kept are the chunks of a result: in memory, or on the shelf.
type kept struct {
	dtype  ir.DType
	grid   grid
	chunks []stored
	arena  *arena
	shelf  shelf
	gone   sync.Once
}

// stored is a chunk's elements.
type stored struct {
	data []byte       // in memory
	part *lower.Array // of a sparse result, which has no other memory; data is empty
	slot slot         // else on the shelf
}

// read copies a box of chunk i to dst, an array of the positions of to.
func (k *kept) read(i int64, box *ir.Box, dst []byte, to *ir.Box) error {
	var b ir.Box
	k.grid.box(i, &b)
	return k.chunks[i].read(k.shelf, box, &b, dst, to, int64(k.dtype.Size()))
}

// read copies a box of the chunk, whose positions are those of own, to an array with the
// positions of to.
func (s *stored) read(from shelf, box, own *ir.Box, dst []byte, to *ir.Box, size int64) error {
	if s.data != nil {
		lower.CopyBox(dst, to, s.data, own, box, size)
		return nil
	}
	var err error
	lower.Runs(box, to, own, func(inDst, inChunk, n int64) {
		if err == nil {
			err = from.read(s.slot, dst[inDst*size:(inDst+n)*size], inChunk*size)
		}
	})
	return err
}

// release gives the memory and the shelf's room back.
func (k *kept) release() {
	k.gone.Do(func() {
		for i := range k.chunks {
			if c := &k.chunks[i]; c.data != nil {
				k.arena.put(c.data)
			} else if k.shelf != nil {
				k.shelf.drop(c.slot)
			}
		}
		k.chunks = nil
	})
}

// buffer is the array of a value as programs see it: which node it is changes when a
// launch writes it.
type buffer struct {
	mu   sync.Mutex
	n    *node // nil: closed
	size int64
}

func newBuffer(n *node) *buffer {
	return &buffer{n: n, size: n.bytes()}
}

// node returns what the buffer holds.
func (b *buffer) node() (*node, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.n == nil {
		return nil, errors.New("sharded: the array is closed")
	}
	return b.n, nil
}

func (b *buffer) set(n *node) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.n = n
}

// Size returns the bytes of all elements.
func (b *buffer) Size() int64 { return b.size }

// Close gives the buffer's share of the chunks back: the last one to leave frees them.
func (b *buffer) Close() error {
	b.set(nil)
	return nil
}

// Chunks returns where chunks end; nil when nothing is computed yet.
func (b *buffer) Chunks() [][]int64 {
	n, err := b.node()
	if err != nil {
		return nil
	}
	if k := n.kept.Load(); k != nil {
		return k.grid
	}
	return n.grid
}

// Read copies the elements at positions lo to hi of what is there: a result, or a source.
func (b *buffer) Read(ctx context.Context, lo, hi []int64, dst []byte) error {
	n, err := b.node()
	if err != nil {
		return err
	}
	box := ir.Box{Lo: lo, Hi: hi}
	if size := box.Size() * int64(n.dtype.Size()); size != int64(len(dst)) {
		return fmt.Errorf("sharded: %d bytes for %d", len(dst), size)
	}
	k := n.kept.Load()
	switch {
	case k != nil:
	case n.source != nil:
		return n.source.Read(ctx, lo, hi, dst)
	case n.host != nil:
		lower.Gather(n.host, &box, dst)
		return nil
	default:
		return errors.New("sharded: the array is not computed yet")
	}
	defer runtime.KeepAlive(n)
	var part, own ir.Box
	k.grid.each(&box, func(chunk int64) {
		k.grid.box(chunk, &own)
		meet(&part, &own, &box)
		if err == nil {
			err = k.read(chunk, &part, dst, &box)
		}
	})
	return err
}

// Packed reports whether chunks are read as a whole.
func (b *buffer) Packed() bool {
	n, err := b.node()
	return err == nil && n.source != nil && n.source.Packed()
}

// String says what the array is.
func (b *buffer) String() string { return "an array in chunks" }

// keep gives a node its chunks. They are given back when nobody refers to it any more.
func (n *node) keep(k *kept) {
	n.kept.Store(k)
	n.launch, n.from = nil, nil // what it was computed from need not stay
	n.grid = k.grid
	runtime.AddCleanup(n, func(k *kept) { k.release() }, k)
}
