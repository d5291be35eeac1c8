package ir

// The elementary functions. Their expansions (fn_*.go) are written once, in ops that
// every target has, so they give the same bits everywhere; results are at most 1 ULP
// off, float32 in float32 arithmetic. NaN gives NaN. The polynomials were found with
// Sollya's fpminimax for the errors that stand beside them; bench/ulp measures results.

// function is the Scalar of a function of one float.
func function(expand func(b *Builder, e *Expr) *Expr) *Scalar {
	return &Scalar{In: []DTypes{Floats}, Result: sameDType, Expand: expand}
}

// OpExp is the exponential.
var OpExp = Register(&Op{
	Name: "exp", Doc: "e to the power x.",
	Family: Elementwise, MinArg: 1, MaxArg: 1, Scalar: function(expandExp),
})

// OpExp2 is the exponential of base 2.
var OpExp2 = Register(&Op{
	Name: "exp2", Doc: "2 to the power x; exact for integral x.",
	Family: Elementwise, MinArg: 1, MaxArg: 1, Scalar: function(expandExp2),
})

// OpExpm1 is the exponential less 1.
var OpExpm1 = Register(&Op{
	Name: "expm1", Doc: "exp(x) - 1 without cancellation near 0; keeps -0.",
	Family: Elementwise, MinArg: 1, MaxArg: 1, Scalar: function(expandExpm1),
})

// OpLog is the natural logarithm.
var OpLog = Register(&Op{
	Name: "log", Doc: "The natural logarithm of x: -Inf of zeros, NaN of negative numbers.",
	Family: Elementwise, MinArg: 1, MaxArg: 1, Scalar: function(expandLog((*formula).logSum)),
})

// OpLog2 is the logarithm of base 2.
var OpLog2 = Register(&Op{
	Name: "log2", Doc: "The logarithm of base 2 of x, exact for powers of 2: -Inf of zeros, NaN of negative numbers.",
	Family: Elementwise, MinArg: 1, MaxArg: 1, Scalar: function(expandLog2),
})

// OpLog10 is the logarithm of base 10.
var OpLog10 = Register(&Op{
	Name: "log10", Doc: "The logarithm of base 10 of x: -Inf of zeros, NaN of negative numbers.",
	Family: Elementwise, MinArg: 1, MaxArg: 1, Scalar: function(expandLog((*formula).log10Sum)),
})

// OpLog1p is the logarithm of 1 more.
var OpLog1p = Register(&Op{
	Name: "log1p", Doc: "log(1 + x) without cancellation near 0: -Inf of -1, NaN below; keeps -0.",
	Family: Elementwise, MinArg: 1, MaxArg: 1, Scalar: function(expandLog1p),
})

// OpSin is the sine.
var OpSin = Register(&Op{
	Name: "sin", Doc: "The sine of x radians, of any size; NaN of infinities; keeps -0.",
	Family: Elementwise, MinArg: 1, MaxArg: 1, Scalar: function(expandSin),
})

// OpCos is the cosine.
var OpCos = Register(&Op{
	Name: "cos", Doc: "The cosine of x radians, of any size; NaN of infinities.",
	Family: Elementwise, MinArg: 1, MaxArg: 1, Scalar: function(expandCos),
})

// OpTanh is the hyperbolic tangent.
var OpTanh = Register(&Op{
	Name: "tanh", Doc: "The hyperbolic tangent of x; keeps -0.",
	Family: Elementwise, MinArg: 1, MaxArg: 1, Scalar: function(expandTanh),
})

// OpErf is the error function.
var OpErf = Register(&Op{
	Name: "erf", Doc: "The error function of x, 2/sqrt(pi) times the integral of exp(-t^2) from 0 to x; keeps -0.",
	Family: Elementwise, MinArg: 1, MaxArg: 1, Scalar: function(expandErf),
})

// OpPow is the power.
var OpPow = Register(&Op{
	Name: "pow", Doc: "x to the power y, with C's special cases: pow(x, 0) and pow(1, y) are 1 even for NaN, negative x needs an integral y. Of integers modulo 2^width; a negative y gives 0 unless x is 1 or -1.",
	Family: Elementwise, MinArg: 2, MaxArg: 2,
	Scalar: &Scalar{In: []DTypes{Reals, Reals}, Same: true, Result: sameDType, Expand: expandPow},
})
