package shard

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/numen-go/numen/ir"
)

// metadata3 is zarr.json.
type metadata3 struct {
	Format   int                `json:"zarr_format"`
	Node     string             `json:"node_type"`
	Shape    []int64            `json:"shape"`
	DType    json.RawMessage    `json:"data_type"`
	Grid     named[grid3]       `json:"chunk_grid"`
	Encoding named[encoding3]   `json:"chunk_key_encoding"`
	Fill     any                `json:"fill_value"`
	Codecs   []named[codecInfo] `json:"codecs"`
	Layers   []any              `json:"storage_transformers,omitempty"`
}

// named is how version 3 writes a choice with its settings.
type named[T any] struct {
	Name          string `json:"name"`
	Configuration T      `json:"configuration"`
}

// UnmarshalJSON takes a name alone for one without settings.
func (n *named[T]) UnmarshalJSON(text []byte) error {
	if err := json.Unmarshal(text, &n.Name); err == nil {
		return nil
	}
	type choice named[T]
	return json.Unmarshal(text, (*choice)(n))
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

	Order json.RawMessage `json:"order,omitempty"` // of axes

	// Of shards:
	Shape    []int64            `json:"chunk_shape,omitempty"`
	Codecs   []named[codecInfo] `json:"codecs,omitempty"`
	Index    []named[codecInfo] `json:"index_codecs,omitempty"`
	Location string             `json:"index_location,omitempty"`
}

// metadata2 is .zarray.
type metadata2 struct {
	Format     int          `json:"zarr_format"`
	Shape      []int64      `json:"shape"`
	Chunks     []int64      `json:"chunks"`
	DType      string       `json:"dtype"`
	Compressor *compressor2 `json:"compressor"`
	Fill       any          `json:"fill_value"`
	Order      string       `json:"order"`
	Filters    []any        `json:"filters"`
	Separator  string       `json:"dimension_separator,omitempty"`
}

type compressor2 struct {
	ID    string `json:"id"`
	Level int    `json:"level"`
}

func parse3(dir string, text []byte) (*zarr, error) {
	var m metadata3
	if err := unmarshal(text, &m); err != nil {
		return nil, fmt.Errorf("zarr.json: %w", err)
	}
	if m.Format == 3 && m.Node == "group" {
		return nil, fmt.Errorf("a group, not an array%s", members(dir))
	}
	if m.Format != 3 || m.Node != "array" {
		return nil, fmt.Errorf("zarr.json: a %q of format %d, not an array of format 3", m.Node, m.Format)
	}
	if m.Grid.Name != "regular" {
		return nil, fmt.Errorf("zarr.json: a chunk grid %q", m.Grid.Name)
	}
	z := &zarr{dir: dir, meta: text, shape: m.Shape, chunk: m.Grid.Configuration.Shape, separator: m.Encoding.Configuration.Separator}
	switch m.Encoding.Name {
	case "default":
		z.prefix = "c"
		z.separator = or(z.separator, "/")
	case "v2":
		z.separator = or(z.separator, ".")
	default:
		return nil, fmt.Errorf("zarr.json: a chunk key encoding %q", m.Encoding.Name)
	}
	if len(m.Layers) > 0 {
		return nil, errors.New("zarr.json: storage transformers cannot be read")
	}
	var name string
	d, ok := ir.DType(0), json.Unmarshal(m.DType, &name) == nil
	if ok {
		d, ok = dtypeNamed(name)
	}
	if !ok {
		return nil, fmt.Errorf("zarr.json: data type %s cannot be read", m.DType)
	}
	z.dtype = d
	if err := z.codecs(m.Codecs); err != nil {
		return nil, fmt.Errorf("zarr.json: %w", err)
	}
	return z, z.check(m.Fill)
}

// codecs notes what codecs do, in the order in which they are applied: axes are put in an
// order, elements become bytes (or the chunks of a shard), bytes become others.
func (z *zarr) codecs(list []named[codecInfo]) error {
	bytes := false
	for i := range list {
		c := &list[i]
		switch {
		case c.Name == "transpose" && !bytes:
			axes, err := axesOf(c.Configuration.Order, len(z.shape))
			if err == nil {
				err = z.codec.transpose(axes)
			}
			if err != nil {
				return fmt.Errorf("codec transpose: %w", err)
			}
		case c.Name == "bytes" && !bytes:
			if c.Configuration.Endian == "" && z.dtype.Size() > 1 {
				return errors.New("codec bytes: no byte order")
			}
			z.codec.order(z.dtype, c.Configuration.Endian == "big")
			bytes = true
		case c.Name == "sharding_indexed" && len(list) == 1 && z.shards == nil:
			return z.shard(&c.Configuration)
		case (c.Name == "crc32c" || slices.Contains(readable, c.Name)) && bytes:
			z.codec.pack = append(z.codec.pack, c.Name)
		default:
			return fmt.Errorf("codec %q at place %d cannot be read", c.Name, i)
		}
	}
	if !bytes {
		return errors.New("no codec makes bytes of elements")
	}
	return nil
}

