package rt

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
	_ "github.com/numen-go/numen/lower/ref"
)

// program text with extents in the place of %d's; every parameter is f64.
const (
	founding = `graph founding(x f64[%[1]d,%[2]d]) -> z
  l f64[%[1]d,%[2]d] = log(x)
  one f64[] = const {1}
  b f64[%[1]d,%[2]d] = add(l, one)
  y f64[%[2]d,%[2]d] = contract(x, b) {order=chain, spec="ij,ik->jk|i"}
  s f64[%[2]d] = sum(y) {axes=[0], order=lanes}
  n f64[] = dimvalue {dtype=f64, shape=[%[2]d]}
  m f64[%[2]d] = div(s, n)
  d f64[%[2]d,%[2]d] = sub(y, m)
  z f64[5,%[2]d] = slice(d) {shape=[5,%[2]d], start=[0,0]}
end
`
	scaled = `graph scaled(x f64[%[1]d], y f64[%[1]d]) -> z
  c f64[] = scalar {index=0}
  a f64[%[1]d] = mul(x, c)
  z f64[%[1]d] = add(a, y)
end
`
)

// parse reads a graph of numbers and gives its parameters random arrays.
func parse(t testing.TB, src string, seed uint64) *ir.Graph {
	t.Helper()
	g, err := ir.ParseGraph(src)
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(seed, 7))
	for _, p := range g.Params {
		extents, err := numbers(p.Type.Shape)
		if err != nil {
			t.Fatal(err)
		}
		n := int64(1)
		for _, e := range extents {
			n *= e
		}
		data := make([]float64, n)
		for i := range data {
			data[i] = 0.5 + rng.Float64()
		}
		p.Data = &lower.Array{DType: ir.Float64, Buf: lower.HostOf(data), Strides: lower.Contiguous(extents), Extents: extents}
	}
	for _, n := range g.Nodes() {
		if n.Op == ir.OpScalar {
			n.Attr.Bits = math.Float64bits(2.5 + float64(seed))
		}
	}
	return g
}

// judge evaluates g by the reference evaluator.
func judge(t testing.TB, g *ir.Graph) [][]uint64 {
	t.Helper()
	var in []*ir.Tensor
	for _, p := range g.Params {
		in = append(in, tensor(p.Data.(*lower.Array)))
	}
	var env ir.Env
	for _, n := range g.Nodes() {
		if n.Op == ir.OpScalar {
			env.Scalars = append(env.Scalars, n.Attr.Bits)
		}
	}
	out, err := ir.EvalGraph(g, in, env)
	if err != nil {
		t.Fatal(err)
	}
	var bits [][]uint64
	for _, o := range out {
		bits = append(bits, o.Elems)
	}
	return bits
}

func tensor(a *lower.Array) *ir.Tensor {
	shape := make([]int, len(a.Extents))
	for i, e := range a.Extents {
		shape[i] = int(e)
	}
	var elems []uint64
	for _, v := range values(a) {
		elems = append(elems, math.Float64bits(v))
	}
	return &ir.Tensor{DType: a.DType, Shape: shape, Elems: elems}
}

func values(a *lower.Array) []float64 {
	n := int64(1)
	for _, e := range a.Extents {
		n *= e
	}
	return lower.Slice[float64](a.Buf.(*lower.Host))[:n]
}

func sameBits(t *testing.T, got *lower.Array, want []uint64) {
	t.Helper()
	for i, v := range values(got) {
		w := math.Float64frombits(want[i])
		if math.Float64bits(v) != want[i] && !(math.IsNaN(v) && math.IsNaN(w)) {
			t.Fatalf("element %d is %v, the evaluator has %v", i, v, w)
		}
	}
}

