package rt

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
)

// Config says how programs run. The zero value of a field means the default.
type Config struct {
	Targets []string        // tried in order; what none takes is refused. Default: cpu
	Threads int             // workers of one run. Default: GOMAXPROCS at the time of the run
	Memory  int64           // bytes that a run may hold beyond its inputs, checked before it starts. 0: no bound
	Watch   func(Progress)  // progress of long runs, at most ten times a second
	Chunks  *lower.Chunking // what is asked of arrays in chunks; its sinks are by result
}

// Progress of a run.
type Progress struct {
	Done, Total  int64  // bytes written by kernels
	Task         string // the kernel that runs
	Memory, Peak int64  // bytes held now, and at most so far
}

// defaultTargets is what runs a program when nobody asked for anything: never ref.
var defaultTargets = []string{"cpu"}

// over returns c with the fields that d sets replaced.
func (c Config) over(d *Config) Config {
	if d == nil {
		return c
	}
	if d.Targets != nil {
		c.Targets = d.Targets
	}
	if d.Threads != 0 {
		c.Threads = d.Threads
	}
	if d.Memory != 0 {
		c.Memory = d.Memory
	}
	if d.Watch != nil {
		c.Watch = d.Watch
	}
	if d.Chunks != nil {
		c.Chunks = d.Chunks
	}
	return c
}

func (c *Config) threads() int {
	if c.Threads > 0 {
		return c.Threads
	}
	return runtime.GOMAXPROCS(0)
}

// Engine owns a compile cache, a buffer pool and the targets it opened. It is safe for
// many goroutines; making one starts nothing.
type Engine struct {
	config Config
	pool   *pool
	cache  cache
	count  counters

	mu      sync.Mutex
	targets map[string]lower.Target
	frames  int // bound to memory and not released: their code is in use
	closed  atomic.Bool
}

// New returns an engine with the given defaults.
func New(c Config) *Engine {
	if c.Targets == nil {
		c.Targets = defaultTargets
	}
	e := &Engine{config: c, pool: newPool(), targets: map[string]lower.Target{}}
	e.cache.programs.limit, e.cache.kernels.limit = keptPrograms, keptKernels
	return e
}

var defaultEngine = sync.OnceValue(func() *Engine { return New(Config{}) })

// Default returns the engine that programs use when they name none.
func Default() *Engine { return defaultEngine() }

// target returns the named target, opening it on first use.
func (e *Engine) target(name string) (lower.Target, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed.Load() {
		return nil, errEngineClosed
	}
	if t := e.targets[name]; t != nil {
		return t, nil
	}
	t, err := lower.Open(name)
	if err != nil {
		return nil, err
	}
	e.targets[name] = t
	return t, nil
}

var errEngineClosed = fmt.Errorf("rt: the engine is %w", ErrClosed)

// enter counts a frame, which leave takes back.
func (e *Engine) enter() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed.Load() {
		return errEngineClosed
	}
	e.frames++
	return nil
}

func (e *Engine) leave() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.frames--; e.frames == 0 && e.closed.Load() {
		e.free()
	}
}

// Close frees compiled code, idle memory and targets, at once or when the runs that are
// going on have ended and bound programs are closed. What begins later is refused, runs
// of bound programs too. Arrays that the engine made stay good.
func (e *Engine) Close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed.Swap(true) || e.frames > 0 {
		return nil
	}
	return e.free()
}

// free gives everything back.
func (e *Engine) free() error {
	err := e.cache.close()
	for _, t := range e.targets {
		if cerr := t.Close(); err == nil {
			err = cerr
		}
	}
	e.pool.drop()
	return err
}

// Alloc returns a contiguous array whose contents are undefined.
func (e *Engine) Alloc(d ir.DType, extents []int64) (*lower.Array, error) {
	return e.pool.alloc(d, extents, true)
}

// Memory returns the bytes of arrays in use and the most there ever were.
func (e *Engine) Memory() (inUse, peak int64) {
	e.pool.mu.Lock()
	defer e.pool.mu.Unlock()
	return e.pool.inUse, e.pool.peak
}

