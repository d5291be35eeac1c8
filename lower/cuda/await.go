package cuda

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// patience is how long a call is waited for after its context's end: threads look often
// whether they are to stop.
const patience = 2 * time.Second

// attendant sends callers away whose contexts have ended, though the device does not
// answer. Their calls go on, and may write to any memory that they were given; until they
// have ended nobody gets memory.
type attendant struct {
	patience time.Duration
	mu       sync.Mutex
	late     map[*call]bool
	then     []func() error // what waits for the end of all of them
}

// call is something that the device does.
type call struct {
	what string       // a name of it, for errors
	do   func() error // runs to its end, whether somebody waits for it or not
	stop func() error // asks do to end; nil: it ends soon by itself, if at all
	drop func()       // gives back what do has made, for nobody waits any more; nil: nothing

	err   error
	ended chan struct{} // do has returned
	gone  chan struct{} // nobody needs to wait for it any more
}

// await makes a call and returns what it returns; or the context's error, where the call
// goes on for long after the context's end.
func (a *attendant) await(ctx context.Context, c *call) error {
	if ctx.Done() == nil {
		return c.do()
	}
	c.ended, c.gone = make(chan struct{}), make(chan struct{})
	go func() {
		c.err = c.do()
		close(c.ended)
	}()
	select {
	case <-c.ended:
		return c.err
	case <-ctx.Done():
	}
	if c.stop != nil {
		go c.stopping() // a device that does not answer does not answer this either
	}
	enough := time.NewTimer(a.patience)
	defer enough.Stop()
	select {
	case <-c.ended:
		return c.err
	case <-enough.C:
	}
	a.leave(c)
	return fmt.Errorf("the device does not answer: %w", ctx.Err())
}

// stopping asks the call to end, again and again: a frame may not have been on the device
// yet.
func (c *call) stopping() {
	for c.stop() == nil {
		select {
		case <-c.ended:
			return
		case <-time.After(time.Millisecond):
		}
	}
}

// leave lets a call go on by itself.
func (a *attendant) leave(c *call) {
	a.mu.Lock()
	if a.late == nil {
		a.late = map[*call]bool{}
	}
	a.late[c] = true
	a.mu.Unlock()
	go func() {
		<-c.ended
		if c.drop != nil && c.err == nil {
			c.drop()
		}
		a.mu.Lock()
		delete(a.late, c)
		var then []func() error
		if len(a.late) == 0 {
			then, a.then = a.then, nil
		}
		a.mu.Unlock()
		close(c.gone)
		for _, f := range then {
			_ = f() // whoever asked for it was told that it is put off
		}
	}()
}

// any returns a call that goes on by itself, nil when there is none; the lock is held.
func (a *attendant) any() *call {
	for c := range a.late {
		return c
	}
	return nil
}

// clear returns when no call goes on by itself, or an error after some patience.
func (a *attendant) clear() error {
	var enough <-chan time.Time
	for {
		a.mu.Lock()
		c := a.any()
		a.mu.Unlock()
		if c == nil {
			return nil
		}
		if enough == nil {
			enough = time.After(a.patience)
		}
		select {
		case <-c.gone:
		case <-enough:
			return fmt.Errorf("%s was told to stop and has not", c.what)
		}
	}
}

// after calls f when no call goes on by itself: now, or in the background later, which is
// an error.
func (a *attendant) after(f func() error) error {
	a.mu.Lock()
	c := a.any()
	if c != nil {
		a.then = append(a.then, f)
	}
	a.mu.Unlock()
	if c != nil {
		return fmt.Errorf("cuda: put off: %s was told to stop and has not", c.what)
	}
	return f()
}
