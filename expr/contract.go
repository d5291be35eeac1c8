package np

import (
	"slices"
	"sync/atomic"

	"github.com/numen-go/numen/ir"
)

// Contractions multiply arrays and sum over axes they share. They take Arrays only: a
// bare number has no place there. Dtypes promote; bools multiply as and, and add as or.
// The order of the sum is fixed by the axes alone: where both operands keep an axis of
// their own, chains of fused multiply-adds in blocks of 512 (a matrix product); else
// lanes (a dot product, a matrix times a vector). See package ir.

// Dot returns the sum over the last axis of a and the last but one of b (its only one
// for a vector): the inner product of vectors, the product of matrices. The extents of
// these axes must agree, else it is ErrShape.
func Dot(a, b Array) Array { return begin("Dot", a, b).dot(a, b) }

// Dot returns the product of a and b: see the function Dot.
func (a Array) Dot(b Array) Array { return begin("Dot", a, b).dot(a, b) }

// MatMul returns the product of the matrices in the last two axes; the axes before them
// broadcast. A vector counts as a row on the left and as a column on the right, and the
// axis that this adds goes away.
func MatMul(a, b Array) Array { return begin("MatMul", a, b).matMul(a, b) }

// MatMul returns the matrix product of a and b: see the function MatMul.
func (a Array) MatMul(b Array) Array { return begin("MatMul", a, b).matMul(a, b) }

// VecDot returns the sum of a * b over one axis, the same of both counted from the end;
// the others broadcast.
func VecDot(a, b Array, axis int) Array {
	c := begin("VecDot", a, b)
	ns, bad := c.ins([]Array{a, b})
	if bad != nil {
		return c.array(bad)
	}
	if axis >= 0 {
		axis -= max(ns[0].Type.Rank(), ns[1].Type.Rank())
	}
	for i, n := range ns {
		k, bad := c.axis(axis, n.Type.Rank())
		if bad != nil {
			return c.array(bad)
		}
		ns[i] = c.moved(n, []int{k}, []int{n.Type.Rank() - 1})
	}
	batch := max(ns[0].Type.Rank(), ns[1].Type.Rank()) - 1
	x := append(batchLabels(batch, ns[0].Type.Rank()-1), 'k')
	y := append(batchLabels(batch, ns[1].Type.Rank()-1), 'k')
	return c.array(c.contract(ns, newForm(batchLabels(batch, batch), x, y)))
}

// Outer returns o[i,j] = a[i] * b[j] of two vectors; arrays of more axes are raveled.
func Outer(a, b Array) Array {
	c := begin("Outer", a, b)
	ns, bad := c.ins([]Array{a, b})
	if bad != nil {
		return c.array(bad)
	}
	for i, n := range ns {
		if n.Type.Rank() != 1 {
			ns[i] = c.reshape(n, []int{-1})
		}
	}
	return c.array(c.contract(ns, newForm([]rune{'i', 'j'}, []rune{'i'}, []rune{'j'})))
}

// TensorDot sums over the given axes of a and b, pair by pair; what is left of a comes
// first in the result, then what is left of b.
func TensorDot(a, b Array, axesA, axesB []int) Array {
	c := begin("TensorDot", a, b)
	ns, bad := c.ins([]Array{a, b})
	if bad != nil {
		return c.array(bad)
	}
	if len(axesA) != len(axesB) {
		return c.array(c.fail(ErrAxis, "%d axes of one operand are paired with %d of the other", len(axesA), len(axesB)))
	}
	as, bad := c.axes(axesA, ns[0].Type.Rank())
	if bad != nil {
		return c.array(bad)
	}
	bs, bad := c.axes(axesB, ns[1].Type.Rank())
	if bad != nil {
		return c.array(bad)
	}
	var x, y, out []rune
	for i := range ns[0].Type.Rank() {
		x = append(x, labelOf(i))
		if !slices.Contains(as, i) {
			out = append(out, labelOf(i))
		}
	}
	for i := range ns[1].Type.Rank() {
		if k := slices.Index(bs, i); k >= 0 {
			y = append(y, labelOf(as[k]))
			continue
		}
		y = append(y, labelOf(len(x)+i))
		out = append(out, labelOf(len(x)+i))
	}
	return c.array(c.contract(ns, newForm(out, x, y)))
}

func (c *call) dot(a, b Array) Array {
	ns, bad := c.matrices(a, b)
	if bad != nil {
		return c.array(bad)
	}
	return c.array(c.contract(ns, cachedForm(&dotForms, ns, dotForm)))
}

// dotForm is the form of Dot of operands of these ranks.
func dotForm(ra, rb int) *form {
	var x, y, out []rune
	for i := range ra {
		x = append(x, labelOf(i))
	}
	last, k := ra-1, max(0, rb-2)
	out = append(out, x[:last]...)
	for i := range rb {
		l := labelOf(ra + i)
		if i == k {
			l = x[last]
		} else {
			out = append(out, l)
		}
		y = append(y, l)
	}
	return newForm(out, x, y)
}

func (c *call) matMul(a, b Array) Array {
	ns, bad := c.matrices(a, b)
	if bad != nil {
		return c.array(bad)
	}
	return c.array(c.contract(ns, cachedForm(&matMulForms, ns, matMulForm)))
}

