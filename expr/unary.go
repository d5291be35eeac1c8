package np

import (
	"math"

	"github.com/numen-go/numen/ir"
)

// Functions of one Array, element by element. They fit func(Array) Array. Where the
// result is not an integer by nature, integers and bools become float64 first; float32
// stays float32.

// unary applies op to x as it is.
func (c *call) unary(op *ir.Op, x Array) Array { return c.array(c.apply(op, c.in(x))) }

// float applies op to x as floats.
func (c *call) float(op *ir.Op, x Array) Array {
	return c.array(c.node(op, nil, c.floating(c.in(x))))
}

// floating returns n with integers and bools as float64.
func (c *call) floating(n *ir.Node) *ir.Node {
	return c.cast(n, ir.PromoteWeak(n.Type.DType, ir.KindFloat))
}

// rounded applies a rounding op to floats; integers are round already.
func (c *call) rounded(op *ir.Op, x Array) Array {
	if n := c.in(x); isFailed(n) || n.Type.DType.IsInteger() {
		return c.array(n)
	}
	return c.unary(op, x)
}

// Negative returns -x. Integers wrap, unsigned ones too.
func Negative(x Array) Array { return begin("Negative", x).unary(ir.OpNeg, x) }

// Abs returns |x|. The least signed integer stays as it is.
func Abs(x Array) Array { return begin("Abs", x).unary(ir.OpAbs, x) }

// Sign returns -1, 0 or 1 as x is negative, zero or positive; NaN stays NaN.
func Sign(x Array) Array { return begin("Sign", x).unary(ir.OpSign, x) }

// Square returns x * x.
func Square(x Array) Array {
	c := begin("Square", x)
	n := c.in(x)
	return c.array(c.apply(ir.OpMul, n, n))
}

// Reciprocal returns 1 / x, as floats.
func Reciprocal(x Array) Array {
	c := begin("Reciprocal", x)
	n := c.floating(c.in(x))
	if isFailed(n) {
		return c.array(n)
	}
	return c.array(c.node(ir.OpDiv, nil, integer(1, n.Type.DType), n))
}

// Floor returns the largest integer not above x, in x's dtype.
func Floor(x Array) Array { return begin("Floor", x).rounded(ir.OpFloor, x) }

// Ceil returns the smallest integer not below x, in x's dtype.
func Ceil(x Array) Array { return begin("Ceil", x).rounded(ir.OpCeil, x) }

// Trunc returns x without its fraction, in x's dtype.
func Trunc(x Array) Array { return begin("Trunc", x).rounded(ir.OpTrunc, x) }

// Round returns the integer nearest to x, ties to even, in x's dtype.
func Round(x Array) Array { return begin("Round", x).rounded(ir.OpRound, x) }

// Sqrt returns the square root of x, rounded once; NaN for negative numbers.
func Sqrt(x Array) Array { return begin("Sqrt", x).float(ir.OpSqrt, x) }

// Exp returns e to the power x, within 1 ULP like all functions below.
func Exp(x Array) Array { return begin("Exp", x).float(ir.OpExp, x) }

// Exp2 returns 2 to the power x.
func Exp2(x Array) Array { return begin("Exp2", x).float(ir.OpExp2, x) }

// Expm1 returns e to the power x, less 1, also where x is small.
func Expm1(x Array) Array { return begin("Expm1", x).float(ir.OpExpm1, x) }

// Log returns the natural logarithm of x; -Inf for 0, NaN for negative numbers.
func Log(x Array) Array { return begin("Log", x).float(ir.OpLog, x) }

// Log2 returns the logarithm of x to the base 2.
func Log2(x Array) Array { return begin("Log2", x).float(ir.OpLog2, x) }

// Log10 returns the logarithm of x to the base 10.
func Log10(x Array) Array { return begin("Log10", x).float(ir.OpLog10, x) }

// Log1p returns the natural logarithm of 1 + x, also where x is small.
func Log1p(x Array) Array { return begin("Log1p", x).float(ir.OpLog1p, x) }

