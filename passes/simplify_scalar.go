package passes

import (
	"math"
	"slices"

	"github.com/numen-go/numen/ir"
)

// elementwiseRules use what ops say about themselves (ir.Algebra), so they hold for ops
// of third parties too.
var elementwiseRules = []rule{
	// Elementwise ops repeat extents of 1 themselves, so a broadcast operand is not
	// needed; where nothing else has the full shape, compute first and broadcast after.
	{Name: "broadcast_inside", Func: func(n *ir.Node) *ir.Node {
		if slices.ContainsFunc(n.Type.Shape, ir.Dim.IsUnknown) {
			return nil
		}
		args := slices.Clone(n.Args)
		found := false
		for i, a := range args {
			if a.Op == ir.OpBroadcast {
				args[i], found = a.Args[0], true
			}
		}
		if !found {
			return nil
		}
		return spread(n, newNode(n, n.Op, n.Attr, args...))
	}},
	// f(x, e) = x, and f(e, x) = x for a commutative op.
	{Name: "identity", Func: func(n *ir.Node) *ir.Node {
		f := n.Op.Algebra.Identity
		return besideLiteral(n, f, func(x, e *ir.Node) *ir.Node { return spread(n, x) })
	}},
	// f(x, e) = e, and f(e, x) = e for a commutative op.
	{Name: "annihilator", Func: func(n *ir.Node) *ir.Node {
		f := n.Op.Algebra.Annihilator
		return besideLiteral(n, f, func(x, e *ir.Node) *ir.Node { return spread(n, e) })
	}},
	// f(x, x) = x.
	{Name: "idempotent", Func: func(n *ir.Node) *ir.Node {
		if n.Op.Algebra.Idempotent && n.Args[0] == n.Args[1] {
			return spread(n, n.Args[0])
		}
		return nil
	}},
}

// besideLiteral returns g of the other operand and the literal, where an operand of n is
// the literal that fact tells.
func besideLiteral(n *ir.Node, fact func(ir.DType) (uint64, bool), g func(x, e *ir.Node) *ir.Node) *ir.Node {
	if fact == nil {
		return nil
	}
	want, ok := fact(n.Args[0].Type.DType)
	if !ok {
		return nil
	}
	if bits, ok := literal(n.Args[1]); ok && bits == want {
		return g(n.Args[0], n.Args[1])
	}
	if bits, ok := literal(n.Args[0]); ok && bits == want && n.Op.Algebra.Commutative {
		return g(n.Args[1], n.Args[0])
	}
	return nil
}

