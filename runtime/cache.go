package rt

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"

	"golang.org/x/sync/singleflight"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
	"github.com/numen-go/numen/passes"
)

// program is a compiled graph: the host's steps and the code of each launch.
type program struct {
	ir       *ir.Program
	launches []launched
	log      []passes.Record
	held     bool    // targets hold some of its values
	declined []error // what targets refused on the way
}

// launched is one launch's code.
type launched struct {
	kernel *ir.Kernel
	target string
	code   lower.Executable
}

// cache holds compiled programs by structure and compiled kernels by target and kernel,
// so that two programs share the code of equal kernels. What two goroutines ask for at
// once is compiled once. What was not asked for in a long time is forgotten; its code is
// freed when nothing runs it any more.
type cache struct {
	programs generations[*program]
	kernels  generations[lower.Executable]
	flight   singleflight.Group
}

// keptPrograms and keptKernels are how many an engine keeps, at most twice as many: of a
// service that makes ever new ones.
const (
	keptPrograms = 1024
	keptKernels  = 4096
)

type counters struct{ programs, kernels, hits atomic.Int64 }

// Counts tells how many programs and kernels an engine compiled, and how often it found
// a program compiled.
type Counts struct{ Programs, Kernels, Hits int64 }

// Counts returns the engine's counters.
func (e *Engine) Counts() Counts {
	return Counts{e.count.programs.Load(), e.count.kernels.Load(), e.count.hits.Load()}
}

// program returns the compiled form of a structure: one that serves every size where
// the structure's sizes can be symbols, else one for the sizes at hand.
func (e *Engine) program(ctx context.Context, s *structure, c *Config) (*program, error) {
	key := strings.Join(c.Targets, ",") + "\x00" + string(s.key)
	p, err := e.programFor(ctx, key, s, c, true)
	if errors.Is(err, errExact) {
		for _, n := range s.sizes {
			key += "," + strconv.FormatInt(n, 10)
		}
		p, err = e.programFor(ctx, key, s, c, false)
	}
	return p, err
}

func (e *Engine) programFor(ctx context.Context, key string, s *structure, c *Config, symbols bool) (*program, error) {
	if p, ok := e.cache.programs.get(key); ok {
		e.count.hits.Add(1)
		return p, nil
	}
	p, err, _ := e.cache.flight.Do(key, func() (any, error) {
		if p, ok := e.cache.programs.get(key); ok {
			return p, nil
		}
		p, err := e.compileOn(ctx, s, c, symbols, passes.Options{Verify: debug.verify})
		if err != nil {
			return nil, err
		}
		e.count.programs.Add(1)
		p, _ = e.cache.programs.put(key, p)
		return p, nil
	})
	if err != nil {
		if ctx.Err() == nil && errors.Is(err, context.Canceled) {
			return e.programFor(ctx, key, s, c, symbols) // another caller's context ended, not ours
		}
		return nil, err
	}
	return p.(*program), nil
}

// compileOn compiles for the targets of a run. A program that is sent to a target with
// arrays of its own goes to the next one when that declines a kernel of it: its kernels
// have no other home.
func (e *Engine) compileOn(ctx context.Context, s *structure, c *Config, symbols bool, o passes.Options) (*program, error) {
	p, err := e.compile(ctx, s, c, symbols, o)
	if !errors.Is(err, ErrDeclined) || len(c.Targets) < 2 {
		return p, err
	}
	t, unknown := e.target(c.Targets[0])
	if h, ok := t.(lower.Holder); unknown != nil || !ok || h.Home() == nil {
		return nil, err
	}
	next := *c
	next.Targets = c.Targets[1:]
	p, other := e.compileOn(ctx, s, &next, symbols, o)
	if errors.Is(other, ErrDeclined) {
		return nil, errors.Join(err, other)
	}
	if other == nil {
		p.declined = append([]error{err}, p.declined...)
	}
	return p, other
}

