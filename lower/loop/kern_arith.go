package loop

import (
	"math"
	"math/bits"
	"unsafe"

	"github.com/numen-go/numen/ir"
)

// kern is one op over a strip: d[i] = op(a[i], b[i], c[i]) for i < n. Which operands are
// single elements, the same for every i, is a matter of its form. d may be an operand.
type kern func(d, a, b, c unsafe.Pointer, n int)

type signed interface{ int8 | int16 | int32 | int64 }
type unsigned interface {
	uint8 | uint16 | uint32 | uint64
}
type integer interface{ signed | unsigned }
type float interface{ float32 | float64 }
type number interface{ integer | float }

// vec sees memory as a strip, one as a single element.
func vec[T any](p unsafe.Pointer, n int) []T { return unsafe.Slice((*T)(p), n) }
func one[T any](p unsafe.Pointer) T          { return *(*T)(p) }

func addVV[T number](d, a, b, _ unsafe.Pointer, n int) {
	x, y, z := vec[T](d, n), vec[T](a, n), vec[T](b, n)
	for i := range x {
		x[i] = y[i] + z[i]
	}
}

func addVS[T number](d, a, b, _ unsafe.Pointer, n int) {
	x, y, s := vec[T](d, n), vec[T](a, n), one[T](b)
	for i := range x {
		x[i] = y[i] + s
	}
}

func subVV[T number](d, a, b, _ unsafe.Pointer, n int) {
	x, y, z := vec[T](d, n), vec[T](a, n), vec[T](b, n)
	for i := range x {
		x[i] = y[i] - z[i]
	}
}

func subVS[T number](d, a, b, _ unsafe.Pointer, n int) {
	x, y, s := vec[T](d, n), vec[T](a, n), one[T](b)
	for i := range x {
		x[i] = y[i] - s
	}
}

func subSV[T number](d, a, b, _ unsafe.Pointer, n int) {
	x, s, z := vec[T](d, n), one[T](a), vec[T](b, n)
	for i := range x {
		x[i] = s - z[i]
	}
}

func mulVV[T number](d, a, b, _ unsafe.Pointer, n int) {
	x, y, z := vec[T](d, n), vec[T](a, n), vec[T](b, n)
	for i := range x {
		x[i] = T(y[i] * z[i])
	}
}

func mulVS[T number](d, a, b, _ unsafe.Pointer, n int) {
	x, y, s := vec[T](d, n), vec[T](a, n), one[T](b)
	for i := range x {
		x[i] = T(y[i] * s)
	}
}

func divVV[T float](d, a, b, _ unsafe.Pointer, n int) {
	x, y, z := vec[T](d, n), vec[T](a, n), vec[T](b, n)
	for i := range x {
		x[i] = T(y[i] / z[i])
	}
}

func divVS[T float](d, a, b, _ unsafe.Pointer, n int) {
	x, y, s := vec[T](d, n), vec[T](a, n), one[T](b)
	for i := range x {
		x[i] = T(y[i] / s)
	}
}

func divSV[T float](d, a, b, _ unsafe.Pointer, n int) {
	x, s, z := vec[T](d, n), one[T](a), vec[T](b, n)
	for i := range x {
		x[i] = T(s / z[i])
	}
}

func minVV[T number](d, a, b, _ unsafe.Pointer, n int) {
	x, y, z := vec[T](d, n), vec[T](a, n), vec[T](b, n)
	for i := range x {
		x[i] = min(y[i], z[i])
	}
}

func minVS[T number](d, a, b, _ unsafe.Pointer, n int) {
	x, y, s := vec[T](d, n), vec[T](a, n), one[T](b)
	for i := range x {
		x[i] = min(y[i], s)
	}
}

func maxVV[T number](d, a, b, _ unsafe.Pointer, n int) {
	x, y, z := vec[T](d, n), vec[T](a, n), vec[T](b, n)
	for i := range x {
		x[i] = max(y[i], z[i])
	}
}

func maxVS[T number](d, a, b, _ unsafe.Pointer, n int) {
	x, y, s := vec[T](d, n), vec[T](a, n), one[T](b)
	for i := range x {
		x[i] = max(y[i], s)
	}
}

func negV[T number](d, a, _, _ unsafe.Pointer, n int) {
	x, y := vec[T](d, n), vec[T](a, n)
	for i := range x {
		x[i] = -y[i]
	}
}

func absInt[T signed](d, a, _, _ unsafe.Pointer, n int) {
	x, y := vec[T](d, n), vec[T](a, n)
	for i := range x {
		v := y[i]
		if v < 0 {
			v = -v
		}
		x[i] = v
	}
}

