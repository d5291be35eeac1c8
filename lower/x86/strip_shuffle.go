package x86

import (
	"encoding/binary"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower/x86/asm"
)

// below computes, for every position, a value at the last position of the lower half of
// its group of 2d.
func (s *strip) below(x value, d ir.DType, dist int) value {
	result := make(value, s.members)
	for u := range result {
		first := (s.first + u) * s.lanes
		from := func(i int) int { return (first+i)&^(2*dist-1) | (dist - 1) }
		member := from(0)/s.lanes - s.first
		r := s.permuted(s.reg(x.of(member)), d, func(i int) int { return from(i) % s.lanes })
		result[u] = register(d, r)
	}
	return result
}

// down returns a vector whose lane l is lane l + h, for l < h.
func (s *strip) down(r asm.Reg, d ir.DType, h int) asm.Reg {
	return s.permuted(r, d, func(i int) int { return min(i+h, s.lanes-1) })
}

// permuted returns a vector of the elements of another one at positions from(i).
func (s *strip) permuted(r asm.Reg, d ir.DType, from func(i int) int) asm.Reg {
	if d == ir.Bool {
		if !s.wide() { // elements of a mask
			return s.permute(r, s.maskBytes(), from)
		}
		w := asm.Width(32 * s.lanes)
		all := s.permute(s.vec(asm.VPMOVM2D, w, asm.R(r)), 4, from)
		return s.kreg(asm.VPMOVD2M, w, asm.R(all))
	}
	return s.permute(r, lane(d), from)
}

// permute is permuted of elements of 4 or 8 bytes.
func (s *strip) permute(r asm.Reg, size int, from func(i int) int) asm.Reg {
	w := asm.Width(8 * size * s.lanes)
	if size == 8 && s.lanes == 4 {
		var order int64
		for i := range 4 {
			order |= int64(from(i)) << (2 * i)
		}
		return s.vec(asm.VPERMPD, w, asm.R(r), asm.I(order))
	}
	if inParts := s.inParts(size, from); inParts >= 0 {
		if size == 8 {
			return s.vec(asm.VPERMILPD, w, asm.R(r), asm.I(inParts))
		}
		return s.vec(asm.VPERMILPS, w, asm.R(r), asm.I(inParts))
	}
	var order []byte
	for i := range s.lanes {
		if size == 8 {
			order = binary.LittleEndian.AppendUint64(order, uint64(from(i)))
		} else {
			order = binary.LittleEndian.AppendUint32(order, uint32(from(i)))
		}
	}
	index := s.vec(move[size/8], w, s.pool.Add(order))
	return s.vec(pair{asm.VPERMPS, asm.VPERMPD}[size/8], w, asm.R(index), asm.R(r))
}

// inParts returns the order of a permutation that stays inside 128 bits, for VPERMILPS or
// VPERMILPD, -1 when it does not.
func (s *strip) inParts(size int, from func(i int) int) int64 {
	each := 16 / size
	var order int64
	for i := range s.lanes {
		k := from(i)
		switch {
		case k/each != i/each:
			return -1
		case size == 8:
			order |= int64(k%2) << i
		case i < 4:
			order |= int64(k%4) << (2 * i)
		case order>>(2*(i%4))&3 != int64(k%4):
			return -1
		}
	}
	return order
}
