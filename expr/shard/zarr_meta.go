package shard

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
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
	if err := json.Unmarshal(text, &m); err != nil {
		return nil, fmt.Errorf("zarr.json: %w", err)
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
			return nil, fmt.Errorf("zarr.json: codec %q at place %d cannot be read%s", c.Name, i, why(c.Name))
		}
	}
	if len(m.Codecs) == 0 {
		return nil, errors.New("zarr.json: no codecs")
	}
	return z, z.check(m.Fill)
}

// why says what to do about a codec.
func why(codec string) string {
	if codec == "blosc" {
		return ": there is no well-kept decoder of it in Go; write the array with zstd or gzip"
	}
	return ""
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
	z := &zarr{dir: dir, meta: text, shape: m.Shape, chunk: m.Chunks, separator: or(m.Separator, ".")}
	if c := m.Compressor; c != nil {
		if !slices.Contains([]string{"gzip", "zlib", "zstd"}, c.ID) {
			return nil, fmt.Errorf(".zarray: compressor %q cannot be read%s", c.ID, why(c.ID))
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

func (z *zarr) metadata2() ([]byte, error) {
	kind := map[ir.Kind]string{ir.KindBool: "|b", ir.KindInt: "<i", ir.KindUint: "<u", ir.KindFloat: "<f", ir.KindComplex: "<c"}[z.dtype.Kind()]
	if z.dtype.Size() == 1 {
		kind = "|" + kind[1:]
	}
	m := metadata2{
		Format: 2, Shape: z.shape, Chunks: z.chunk, DType: kind + strconv.Itoa(z.dtype.Size()), Order: "C", Separator: ".", Fill: z.zero(),
	}
	switch z.codec {
	case "gzip":
		m.Compressor = &compressor2{ID: "gzip", Level: level}
	case "zstd":
		m.Compressor = &compressor2{ID: "zstd"}
	}
	return json.MarshalIndent(m, "", "  ")
}

func (z *zarr) metadata3() ([]byte, error) {
	no, level := false, level
	m := metadata3{
		Format: 3, Node: "array", Shape: z.shape, DType: z.dtype.Name(),
		Grid:     named[grid3]{"regular", grid3{z.chunk}},
		Encoding: named[encoding3]{"default", encoding3{"/"}},
		Fill:     z.zero(),
		Codecs:   []named[codecInfo]{{"bytes", codecInfo{Endian: "little"}}},
	}
	switch z.codec {
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
