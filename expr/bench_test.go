package np_test

import (
	"strconv"
	"testing"

	np "github.com/numen-go/numen/expr"
)

// What a public call costs before anything runs: at most 0.7 microseconds are wanted.

func BenchmarkBuild(b *testing.B) {
	x := np.FromSlice(make([]float64, 12), 3, 4)
	w := np.FromSlice(make([]float64, 4))
	rate := 0.1
	for _, c := range []struct {
		name string
		f    func() np.Array
	}{
		{"Exp", func() np.Array { return np.Exp(x) }},
		{"Add arrays", func() np.Array { return np.Add(x, w) }},
		{"Add method", func() np.Array { return x.Add(w) }},
		{"Add constant", func() np.Array { return np.Add(x, 1) }},
		{"Multiply number", func() np.Array { return np.Multiply(x, rate) }},
		{"Sum", func() np.Array { return np.Sum(x, np.Axis(0)) }},
		{"Mean", func() np.Array { return np.Mean(x, np.Axis(0)) }},
		{"Mean method", func() np.Array { return x.Mean(np.Axis(0)) }},
		{"Dot", func() np.Array { return np.Dot(x, w) }},
		{"T", func() np.Array { return x.T() }},
		{"Slice", func() np.Array { return x.Slice(np.To(2)) }},
		{"founding", func() np.Array {
			y := np.Dot(x.T(), np.Add(np.Log(x), 1))
			return np.Subtract(y, np.Mean(y, np.Axis(0))).Slice(np.To(2))
		}},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			var y np.Array
			for b.Loop() {
				y = c.f()
			}
			if y.Err() != nil {
				b.Fatal(y.Err())
			}
		})
	}
}

func BenchmarkCall(b *testing.B) {
	x := np.FromSlice(make([]float64, 12), 3, 4)
	p := np.Compile(func(x np.Array) np.Array { return np.Exp(np.Add(x, 1)) })
	b.ReportAllocs()
	for b.Loop() {
		if _, err := p.Call(ctx, x); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRun(b *testing.B) {
	p := np.Must(np.Compile(func(x np.Array) np.Array { return np.Exp(np.Add(x, 1)) }).Bind(ctx, np.Spec(np.Float64, 10)))
	b.ReportAllocs()
	for b.Loop() {
		if err := p.Run(ctx); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkCompile is the first call of a program of so many nodes, compilation and all,
// on a new engine.
func BenchmarkCompile(b *testing.B) {
	x, y := np.FromSlice(make([]float64, 10)), np.FromSlice(make([]float64, 10))
	for _, nodes := range []int{10, 100, 1000} {
		v := x
		for range nodes / 5 {
			v = np.Divide(np.Subtract(np.Sqrt(np.Add(np.Multiply(v, y), x)), y), x)
		}
		b.Run(strconv.Itoa(nodes), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				e := np.NewEngine(np.On("cpu"))
				if _, err := np.Values[float64](ctx, v, np.Use(e)); err != nil {
					b.Fatal(err)
				}
				e.Close()
			}
		})
	}
}

// BenchmarkNewSize is a call of a program that is known, on arrays of another length every
// time.
func BenchmarkNewSize(b *testing.B) {
	const most = 1000
	x, y := make([]float64, most), make([]float64, most)
	p := np.Compile(func(x []np.Array) np.Array {
		v := x[0]
		for range 2 {
			v = np.Divide(np.Subtract(np.Sqrt(np.Add(np.Multiply(v, x[1]), x[0])), x[1]), x[0])
		}
		return v
	})
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		n := most/2 + i%(most/2)
		if _, err := p.Call(ctx, []np.Array{np.AliasSlice(x[:n]), np.AliasSlice(y[:n])}); err != nil {
			b.Fatal(err)
		}
	}
}
