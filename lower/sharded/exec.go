package sharded

import (
	"cmp"
	"container/heap"
	"context"
	"fmt"
	"os"
	"runtime"
	"slices"
	"sync"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
)

// Finish computes results. What it will hold is known, and refused where it is more than
// the bound, before anything is computed.
func (t *target) Finish(ctx context.Context, results []*lower.Array, b *lower.Bounds) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	var nodes []*node
	for _, a := range results {
		if _, ok := a.Buf.(*buffer); !ok {
			continue // of the host
		}
		n, err := t.nodeOf(a)
		if err != nil {
			return err
		}
		if n.host == nil && n.source == nil {
			nodes = append(nodes, n)
		}
	}
	p, err := t.newPlan(ctx, nodes, b.Threads, b.Memory)
	if err != nil {
		return err
	}
	if err := p.check(b.Memory); err != nil {
		return err
	}
	e := &executor{plan: p, bounds: b, threads: max(b.Threads, 1)}
	return e.run(ctx, nodes)
}

// executor runs a plan.
type executor struct {
	*plan
	bounds  *lower.Bounds
	threads int

	mu       sync.Mutex
	wake     *sync.Cond
	ready    taskHeap // tasks whose chunks are all there: the first in the plan's order first
	waiting  []int32  // by task: chunks that are not there yet
	users    []int32  // tasks that read a chunk, chunk after chunk
	from     []int32  // by chunk: where its users start
	running  int
	spilling int
	done     int
	err      error
	failed   int32 // the first task that failed, in the plan's order; all of them: none did
	resident int64 // bytes of chunks in memory
	working  int64 // bytes that running tasks may take
	shelved  shelf
}

type taskHeap []int32

func (h taskHeap) Len() int           { return len(h) }
func (h taskHeap) Less(i, j int) bool { return h[i] < h[j] }
func (h taskHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *taskHeap) Push(x any)        { *h = append(*h, x.(int32)) }
func (h *taskHeap) Pop() any {
	l := len(*h) - 1
	x := (*h)[l]
	*h = (*h)[:l]
	return x
}

// run computes the plan, and keeps the chunks of the nodes.
func (e *executor) run(ctx context.Context, nodes []*node) error {
	e.wake = sync.NewCond(&e.mu)
	e.shelved = e.t.shelf
	if b := e.bounds.Memory; b > 0 {
		e.t.arena.bound(0)
	} else {
		e.t.arena.bound(256 << 20)
	}
	e.link()
	e.failed = int32(len(e.tasks))
	stop := context.AfterFunc(ctx, func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.failed = -1
		e.fail(ctx.Err())
	})
	defer stop()
	var wg sync.WaitGroup
	for range min(e.threads, len(e.tasks)) - 1 {
		wg.Go(func() { e.work(ctx) })
	}
	if len(e.tasks) > 0 {
		e.work(ctx)
	}
	wg.Wait()
	e.t.shelf = e.shelved
	if e.err != nil {
		for i := range e.chunks {
			e.free(&e.chunks[i])
		}
		return e.err
	}
	for _, n := range nodes {
		e.keep(e.arrays[n])
	}
	return nil
}

// keep leaves a result's chunks to its node.
func (e *executor) keep(a *array) {
	if a.have != nil || a.node.kept.Load() != nil {
		return
	}
	k := &kept{dtype: a.dtype, grid: a.grid, arena: e.t.arena, shelf: e.shelved, chunks: make([]stored, a.grid.count())}
	for i := range k.chunks {
		k.chunks[i] = e.chunks[int(a.first)+i].stored
	}
	a.node.keep(k)
}

// link finds out which tasks wait for which chunks.
func (e *executor) link() {
	e.waiting = make([]int32, len(e.tasks))
	e.from = make([]int32, len(e.chunks)+1)
	for _, c := range e.reads {
		e.from[c+1]++
	}
	for c := range e.chunks {
		e.from[c+1] += e.from[c]
	}
	e.users = make([]int32, len(e.reads))
	next := slices.Clone(e.from)
	for i := range e.tasks {
		t := &e.tasks[i]
		for _, c := range e.reads[t.reads[0]:t.reads[1]] {
			e.users[next[c]] = int32(i)
			next[c]++
			e.waiting[i]++
		}
		if e.waiting[i] == 0 {
			e.ready = append(e.ready, int32(i)) // ascending: a heap
		}
	}
}

