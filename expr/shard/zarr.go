package shard

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	np "github.com/numen-go/numen/expr"
	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
)

// zarr is an array in a Zarr directory, of version 3 or 2.
type zarr struct {
	dir       string
	shown     string // its name when it is complete, where that is another
	meta      []byte // the text that describes it
	dtype     ir.DType
	shape     []int64
	chunk     []int64 // of a shard's chunks, where there are shards
	shards    *shards // files of several chunks; nil: a file is a chunk
	ends      [][]int64
	prefix    string // of a chunk's name: c/ or nothing
	separator string // of the numbers in it
	codec     chain
	fill      []byte // an element of chunks that are not there; nil: they must be
	buffers   sync.Pool
}

// FromZarr returns the array in a Zarr directory: version 3 or 2; uncompressed, gzip, zlib,
// zstd or blosc, with checksums, in shards, in any order of axes and bytes. Nothing but the
// metadata is read. A chunk that is not there has the fill value, as Zarr says; where there
// is none it is an error of the evaluation.
func FromZarr(dir string) (np.Array, error) {
	z, err := openZarr(dir)
	if err != nil {
		return failed("shard.FromZarr", fmt.Errorf("%s: %w", dir, err))
	}
	shape := make(np.Shape, len(z.shape))
	for i, n := range z.shape {
		shape[i] = int(n)
	}
	a := New(np.DType(z.dtype), shape, z)
	return a, a.Err()
}

func openZarr(dir string) (*zarr, error) {
	text, err := os.ReadFile(filepath.Join(dir, "zarr.json"))
	if err == nil {
		return parse3(dir, text)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if text, err = os.ReadFile(filepath.Join(dir, ".zarray")); err == nil {
		return parse2(dir, text)
	}
	if _, group := os.Stat(filepath.Join(dir, ".zgroup")); group == nil {
		return nil, fmt.Errorf("a group, not an array%s", members(dir))
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errors.New("no Zarr array: neither zarr.json nor .zarray is there")
	}
	return nil, err
}

// check checks the extents, and sets the grid and the fill value.
func (z *zarr) check(fill any) error {
	if len(z.chunk) != len(z.shape) {
		return fmt.Errorf("chunks %v of an array of shape %v", z.chunk, z.shape)
	}
	size := int64(z.dtype.Size())
	for d, n := range z.shape {
		if n < 0 || z.chunk[d] <= 0 {
			return fmt.Errorf("chunks %v of an array of shape %v", z.chunk, z.shape)
		}
		var ok bool
		if size, ok = ir.MulOK(size, z.chunk[d]); !ok || size > math.MaxInt64/16 {
			return fmt.Errorf("chunks %v are larger than can be addressed", z.chunk)
		}
	}
	if _, err := ir.Elements(dims(z.shape)); err != nil {
		return err
	}
	chunks := make([]int, len(z.chunk))
	for d, n := range z.chunk {
		chunks[d] = int(n)
	}
	var err error
	if z.ends, err = regular(z.shape, chunks); err != nil {
		return err
	}
	if fill == nil {
		return nil
	}
	z.fill, err = element(z.dtype, fill)
	return err
}

func dims(extents []int64) []ir.Dim {
	out := make([]ir.Dim, len(extents))
	for i, n := range extents {
		out[i] = ir.N(n)
	}
	return out
}

func (z *zarr) Size() int64 {
	n := int64(z.dtype.Size())
	for _, e := range z.shape {
		n *= e
	}
	return n
}

func (z *zarr) Close() error      { return nil }
func (z *zarr) Chunks() [][]int64 { return z.ends }
func (z *zarr) Packed() bool      { return z.shards != nil || !z.codec.plain() }
func (z *zarr) String() string    { return or(z.shown, z.dir) }

// Identity names the directory, its description and the length and time of every chunk.
func (z *zarr) Identity() (string, error) {
	dir, err := filepath.Abs(z.dir)
	if err != nil {
		return "", err
	}
	h := sha256.New()
	fmt.Fprintf(h, "%q %q", dir, z.meta)
	err = z.eachChunk(make([]int64, len(z.shape)), z.shape, func(at []int64, _, _ *ir.Box) error {
		info, err := os.Stat(z.name(at))
		if errors.Is(err, fs.ErrNotExist) {
			fmt.Fprintf(h, "%d none", at)
			return nil
		}
		if err == nil {
			fmt.Fprintf(h, "%d %d %d", at, info.Size(), info.ModTime().UnixNano())
		}
		return err
	})
	return hex.EncodeToString(h.Sum(nil)), err
}

// name returns the file of a chunk.
func (z *zarr) name(at []int64) string {
	var parts []string
	if z.prefix != "" {
		parts = append(parts, z.prefix)
	}
	for d, i := range at {
		if z.shards != nil {
			i /= z.shards.chunks[d]
		}
		parts = append(parts, strconv.FormatInt(i, 10))
	}
	if len(parts) == 0 {
		parts = append(parts, "0")
	}
	return filepath.Join(z.dir, filepath.FromSlash(strings.Join(parts, z.separator)))
}

// chunkBytes returns the bytes of a chunk: those at the end are as large as the others.
func (z *zarr) chunkBytes() int64 {
	n := int64(z.dtype.Size())
	for _, c := range z.chunk {
		n *= c
	}
	return n
}

// eachChunk calls f with every chunk of the positions lo to hi, what it has of the array's
// positions (the padding of those at the end included), and the part that is asked for.
func (z *zarr) eachChunk(lo, hi []int64, f func(at []int64, own, part *ir.Box) error) error {
	rank := len(lo)
	at := make([]int64, rank)
	own := ir.Box{Lo: make([]int64, rank), Hi: make([]int64, rank)}
	part := ir.Box{Lo: make([]int64, rank), Hi: make([]int64, rank)}
	var walk func(d int) error
	walk = func(d int) error {
		if d == rank {
			return f(at, &own, &part)
		}
		for at[d] = lo[d] / z.chunk[d]; at[d]*z.chunk[d] < hi[d]; at[d]++ {
			own.Lo[d], own.Hi[d] = at[d]*z.chunk[d], (at[d]+1)*z.chunk[d]
			part.Lo[d], part.Hi[d] = max(own.Lo[d], lo[d]), min(own.Hi[d], hi[d])
			if err := walk(d + 1); err != nil {
				return err
			}
		}
		return nil
	}
	return walk(0)
}

// Read reads the elements at positions lo to hi.
func (z *zarr) Read(ctx context.Context, lo, hi []int64, dst []byte) error {
	box := ir.Box{Lo: lo, Hi: hi}
	return z.eachChunk(lo, hi, func(at []int64, own, part *ir.Box) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		name := z.name(at)
		err := z.readChunk(name, at, own, part, dst, &box)
		if errors.Is(err, fs.ErrNotExist) {
			if z.fill == nil {
				return fmt.Errorf("shard: chunk %v of %s is missing, and there is no fill value", at, z.dir)
			}
			lower.Runs(part, &box, own, func(to, _, n int64) {
				size := int64(len(z.fill))
				for i := to; i < to+n; i++ {
					copy(dst[i*size:], z.fill)
				}
			})
			return nil
		}
		if err != nil && z.shards != nil {
			return fmt.Errorf("shard: chunk %v in %s: %w", at, name, err)
		}
		if err != nil {
			return fmt.Errorf("shard: chunk %s: %w", name, err)
		}
		return nil
	})
}

