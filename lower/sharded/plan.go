package sharded

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/numen-go/numen/ir"
)

// plan is what has to be done for results: tasks that read and write chunks, each task
// after those whose chunks it reads.
type plan struct {
	t        *target
	ctx      context.Context
	share    int64 // bytes that a task should take at most
	arrays   map[*node]*array
	stages   map[*launch]*stage
	computed map[*node]producer // by launches that were cut into one a statement
	order    []*array
	chunks   []chunk
	tasks    []task
	reads    []int32 // chunks that tasks read, one after the other
	writes   []int32
	stores   []*storing
	keep     *keeper            // nil: what is finished is not kept
	ids      map[int32]identity // of chunks that are kept
	reused   int                // tasks that need not run: what they make was kept
}

// array is a node in a plan.
type array struct {
	*node
	grid  grid
	first int32 // its first chunk in the plan; -1: it is read where it is
	stage *stage
	out   int    // of stage
	have  *kept  // computed before
	rest  bool   // its chunks are copied from another array's, or from a source
	at    *array // that other one
}

// chunk is a part of an array in a plan, or what a piece of a reduction leaves.
type chunk struct {
	array   *array // nil: of a piece
	index   int64
	bytes   int64
	task    int32 // 1 + who writes it; 0: it is there
	readers int32 // tasks that have not read it yet
	pins    int32 // tasks that read it now
	result  bool
	stored
}

// kind is what a task does.
type kind uint8

const (
	compute kind = iota // run code on a cell, or on a piece of one
	merging             // merge the results of two pieces
	copying             // copy a box of another array
	loading             // read what a run before has kept
	store               // write a chunk to a sink
)

// task is a step of a plan. It may be repeated: it reads chunks and writes others.
type task struct {
	kind          kind
	piece         int32 // of compute; -1: the cell has none. Of store: the number of the storing
	stage         *stage
	array         *array // of copying and store
	cell          int64  // or the chunk that is copied or stored
	reads, writes [2]int32
	need          int64 // bytes of memory, at most
}

// taskShare is how much a task takes where memory is not bounded.
const taskShare = 64 << 20

// newPlan plans the computation of results.
func (t *target) newPlan(ctx context.Context, results []wanted, keep *keeper, threads int, bound int64) (*plan, error) {
	p := &plan{t: t, ctx: ctx, share: taskShare, arrays: map[*node]*array{}, stages: map[*launch]*stage{}, computed: map[*node]producer{}, keep: keep, ids: map[int32]identity{}}
	if bound > 0 {
		p.share = min(p.share, bound/int64(4*max(threads, 1)))
	}
	for i := range results {
		w := &results[i]
		if w.sink != nil {
			if err := p.store(w); err != nil {
				return nil, err
			}
			continue
		}
		a, err := p.array(w.node)
		if err != nil {
			return nil, err
		}
		if a.first < 0 {
			continue
		}
		for i := range a.grid.count() {
			p.chunks[int64(a.first)+i].result = true
			if err := p.chunk(a, i); err != nil {
				return nil, err
			}
		}
	}
	for _, c := range p.reads {
		p.chunks[c].readers++
	}
	return p, nil
}

// array returns a node in the plan, with its grid.
func (p *plan) array(n *node) (*array, error) {
	if a := p.arrays[n]; a != nil {
		return a, nil
	}
	a := &array{node: n, grid: n.grid, first: -1, have: n.kept.Load()}
	var err error
	switch {
	case a.have != nil:
		a.grid = a.have.grid
	case n.host != nil || n.parted != nil:
		a.grid = whole(n.extents)
	case n.source != nil:
		a.rest = n.source.Packed()
	case n.from != nil:
		a.rest = true
		a.at, err = p.array(n.from)
	case n.launch != nil:
		err = p.produced(a)
	default:
		err = errors.New("sharded: an array is read that was never written")
	}
	if err != nil {
		return nil, err
	}
	if a.have == nil && (a.stage != nil || a.rest) {
		if err := p.number(a); err != nil {
			return nil, err
		}
	}
	p.arrays[n] = a
	p.order = append(p.order, a)
	return a, nil
}

