package ir

// pow: log(x) in two floats, from a table of 16 values c near 1/m and a series in
// r = mc - 1; times y; and exp of the two floats. The interval around m = 1 has c = 1,
// so log(x) keeps its relative accuracy near x = 1.

// floatTable returns a table of floats.
func floatTable(name string, d DType, values ...float64) *Table {
	t := &Table{Name: name, DType: d}
	for _, v := range values {
		t.Entries = append(t.Entries, Float(d, v))
	}
	return t
}

// c, and -log(c) as th + tl with so few bits in th that k log 2 + th is exact.
var (
	powC64 = floatTable("pow c 64", Float64,
		0x1.64p0, 0x1.55p0, 0x1.48p0, 0x1.3bp0, 0x1.2fp0, 0x1.25p0, 0x1.1ap0, 0x1.11p0, 0x1.08p0, 1,
		0x1.e2p-1, 0x1.c7p-1, 0x1.afp-1, 0x1.9ap-1, 0x1.86p-1, 0x1.74p-1)
	powH64 = floatTable("pow th 64", Float64,
		-0x1.51aad872ep-2, -0x1.2596010df7p-2, -0x1.fb9186d5e4p-3, -0x1.a8becfc882p-3, -0x1.59338d9982p-3,
		-0x1.1478584674p-3, -0x1.8c345d6318p-4, -0x1.075983599p-4, -0x1.f829b0e78p-6, 0, 0x1.eea31c0068p-5,
		0x1.e3707ee304p-4, 0x1.60b3100b0ap-3, 0x1.c6ffbc6fp-3, 0x1.16b5ccbadp-2, 0x1.4718dc271cp-2)
	powL64 = floatTable("pow tl 64", Float64,
		0x1.f4bd8db0a7cc1p-44, -0x1.8e7bc224ea3e3p-44, 0x1.d572aab993c87p-47, -0x1.e3185cf21b9cfp-44,
		-0x1.0ba68b7555d4ap-48, -0x1.563451027c75p-46, -0x1.b20f5acb42a66p-44, 0x1.b8ecfe4b59987p-44,
		-0x1.980267c7e09e4p-45, 0, 0x1.c3dd83606d891p-44, 0x1.0f684e6766abdp-45, -0x1.71456c988f814p-44,
		0x1.ee138d3a69d43p-44, -0x1.23299042d74bfp-44, 0x1.06c18fb4c14c5p-44)
	powC32 = floatTable("pow c 32", Float32,
		0x1.64p0, 0x1.56p0, 0x1.48p0, 0x1.3cp0, 0x1.3p0, 0x1.24p0, 0x1.1ap0, 0x1.12p0, 0x1.08p0, 1,
		0x1.e2p-1, 0x1.c8p-1, 0x1.bp-1, 0x1.9ap-1, 0x1.86p-1, 0x1.74p-1)
	powH32 = floatTable("pow th 32", Float32,
		-0x1.51acp-2, -0x1.2894p-2, -0x1.fb9p-3, -0x1.af4p-3, -0x1.5ffp-3, -0x1.0d78p-3, -0x1.8c3p-4, -0x1.165p-4,
		-0x1.f84p-6, 0, 0x1.eeap-5, 0x1.da7p-4, 0x1.5bf8p-3, 0x1.c7p-3, 0x1.16b4p-2, 0x1.4718p-2)
	powL32 = floatTable("pow tl 32", Float32,
		0x1.278d2p-18, -0x1.a13de8p-18, -0x1.86d5e4p-19, 0x1.b58bfap-18, -0x1.83853cp-18, 0x1.832f72p-23,
		-0x1.1758c6p-18, -0x1.b7751cp-19, 0x1.64f188p-18, 0, 0x1.8e0036p-20, 0x1.3b1c22p-19, -0x1.fca55ep-18,
		-0x1.0e43fcp-21, 0x1.ccbadp-18, 0x1.b84e38p-19)
)

// 2(log(1+r) - r + r^2/2)/r^3 on |r| <= 1/32 after its first coefficient, which is taken
// in two floats, to 2^-70; and undoubled in float32, to 2^-36.8.
var (
	powSeries64 = []float64{
		-0x1p-1, 0x1.999999999ab22p-2, -0x1.5555555555589p-2, 0x1.2492491bee327p-2, -0x1.00000001072c5p-2,
		0x1.c71c951ccc87ep-3, -0x1.99997618368abp-3, 0x1.74bc8af23e3adp-3, -0x1.560a466fff295p-3,
	}
	powSeries32 = []float64{0x1.55555p-2, -0x1.fffff4p-3, 0x1.9a0decp-3, -0x1.55c642p-3}
)

