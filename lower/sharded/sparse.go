package sharded

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
)

// A kernel with sparse operands runs on the target of sparse arrays, which computes whole
// kernels. So a cell has a kernel of its own: the same statement over axes that start at 0,
// on parts of the arrays. A part of a sparse array is a sparse array; a sparse result is
// one a cell, joined when all are there. A kernel that reads elsewhere than at its axes
// (backwards, at positions that are data, under a guard) has one cell.

// cellKernel is a kernel of one cell.
type cellKernel struct {
	k     *ir.Kernel
	from  []ir.Access // by operand: what it is of the kernel that is cut
	whole bool        // there is one cell: the operands are those of the kernel
}

// sparse returns the target of sparse arrays.
func (t *target) sparse() (lower.Holder, error) {
	t.opening.Lock()
	defer t.opening.Unlock()
	if t.levels == nil {
		s, err := lower.Open(lower.SparseName)
		if err != nil {
			return nil, fmt.Errorf("sharded: %w", err)
		}
		h, ok := s.(lower.Holder)
		if !ok {
			return nil, fmt.Errorf("sharded: target %s holds no arrays", lower.SparseName)
		}
		t.levels = h
	}
	return t.levels, nil
}

// compileSparse returns code for a kernel with sparse operands.
func (t *target) compileSparse(ctx context.Context, k *ir.Kernel) (*code, error) {
	h, err := t.sparse()
	if err != nil {
		return nil, &lower.Declined{Target: name, Stmt: -1, Why: lower.WhyLevel, Detail: err.Error()}
	}
	c := &code{t: t, k: k, reach: ir.NewReach(k), cuts: k.Cuts(), cells: cellOf(k)}
	c.parts = func() ([]part, error) { return nil, nil }
	if c.cells.whole {
		for a := range c.cuts {
			c.cuts[a] = ir.Cut{Kind: ir.CutNo}
		}
	}
	if c.Executable, err = h.Compile(ctx, c.cells.k); err != nil {
		return nil, ownRefusal(err)
	}
	return c, nil
}

// cellOf returns the kernel of a cell.
func cellOf(k *ir.Kernel) *cellKernel {
	c := &cellKernel{k: k, whole: true}
	for i := range k.Operands {
		c.from = append(c.from, ir.Access{Operand: i})
	}
	if len(k.Stmts) != 1 || len(k.Faults) > 0 || k.Stmts[0].Over != nil {
		return c
	}
	x := &cellBuilder{asked: k, k: &ir.Kernel{Name: k.Name, Dims: slices.Clone(k.Dims), Scalars: k.Scalars, Axes: slices.Clone(k.Axes)}, b: ir.NewBuilder(), done: map[*ir.Expr]*ir.Expr{}}
	for a := range x.k.Axes {
		if k.Axes[a].From >= 0 {
			return c
		}
		n := fresh(k.Dims, fmt.Sprintf("n%d", a))
		x.k.Dims = append(x.k.Dims, n)
		x.k.Axes[a].Extent = ir.Sym(n)
	}
	s := k.Stmts[0]
	s.Args, s.Targets = slices.Clone(s.Args), slices.Clone(s.Targets)
	for i, e := range s.Args {
		s.Args[i] = x.body(e)
	}
	for i := range s.Targets {
		for _, at := range s.Targets[i].Index {
			x.plain = append(x.plain, len(at.Terms) == 1 && at.Const.Is(0))
		}
		s.Targets[i] = *x.access(&s.Targets[i])
	}
	x.k.Stmts = []ir.Stmt{s}
	if slices.Contains(x.plain, false) || x.k.Verify() != nil {
		return c
	}
	return &cellKernel{k: x.k, from: x.from}
}

// fresh returns a name that is none of those.
func fresh(names []string, stem string) string {
	for slices.Contains(names, stem) {
		stem += "_"
	}
	return stem
}

