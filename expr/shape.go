package np

import (
	"slices"

	"github.com/numen-go/numen/ir"
)

// Functions that give the same elements another shape or order. They copy nothing by
// themselves: what a program does with them is index arithmetic.

// T returns a with its axes reversed, as NumPy's .T: the transpose of a matrix.
func (a Array) T() Array {
	c := begin("T", a)
	n := c.in(a)
	if isFailed(n) {
		return c.array(n)
	}
	axes := make([]int, n.Type.Rank())
	for i := range axes {
		axes[i] = len(axes) - 1 - i
	}
	return c.array(c.permute(n, axes))
}

// MatrixTranspose returns x with its last two axes swapped.
func MatrixTranspose(x Array) Array { return begin("MatrixTranspose", x).swap(x, -2, -1) }

// PermuteDims returns x with its axes in another order: axis i of the result is axis
// axes[i] of x.
func PermuteDims(x Array, axes ...int) Array {
	c := begin("PermuteDims", x)
	n := c.in(x)
	if isFailed(n) {
		return c.array(n)
	}
	if len(axes) != n.Type.Rank() {
		return c.array(c.fail(ErrAxis, "%d axes are named for %d dimensions", len(axes), n.Type.Rank()))
	}
	order, bad := c.axes(axes, n.Type.Rank())
	if bad != nil {
		return c.array(bad)
	}
	return c.array(c.permute(n, order))
}

// MoveAxis returns x with the axis at from moved to to; the others keep their order.
func MoveAxis(x Array, from, to int) Array {
	c := begin("MoveAxis", x)
	n := c.in(x)
	if isFailed(n) {
		return c.array(n)
	}
	ends, bad := make([]int, 2), (*ir.Node)(nil)
	for i, a := range []int{from, to} {
		if ends[i], bad = c.axis(a, n.Type.Rank()); bad != nil {
			return c.array(bad)
		}
	}
	return c.array(c.moved(n, ends[:1], ends[1:]))
}

// SwapAxes returns x with two axes exchanged.
func SwapAxes(x Array, i, j int) Array { return begin("SwapAxes", x).swap(x, i, j) }

// SwapAxes returns a with two axes exchanged.
func (a Array) SwapAxes(i, j int) Array { return begin("SwapAxes", a).swap(a, i, j) }

func (c *call) swap(x Array, i, j int) Array {
	n := c.in(x)
	if isFailed(n) {
		return c.array(n)
	}
	order := make([]int, n.Type.Rank())
	for k := range order {
		order[k] = k
	}
	i, bad := c.axis(i, len(order))
	if bad != nil {
		return c.array(bad)
	}
	if j, bad = c.axis(j, len(order)); bad != nil {
		return c.array(bad)
	}
	order[i], order[j] = j, i
	return c.array(c.permute(n, order))
}

func (c *call) permute(n *ir.Node, axes []int) *ir.Node {
	if isFailed(n) || slices.IsSorted(axes) {
		return n
	}
	return c.node(ir.OpPermute, &ir.Attr{Axes: axes}, n)
}

// moved returns n with the axes at from moved to the places to, both from the front.
func (c *call) moved(n *ir.Node, from, to []int) *ir.Node {
	if isFailed(n) {
		return n
	}
	rest := []int{}
	for i := range n.Type.Rank() {
		if !slices.Contains(from, i) {
			rest = append(rest, i)
		}
	}
	order := make([]int, n.Type.Rank())
	for i := range order {
		if k := slices.Index(to, i); k >= 0 {
			order[i] = from[k]
		} else {
			order[i], rest = rest[0], rest[1:]
		}
	}
	return c.permute(n, order)
}

// Reshape gives x's elements, in row-major order, another shape of as many elements;
// one extent may be -1 and is then what is left. A shape that does not fit is ErrShape.
func Reshape(x Array, shape ...int) Array {
	c := begin("Reshape", x)
	return c.array(c.reshape(c.in(x), shape))
}

// Reshape gives a's elements another shape: see the function Reshape.
func (a Array) Reshape(shape ...int) Array {
	c := begin("Reshape", a)
	return c.array(c.reshape(c.in(a), shape))
}

// Ravel returns x's elements, in row-major order, along one axis.
func Ravel(x Array) Array {
	c := begin("Ravel", x)
	return c.array(c.reshape(c.in(x), []int{-1}))
}

// Ravel returns a's elements along one axis.
func (a Array) Ravel() Array {
	c := begin("Ravel", a)
	return c.array(c.reshape(c.in(a), []int{-1}))
}

func (c *call) reshape(n *ir.Node, shape []int) *ir.Node {
	if isFailed(n) {
		return n
	}
	to, open, known := dims(shape), -1, ir.N(1)
	for i, e := range shape {
		switch {
		case e == -1 && open < 0:
			open = i
		case e < 0:
			return c.fail(ErrShape, "the shape %v has more than one open extent, or a negative one", shape)
		default:
			known = known.Mul(to[i])
		}
	}
	if _, err := ir.Elements(slices.DeleteFunc(slices.Clone(to), ir.Dim.IsUnknown)); err != nil {
		return c.fail(ErrShape, "the shape %v has more elements than can be addressed", shape)
	}
	have := Array{n: n}.Size()
	if want, _ := known.Const(); have != Unknown {
		if open >= 0 && (want == 0 || have%int(want) != 0) || open < 0 && have != int(want) {
			return c.fail(ErrShape, "%d elements do not fill the shape %v", have, shape)
		}
		if open >= 0 {
			to[open] = ir.N(have / int(want))
		}
	}
	return c.shaped(n, to)
}

