package passes

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/ir/irtest"
)

// edges are the elements of a dtype where rules go wrong.
func edges(d ir.DType) []uint64 {
	if d.IsFloat() {
		var out []uint64
		for _, v := range []float64{
			0, math.Copysign(0, -1), 1, -1, 2, -2, 0.5, -0.5, 1.5, -2.5, 3, 1e-3, -7e5,
			math.Inf(1), math.Inf(-1), math.NaN(), math.MaxFloat64, -math.MaxFloat64, math.MaxFloat32, -math.MaxFloat32,
			5e-324, -5e-324, 0x1p-1022, 0x1.8p-1074, 0x1p-149, -0x1p-149, 0x1p-126, 0x1.8p-127, 1 << 24, 1<<53 + 1, -(1 << 31), 1 << 63,
		} {
			out = append(out, ir.Float(d, v))
		}
		return out
	}
	if d == ir.Bool {
		return []uint64{0, 1}
	}
	bits := uint(8 * d.Size())
	out := []uint64{0, 1, 2, 3, 100}
	if d.Kind() == ir.KindInt {
		least := ^uint64(0) << (bits - 1)
		return append(out, ^least, least, ^uint64(0), ^uint64(4))
	}
	return append(out, ^uint64(0)>>(64-bits), 1<<(bits-1))
}

// inputsFor returns values for a graph's parameters: edge elements and random ones.
// Symbols get small extents.
func inputsFor(g *ir.Graph, r *rand.Rand, symbols map[string]int64) ([]*ir.Tensor, error) {
	var in []*ir.Tensor
	for _, p := range g.Params {
		t := &ir.Tensor{DType: p.Type.DType, Shape: []int{}}
		size := 1
		for _, d := range p.Type.Shape {
			if d.IsUnknown() {
				d = ir.N(3)
			}
			n, err := d.Eval(func(s string) (int64, bool) {
				if _, ok := symbols[s]; !ok {
					symbols[s] = 9 + r.Int64N(6)
				}
				return symbols[s], true
			})
			if err != nil || n < 0 {
				return nil, fmt.Errorf("extent %s of parameter %s: %d, %v", d, p.Type, n, err)
			}
			t.Shape = append(t.Shape, int(n))
			size *= int(n)
		}
		special := edges(t.DType)
		for range size {
			e := special[r.IntN(len(special))]
			if r.IntN(3) == 0 {
				e = ir.Float(ir.Float64, r.NormFloat64())
				switch {
				case t.DType == ir.Float32:
					e = ir.Float(ir.Float32, r.NormFloat64())
				case t.DType != ir.Float64:
					e = special[r.IntN(len(special))]
				}
			}
			t.Elems = append(t.Elems, e)
		}
		in = append(in, t)
	}
	return in, nil
}

// sameMeaning evaluates two graphs on the same values and compares the bits. Where an
// index may be anything, both may fail.
func sameMeaning(t *testing.T, before, after *ir.Graph, tries int) {
	t.Helper()
	r := rand.New(rand.NewPCG(1, 1))
	ran := 0
	for range tries {
		env := ir.Env{Symbols: map[string]int64{}, Scalars: []uint64{3, 3, 3, 3}}
		in, err := inputsFor(before, r, env.Symbols)
		if err != nil {
			t.Fatal(err)
		}
		want, err := ir.EvalGraph(before, in, env)
		if err != nil {
			continue // these extents do not fit together
		}
		ran++
		got, err := ir.EvalGraph(after, in, env)
		if err == nil {
			err = irtest.Same(got, want)
		}
		if err != nil {
			t.Fatalf("%v\nbefore\n%safter\n%s", err, before, after)
		}
	}
	if ran < tries/4 {
		t.Fatalf("only %d of %d evaluations were possible\n%s", ran, tries, before)
	}
}
