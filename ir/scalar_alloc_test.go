//go:build !race

package ir

import "testing"

// TestRunAllocatesNothing is not for the race detector, which empties pools at random.
func TestRunAllocatesNothing(t *testing.T) {
	b := NewBuilder()
	p := CompileScalar([]*Expr{b.Apply(OpTanh, b.State(Float64, 0))})
	in, out := []uint64{bitsF64(0.3)}, make([]uint64, 1)
	p.Run(in, out)
	if n := testing.AllocsPerRun(100, func() { p.Run(in, out) }); n >= 1 {
		t.Errorf("%v allocations a run", n)
	}
}
