package lowertest

import (
	"context"
	"errors"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
)

const scale = `kernel scale; dim N; scalar s f64; in x f64[N]; out y f64[N]; axis i<N;  y[i] = exp(x[i]) * s`

// kernel returns a kernel from text with an executable, nil when the target does not
// take it.
func (k *kit) kernel(t *testing.T, text string) (*ir.Kernel, lower.Executable) {
	t.Helper()
	kernel, err := ir.ParseKernel(text)
	if err != nil {
		t.Fatal(err)
	}
	return kernel, k.compile(t, kernel)
}

// arguments runs a kernel with arguments that do not fit it: errors, and no memory is
// touched.
func (k *kit) arguments(t *testing.T) {
	kernel, exe := k.kernel(t, scale)
	if exe == nil {
		return
	}
	r := rand.New(rand.NewPCG(8, 8))
	for name, spoil := range map[string]func(a *lower.Args){
		"too few dims":         func(a *lower.Args) { a.Dims = nil },
		"too few scalars":      func(a *lower.Args) { a.Scalars = nil },
		"too few arrays":       func(a *lower.Args) { a.Arrays = a.Arrays[:1] },
		"too many arrays":      func(a *lower.Args) { a.Arrays = append(a.Arrays, a.Arrays[0]) },
		"another extent":       func(a *lower.Args) { a.Dims = []int64{a.Dims[0] + 1} },
		"a negative extent":    func(a *lower.Args) { a.Dims = []int64{-1} },
		"another dtype":        func(a *lower.Args) { a.Arrays[0].DType = ir.Float32 },
		"bounds outside":       func(a *lower.Args) { a.Lo, a.Hi = []int64{0}, []int64{a.Dims[0] + 1} },
		"bounds below 0":       func(a *lower.Args) { a.Lo, a.Hi = []int64{-1}, []int64{1} },
		"bounds for no axis":   func(a *lower.Args) { a.Lo, a.Hi = []int64{}, []int64{} },
		"an array too short":   func(a *lower.Args) { a.Arrays[1].Buf = lower.HostOf(make([]float64, 10)) },
		"a stride too long":    func(a *lower.Args) { a.Arrays[0].Strides = []int64{1 << 40} },
		"a stride that wraps":  func(a *lower.Args) { a.Arrays[0].Strides = []int64{1 << 62} },
		"an offset outside":    func(a *lower.Args) { a.Arrays[0].Offset = -100 },
		"another rank":         func(a *lower.Args) { a.Arrays[0].Extents, a.Arrays[0].Strides = []int64{10, 10}, []int64{10, 1} },
		"strides for no axis":  func(a *lower.Args) { a.Arrays[0].Strides = nil },
		"a buffer of no kind":  func(a *lower.Args) { a.Arrays[0].Buf = nil },
		"extents of the wrong": func(a *lower.Args) { a.Arrays[1].Extents = []int64{99} },
	} {
		t.Run(name, func(t *testing.T) {
			p := mustProblem(t, r, kernel, map[string]int64{"N": 100}, false)
			args := &lower.Args{Dims: p.dims, Scalars: p.scalars, Threads: 1}
			var blocks []*block
			for i := range p.arrays {
				b := newBlock(&p.arrays[i], contiguous)
				blocks = append(blocks, b)
				args.Arrays = append(args.Arrays, b.array)
			}
			spoil(args)
			if err := exe.Run(context.Background(), args); err == nil {
				t.Error("no error")
			}
			for i, b := range blocks {
				b.array = newBlock(&p.arrays[i], contiguous).array // where the elements were
				if err := b.untouched(); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// concurrent runs one executable from many goroutines, each with its own arguments.
func (k *kit) concurrent(t *testing.T) {
	all, err := examples()
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range all {
		if e.kernel.Name != "softmax" && e.kernel.Name != "founding" {
			continue
		}
		exe := k.compile(t, e.kernel)
		if exe == nil {
			continue
		}
		var wg sync.WaitGroup
		for g := range 64 {
			wg.Go(func() {
				r := rand.New(rand.NewPCG(9, uint64(g)))
				p, err := newProblem(r, e.kernel, e.dims[g%2], false)
				if err != nil {
					t.Error(err)
					return
				}
				want := p.want()
				for range 3 {
					got, err := p.got(context.Background(), exe, 1+g%3, p.same(contiguous))
					if err == nil {
						err = p.differ(want, got)
					}
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
	}
}

// cancel stops long runs: they return soon, with the context's error, and leave no
// goroutine behind. Soon is a quarter of what the run would take, which a run of some of
// it tells, for targets and machines differ a thousandfold; the best of some tries counts,
// for other work of the machine may come between. A target that ends within leastSoon
// anyway is soon.
func (k *kit) cancel(t *testing.T) {
	const n, some, soon, tries = 4 << 20, 64, 4, 5
	const leastSoon = 50 * time.Millisecond
	x := make([]float64, n)
	for _, text := range []string{
		scale,
		"kernel total; dim N; scalar s f64; in x f64[N]; out y f64[]; axis i<N;  y = sum.lanes[i](exp(exp(x[i])*s))",
		"kernel running; dim N; scalar s f64; in x f64[N]; out y f64[N]; axis i<N;  y[i] = sum.scan[i](exp(exp(x[i])*s))",
	} {
		kernel, exe := k.kernel(t, text)
		if exe == nil {
			continue
		}
		run := func(ctx context.Context, n int64) (time.Duration, error) {
			a := &lower.Args{Dims: []int64{n}, Scalars: []uint64{ir.Float(ir.Float64, 0.5)}, Threads: 2}
			for _, o := range kernel.Operands {
				extents := []int64{n}[:len(o.Shape)]
				a.Arrays = append(a.Arrays, lower.Array{DType: ir.Float64, Buf: lower.HostOf(x), Strides: lower.Contiguous(extents), Extents: extents})
			}
			start := time.Now()
			err := exe.Run(ctx, a)
			return time.Since(start), err
		}
		before := runtime.NumGoroutine()
		gone, cancel := context.WithCancel(context.Background())
		cancel()
		if _, err := run(gone, n); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: a run that is cancelled before it starts: %v", kernel.Name, err)
		}
		part := time.Duration(1 << 62)
		for range 2 { // the first may compile
			took, err := run(context.Background(), n/some)
			if err != nil {
				t.Errorf("%s: %v", kernel.Name, err)
			}
			part = min(part, took)
		}
		limit := max(part*some/soon, leastSoon)
		least := time.Duration(1 << 62)
		for try := 0; try < tries && least > limit; try++ {
			ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
			took, err := run(ctx, n)
			cancel()
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%s: cancelled after a millisecond, of %v: %v", kernel.Name, took, err)
			}
			least = min(least, took)
		}
		t.Logf("%s: stopped after %v, at most %v, of %v", kernel.Name, least, limit, part*some)
		if least > limit {
			t.Errorf("%s: returned %v after it was to stop, of about %v", kernel.Name, least, part*some)
		}
		for range 100 { // goroutines need a moment to end
			if runtime.NumGoroutine() <= before {
				break
			}
			time.Sleep(time.Millisecond)
		}
		if n := runtime.NumGoroutine(); n > before {
			t.Errorf("%s: %d goroutines are left", kernel.Name, n-before)
		}
	}
}

// inPlace runs kernels with an output that is the memory of an operand, which is read
// only at the position that is stored: that is how buffers are donated.
func (k *kit) inPlace(t *testing.T) {
	for _, text := range []string{
		"kernel one; dim M N; in x f64[M,N], c f64[N]; out y f64[M,N]; axis i<M, j<N;  y[i,j] = exp(x[i,j])*c[j] - x[i,j]",
		"kernel two; dim M N; in x f64[M,N], c f64[N]; out y f64[M,N], z f64[M,N]; axis i<M, j<N;  y[i,j], z[i,j] = exp(x[i,j])*c[j], x[i,j]",
		"kernel guarded; dim M N; in x f64[M,N], c f64[N]; out y f64[M,N]; axis i<M, j<N;  y[i,j] = pick(within(j-3, N-7), x[i,j], c[j]) + x[i,j]",
		"kernel chosen; dim M N; in x f64[M,N], c f64[N]; out y f64[M,N]; axis i<M, j<N;  y[i,j] = where(c[j] < x[i,j], 0.0, x[i,j])",
	} {
		kernel, exe := k.kernel(t, text)
		if exe == nil {
			continue
		}
		for _, dims := range []map[string]int64{{"M": 5, "N": 700}, {"M": 700, "N": 9}, {"M": 300, "N": 300}} {
			p := mustProblem(t, rand.New(rand.NewPCG(10, 10)), kernel, dims, false)
			want := p.want()
			args := &lower.Args{Dims: p.dims, Threads: 2}
			var blocks []*block
			for i := range p.arrays {
				b := newBlock(&p.arrays[i], contiguous)
				if i == 2 {
					b = blocks[0]
				}
				blocks = append(blocks, b)
				args.Arrays = append(args.Arrays, b.array)
			}
			got := result{err: exe.Run(context.Background(), args)}
			for i, a := range p.arrays {
				got.elems = append(got.elems, nil)
				if a.role != ir.In {
					got.elems[i] = blocks[i].elems()
				}
			}
			if err := p.differ(want, got); err != nil {
				t.Errorf("%v: %v\n%s\n%s", dims, err, kernel, exe)
			}
		}
	}
}
