package x86

import (
	"sync"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower/x86/asm"
)

// emitOp appends the code of a scalar op on vectors of s.lanes positions, and returns
// the register of the result, which may be that of an operand. Operands of bool are
// masks. Lookup has its table as a second operand: see strip.table.
type emitOp func(s *strip, out ir.DType, args []operand) asm.Reg

type opKey struct {
	op       *ir.Op
	out, arg ir.DType // of the result and of the last operand
}

// opTable is every scalar op that is code, at both levels. What the target keeps of a
// kernel's ops is derived from it.
var opTable = map[opKey]emitOp{}

func set(op *ir.Op, out, arg ir.DType, emit emitOp) { opTable[opKey{op, out, arg}] = emit }

func init() {
	for d := ir.Int8; d <= ir.Uint64; d++ {
		integerRows(d)
		shiftRows(d)
		lookupRows(d)
	}
	for _, d := range []ir.DType{ir.Float32, ir.Float64} {
		floatRows(d)
	}
	boolRows()
	bitRows()
	exponentRows()
	for d := ir.Bool; d <= ir.Float64; d++ {
		comparisonRows(d)
		set(ir.OpSelect, d, d, emitSelect)
		for to := ir.Bool; to <= ir.Float64; to++ {
			set(ir.OpCast, to, d, emitCast)
			if d != ir.Bool && to != ir.Bool && d.Size() == to.Size() {
				set(ir.OpRawBits, to, d, emitRawBits)
			}
		}
	}
}

// opFor returns the code of an op, nil when there is none; arg is the dtype of the last
// operand.
func opFor(_ asm.Level, op *ir.Op, out, arg ir.DType) emitOp { return opTable[opKey{op, out, arg}] }

// kept is opTable by op: the dtypes of its last operand.
var kept = sync.OnceValue(func() map[*ir.Op]ir.DTypes {
	m := map[*ir.Op]ir.DTypes{ir.OpRare: ir.AnyReal}
	for k := range opTable {
		m[k.op] |= ir.SetOf(k.arg)
	}
	return m
})

// Keep reports which scalar ops machine code runs as they are, by the dtype of the last
// operand: what a schedule needs to know.
func Keep(_ asm.Level) func(op *ir.Op, d ir.DType) bool {
	m := kept()
	return func(op *ir.Op, d ir.DType) bool { return m[op].Has(d) }
}

// pair is an instruction for elements of 32 and of 64 bits.
type pair [2]asm.Op

func (p pair) of(d ir.DType) asm.Op { return p[lane(d)/8] }

// vec appends an instruction with a new vector register as its destination.
func (s *strip) vec(op asm.Op, w asm.Width, args ...asm.Arg) asm.Reg {
	r := s.b.New(asm.Vec)
	s.append(op, w, r, args)
	return r
}

// kreg appends an instruction with a new mask register as its destination (AVX-512).
func (s *strip) kreg(op asm.Op, w asm.Width, args ...asm.Arg) asm.Reg {
	r := s.b.New(asm.Mask)
	s.append(op, w, r, args)
	return r
}

func (s *strip) append(op asm.Op, w asm.Width, d asm.Reg, args []asm.Arg) {
	all := [4]asm.Arg{asm.R(d)}
	s.b.Op(op, w, all[:1+copy(all[1:], args)]...)
}

// masked makes the instruction appended last write only the elements of a mask, and
// zeros elsewhere (AVX-512).
func (s *strip) masked(k asm.Reg) {
	in := &s.b.Insts[len(s.b.Insts)-1]
	in.Mask, in.Zero = k, true
}

// merging makes the instruction appended last write only the elements of a mask and
// leave the others of its destination as they are (AVX-512).
func (s *strip) merging(k asm.Reg) { s.b.Insts[len(s.b.Insts)-1].Mask = k }

// wide reports whether the strip has AVX-512.
func (s *strip) wide() bool { return s.level == asm.AVX512 }

// op2 appends an instruction of d's with two operands, of which the second may be memory.
func (s *strip) op2(p pair, d ir.DType, a, b operand) asm.Reg {
	return s.vec(p.of(d), s.width(d), asm.R(s.reg(a)), b.arg)
}

// unary, two and commutative are ops of one instruction, of one operand, of two, and of
// two that may trade places.
func unary(p pair) emitOp {
	return func(s *strip, out ir.DType, args []operand) asm.Reg {
		return s.vec(p.of(out), s.width(out), asm.R(s.reg(args[0])))
	}
}

func two(p pair) emitOp {
	return func(s *strip, out ir.DType, args []operand) asm.Reg { return s.op2(p, out, args[0], args[1]) }
}

func commutative(p pair) emitOp {
	return func(s *strip, out ir.DType, args []operand) asm.Reg {
		a, b := literalLast(args)
		return s.op2(p, out, a, b)
	}
}

// literalLast returns two operands that may trade places, one in memory last.
func literalLast(args []operand) (a, b operand) {
	if args[0].arg.Kind == asm.Memory {
		return args[1], args[0]
	}
	return args[0], args[1]
}

// same is the op that does nothing to the bits of a register.
func same(s *strip, _ ir.DType, args []operand) asm.Reg { return s.reg(args[0]) }
