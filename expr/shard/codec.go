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

// decode reads the bytes of a chunk, which must be as many as data has.
func decode(codec string, r io.Reader, data []byte) error {
	var err error
	switch codec {
	case "gzip":
		r, err = gzip.NewReader(r)
	case "zlib":
		r, err = zlib.NewReader(r)
	case "zstd":
		d := zstdReaders.Get().(*zstd.Decoder)
		defer zstdReaders.Put(d)
		err = d.Reset(r)
		r = d
	}
	if err != nil {
		return fmt.Errorf("%s: %w", codec, err)
	}
	if n, err := io.ReadFull(r, data); err != nil {
		return fmt.Errorf("%d bytes of %d: %w", n, len(data), err)
	}
	if n, err := io.Copy(io.Discard, io.LimitReader(r, 1)); n > 0 || err != nil {
		return fmt.Errorf("more than %d bytes, or not its end: %v", len(data), err)
	}
	return nil
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
