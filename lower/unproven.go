package lower

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/numen-go/numen/ir"
)

// Unproven is the error of a run that is not known to stay inside an array. Nothing was
// changed.
type Unproven struct {
	Array          string
	Axis           int
	Lo, Hi, Extent int64 // positions Lo to Hi of Extent
}

// Error names the positions, the array and its extent.
func (u *Unproven) Error() string {
	return fmt.Sprintf("positions %d to %d of axis %d of %s, which has %d", u.Lo, u.Hi, u.Axis, u.Array, u.Extent)
}

// Checking is the code that takes the place of a kernel's where a run is Unproven: that of
// ir.Kernel.CheckPositions, made when first needed.
type Checking[E Executable] struct {
	once sync.Once
	made atomic.Pointer[E]
}

// After returns the code that runs in the place of k's after err, if there is any.
func (c *Checking[E]) After(err error, k *ir.Kernel, compile func(*ir.Kernel) (E, error)) (code E, ok bool) {
	if _, unproven := errors.AsType[*Unproven](err); !unproven {
		return code, false
	}
	c.once.Do(func() {
		checking := k.CheckPositions()
		if checking == nil {
			return
		}
		if e, err := compile(checking); err == nil { // else the error at hand says what is wrong
			c.made.Store(&e)
		}
	})
	return c.Made()
}

// Made returns the code if it was made.
func (c *Checking[E]) Made() (code E, ok bool) {
	if e := c.made.Load(); e != nil {
		return *e, true
	}
	return code, false
}

// Close frees the code. No run may be going on.
func (c *Checking[E]) Close() error {
	if e, ok := c.Made(); ok {
		return e.Close()
	}
	return nil
}
