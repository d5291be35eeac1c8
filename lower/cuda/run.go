package cuda

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
	"github.com/numen-go/numen/lower/cuda/ptx"
	"github.com/numen-go/numen/lower/loop"
)

// The shape of launches.
const (
	maxThreads = 1 << 16
	tileBlock  = 256       // threads of a block that runs a task together, at most
	maxScratch = 256 << 20 // bytes of scratch memory of a launch
)

// run is one run of a kernel.
type run struct {
	e      *executable
	ctx    context.Context
	words  []uint64 // of the frame
	frame  uint64   // where it is on the device
	host   evaluator
	fault  *lower.Fault
	blocks []block // memory to give back
	back   []func() error
}

// block is memory of the pool.
type block struct {
	p     uint64
	bytes int64
}

// Run copies arrays of the host to the device, runs the kernel, and copies results of the
// host back.
func (e *executable) Run(ctx context.Context, a *lower.Args) error {
	err := e.run(ctx, a)
	if checking, ok := e.checking.After(err, e.k, e.t.compile); ok {
		return checking.run(ctx, a)
	}
	return err
}

func (e *executable) run(ctx context.Context, a *lower.Args) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	lo, hi, err := e.check(a)
	if err != nil {
		return fmt.Errorf("kernel %s: %w", e.k.Name, err)
	}
	r := &run{e: e, ctx: ctx, words: make([]uint64, e.ptx.Words), host: evaluator{vars: map[*loop.Var]uint64{}, extents: map[*loop.Array][]int64{}}}
	defer r.release()
	if err = r.params(a, lo, hi); err == nil {
		err = r.arrays(a)
	}
	if err == nil {
		r.frame, err = r.memory(int64(8 * len(r.words)))
	}
	for i := 0; err == nil && i < len(e.ptx.Stages); i++ {
		err = r.stage(&e.ptx.Stages[i])
	}
	for i := 0; err == nil && r.fault == nil && i < len(r.back); i++ {
		err = r.back[i]()
	}
	switch {
	case err == nil && r.fault != nil:
		return r.fault
	case err == nil || errors.Is(err, ctx.Err()):
		return err
	}
	return fmt.Errorf("cuda: kernel %s: %w", e.k.Name, err)
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
	for _, b := range r.blocks {
		r.e.t.pool.put(b.p, b.bytes)
	}
}

// set gives a variable its value.
func (r *run) set(v *loop.Var, x uint64) {
	r.host.vars[v] = x
	r.words[r.e.ptx.Var(v)] = x
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
	params := r.e.ptx.Loop.Params
	if len(all) != len(params) {
		return fmt.Errorf("%d parameters for %d", len(all), len(params))
	}
	for i, v := range params {
		r.set(v, all[i])
	}
	return nil
}

// arrays sets the arrays. Those of the host get memory for the run.
func (r *run) arrays(a *lower.Args) error {
	arrays := r.e.ptx.Loop.Arrays
	for i := range a.Arrays {
		x := &a.Arrays[i]
		if x.Format != nil {
			r.array(arrays[i], x.Buf.(*buffer).p, x.Extents, x.Extents, nil)
			continue
		}
		p, err := r.upload(gather(x))
		if err != nil {
			return err
		}
		lo, extents := box(x)
		r.array(arrays[i], p, x.Extents, extents, lo)
		if arrays[i].Role != ir.In {
			r.back = append(r.back, func() error {
				n := int64(x.DType.Size())
				for _, e := range extents {
					n *= e
				}
				out := make([]byte, n)
				if err := r.e.t.device.Read(out, p); err != nil {
					return err
				}
				scatter(x, out)
				return nil
			})
		}
	}
	if len(arrays) > len(a.Arrays) { // counts of append statements
		out := make([]byte, 8*len(a.Counts))
		p, err := r.upload(out)
		if err != nil {
			return err
		}
		n := []int64{int64(len(a.Counts))}
		r.array(arrays[len(a.Arrays)], p, n, n, nil)
		r.back = append(r.back, func() error {
			err := r.e.t.device.Read(out, p)
			for i := range a.Counts {
				a.Counts[i] = int64(binary.LittleEndian.Uint64(out[8*i:]))
			}
			return err
		})
	}
	return nil
}

func (r *run) upload(from []byte) (uint64, error) {
	p, err := r.memory(int64(len(from)))
	if err == nil {
		err = r.e.t.device.Write(p, from)
	}
	return p, err
}

// array describes an array: memory for a box of it, which starts at lo.
func (r *run) array(a *loop.Array, p uint64, extents, box, lo []int64) {
	w := r.e.ptx.Array(a)
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
		return r.code(s)
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
	if s.Init == nil {
		return nil
	}
	var one [8]byte
	binary.LittleEndian.PutUint64(one[:], r.host.val(s.Init))
	fill := make([]byte, 0, bytes)
	for range n {
		fill = append(fill, one[:size]...)
	}
	return r.e.t.device.Write(p, fill)
}

