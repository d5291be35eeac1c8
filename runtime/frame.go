package rt

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
)

// frame is a program bound to sizes and memory: everything that a run needs is computed
// before the first kernel starts, so that a bound on memory is known before the run and
// running allocates nothing.
type frame struct {
	engine *Engine
	prog   *program
	site   func(*ir.Site) *ir.Site
	config Config

	sizes   *structure     // of a program with values that targets hold
	lasting bool           // many runs write the results' memory
	out     []*lower.Array // of lasting frames: that memory
	values  []*lower.Array // per program value
	temps   []*lower.Array // memory of values that are not results
	args    []lower.Args   // per launch, in order
	bound   []lower.Bound  // per launch, of lasting frames
	bytes   []int64        // written by each launch
	idle    []bool         // per launch: it has no element to write
	total   int64
	held    int64
}

// arrays returns the array of every parameter: what given has for it, else its data.
func (s *structure) arrays(given func(*ir.Node) *lower.Array) ([]*lower.Array, error) {
	in := make([]*lower.Array, len(s.params))
	for i, n := range s.params {
		in[i] = given(n)
		if a, ok := n.Data.(*lower.Array); ok && in[i] == nil {
			in[i] = a
		}
		if in[i] == nil {
			return nil, fmt.Errorf("rt: parameter %d has no array", i)
		}
	}
	return in, nil
}

// bind binds p to sizes, to the arrays of its parameters, and to memory of its own.
// lasting says that many runs write the results' memory.
func (e *Engine) bind(p *program, s *structure, c *Config, in []*lower.Array, lasting bool) (*frame, error) {
	f := &frame{lasting: lasting, engine: e, prog: p, site: s.site, config: *c, values: make([]*lower.Array, len(p.ir.Values))}
	for i, v := range p.ir.Params {
		f.values[v] = in[i]
	}
	if p.held {
		f.sizes = s
	}
	if err := e.enter(); err != nil {
		return nil, err
	}
	if err := f.bind(s); err != nil {
		f.release(false)
		return nil, err
	}
	return f, nil
}

// bind gives values memory and launches arguments.
func (f *frame) bind(s *structure) error {
	slots, err := f.layout(s)
	if err != nil {
		return err
	}
	if c := &f.config; c.Memory > 0 && f.held > c.Memory {
		return fmt.Errorf("rt: the run needs %d bytes beyond its inputs, the bound is %d: %w", f.held, c.Memory, ErrMemory)
	}
	if err := f.allocate(s, slots); err != nil {
		return err
	}
	if err := f.arguments(s); err != nil {
		return err
	}
	if !f.lasting {
		return nil
	}
	if f.out = f.results(); f.prog.held {
		return f.slots(s)
	}
	f.bound = make([]lower.Bound, len(f.prog.launches))
	for i := range f.bound {
		if f.bound[i], err = f.bindLaunch(i); err != nil {
			return err
		}
	}
	return nil
}

// bindLaunch returns launch i of a lasting frame with its arguments.
func (f *frame) bindLaunch(i int) (lower.Bound, error) {
	code := f.prog.launches[i].code
	if f.idle[i] {
		return idleLaunch{}, nil
	}
	if b, ok := code.(lower.Binder); ok {
		return b.Bind(&f.args[i])
	}
	return &boundLaunch{code, &f.args[i]}, nil
}

// idleLaunch has nothing to write.
type idleLaunch struct{}

func (idleLaunch) Run(ctx context.Context) error { return ctx.Err() }

// boundLaunch is one of code that cannot be bound.
type boundLaunch struct {
	code lower.Executable
	args *lower.Args
}

func (b *boundLaunch) Run(ctx context.Context) error { return b.code.Run(ctx, b.args) }

// slot is memory that values share, one after the other.
type slot struct {
	size   int64
	result bool
}

// layout gives every allocated value a slot, reusing those of freed values of the same
// size class, and adds up what the run will hold.
func (f *frame) layout(s *structure) (map[int]int, error) {
	p := f.prog.ir
	isResult := make([]bool, len(p.Values))
	for _, r := range p.Results {
		isResult[r] = true
	}
	of := map[int]int{}
	var slots []slot
	idle := map[int64][]int{}
	for _, st := range p.Steps {
		switch st.Kind {
		case ir.StepAlloc:
			t := p.Values[st.Out].Type
			if t.Format != nil {
				continue
			}
			extents, err := f.extents(s, t.Shape)
			if err != nil {
				return nil, err
			}
			n, err := byteSize(t.DType, extents)
			if err != nil {
				return nil, err
			}
			_, size := class(n)
			if l := idle[size]; len(l) > 0 && !isResult[st.Out] {
				of[st.Out], idle[size] = l[len(l)-1], l[:len(l)-1]
				continue
			}
			of[st.Out] = len(slots)
			slots = append(slots, slot{size, isResult[st.Out]})
			f.held += size
		case ir.StepFree:
			if i, ok := of[st.Out]; ok && !slots[i].result {
				idle[slots[i].size] = append(idle[slots[i].size], i)
			}
		}
	}
	return of, nil
}

