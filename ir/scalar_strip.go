package ir

import "math"

// stripLoop computes a primitive over a strip: d from a, b and c, as many as the op has
// operands, all of d's length; x has room for one element of each. d may be one of them.
type stripLoop func(d, a, b, c, x []uint64)

// stripKey says which primitive: the op, its dtype and that of its last operand.
type stripKey struct {
	op              *Op
	result, operand DType
}

// loopOf returns the loop of an expanded Apply: one written out where it is hot in
// elementary functions, else Eval element by element.
func loopOf(e *Expr) stripLoop {
	if e.Op == OpLookup {
		t := e.Table.Entries
		return func(d, a, _, _, _ []uint64) {
			for i, v := range a {
				d[i] = t[v&15]
			}
		}
	}
	if l := stripLoops[stripKey{e.Op, e.DType, e.Args[len(e.Args)-1].DType}]; l != nil {
		return l
	}
	eval := e.Op.Scalar.Eval
	return func(d, a, b, c, x []uint64) {
		for i := range d {
			x[0] = a[i]
			if len(x) > 1 {
				x[1] = b[i]
			}
			if len(x) > 2 {
				x[2] = c[i]
			}
			d[i] = eval(e, x)
		}
	}
}

// each1 and each2 are loops of one-line functions, at the cost of a call an element.
func each1(f func(a uint64) uint64) stripLoop {
	return func(d, a, _, _, _ []uint64) {
		for i, v := range a {
			d[i] = f(v)
		}
	}
}

func each2(f func(a, b uint64) uint64) stripLoop {
	return func(d, a, b, _, _ []uint64) {
		a, b = a[:len(d)], b[:len(d)]
		for i := range d {
			d[i] = f(a[i], b[i])
		}
	}
}

var stripLoops = makeStripLoops()

func makeStripLoops() map[stripKey]stripLoop {
	m := map[stripKey]stripLoop{}
	addFloatLoops(m)
	addIntegerLoops(m)
	addConversionLoops(m)
	for t := Bool; t <= Float64; t++ {
		m[stripKey{OpSelect, t, t}] = func(d, a, b, c, _ []uint64) {
			a, b, c = a[:len(d)], b[:len(d)], c[:len(d)]
			for i := range d {
				v := c[i]
				if a[i] != 0 {
					v = b[i]
				}
				d[i] = v
			}
		}
	}
	return m
}

