package sparse

import (
	"fmt"
	"sync"

	"github.com/numen-go/numen/lower/loop"
)

// code is a loop, and its machine code by the strides that are 1.
type code struct {
	*gen
	target *target
	mu     sync.Mutex
	made   map[uint64]*loop.Code // by loop.Class.Unit
}

// usual returns the class of arrays whose elements lie one behind the other.
func (c *code) usual() loop.Class {
	var units uint64
	n := 0
	for _, a := range c.loop.Arrays {
		if n += a.Rank; a.Rank > 0 && n <= 64 {
			units |= 1 << (n - 1)
		}
	}
	return loop.Class{Unit: units}
}

// class returns the class of the arrays of a run.
func (c *code) class(memory []loop.Memory) loop.Class {
	var units uint64
	n := 0
	for _, m := range memory {
		for _, stride := range m.Strides {
			if stride == 1 && n < 64 {
				units |= 1 << n
			}
			n++
		}
	}
	return loop.Class{Unit: units}
}

// of returns the code for a class.
func (c *code) of(class loop.Class) (*loop.Code, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if x := c.made[class.Unit]; x != nil {
		return x, nil
	}
	var x *loop.Code
	var err error
	if c.target.machine == nil {
		x, err = loop.Compile(c.loop)
	} else {
		x, err = loop.CompileWith(c.loop, c.target.machine, class)
	}
	if err != nil {
		return nil, fmt.Errorf("%w\n%s", err, c.loop)
	}
	if c.made == nil {
		c.made = map[uint64]*loop.Code{}
	}
	c.made[class.Unit] = x
	return x, nil
}

// close frees the machine code.
func (c *code) close() error {
	var first error
	for _, x := range c.made {
		if err := x.Close(); first == nil {
			first = err
		}
	}
	return first
}
