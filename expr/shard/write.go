package shard

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	np "github.com/numen-go/numen/expr"
	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
)

// ZarrOptions are how an array is written; the zero value is right for most.
type ZarrOptions struct {
	Chunks  []int           // extents of a chunk; nil: about 8 MiB, cut along the first axes
	Codec   string          // "gzip", "zstd"; "": uncompressed
	Version int             // of the format: 3 or 2; 0 is 3
	Eval    []np.EvalOption // of the evaluation
}

// Output is an array with the Zarr directory that it goes to.
type Output struct {
	Array   np.Array
	Dir     string
	Options ZarrOptions // Eval is not used
}

// ToZarr evaluates an array and writes it to a Zarr directory, which is there under its
// name when it is complete and on the disk: a ToZarr that fails leaves nothing, unless Keep says that it
// will be resumed. An array in chunks goes there chunk by chunk: it is never whole in
// memory. The directory must not be there before.
func ToZarr(ctx context.Context, a np.Array, dir string, o *ZarrOptions) error {
	if o == nil {
		o = &ZarrOptions{}
	}
	return store(ctx, "shard.ToZarr", []Output{{a, dir, *o}}, o.Eval)
}

// Store is ToZarr for several arrays: they are evaluated in one program, so that what they
// share is read and computed once.
func Store(ctx context.Context, outputs []Output, opts ...np.EvalOption) error {
	return store(ctx, "shard.Store", outputs, opts)
}

func store(ctx context.Context, fn string, outputs []Output, opts []np.EvalOption) (err error) {
	keep := np.ChunkingOf(opts...).Keep != ""
	arrays, sinks := make([]np.Array, len(outputs)), make([]lower.Sink, len(outputs))
	writing := make([]*writer, len(outputs))
	defer func() {
		if err != nil && !keep {
			for _, w := range writing {
				if w != nil {
					os.RemoveAll(w.dir)
				}
			}
		}
	}()
	for i, o := range outputs {
		w, err := newWriter(&o, keep)
		if err == nil {
			writing[i], sinks[i] = w, w
			arrays[i], err = inChunks(o.Array, w.chunk)
		}
		if err != nil {
			return failedAt(fn, o.Dir, err)
		}
	}
	opts = append(opts[:len(opts):len(opts)], np.Chunking(func(c *lower.Chunking) { c.Sinks = sinks }))
	values, err := np.Eval(ctx, arrays, opts...)
	if err != nil {
		return failedAt(fn, outputs[0].Dir, err)
	}
	for i, w := range writing {
		if err := w.finish(ctx, values[i], outputs[i].Dir); err != nil {
			return failedAt(fn, outputs[i].Dir, err)
		}
	}
	return nil
}

func failedAt(fn, dir string, err error) error {
	_, err = failed(fn, fmt.Errorf("%s: %w", dir, err))
	return err
}

// inChunks returns an array as an evaluation takes it: one that is concrete and in chunks
// is cut anew by the evaluation, which knows about memory.
func inChunks(a np.Array, chunk []int64) (np.Array, error) {
	if err := a.Err(); err != nil || !a.Concrete() {
		return a, err
	}
	if _, err := chunksOf(a); err != nil {
		return a, nil // dense
	}
	sizes := make([]int, len(chunk))
	for d, n := range chunk {
		sizes[d] = int(n)
	}
	a = Rechunk(a, sizes...)
	return a, a.Err()
}

// writer is a Zarr directory that is being written, under another name.
type writer struct {
	*zarr
	version  int
	complete bool
	folders  sync.Map // that are there
}

func newWriter(o *Output, keep bool) (*writer, error) {
	a := o.Array
	if err := a.Err(); err != nil {
		return nil, err
	}
	if _, err := os.Stat(o.Dir); !errors.Is(err, fs.ErrNotExist) {
		return nil, errors.New("there is something of that name already")
	}
	if err := writable(o.Options.Codec); err != nil {
		return nil, err
	}
	w := &writer{zarr: &zarr{dtype: ir.DType(a.DType()), shape: extents(a.Shape()), chunk: []int64{}, shown: o.Dir}, version: o.Options.Version}
	if o.Options.Codec != "" {
		w.codec.pack = []string{o.Options.Codec}
	}
	switch w.version {
	case 0, 3:
		w.version, w.prefix, w.separator = 3, "c", "/"
	case 2:
		w.separator = "."
	default:
		return nil, fmt.Errorf("no version %d of Zarr", w.version)
	}
	chunks := o.Options.Chunks
	if chunks == nil {
		chunks = usual(w.dtype, a.Shape())
	}
	for _, n := range chunks {
		w.chunk = append(w.chunk, int64(n))
	}
	if err := w.check(nil); err != nil {
		return nil, err
	}
	var err error
	if !keep {
		if w.dir, err = os.MkdirTemp(filepath.Dir(o.Dir), filepath.Base(o.Dir)+".tmp*"); err != nil {
			return nil, err
		}
		return w, os.Chmod(w.dir, 0o755)
	}
	// The name is the same in the run that goes on.
	_, meta, err := w.metadata()
	if err != nil {
		return nil, err
	}
	w.dir = fmt.Sprintf("%s.partial-%08x", filepath.Clean(o.Dir), crc32.ChecksumIEEE(meta))
	return w, os.MkdirAll(w.dir, 0o755)
}

