package np

import (
	"context"
	"errors"
	"reflect"
	"slices"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
	rt "github.com/numen-go/numen/runtime"
)

// asType returns the first error of type E behind err.
func asType[E error](err error) (E, bool) {
	var e E
	return e, errors.As(err, &e)
}

// Eval computes a and returns it as a concrete Array; one that is concrete is returned
// as it is. a itself stays lazy and keeps its inputs alive: in a loop, go on with the
// result. On error the Array that is returned carries the error too.
//
//	w, err = w.Eval(ctx)
func (a Array) Eval(ctx context.Context, opts ...EvalOption) (Array, error) {
	c := begin("Eval", a)
	n, err := c.evaluateOne(ctx, a, opts)
	if err != nil {
		return c.array(failed(err)), err
	}
	return c.array(n), nil
}

// evaluateOne is evaluate of one Array, of any dtype.
func (c *call) evaluateOne(ctx context.Context, a Array, opts []EvalOption) (*ir.Node, *Error) {
	if err := a.error(); err != nil {
		return nil, c.placed(err)
	}
	out, err := c.evaluate(ctx, []*ir.Node{a.n}, configOf(opts))
	if err != nil {
		return nil, err
	}
	return out[0], nil
}

// placed gives the error of the zero Array the line of the call that met it.
func (c *call) placed(err *Error) *Error {
	if err.Err == ErrNil && err.File == "" {
		return c.error(ErrNil, "the zero Array has no value: was it assigned?")
	}
	return err
}

// Eval computes every Array of a tree in ONE program, so that shared work is done once.
// On error every Array of the tree that is returned carries it.
//
//	s, err := np.Eval(ctx, Stats{Mean: m, Std: sd})
//	v, err := np.Eval(ctx, []np.Array{a, b})
func Eval[T any](ctx context.Context, tree T, opts ...EvalOption) (T, error) {
	c := begin("Eval")
	pl := planFor(reflect.TypeFor[T]())
	if pl.bad != nil {
		bad := c.error(ErrOperand, "%v", pl.bad)
		return tree, bad
	}
	out := new(T)
	*out = tree
	var nodes []*ir.Node
	var first *Error
	eachIn(pl, out, true, func(a *Array) {
		if err := a.error(); err != nil && first == nil {
			first = c.placed(err)
		}
		nodes = append(nodes, a.n)
	})
	var made []*ir.Node
	if first == nil {
		made, first = c.evaluate(ctx, nodes, configOf(opts))
	}
	i := 0
	eachIn(pl, out, false, func(a *Array) {
		if first != nil {
			*a = c.array(failed(first))
			return
		}
		*a = c.array(made[i])
		i++
	})
	if first != nil {
		return *out, first
	}
	return *out, nil
}

// Explain tells how a would run: passes, kernels, placement, what was declined and
// why, and the memory that a run holds. It compiles but does not run.
func (a Array) Explain(opts ...EvalOption) (*Explanation, error) {
	c := begin("Explain", a)
	if err := a.error(); err != nil {
		return nil, c.placed(err)
	}
	return c.explain([]*ir.Node{a.n}, configOf(opts))
}

func (c *call) explain(nodes []*ir.Node, cfg evalConfig) (*Explanation, error) {
	ctx := context.Background()
	x, err := cfg.runner().Explain(ctx, nodes, &cfg.run)
	if err != nil {
		return nil, c.runError(ctx, err, nil)
	}
	return &Explanation{x}, nil
}

// Explanation tells how a program runs. It prints as text.
type Explanation struct{ x *rt.Explanation }

// String returns the whole story as text.
func (e *Explanation) String() string {
	if e == nil || e.x == nil {
		return ""
	}
	return e.x.String()
}

// Values evaluates a and returns its elements in row-major order as a slice that
// belongs to the caller. T must be a's dtype (ErrDType): nothing is converted silently.
func Values[T Elem](ctx context.Context, a Array, opts ...EvalOption) ([]T, error) {
	c := begin("Values", a)
	v, fresh, err := c.elementsOf(ctx, a, DTypeOf[T](), opts)
	if err != nil {
		return nil, err
	}
	if !fresh {
		return slices.Clone(slice[T](v)), nil
	}
	v.Buf.(*lower.Host).Keep() // a fresh result: its memory is handed over
	return slice[T](v), nil
}