func addFloatLoops(m map[stripKey]stripLoop) {
	m[stripKey{OpAdd, Float64, Float64}] = func(d, a, b, _, _ []uint64) {
		a, b = a[:len(d)], b[:len(d)]
		for i := range d {
			d[i] = bitsF64(asF64(a[i]) + asF64(b[i]))
		}
	}
	m[stripKey{OpSub, Float64, Float64}] = func(d, a, b, _, _ []uint64) {
		a, b = a[:len(d)], b[:len(d)]
		for i := range d {
			d[i] = bitsF64(asF64(a[i]) - asF64(b[i]))
		}
	}
	m[stripKey{OpMul, Float64, Float64}] = func(d, a, b, _, _ []uint64) {
		a, b = a[:len(d)], b[:len(d)]
		for i := range d {
			d[i] = bitsF64(float64(asF64(a[i]) * asF64(b[i])))
		}
	}
	m[stripKey{OpFMA, Float64, Float64}] = func(d, a, b, c, _ []uint64) {
		a, b, c = a[:len(d)], b[:len(d)], c[:len(d)]
		for i := range d {
			d[i] = bitsF64(math.FMA(asF64(a[i]), asF64(b[i]), asF64(c[i])))
		}
	}
	m[stripKey{OpAdd, Float32, Float32}] = func(d, a, b, _, _ []uint64) {
		a, b = a[:len(d)], b[:len(d)]
		for i := range d {
			d[i] = bitsF32(asF32(a[i]) + asF32(b[i]))
		}
	}
	m[stripKey{OpSub, Float32, Float32}] = func(d, a, b, _, _ []uint64) {
		a, b = a[:len(d)], b[:len(d)]
		for i := range d {
			d[i] = bitsF32(asF32(a[i]) - asF32(b[i]))
		}
	}
	m[stripKey{OpMul, Float32, Float32}] = func(d, a, b, _, _ []uint64) {
		a, b = a[:len(d)], b[:len(d)]
		for i := range d {
			d[i] = bitsF32(float32(asF32(a[i]) * asF32(b[i])))
		}
	}
	m[stripKey{OpFMA, Float32, Float32}] = func(d, a, b, c, _ []uint64) {
		a, b, c = a[:len(d)], b[:len(d)], c[:len(d)]
		for i := range d {
			p, s := fma32Sum(asF32(a[i]), asF32(b[i]), asF32(c[i])) // FMA32, inline but for its rare case
			if !roundsOnce(s) {
				s = roundToOdd(p, float64(asF32(c[i])), s)
			}
			d[i] = bitsF32(float32(s))
		}
	}
	for _, f := range []DType{Float32, Float64} {
		sign := signBit(f)
		m[stripKey{OpNeg, f, f}] = func(d, a, _, _, _ []uint64) {
			for i, v := range a {
				d[i] = v ^ sign
			}
		}
		m[stripKey{OpAbs, f, f}] = func(d, a, _, _, _ []uint64) {
			for i, v := range a {
				d[i] = v &^ sign
			}
		}
	}
	m[stripKey{OpDiv, Float64, Float64}] = each2(func(a, b uint64) uint64 { return bitsF64(float64(asF64(a) / asF64(b))) })
	m[stripKey{OpDiv, Float32, Float32}] = each2(func(a, b uint64) uint64 { return bitsF32(float32(asF32(a) / asF32(b))) })
	m[stripKey{OpRound, Float64, Float64}] = each1(func(a uint64) uint64 { return bitsF64(math.RoundToEven(asF64(a))) })
	m[stripKey{OpRound, Float32, Float32}] = each1(func(a uint64) uint64 { return bitsF32(float32(math.RoundToEven(float64(asF32(a))))) })

	m[stripKey{OpMin, Float64, Float64}] = each2(func(a, b uint64) uint64 { return bitsF64(min(asF64(a), asF64(b))) })
	m[stripKey{OpMax, Float64, Float64}] = each2(func(a, b uint64) uint64 { return bitsF64(max(asF64(a), asF64(b))) })
	m[stripKey{OpMin, Float32, Float32}] = each2(func(a, b uint64) uint64 { return bitsF32(min(asF32(a), asF32(b))) })
	m[stripKey{OpMax, Float32, Float32}] = each2(func(a, b uint64) uint64 { return bitsF32(max(asF32(a), asF32(b))) })

	m[stripKey{OpEq, Bool, Float64}] = each2(func(a, b uint64) uint64 { return bitsBool(asF64(a) == asF64(b)) })
	m[stripKey{OpNe, Bool, Float64}] = each2(func(a, b uint64) uint64 { return bitsBool(asF64(a) != asF64(b)) })
	m[stripKey{OpLt, Bool, Float64}] = each2(func(a, b uint64) uint64 { return bitsBool(asF64(a) < asF64(b)) })
	m[stripKey{OpLe, Bool, Float64}] = each2(func(a, b uint64) uint64 { return bitsBool(asF64(a) <= asF64(b)) })
	m[stripKey{OpEq, Bool, Float32}] = each2(func(a, b uint64) uint64 { return bitsBool(asF32(a) == asF32(b)) })
	m[stripKey{OpNe, Bool, Float32}] = each2(func(a, b uint64) uint64 { return bitsBool(asF32(a) != asF32(b)) })
	m[stripKey{OpLt, Bool, Float32}] = each2(func(a, b uint64) uint64 { return bitsBool(asF32(a) < asF32(b)) })
	m[stripKey{OpLe, Bool, Float32}] = each2(func(a, b uint64) uint64 { return bitsBool(asF32(a) <= asF32(b)) })
}

