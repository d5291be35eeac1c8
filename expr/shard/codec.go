package shard

import (
	"bytes"
	"fmt"
	"io"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"
)

// Coders of zstd hold megabytes, so they are used again. That which reads fills no more
// than the memory it is given, whatever a chunk says of its length or its window.
var (
	zstdReader = sync.OnceValue(func() *zstd.Decoder {
		d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecodeAllCapLimit(true))
		if err != nil {
			panic(err) // the options are right
		}
		return d
	})
	zstdWriters = sync.Pool{New: func() any {
		e, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithLowerEncoderMem(true))
		if err != nil {
			panic(err) // the options are right
		}
		return e
	}}
)

// readable are the codecs that chunks are read with, beside the checksum crc32c.
var readable = []string{"gzip", "zlib", "zstd", "blosc"}

// unpack returns what a codec has packed in src: in dst, of which it is an error to need
// more, or where it is.
func unpack(codec string, src, dst []byte) ([]byte, error) {
	switch codec {
	case "gzip":
		z, err := gzip.NewReader(bytes.NewReader(src))
		if err != nil {
			return nil, err
		}
		return fill(dst, z)
	case "zlib":
		z, err := zlib.NewReader(bytes.NewReader(src))
		if err != nil {
			return nil, err
		}
		return fill(dst, z)
	case "crc32c":
		return checked(src)
	case "blosc":
		return unpackBlosc(src, dst)
	}
	return zstdReader().DecodeAll(src, dst[:0:len(dst)])
}

// fill reads all that r has to dst.
func fill(dst []byte, r io.Reader) ([]byte, error) {
	for n := 0; n < len(dst); {
		k, err := r.Read(dst[n:])
		n += k
		if err == io.EOF {
			return dst[:n], nil
		}
		if err != nil {
			return nil, err
		}
	}
	var more [1]byte
	if _, err := io.ReadFull(r, more[:]); err == nil {
		return nil, fmt.Errorf("more than %d bytes", len(dst))
	} else if err != io.EOF { // at the end checksums are compared
		return nil, err
	}
	return dst, nil
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