// cellBuilder writes the kernel of a cell: an operand for each access.
type cellBuilder struct {
	asked, k *ir.Kernel
	from     []ir.Access
	b        *ir.Builder
	done     map[*ir.Expr]*ir.Expr
	plain    []bool // whether what was met can be moved to axes that start elsewhere
}

func (x *cellBuilder) body(e *ir.Expr) *ir.Expr {
	if r := x.done[e]; r != nil {
		return r
	}
	var r *ir.Expr
	switch e.Kind {
	case ir.Load, ir.Stored:
		r = x.b.Intern(&ir.Expr{Kind: e.Kind, DType: e.DType, Access: x.access(e.Access)})
	case ir.Apply, ir.Const, ir.DimValue, ir.ScalarIn:
		r = x.b.MapOperands(e, x.body)
	default: // a position, or what depends on one
		x.plain = append(x.plain, false)
		r = e
	}
	x.done[e] = r
	return r
}

// access returns the access to the part that a cell has of an operand.
func (x *cellBuilder) access(a *ir.Access) *ir.Access {
	index, shape := make([]ir.Index, len(a.Index)), make([]ir.Dim, len(a.Index))
	for d, i := range a.Index {
		x.plain = append(x.plain, i.Value == nil && i.Div.Is(0) && (len(i.Terms) == 0 || len(i.Terms) == 1 && i.Terms[0].Coef.Is(1)))
		shape[d] = ir.N(1)
		if len(i.Terms) == 1 {
			shape[d] = x.k.Axes[i.Terms[0].Axis].Extent
			index[d] = ir.Index{Terms: i.Terms}
		}
	}
	for o, f := range x.from {
		if f.Operand == a.Operand && slices.EqualFunc(f.Index, a.Index, ir.Index.Equal) {
			return &ir.Access{Operand: o, Index: index}
		}
	}
	o := x.asked.Operands[a.Operand]
	o.Name, o.Shape, o.Like = x.name(o.Name), shape, -1
	x.k.Operands, x.from = append(x.k.Operands, o), append(x.from, *a)
	return &ir.Access{Operand: len(x.from) - 1, Index: index}
}

// name returns a name that no operand has.
func (x *cellBuilder) name(stem string) string {
	var names []string
	for _, o := range x.k.Operands {
		names = append(names, o.Name)
	}
	return fresh(names, stem)
}

// box returns the positions that an operand of a cell has of the array it is a part of.
func (c *cellKernel) box(s *stage, operand int, lo, hi []int64) *ir.Box {
	f := &c.from[operand]
	extents := s.code.reach.Shape(f.Operand, s.dims)
	b := &ir.Box{Lo: make([]int64, len(extents)), Hi: extents}
	if c.whole {
		return b
	}
	for d, x := range f.Index {
		at := s.eval(x.Const)
		b.Lo[d], b.Hi[d] = at, at+1
		for _, t := range x.Terms {
			b.Lo[d], b.Hi[d] = at+lo[t.Axis], at+hi[t.Axis]
		}
	}
	return b
}

// taken returns the bytes of what a cell with the bounds at hand reads and writes. Of
// a sparse array it is the share that evenly spread elements have.
func (c *cellKernel) taken(s *stage) (in, out int64) {
	for i, f := range c.from {
		b := c.box(s, i, s.min, s.max)
		size := b.Size() * int64(c.k.Operands[i].DType.Size())
		switch n := s.in[f.Operand]; {
		case s.out[f.Operand] != nil && !c.k.Operands[i].Format.Sparse():
			out += size
		case n == nil || n.host != nil:
		case n.parted != nil:
			all := 1.0
			for _, e := range n.extents {
				all = float64(all * float64(e))
			}
			in += int64(float64(float64(n.parted.Size())*float64(b.Size())) / max(all, 1))
		default:
			in += size
		}
	}
	return in, out
}

// inParts reports whether a result is sparse: its chunks are arrays of their own.
func (s *stage) inParts() bool {
	return slices.ContainsFunc(s.out, func(n *node) bool { return n != nil && n.format.Sparse() })
}

