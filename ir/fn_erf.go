package ir

// erf(a) = a + a P(a^2) below 0.86; above it 1 - exp(P(a - 1.0625))/8, where the centre
// and the factor 8 keep P small while erfc is large, so that P's rounding does not count.

// P below 0.86, to 2^-56.3 and 2^-30.1.
var (
	erfSmall64 = []float64{
		0x1.06eba8214db69p-3, -0x1.812746b0379fbp-2, 0x1.ce2f21a0435dp-4, -0x1.b82ce312afb37p-6, 0x1.565bcd1402ee3p-8,
		-0x1.c02db50578d1p-11, 0x1.f9a346a6637ebp-14, -0x1.f4d4f8848c319p-17, 0x1.ba0c4a89f926ep-20, -0x1.60db804f0cd1p-23,
		0x1.06db932e016bep-26, -0x1.89a597ae8df85p-30, 0x1.06ca4cabdc816p-33,
	}
	erfSmall32 = []float64{
		0x1.06eba8p-3, -0x1.812742p-2, 0x1.ce2e06p-4, -0x1.b810aap-6, 0x1.54ec96p-8, -0x1.abf886p-11, 0x1.63d9ecp-14,
	}
)

// P = log(8 erfc(1.0625 + v)) above, to 2^-56.1 and 2^-27.8, up to the clamp.
var (
	erfLarge64 = []float64{
		0x1.f89aa598362a3p-5, -0x1.5f56b2b72eddbp1, -0x1.b38af63102346p-1, -0x1.408ae6147aed2p-5, 0x1.34ff2c61966b3p-7,
		-0x1.eeb16eb8ff733p-10, 0x1.01fdb65816e05p-12, 0x1.d55bec0b1d169p-17, -0x1.72d6689f8a11fp-16, 0x1.1800d23ac300cp-17,
		-0x1.02153efa285f2p-19, 0x1.8c7a5a13fa39ap-23, 0x1.36b69a96020b5p-24, -0x1.8e904c86f4bbep-25, 0x1.fa2fc4101746p-27,
		-0x1.ac55407f80c3bp-29, 0x1.e5d0e4dee83e1p-32, -0x1.4f879f2d49469p-35, 0x1.aaa74d070713dp-40,
	}
	erfLarge32 = []float64{
		0x1.f89aa6p-5, -0x1.5f56b2p1, -0x1.b38af6p-1, -0x1.40893cp-5, 0x1.34f91p-7, -0x1.f1112ep-10, 0x1.1f0f46p-12,
		-0x1.52067cp-16,
	}
)

func expandErf(b *Builder, e *Expr) *Expr {
	f, x := formulaOf(b, e.DType), e.Args[0]
	a, top, one := f.abs(x), f.which(6, 4), f.num(1)
	a = f.sel(f.lt(top, a), top, a) // beyond, erf is 1 to the last bit; NaN passes
	small := f.lt(a, f.num(0.86))
	v := f.sel(small, f.mul(a, a), f.sub(a, f.num(1.0625)))
	c := f.coefficients(erfLarge64, erfLarge32)
	few := f.coefficients(erfSmall64, erfSmall32)
	for i := range c {
		s := f.num(0)
		if i < len(few) {
			s = few[i]
		}
		c[i] = f.sel(small, s, c[i])
	}
	p := f.poly(v, f.mul(v, v), c)

	n := f.round(f.mul(p, f.log2e()))
	r := f.fma(f.neg(n), f.which(0x1.62e42fefa39efp-1, 0x1.62e43p-1), p)
	z := f.mul(r, r)
	t := f.fma(z, f.expPoly(r, z), r) // exp(r) - 1
	scale := f.scaleNormal(one, f.sub(n, f.num(3)))
	y := f.fma(f.neg(scale), t, f.sub(one, scale))
	return f.xorSign(f.sel(small, f.fma(a, p, a), y), f.sign(x))
}
