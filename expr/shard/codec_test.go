package shard_test

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	np "github.com/numen-go/numen/expr"
	"github.com/numen-go/numen/expr/shard"
)

// pythonWrites are arrays that zarr-python writes, of the kinds that users have. Each is
// read here and there.
const pythonWrites = `
import numcodecs, numpy as np, zarr
from zarr.codecs import *
a = np.arange(20 * 33, dtype="f8").reshape(20, 33) + 0.5
cube = np.arange(5 * 6 * 7, dtype="i4").reshape(5, 6, 7)
small = dict(chunks=(6, 7))

def make(name, x=a, **how):
    z = zarr.create_array(name, shape=x.shape, dtype=x.dtype, **how)
    z[...] = x
    return z

make("defaults3")
make("defaults2", zarr_format=2)
make("shards", chunks=(5, 7), shards=(10, 14))
make("shards-start", chunks=(5, 7), shards={"shape": (10, 14), "index_location": "start"})
make("shards-plain", chunks=(5, 7), shards=(10, 14), compressors=None)
z = zarr.create_array("shards-holes", shape=a.shape, dtype="f8", chunks=(5, 7), shards=(10, 14), fill_value=7.5)
z[3:8, 20:30] = 1
make("shards-crc", chunks=(5, 7), shards=(10, 14), compressors=[Crc32cCodec()])
make("crc-inside", compressors=[Crc32cCodec(), ZstdCodec(level=3)], **small)
make("crc-outside", compressors=[GzipCodec(), Crc32cCodec()], **small)
make("crc-middle", compressors=[GzipCodec(), Crc32cCodec(), ZstdCodec()], **small)
for cname in ["blosclz", "lz4", "lz4hc", "zlib", "zstd"]:
    for shuffle in ["noshuffle", "shuffle", "bitshuffle"]:
        make(f"blosc-{cname}-{shuffle}", compressors=[BloscCodec(cname=cname, shuffle=shuffle)], **small)
        make(f"blosc2-{cname}-{shuffle}", cube, zarr_format=2, chunks=(5, 4, 4), compressors=numcodecs.Blosc(cname=cname, shuffle=["noshuffle", "shuffle", "bitshuffle"].index(shuffle), blocksize=128))
make("blosc-large", np.arange(700 * 300).reshape(700, 300) ** 2, zarr_format=2, chunks=(600, 300), compressors=numcodecs.Blosc())
make("blosc-in-zstd", compressors=[BloscCodec(), ZstdCodec()], **small)
make("blosc-shards", chunks=(5, 7), shards=(10, 14), compressors=[BloscCodec()])
make("zstd-checked", compressors=[ZstdCodec(checksum=True)], **small)
make("transposed", cube, chunks=(2, 5, 3), filters=[TransposeCodec(order=(2, 0, 1))])
make("transposed-twice", cube, chunks=(2, 5, 3), filters=[TransposeCodec(order=(2, 0, 1)), TransposeCodec(order=(1, 0, 2))], compressors=None)
make("columns2", zarr_format=2, order="F", **small)
make("big-endian", a.astype("c16") * (1 + 2j), serializer=BytesCodec(endian="big"), **small)
make("big-endian2", a.astype(">c8") * (1 - 2j), zarr_format=2, **small)
make("big-endian-i2", cube.astype(">i2"), zarr_format=2, chunks=(2, 5, 3))
make("point3", np.array(3.5))
make("point2", np.array(3.5), zarr_format=2)
make("keys-of-2", chunk_key_encoding={"name": "v2", "separator": "."}, **small)
make("keys-with-dots", chunk_key_encoding={"name": "default", "separator": "."}, **small)
make("folders2", zarr_format=2, chunk_key_encoding={"name": "v2", "separator": "/"}, **small)
make("empty", np.zeros((0, 4)))
for version in (2, 3):
    for name, dtype, fill in [
        ("nan", "f4", np.nan), ("inf", "f8", -np.inf), ("one-and-nan", "c16", complex(1, np.nan)), ("pair", "c8", 2 - 3j),
        ("least", "i8", -(2**63)), ("most", "u8", 2**64 - 1), ("odd", "i8", 2**53 + 1), ("yes", "?", True),
    ]:
        z = zarr.create_array(f"fill-{name}-{version}", shape=(5,), chunks=(2,), dtype=dtype, zarr_format=version, fill_value=fill)
        z[:2] = np.ones(2, dtype)
root = zarr.create_group("tree")
deep = root.create_group("above").create_array("below", shape=(4, 4), dtype="f4", chunks=(2, 2))
deep[:] = 3
zarr.consolidate_metadata("tree")
old = zarr.create_group("tree2", zarr_format=2)
old.create_array("below", shape=(4, 4), dtype="f4", chunks=(2, 2), compressors=None)[:] = 4
zarr.consolidate_metadata("tree2")
import os
for name in sorted(os.listdir(".")) + ["tree/above/below", "tree2/below"]:
    if not name.startswith("tree") or name.endswith("below"):
        x = zarr.open_array(name, mode="r")[...]
        np.ascontiguousarray(x).astype(x.dtype.newbyteorder("=")).tofile(name + ".bytes")
        print(name)
`

