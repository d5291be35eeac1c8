package x86

import (
	"math"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower/x86/asm"
)

// emitCast converts between dtypes: see ir.OpCast.
func emitCast(s *strip, to ir.DType, args []operand) asm.Reg {
	x := args[0]
	from := x.d
	switch {
	case from == to:
		return s.reg(x)
	case to == ir.Bool:
		return s.isNot0(x)
	case from == ir.Bool:
		return s.selectOr0(s.reg(x), s.constant(to, one(to)))
	}
	r := s.reg(x)
	switch {
	case from.IsFloat() && to.IsFloat():
		if to == ir.Float64 {
			return s.vec(asm.VCVTPS2PD, s.width(to), asm.R(r))
		}
		return s.vec(asm.VCVTPD2PS, s.width(from), asm.R(r))
	case to == ir.Float64:
		return s.toFloat64(from, r)
	case to == ir.Float32:
		return s.toFloat32(from, r)
	case from.IsFloat():
		return s.toInt(to, from, r)
	}
	return s.resize(to, from, r)
}

func one(d ir.DType) uint64 {
	if d.IsFloat() {
		return ir.Float(d, 1)
	}
	return 1
}

func emitRawBits(s *strip, to ir.DType, args []operand) asm.Reg {
	return s.resize(to, args[0].d, s.reg(args[0]))
}

// resize converts between integers, which wrap, and between bits of one size.
func (s *strip) resize(to, from ir.DType, r asm.Reg) asm.Reg {
	switch {
	case lane(from) == 8 && lane(to) == 4:
		return s.wrap(to, s.narrow(r))
	case lane(from) == 4 && lane(to) == 8:
		return s.extend(from, r)
	}
	fits := from.Size() < to.Size() && (from.Kind() == to.Kind() || from.Kind() == ir.KindUint)
	if fits || from == to {
		return r
	}
	return s.wrap(to, r)
}

// extend makes 64-bit elements of 32-bit ones.
func (s *strip) extend(from ir.DType, r asm.Reg) asm.Reg {
	if from.Kind() == ir.KindUint {
		return s.vec(asm.VPMOVZXDQ, s.wide64(), asm.R(r))
	}
	return s.vec(asm.VPMOVSXDQ, s.wide64(), asm.R(r))
}

// Without AVX-512 64-bit integers become floats, and floats become them, by adding a
// float so large that its last bit counts 1: a small integer is then its low bits.
const (
	magic52 = 0x1p52 // plus 0 to 2^52
	magic51 = 0x1.8p52
	magic84 = 0x1p84 // plus 2^32 times 0 to 2^52
)

func bits64(v float64) uint64 { return math.Float64bits(v) }

// f64 is a float64 literal as the operand of an instruction of 64-bit elements.
func (s *strip) f64(v float64) asm.Arg { return s.constant(ir.Float64, bits64(v)).arg }

// u64 is such an operand by its bits.
func (s *strip) u64(bits uint64) asm.Arg { return s.constant(ir.Uint64, bits).arg }

// toFloat64 rounds integers.
func (s *strip) toFloat64(from ir.DType, r asm.Reg) asm.Reg {
	w := s.wide64()
	switch {
	case from == ir.Uint32 && s.wide():
		return s.vec(asm.VCVTUDQ2PD, w, asm.R(r))
	case from == ir.Uint32:
		x := asm.R(s.vec(asm.VPORQ, w, asm.R(s.extend(from, r)), s.f64(magic52)))
		return s.vec(asm.VSUBPD, w, x, s.f64(magic52))
	case lane(from) == 4:
		return s.vec(asm.VCVTDQ2PD, w, asm.R(r))
	case s.wide() && from == ir.Uint64:
		return s.vec(asm.VCVTUQQ2PD, w, asm.R(r))
	case s.wide():
		return s.vec(asm.VCVTQQ2PD, w, asm.R(r))
	}
	// Both halves become floats without rounding, then one addition rounds. The upper half
	// of a signed integer is made positive by adding 2^31.
	offset, bias := magic84, bits64(magic84)
	if from == ir.Int64 {
		offset, bias = magic84+0x1p63, bits64(magic84)+1<<31
	}
	low := asm.R(s.vec(asm.VPBLENDD, w, asm.R(r), s.f64(magic52), asm.I(0xaa)))
	upper := asm.R(s.vec(asm.VPXORQ, w, asm.R(s.vec(asm.VPSRLQ, w, asm.R(r), asm.I(32))), s.u64(bias)))
	return s.vec(asm.VADDPD, w, asm.R(s.vec(asm.VSUBPD, w, upper, s.f64(offset+magic52))), low)
}