func newEngine(t testing.TB, c Config) *Engine {
	e := New(c)
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

func TestEvalEqualsTheEvaluator(t *testing.T) {
	for _, target := range []string{"cpu", "ref"} {
		for _, threads := range []int{1, 3} {
			e := newEngine(t, Config{Targets: []string{target}, Threads: threads})
			for _, src := range []string{fmt.Sprintf(founding, 700, 13), fmt.Sprintf(scaled, 3001)} {
				g := parse(t, src, 1)
				out, err := e.Eval(t.Context(), g.Results, nil)
				if err != nil {
					t.Fatalf("%s: %v", target, err)
				}
				sameBits(t, out[0], judge(t, g)[0])
			}
		}
	}
}

func TestNewShapesAndNumbersCompileNothing(t *testing.T) {
	e := newEngine(t, Config{})
	for i, src := range []string{fmt.Sprintf(scaled, 100), fmt.Sprintf(scaled, 7), fmt.Sprintf(scaled, 100)} {
		g := parse(t, src, uint64(i))
		out, err := e.Eval(t.Context(), g.Results, nil)
		if err != nil {
			t.Fatal(err)
		}
		sameBits(t, out[0], judge(t, g)[0])
	}
	if c := e.Counts(); c.Programs != 1 || c.Hits != 2 || c.Kernels == 0 {
		t.Errorf("three runs of one structure: %+v", c)
	}
	before := e.Counts().Kernels
	for _, n := range []int{300, 600} {
		if _, err := e.Eval(t.Context(), parse(t, fmt.Sprintf(founding, n, 21), 3).Results, nil); err != nil {
			t.Fatal(err)
		}
	}
	if c := e.Counts(); c.Programs != 2 {
		t.Errorf("%d programs for two shapes of one structure", c.Programs-1)
	} else if c.Kernels == before {
		t.Error("another structure compiled no kernel")
	}
}

func TestEvalBindAndPrepareShareAProgram(t *testing.T) {
	e := newEngine(t, Config{})
	g := parse(t, fmt.Sprintf(scaled, 10), 1)
	if err := e.Prepare(t.Context(), g.Results, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Eval(t.Context(), g.Results, nil); err != nil {
		t.Fatal(err)
	}
	// A parameter that nothing uses, and one whose array is fixed.
	unused := ir.Param(0, ir.Dense(ir.Float64, ir.N(3)), nil)
	b, err := e.Bind(t.Context(), []*ir.Node{unused, g.Params[1]}, g.Results, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	copy(values(b.In(1)), values(g.Params[1].Data.(*lower.Array)))
	if err := b.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	sameBits(t, b.Out(0), judge(t, g)[0])
	if c := e.Counts(); c.Programs != 1 || c.Hits != 2 {
		t.Errorf("%+v", c)
	}
}

func TestWritingSharedMemoryIsFound(t *testing.T) {
	was := debug
	t.Cleanup(func() { debug = was })
	debug = readDebug("alias, verify")
	e := newEngine(t, Config{})
	g := parse(t, fmt.Sprintf(scaled, 10), 1)
	shared := g.Params[0].Data.(*lower.Array)
	Aliased(shared)
	if _, err := e.Eval(t.Context(), g.Results, nil); err != nil {
		t.Fatal(err)
	}
	values(shared)[3]++
	if _, err := e.Eval(t.Context(), g.Results, nil); err == nil || !strings.Contains(err.Error(), "AliasSlice") {
		t.Errorf("memory written after it was shared: %v", err)
	}
}

func TestMemoryIsKnownBeforeTheRun(t *testing.T) {
	e := newEngine(t, Config{})
	g := parse(t, fmt.Sprintf(scaled, 1<<20), 1)
	if _, err := e.Eval(t.Context(), g.Results, &Config{Memory: 1 << 20}); !errors.Is(err, ErrMemory) {
		t.Errorf("8 MiB of result within 1 MiB: %v", err)
	}
	if _, err := e.Eval(t.Context(), g.Results, &Config{Memory: 64 << 20}); err != nil {
		t.Error(err)
	}
}

func TestMemoryReturnsToThePool(t *testing.T) {
	e := newEngine(t, Config{})
	g := parse(t, fmt.Sprintf(founding, 20000, 40), 1)
	for range 3 {
		out, err := e.Eval(t.Context(), g.Results, nil)
		if err != nil {
			t.Fatal(err)
		}
		out[0].Buf.Close()
	}
	if inUse, _ := e.Memory(); inUse != 0 {
		t.Errorf("%d bytes are still counted in use", inUse)
	}
}

func TestUnreachableResultsReturnToThePool(t *testing.T) {
	e := newEngine(t, Config{})
	func() {
		if _, err := e.Eval(t.Context(), parse(t, fmt.Sprintf(scaled, 1<<18), 1).Results, nil); err != nil {
			t.Fatal(err)
		}
	}()
	for range 100 {
		runtime.GC()
		if inUse, _ := e.Memory(); inUse == 0 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Error("a result that nobody refers to was not recycled")
}

func TestConcurrentEvalOfSharedGraphs(t *testing.T) {
	e := newEngine(t, Config{})
	g := parse(t, fmt.Sprintf(founding, 512, 9), 1)
	want := judge(t, g)[0]
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			out, err := e.Eval(context.Background(), g.Results, nil)
			if err != nil {
				t.Error(err)
				return
			}
			for i, v := range values(out[0]) {
				if math.Float64bits(v) != want[i] {
					t.Errorf("element %d differs", i)
					return
				}
			}
		})
	}
	wg.Wait()
	if c := e.Counts(); c.Programs != 1 {
		t.Errorf("%d programs compiled for one structure", c.Programs)
	}
}

func TestCancelledRunsReturnPromptly(t *testing.T) {
	e := newEngine(t, Config{})
	g := parse(t, fmt.Sprintf(founding, 40000, 200), 1)
	ctx, cancel := context.WithCancel(t.Context())
	before := runtime.NumGoroutine()
	time.AfterFunc(5*time.Millisecond, cancel)
	start := time.Now()
	_, err := e.Eval(ctx, g.Results, nil)
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("a cancelled run: %v", err)
	}
	if took := time.Since(start); took > 2*time.Second {
		t.Errorf("cancelling took %v", took)
	}
	time.Sleep(20 * time.Millisecond)
	if after := runtime.NumGoroutine(); after > before {
		t.Errorf("%d goroutines before, %d after", before, after)
	}
	if inUse, _ := e.Memory(); inUse != 0 {
		t.Errorf("a cancelled run holds %d bytes", inUse)
	}
}