// axesOf returns an order of axes.
func axesOf(order json.RawMessage, rank int) (axes []int, err error) {
	if err := json.Unmarshal(order, &axes); err != nil || len(axes) != rank {
		return nil, fmt.Errorf("order %s of %d axes", order, rank)
	}
	return axes, nil
}

// unmarshal reads JSON with the numbers as they are written.
func unmarshal(text []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(v); err != nil {
		return err
	}
	if d.More() {
		return errors.New("there is more after its end")
	}
	return nil
}

// members lists the arrays of a group, for an error.
func members(dir string) string {
	var names []string
	for _, file := range []string{"zarr.json", ".zarray"} {
		found, err := filepath.Glob(filepath.Join(dir, "*", file))
		if err != nil {
			return "" // of a name that Glob takes for a pattern
		}
		for _, f := range found {
			names = append(names, filepath.Base(filepath.Dir(f)))
		}
	}
	if len(names) == 0 {
		return ""
	}
	return ": it has " + strings.Join(names, ", ")
}

func parse2(dir string, text []byte) (*zarr, error) {
	var m metadata2
	if err := unmarshal(text, &m); err != nil {
		return nil, fmt.Errorf(".zarray: %w", err)
	}
	switch {
	case m.Format != 2:
		return nil, fmt.Errorf(".zarray: format %d", m.Format)
	case m.Order != "C" && m.Order != "F":
		return nil, fmt.Errorf(".zarray: order %q cannot be read", m.Order)
	case len(m.Filters) > 0:
		return nil, errors.New(".zarray: filters cannot be read")
	}
	z := &zarr{dir: dir, meta: text, shape: m.Shape, chunk: m.Chunks, separator: or(m.Separator, ".")}
	if c := m.Compressor; c != nil {
		if !slices.Contains(readable, c.ID) {
			return nil, fmt.Errorf(".zarray: compressor %q cannot be read", c.ID)
		}
		z.codec.pack = []string{c.ID}
	}
	if m.Order == "F" && len(m.Shape) > 1 {
		for d := range m.Shape {
			z.codec.axes = append(z.codec.axes, len(m.Shape)-1-d)
		}
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
	z.codec.order(d, m.DType[0] == '>')
	return z, z.check(m.Fill)
}

func or(s, other string) string {
	if s == "" {
		return other
	}
	return s
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

// metadata returns the file that describes the array, and its name.
func (w *writer) metadata() (name string, text []byte, err error) {
	if w.version == 2 {
		text, err = w.metadata2()
		return ".zarray", text, err
	}
	text, err = w.metadata3()
	return "zarr.json", text, err
}

// level is that of gzip: beyond it files hardly become smaller.
const level = 5

func (w *writer) metadata2() ([]byte, error) {
	kind := map[ir.Kind]string{ir.KindBool: "|b", ir.KindInt: "<i", ir.KindUint: "<u", ir.KindFloat: "<f", ir.KindComplex: "<c"}[w.dtype.Kind()]
	if w.dtype.Size() == 1 {
		kind = "|" + kind[1:]
	}
	m := metadata2{
		Format: 2, Shape: w.shape, Chunks: w.chunk, DType: kind + strconv.Itoa(w.dtype.Size()), Order: "C", Separator: ".", Fill: w.zero(),
	}
	switch w.packer() {
	case "gzip":
		m.Compressor = &compressor2{ID: "gzip", Level: level}
	case "zstd":
		m.Compressor = &compressor2{ID: "zstd"}
	}
	return json.MarshalIndent(m, "", "  ")
}

func (w *writer) metadata3() ([]byte, error) {
	no, level := false, level
	m := metadata3{
		Format: 3, Node: "array", Shape: w.shape, DType: json.RawMessage(strconv.Quote(w.dtype.Name())),
		Grid:     named[grid3]{"regular", grid3{w.chunk}},
		Encoding: named[encoding3]{"default", encoding3{"/"}},
		Fill:     w.zero(),
		Codecs:   []named[codecInfo]{{"bytes", codecInfo{Endian: "little"}}},
	}
	switch w.packer() {
	case "gzip":
		m.Codecs = append(m.Codecs, named[codecInfo]{"gzip", codecInfo{Level: &level}})
	case "zstd":
		m.Codecs = append(m.Codecs, named[codecInfo]{"zstd", codecInfo{Level: new(int), Checksum: &no}})
	}
	return json.MarshalIndent(m, "", "  ")
}

// zero returns the fill value of arrays that are written.
func (z *zarr) zero() any {
	switch z.dtype.Kind() {
	case ir.KindBool:
		return false
	case ir.KindFloat:
		return 0.0
	case ir.KindComplex:
		return []float64{0, 0}
	}
	return 0
}