// Eval computes results in one program and returns them as contiguous arrays on the
// host, in order.
func (e *Engine) Eval(ctx context.Context, results []*ir.Node, c *Config) ([]*lower.Array, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	cfg := e.config.over(c)
	s, err := readStructure(results)
	if err != nil {
		return nil, err
	}
	p, err := e.program(ctx, s, &cfg)
	if err != nil {
		return nil, err
	}
	in, err := s.arrays(func(*ir.Node) *lower.Array { return nil })
	if err != nil {
		return nil, err
	}
	if err := checkAliased(in); err != nil {
		return nil, err
	}
	f, err := e.bind(p, s, &cfg, in, false)
	if err != nil {
		return nil, err
	}
	err = f.run(ctx)
	if err == nil {
		err = checkAliased(in)
	}
	if err != nil {
		f.release(false)
		return nil, err
	}
	out := f.results()
	f.release(true)
	return out, nil
}

// Prepare compiles the program of results, so that the first Eval or Bind of them finds
// it. Parameters need no arrays.
func (e *Engine) Prepare(ctx context.Context, results []*ir.Node, c *Config) error {
	cfg := e.config.over(c)
	s, err := readStructure(results)
	if err != nil {
		return err
	}
	_, err = e.program(ctx, s, &cfg)
	return err
}

// Bind fixes the sizes of a program of params (nodes of op param, whose arrays the
// caller writes before each run) and allocates all that its runs need, but for what
// targets hold. Other parameters have arrays as in Eval. Slots are dense memory: params
// and results that a target holds have none.
func (e *Engine) Bind(ctx context.Context, params, results []*ir.Node, c *Config) (*Bound, error) {
	cfg := e.config.over(c)
	s, err := readStructure(results)
	if err != nil {
		return nil, err
	}
	p, err := e.program(ctx, s, &cfg)
	if err != nil {
		return nil, err
	}
	if err := slotted(p, params); err != nil {
		return nil, err
	}
	in := make([]*lower.Array, len(params))
	for i, n := range params {
		extents, err := numbers(n.Type.Shape)
		if err != nil {
			return nil, err
		}
		if in[i], err = e.Alloc(n.Type.DType, extents); err != nil {
			return nil, err
		}
	}
	arrays, err := s.arrays(func(n *ir.Node) *lower.Array {
		if i := slices.Index(params, n); i >= 0 {
			return in[i]
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	f, err := e.bind(p, s, &cfg, arrays, true)
	if err != nil {
		return nil, err
	}
	b := &Bound{f: f, in: in, out: f.out, closed: &e.closed}
	if !p.held && cfg.Watch == nil {
		b.launches = f.bound
	}
	return b, nil
}

func numbers(shape []ir.Dim) ([]int64, error) {
	out := make([]int64, len(shape))
	for i, d := range shape {
		n, ok := d.Const()
		if !ok || n < 0 {
			return nil, ir.Errorf(ir.ErrShape, "extent %s is not known", d)
		}
		out[i] = n
	}
	return out, nil
}

// Bound is a program with its own memory. It is not safe for concurrent use.
type Bound struct {
	f        *frame
	closed   *atomic.Bool  // the engine
	launches []lower.Bound // all that a run does; nil: it does more
	in, out  []*lower.Array
}

// In returns the memory of parameter i, to be written before Run.
func (b *Bound) In(i int) *lower.Array { return b.in[i] }

// Out returns the memory of result i, which Run overwrites.
func (b *Bound) Out(i int) *lower.Array { return b.out[i] }

// Run computes the results from the parameters. It allocates nothing.
func (b *Bound) Run(ctx context.Context) error {
	if b.f == nil {
		return fmt.Errorf("rt: the program is %w", ErrClosed)
	}
	if b.closed.Load() {
		return errEngineClosed
	}
	if b.launches == nil {
		return b.f.run(ctx)
	}
	for i, l := range b.launches {
		if err := l.Run(ctx); err != nil {
			return b.f.fault(&b.f.prog.launches[i], err)
		}
	}
	return nil
}

// Close gives the memory back. Slots got from it must not be used afterwards.
func (b *Bound) Close() error {
	if b.f == nil {
		return nil
	}
	b.f.release(false)
	for _, a := range slices.Concat(b.in, b.out) {
		a.Buf.Close()
	}
	b.f = nil
	return nil
}