// toFloat32 rounds integers, once.
func (s *strip) toFloat32(from ir.DType, r asm.Reg) asm.Reg {
	w := s.width(from)
	switch {
	case from == ir.Uint32 && s.wide():
		return s.vec(asm.VCVTUDQ2PS, w, asm.R(r))
	case from == ir.Uint32:
		// As in toFloat64, by halves of 16 bits.
		literal := func(v float64) asm.Arg { return s.float(ir.Float32, v).arg }
		masked := s.vec(asm.VPANDQ, w, asm.R(r), s.constant(ir.Uint32, 0xffff).arg)
		low := asm.R(s.vec(asm.VPORQ, w, asm.R(masked), literal(0x1p23)))
		upper := asm.R(s.vec(asm.VPORQ, w, asm.R(s.vec(asm.VPSRLD, w, asm.R(r), asm.I(16))), literal(0x1p39)))
		return s.vec(asm.VADDPS, w, asm.R(s.vec(asm.VSUBPS, w, upper, literal(0x1p39+0x1p23))), low)
	case lane(from) == 4:
		return s.vec(asm.VCVTDQ2PS, w, asm.R(r))
	case s.wide() && from == ir.Uint64:
		return s.vec(asm.VCVTUQQ2PS, w, asm.R(r))
	case s.wide():
		return s.vec(asm.VCVTQQ2PS, w, asm.R(r))
	}
	// By way of a float64, which must be exact. Where 53 bits do not hold the integer, its
	// last 11 bits are replaced by whether they hold anything, in the bit above them: a
	// float32 has so many bits less that it is rounded as the integer would be.
	x := asm.R(r)
	rest := asm.R(s.vec(asm.VPANDQ, w, x, s.u64(2047)))
	any := asm.R(s.vec(asm.VPADDQ, w, rest, s.u64(2047)))
	sticky := s.vec(asm.VPANDQ, w, asm.R(s.vec(asm.VPORQ, w, x, any)), s.u64(^uint64(2047)))
	magnitude := r
	if from == ir.Int64 {
		negative := s.vec(asm.VPCMPGTQ, w, asm.R(s.reg(s.constant(from, 0))), x)
		magnitude = s.vec(asm.VPXORQ, w, x, asm.R(negative))
	}
	over := asm.R(s.vec(asm.VPSRLQ, w, asm.R(magnitude), asm.I(53)))
	small := s.vec(asm.VPCMPEQQ, w, over, s.u64(0))
	exact := s.vec(asm.VBLENDVPD, w, asm.R(sticky), x, asm.R(small))
	return s.vec(asm.VCVTPD2PS, w, asm.R(s.toFloat64(from, exact)))
}

// toInt cuts off the fraction and saturates; NaN is 0.
func (s *strip) toInt(to, from ir.DType, r asm.Reg) asm.Reg {
	switch {
	case lane(to) == 8:
		return s.toInt64(to, from, r)
	case from == ir.Float32 && to.Size() == 4:
		return s.float32ToInt32(to, r)
	}
	// The bounds of these integers are floats of the operand's dtype.
	unsigned := to.Kind() == ir.KindUint
	limit := math.Ldexp(1, 8*to.Size())
	least, most := 0.0, limit-1
	if !unsigned {
		half := float64(limit / 2)
		least, most = -half, half-1
		r = s.numbers(from, r)
	}
	r = s.atLeast(from, r, least)
	x := asm.R(s.vec(pair{asm.VMINPS, asm.VMINPD}.of(from), s.width(from), asm.R(r), s.float(from, most).arg))
	w := s.width(from)
	switch {
	case from == ir.Float32:
		return s.vec(asm.VCVTTPS2DQ, w, x)
	case to == ir.Uint32 && s.wide():
		return s.vec(asm.VCVTTPD2UDQ, w, x)
	case to == ir.Uint32:
		return s.lowWords(asm.R(s.vec(asm.VROUNDPD, w, x, asm.I(3|8))))
	}
	return s.vec(asm.VCVTTPD2DQ, w, x)
}