func copyV[T any](d, a, _, _ unsafe.Pointer, n int) { copy(vec[T](d, n), vec[T](a, n)) }

func fillV[T any](d, a, _, _ unsafe.Pointer, n int) {
	x, s := vec[T](d, n), one[T](a)
	for i := range x {
		x[i] = s
	}
}

func quoVV[T integer](d, a, b, _ unsafe.Pointer, n int) {
	x, y, z := vec[T](d, n), vec[T](a, n), vec[T](b, n)
	for i := range x {
		if z[i] == 0 {
			x[i] = 0
		} else {
			x[i] = T(y[i] / z[i])
		}
	}
}

func andVV[T unsigned](d, a, b, _ unsafe.Pointer, n int) {
	x, y, z := vec[T](d, n), vec[T](a, n), vec[T](b, n)
	for i := range x {
		x[i] = y[i] & z[i]
	}
}

func andVS[T unsigned](d, a, b, _ unsafe.Pointer, n int) {
	x, y, s := vec[T](d, n), vec[T](a, n), one[T](b)
	for i := range x {
		x[i] = y[i] & s
	}
}

func orVV[T unsigned](d, a, b, _ unsafe.Pointer, n int) {
	x, y, z := vec[T](d, n), vec[T](a, n), vec[T](b, n)
	for i := range x {
		x[i] = y[i] | z[i]
	}
}

func orVS[T unsigned](d, a, b, _ unsafe.Pointer, n int) {
	x, y, s := vec[T](d, n), vec[T](a, n), one[T](b)
	for i := range x {
		x[i] = y[i] | s
	}
}

func xorVV[T unsigned](d, a, b, _ unsafe.Pointer, n int) {
	x, y, z := vec[T](d, n), vec[T](a, n), vec[T](b, n)
	for i := range x {
		x[i] = y[i] ^ z[i]
	}
}

func xorVS[T unsigned](d, a, b, _ unsafe.Pointer, n int) {
	x, y, s := vec[T](d, n), vec[T](a, n), one[T](b)
	for i := range x {
		x[i] = y[i] ^ s
	}
}

func notV[T unsigned](d, a, _, _ unsafe.Pointer, n int) {
	x, y := vec[T](d, n), vec[T](a, n)
	for i := range x {
		x[i] = ^y[i]
	}
}

func notBool(d, a, _, _ unsafe.Pointer, n int) {
	x, y := vec[uint8](d, n), vec[uint8](a, n)
	for i := range x {
		x[i] = y[i] ^ 1
	}
}

// Shifts by a negative number are shifts by a large one.

func shlVV[T integer](d, a, b, _ unsafe.Pointer, n int) {
	x, y, z := vec[T](d, n), vec[T](a, n), vec[T](b, n)
	for i := range x {
		x[i] = y[i] << uint64(z[i])
	}
}

func shlVS[T integer](d, a, b, _ unsafe.Pointer, n int) {
	x, y, s := vec[T](d, n), vec[T](a, n), uint64(one[T](b))
	for i := range x {
		x[i] = y[i] << s
	}
}

func shrVV[T integer](d, a, b, _ unsafe.Pointer, n int) {
	x, y, z := vec[T](d, n), vec[T](a, n), vec[T](b, n)
	for i := range x {
		x[i] = y[i] >> uint64(z[i])
	}
}

func shrVS[T integer](d, a, b, _ unsafe.Pointer, n int) {
	x, y, s := vec[T](d, n), vec[T](a, n), uint64(one[T](b))
	for i := range x {
		x[i] = y[i] >> s
	}
}

func mulHi32(d, a, b, _ unsafe.Pointer, n int) {
	x, y, z := vec[uint32](d, n), vec[uint32](a, n), vec[uint32](b, n)
	for i := range x {
		x[i] = uint32(uint64(y[i]) * uint64(z[i]) >> 32)
	}
}

func mulHi64(d, a, b, _ unsafe.Pointer, n int) {
	x, y, z := vec[uint64](d, n), vec[uint64](a, n), vec[uint64](b, n)
	for i := range x {
		x[i], _ = bits.Mul64(y[i], z[i])
	}
}

func clz32(d, a, _, _ unsafe.Pointer, n int) {
	x, y := vec[uint32](d, n), vec[uint32](a, n)
	for i := range x {
		x[i] = uint32(bits.LeadingZeros32(y[i]))
	}
}

