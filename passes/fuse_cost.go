package passes

import (
	"sync"

	"github.com/numen-go/numen/ir"
)

// What an element costs, in additions. The classes are coarse on purpose: they decide
// what is computed twice rather than kept, and that must not change with a polynomial's
// degree.
const (
	costDivide = 5 // division, square root: not pipelined
	costCheck  = 2 // a checked position
)

// opCosts remembers the cost of an op by the dtype of its last operand.
var opCosts sync.Map // opCost -> int

type opCost struct {
	op *ir.Op
	d  ir.DType
}

// costOf returns the cost of one value without its operands.
func costOf(e *ir.Expr) int {
	switch e.Kind {
	case ir.Checked:
		return costCheck
	case ir.Pick:
		if e.Args[0].Kind != ir.Pick && e.Args[1].Kind != ir.Pick {
			return 0 // loops are split where one choice changes
		}
		return 1
	case ir.Apply:
		return applyCost(e)
	}
	return 0
}

// applyCost returns the number of primitives in an op's definition.
func applyCost(e *ir.Expr) int {
	switch e.Op {
	case ir.OpDiv, ir.OpSqrt, ir.OpQuo:
		return costDivide
	case ir.OpBitcast:
		return 0
	}
	if e.Op.Scalar.Expand == nil {
		return 1
	}
	key := opCost{e.Op, e.Args[len(e.Args)-1].DType}
	if c, ok := opCosts.Load(key); ok {
		return c.(int)
	}
	b := ir.NewBuilder()
	c := *e
	c.Args = make([]*ir.Expr, len(e.Args))
	for i, a := range e.Args {
		c.Args[i] = b.State(a.DType, i)
	}
	total := 0
	body := ir.Stmt{Args: []*ir.Expr{ir.Expand(b, b.Intern(&c), nil)}}
	body.VisitExprs(func(e *ir.Expr) { total += costOf(e) })
	opCosts.Store(key, total)
	return total
}
