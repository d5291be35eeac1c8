package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	np "github.com/numen-go/numen/expr"
)

// target runs problems as Numen's programs on one target.
type target struct {
	on      string
	threads int
	about   map[string]string
}

// evaluator is the target that judges the others and competes with nobody: one call has
// to do.
const evaluator = "ref"

func (t *target) name() string                { return t.on }
func (t *target) reuses() bool                { return t.on != evaluator }
func (t *target) versions() map[string]string { return t.about }

// The first call is made on new engines, a few times where it is short.
const (
	coldCalls = 9
	coldTime  = 200 * time.Millisecond
)

func (t *target) start(ctx context.Context, p *problem, in []array, reuse bool) (*runner, error) {
	x := make([]np.Array, len(in))
	for i, a := range in {
		x[i] = a.numen()
	}
	if p.repeat != nil {
		return t.building(p, x)
	}
	engine, cold, first, err := t.first(ctx, p, x)
	if err != nil {
		return nil, err
	}
	var r *runner
	switch {
	case t.on == evaluator:
		r, err = inProcess(func() (array, error) { return first, nil }, func() { engine.Close() })
		r.once = true
	case p.resized:
		r, err = t.sized(ctx, p, x, engine)
	case reuse:
		r, err = t.bound(ctx, p, x, engine)
	default:
		r, err = inProcess(func() (array, error) { return values(ctx, p.build(x), np.Use(engine)) }, func() { engine.Close() })
	}
	if err != nil {
		engine.Close()
		return nil, err
	}
	r.cold, r.held = cold, t.held(p, x)
	return r, nil
}

// held returns how many bytes a run holds beyond its inputs, as the explanation of the
// program says; 0 where it says nothing.
func (t *target) held(p *problem, x []np.Array) int {
	prog := np.Compile(p.build, np.On(t.on))
	defer prog.Close()
	text, err := prog.Explain(x)
	if err != nil {
		return 0 // whatever is wrong shows when the program runs
	}
	var n int
	for line := range strings.Lines(text.String()) {
		if _, err := fmt.Sscanf(line, "a run holds %d bytes", &n); err == nil {
			return n
		}
	}
	return 0
}

// first makes a problem's first call, which compiles, and returns the engine that has the
// program now, the time, and the result.
func (t *target) first(ctx context.Context, p *problem, x []np.Array) (engine *np.Engine, cold time.Duration, result array, err error) {
	var colds []float64
	for spent := time.Duration(0); len(colds) == 0 || spent < coldTime && len(colds) < coldCalls; {
		if engine != nil {
			engine.Close()
		}
		engine = np.NewEngine(np.On(t.on), np.Threads(t.threads))
		took, err := timed(1, func() (err error) {
			result, err = values(ctx, p.build(x), np.Use(engine))
			return err
		})
		if err != nil {
			engine.Close()
			return nil, 0, result, err
		}
		spent += took
		colds = append(colds, float64(took))
	}
	return engine, time.Duration(quantile(colds, 0.5)), result, nil
}

// bound runs a program with memory of its own.
func (t *target) bound(ctx context.Context, p *problem, x []np.Array, engine *np.Engine) (*runner, error) {
	d, shape, err := p.result()
	if err != nil {
		return nil, err
	}
	prog := np.Compile(p.build, np.Use(engine))
	b, err := prog.Bind(ctx, x)
	if err != nil {
		return nil, err
	}
	out := array{shape: shape}
	switch d {
	case np.Float64:
		out.data, err = np.OutputSlot[float64](b, "")
	case np.Float32:
		out.data, err = np.OutputSlot[float32](b, "")
	case np.Bool:
		out.data, err = np.OutputSlot[bool](b, "")
	default:
		err = uncompared(d)
	}
	if err != nil {
		b.Close()
		return nil, err
	}
	return reusing(out, func() error { return b.Run(ctx) }, func() {
		b.Close()
		prog.Close()
		engine.Close()
	})
}

// sized calls a program with another size each time.
func (t *target) sized(ctx context.Context, p *problem, x []np.Array, engine *np.Engine) (*runner, error) {
	prog := np.Compile(p.build, np.Use(engine))
	sizes := cycle{whole: x[0].Size()}
	part := make([]np.Array, len(x))
	return inProcess(func() (array, error) {
		n := sizes.size()
		for i := range x {
			whole, err := np.AliasValues[float64](x[i])
			if err != nil {
				return array{}, err
			}
			part[i] = np.AliasSlice(whole[:n])
		}
		y, err := prog.Call(ctx, part)
		if err != nil {
			return array{}, err
		}
		v, err := np.AliasValues[float64](y)
		return array{[]int{n}, v}, err
	}, func() {
		prog.Close()
		engine.Close()
	})
}

// levelOf returns the level of code that a target makes, as its explanation of a program
// says; empty where it says none.
func levelOf(on string) string {
	p := np.Compile(func(x np.Array) np.Array { return np.Negative(x) }, np.On(on))
	defer p.Close()
	text, err := p.Explain(np.Spec(np.Float64, 8))
	if err != nil {
		return "" // whatever is wrong shows when the target runs
	}
	for line := range strings.Lines(text.String()) {
		if level, ok := strings.CutPrefix(line, "level "); ok {
			return strings.TrimSpace(level)
		}
	}
	return ""
}

// building times the making of graphs, which has no result.
func (t *target) building(p *problem, x []np.Array) (*runner, error) {
	if t.on == evaluator {
		return nil, skipped("graphs are built alike for all targets")
	}
	r := &runner{close: func() {}}
	r.call = func(n int) (time.Duration, error) {
		return timed(n, func() error { p.repeat(x); return nil })
	}
	return r, r.begin()
}

// values evaluates a and returns its elements in memory that nobody else will use.
func values(ctx context.Context, a np.Array, opts ...np.EvalOption) (array, error) {
	if err := a.Err(); err != nil {
		return array{}, err
	}
	out := array{shape: a.Shape()}
	var err error
	switch d := a.DType(); d {
	case np.Float64:
		out.data, err = np.Values[float64](ctx, a, opts...)
	case np.Float32:
		out.data, err = np.Values[float32](ctx, a, opts...)
	case np.Bool:
		out.data, err = np.Values[bool](ctx, a, opts...)
	default:
		err = uncompared(d)
	}
	return out, err
}

func uncompared(d np.DType) error { return fmt.Errorf("results of %s are not compared", d) }
