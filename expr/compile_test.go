package np_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	np "github.com/numen-go/numen/expr"
)

func TestCompile(t *testing.T) {
	var calls atomic.Int32
	captured := np.Of(100.0, 200)
	type in struct {
		A, B np.Array
		Up   bool
	}
	type out struct {
		Sum, Given, Fixed np.Array
		Up                bool
	}
	p := np.Compile(func(in in) out {
		calls.Add(1)
		s := np.Add(np.Multiply(in.A, 2), in.B)
		if in.Up {
			s = np.Add(s, captured)
		}
		return out{s, in.B, captured, in.Up}
	})
	for _, c := range []struct {
		in    in
		want  string
		calls int32
	}{
		{in{np.Of(1.0, 2), np.Of(3.0, 4), false}, "[5. 8.]", 1},
		{in{np.Of(5.0, 6), np.Of(0.0, 1), false}, "[10. 13.]", 1},
		{in{np.Of(5.0, 6), np.Of(0.0, 1), true}, "[110. 213.]", 2},
		{in{np.Of(1.0, 2, 3), np.Of(1.0, 1, 1), false}, "[3. 5. 7.]", 3},
		{in{np.Of(1, 2), np.Of(1, 1), false}, "[3 5]", 4},
		{in{np.Add(np.Of(1.0, 2), 1), np.Of(3.0, 4), false}, "[ 7. 10.]", 4},
	} {
		got, err := p.Call(ctx, c.in)
		if err != nil {
			t.Fatal(err)
		}
		if got.Sum.String() != c.want || got.Up != c.in.Up || !got.Fixed.Concrete() {
			t.Errorf("%v, want %s", got, c.want)
		}
		if got.Given.String() != np.Must(c.in.B.Eval(ctx)).String() {
			t.Errorf("an input that is an output: %v", got.Given)
		}
		if calls.Load() != c.calls {
			t.Errorf("the function was called %d times, want %d", calls.Load(), c.calls)
		}
	}
}

// TestCompileKeys tells static values and structures apart.
func TestCompileKeys(t *testing.T) {
	type in struct {
		A     []np.Array
		M     map[string]np.Array
		N     int
		S     string
		F     float64
		P     *int
		Any   any
		Inner struct{ B [2]bool }
	}
	calls := 0
	p := np.Compile(func(in in) np.Array { calls++; return np.Add(in.A[0], in.N) })
	one := 1
	a := np.Of(1)
	base := in{A: []np.Array{a}}
	changes := []func(*in){
		func(*in) {},
		func(i *in) { i.A = []np.Array{a, a} },
		func(i *in) { i.M = map[string]np.Array{"x": a} },
		func(i *in) { i.M = map[string]np.Array{"y": a} },
		func(i *in) { i.N = 2 },
		func(i *in) { i.S = "2" },
		func(i *in) { i.F = 0.5 },
		func(i *in) { i.P = &one },
		func(i *in) { i.Any = 1 },
		func(i *in) { i.Any = int8(1) },
		func(i *in) { i.Inner.B[1] = true },
		func(i *in) { i.A = []np.Array{np.Of(1, 2)} },
	}
	for range 2 {
		for _, change := range changes {
			v := base
			change(&v)
			if _, err := p.Call(ctx, v); err != nil {
				t.Fatal(err)
			}
		}
	}
	if calls != len(changes) {
		t.Errorf("%d traces of %d structures", calls, len(changes))
	}
}

// TestCompileForgets calls a program with more structures than it remembers.
func TestCompileForgets(t *testing.T) {
	p := np.Compile(func(a np.Array) np.Array { return np.Add(a, a) })
	for n := range 200 {
		got, err := p.Call(ctx, np.FromSlice(counting(n)))
		if err != nil || got.Size() != n {
			t.Fatalf("%d elements: %v %v", n, got, err)
		}
	}
}

