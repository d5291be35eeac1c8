package sharded

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
)

// code is a kernel, compiled by the wrapped target, with what cutting it needs to know.
type code struct {
	lower.Executable
	t     *target
	k     *ir.Kernel
	reach *ir.Reach
	cuts  []ir.Cut
	parts func() ([]part, error) // one a statement; none when the kernel has one
	cells *cellKernel            // what a cell runs where operands are sparse; nil: the kernel
}

// part is one of the kernels that another was cut into: its operand i is the whole's
// operand operands[i], and so on.
type part struct {
	*code
	operands, dims, scalars []int
}

func (t *target) compile(ctx context.Context, k *ir.Kernel) (*code, error) {
	exe, err := t.inner.Compile(ctx, k)
	if err != nil {
		return nil, ownRefusal(err)
	}
	c := &code{Executable: exe, t: t, k: k, reach: ir.NewReach(k), cuts: k.Cuts()}
	c.parts = sync.OnceValues(c.split)
	return c, nil
}

// ownRefusal makes a refusal of the target that runs kernels one of this target.
func ownRefusal(err error) error {
	var d *lower.Declined
	if !errors.As(err, &d) {
		return err
	}
	own := *d
	own.Target = name
	return &own
}

// String returns the wrapped target's form, with how the axes may be cut.
func (c *code) String() string {
	on := c.t.inner.Name()
	if c.cells != nil {
		on = lower.SparseName
	}
	s := "in chunks, on " + on + ": axes"
	for a, x := range c.k.Axes {
		s += fmt.Sprintf(" %s %s", x.Name, c.cuts[a].Kind)
	}
	return s + "\n" + c.Executable.String()
}

// Close frees the code and that of its parts.
func (c *code) Close() error {
	err := c.Executable.Close()
	parts, _ := c.parts()
	for _, p := range parts {
		err = errors.Join(err, p.Close())
	}
	return err
}

// split cuts the kernel into one a statement.
func (c *code) split() ([]part, error) {
	if len(c.k.Stmts) < 2 {
		return nil, nil
	}
	whole := part{operands: count(len(c.k.Operands)), dims: count(len(c.k.Dims)), scalars: count(len(c.k.Scalars))}
	rest := c.k
	var out []part
	add := func(k *ir.Kernel, operands, dims, scalars []int) error {
		x, err := c.t.compile(context.Background(), k)
		if err == nil {
			out = append(out, part{x, operands, dims, scalars})
		}
		return err
	}
	for len(rest.Stmts) > 1 {
		first, second, err := rest.CutAt(1)
		if err != nil {
			return nil, err
		}
		if err := add(first.Kernel, pick(whole.operands, first.Operands), pick(whole.dims, first.Dims), pick(whole.scalars, first.Scalars)); err != nil {
			return nil, err
		}
		rest = second.Kernel
		whole = part{operands: pick(whole.operands, second.Operands), dims: pick(whole.dims, second.Dims), scalars: pick(whole.scalars, second.Scalars)}
	}
	return out, add(rest, whole.operands, whole.dims, whole.scalars)
}

func count(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

func pick[T any](from []T, at []int) []T {
	out := make([]T, len(at))
	for i, j := range at {
		out[i] = from[j]
	}
	return out
}

// launch is a run that was asked for: code with its arguments. Operands that are read have
// a node in in, those that are written one in out; others nil.
type launch struct {
	code    *code
	dims    []int64
	scalars []uint64
	in, out []*node
	site    *ir.Site // the user's call, where it is known
	turn    int64    // launches of a program are in order
}

// Run remembers what to compute: nothing is, until results are asked for. Where all arrays
// are dense ones of the host, it runs.
func (c *code) Run(ctx context.Context, a *lower.Args) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	held := func(x lower.Array) bool { _, host := x.Buf.(*lower.Host); return !host && x.Buf != nil }
	if !slices.ContainsFunc(a.Arrays, held) {
		return c.Executable.Run(ctx, a)
	}
	l := &launch{code: c, dims: slices.Clone(a.Dims), scalars: slices.Clone(a.Scalars), site: a.Site, turn: c.t.turns.Add(1) << 16}
	if err := l.bind(a); err != nil {
		return fmt.Errorf("sharded: kernel %s: %w", c.k.Name, err)
	}
	return nil
}

