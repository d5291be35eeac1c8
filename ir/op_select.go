package ir

func evalSelect(_ *Expr, x []uint64) uint64 {
	if x[0] != 0 {
		return x[1]
	}
	return x[2]
}

// OpSelect chooses by a condition.
var OpSelect = Register(&Op{
	Name: "select", Doc: "x where the bool c holds, else y. Both are evaluated.",
	Family: Elementwise, MinArg: 3, MaxArg: 3,
	Infer: func(n *Node) (Type, error) {
		if x, y := n.Args[1].Type.DType, n.Args[2].Type.DType; x != y {
			return Type{}, Errorf(ErrDType, "select takes values of one dtype, got %s and %s", x.Name(), y.Name())
		}
		return inferElementwise(n)
	},
	Scalar: &Scalar{In: []DTypes{SetOf(Bool), AnyReal, AnyReal}, Result: sameDType, Eval: evalSelect},
})

// OpRare chooses between a fast and a slow way.
var OpRare = Register(&Op{
	Name: "rare", Doc: "slow where the bool c holds, else fast: rare(c, fast, slow) means select(c, slow, fast). An evaluation may leave out slow where c does not hold, and what fast gives where c holds may be anything.",
	Family: Elementwise, MinArg: 3, MaxArg: 3, Infer: bodyOnly,
	Scalar: &Scalar{In: []DTypes{SetOf(Bool), AnyReal, AnyReal}, Result: sameDType, Eval: func(e *Expr, x []uint64) uint64 {
		return evalSelect(e, []uint64{x[0], x[2], x[1]})
	}},
})
