package loop_test

import (
	"context"
	"testing"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
	"github.com/numen-go/numen/lower/loop"
	"github.com/numen-go/numen/lower/lowertest"
)

// tuned is a target of one tuning.
type tuned struct{ t *loop.Tuning }

func (tuned) Name() string   { return "tuned" }
func (tuned) Caps() *ir.Caps { return loop.Caps() }
func (tuned) Close() error   { return nil }

func (x tuned) Compile(_ context.Context, k *ir.Kernel) (lower.Executable, error) {
	if err := k.Verify(); err != nil {
		return nil, err
	}
	code, err := loop.NewKernel(k, x.t)
	if d, ok := err.(*lower.Declined); ok {
		d.Target = "tuned"
	}
	if err != nil {
		return nil, err
	}
	return code, nil
}

// fakes is a target whose machine is none. It tells the machine the context of a run.
type fakes struct {
	tuned
	m *loop.FakeMachine
}

type fakeRun struct {
	lower.Executable
	m *loop.FakeMachine
}

func (x fakes) Compile(ctx context.Context, k *ir.Kernel) (lower.Executable, error) {
	code, err := x.tuned.Compile(ctx, k)
	if err != nil {
		return nil, err
	}
	return fakeRun{code, x.m}, nil
}

func (x fakeRun) Run(ctx context.Context, a *lower.Args) error {
	x.m.Context.Store(ctx.Err)
	return x.Executable.Run(ctx, a)
}

// TestMachine holds what the executor does for machine code, by a machine that is none:
// cutting, words, memory, leaving and going on, on every kernel of the kit.
func TestMachine(t *testing.T) {
	m := &loop.FakeMachine{}
	with := *loop.Portable
	with.Machine, with.StreamBytes = m, 1000
	lowertest.Run(t, func() (lower.Target, error) { return fakes{tuned{&with}, m}, nil })
	if n := m.Parts.Load(); n < 1000 {
		t.Errorf("only %d parts were entered", n)
	}
}

// TestStage holds contractions that are packed a few steps at a time, and reductions that
// are cut for a device, which the targets of this machine do not need, to the kit.
func TestStage(t *testing.T) {
	if testing.Short() {
		t.Skip("the kit once more")
	}
	with := *loop.Portable
	with.Schedule.Stage, with.Schedule.Spread = 16, 4096
	lowertest.Run(t, func() (lower.Target, error) { return tuned{&with}, nil })
}

// TestVariants holds that a new shape of a known class makes no code.
func TestVariants(t *testing.T) {
	k, err := ir.ParseKernel("kernel add; dim M N; in x f64[M,N]; out y f64[M,N]; axis i<M, j<N;  y[i,j] = x[i,j] + 1.0")
	if err != nil {
		t.Fatal(err)
	}
	with := *loop.Portable
	with.Machine, with.StreamBytes = &loop.FakeMachine{}, 1<<20
	exe, err := loop.NewKernel(k, &with)
	if err != nil {
		t.Fatal(err)
	}
	defer exe.Close()
	run := func(m, n int64, strides []int64, in []float64) {
		t.Helper()
		out := make([]float64, m*n)
		args := &lower.Args{Dims: []int64{m, n}, Arrays: []lower.Array{
			{DType: ir.Float64, Buf: lower.HostOf(in), Strides: strides, Extents: []int64{m, n}},
			{DType: ir.Float64, Buf: lower.HostOf(out), Strides: []int64{n, 1}, Extents: []int64{m, n}},
		}}
		if err := exe.Run(t.Context(), args); err != nil {
			t.Fatal(err)
		}
	}
	in := make([]float64, 1<<18)
	for _, c := range []struct {
		m, n    int64
		strides []int64
		want    int
	}{
		{20, 30, []int64{30, 1}, 1}, {20, 31, []int64{40, 1}, 1}, {500, 18, []int64{18, 1}, 1}, // rows
		{1, 30, []int64{1, 1}, 2}, {12, 4000, []int64{4000, 1}, 2}, // a short axis
		{20, 30, []int64{1, 20}, 3}, {25, 39, []int64{2, 60}, 3}, // columns: no stride of 1 along strips
		{500, 300, []int64{300, 1}, 4}, {501, 300, []int64{300, 1}, 4}, // results larger than the cache
	} {
		run(c.m, c.n, c.strides, in)
		if got := exe.Variants(); got != c.want {
			t.Errorf("after %d x %d, strides %v: %d variants, want %d\n%s", c.m, c.n, c.strides, got, c.want, exe)
		}
	}
	run(500, 300, []int64{0, 0}, in[:1]) // neither
	if got := exe.Variants(); got != 5 {
		t.Errorf("%d variants, want 5", got)
	}
}