func TestReshapesKeepTheirRelation(t *testing.T) {
	const src = `graph flat(x f64[%[1]d,%[2]d]) -> s
  f f64[%[3]d] = reshape(x) {shape=[%[3]d]}
  e f64[%[3]d] = exp(f)
  s f64[] = sum(e) {axes=[0], order=lanes}
end
`
	e := newEngine(t, Config{})
	for _, mn := range [][2]int{{37, 53}, {11, 300}} {
		g := parse(t, fmt.Sprintf(src, mn[0], mn[1], mn[0]*mn[1]), 1)
		out, err := e.Eval(t.Context(), g.Results, nil)
		if err != nil {
			t.Fatal(err)
		}
		sameBits(t, out[0], judge(t, g)[0])
	}
	if c := e.Counts(); c.Programs != 1 {
		t.Errorf("%d programs for two shapes of one structure", c.Programs)
	}
}

func TestExplainTellsTheStory(t *testing.T) {
	e := newEngine(t, Config{})
	x, err := e.Explain(t.Context(), parse(t, fmt.Sprintf(founding, 100, 10), 1).Results, nil)
	if err != nil {
		t.Fatal(err)
	}
	text := x.String()
	for _, part := range []string{"== passes", "kernels", "== program", "kernel ", "on cpu", "== memory"} {
		if !strings.Contains(text, part) {
			t.Errorf("no %q in\n%s", part, text)
		}
	}
}

func TestWatchSeesTheEnd(t *testing.T) {
	e := newEngine(t, Config{})
	var seen []Progress
	g := parse(t, fmt.Sprintf(founding, 1000, 20), 1)
	if _, err := e.Eval(t.Context(), g.Results, &Config{Watch: func(p Progress) { seen = append(seen, p) }}); err != nil {
		t.Fatal(err)
	}
	last := seen[len(seen)-1]
	if last.Done != last.Total || last.Total == 0 {
		t.Errorf("the last report is %+v", last)
	}
}