// scalarRules are about elementwise ops by name.
var scalarRules = []rule{
	{Name: "neg_neg", Root: ir.OpNeg, Func: twice(ir.OpNeg)},
	{Name: "not_not", Root: ir.OpNot, Func: twice(ir.OpNot)},
	{Name: "abs_unsigned", Root: ir.OpAbs, Func: func(n *ir.Node) *ir.Node {
		if n.Type.DType.Kind() == ir.KindUint {
			return n.Args[0]
		}
		return nil
	}},
	{Name: "abs_sign", Root: ir.OpAbs, Func: func(n *ir.Node) *ir.Node { // |-x| = |x|, ||x|| = |x|, but unsigned -x wraps
		if x := n.Args[0]; n.Type.DType.Kind() != ir.KindUint && (x.Op == ir.OpNeg || x.Op == ir.OpAbs) {
			return newNode(n, ir.OpAbs, nil, x.Args[0])
		}
		return nil
	}},
	{Name: "add_neg", Root: ir.OpAdd, Func: func(n *ir.Node) *ir.Node { // x + -y = x - y, which IEEE defines so
		x, y := n.Args[0], n.Args[1]
		if x.Op == ir.OpNeg && y.Op != ir.OpNeg {
			x, y = y, x
		}
		if y.Op != ir.OpNeg {
			return nil
		}
		return newNode(n, ir.OpSub, nil, x, y.Args[0])
	}},
	{Name: "sub_neg", Root: ir.OpSub, Func: func(n *ir.Node) *ir.Node { // x - -y = x + y
		x, y := n.Args[0], n.Args[1]
		if y.Op != ir.OpNeg {
			return nil
		}
		return newNode(n, ir.OpAdd, nil, x, y.Args[0])
	}},
	{Name: "sub_self", Root: ir.OpSub, Func: selfIs(0, ir.Integers)},
	{Name: "xor_self", Root: ir.OpXor, Func: selfIs(0, ir.Integers|ir.SetOf(ir.Bool))},
	{Name: "mul_signs", Root: ir.OpMul, Func: bothSigns},
	{Name: "div_signs", Root: ir.OpDiv, Func: bothSigns},
	{Name: "mul_minus_one", Root: ir.OpMul, Func: func(n *ir.Node) *ir.Node {
		for i, e := range n.Args {
			if n.Type.DType.Kind() != ir.KindUint && isLiteral(e, -1) {
				return spread(n, newNode(n, ir.OpNeg, nil, n.Args[1-i]))
			}
		}
		return nil
	}},
	{Name: "div_power_of_two", Root: ir.OpDiv, Func: divPowerOfTwo},
	{Name: "eq_self", Root: ir.OpEq, Func: selfIs(1, exactEqual)},
	{Name: "ne_self", Root: ir.OpNe, Func: selfIs(0, exactEqual)},
	{Name: "lt_self", Root: ir.OpLt, Func: selfIs(0, ir.AnyReal)},
	{Name: "gt_self", Root: ir.OpGt, Func: selfIs(0, ir.AnyReal)},
	{Name: "le_self", Root: ir.OpLe, Func: selfIs(1, exactEqual)},
	{Name: "ge_self", Root: ir.OpGe, Func: selfIs(1, exactEqual)},
	{Name: "not_compare", Root: ir.OpNot, Func: notCompare},
	{Name: "select_literal", Root: ir.OpSelect, Func: func(n *ir.Node) *ir.Node {
		if c, ok := literal(n.Args[0]); ok {
			return spread(n, n.Args[2-c])
		}
		return nil
	}},
	{Name: "select_same", Root: ir.OpSelect, Func: func(n *ir.Node) *ir.Node {
		if n.Args[1] != n.Args[2] {
			return nil
		}
		return spread(n, n.Args[1])
	}},
	{Name: "select_not", Root: ir.OpSelect, Func: func(n *ir.Node) *ir.Node {
		if c := n.Args[0]; c.Op == ir.OpNot {
			return newNode(n, ir.OpSelect, nil, c.Args[0], n.Args[2], n.Args[1])
		}
		return nil
	}},
	{Name: "select_bool", Root: ir.OpSelect, Func: func(n *ir.Node) *ir.Node { // c ? true : false
		if n.Type.DType != ir.Bool || !isLiteral(n.Args[1], 1) || !isLiteral(n.Args[2], 0) {
			return nil
		}
		return spread(n, n.Args[0])
	}},
	{Name: "cast_same", Root: ir.OpCast, Func: castSame},
	{Name: "bitcast_same", Root: ir.OpBitcast, Func: castSame},
	{Name: "cast_cast", Root: ir.OpCast, Func: castCast},
	{Name: "floor_integral", Root: ir.OpFloor, Func: roundIntegral},
	{Name: "ceil_integral", Root: ir.OpCeil, Func: roundIntegral},
	{Name: "trunc_integral", Root: ir.OpTrunc, Func: roundIntegral},
	{Name: "round_integral", Root: ir.OpRound, Func: roundIntegral},
}

// exactEqual is the set of dtypes whose every element equals itself: no NaN.
var exactEqual = ir.Integers | ir.SetOf(ir.Bool)

// twice undoes an op that is its own inverse.
func twice(op *ir.Op) func(n *ir.Node) *ir.Node {
	return func(n *ir.Node) *ir.Node {
		if n.Args[0].Op != op {
			return nil
		}
		return n.Args[0].Args[0]
	}
}

// selfIs is the rule f(x, x) = v for dtypes in set.
func selfIs(v uint64, set ir.DTypes) func(n *ir.Node) *ir.Node {
	return func(n *ir.Node) *ir.Node {
		if n.Args[0] != n.Args[1] || !set.Has(n.Args[0].Type.DType) {
			return nil
		}
		return spread(n, ir.ConstNode(n.Type.DType, v, n.Site))
	}
}