// bind checks the arguments and makes the nodes of the results.
func (l *launch) bind(a *lower.Args) error {
	k := l.code.k
	if len(a.Dims) != len(k.Dims) || len(a.Scalars) != len(k.Scalars) {
		return fmt.Errorf("%d dims and %d scalars for %d and %d", len(a.Dims), len(a.Scalars), len(k.Dims), len(k.Scalars))
	}
	for i, x := range k.Axes {
		if x.From < 0 && (a.Lo != nil && a.Lo[i] != 0 || a.Hi != nil && a.Hi[i] != l.code.reach.Axis(i, a.Dims)) {
			return errors.New("a launch on a part of its axes")
		}
	}
	l.in, l.out = make([]*node, len(k.Operands)), make([]*node, len(k.Operands))
	buffers := make([]*buffer, len(k.Operands))
	next := 0
	for i := range k.Operands {
		o := &k.Operands[i]
		if o.Role == ir.Local {
			continue
		}
		if next == len(a.Arrays) {
			return fmt.Errorf("%d arrays are too few", next)
		}
		x := &a.Arrays[next]
		next++
		extents := l.code.reach.Shape(i, a.Dims)
		if x.DType != o.DType || !slices.Equal(x.Extents, extents) {
			return fmt.Errorf("operand %s: %s of extents %v, the kernel has %s of %v", o.Name, x.DType, x.Extents, o.DType, extents)
		}
		if o.Role != ir.Out {
			n, err := l.code.t.nodeOf(x)
			if err != nil {
				return fmt.Errorf("operand %s: %w", o.Name, err)
			}
			if _, host := x.Buf.(*lower.Host); host {
				n = owned(n) // the array may be gone when the launch runs
			}
			l.in[i] = n
		}
		if o.Role != ir.In {
			b, ok := x.Buf.(*buffer)
			if !ok {
				return fmt.Errorf("operand %s: a result in %T beside operands in chunks", o.Name, x.Buf)
			}
			if !l.whole(i, extents) {
				return fmt.Errorf("operand %s: %w", o.Name, errPart)
			}
			buffers[i] = b
			l.out[i] = &node{dtype: o.DType, format: o.Format, extents: extents, launch: l, out: i}
		}
	}
	if next != len(a.Arrays) {
		return fmt.Errorf("%d arrays for %d operands", len(a.Arrays), next)
	}
	for i, b := range buffers {
		if b != nil {
			b.set(l.out[i])
		}
	}
	return nil
}

var errPart = errors.New("a result of which a part is written")

// whole reports whether the launch writes all elements of a result, or has what they were.
func (l *launch) whole(operand int, extents []int64) bool {
	k, r := l.code.k, l.code.reach
	if k.Operands[operand].Role == ir.InOut {
		return true
	}
	lo, hi := make([]int64, len(k.Axes)), make([]int64, len(k.Axes))
	for a := range hi {
		hi[a] = r.Axis(a, l.dims)
	}
	all, b := ir.Box{Lo: make([]int64, len(extents)), Hi: extents}, ir.Box{}
	return r.Of(operand, l.dims, lo, hi, &b) == nil && b.Contains(all)
}

// expand returns the launches of the code's parts. The nodes of l's results are those of
// the last part that writes them: by returns which launch and operand computes one.
func (l *launch) expand() (by map[*node]producer, err error) {
	parts, err := l.code.parts()
	if err != nil || len(parts) == 0 {
		return nil, err
	}
	last := map[int]int{} // by operand of the whole: the last part that writes it
	for i, p := range parts {
		for j, o := range p.operands {
			if p.k.Operands[j].Role != ir.In {
				last[o] = i
			}
		}
	}
	now := slices.Clone(l.in) // by operand of the whole: what it holds
	by = map[*node]producer{}
	for i, p := range parts {
		x := &launch{code: p.code, dims: pick(l.dims, p.dims), scalars: pick(l.scalars, p.scalars), site: l.site, turn: l.turn + int64(i)}
		x.in, x.out = make([]*node, len(p.operands)), make([]*node, len(p.operands))
		for j, o := range p.operands {
			role := p.k.Operands[j].Role
			if role == ir.In || role == ir.InOut {
				x.in[j] = now[o]
			}
			if role == ir.Out || role == ir.InOut {
				n := l.out[o]
				if n == nil || last[o] != i {
					n = &node{dtype: p.k.Operands[j].DType, extents: p.reach.Shape(j, x.dims), launch: x, out: j}
				}
				x.out[j] = n
			}
		}
		for j, o := range p.operands {
			if x.out[j] != nil {
				now[o] = x.out[j]
				by[x.out[j]] = producer{x, j}
			}
		}
	}
	return by, nil
}

// producer is who computes a node: an operand of a launch.
type producer struct {
	launch *launch
	out    int
}
