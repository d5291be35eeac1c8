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
	{Name: "slice_pad", Root: ir.OpSlice, Func: func(n *ir.Node) *ir.Node { // what was padded, back again
		x := n.Args[0]
		if x.Op != ir.OpPad || !spanOf(n.Attr).equal(span{spanOf(x.Attr).start, spanOf(x.Attr).step, x.Args[0].Type.Shape}) {
			return nil
		}
		return x.Args[0]
	}},
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

// sliceConcat finds the operand that a slice of a concatenation lies in, where the
// extents tell.
func sliceConcat(n *ir.Node) *ir.Node {
	x := n.Args[0]
	if x.Op != ir.OpConcat {
		return nil
	}
	axis, s := x.Attr.Axes[0], spanOf(n.Attr)
	if !s.step[axis].Is(1) {
		return nil
	}
	at := ir.N(0)
	for _, a := range x.Args {
		extent := a.Type.Shape[axis]
		first := s.start[axis].Sub(at)
		if inside(first, s.shape[axis], extent) {
			start := slices.Clone(s.start)
			start[axis] = first
			return newNode(n, ir.OpSlice, span{start, s.step, s.shape}.attr(), a)
		}
		at = at.Add(extent)
	}
	return nil
}

// inside reports whether count positions from first on are known to lie in an axis.
func inside(first, count, extent ir.Dim) bool {
	f, ok1 := first.Const()
	rest, ok2 := extent.Sub(first).Sub(count).Const()
	return ok1 && ok2 && f >= 0 && rest >= 0
}