// bothSigns is -x * -y = x * y, and the same of quotients.
func bothSigns(n *ir.Node) *ir.Node {
	x, y := n.Args[0], n.Args[1]
	if x.Op != ir.OpNeg || y.Op != ir.OpNeg {
		return nil
	}
	return newNode(n, n.Op, nil, x.Args[0], y.Args[0])
}

// divPowerOfTwo makes x / c of x * (1/c) where 1/c is exact: then both are the same real
// number, rounded once.
func divPowerOfTwo(n *ir.Node) *ir.Node {
	bits, ok := literal(n.Args[1])
	if !ok {
		return nil
	}
	d, c := n.Type.DType, math.Float64frombits(bits)
	if d == ir.Float32 {
		c = float64(math.Float32frombits(uint32(bits)))
	}
	if frac, _ := math.Frexp(c); math.Abs(frac) != 0.5 {
		return nil
	}
	inverse := float64(1 / c)
	if d == ir.Float32 {
		inverse = float64(float32(inverse))
	}
	if math.IsInf(inverse, 0) || inverse == 0 {
		return nil
	}
	return newNode(n, ir.OpMul, nil, n.Args[0], ir.ConstNode(d, ir.Float(d, inverse), n.Site))
}

// opposites are comparisons of which one holds where the other does not, unless NaN is
// compared: then both may fail.
var opposites = map[*ir.Op]*ir.Op{ir.OpLt: ir.OpGe, ir.OpGe: ir.OpLt, ir.OpGt: ir.OpLe, ir.OpLe: ir.OpGt}

func notCompare(n *ir.Node) *ir.Node {
	x := n.Args[0]
	op := opposites[x.Op]
	switch {
	case x.Op == ir.OpEq:
		op = ir.OpNe
	case x.Op == ir.OpNe:
		op = ir.OpEq
	case op == nil || x.Args[0].Type.DType.IsFloat():
		return nil
	}
	return newNode(n, op, nil, x.Args...)
}

func castSame(n *ir.Node) *ir.Node {
	if x := n.Args[0]; x.Type.DType == n.Type.DType {
		return x
	}
	return nil
}

// castCast drops the middle of from -> mid -> to where that changes no element.
func castCast(n *ir.Node) *ir.Node {
	x := n.Args[0]
	if x.Op != ir.OpCast {
		return nil
	}
	from, mid, to := x.Args[0].Type.DType, x.Type.DType, n.Type.DType
	// Floats saturate on the way to an integer, integers wrap.
	saturates := !from.IsFloat() && mid.IsFloat() && to.IsInteger() && !holds(to, from)
	wraps := from.IsInteger() && mid.IsInteger() && to.IsInteger() && to.Size() <= mid.Size()
	if !wraps && (!holds(mid, from) || saturates) {
		return nil
	}
	return newNode(n, ir.OpCast, &ir.Attr{DType: to}, x.Args[0])
}

// holds reports whether every element of dtype d is one of dtype in.
func holds(in, d ir.DType) bool {
	bits := func(d ir.DType) int { // of an integer's magnitude, or that a float has exactly
		switch {
		case d == ir.Bool:
			return 1
		case d == ir.Float32:
			return 24
		case d == ir.Float64:
			return 53
		case d.Kind() == ir.KindInt:
			return 8*d.Size() - 1
		}
		return 8 * d.Size()
	}
	switch {
	case d == in:
		return true
	case d.Kind() > in.Kind(): // a fraction or sign has no place
		return false
	}
	return bits(d) <= bits(in)
}

// roundIntegral drops a rounding of a float that is integral already.
func roundIntegral(n *ir.Node) *ir.Node {
	x := n.Args[0]
	switch x.Op {
	case ir.OpFloor, ir.OpCeil, ir.OpTrunc, ir.OpRound:
		return x
	case ir.OpCast:
		if !x.Args[0].Type.DType.IsFloat() {
			return x
		}
	}
	return nil
}
