package ir

import (
	endian "encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

// The elementary functions and, for float32, the float64 function that judges them: a
// unit of float64 is 2^-29 units of float32.
var functions = []struct {
	op   *Op
	math func(float64) float64
	hard []float32 // where the worst errors of all float32 are
}{
	{OpExp, math.Exp, []float32{-0x1.5e9548p+6}},
	{OpExp2, math.Exp2, []float32{-0x1.f9c326p+6}},
	{OpExpm1, math.Expm1, []float32{-0x1.0ec58p+4}},
	{OpLog, math.Log, []float32{0x1.6782a8p+0}},
	{OpLog2, math.Log2, []float32{0x1.67ed58p+0}},
	{OpLog10, math.Log10, []float32{}},
	{OpLog1p, math.Log1p, []float32{0x1.9e0aap-2}},
	{OpSin, math.Sin, []float32{0x1.bb12fap+83}},
	{OpCos, math.Cos, []float32{-0x1.08bd02p+127}},
	{OpTanh, math.Tanh, []float32{0x1.9d416ep-3}},
	{OpErf, math.Erf, []float32{0x1.b59e06p-1}},
}

// callFloats runs op over columns of operands.
func callFloats(op *Op, d DType, in ...[]uint64) []uint64 {
	b := NewBuilder()
	args := make([]*Expr, len(in))
	for i := range in {
		args[i] = b.State(d, i)
	}
	out := make([]uint64, len(in[0]))
	CompileScalar([]*Expr{b.Apply(op, args...)}).RunStrip(len(out), in, [][]uint64{out})
	return out
}

// ulps32 returns how many units of its last place y is off r.
func ulps32(y float32, r float64) float64 {
	rounded := float32(r)
	switch {
	case r != r && y != y || y == rounded && (y != 0 || math.Signbit(float64(y)) == math.Signbit(r)):
		if math.IsInf(float64(y), 0) || r != r {
			return 0
		}
	case r != r || y != y || math.IsInf(float64(y), 0) || math.IsInf(float64(rounded), 0) || r == 0:
		return math.Inf(1)
	}
	_, e := math.Frexp(r)
	return math.Ldexp(math.Abs(float64(y)-r), 23-max(e-1, -126))
}

func TestFloat32Functions(t *testing.T) {
	const stride = 4001 // prime: every residue of the low bits comes up
	for _, f := range functions {
		t.Run(f.op.Name, func(t *testing.T) {
			var in []uint64
			for v := uint64(0); v < 1<<32; v += stride {
				in = append(in, v)
			}
			for _, v := range []float32{0, 1, 0.5, 2, math.MaxFloat32, 0x1p-126, 0x1p-149, 0x1.fffffcp-127, 88.8, 104, 87, 1e5, float32(math.Inf(1)), float32(math.NaN())} {
				in = append(in, bitsF32(v), bitsF32(-v))
			}
			for _, v := range f.hard {
				in = append(in, bitsF32(v))
			}
			worst, at := 0.0, uint64(0)
			for i, y := range callFloats(f.op, Float32, in) {
				if u := ulps32(asF32(y), f.math(float64(asF32(in[i])))); u > worst {
					worst, at = u, in[i]
				}
			}
			if t.Logf("worst %.4f ULP at %g", worst, asF32(at)); worst > 1 {
				t.Errorf("%s is %.4f ULP off at %x", f.op, worst, asF32(at))
			}
		})
	}
}

func TestFloat32Pow(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	xs := []uint64{bitsF32(0x1.084af4p+0)}
	ys := []uint64{bitsF32(-0x1.579ebp+11)}
	add := func(x, y float64) {
		xs, ys = append(xs, bitsF32(float32(x))), append(ys, bitsF32(float32(y)))
	}
	for range 200000 {
		add(10*r.Float64(), 20*r.Float64()-10)
		x := float64(asF32(uint64(r.Uint32N(0x7f800000))))
		add(x, (2*r.Float64()-1)*104/math.Abs(math.Log(x)))
		x = 1 + float64(float32(0.1*r.Float64()-0.04))
		add(x, (2*r.Float64()-1)*104/math.Abs(math.Log(x)))
		add(float64(asF32(uint64(r.Uint32()))), float64(asF32(uint64(r.Uint32()))))
		add(float64(r.IntN(2001)-1000)/float64(1+r.IntN(4)), float64(r.IntN(81)-40)/float64(1+r.IntN(2)))
	}
	special := []float64{0, 1, 2, 0.5, 3, 1.5, 0x1p-149, 3e38, 0x1p24, 0x1p24 + 2, 8388609, 1 + 0x1p-23, 1 - 0x1p-24, math.Inf(1), math.NaN()}
	for _, x := range special {
		for _, y := range special {
			add(x, y)
			add(-x, y)
			add(x, -y)
			add(-x, -y)
		}
	}
	worst, at := 0.0, 0
	for i, y := range callFloats(OpPow, Float32, xs, ys) {
		if u := ulps32(asF32(y), math.Pow(float64(asF32(xs[i])), float64(asF32(ys[i])))); u > worst {
			worst, at = u, i
		}
	}
	if t.Logf("worst %.4f ULP", worst); worst > 1 {
		t.Errorf("pow is %.4f ULP off at %x, %x", worst, asF32(xs[at]), asF32(ys[at]))
	}
}

// exactValue is a record of testdata/functions, which make.py there writes: the exact
// result is rounded plus rest units of its own last place.
type exactValue struct {
	rounded float64
	rest    float32
}

// ulps64 returns how many units of its last place y is off.
func (v exactValue) ulps64(y float64) float64 {
	r := v.rounded
	switch {
	case math.Float64bits(y) == math.Float64bits(r) || y != y && r != r:
		return math.Abs(float64(v.rest))
	case y != y || r != r || r == 0 && v.rest == 0:
		return math.Inf(1)
	}
	if math.IsInf(y, 0) || math.IsInf(r, 0) { // infinity stands for 2^1024
		limit := func(x float64) float64 {
			if math.IsInf(x, 0) {
				return math.Copysign(0x1p1023, x)
			}
			return x / 2
		}
		return math.Abs((limit(y)-limit(r))/0x1p970 - float64(v.rest))
	}
	m, e := math.Frexp(r)
	if math.Abs(m) == 0.5 && (v.rest < 0) == (r > 0) && v.rest != 0 {
		e-- // the exact result is in the binade below
	}
	place := 53 - e // the unit is 2^-place
	if place > 1074 || r == 0 {
		place = 1074
	}
	return math.Abs(math.Ldexp(y-r, place) - float64(v.rest))
}

func readExact(t *testing.T, name string, operands int) (in [][]uint64, out []exactValue) {
	data, err := os.ReadFile(filepath.Join("testdata", "functions", name+".bin"))
	if err != nil {
		t.Fatal(err)
	}
	in = make([][]uint64, operands)
	for len(data) > 0 {
		for i := range in {
			in[i] = append(in[i], endian.LittleEndian.Uint64(data[8*i:]))
		}
		data = data[8*operands:]
		out = append(out, exactValue{asF64(endian.LittleEndian.Uint64(data)), asF32(uint64(endian.LittleEndian.Uint32(data[8:])))})
		data = data[12:]
	}
	return in, out
}

func TestFloat64Functions(t *testing.T) {
	ops := []*Op{OpPow}
	for _, f := range functions {
		ops = append(ops, f.op)
	}
	for _, op := range ops {
		t.Run(op.Name, func(t *testing.T) {
			in, exact := readExact(t, op.Name, op.MaxArg)
			if len(exact) < 4000 {
				t.Fatalf("only %d exact values", len(exact))
			}
			worst, at := 0.0, 0
			for i, y := range callFloats(op, Float64, in...) {
				if u := exact[i].ulps64(asF64(y)); u > worst {
					worst, at = u, i
				}
			}
			where := ""
			for _, x := range in {
				where += fmt.Sprintf(" %x", asF64(x[at]))
			}
			if t.Logf("worst %.4f ULP at%s", worst, where); worst > 1 {
				t.Errorf("%s is %.4f ULP off at%s", op, worst, where)
			}
		})
	}
}

// Results that users take for granted.
func TestExactFunctions(t *testing.T) {
	call := func(op *Op, d DType, x ...float64) float64 {
		in := make([]uint64, len(x))
		for i, v := range x {
			in[i] = Float(d, v)
		}
		y := EvalOp(op, d, []DType{d, d}[:len(x)], in)
		if d == Float32 {
			return float64(asF32(y))
		}
		return asF64(y)
	}
	check := func(op *Op, d DType, want float64, x ...float64) {
		t.Helper()
		if got := call(op, d, x...); got != want || math.Signbit(got) != math.Signbit(want) {
			t.Errorf("%s %s%v = %g, want %g", d, op, x, got, want)
		}
	}
	for _, d := range []DType{Float32, Float64} {
		least, most := -149, 127
		if d == Float64 {
			least, most = -1074, 1023
		}
		for k := least; k <= most; k++ {
			check(OpExp2, d, math.Ldexp(1, k), float64(k))
			check(OpLog2, d, float64(k), math.Ldexp(1, k))
			check(OpPow, d, math.Ldexp(1, k), 2, float64(k))
		}
		digits := 10
		if d == Float64 {
			digits = 22
		}
		ten := 1.0
		for k := 0; k <= digits; k++ {
			check(OpLog10, d, float64(k), ten)
			check(OpPow, d, ten, 10, float64(k))
			ten *= 10
		}
		negative := math.Copysign(0, -1)
		for _, op := range []*Op{OpExpm1, OpLog1p, OpSin, OpTanh, OpErf} {
			check(op, d, 0, 0)
			check(op, d, negative, negative)
		}
		for _, op := range []*Op{OpExp, OpExp2, OpCos} {
			check(op, d, 1, 0)
			check(op, d, 1, negative)
		}
		check(OpLog, d, 0, 1)
		check(OpLog, d, math.Inf(-1), negative)
		check(OpTanh, d, -1, math.Inf(-1))
		check(OpErf, d, 1, math.Inf(1))
		for _, x := range []float64{3, -3, 0.1, 1e-30, -7.25} {
			x = float64(float32(x))
			check(OpPow, d, x, x, 1)
			if p := x * x; d == Float64 || p == float64(float32(p)) {
				check(OpPow, d, p, x, 2)
			}
		}
	}
}
