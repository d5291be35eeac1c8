package ir

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

// exactFMA32 computes a*b + c with as many bits as it takes and rounds once.
func exactFMA32(a, b, c float32) float32 {
	wide := func(v float32) *big.Float { return new(big.Float).SetPrec(700).SetFloat64(float64(v)) }
	p := wide(a)
	p.Mul(p, wide(b))
	p.Add(p, wide(c))
	r, _ := p.Float32()
	return r
}

func TestFMA32Directed(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	for _, c := range []struct{ a, b, c, want float32 }{
		// float32(math.FMA(...)) gives 1 + 2^-22 for the first: the sum is just below a tie.
		{0x1p-24 * (1 + 0x1p-15), 1 - 0x1p-15, 1 + 0x1p-23, 1 + 0x1p-23},
		{0x1p-24 * (1 + 0x1p-15), 1 - 0x1p-15, -1, -1 + 0x1p-24},
		{0x1p-24, 1, 1, 1},                        // a true tie goes to even
		{0x1p-24, 1, 1 + 0x1p-23, 1 + 0x1p-22},    // and up when that is even
		{0x1p-24, 1 + 0x1p-23, 1, 1 + 0x1p-23},    // just above it
		{0x1p-75, 0x1p-75, 0, 0},                  // half the least number
		{0x1p-75, 0x1p-75, 0x1p-149, 0x1p-148},    // the tie above it, to even
		{0x1p-75, -0x1p-75, 0x1p-149, 0},          // the tie below it, to even
		{0x1p-75, 0x1.000002p-75, 0, 0x1p-149},    // just above half the least
		{0x1p-100, 0x1p-100, 0x1p-149, 0x1p-149},  // far below a unit
		{0x1p-100, 0x1p-100, 0x1p-126, 0x1p-126},  // at the border of the normal numbers
		{0x1p-100, -0x1p-100, 0x1p-126, 0x1p-126}, // below it
		{math.MaxFloat32, 1, 0x1p103, inf},        // the tie above the largest number
		{math.MaxFloat32, 1, 0x1.fffffep102, math.MaxFloat32},
		{math.MaxFloat32, 2, -math.MaxFloat32, math.MaxFloat32},
		{inf, 1, -inf, nan},
		{inf, 0, 1, nan},
		{nan, 1, 1, nan},
		{inf, -1, 1, -inf},
	} {
		got := FMA32(c.a, c.b, c.c)
		if got != c.want && (got == got || c.want == c.want) {
			t.Errorf("FMA32(%x, %x, %x) = %x, want %x", c.a, c.b, c.c, got, c.want)
		}
	}
	negative := float32(math.Copysign(0, -1))
	for _, c := range []struct{ a, b, c, want float32 }{
		{0, 0, negative, 0}, {negative, 0, negative, negative}, {1, -1, 1, 0}, {0x1p-149, -0x1p-149, 0, negative}, {0, -1, 0, 0},
	} {
		if got := FMA32(c.a, c.b, c.c); math.Float32bits(got) != math.Float32bits(c.want) {
			t.Errorf("FMA32(%g, %g, %g) = %g, want %g", c.a, c.b, c.c, got, c.want)
		}
	}
}

// TestFMA32Exact draws operands whose sums fall near ties and among subnormal numbers.
func TestFMA32Exact(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	few := func(e int) float32 { // a float32 with its ones at both ends
		m := 1<<23 | 1<<r.IntN(23) | r.IntN(2)
		return float32(math.Ldexp(float64(m), e-23)) * float32(1-2*r.IntN(2))
	}
	check := func(a, b, c float32) {
		if got, want := FMA32(a, b, c), exactFMA32(a, b, c); math.Float32bits(got) != math.Float32bits(want) {
			t.Fatalf("FMA32(%x, %x, %x) = %x, want %x", a, b, c, got, want)
		}
	}
	doubled := 0 // cases that a second rounding spoils
	for range 200000 {
		// Half a unit of c less a part in 2^2i: the sum has more bits than a float64.
		i, e := 15+r.IntN(9), r.IntN(180)-100
		a, b := float32(math.Ldexp(1+math.Ldexp(1, -i), e)), float32(1-math.Ldexp(1, -i))
		c := few(e + 24)
		check(a, b, c)
		if float32(math.FMA(float64(a), float64(b), float64(c))) != FMA32(a, b, c) {
			doubled++
		}
		check(few(r.IntN(40)-20), few(r.IntN(40)-20), few(r.IntN(100)-50))
		check(few(r.IntN(20)-85), few(r.IntN(20)-85), few(-149+r.IntN(24)))
		bits := func() float32 { return math.Float32frombits(r.Uint32()) }
		if a, b, c := bits(), bits(), bits(); a-a == 0 && b-b == 0 && c-c == 0 {
			check(a, b, c)
		}
	}
	if doubled < 100 {
		t.Errorf("only %d cases tell one rounding from two", doubled)
	}
}
