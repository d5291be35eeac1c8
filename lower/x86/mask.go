package x86

import (
	"encoding/binary"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower/x86/asm"
)

// A mask has a bit a position in a mask register, and zeros from s.lanes on (AVX-512), or
// is 256 bits of elements of s.maskBytes(), all ones or all zeros (AVX2).

// kmov moves the low s.lanes bits of an integer register to a mask (AVX-512).
func (s *strip) kmov(g asm.Reg) asm.Reg {
	switch s.lanes {
	case 16:
		return s.kreg(asm.KMOVW, asm.W16, asm.R(g))
	case 8:
		return s.kreg(asm.KMOVB, asm.W8, asm.R(g))
	}
	s.b.Op(asm.AND, asm.W32, asm.R(g), asm.I(1<<s.lanes-1))
	return s.kreg(asm.KMOVB, asm.W8, asm.R(g))
}

// maskAnd returns a and b.
func (s *strip) maskAnd(a, b asm.Reg) asm.Reg {
	if s.wide() {
		return s.kreg(asm.KANDW, asm.W16, asm.R(a), asm.R(b))
	}
	return s.vec(asm.VPANDQ, asm.W256, asm.R(a), asm.R(b))
}

// maskAndNot returns b where a does not hold.
func (s *strip) maskAndNot(a, b asm.Reg) asm.Reg {
	if s.wide() {
		return s.kreg(asm.KANDNW, asm.W16, asm.R(a), asm.R(b))
	}
	return s.vec(asm.VPANDNQ, asm.W256, asm.R(a), asm.R(b))
}

// maskOr returns a or b.
func (s *strip) maskOr(a, b asm.Reg) asm.Reg {
	if s.wide() {
		return s.kreg(asm.KORW, asm.W16, asm.R(a), asm.R(b))
	}
	return s.vec(asm.VPORQ, asm.W256, asm.R(a), asm.R(b))
}

// maskXor returns where a and b differ.
func (s *strip) maskXor(a, b asm.Reg) asm.Reg {
	if s.wide() {
		return s.kreg(asm.KXORW, asm.W16, asm.R(a), asm.R(b))
	}
	return s.vec(asm.VPXORQ, asm.W256, asm.R(a), asm.R(b))
}

// maskNot returns where a does not hold.
func (s *strip) maskNot(a asm.Reg) asm.Reg {
	switch {
	case !s.wide():
		return s.vec(asm.VPXORQ, asm.W256, asm.R(a), s.boolConstant(true))
	case s.lanes == 16:
		return s.kreg(asm.KNOTW, asm.W16, asm.R(a))
	case s.lanes == 8:
		return s.kreg(asm.KNOTB, asm.W8, asm.R(a))
	}
	return s.maskAndNot(a, s.reg(s.constant(ir.Bool, 1)))
}

// jumpIfNone jumps when no mask has a position.
func (s *strip) jumpIfNone(masks []asm.Reg, label asm.Arg) {
	for len(masks) > 2 || len(masks) == 2 && !s.wide() {
		masks = append([]asm.Reg{s.maskOr(masks[0], masks[1])}, masks[2:]...)
	}
	if s.wide() {
		s.b.Op(asm.KORTESTW, asm.W16, asm.R(masks[0]), asm.R(masks[len(masks)-1]))
	} else {
		s.b.Op(asm.VPTEST, asm.W256, asm.R(masks[0]), asm.R(masks[0]))
	}
	s.b.Op(asm.JZ, 0, label)
}

