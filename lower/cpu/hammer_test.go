package cpu_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"math"
	"math/rand/v2"
	"runtime"
	"runtime/pprof"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
)

var hammerFor = flag.Duration("hammer", time.Second, "how long kernels run under everything that Go's runtime does, at each level")

// hammered are kernels of several shapes, whose outputs are their last arrays.
var hammered = []string{
	"kernel exp; dim M N; in x f64[M,N]; out y f64[M,N]; axis i<M, j<N;  y[i,j] = exp(x[i,j]) * 2.0",
	"kernel softmax; dim M N; in x f64[M,N]; out y f64[M,N]; local m f64[M], e f64[M,N], s f64[M]; axis i<M, j<N;  m[i] = max.free[j](x[i,j]); e[i,j] = exp(x[i,j] - m[i]); s[i] = sum.lanes[j](e[i,j]); y[i,j] = e[i,j] / s[i]",
	"kernel columns; dim M N; in x f64[M,N]; out y f64[N]; axis i<M, j<N;  y[j] = sum.lanes[i](x[i,j])",
	"kernel gram; dim M N; in x f64[M,N]; out y f64[N,N]; axis i<M, j<N, k<N;  y[j,k] = fma.chain[i](x[i,j], x[i,k])",
}

// problem is a kernel with arguments and the bits that it must leave.
type problem struct {
	exe  lower.Executable
	m, n int64
	x    []float64
	size int
	want []float64
}

func hammerProblems(t *testing.T, level string) []*problem {
	var out []*problem
	for i, text := range hammered {
		k, err := ir.ParseKernel(text)
		if err != nil {
			t.Fatal(err)
		}
		if err := k.Verify(); err != nil {
			t.Fatal(err)
		}
		exe, err := open(t, level).Compile(t.Context(), k)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { exe.Close() })
		r := rand.New(rand.NewPCG(1, uint64(i)))
		p := &problem{exe: exe, m: 20 + r.Int64N(200), n: 20 + r.Int64N(200)}
		p.x = make([]float64, p.m*p.n)
		for i := range p.x {
			p.x[i] = r.NormFloat64()
		}
		args := ir.KernelArgs{Dims: []int64{p.m, p.n}}
		for _, o := range k.Operands {
			if o.Role == ir.Local {
				continue
			}
			a := ir.KernelArray{}
			size := int64(1)
			for _, d := range o.Shape {
				e := p.n
				if d.String() == "M" {
					e = p.m
				}
				a.Extents, size = append(a.Extents, e), size*e
			}
			a.Elems = make([]uint64, size)
			if o.Role == ir.In {
				for i, v := range p.x {
					a.Elems[i] = math.Float64bits(v)
				}
			}
			args.Arrays = append(args.Arrays, a)
		}
		if err := ir.EvalKernel(k, args); err != nil {
			t.Fatal(err)
		}
		for _, e := range args.Arrays[1].Elems {
			p.want = append(p.want, math.Float64frombits(e))
		}
		p.size = len(args.Arrays[1].Extents)
		out = append(out, p)
	}
	return out
}

// run runs the kernel into new memory and reports whether the result is right.
func (p *problem) run(ctx context.Context, threads int) (bool, error) {
	y := make([]float64, len(p.want))
	args := &lower.Args{Dims: []int64{p.m, p.n}, Threads: threads, Arrays: []lower.Array{
		{DType: ir.Float64, Buf: lower.HostOf(p.x), Strides: []int64{p.n, 1}, Extents: []int64{p.m, p.n}},
		{DType: ir.Float64, Buf: lower.HostOf(y)},
	}}
	switch o := &args.Arrays[1]; {
	case p.size == 1:
		o.Strides, o.Extents = []int64{1}, []int64{p.n}
	default:
		o.Strides, o.Extents = []int64{p.n, 1}, []int64{int64(len(y)) / p.n, p.n}
	}
	err := p.exe.Run(ctx, args)
	return slices.Equal(y, p.want), err
}