// fail ends the run with its first error.
func (e *executor) fail(err error) {
	if e.err == nil {
		e.err = err
	}
	e.wake.Broadcast()
}

// work runs tasks until none is left.
func (e *executor) work(ctx context.Context) {
	w := &worker{executor: e}
	e.mu.Lock()
	defer e.mu.Unlock()
	for e.err == nil && e.done < len(e.tasks) {
		if len(e.ready) == 0 {
			e.wake.Wait()
			continue
		}
		t := &e.tasks[e.ready[0]]
		if !e.fits(t.need) {
			if e.spill(t) {
				continue
			}
			if e.running+e.spilling > 0 {
				e.wake.Wait()
				continue
			}
		}
		i := heap.Pop(&e.ready).(int32)
		e.start(t)
		e.mu.Unlock()
		err := w.run(ctx, t)
		e.mu.Lock()
		for _, m := range w.made {
			if err != nil {
				e.t.arena.put(m.data)
				continue
			}
			e.chunks[m.chunk].data = m.data
		}
		w.made = w.made[:0]
		e.end(i, t, err)
	}
}

// fits reports whether so many bytes may be taken now.
func (e *executor) fits(need int64) bool {
	return e.bounds.Memory <= 0 || e.resident+e.working+need <= e.bounds.Memory
}

func (e *executor) start(t *task) {
	e.running++
	e.working += t.need
	for _, c := range e.reads[t.reads[0]:t.reads[1]] {
		e.chunks[c].pins++
	}
}

// end notes what a task has done, and which tasks may start now.
func (e *executor) end(i int32, t *task, err error) {
	e.running--
	e.working -= t.need
	e.done++
	e.waiting[i] = -1
	for _, c := range e.reads[t.reads[0]:t.reads[1]] {
		x := &e.chunks[c]
		x.pins--
		if x.readers--; x.readers == 0 && !x.result && x.pins == 0 { // else it is being spilled
			e.free(x)
		}
	}
	if err != nil {
		// Tasks start in the plan's order, so the first of it that fails is always the same.
		if i < e.failed {
			e.failed, e.err = i, nil
		}
		e.fail(fmt.Errorf("sharded: task %q: %w", e.name(t), err))
		return
	}
	woken := 0
	for _, c := range e.writes[t.writes[0]:t.writes[1]] {
		x := &e.chunks[c]
		e.resident += int64(len(x.data))
		for _, u := range e.users[e.from[c]:e.from[c+1]] {
			if e.waiting[u]--; e.waiting[u] == 0 {
				heap.Push(&e.ready, u)
				woken++
			}
		}
		if x.readers == 0 && !x.result { // nobody asked for this one of the task's results
			e.free(x)
		}
	}
	if watch := e.bounds.Watch; watch != nil {
		watch(int64(e.done), int64(len(e.tasks)), e.name(t))
	}
	if e.threads > 1 {
		switch {
		case e.done == len(e.tasks) || e.bounds.Memory > 0 || woken > 1:
			e.wake.Broadcast()
		case woken == 1:
			e.wake.Signal()
		}
	}
}

// free gives a chunk's memory back.
func (e *executor) free(c *chunk) {
	if c.data != nil {
		e.resident -= int64(len(c.data))
		e.t.arena.put(c.data)
		c.data = nil
	} else if c.slot.size > 0 {
		e.shelved.drop(c.slot)
		c.slot = slot{}
	}
}

// spill writes chunks that no task reads now to the shelf, until the task's need fits:
// those first that are needed last. It reports whether it could; the lock is not held
// while it writes.
func (e *executor) spill(t *task) bool {
	type victim struct {
		chunk int32
		next  int32
	}
	var victims []victim
	for i := range e.chunks {
		c := &e.chunks[i]
		if len(c.data) == 0 || c.pins > 0 {
			continue
		}
		next := int32(len(e.tasks))
		for _, u := range e.users[e.from[i]:e.from[i+1]] {
			if e.waiting[u] >= 0 {
				next = min(next, u)
			}
		}
		victims = append(victims, victim{int32(i), next})
	}
	if len(victims) == 0 {
		return false
	}
	slices.SortFunc(victims, func(a, b victim) int { return cmp.Compare(b.next, a.next) })
	if e.shelved == nil {
		s, err := newScratch(os.TempDir())
		if err != nil {
			e.fail(err)
			return true
		}
		e.shelved = s
	}
	for _, v := range victims {
		if e.fits(t.need) || e.err != nil {
			break
		}
		c := &e.chunks[v.chunk]
		if c.data == nil || c.pins > 0 {
			continue
		}
		c.pins++
		e.spilling++
		e.mu.Unlock()
		at, err := e.shelved.put(c.data)
		e.mu.Lock()
		c.pins--
		e.spilling--
		e.wake.Broadcast()
		if err != nil {
			e.fail(err)
			return true
		}
		if c.pins > 0 { // a task has begun to read it
			e.shelved.drop(at)
			continue
		}
		if c.readers == 0 && !c.result {
			e.shelved.drop(at)
			e.free(c)
			continue
		}
		data := c.data
		c.data, c.slot = nil, at
		e.resident -= int64(len(data))
		e.t.arena.put(data)
	}
	return true
}