func TestBind(t *testing.T) {
	type in struct{ X, Y np.Array }
	p := np.Compile(func(in in) []np.Array { return []np.Array{np.Dot(in.X, in.Y), np.Add(in.X, 1)} })
	b, err := p.Bind(ctx, in{np.Spec(np.Float64, 2, 3), np.Of(1.0, 10, 100)})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	x := np.Must(np.InputSlot[float64](b, ".X"))
	y := np.Must(np.InputSlot[float64](b, ".Y"))
	dot := np.Must(np.OutputSlot[float64](b, "[0]"))
	plus := np.Must(np.OutputSlot[float64](b, "[1]"))
	if len(x) != 6 || !slices.Equal(y, []float64{1, 10, 100}) {
		t.Fatalf("slots %v %v", x, y)
	}
	for k := range 3 {
		for i := range x {
			x[i] = float64(i + k)
		}
		if err := b.Run(ctx); err != nil {
			t.Fatal(err)
		}
		want := []float64{x[0] + 10*x[1] + 100*x[2], x[3] + 10*x[4] + 100*x[5]}
		if !slices.Equal(dot, want) || plus[5] != x[5]+1 {
			t.Errorf("run %d: %v %v, want %v", k, dot, plus, want)
		}
	}
	gone, cancel := context.WithCancel(ctx)
	cancel()
	if err := b.Run(gone); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled run: %v", err)
	}
}

// TestBindGoesOn holds that a run which ends with a fault, or because its context does,
// leaves the next one nothing.
func TestBindGoesOn(t *testing.T) {
	p := np.Compile(func(in struct{ X, At np.Array }) np.Array { return np.Take(in.X, in.At, 0) })
	b, err := p.Bind(ctx, struct{ X, At np.Array }{np.Of(10., 11, 12), np.Of[int64](2, 0)})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	at := np.Must(np.InputSlot[int64](b, ".At"))
	out := np.Must(np.OutputSlot[float64](b, ""))
	gone, cancel := context.WithCancel(ctx)
	cancel()
	for range 2 {
		at[0] = 3
		if err := b.Run(ctx); !errors.Is(err, np.ErrIndex) {
			t.Errorf("a position outside: %v", err)
		}
		at[0] = 2
		if err := b.Run(ctx); err != nil || !slices.Equal(out, []float64{12, 10}) {
			t.Errorf("after a fault: %v, %v", out, err)
		}
		if err := b.Run(gone); !errors.Is(err, context.Canceled) {
			t.Errorf("a cancelled run: %v", err)
		}
	}
}

func TestPrepareAndExplain(t *testing.T) {
	p := np.Compile(func(a np.Array) np.Array { return np.Sum(np.Square(a)) })
	if err := p.Prepare(ctx, np.Spec(np.Float32, 100)); err != nil {
		t.Error(err)
	}
	e, err := p.Explain(np.Spec(np.Float32, 100))
	if err != nil || e.String() == "" {
		t.Errorf("%v %v", e, err)
	}
	e, err = np.Add(np.Of(1.0), 1).Explain()
	if err != nil || e.String() == "" {
		t.Errorf("%v %v", e, err)
	}
}

// TestConcurrentEval evaluates and extends one graph from many goroutines.
func TestConcurrentEval(t *testing.T) {
	a := np.Add(np.Of(counting(1000)...), 1)
	prog := np.Compile(func(in np.Array) np.Array { return np.Multiply(in, in) })
	var wg sync.WaitGroup
	for g := range 64 {
		wg.Go(func() {
			y, err := np.Value[float64](ctx, np.Sum(np.Multiply(a, g)))
			if want := float64(g) * 500500; err != nil || y != want {
				t.Errorf("%v %v, want %v", y, err, want)
			}
			z, err := prog.Call(ctx, np.Of(float64(g)))
			if want := fmt.Sprintf("[%d.]", g*g); err != nil || z.String() != want {
				t.Errorf("%v %v, want %s", z, err, want)
			}
		})
	}
	wg.Wait()
}