func TestWhatPythonWrites(t *testing.T) {
	cmd := exec.Command(python(t), "-W", "ignore", "-c", pythonWrites)
	cmd.Dir = t.TempDir()
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	names := strings.Fields(string(out))
	if len(names) < 70 {
		t.Errorf("%d arrays", len(names))
	}
	for _, name := range names {
		z, err := shard.FromZarr(filepath.Join(cmd.Dir, name))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		want, err := os.ReadFile(filepath.Join(cmd.Dir, name+".bytes"))
		if err != nil {
			t.Fatal(err)
		}
		if z.Size() == 0 {
			if len(want) != 0 {
				t.Errorf("%s: no elements", name)
			}
			continue
		}
		whole := make([]int, len(z.Shape()))
		for d, n := range z.Shape() {
			whole[d] = max(n/2+1, 1) // chunks are not those of the file
		}
		got := ""
		if z.DType() == np.Complex64 || z.DType() == np.Complex128 {
			got = complexBytes(t, z)
		} else {
			got = bytesOf(t, np.Reshape(shard.Rechunk(z, whole...), -1))
		}
		if got != string(want) {
			t.Errorf("%s: other elements", name)
		}
	}
	for _, name := range []string{"tree/above", "tree2"} {
		if _, err := shard.FromZarr(filepath.Join(cmd.Dir, name)); err == nil || !strings.Contains(err.Error(), "a group, not an array: it has below") {
			t.Errorf("a group: %v", err)
		}
	}
}

