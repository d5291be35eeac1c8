package loop

import (
	"sync"

	"github.com/numen-go/numen/lower"
)

// Tasks take about this many nanoseconds: long against the cost of starting one, short
// enough to share out evenly.
const (
	shortTask = 50_000
	longTask  = 200_000
	largeTask = 1024 // positions of one that repeats work
)

// par runs the tasks of a Par: all in this goroutine when there is little to do.
func (f *frame) par(x *parCode) bool {
	switch tasks := f.cutRanges(x); tasks {
	case 0:
		return true
	case 1:
		f.whole(x)
		return f.exec(x.code)
	default:
		return f.tasks(x, f.cut, tasks)
	}
}

// whole gives a task all there is.
func (f *frame) whole(x *parCode) {
	for i := range x.lo {
		f.regs[x.lo[i]], f.regs[x.hi[i]] = f.regs[x.from[i]], f.regs[x.to[i]]
	}
}

// cutRanges decides into how many pieces each range is cut, and returns the number of
// tasks.
func (f *frame) cutRanges(x *parCode) int64 {
	f.cut = f.cut[:0]
	tasks, work := int64(1), float64(float64(int64(f.regs[x.cost]))/10)
	for i := range x.lo {
		from, to := int64(f.regs[x.from[i]]), int64(f.regs[x.to[i]])
		if from >= to {
			return 0
		}
		work = float64(work * float64(to-from))
	}
	threads := int64(f.run.threads)
	want := int64(1)
	if threads > 1 && work >= 2*shortTask {
		want = even(max(min(int64(float64(work/shortTask)), 4*threads), int64(min(float64(work/longTask), 1<<20))), threads)
	}
	if x.few {
		want = min(want, threads)
	}
	for i := range x.lo {
		n := f.pieces(x, i, want)
		f.cut = append(f.cut, n)
		tasks *= n
		want = (want + n - 1) / n
	}
	return tasks
}

// pieces returns into how many pieces range i is cut when so many tasks are wanted. A
// range of long strips is cut fine only as far as there are workers.
func (f *frame) pieces(x *parCode, i int, want int64) int64 {
	steps := f.steps(x, i)
	switch {
	case x.few && want > 1 && i == 0: // what is repeated is little when tasks are large
		many := largeTask * want
		if f.regs[x.step[i]] == 1 { // and nothing
			many = 4 * want
		}
		want *= max(1, min(steps*int64(f.regs[x.step[i]])/many, 4))
	case x.few:
	case f.regs[x.step[i]] > 1:
		threads := int64(f.run.threads)
		want = min(want, max(threads, even(steps/16, threads)))
	}
	return max(min(steps, want), 1)
}

// even returns n rounded down so that threads get as many tasks each, if there is one for
// each at all.
func even(n, threads int64) int64 {
	if n < threads {
		return n
	}
	return n - n%threads
}

// steps returns the number of steps of range i.
func (f *frame) steps(x *parCode, i int) int64 {
	from, to, step := int64(f.regs[x.from[i]]), int64(f.regs[x.to[i]]), int64(f.regs[x.step[i]])
	return (to - from + step - 1) / step
}

// tasks runs tasks on the run's workers.
func (f *frame) tasks(x *parCode, pieces []int64, tasks int64) bool {
	var mu sync.Mutex
	err := lower.Parallel(f.run.ctx, f.run.threads, tasks, func(n int64) error {
		if order := f.code.order; order != nil {
			n = order(n, tasks)
		}
		g := f.code.frame()
		defer f.code.release(g)
		copy(g.regs, f.regs)
		copy(g.base, f.base)
		g.ownLocals(x.locals)
		g.run, g.fault.number, g.work = f.run, -1, patience
		for i := len(pieces) - 1; i >= 0; i-- {
			from, step, steps := int64(f.regs[x.from[i]]), int64(f.regs[x.step[i]]), f.steps(x, i)
			k := n % pieces[i]
			n /= pieces[i]
			g.regs[x.lo[i]] = uint64(from + k*steps/pieces[i]*step)
			g.regs[x.hi[i]] = uint64(min(from+(k+1)*steps/pieces[i]*step, int64(f.regs[x.to[i]])))
		}
		g.exec(x.code)
		if g.fault.number >= 0 {
			mu.Lock()
			if g.fault.before(&f.fault) {
				f.fault = g.fault
			}
			mu.Unlock()
		}
		return g.err
	})
	f.err = err
	return err == nil
}
