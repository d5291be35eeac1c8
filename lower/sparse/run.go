package sparse

import (
	"context"
	"fmt"
	"slices"
	"sort"
	"unsafe"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
	"github.com/numen-go/numen/lower/loop"
)

// executable is a kernel of sparse operands: a loop for each statement, or several where
// a sparse result is assembled.
type executable struct {
	k     *ir.Kernel
	moves *moves
	proof *loop.Code // that positions are inside
	stmts [][]*code
}

// run is one run of one loop.
type run struct {
	k      *ir.Kernel
	args   *lower.Args
	arrays []*lower.Array // by operand
	data   []*Data        // by source
	bounds []int64        // of the pieces
	starts [][]int64      // by begin
	bases  []int64        // by piece and level of the result
	out    *Data
}

// String returns the loops.
func (e *executable) String() string {
	text := e.moves.String()
	for _, s := range e.stmts {
		for _, c := range s {
			text += c.loop.String()
		}
	}
	return text
}

// Close frees the code.
func (e *executable) Close() error {
	var first error
	for _, s := range e.stmts {
		for _, c := range s {
			if err := c.close(); first == nil {
				first = err
			}
		}
	}
	return first
}

// Run executes the kernel.
func (e *executable) Run(ctx context.Context, a *lower.Args) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	args, err := e.moves.args(a)
	if err != nil {
		return fmt.Errorf("sparse: kernel %s: %w", e.k.Name, err)
	}
	r := &run{k: e.k, args: args}
	if err = r.bind(); err == nil {
		err = r.inside(ctx, e.proof)
	}
	if err != nil {
		return fmt.Errorf("sparse: kernel %s: %w", e.k.Name, err)
	}
	for _, s := range e.stmts {
		if err := r.statement(ctx, s); err != nil {
			return err
		}
	}
	return e.moves.deliver(a, args)
}

// dim returns a dim's number.
func (r *run) dim(d ir.Dim) (int64, error) {
	return d.Eval(func(name string) (int64, bool) {
		i := slices.Index(r.k.Dims, name)
		if i < 0 {
			return 0, false
		}
		return r.args.Dims[i], true
	})
}

// bind checks the arguments: machine code trusts them.
func (r *run) bind() error {
	k, a := r.k, r.args
	if len(a.Dims) != len(k.Dims) || len(a.Scalars) != len(k.Scalars) || len(a.Arrays) != len(k.Operands) {
		return fmt.Errorf("%d dims, %d scalars and %d arrays for %d, %d and %d", len(a.Dims), len(a.Scalars), len(a.Arrays), len(k.Dims), len(k.Scalars), len(k.Operands))
	}
	for i, x := range k.Axes {
		n, err := r.dim(x.Extent)
		if err != nil {
			return err
		}
		if a.Lo != nil && a.Lo[i] != 0 || a.Hi != nil && a.Hi[i] != n {
			return fmt.Errorf("axis %s is cut: sparse arrays are computed whole", x.Name)
		}
	}
	for i := range k.Operands {
		o, x := &k.Operands[i], &a.Arrays[i]
		r.arrays = append(r.arrays, x)
		if o.Role == ir.Local {
			continue
		}
		if x.DType != o.DType || len(x.Extents) != len(o.Shape) {
			return fmt.Errorf("operand %s: %s of %d axes for %s of %d", o.Name, x.DType, len(x.Extents), o.DType, len(o.Shape))
		}
		for d, want := range o.Shape {
			if n, err := r.dim(want); err != nil || n != x.Extents[d] {
				return fmt.Errorf("operand %s: extent %d of axis %d for %s", o.Name, x.Extents[d], d, want)
			}
		}
		if !o.Format.Sparse() {
			if err := x.Check(); err != nil {
				return fmt.Errorf("operand %s: %w", o.Name, err)
			}
			continue
		}
		d, ok := x.Buf.(*Data)
		if !ok {
			return fmt.Errorf("operand %s: %T is no sparse array", o.Name, x.Buf)
		}
		if o.Role == ir.In && (d.Vals == nil || !d.Format.Equal(o.Format) || !slices.Equal(d.Extents, x.Extents) || d.DType != x.DType) {
			return fmt.Errorf("operand %s: %s %s of extents %v for %s", o.Name, d.DType, d.Format, d.Extents, o.Format)
		}
	}
	return nil
}

