package sharded

import (
	"context"
	"runtime"
	"slices"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
)

// worker runs tasks one after the other.
type worker struct {
	*executor
	args   lower.Args
	boxes  []ir.Box
	lo, hi []int64
	shelf  shelf    // there when the task at hand began: what it reads is in memory or on it
	taken  [][]byte // what the task at hand gives back
	made   []made   // what it has written
}

// made is a chunk that a task has written, before others may see it.
type made struct {
	chunk int32
	data  []byte
	part  *lower.Array // of a sparse result
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
	case store:
		return w.store(ctx, t)
	case loading:
		return w.load(t)
	case merging:
		err = w.merge(ctx, t)
	default:
		err = w.compute(ctx, t)
	}
	if err != nil || w.keep == nil || !w.worth(t) {
		return err
	}
	for _, m := range w.made {
		if err := w.keep.put(w.ids[m.chunk], m.data); err != nil {
			return err
		}
	}
	return nil
}

// load reads a chunk that a run before has kept.
func (w *worker) load(t *task) error {
	c := w.writes[t.writes[0]]
	data, err := w.written(c)
	if err != nil {
		return err
	}
	return w.keep.get(w.ids[c], data)
}

// written returns memory for a chunk that the task at hand writes.
func (w *worker) written(c int32) ([]byte, error) {
	x := &w.chunks[c]
	data, err := w.t.arena.get(x.bytes)
	if err != nil {
		return nil, err
	}
	w.made = append(w.made, made{chunk: c, data: data})
	return data, nil
}

// compute runs code on a cell.
func (w *worker) compute(ctx context.Context, t *task) error {
	s := t.stage
	if s.code.cells != nil {
		return w.computeCell(ctx, t)
	}
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
	from := w.shelf
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
	return data, w.shelf.read(x.slot, data, 0)
}
