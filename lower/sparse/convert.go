package sparse

import (
	"context"
	"fmt"
	"slices"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
)

// Array returns an array that holds d.
func (d *Data) Array() *lower.Array {
	return &lower.Array{DType: d.DType, Format: d.Format, Buf: d, Extents: d.Extents}
}

// Of returns what a sparse array holds.
func Of(a *lower.Array) (*Data, error) {
	d, ok := a.Buf.(*Data)
	if !ok {
		return nil, fmt.Errorf("sparse: %T is no sparse array", a.Buf)
	}
	if d.Vals == nil {
		return nil, fmt.Errorf("sparse: an array that nothing was written to")
	}
	return d, nil
}

// Convert returns an array's elements in another format. From dense, what is stored is
// what differs from the fill, by its bits.
func Convert(ctx context.Context, a *lower.Array, to *ir.Format) (*lower.Array, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if !a.Format.Sparse() {
		d, err := fromDense(a, to)
		if err != nil {
			return nil, err
		}
		return d.Array(), nil
	}
	d, err := Of(a)
	if err != nil {
		return nil, err
	}
	if to == nil {
		return d.dense()
	}
	if to.Equal(d.Format) {
		return a, nil
	}
	if to.Fill != d.Format.Fill {
		return nil, fmt.Errorf("sparse: %s to %s: what is not stored would become another number; go through a dense array", d.Format, to)
	}
	coords, at := d.Entries()
	out, err := Build(d.DType, to, d.Extents, coords, d.Vals, at)
	if err != nil {
		return nil, err
	}
	return out.Array(), nil
}

// fromDense returns the elements of a dense array that differ from the fill.
func fromDense(a *lower.Array, f *ir.Format) (*Data, error) {
	if err := check(f, a.Extents); err != nil {
		return nil, err
	}
	if err := a.Check(); err != nil {
		return nil, err
	}
	var coords [][]int32
	var at []int64
	switch h := a.Buf.(*lower.Host); a.DType.Size() {
	case 1:
		coords, at = differing(lower.Slice[uint8](h), a, uint8(f.Fill))
	case 2:
		coords, at = differing(lower.Slice[uint16](h), a, uint16(f.Fill))
	case 4:
		coords, at = differing(lower.Slice[uint32](h), a, uint32(f.Fill))
	default:
		coords, at = differing(lower.Slice[uint64](h), a, f.Fill)
	}
	if len(coords) == 0 && len(at) == 0 { // no axes, and the element is the fill
		return &Data{DType: a.DType, Format: f.Levelled(), Vals: a.Buf.(*lower.Host)}, nil
	}
	return Build(a.DType, f, a.Extents, coords, a.Buf.(*lower.Host), at)
}

func differing[T comparable](s []T, a *lower.Array, fill T) (coords [][]int32, at []int64) {
	coords = make([][]int32, len(a.Extents))
	each(a, func(pos []int64, offset int64) {
		if s[offset] == fill {
			return
		}
		for k, p := range pos {
			coords[k] = append(coords[k], int32(p))
		}
		at = append(at, offset)
	})
	return coords, at
}

// each calls f with every position of a dense array and its offset, in row-major order.
func each(a *lower.Array, f func(pos []int64, offset int64)) {
	if slices.Contains(a.Extents, 0) {
		return
	}
	pos := make([]int64, len(a.Extents))
	offset := a.Offset
	for {
		f(pos, offset)
		k := len(pos) - 1
		for ; k >= 0; k-- {
			if pos[k]++; pos[k] < a.Extents[k] {
				offset += a.Strides[k]
				break
			}
			offset -= (pos[k] - 1) * a.Strides[k]
			pos[k] = 0
		}
		if k < 0 {
			return
		}
	}
}

// dense returns the elements as a dense array.
func (d *Data) dense() (*lower.Array, error) {
	n := int64(1)
	for _, e := range d.Extents {
		var ok bool
		if n, ok = ir.MulOK(n, e); !ok || n > maxPositions {
			return nil, fmt.Errorf("sparse: a dense array of extents %v is too large", d.Extents)
		}
	}
	a := &lower.Array{DType: d.DType, Buf: newValues(d.DType, n), Extents: d.Extents, Strides: lower.Contiguous(d.Extents)}
	h := a.Buf.(*lower.Host)
	fill(h, d.DType, d.Format.Fill)
	coords, at := d.Entries()
	where := make([]int64, len(at))
	for k, c := range coords {
		for i, x := range c {
			where[i] += int64(x) * a.Strides[k]
		}
	}
	source := func(i int) int64 { return at[i] }
	switch d.DType.Size() {
	case 1:
		place[uint8](h, d.Vals, where, source)
	case 2:
		place[uint16](h, d.Vals, where, source)
	case 4:
		place[uint32](h, d.Vals, where, source)
	default:
		place[uint64](h, d.Vals, where, source)
	}
	return a, nil
}