func clz64(d, a, _, _ unsafe.Pointer, n int) {
	x, y := vec[uint64](d, n), vec[uint64](a, n)
	for i := range x {
		x[i] = uint64(bits.LeadingZeros64(y[i]))
	}
}

// Comparisons write bools.

func eqVV[T number](d, a, b, _ unsafe.Pointer, n int) {
	x, y, z := vec[bool](d, n), vec[T](a, n), vec[T](b, n)
	for i := range x {
		x[i] = y[i] == z[i]
	}
}

func eqVS[T number](d, a, b, _ unsafe.Pointer, n int) {
	x, y, s := vec[bool](d, n), vec[T](a, n), one[T](b)
	for i := range x {
		x[i] = y[i] == s
	}
}

func neVV[T number](d, a, b, _ unsafe.Pointer, n int) {
	x, y, z := vec[bool](d, n), vec[T](a, n), vec[T](b, n)
	for i := range x {
		x[i] = y[i] != z[i]
	}
}

func neVS[T number](d, a, b, _ unsafe.Pointer, n int) {
	x, y, s := vec[bool](d, n), vec[T](a, n), one[T](b)
	for i := range x {
		x[i] = y[i] != s
	}
}

func ltVV[T number](d, a, b, _ unsafe.Pointer, n int) {
	x, y, z := vec[bool](d, n), vec[T](a, n), vec[T](b, n)
	for i := range x {
		x[i] = y[i] < z[i]
	}
}

func ltVS[T number](d, a, b, _ unsafe.Pointer, n int) {
	x, y, s := vec[bool](d, n), vec[T](a, n), one[T](b)
	for i := range x {
		x[i] = y[i] < s
	}
}

func ltSV[T number](d, a, b, _ unsafe.Pointer, n int) {
	x, s, z := vec[bool](d, n), one[T](a), vec[T](b, n)
	for i := range x {
		x[i] = s < z[i]
	}
}

func leVV[T number](d, a, b, _ unsafe.Pointer, n int) {
	x, y, z := vec[bool](d, n), vec[T](a, n), vec[T](b, n)
	for i := range x {
		x[i] = y[i] <= z[i]
	}
}

func leVS[T number](d, a, b, _ unsafe.Pointer, n int) {
	x, y, s := vec[bool](d, n), vec[T](a, n), one[T](b)
	for i := range x {
		x[i] = y[i] <= s
	}
}

func leSV[T number](d, a, b, _ unsafe.Pointer, n int) {
	x, s, z := vec[bool](d, n), one[T](a), vec[T](b, n)
	for i := range x {
		x[i] = s <= z[i]
	}
}

// selVVV chooses without a branch: data decide at random. T is the unsigned integer of
// the elements' size.
func selVVV[T unsigned](d, a, b, c unsafe.Pointer, n int) {
	x, m, y, z := vec[T](d, n), vec[uint8](a, n), vec[T](b, n), vec[T](c, n)
	for i := range x {
		x[i] = z[i] ^ (y[i]^z[i])&-T(m[i])
	}
}

func selVVS[T unsigned](d, a, b, c unsafe.Pointer, n int) {
	x, m, y, s := vec[T](d, n), vec[uint8](a, n), vec[T](b, n), one[T](c)
	for i := range x {
		x[i] = s ^ (y[i]^s)&-T(m[i])
	}
}

func selVSV[T unsigned](d, a, b, c unsafe.Pointer, n int) {
	x, m, s, z := vec[T](d, n), vec[uint8](a, n), one[T](b), vec[T](c, n)
	for i := range x {
		x[i] = z[i] ^ (s^z[i])&-T(m[i])
	}
}

// lookup reads a table of 16 entries at the low four bits of an index.
func lookup[T, I unsigned](d, a, b, _ unsafe.Pointer, n int) {
	x, y, table := vec[T](d, n), vec[I](a, n), (*[16]T)(b)
	for i := range x {
		x[i] = table[y[i]&15]
	}
}

// Products and sums in one pass, each rounded.

func mulAdd[T number](d, a, b, c unsafe.Pointer, n int) {
	x, p, q, r := vec[T](d, n), vec[T](a, n), vec[T](b, n), vec[T](c, n)
	for i := range x {
		x[i] = T(p[i]*q[i]) + r[i]
	}
}

func mulAddVVS[T number](d, a, b, c unsafe.Pointer, n int) {
	x, p, q, s := vec[T](d, n), vec[T](a, n), vec[T](b, n), one[T](c)
	for i := range x {
		x[i] = T(p[i]*q[i]) + s
	}
}