func TestEngines(t *testing.T) {
	e := np.NewEngine(np.On("ref"), np.Threads(1), nil)
	v, err := np.Values[float64](ctx, np.Add(v, 1), np.Use(e))
	if err != nil || !slices.Equal(v, []float64{4, 0, 3, 1}) {
		t.Errorf("%v %v", v, err)
	}
	if err := e.Close(); err != nil {
		t.Error(err)
	}
	if _, err := np.Values[float64](ctx, np.Add(m, 1), np.Use(e)); !errors.Is(err, np.ErrClosed) {
		t.Errorf("a closed engine: %v", err)
	}
	if _, err := np.Values[float64](ctx, np.Add(m, 1), np.On("no such target")); err == nil {
		t.Error("a target that is not there runs")
	}
	if _, err := np.Zeros(np.Shape{1 << 20}).Eval(ctx, np.Memory(1<<10)); !errors.Is(err, np.ErrMemory) {
		t.Errorf("8 MiB within 1 KiB: %v", err)
	}
	seen := false
	if _, err := np.Add(m, 1).Eval(ctx, np.Watch(func(p np.Progress) { seen = seen || p.Done == p.Total && p.Total > 0 })); err != nil || !seen {
		t.Errorf("progress was not told: %v", err)
	}
}

// TestClose gives memory back and keeps what was handed out.
func TestClose(t *testing.T) {
	a := np.Must(np.Add(np.FromSlice(counting(100_000)), 1).Eval(ctx))
	s := np.Must(np.AliasValues[float64](a))
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	b := np.Must(np.Multiply(np.FromSlice(counting(100_000)), -1).Eval(ctx)) // would reuse the memory
	if s[5] != 6 {
		t.Error("memory that was handed out was recycled")
	}
	if _, err := a.Eval(ctx); !errors.Is(err, np.ErrClosed) {
		t.Errorf("a closed array: %v", err)
	}
	if err := a.Close(); err != nil {
		t.Errorf("closing twice: %v", err)
	}
	if err := np.Add(b, 1).Close(); err != nil {
		t.Errorf("closing a lazy array: %v", err)
	}
	if _, err := b.Eval(ctx); err != nil {
		t.Errorf("closing an array closed its operand: %v", err)
	}
}

// TestResultsOwnTheirMemory evaluates programs that only look at their input in another
// way, and two results that are one value.
func TestResultsOwnTheirMemory(t *testing.T) {
	x := np.FromSlice(counting(200_000), 400, 500)
	for name, y := range map[string]np.Array{
		"reshape": x.Reshape(-1), "slice": x.Slice(np.To(100)), "same": np.BroadcastTo(x, 400, 500), "expand": x.ExpandDims(0).Squeeze(),
	} {
		s := np.Must(np.Values[float64](ctx, y))
		s[1] = -1
		if got := np.Must(np.Values[float64](ctx, x)); got[1] != 1 {
			t.Fatalf("%s: the slice that Values returned is its input's memory", name)
		}
		c := np.Must(y.Slice(np.Ellipsis).Eval(ctx))
		if !y.Concrete() && c.Concrete() {
			c.Close()
		}
		if got, err := np.Values[float64](ctx, x); err != nil || got[1] != 1 {
			t.Fatalf("%s: closing the result closed its input: %v", name, err)
		}
	}
	y := np.Add(x, 1)
	two := np.Must(np.Eval(ctx, []np.Array{y.Reshape(-1), y}))
	two[0].Close()
	if got, err := np.Values[float64](ctx, two[1]); err != nil || got[3] != 4 {
		t.Fatalf("closing one result closed another: %v", err)
	}
}

// TestBoundOfAClosedArray holds that a bound program does not read memory that was given
// back: it may be another's by then.
func TestBoundOfAClosedArray(t *testing.T) {
	captured, err := np.Add(np.Of(100.0, 200), 1).Eval(ctx)
	if err != nil {
		t.Fatal(err)
	}
	b, err := np.Compile(func(x np.Array) np.Array { return np.Add(x, captured) }).Bind(ctx, np.Of(1.0, 2))
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if err := b.Run(ctx); err != nil {
		t.Fatal(err)
	}
	captured.Close()
	if err := b.Run(ctx); err == nil {
		t.Error("a run reads memory that was given back")
	}
}