// numbers returns r with 0 for NaN.
func (s *strip) numbers(d ir.DType, r asm.Reg) asm.Reg {
	return s.only(s.compareFloat(r, register(d, r), cmpOrdered), r, d)
}

// atLeast returns the larger of r and a bound, and the bound for NaN.
func (s *strip) atLeast(d ir.DType, r asm.Reg, bound float64) asm.Reg {
	return s.vec(pair{asm.VMAXPS, asm.VMAXPD}.of(d), s.width(d), asm.R(r), s.float(d, bound).arg)
}

// lowWords returns integral float64s of 0 to 2^32 - 1 as 32-bit integers (AVX2).
func (s *strip) lowWords(x asm.Arg) asm.Reg {
	return s.narrow(s.vec(asm.VADDPD, asm.W256, x, s.f64(magic52)))
}

// float32ToInt32 converts to a dtype with bounds that are no float32s.
func (s *strip) float32ToInt32(to ir.DType, r asm.Reg) asm.Reg {
	d, w := ir.Float32, s.width(ir.Float32)
	limit := s.float(d, 0x1p31)
	if to == ir.Uint32 {
		r = s.atLeast(d, r, 0)
		if s.wide() {
			return s.vec(asm.VCVTTPS2UDQ, w, asm.R(r)) // all ones where it is too large
		}
		// From 2^31 on 2^31 less is converted.
		large := asm.R(s.vec(asm.VCMPPS, w, asm.R(r), limit.arg, asm.I(cmpGreaterEqual)))
		tooLarge := asm.R(s.vec(asm.VCMPPS, w, asm.R(r), s.float(d, 0x1p32).arg, asm.I(cmpGreaterEqual)))
		less := s.vec(asm.VSUBPS, w, asm.R(r), asm.R(s.vec(asm.VANDPS, w, large, limit.arg)))
		n := s.vec(asm.VPXORQ, w, asm.R(s.vec(asm.VCVTTPS2DQ, w, asm.R(less))), asm.R(s.vec(asm.VPSLLD, w, large, asm.I(31))))
		return s.vec(asm.VPORQ, w, asm.R(n), tooLarge)
	}
	// Of what is too large the instruction makes the least integer, whose opposite bits are
	// the largest one.
	n := s.vec(asm.VCVTTPS2DQ, w, asm.R(r))
	return s.saturated(to, d, n, r, limit)
}

// saturated returns the integers n that were made of the floats r, the least integer
// where they did not fit, with the largest integer where r is not below limit, and 0
// where it is NaN.
func (s *strip) saturated(to, from ir.DType, n, r asm.Reg, limit operand) asm.Reg {
	high := s.compareFloat(r, limit, cmpGreaterEqual)
	n = s.blendArg(high, s.constant(to, 1<<(8*to.Size()-1)-1).arg, n, to)
	return s.only(s.compareFloat(r, register(from, r), cmpOrdered), n, to)
}

