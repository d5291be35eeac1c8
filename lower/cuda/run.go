package cuda

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
	"github.com/numen-go/numen/lower/cuda/ptx"
	"github.com/numen-go/numen/lower/loop"
)

// run is one run of a kernel.
type run struct {
	e      *executable
	code   *code
	ctx    context.Context
	words  []uint64 // of the frame
	host   evaluator
	fault  *lower.Fault
	copies []arrayCopy

	mu     sync.Mutex
	frame  uint64  // where it is on the device
	blocks []block // memory to give back
	over   bool    // it is given back
}

// block is memory of the pool.
type block struct {
	p     uint64
	bytes int64
}

// arrayCopy is an array of the host and its copy on the device.
type arrayCopy struct {
	of      *loop.Array
	bytes   []byte // of the box, before the run and after it
	extents []int64
	box, lo []int64 // extents and first position of what there is memory for
	p       uint64
}

// Run copies arrays of the host to the device, runs the kernel, and copies results of the
// host back.
func (e *executable) Run(ctx context.Context, a *lower.Args) error {
	err := e.run(ctx, a)
	if checking, ok := e.checking.After(err, e.k, e.t.compileNow); ok {
		return checking.run(ctx, a)
	}
	return err
}

// run runs the kernel. Arguments are the caller's again when it returns, which may be
// before the device has stopped: only code here looks at them.
func (e *executable) run(ctx context.Context, a *lower.Args) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	lo, hi, err := e.check(a)
	if err != nil {
		return fmt.Errorf("kernel %s: %w", e.k.Name, err)
	}
	code, err := e.forRun(ctx, lo, hi)
	if err != nil {
		return err
	}
	r := &run{e: e, code: code, ctx: ctx, words: make([]uint64, code.ptx.Words), host: evaluator{vars: map[*loop.Var]uint64{}, extents: map[*loop.Array][]int64{}}}
	if err = r.params(a, lo, hi); err == nil {
		err = r.arrays(a)
	}
	if err == nil {
		err = e.t.calls.await(ctx, &call{what: "kernel " + e.k.Name, do: r.onDevice, stop: r.stop})
	}
	switch {
	case err == nil && r.fault != nil:
		return r.fault
	case err == nil:
		r.results(a)
		return nil
	case err == ctx.Err():
		return err
	}
	return fmt.Errorf("cuda: kernel %s: %w", e.k.Name, err)
}

// onDevice runs the stages, from copies of arrays of the host to the same.
func (r *run) onDevice() error {
	defer r.release()
	err := r.upload()
	if err == nil {
		var p uint64
		p, err = r.memory(int64(8 * len(r.words)))
		r.mu.Lock()
		r.frame = p
		r.mu.Unlock()
	}
	for i := 0; err == nil && i < len(r.code.ptx.Stages); i++ {
		err = r.stage(&r.code.ptx.Stages[i])
	}
	if err == nil && r.fault == nil {
		err = r.download()
	}
	return err
}

// memory returns memory that the run gives back.
func (r *run) memory(bytes int64) (uint64, error) {
	p, err := r.e.t.pool.get(bytes)
	if err == nil {
		r.blocks = append(r.blocks, block{p, bytes})
	}
	return p, err
}

func (r *run) release() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.over = true
	for _, b := range r.blocks {
		r.e.t.pool.put(b.p, b.bytes)
	}
}

var errOver = errors.New("the run is over")

// stop tells the threads to stop, those of the launch that runs.
func (r *run) stop() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.over:
		return errOver
	case r.frame == 0:
		return nil
	}
	return r.e.t.device.Write(r.frame+8*ptx.WordStop, []byte{1, 0, 0, 0, 0, 0, 0, 0})
}

// set gives a variable its value.
func (r *run) set(v *loop.Var, x uint64) {
	r.host.vars[v] = x
	r.words[r.code.ptx.Var(v)] = x
}

// params sets the parameters: see loop.From.
func (r *run) params(a *lower.Args, lo, hi []int64) error {
	var all []uint64
	for _, d := range a.Dims {
		all = append(all, uint64(d))
	}
	for i, x := range r.e.k.Axes {
		if x.From < 0 {
			all = append(all, uint64(lo[i]), uint64(hi[i]))
		}
	}
	all = append(all, a.Scalars...)
	params := r.code.ptx.Loop.Params
	if len(all) != len(params) {
		return fmt.Errorf("%d parameters for %d", len(all), len(params))
	}
	for i, v := range params {
		r.set(v, all[i])
	}
	return nil
}

