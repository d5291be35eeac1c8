package lower

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// Parallel calls f(i) for every i < n on up to threads goroutines, in ascending order
// of start, and returns the first error. It looks at ctx between calls, and runs on the
// caller's goroutine when one is enough. Others end linger after their last call.
func Parallel(ctx context.Context, threads int, n int64, f func(i int64) error) error {
	if threads <= 1 || n <= 1 {
		for i := range n {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := f(i); err != nil {
				return err
			}
		}
		return nil
	}
	c := &calls{ctx: ctx, n: n, f: f}
	for range min(int64(threads), n) - 1 {
		enlist(c)
	}
	c.run()
	c.wait()
	return c.err
}

// calls are those of one Parallel.
type calls struct {
	ctx  context.Context
	n    int64
	f    func(i int64) error
	next atomic.Int64
	once sync.Once
	err  error

	inside atomic.Int64 // helpers, and over once the caller takes no more of them
	left   sync.WaitGroup
}

// over is more than there are helpers.
const over = 1 << 32

// run makes calls until there are no more.
func (c *calls) run() {
	for {
		i := c.next.Add(1) - 1
		if i >= c.n {
			return
		}
		err := c.ctx.Err()
		if err == nil {
			err = c.f(i)
		}
		if err != nil {
			c.once.Do(func() { c.err = err })
			c.next.Store(c.n)
			return
		}
	}
}

// help makes calls, unless the caller has gone on: it does not wait for who comes late.
func (c *calls) help() {
	for {
		n := c.inside.Load()
		if n >= over {
			return
		}
		if c.inside.CompareAndSwap(n, n+1) {
			break
		}
	}
	c.run()
	if c.inside.Add(-1) == over {
		c.left.Done()
	}
}

// wait returns when no helper is inside.
func (c *calls) wait() {
	c.left.Add(1)
	if c.inside.Add(over) == over {
		return
	}
	if !soon(func() bool { return c.inside.Load() == over }) {
		c.left.Wait()
	}
}

// linger is how long goroutines look out for what is next before they sleep: about as
// long as waking one takes where it is slow (100 microseconds were measured in a virtual
// machine whose other processor was idle, 1 where a goroutine looked out).
const linger = 100 * time.Microsecond

// soon reports whether f holds before linger has passed. Others may run meanwhile.
func soon(f func() bool) bool {
	for start := time.Now(); time.Since(start) < linger; runtime.Gosched() {
		for range 50 {
			if f() {
				return true
			}
		}
	}
	return false
}

// helper is a goroutine that makes calls, of one Parallel after the other.
type helper struct{ next atomic.Pointer[calls] }

// idle are the helpers that look out for calls.
var idle struct {
	sync.Mutex
	helpers []*helper
}

// enlist gives calls to a helper.
func enlist(c *calls) {
	idle.Lock()
	last := len(idle.helpers) - 1
	if last < 0 {
		idle.Unlock()
		go new(helper).run(c)
		return
	}
	h := idle.helpers[last]
	idle.helpers = idle.helpers[:last]
	idle.Unlock()
	h.next.Store(c)
}

func (h *helper) run(c *calls) {
	for c != nil {
		c.help()
		c = h.wait()
	}
}

// wait returns the calls that come soon, nil when none do. There are never more helpers
// that wait than processors beside the caller's.
func (h *helper) wait() *calls {
	idle.Lock()
	if len(idle.helpers) >= runtime.GOMAXPROCS(0)-1 {
		idle.Unlock()
		return nil
	}
	idle.helpers = append(idle.helpers, h)
	idle.Unlock()
	there := func() bool { return h.next.Load() != nil }
	if !soon(there) && h.retire() {
		return nil
	}
	for !there() { // it was enlisted at the last moment
		runtime.Gosched()
	}
	return h.next.Swap(nil)
}

// retire takes the helper off the list, if it is on it.
func (h *helper) retire() bool {
	idle.Lock()
	defer idle.Unlock()
	for i, x := range idle.helpers {
		if x == h {
			last := len(idle.helpers) - 1
			idle.helpers[i], idle.helpers[last] = idle.helpers[last], nil
			idle.helpers = idle.helpers[:last]
			return true
		}
	}
	return false
}
