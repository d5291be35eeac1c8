package main

import (
	"context"
	"fmt"
	"time"
)

// A contender runs problems: a target of Numen, plain Go loops, gonum, a Python package.
type contender interface {
	name() string
	// reuses tells whether it can write one result over and over. All can make a new
	// result with each call.
	reuses() bool
	// start readies a problem for calls on inputs and makes the first one. A skipped error
	// says that this contender has no form of the problem.
	start(ctx context.Context, p *problem, in []array, reuse bool) (*runner, error)
	// versions tells what is measured, for the record.
	versions() map[string]string
}

// runner is a problem that a contender is ready to run.
type runner struct {
	cold   time.Duration                      // the first call, with whatever is compiled for it
	warm   time.Duration                      // the call after it
	call   func(n int) (time.Duration, error) // n calls, and how long they took
	at     func(i []int) ([]float64, error)   // elements of the last call's result; nil: it has none
	whole  func() array                       // the result itself; nil when it is not in this process
	once   bool                               // the first call was the measurement
	held   int                                // bytes that a call holds beyond its inputs; 0: not known
	remote bool                               // calls run in another process
	drop   func() error                       // holds on to results no longer; nil: it has none
	close  func()
}

// forget lets go of the result, and of those to come: there is nothing at or whole after it.
func (r *runner) forget() error {
	if r.drop == nil {
		return nil
	}
	return r.drop()
}

// skipped says why a contender does not run a problem.
type skipped string

func (s skipped) Error() string { return string(s) }

// timed returns how long n calls of f take.
func timed(n int, f func() error) (time.Duration, error) {
	start := time.Now()
	for range n {
		if err := f(); err != nil {
			return 0, err
		}
	}
	return time.Since(start), nil
}

// inProcess returns a runner of f, which returns its result. The first calls are made here.
func inProcess(f func() (array, error), closeAll func()) (*runner, error) {
	var last array
	dropped := false
	r := &runner{whole: func() array { return last }, close: closeAll}
	r.call = func(n int) (time.Duration, error) {
		took, err := timed(n, func() (err error) {
			last, err = f()
			return err
		})
		if dropped {
			last = array{}
		}
		return took, err
	}
	r.drop = func() error {
		last, dropped = array{}, true
		return nil
	}
	r.at = func(at []int) ([]float64, error) {
		out := make([]float64, len(at))
		for i, k := range at {
			if k >= elements(last.shape) {
				return nil, fmt.Errorf("the result has shape %s", dims(last.shape))
			}
			out[i] = last.at(k)
		}
		return out, nil
	}
	return r, r.begin()
}

// reusing returns a runner of f, which leaves its result in out at each call: f is timed alone.
func reusing(out array, f func() error, closeAll func()) (*runner, error) {
	r, err := inProcess(func() (array, error) { return out, f() }, closeAll)
	if err == nil {
		r.call = func(n int) (time.Duration, error) { return timed(n, f) }
	}
	return r, err
}

// begin makes the first call and, unless it took long, a second one, which tells how many
// calls make a sample.
func (r *runner) begin() (err error) {
	if r.cold, err = r.call(1); err != nil {
		return err
	}
	if r.warm = r.cold; r.cold < time.Second {
		r.warm, err = r.call(1)
	}
	return err
}

// cycle gives the calls of a resized problem their sizes: from half of the whole on, all
// different for as long as possible.
type cycle struct{ whole, next int }

func (c *cycle) size() int {
	n := c.whole/2 + c.next%(c.whole/2)
	c.next++
	return n
}

// loops runs problems as code of this process: plain Go, or gonum.
type loops struct {
	who   string
	pick  func(p *problem) func(in []array, out array)
	about map[string]string
}

func (l *loops) name() string                { return l.who }
func (l *loops) reuses() bool                { return true }
func (l *loops) versions() map[string]string { return l.about }

func (l *loops) start(_ context.Context, p *problem, in []array, reuse bool) (*runner, error) {
	f := l.pick(p)
	if f == nil || p.without == l.who {
		return nil, skipped("has no form of this")
	}
	d, shape, err := p.result()
	if err != nil {
		return nil, err
	}
	if reuse && !p.resized {
		out, err := newArray(d, shape)
		if err != nil {
			return nil, err
		}
		return reusing(out, func() error { f(in, out); return nil }, func() {})
	}
	sizes := cycle{whole: elements(shape)}
	return inProcess(func() (array, error) {
		x, shape := in, shape
		if p.resized {
			n := sizes.size()
			x, shape = make([]array, len(in)), []int{n}
			for i := range in {
				x[i] = in[i].head(n)
			}
		}
		out, err := newArray(d, shape)
		if err == nil {
			f(x, out)
		}
		return out, err
	}, func() {})
}