// computeCell runs the kernel of a cell.
func (w *worker) computeCell(ctx context.Context, t *task) error {
	s, c := t.stage, t.stage.code.cells
	w.bounds(s, t.cell, int(t.piece))
	a := lower.Args{Dims: slices.Clone(s.dims), Scalars: s.scalars, Threads: max(w.threads/len(w.tasks), 1)}
	if !c.whole {
		for i, lo := range w.lo {
			a.Dims = append(a.Dims, w.hi[i]-lo)
		}
	}
	next := t.writes[0]
	for i, f := range c.from {
		if s.in[f.Operand] == nil && s.out[f.Operand] == nil {
			continue
		}
		b := c.box(s, i, w.lo, w.hi)
		x, err := &lower.Array{}, error(nil)
		switch {
		case s.out[f.Operand] != nil:
			x, err = w.cellResult(ctx, s, f.Operand, b, w.writes[next])
			next++
		case s.in[f.Operand].parted != nil:
			x, err = s.in[f.Operand].parted.Part(b)
		default:
			*x, err = w.operand(ctx, s.read[f.Operand], b)
			rebase(x, b)
		}
		if err != nil {
			return err
		}
		a.Arrays = append(a.Arrays, *x)
	}
	return s.code.Executable.Run(ctx, &a)
}

// cellResult returns the array that a cell writes: the memory of a chunk, or a sparse
// array that is the chunk.
func (w *worker) cellResult(ctx context.Context, s *stage, o int, b *ir.Box, chunk int32) (*lower.Array, error) {
	n := s.out[o]
	if !n.format.Sparse() {
		x, err := w.result(ctx, s, o, b, chunk)
		rebase(&x, b)
		return &x, err
	}
	if _, err := w.written(chunk); err != nil {
		return nil, err
	}
	h, err := w.t.sparse()
	if err != nil {
		return nil, err
	}
	extents := make([]int64, len(b.Lo))
	for d := range extents {
		extents[d] = b.Hi[d] - b.Lo[d]
	}
	x, err := h.Make(ctx, ir.Type{DType: n.dtype, Format: n.format}, extents)
	w.made[len(w.made)-1].part = x
	return x, err
}

// rebase makes a box of an array an array of its own.
func rebase(x *lower.Array, b *ir.Box) {
	x.Extents = make([]int64, len(b.Lo))
	for d, lo := range b.Lo {
		x.Extents[d] = b.Hi[d] - lo
		x.Offset += lo * x.Strides[d]
	}
	x.Part = nil
}

// joined returns a sparse result as one array.
func (t *target) joined(ctx context.Context, a *lower.Array) (*lower.Array, error) {
	n, err := t.nodeOf(a)
	if err != nil {
		return nil, err
	}
	if n.kept.Load() == nil {
		if err := t.Finish(ctx, []*lower.Array{a}, &lower.Bounds{}); err != nil {
			return nil, err
		}
	}
	h, err := t.sparse()
	if err != nil {
		return nil, err
	}
	out, err := h.Make(ctx, ir.Type{DType: n.dtype, Format: n.format}, n.extents)
	if err != nil {
		return nil, err
	}
	to, ok := out.Buf.(lower.Parted)
	if !ok {
		return nil, errors.New("sharded: arrays of target sparse are not joined of parts")
	}
	k := n.kept.Load()
	var parts []*lower.Array
	var at []ir.Box
	for i := range k.chunks {
		if k.chunks[i].part == nil {
			continue // of an array without elements one chunk was written
		}
		var b ir.Box
		k.grid.box(int64(i), &b)
		parts, at = append(parts, k.chunks[i].part), append(at, b)
	}
	return out, to.Join(parts, at)
}

// whole returns a sparse result of the host, in levels as it is or dense.
func (t *target) whole(ctx context.Context, a *lower.Array, to *ir.Format) (*lower.Array, error) {
	out, err := t.joined(ctx, a)
	if err != nil || to.Equal(out.Format) {
		return out, err
	}
	h, err := t.sparse()
	if err != nil {
		return nil, err
	}
	return h.Convert(ctx, out, to)
}
