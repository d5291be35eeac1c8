package ir

// The rows of the combine table. Identities are exact: merging with one changes no bit.
// That is why a sum starts from -0.0 and a reduction of nothing is +0.0 apart.

// CombineSum adds.
var CombineSum = RegisterCombine(&Combine{
	Name: "sum", Elements: 1, States: statesOfElements(1),
	Identity: everyState(zeroOrMinusZero), Empty: everyState(constant(0)),
	Seed: seedElements, Step: pairwise(OpAdd), Merge: pairwise(OpAdd), Exact: exactFor(Integers),
})

// CombineProd multiplies.
var CombineProd = RegisterCombine(&Combine{
	Name: "prod", Elements: 1, States: statesOfElements(1),
	Identity: everyState(one), Empty: everyState(one),
	Seed: seedElements, Step: pairwise(OpMul), Merge: pairwise(OpMul), Exact: exactFor(Integers),
})

// CombineMin takes the smallest; NaN wins.
var CombineMin = RegisterCombine(&Combine{
	Name: "min", Elements: 1, States: statesOfElements(1),
	Identity: everyState(constantOf(largest)), Empty: noState,
	Seed: seedElements, Step: pairwise(OpMin), Merge: pairwise(OpMin), Exact: exactFor(AnyReal),
})

// CombineMax takes the largest; NaN wins.
var CombineMax = RegisterCombine(&Combine{
	Name: "max", Elements: 1, States: statesOfElements(1),
	Identity: everyState(constantOf(smallest)), Empty: noState,
	Seed: seedElements, Step: pairwise(OpMax), Merge: pairwise(OpMax), Exact: exactFor(AnyReal),
})

// CombineAny holds where one holds; of integers it is bitwise or.
var CombineAny = RegisterCombine(&Combine{
	Name: "any", Elements: 1, States: statesOfElements(1),
	Identity: everyState(constant(0)), Empty: everyState(constant(0)),
	Seed: seedElements, Step: pairwise(OpOr), Merge: pairwise(OpOr), Exact: exactFor(AnyReal),
})

// CombineAll holds where all hold; of integers it is bitwise and.
var CombineAll = RegisterCombine(&Combine{
	Name: "all", Elements: 1, States: statesOfElements(1),
	Identity: everyState(allOnes), Empty: everyState(allOnes),
	Seed: seedElements, Step: pairwise(OpAnd), Merge: pairwise(OpAnd), Exact: exactFor(AnyReal),
})

// CombineFMA is the contraction of two operands: it adds products, fused.
var CombineFMA = RegisterCombine(&Combine{
	Name: "fma", Elements: 2, States: statesOfElements(1),
	Identity: everyState(zeroOrMinusZero), Empty: everyState(constant(0)),
	Seed: func(b *Builder, x []*Expr) []*Expr { return []*Expr{b.Apply(OpMul, x[0], x[1])} },
	Step: func(b *Builder, s, x []*Expr) []*Expr {
		return []*Expr{b.Apply(OpFMA, x[0], x[1], s[0])}
	},
	Merge: pairwise(OpAdd), Exact: exactFor(Integers),
})

// CombineCFMA is the contraction of two complex operands. The elements are real and
// imaginary part of the one, then of the other; states are a real and an imaginary part.
var CombineCFMA = RegisterCombine(&Combine{
	Name: "cfma", Elements: 4, States: statesOfElements(2),
	Identity: everyState(zeroOrMinusZero), Empty: everyState(constant(0)),
	Seed: func(b *Builder, x []*Expr) []*Expr {
		return stepComplex(b, []*Expr{b.Apply(OpMul, x[0], x[2]), b.Apply(OpMul, x[0], x[3])}, x)
	},
	Step: func(b *Builder, s, x []*Expr) []*Expr {
		return stepComplex(b, []*Expr{b.Apply(OpFMA, x[0], x[2], s[0]), b.Apply(OpFMA, x[0], x[3], s[1])}, x)
	},
	Merge: pairwise(OpAdd), Exact: exactFor(Integers),
})

// stepComplex adds the products with the first operand's imaginary part to s.
func stepComplex(b *Builder, s, x []*Expr) []*Expr {
	return []*Expr{
		b.Apply(OpFMA, b.Apply(OpNeg, x[1]), x[3], s[0]),
		b.Apply(OpFMA, x[1], x[2], s[1]),
	}
}