// finish writes what the evaluation did not, as where it gave a dense array, and gives the
// directory its name: when its files are on the disk, for else a name could be there after a
// power cut, and chunks not, which read as fill values or zeros.
func (w *writer) finish(ctx context.Context, v np.Array, dir string) error {
	if !w.complete {
		c, err := chunksOf(v)
		if err != nil { // dense, on the host
			sizes := make([]int, len(w.chunk))
			for d, n := range w.chunk {
				sizes[d] = int(n)
			}
			if v, err = FromArray(v, sizes...); err != nil {
				return err
			}
			if c, err = chunksOf(v); err != nil {
				return err
			}
		}
		if err := w.all(ctx, c); err != nil {
			return err
		}
		if err := w.Complete(); err != nil {
			return err
		}
	}
	if err := flush(w.dir); err != nil {
		return err
	}
	return os.Rename(w.dir, dir)
}

// all writes every chunk, some at a time.
func (w *writer) all(ctx context.Context, from lower.Chunked) error {
	count := int64(1)
	for _, ends := range w.ends {
		count *= int64(len(ends))
	}
	return lower.Parallel(ctx, writers, count, func(i int64) error {
		box := ir.Box{Lo: make([]int64, len(w.ends)), Hi: make([]int64, len(w.ends))}
		for d := len(w.ends) - 1; d >= 0; d-- {
			n := int64(len(w.ends[d]))
			box.Lo[d], box.Hi[d] = i%n*w.chunk[d], w.ends[d][i%n]
			i /= n
		}
		data := w.buffer()
		defer w.buffers.Put(data)
		elements := (*data)[:box.Size()*int64(w.dtype.Size())]
		if err := from.Read(ctx, box.Lo, box.Hi, elements); err != nil {
			return err
		}
		return w.Write(ctx, box.Lo, box.Hi, elements)
	})
}

// writers is how many chunks are written at a time: enough to keep a disk busy.
const writers = 2

// at returns the file of the chunk that starts at a position, and the positions that it
// has, those beyond the array's end included.
func (w *writer) at(lo []int64) (string, *ir.Box) {
	at, own := make([]int64, len(lo)), &ir.Box{Lo: lo, Hi: make([]int64, len(lo))}
	for d := range lo {
		at[d], own.Hi[d] = lo[d]/w.chunk[d], lo[d]+w.chunk[d]
	}
	return w.name(at), own
}

// Write writes a chunk, padded with zeros at the end of the array: beside its name first.
func (w *writer) Write(ctx context.Context, lo, hi []int64, src []byte) error {
	if err := ctx.Err(); err != nil || w.Size() == 0 {
		return err
	}
	name, own := w.at(lo)
	part := &ir.Box{Lo: lo, Hi: hi}
	if int64(len(src)) != w.chunkBytes() {
		src = pad(src, own, part, int64(w.dtype.Size()))
	}
	folder := filepath.Dir(name)
	if _, there := w.folders.Load(folder); !there {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return err
		}
		w.folders.Store(folder, true)
	}
	f, err := os.Create(name + ".tmp")
	if err != nil {
		return err
	}
	err = encode(w.packer(), f, src)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(name+".tmp", name)
	}
	if err != nil {
		os.Remove(name + ".tmp")
		return fmt.Errorf("shard: chunk %s could not be written: %w", name, err)
	}
	return nil
}

// packer returns the codec of chunks; "": none.
func (w *writer) packer() string {
	if len(w.codec.pack) == 0 {
		return ""
	}
	return w.codec.pack[0]
}

// Sum returns the checksum of a chunk's file.
func (w *writer) Sum(lo, _ []int64) (uint64, error) {
	name, _ := w.at(lo)
	f, err := os.Open(name)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	sum := crc32.New(castagnoli)
	n, err := io.Copy(sum, f)
	return uint64(n)<<32 | uint64(sum.Sum32()), err
}

// Complete writes the metadata, without which there is no array.
func (w *writer) Complete() error {
	file, text, err := w.metadata()
	if err == nil {
		err = os.WriteFile(filepath.Join(w.dir, file), text, 0o644)
	}
	w.complete = err == nil
	return err
}

// usual returns the extents of chunks of about 8 MiB, cut along the first axes: they
// depend on shape and dtype alone.
func usual(d ir.DType, shape np.Shape) []int {
	out := make([]int, len(shape))
	left := max((8<<20)/d.Size(), 1)
	for i := len(shape) - 1; i >= 0; i-- {
		out[i] = max(min(shape[i], left), 1)
		left = max(left/out[i], 1)
	}
	return out
}

// pad returns a whole chunk with the elements of its part, zeros beyond.
func pad(elements []byte, own, part *ir.Box, size int64) []byte {
	out := make([]byte, own.Size()*size)
	lower.CopyBox(out, own, elements, part, part, size)
	return out
}
