package main

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"runtime"
	"time"

	np "github.com/numen-go/numen/expr"
)

const (
	minSamples, maxSamples = 5, 101

	// freshFrom is the size from which on results in new memory are a row of their own:
	// below, the allocator hides what they cost.
	freshFrom = 1 << 20

	// judgedWork is how much work the evaluator does unasked, some seconds' worth.
	judgedWork = 5_000_000

	// compared is how many elements of two results are compared.
	compared = 4096
)

// session is one run of the harness.
type session struct {
	contenders []contender
	threads    int
	budget     time.Duration // of samples, a row
	least      int           // samples of a row, unless calls are very long
	asked      bool          // for the evaluator, whatever it takes
}

// row is one line of a problem's table: a contender, with its result reused or fresh.
type row struct {
	measurement
	runner *runner
	target bool      // of Numen
	calls  int       // of one sample
	ns     []float64 // a sample's time, a call
	shares []float64 // the limit's time, sampled just before, over it
	failed error
}

// measure runs a problem on every contender that has a form of it.
func (s *session) measure(ctx context.Context, p *problem) ([]*row, error) {
	c, err := p.cost()
	if err != nil {
		return nil, err
	}
	in := make([]array, len(p.in))
	for i := range p.in {
		if in[i], err = p.in[i].array(); err != nil {
			return nil, err
		}
	}
	rows := s.start(ctx, p, c, in)
	defer func() {
		for _, r := range rows {
			if r.runner != nil {
				r.runner.close()
			}
		}
	}()
	if !p.resized && p.repeat == nil {
		compare(p, in, rows)
	}
	l, err := limitOf(c, p.in[0].dtype, s.threads)
	if err != nil {
		return nil, err
	}
	defer l.close()
	for _, r := range rows {
		r.try(r.calibrate)
	}
	// One sample of each row in turn, so that all meet the same moments of the machine.
	for more := true; more && ctx.Err() == nil; {
		more = false
		for _, r := range rows {
			if r.wants(s.budget, s.least) {
				r.try(func() error { return r.sample(l) })
				more = true
			}
		}
	}
	for _, r := range rows {
		r.finish(l)
	}
	return rows, ctx.Err()
}

// start readies the problem on every contender.
func (s *session) start(ctx context.Context, p *problem, c cost, in []array) []*row {
	var rows []*row
	for _, who := range s.contenders {
		if who.name() == evaluator && !s.asked && !p.judged && max(c.ops, c.bytes()/8) > judgedWork {
			continue
		}
		variants := []bool{false}
		if who.reuses() && !p.resized {
			variants = []bool{true}
			if c.out >= freshFrom || p.both {
				variants = []bool{true, false}
			}
		}
		for _, reuse := range variants {
			r, err := who.start(ctx, p, in, reuse)
			if no := skipped(""); errors.As(err, &no) {
				continue
			}
			_, isTarget := who.(*target)
			row := &row{runner: r, failed: err, target: isTarget, measurement: measurement{
				Problem: p.name, Size: p.size(), Who: who.name(), Fresh: !reuse, Threads: s.threads,
				Bytes: c.bytes(), Flops: c.ops, Versions: who.versions(),
			}}
			if err == nil {
				row.ColdNS, row.Held = float64(r.cold), r.held
			}
			rows = append(rows, row)
		}
	}
	return rows
}

// try runs a step of a row that has not failed.
func (r *row) try(step func() error) {
	if r.failed == nil {
		r.failed = step()
	}
}

// calibrate finds how many calls make a sample.
func (r *row) calibrate() error {
	if r.runner.once {
		r.ns = []float64{r.ColdNS}
		return nil
	}
	r.calls = 1
	for took := r.runner.warm; took < shortest; {
		r.calls = min(100*r.calls, 1+int(float64(r.calls)*1.2*float64(shortest)/float64(max(took, 1))))
		var err error
		if took, err = r.runner.call(r.calls); err != nil {
			return err
		}
	}
	return nil
}

