package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/big"
	"runtime"
	"runtime/debug"
	"time"

	np "github.com/numen-go/numen/expr"
)

const (
	minSamples, maxSamples = 5, 101

	// A row whose median is known as well as this, by this many samples in a fifth of the
	// time granted, needs no more.
	precision, precise = 0.01, 15

	// freshFrom is the size from which on results in new memory are a row of their own:
	// below, the allocator hides what they cost.
	freshFrom = 1 << 20

	// judgedWork is how much work the evaluator does unasked, some seconds' worth.
	judgedWork = 5_000_000

	// largeResult is the size from which on a result counts against the machine's memory.
	largeResult = 256 << 20

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

	values []float64 // elements of the first calls' result
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
			r.runner, r.values = nil, nil // rows are kept for the report; inputs and results must not be
		}
		debug.FreeOSMemory() // or the next problem runs beside garbage of gigabytes
	}()
	if p.compared() {
		compare(p, in, rows)
	}
	for _, r := range rows {
		r.try(r.runner.forget)
	}
	l, err := limitOf(c, p.in[0].dtype, s.threads)
	if err != nil {
		return nil, err
	}
	defer l.close()
	for _, r := range rows {
		r.try(r.calibrate)
	}
	// The limit, then one sample of each row in turn, so that all meet the same moments of
	// the machine. Numen's row that bars are about comes right after the limit, and takes
	// twice the time of others.
	for ctx.Err() == nil {
		var due []*row
		for _, r := range rows {
			budget := s.budget
			if !r.target || r.Fresh {
				budget /= 2
			}
			if r.wants(budget, s.least) {
				due = append(due, r)
			}
		}
		if len(due) == 0 {
			break
		}
		least := 0.0
		if l.kind != "" {
			least = l.time()
		}
		for _, r := range due {
			r.try(func() error { return r.sample(least) })
		}
	}
	for _, r := range rows {
		r.finish(l)
	}
	return rows, ctx.Err()
}

// start readies the problem on every contender, and looks at the results. Whole results
// are kept where the evaluator's is there to be compared with: the others are too large
// to keep everybody's.
func (s *session) start(ctx context.Context, p *problem, c cost, in []array) []*row {
	var rows []*row
	judged := s.asked || p.judged || max(c.ops, c.bytes()/8) <= judgedWork
	for _, who := range s.contenders {
		if who.name() == evaluator && !judged {
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
			if p.compared() {
				row.try(func() error { return row.look(p) })
			}
			if !judged {
				row.try(r.forget)
				if c.out >= largeResult {
					debug.FreeOSMemory() // what is garbage now would be beside the next one's
				}
			}
			rows = append(rows, row)
		}
	}
	return rows
}

// look reads what is compared of the result.
func (r *row) look(p *problem) (err error) {
	_, shape, err := p.result()
	if err != nil {
		return err
	}
	if r.values, err = r.runner.at(places(elements(shape))); err != nil || r.runner.whole == nil {
		return err
	}
	if share, ok := distinct(r.runner.whole()); ok {
		r.Distinct = &share
	}
	return nil
}

// places are the elements of a result that are compared: all, or evenly picked ones.
func places(n int) []int {
	at := make([]int, min(n, compared))
	for i := range at {
		at[i] = int(int64(n) * int64(i) / int64(len(at)))
	}
	return at
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
// that these would take many times what was granted, and no more when the median is known.
func (r *row) wants(budget time.Duration, least int) bool {
	if r.failed != nil || r.runner.once || len(r.ns) >= maxSamples {
		return false
	}
	spent := 0.0
	for _, ns := range r.ns {
		spent += ns * float64(r.calls)
	}
	switch {
	case len(r.ns) == 0:
		return true
	case len(r.ns) < least:
		return spent < 4*float64(budget)
	case len(r.ns) >= precise && spent >= float64(budget)/5 && known(r.ns) && known(r.shares):
		return false
	}
	return spent < float64(budget)
}

// known reports whether the median of what samples are taken of lies, in 19 of 20 cases,
// within so much of theirs: between two of the samples in order, whatever they are spread like.
func known(xs []float64) bool {
	if len(xs) == 0 {
		return true
	}
	n := float64(len(xs))
	lo, hi := quantile(xs, 0.5-0.98/math.Sqrt(n)), quantile(xs, 0.5+0.98/math.Sqrt(n))
	return hi-lo <= 2*precision*quantile(xs, 0.5)
}

// sample takes a sample. The limit's, just before, says how long a call takes at least; 0:
// there is none.
func (r *row) sample(least float64) error {
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

// compare holds what was seen of all results against one: the evaluator's where it ran,
// whose bits the other targets must have, else those of plain Go.
func compare(p *problem, in []array, rows []*row) {
	base := baseOf(rows)
	if base == nil {
		return
	}
	want := base.values
	exact := exactly(p, in)
	for _, r := range rows {
		r.try(func() error {
			if len(r.values) != len(want) {
				return fmt.Errorf("WRONG: %d elements, %d from %s", len(r.values), len(want), base.Who)
			}
			d := difference(func(i int) float64 { return r.values[i] }, func(i int) float64 { return want[i] }, len(want))
			if d > p.tolerance {
				return fmt.Errorf("WRONG: up to %.2g of the largest element from %s's result", d, base.Who)
			}
			if exact != nil {
				worst := 0.0
				for i, y := range r.values {
					worst = max(worst, ulps(y, exact[i], digitsOf(p)))
				}
				r.ULP = &worst
			}
			if r.target && base.Who == evaluator && r != base {
				r.Bits = "same"
				if !sameBits(r.runner.whole(), base.runner.whole()) {
					r.Bits = "differ"
					return fmt.Errorf("WRONG: not the evaluator's bits")
				}
			}
			return nil
		})
	}
}

// exactly returns the exact results at the places that are compared, nil where errors are
// not measured.
func exactly(p *problem, in []array) []*big.Float {
	if p.exact == nil {
		return nil
	}
	at := places(elements(in[0].shape))
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
		if r.failed != nil || r.runner.remote {
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
