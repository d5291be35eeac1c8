package np

import "github.com/numen-go/numen/ir"

// Functions of two Operands: arrays and Go numbers mix. Shapes broadcast: aligned at
// the right, axes of extent 1 and missing axes stretch; else the result is ErrShape.
// Dtypes promote as in NumPy 2: two arrays meet in the dtype that holds both, a bare
// number takes the array's dtype unless its kind is higher (ErrDType when it does not
// fit). A dtype that a function has no meaning for is ErrDType.

// elementwise applies op to the call's operands in the dtype where they meet, which is
// at least of kind least.
func (c *call) elementwise(op *ir.Op, least ir.Kind) Array {
	args, bad := c.promoted(least, c.ops[:c.n]...)
	if bad != nil {
		return c.array(bad)
	}
	return c.array(c.apply(op, args...))
}

// apply is node for elementwise ops: it refuses dtypes in the user's words.
func (c *call) apply(op *ir.Op, args ...*ir.Node) *ir.Node {
	for i, a := range args {
		if d := a.Type.DType; !isFailed(a) && !op.Scalar.In[i].Has(d) {
			return c.fail(ErrDType, "has no meaning for %s: convert with AsType", d.Name())
		}
	}
	return c.node(op, nil, args...)
}

// Add returns a + b. Integers wrap. Bools have no sum: see LogicalOr, or convert.
func Add(a, b Operand) Array { return begin("Add", a, b).elementwise(ir.OpAdd, 0) }

// Subtract returns a - b. Integers wrap.
func Subtract(a, b Operand) Array { return begin("Subtract", a, b).elementwise(ir.OpSub, 0) }

// Multiply returns a * b. Integers wrap.
func Multiply(a, b Operand) Array { return begin("Multiply", a, b).elementwise(ir.OpMul, 0) }

// Divide returns a / b as floats: integers become float64. Division by zero gives
// infinities and NaN, as in IEEE arithmetic.
func Divide(a, b Operand) Array { return begin("Divide", a, b).elementwise(ir.OpDiv, ir.KindFloat) }

// FloorDivide returns a / b rounded towards minus infinity. An integer divided by zero
// gives 0.
func FloorDivide(a, b Operand) Array {
	return begin("FloorDivide", a, b).elementwise(ir.OpFloorDivide, 0)
}

// Remainder returns a - FloorDivide(a, b) * b, which has the sign of b. Of integers
// divided by zero it is 0.
func Remainder(a, b Operand) Array { return begin("Remainder", a, b).elementwise(ir.OpRemainder, 0) }

// Maximum returns the larger of a and b; NaN if either is NaN. Of bools it is a or b.
func Maximum(a, b Operand) Array { return begin("Maximum", a, b).elementwise(ir.OpMax, 0) }

// Minimum returns the smaller of a and b; NaN if either is NaN. Of bools it is a and b.
func Minimum(a, b Operand) Array { return begin("Minimum", a, b).elementwise(ir.OpMin, 0) }

// CopySign returns |a| with the sign of b, as floats.
func CopySign(a, b Operand) Array {
	return begin("CopySign", a, b).elementwise(ir.OpCopysign, ir.KindFloat)
}

// FMA returns x*y + z rounded once. Add of Multiply rounds twice and stays so: nothing
// but FMA makes a fused operation.
func FMA(x, y, z Operand) Array { return begin("FMA", x, y, z).elementwise(ir.OpFMA, 0) }

// Pow returns a to the power b. A bare exponent of 2 is Square, one of -1 of floats is
// Reciprocal. Integer powers wrap; a bare negative exponent of an integer array is
// ErrDType: convert the array to floats.
func Pow(a, b Operand) Array { return begin("Pow", a, b).pow(a, b) }

func (c *call) pow(a, b Operand) Array {
	args, bad := c.promoted(0, a, b)
	if bad != nil {
		return c.array(bad)
	}
	if n, ok := numberOf(b); ok {
		switch d := args[0].Type.DType; {
		case args[1] == integer(2, d) && d != ir.Bool:
			return c.array(c.node(ir.OpMul, nil, args[0], args[0]))
		case d.IsFloat() && args[1] == integer(-1, d):
			return c.array(c.node(ir.OpDiv, nil, integer(1, d), args[0]))
		case d.IsInteger() && n.kind == ir.KindInt && int64(n.bits) < 0:
			return c.array(c.fail(ErrDType, "integers have no negative powers: convert with AsType"))
		case d.IsInteger() && n.kind == ir.KindInt && n.bits > 2 && n.bits <= smallPower:
			return c.array(c.power(args[0], n.bits))
		}
	}
	return c.array(c.apply(ir.OpPow, args...))
}

// smallPower is the largest bare exponent that is written out in products.
const smallPower = 16

// power returns x to the power n > 0 of integers, whose products wrap in any order, by
// squaring.
func (c *call) power(x *ir.Node, n uint64) *ir.Node {
	if n == 1 {
		return x
	}
	p := c.power(x, n/2)
	p = c.node(ir.OpMul, nil, p, p)
	if n%2 == 1 {
		p = c.node(ir.OpMul, nil, p, x)
	}
	return p
}

// Equal returns whether a == b, as bools. NaN equals nothing.
func Equal(a, b Operand) Array { return begin("Equal", a, b).elementwise(ir.OpEq, 0) }

// NotEqual returns whether a != b, as bools. NaN differs from itself.
func NotEqual(a, b Operand) Array { return begin("NotEqual", a, b).elementwise(ir.OpNe, 0) }

// Less returns whether a < b, as bools; false where either is NaN.
func Less(a, b Operand) Array { return begin("Less", a, b).elementwise(ir.OpLt, 0) }

