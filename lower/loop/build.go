package loop

import "github.com/numen-go/numen/ir"

// Constructors of values. Integer arithmetic on constants is done here, so that loops
// print as a person would write them.

func intVal(v int64) *Val {
	if v >= 0 && v < int64(len(smallInts)) {
		return &smallInts[v]
	}
	return &Val{Kind: Const, DType: ir.Int64, Bits: uint64(v)}
}

// smallInts are the constants that most loops use; values are never written to.
var smallInts = func() (all [65]Val) {
	for i := range all {
		all[i] = Val{Kind: Const, DType: ir.Int64, Bits: uint64(i)}
	}
	return all
}()

func use(v *Var) *Val { return &Val{Kind: Use, DType: v.DType, Var: v} }

func load(a *Array, index ...*Val) *Val {
	return &Val{Kind: Load, DType: a.DType, Array: a, Args: index}
}

func extent(a *Array, axis int) *Val {
	return &Val{Kind: Extent, DType: ir.Int64, Array: a, N: axis}
}

// apply returns op of args as a value of dtype d.
func apply(op *ir.Op, d ir.DType, args ...*Val) *Val {
	return &Val{Kind: Apply, Op: op, DType: d, Args: args}
}

func cast(d ir.DType, v *Val) *Val {
	if v.DType == d {
		return v
	}
	return apply(ir.OpCast, d, v)
}

func within(t *Var, lo, hi *Val) *Val {
	return &Val{Kind: Within, DType: ir.Bool, Args: []*Val{use(t), lo, hi}}
}

// isInt reports whether v is the literal n.
func (v *Val) isInt(n int64) bool {
	return v.Kind == Const && v.DType == ir.Int64 && int64(v.Bits) == n
}

// number returns the number of an integer literal.
func (v *Val) number() (int64, bool) {
	return int64(v.Bits), v.Kind == Const && v.DType == ir.Int64
}

// split takes the literal off a sum: x = base + c, base nil for a literal alone.
func split(x *Val) (base *Val, c int64) {
	if n, ok := x.number(); ok {
		return nil, n
	}
	if x.Kind == Apply && len(x.Args) == 2 {
		n, ok := x.Args[1].number()
		switch {
		case ok && x.Op == ir.OpAdd:
			return x.Args[0], n
		case ok && x.Op == ir.OpSub:
			return x.Args[0], -n
		}
	}
	return x, 0
}

// plus returns base + c.
func plus(base *Val, c int64) *Val {
	switch {
	case base == nil:
		return intVal(c)
	case c > 0:
		return apply(ir.OpAdd, ir.Int64, base, intVal(c))
	case c < 0:
		return apply(ir.OpSub, ir.Int64, base, intVal(-c))
	}
	return base
}

func add(x, y *Val) *Val {
	a, c := split(x)
	b, d := split(y)
	switch {
	case b == nil:
		return plus(a, c+d)
	case a == nil:
		return plus(b, c+d)
	}
	return plus(apply(ir.OpAdd, ir.Int64, a, b), c+d)
}

func sub(x, y *Val) *Val {
	a, c := split(x)
	b, d := split(y)
	switch {
	case b == nil:
		return plus(a, c-d)
	case a != nil && same(a, b):
		return intVal(c - d)
	case a == nil && c == 0:
		return plus(apply(ir.OpNeg, ir.Int64, b), -d)
	case a == nil:
		return apply(ir.OpSub, ir.Int64, intVal(c-d), b)
	case a.Kind == Apply && a.Op == ir.OpAdd && same(a.Args[0], b): // (b + u) - b
		return plus(a.Args[1], c-d)
	case a.Kind == Apply && a.Op == ir.OpAdd && same(a.Args[1], b):
		return plus(a.Args[0], c-d)
	}
	return plus(apply(ir.OpSub, ir.Int64, a, b), c-d)
}

func mul(x, y *Val) *Val {
	a, constA := x.number()
	b, constB := y.number()
	switch {
	case constA && constB:
		return intVal(a * b)
	case constA && a == 0 || constB && b == 0:
		return intVal(0)
	case constA && a == 1:
		return y
	case constB && b == 1:
		return x
	case constB: // literals first
		return mul(y, x)
	}
	return apply(ir.OpMul, ir.Int64, x, y)
}

func minVal(x, y *Val) *Val { return extreme(ir.OpMin, x, y) }
func maxVal(x, y *Val) *Val { return extreme(ir.OpMax, x, y) }

func extreme(op *ir.Op, x, y *Val) *Val {
	if a, ok := x.number(); ok {
		if b, ok := y.number(); ok {
			if (a < b) == (op == ir.OpMin) {
				return x
			}
			return y
		}
	}
	if same(x, y) {
		return x
	}
	return apply(op, ir.Int64, x, y)
}

// intOp returns op of integers, comparisons included, without folding.
func intOp(op *ir.Op, x, y *Val) *Val {
	d := ir.Int64
	switch op {
	case ir.OpEq, ir.OpNe, ir.OpLt, ir.OpLe:
		d = ir.Bool
	}
	return apply(op, d, x, y)
}

// same reports whether two expressions are equal.
func same(x, y *Val) bool {
	if x == y {
		return true
	}
	if x.Kind != y.Kind || x.DType != y.DType || x.Op != y.Op || x.Bits != y.Bits || x.Var != y.Var || x.Array != y.Array ||
		x.Table != y.Table || x.N != y.N || len(x.Args) != len(y.Args) {
		return false
	}
	for i := range x.Args {
		if !same(x.Args[i], y.Args[i]) {
			return false
		}
	}
	return true
}
