package x86

import (
	"slices"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower/loop"
	"github.com/numen-go/numen/lower/x86/asm"
)

// store writes elements.
func (s *strip) store(st *loop.Store) {
	d := st.Array.DType
	x := s.value(st.Val, nil)
	to := s.access(st.Array, st.Index, nil)
	if to == nil {
		s.storeEach(d, x, s.addresses(st.Array, st.Index, nil))
		return
	}
	if !slices.ContainsFunc(st.Index, s.varies) { // one element, the same for all positions
		s.storeOne(d, s.reg(x.of(0)), asm.M(to.base, to.disp))
		return
	}
	s.streams(st, to)
	s.storeAlong(d, x, to)
}

// storeAlong writes elements whose positions are affine.
func (s *strip) storeAlong(d ir.DType, x value, to *access) {
	where := s.walk(to)
	for u := range s.members {
		r, mask := s.reg(x.of(u)), of(s.tail, u)
		switch {
		case to.stride != asm.NoReg:
			s.scattered(d, s.packed(d, r), mask, func(i int) asm.Arg { return where((s.first+u)*s.lanes + i) })
		case s.past && slices.Contains(s.results, to):
			op := pair{asm.VMOVNTPS, asm.VMOVNTPD}.of(d)
			s.b.Op(op, s.width(d), s.at(to, (s.first+u)*s.lanes), asm.R(r))
		default:
			s.storeVector(d, r, mask, func(i int) asm.Arg { return s.at(to, (s.first+u)*s.lanes+i) })
		}
	}
}

// streams notes a result that is larger than the caches: it is written past them.
func (s *strip) streams(st *loop.Store, to *access) {
	if s.class.Stream && s.small && plain(s.body) && st.Array.Role == ir.Out && st.Array.DType.Size() >= 4 && to.stride == asm.NoReg && !slices.Contains(s.results, to) {
		s.results = append(s.results, to)
	}
}

// storeEach writes elements at addresses that are in memory.
func (s *strip) storeEach(d ir.DType, x value, addresses []asm.Arg) {
	for u := range s.members {
		s.scattered(d, s.packed(d, s.reg(x.of(u))), of(s.tail, u), func(i int) asm.Arg { return s.pointed(addresses[u*s.lanes+i]) })
	}
}

// storeVector writes the elements of a vector, which are contiguous.
func (s *strip) storeVector(d ir.DType, r, mask asm.Reg, to func(i int) asm.Arg) {
	switch {
	case s.wide() && d.Size() < 4:
		if d == ir.Bool {
			r = s.bytes(r)
		}
		op := asm.VPMOVDB
		if d.Size() == 2 {
			op = asm.VPMOVDW
		}
		in := s.b.Op(op, asm.Width(32*s.lanes), to(0), asm.R(r))
		in.Mask = mask
	case s.wide():
		in := s.b.Op(vectorMoves[d], s.width(d), to(0), asm.R(r))
		in.Mask = mask
	case mask == asm.NoReg:
		r = s.packed(d, r)
		switch d.Size() * s.lanes {
		case 4:
			s.b.Op(asm.VMOVD, asm.W128, to(0), asm.R(r))
		case 8:
			s.b.Op(asm.VMOVQ, asm.W128, to(0), asm.R(r))
		default:
			s.b.Op(asm.VMOVUPS, asm.Width(8*d.Size()*s.lanes), to(0), asm.R(r))
		}
	case d.Size() < 4:
		s.scattered(d, s.packed(d, r), mask, to)
	default:
		s.b.Op(pair{asm.VMASKMOVPS, asm.VMASKMOVPD}.of(d), max(s.width(d), asm.W128), to(0), asm.R(s.maskFor(mask, d)), asm.R(r))
	}
}

// bytes returns a mask as elements of 32 bits that are 0 or 1.
func (s *strip) bytes(mask asm.Reg) asm.Reg {
	return s.reg(s.op(ir.OpCast, ir.Uint8, ir.Bool, value{register(ir.Bool, mask)})[0])
}

