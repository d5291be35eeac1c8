package shard

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	np "github.com/numen-go/numen/expr"
	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
)

// zarr is an array in a Zarr directory, of version 3 or 2.
type zarr struct {
	dir       string
	dtype     ir.DType
	shape     []int64
	chunk     []int64
	ends      [][]int64
	prefix    string // of a chunk's name: c/ or nothing
	separator string // of the numbers in it
	codec     string // gzip, zlib, zstd; none
	swap      bool   // the elements are in the other byte order
	fill      []byte // an element of chunks that are not there; nil: they must be
}

// FromZarr returns the array in a Zarr directory (version 3 or 2; uncompressed, gzip, zlib
// or zstd). Nothing but the metadata is read. A chunk that is not there has the fill
// value, as Zarr says; where there is none it is an error of the evaluation.
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

// metadata3 is zarr.json.
type metadata3 struct {
	Format   int                `json:"zarr_format"`
	Node     string             `json:"node_type"`
	Shape    []int64            `json:"shape"`
	DType    string             `json:"data_type"`
	Grid     named[grid3]       `json:"chunk_grid"`
	Encoding named[encoding3]   `json:"chunk_key_encoding"`
	Fill     any                `json:"fill_value"`
	Codecs   []named[codecInfo] `json:"codecs"`
}

// named is how version 3 writes a choice with its settings.
type named[T any] struct {
	Name          string `json:"name"`
	Configuration T      `json:"configuration"`
}

type grid3 struct {
	Shape []int64 `json:"chunk_shape"`
}

type encoding3 struct {
	Separator string `json:"separator,omitempty"`
}

type codecInfo struct {
	Endian   string `json:"endian,omitempty"`
	Level    *int   `json:"level,omitempty"`
	Checksum *bool  `json:"checksum,omitempty"`
}

// metadata2 is .zarray.
type metadata2 struct {
	Format     int                  `json:"zarr_format"`
	Shape      []int64              `json:"shape"`
	Chunks     []int64              `json:"chunks"`
	DType      string               `json:"dtype"`
	Compressor *struct{ ID string } `json:"compressor"`
	Fill       any                  `json:"fill_value"`
	Order      string               `json:"order"`
	Filters    []any                `json:"filters"`
	Separator  string               `json:"dimension_separator"`
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
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errors.New("no Zarr array: neither zarr.json nor .zarray is there")
	}
	return nil, err
}

func parse3(dir string, text []byte) (*zarr, error) {
	var m metadata3
	if err := json.Unmarshal(text, &m); err != nil {
		return nil, fmt.Errorf("zarr.json: %w", err)
	}
	if m.Format != 3 || m.Node != "array" {
		return nil, fmt.Errorf("zarr.json: a %q of format %d, not an array of format 3", m.Node, m.Format)
	}
	if m.Grid.Name != "regular" {
		return nil, fmt.Errorf("zarr.json: a chunk grid %q", m.Grid.Name)
	}
	z := &zarr{dir: dir, shape: m.Shape, chunk: m.Grid.Configuration.Shape, separator: m.Encoding.Configuration.Separator}
	switch m.Encoding.Name {
	case "default":
		z.prefix = "c"
		z.separator = or(z.separator, "/")
	case "v2":
		z.separator = or(z.separator, ".")
	default:
		return nil, fmt.Errorf("zarr.json: a chunk key encoding %q", m.Encoding.Name)
	}
	d, ok := dtypeNamed(m.DType)
	if !ok {
		return nil, fmt.Errorf("zarr.json: data type %q", m.DType)
	}
	z.dtype = d
	for i, c := range m.Codecs {
		switch {
		case c.Name == "bytes" && i == 0:
			if err := z.order(c.Configuration.Endian == "big"); err != nil {
				return nil, err
			}
		case (c.Name == "gzip" || c.Name == "zstd") && i == 1 && len(m.Codecs) == 2:
			z.codec = c.Name
		default:
			return nil, fmt.Errorf("zarr.json: codec %q at place %d cannot be read", c.Name, i)
		}
	}
	if len(m.Codecs) == 0 {
		return nil, errors.New("zarr.json: no codecs")
	}
	return z, z.check(m.Fill)
}

