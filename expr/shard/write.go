package shard

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
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
	Chunks []int           // extents of a chunk; nil: about 8 MiB, cut along the first axes
	Codec  string          // "gzip", "zstd"; "": uncompressed
	Eval   []np.EvalOption // of the evaluation
}

// ToZarr evaluates an array and writes it to a Zarr directory of version 3, which is there
// under its name when it is complete: a ToZarr that fails leaves nothing. The directory
// must not be there before.
func ToZarr(ctx context.Context, a np.Array, dir string, o *ZarrOptions) error {
	if o == nil {
		o = &ZarrOptions{}
	}
	if err := toZarr(ctx, a, dir, o); err != nil {
		_, err = failed("shard.ToZarr", fmt.Errorf("%s: %w", dir, err))
		return err
	}
	return nil
}

func toZarr(ctx context.Context, a np.Array, dir string, o *ZarrOptions) (err error) {
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		return errors.New("there is something of that name already")
	}
	if _, err := encode(o.Codec, nil); err != nil {
		return err
	}
	v, err := a.Eval(ctx, o.Eval...)
	if err != nil {
		return err
	}
	z := &zarr{dtype: ir.DType(v.DType()), shape: extents(v.Shape()), prefix: "c", separator: "/", codec: o.Codec}
	chunks := o.Chunks
	if chunks == nil {
		chunks = usual(z.dtype, v.Shape())
	}
	for _, n := range chunks {
		z.chunk = append(z.chunk, int64(n))
	}
	if err := z.check(nil); err != nil {
		return err
	}
	c, err := chunksOf(v)
	if err != nil { // dense, on the host
		if v, err = FromArray(v, chunks...); err != nil {
			return err
		}
		if c, err = chunksOf(v); err != nil {
			return err
		}
	}
	if z.dir, err = os.MkdirTemp(filepath.Dir(dir), filepath.Base(dir)+".tmp*"); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.RemoveAll(z.dir)
		}
	}()
	if err := os.Chmod(z.dir, 0o755); err != nil {
		return err
	}
	if err := z.writeChunks(ctx, c); err != nil {
		return err
	}
	text, err := z.metadata()
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(z.dir, "zarr.json"), text, 0o644); err != nil {
		return err
	}
	return os.Rename(z.dir, dir)
}

// writeChunks writes every chunk that has elements, some at a time.
func (z *zarr) writeChunks(ctx context.Context, from lower.Chunked) error {
	count, buffers := int64(1), sync.Pool{New: func() any { return new(make([]byte, z.chunkBytes())) }}
	for _, ends := range z.ends {
		count *= int64(len(ends))
	}
	if z.Size() == 0 {
		return nil
	}
	return lower.Parallel(ctx, writers, count, func(i int64) error {
		lo, hi := make([]int64, len(z.ends)), make([]int64, len(z.ends))
		for d := len(z.ends) - 1; d >= 0; d-- {
			n := int64(len(z.ends[d]))
			lo[d], hi[d] = i%n*z.chunk[d], z.ends[d][i%n]
			i /= n
		}
		data := buffers.Get().(*[]byte)
		defer buffers.Put(data)
		return z.eachChunk(lo, hi, func(at []int64, own, part *ir.Box) error {
			return z.writeChunk(z.name(at), *data, own, part, func(lo, hi []int64, dst []byte) error { return from.Read(ctx, lo, hi, dst) })
		})
	})
}

// writers is how many chunks are written at a time: enough to keep a disk busy.
const writers = 2

// writeChunk writes a chunk, padded with zeros at the end of the array.
func (z *zarr) writeChunk(name string, data []byte, own, part *ir.Box, read func(lo, hi []int64, dst []byte) error) error {
	size := part.Size() * int64(z.dtype.Size())
	elements := data[:size]
	if err := read(part.Lo, part.Hi, elements); err != nil {
		return err
	}
	if size != int64(len(data)) {
		elements = pad(elements, own, part, int64(z.dtype.Size()))
	}
	packed, err := encode(z.codec, elements)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	return os.WriteFile(name, packed, 0o644)
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

// metadata returns zarr.json.
func (z *zarr) metadata() ([]byte, error) {
	no, level := false, 5
	m := metadata3{
		Format: 3, Node: "array", Shape: z.shape, DType: z.dtype.Name(),
		Grid:     named[grid3]{"regular", grid3{z.chunk}},
		Encoding: named[encoding3]{"default", encoding3{"/"}},
		Fill:     0,
		Codecs:   []named[codecInfo]{{"bytes", codecInfo{Endian: "little"}}},
	}
	switch {
	case z.dtype == ir.Bool:
		m.Fill = false
	case z.dtype.Kind() == ir.KindFloat:
		m.Fill = 0.0
	case z.dtype.Kind() == ir.KindComplex:
		m.Fill = []float64{0, 0}
	}
	switch z.codec {
	case "gzip":
		m.Codecs = append(m.Codecs, named[codecInfo]{"gzip", codecInfo{Level: &level}})
	case "zstd":
		m.Codecs = append(m.Codecs, named[codecInfo]{"zstd", codecInfo{Level: new(int), Checksum: &no}})
	}
	if m.Shape == nil {
		m.Shape = []int64{}
	}
	if m.Grid.Configuration.Shape == nil {
		m.Grid.Configuration.Shape = []int64{}
	}
	return json.MarshalIndent(m, "", "  ")
}

// pad returns a whole chunk with the elements of its part, zeros beyond.
func pad(elements []byte, own, part *ir.Box, size int64) []byte {
	out := make([]byte, own.Size()*size)
	lower.CopyBox(out, own, elements, part, part, size)
	return out
}
