package x86

import (
	"encoding/binary"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower/x86/asm"
)

// constant returns a literal as an operand in the pool: one element that the instruction
// spreads with AVX-512, a whole vector with AVX2; of bool the bits of a mask register or
// a whole vector. Instructions whose elements are not d's take it by way of reg.
func (s *strip) constant(d ir.DType, bits uint64) operand {
	if d == ir.Bool {
		return operand{d, s.boolConstant(bits != 0)}
	}
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], bits)
	if s.wide() {
		arg := s.pool.Add(b[:lane(d)])
		arg.Broadcast = true
		return operand{d, arg}
	}
	return operand{d, s.pool.Add(repeated(b[:lane(d)], 32))}
}

func (s *strip) boolConstant(v bool) asm.Arg {
	var b [32]byte
	if v {
		for i := range b {
			b[i] = 0xff
		}
	}
	if !s.wide() {
		return s.pool.Add(b[:])
	}
	if v {
		binary.LittleEndian.PutUint16(b[:], uint16(1<<s.lanes-1))
	}
	return s.pool.Add(b[:2])
}

// repeated returns n bytes of copies of b.
func repeated(b []byte, n int) []byte {
	all := make([]byte, 0, n)
	for len(all) < n {
		all = append(all, b...)
	}
	return all
}

// float returns a literal of a float dtype.
func (s *strip) float(d ir.DType, v float64) operand { return s.constant(d, ir.Float(d, v)) }

// literal returns the bits of a literal, and whether the operand is one.
func (s *strip) literal(o operand) (bits uint64, ok bool) {
	if o.arg.Kind == asm.Register {
		bits, ok = s.literals[o.arg.Reg]
		return bits, ok
	}
	if o.d == ir.Bool {
		return 0, false
	}
	data := s.pool.Bytes(o.arg, lane(o.d))
	if len(data) == 4 {
		return uint64(binary.LittleEndian.Uint32(data)), true
	}
	return binary.LittleEndian.Uint64(data), true
}

// isZero reports whether an operand is a literal all of whose bits are 0.
func (s *strip) isZero(o operand) bool {
	bits, ok := s.literal(o)
	return ok && bits == 0
}

// reg returns the register of an operand; a literal is loaded into one.
func (s *strip) reg(o operand) asm.Reg {
	if o.arg.Kind == asm.Register {
		return o.arg.Reg
	}
	r := s.load(o)
	if bits, ok := s.literal(o); ok {
		if s.literals == nil {
			s.literals = map[asm.Reg]uint64{}
		}
		s.literals[r] = bits
	}
	return r
}

// load returns a new register with a literal.
func (s *strip) load(o operand) asm.Reg {
	switch {
	case o.d == ir.Bool && s.wide():
		return s.kreg(asm.KMOVW, asm.W16, o.arg)
	case o.d == ir.Bool:
		return s.vec(asm.VMOVUPS, asm.W256, o.arg)
	case !s.wide():
		return s.vec(asm.VMOVUPS, s.width(o.d), o.arg)
	}
	one := o.arg
	one.Broadcast = false
	return s.spread(o.d, one)
}

// spread returns a vector of copies of the element of 32 or 64 bits in memory.
func (s *strip) spread(d ir.DType, from asm.Arg) asm.Reg {
	switch w := s.width(d); {
	case lane(d) == 4:
		return s.vec(asm.VBROADCASTSS, w, from)
	case w == asm.W128:
		return s.vec(asm.VPBROADCASTQ, w, from)
	default:
		return s.vec(asm.VBROADCASTSD, w, from)
	}
}

// register is a register as an operand.
func register(d ir.DType, r asm.Reg) operand { return operand{d, asm.R(r)} }

// broadcast returns a vector of copies of one element in memory; of a bool a mask.
func (s *strip) broadcast(d ir.DType, from asm.Arg) asm.Reg {
	if d.Size() >= 4 {
		return s.spread(d, from)
	}
	g := s.b.New(asm.GPR)
	switch d {
	case ir.Int8:
		s.b.Op(asm.MOVSXB, asm.W32, asm.R(g), from)
	case ir.Int16:
		s.b.Op(asm.MOVSXW, asm.W32, asm.R(g), from)
	case ir.Uint16:
		s.b.Op(asm.MOVZXW, asm.W32, asm.R(g), from)
	default:
		s.b.Op(asm.MOVZXB, asm.W32, asm.R(g), from)
	}
	if d == ir.Bool {
		s.b.Op(asm.NEG, asm.W64, asm.R(g)) // all bits, or none
		if s.wide() {
			return s.kmov(g)
		}
		return s.vec(asm.VPBROADCASTQ, asm.W256, asm.R(s.vec(asm.VMOVQ, asm.W128, asm.R(g))))
	}
	return s.vec(asm.VPBROADCASTD, s.width(d), asm.R(s.vec(asm.VMOVD, asm.W128, asm.R(g))))
}