// logPair returns log(x 2^k0) as two floats, for a normal x > 0.
func (f *formula) logPair(x, k0 *Expr) (h, l *Expr) {
	least, field, index := uint64(0x3fe6800000000000), uint64(0xfff<<52), uint64(48)
	c, th, tl := powC64, powH64, powL64
	if f.d == Float32 {
		least, field, index = 0x3f340000, 0x1ff<<23, 19
		c, th, tl = powC32, powH32, powL32
	}
	t := f.sub(f.bits(x), f.int(least))
	m := f.unbits(f.sub(f.bits(x), f.and(t, f.int(field))))
	k := f.Apply(OpExponent, t)
	if k0 != nil {
		k = f.add(k, k0)
	}
	i := f.shr(t, f.int(index))
	pm, rl := f.twoMul(m, f.LookupTable(c, i))
	r := f.sub(pm, f.num(1)) // exact; r + rl = mc - 1
	hr := f.mul(f.num(0.5), r)
	q, ql := f.twoMul(hr, r) // r^2/2
	z := f.mul(r, r)

	// k log 2 + th + r - r^2/2 + the cubic rest, in the order of size.
	h1, e1 := f.fastTwoSum(f.fma(k, f.ln2Hi(), f.LookupTable(th, i)), r) // the first is exact
	h2 := f.sub(h1, q)
	e12 := f.add(e1, f.sub(f.sub(h1, h2), q))
	lo := f.fma(k, f.ln2Lo(), f.LookupTable(tl, i))
	if f.d == Float32 {
		lo = f.add(lo, f.fma(rl, f.sub(z, r), rl))
		cubic := f.fma(f.mul(r, z), f.poly(r, z, f.nums(powSeries32)), f.neg(ql))
		return f.fastTwoSum(h2, f.add(lo, f.add(e12, cubic)))
	}
	w := f.mul(z, f.poly(r, z, f.nums(powSeries64)))
	third := f.num(0x1.5555555555555p-1)
	u0, u0l := f.twoMul(r, third)
	u, ue := f.fastTwoSum(u0, w)
	ul := f.add(ue, f.fma(r, f.num(0x1.5555555555555p-55), u0l))
	v, vl := f.twoMul(q, u)
	h3, e3 := f.fastTwoSum(h2, v)
	lo = f.add(lo, f.fma(rl, f.fma(f.neg(r), z, f.sub(z, r)), rl))
	cubic := f.add(f.fma(q, ul, vl), f.fma(ql, u, f.neg(ql)))
	return f.fastTwoSum(h3, f.add(lo, f.add(e12, f.add(e3, cubic))))
}

// powParts returns s in [0.7, 1.5] and n with (x 2^k0)^y = s 2^n, and p near
// y log(x 2^k0).
func (f *formula) powParts(x, y, k0 *Expr) (s, n, p *Expr) {
	lh, ll := f.logPair(x, k0)
	p, pl := f.twoMul(y, lh)
	pl = f.fma(y, ll, pl)
	n = f.round(f.mul(p, f.log2e()))
	rh := f.fma(f.neg(n), f.ln2Hi(), p)
	t := f.fma(f.neg(n), f.ln2Lo(), pl)
	r := f.add(rh, t)
	z := f.mul(r, r)
	h, e := f.fastTwoSum(f.num(1), rh)
	return f.add(h, f.fma(z, f.expPoly(r, z), f.add(e, t))), n, p
}

func expandPow(b *Builder, e *Expr) *Expr {
	x, y := e.Args[0], e.Args[1]
	if !e.DType.IsFloat() {
		return expandIntPow(b, e)
	}
	f := formulaOf(b, e.DType)
	s, n, p := f.powParts(x, y, nil)
	return f.rare(f.or(f.notNormal(x), f.outside(p, 708, 87)), f.scaleNormal(s, n), f.powSlow(x, y))
}

// powSlow is pow for every x and y. Later lines take precedence.
func (f *formula) powSlow(x, y *Expr) *Expr {
	zero, one, inf := f.num(0), f.num(1), f.inf()
	ax, ay := f.abs(x), f.abs(y)
	negative := f.ne(f.sign(x), f.int(0))
	integral := f.eq(f.round(y), y)
	low := f.and(f.Cast(f.i, y), f.int(1))
	odd := f.and(f.and(integral, f.lt(ay, f.which(0x1p53, 0x1p24))), f.ne(low, f.int(0)))
	opposite := f.and(negative, odd)
	grows := f.xor(f.lt(one, ax), f.lt(y, zero)) // |x|^y moves away from 0 as |y| grows

	subnormal := f.lt(ax, f.which(0x1p-1022, 0x1p-126))
	s, n, p := f.powParts(f.sel(subnormal, f.mul(ax, f.which(0x1p54, 0x1p24)), ax), y, f.sel(subnormal, f.which(-54, -24), zero))
	r := f.Apply(OpScale, s, n)
	lost := f.isNaN(p) // y log(x) beyond all bounds, or x = 1
	r = f.sel(f.or(lost, f.lt(p, f.which(-746, -105))), zero, r)
	r = f.sel(f.or(f.lt(f.which(710, 89), p), f.and(lost, grows)), inf, r)
	r = f.sel(f.eq(ax, one), one, r)
	r = f.sel(opposite, f.neg(r), r)
	r = f.sel(f.and(negative, f.not(integral)), f.nan(f.d), r)

	edge := f.sel(f.xor(f.eq(ax, zero), f.lt(y, zero)), zero, inf)
	edge = f.sel(opposite, f.neg(edge), edge)
	r = f.sel(f.or(f.eq(ax, zero), f.eq(ax, inf)), edge, r)
	far := f.sel(grows, inf, zero)
	r = f.sel(f.eq(ay, inf), f.sel(f.eq(ax, one), one, far), r)
	r = f.sel(f.or(f.isNaN(x), f.isNaN(y)), f.add(x, y), r)
	return f.sel(f.or(f.eq(y, zero), f.eq(x, one)), one, r)
}
