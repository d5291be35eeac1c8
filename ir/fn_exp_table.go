package ir

// exp in float64: x = n log(2)/16 + r, a polynomial in r, and a table of 2^(i/16). The
// table pays by the polynomial: what binds processors here is multiplying.

// exp2Bits are the bits of t = 2^(i/16), rounded, less i in the place that n's last four
// bits have when n is added to the exponent; exp2Rest is 2^(i/16)/t - 1.
var (
	exp2Bits = &Table{Name: "exp2 bits", DType: Int64, Entries: []uint64{
		0x3ff0000000000000, 0x3fefb5586cf9890f, 0x3fef72b83c7d517b, 0x3fef387a6e756238, 0x3fef06fe0a31b715,
		0x3feedea64c123422, 0x3feebfdad5362a27, 0x3feeab07dd485429, 0x3feea09e667f3bcd, 0x3feea11473eb0187,
		0x3feeace5422aa0db, 0x3feec49182a3f090, 0x3feee89f995ad3ad, 0x3fef199bdd85529c, 0x3fef5818dcfba487,
		0x3fefa4afa2a490da,
	}}
	exp2Rest = floatTable("exp2 rest", Float64,
		0, 0x1.79aa65d837b6dp-54, -0x1.01b15eaa59348p-55, 0x1.68efde3a8a894p-54, 0x1.34d754db0abb6p-55,
		0x1.59f48a72a4c6dp-55, 0x1.690cebb7aafb0p-56, 0x1.063e1e21c5409p-54, -0x1.3b3efbf5e2228p-54,
		-0x1.b32dcb94da51dp-56, 0x1.db72fc1f0eab4p-55, 0x1.1affc2b91ce27p-56, 0x1.c1a7792cb3387p-55,
		0x1.36eae30af0cb3p-56, 0x1.4a385a63d07a7p-56, -0x1.ff7128fd391f0p-55)
)

// (exp(r) - 1 - r)/r^2 on |r| <= log(2)/32, to 2^-64 of exp(r).
var exp64Near = []float64{
	0x1.0000000000001p-1, 0x1.5555555555556p-3, 0x1.55555554e93b7p-5, 0x1.11111110e1059p-7, 0x1.6c17ed5c1f49ep-10,
	0x1.a01b0c3c80bbcp-13,
}

func expandExp64(f *formula, x *Expr) *Expr {
	// The addition of 3 2^51 leaves n in the last bits of the sum.
	const shift = 0x1.8p52
	sum := f.fma(x, f.num(0x1.71547652b82fep4), f.num(shift))
	n, bits := f.sub(sum, f.num(shift)), f.bits(sum)
	rh := f.fma(f.neg(n), f.num(0x1.62e42fefa38p-5), x) // exact
	rl := f.mul(n, f.num(0x1.ef35793c7673p-49))
	r := f.sub(rh, rl)
	z := f.mul(r, r)
	p := f.poly(r, z, f.nums(exp64Near))
	// exp(x) = t (1 + m), t a power of 2^(1/16): m is rounded far below t's last place.
	m := f.add(rh, f.fma(z, p, f.sub(f.LookupTable(exp2Rest, bits), rl)))
	times := func(shifted *Expr) *Expr {
		t := f.unbits(f.add(f.LookupTable(exp2Bits, bits), f.shl(shifted, f.int(48))))
		return f.fma(t, m, t)
	}
	i := f.and(bits, f.int(15))
	k := f.mul(f.sub(n, f.Cast(f.d, i)), f.num(1.0/16))
	return f.rare(f.outside(x, 708, 87), times(bits), f.expSlow(x, times(i), k))
}