// complexBytes returns the elements of an array of complex numbers, of which there is no arithmetic.
func complexBytes(t *testing.T, z np.Array) string {
	t.Helper()
	var b []byte
	v, err := np.Values[complex128](t.Context(), z)
	if z.DType() == np.Complex64 {
		var v []complex64
		v, err = np.Values[complex64](t.Context(), z)
		b, _ = binary.Append(nil, binary.NativeEndian, v)
	} else {
		b, _ = binary.Append(nil, binary.NativeEndian, v)
	}
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// described is zarr.json with something in the place of its data type, fill value and codecs.
const described = `{"zarr_format":3,"node_type":"array","shape":[4],"data_type":%s,"chunk_grid":{"name":"regular","configuration":{"chunk_shape":[4]}},` +
	`"chunk_key_encoding":{"name":"default"},"fill_value":%s,"codecs":%s}`

const little = `{"name":"bytes","configuration":{"endian":"little"}}`

func TestFillValues(t *testing.T) {
	for _, c := range []struct {
		dtype, fill string
		want        uint64
	}{
		{"float64", `"NaN"`, 0x7ff8000000000000},
		{"float64", `"0x7ff0000000000001"`, 0x7ff0000000000001},
		{"float64", `"-Infinity"`, math.Float64bits(math.Inf(-1))},
		{"float64", "-0.0", 1 << 63},
		{"int64", "9007199254740993", 9007199254740993},
		{"int64", "2.0", 2},
		{"uint64", "18446744073709551615", math.MaxUint64},
	} {
		dir := t.TempDir()
		write(t, filepath.Join(dir, "zarr.json"), fmt.Appendf(nil, described, `"`+c.dtype+`"`, c.fill, "["+little+"]"))
		z, err := shard.FromZarr(dir)
		if err != nil {
			t.Errorf("%s: %v", c.fill, err)
			continue
		}
		if got := bytesOf(t, z)[24:]; got != string(binary.NativeEndian.AppendUint64(nil, c.want)) {
			t.Errorf("%s: %x", c.fill, got)
		}
	}
}

func TestDescriptionsThatAreRefused(t *testing.T) {
	for _, c := range []struct{ dtype, fill, codecs, part string }{
		{`"float64"`, `"0x7ff0"`, "[" + little + "]", "fill value 0x7ff0 of float64"},
		{`"int8"`, "128", "[" + little + "]", "fill value 128 of int8"},
		{`"uint8"`, "-1", "[" + little + "]", "fill value -1"},
		{`"int64"`, "1.5", "[" + little + "]", "fill value 1.5"},
		{`"bool"`, "2", "[" + little + "]", "fill value 2"},
		{`"complex64"`, "[1]", "[" + little + "]", "fill value [1]"},
		{`{"name":"numpy.datetime64"}`, "0", "[" + little + "]", `data type {"name":"numpy.datetime64"} cannot be read`},
		{`"float64"`, "0", `["bytes"]`, "no byte order"},
		{`"float64"`, "0", `[]`, "no codec makes bytes"},
		{`"float64"`, "0", `["crc32c",` + little + `]`, `codec "crc32c" at place 0`},
		{`"float64"`, "0", `[` + little + `,"lzma"]`, `codec "lzma" at place 1 cannot be read`},
		{`"float64"`, "0", `[{"name":"transpose","configuration":{"order":[1]}},` + little + `]`, "[1] is no order of axes"},
		{`"float64"`, "0", `[{"name":"sharding_indexed","configuration":{"chunk_shape":[3],"codecs":[` + little + `],"index_codecs":[` + little + `]}}]`, "chunks [3] in shards [4]"},
		{`"float64"`, "0", `[{"name":"sharding_indexed","configuration":{"chunk_shape":[2],"codecs":[` + little + `],"index_codecs":["zstd"]}}]`, `index codec "zstd"`},
		{`"float64"`, "0", "[" + little + "]} x", "more after its end"},
	} {
		dir := t.TempDir()
		write(t, filepath.Join(dir, "zarr.json"), fmt.Appendf(nil, described, c.dtype, c.fill, c.codecs))
		if _, err := shard.FromZarr(dir); err == nil || !strings.Contains(err.Error(), c.part) || !strings.Contains(err.Error(), dir) {
			t.Errorf("%s %s %s: %v", c.dtype, c.fill, c.codecs, err)
		}
	}
}

// sum returns b with the checksum of what follows its first bytes.
func sum(b []byte, first int) []byte {
	return binary.LittleEndian.AppendUint32(slices.Clone(b), crc32.Checksum(b[first:], crc32.MakeTable(crc32.Castagnoli)))
}

// Bytes that changed are found by a checksum; an index that points elsewhere is refused.
func TestDamagedChunks(t *testing.T) {
	const checked = "[" + little + `,"crc32c"]`
	const sharded = `[{"name":"sharding_indexed","configuration":{"chunk_shape":[2],"codecs":[` + little + `],"index_codecs":` + checked + `}}]`
	elements := make([]byte, 32)
	for i := range elements {
		elements[i] = byte(i)
	}
	index := func(at ...uint64) []byte {
		b, err := binary.Append(slices.Clone(elements), binary.LittleEndian, at)
		if err != nil {
			t.Fatal(err)
		}
		return sum(b, 32)
	}
	for _, c := range []struct {
		codecs string
		chunk  []byte
		part   string // of the error; "": none
	}{
		{checked, sum(elements, 0), ""},
		{checked, append(sum(elements, 0)[:35], 0), "the checksum is that of other bytes"},
		{checked, sum(elements[:24], 0), "24 bytes of 32"},
		{checked, elements[:3], "no checksum"},
		{checked, sum(append(elements[:32:32], 9), 0), "37 bytes, one of 32 has 36 packed at most"},
		{sharded, index(0, 16, 16, 16), ""},
		{sharded, index(0, 16, 60, 16), "chunk [1] in"},
		{sharded, index(0, 16, math.MaxUint64-8, 16), "bytes at 18446744073709551607 of a file of 68"},
		{sharded, index(0, 15, 16, 16), "15 bytes, a chunk has 16"},
		{sharded, append(index(0, 16, 16, 16)[:67], 1), "index: crc32c: the checksum"},
		{sharded, elements[:20], "index: a file of 20 bytes, an index has 36"},
	} {
		dir := t.TempDir()
		write(t, filepath.Join(dir, "zarr.json"), fmt.Appendf(nil, described, `"uint64"`, "0", c.codecs))
		if err := os.Mkdir(filepath.Join(dir, "c"), 0o755); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, "c", "0"), c.chunk)
		z, err := shard.FromZarr(dir)
		if err != nil {
			t.Fatal(err)
		}
		got, err := np.Values[uint64](t.Context(), np.Add(z, 0))
		switch {
		case c.part == "" && (err != nil || len(got) != 4 || got[3] != binary.LittleEndian.Uint64(elements[24:])):
			t.Errorf("%s: %x, %v", c.codecs, got, err)
		case c.part != "" && (err == nil || !strings.Contains(err.Error(), c.part)):
			t.Errorf("%q: %v", c.part, err)
		}
	}
}
