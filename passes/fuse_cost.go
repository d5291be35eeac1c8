package passes

import (
	"slices"
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

// weight is what an element of a stored value costs.
type weight struct {
	ops      int
	loads    int  // arrays that are read with one element for every element stored
	movement bool // elements of one array, or of none, rearranged
	faults   bool
}

// weigh returns what an element of p's value costs; p is one store.
func (f *fusion) weigh(p *piece) weight {
	var w weight
	s := &p.stmts[0]
	n := len(f.long(domain(s)))
	picks := false
	s.VisitExprs(func(e *ir.Expr) {
		w.ops += costOf(e)
		switch e.Kind {
		case ir.Pick:
			picks = true
		case ir.Checked:
			w.faults = true
		case ir.Load:
			if len(f.long(e.Access.Axes())) == n {
				w.loads++
			}
		}
	})
	if picks {
		w.loads = min(w.loads, 1) // one of the branches
	}
	w.movement = w.ops == 0
	return w
}

// repeated returns the cost of computing p wherever it is read, beyond computing each
// element once.
func (f *fusion) repeated(p *piece, c weight) int {
	if f.apartAll(p.reach) {
		return 0
	}
	times := 0
	for _, d := range p.reach {
		times += f.times(d, c)
	}
	return c.ops*(times-1) + 2*max(0, c.loads-1)*(len(p.reach)-1)
}

// times returns how often a demand computes an element. A kernel that ranges over axes
// which the value has not computes it again for each position, except that a
// contraction packs its operands first, each element once a panel.
func (f *fusion) times(d demand, c weight) int {
	const broadcast, uniform = 5, 16
	covered, all := f.covered(d)
	switch {
	case all, gemm(&d.root.stmts[d.stmt]):
		return 1
	case len(covered) == 0 && c.ops <= uniform: // one number, computed before the loops
		return 1
	}
	return broadcast
}

// gemm reports whether a statement is a contraction whose two factors each have an axis
// of the result to themselves.
func gemm(s *ir.Stmt) bool {
	if s.Sink != ir.Reduce || s.Combine.Elements < 2 {
		return false
	}
	left, right := s.Args[0].Axes(), s.Args[len(s.Args)-1].Axes()
	var own [2]bool
	for _, a := range s.Targets[0].Axes() {
		l, r := slices.Contains(left, a), slices.Contains(right, a)
		own[0], own[1] = own[0] || l && !r, own[1] || r && !l
	}
	return own[0] && own[1]
}