// Value is Values for one element: of an Array that has just one (ErrShape).
func Value[T Elem](ctx context.Context, a Array, opts ...EvalOption) (T, error) {
	c := begin("Value", a)
	var zero T
	if a.error() == nil && a.Size() != 1 {
		return zero, c.error(ErrShape, "one element is wanted, there are %d: use Values", a.Size())
	}
	v, _, err := c.elementsOf(ctx, a, DTypeOf[T](), opts)
	if err != nil {
		return zero, err
	}
	return slice[T](v)[0], nil
}

// ValuesInto evaluates a into dst, which must have a.Size() elements (ErrShape) of a's
// dtype (ErrDType).
func ValuesInto[T Elem](ctx context.Context, dst []T, a Array, opts ...EvalOption) error {
	c := begin("ValuesInto", a)
	if a.error() == nil && a.Size() != len(dst) {
		return c.error(ErrShape, "%d elements do not fill a slice of %d", a.Size(), len(dst))
	}
	v, fresh, err := c.elementsOf(ctx, a, DTypeOf[T](), opts)
	if err != nil {
		return err
	}
	copy(dst, slice[T](v))
	if fresh {
		v.Buf.Close()
	}
	return nil
}

// elementsOf evaluates an Array whose elements are wanted as dtype d, in the host's
// memory. fresh says that nobody else has that memory.
func (c *call) elementsOf(ctx context.Context, a Array, d DType, opts []EvalOption) (v *lower.Array, fresh bool, err error) {
	if a.error() == nil && a.DType() != d {
		return nil, false, c.error(ErrDType, "the elements were asked for as %s: use AsType(x, np.%s)", d, dtypeConst(d))
	}
	n, bad := c.evaluateOne(ctx, a, opts)
	if bad != nil {
		return nil, false, bad
	}
	v, fresh = values(n), !a.Concrete()
	if v.Format == nil {
		return v, fresh, nil
	}
	if v.Format.Levels != nil {
		return nil, false, c.error(ErrDeclined, "the array is sparse (%s): make it dense first, with ToDense of package sparse", v.Format)
	}
	cfg := configOf(opts)
	host, fault := cfg.runner().Convert(ctx, v, nil)
	if fault != nil {
		return nil, false, c.runError(ctx, fault, nil)
	}
	if fresh {
		v.Buf.Close()
	}
	return host, true, nil
}

// dtypeConst returns the Go name of a dtype: Float64.
func dtypeConst(d DType) string {
	name := d.String()
	return string(name[0]-'a'+'A') + name[1:]
}

// AliasValues returns a concrete Array's own memory, read only, without a copy. It
// is an error for an Array that is lazy, or not in the host's memory. The slice stays
// good when the Array is closed.
func AliasValues[T Elem](v Array) ([]T, error) {
	c := begin("AliasValues", v)
	if err := v.error(); err != nil {
		return nil, c.placed(err)
	}
	a, err := c.alias(v)
	if err != nil {
		return nil, err
	}
	if d := DTypeOf[T](); d != v.DType() {
		return nil, c.error(ErrDType, "the elements were asked for as %s", d)
	}
	return slice[T](a), nil
}

// alias returns a concrete Array in the host's memory, which is never recycled from now on.
func (c *call) alias(v Array) (*lower.Array, error) {
	if !v.Concrete() {
		return nil, c.error(ErrOperand, "the array is lazy: Eval it first, or use Values")
	}
	a := values(v.n)
	h, ok := a.Buf.(*lower.Host)
	switch {
	case closed(a):
		return nil, c.error(ErrClosed, "the array was closed")
	case !ok:
		return nil, c.error(ErrDeclined, "%T is not in the host's memory: use Values", a.Buf)
	}
	h.Keep()
	return a, nil
}