func addIntegerLoops(m map[stripKey]stripLoop) {
	for t := Bool; t <= Uint64; t++ {
		m[stripKey{OpAnd, t, t}] = each2(func(a, b uint64) uint64 { return a & b })
		m[stripKey{OpOr, t, t}] = each2(func(a, b uint64) uint64 { return a | b })
		m[stripKey{OpXor, t, t}] = each2(func(a, b uint64) uint64 { return a ^ b })
		m[stripKey{OpEq, Bool, t}] = each2(func(a, b uint64) uint64 { return bitsBool(a == b) })
		m[stripKey{OpNe, Bool, t}] = each2(func(a, b uint64) uint64 { return bitsBool(a != b) })
	}
	m[stripKey{OpNot, Bool, Bool}] = each1(func(a uint64) uint64 { return a ^ 1 })
	for _, t := range []DType{Int64, Uint64} {
		m[stripKey{OpAdd, t, t}] = each2(func(a, b uint64) uint64 { return a + b })
		m[stripKey{OpSub, t, t}] = each2(func(a, b uint64) uint64 { return a - b })
		m[stripKey{OpMul, t, t}] = each2(func(a, b uint64) uint64 { return a * b })
		m[stripKey{OpShl, t, t}] = each2(func(a, b uint64) uint64 { return a << b })
	}
	m[stripKey{OpAdd, Int32, Int32}] = each2(func(a, b uint64) uint64 { return uint64(int32(a + b)) })
	m[stripKey{OpSub, Int32, Int32}] = each2(func(a, b uint64) uint64 { return uint64(int32(a - b)) })
	m[stripKey{OpShl, Int32, Int32}] = each2(func(a, b uint64) uint64 { return uint64(int32(a << b)) })
	m[stripKey{OpAdd, Uint32, Uint32}] = each2(func(a, b uint64) uint64 { return uint64(uint32(a + b)) })
	m[stripKey{OpSub, Uint32, Uint32}] = each2(func(a, b uint64) uint64 { return uint64(uint32(a - b)) })
	m[stripKey{OpMul, Uint32, Uint32}] = each2(func(a, b uint64) uint64 { return uint64(uint32(a * b)) })
	m[stripKey{OpShl, Uint32, Uint32}] = each2(func(a, b uint64) uint64 { return uint64(uint32(a << b)) })
	m[stripKey{OpMulHi, Uint32, Uint32}] = each2(func(a, b uint64) uint64 { return a * b >> 32 })
	for _, t := range []DType{Int32, Int64} {
		m[stripKey{OpShr, t, t}] = each2(func(a, b uint64) uint64 { return uint64(int64(a) >> b) })
	}
	for _, t := range []DType{Uint32, Uint64} {
		m[stripKey{OpShr, t, t}] = each2(func(a, b uint64) uint64 { return a >> b })
		m[stripKey{OpLt, Bool, t}] = each2(func(a, b uint64) uint64 { return bitsBool(a < b) })
	}
}

func addConversionLoops(m map[stripKey]stripLoop) {
	keep := func(d, a, _, _, _ []uint64) { copy(d, a) }
	for _, t := range []DType{Int64, Uint64} {
		m[stripKey{OpRawBits, t, Float64}] = keep
		m[stripKey{OpRawBits, Float64, t}] = keep
	}
	m[stripKey{OpRawBits, Int32, Float32}] = each1(func(a uint64) uint64 { return uint64(int32(a)) })
	m[stripKey{OpRawBits, Float32, Int32}] = each1(func(a uint64) uint64 { return uint64(uint32(a)) })
	for _, t := range []DType{Bool, Uint8, Uint16, Uint32} {
		m[stripKey{OpCast, Uint64, t}] = keep
	}
	m[stripKey{OpCast, Uint32, Bool}] = keep
	m[stripKey{OpCast, Uint32, Int32}] = each1(func(a uint64) uint64 { return uint64(uint32(a)) })
	m[stripKey{OpCast, Uint32, Uint64}] = each1(func(a uint64) uint64 { return uint64(uint32(a)) })
	m[stripKey{OpCast, Float64, Int64}] = each1(func(a uint64) uint64 { return bitsF64(float64(int64(a))) })
	m[stripKey{OpCast, Float32, Int32}] = each1(func(a uint64) uint64 { return bitsF32(float32(int64(a))) })
	m[stripKey{OpCast, Float32, Uint32}] = each1(func(a uint64) uint64 { return bitsF32(float32(a)) })
	m[stripKey{OpCast, Int64, Float64}] = each1(func(a uint64) uint64 {
		if f := asF64(a); math.Abs(f) < 0x1p63 {
			return uint64(int64(f))
		}
		return castFloat(Int64, asF64(a))
	})
	m[stripKey{OpCast, Int32, Float32}] = each1(func(a uint64) uint64 {
		if f := float64(asF32(a)); math.Abs(f) < 0x1p31 {
			return uint64(int32(f))
		}
		return castFloat(Int32, float64(asF32(a)))
	})
}
