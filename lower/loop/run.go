package loop

import (
	"context"
	"fmt"
	"unsafe"

	"github.com/numen-go/numen/lower"
)

// run is what the frames of one run share.
type run struct {
	ctx     context.Context
	threads int
}

func (c *Code) frame() *frame {
	if f, ok := c.frames.Get().(*frame); ok {
		return f
	}
	f := &frame{
		code: c, regs: alignedWords(len(c.regs)), slots: make([]unsafe.Pointer, len(c.slots)),
		base: make([]unsafe.Pointer, len(c.arrays)), local: make([][]uint64, len(c.arrays)), doms: make([]region, c.doms),
		small: make([]uint64, 16*c.small),
	}
	for i, s := range c.slots {
		switch s.kind {
		case slotReg:
			f.slots[i] = unsafe.Pointer(&f.regs[s.n])
		case slotSmall:
			f.slots[i] = unsafe.Pointer(&f.small[16*s.n])
		case slotTable:
			f.slots[i] = unsafe.Pointer(c.tables[s.n])
		}
	}
	copy(f.regs, c.regs)
	f.widen(256)
	return f
}

// release gives a frame back. What it points to is not kept alive.
func (c *Code) release(f *frame) {
	clear(f.base)
	for _, s := range c.refs {
		f.slots[s] = nil
	}
	f.own, f.run, f.err = run{}, nil, nil
	c.frames.Put(f)
}

// Memory is an array of the caller.
type Memory struct {
	Base             unsafe.Pointer // element 0
	Offset           int64          // of the element at the origin
	Strides, Extents []int64
}

// Run executes the loop. Params and arrays are those of the loop, in order. It returns
// the context's error when cancelled, *lower.Fault when a checked position was outside.
func (c *Code) Run(ctx context.Context, threads int, params []uint64, arrays []Memory) error {
	f := c.frame()
	defer c.release(f)
	f.own.threads = threads
	if err := f.bind(params, arrays); err != nil {
		return err
	}
	return f.start(ctx, c.code)
}

// bind writes the words that do not change while a loop runs.
func (f *frame) bind(params []uint64, arrays []Memory) error {
	c := f.code
	if len(params) != len(c.params) || len(arrays) != len(c.loop.Arrays) {
		return fmt.Errorf("loop: %d parameters and %d arrays for %d and %d", len(params), len(arrays), len(c.params), len(c.loop.Arrays))
	}
	for i, p := range c.params {
		putReg(&f.regs[p], c.loop.Params[i].DType, params[i])
	}
	for i := range arrays {
		a, regs := &arrays[i], &c.arrays[i]
		if len(a.Strides) != len(regs.strides) || len(a.Extents) != len(regs.extents) {
			return fmt.Errorf("loop: array %s has %d axes, not %d", c.loop.Arrays[i].Name, len(regs.strides), len(a.Strides))
		}
		f.base[i] = a.Base
		if c.words {
			f.regs[regs.base] = uint64(uintptr(a.Base)) + uint64(a.Offset)*uint64(regs.size)
		}
		f.regs[regs.offset] = uint64(a.Offset)
		for d, s := range a.Strides {
			f.regs[regs.strides[d]] = uint64(s)
			f.regs[regs.extents[d]] = uint64(a.Extents[d])
		}
	}
	f.ownLocals(c.locals)
	return nil
}

// settled returns how many of the first instructions need nothing but the words that bind
// writes, and write words that nothing else does: once a frame is enough for them.
func (c *Code) settled() int {
	for i := range c.code {
		switch op := c.code[i].op; {
		case opAdd <= op && op <= opSelect, op == opRequire, op == opNonEmpty:
		default: // an opMove writes a variable
			return i
		}
	}
	return len(c.code)
}

// start runs instructions on a bound frame.
func (f *frame) start(ctx context.Context, code []instr) error {
	if err := f.ready(ctx); err != nil {
		return err
	}
	f.exec(code)
	return f.outcome()
}

// ready readies a bound frame for a run.
func (f *frame) ready(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	f.own.ctx = ctx
	f.run, f.fault.number, f.work, f.err = &f.own, -1, patience, nil
	return nil
}

// outcome returns how a run ended.
func (f *frame) outcome() error {
	if f.err != nil {
		return f.err
	}
	if f.fault.number >= 0 {
		g := &f.fault
		return &lower.Fault{Number: g.number, Position: g.position, Value: g.value, Limit: g.limit}
	}
	return nil
}
