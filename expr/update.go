package np

import (
	"slices"

	"github.com/numen-go/numen/ir"
)

// Place is a part of an Array, ready to be replaced. Its methods return a NEW
// Array and leave the old one alone; use the result, as with append:
//
//	x = x.At(np.To(5)).Set(0)
//
// The value broadcasts to the part's shape. It is converted to the array's dtype, which
// must hold what the value's dtype holds (ErrDType else). The part may be given by
// spans, positions, index arrays, or one bool Array that covers whole axes; under such a
// mask the value is a number or an array for the axes after the mask. Where an index
// array names a place more than once, Set keeps the last value and the others combine
// them all, in order.
type Place struct {
	a  Array
	by []Index
}

// At returns a part of a for Set, Add, Multiply, Max or Min; see Index.
func (a Array) At(by ...Index) Place { return Place{a, by} }

// Set returns the array with the part replaced by v.
func (p Place) Set(v Operand) Array { return begin("At.Set", p.a, v).update(p, v, setting) }

// Add returns the array with v added to the part.
func (p Place) Add(v Operand) Array { return begin("At.Add", p.a, v).update(p, v, adding) }

// Multiply returns the array with the part multiplied by v.
func (p Place) Multiply(v Operand) Array {
	return begin("At.Multiply", p.a, v).update(p, v, multiplying)
}

// Max returns the array with the part raised to v where it is below.
func (p Place) Max(v Operand) Array { return begin("At.Max", p.a, v).update(p, v, raising) }

// Min returns the array with the part lowered to v where it is above.
func (p Place) Min(v Operand) Array { return begin("At.Min", p.a, v).update(p, v, lowering) }

// updating is how a value goes into a place: op joins old and new, combine does so for
// places that index arrays name.
type updating struct {
	op      *ir.Op // nil: the new value
	combine *ir.Combine
}

var (
	setting     = updating{nil, ir.CombineSet}
	adding      = updating{ir.OpAdd, ir.CombineSum}
	multiplying = updating{ir.OpMul, ir.CombineProd}
	raising     = updating{ir.OpMax, ir.CombineMax}
	lowering    = updating{ir.OpMin, ir.CombineMin}
)

func (c *call) update(p Place, v Operand, how updating) Array {
	n := c.in(p.a)
	if isFailed(n) {
		return c.array(n)
	}
	value := c.converted(v, n.Type.DType)
	if isFailed(value) {
		return c.array(value)
	}
	if how.op != nil && !how.op.Scalar.In[0].Has(n.Type.DType) {
		return c.array(c.fail(ErrDType, "has no meaning for %s: convert with AsType", n.Type.DType.Name()))
	}
	if mask, axis, bad := c.mask(n, p.by); bad != nil {
		return c.array(bad)
	} else if mask != nil {
		return c.array(c.updateMask(n, mask, axis, value, how))
	}
	s, bad := c.read(n, p.by)
	if bad != nil {
		return c.array(bad)
	}
	part := s.shape()
	if joint, err := ir.Broadcast(part, value.Type.Shape); err != nil || !slices.Equal(joint, part) {
		return c.array(c.fail(ErrShape, "a value of shape %s does not fit a place of shape %s", shapeText(shapeOf(value)), shapeText(shapeOf(&ir.Node{Type: ir.Dense(ir.Bool, part...)}))))
	}
	value = c.unlaid(s, c.broadcast(value, part))
	if s.arrays == nil {
		return c.array(c.overwrite(n, s.parts, value, how))
	}
	old := c.dropped(s, c.cut(n, s.parts))
	args := append(append([]*ir.Node{old}, s.arrays...), value)
	value = c.node(ir.OpScatter, &ir.Attr{Axes: s.arrayAxes(), Combine: how.combine}, args...)
	return c.array(c.overwrite(n, s.parts, value, setting))
}

// unlaid is laidOut backwards: a value of the selection's shape with the axes of the
// index arrays first and without new axes.
func (c *call) unlaid(s selection, value *ir.Node) *ir.Node {
	if isFailed(value) {
		return value
	}
	order := s.order()
	kept := []ir.Dim{} // the value's axes but the new ones
	at := 0
	for _, it := range s.layout {
		k := 1
		if it.group {
			k = len(s.joint)
		}
		if it.group || it.axis >= 0 {
			kept = append(kept, value.Type.Shape[at:at+k]...)
		}
		at += k
	}
	back := make([]int, len(order))
	for i, o := range order {
		back[o] = i
	}
	return c.permute(c.shaped(value, kept), back)
}

