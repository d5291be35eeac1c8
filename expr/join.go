package np

import (
	"slices"

	"github.com/numen-go/numen/ir"
)

// Concat returns the arrays one after another along an axis. Dtypes promote; the other
// extents must agree, else it is ErrShape.
func Concat(axis int, xs ...Array) Array {
	c, ns, bad := beginMany("Concat", xs)
	if bad != nil {
		return c.array(bad)
	}
	a, bad := c.axis(axis, ns[0].Type.Rank())
	if bad != nil {
		return c.array(bad)
	}
	return c.array(c.join(a, ns...))
}

// Stack returns the arrays, which have one shape, along a new axis at the given place
// of the result. Dtypes promote.
func Stack(axis int, xs ...Array) Array {
	c, ns, bad := beginMany("Stack", xs)
	if bad != nil {
		return c.array(bad)
	}
	a, bad := c.axis(axis, ns[0].Type.Rank()+1)
	if bad != nil {
		return c.array(bad)
	}
	for i, n := range ns {
		if !slices.Equal(n.Type.Shape, ns[0].Type.Shape) {
			return c.array(c.fail(ErrShape, "operand %d has shape %s, the first %s", i+1, shapeText(shapeOf(n)), shapeText(shapeOf(ns[0]))))
		}
	}
	for i, n := range ns {
		ns[i] = c.shaped(n, slices.Insert(slices.Clone(n.Type.Shape), a, ir.N(1)))
	}
	return c.array(c.join(a, ns...))
}

// beginMany begins a call of any number of arrays, of which there must be one.
func beginMany(fn string, xs []Array) (*call, []*ir.Node, *ir.Node) {
	c := begin(fn)
	for _, x := range xs {
		c.more = append(c.more, x)
	}
	if len(xs) == 0 {
		return c, nil, c.fail(ErrShape, "no arrays")
	}
	ns, bad := c.ins(xs)
	return c, ns, bad
}

// join concatenates nodes in the dtype where they meet.
func (c *call) join(axis int, ns ...*ir.Node) *ir.Node {
	d := ir.Invalid
	for _, n := range ns {
		if isFailed(n) {
			return n
		}
		if d == ir.Invalid {
			d = n.Type.DType
		}
		d = ir.Promote(d, n.Type.DType)
	}
	for i, n := range ns {
		ns[i] = c.cast(n, d)
	}
	if len(ns) == 1 {
		return ns[0]
	}
	return c.node(ir.OpConcat, &ir.Attr{Axes: []int{axis}}, ns...)
}

// piece returns count positions of one axis from start on.
func (c *call) piece(n *ir.Node, axis, start, count int) *ir.Node {
	parts, bad := c.whole(n)
	if bad != nil {
		return bad
	}
	parts[axis] = part{start, 1, count}
	return c.cut(n, parts)
}

// Split cuts x into equal parts along one axis: ErrShape when its extent is no multiple
// of their number.
func Split(x Array, parts, axis int) []Array {
	c := begin("Split", x)
	n, a, bad := c.along(x, axis)
	if bad != nil {
		return []Array{c.array(bad)}
	}
	extent, bad := c.extentOf(n, a)
	if bad != nil {
		return []Array{c.array(bad)}
	}
	if parts <= 0 || extent%parts != 0 {
		return []Array{c.array(c.fail(ErrShape, "%d elements do not split into %d equal parts", extent, parts))}
	}
	out := make([]Array, parts)
	for i := range out {
		out[i] = c.array(c.piece(n, a, i*(extent/parts), extent/parts))
	}
	return out
}

// Unstack returns the parts of x along one axis, which goes away: Stack backwards.
func Unstack(x Array, axis int) []Array {
	c := begin("Unstack", x)
	n, a, bad := c.along(x, axis)
	if bad != nil {
		return []Array{c.array(bad)}
	}
	extent, bad := c.extentOf(n, a)
	if bad != nil {
		return []Array{c.array(bad)}
	}
	rest := slices.Delete(slices.Clone(n.Type.Shape), a, a+1)
	out := make([]Array, extent)
	for i := range out {
		out[i] = c.array(c.shaped(c.piece(n, a, i, 1), rest))
	}
	return out
}

// Tile returns x repeated along every axis as often as reps says, aligned at the right;
// missing numbers are 1, and more numbers than axes add axes in front.
func Tile(x Array, reps ...int) Array {
	c := begin("Tile", x)
	n := c.in(x)
	if isFailed(n) {
		return c.array(n)
	}
	rank := max(n.Type.Rank(), len(reps))
	// x[a,b] tiled by p, q: [1,a,1,b] repeated to [p,a,q,b], which is [p*a,q*b].
	var apart, repeated, joined []ir.Dim
	for i := range rank {
		e, r := ir.N(1), ir.N(1)
		if k := i - (rank - n.Type.Rank()); k >= 0 {
			e = n.Type.Shape[k]
		}
		if k := i - (rank - len(reps)); k >= 0 {
			if reps[k] < 0 {
				return c.array(c.fail(ErrShape, "cannot repeat %d times", reps[k]))
			}
			r = ir.N(reps[k])
		}
		apart, repeated, joined = append(apart, ir.N(1), e), append(repeated, r, e), append(joined, r.Mul(e))
	}
	return c.array(c.shaped(c.broadcast(c.shaped(n, apart), repeated), joined))
}

// Repeat returns x with every element along one axis repeated times times.
func Repeat(x Array, times, axis int) Array { return begin("Repeat", x).repeat(x, times, axis) }

// Repeat returns a with elements repeated: see the function Repeat.
func (a Array) Repeat(times, axis int) Array { return begin("Repeat", a).repeat(a, times, axis) }

func (c *call) repeat(x Array, times, axis int) Array {
	n, a, bad := c.along(x, axis)
	if bad != nil {
		return c.array(bad)
	}
	if times < 0 {
		return c.array(c.fail(ErrShape, "cannot repeat %d times", times))
	}
	apart := slices.Insert(slices.Clone(n.Type.Shape), a+1, ir.N(1))
	repeated, joined := slices.Clone(apart), slices.Clone(n.Type.Shape)
	repeated[a+1], joined[a] = ir.N(times), joined[a].Mul(ir.N(times))
	return c.array(c.shaped(c.broadcast(c.shaped(n, apart), repeated), joined))
}

// Diff returns the differences of neighbours along one axis, which is one shorter.
func Diff(x Array, axis int) Array {
	c := begin("Diff", x)
	n, a, bad := c.along(x, axis)
	if bad != nil {
		return c.array(bad)
	}
	extent, bad := c.extentOf(n, a)
	if bad != nil {
		return c.array(bad)
	}
	count := max(extent-1, 0)
	op := ir.OpSub
	if n.Type.DType == ir.Bool {
		op = ir.OpXor
	}
	return c.array(c.node(op, nil, c.piece(n, a, min(1, extent), count), c.piece(n, a, 0, count)))
}