// CombineCProd multiplies complex numbers. It has no identity: (1+0i)*(2+inf i) is
// NaN+NaN i. The first element seeds the state.
var CombineCProd = RegisterCombine(&Combine{
	Name: "cprod", Elements: 2, States: statesOfElements(2),
	Identity: noState,
	Empty: func(states []DType) ([]uint64, bool) {
		re, _ := one(states[0])
		return []uint64{re, 0}, true
	},
	Seed: seedElements, Step: mulComplex, Merge: mulComplex, Exact: exactFor(Integers),
})

func mulComplex(b *Builder, x, y []*Expr) []*Expr {
	mul := func(x, y *Expr) *Expr { return b.Apply(OpMul, x, y) }
	return []*Expr{
		b.Apply(OpSub, mul(x[0], y[0]), mul(x[1], y[1])),
		b.Apply(OpAdd, mul(x[0], y[1]), mul(x[1], y[0])),
	}
}

// CombineArgMin takes the smallest value with its position: the lowest position among
// equals, the first NaN if there is one. The elements are value and position.
var CombineArgMin = RegisterCombine(argCombine("argmin", OpLt, largest, CombineMin))

// CombineArgMax takes the largest value with its position, as CombineArgMin.
var CombineArgMax = RegisterCombine(argCombine("argmax", OpGt, smallest, CombineMax))

// argCombine is the row that keeps a value which is better than all before it. Position
// -1 marks the identity's value, which is never taken.
func argCombine(name string, better *Op, worst func(DType) uint64, best *Combine) *Combine {
	keep := func(b *Builder, s, x []*Expr) []*Expr {
		v, p, w, q := s[0], s[1], x[0], x[1]
		op := func(op *Op, x, y *Expr) *Expr { return b.Apply(op, x, y) }
		none := b.Int(p.DType, -1)
		earlier := op(OpLt, q, p)
		take := op(OpOr, op(better, w, v), op(OpAnd, op(OpEq, w, v), earlier))
		if v.DType.IsFloat() {
			vNaN, wNaN := op(OpNe, v, v), op(OpNe, w, w)
			first := op(OpAnd, wNaN, op(OpOr, b.Apply(OpNot, vNaN), earlier))
			take = b.Apply(OpSelect, op(OpOr, vNaN, wNaN), first, take)
		}
		take = op(OpAnd, op(OpOr, op(OpEq, p, none), take), op(OpNe, q, none))
		return []*Expr{b.Apply(OpSelect, take, w, v), b.Apply(OpSelect, take, q, p)}
	}
	return &Combine{
		Name: name, Elements: 2, States: statesOfElements(2),
		Identity: func(states []DType) ([]uint64, bool) {
			return []uint64{worst(states[0]), wrap(states[1], 1<<64-1)}, true
		},
		Empty: noState, Seed: seedElements, Step: keep, Merge: keep, Best: best, Exact: exactFor(AnyReal),
	}
}

// CombineSet takes the last: a scatter that overwrites.
var CombineSet = RegisterCombine(&Combine{
	Name: "set", Elements: 1, States: statesOfElements(1), Identity: noState, Empty: noState,
	Seed:  seedElements,
	Step:  func(_ *Builder, _, elems []*Expr) []*Expr { return elems },
	Merge: func(_ *Builder, _, right []*Expr) []*Expr { return right },
	Exact: exactFor(0),
})

// What rows share.

// statesOfElements says that the states have the dtypes of the first n elements.
func statesOfElements(n int) func([]DType) []DType {
	return func(elems []DType) []DType { return elems[:n] }
}

// everyState gives every state the bits that its dtype has by f.
func everyState(f func(DType) (uint64, bool)) func([]DType) ([]uint64, bool) {
	return func(states []DType) ([]uint64, bool) {
		out := make([]uint64, len(states))
		for i, d := range states {
			out[i], _ = f(d)
		}
		return out, true
	}
}

func noState([]DType) ([]uint64, bool) { return nil, false }

func constantOf(f func(DType) uint64) func(DType) (uint64, bool) {
	return func(d DType) (uint64, bool) { return f(d), true }
}

func seedElements(_ *Builder, elems []*Expr) []*Expr { return elems }

// pairwise applies op to each pair of the two lists.
func pairwise(op *Op) func(b *Builder, x, y []*Expr) []*Expr {
	return func(b *Builder, x, y []*Expr) []*Expr {
		out := make([]*Expr, len(x))
		for i := range x {
			out[i] = b.Apply(op, x[i], y[i])
		}
		return out
	}
}

// exactFor says that the result does not depend on order when all states are in s.
func exactFor(s DTypes) func([]DType) bool {
	return func(states []DType) bool {
		for _, d := range states {
			if !s.Has(d) {
				return false
			}
		}
		return true
	}
}
