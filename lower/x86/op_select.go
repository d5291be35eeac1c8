package x86

import (
	"encoding/binary"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower/x86/asm"
)

func emitSelect(s *strip, d ir.DType, args []operand) asm.Reg {
	c, x, y := s.reg(args[0]), args[1], args[2]
	switch {
	case d == ir.Bool:
		return s.blend(c, s.reg(x), s.reg(y), d)
	case s.isZero(y):
		return s.selectOr0(c, x)
	case s.isZero(x):
		if s.wide() {
			return s.selectOr0(s.maskNot(c), y)
		}
		return s.vec(asm.VPANDNQ, s.width(d), asm.R(s.maskFor(c, d)), y.arg)
	}
	return s.blendArg(c, x.arg, s.reg(y), d)
}

// selectOr0 returns x where c holds, 0 elsewhere.
func (s *strip) selectOr0(c asm.Reg, x operand) asm.Reg {
	switch {
	case x.arg.Kind == asm.Register:
		return s.only(c, x.arg.Reg, x.d)
	case s.wide():
		r := s.load(x)
		s.masked(c)
		return r
	}
	return s.vec(asm.VPANDQ, s.width(x.d), asm.R(s.maskFor(c, x.d)), x.arg)
}

func lookupRows(index ir.DType) {
	for _, d := range []ir.DType{ir.Int32, ir.Int64, ir.Uint32, ir.Uint64, ir.Float32, ir.Float64} {
		set(ir.OpLookup, d, index, emitLookup)
	}
}

// table returns the entries of a table as the second operand of lookup: 16 elements. Of
// 64-bit entries AVX2 gets the lower halves first and then the upper ones.
func (s *strip) table(t *ir.Table) operand {
	var low, high, data []byte
	for _, e := range t.Entries {
		low = binary.LittleEndian.AppendUint32(low, uint32(e))
		high = binary.LittleEndian.AppendUint32(high, uint32(e>>32))
		data = binary.LittleEndian.AppendUint64(data, e)
	}
	switch {
	case t.DType.Size() == 4:
		data = low
	case !s.wide():
		data = append(low, high...)
	}
	return operand{t.DType, s.pool.Add(data)}
}

// emitLookup permutes the table: the instructions look at the low bits of an index alone.
func emitLookup(s *strip, d ir.DType, args []operand) asm.Reg {
	index, table := s.reg(args[0]), args[1].arg
	from := args[0].d
	if s.wide() {
		switch {
		case lane(d) == 4:
			if lane(from) == 8 {
				index = s.narrow(index)
			}
			return s.vec(asm.VPERMPS, asm.W512, asm.R(index), table)
		case lane(from) == 4:
			index = s.vec(asm.VPMOVZXDQ, s.width(d), asm.R(index))
		}
		r := s.vec(asm.VMOVUPD, asm.W512, table)
		s.append(asm.VPERMT2PD, asm.W512, r, []asm.Arg{asm.R(index), behind(table, 64)})
		return r
	}
	i, ok := s.indices[index]
	if !ok || lane(from) != lane(d) {
		if lane(d) < lane(from) {
			index = s.narrow(index)
		} else if lane(d) > lane(from) {
			index = s.extend(ir.Uint32, index)
		}
		i = s.newIndex(d, index)
	}
	if lane(d) == 4 {
		return s.lookup8(i, table)
	}
	low, high := s.lookup8(i, table), s.lookup8(i, behind(table, 64))
	return s.vec(asm.VPBLENDD, asm.W256, asm.R(low), asm.R(high), asm.I(0xaa))
}

// index is what lookups need of integers (AVX2): their low bits, in both halves of 64-bit
// ones, and bit 3 of them as a sign.
type index struct{ low, inSecond asm.Reg }

func (s *strip) newIndex(d ir.DType, r asm.Reg) index {
	if lane(d) == 8 {
		r = s.vec(asm.VMOVSLDUP, asm.W256, asm.R(r))
	}
	return index{r, s.vec(asm.VPSLLD, asm.W256, asm.R(r), asm.I(28))}
}

// asIndex prepares the integers r, whose low four bits those of low are, for lookups: each
// needs the same, which falls away if there are none.
func (s *strip) asIndex(r asm.Reg, d ir.DType, low asm.Reg) {
	if s.wide() {
		return
	}
	if s.indices == nil {
		s.indices = map[asm.Reg]index{}
	}
	s.indices[r] = s.newIndex(d, low)
}

// lookup8 returns entries of a table of 16 times 32 bits, in two vectors of 8 (AVX2).
func (s *strip) lookup8(i index, table asm.Arg) asm.Reg {
	w := asm.W256
	first := s.vec(asm.VPERMPS, w, asm.R(i.low), table)
	second := s.vec(asm.VPERMPS, w, asm.R(i.low), behind(table, 32))
	return s.vec(asm.VBLENDVPS, w, asm.R(first), asm.R(second), asm.R(i.inSecond))
}

// behind returns the memory n bytes further on.
func behind(a asm.Arg, n int32) asm.Arg {
	a.Disp += n
	return a
}