// shaped returns n under extents of as many elements.
func (c *call) shaped(n *ir.Node, to []ir.Dim) *ir.Node {
	if isFailed(n) || slices.Equal(n.Type.Shape, to) {
		return n
	}
	return c.node(ir.OpReshape, &ir.Attr{Shape: to}, n)
}

// ExpandDims returns x with a new axis of extent 1 at the given place of the result.
func ExpandDims(x Array, axis int) Array { return begin("ExpandDims", x).expand(x, axis) }

// ExpandDims returns a with a new axis of extent 1: see the function ExpandDims.
func (a Array) ExpandDims(axis int) Array { return begin("ExpandDims", a).expand(a, axis) }

func (c *call) expand(x Array, axis int) Array {
	n := c.in(x)
	if isFailed(n) {
		return c.array(n)
	}
	a, bad := c.axis(axis, n.Type.Rank()+1)
	if bad != nil {
		return c.array(bad)
	}
	return c.array(c.shaped(n, slices.Insert(slices.Clone(n.Type.Shape), a, ir.N(1))))
}

// Squeeze returns x without the given axes, which have extent 1; none means all such.
func Squeeze(x Array, axes ...int) Array { return begin("Squeeze", x).squeeze(x, axes) }

// Squeeze returns a without axes of extent 1: see the function Squeeze.
func (a Array) Squeeze(axes ...int) Array { return begin("Squeeze", a).squeeze(a, axes) }

func (c *call) squeeze(x Array, axes []int) Array {
	n := c.in(x)
	if isFailed(n) {
		return c.array(n)
	}
	gone, bad := c.axes(axes, n.Type.Rank())
	if bad != nil {
		return c.array(bad)
	}
	kept := []ir.Dim{}
	for i, d := range n.Type.Shape {
		named := slices.Contains(gone, i)
		if named && !d.Is(1) {
			return c.array(c.fail(ErrShape, "axis %d has %s elements, not 1", i, d))
		}
		if !named && (len(axes) > 0 || !d.Is(1)) {
			kept = append(kept, d)
		}
	}
	return c.array(c.shaped(n, kept))
}

// BroadcastTo returns x repeated to a shape: axes are aligned at the right, new axes and
// axes of extent 1 repeat.
func BroadcastTo(x Array, shape ...int) Array {
	c := begin("BroadcastTo", x)
	n := c.in(x)
	if isFailed(n) {
		return c.array(n)
	}
	return c.array(c.broadcast(n, dims(shape)))
}

// BroadcastArrays returns the arrays, each repeated to the shape of all together.
func BroadcastArrays(xs ...Array) []Array {
	c := begin("BroadcastArrays")
	ns, bad := c.ins(xs)
	if bad != nil {
		return []Array{c.array(bad)}
	}
	shape, bad := c.common(ns)
	if bad != nil {
		return []Array{c.array(bad)}
	}
	out := make([]Array, len(ns))
	for i, n := range ns {
		out[i] = c.array(c.broadcast(n, shape))
	}
	return out
}

// common returns the shape that nodes have together.
func (c *call) common(ns []*ir.Node) ([]ir.Dim, *ir.Node) {
	shape := []ir.Dim{}
	for _, n := range ns {
		var err error
		if shape, err = ir.Broadcast(shape, n.Type.Shape); err != nil {
			return nil, c.fail(ErrShape, "%v", err)
		}
	}
	return shape, nil
}

// broadcast returns n repeated to a shape.
func (c *call) broadcast(n *ir.Node, shape []ir.Dim) *ir.Node {
	if isFailed(n) || slices.Equal(n.Type.Shape, shape) {
		return n
	}
	return c.node(ir.OpBroadcast, &ir.Attr{Shape: shape}, n)
}

// Flip returns x with the order of its elements reversed along the given axes; none
// means all.
func Flip(x Array, axes ...int) Array {
	c := begin("Flip", x)
	n := c.in(x)
	if isFailed(n) {
		return c.array(n)
	}
	turned, bad := c.axes(axes, n.Type.Rank())
	if bad != nil {
		return c.array(bad)
	}
	cut, bad := c.whole(n)
	if bad != nil {
		return c.array(bad)
	}
	for i := range cut {
		if len(axes) == 0 || slices.Contains(turned, i) {
			cut[i] = part{start: max(cut[i].count-1, 0), step: -1, count: cut[i].count}
		}
	}
	return c.array(c.cut(n, cut))
}

// Roll returns x with its elements shifted along one axis; what leaves at the end comes
// back at the beginning.
func Roll(x Array, shift, axis int) Array {
	c := begin("Roll", x)
	n, a, bad := c.along(x, axis)
	if bad != nil {
		return c.array(bad)
	}
	extent, bad := c.extentOf(n, a)
	if bad != nil || extent == 0 {
		return c.array(orElse(bad, n))
	}
	k := ((shift % extent) + extent) % extent
	if k == 0 {
		return c.array(n)
	}
	return c.array(c.join(a, c.piece(n, a, extent-k, k), c.piece(n, a, 0, extent-k)))
}

func orElse(bad, n *ir.Node) *ir.Node {
	if bad != nil {
		return bad
	}
	return n
}
