package x86

import (
	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower/x86/asm"
)

// boolRows are the ops of masks. false is less than true.
func boolRows() {
	rows := map[*ir.Op]func(s *strip, a, b asm.Reg) asm.Reg{
		ir.OpAnd: (*strip).maskAnd, ir.OpMin: (*strip).maskAnd,
		ir.OpOr: (*strip).maskOr, ir.OpMax: (*strip).maskOr,
		ir.OpXor: (*strip).maskXor, ir.OpNe: (*strip).maskXor,
		ir.OpEq: func(s *strip, a, b asm.Reg) asm.Reg { return s.maskNot(s.maskXor(a, b)) },
		ir.OpLt: (*strip).maskAndNot,
		ir.OpLe: func(s *strip, a, b asm.Reg) asm.Reg { return s.maskOr(s.maskNot(a), b) },
	}
	for op, f := range rows {
		set(op, ir.Bool, ir.Bool, func(s *strip, _ ir.DType, args []operand) asm.Reg {
			return f(s, s.reg(args[0]), s.reg(args[1]))
		})
	}
	set(ir.OpNot, ir.Bool, ir.Bool, emitNotBool)
}
