package sharded

import (
	"cmp"
	"container/heap"
	"context"
	"fmt"
	"math"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/numen-go/numen/lower"
)

// Finish computes results. What it will hold is known, and refused where it is more than
// the bound, before anything is computed.
func (t *target) Finish(ctx context.Context, results []*lower.Array, b *lower.Bounds) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	order := b.Chunks
	if order == nil {
		order = &lower.Chunking{}
	}
	var keep *keeper
	if order.Keep != "" {
		var err error
		if keep, err = openKeeper(order.Keep); err != nil {
			return err
		}
	}
	var all []wanted
	for i, a := range results {
		if _, ok := a.Buf.(*buffer); !ok {
			continue // of the host
		}
		n, err := t.nodeOf(a)
		if err != nil {
			return err
		}
		w := wanted{node: n}
		if i < len(order.Sinks) {
			w.sink = order.Sinks[i]
		}
		if w.sink != nil || n.host == nil && n.source == nil {
			all = append(all, w)
		}
	}
	p, err := t.newPlan(ctx, all, keep, b.Threads, b.Memory)
	if err != nil {
		return err
	}
	if order.Plan != nil {
		if err := order.Plan(ctx, p.data(b)); err != nil {
			return err
		}
	}
	if err := p.check(b.Memory); err != nil {
		return err
	}
	e := &executor{plan: p, bounds: b, order: order, threads: max(b.Threads, 1)}
	return e.run(ctx, all)
}

// executor runs a plan.
type executor struct {
	*plan
	bounds  *lower.Bounds
	order   *lower.Chunking
	threads int

	mu       sync.Mutex
	wake     *sync.Cond
	ready    taskHeap // tasks whose chunks are all there: the first in the plan's order first
	parked   []int32  // of those, which may not start since one failed
	waiting  []int32  // by task: chunks that are not there yet
	users    []int32  // tasks that read a chunk, chunk after chunk
	from     []int32  // by chunk: where its users start
	running  int
	spilling int
	done     int
	stopped  error // why no task may start any more
	failure  failure
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

// run computes the plan, and keeps the chunks of results.
func (e *executor) run(ctx context.Context, results []wanted) error {
	e.wake = sync.NewCond(&e.mu)
	e.shelved = e.t.shelves[e.spillDir()]
	if b := e.bounds.Memory; b > 0 {
		e.t.arena.bound(b)
		defer e.t.arena.bound(0)
	} else {
		e.t.arena.bound(math.MaxInt64)
	}
	e.link()
	stop := context.AfterFunc(ctx, func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.stop(ctx.Err())
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
	if e.shelved != nil {
		e.t.shelves[e.spillDir()] = e.shelved
	}
	err := e.stopped
	if err == nil {
		err = e.failure.err
	}
	if err == nil {
		err = e.settle(results)
	}
	if err != nil {
		for i := range e.chunks {
			e.free(&e.chunks[i])
		}
		return err
	}
	for _, w := range results {
		if w.sink == nil {
			e.leave(e.arrays[w.node])
		}
	}
	return nil
}

// spillDir is where chunks go that memory does not hold.
func (e *executor) spillDir() string { return cmp.Or(e.order.Spill, os.TempDir()) }

// leave leaves a result's chunks to its node.
func (e *executor) leave(a *array) {
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

// stop ends the run.
func (e *executor) stop(err error) {
	if e.stopped == nil {
		e.stopped = err
	}
	e.wake.Broadcast()
}

// next returns a task that may start now; nil where there is none. Once a task has failed
// those start that may decide which failure is told.
func (e *executor) next() *task {
	for len(e.ready) > 0 {
		i := e.ready[0]
		if e.failure.open(e.plan, i) {
			return &e.tasks[i]
		}
		heap.Pop(&e.ready)
		e.parked = append(e.parked, i)
	}
	return nil
}

// work runs tasks until none is left.
func (e *executor) work(ctx context.Context) {
	w := &worker{executor: e}
	e.mu.Lock()
	defer e.mu.Unlock()
	for e.stopped == nil && e.done < len(e.tasks) {
		t := e.next()
		if t == nil {
			if e.running+e.spilling == 0 { // the others wait for what failed
				e.wake.Broadcast()
				return
			}
			e.wake.Wait()
			continue
		}
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
		began := e.event(i, lower.TaskStarted, time.Time{}, nil)
		w.shelf = e.shelved
		e.mu.Unlock()
		err := w.run(ctx, t)
		e.mu.Lock()
		for _, m := range w.made {
			if err != nil {
				e.t.arena.put(m.data)
				continue
			}
			e.chunks[m.chunk].data, e.chunks[m.chunk].part = m.data, m.part
		}
		w.made = w.made[:0]
		e.end(ctx, i, t, err)
		if err != nil {
			e.event(i, lower.TaskFailed, began, err)
		} else {
			e.event(i, lower.TaskDone, began, nil)
		}
	}
}

// event tells who looks what happened to a task, and returns when.
func (e *executor) event(i int32, kind lower.EventKind, began time.Time, err error) (now time.Time) {
	if e.order.Event == nil {
		return now
	}
	now = time.Now()
	x := lower.Event{Task: int(i), Name: e.name(&e.tasks[i]), Kind: kind, Time: now, Memory: e.resident + e.working, Err: err}
	if !began.IsZero() {
		x.Took = now.Sub(began)
	}
	e.order.Event(x)
	return now
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
func (e *executor) end(ctx context.Context, i int32, t *task, err error) {
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
		if cause := ctx.Err(); cause != nil {
			e.stop(cause)
			return
		}
		e.failure.note(e.plan, i, err)
		for _, j := range e.parked { // what is of interest may be others now
			heap.Push(&e.ready, j)
		}
		e.parked = e.parked[:0]
		e.wake.Broadcast()
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
		c.data, c.part = nil, nil
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
		s, err := newScratch(e.spillDir())
		if err != nil {
			e.stop(err)
			return true
		}
		e.shelved = s
	}
	for _, v := range victims {
		if e.fits(t.need) || e.stopped != nil {
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
			e.stop(fmt.Errorf("%w: room was needed for %s", err, e.name(t)))
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
		if c.task > 0 {
			e.event(c.task-1, lower.TaskSpilled, time.Time{}, nil)
		}
		data := c.data
		c.data, c.slot = nil, at
		e.resident -= int64(len(data))
		e.t.arena.put(data)
	}
	return true
}
