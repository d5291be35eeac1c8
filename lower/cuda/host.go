package cuda

import (
	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
	"github.com/numen-go/numen/lower/loop"
)

// evaluator computes what the host does of a loop: integers, mostly, from parameters and
// extents.
type evaluator struct {
	vars    map[*loop.Var]uint64
	extents map[*loop.Array][]int64
	over    bool // an integer sum or product has overflowed
}

func (h *evaluator) int(v *loop.Val) int64 { return int64(h.val(v)) }

func (h *evaluator) val(v *loop.Val) uint64 {
	switch v.Kind {
	case loop.Const:
		return v.Bits
	case loop.Use:
		return h.vars[v.Var]
	case loop.Extent:
		return uint64(h.extents[v.Array][v.N])
	case loop.Pick:
		if h.val(v.Args[0]) != 0 {
			return h.val(v.Args[1])
		}
		return h.val(v.Args[2])
	}
	args := make([]*ir.Expr, len(v.Args))
	x := make([]uint64, len(v.Args))
	for i, a := range v.Args {
		args[i], x[i] = &ir.Expr{DType: a.DType}, h.val(a)
	}
	if v.Op == ir.OpRare {
		if x[0] != 0 {
			return x[2]
		}
		return x[1]
	}
	if v.DType == ir.Int64 && len(x) == 2 {
		a, b := int64(x[0]), int64(x[1])
		switch v.Op {
		case ir.OpAdd:
			h.over = h.over || (a+b > a) != (b > 0)
		case ir.OpSub:
			h.over = h.over || (a-b < a) != (b > 0)
		case ir.OpMul:
			_, ok := ir.MulOK(a, b)
			h.over = h.over || !ok
		}
	}
	return v.Op.Scalar.Eval(&ir.Expr{Kind: ir.Apply, Op: v.Op, DType: v.DType, Args: args, Table: v.Table}, x)
}

// require fails when positions are outside an axis.
func (h *evaluator) require(s *loop.Require) error {
	if h.int(s.When) <= 0 {
		return nil
	}
	h.over = false
	lo, hi, extent := h.int(s.Lo), h.int(s.Hi), h.int(s.Extent)
	if h.over || lo <= hi && (lo < 0 || hi >= extent) {
		return &lower.Unproven{Array: s.Name, Axis: s.Axis, Lo: lo, Hi: hi, Extent: extent}
	}
	return nil
}
