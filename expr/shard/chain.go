package shard

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
	"sync"

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
func (c *chain) decode(f *io.SectionReader, data []byte) error {
	if err := c.unpack(f, data); err != nil {
		return err
	}
	if c.swap > 0 {
		for i := 0; i < len(data); i += c.swap {
			slices.Reverse(data[i : i+c.swap])
		}
	}
	return nil
}

// unpack reads the bytes that were packed.
func (c *chain) unpack(f *io.SectionReader, data []byte) error {
	if most := c.room(len(c.pack), len(data)); f.Size() > int64(most) {
		return fmt.Errorf("%d bytes, one of %d has %d packed at most", f.Size(), len(data), most)
	}
	packed := buffer(int(f.Size()))
	defer func() { buffers.Put(packed) }()
	src := *packed
	if _, err := io.ReadFull(f, src); err != nil {
		return err
	}
	for i, name := range slices.Backward(c.pack) {
		dst, into := data, (*[]byte)(nil)
		if i > 0 && name != "crc32c" {
			into = buffer(c.room(i, len(data)))
			dst = *into
		}
		out, err := unpack(name, src, dst)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if src = out; into != nil {
			buffers.Put(packed)
			packed = into
		}
	}
	switch {
	case len(src) > len(data):
		return fmt.Errorf("more than %d bytes", len(data))
	case len(src) < len(data):
		return fmt.Errorf("%d bytes of %d", len(src), len(data))
	case len(data) > 0 && &src[0] != &data[0]:
		copy(data, src)
	}
	return nil
}

// room returns how many bytes the first n codecs make of size bytes at most: what a file
// says is not believed beyond that.
func (c *chain) room(n, size int) int {
	for _, name := range c.pack[:n] {
		if size += 4; name != "crc32c" {
			size += size/8 + 1<<10
		}
	}
	return size
}

// buffers have the bytes of packed chunks.
var buffers sync.Pool

// buffer returns memory from there for so many bytes.
func buffer(size int) *[]byte {
	b, ok := buffers.Get().(*[]byte)
	if !ok || cap(*b) < size {
		b = new(make([]byte, size))
	}
	*b = (*b)[:size]
	return b
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

// checked returns what stands before a checksum of four bytes.
func checked(b []byte) ([]byte, error) {
	n := len(b) - 4
	if n < 0 {
		return nil, fmt.Errorf("no checksum: %w", io.ErrUnexpectedEOF)
	}
	if binary.LittleEndian.Uint32(b[n:]) != crc32.Checksum(b[:n], castagnoli) {
		return nil, errChecksum
	}
	return b[:n], nil
}