// compile runs the passes and places every kernel on a target.
func (e *Engine) compile(ctx context.Context, s *structure, c *Config, symbols bool, o passes.Options) (*program, error) {
	targets := make([]lower.Target, len(c.Targets))
	caps := make([]*ir.Caps, len(targets))
	for i, name := range c.Targets {
		t, err := e.target(name)
		if err != nil {
			return nil, err
		}
		targets[i], caps[i] = t, t.Caps()
	}
	g, err := s.graph(symbols)
	if err != nil {
		return nil, err
	}
	caps, home, err := e.holding(s, targets, caps)
	if err != nil {
		return nil, err
	}
	u := &passes.Unit{Graph: g, Caps: caps, Home: home, Sizes: s.sizeOf}
	log, err := passes.Run(u, o)
	if symbols && errors.Is(err, passes.ErrRunFill) {
		return nil, errExact // of the sizes at hand it may be known
	}
	if err != nil {
		var call *RunError
		if errors.As(err, &call) {
			if err = call.Err; errors.Is(err, passes.ErrFormat) {
				err = fmt.Errorf("%w: %w", ErrDeclined, err)
			}
			return nil, &RunError{Op: call.Op, Site: s.site(call.Site), Err: err}
		}
		return nil, err
	}
	p := &program{ir: u.Program, log: log, held: onHolders(u.Program)}
	if err := e.place(ctx, p, targets, s); err != nil {
		return nil, err
	}
	return p, nil
}

// place compiles every launch on the first target that takes it. A declined kernel is
// cut at a local next to the statement named and tried again, then handed to the next
// target; what nobody takes is refused with everybody's reasons.
func (e *Engine) place(ctx context.Context, p *program, targets []lower.Target, s *structure) error {
	var steps []ir.ProgramStep
	queue := slices.Clone(p.ir.Steps)
	for len(queue) > 0 {
		st := queue[0]
		queue = queue[1:]
		if st.Kind != ir.StepLaunch {
			if !slices.Contains([]ir.StepKind{ir.StepAlloc, ir.StepView, ir.StepConvert, ir.StepFree}, st.Kind) {
				return fmt.Errorf("rt: program step %d has no execution on the host yet", st.Kind)
			}
			steps = append(steps, st)
			continue
		}
		takers, err := e.candidates(p.ir, st.Launch, targets)
		if err != nil {
			return err
		}
		code, name, refusals, err := e.kernel(ctx, st.Launch.Kernel, takers)
		if err != nil {
			return err
		}
		p.declined = append(p.declined, refusals...)
		if code == nil {
			cut, err := passes.Split(p.ir, st, named(refusals))
			if err != nil {
				return &RunError{Op: st.Launch.Kernel.Name, Site: firstSite(st, s), Err: fmt.Errorf("%w: %w", ErrDeclined, errors.Join(refusals...))}
			}
			queue = append(cut, queue...)
			continue
		}
		st.Launch.Target = name
		steps = append(steps, st)
		p.launches = append(p.launches, launched{st.Launch.Kernel, name, code})
	}
	p.ir.Steps = steps
	return nil
}

// named returns the first statement that a refusal is about, 0 when none names one.
func named(refusals []error) int {
	for _, r := range refusals {
		var d *lower.Declined
		if errors.As(r, &d) && d.Stmt > 0 {
			return d.Stmt
		}
	}
	return 0
}

func firstSite(st ir.ProgramStep, s *structure) *ir.Site {
	if len(st.Sites) == 0 {
		return nil
	}
	return s.site(st.Sites[0])
}

// kernel returns code for k from the first target that takes it, with the refusals of
// those that do not; nil code when none does.
func (e *Engine) kernel(ctx context.Context, k *ir.Kernel, targets []lower.Target) (lower.Executable, string, []error, error) {
	var refusals []error
	structural := k.Key()
	for _, t := range targets {
		key := t.Name() + "\x00" + structural
		if code, ok := e.cache.kernels.get(key); ok {
			return code, t.Name(), refusals, nil
		}
		code, err := t.Compile(ctx, k)
		var d *lower.Declined
		if errors.As(err, &d) {
			refusals = append(refusals, err)
			continue
		}
		if err != nil {
			return nil, "", nil, err
		}
		e.count.kernels.Add(1)
		kept, added := e.cache.kernels.put(key, code)
		if !added {
			code.Close()
		}
		return kept, t.Name(), refusals, nil
	}
	return nil, "", refusals, nil
}

// close frees compiled code.
func (c *cache) close() error {
	var first error
	c.kernels.drop(func(k lower.Executable) {
		if err := k.Close(); first == nil {
			first = err
		}
	})
	c.programs.drop(func(*program) {})
	return first
}
