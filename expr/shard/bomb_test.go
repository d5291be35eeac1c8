package shard

import (
	"bytes"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
)

// zstdFrame is a frame that says it needs a window of 512 MiB, with blocks that repeat a
// byte so often.
func zstdFrame(blocks, each int) []byte {
	b := []byte{0x28, 0xb5, 0x2f, 0xfd, 0, 19 << 3}
	for i := range blocks {
		head := each<<3 | 1<<1
		if i == blocks-1 {
			head |= 1
		}
		b = append(b, byte(head), byte(head>>8), byte(head>>16), 7)
	}
	return b
}

// What a file says of its length does not take more memory than a chunk.
func TestPackedBeyondItsChunk(t *testing.T) {
	var zeros bytes.Buffer
	z, err := gzip.NewWriterLevel(&zeros, 9)
	if err == nil {
		_, err = z.Write(make([]byte, 1<<20))
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		pack []string
		file []byte
		part string // of the error; "": none
	}{
		{"a large window", []string{"zstd"}, zstdFrame(1, 4096), ""},
		{"more than there is room for", []string{"zstd"}, zstdFrame(200, 128<<10), "zstd: decompressed size exceeds"},
		{"one byte more", []string{"zstd"}, zstdFrame(1, 4097), "zstd: decompressed size exceeds"},
		{"one byte less", []string{"zstd"}, zstdFrame(1, 4095), "4095 bytes of 4096"},
		{"zeros", []string{"gzip"}, zeros.Bytes(), "gzip: more than 4096 bytes"},
		{"zstd in gzip", []string{"zstd", "gzip"}, zeros.Bytes(), "gzip: more than 56"},
		{"a large file", []string{"zstd"}, make([]byte, 1<<20), "1048576 bytes, one of 4096 has 5636 packed at most"},
	} {
		data := make([]byte, 4096)
		_, _ = zstdReader().DecodeAll(zstdFrame(1, 1), nil) // the reader is there
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		err := (&chain{pack: c.pack}).decode(io.NewSectionReader(bytes.NewReader(c.file), 0, int64(len(c.file))), data)
		runtime.ReadMemStats(&after)
		if c.part == "" && (err != nil || data[4095] != 7) || c.part != "" && (err == nil || !strings.Contains(err.Error(), c.part)) {
			t.Errorf("%s: %v", c.name, err)
		}
		if n := after.TotalAlloc - before.TotalAlloc; n > 4<<20 {
			t.Errorf("%s took %d bytes", c.name, n)
		}
	}
}
