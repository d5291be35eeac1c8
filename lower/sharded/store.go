package sharded

import (
	"context"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
)

// wanted is a result that is asked for.
type wanted struct {
	*node
	sink lower.Sink // where it goes; nil: it is kept here
}

// storing is a result on its way to a sink, chunk by chunk of the sink.
type storing struct {
	sink lower.Sink
	grid grid
	from *array
	size int64    // bytes of the largest chunk
	id   identity // of the elements, where finished tasks are kept
}

// store plans the chunks that go to a sink.
func (p *plan) store(w *wanted) error {
	n := w.node
	for n.from != nil && n.kept.Load() == nil { // the sink has chunks of its own
		n = n.from
	}
	a, err := p.array(n)
	if err != nil {
		return err
	}
	s := &storing{sink: w.sink, grid: w.sink.Chunks(), from: a, size: int64(n.dtype.Size())}
	if err := s.grid.check(n.extents); err != nil {
		return err
	}
	for _, e := range s.grid.longest() {
		s.size *= e
	}
	if p.keep != nil {
		if s.id, err = p.keep.of(n); err != nil {
			return err
		}
	}
	p.stores = append(p.stores, s)
	var b ir.Box
	for i := range s.grid.count() {
		s.grid.box(i, &b)
		if p.keep != nil && p.keep.stored(s.id.boxed(&b, "stored"), s.sink, &b) {
			p.reused++
			continue
		}
		if err := p.box(a, &b); err != nil {
			return err
		}
		t := task{kind: store, piece: int32(len(p.stores) - 1), array: a, cell: i, need: s.size}
		if s.sink.Packed() {
			t.need += s.size
		}
		t.reads[0] = int32(len(p.reads))
		p.note(a, &b)
		t.reads[1] = int32(len(p.reads))
		if err := p.add(t, nil, nil); err != nil {
			return err
		}
	}
	return nil
}

// store writes a chunk to a sink.
func (w *worker) store(ctx context.Context, t *task) error {
	s := w.stores[t.piece]
	var b ir.Box
	s.grid.box(t.cell, &b)
	data, err := w.elements(ctx, t.array, &b)
	if err != nil {
		return err
	}
	if err := s.sink.Write(ctx, b.Lo, b.Hi, data); err != nil {
		return err
	}
	if w.keep != nil {
		return w.keep.note(s.id.boxed(&b, "stored"), s.sink, &b)
	}
	return nil
}

// elements returns a box of an array: a chunk's own memory where that is the box.
func (w *worker) elements(ctx context.Context, a *array, b *ir.Box) ([]byte, error) {
	if a.first >= 0 || a.have != nil {
		if i, ok := a.grid.only(b); ok {
			var own ir.Box
			a.grid.box(i, &own)
			if data := w.at(a, i).data; data != nil && b.Contains(own) {
				return data, nil
			}
		}
	}
	data, err := w.t.arena.get(b.Size() * int64(a.dtype.Size()))
	if err != nil {
		return nil, err
	}
	w.taken = append(w.taken, data)
	return data, w.gather(ctx, a, b, data)
}

// settle makes the results those that are read from their sinks.
func (p *plan) settle(results []wanted) error {
	for _, w := range results {
		if w.sink == nil {
			continue
		}
		if err := w.sink.Complete(); err != nil {
			return err
		}
		if w.kept.Load() == nil && w.host == nil && w.source == nil {
			w.launch, w.from = nil, nil
			w.source, w.grid = w.sink, w.sink.Chunks()
		}
	}
	return nil
}
