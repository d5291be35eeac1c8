package loop

import (
	"math"
	"unsafe"
)

// convert casts between numbers where Go's conversion is the language's: between
// integers, from integers, between floats.
func convert[F, T number](d, a, _, _ unsafe.Pointer, n int) {
	x, y := vec[T](d, n), vec[F](a, n)
	for i := range x {
		x[i] = T(y[i])
	}
}

// toBool is x != 0; a NaN is true.
func toBool[F number](d, a, _, _ unsafe.Pointer, n int) {
	x, y := vec[bool](d, n), vec[F](a, n)
	for i := range x {
		x[i] = y[i] != 0
	}
}

// floatToSigned cuts off the fraction and saturates; NaN is 0.
func floatToSigned[F float, T signed](d, a, _, _ unsafe.Pointer, n int) {
	bits := 8*unsafe.Sizeof(T(0)) - 1
	most := T(1)<<bits - 1
	least := -most - 1
	limit := math.Ldexp(1, int(bits))
	x, y := vec[T](d, n), vec[F](a, n)
	for i := range x {
		v := float64(y[i])
		switch {
		case v >= -limit && v < limit:
			x[i] = T(int64(v))
		case v >= limit:
			x[i] = most
		case v < -limit:
			x[i] = least
		default:
			x[i] = 0
		}
	}
}

// floatToUnsigned is floatToSigned for unsigned integers: what is negative is 0.
func floatToUnsigned[F float, T unsigned](d, a, _, _ unsafe.Pointer, n int) {
	limit := math.Ldexp(1, int(8*unsafe.Sizeof(T(0))))
	x, y := vec[T](d, n), vec[F](a, n)
	for i := range x {
		v := float64(y[i])
		switch {
		case v > 0 && v < limit:
			x[i] = T(uint64(v))
		case v >= limit:
			x[i] = ^T(0)
		default:
			x[i] = 0
		}
	}
}

func roundings[T float](f func(float64) float64) kern {
	return func(d, a, _, _ unsafe.Pointer, n int) {
		x, y := vec[T](d, n), vec[T](a, n)
		for i := range x {
			x[i] = T(f(float64(y[i])))
		}
	}
}

func sqrtV[T float](d, a, _, _ unsafe.Pointer, n int) {
	x, y := vec[T](d, n), vec[T](a, n)
	for i := range x {
		x[i] = T(math.Sqrt(float64(y[i]))) // the second rounding changes nothing
	}
}

// round64 rounds to even by adding and taking away 1.5 * 2^52, above which floats
// have no fraction; magnitudes from 2^51 on go the slow way, zeros keep their sign.
func round64(d, a, _, _ unsafe.Pointer, n int) {
	const magic = 0x1.8p52
	x, y := vec[float64](d, n), vec[float64](a, n)
	for i := range x {
		v := y[i]
		if v < 0x1p51 && v > -0x1p51 && v != 0 {
			r := (v + magic) - magic
			x[i] = math.Copysign(r, v)
		} else {
			x[i] = math.RoundToEven(v)
		}
	}
}

// round32 is round64 for float32, which has no fraction from 2^23 on.
func round32(d, a, _, _ unsafe.Pointer, n int) {
	const magic = 0x1.8p23
	x, y := vec[float32](d, n), vec[float32](a, n)
	for i := range x {
		v := y[i]
		if v < 0x1p22 && v > -0x1p22 && v != 0 {
			r := (v + magic) - magic
			x[i] = math.Float32frombits(math.Float32bits(r) | math.Float32bits(v)&(1<<31))
		} else {
			x[i] = float32(math.RoundToEven(float64(v)))
		}
	}
}

func abs64(d, a, _, _ unsafe.Pointer, n int) {
	x, y := vec[uint64](d, n), vec[uint64](a, n)
	for i := range x {
		x[i] = y[i] &^ (1 << 63)
	}
}

func abs32(d, a, _, _ unsafe.Pointer, n int) {
	x, y := vec[uint32](d, n), vec[uint32](a, n)
	for i := range x {
		x[i] = y[i] &^ (1 << 31)
	}
}

// Exact helpers of the function expansions; see their ops for what they mean.

func exponent64(d, a, _, _ unsafe.Pointer, n int) {
	x, y := vec[float64](d, n), vec[int64](a, n)
	for i := range x {
		x[i] = float64(y[i] >> 52)
	}
}

func exponent32(d, a, _, _ unsafe.Pointer, n int) {
	x, y := vec[float32](d, n), vec[int32](a, n)
	for i := range x {
		x[i] = float32(y[i] >> 23)
	}
}

func scaleNormal64(d, a, b, _ unsafe.Pointer, n int) {
	x, y, z := vec[int64](d, n), vec[int64](a, n), vec[float64](b, n)
	for i := range x {
		x[i] = y[i] + int64(z[i])<<52
	}
}

func scaleNormal32(d, a, b, _ unsafe.Pointer, n int) {
	x, y, z := vec[int32](d, n), vec[int32](a, n), vec[float32](b, n)
	for i := range x {
		x[i] = y[i] + int32(z[i])<<23
	}
}
