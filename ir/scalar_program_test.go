package ir

import (
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
)

// TestStripSizes runs a function over strips of every kind of length, in place too.
func TestStripSizes(t *testing.T) {
	b := NewBuilder()
	x := b.State(Float64, 1) // input 0 is not used
	p := CompileScalar([]*Expr{b.Apply(OpSin, x), x, b.Apply(OpAdd, x, b.Float(Float64, 1))})
	for _, n := range []int{0, 1, 2, scalarStrip - 1, scalarStrip, scalarStrip + 1, 5*scalarStrip + 3} {
		in, sin, next := make([]uint64, n), make([]uint64, n), make([]uint64, n)
		for i := range in {
			in[i] = bitsF64(math.Ldexp(float64(i)-3, i%60)) // some need the slow way
		}
		before := slices.Clone(in)
		p.RunStrip(n, [][]uint64{nil, in}, [][]uint64{sin, in, next})
		if !slices.Equal(in, before) {
			t.Fatalf("n = %d: the input is not copied", n)
		}
		for i, v := range in {
			var one [3]uint64
			p.Run([]uint64{0, v}, one[:])
			if sin[i] != one[0] || next[i] != one[2] || math.Abs(asF64(sin[i])-math.Sin(asF64(v))) > 1e-15 {
				t.Fatalf("n = %d: element %d is %x, %x alone", n, i, asF64(sin[i]), asF64(one[0]))
			}
		}
	}
}

// selects returns e with every rare replaced by the select it means.
func selects(b *Builder, e *Expr) *Expr {
	e = b.MapOperands(e, func(a *Expr) *Expr { return selects(b, a) })
	if e.Op == OpRare {
		return b.Apply(OpSelect, e.Args[0], e.Args[2], e.Args[1])
	}
	return e
}

// TestRareIsSelect builds random bodies in which rares nest and share, and compares
// them with selects.
func TestRareIsSelect(t *testing.T) {
	r := rand.New(rand.NewPCG(17, 18))
	rares := 0
	for range 300 {
		b := NewBuilder()
		values := []*Expr{b.State(Int32, 0), b.State(Int32, 1), b.Int(Int32, 5), b.Int(Int32, -3)}
		any := func() *Expr { return values[r.IntN(len(values))] }
		for range 25 {
			v := b.Apply([]*Op{OpAdd, OpMul, OpXor, OpSub}[r.IntN(4)], any(), any())
			if r.IntN(2) == 0 {
				v = b.Apply(OpRare, b.Apply(OpLt, any(), any()), any(), v)
				rares++
			}
			values = append(values, v)
		}
		outs := []*Expr{values[len(values)-1], any(), any()}
		plain := make([]*Expr, len(outs))
		for i, e := range outs {
			plain[i] = selects(b, e)
		}
		const n = 400
		in := make([][]uint64, 2)
		for i := range in {
			for range n {
				in[i] = append(in[i], wrap(Int32, uint64(r.IntN(40)-20)))
			}
		}
		run := func(outs []*Expr) [][]uint64 {
			got := make([][]uint64, len(outs))
			for i := range got {
				got[i] = make([]uint64, n)
			}
			CompileScalar(outs).RunStrip(n, in, got)
			return got
		}
		got, want := run(outs), run(plain)
		for i := range want {
			if !slices.Equal(got[i], want[i]) {
				t.Fatalf("output %d differs", i)
			}
		}
	}
	if rares < 1000 {
		t.Errorf("only %d rares", rares)
	}
}

