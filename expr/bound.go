package np

import (
	"context"
	"slices"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
	rt "github.com/numen-go/numen/runtime"
)

// Bound is a program with its own memory. It is the one mutable thing of this
// package and is NOT safe for concurrent use: one per goroutine, or a sync.Pool.
type Bound struct {
	rt      *rt.Bound
	inputs  []string // paths, in the order of the engine's slots
	outputs []string
	held    []string // paths of inputs that have no slot
}

// Bind fixes every size and allocates every buffer that a run needs. Runs of the
// returned Bound allocate nothing, but for what targets hold. in gives types (Spec) or
// first values, which are copied into the input slots. An input that is no dense array
// (sparse, in chunks, on a device) has no slot: all runs have the one that in has. A
// result must be dense.
func (p *Program[In, Out]) Bind(ctx context.Context, in In) (*Bound, error) {
	return p.bind(ctx, begin("Program.Bind"), in)
}

func (p *Program[In, Out]) bind(ctx context.Context, c *call, in In) (*Bound, error) {
	t, leaves, bad := p.trace(c, in)
	if bad != nil {
		return nil, bad
	}
	for _, n := range leaves {
		if slices.ContainsFunc(n.Type.Shape, ir.Dim.IsUnknown) {
			return nil, c.error(ErrShape, "a bound program has every size: %s leaves one open", describe(n))
		}
	}
	b := &Bound{}
	b.outputs, _ = Leaves(t.out)
	paths, _ := Leaves(in)
	params, operands, given := t.params[:0:0], slices.Clone(t.params), leaves
	leaves = nil
	for i, n := range given {
		if n.Type.Format == nil {
			b.inputs, params, leaves = append(b.inputs, paths[i]), append(params, t.params[i]), append(leaves, n)
			continue
		}
		made, bad := c.evaluate(ctx, []*ir.Node{n}, p.cfg)
		if bad != nil {
			return nil, bad
		}
		b.held, operands[i] = append(b.held, paths[i]), made[0]
	}
	roots := t.roots
	if b.held != nil {
		roots = t.body.over(operands)
	}
	var err error
	if b.rt, err = p.cfg.runner().Bind(ctx, params, roots, &p.cfg.run); err != nil {
		return nil, c.runError(ctx, err, nil)
	}
	for i, n := range leaves {
		if n.Op == ir.OpParam && values(n) == nil {
			continue // a Spec
		}
		made, bad := c.evaluate(ctx, []*ir.Node{n}, p.cfg)
		if bad != nil {
			b.Close()
			return nil, bad
		}
		copy(bytesOf(b.rt.In(i)), bytesOf(values(made[0])))
	}
	return b, nil
}

// Run reads the input slots and writes the output slots. It allocates nothing. On error
// the output slots hold nothing of use.
func (b *Bound) Run(ctx context.Context) error {
	if b == nil || b.rt == nil {
		return begin("Bound.Run").error(ErrClosed, "the program was closed, or never bound")
	}
	if err := b.rt.Run(ctx); err != nil {
		return begin("Bound.Run").runError(ctx, err, nil)
	}
	return nil
}

// Close gives the memory back. The slots must not be used afterwards.
func (b *Bound) Close() error {
	if b == nil || b.rt == nil {
		return nil
	}
	err := b.rt.Close()
	b.rt = nil
	return err
}

// InputSlot returns the memory of one input, got once at set-up and written before each
// Run. path is as Leaves prints it: "" for a bare Array, ".X" for field X. T must be the
// input's dtype (ErrDType).
func InputSlot[T Elem](b *Bound, path string) ([]T, error) {
	c := begin("InputSlot")
	a, err := c.slot(b, path, DTypeOf[T](), false)
	if err != nil {
		return nil, err
	}
	return slice[T](a), nil
}

// OutputSlot returns the memory of one output, which each Run overwrites: see InputSlot.
func OutputSlot[T Elem](b *Bound, path string) ([]T, error) {
	c := begin("OutputSlot")
	a, err := c.slot(b, path, DTypeOf[T](), true)
	if err != nil {
		return nil, err
	}
	return slice[T](a), nil
}

func (c *call) slot(b *Bound, path string, d DType, out bool) (*lower.Array, error) {
	if b == nil || b.rt == nil {
		return nil, c.error(ErrClosed, "the program was closed, or never bound")
	}
	paths, get := b.inputs, b.rt.In
	if out {
		paths, get = b.outputs, b.rt.Out
	}
	i := slices.Index(paths, path)
	if i < 0 && !out && slices.Contains(b.held, path) {
		return nil, c.error(ErrOperand, "input %q is no dense array: it stays the one that was bound", path)
	}
	if i < 0 {
		return nil, c.error(ErrOperand, "there is no slot %q; there are %q", path, paths)
	}
	a := get(i)
	if DType(a.DType) != d {
		return nil, c.error(ErrDType, "slot %q is %s, it was asked for as %s", path, DType(a.DType), d)
	}
	return a, nil
}
