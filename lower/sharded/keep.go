package sharded

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
)

// keeper is a directory of what tasks have finished, for runs that go on where one was
// ended. A file is named by what it holds: the kernels and numbers that its elements come
// from, the inputs, and the box; so a run with another bound or other chunks finds what it
// has in common with the one before, and what does not fit is not found. A file is written
// under another name first and has its length and a checksum at its end: what a crash left
// of one is not taken for whole.
type keeper struct {
	dir string
	ids map[*node]identity
}

// identity names elements.
type identity [16]byte

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// trailer is what stands at the end of a file: length, checksum and a mark.
const trailer = 16

const keepMark = 0x316b6e6e // nnk1

func openKeeper(dir string) (*keeper, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("sharded: what is finished cannot be kept: %w", err)
	}
	return &keeper{dir: dir, ids: map[*node]identity{}}, nil
}

func (k *keeper) name(id identity) string { return filepath.Join(k.dir, hex.EncodeToString(id[:])) }

// put keeps elements.
func (k *keeper) put(id identity, data []byte) (err error) {
	end := make([]byte, 0, trailer)
	end = binary.LittleEndian.AppendUint64(end, uint64(len(data)))
	end = binary.LittleEndian.AppendUint32(end, crc32.Checksum(data, castagnoli))
	end = binary.LittleEndian.AppendUint32(end, keepMark)
	name := k.name(id)
	f, err := os.Create(name + ".tmp")
	if err != nil {
		return fmt.Errorf("what is finished cannot be kept: %w", err)
	}
	_, err = f.Write(data)
	if err == nil {
		_, err = f.Write(end)
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(name+".tmp", name)
	}
	if err != nil {
		os.Remove(name + ".tmp")
		return fmt.Errorf("what is finished cannot be kept: %w", err)
	}
	return nil
}

// has reports whether elements of so many bytes are kept, as they were put.
func (k *keeper) has(id identity, size int64) bool {
	f, err := os.Open(k.name(id))
	if err != nil {
		return false
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || info.Size() != size+trailer {
		return false
	}
	sum := crc32.New(castagnoli)
	if _, err := io.CopyN(sum, f, size); err != nil {
		return false
	}
	return checkTrailer(f, size, sum.Sum32()) == nil
}

func checkTrailer(f io.Reader, size int64, sum uint32) error {
	var end [trailer]byte
	if _, err := io.ReadFull(f, end[:]); err != nil {
		return err
	}
	if binary.LittleEndian.Uint64(end[:]) != uint64(size) || binary.LittleEndian.Uint32(end[8:]) != sum || binary.LittleEndian.Uint32(end[12:]) != keepMark {
		return errors.New("it is damaged")
	}
	return nil
}

// get reads elements that are kept.
func (k *keeper) get(id identity, dst []byte) error {
	f, err := os.Open(k.name(id))
	if err == nil {
		defer f.Close()
		if _, err = io.ReadFull(f, dst); err == nil {
			err = checkTrailer(f, int64(len(dst)), crc32.Checksum(dst, castagnoli))
		}
	}
	if err != nil {
		return fmt.Errorf("what was finished before cannot be read: %s: %w", k.name(id), err)
	}
	return nil
}

// stored reports whether a chunk of a sink is as it was when note was called.
func (k *keeper) stored(id identity, sink lower.Sink, b *ir.Box) bool {
	var was [8]byte
	if !k.has(id, 8) || k.get(id, was[:]) != nil {
		return false
	}
	sum, err := sink.Sum(b.Lo, b.Hi)
	return err == nil && sum == binary.LittleEndian.Uint64(was[:])
}

// note keeps that a chunk is in a sink.
func (k *keeper) note(id identity, sink lower.Sink, b *ir.Box) error {
	sum, err := sink.Sum(b.Lo, b.Hi)
	if errors.Is(err, fs.ErrNotExist) && b.Empty() {
		return nil
	}
	if err != nil {
		return err
	}
	return k.put(id, binary.LittleEndian.AppendUint64(nil, sum))
}

// boxed names a box of elements; what says how they are meant where that is not all.
func (id identity) boxed(b *ir.Box, what string, more ...int64) identity {
	h := newNamer()
	h.Write(id[:])
	h.numbers(b.Lo...)
	h.numbers(b.Hi...)
	h.text(what)
	h.numbers(more...)
	return h.name()
}

// of names all elements of a node. How they are cut does not count: it changes no bit.
func (k *keeper) of(n *node) (identity, error) {
	if id, ok := k.ids[n]; ok {
		return id, nil
	}
	h := newNamer()
	h.text(n.dtype.Name())
	h.numbers(n.extents...)
	var err error
	switch {
	case n.kept.Load() != nil:
		err = k.results(h, n.kept.Load())
	case n.host != nil:
		k.host(h, n)
	case n.parted != nil:
		n.parted.Digest(h)
	case n.source != nil:
		x, ok := n.source.(lower.Identified)
		if !ok {
			return identity{}, fmt.Errorf("sharded: what is finished cannot be kept: nobody can tell whether %s has the same elements in another run", n.source)
		}
		var id string
		id, err = x.Identity()
		h.text(id)
	case n.from != nil:
		return k.of(n.from)
	default:
		l := n.launch
		h.text(l.code.k.String())
		h.numbers(l.dims...)
		for _, s := range l.scalars {
			h.numbers(int64(s))
		}
		h.numbers(int64(n.out))
		for _, in := range l.in {
			if in == nil || err != nil {
				continue
			}
			var id identity
			id, err = k.of(in)
			h.Write(id[:])
		}
	}
	if err != nil {
		return identity{}, err
	}
	k.ids[n] = h.name()
	return k.ids[n], nil
}

// host reads an array in memory, row after row.
func (k *keeper) host(h *namer, n *node) {
	if len(n.extents) == 0 {
		data := make([]byte, n.bytes())
		lower.Gather(n.host, &ir.Box{}, data)
		h.Write(data)
		return
	}
	if n.bytes() == 0 {
		return
	}
	row := n.bytes() / n.extents[0]
	step := max((1<<20)/row, 1)
	data := make([]byte, min(step, n.extents[0])*row)
	b := ir.Box{Lo: make([]int64, len(n.extents)), Hi: slices.Clone(n.extents)}
	for i := int64(0); i < n.extents[0]; i += step {
		b.Lo[0], b.Hi[0] = i, min(i+step, n.extents[0])
		part := data[:(b.Hi[0]-i)*row]
		lower.Gather(n.host, &b, part)
		h.Write(part)
	}
}

// results reads chunks that a run before has left.
func (k *keeper) results(h *namer, kept *kept) error {
	var b ir.Box
	for i := range kept.chunks {
		kept.grid.box(int64(i), &b)
		h.numbers(b.Hi...)
		data := make([]byte, b.Size()*int64(kept.dtype.Size()))
		if err := kept.read(int64(i), &b, data, &b); err != nil {
			return err
		}
		h.Write(data)
	}
	return nil
}

// namer makes a name of parts.
type namer struct{ hash.Hash }

func newNamer() *namer { return &namer{sha256.New()} }

func (h *namer) numbers(x ...int64) {
	var b bytes.Buffer
	binary.Write(&b, binary.LittleEndian, int64(len(x)))
	binary.Write(&b, binary.LittleEndian, x)
	h.Write(b.Bytes())
}

func (h *namer) text(s string) {
	h.numbers(int64(len(s)))
	h.Write([]byte(s))
}

func (h *namer) name() (id identity) {
	copy(id[:], h.Sum(nil))
	return id
}
