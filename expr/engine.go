package np

import (
	"context"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
	rt "github.com/numen-go/numen/runtime"
)

// EvalOption sets how programs run: Use, On, Threads, Memory, Watch. There is no
// precision option: results are the same bits on every target by contract.
type EvalOption interface{ eval(*evalConfig) }

type evalConfig struct {
	engine *Engine
	run    rt.Config
}

type evalOption func(*evalConfig)

func (f evalOption) eval(c *evalConfig) { f(c) }

func configOf(opts []EvalOption) evalConfig {
	var c evalConfig
	for _, o := range opts {
		if o != nil {
			o.eval(&c)
		}
	}
	return c
}

// On names the targets to try, in order; what none takes is refused, never run
// elsewhere. A target is there when its package is linked in; cpu and ref always are.
func On(targets ...string) EvalOption {
	return evalOption(func(c *evalConfig) { c.run.Targets = targets })
}

// Threads limits the workers of one evaluation. The default is GOMAXPROCS at the time.
func Threads(n int) EvalOption { return evalOption(func(c *evalConfig) { c.run.Threads = n }) }

// Memory bounds the bytes that an evaluation holds beyond its inputs. That the bound
// suffices is known before the run, else it is ErrMemory.
func Memory(bytes int64) EvalOption {
	return evalOption(func(c *evalConfig) { c.run.Memory = bytes })
}

// Watch gets progress of long runs, at most ten times a second.
func Watch(f func(Progress)) EvalOption {
	return evalOption(func(c *evalConfig) {
		c.run.Watch = nil
		if f != nil {
			c.run.Watch = func(p rt.Progress) { f(Progress(p)) }
		}
	})
}

// Use picks an Engine other than the default.
func Use(e *Engine) EvalOption { return evalOption(func(c *evalConfig) { c.engine = e }) }

// Progress of a run.
type Progress struct {
	Done, Total  int64  // bytes of output
	Task         string // what runs
	Memory, Peak int64  // bytes held now, and at most so far
}

// Engine owns a compile cache and a pool of memory. The zero-configuration default
// serves most programs; a server that isolates tenants, and a test that counts leaks,
// make their own. It is safe for many goroutines.
type Engine struct{ rt *rt.Engine }

// NewEngine returns an engine that runs programs with these options unless an
// evaluation has its own.
func NewEngine(opts ...EvalOption) *Engine {
	c := configOf(opts)
	return &Engine{rt.New(c.run)}
}

// Close frees compiled code and idle memory. Arrays that the engine made stay good;
// evaluating with it is ErrClosed.
func (e *Engine) Close() error {
	if e == nil || e.rt == nil {
		return nil
	}
	return e.rt.Close()
}

// runner returns the engine that a configuration names.
func (c *evalConfig) runner() *rt.Engine {
	if c.engine != nil && c.engine.rt != nil {
		return c.engine.rt
	}
	return rt.Default()
}

// evaluate computes nodes in one program. Concrete nodes are results already, and a
// node that is asked for twice is computed once.
func (c *call) evaluate(ctx context.Context, nodes []*ir.Node, cfg evalConfig) ([]*ir.Node, *Error) {
	out := make([]*ir.Node, len(nodes))
	var lazy []*ir.Node
	var few [4]int
	at := few[:0] // of each lazy node, where it is in nodes
	for i, n := range nodes {
		switch {
		case isFailed(n):
			return nil, n.Data.(*Error)
		case values(n) != nil:
			if closed(values(n)) {
				return nil, c.error(ErrClosed, "the array was closed")
			}
			out[i] = n
		default:
			lazy, at = append(lazy, n), append(at, i)
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, c.stopped(err)
	}
	if lazy == nil {
		return out, nil
	}
	distinct, place := lazy, map[*ir.Node]int(nil)
	if len(lazy) > 1 {
		distinct, place = nil, map[*ir.Node]int{}
		for _, n := range lazy {
			if _, seen := place[n]; !seen {
				place[n] = len(distinct)
				distinct = append(distinct, n)
			}
		}
	}
	if ch := cfg.run.Chunks; ch != nil && ch.Sinks != nil { // they are by Array of the tree
		own := *ch
		own.Sinks = make([]lower.Sink, len(distinct))
		for i, n := range lazy {
			if at[i] < len(ch.Sinks) && own.Sinks[place[n]] == nil {
				own.Sinks[place[n]] = ch.Sinks[at[i]]
			}
		}
		cfg.run.Chunks = &own
	}
	arrays, err := cfg.runner().Eval(ctx, distinct, &cfg.run)
	if err != nil {
		return nil, c.runError(ctx, err, lazy)
	}
	made := make([]*ir.Node, len(arrays))
	for i, a := range arrays {
		made[i] = concrete(a, c.site)
	}
	for i, n := range lazy {
		out[at[i]] = made[place[n]]
	}
	return out, nil
}

// stopped is the error of a run that its context ended.
func (c *call) stopped(err error) *Error { return c.error(err, "stopped: %v", err) }

// runError turns an error of the engine into one that names the user's line: that of
// the call which the error is about, where it is about one.
func (c *call) runError(ctx context.Context, err error, roots []*ir.Node) *Error {
	if cause := ctx.Err(); cause != nil {
		return c.stopped(cause)
	}
	for _, n := range (&ir.Graph{Results: roots}).Nodes() {
		if n.Op != ir.OpParam {
			continue
		}
		if v := values(n); v == nil {
			return c.error(ErrTracing, "a Spec, or a value inside Compile, is not known: return it instead")
		} else if closed(v) {
			return c.error(ErrClosed, "an array that this needs was closed")
		}
	}
	e := c.error(classOf(err), "%v", err)
	if at, ok := asType[*rt.RunError](err); ok {
		if at.Site != nil {
			e.File, e.Line = at.Site.Position()
		}
		if f, ok := asType[*lower.Fault](err); ok {
			e.Err, e.Detail = ErrIndex, f.Error()
		}
	}
	return e
}
