package rt

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
)

// Arrays that a target holds (lower.Holder): sparse, in chunks, on a device. Their memory
// is the target's, so a program with such values makes and converts them as it runs.

// holder returns the target that has arrays of a format.
func (e *Engine) holder(f *ir.Format) (lower.Holder, error) {
	t, err := e.target(lower.HolderName(f))
	if err != nil {
		return nil, fmt.Errorf("rt: %w: %w", err, ErrDeclined)
	}
	h, ok := t.(lower.Holder)
	if !ok || !h.Holds(f) {
		return nil, fmt.Errorf("rt: target %s has no arrays of format %s: %w", t.Name(), f, ErrDeclined)
	}
	return h, nil
}

// Convert returns an array's elements in another format; nil is dense, on the host.
func (e *Engine) Convert(ctx context.Context, a *lower.Array, to *ir.Format) (*lower.Array, error) {
	f := a.Format
	if f == nil {
		f = to
	}
	if f == nil {
		return a, nil
	}
	h, err := e.holder(f)
	if err != nil {
		return nil, err
	}
	if a.Format != nil && to != nil && lower.HolderName(a.Format) != lower.HolderName(to) && !to.Equal(a.Format.Levelled()) { // by way of the host
		if a, err = h.Convert(ctx, a, nil); err != nil {
			return nil, err
		}
		return e.Convert(ctx, a, to)
	}
	return h.Convert(ctx, a, to)
}

// heldRun is one run of a program some of whose values targets hold.
type heldRun struct {
	f        *frame
	holders  map[string]lower.Holder
	made     map[int]bool // values that this run made and nobody else owns yet
	empty    map[int]bool // of those, which nothing was written to yet
	finished map[int]bool
	done     int64
	last     time.Time
}

// runHeld runs the program's steps in order.
func (f *frame) runHeld(ctx context.Context) error {
	r := &heldRun{f: f, holders: map[string]lower.Holder{}, made: map[int]bool{}, empty: map[int]bool{}, finished: map[int]bool{}}
	err := r.steps(ctx)
	if err == nil {
		err = r.finish(ctx)
	}
	if err == nil && f.lasting {
		err = f.deliver()
	}
	for v := range r.made {
		if err != nil || f.lasting || !f.isPartOfResult(v) {
			f.values[v].Buf.Close()
			f.values[v] = nil
		}
	}
	return err
}

// isPartOfResult reports whether a result is a value or a view of it.
func (f *frame) isPartOfResult(v int) bool {
	return slices.ContainsFunc(f.prog.ir.Results, func(r int) bool { return f.values[r].Buf == f.values[v].Buf })
}

// slotted refuses programs that cannot be bound: memory that the caller writes and reads
// is dense, of the size that the program was bound to.
func slotted(p *program, params []*ir.Node) error {
	for i, n := range params {
		if f := n.Type.Format; f != nil {
			return fmt.Errorf("rt: parameter %d is held as %s and has no memory for its caller to write: give a bound program the array itself, or evaluate it: %w", i, f, ErrDeclined)
		}
	}
	for i, v := range p.ir.Results {
		if f := p.ir.Values[v].Type.Format; f != nil {
			return fmt.Errorf("rt: result %d is held as %s, which every run would make anew, and a bound program's results stay where they are: convert it to dense in the program, or evaluate it: %w", i, f, ErrDeclined)
		}
	}
	return nil
}

// slots gives the results that steps of a run make memory that lasts.
func (f *frame) slots(s *structure) error {
	for i, v := range f.prog.ir.Results {
		if f.out[i] != nil {
			continue
		}
		t := f.prog.ir.Values[v].Type
		extents, err := f.extents(s, t.Shape)
		if err != nil {
			return err
		}
		if f.out[i], err = f.engine.pool.alloc(t.DType, extents, true); err != nil {
			return err
		}
	}
	return nil
}