// inside checks that every position of every access is inside its array: machine code
// trusts the guards.
func (r *run) inside(ctx context.Context, proof *loop.Code) error {
	params := make([]uint64, 0, len(r.args.Dims)+2*len(r.k.Axes)+len(r.args.Scalars))
	for _, n := range r.args.Dims {
		params = append(params, uint64(n))
	}
	for _, x := range r.k.Axes {
		n, err := r.dim(x.Extent)
		if err != nil {
			return err
		}
		params = append(params, 0, uint64(n))
	}
	return proof.Run(ctx, 1, append(params, r.args.Scalars...), nil)
}

// statement runs the loops of a statement.
func (r *run) statement(ctx context.Context, codes []*code) error {
	first := codes[0]
	target := first.s.Targets[0].Operand
	f := r.k.Operands[target].Format
	single := false // one task, which does not count
	for _, c := range codes {
		if err := r.prepare(c.gen); err != nil {
			return err
		}
		if c.phase == count && len(r.bounds) == 2 && (c.isBounded() || c.factors() != nil) {
			single = true
			continue
		}
		switch {
		case c.phase == count:
			r.bases = make([]int64, (len(r.bounds)-1)*max(1, len(f.Levels)))
		case single:
			if err := r.grow(ctx, c, target); err != nil {
				return err
			}
			continue
		case c.phase == write && len(codes) == 1: // nothing to count
			r.bases = make([]int64, len(r.bounds)-1)
			if err := r.allocate(target); err != nil {
				return err
			}
		}
		if err := r.loop(ctx, c); err != nil {
			return err
		}
		if c.phase == count {
			if err := r.allocate(target); err != nil {
				return err
			}
		}
	}
	if r.out == nil || !f.Sparse() {
		return nil
	}
	if single {
		r.trim()
	} else if first.plan.workspace {
		n := len(f.Levels) - 1
		if err := r.out.orderRows(ctx, r.args.Threads, 0, int64(len(r.out.Pos[n])-1)); err != nil {
			return err
		}
	}
	return r.deliver(target)
}

// prepare cuts the outermost axis into pieces.
func (r *run) prepare(g *gen) error {
	r.data = r.data[:0]
	for _, s := range g.sources {
		d, err := r.arrays[s.operand].Buf.(*Data).in(s.order)
		if err != nil {
			return err
		}
		r.data = append(r.data, d)
	}
	extent := int64(0)
	if g.chunked >= 0 {
		var err error
		if extent, err = r.dim(g.k.Axes[g.chunked].Extent); err != nil {
			return err
		}
	}
	pieces := int64(1)
	if g.parallel() && r.args.Threads > 1 {
		pieces = max(1, min(extent, int64(r.args.Threads)*8))
	}
	r.bounds = r.balance(g, extent, pieces)
	r.starts = r.starts[:0]
	for _, b := range g.begins {
		off, err := r.dim(b.off)
		if err != nil {
			return err
		}
		crd := r.data[b.source].Crd[0]
		starts := make([]int64, len(r.bounds))
		for i, x := range r.bounds {
			starts[i] = int64(sort.Search(len(crd), func(n int) bool { return int64(crd[n]) >= x+off }))
		}
		r.starts = append(r.starts, starts)
	}
	return nil
}

// parallel reports whether pieces of the outermost axis are independent.
func (g *gen) parallel() bool {
	return len(g.plan.loops) > 0 && g.plan.kept > 0
}