// TestHammer runs kernels in many goroutines while the runtime collects garbage, moves
// stacks, preempts and profiles, and while runs are cancelled.
func TestHammer(t *testing.T) {
	eachLevel(t, func(t *testing.T, level string) {
		problems := hammerProblems(t, level)
		var profile bytes.Buffer
		if err := pprof.StartCPUProfile(&profile); err != nil {
			t.Log(err) // the tests are profiled already
		} else {
			defer pprof.StopCPUProfile()
		}
		var stop atomic.Bool
		var wg sync.WaitGroup
		wg.Go(func() {
			for !stop.Load() {
				runtime.GC()
			}
		})
		var runs, cancelled atomic.Int64
		for i := range 8 {
			wg.Go(func() {
				r := rand.New(rand.NewPCG(2, uint64(i)))
				for !stop.Load() {
					p := problems[r.IntN(len(problems))]
					ctx, cancel := t.Context(), context.CancelFunc(func() {})
					if r.IntN(4) == 0 {
						ctx, cancel = context.WithTimeout(ctx, time.Duration(r.IntN(1000))*time.Microsecond)
					}
					done := make(chan struct{})
					go func() { // on a stack that is small and must grow
						defer close(done)
						right, err := p.run(ctx, 1+r.IntN(3))
						switch {
						case errors.Is(err, context.DeadlineExceeded):
							cancelled.Add(1)
						case err != nil || !right:
							t.Errorf("right %v, error %v\n%s", right, err, p.exe)
							stop.Store(true)
						}
						runs.Add(1)
					}()
					<-done
					cancel()
				}
			})
		}
		time.Sleep(*hammerFor)
		stop.Store(true)
		wg.Wait()
		if runs.Load() < 20 {
			t.Errorf("only %d runs", runs.Load())
		}
		t.Logf("%d runs, %d cancelled", runs.Load(), cancelled.Load())
	})
}

// TestPause holds that the garbage collector does not wait for kernels: they leave
// machine code every now and then, far more often than they end.
func TestPause(t *testing.T) {
	eachLevel(t, func(t *testing.T, level string) {
		k, err := ir.ParseKernel("kernel k; dim M N; in x f64[N]; out y f64[M]; axis i<M, j<N;  y[i] = sum.lanes[j](exp(x[j]))")
		if err != nil {
			t.Fatal(err)
		}
		exe, err := open(t, level).Compile(t.Context(), k)
		if err != nil {
			t.Fatal(err)
		}
		defer exe.Close()
		const m, n = 100_000, 10_000 // half a second at least
		args := &lower.Args{Dims: []int64{m, n}, Threads: 1, Arrays: []lower.Array{
			{DType: ir.Float64, Buf: lower.HostOf(make([]float64, n)), Strides: []int64{1}, Extents: []int64{n}},
			{DType: ir.Float64, Buf: lower.HostOf(make([]float64, m)), Strides: []int64{1}, Extents: []int64{m}},
		}}
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			for ctx.Err() == nil {
				if err := exe.Run(ctx, args); err != nil && !errors.Is(err, context.Canceled) {
					t.Error(err)
					return
				}
			}
		})
		// Other work of the machine makes pauses long, but not all of them at all times.
		least := time.Duration(1 << 62)
		for attempt := 0; attempt < 50 && least > time.Millisecond; attempt++ {
			var worlds []time.Duration
			for range 20 {
				time.Sleep(time.Millisecond)
				start := time.Now()
				runtime.ReadMemStats(new(runtime.MemStats)) // stops the world
				worlds = append(worlds, time.Since(start))
			}
			slices.Sort(worlds)
			least = min(least, worlds[len(worlds)*3/4])
		}
		cancel()
		wg.Wait()
		if least > time.Millisecond {
			t.Errorf("stopping the world takes %v", least)
		}
		t.Logf("three of four times, stopping the world takes at most %v", least)
	})
}
