package sparse

import (
	"encoding/binary"
	"fmt"
	"io"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
)

var _ lower.Parted = (*Data)(nil)

// Part returns the elements inside of a box, in the same format.
func (d *Data) Part(b *ir.Box) (*lower.Array, error) {
	coords, at := d.entries(b)
	extents := make([]int64, len(b.Lo))
	for k, lo := range b.Lo {
		extents[k] = b.Hi[k] - lo
		for i := range coords[k] {
			coords[k][i] -= int32(lo)
		}
	}
	out, err := Build(d.DType, d.Format, extents, coords, d.Vals, at)
	if err != nil {
		return nil, err
	}
	return out.Array(), nil
}

// Join makes d of its parts.
func (d *Data) Join(parts []*lower.Array, at []ir.Box) error {
	if d.Vals != nil {
		return fmt.Errorf("sparse: an array that was written to is joined of parts")
	}
	n, total := len(d.Extents), int64(0)
	own := make([]*Data, len(parts))
	for i, a := range parts {
		var err error
		if own[i], err = Of(a); err != nil {
			return err
		}
		total += own[i].Stored()
	}
	coords, from := make([][]int32, n), make([]int64, 0, total)
	vals := newValues(d.DType, total)
	before, size := int64(0), int64(d.DType.Size())
	for i, p := range own {
		c, pos := p.Entries()
		for k := range coords {
			lo := int32(at[i].Lo[k])
			for _, x := range c[k] {
				coords[k] = append(coords[k], x+lo)
			}
		}
		for _, x := range pos {
			from = append(from, before+x)
		}
		copy(vals.Bytes()[before*size:], p.Vals.Bytes())
		before += p.Stored()
	}
	out, err := Build(d.DType, d.Format, d.Extents, coords, vals, from)
	if err != nil {
		return err
	}
	d.become(out)
	return nil
}

// Digest writes the format, the lists and the values.
func (d *Data) Digest(w io.Writer) {
	fmt.Fprintln(w, d.DType.Name(), d.Format, d.Extents)
	for l := range d.Format.Levels {
		binary.Write(w, binary.LittleEndian, d.Pos[l])
		binary.Write(w, binary.LittleEndian, d.Crd[l])
	}
	w.Write(d.Vals.Bytes())
}
