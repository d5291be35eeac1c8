package ir

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

// exactFmod computes x mod y with integers: both are multiples of the least number.
func exactFmod(x, y float64) float64 {
	units := func(v float64) *big.Int {
		n, _ := new(big.Float).SetMantExp(big.NewFloat(math.Abs(v)), 1074).Int(nil)
		return n
	}
	r := new(big.Float).SetInt(new(big.Int).Rem(units(x), units(y)))
	f, _ := r.SetMantExp(r, -1074).Float64()
	return math.Copysign(f, x)
}

// numpyDivmod is the formula of NumPy's npy_divmod.
func numpyDivmod(x, y float64) (quotient, remainder float64) {
	m := math.Mod(x, y)
	if y == 0 {
		return x / y, m
	}
	q := (x - m) / y
	if m != 0 {
		if (y < 0) != (m < 0) {
			m += y
			q--
		}
	} else {
		m = math.Copysign(0, y)
	}
	if q == 0 {
		return math.Copysign(0, x/y), m
	}
	floor := math.Floor(q)
	if q-floor > 0.5 {
		floor++
	}
	return floor, m
}

func divisionOperands(d DType) (xs, ys []uint64) {
	for _, x := range specials(d) {
		for _, y := range specials(d) {
			xs, ys = append(xs, x), append(ys, y)
		}
	}
	r := rand.New(rand.NewPCG(9, 10))
	for range 20000 {
		xs, ys = append(xs, anyElement(r, d)), append(ys, anyElement(r, d))
		y := anyElement(r, d)
		xs, ys = append(xs, Float(d, 3*asFloat(d, y))), append(ys, y) // near whole quotients
	}
	return xs, ys
}

func asFloat(d DType, x uint64) float64 {
	if d == Float32 {
		return float64(asF32(x))
	}
	return asF64(x)
}

func TestFloatDivision(t *testing.T) {
	for _, d := range []DType{Float32, Float64} {
		xs, ys := divisionOperands(d)
		fmod, rem, quo := callFloats(OpFmod, d, xs, ys), callFloats(OpRemainder, d, xs, ys), callFloats(OpFloorDivide, d, xs, ys)
		for i := range xs {
			x, y := asFloat(d, xs[i]), asFloat(d, ys[i])
			if x-x == 0 && y-y == 0 && y != 0 {
				if want := Float(d, exactFmod(x, y)); fmod[i] != want {
					t.Fatalf("%s fmod(%x, %x) = %x, want %x", d, x, y, asFloat(d, fmod[i]), asFloat(d, want))
				}
			}
			if d == Float64 {
				q, m := numpyDivmod(x, y)
				if !sameElement(d, quo[i], bitsF64(q)) || !sameElement(d, rem[i], bitsF64(m)) {
					t.Fatalf("divmod(%x, %x) = %x, %x, want %x, %x", x, y, asF64(quo[i]), asF64(rem[i]), q, m)
				}
			}
		}
	}
}

func TestIntegerDivision(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	for _, d := range dtypesOf(Integers) {
		args := []DType{d, d}
		for range 5000 {
			x := []uint64{anyElement(r, d), wrap(d, anyElement(r, d)>>r.IntN(64))}
			bigOf := func(v uint64) *big.Int {
				if d.Kind() == KindInt {
					return big.NewInt(int64(v))
				}
				return new(big.Int).SetUint64(v)
			}
			a, b := bigOf(x[0]), bigOf(x[1])
			if b.Sign() == 0 {
				continue
			}
			q, m := new(big.Int).QuoRem(a, b, new(big.Int))
			if m.Sign() != 0 && m.Sign() != b.Sign() {
				q.Sub(q, big.NewInt(1))
				m.Add(m, b)
			}
			low := func(v *big.Int) uint64 { // modulo 2^64
				return new(big.Int).And(v, new(big.Int).SetUint64(math.MaxUint64)).Uint64()
			}
			if got := EvalOp(OpFloorDivide, d, args, x); got != wrap(d, low(q)) {
				t.Fatalf("%s floor_divide(%v, %v) = %v, want %v", d, a, b, bigOf(got), q)
			}
			if got := EvalOp(OpRemainder, d, args, x); got != wrap(d, low(m)) {
				t.Fatalf("%s remainder(%v, %v) = %v, want %v", d, a, b, bigOf(got), m)
			}
		}
	}
}

func TestIntegerPow(t *testing.T) {
	r := rand.New(rand.NewPCG(13, 14))
	for _, d := range dtypesOf(Integers) {
		for range 300 {
			x, y := anyElement(r, d), wrap(d, anyElement(r, d)>>r.IntN(64))
			if less(d, y, 0) {
				continue
			}
			base := new(big.Int).SetUint64(x) // modulo 2^64 a negative base is this one
			mod := new(big.Int).Lsh(big.NewInt(1), 64)
			want := wrap(d, new(big.Int).Exp(base, new(big.Int).SetUint64(y), mod).Uint64())
			if got := EvalOp(OpPow, d, []DType{d, d}, []uint64{x, y}); got != want {
				t.Fatalf("%s pow(%#x, %d) = %#x, want %#x", d, x, y, got, want)
			}
		}
	}
}

func TestScale(t *testing.T) {
	r := rand.New(rand.NewPCG(15, 16))
	for _, d := range []DType{Float32, Float64} {
		var xs, ns []uint64
		for range 50000 {
			x := Float(d, math.Ldexp(r.Float64()+1, r.IntN(2200)-1100))
			xs, ns = append(xs, x), append(ns, Float(d, float64(r.IntN(4400)-2200)))
			// Results around the border of the subnormal numbers.
			_, e := math.Frexp(asFloat(d, x))
			border := -1074
			if d == Float32 {
				border = -149
			}
			xs, ns = append(xs, x), append(ns, Float(d, float64(border+r.IntN(60)-e)))
		}
		for i, y := range callFloats(OpScale, d, xs, ns) {
			x, n := asFloat(d, xs[i]), int(asFloat(d, ns[i]))
			exact := new(big.Float).SetMantExp(big.NewFloat(x), n)
			want, _ := exact.Float64()
			if d == Float32 {
				v, _ := exact.Float32()
				want = float64(v)
			}
			if y != Float(d, want) {
				t.Fatalf("%s scale(%x, %d) = %x, want %x", d, x, n, asFloat(d, y), want)
			}
		}
	}
}