// deliver copies the results that steps of a run made to the memory that lasts.
func (f *frame) deliver() error {
	for i, v := range f.prog.ir.Results {
		from, to := f.values[v], f.out[i]
		if from == to {
			continue
		}
		if !slices.Equal(from.Strides, lower.Contiguous(from.Extents)) {
			return fmt.Errorf("rt: result %d of a run is not contiguous", i)
		}
		at := from.Offset * int64(from.DType.Size())
		copy(to.Buf.(*lower.Host).Bytes(), from.Buf.(*lower.Host).Bytes()[at:])
	}
	return nil
}

func (r *heldRun) steps(ctx context.Context) error {
	launch := 0
	for _, st := range r.f.prog.ir.Steps {
		if err := ctx.Err(); err != nil {
			return err
		}
		var err error
		switch st.Kind {
		case ir.StepAlloc:
			err = r.alloc(ctx, st.Out)
		case ir.StepConvert:
			err = r.convert(ctx, &st)
		case ir.StepView:
			err = r.f.makeView(r.f.sizes, st)
		case ir.StepLaunch:
			err = r.launch(ctx, launch, st.Launch, st.Sites)
			launch++
		case ir.StepFree:
			if r.made[st.Out] {
				r.f.values[st.Out].Buf.Close()
				delete(r.made, st.Out)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (r *heldRun) holder(f *ir.Format) (lower.Holder, error) {
	name := lower.HolderName(f)
	if h := r.holders[name]; h != nil {
		return h, nil
	}
	h, err := r.f.engine.holder(f)
	if err == nil {
		r.holders[name] = h
	}
	return h, err
}

// alloc makes a held value; dense ones have their memory from the start.
func (r *heldRun) alloc(ctx context.Context, v int) error {
	t := r.f.prog.ir.Values[v].Type
	if t.Format == nil {
		return nil
	}
	extents, err := r.f.extents(r.f.sizes, t.Shape)
	if err != nil {
		return err
	}
	h, err := r.holder(t.Format)
	if err != nil {
		return err
	}
	a, err := h.Make(ctx, t, extents)
	if err != nil {
		return err
	}
	r.f.values[v], r.made[v], r.empty[v] = a, true, true
	return nil
}

// convert makes a value's elements in another format. What leaves a holder is complete.
func (r *heldRun) convert(ctx context.Context, st *ir.ProgramStep) error {
	to := r.f.prog.ir.Values[st.Out].Type.Format
	if from := r.f.values[st.In[0]]; leaves(from.Format, to) && !r.finished[st.In[0]] {
		if err := r.finish(ctx); err != nil {
			return err
		}
	}
	a, err := r.f.engine.Convert(ctx, r.f.values[st.In[0]], to)
	if err != nil {
		return err
	}
	if a == r.f.values[st.In[0]] { // in that format already, and somebody else's
		if a, err = r.f.engine.clone(a, r.f.lasting); err != nil {
			return err
		}
	}
	r.f.values[st.Out], r.made[st.Out] = a, true
	return nil
}

// leaves reports whether a conversion takes an array from its holder.
func leaves(from, to *ir.Format) bool {
	return from != nil && lower.HolderName(from) != lower.HolderName(to)
}

func (r *heldRun) launch(ctx context.Context, n int, l *ir.Launch, sites []*ir.Site) error {
	f, a := r.f, &r.f.args[n]
	for i, v := range l.Args {
		a.Arrays[i] = *f.values[v]
		delete(r.empty, v) // what a launch reads was written before
	}
	ex := &f.prog.launches[n]
	if len(sites) > 0 {
		a.Site = f.site(sites[0])
	}
	f.progress(ex, r.done, &r.last)
	if err := ex.code.Run(ctx, a); err != nil {
		return f.fault(ex, err)
	}
	r.done += f.bytes[n]
	return nil
}

// finish has holders complete what there is by now of the values that leave them: results,
// and what is converted to another's format.
func (r *heldRun) finish(ctx context.Context) error {
	of := map[string]*leaving{}
	chunking := r.f.config.Chunks
	add := func(v int, sink lower.Sink) {
		a := r.f.values[v]
		if a == nil || a.Format == nil || r.empty[v] || r.finished[v] && sink == nil {
			return
		}
		r.finished[v] = true
		l := of[lower.HolderName(a.Format)]
		if l == nil {
			l = &leaving{}
			of[lower.HolderName(a.Format)] = l
		}
		l.arrays, l.sinks = append(l.arrays, a), append(l.sinks, sink)
	}
	for _, st := range r.f.prog.ir.Steps {
		if st.Kind == ir.StepConvert && leaves(r.f.prog.ir.Values[st.In[0]].Type.Format, r.f.prog.ir.Values[st.Out].Type.Format) {
			add(st.In[0], nil)
		}
	}
	for i, v := range r.f.prog.ir.Results {
		if chunking != nil && i < len(chunking.Sinks) && chunking.Sinks[i] != nil {
			add(v, chunking.Sinks[i])
		} else {
			add(v, nil)
		}
	}
	b := &lower.Bounds{Threads: r.f.config.threads(), Memory: r.f.config.Memory}
	if watch := r.f.config.Watch; watch != nil {
		b.Watch = func(done, total int64, task string) {
			inUse, peak := r.f.engine.Memory()
			watch(Progress{Done: done, Total: total, Task: task, Memory: inUse, Peak: peak})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(of)) {
		l := of[name]
		h, err := r.holder(l.arrays[0].Format)
		if err != nil {
			return err
		}
		if chunking != nil {
			own := *chunking
			own.Sinks = l.sinks
			b.Chunks = &own
		}
		if err := h.Finish(ctx, l.arrays, b); err != nil {
			return r.failed(err)
		}
	}
	return nil
}

// leaving are values that leave a holder, and where they go.
type leaving struct {
	arrays []*lower.Array
	sinks  []lower.Sink
}

// failed names the user's call behind the error of a task.
func (r *heldRun) failed(err error) error {
	t, ok := errors.AsType[*lower.TaskError](err)
	if !ok {
		return err
	}
	e := &RunError{Op: "run", Site: t.Site, Err: err}
	if t.Kernel != nil {
		e.Op = t.Kernel.Name
	}
	if t.Kernel != nil {
		if f, ok := errors.AsType[*lower.Fault](err); ok && f.Number < len(t.Kernel.Faults) {
			e.Op, e.Site = t.Kernel.Faults[f.Number].What, r.f.site(t.Kernel.Faults[f.Number].Site)
		}
	}
	return e
}

// clone copies a dense array.
func (e *Engine) clone(a *lower.Array, lasting bool) (*lower.Array, error) {
	out, err := e.pool.alloc(a.DType, a.Extents, lasting)
	if err == nil {
		copy(out.Buf.(*lower.Host).Bytes(), a.Buf.(*lower.Host).Bytes())
	}
	return out, err
}

// onHolders reports whether targets hold values of a program.
func onHolders(p *ir.Program) bool {
	return slices.ContainsFunc(p.Values, func(v ir.Value) bool { return v.Type.Format != nil }) ||
		slices.ContainsFunc(p.Steps, func(s ir.ProgramStep) bool { return s.Kind == ir.StepConvert })
}

// candidates returns the targets that a launch may go to: who holds its arrays, else those
// of the run in order.
func (e *Engine) candidates(p *ir.Program, l *ir.Launch, targets []lower.Target) ([]lower.Target, error) {
	var held *ir.Format
	for _, v := range l.Args {
		// A sparse array of the host goes where the others are.
		if f := p.Values[v].Type.Format; held == nil || f != nil && f.Device != "" {
			held = cmp.Or(f, held)
		}
	}
	if held == nil {
		return targets, nil
	}
	h, err := e.holder(held)
	if err != nil {
		return nil, err
	}
	return []lower.Target{h}, nil
}

// holding adds the capabilities of the targets that hold a program's parameters, and
// returns the format in which a program sent to the first target is held.
func (e *Engine) holding(s *structure, targets []lower.Target, caps []*ir.Caps) ([]*ir.Caps, *ir.Format, error) {
	for _, n := range s.nodes {
		f := n.Type.Format
		if f == nil {
			continue
		}
		h, err := e.holder(f)
		if err != nil {
			return nil, nil, err
		}
		if c := h.Caps(); !slices.Contains(caps, c) {
			caps = append(caps, c)
		}
	}
	if h, ok := targets[0].(lower.Holder); ok {
		return caps, h.Home(), nil
	}
	return caps, nil, nil
}