func parse2(dir string, text []byte) (*zarr, error) {
	var m metadata2
	if err := json.Unmarshal(text, &m); err != nil {
		return nil, fmt.Errorf(".zarray: %w", err)
	}
	switch {
	case m.Format != 2:
		return nil, fmt.Errorf(".zarray: format %d", m.Format)
	case m.Order != "C" && len(m.Shape) > 1:
		return nil, fmt.Errorf(".zarray: order %q cannot be read", m.Order)
	case len(m.Filters) > 0:
		return nil, errors.New(".zarray: filters cannot be read")
	}
	z := &zarr{dir: dir, shape: m.Shape, chunk: m.Chunks, separator: or(m.Separator, ".")}
	if c := m.Compressor; c != nil {
		if !slices.Contains([]string{"gzip", "zlib", "zstd"}, c.ID) {
			return nil, fmt.Errorf(".zarray: compressor %q cannot be read", c.ID)
		}
		z.codec = c.ID
	}
	kinds := map[string]string{"b1": "bool", "i": "int", "u": "uint", "f": "float", "c": "complex"}
	d, ok := ir.DType(0), false
	if len(m.DType) >= 3 {
		if m.DType[1:] == "b1" {
			d, ok = ir.Bool, true
		} else if n, err := strconv.Atoi(m.DType[2:]); err == nil && kinds[m.DType[1:2]] != "" {
			d, ok = dtypeNamed(kinds[m.DType[1:2]] + strconv.Itoa(8*n))
		}
	}
	if !ok {
		return nil, fmt.Errorf(".zarray: dtype %q", m.DType)
	}
	z.dtype = d
	if err := z.order(m.DType[0] == '>'); err != nil {
		return nil, err
	}
	return z, z.check(m.Fill)
}

func or(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// order notes the byte order of the elements.
func (z *zarr) order(big bool) error {
	native := binary.NativeEndian.Uint16([]byte{1, 0}) == 1 // little
	z.swap = big == native && z.dtype.Size() > 1
	if z.swap && z.dtype.Kind() == ir.KindComplex {
		return errors.New("complex numbers in the other byte order cannot be read")
	}
	return nil
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

// element returns the bytes of a fill value.
func element(d ir.DType, fill any) ([]byte, error) {
	var bits uint64
	switch v := fill.(type) {
	case bool:
		if v {
			bits = 1
		}
	case float64:
		switch d.Kind() {
		case ir.KindFloat:
			bits = ir.Float(d, v)
		case ir.KindComplex:
			if v != 0 {
				return nil, fmt.Errorf("fill value %v of complex numbers", v)
			}
		case ir.KindUint:
			bits = uint64(v)
		default:
			bits = uint64(int64(v))
		}
	case string:
		f, err := strconv.ParseFloat(strings.Replace(v, "Infinity", "Inf", 1), 64)
		if err != nil || d.Kind() != ir.KindFloat {
			return nil, fmt.Errorf("fill value %q", v)
		}
		bits = ir.Float(d, f)
	case []any: // complex: two parts
		for _, part := range v {
			if part != 0.0 {
				return nil, fmt.Errorf("fill value %v", fill)
			}
		}
	default:
		return nil, fmt.Errorf("fill value %v", fill)
	}
	out := make([]byte, d.Size())
	switch d.Size() {
	case 1:
		out[0] = byte(bits)
	case 2:
		binary.NativeEndian.PutUint16(out, uint16(bits))
	case 4:
		binary.NativeEndian.PutUint32(out, uint32(bits))
	default:
		binary.NativeEndian.PutUint64(out, bits)
	}
	return out, nil
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
func (z *zarr) Packed() bool      { return z.codec != "" || z.swap }
func (z *zarr) String() string    { return z.dir }

// name returns the file of a chunk.
func (z *zarr) name(at []int64) string {
	var parts []string
	if z.prefix != "" {
		parts = append(parts, z.prefix)
	}
	for _, i := range at {
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
		err := z.readChunk(name, own, part, dst, &box)
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
		if err != nil {
			return fmt.Errorf("shard: chunk %s: %w", name, err)
		}
		return nil
	})
}

// readChunk copies the part of a chunk that is asked for.
func (z *zarr) readChunk(name string, own, part *ir.Box, dst []byte, box *ir.Box) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	size, want := int64(z.dtype.Size()), z.chunkBytes()
	if z.codec == "" && info.Size() != want {
		return fmt.Errorf("%d bytes, a chunk has %d", info.Size(), want)
	}
	if !z.Packed() {
		var failed error
		lower.Runs(part, box, own, func(to, from, n int64) {
			if failed == nil {
				_, failed = f.ReadAt(dst[to*size:(to+n)*size], from*size)
			}
		})
		return failed
	}
	data, err := decode(z.codec, f, want)
	if err != nil {
		return err
	}
	if z.swap {
		for i := int64(0); i < want; i += size {
			slices.Reverse(data[i : i+size])
		}
	}
	lower.CopyBox(dst, box, data, own, part, size)
	return nil
}

// dtypeNamed returns the dtype that Zarr and NumPy name so.
func dtypeNamed(name string) (ir.DType, bool) {
	for d := ir.Bool; d <= ir.Complex128; d++ {
		if d.Name() == name {
			return d, true
		}
	}
	return 0, false
}