// LessEqual returns whether a <= b, as bools; false where either is NaN.
func LessEqual(a, b Operand) Array { return begin("LessEqual", a, b).elementwise(ir.OpLe, 0) }

// Greater returns whether a > b, as bools; false where either is NaN.
func Greater(a, b Operand) Array { return begin("Greater", a, b).elementwise(ir.OpGt, 0) }

// GreaterEqual returns whether a >= b, as bools; false where either is NaN.
func GreaterEqual(a, b Operand) Array { return begin("GreaterEqual", a, b).elementwise(ir.OpGe, 0) }

// BitwiseAnd returns the bits that a and b share, for integers and bools.
func BitwiseAnd(a, b Operand) Array { return begin("BitwiseAnd", a, b).elementwise(ir.OpAnd, 0) }

// BitwiseOr returns the bits of a or b, for integers and bools.
func BitwiseOr(a, b Operand) Array { return begin("BitwiseOr", a, b).elementwise(ir.OpOr, 0) }

// BitwiseXor returns the bits in which a and b differ, for integers and bools.
func BitwiseXor(a, b Operand) Array { return begin("BitwiseXor", a, b).elementwise(ir.OpXor, 0) }

// BitwiseLeftShift returns integers a shifted left by b bits; 0 where b is negative or
// not below the width.
func BitwiseLeftShift(a, b Operand) Array {
	return begin("BitwiseLeftShift", a, b).elementwise(ir.OpShl, 0)
}

// BitwiseRightShift returns integers a shifted right by b bits, signed ones with their
// sign; 0, or -1 for negative a, where b is negative or not below the width.
func BitwiseRightShift(a, b Operand) Array {
	return begin("BitwiseRightShift", a, b).elementwise(ir.OpShr, 0)
}

// LogicalAnd returns whether a and b are both true. Numbers are true unless 0.
func LogicalAnd(a, b Operand) Array { return begin("LogicalAnd", a, b).logical(ir.OpAnd) }

// LogicalOr returns whether a or b is true. Numbers are true unless 0.
func LogicalOr(a, b Operand) Array { return begin("LogicalOr", a, b).logical(ir.OpOr) }

// LogicalXor returns whether one of a and b is true and the other is not. Numbers are
// true unless 0.
func LogicalXor(a, b Operand) Array { return begin("LogicalXor", a, b).logical(ir.OpXor) }

// logical applies a bitwise op to the truth of the operands, whatever their dtypes.
func (c *call) logical(op *ir.Op) Array {
	args := make([]*ir.Node, c.n)
	for i, v := range c.operands() {
		o := c.operand(v)
		if o.n == nil {
			args[i] = c.number(number{kind: ir.KindBool, bits: b2u(o.num.float() != 0)}, ir.Bool)
			continue
		}
		if args[i] = c.cast(o.n, ir.Bool); isFailed(args[i]) {
			break
		}
	}
	for _, a := range args {
		if a != nil && isFailed(a) {
			return c.array(a)
		}
	}
	return c.array(c.node(op, nil, args...))
}

func b2u(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

// Where picks from a where the bool array cond holds, from b elsewhere. The three
// broadcast; a and b promote.
func Where(cond Array, a, b Operand) Array {
	c := begin("Where", cond, a, b)
	p := c.in(cond)
	if isFailed(p) {
		return c.array(p)
	}
	if p.Type.DType != ir.Bool {
		return c.array(c.fail(ErrDType, "the condition must be bool: compare, or convert with AsType"))
	}
	args, bad := c.promoted(0, a, b)
	if bad != nil {
		return c.array(bad)
	}
	return c.array(c.node(ir.OpSelect, nil, p, args[0], args[1]))
}

// Clip limits x to lo <= x <= hi; nil leaves a side open, and hi wins where lo is above
// it. The operands promote as in Maximum.
func Clip(x Array, lo, hi Operand) Array { return begin("Clip", x, lo, hi).clip(x, lo, hi) }

func (c *call) clip(x Array, lo, hi Operand) Array {
	vs := []Operand{x}
	if lo != nil {
		vs = append(vs, lo)
	}
	if hi != nil {
		vs = append(vs, hi)
	}
	args, bad := c.promoted(0, vs...)
	if bad != nil {
		return c.array(bad)
	}
	n, rest := args[0], args[1:]
	if lo != nil {
		n, rest = c.node(ir.OpMax, nil, n, rest[0]), rest[1:]
	}
	if hi != nil {
		n = c.node(ir.OpMin, nil, n, rest[0])
	}
	return c.array(n)
}

// Add returns a + b: see the function Add.
func (a Array) Add(b Operand) Array { return begin("Add", a, b).elementwise(ir.OpAdd, 0) }

// Subtract returns a - b: see the function Subtract.
func (a Array) Subtract(b Operand) Array { return begin("Subtract", a, b).elementwise(ir.OpSub, 0) }

// Multiply returns a * b: see the function Multiply.
func (a Array) Multiply(b Operand) Array { return begin("Multiply", a, b).elementwise(ir.OpMul, 0) }

// Divide returns a / b: see the function Divide.
func (a Array) Divide(b Operand) Array {
	return begin("Divide", a, b).elementwise(ir.OpDiv, ir.KindFloat)
}

// Pow returns a to the power b: see the function Pow.
func (a Array) Pow(b Operand) Array { return begin("Pow", a, b).pow(a, b) }

// Clip limits a to lo <= a <= hi: see the function Clip.
func (a Array) Clip(lo, hi Operand) Array { return begin("Clip", a, lo, hi).clip(a, lo, hi) }
