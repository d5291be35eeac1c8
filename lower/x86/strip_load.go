package x86

import (
	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower/loop"
	"github.com/numen-go/numen/lower/x86/asm"
)

// loaded is a load of the statement at hand.
type loaded struct {
	v *loop.Val
	x value
}

// loadAt computes a load that differs between positions.
func (s *strip) loadAt(v *loop.Val, at loop.Place) value {
	for _, l := range s.loads {
		if loop.Same(l.v, v) {
			return l.x
		}
	}
	x := s.loadOf(v, at)
	s.loads = append(s.loads, loaded{v, x})
	return x
}

func (s *strip) loadOf(v *loop.Val, at loop.Place) value {
	if s.alone {
		return s.elementAlone(v)
	}
	d := v.DType
	masks := s.masks(at)
	result := make(value, s.members)
	if s.perGroup(v) && len(at) == 0 {
		return s.loadPerGroup(v)
	}
	if x := s.access(v.Array, v.Args, at); x != nil {
		return s.loadAlong(d, x, masks)
	}
	where := s.addresses(v.Array, v.Args, at)
	for u := range result {
		result[u] = register(d, s.widened(s.gathered(d, of(masks, u), func(i int) asm.Arg { return s.pointed(where[u*s.lanes+i]) }), d))
	}
	return result
}

// loadAlong loads elements whose positions are affine.
func (s *strip) loadAlong(d ir.DType, x *access, masks []asm.Reg) value {
	result := make(value, s.members)
	where := s.walk(x)
	for u := range result {
		if x.stride == asm.NoReg {
			result[u] = register(d, s.loadVector(x, u, of(masks, u), d))
			continue
		}
		result[u] = register(d, s.widened(s.gathered(d, of(masks, u), func(i int) asm.Arg { return where((s.first+u)*s.lanes + i) }), d))
	}
	return result
}

// pointed returns the memory whose address is in memory.
func (s *strip) pointed(address asm.Arg) asm.Arg {
	r := s.b.New(asm.GPR)
	s.b.Op(asm.MOV, asm.W64, asm.R(r), address)
	return asm.M(r, 0)
}

// loadPerGroup loads element t >> 4 of an array for all positions.
func (s *strip) loadPerGroup(v *loop.Val) value {
	i := len(v.Args) - 1
	index := append(append([]*loop.Val{}, v.Args[:i]...), loop.Int(0))
	key := keyOf(v.Array, v.Args)
	x := s.accesses[key]
	if x == nil {
		x = s.access(v.Array, index, nil)
		s.hoist(func() { x.own(s) })
		s.accesses[key] = x
		if s.t != asm.NoReg {
			step := asm.Arg{}
			if s.class.IsUnit(s.loop, v.Array, i) {
				step = asm.I(int64(x.size))
			} else {
				one := make([]*loop.Val, len(index))
				for d := range one {
					one[d] = loop.Int(0)
				}
				one[i] = loop.Int(1)
				step = s.strideBytes(v.Array, one)
			}
			s.advance = append(s.advance, func(group int) {
				for range group / groupSize {
					s.b.Op(asm.ADD, asm.W64, asm.R(x.base), step)
				}
			})
		}
	}
	return value{register(v.DType, s.broadcast(v.DType, asm.M(x.base, x.disp)))}
}

// loads of whole vectors, by dtype.
var vectorMoves = map[ir.DType]asm.Op{
	ir.Int8: asm.VPMOVSXBD, ir.Int16: asm.VPMOVSXWD, ir.Uint8: asm.VPMOVZXBD, ir.Uint16: asm.VPMOVZXWD, ir.Bool: asm.VPMOVZXBD,
	ir.Int32: asm.VMOVDQU32, ir.Uint32: asm.VMOVDQU32, ir.Int64: asm.VMOVDQU64, ir.Uint64: asm.VMOVDQU64,
	ir.Float32: asm.VMOVUPS, ir.Float64: asm.VMOVUPD,
}

// loadVector loads contiguous elements of a member.
func (s *strip) loadVector(x *access, u int, mask asm.Reg, d ir.DType) asm.Reg {
	from := func(i int) asm.Arg { return s.at(x, (s.first+u)*s.lanes+i) }
	if mask == asm.NoReg || s.wide() {
		return s.widen(d, from(0), mask)
	}
	if d.Size() < 4 {
		return s.widened(s.gathered(d, mask, from), d)
	}
	return s.vec(pair{asm.VMASKMOVPS, asm.VMASKMOVPD}.of(d), max(s.width(d), asm.W128), asm.R(s.maskFor(mask, d)), from(0))
}