// matMulForm is the form of MatMul of operands of these ranks.
func matMulForm(ra, rb int) *form {
	batch := max(ra, rb, 2) - 2
	x, y, out := batchLabels(batch, ra-2), batchLabels(batch, rb-2), batchLabels(batch, batch)
	if ra > 1 {
		x, out = append(x, 'i'), append(out, 'i')
	}
	x, y = append(x, 'k'), append(y, 'k')
	if rb > 1 {
		y, out = append(y, 'j'), append(out, 'j')
	}
	return newForm(out, x, y)
}

// matrices reads the operands of a product, whose inner extents must agree.
func (c *call) matrices(a, b Array) ([]*ir.Node, *ir.Node) {
	ns, bad := c.ins([]Array{a, b})
	if bad != nil {
		return nil, bad
	}
	x, y := ns[0].Type.Shape, ns[1].Type.Shape
	if len(x) == 0 || len(y) == 0 {
		return nil, c.fail(ErrShape, "needs at least one dimension on each side: use Multiply for scalars")
	}
	k, l := x[len(x)-1], y[max(0, len(y)-2)]
	if k != l && !k.IsUnknown() && !l.IsUnknown() {
		return nil, c.fail(ErrShape, "inner sizes %s and %s differ", k, l)
	}
	return ns, nil
}

// labelOf returns the label of an axis by number: a to z, then letters without end.
func labelOf(i int) rune {
	if i < 26 {
		return 'a' + rune(i)
	}
	return '一' + rune(i-26) // the 20,000 letters of this block are in order
}

// batchLabels returns the labels of the last n of batch axes, aligned at the right; they
// are no letters that a product's own axes use.
func batchLabels(batch, n int) []rune {
	out := []rune{}
	for i := batch - n; i < batch; i++ {
		out = append(out, '一'+rune(i))
	}
	return out
}

// form is a contraction as far as it depends on ranks alone: operands whose axes carry
// labels are multiplied and summed over the labels that the result has not.
type form struct {
	in    [][]rune
	out   []rune
	spec  string   // in the language's notation
	order ir.Order // of floats
	bad   error
}

func newForm(out []rune, in ...[]rune) *form {
	f := &form{in: in, out: out}
	spec := ir.Spec{Out: string(out)}
	for _, labels := range in {
		spec.In = append(spec.In, string(labels))
	}
	if spec, f.bad = ir.ParseSpec(spec.String()); f.bad == nil { // which finds the labels to sum over
		f.spec, f.order = spec.String(), ir.ContractOrder(spec)
	}
	return f
}

// formCache holds the forms of one function of two operands by their ranks.
type formCache [6][6]atomic.Pointer[form]

var dotForms, matMulForms formCache

// cachedForm returns what build makes of the operands' ranks.
func cachedForm(cache *formCache, ns []*ir.Node, build func(ra, rb int) *form) *form {
	ra, rb := ns[0].Type.Rank(), ns[1].Type.Rank()
	if ra >= len(cache) || rb >= len(cache) {
		return build(ra, rb)
	}
	f := cache[ra][rb].Load()
	if f == nil {
		f = build(ra, rb)
		cache[ra][rb].Store(f)
	}
	return f
}

// contract applies a form. An axis of extent 1 meets any extent of its label: without
// the axis the label is the other operands'.
func (c *call) contract(ns []*ir.Node, f *form) *ir.Node {
	var few [8]ir.Dim
	extents, labels := few[:0], make([]rune, 0, 8) // extents[i] is that of labels[i]
	for i, n := range ns {
		for axis, l := range f.in[i] {
			d := n.Type.Shape[axis]
			k := slices.Index(labels, l)
			if k < 0 {
				labels, extents = append(labels, l), append(extents, d)
				continue
			}
			switch old := extents[k]; {
			case old.Is(1) || old.IsUnknown() && !d.Is(1):
				extents[k] = d
			case old != d && !d.Is(1) && !d.IsUnknown():
				return c.fail(ErrShape, "axis %d of operand %d has %s elements, the axis that it meets has %s", axis, i+1, d, old)
			}
		}
	}
	d := ns[0].Type.DType
	for _, n := range ns[1:] {
		d = ir.Promote(d, n.Type.DType)
	}
	args, in := make([]*ir.Node, len(ns)), f.in
	stretched := false
	for i, n := range ns {
		var fewLabels [8]rune
		var fewDims [8]ir.Dim
		own, kept := fewLabels[:0], fewDims[:0]
		for axis, l := range f.in[i] {
			e := n.Type.Shape[axis]
			if !e.Is(1) || extents[slices.Index(labels, l)].Is(1) {
				own, kept = append(own, l), append(kept, e)
			}
		}
		if len(own) < len(f.in[i]) {
			if !stretched {
				in, stretched = slices.Clone(f.in), true
			}
			in[i], n = slices.Clone(own), c.shaped(n, slices.Clone(kept))
		}
		args[i] = c.cast(n, d)
	}
	if stretched {
		f = newForm(f.out, in...)
	}
	if f.bad != nil {
		return c.fail(ErrShape, "%v", f.bad)
	}
	order := f.order
	if !d.IsFloat() {
		order = ir.Free
	}
	return c.node(ir.OpContract, &ir.Attr{Spec: f.spec, Order: order}, args...)
}