// tailMask returns the positions below n, which is 1 to 16, of a member: the member's
// first position is member*s.lanes.
func (s *strip) tailMask(n asm.Reg, member int) asm.Reg {
	first := member * s.lanes
	if s.wide() {
		g := s.b.New(asm.GPR)
		s.b.Op(asm.MOV, asm.W32, asm.R(g), asm.I(1))
		s.b.Op(asm.SHLX, asm.W64, asm.R(g), asm.R(g), asm.R(n)) // four groups may be left, less a position
		s.b.Op(asm.SUB, asm.W64, asm.R(g), asm.I(1))
		if first > 0 {
			s.b.Op(asm.SHR, asm.W32, asm.R(g), asm.I(int64(first)))
		}
		return s.kmov(g)
	}
	positions := make([]byte, 32)
	for i := range s.lanes {
		if s.maskBytes() == 8 {
			binary.LittleEndian.PutUint64(positions[8*i:], uint64(first+i))
		} else {
			binary.LittleEndian.PutUint32(positions[4*i:], uint32(first+i))
		}
	}
	spread, compare := asm.VPBROADCASTD, asm.VPCMPGTD
	if s.maskBytes() == 8 {
		spread, compare = asm.VPBROADCASTQ, asm.VPCMPGTQ
	}
	all := s.vec(spread, asm.W256, asm.R(s.vec(asm.VMOVQ, asm.W128, asm.R(n))))
	return s.vec(compare, asm.W256, asm.R(all), s.pool.Add(positions))
}

// asMask returns what a comparison of d's has made, all ones or zeros in d's elements, as
// a mask (AVX2).
func (s *strip) asMask(r asm.Reg, d ir.DType) asm.Reg {
	if lane(d) < s.maskBytes() {
		return s.vec(asm.VPMOVSXDQ, asm.W256, asm.R(r))
	}
	return r
}

// maskFor returns a mask in elements of d (AVX2).
func (s *strip) maskFor(m asm.Reg, d ir.DType) asm.Reg {
	if d != ir.Bool && lane(d) < s.maskBytes() {
		return s.narrow(m)
	}
	return m
}

// narrow returns the low halves of 64-bit elements as 32-bit elements.
func (s *strip) narrow(r asm.Reg) asm.Reg {
	if s.wide() {
		return s.vec(asm.VPMOVQD, s.width(ir.Int64), asm.R(r))
	}
	high := s.vec(asm.VEXTRACTF128, asm.W256, asm.R(r), asm.I(1))
	return s.vec(asm.VSHUFPS, asm.W128, asm.R(r), asm.R(high), asm.I(0x88))
}

// blend returns then where mask holds, els elsewhere; of bools too.
func (s *strip) blend(mask, then, els asm.Reg, d ir.DType) asm.Reg {
	return s.blendArg(mask, asm.R(then), els, d)
}

// blendArg is blend where then may be a literal, which bools are not.
func (s *strip) blendArg(mask asm.Reg, then asm.Arg, els asm.Reg, d ir.DType) asm.Reg {
	switch {
	case s.wide() && d == ir.Bool:
		return s.maskOr(s.maskAnd(mask, then.Reg), s.maskAndNot(mask, els))
	case s.wide():
		ops := pair{asm.VPBLENDMD, asm.VPBLENDMQ}
		if d.IsFloat() {
			ops = pair{asm.VBLENDMPS, asm.VBLENDMPD}
		}
		r := s.vec(ops.of(d), s.width(d), asm.R(els), then)
		s.merging(mask)
		return r
	case d == ir.Bool: // of 64 bits too, for all their bits are equal
		return s.vec(asm.VBLENDVPS, asm.W256, asm.R(els), then, asm.R(mask))
	}
	return s.vec(pair{asm.VBLENDVPS, asm.VBLENDVPD}.of(d), s.width(d), asm.R(els), then, asm.R(s.maskFor(mask, d)))
}

// only returns r where mask holds, 0 elsewhere.
func (s *strip) only(mask, r asm.Reg, d ir.DType) asm.Reg {
	if s.wide() {
		r = s.vec(pair{asm.VMOVDQU32, asm.VMOVDQU64}.of(d), s.width(d), asm.R(r))
		s.masked(mask)
		return r
	}
	return s.vec(asm.VPANDQ, s.width(d), asm.R(s.maskFor(mask, d)), asm.R(r))
}
