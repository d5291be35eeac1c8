package shard

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"sync"
	"time"
)

// shards are files of several chunks each, which an index in the file finds.
type shards struct {
	chunks []int64 // along each axis of a file
	first  bool    // the index stands before the chunks, not after them
	index  chain
	big    bool // the index is in big-endian order

	mu    sync.Mutex
	known map[string]*shardIndex // of files read lately
}

// shardIndex is the index of a file as it was.
type shardIndex struct {
	words []uint64 // of each chunk where it starts and how long it is
	size  int64
	time  time.Time
}

// indexes is how many indexes are remembered.
const indexes = 64

// none is the place of a chunk that is not there.
const none = math.MaxUint64

// shard notes that files are shards: the chunks of the grid are the files', and those that
// are read are in them.
func (z *zarr) shard(c *codecInfo) error {
	if z.codec.axes != nil {
		return errors.New("shards of transposed chunks cannot be read")
	}
	if len(c.Shape) != len(z.chunk) {
		return fmt.Errorf("chunks %v in shards %v", c.Shape, z.chunk)
	}
	s := &shards{known: map[string]*shardIndex{}}
	count := int64(1)
	for d, n := range c.Shape {
		if n <= 0 || z.chunk[d] <= 0 || z.chunk[d]%n != 0 {
			return fmt.Errorf("chunks %v in shards %v", c.Shape, z.chunk)
		}
		s.chunks = append(s.chunks, z.chunk[d]/n)
		if count *= z.chunk[d] / n; count > math.MaxInt32/16 {
			return fmt.Errorf("%v chunks in a shard", s.chunks)
		}
	}
	switch c.Location {
	case "start":
		s.first = true
	case "", "end":
	default:
		return fmt.Errorf("index location %q", c.Location)
	}
	for i, x := range c.Index {
		switch {
		case i == 0 && x.Name == "bytes":
			s.big = x.Configuration.Endian == "big"
		case i > 0 && x.Name == "crc32c":
			s.index.pack = append(s.index.pack, x.Name)
		default:
			return fmt.Errorf("index codec %q at place %d cannot be read", x.Name, i)
		}
	}
	z.shards, z.chunk = s, c.Shape
	return z.codecs(c.Codecs)
}

// find returns the bytes of a chunk in a file. A chunk that is not there is an fs.ErrNotExist.
func (s *shards) find(name string, f *os.File, info fs.FileInfo, at []int64) (*io.SectionReader, error) {
	index, err := s.indexOf(name, f, info)
	if err != nil {
		return nil, fmt.Errorf("index: %w", err)
	}
	place := int64(0)
	for d, i := range at {
		place = place*s.chunks[d] + i%s.chunks[d]
	}
	offset, n := index.words[2*place], index.words[2*place+1]
	if offset == none && n == none {
		return nil, fs.ErrNotExist
	}
	if size := uint64(info.Size()); offset > size || n > size-offset {
		return nil, fmt.Errorf("%d bytes at %d of a file of %d", n, offset, size)
	}
	return io.NewSectionReader(f, int64(offset), int64(n)), nil
}

// indexOf returns the index of a file.
func (s *shards) indexOf(name string, f *os.File, info fs.FileInfo) (*shardIndex, error) {
	s.mu.Lock()
	x := s.known[name]
	s.mu.Unlock()
	if x != nil && x.size == info.Size() && x.time.Equal(info.ModTime()) {
		return x, nil
	}
	count := int64(2)
	for _, n := range s.chunks {
		count *= n
	}
	size, start := 8*count+4*int64(len(s.index.pack)), int64(0)
	if !s.first {
		start = info.Size() - size
	}
	if info.Size() < size {
		return nil, fmt.Errorf("a file of %d bytes, an index has %d", info.Size(), size)
	}
	text := make([]byte, 8*count)
	if err := s.index.decode(io.NewSectionReader(f, start, size), text); err != nil {
		return nil, err
	}
	x = &shardIndex{words: make([]uint64, count), size: info.Size(), time: info.ModTime()}
	order := binary.ByteOrder(binary.LittleEndian)
	if s.big {
		order = binary.BigEndian
	}
	if err := binary.Read(bytes.NewReader(text), order, x.words); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.known) >= indexes {
		clear(s.known)
	}
	s.known[name] = x
	return x, nil
}