// worker runs tasks one after the other.
type worker struct {
	*executor
	args   lower.Args
	boxes  []ir.Box
	lo, hi []int64
	taken  [][]byte // what the task at hand gives back
	made   []made   // what it has written
}

// made is a chunk that a task has written, before others may see it.
type made struct {
	chunk int32
	data  []byte
}

// run runs one task.
func (w *worker) run(ctx context.Context, t *task) (err error) {
	if err := ctx.Err(); err != nil {
		return err
	}
	defer func() {
		for _, b := range w.taken {
			w.t.arena.put(b)
		}
		w.taken = w.taken[:0]
	}()
	switch t.kind {
	case copying:
		return w.copy(ctx, t)
	case merging:
		return w.merge(ctx, t)
	}
	return w.compute(ctx, t)
}

// written returns memory for a chunk that the task at hand writes.
func (w *worker) written(c int32) ([]byte, error) {
	x := &w.chunks[c]
	data, err := w.t.arena.get(x.bytes)
	if err != nil {
		return nil, err
	}
	w.made = append(w.made, made{c, data})
	return data, nil
}

// compute runs code on a cell.
func (w *worker) compute(ctx context.Context, t *task) error {
	s := t.stage
	w.bounds(s, t.cell, int(t.piece))
	a := &w.args
	a.Dims, a.Scalars, a.Lo, a.Hi, a.Threads = s.dims, s.scalars, w.lo, w.hi, max(w.threads/len(w.tasks), 1)
	a.Arrays = a.Arrays[:0]
	w.boxes = slices.Grow(w.boxes[:0], len(s.boxes))[:len(s.boxes)]
	next := t.writes[0]
	for o := range s.code.k.Operands {
		if s.in[o] == nil && s.out[o] == nil {
			continue
		}
		b := &w.boxes[o]
		if err := s.code.reach.Of(o, s.dims, w.lo, w.hi, b); err != nil {
			return err
		}
		x, err := lower.Array{}, error(nil)
		if s.out[o] == nil {
			x, err = w.operand(ctx, s.read[o], b)
		} else {
			x, err = w.result(ctx, s, o, b, w.writes[next])
			next++
		}
		if err != nil {
			return err
		}
		a.Arrays = append(a.Arrays, x)
	}
	return s.code.Executable.Run(ctx, a)
}

// bounds sets lo and hi to those of a cell, as stage.bounds does for one goroutine.
func (w *worker) bounds(s *stage, cell int64, piece int) {
	own := stage{ends: s.ends, piece: s.piece, pieces: s.pieces}
	own.min, own.max = append(w.lo[:0], s.n...), append(w.hi[:0], s.n...)
	own.bounds(cell, piece)
	w.lo, w.hi = own.min, own.max
}

// result returns the array of a result: the memory of a chunk.
func (w *worker) result(ctx context.Context, s *stage, o int, b *ir.Box, c int32) (lower.Array, error) {
	data, err := w.written(c)
	if err != nil {
		return lower.Array{}, err
	}
	if s.in[o] != nil { // what it holds before
		if err := w.gather(ctx, s.read[o], b, data); err != nil {
			return lower.Array{}, err
		}
	}
	return boxed(s.out[o], data, b), nil
}

