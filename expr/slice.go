package np

import (
	"slices"

	"github.com/numen-go/numen/ir"
)

// Slice selects a part of a; see Index. Index arrays broadcast together and put their
// axes where they stand, or in front when other entries are between them, as in NumPy.
// An index outside its axis is ErrIndex: at the call for an At, in the run for an
// element of an index array.
func (a Array) Slice(by ...Index) Array { return begin("Slice", a).slice(a, by) }

// Index selects by integers on the leading axes: x.Index(3) is x[3].
func (a Array) Index(i ...int) Array {
	by := make([]Index, len(i))
	for k, v := range i {
		by[k] = At(v)
	}
	return begin("Index", a).slice(a, by)
}

// Take returns the elements of x at positions along one axis, in the order of indices,
// whose axes take that axis's place. Negative positions count from the end; one that is
// outside is ErrIndex in the run.
func Take(x, indices Array, axis int) Array { return begin("Take", x, indices).take(x, indices, axis) }

// Take returns elements of a along one axis: see the function Take.
func (a Array) Take(indices Array, axis int) Array {
	return begin("Take", a, indices).take(a, indices, axis)
}

// TakeAlongAxis returns x[..., indices[...], ...]: for every element of indices the
// element of x at that position of the axis and the same position of all others. The
// other axes broadcast.
func TakeAlongAxis(x, indices Array, axis int) Array {
	c := begin("TakeAlongAxis", x, indices)
	n, a, bad := c.along(x, axis)
	if bad != nil {
		return c.array(bad)
	}
	at := c.positions(indices)
	if isFailed(at) {
		return c.array(at)
	}
	if at.Type.Rank() != n.Type.Rank() {
		return c.array(c.fail(ErrShape, "the indices have %d dimensions, the array %d", at.Type.Rank(), n.Type.Rank()))
	}
	// Every axis is indexed: the others by their own positions.
	args, axes := []*ir.Node{n}, []int{}
	for i, d := range n.Type.Shape {
		axes = append(axes, i)
		switch {
		case i == a:
			args = append(args, at)
		case d.Is(1):
			args = append(args, integer(0, ir.Int64))
		default:
			own := slices.Repeat([]ir.Dim{ir.N(1)}, n.Type.Rank())
			own[i] = d
			args = append(args, c.node(ir.OpIota, &ir.Attr{Axes: []int{i}, Shape: own, DType: ir.Int64}))
		}
	}
	return c.array(c.node(ir.OpGather, &ir.Attr{Axes: axes}, args...))
}

// positions reads an array of integers that are positions.
func (c *call) positions(indices Array) *ir.Node {
	at := c.in(indices)
	if !isFailed(at) && !at.Type.DType.IsInteger() {
		return c.fail(ErrDType, "positions are integers, not %s", at.Type.DType.Name())
	}
	return at
}

func (c *call) take(x, indices Array, axis int) Array {
	n, a, bad := c.along(x, axis)
	if bad != nil {
		return c.array(bad)
	}
	return c.array(c.takeAt(n, c.positions(indices), a))
}

// takeAt replaces an axis of n by the axes of at, the positions that are taken of it.
func (c *call) takeAt(n, at *ir.Node, axis int) *ir.Node {
	g := c.node(ir.OpGather, &ir.Attr{Axes: []int{axis}}, n, at)
	if isFailed(g) {
		return g
	}
	from, to := []int{}, []int{} // gather puts the new axes in front
	for i := range at.Type.Rank() {
		from, to = append(from, i), append(to, axis+i)
	}
	return c.moved(g, from, to)
}

func (c *call) slice(a Array, by []Index) Array {
	n := c.in(a)
	if isFailed(n) {
		return c.array(n)
	}
	s, bad := c.read(n, by)
	if bad != nil {
		return c.array(bad)
	}
	return c.array(c.laidOut(s, c.gathered(s, c.cut(n, s.parts))))
}

// whole returns all of every axis, whose extents must be known.
func (c *call) whole(n *ir.Node) ([]part, *ir.Node) {
	parts := make([]part, n.Type.Rank())
	for i := range parts {
		e, bad := c.extentOf(n, i)
		if bad != nil {
			return nil, bad
		}
		parts[i] = part{step: 1, count: e}
	}
	return parts, nil
}

// isWhole reports whether parts take every element of n in order.
func isWhole(n *ir.Node, parts []part) bool {
	for i, p := range parts {
		if p.start != 0 || p.step != 1 || !n.Type.Shape[i].Is(int64(p.count)) {
			return false
		}
	}
	return true
}

// span returns parts as the attributes of a slice.
func span(parts []part) *ir.Attr {
	r := len(parts)
	all := make([]ir.Dim, 3*r)
	a := &ir.Attr{Start: all[:r:r], Shape: all[r : 2*r : 2*r]}
	for i, p := range parts {
		a.Start[i], a.Shape[i], all[2*r+i] = ir.N(p.start), ir.N(p.count), ir.N(p.step)
		if p.step != 1 {
			a.Step = all[2*r:]
		}
	}
	return a
}

// cut takes a part of every axis.
func (c *call) cut(n *ir.Node, parts []part) *ir.Node {
	if isFailed(n) || isWhole(n, parts) {
		return n
	}
	return c.node(ir.OpSlice, span(parts), n)
}

// gathered drops the axes that an At took from a cut array and indexes it by the index
// arrays, whose axes come first then.
func (c *call) gathered(s selection, n *ir.Node) *ir.Node {
	if isFailed(n) || s.arrays == nil {
		return n
	}
	return c.node(ir.OpGather, &ir.Attr{Axes: s.arrayAxes()}, append([]*ir.Node{c.dropped(s, n)}, s.arrays...)...)
}

// dropped returns a cut array without the axes that an At took.
func (c *call) dropped(s selection, n *ir.Node) *ir.Node {
	kept := []ir.Dim{}
	for i, d := range n.Type.Shape {
		if !s.gone[i] {
			kept = append(kept, d)
		}
	}
	return c.shaped(n, kept)
}

// arrayAxes returns the axes that the index arrays index once the gone axes are dropped.
func (s selection) arrayAxes() []int {
	var axes []int
	for _, a := range s.arrayOn {
		before := 0
		for _, gone := range s.gone[:a] {
			before += int(b2u(gone))
		}
		axes = append(axes, a-before)
	}
	return axes
}

// order returns, for each axis of the result but new ones, which axis of gathered's
// result it is.
func (s selection) order() []int {
	k := len(s.joint)
	var order, ascending []int
	for i, gone := range s.gone {
		if !gone && !slices.Contains(s.arrayOn, i) {
			ascending = append(ascending, i)
		}
	}
	for _, it := range s.layout {
		switch {
		case it.group:
			for g := range k {
				order = append(order, g)
			}
		case it.axis >= 0:
			order = append(order, k+slices.Index(ascending, it.axis))
		}
	}
	return order
}

// shape returns the extents of the result.
func (s selection) shape() []ir.Dim {
	shape := make([]ir.Dim, 0, len(s.layout)+len(s.joint))
	for _, it := range s.layout {
		switch {
		case it.group:
			shape = append(shape, s.joint...)
		case it.axis < 0:
			shape = append(shape, ir.N(1))
		default:
			shape = append(shape, ir.N(s.parts[it.axis].count))
		}
	}
	return shape
}

// laidOut puts the axes of gathered's result where NumPy has them and adds new ones.
func (c *call) laidOut(s selection, n *ir.Node) *ir.Node {
	if isFailed(n) {
		return n
	}
	if s.arrays != nil {
		n = c.permute(n, s.order())
	}
	return c.shaped(n, s.shape())
}
