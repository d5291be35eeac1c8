package np

import (
	"slices"

	"github.com/numen-go/numen/ir"
)

// PadMode says what Pad puts outside.
type PadMode string

// The modes of Pad.
const (
	PadConstant PadMode = "constant" // zeros
	PadEdge     PadMode = "edge"     // the outermost element
	PadReflect  PadMode = "reflect"  // the array mirrored at its outermost element, which is not repeated
	PadWrap     PadMode = "wrap"     // the array again from its other end
)

// Pad adds elements before and after x along each axis: widths has a pair for every
// axis, or one pair for all. The modes other than PadConstant need an element to repeat.
func Pad(x Array, mode PadMode, widths ...[2]int) Array {
	c := begin("Pad", x)
	n := c.in(x)
	if isFailed(n) {
		return c.array(n)
	}
	rank := n.Type.Rank()
	if len(widths) == 1 {
		widths = slices.Repeat(widths, rank)
	}
	if len(widths) != rank {
		return c.array(c.fail(ErrShape, "%d pairs of widths for %d dimensions", len(widths), rank))
	}
	if !slices.Contains([]PadMode{PadConstant, PadEdge, PadReflect, PadWrap}, mode) {
		return c.array(c.fail(ErrOperand, "there is no mode %q", mode))
	}
	for i, w := range widths {
		if w[0] < 0 || w[1] < 0 {
			return c.array(c.fail(ErrShape, "the widths %d and %d of axis %d must not be negative: use Slice to cut", w[0], w[1], i))
		}
		if max(w[0], w[1]) > 1<<48 {
			return c.array(c.fail(ErrShape, "the widths %d and %d of axis %d make more elements than can be addressed", w[0], w[1], i))
		}
	}
	if mode == PadConstant {
		return c.array(c.padZeros(n, widths))
	}
	for i, w := range widths {
		if n = c.padAxis(n, i, mode, w[0], w[1]); isFailed(n) {
			break
		}
	}
	return c.array(n)
}

func (c *call) padZeros(n *ir.Node, widths [][2]int) *ir.Node {
	a, none := &ir.Attr{}, true
	for i, w := range widths {
		a.Start = append(a.Start, ir.N(w[0]))
		a.Shape = append(a.Shape, n.Type.Shape[i].Add(ir.N(w[0])).Add(ir.N(w[1])))
		none = none && w == [2]int{}
	}
	if none {
		return n
	}
	return c.node(ir.OpPad, a, n, integer(0, n.Type.DType))
}

// padAxis joins copies of parts of n to its ends until the widths are reached. Each
// round continues the infinite sequence that the mode means, of which n is a stretch:
// one of reflected arrays is symmetric about the ends that still grow, a wrapped one
// repeats itself after any multiple of its period.
func (c *call) padAxis(n *ir.Node, axis int, mode PadMode, before, after int) *ir.Node {
	period, bad := c.extentOf(n, axis)
	if bad != nil {
		return bad
	}
	if before+after > 0 && period == 0 {
		return c.fail(ErrShape, "axis %d has no element to repeat", axis)
	}
	if mode == PadEdge || period == 1 {
		return c.padEdge(n, axis, before, after)
	}
	for before+after > 0 {
		extent, bad := c.extentOf(n, axis)
		if bad != nil {
			return bad
		}
		most := (extent - 1) - (extent-1)%(period-1) // to the next mirror
		if mode == PadWrap {
			most = extent - extent%period
		}
		l, r := min(before, most), min(after, most)
		left, right := part{l, -1, l}, part{extent - 2, -1, r}
		if mode == PadWrap {
			left, right = part{most - l, 1, l}, part{extent - most, 1, r}
		}
		pieces := []*ir.Node{n}
		if l > 0 {
			pieces = slices.Insert(pieces, 0, c.cutAxis(n, axis, left))
		}
		if r > 0 {
			pieces = append(pieces, c.cutAxis(n, axis, right))
		}
		n = c.join(axis, pieces...)
		before, after = before-l, after-r
	}
	return n
}

func (c *call) padEdge(n *ir.Node, axis, before, after int) *ir.Node {
	extent, bad := c.extentOf(n, axis)
	if bad != nil {
		return bad
	}
	pieces := []*ir.Node{n}
	repeat := func(at, times int) *ir.Node {
		one := c.piece(n, axis, at, 1)
		if isFailed(one) {
			return one
		}
		shape := slices.Clone(one.Type.Shape)
		shape[axis] = ir.N(times)
		return c.broadcast(one, shape)
	}
	if before > 0 {
		pieces = slices.Insert(pieces, 0, repeat(0, before))
	}
	if after > 0 {
		pieces = append(pieces, repeat(extent-1, after))
	}
	return c.join(axis, pieces...)
}

// cutAxis takes a part of one axis.
func (c *call) cutAxis(n *ir.Node, axis int, p part) *ir.Node {
	parts, bad := c.whole(n)
	if bad != nil {
		return bad
	}
	parts[axis] = p
	return c.cut(n, parts)
}

// SlidingWindow returns every window of x: the axes of x count where a window begins,
// and one axis more at the end per window extent counts inside it. The windows slide
// along the given axes, or along all when none is named.
func SlidingWindow(x Array, window Shape, axes ...int) Array {
	c := begin("SlidingWindow", x)
	n := c.in(x)
	if isFailed(n) {
		return c.array(n)
	}
	rank := n.Type.Rank()
	if len(axes) == 0 {
		for i := range rank {
			axes = append(axes, i)
		}
	}
	if len(axes) != len(window) {
		return c.array(c.fail(ErrShape, "a window of %d extents slides along %d axes", len(window), len(axes)))
	}
	for k, w := range window {
		a, bad := c.axis(axes[k], rank)
		if bad != nil {
			return c.array(bad)
		}
		extent, bad := c.extentOf(n, a)
		if bad != nil {
			return c.array(bad)
		}
		if w < 1 || w > extent {
			return c.array(c.fail(ErrShape, "a window of %d does not fit axis %d of extent %d", w, a, extent))
		}
		// Position i+p of the axis, for every beginning i and every p inside the window.
		shape := dims([]int{extent - w + 1, w})
		at := c.node(ir.OpAdd, nil,
			c.node(ir.OpIota, &ir.Attr{Axes: []int{0}, Shape: dims([]int{extent - w + 1, 1}), DType: ir.Int64}),
			c.node(ir.OpIota, &ir.Attr{Axes: []int{1}, Shape: dims([]int{1, w}), DType: ir.Int64}))
		g := c.node(ir.OpGather, &ir.Attr{Axes: []int{a}}, n, c.broadcast(at, shape))
		if isFailed(g) {
			return c.array(g)
		}
		n = c.moved(g, []int{0, 1}, []int{a, g.Type.Rank() - 1})
	}
	return c.array(n)
}