// readChunk copies the part of a chunk that is asked for.
func (z *zarr) readChunk(name string, at []int64, own, part *ir.Box, dst []byte, box *ir.Box) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	from := io.NewSectionReader(f, 0, info.Size())
	if z.shards != nil {
		if from, err = z.shards.find(name, f, info, at); err != nil {
			return err
		}
	}
	if want := z.chunkBytes(); len(z.codec.pack) == 0 && from.Size() != want {
		return fmt.Errorf("%d bytes, a chunk has %d", from.Size(), want)
	}
	if z.codec.plain() {
		return readRuns(from, dst, box, own, part, int64(z.dtype.Size()))
	}
	if z.codec.axes == nil && part.Contains(*own) && own.Contains(*box) { // the whole of one chunk is asked for
		return z.codec.decode(from, dst)
	}
	data := z.buffer()
	defer z.buffers.Put(data)
	if err := z.codec.decode(from, *data); err != nil {
		return err
	}
	z.codec.copyPart(dst, box, *data, own, part, z.dtype)
	return nil
}

// buffer returns memory for a chunk.
func (z *zarr) buffer() *[]byte {
	if b, ok := z.buffers.Get().(*[]byte); ok {
		return b
	}
	return new(make([]byte, z.chunkBytes()))
}

// A disk is kept busy by several reads at a time, of not too many bytes each.
const (
	readBytes = 1 << 20
	readers   = 4
)

// readRuns copies a part of a file that has the elements of own to dst, which has those of box.
func readRuns(f io.ReaderAt, dst []byte, box, own, part *ir.Box, size int64) error {
	type run struct{ to, from, n int64 } // in bytes
	var runs []run
	lower.Runs(part, box, own, func(to, from, n int64) {
		to, from, n = to*size, from*size, n*size
		for n > 0 {
			k := min(n, readBytes)
			runs = append(runs, run{to, from, k})
			to, from, n = to+k, from+k, n-k
		}
	})
	threads := 1
	if part.Size()*size >= readers*readBytes {
		threads = readers
	}
	return lower.Parallel(context.Background(), threads, int64(len(runs)), func(i int64) error {
		r := &runs[i]
		_, err := f.ReadAt(dst[r.to:r.to+r.n], r.from)
		return err
	})
}
