package ir

import "testing"

// The known answers that Random123, the authors' library, publishes for philox4x32-10.
func TestPhiloxKnownAnswers(t *testing.T) {
	b := NewBuilder()
	state := func(i int) *Expr { return b.State(Uint32, i) }
	words := philox(b, [4]*Expr{state(0), state(1), state(2), state(3)}, [2]*Expr{state(4), state(5)})
	p := CompileScalar(words[:])
	for _, c := range []struct {
		in   [6]uint64
		want [4]uint64
	}{
		{[6]uint64{}, [4]uint64{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
		{
			[6]uint64{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
			[4]uint64{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd},
		},
		{
			[6]uint64{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0},
			[4]uint64{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1},
		},
	} {
		var got [4]uint64
		if p.Run(c.in[:], got[:]); got != c.want {
			t.Errorf("philox of %08x is %08x, want %08x", c.in, got, c.want)
		}
	}
}

// The words of one block go to neighbouring elements in order, and the arguments to the
// counter's and the key's halves as documented.
func TestPhiloxElements(t *testing.T) {
	u64 := []DType{Uint64, Uint64, Uint64}
	b := NewBuilder()
	var c [4]*Expr
	for i := range c {
		c[i] = b.State(Uint32, i)
	}
	words := philox(b, c, [2]*Expr{b.State(Uint32, 4), b.State(Uint32, 5)})
	block := CompileScalar(words[:])
	k0, k1 := uint64(0x299f31d0a4093822), uint64(0x0370734413198a2e)
	for _, n := range []uint64{0, 1, 0x05a308d3243f6a88} {
		var w [4]uint64
		block.Run([]uint64{n & 0xffffffff, n >> 32, k1 & 0xffffffff, k1 >> 32, k0 & 0xffffffff, k0 >> 32}, w[:])
		for i := range uint64(4) {
			if got := EvalOp(OpPhilox32, Uint32, u64, []uint64{4*n + i, k0, k1}); got != w[i] {
				t.Errorf("philox32 of element %d is %08x, want %08x", 4*n+i, got, w[i])
			}
		}
		for i := range uint64(2) {
			if got, want := EvalOp(OpPhilox64, Uint64, u64, []uint64{2*n + i, k0, k1}), w[2*i]|w[2*i+1]<<32; got != want {
				t.Errorf("philox64 of element %d is %016x, want %016x", 2*n+i, got, want)
			}
		}
	}
}
