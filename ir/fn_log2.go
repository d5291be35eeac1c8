package ir

// log2 in float32: m is in one of 16 intervals, each with a number c near 1/m, so that
// log2(m) = log2(1+r) - log2(c) for a small r = c m - 1. Around 1, where the logarithm is
// small and must be right relative to itself, c is 1: intervals 8 to 10.

// log2Least is the bits of the least m, 0.703125; an interval has 2^19 numbers.
const log2Least = 0x3f340000

var (
	log2Near = floatTable("log2 c", Float32,
		0x1.6p0, 0x1.58p0, 0x1.48p0, 0x1.38p0, 0x1.3p0, 0x1.28p0, 0x1.18p0, 0x1.1p0, 1, 1, 1, 0x1.c8p-1, 0x1.bp-1, 0x1.98p-1,
		0x1.88p-1, 0x1.7p-1)
	// -log2(c), the upper part a multiple of 2^-16: its sums with exponents are exact.
	log2Upper = floatTable("log2 upper", Float32,
		-0x1.d674p-2, -0x1.b48p-2, -0x1.6e24p-2, -0x1.244p-2, -0x1.fbcp-3, -0x1.acf8p-3, -0x1.08c8p-3, -0x1.664p-4, 0, 0, 0,
		0x1.564p-3, 0x1.f6p-3, 0x1.4f7p-2, 0x1.8a88p-2, 0x1.e7ep-2)
	log2Lower = floatTable("log2 lower", Float32,
		-0x1.3e032ep-18, 0x1.408c78p-18, 0x1.e3263p-18, -0x1.eac382p-20, -0x1.6b9026p-19, 0x1.0e9258p-18, 0x1.3b992cp-18,
		0x1.20a6dep-21, 0, 0, 0, -0x1.1eb002p-18, -0x1.3ab7cep-18, -0x1.134c4ep-20, 0x1.80abfcp-18, -0x1.40358ep-19)
)

// (log2(1+r) - r/log(2))/r^2 on [-0.047, 0.094], to 2^-30.4 of log2(1+r).
var log2x32 = []float64{-0x1.715474p-1, 0x1.ec70bep-2, -0x1.716afep-2, 0x1.27a05cp-2, -0x1.ba78aap-3}

func expandLog2(b *Builder, e *Expr) *Expr {
	f := formulaOf(b, e.DType)
	if f.d == Float64 {
		return expandLog((*formula).log2Sum)(b, e)
	}
	return f.logarithm(e.Args[0], func(x, k0 *Expr) *Expr {
		k, m, t := f.logReduceFrom(x, log2Least)
		if k0 != nil {
			k = f.add(k, k0)
		}
		i := f.shr(t, f.int(19))
		r := f.fma(m, f.LookupTable(log2Near, i), f.num(-1))
		z := f.mul(r, r)
		rest := f.fma(z, f.poly(r, z, f.nums(log2x32)), f.LookupTable(log2Lower, i))
		return f.add(f.add(k, f.LookupTable(log2Upper, i)), f.fma(r, f.num(0x1.715476p0), rest))
	})
}
