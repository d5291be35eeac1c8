package shard

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zlib"
)

// What follows reads the frames of Blosc 1, which is what Zarr's codec "blosc" writes: a
// header of 16 bytes, where each block starts, and the blocks. A block is one stream, or
// one for each byte of an element; its bytes or bits may be shuffled.

// bloscHeader is the length of a frame's header.
const bloscHeader = 16

// Bits of a header's flags. The three above them tell the codec of streams.
const (
	bloscShuffled = 1 << iota // bytes
	bloscCopied               // the frame is not compressed
	bloscBits                 // bits are shuffled
	_
	bloscWhole // a block is one stream
)

// bloscSplits is how many streams a block has at most, and bloscLeast how many bytes one
// of several has at least.
const (
	bloscSplits = 16
	bloscLeast  = 128
)

// bloscCodecs are the codecs of streams. Each fills dst from src.
var bloscCodecs = map[byte]struct {
	name   string
	decode func(dst, src []byte) error
}{
	0: {"blosclz", unpackBloscLZ},
	1: {"lz4", unpackLZ4},
	3: {"zlib", unpackZlib},
	4: {"zstd", unpackZstd},
}

var errBlosc = errors.New("the frame is damaged")

// unpackBlosc returns what a frame holds, in dst.
func unpackBlosc(src, dst []byte) ([]byte, error) {
	if len(src) < bloscHeader {
		return nil, fmt.Errorf("a frame of %d bytes", len(src))
	}
	version, flags, size := src[0], src[2], int(src[3])
	if version != 1 && version != 2 {
		return nil, fmt.Errorf("a frame of version %d: versions 1 and 2 can be read", version)
	}
	n, block := int64(binary.LittleEndian.Uint32(src[4:])), int64(binary.LittleEndian.Uint32(src[8:]))
	if all := int64(binary.LittleEndian.Uint32(src[12:])); all != int64(len(src)) {
		return nil, fmt.Errorf("%d bytes, the frame says %d", len(src), all)
	}
	if n > int64(len(dst)) {
		return nil, fmt.Errorf("the frame holds %d bytes, more than %d", n, len(dst))
	}
	dst = dst[:n]
	if flags&bloscCopied != 0 {
		if int64(len(src)) != bloscHeader+n {
			return nil, errBlosc
		}
		copy(dst, src[bloscHeader:])
		return dst, nil
	}
	if n == 0 {
		return dst, nil
	}
	if size == 0 || block <= 0 || block > n {
		return nil, errBlosc
	}
	codec, known := bloscCodecs[flags>>5]
	if !known {
		return nil, fmt.Errorf("codec %d of its streams cannot be read", flags>>5)
	}
	blocks := (n + block - 1) / block
	if int64(len(src)) < bloscHeader+4*blocks {
		return nil, errBlosc
	}
	shuffled := buffer(int(block))
	defer buffers.Put(shuffled)
	for i := range blocks {
		start := int64(binary.LittleEndian.Uint32(src[bloscHeader+4*i:]))
		if start < bloscHeader+4*blocks || start > int64(len(src)) {
			return nil, errBlosc
		}
		part := dst[i*block : min((i+1)*block, n)]
		streams := 1
		if flags&bloscWhole == 0 && size <= bloscSplits && len(part)/size >= bloscLeast && int64(len(part)) == block {
			streams = size
		}
		order := unshuffle(flags, size)
		to := part
		if order != nil {
			to = (*shuffled)[:len(part)]
		}
		if err := unpackStreams(to, src[start:], streams, codec.decode); err != nil {
			return nil, fmt.Errorf("block %d: %s: %w", i, codec.name, err)
		}
		if order != nil {
			order(part, to, size)
		}
	}
	return dst, nil
}

// unpackStreams fills dst from streams of equal parts of it, each after its length. One as
// long as its part is not compressed.
func unpackStreams(dst, src []byte, streams int, decode func(dst, src []byte) error) error {
	if len(dst)%streams != 0 {
		return errBlosc
	}
	for part := len(dst) / streams; len(dst) > 0; dst = dst[part:] {
		if len(src) < 4 {
			return errBlosc
		}
		n := int64(binary.LittleEndian.Uint32(src))
		if src = src[4:]; n > int64(len(src)) {
			return errBlosc
		}
		if n == int64(part) {
			copy(dst, src[:n])
		} else if err := decode(dst[:part], src[:n]); err != nil {
			return err
		}
		src = src[n:]
	}
	return nil
}

// unshuffle returns what puts the bytes of elements of so many bytes together again; nil: nothing.
func unshuffle(flags byte, size int) func(dst, src []byte, size int) {
	switch {
	case flags&bloscShuffled != 0 && size > 1:
		return unshuffleBytes
	case flags&bloscBits != 0:
		return unshuffleBits
	}
	return nil
}

// unshuffleBytes puts elements together whose first bytes stand first, then their second
// ones, and so on. What is no whole element at the end is as it was.
func unshuffleBytes(dst, src []byte, size int) {
	n := len(src) / size
	copy(dst[n*size:], src[n*size:])
	if size == 8 {
		a, b, c, d := src[:n], src[n:][:n], src[2*n:][:n], src[3*n:][:n]
		e, f, g, h := src[4*n:][:n], src[5*n:][:n], src[6*n:][:n], src[7*n:][:n]
		for i := range n {
			low := uint64(a[i]) | uint64(b[i])<<8 | uint64(c[i])<<16 | uint64(d[i])<<24
			high := uint64(e[i]) | uint64(f[i])<<8 | uint64(g[i])<<16 | uint64(h[i])<<24
			binary.LittleEndian.PutUint64(dst[8*i:], low|high<<32)
		}
		return
	}
	for k := range size {
		for i, x := range src[k*n : (k+1)*n] {
			dst[i*size+k] = x
		}
	}
}

// unshuffleBits puts elements together whose lowest bits stand first, then the next ones.
// It is done only where there are eight elements and eight again.
func unshuffleBits(dst, src []byte, size int) {
	n := len(src) / size
	if n%8 != 0 {
		copy(dst, src)
		return
	}
	copy(dst[n*size:], src[n*size:])
	row := n / 8
	for k := range size {
		for i := range row {
			// Byte b of x has bit b of eight elements; transposed, one byte of each.
			x := uint64(0)
			for b := range 8 {
				x |= uint64(src[(8*k+b)*row+i]) << (8 * b)
			}
			x = transpose8(x)
			for e := range 8 {
				dst[(8*i+e)*size+k] = byte(x >> (8 * e))
			}
		}
	}
}

// transpose8 transposes eight bytes as a matrix of bits.
func transpose8(x uint64) uint64 {
	t := (x ^ x>>7) & 0x00aa00aa00aa00aa
	x ^= t ^ t<<7
	t = (x ^ x>>14) & 0x0000cccc0000cccc
	x ^= t ^ t<<14
	t = (x ^ x>>28) & 0x00000000f0f0f0f0
	return x ^ t ^ t<<28
}

func unpackZlib(dst, src []byte) error {
	z, err := zlib.NewReader(bytes.NewReader(src))
	if err != nil {
		return err
	}
	_, err = io.ReadFull(z, dst)
	return err
}

func unpackZstd(dst, src []byte) error {
	out, err := zstdReader().DecodeAll(src, dst[:0:len(dst)])
	if err == nil && len(out) != len(dst) {
		err = errBlosc
	}
	return err
}