// packed returns the elements of a vector as they lie in memory, from the first byte on.
func (s *strip) packed(d ir.DType, r asm.Reg) asm.Reg {
	if d == ir.Bool {
		r = s.bytes(r)
	}
	if d.Size() >= 4 {
		return r
	}
	if s.wide() {
		if d.Size() == 2 {
			return s.vec(asm.VPMOVDW, asm.Width(32*s.lanes), asm.R(r))
		}
		return s.vec(asm.VPMOVDB, asm.Width(32*s.lanes), asm.R(r))
	}
	half := make([]byte, 16) // the low bytes of 4 elements, first
	for i := range half {
		half[i] = 0x80
	}
	for i := range 4 {
		for b := range d.Size() {
			half[i*d.Size()+b] = byte(4*i + b)
		}
	}
	if s.lanes == 4 {
		return s.vec(asm.VPSHUFB, asm.W128, asm.R(r), s.pool.Add(half))
	}
	r = s.vec(asm.VPSHUFB, asm.W256, asm.R(r), s.pool.Add(append(half, half...)))
	high := s.vec(asm.VEXTRACTI128, asm.W256, asm.R(r), asm.I(1))
	if d.Size() == 2 {
		return s.vec(asm.VPUNPCKLQDQ, asm.W128, asm.R(r), asm.R(high))
	}
	return s.vec(asm.VPUNPCKLDQ, asm.W128, asm.R(r), asm.R(high))
}

// scattered writes packed elements to where they belong, those of a mask alone.
func (s *strip) scattered(d ir.DType, packed, mask asm.Reg, to func(i int) asm.Arg) {
	size := d.Size()
	var bits asm.Reg
	if mask != asm.NoReg {
		bits = s.maskBits(mask)
	}
	each := 16 / size
	part := packed
	for i := range s.lanes {
		if i > 0 && i%each == 0 {
			part = s.part(packed, i/each, size*s.lanes)
		}
		where := to(i)
		var skip asm.Arg
		if mask != asm.NoReg {
			skip = s.b.NewLabel()
			s.b.Op(asm.TEST, asm.W32, asm.R(bits), asm.I(1<<i))
			s.b.Op(asm.JZ, 0, skip)
		}
		s.storeElement(size, part, i%each, where)
		if mask != asm.NoReg {
			s.b.Bind(skip)
		}
	}
}

// part returns 128 bits of a vector of so many bytes, which is not the first part.
func (s *strip) part(r asm.Reg, n, bytes int) asm.Reg {
	if bytes == 64 {
		return s.vec(asm.VEXTRACTF32X4, asm.W512, asm.R(r), asm.I(int64(n)))
	}
	return s.vec(asm.VEXTRACTF128, asm.W256, asm.R(r), asm.I(int64(n)))
}

// storeElement writes packed element i of 128 bits.
func (s *strip) storeElement(size int, r asm.Reg, i int, to asm.Arg) {
	switch {
	case size == 8 && i == 0:
		s.b.Op(asm.VMOVSD, asm.W128, to, asm.R(r))
	case size == 8:
		s.b.Op(asm.VMOVHPD, asm.W128, to, asm.R(r))
	case size == 4 && i == 0:
		s.b.Op(asm.VMOVSS, asm.W128, to, asm.R(r))
	default:
		op := [...]asm.Op{1: asm.VPEXTRB, 2: asm.VPEXTRW, 4: asm.VPEXTRD}[size]
		s.b.Op(op, asm.W128, to, asm.R(r), asm.I(int64(i)))
	}
}

// storeOne writes the first element of a vector.
func (s *strip) storeOne(d ir.DType, r asm.Reg, to asm.Arg) {
	if d == ir.Bool {
		g := s.maskBits(r)
		s.b.Op(asm.AND, asm.W32, asm.R(g), asm.I(1))
		s.b.Op(asm.MOV, asm.W8, to, asm.R(g))
		return
	}
	s.storeElement(d.Size(), r, 0, to) // the low bytes of element 0 are the first ones
}
