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

var stripLoops = makeStripLoops()

func makeStripLoops() map[stripKey]stripLoop {
	m := map[stripKey]stripLoop{}
	set := func(op *Op, result, operand DType, l stripLoop) { m[stripKey{op, result, operand}] = l }

	set(OpAdd, Float64, Float64, func(d, a, b, _, _ []uint64) {
		a, b = a[:len(d)], b[:len(d)]
		for i := range d {
			d[i] = bitsF64(asF64(a[i]) + asF64(b[i]))
		}
	})
	set(OpSub, Float64, Float64, func(d, a, b, _, _ []uint64) {
		a, b = a[:len(d)], b[:len(d)]
		for i := range d {
			d[i] = bitsF64(asF64(a[i]) - asF64(b[i]))
		}
	})
	set(OpMul, Float64, Float64, func(d, a, b, _, _ []uint64) {
		a, b = a[:len(d)], b[:len(d)]
		for i := range d {
			d[i] = bitsF64(asF64(a[i]) * asF64(b[i]))
		}
	})
	set(OpFMA, Float64, Float64, func(d, a, b, c, _ []uint64) {
		a, b, c = a[:len(d)], b[:len(d)], c[:len(d)]
		for i := range d {
			d[i] = bitsF64(math.FMA(asF64(a[i]), asF64(b[i]), asF64(c[i])))
		}
	})
	set(OpRound, Float64, Float64, func(d, a, _, _, _ []uint64) {
		for i, v := range a {
			d[i] = bitsF64(math.RoundToEven(asF64(v)))
		}
	})
	set(OpLt, Bool, Float64, func(d, a, b, _, _ []uint64) {
		a, b = a[:len(d)], b[:len(d)]
		for i := range d {
			d[i] = bitsBool(asF64(a[i]) < asF64(b[i]))
		}
	})
	set(OpAdd, Float32, Float32, func(d, a, b, _, _ []uint64) {
		a, b = a[:len(d)], b[:len(d)]
		for i := range d {
			d[i] = bitsF32(asF32(a[i]) + asF32(b[i]))
		}
	})
	set(OpSub, Float32, Float32, func(d, a, b, _, _ []uint64) {
		a, b = a[:len(d)], b[:len(d)]
		for i := range d {
			d[i] = bitsF32(asF32(a[i]) - asF32(b[i]))
		}
	})
	set(OpMul, Float32, Float32, func(d, a, b, _, _ []uint64) {
		a, b = a[:len(d)], b[:len(d)]
		for i := range d {
			d[i] = bitsF32(asF32(a[i]) * asF32(b[i]))
		}
	})
	set(OpFMA, Float32, Float32, func(d, a, b, c, _ []uint64) {
		a, b, c = a[:len(d)], b[:len(d)], c[:len(d)]
		for i := range d {
			d[i] = bitsF32(FMA32(asF32(a[i]), asF32(b[i]), asF32(c[i])))
		}
	})
	set(OpRound, Float32, Float32, func(d, a, _, _, _ []uint64) {
		for i, v := range a {
			d[i] = bitsF32(float32(math.RoundToEven(float64(asF32(v)))))
		}
	})
	set(OpLt, Bool, Float32, func(d, a, b, _, _ []uint64) {
		a, b = a[:len(d)], b[:len(d)]
		for i := range d {
			d[i] = bitsBool(asF32(a[i]) < asF32(b[i]))
		}
	})
	for _, f := range []DType{Float32, Float64} {
		sign := signBit(f)
		set(OpNeg, f, f, func(d, a, _, _, _ []uint64) {
			for i, v := range a {
				d[i] = v ^ sign
			}
		})
		set(OpAbs, f, f, func(d, a, _, _, _ []uint64) {
			for i, v := range a {
				d[i] = v &^ sign
			}
		})
	}

	for _, t := range []DType{Int64, Uint64} {
		set(OpAdd, t, t, func(d, a, b, _, _ []uint64) {
			a, b = a[:len(d)], b[:len(d)]
			for i := range d {
				d[i] = a[i] + b[i]
			}
		})
		set(OpSub, t, t, func(d, a, b, _, _ []uint64) {
			a, b = a[:len(d)], b[:len(d)]
			for i := range d {
				d[i] = a[i] - b[i]
			}
		})
	}
	set(OpAdd, Int32, Int32, func(d, a, b, _, _ []uint64) {
		a, b = a[:len(d)], b[:len(d)]
		for i := range d {
			d[i] = uint64(int32(a[i] + b[i]))
		}
	})
	set(OpSub, Int32, Int32, func(d, a, b, _, _ []uint64) {
		a, b = a[:len(d)], b[:len(d)]
		for i := range d {
			d[i] = uint64(int32(a[i] - b[i]))
		}
	})
	set(OpShl, Int64, Int64, func(d, a, b, _, _ []uint64) {
		a, b = a[:len(d)], b[:len(d)]
		for i := range d {
			d[i] = a[i] << b[i]
		}
	})
	set(OpShl, Int32, Int32, func(d, a, b, _, _ []uint64) {
		a, b = a[:len(d)], b[:len(d)]
		for i := range d {
			d[i] = uint64(int32(a[i] << b[i]))
		}
	})
	for _, t := range []DType{Int32, Int64} {
		set(OpShr, t, t, func(d, a, b, _, _ []uint64) {
			a, b = a[:len(d)], b[:len(d)]
			for i := range d {
				d[i] = uint64(int64(a[i]) >> b[i])
			}
		})
	}
	for t := Bool; t <= Float64; t++ {
		set(OpSelect, t, t, func(d, a, b, c, _ []uint64) {
			a, b, c = a[:len(d)], b[:len(d)], c[:len(d)]
			for i := range d {
				v := c[i]
				if a[i] != 0 {
					v = b[i]
				}
				d[i] = v
			}
		})
		if !bitwise.Has(t) {
			continue
		}
		set(OpAnd, t, t, func(d, a, b, _, _ []uint64) {
			a, b = a[:len(d)], b[:len(d)]
			for i := range d {
				d[i] = a[i] & b[i]
			}
		})
		set(OpOr, t, t, func(d, a, b, _, _ []uint64) {
			a, b = a[:len(d)], b[:len(d)]
			for i := range d {
				d[i] = a[i] | b[i]
			}
		})
		set(OpXor, t, t, func(d, a, b, _, _ []uint64) {
			a, b = a[:len(d)], b[:len(d)]
			for i := range d {
				d[i] = a[i] ^ b[i]
			}
		})
	}

	keep := func(d, a, _, _, _ []uint64) { copy(d, a) }
	set(OpRawBits, Int64, Float64, keep)
	set(OpRawBits, Uint64, Float64, keep)
	set(OpRawBits, Float64, Int64, keep)
	set(OpRawBits, Float64, Uint64, keep)
	set(OpRawBits, Int32, Float32, func(d, a, _, _, _ []uint64) {
		for i, v := range a {
			d[i] = uint64(int32(v))
		}
	})
	set(OpRawBits, Float32, Int32, func(d, a, _, _, _ []uint64) {
		for i, v := range a {
			d[i] = uint64(uint32(v))
		}
	})
	set(OpCast, Float64, Int64, func(d, a, _, _, _ []uint64) {
		for i, v := range a {
			d[i] = bitsF64(float64(int64(v)))
		}
	})
	set(OpCast, Float32, Int32, func(d, a, _, _, _ []uint64) {
		for i, v := range a {
			d[i] = bitsF32(float32(int64(v)))
		}
	})
	return m
}