// code runs the code of a stage.
func (r *run) code(s *ptx.Stage) error {
	tasks, positions := int64(1), int64(1) // positions of a task
	for i, x := range s.Ranges {
		from, to, step := r.host.int(x.From), r.host.int(x.To), r.host.int(x.Step)
		if from >= to {
			return nil
		}
		at := s.Range + 3*i
		r.words[at], r.words[at+1], r.words[at+2] = uint64(from), uint64(step), uint64(to)
		var ok bool
		if tasks, ok = ir.MulOK(tasks, (to-from+step-1)/step); !ok {
			return fmt.Errorf("too many tasks")
		}
		positions *= min(step, to-from)
	}
	g := gridOf(s.Team, tasks, positions, maxThreads)
	if s.Measure != "" {
		if err := r.launch(s.Measure, tasks, gridOf(ptx.Alone, tasks, 1, maxThreads), false); err != nil {
			return err
		}
		need := int64(r.words[ptx.WordNeed])
		g = gridOf(s.Team, tasks, positions, max(1, min(g.workers, maxScratch/max(need, 1))))
		room, ok := ir.MulOK(need, g.workers)
		if !ok {
			return fmt.Errorf("%d bytes of scratch memory for each of %d workers", need, g.workers)
		}
		p, err := r.memory(room)
		if err != nil {
			return err
		}
		r.words[ptx.WordScratch], r.words[ptx.WordRoom] = p, uint64(need)
	}
	return r.launch(s.Entry, tasks, g, s.Checks)
}

// grid is the shape of a launch.
type grid struct{ threads, blocks, workers int64 } // threads of a block

// gridOf returns the shape of a launch of so many tasks, of so many positions each, for
// which there are to be at most so many workers, and a few more where that fills a block.
func gridOf(team int, tasks, positions, most int64) grid {
	switch team {
	case ptx.BlockTeam:
		// Each thread has 16 results of a tile.
		n := min(tasks, most, maxThreads/tileBlock)
		return grid{min((positions+511)/512*32, tileBlock), n, n}
	case ptx.LaneTeam:
		n := (min(tasks, most, maxThreads/ptx.LaneTeam) + 1) / 2 * 2 // whole warps
		g := grid{threads: min(n*ptx.LaneTeam, ptx.BlockThreads)}
		g.blocks = (n*ptx.LaneTeam + g.threads - 1) / g.threads
		g.workers = g.blocks * g.threads / ptx.LaneTeam
		return g
	}
	n := min(tasks, most)
	g := grid{threads: min(n, ptx.BlockThreads)}
	g.blocks = (n + g.threads - 1) / g.threads
	g.workers = g.blocks * g.threads
	return g
}

// launch runs an entry to its end, and reads the frame.
func (r *run) launch(entry string, tasks int64, g grid, checks bool) error {
	threads := g.threads * g.blocks
	clear(r.words[:ptx.WordScratch])
	r.words[ptx.WordTasks], r.words[ptx.WordWorkers] = uint64(tasks), uint64(g.workers)
	if checks {
		p, err := r.memory(8 * ptx.FaultWords * threads)
		if err != nil {
			return err
		}
		r.words[ptx.WordFaults] = p
	}
	frame := make([]byte, 8*len(r.words))
	for i, w := range r.words {
		binary.LittleEndian.PutUint64(frame[8*i:], w)
	}
	if err := r.supervised(func() error { return r.e.code.Launch(entry, int(g.blocks), int(g.threads), r.frame, frame) }); err != nil {
		return err
	}
	for i := range r.words {
		r.words[i] = binary.LittleEndian.Uint64(frame[8*i:])
	}
	if err := r.failure(); err != nil {
		return err
	}
	if checks && r.words[ptx.WordFaulted] != 0 {
		return r.faults(threads)
	}
	return nil
}

// supervised runs f, and tells the threads to stop when the context ends.
func (r *run) supervised(f func() error) error {
	done := make(chan error, 1)
	go func() { done <- f() }()
	select {
	case err := <-done:
		if err == nil {
			err = r.ctx.Err()
		}
		return err
	case <-r.ctx.Done():
	}
	for { // again and again: the frame may not have been on the device yet
		failed := r.e.t.device.Write(r.frame+8*ptx.WordStop, []byte{1, 0, 0, 0, 0, 0, 0, 0})
		select {
		case err := <-done:
			if err == nil {
				err = r.ctx.Err()
			}
			return err
		case <-time.After(time.Millisecond):
		}
		if failed != nil { // the device is lost, or the launch ends by itself
			if err := <-done; err != nil {
				return err
			}
			return failed
		}
	}
}

// failure returns why threads have stopped.
func (r *run) failure() error {
	switch s := ptx.Status(r.words[ptx.WordStatus]); s {
	case ptx.StatusOK:
		return nil
	case ptx.StatusEmpty:
		return errEmpty
	case ptx.StatusOutside:
		return fmt.Errorf("position %d, which is data, is outside an axis of extent %d", int64(r.words[ptx.WordArg]), r.words[ptx.WordArg2])
	case ptx.StatusFull:
		return errors.New("append: more elements than the target has room for")
	default:
		return fmt.Errorf("the code stopped with status %d", s)
	}
}

// faults finds the first fault of all threads.
func (r *run) faults(threads int64) error {
	all := make([]byte, 8*ptx.FaultWords*threads)
	if err := r.e.t.device.Read(all, r.words[ptx.WordFaults]); err != nil {
		return err
	}
	for ; len(all) > 0; all = all[8*ptx.FaultWords:] {
		word := func(i int) int64 { return int64(binary.LittleEndian.Uint64(all[8*i:])) }
		f := &lower.Fault{Number: int(word(0)), Position: word(1), Value: word(2), Limit: word(3)}
		if f.Number >= 0 && (r.fault == nil || f.Position < r.fault.Position || f.Position == r.fault.Position && f.Number < r.fault.Number) {
			r.fault = f
		}
	}
	return nil
}