func (s *strip) toInt64(to, from ir.DType, r asm.Reg) asm.Reg {
	unsigned := to == ir.Uint64
	w := s.width(to)
	if s.wide() {
		if unsigned { // all ones where it is too large
			return s.vec(pair{asm.VCVTTPS2UQQ, asm.VCVTTPD2UQQ}.of(from), w, asm.R(s.atLeast(from, r, 0)))
		}
		n := s.vec(pair{asm.VCVTTPS2QQ, asm.VCVTTPD2QQ}.of(from), w, asm.R(r))
		return s.saturated(to, from, n, r, s.float(from, 0x1p63))
	}
	if from == ir.Float32 {
		r = s.vec(asm.VCVTPS2PD, w, asm.R(r))
	}
	f := ir.Float64
	if !unsigned {
		r = s.numbers(f, r)
	}
	least, limit := 0.0, 0x1p64
	if !unsigned {
		least, limit = -0x1p63, 0x1p63
	}
	r = s.atLeast(f, r, least)
	// x = upper * 2^32 + lower, both integral, the lower one not negative.
	x := asm.R(s.vec(asm.VROUNDPD, w, asm.R(r), asm.I(3|8)))
	upper := asm.R(s.vec(asm.VROUNDPD, w, asm.R(s.vec(asm.VMULPD, w, x, s.f64(0x1p-32))), asm.I(1|8)))
	lower := s.vec(asm.FNMADDPD, w, upper, s.f64(0x1p32), x)
	high := asm.R(s.vec(asm.VPSLLQ, w, asm.R(s.vec(asm.VADDPD, w, upper, s.f64(magic51))), asm.I(32)))
	n := s.vec(asm.VPBLENDD, w, high, asm.R(s.vec(asm.VADDPD, w, asm.R(lower), s.f64(magic52))), asm.I(0x55))
	over := s.vec(asm.VCMPPD, w, asm.R(r), s.f64(limit), asm.I(cmpGreaterEqual))
	if unsigned {
		return s.vec(asm.VPORQ, w, asm.R(n), asm.R(over))
	}
	return s.blendArg(over, s.constant(to, math.MaxInt64).arg, n, to)
}

// exponentRows are the exact helpers of functions.
func exponentRows() {
	set(ir.OpExponent, ir.Float32, ir.Int32, emitExponent)
	set(ir.OpExponent, ir.Float64, ir.Int64, emitExponent)
	set(ir.OpLowBits, ir.Int32, ir.Float32, emitLowBits)
	set(ir.OpLowBits, ir.Int64, ir.Float64, emitLowBits)
	for _, d := range []ir.DType{ir.Float32, ir.Float64} {
		set(ir.OpScaleNormal, d, d, emitScaleNormal)
	}
}

func emitExponent(s *strip, d ir.DType, args []operand) asm.Reg {
	w := s.width(d)
	x := asm.R(s.reg(args[0]))
	switch {
	case d == ir.Float32:
		return s.vec(asm.VCVTDQ2PS, w, asm.R(s.vec(asm.VPSRAD, w, x, asm.I(23))))
	case s.wide():
		return s.vec(asm.VCVTQQ2PD, w, asm.R(s.vec(asm.VPSRAQ, w, x, asm.I(52))))
	}
	// 12 bits with a sign: 2^11 more is not negative.
	bits := asm.R(s.vec(asm.VPSRLQ, w, x, asm.I(52)))
	biased := asm.R(s.vec(asm.VPXORQ, w, bits, s.u64(bits64(magic52)|1<<11)))
	return s.vec(asm.VSUBPD, w, biased, s.f64(magic52+0x1p11))
}

func emitLowBits(s *strip, d ir.DType, args []operand) asm.Reg {
	w := s.width(d)
	x := asm.R(s.reg(args[0]))
	switch {
	case d == ir.Int32:
		return s.vec(asm.VCVTPS2DQ, w, x)
	case s.wide():
		return s.vec(asm.VCVTPD2QQ, w, x)
	}
	return s.vec(asm.VPSUBQ, w, asm.R(s.vec(asm.VADDPD, w, x, s.f64(magic51))), s.u64(bits64(magic51)))
}

func emitScaleNormal(s *strip, d ir.DType, args []operand) asm.Reg {
	if s.wide() {
		return s.op2(pair{asm.VSCALEFPS, asm.VSCALEFPD}, d, args[0], args[1])
	}
	// Added to the exponent: what is shifted out need not be cleared before.
	w := s.width(d)
	n := asm.R(s.reg(args[1]))
	if d == ir.Float64 {
		n = asm.R(s.vec(asm.VPSLLQ, w, asm.R(s.vec(asm.VADDPD, w, n, s.f64(magic51))), asm.I(52)))
		return s.vec(asm.VPADDQ, w, n, args[0].arg)
	}
	n = asm.R(s.vec(asm.VPSLLD, w, asm.R(s.vec(asm.VCVTPS2DQ, w, n)), asm.I(23)))
	return s.vec(asm.VPADDD, w, n, args[0].arg)
}