func (f *frame) extents(s *structure, shape []ir.Dim) ([]int64, error) {
	out := make([]int64, len(shape))
	for i, d := range shape {
		n, err := d.Eval(s.sizeOf)
		if err != nil {
			return nil, err
		}
		if n < 0 {
			return nil, ir.Errorf(ir.ErrShape, "extent %s is %d", d, n)
		}
		out[i] = n
	}
	return out, nil
}

// allocate makes the arrays: one buffer a slot, views on top.
func (f *frame) allocate(s *structure, slots map[int]int) error {
	p := f.prog.ir
	buffers := map[int]lower.Buffer{}
	for _, st := range p.Steps {
		t := p.Values[st.Out].Type
		if st.Kind == ir.StepView && !f.prog.held {
			if err := f.makeView(s, st); err != nil {
				return err
			}
		}
		if st.Kind != ir.StepAlloc || t.Format != nil {
			continue
		}
		extents, err := f.extents(s, t.Shape)
		if err != nil {
			return err
		}
		if f.isResult(st.Out) { // the caller's alone
			if f.values[st.Out], err = f.engine.pool.alloc(t.DType, extents, f.lasting); err != nil {
				return err
			}
			continue
		}
		slot := slots[st.Out]
		if buffers[slot] == nil { // as long as the longest value of its class
			n, err := byteSize(t.DType, extents)
			if err != nil {
				return err
			}
			_, size := class(n)
			a, err := f.engine.pool.alloc(ir.Uint8, []int64{size}, true)
			if err != nil {
				return err
			}
			buffers[slot] = a.Buf
			f.temps = append(f.temps, a)
		}
		f.values[st.Out] = &lower.Array{DType: t.DType, Buf: buffers[slot], Strides: lower.Contiguous(extents), Extents: extents}
	}
	return nil
}

func (f *frame) isResult(v int) bool {
	for _, r := range f.prog.ir.Results {
		if r == v {
			return true
		}
	}
	return false
}

// makeView reinterprets memory, which must be contiguous: every array that package np or
// a step of the program makes is.
func (f *frame) makeView(s *structure, st ir.ProgramStep) error {
	t, base := f.prog.ir.Values[st.Out].Type, f.values[st.In[0]]
	if !slices.Equal(base.Strides, lower.Contiguous(base.Extents)) {
		return fmt.Errorf("rt: %s is viewed and not contiguous", f.prog.ir.Values[st.In[0]].Name)
	}
	extents, err := f.extents(s, t.Shape)
	if err != nil {
		return err
	}
	strides, err := f.numbers(s, st.View.Strides)
	if err != nil {
		return err
	}
	off, err := st.View.Offset.Eval(s.sizeOf)
	if err != nil {
		return err
	}
	f.values[st.Out] = &lower.Array{DType: t.DType, Buf: base.Buf, Offset: base.Offset + off, Strides: strides, Extents: extents}
	return nil
}

func (f *frame) numbers(s *structure, ds []ir.Dim) ([]int64, error) {
	out := make([]int64, len(ds))
	for i, d := range ds {
		n, err := d.Eval(s.sizeOf)
		if err != nil {
			return nil, err
		}
		out[i] = n
	}
	return out, nil
}

// arguments prepares every launch.
func (f *frame) arguments(s *structure) error {
	threads := f.config.threads()
	for _, st := range f.prog.ir.Steps {
		if st.Kind != ir.StepLaunch {
			continue
		}
		l := st.Launch
		dims, err := f.numbers(s, l.Dims)
		if err != nil {
			return err
		}
		a := lower.Args{Dims: dims, Threads: threads, Scalars: make([]uint64, len(l.Scalars)), Arrays: make([]lower.Array, len(l.Args))}
		for i, c := range l.Scalars {
			a.Scalars[i] = s.scalars[c]
		}
		written := int64(0)
		k := 0
		for _, o := range l.Kernel.Operands {
			if o.Role == ir.Local {
				continue
			}
			if x := f.values[l.Args[k]]; x != nil { // what a target will hold is not there yet
				a.Arrays[k] = *x
			}
			if o.Role != ir.In {
				extents, err := f.extents(s, f.prog.ir.Values[l.Args[k]].Type.Shape)
				if err != nil {
					return err
				}
				n, err := byteSize(o.DType, extents)
				if err != nil {
					return err
				}
				written += n
			}
			k++
		}
		for range appends(l.Kernel) {
			a.Counts = append(a.Counts, 0)
		}
		if l.Bounds != nil {
			if a.Lo, a.Hi, err = f.bounds(s, l); err != nil {
				return err
			}
		}
		f.args = append(f.args, a)
		f.bytes = append(f.bytes, written)
		// Other axes of an empty array may be too long to walk. What looks at positions
		// may be at fault all the same.
		f.idle = append(f.idle, written == 0 && len(l.Kernel.Faults) == 0 && len(a.Counts) == 0)
		f.total += written
	}
	return nil
}