func mulAddVSV[T number](d, a, b, c unsafe.Pointer, n int) {
	x, p, s, r := vec[T](d, n), vec[T](a, n), one[T](b), vec[T](c, n)
	for i := range x {
		x[i] = T(p[i]*s) + r[i]
	}
}

func mulAddVSS[T number](d, a, b, c unsafe.Pointer, n int) {
	x, p, s, u := vec[T](d, n), vec[T](a, n), one[T](b), one[T](c)
	for i := range x {
		x[i] = T(p[i]*s) + u
	}
}

// FMA of float64.

func fma64(d, a, b, c unsafe.Pointer, n int) {
	x, p, q, r := vec[float64](d, n), vec[float64](a, n), vec[float64](b, n), vec[float64](c, n)
	for i := range x {
		x[i] = math.FMA(p[i], q[i], r[i])
	}
}

func fma64VVS(d, a, b, c unsafe.Pointer, n int) {
	x, p, q, s := vec[float64](d, n), vec[float64](a, n), vec[float64](b, n), one[float64](c)
	for i := range x {
		x[i] = math.FMA(p[i], q[i], s)
	}
}

func fma64VSV(d, a, b, c unsafe.Pointer, n int) {
	x, p, s, r := vec[float64](d, n), vec[float64](a, n), one[float64](b), vec[float64](c, n)
	for i := range x {
		x[i] = math.FMA(p[i], s, r[i])
	}
}

func fma64VSS(d, a, b, c unsafe.Pointer, n int) {
	x, p, s, u := vec[float64](d, n), vec[float64](a, n), one[float64](b), one[float64](c)
	for i := range x {
		x[i] = math.FMA(p[i], s, u)
	}
}

// tied reports whether float32(s) may not be the sum rounded once, s being the sum rounded
// to float64: s lies half way between two float32, which shows in its low bits, or the
// result is subnormal. There ir.FMA32 knows, which says why.
func tied(s float64) bool {
	u := math.Float64bits(s)
	return u&(1<<29-1) == 1<<28 || u<<1>>53 < 1023-126 && u<<1 != 0
}

func fma32(d, a, b, c unsafe.Pointer, n int) {
	x, p, q, r := vec[float32](d, n), vec[float32](a, n), vec[float32](b, n), vec[float32](c, n)
	for i := range x {
		s := float64(float64(p[i])*float64(q[i])) + float64(r[i])
		if tied(s) {
			x[i] = ir.FMA32(p[i], q[i], r[i])
		} else {
			x[i] = float32(s)
		}
	}
}

func fma32VVS(d, a, b, c unsafe.Pointer, n int) {
	x, p, q, r := vec[float32](d, n), vec[float32](a, n), vec[float32](b, n), one[float32](c)
	for i := range x {
		s := float64(float64(p[i])*float64(q[i])) + float64(r)
		if tied(s) {
			x[i] = ir.FMA32(p[i], q[i], r)
		} else {
			x[i] = float32(s)
		}
	}
}

func fma32VSV(d, a, b, c unsafe.Pointer, n int) {
	x, p, q, r := vec[float32](d, n), vec[float32](a, n), one[float32](b), vec[float32](c, n)
	for i := range x {
		s := float64(float64(p[i])*float64(q)) + float64(r[i])
		if tied(s) {
			x[i] = ir.FMA32(p[i], q, r[i])
		} else {
			x[i] = float32(s)
		}
	}
}

func fma32VSS(d, a, b, c unsafe.Pointer, n int) {
	x, p, q, r := vec[float32](d, n), vec[float32](a, n), one[float32](b), one[float32](c)
	for i := range x {
		s := float64(float64(p[i])*float64(q)) + float64(r)
		if tied(s) {
			x[i] = ir.FMA32(p[i], q, r)
		} else {
			x[i] = float32(s)
		}
	}
}

// fmaInt is the product and sum of integers, which wrap.
func fmaInt[T integer](d, a, b, c unsafe.Pointer, n int) {
	x, p, q, r := vec[T](d, n), vec[T](a, n), vec[T](b, n), vec[T](c, n)
	for i := range x {
		x[i] = p[i]*q[i] + r[i]
	}
}

func fmaIntVSV[T integer](d, a, b, c unsafe.Pointer, n int) {
	x, p, s, r := vec[T](d, n), vec[T](a, n), one[T](b), vec[T](c, n)
	for i := range x {
		x[i] = p[i]*s + r[i]
	}
}
