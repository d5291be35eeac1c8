// Package random makes arrays of random numbers from explicit keys. The numbers are a
// pure function of key, shape and dtype: the same on every target, thread count and
// chunking, however often they are evaluated, and they fuse into what uses them. Using
// one key twice gives the same numbers twice; Split or Fold it.
//
// The bits are Philox 4x32-10 (Salmon, Moraes, Dror and Shaw, "Parallel random numbers:
// as easy as 1, 2, 3", 2011) of the key and the element's row-major number. Every
// distribution takes a fixed number of draws an element, so nothing depends on the
// order in which elements are made.
package random

import (
	"math"

	np "github.com/numen-go/numen/expr"
)

func init() { np.Helper() }

// Key is a value, comparable to a seed. Its one field is an Array, so that a Key can
// be an input of a compiled program: a new key does not compile anything.
type Key struct{ Data np.Array }

// New returns the key of a seed. Different seeds give independent numbers.
func New(seed uint64) Key { return Key{np.Of(seed, 0)} }

// Split returns n independent keys. k itself must not be used again.
func (k Key) Split(n int) []Key {
	keys := make([]Key, max(n, 0))
	for i := range keys {
		keys[i] = k.child(^uint64(i)) // counted down from the top
	}
	return keys
}

// Fold returns the key of step i of a loop, or of row i of a table; i is below 2^63.
func (k Key) Fold(i uint64) Key {
	if i > math.MaxInt64 {
		return Key{np.Fail("random.Key.Fold", np.ErrIndex, "step %d is not below 2^63", i)}
	}
	return k.child(1 + i)
}

// child returns the first two words of the key whose second word is n further: another
// range of the generator's counter, which no array of k's own numbers reaches.
func (k Key) child(n uint64) Key {
	return Key{np.RandomBits(np.Add(k.Data, np.Of(0, n)), np.Shape{2}, np.Uint64)}
}

// Uniform returns numbers in [0, 1): the multiples of 2^-53 (Float64, the default) or of
// 2^-24 (Float32), all equally likely. Other dtypes are an error.
func Uniform(k Key, shape np.Shape, opts ...np.CreateOption) np.Array {
	d := np.CreationOf(np.Float64, opts...).DType
	if err := floating("random.Uniform", d); err.Err() != nil {
		return err
	}
	return unit(bits(k, shape, d), d)
}

// Normal returns numbers of the standard normal distribution by Box and Muller's
// transform, sqrt(-2 log(1-u)) cos(2 pi v), of two uniform numbers an element. The
// largest magnitude is 8.57 in Float64, the default, and 5.77 in Float32. Other dtypes
// are an error.
func Normal(k Key, shape np.Shape, opts ...np.CreateOption) np.Array {
	d := np.CreationOf(np.Float64, opts...).DType
	if err := floating("random.Normal", d); err.Err() != nil {
		return err
	}
	pairs := unit(bits(k, append(append(np.Shape{}, shape...), 2), d), d)
	u, v := pairs.Slice(np.Ellipsis, np.At(0)), pairs.Slice(np.Ellipsis, np.At(1))
	radius := np.Sqrt(np.Multiply(-2, np.Log(np.Subtract(1, u))))
	return np.Multiply(radius, np.Cos(np.Multiply(2*math.Pi, v)))
}

// Integers returns integers in [low, high) as Int64, or the integer dtype given, which
// must hold the bounds. A value's probability differs from 1/(high-low) by at most
// 2^-64: one draw an element, scaled by the upper half of a 128-bit product.
func Integers(k Key, low, high int64, shape np.Shape, opts ...np.CreateOption) np.Array {
	const fn = "random.Integers"
	d := np.CreationOf(np.Int64, opts...).DType
	if high <= low {
		return np.Fail(fn, np.ErrShape, "there is no integer in [%d, %d)", low, high)
	}
	least, most, ok := limits(d)
	switch {
	case !ok:
		return np.Fail(fn, np.ErrDType, "%s is not an integer dtype", d)
	case low < least || high-1 > 0 && uint64(high-1) > most:
		return np.Fail(fn, np.ErrDType, "[%d, %d) does not fit %s", low, high, d)
	}
	offset := upperHalf(np.RandomBits(k.Data, shape, np.Uint64), uint64(high)-uint64(low))
	return np.Add(np.AsType(offset, np.Int64), np.Scalar(low)).AsType(d)
}

// upperHalf returns the upper 64 bits of x*n, by products of 32-bit halves.
func upperHalf(x np.Array, n uint64) np.Array {
	const half = 32
	low := func(a np.Array) np.Array { return np.BitwiseAnd(a, np.Scalar(uint64(math.MaxUint32))) }
	high := func(a np.Array) np.Array { return np.BitwiseRightShift(a, half) }
	nl, nh := np.Scalar(n&math.MaxUint32), np.Scalar(n>>half)
	u := np.Add(np.Multiply(high(x), nl), high(np.Multiply(low(x), nl)))
	w := np.Add(np.Multiply(low(x), nh), low(u))
	return np.Add(np.Multiply(high(x), nh), np.Add(high(u), high(w)))
}

// limits returns the range of an integer dtype.
func limits(d np.DType) (least int64, most uint64, ok bool) {
	width := 8 * d.Size()
	switch d {
	case np.Int8, np.Int16, np.Int32, np.Int64:
		return -1 << (width - 1), 1<<(width-1) - 1, true
	case np.Uint8, np.Uint16, np.Uint32, np.Uint64:
		return 0, math.MaxUint64 >> (64 - width), true
	}
	return 0, 0, false
}

// floating returns an Array with an error unless d is Float32 or Float64.
func floating(fn string, d np.DType) np.Array {
	if d == np.Float32 || d == np.Float64 {
		return np.Of(0)
	}
	return np.Fail(fn, np.ErrDType, "numbers of %s cannot be drawn: use Float64 or Float32", d)
}

// bits returns random words as wide as d.
func bits(k Key, shape np.Shape, d np.DType) np.Array {
	word := np.Uint64
	if d == np.Float32 {
		word = np.Uint32
	}
	return np.RandomBits(k.Data, shape, word)
}

// unit turns words into multiples of 2^-53 or 2^-24 below 1.
func unit(words np.Array, d np.DType) np.Array {
	drop, scale := 11, 0x1p-53
	if d == np.Float32 {
		drop, scale = 8, 0x1p-24
	}
	return np.Multiply(np.AsType(np.BitwiseRightShift(words, drop), d), scale)
}
