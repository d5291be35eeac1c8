package loop

import "github.com/numen-go/numen/ir"

// Caps says what kernels the portable executor takes. Which scalar ops those are follows
// from its table of ops, and is found out when it is asked: to expand all definitions
// takes longer than to compile a program.
func Caps() *ir.Caps { return &caps }

var caps = ir.Caps{
	Scalar:     takes,
	DTypes:     ir.AnyReal,
	Sinks:      []ir.Sink{ir.Store, ir.Reduce, ir.Scan, ir.Scatter, ir.Append},
	Orders:     []ir.Order{ir.NoOrder, ir.Lanes, ir.Chain, ir.TreeOrder, ir.Free},
	MaxRank:    1 << 30,
	ValueIndex: true,
}

// takes reports whether everything that op's definition comes down to, for operands whose
// last is a d, is in the table.
func takes(op *ir.Op, d ir.DType) bool {
	if !op.Scalar.In[len(op.Scalar.In)-1].Has(d) {
		return false
	}
	if Runs(op, d) {
		return true
	}
	if op.Scalar.Expand == nil {
		return false
	}
	b := ir.NewBuilder()
	args := make([]*ir.Expr, len(op.Scalar.In))
	for i, in := range op.Scalar.In {
		t := d
		if !in.Has(d) {
			t = first(in)
		}
		args[i] = b.State(t, i)
	}
	e := b.Apply(op, args...)
	if op.Fields&ir.FieldDType != 0 { // to the unsigned integer of its size
		e = b.Intern(&ir.Expr{Kind: ir.Apply, Op: op, DType: map[int]ir.DType{1: ir.Uint8, 2: ir.Uint16, 4: ir.Uint32, 8: ir.Uint64}[d.Size()], Args: args})
	}
	return runs(ir.Expand(b, e, Runs))
}

func first(s ir.DTypes) ir.DType {
	for d := ir.Bool; d <= ir.Float64; d++ {
		if s.Has(d) {
			return d
		}
	}
	return ir.Invalid
}

// runs reports whether every op of an expanded body has an instruction.
func runs(e *ir.Expr) bool {
	s := ir.Stmt{Args: []*ir.Expr{e}}
	ok := true
	s.VisitExprs(func(e *ir.Expr) {
		if e.Kind == ir.Apply && e.Op != ir.OpRare && opTable[opKey{e.Op, e.DType, e.Args[len(e.Args)-1].DType}] == nil {
			ok = false
		}
	})
	return ok
}