func TestAClosedEngineRefuses(t *testing.T) {
	e := New(Config{})
	e.Close()
	if _, err := e.Eval(t.Context(), parse(t, fmt.Sprintf(scaled, 3), 1).Results, nil); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
}

// TestBoundMissesMemory holds that a bound program whose memory was closed under it says so
// at its next run, and one whose memory is there goes on.
func TestBoundMissesMemory(t *testing.T) {
	e := newEngine(t, Config{})
	g := parse(t, fmt.Sprintf(scaled, 100), 1)
	var both [2]*Bound
	for i := range both {
		b, err := e.Bind(t.Context(), g.Params, g.Results, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer b.Close()
		if err := b.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		both[i] = b
	}
	both[0].Out(0).Buf.Close()
	for range 2 {
		if both[0].Run(t.Context()) == nil {
			t.Error("a run wrote memory that was closed")
		}
		if err := both[1].Run(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

// TestCloseWaitsForRuns holds that a program which runs while its engine is closed keeps
// its code to the end, and that the next run is refused.
func TestCloseWaitsForRuns(t *testing.T) {
	for range 20 {
		e := New(Config{})
		g := parse(t, fmt.Sprintf(scaled, 200000), 1)
		b, err := e.Bind(t.Context(), g.Params, g.Results, nil)
		if err != nil {
			t.Fatal(err)
		}
		started, ended := make(chan bool), make(chan error)
		go func() {
			close(started)
			for {
				if err := b.Run(context.Background()); err != nil {
					ended <- err
					return
				}
			}
		}()
		<-started
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
		if err := <-ended; !errors.Is(err, ErrClosed) {
			t.Errorf("a run of a closed engine: %v", err)
		}
		if e.cache.kernels.young == nil {
			t.Error("the code was freed while a bound program has it")
		}
		b.Close()
		if e.cache.kernels.young != nil {
			t.Error("the code is kept when nothing has it any more")
		}
	}
}

// declining takes kernels of one statement and hands them to ref.
type declining struct{ lower.Target }

func (d declining) Name() string { return "declining" }

func (d declining) Compile(ctx context.Context, k *ir.Kernel) (lower.Executable, error) {
	if i := slices.IndexFunc(k.Stmts, func(s ir.Stmt) bool { return s.Sink == ir.Reduce }); i >= 0 {
		return nil, &lower.Declined{Target: "declining", Stmt: i, Why: lower.WhySink, Detail: "reductions are not taken"}
	}
	return d.Target.Compile(ctx, k)
}

func init() {
	lower.Register("declining", func() (lower.Target, error) {
		t, err := lower.Open("ref")
		return declining{t}, err
	})
}

func TestADeclinedKernelGoesToTheNextTargetOrIsRefused(t *testing.T) {
	e := newEngine(t, Config{Targets: []string{"declining", "cpu"}})
	g := parse(t, fmt.Sprintf(founding, 50, 6), 1)
	out, err := e.Eval(t.Context(), g.Results, nil)
	if err != nil {
		t.Fatal(err)
	}
	sameBits(t, out[0], judge(t, g)[0])
	alone := newEngine(t, Config{Targets: []string{"declining"}})
	_, err = alone.Eval(t.Context(), g.Results, nil)
	if !errors.Is(err, ErrDeclined) || !strings.Contains(err.Error(), "reductions are not taken") {
		t.Errorf("a program that no target takes: %v", err)
	}
}

// TestExplainCountsBytes holds what Explain says of the bytes that kernels touch.
func TestExplainCountsBytes(t *testing.T) {
	x, err := New(Config{}).Explain(t.Context(), parse(t, fmt.Sprintf(scaled, 30), 1).Results, nil)
	if err != nil {
		t.Fatal(err)
	}
	if want := "reads 480 bytes, writes 240\n"; !strings.Contains(x.String(), want) {
		t.Errorf("no %q in\n%s", want, x)
	}
}
