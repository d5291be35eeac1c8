package lower

import (
	"context"
	"sync"
	"sync/atomic"
)

// Parallel calls f(i) for every i < n on up to threads goroutines, in ascending order
// of start, and returns the first error. It looks at ctx between calls, starts no
// goroutine that outlives it, and runs on the caller's goroutine when one is enough.
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
	var next atomic.Int64
	var once sync.Once
	var first error
	stop := func(err error) {
		once.Do(func() { first = err })
		next.Store(n)
	}
	work := func() {
		for {
			i := next.Add(1) - 1
			if i >= n {
				return
			}
			if err := ctx.Err(); err != nil {
				stop(err)
				return
			}
			if err := f(i); err != nil {
				stop(err)
				return
			}
		}
	}
	var wg sync.WaitGroup
	for range min(int64(threads), n) - 1 {
		wg.Go(work)
	}
	work()
	wg.Wait()
	return first
}
