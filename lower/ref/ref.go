// Package ref is the evaluator as a target: slow, clear, the oracle of every test. It
// takes every dense kernel and runs only when it is asked for by name:
//
//	v, err := x.Eval(ctx, np.On("ref"))
package ref

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
)

func init() { lower.Register("ref", func() (lower.Target, error) { return target{}, nil }) }

type target struct{}

func (target) Name() string { return "ref" }

func (target) Caps() *ir.Caps {
	return &ir.Caps{
		Scalar:     func(_ *ir.Op, d ir.DType) bool { return ir.AnyReal.Has(d) },
		DTypes:     ir.AnyReal,
		Sinks:      []ir.Sink{ir.Store, ir.Reduce, ir.Scan, ir.Scatter, ir.Append},
		Orders:     []ir.Order{ir.NoOrder, ir.Lanes, ir.Chain, ir.TreeOrder, ir.Free},
		MaxRank:    math.MaxInt,
		ValueIndex: true,
	}
}

// Compile declines sparse operands alone: the arrays that Run gets have no levels.
func (target) Compile(_ context.Context, k *ir.Kernel) (lower.Executable, error) {
	if err := k.Verify(); err != nil {
		return nil, err
	}
	for _, o := range k.Operands {
		if o.Format != nil {
			return nil, &lower.Declined{Target: "ref", Stmt: -1, Why: lower.WhyLevel, Detail: fmt.Sprintf("operand %s is %s", o.Name, o.Format)}
		}
	}
	e := &executable{k: k, axis: -1}
	for a, c := range k.Cuts() {
		if c.Kind == ir.CutPar {
			e.axis = a
			break
		}
	}
	return e, nil
}

func (target) Close() error { return nil }

type executable struct {
	k    *ir.Kernel
	axis int // cut between looks at the context; -1: none may be
}

func (e *executable) String() string { return e.k.String() }
func (e *executable) Close() error   { return nil }

// slices is how often a run looks at its context.
const slices = 32

// Run copies the operands into tensors, evaluates, and copies the results back.
func (e *executable) Run(ctx context.Context, a *lower.Args) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := e.check(a); err != nil {
		return fmt.Errorf("kernel %s: %w", e.k.Name, err)
	}
	args := ir.KernelArgs{Dims: a.Dims, Scalars: a.Scalars, Counts: a.Counts}
	for i := range a.Arrays {
		args.Arrays = append(args.Arrays, ir.KernelArray{Elems: read(&a.Arrays[i]), Extents: a.Arrays[i].Extents})
	}
	if err := e.eval(ctx, args, a); err != nil {
		return err
	}
	i := 0
	for _, o := range e.k.Operands {
		if o.Role == ir.Local {
			continue
		}
		if o.Role != ir.In {
			write(&a.Arrays[i], args.Arrays[i].Elems)
		}
		i++
	}
	return nil
}

// eval evaluates the kernel in slices along an axis that may be cut anywhere.
func (e *executable) eval(ctx context.Context, args ir.KernelArgs, a *lower.Args) error {
	lo, hi, err := e.bounds(a.Dims)
	if err != nil {
		return err
	}
	if a.Lo != nil {
		lo = a.Lo
	}
	if a.Hi != nil {
		hi = a.Hi
	}
	pieces, from, to := int64(1), int64(0), int64(0)
	if e.axis >= 0 {
		from, to = lo[e.axis], hi[e.axis]
		pieces = max(1, min(slices, to-from))
	}
	var fault *ir.KernelFault
	for p := range pieces {
		if err := ctx.Err(); err != nil {
			return err
		}
		args.Lo, args.Hi = append([]int64(nil), lo...), append([]int64(nil), hi...)
		if e.axis >= 0 {
			args.Lo[e.axis], args.Hi[e.axis] = from+(to-from)*p/pieces, from+(to-from)*(p+1)/pieces
		}
		err := ir.EvalKernel(e.k, args)
		var f *ir.KernelFault
		switch {
		case errors.As(err, &f):
			if fault == nil || f.Position < fault.Position || f.Position == fault.Position && f.Number < fault.Number {
				fault = f
			}
		case err != nil:
			return err
		}
	}
	if fault != nil {
		return &lower.Fault{Number: fault.Number, Position: fault.Position, Value: fault.Value, Limit: fault.Limit}
	}
	return nil
}

// check refuses arguments that do not fit the kernel before their memory is read; the
// evaluator checks the rest.
func (e *executable) check(a *lower.Args) error {
	for _, b := range [][]int64{a.Lo, a.Hi} {
		if b != nil && len(b) != len(e.k.Axes) {
			return fmt.Errorf("%d bounds for %d axes", len(b), len(e.k.Axes))
		}
	}
	next := 0
	for _, o := range e.k.Operands {
		if o.Role == ir.Local {
			continue
		}
		if next == len(a.Arrays) {
			return fmt.Errorf("%d arrays are too few", next)
		}
		x := &a.Arrays[next]
		next++
		if x.DType != o.DType || len(x.Extents) != len(o.Shape) {
			return fmt.Errorf("operand %s: %s of %d axes, the kernel has %s of %d", o.Name, x.DType, len(x.Extents), o.DType, len(o.Shape))
		}
		for d, want := range o.Shape {
			if n, err := want.Eval(e.dims(a.Dims)); err != nil || n != x.Extents[d] {
				return fmt.Errorf("operand %s: extent %d of axis %d, the kernel has %s", o.Name, x.Extents[d], d, want)
			}
		}
		if err := x.Check(); err != nil {
			return fmt.Errorf("operand %s: %w", o.Name, err)
		}
	}
	if next != len(a.Arrays) {
		return fmt.Errorf("%d arrays for %d operands", len(a.Arrays), next)
	}
	return nil
}

// dims returns the numbers of the kernel's dims by name.
func (e *executable) dims(numbers []int64) func(name string) (int64, bool) {
	return func(name string) (int64, bool) {
		for i, d := range e.k.Dims {
			if d == name && i < len(numbers) {
				return numbers[i], true
			}
		}
		return 0, false
	}
}

// bounds returns the whole range of every axis.
func (e *executable) bounds(dims []int64) (lo, hi []int64, err error) {
	lo, hi = make([]int64, len(e.k.Axes)), make([]int64, len(e.k.Axes))
	for i, ax := range e.k.Axes {
		if ax.From >= 0 {
			continue
		}
		if hi[i], err = ax.Extent.Eval(e.dims(dims)); err != nil {
			return nil, nil, err
		}
	}
	return lo, hi, nil
}