// overwrite joins value, whose axes are those of n's parts but for dropped ones of
// extent 1, to these parts of n. What lies outside is chosen by a mask and not by
// arithmetic, so that no bit of it changes.
func (c *call) overwrite(n *ir.Node, parts []part, value *ir.Node, how updating) *ir.Node {
	to := span(parts)
	value = c.shaped(value, to.Shape)
	if slices.ContainsFunc(parts, func(p part) bool { return p.count == 0 }) {
		return orElse(failure(value), n)
	}
	inside := value
	if !isWhole(n, parts) {
		to.Shape = n.Type.Shape
		inside = c.node(ir.OpPad, to, value, integer(0, n.Type.DType))
	}
	if how.op != nil {
		inside = c.node(how.op, nil, n, inside)
	}
	if isFailed(inside) || isWhole(n, parts) {
		return inside
	}
	mask := c.node(ir.OpPad, to, c.broadcast(integer(1, ir.Bool), value.Type.Shape), integer(0, ir.Bool))
	return c.node(ir.OpSelect, nil, mask, inside, n)
}

// failure returns n when it carries an error, else nil.
func failure(n *ir.Node) *ir.Node {
	if isFailed(n) {
		return n
	}
	return nil
}

// mask returns the bool array among entries and the first of the axes that it covers,
// nil when there is none. Around it only whole axes may stand.
func (c *call) mask(n *ir.Node, by []Index) (mask *ir.Node, axis int, bad *ir.Node) {
	before, after, dots := 0, 0, false // entries on either side, an ellipsis before
	for _, b := range by {
		if b == nil {
			return nil, 0, c.fail(ErrIndex, "an index is nil")
		}
		e := b.index()
		if e.kind == entryArray && e.array.DType() == Bool {
			if mask != nil {
				return nil, 0, c.fail(ErrIndex, "there are two masks: join them with LogicalAnd")
			}
			if mask = c.in(e.array); isFailed(mask) {
				return nil, 0, mask
			}
			continue
		}
		switch {
		case e.kind == entryEllipsis && mask == nil:
			dots = true
		case mask == nil:
			before++
		case e.kind != entryEllipsis:
			after++
		}
	}
	if mask == nil {
		return nil, 0, nil
	}
	for _, b := range by {
		e := b.index()
		if isMask := e.kind == entryArray && e.array.DType() == Bool; !isMask && e.kind != entryEllipsis && (e.kind != entrySpan || e.span != Whole) {
			return nil, 0, c.fail(ErrIndex, "beside a mask only Whole and Ellipsis may stand")
		}
	}
	if axis = before; dots {
		axis = n.Type.Rank() - mask.Type.Rank() - after
	}
	if axis < 0 || axis+mask.Type.Rank()+after > n.Type.Rank() {
		return nil, 0, c.fail(ErrIndex, "the mask has more axes than the array")
	}
	if !slices.Equal(mask.Type.Shape, n.Type.Shape[axis:axis+mask.Type.Rank()]) {
		return nil, 0, c.fail(ErrShape, "the mask has shape %s, the axes that it covers have %s", shapeText(shapeOf(mask)),
			shapeText(shapeOf(n)[axis:axis+mask.Type.Rank()]))
	}
	return mask, axis, nil
}

// updateMask joins value to n where mask, which covers axes from axis on, holds.
func (c *call) updateMask(n, mask *ir.Node, axis int, value *ir.Node, how updating) *ir.Node {
	rest := n.Type.Shape[axis+mask.Type.Rank():]
	if joint, err := ir.Broadcast(rest, value.Type.Shape); err != nil || !slices.Equal(joint, rest) {
		return c.fail(ErrShape, "under a mask the value is a number, or an array for the axes after the mask: use Where for one value an element")
	}
	covers := slices.Clone(mask.Type.Shape)
	for range rest {
		covers = append(covers, ir.N(1))
	}
	inside := value
	if how.op != nil {
		inside = c.node(how.op, nil, n, inside)
	}
	return c.node(ir.OpSelect, nil, c.shaped(mask, covers), inside, n)
}