// boxed returns an array of which there is a box.
func boxed(n *node, data []byte, b *ir.Box) lower.Array {
	a := lower.Array{DType: n.dtype, Buf: lower.NewHost(data), Extents: n.extents, Part: b}
	a.Strides = make([]int64, len(b.Lo))
	step := int64(1)
	for d := len(b.Lo) - 1; d >= 0; d-- {
		a.Strides[d] = step
		a.Offset -= b.Lo[d] * step
		step *= b.Hi[d] - b.Lo[d]
	}
	return a
}

// operand returns an array that a task reads a box of: where it is, if that is in one
// piece in memory, else a copy.
func (w *worker) operand(ctx context.Context, a *array, b *ir.Box) (lower.Array, error) {
	if a.host != nil {
		return *a.host, nil
	}
	if a.first >= 0 || a.have != nil {
		if i, ok := a.grid.only(b); ok {
			if data := w.at(a, i).data; data != nil {
				own := new(ir.Box)
				a.grid.box(i, own)
				return boxed(a.node, data, own), nil
			}
		}
	}
	data, err := w.t.arena.get(b.Size() * int64(a.dtype.Size()))
	if err != nil {
		return lower.Array{}, err
	}
	w.taken = append(w.taken, data)
	return boxed(a.node, data, b), w.gather(ctx, a, b, data)
}

// at returns where a chunk is.
func (w *worker) at(a *array, i int64) *stored {
	if a.have != nil {
		return &a.have.chunks[i]
	}
	return &w.chunks[int64(a.first)+i].stored
}

// gather copies a box of an array to dst.
func (w *worker) gather(ctx context.Context, a *array, b *ir.Box, dst []byte) error {
	if b.Empty() {
		return nil
	}
	size := int64(a.dtype.Size())
	if a.host != nil {
		lower.Gather(a.host, b, dst)
		return nil
	}
	if a.first < 0 && a.have == nil {
		return a.source.Read(ctx, b.Lo, b.Hi, dst)
	}
	var err error
	var own, box ir.Box
	from := w.shelved
	if a.have != nil {
		from = a.have.shelf
	}
	a.grid.each(b, func(i int64) {
		if err != nil {
			return
		}
		a.grid.box(i, &own)
		meet(&box, &own, b)
		err = w.at(a, i).read(from, &box, &own, dst, b, size)
	})
	runtime.KeepAlive(a.node)
	return err
}

// copy reads a chunk from another array, or from a source.
func (w *worker) copy(ctx context.Context, t *task) error {
	var b ir.Box
	t.array.grid.box(t.cell, &b)
	data, err := w.written(w.writes[t.writes[0]])
	if err != nil {
		return err
	}
	if t.array.at == nil {
		return t.array.source.Read(ctx, b.Lo, b.Hi, data)
	}
	return w.gather(ctx, t.array.at, &b, data)
}

// merge merges the results of two pieces.
func (w *worker) merge(ctx context.Context, t *task) error {
	s := t.stage
	slotOf := map[int]int{}
	for o := range s.out {
		if s.out[o] != nil {
			slotOf[o] = len(slotOf)
		}
	}
	n := int32(len(slotOf))
	sides := func(m *merger, at func(i int32) ([]byte, error)) ([][]byte, error) {
		var out [][]byte
		for _, o := range m.targets {
			data, err := at(int32(slotOf[o]))
			if err != nil {
				return nil, err
			}
			out = append(out, data)
		}
		return out, nil
	}
	side := func(from int32) func(i int32) ([]byte, error) {
		return func(i int32) ([]byte, error) { return w.held(w.reads[t.reads[0]+from+i]) }
	}
	for _, m := range s.merge {
		left, err := sides(m, side(0))
		if err != nil {
			return err
		}
		right, err := sides(m, side(n))
		if err != nil {
			return err
		}
		out, err := sides(m, func(i int32) ([]byte, error) { return w.written(w.writes[t.writes[0]+i]) })
		if err != nil {
			return err
		}
		w.args.Threads = 1
		m.args(&w.args, left, right, out)
		if err := m.Executable.Run(ctx, &w.args); err != nil {
			return err
		}
	}
	return nil
}

// held returns a chunk's elements, from the shelf if they are there.
func (w *worker) held(c int32) ([]byte, error) {
	x := &w.chunks[c]
	if x.data != nil {
		return x.data, nil
	}
	data, err := w.t.arena.get(x.bytes)
	if err != nil {
		return nil, err
	}
	w.taken = append(w.taken, data)
	if x.bytes == 0 {
		return data, nil
	}
	return data, w.shelved.read(x.slot, data, 0)
}