func appends(k *ir.Kernel) int {
	n := 0
	for _, s := range k.Stmts {
		if s.Sink == ir.Append {
			n++
		}
	}
	return n
}

func (f *frame) bounds(s *structure, l *ir.Launch) (lo, hi []int64, err error) {
	dimOf := func(name string) (int64, bool) {
		for i, d := range l.Kernel.Dims {
			if d == name {
				n, err := l.Dims[i].Eval(s.sizeOf)
				return n, err == nil
			}
		}
		return 0, false
	}
	for i, ax := range l.Kernel.Axes {
		var a, b int64
		if r, ok := l.Bounds[i]; ok {
			if a, err = r[0].Eval(s.sizeOf); err == nil {
				b, err = r[1].Eval(s.sizeOf)
			}
		} else if ax.From < 0 {
			b, err = ax.Extent.Eval(dimOf)
		}
		if err != nil {
			return nil, nil, err
		}
		lo, hi = append(lo, a), append(hi, b)
	}
	return lo, hi, nil
}

// run launches the kernels in order.
func (f *frame) run(ctx context.Context) error {
	if f.prog.held {
		return f.runHeld(ctx)
	}
	if f.config.Watch != nil {
		return f.watched(ctx)
	}
	for i := range f.idle {
		if err := f.launch(ctx, i); err != nil {
			return err
		}
	}
	return nil
}

// launch runs kernel i.
func (f *frame) launch(ctx context.Context, i int) error {
	var err error
	switch {
	case f.bound != nil:
		err = f.bound[i].Run(ctx)
	case f.idle[i]:
		err = ctx.Err()
	default:
		err = f.prog.launches[i].code.Run(ctx, &f.args[i])
	}
	if err != nil {
		return f.fault(&f.prog.launches[i], err)
	}
	return nil
}

// watched is run for somebody who asked for progress.
func (f *frame) watched(ctx context.Context) error {
	var done int64
	var last time.Time
	for i := range f.idle {
		f.progress(&f.prog.launches[i], done, &last)
		if err := f.launch(ctx, i); err != nil {
			return err
		}
		done += f.bytes[i]
	}
	inUse, peak := f.engine.Memory()
	f.config.Watch(Progress{Done: done, Total: f.total, Memory: inUse, Peak: peak})
	return nil
}

// progress tells about a kernel that is about to run, ten times a second at most.
func (f *frame) progress(ex *launched, done int64, last *time.Time) {
	if f.config.Watch != nil && time.Since(*last) >= 100*time.Millisecond {
		*last = time.Now()
		inUse, peak := f.engine.Memory()
		f.config.Watch(Progress{Done: done, Total: f.total, Task: ex.kernel.Name, Memory: inUse, Peak: peak})
	}
}

// fault names the user's call behind an error of a kernel.
func (f *frame) fault(ex *launched, err error) error {
	var fl *lower.Fault
	if errors.As(err, &fl) && fl.Number < len(ex.kernel.Faults) {
		return &RunError{Op: ex.kernel.Faults[fl.Number].What, Site: f.site(ex.kernel.Faults[fl.Number].Site), Err: err}
	}
	return err
}

func (f *frame) results() []*lower.Array {
	out := make([]*lower.Array, len(f.prog.ir.Results))
	for i, v := range f.prog.ir.Results {
		out[i] = f.values[v]
	}
	return out
}

// release gives the memory of intermediate values back, and that of the results unless
// the caller keeps them. Parameters are the caller's, results that lie in them too.
func (f *frame) release(keepResults bool) {
	for _, a := range f.temps {
		a.Buf.Close()
	}
	if !keepResults {
		for _, a := range f.results() {
			if a != nil && !slices.ContainsFunc(f.prog.ir.Params, func(v int) bool { return f.values[v].Buf == a.Buf }) {
				a.Buf.Close()
			}
		}
	}
	f.values, f.temps, f.args, f.bound = nil, nil, nil, nil
	f.engine.leave()
}
