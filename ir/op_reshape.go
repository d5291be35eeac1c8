package ir

import (
	"errors"
	"fmt"
	"slices"
)

// ErrNoRefinement is what reshape's kernel rule returns where old and new extents have
// no common finer axes that are known before the run: (6,4) to (8,3), or anything
// Unknown. Such a reshape is a view: dense row-major memory under other extents, which
// the pass that makes kernels expresses as a StepView.
var ErrNoRefinement = errors.New("ir: the two shapes have no common finer axes")

// OpReshape gives the same elements other extents.
var OpReshape = Register(&Op{
	Name: "reshape", Doc: "the elements of x in row-major order under extents Shape, which have the same product. One of them may be Unknown: it is what the others leave.",
	Family: Movement, MinArg: 1, MaxArg: 1, Fields: FieldShape,
	Infer: func(n *Node) (Type, error) {
		if err := checkDType(n, 0, AnyReal); err != nil {
			return Type{}, err
		}
		x, to := n.Args[0].Type, n.attr().Shape
		if err := checkShape(n, to); err != nil {
			return Type{}, err
		}
		have, want, open := product(x.Shape), N(1), -1
		for i, d := range to {
			if !d.IsUnknown() {
				want = want.Mul(d)
				continue
			}
			if open >= 0 {
				return Type{}, Errorf(ErrShape, "reshape: shape %s leaves more than one extent open", shapeText(to))
			}
			open = i
		}
		if open >= 0 && !have.IsUnknown() {
			rest, ok := have.Div(want)
			if !ok {
				return Type{}, Errorf(ErrShape, "reshape: the %s elements of shape %s do not fill %s", have, shapeText(x.Shape), shapeText(to))
			}
			to = slices.Clone(to)
			to[open], want = rest, have
			if err := checkShape(n, to); err != nil {
				return Type{}, err
			}
		}
		if _, ok := meet(have, want); !ok && open < 0 {
			return Type{}, Errorf(ErrShape, "reshape: shape %s has %s elements, %s has %s", shapeText(x.Shape), have, shapeText(to), want)
		}
		return Dense(x.DType, to...), nil
	},
	Factors: func(n *Node) [][]int64 {
		fine, source, target, ok := refine(n.Args[0].Type.Shape, n.Type.Shape)
		if !ok || product(n.Type.Shape).Is(0) {
			return nil
		}
		var out [][]int64
		for _, axes := range slices.Concat(source, target) {
			if len(axes) > 1 {
				factors := make([]int64, len(axes))
				for i, a := range axes {
					factors[i], _ = fine[a].Const()
				}
				out = append(out, factors)
			}
		}
		return out
	},
	Kernel: func(b *KernelBuilder, n *Node) error {
		from, to := n.Args[0].Type.Shape, n.Type.Shape
		if product(to).Is(0) { // no element: any body will do
			b.storeOver(b.AxesFor(to), b.Const(n.Type.DType, 0))
			return nil
		}
		fine, source, target, ok := refine(from, to)
		if !ok {
			return fmt.Errorf("reshape %s to %s: %w", shapeText(from), shapeText(to), ErrNoRefinement)
		}
		b.AxesFor(fine)
		v := b.Arg(0, coarseIndices(fine, source)...)
		b.Add(Stmt{Sink: Store, Targets: []Access{b.Result(0, coarseIndices(fine, target)...)}, Args: []*Expr{v}})
		return nil
	},
	Eval: func(n *Node, in []*Tensor) ([]*Tensor, error) {
		shape, err := numbers(n.Type.Shape)
		if err != nil {
			return nil, err
		}
		return []*Tensor{{in[0].DType, shape, slices.Clone(in[0].Elems)}}, nil
	},
	Samples: func() []*Node {
		var s samples
		s.add("reshape", &Attr{Shape: shapeOf(15)}, sampleParam(0, Float64, 3, 5))
		s.add("reshape", &Attr{Shape: shapeOf(3, 1, 5)}, sampleParam(0, Float32, 15))
		s.add("reshape", &Attr{Shape: shapeOf(8, 3)}, sampleParam(0, Int32, 4, 6))
		s.add("reshape", &Attr{Shape: shapeOf(8, 3)}, sampleParam(0, Float64, 6, 4)) // no common finer axes
		s.add("reshape", &Attr{Shape: shapeOf(2, 9, 5)}, sampleParam(0, Uint64, 3, 6, 5))
		s.add("reshape", &Attr{Shape: shapeOf()}, sampleParam(0, Bool, 1, 1))
		s.add("reshape", &Attr{Shape: shapeOf(1)}, sampleParam(0, Float64))
		s.add("reshape", &Attr{Shape: shapeOf(7, 0)}, sampleParam(0, Float64, 0, 4))
		return s
	},
})

// product returns the number of elements of a shape, Unknown when an extent is and no
// other is 0.
func product(shape []Dim) Dim {
	p := N(1)
	if slices.Contains(shape, N(0)) {
		return N(0)
	}
	for _, d := range shape {
		p = p.Mul(d)
	}
	return p
}

// refine returns axes of which both shapes' axes are made: fine, outermost first, and
// for every axis of from and of to the fine axes that it is the row-major product of.
func refine(from, to []Dim) (fine []Dim, source, target [][]int, ok bool) {
	source, target = make([][]int, len(from)), make([][]int, len(to))
	i, j := len(from), len(to)
	a, b := N(1), N(1) // what is left of axes from[i] and to[j]
	for {
		for ; i > 0 && a.Is(1); i-- {
			a = from[i-1]
		}
		for ; j > 0 && b.Is(1); j-- {
			b = to[j-1]
		}
		if a.Is(1) || b.Is(1) {
			ok = a == b
			break
		}
		f := a
		if q, ok := a.Div(b); ok {
			f, a, b = b, q, N(1)
		} else if q, ok := b.Div(a); ok {
			a, b = N(1), q
		} else {
			return nil, nil, nil, false
		}
		source[i] = append(source[i], len(fine))
		target[j] = append(target[j], len(fine))
		fine = append(fine, f)
	}
	// The walk went from the innermost axis outwards: turn the numbers round.
	slices.Reverse(fine)
	for _, groups := range [][][]int{source, target} {
		for _, g := range groups {
			slices.Reverse(g)
			for k := range g {
				g[k] = len(fine) - 1 - g[k]
			}
		}
	}
	return fine, source, target, ok
}

// coarseIndices returns the index of every axis that is a row-major product of fine
// axes: i*N+j for the axes i, j of extents M, N.
func coarseIndices(fine []Dim, groups [][]int) []Index {
	out := make([]Index, len(groups))
	for g, axes := range groups {
		coef := N(1)
		for k := len(axes) - 1; k >= 0; k-- {
			out[g].Terms = slices.Insert(out[g].Terms, 0, Term{axes[k], coef})
			coef = coef.Mul(fine[axes[k]])
		}
	}
	return out
}
