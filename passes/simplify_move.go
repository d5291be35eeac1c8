package passes

import (
	"slices"

	"github.com/numen-go/numen/ir"
)

// movementRules are about ops that put the same elements elsewhere.
var movementRules = []rule{
	{Name: "permute_same", Root: ir.OpPermute, Func: func(n *ir.Node) *ir.Node {
		for i, a := range n.Attr.Axes {
			if i != a {
				return nil
			}
		}
		return n.Args[0]
	}},
	{Name: "permute_permute", Root: ir.OpPermute, Func: func(n *ir.Node) *ir.Node {
		x := n.Args[0]
		if x.Op != ir.OpPermute {
			return nil
		}
		axes := make([]int, len(n.Attr.Axes))
		for i, a := range n.Attr.Axes {
			axes[i] = x.Attr.Axes[a]
		}
		return newNode(n, ir.OpPermute, &ir.Attr{Axes: axes}, x.Args[0])
	}},
	{Name: "permute_uniform", Root: ir.OpPermute, Func: uniform},
	{Name: "reshape_same", Root: ir.OpReshape, Func: sameExtents},
	{Name: "reshape_reshape", Root: ir.OpReshape, Func: func(n *ir.Node) *ir.Node {
		x := n.Args[0]
		if x.Op != ir.OpReshape || slices.ContainsFunc(n.Type.Shape, ir.Dim.IsUnknown) {
			return nil
		}
		return newNode(n, ir.OpReshape, n.Attr, x.Args[0])
	}},
	{Name: "reshape_uniform", Root: ir.OpReshape, Func: uniform},
	{Name: "broadcast_same", Root: ir.OpBroadcast, Func: sameExtents},
	{Name: "broadcast_broadcast", Root: ir.OpBroadcast, Func: func(n *ir.Node) *ir.Node {
		if x := n.Args[0]; x.Op == ir.OpBroadcast {
			return newNode(n, ir.OpBroadcast, n.Attr, x.Args[0])
		}
		return nil
	}},
	{Name: "slice_whole", Root: ir.OpSlice, Func: func(n *ir.Node) *ir.Node {
		if spanOf(n.Attr).whole(n.Args[0].Type.Shape) {
			return n.Args[0]
		}
		return nil
	}},
	{Name: "slice_slice", Root: ir.OpSlice, Func: func(n *ir.Node) *ir.Node {
		x := n.Args[0]
		if x.Op != ir.OpSlice {
			return nil
		}
		return newNode(n, ir.OpSlice, spanOf(x.Attr).then(spanOf(n.Attr)).attr(), x.Args[0])
	}},
	{Name: "slice_uniform", Root: ir.OpSlice, Func: uniform},
	{Name: "slice_pad", Root: ir.OpSlice, Func: slicePad},
	{Name: "slice_concat", Root: ir.OpSlice, Func: sliceConcat},
	{Name: "pad_nothing", Root: ir.OpPad, Func: func(n *ir.Node) *ir.Node {
		if spanOf(n.Attr).whole(n.Args[0].Type.Shape) {
			return n.Args[0]
		}
		return nil
	}},
	{Name: "concat_one", Root: ir.OpConcat, Func: func(n *ir.Node) *ir.Node {
		if len(n.Args) == 1 {
			return n.Args[0]
		}
		return nil
	}},
	{Name: "concat_empty", Root: ir.OpConcat, Func: func(n *ir.Node) *ir.Node {
		axis := n.Attr.Axes[0]
		args := slices.DeleteFunc(slices.Clone(n.Args), func(a *ir.Node) bool { return a.Type.Shape[axis].Is(0) })
		if len(args) == len(n.Args) || len(args) == 0 {
			return nil
		}
		m := newNode(n, ir.OpConcat, n.Attr, args...)
		if !m.Type.Equal(n.Type) { // the empty operand told an extent that the others do not
			return nil
		}
		return m
	}},
}

// sameExtents drops an op that gives its operand the extents that it has.
func sameExtents(n *ir.Node) *ir.Node {
	if x := n.Args[0]; x.Type.Equal(n.Type) && !slices.ContainsFunc(n.Type.Shape, ir.Dim.IsUnknown) {
		return x
	}
	return nil
}

// uniform is the rule of movement of an array whose elements are all one: it is that
// element in the new extents.
func uniform(n *ir.Node) *ir.Node {
	x := n.Args[0]
	if x.Op == ir.OpBroadcast {
		x = x.Args[0]
	}
	if x.Type.Rank() != 0 {
		return nil
	}
	return spread(n, x)
}

// slicePad takes a slice of a padded array, which sees nothing of what was added, of the
// array itself, where the extents tell.
func slicePad(n *ir.Node) *ir.Node {
	x := n.Args[0]
	if x.Op != ir.OpPad {
		return nil
	}
	s, p := spanOf(n.Attr), spanOf(x.Attr)
	of := wholeOf(x.Args[0].Type.Shape)
	for i, extent := range of.shape {
		first := s.start[i].Sub(p.start[i])
		switch {
		case s.start[i] == p.start[i] && s.step[i] == p.step[i] && s.shape[i] == extent && !extent.IsUnknown(): // all of it
		case p.step[i].Is(1) && inside(first, s.step[i], s.shape[i], extent):
			of.start[i], of.step[i], of.shape[i] = first, s.step[i], s.shape[i]
		default:
			return nil
		}
	}
	return newNode(n, ir.OpSlice, of.attr(), x.Args[0])
}

// sliceConcat takes a slice of a concatenation of the operand that it lies in, where the
// extents tell.
func sliceConcat(n *ir.Node) *ir.Node {
	x := n.Args[0]
	if x.Op != ir.OpConcat {
		return nil
	}
	axis, s := x.Attr.Axes[0], spanOf(n.Attr)
	at := ir.N(0)
	for _, a := range x.Args {
		extent := a.Type.Shape[axis]
		first := s.start[axis].Sub(at)
		if inside(first, s.step[axis], s.shape[axis], extent) {
			start := slices.Clone(s.start)
			start[axis] = first
			return newNode(n, ir.OpSlice, span{start, s.step, s.shape}.attr(), a)
		}
		at = at.Add(extent)
	}
	return nil
}

// inside reports whether count positions from first on by step are known to lie in an
// axis. Extents may be symbols where the differences that matter are numbers.
func inside(first, step, count, extent ir.Dim) bool {
	low, high := first, first.Add(step.Mul(count.Sub(ir.N(1))))
	by, ok := step.Const()
	if by < 0 {
		low, high = high, low
	}
	before, ok1 := low.Const()
	after, ok2 := extent.Sub(high).Const()
	return ok && ok1 && ok2 && before >= 0 && after > 0
}
