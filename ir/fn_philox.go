package ir

// Random bits are Philox 4x32-10 (Salmon, Moraes, Dror and Shaw, "Parallel random
// numbers: as easy as 1, 2, 3", 2011): a function of a 64-bit key and a 128-bit counter
// to four 32-bit words. Written in ops of uint32, every target has it.
//
// Element number e of key (k0, k1) takes its words from one block: the block's number is
// the lower half of the counter, k1 the upper half, k0 the key, low words first. A block
// serves four neighbouring elements of 32 bits or two of 64, in order.

const (
	philoxMul0   = 0xD2511F53
	philoxMul1   = 0xCD9E8D57
	philoxKey0   = 0x9E3779B9 // what a round adds to the key
	philoxKey1   = 0xBB67AE85
	philoxRounds = 10
)

// OpPhilox32 is 32 random bits of an element.
var OpPhilox32 = Register(&Op{
	Name: "philox32", Doc: "32 random bits of element number e of the key (k0, k1), arguments in this order: word e mod 4 of Philox 4x32-10 with key k0 and counter e/4 + 2^64 k1.",
	Family: Elementwise, MinArg: 3, MaxArg: 3,
	Linearize: noTangent.Linearize, Transpose: noTangent.Transpose,
	Scalar: &Scalar{In: []DTypes{SetOf(Uint64), SetOf(Uint64), SetOf(Uint64)}, Result: func(*Expr) DType { return Uint32 }, Expand: func(b *Builder, e *Expr) *Expr {
		f := formulaOf(b, Float64)
		w := f.philoxBlock(f.shr(e.Args[0], f.uint(2)), e.Args[1], e.Args[2])
		odd := f.bitSet(e.Args[0], 1)
		return f.sel(f.bitSet(e.Args[0], 2), f.sel(odd, w[3], w[2]), f.sel(odd, w[1], w[0]))
	}},
})

// OpPhilox64 is 64 random bits of an element.
var OpPhilox64 = Register(&Op{
	Name: "philox64", Doc: "64 random bits of element number e of the key (k0, k1), arguments in this order: words 2(e mod 2), the lower, and 2(e mod 2)+1 of Philox 4x32-10 with key k0 and counter e/2 + 2^64 k1.",
	Family: Elementwise, MinArg: 3, MaxArg: 3,
	Linearize: noTangent.Linearize, Transpose: noTangent.Transpose,
	Scalar: &Scalar{In: []DTypes{SetOf(Uint64), SetOf(Uint64), SetOf(Uint64)}, Result: func(*Expr) DType { return Uint64 }, Expand: func(b *Builder, e *Expr) *Expr {
		f := formulaOf(b, Float64)
		w := f.philoxBlock(f.shr(e.Args[0], f.uint(1)), e.Args[1], e.Args[2])
		odd := f.bitSet(e.Args[0], 1)
		lo, hi := f.sel(odd, w[2], w[0]), f.sel(odd, w[3], w[1])
		return f.or(f.Cast(Uint64, lo), f.shl(f.Cast(Uint64, hi), f.uint(32)))
	}},
})

func (f *formula) bitSet(x *Expr, bit uint64) *Expr {
	return f.ne(f.and(x, f.uint(bit)), f.uint(0))
}

// philoxBlock returns the words of a block, all arguments uint64.
func (f *formula) philoxBlock(block, k0, k1 *Expr) [4]*Expr {
	low := func(x *Expr) *Expr { return f.Cast(Uint32, x) }
	high := func(x *Expr) *Expr { return f.Cast(Uint32, f.shr(x, f.uint(32))) }
	return philox(f.Builder, [4]*Expr{low(block), high(block), low(k1), high(k1)}, [2]*Expr{low(k0), high(k0)})
}

// philox is the function itself, on uint32.
func philox(b *Builder, c [4]*Expr, k [2]*Expr) [4]*Expr {
	word := func(v uint64) *Expr { return b.Const(Uint32, v) }
	for round := range philoxRounds {
		if round > 0 {
			k[0], k[1] = b.Apply(OpAdd, k[0], word(philoxKey0)), b.Apply(OpAdd, k[1], word(philoxKey1))
		}
		hi0, lo0 := b.Apply(OpMulHi, c[0], word(philoxMul0)), b.Apply(OpMul, c[0], word(philoxMul0))
		hi1, lo1 := b.Apply(OpMulHi, c[2], word(philoxMul1)), b.Apply(OpMul, c[2], word(philoxMul1))
		c = [4]*Expr{
			b.Apply(OpXor, b.Apply(OpXor, hi1, c[1]), k[0]), lo1,
			b.Apply(OpXor, b.Apply(OpXor, hi0, c[3]), k[1]), lo0,
		}
	}
	return c
}