// arrays sets the arrays that are on the device, and reads those of the host.
func (r *run) arrays(a *lower.Args) error {
	arrays := r.code.ptx.Loop.Arrays
	for i := range a.Arrays {
		if err := r.ctx.Err(); err != nil { // a copy of a large array takes a while
			return err
		}
		x := &a.Arrays[i]
		extents := slices.Clone(x.Extents)
		if x.Format != nil {
			r.array(arrays[i], x.Buf.(*buffer).p, extents, extents, nil)
			continue
		}
		lo, box := box(x)
		r.copies = append(r.copies, arrayCopy{of: arrays[i], bytes: gather(x), extents: extents, box: slices.Clone(box), lo: slices.Clone(lo)})
	}
	if len(arrays) > len(a.Arrays) { // counts of append statements
		n := []int64{int64(len(a.Counts))}
		r.copies = append(r.copies, arrayCopy{of: arrays[len(a.Arrays)], bytes: make([]byte, 8*len(a.Counts)), extents: n, box: n})
	}
	return nil
}

// upload gives arrays of the host memory for the run.
func (r *run) upload() error {
	for i := range r.copies {
		c := &r.copies[i]
		err := r.ctx.Err()
		if err == nil {
			c.p, err = r.memory(int64(len(c.bytes)))
		}
		if err == nil {
			err = r.chunks(c, r.e.t.device.Write)
		}
		if err != nil {
			return err
		}
		r.array(c.of, c.p, c.extents, c.box, c.lo)
	}
	return nil
}

// chunkBytes are copied between two looks at the context.
const chunkBytes = 4 << 20

// chunks calls f for the chunks of a copy, in order.
func (r *run) chunks(c *arrayCopy, f func(p uint64, b []byte) error) error {
	for at := 0; at < len(c.bytes); at += chunkBytes {
		err := r.ctx.Err()
		if err == nil {
			err = f(c.p+uint64(at), c.bytes[at:min(at+chunkBytes, len(c.bytes))])
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// download reads the results.
func (r *run) download() error {
	for _, c := range r.copies {
		if c.of.Role != ir.In {
			err := r.chunks(&c, func(p uint64, b []byte) error { return r.e.t.device.Read(b, p) })
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// results writes the results to the caller's arrays.
func (r *run) results(a *lower.Args) {
	next := 0
	for i := range a.Arrays {
		if x := &a.Arrays[i]; x.Format == nil {
			if c := &r.copies[next]; c.of.Role != ir.In {
				scatter(x, c.bytes)
			}
			next++
		}
	}
	if next < len(r.copies) {
		for i := range a.Counts {
			a.Counts[i] = int64(binary.LittleEndian.Uint64(r.copies[next].bytes[8*i:]))
		}
	}
}

// array describes an array: memory for a box of it, which starts at lo.
func (r *run) array(a *loop.Array, p uint64, extents, box, lo []int64) {
	w := r.code.ptx.Array(a)
	r.host.extents[a] = extents
	for d, s := range lower.Contiguous(box) {
		r.words[w.Strides[d]], r.words[w.Extents[d]] = uint64(s), uint64(extents[d])
		if lo != nil {
			p -= uint64(lo[d] * s * int64(a.DType.Size()))
		}
	}
	r.words[w.Base] = p
}

// stage runs a stage: a statement on the host, or code.
func (r *run) stage(s *ptx.Stage) error {
	switch x := s.Host.(type) {
	case nil:
		return r.entry(s)
	case *loop.Require:
		return r.host.require(x)
	case *loop.NonEmpty:
		if r.host.int(x.N) <= 0 {
			return errEmpty
		}
		return nil
	case *loop.Local:
		return r.local(x)
	}
	return r.assign(s.Host)
}

// assign runs assignments of integers, with loops and branches around them.
func (r *run) assign(body ...loop.Stmt) error {
	for _, s := range body {
		var err error
		switch s := s.(type) {
		case *loop.Set:
			r.set(s.Var, r.host.val(s.Val))
		case *loop.For:
			for i, hi, step := r.host.int(s.Lo), r.host.int(s.Hi), r.host.int(s.Step); err == nil && i < hi; i += step {
				r.host.vars[s.Var] = uint64(i)
				err = r.assign(s.Body...)
			}
		case *loop.While:
			for err == nil && r.host.val(s.Cond) != 0 {
				err = r.assign(s.Body...)
			}
		case *loop.If:
			if r.host.val(s.Cond) != 0 {
				err = r.assign(s.Then...)
			} else {
				err = r.assign(s.Else...)
			}
		}
		if err == nil {
			err = r.ctx.Err()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

var errEmpty = errors.New("a reduction of nothing has no value")

// local gives an array of the loop's body its memory.
func (r *run) local(s *loop.Local) error {
	extents := make([]int64, len(s.Extents))
	for d, e := range s.Extents {
		extents[d] = max(r.host.int(e), 0)
	}
	n, err := elements(extents)
	if err != nil {
		return err
	}
	size := s.Array.DType.Size()
	bytes, ok := ir.MulOK(n, int64(size))
	if !ok {
		return fmt.Errorf("a local array of %d elements", n)
	}
	p, err := r.memory(bytes)
	if err != nil {
		return err
	}
	r.array(s.Array, p, extents, extents, nil)
	return nil
}