// TestRareIsLazy counts how many elements an op in the slow way sees.
func TestRareIsLazy(t *testing.T) {
	seen := 0
	counting := &Op{Name: "counting", Scalar: &Scalar{In: []DTypes{Floats}, Result: sameDType, Eval: func(_ *Expr, x []uint64) uint64 {
		seen++
		return x[0]
	}}}
	b := NewBuilder()
	x := b.State(Float64, 0)
	slow := b.Apply(counting, b.Apply(OpAdd, x, x))
	p := CompileScalar([]*Expr{b.Apply(OpRare, b.Apply(OpLt, x, b.Float(Float64, 3)), x, slow)})
	in, out := make([]uint64, 1000), make([]uint64, 1000)
	for i := range in {
		in[i] = bitsF64(float64(i))
	}
	p.RunStrip(len(in), [][]uint64{in}, [][]uint64{out})
	if seen != 3 || asF64(out[2]) != 4 || asF64(out[3]) != 3 {
		t.Errorf("the slow way saw %d elements, want 3; %v", seen, out[:5])
	}
}

func TestScalarProgramConcurrent(t *testing.T) {
	b := NewBuilder()
	p := CompileScalar([]*Expr{b.Apply(OpCos, b.State(Float64, 0))})
	in, want := make([]uint64, 1000), make([]uint64, 1000)
	for i := range in {
		in[i] = bitsF64(math.Ldexp(1.1, i))
	}
	p.RunStrip(len(in), [][]uint64{in}, [][]uint64{want})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 20 {
				got := make([]uint64, len(in))
				p.RunStrip(len(in), [][]uint64{in}, [][]uint64{got})
				if !slices.Equal(got, want) {
					t.Error("results differ")
					return
				}
			}
		})
	}
	wg.Wait()
}

// TestExpand checks that only primitives and kept ops are left, that indices are
// expanded too, and that keeping ops changes no bit.
func TestExpand(t *testing.T) {
	b := NewBuilder()
	x := b.State(Float64, 0)
	position := b.Cast(Int64, b.Apply(OpSign, x))
	body := b.Apply(OpMul, b.Load(Float64, 0, AtValue(position)), b.Apply(OpExp, b.Cast(Float64, b.Apply(OpExp, b.Cast(Float32, x)))))
	keep := func(op *Op, d DType) bool { return op == OpExp && d == Float64 || op == OpScale }
	kept := map[*Op]int{}
	visit([]*Expr{Expand(b, body, keep)}, func(e *Expr) []*Expr {
		if e.Kind == Apply && e.Op.Scalar.Expand != nil {
			kept[e.Op]++
		}
		args := slices.Clone(e.Args)
		if e.Access != nil {
			for _, i := range e.Access.Index {
				args = append(args, i.Value)
			}
		}
		return args
	})
	if len(kept) != 2 || kept[OpExp] != 1 || kept[OpScale] == 0 {
		t.Errorf("left are %v", kept)
	}

	whole := b.Apply(OpPow, x, b.State(Float64, 1))
	partly := Expand(b, whole, func(op *Op, _ DType) bool { return op == OpScale || op == OpLowBits })
	p, q := CompileScalar([]*Expr{whole}), CompileScalar([]*Expr{partly})
	for _, v := range [][]uint64{{bitsF64(2), bitsF64(0.5)}, {bitsF64(0.7), bitsF64(1999)}, {bitsF64(-3), bitsF64(5)}} {
		var one, two [1]uint64
		p.Run(v, one[:])
		q.Run(v, two[:])
		if one != two {
			t.Errorf("pow of %x is %x, partly expanded %x", v, one, two)
		}
	}
}

func TestLookupIsModulo16(t *testing.T) {
	table := &Table{Name: "squares", DType: Uint32}
	for i := range uint64(16) {
		table.Entries = append(table.Entries, i*i)
	}
	b := NewBuilder()
	p := CompileScalar([]*Expr{b.LookupTable(table, b.State(Int64, 0))})
	for _, c := range [][2]uint64{{3, 9}, {16 + 5, 25}, {math.MaxUint64, 225}} {
		var out [1]uint64
		if p.Run(c[:1], out[:]); out[0] != c[1] {
			t.Errorf("entry %d is %d, want %d", int64(c[0]), out[0], c[1])
		}
	}
}