// balance returns the bounds of pieces of an axis that have about equally many elements.
func (r *run) balance(g *gen, extent, pieces int64) []int64 {
	bounds := []int64{0}
	var at func(share int64) int64 // the position before which there are so many pieces' elements
	for i, s := range g.sources {
		d := r.data[i]
		v := slices.IndexFunc(g.views, func(v *view) bool {
			return v.src == s && len(s.order) > 1 && axisOf(v.access.Index[s.order[0]]) == g.chunked
		})
		if v < 0 || at != nil {
			continue
		}
		if s.format.Levels[0] == ir.LevelDense && s.format.Levels[1] == ir.LevelCompressed && int64(len(d.Pos[1])) == extent+1 {
			pos := d.Pos[1]
			at = func(n int64) int64 { // a row costs about as much as an element
				want := (pos[extent] + extent) * n / pieces
				return int64(sort.Search(int(extent), func(x int) bool { return pos[x]+int64(x) >= want }))
			}
		}
	}
	if at == nil {
		at = func(n int64) int64 { return extent * n / pieces }
	}
	for n := int64(1); n < pieces; n++ {
		if x := at(n); x > bounds[len(bounds)-1] {
			bounds = append(bounds, x)
		}
	}
	return append(bounds, extent)
}

// loop runs one loop.
func (r *run) loop(ctx context.Context, c *code) error {
	pieces := len(r.bounds) - 1
	params := []uint64{uint64(pieces), 1 << 24}
	for _, d := range c.dims {
		n, err := r.dim(d)
		if err != nil {
			return err
		}
		params = append(params, uint64(n))
	}
	params = append(params, r.args.Scalars...)
	memory := make([]loop.Memory, len(c.binds))
	for i, bind := range c.binds {
		memory[i] = bind(r)
	}
	x, err := c.of(c.class(memory))
	if err != nil {
		return err
	}
	return x.Run(ctx, r.args.Threads, params, memory)
}

// allocate makes the result: the counts of the pieces become where they start.
func (r *run) allocate(target int) error {
	o := &r.k.Operands[target]
	extents := r.arrays[target].Extents
	n := len(o.Format.Levels)
	f := treeFormat(o.Format, storedOrder(o.Format))
	d := &Data{DType: o.DType, Extents: slices.Clone(extents), Format: f, Pos: make([][]int64, n), Crd: make([][]int32, n)}
	size := int64(1)
	for l, kind := range f.Levels {
		if kind == ir.LevelDense {
			var ok bool
			if size, ok = ir.MulOK(size, extents[axis(f, l)]); !ok || size > maxPositions {
				return fmt.Errorf("sparse: level %d of %s has more than %d positions", l, o.Name, int64(maxPositions))
			}
			continue
		}
		d.Pos[l] = make([]int64, size+1)
		size = 0
		for p := range len(r.bounds) - 1 {
			size, r.bases[p*n+l] = size+r.bases[p*n+l], size
		}
		if l == 0 {
			d.Pos[0][1] = size
		}
		d.Crd[l] = make([]int32, size)
	}
	d.Vals = newValues(o.DType, size)
	r.out = d
	return nil
}

// deliver hands the result out in the format that it has.
func (r *run) deliver(target int) error {
	o := &r.k.Operands[target]
	d := r.out
	if !d.Format.Equal(o.Format) {
		coords, at := d.Entries()
		var err error
		if d, err = Build(d.DType, o.Format, d.Extents, coords, d.Vals, at); err != nil {
			return err
		}
	}
	r.arrays[target].Buf.(*Data).become(d)
	return nil
}

// memory returns a dense operand.
func (r *run) memory(n int) loop.Memory {
	a := r.arrays[n]
	m := loop.Memory{Offset: a.Offset, Strides: a.Strides, Extents: a.Extents}
	if b := a.Buf.(*lower.Host).Bytes(); len(b) > 0 {
		m.Base = unsafe.Pointer(unsafe.SliceData(b))
	}
	return m
}

// baseMemory returns the counts of the pieces, by level.
func (r *run) baseMemory(levels int) loop.Memory {
	pieces := int64(len(r.bounds) - 1)
	m := slice(r.bases)
	m.Strides, m.Extents = []int64{int64(levels), 1}, []int64{pieces, int64(levels)}
	return m
}

func slice[T any](s []T) loop.Memory {
	return loop.Memory{Base: unsafe.Pointer(unsafe.SliceData(s)), Strides: []int64{1}, Extents: []int64{int64(len(s))}}
}

// host returns values of a dtype.
func host(h *lower.Host, d ir.DType) loop.Memory {
	b := h.Bytes()
	return loop.Memory{Base: unsafe.Pointer(unsafe.SliceData(b)), Strides: []int64{1}, Extents: []int64{int64(len(b) / d.Size())}}
}