// wants reports whether another sample is due: a few at least, unless calls are so long
// that these would take many times what was granted.
func (r *row) wants(budget time.Duration, least int) bool {
	if r.failed != nil || r.runner.once || len(r.ns) >= maxSamples {
		return false
	}
	spent := 0.0
	for _, ns := range r.ns {
		spent += ns * float64(r.calls)
	}
	return spent < float64(budget) || len(r.ns) < least && spent < 4*float64(budget)
}

// sample takes a sample of the limit and one of the row.
func (r *row) sample(l *limit) error {
	least := 0.0
	if l.kind != "" {
		least = l.time()
	}
	var before, after runtime.MemStats
	first := len(r.ns) == 0 && !r.runner.remote
	if first {
		runtime.ReadMemStats(&before)
	}
	took, err := r.runner.call(r.calls)
	if err != nil {
		return err
	}
	if first {
		runtime.ReadMemStats(&after)
		count := float64(after.Mallocs-before.Mallocs) / float64(r.calls)
		bytes := float64(after.TotalAlloc-before.TotalAlloc) / float64(r.calls)
		r.Allocs, r.AllocBytes = &count, &bytes
	}
	ns := float64(took) / float64(r.calls)
	r.ns = append(r.ns, ns)
	if least > 0 {
		r.shares = append(r.shares, least/ns)
	}
	return nil
}

// finish sums the samples up.
func (r *row) finish(l *limit) {
	if r.failed != nil {
		r.Error = r.failed.Error()
	}
	if len(r.ns) > 0 {
		r.summarise(r.ns)
	}
	if len(r.shares) > 0 {
		r.Limit, r.Share = l.kind, quantile(r.shares, 0.5)
	}
}

// compare holds the results of all rows against one: the evaluator's where it ran, whose
// bits the other targets must have, else those of plain Go.
func compare(p *problem, in []array, rows []*row) {
	base := baseOf(rows)
	if base == nil {
		return
	}
	want := base.runner.whole()
	n := elements(want.shape)
	at := make([]int, min(n, compared))
	for i := range at {
		at[i] = int(int64(n) * int64(i) / int64(len(at)))
	}
	exact := exactly(p, in, at)
	for _, r := range rows {
		r.try(func() error {
			got, err := r.runner.at(at)
			if err != nil {
				return err
			}
			d := difference(func(i int) float64 { return got[i] }, func(i int) float64 { return want.at(at[i]) }, len(at))
			if d > p.tolerance {
				return fmt.Errorf("WRONG: up to %.2g of the largest element from %s's result", d, base.Who)
			}
			if exact != nil {
				worst := 0.0
				for i, y := range got {
					worst = max(worst, ulps(y, exact[i], digitsOf(p)))
				}
				r.ULP = &worst
			}
			if r.runner.whole == nil {
				return nil
			}
			whole := r.runner.whole()
			if share, ok := distinct(whole); ok {
				r.Distinct = &share
			}
			if r.target && base.Who == evaluator && r != base {
				r.Bits = "same"
				if !sameBits(whole, want) {
					r.Bits = "differ"
					return fmt.Errorf("WRONG: not the evaluator's bits")
				}
			}
			return nil
		})
	}
}

// exactly returns the exact results at places, nil where errors are not measured.
func exactly(p *problem, in []array, at []int) []*big.Float {
	if p.exact == nil {
		return nil
	}
	out := make([]*big.Float, len(at))
	parallel(len(at), 64, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			out[i] = p.exact(real(in[0].at(at[i])), real(in[len(in)-1].at(at[i])))
		}
	})
	return out
}

// digitsOf returns the binary digits of a problem's numbers.
func digitsOf(p *problem) int {
	if p.in[0].dtype == np.Float32 {
		return 24
	}
	return 53
}

// baseOf returns the row that others are compared with, nil when there is none.
func baseOf(rows []*row) *row {
	var base *row
	for _, r := range rows {
		if r.failed != nil || r.runner.whole == nil {
			continue
		}
		if r.Who == evaluator {
			return r
		}
		if base == nil || r.Who == plainGo {
			base = r
		}
	}
	return base
}
