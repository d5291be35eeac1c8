package ir

import "math"

// OpFloor rounds down.
var OpFloor = Register(&Op{
	Name: "floor", Doc: "The largest integral float not above x; zeros keep their sign.",
	Family: Elementwise, MinArg: 1, MaxArg: 1,
	Scalar: &Scalar{In: []DTypes{Floats}, Result: sameDType, Eval: evalFloat1(math.Floor)},
})

// OpCeil rounds up.
var OpCeil = Register(&Op{
	Name: "ceil", Doc: "The smallest integral float not below x; results between -1 and 0 are -0.",
	Family: Elementwise, MinArg: 1, MaxArg: 1,
	Scalar: &Scalar{In: []DTypes{Floats}, Result: sameDType, Eval: evalFloat1(math.Ceil)},
})

// OpTrunc rounds towards zero.
var OpTrunc = Register(&Op{
	Name: "trunc", Doc: "x without its fraction; the sign stays.",
	Family: Elementwise, MinArg: 1, MaxArg: 1,
	Scalar: &Scalar{In: []DTypes{Floats}, Result: sameDType, Eval: evalFloat1(math.Trunc)},
})

// OpRound rounds to nearest.
var OpRound = Register(&Op{
	Name: "round", Doc: "The integral float nearest to x, ties to even; the sign stays.",
	Family: Elementwise, MinArg: 1, MaxArg: 1,
	Scalar: &Scalar{In: []DTypes{Floats}, Result: sameDType, Eval: evalFloat1(math.RoundToEven)},
})
