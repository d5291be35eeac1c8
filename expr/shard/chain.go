package shard

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"slices"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
)

// chain is how the elements of a chunk are bytes of a file: the codecs of Zarr.
type chain struct {
	axes []int    // the chunk's axes in the order in which they are stored; nil: row-major
	swap int      // bytes of what is in the other byte order (half a complex number); 0: nothing is
	pack []string // gzip, zlib, zstd or crc32c, one applied after the other
}

// plain reports whether a file has the elements as memory has them.
func (c *chain) plain() bool { return c.axes == nil && c.swap == 0 && len(c.pack) == 0 }

// order notes the byte order of elements.
func (c *chain) order(d ir.DType, big bool) {
	native := binary.NativeEndian.Uint16([]byte{1, 0}) == 1 // little
	c.swap = 0
	if size := d.Size(); big == native && size > 1 {
		if d.Kind() == ir.KindComplex {
			size /= 2
		}
		c.swap = size
	}
}

// transpose notes the order in which axes are stored: of those that were transposed before.
func (c *chain) transpose(axes []int) error {
	for d := range axes {
		if !slices.Contains(axes, d) {
			return fmt.Errorf("%v is no order of axes", axes)
		}
	}
	was := c.axes
	c.axes = slices.Clone(axes)
	for i, d := range axes {
		if was != nil {
			c.axes[i] = was[d]
		}
	}
	return nil
}

// decode reads the elements of a chunk, which must be as many as data has, as they are
// stored: in the processor's byte order, but not of the axes' order.
func (c *chain) decode(f io.Reader, data []byte) error {
	r, done := f, func() {}
	for _, name := range slices.Backward(c.pack) {
		var err error
		was := done
		var more func()
		if r, more, err = unpack(name, r); err != nil {
			was()
			return fmt.Errorf("%s: %w", name, err)
		}
		done = func() { more(); was() }
	}
	defer func() { done() }()
	if n, err := io.ReadFull(r, data); err != nil {
		return fmt.Errorf("%d bytes of %d: %w", n, len(data), err)
	}
	if n, err := io.Copy(io.Discard, io.LimitReader(r, 1)); err != nil {
		return err
	} else if n > 0 {
		return fmt.Errorf("more than %d bytes", len(data))
	}
	if c.swap > 0 {
		for i := 0; i < len(data); i += c.swap {
			slices.Reverse(data[i : i+c.swap])
		}
	}
	return nil
}

// copyPart copies a part of a chunk, whose stored elements are in data, to dst, which has those of box.
func (c *chain) copyPart(dst []byte, box *ir.Box, data []byte, own, part *ir.Box, d ir.DType) {
	size := int64(d.Size())
	if c.axes == nil {
		lower.CopyBox(dst, box, data, own, part, size)
		return
	}
	a := lower.Array{DType: d, Buf: lower.NewHost(data), Strides: make([]int64, len(c.axes)), Part: own}
	step := int64(1)
	for _, axis := range slices.Backward(c.axes) {
		a.Strides[axis] = step
		a.Offset -= own.Lo[axis] * step
		step *= own.Hi[axis] - own.Lo[axis]
	}
	a.Extents = own.Hi
	if part.Contains(*box) {
		lower.Gather(&a, part, dst)
		return
	}
	rows := make([]byte, part.Size()*size)
	lower.Gather(&a, part, rows)
	lower.CopyBox(dst, box, rows, part, part, size)
}

// castagnoli is the polynomial of Zarr's checksums.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// errChecksum tells that bytes are not those that were written.
var errChecksum = errors.New("the checksum is that of other bytes")

// checksummed reads what stands before a checksum of four bytes, and checks it at its end.
type checksummed struct {
	r   *bufio.Reader
	sum hash.Hash32
}

func newChecksummed(r io.Reader) *checksummed {
	return &checksummed{bufio.NewReaderSize(r, 64<<10), crc32.New(castagnoli)}
}

// Read reads, but the last four bytes.
func (c *checksummed) Read(p []byte) (int, error) {
	b, err := c.r.Peek(min(len(p)+4, c.r.Size()))
	if n := len(b) - 4; n > 0 {
		copy(p, b[:n])
		c.sum.Write(b[:n])
		_, err := c.r.Discard(n)
		return n, err
	}
	switch {
	case err == nil: // nothing was asked for
		return 0, nil
	case err != io.EOF:
		return 0, err
	case len(b) < 4:
		return 0, fmt.Errorf("no checksum: %w", io.ErrUnexpectedEOF)
	case binary.LittleEndian.Uint32(b) != c.sum.Sum32():
		return 0, errChecksum
	}
	return 0, io.EOF
}