// Sin returns the sine of x in radians; NaN for infinities.
func Sin(x Array) Array { return begin("Sin", x).float(ir.OpSin, x) }

// Cos returns the cosine of x in radians; NaN for infinities.
func Cos(x Array) Array { return begin("Cos", x).float(ir.OpCos, x) }

// Tanh returns the hyperbolic tangent of x.
func Tanh(x Array) Array { return begin("Tanh", x).float(ir.OpTanh, x) }

// Erf returns the error function of x.
func Erf(x Array) Array { return begin("Erf", x).float(ir.OpErf, x) }

// IsNaN returns whether x is NaN, as bools; false for integers.
func IsNaN(x Array) Array {
	c := begin("IsNaN", x)
	n := c.in(x)
	return c.array(c.node(ir.OpNe, nil, n, n))
}

// IsInf returns whether x is an infinity, as bools; false for integers.
func IsInf(x Array) Array {
	c := begin("IsInf", x)
	n := c.in(x)
	if isFailed(n) || !n.Type.DType.IsFloat() {
		return c.array(c.node(ir.OpNe, nil, n, n))
	}
	return c.array(c.node(ir.OpEq, nil, c.node(ir.OpAbs, nil, n), infinity(n.Type.DType)))
}

// IsFinite returns whether x is neither NaN nor an infinity, as bools; true for integers.
func IsFinite(x Array) Array {
	c := begin("IsFinite", x)
	n := c.in(x)
	if isFailed(n) || !n.Type.DType.IsFloat() {
		return c.array(c.node(ir.OpEq, nil, n, n))
	}
	return c.array(c.node(ir.OpLt, nil, c.node(ir.OpAbs, nil, n), infinity(n.Type.DType)))
}

func infinity(d ir.DType) *ir.Node { return ir.ConstNode(d, ir.Float(d, math.Inf(1)), nil) }

// SignBit returns whether the sign of a float is set, as bools: true for -0, false for
// NaN; of integers, whether they are negative.
func SignBit(x Array) Array {
	c := begin("SignBit", x)
	n := c.in(x)
	if !isFailed(n) && n.Type.DType.IsInteger() {
		return c.array(c.node(ir.OpLt, nil, n, integer(0, n.Type.DType)))
	}
	return c.array(c.apply(ir.OpSignbit, n))
}

// LogicalNot returns whether x is 0 or false, as bools.
func LogicalNot(x Array) Array {
	c := begin("LogicalNot", x)
	return c.array(c.node(ir.OpNot, nil, c.cast(c.in(x), ir.Bool)))
}

// BitwiseInvert returns integers with every bit turned over, bools with the other truth.
func BitwiseInvert(x Array) Array { return begin("BitwiseInvert", x).unary(ir.OpNot, x) }

// AsType returns x converted to d: rounded to nearest even; floats lose their fraction
// on the way to integers, saturate where they are out of range, and NaN gives 0;
// integers wrap; a bool is whether x is not 0.
func AsType(x Array, d DType) Array { return begin("AsType", x).asType(x, d) }

// AsType returns a converted to d: see the function AsType.
func (a Array) AsType(d DType) Array { return begin("AsType", a).asType(a, d) }

func (c *call) asType(x Array, d DType) Array {
	n := c.in(x)
	if isFailed(n) {
		return c.array(n)
	}
	if bad := c.computable(d); bad != nil {
		return c.array(bad)
	}
	return c.array(c.cast(n, ir.DType(d)))
}

// computable refuses dtypes that arrays cannot be computed in.
func (c *call) computable(d DType) *ir.Node {
	switch {
	case d == invalidDType || d > Complex128:
		return c.fail(ErrDType, "DType(%d) is no element type", uint8(d))
	case ir.DType(d).Kind() == ir.KindComplex:
		return c.fail(ErrDType, "there is no arithmetic on %s yet: work on real and imaginary parts", d)
	}
	return nil
}

// Round returns a rounded to integers: see the function Round.
func (a Array) Round() Array { return begin("Round", a).rounded(ir.OpRound, a) }