// widened returns packed elements in a register as a vector.
func (s *strip) widened(packed asm.Reg, d ir.DType) asm.Reg {
	if d.Size() >= 4 {
		return packed
	}
	return s.widen(d, asm.R(packed), asm.NoReg)
}

// widen returns packed elements as a vector; with AVX-512 those of a mask alone.
func (s *strip) widen(d ir.DType, from asm.Arg, mask asm.Reg) asm.Reg {
	if d != ir.Bool {
		r := s.vec(vectorMoves[d], s.width(d), from)
		if mask != asm.NoReg {
			s.masked(mask)
		}
		return r
	}
	if s.wide() {
		w := asm.Width(32 * s.lanes)
		bytes := s.vec(asm.VPMOVZXBD, w, from)
		if mask != asm.NoReg {
			s.masked(mask)
		}
		return s.kreg(asm.VPTESTMD, w, asm.R(bytes), asm.R(bytes))
	}
	zx, sub := asm.VPMOVZXBD, asm.VPSUBD
	if s.maskBytes() == 8 {
		zx, sub = asm.VPMOVZXBQ, asm.VPSUBQ
	}
	bytes := s.vec(zx, asm.W256, from)
	zero := s.vec(asm.VPXORQ, asm.W128, asm.R(bytes), asm.R(bytes))
	return s.vec(sub, asm.W256, asm.R(zero), asm.R(bytes))
}

// gathered returns the elements of a vector, which lie anywhere, packed. Where a mask does
// not hold nothing is looked at, and they are 0.
func (s *strip) gathered(d ir.DType, mask asm.Reg, where func(i int) asm.Arg) asm.Reg {
	size := d.Size()
	var bits asm.Reg
	if mask != asm.NoReg {
		bits = s.maskBits(mask)
	}
	insert := [...]asm.Op{1: asm.VPINSRB, 2: asm.VPINSRW, 4: asm.VPINSRD, 8: asm.VPINSRQ}[size]
	part := func(first, n int) asm.Reg { // of 128 bits
		if mask == asm.NoReg && size >= 4 {
			x := s.vec([...]asm.Op{4: asm.VMOVSS, 8: asm.VMOVSD}[size], asm.W128, where(first))
			for i := 1; i < n; i++ {
				if size == 8 {
					x = s.vec(asm.VMOVHPD, asm.W128, asm.R(x), where(first+1))
				} else {
					x = s.vec(insert, asm.W128, asm.R(x), where(first+i), asm.I(int64(i)))
				}
			}
			return x
		}
		x := s.b.New(asm.Vec)
		s.b.Op(asm.VPXORQ, asm.W128, asm.R(x), asm.R(x), asm.R(x))
		for i := range n {
			from := where(first + i)
			if mask == asm.NoReg {
				s.b.Op(insert, asm.W128, asm.R(x), asm.R(x), from, asm.I(int64(i)))
				continue
			}
			skip := s.b.NewLabel()
			s.b.Op(asm.TEST, asm.W32, asm.R(bits), asm.I(1<<(first+i)))
			s.b.Op(asm.JZ, 0, skip)
			s.b.Op(insert, asm.W128, asm.R(x), asm.R(x), from, asm.I(int64(i)))
			s.b.Bind(skip)
		}
		return x
	}
	each := 16 / size
	var parts []asm.Reg
	for first := 0; first < s.lanes; first += each {
		parts = append(parts, part(first, min(each, s.lanes-first)))
	}
	return s.joined(parts)
}

// joined puts vectors of 128 bits together.
func (s *strip) joined(parts []asm.Reg) asm.Reg {
	for _, step := range []struct {
		op asm.Op
		w  asm.Width
	}{{asm.VINSERTF128, asm.W256}, {asm.VINSERTF64X4, asm.W512}} {
		if len(parts) == 1 {
			break
		}
		var wider []asm.Reg
		for i := 0; i < len(parts); i += 2 {
			wider = append(wider, s.vec(step.op, step.w, asm.R(parts[i]), asm.R(parts[i+1]), asm.I(1)))
		}
		parts = wider
	}
	return parts[0]
}

// maskBits returns a mask as bits of an integer register.
func (s *strip) maskBits(mask asm.Reg) asm.Reg {
	bits := s.b.New(asm.GPR)
	switch {
	case s.wide():
		s.b.Op(asm.KMOVW, asm.W16, asm.R(bits), asm.R(mask))
	case s.maskBytes() == 8:
		s.b.Op(asm.VMOVMSKPD, asm.W256, asm.R(bits), asm.R(mask))
	default:
		s.b.Op(asm.VMOVMSKPS, asm.W256, asm.R(bits), asm.R(mask))
	}
	return bits
}
