package ir

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

// specials are elements at which formulas go wrong.
func specials(d DType) []uint64 {
	switch d.Kind() {
	case KindBool:
		return []uint64{0, 1}
	case KindFloat:
		least, small := 0x1p-1074, 0x1p-1022
		big := math.MaxFloat64
		if d == Float32 {
			least, small, big = 0x1p-149, 0x1p-126, math.MaxFloat32
		}
		var out []uint64
		for _, v := range []float64{0, least, small, 0.5, 1, 1.5, 2, 3, 255.5, 0x1p31, 0x1p63, 0x1p64, big, math.Inf(1)} {
			out = append(out, Float(d, v), Float(d, -v))
		}
		return append(out, canonicalNaN(d))
	}
	var out []uint64
	for _, v := range []uint64{0, 1, 2, 3, 7, 8, 31, 32, 63, 64, 100, smallest(d), smallest(d) + 1, largest(d), largest(d) - 1, math.MaxUint64} {
		out = append(out, wrap(d, v))
	}
	return out
}

// anyElement returns any bits of d, floats with and without extreme exponents.
func anyElement(r *rand.Rand, d DType) uint64 {
	if d.IsFloat() && r.IntN(2) == 0 {
		return Float(d, math.Ldexp(r.Float64()*4-2, r.IntN(20)-10))
	}
	if v := r.Uint64(); d == Float32 {
		return v & math.MaxUint32
	} else {
		return wrap(d, v)
	}
}

func dtypesOf(s DTypes) []DType {
	var out []DType
	for d := Bool; d <= Float64; d++ {
		if s.Has(d) {
			out = append(out, d)
		}
	}
	return out
}

// TestStripLoops compares every primitive's loop over strips with Eval, for all dtypes
// and results.
func TestStripLoops(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	n := 0
	for _, op := range Ops() {
		if op.Scalar == nil || op.Scalar.Eval == nil || op == OpLookup || op == OpRare {
			continue
		}
		last := len(op.Scalar.In) - 1
		for _, d := range dtypesOf(op.Scalar.In[last]) {
			for result := Bool; result <= Float64; result++ {
				e := &Expr{Kind: Apply, Op: op, DType: result}
				in := make([][]uint64, last+1)
				size := len(specials(d)) * len(specials(d)) * 2
				for i := range in {
					a := d
					if !op.Scalar.In[i].Has(d) {
						a = Bool
					}
					e.Args = append(e.Args, &Expr{Kind: State, DType: a, N: i})
					s := specials(a)
					for k := range size {
						v := anyElement(r, a)
						if k < size/2 {
							v = s[[]int{k % len(s), k / len(s) % len(s), k / 3 % len(s)}[i]]
						}
						in[i] = append(in[i], v)
					}
				}
				if op.Fields&FieldDType == 0 && op.Scalar.Result(e) != result || op == OpRawBits && (result.Size() != d.Size() || result == Bool) {
					continue
				}
				out := make([]uint64, size)
				CompileScalar([]*Expr{e}).RunStrip(size, in, [][]uint64{out})
				x := make([]uint64, len(in))
				for k := range out {
					for i := range in {
						x[i] = in[i][k]
					}
					if want := op.Scalar.Eval(e, x); !sameElement(result, out[k], want) {
						t.Fatalf("%s of %s as %s: the loop gives %#x of %#x, Eval %#x", op, d, result, out[k], x, want)
					}
				}
				n++
			}
		}
	}
	if n < 300 {
		t.Errorf("only %d primitives", n)
	}
}

// TestAlgebra holds the facts that rewrites rely on.
func TestAlgebra(t *testing.T) {
	for _, op := range Ops() {
		if op.Scalar == nil || op.MaxArg != 2 || !op.Scalar.Same {
			continue
		}
		a := op.Algebra
		for _, d := range dtypesOf(op.Scalar.In[0]) {
			e := &Expr{Kind: Apply, Op: op, Args: []*Expr{{DType: d}, {DType: d}}}
			result := op.Scalar.Result(e)
			f := func(x, y uint64) uint64 { return EvalOp(op, result, []DType{d, d}, []uint64{x, y}) }
			value := func(fact func(DType) (uint64, bool)) (uint64, bool) {
				if fact == nil {
					return 0, false
				}
				return fact(d)
			}
			for _, x := range specials(d) {
				if v, ok := value(a.Identity); ok && !sameElement(d, f(x, v), x) {
					t.Errorf("%s %s: %#x is no identity of %#x", d, op, v, x)
				}
				if v, ok := value(a.Annihilator); ok && (f(x, v) != v || f(v, x) != v) {
					t.Errorf("%s %s: %#x is no annihilator of %#x", d, op, v, x)
				}
				if v, ok := value(a.SparseAnnihilator); ok && d.Kind() != KindFloat && f(x, v) != v {
					t.Errorf("%s %s: %#x is no annihilator of %#x", d, op, v, x)
				}
				if a.Idempotent && !sameElement(d, f(x, x), x) {
					t.Errorf("%s %s is not idempotent at %#x", d, op, x)
				}
				for _, y := range specials(d) {
					if a.Commutative && !sameElement(result, f(x, y), f(y, x)) {
						t.Errorf("%s %s does not commute at %#x, %#x", d, op, x, y)
					}
					for _, z := range specials(d) {
						if a.Associative.Has(d) && !sameElement(d, f(f(x, y), z), f(x, f(y, z))) {
							t.Fatalf("%s %s is not associative at %#x, %#x, %#x", d, op, x, y, z)
						}
					}
				}
			}
		}
	}
}

// TestCastExact compares conversions with arithmetic of unlimited precision.
func TestCastExact(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for _, from := range dtypesOf(Integers) {
		for range 20000 {
			v := wrap(from, r.Uint64()>>r.IntN(64))
			exact := new(big.Int).SetUint64(v)
			if from.Kind() == KindInt {
				exact.SetInt64(int64(v))
			}
			f64, _ := new(big.Float).SetInt(exact).Float64()
			if got := castBits(Float64, from, v); got != bitsF64(f64) {
				t.Fatalf("%s %v to f64 is %x", from, exact, asF64(got))
			}
			f32, _ := new(big.Float).SetInt(exact).Float32()
			if got := castBits(Float32, from, v); got != bitsF32(f32) {
				t.Fatalf("%s %v to f32 is %x", from, exact, asF32(got))
			}
		}
	}
	for _, to := range dtypesOf(Integers) {
		lo, hi := new(big.Int), new(big.Int).SetUint64(largest(to))
		if to.Kind() == KindInt {
			lo.SetInt64(int64(smallest(to)))
		}
		for range 20000 {
			f := math.Ldexp(r.Float64()*2-1, r.IntN(70))
			want, _ := big.NewFloat(f).Int(nil) // truncates
			if want.Cmp(lo) < 0 {
				want = lo
			} else if want.Cmp(hi) > 0 {
				want = hi
			}
			got := new(big.Int).SetUint64(castBits(to, Float64, bitsF64(f)))
			if to.Kind() == KindInt {
				got.SetInt64(int64(castBits(to, Float64, bitsF64(f))))
			}
			if got.Cmp(want) != 0 {
				t.Fatalf("%x to %s is %v, want %v", f, to, got, want)
			}
		}
	}
}
