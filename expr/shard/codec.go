package shard

import (
	"fmt"
	"io"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"
)

// Coders of zstd hold megabytes, so they are used again.
var (
	zstdReaders = sync.Pool{New: func() any {
		d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true))
		if err != nil {
			panic(err) // the options are right
		}
		return d
	}}
	zstdWriters = sync.Pool{New: func() any {
		e, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithLowerEncoderMem(true))
		if err != nil {
			panic(err) // the options are right
		}
		return e
	}}
)

// unpack returns a reader of what a codec has packed, and what ends its use.
func unpack(codec string, r io.Reader) (io.Reader, func(), error) {
	nothing := func() {}
	switch codec {
	case "gzip":
		z, err := gzip.NewReader(r)
		return z, nothing, err
	case "zlib":
		z, err := zlib.NewReader(r)
		return z, nothing, err
	case "crc32c":
		return newChecksummed(r), nothing, nil
	}
	d := zstdReaders.Get().(*zstd.Decoder)
	return d, func() { zstdReaders.Put(d) }, d.Reset(r)
}

// writable reports a codec that chunks are not written with.
func writable(codec string) error {
	switch codec {
	case "", "gzip", "zstd":
		return nil
	}
	return fmt.Errorf("no codec %q to write: gzip and zstd are there", codec)
}

// encode writes the bytes of a chunk as a codec does.
func encode(codec string, w io.Writer, data []byte) error {
	var packer io.WriteCloser
	switch codec {
	case "gzip":
		g, err := gzip.NewWriterLevel(w, level)
		if err != nil {
			return err
		}
		packer = g
	case "zstd":
		e := zstdWriters.Get().(*zstd.Encoder)
		defer zstdWriters.Put(e)
		e.Reset(w)
		packer = e
	default:
		_, err := w.Write(data)
		return err
	}
	if _, err := packer.Write(data); err != nil {
		return err
	}
	return packer.Close()
}
