package lowertest

import (
	"encoding/binary"
	"fmt"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
)

// layout is how an array lies in memory.
type layout uint8

const (
	contiguous  layout = iota
	offset             // not at the start of its buffer
	strided            // with gaps along every axis
	reversed           // with negative strides
	transposed         // the first axis innermost
	first              // right behind memory that nobody may touch: see edged
	last               // right before
	lastStrided        // with gaps, right before
	broadcast          // the last axis without a stride; its elements are the same
	numLayouts
)

var layoutNames = [numLayouts]string{"contiguous", "offset", "strided", "reversed", "transposed", "first", "last", "last, strided", "broadcast"}

func (l layout) String() string { return layoutNames[l] }

// guard is how many elements around an array nobody may touch, and between its elements
// where it is strided.
const guard = 32

// pattern fills what nobody may touch.
const pattern = 0xa5

// block is an array in memory with guards.
type block struct {
	array lower.Array
	bytes []byte
	owned []bool // by element of the buffer
	free  func()
}

// newBlock lays elements out. A broadcast array gets its elements from the first
// positions of its last axis: the caller has made them equal.
func newBlock(a *array, l layout) *block {
	edge := l >= first && l <= lastStrided
	behind := l != first
	if l == lastStrided {
		l = strided
	}
	rank := len(a.extents)
	strides := make([]int64, rank)
	step := int64(1)
	if l == strided {
		step = 2
	}
	for i := range rank {
		axis := rank - 1 - i
		if l == transposed {
			axis = i
		}
		if l == broadcast && axis == rank-1 {
			continue
		}
		strides[axis] = step
		step *= max(a.extents[axis], 1)
		if l == strided {
			step += 3
		}
	}
	span, empty := int64(0), false
	start := int64(0)
	for i, e := range a.extents {
		empty = empty || e == 0
		if l == reversed {
			start += (e - 1) * strides[i]
		}
		span += max(e-1, 0) * strides[i]
		if l == reversed {
			strides[i] = -strides[i]
		}
	}
	if empty {
		span, start = 0, 0
	}
	size := int64(a.dtype.Size())
	b := &block{free: func() {}}
	var host *lower.Host
	if edge {
		if span++; empty {
			span = 0
		}
		mem, free, err := edged(int(span*size), behind)
		if err != nil {
			panic(err)
		}
		host, b.free = lower.NewHost(mem), free
	} else {
		host = lower.HostOf(make([]uint64, ((span+1+2*guard)*size+7)/8))
		start += guard
	}
	b.bytes, b.owned = host.Bytes(), make([]bool, host.Size()/size)
	for i := range b.bytes {
		b.bytes[i] = pattern
	}
	b.array = lower.Array{DType: a.dtype, Buf: host, Offset: start, Strides: strides, Extents: a.extents}
	b.each(func(_ int, at int64) { b.owned[at] = true })
	b.write(a.elems)
	return b
}

// write sets the elements, row-major.
func (b *block) write(elems []uint64) {
	size := int64(b.array.DType.Size())
	b.each(func(i int, at int64) { put(b.bytes[at*size:], size, elems[i]) })
}

// each calls f with every position, row-major, and its place in the buffer.
func (b *block) each(f func(i int, at int64)) {
	pos := make([]int64, len(b.array.Extents))
	for _, e := range b.array.Extents {
		if e == 0 {
			return
		}
	}
	for i := 0; ; i++ {
		at := b.array.Offset
		for d, p := range pos {
			at += p * b.array.Strides[d]
		}
		f(i, at)
		d := len(pos) - 1
		for ; d >= 0; d-- {
			if pos[d]++; pos[d] < b.array.Extents[d] {
				break
			}
			pos[d] = 0
		}
		if d < 0 {
			return
		}
	}
}

// elems returns the elements, row-major.
func (b *block) elems() []uint64 {
	out := []uint64{}
	size := int64(b.array.DType.Size())
	b.each(func(_ int, at int64) { out = append(out, get(b.bytes[at*size:], b.array.DType)) })
	return out
}

// untouched reports the first byte outside the array that was written.
func (b *block) untouched() error {
	size := b.array.DType.Size()
	for i, own := range b.owned {
		for k := range size {
			if !own && b.bytes[i*size+k] != pattern {
				return fmt.Errorf("wrote outside the array, at element %d of its buffer (the array starts at %d)", i, b.array.Offset)
			}
		}
	}
	return nil
}

func put(p []byte, size int64, bits uint64) {
	switch size {
	case 1:
		p[0] = uint8(bits)
	case 2:
		binary.NativeEndian.PutUint16(p, uint16(bits))
	case 4:
		binary.NativeEndian.PutUint32(p, uint32(bits))
	default:
		binary.NativeEndian.PutUint64(p, bits)
	}
}

func get(p []byte, d ir.DType) uint64 {
	switch d {
	case ir.Bool, ir.Uint8:
		return uint64(p[0])
	case ir.Int8:
		return uint64(int8(p[0]))
	case ir.Int16:
		return uint64(int16(binary.NativeEndian.Uint16(p)))
	case ir.Uint16:
		return uint64(binary.NativeEndian.Uint16(p))
	case ir.Int32:
		return uint64(int32(binary.NativeEndian.Uint32(p)))
	case ir.Uint32, ir.Float32:
		return uint64(binary.NativeEndian.Uint32(p))
	}
	return binary.NativeEndian.Uint64(p)
}
