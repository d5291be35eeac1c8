package ir

import "math"

// FMA32 returns a*b + c rounded once, which float32(math.FMA(...)) is not: that rounds
// to float64 first, and a float64 that happens to lie half way between two float32
// loses the direction in which it was rounded.
//
// The product is exact in float64 and the sum s is off by at most half its last place.
// Rounding s to float32 goes wrong only where s is half way between two float32, which
// for normal results shows in its low bits. There, and where the result is subnormal
// and half way is elsewhere, s is replaced by its neighbour of odd significand on the
// side of the true sum (Boldo and Melquiond's rounding to odd): with more than two
// extra bits that makes the second rounding right.
func FMA32(a, b, c float32) float32 {
	p, s := fma32Sum(a, b, c)
	if roundsOnce(s) {
		return float32(s)
	}
	return float32(roundToOdd(p, float64(c), s))
}

// fma32Sum returns a*b exactly and a*b + c in float64.
func fma32Sum(a, b, c float32) (p, s float64) {
	p = float64(float64(a) * float64(b))
	return p, p + float64(c)
}

// roundsOnce reports whether s, rounded to float32, is the true sum rounded: small
// enough for loops to have it inline.
func roundsOnce(s float64) bool {
	const (
		dropped = 1<<29 - 1 // the bits of a float64 that a normal float32 does not have
		half    = 1 << 28
	)
	return math.Float64bits(s)&dropped != half && math.Abs(s) >= 0x1p-126
}

// roundToOdd returns p + z, whose rounded sum is s, or the neighbour of s that has an odd
// significand and lies on the true sum's side where the two differ.
func roundToOdd(p, z, s float64) float64 {
	v := s - p
	e := (p - (s - v)) + (z - v) // p + z = s + e exactly
	u := math.Float64bits(s)
	switch {
	case u&1 != 0 || e == 0:
		return s
	case (e > 0) == (s > 0): // away from zero
		return math.Float64frombits(u + 1)
	}
	return math.Float64frombits(u - 1)
}