// number gives the chunks of an array their numbers.
func (p *plan) number(a *array) error {
	n := a.grid.count()
	if n+int64(len(p.chunks)) > math.MaxInt32 {
		return fmt.Errorf("sharded: %s would be %s", a.name(), a.grid)
	}
	a.first = int32(len(p.chunks))
	for i := range n {
		p.chunks = append(p.chunks, chunk{array: a, index: i})
	}
	return nil
}

// produced sets the stage that computes an array, and the grid that follows.
func (p *plan) produced(a *array) error {
	by, cut := p.computed[a.node]
	if !cut {
		by = producer{a.launch, a.node.out}
	}
	s, err := p.stage(by.launch)
	if err != nil {
		return err
	}
	if s == nil { // the launch was cut into one a statement
		by = p.computed[a.node]
		if s, err = p.stage(by.launch); err != nil {
			return err
		}
	}
	a.stage, a.out = s, by.out
	s.arrays[by.out] = a
	a.grid = s.grid(by.out)
	return nil
}

// stage returns a launch with its axes cut. A launch of several statements whose cells
// would take too much is cut into one a statement: then stage is nil, and computed says who
// computes what.
func (p *plan) stage(l *launch) (*stage, error) {
	if s, ok := p.stages[l]; ok {
		return s, nil
	}
	s := newStage(l)
	s.read, s.arrays = make([]*array, len(l.in)), make([]*array, len(l.out))
	for o, n := range l.in {
		if n == nil {
			continue
		}
		a, err := p.array(n)
		if err != nil {
			return nil, err
		}
		s.read[o] = a
	}
	if !s.cut(p.share) {
		by, err := l.expand()
		if err != nil {
			return nil, err
		}
		if by != nil {
			for n, x := range by {
				p.computed[n] = x
			}
			p.stages[l] = nil
			return nil, nil
		}
	}
	if s.cells() > math.MaxInt32 {
		return nil, fmt.Errorf("sharded: %s would be %d tasks", l.code.k.Name, s.cells())
	}
	s.task = make([]int32, s.cells())
	if s.piece >= 0 {
		for i := range l.code.k.Stmts {
			m, err := p.t.mergerOf(p.ctx, l.code.k, &l.code.k.Stmts[i])
			if err != nil {
				return nil, err
			}
			s.merge = append(s.merge, m)
		}
	}
	p.stages[l] = s
	return s, nil
}

// box plans what a box of an array needs.
func (p *plan) box(a *array, b *ir.Box) (err error) {
	if a.first < 0 {
		return nil
	}
	a.grid.each(b, func(chunk int64) {
		if err == nil {
			err = p.chunk(a, chunk)
		}
	})
	return err
}

// chunk plans what a chunk of an array needs.
func (p *plan) chunk(a *array, index int64) error {
	c := &p.chunks[int64(a.first)+index]
	if c.task != 0 {
		return nil
	}
	if a.stage != nil {
		return p.cell(a.stage, a.stage.cell(a.out, a.grid, index))
	}
	var b ir.Box
	a.grid.box(index, &b)
	size := b.Size() * int64(a.dtype.Size())
	t := task{kind: copying, array: a, cell: index, need: size}
	if a.at != nil {
		if err := p.box(a.at, &b); err != nil {
			return err
		}
		t.reads[0] = int32(len(p.reads))
		p.note(a.at, &b)
		t.reads[1] = int32(len(p.reads))
	}
	return p.add(t, []int32{a.first + int32(index)}, []int64{size})
}

// note adds the chunks of a box to those that the task at hand reads.
func (p *plan) note(a *array, b *ir.Box) {
	if a.first >= 0 {
		a.grid.each(b, func(chunk int64) { p.reads = append(p.reads, a.first+int32(chunk)) })
	}
}

// add adds a task that writes chunks of so many bytes.
func (p *plan) add(t task, writes []int32, bytes []int64) error {
	if len(p.tasks) == math.MaxInt32-1 {
		return errors.New("sharded: more tasks than can be counted")
	}
	if err := p.ctx.Err(); err != nil {
		return err
	}
	t.writes[0] = int32(len(p.writes))
	p.writes = append(p.writes, writes...)
	t.writes[1] = int32(len(p.writes))
	p.tasks = append(p.tasks, t)
	for i, c := range writes {
		p.chunks[c].task = int32(len(p.tasks))
		p.chunks[c].bytes = bytes[i]
	}
	return nil
}

