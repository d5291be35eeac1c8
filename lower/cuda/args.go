package cuda

import (
	"fmt"
	"slices"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
)

// check refuses arguments that do not fit the kernel, and returns the bounds of its axes.
func (e *executable) check(a *lower.Args) (lo, hi []int64, err error) {
	k := e.k
	if len(a.Dims) != len(k.Dims) || len(a.Scalars) != len(k.Scalars) {
		return nil, nil, fmt.Errorf("%d dims and %d scalars for %d and %d", len(a.Dims), len(a.Scalars), len(k.Dims), len(k.Scalars))
	}
	if lo, hi, err = e.bounds(a); err != nil {
		return nil, nil, err
	}
	next, appends := 0, 0
	for _, s := range k.Stmts {
		if s.Sink == ir.Append {
			appends++
		}
	}
	if len(a.Counts) < appends {
		return nil, nil, fmt.Errorf("%d counts for %d append statements", len(a.Counts), appends)
	}
	for i, o := range k.Operands {
		if o.Role == ir.Local {
			continue
		}
		if next == len(a.Arrays) {
			return nil, nil, fmt.Errorf("%d arrays are too few", next)
		}
		if err := e.fits(i, &a.Arrays[next], a.Dims, lo, hi); err != nil {
			return nil, nil, fmt.Errorf("operand %s: %w", o.Name, err)
		}
		next++
	}
	if next != len(a.Arrays) {
		return nil, nil, fmt.Errorf("%d arrays for %d operands", len(a.Arrays), next)
	}
	return lo, hi, nil
}

// fits refuses an array that is not an operand's.
func (e *executable) fits(operand int, x *lower.Array, dims, lo, hi []int64) error {
	o := &e.k.Operands[operand]
	if x.DType != o.DType || len(x.Extents) != len(o.Shape) {
		return fmt.Errorf("%s of %d axes, the kernel has %s of %d", x.DType, len(x.Extents), o.DType, len(o.Shape))
	}
	for d, want := range o.Shape {
		if n, err := e.dim(want, dims); err != nil || n != x.Extents[d] {
			return fmt.Errorf("extent %d of axis %d, the kernel has %s", x.Extents[d], d, want)
		}
	}
	if x.Format != nil {
		if !e.t.Holds(x.Format) {
			return fmt.Errorf("format %s", x.Format)
		}
		_, err := e.t.held(x)
		return err
	}
	if err := x.Check(); err != nil || x.Part == nil {
		return err
	}
	var b ir.Box
	if err := ir.NewReach(e.k).Of(operand, dims, lo, hi, &b); err != nil {
		return err
	}
	if !x.Part.Contains(b) {
		return fmt.Errorf("positions %v to %v are touched, there is memory for %v to %v", b.Lo, b.Hi, x.Part.Lo, x.Part.Hi)
	}
	return nil
}

func (e *executable) dim(d ir.Dim, dims []int64) (int64, error) {
	return d.Eval(func(name string) (int64, bool) {
		i := slices.Index(e.k.Dims, name)
		if i < 0 {
			return 0, false
		}
		return dims[i], true
	})
}

// bounds returns the bounds of every axis, 0 for derived ones.
func (e *executable) bounds(a *lower.Args) (lo, hi []int64, err error) {
	axes := e.k.Axes
	if a.Lo != nil && len(a.Lo) != len(axes) || a.Hi != nil && len(a.Hi) != len(axes) {
		return nil, nil, fmt.Errorf("%d and %d bounds for %d axes", len(a.Lo), len(a.Hi), len(axes))
	}
	lo, hi = make([]int64, len(axes)), make([]int64, len(axes))
	for i, x := range axes {
		if x.From >= 0 {
			continue
		}
		n, err := e.dim(x.Extent, a.Dims)
		if err != nil {
			return nil, nil, err
		}
		if hi[i] = n; a.Lo != nil {
			lo[i] = a.Lo[i]
		}
		if a.Hi != nil {
			hi[i] = a.Hi[i]
		}
		if lo[i] < 0 || lo[i] > hi[i] || hi[i] > n {
			return nil, nil, fmt.Errorf("axis %s: bounds %d to %d of %d", x.Name, lo[i], hi[i], n)
		}
	}
	return lo, hi, nil
}