// cell plans a cell of a stage: a task, or one a piece and their merges.
func (p *plan) cell(s *stage, cell int64) error {
	if s.task[cell] != 0 {
		return nil
	}
	if p.keep != nil && !s.inParts() {
		kept, err := p.kept(s, cell)
		if kept || err != nil {
			return err
		}
	}
	var writes []int32
	var bytes []int64
	if s.piece < 0 {
		t, err := p.inputs(s, cell, -1)
		if err != nil {
			return err
		}
		for o := range s.arrays {
			if s.out[o] == nil {
				continue
			}
			c, err := p.target(s, o)
			if err != nil {
				return err
			}
			b := &s.boxes[o]
			writes = append(writes, c)
			size := int64(0)
			if !s.out[o].format.Sparse() {
				size = b.Size() * int64(s.out[o].dtype.Size())
			}
			bytes = append(bytes, size)
		}
		err = p.add(t, writes, bytes)
		s.task[cell] = int32(len(p.tasks))
		return err
	}
	s.task[cell] = -1
	_, err := p.merged(s, cell, 0, len(s.pieces), true)
	return err
}

// inputs plans what a cell, or a piece of one, reads, and returns the task.
func (p *plan) inputs(s *stage, cell int64, piece int) (task, error) {
	s.bounds(cell, piece)
	s.touch()
	in, out := s.taken()
	t := task{kind: compute, piece: int32(piece), stage: s, cell: cell, need: in + out}
	for o, a := range s.read {
		if a != nil {
			if err := p.box(a, &s.boxes[o]); err != nil {
				return t, err
			}
		}
	}
	t.reads[0] = int32(len(p.reads))
	for o, a := range s.read {
		if a != nil {
			p.note(a, &s.boxes[o])
		}
	}
	t.reads[1] = int32(len(p.reads))
	return t, nil
}

// merged plans pieces lo to hi of a cell and their merges, and returns the chunks that hold
// the result: those of the stage's results where final is set.
func (p *plan) merged(s *stage, cell int64, lo, hi int, final bool) ([]int32, error) {
	var t task
	if p.keep != nil && !final {
		writes, kept, err := p.keptPieces(s, cell, lo, hi)
		if kept || err != nil {
			return writes, err
		}
	}
	if hi-lo == 1 {
		var err error
		if t, err = p.inputs(s, cell, lo); err != nil {
			return nil, err
		}
	} else {
		m := 1
		for m*2 < hi-lo {
			m *= 2
		}
		left, err := p.merged(s, cell, lo, lo+m, false)
		if err != nil {
			return nil, err
		}
		right, err := p.merged(s, cell, lo+m, hi, false)
		if err != nil {
			return nil, err
		}
		t = task{kind: merging, stage: s, cell: cell, piece: -1}
		t.reads[0] = int32(len(p.reads))
		p.reads = append(append(p.reads, left...), right...)
		t.reads[1] = int32(len(p.reads))
		s.bounds(cell, lo)
		s.touch()
	}
	var writes []int32
	var bytes []int64
	for o := range s.out {
		if s.out[o] == nil {
			continue
		}
		b := &s.boxes[o]
		size := b.Size() * int64(s.out[o].dtype.Size())
		bytes = append(bytes, size)
		if t.kind == merging {
			t.need += 3 * size
		}
		if !final {
			if p.keep != nil {
				id, err := p.pieceID(s, o, lo, hi)
				if err != nil {
					return nil, err
				}
				p.ids[int32(len(p.chunks))] = id
			}
			writes = append(writes, int32(len(p.chunks)))
			p.chunks = append(p.chunks, chunk{})
			continue
		}
		c, err := p.target(s, o)
		if err != nil {
			return nil, err
		}
		writes = append(writes, c)
	}
	return writes, p.add(t, writes, bytes)
}

// target returns the chunk that holds the box at hand of a stage's result.
func (p *plan) target(s *stage, o int) (int32, error) {
	a := s.arrays[o]
	if a == nil {
		var err error
		if a, err = p.array(s.out[o]); err != nil {
			return 0, err
		}
	}
	chunk, ok := a.grid.only(&s.boxes[o])
	if !ok {
		chunk = 0 // of an array without elements
	}
	return a.first + int32(chunk), nil
}
