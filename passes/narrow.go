package passes

import (
	"slices"

	"github.com/numen-go/numen/ir"
)

// narrow computes only that part of an array that is asked for: a slice moves below the
// calls whose results it cuts.
var narrow = Pass{
	Name: "narrow", Stage: OnGraph, Repeat: true,
	Doc: "where every user of a call takes one slice of it, that slice is taken of the call's operands; reductions and contractions keep their extents, so their orders and bits. A position that is not asked for can no longer fault",
	Run: onGraphs(narrowGraph),
}

// span is what a slice takes of an array, axis by axis.
type span struct{ start, step, shape []ir.Dim }

func spanOf(a *ir.Attr) span {
	step := a.Step
	if step == nil {
		step = slices.Repeat([]ir.Dim{ir.N(1)}, len(a.Shape))
	}
	return span{a.Start, step, a.Shape}
}

// wholeOf returns the span of everything.
func wholeOf(shape []ir.Dim) span {
	return span{make([]ir.Dim, len(shape)), slices.Repeat([]ir.Dim{ir.N(1)}, len(shape)), slices.Clone(shape)}
}

func (s span) attr() *ir.Attr {
	step := s.step
	if !slices.ContainsFunc(step, func(d ir.Dim) bool { return !d.Is(1) }) {
		step = nil
	}
	return &ir.Attr{Start: s.start, Step: step, Shape: s.shape}
}

// wholeAxis reports whether all of axis i, which has the given extent, is taken as it is.
func (s span) wholeAxis(i int, extent ir.Dim) bool {
	return s.start[i].Is(0) && s.step[i].Is(1) && s.shape[i] == extent && !extent.IsUnknown()
}

func (s span) whole(shape []ir.Dim) bool {
	for i, extent := range shape {
		if !s.wholeAxis(i, extent) {
			return false
		}
	}
	return true
}

func (s span) equal(t span) bool {
	return slices.Equal(s.start, t.start) && slices.Equal(s.step, t.step) && slices.Equal(s.shape, t.shape) &&
		!slices.ContainsFunc(s.shape, ir.Dim.IsUnknown)
}

// of returns s as a want of operand a: nil where it takes all.
func (s span) of(a *ir.Node) *span {
	if s.whole(a.Type.Shape) {
		return nil
	}
	return &s
}

// then returns what t of s is, in one span.
func (s span) then(t span) span {
	start, step := make([]ir.Dim, len(s.start)), make([]ir.Dim, len(s.start))
	for i := range start {
		start[i] = s.start[i].Add(s.step[i].Mul(t.start[i]))
		step[i] = s.step[i].Mul(t.step[i])
	}
	return span{start, step, t.shape}
}

// set makes axis i of s what t's axis k is.
func (s span) set(i int, t span, k int) {
	s.start[i], s.step[i], s.shape[i] = t.start[k], t.step[k], t.shape[k]
}

// wish is what the users of a node want of it.
type wish struct {
	asked bool // by some user
	part  bool // every user wants span and nothing else
	span  span
}

// ask adds a user's want: nil is everything.
func (w *wish) ask(s *span) {
	switch {
	case s == nil || slices.ContainsFunc(s.shape, ir.Dim.IsUnknown) || w.asked && !w.part:
		w.part = false
	case !w.asked:
		w.part, w.span = true, *s
	case !w.span.equal(*s):
		w.part = false
	}
	w.asked = true
}

// narrowGraph walks from users to operands to find what is wanted of each node, then
// back to build it.
func narrowGraph(u *Unit, g *ir.Graph, nodes []*ir.Node) (*ir.Graph, error) {
	if !slices.ContainsFunc(nodes, func(n *ir.Node) bool { return n.Op == ir.OpSlice }) {
		return g, nil
	}
	wishes := make(map[*ir.Node]*wish, len(nodes))
	for _, n := range nodes {
		wishes[n] = &wish{}
	}
	for _, r := range g.Results {
		wishes[r].ask(nil)
	}
	for _, n := range slices.Backward(nodes) {
		w := wishes[n]
		wants := make([]*span, len(n.Args))
		if n.Op == ir.OpSlice {
			s := sliceOf(n, w)
			wants[0] = &s
		} else if w.part {
			if w.part = operandSpans(n, w.span, wants) && u.allow(); !w.part {
				clear(wants)
			}
		}
		for i, a := range n.Args {
			wishes[a].ask(wants[i])
		}
	}

	done := make(map[*ir.Node]*ir.Node, len(nodes))
	for _, n := range nodes {
		w := wishes[n]
		switch {
		case n.Op == ir.OpSlice && wishes[n.Args[0]].part: // the operand is cut already
			done[n] = done[n.Args[0]]
		case n.Op == ir.OpSlice && w.part:
			done[n] = newNode(n, ir.OpSlice, sliceOf(n, w).attr(), done[n.Args[0]])
		case w.part:
			args, wants := make([]*ir.Node, len(n.Args)), make([]*span, len(n.Args))
			operandSpans(n, w.span, wants)
			for i, a := range n.Args {
				args[i] = done[a]
				if wants[i] != nil && !wishes[a].part {
					args[i] = newNode(n, ir.OpSlice, wants[i].attr(), args[i])
				}
			}
			done[n] = newNode(n, n.Op, narrowAttr(n, w.span), args...)
		default:
			done[n] = withOperands(n, done)
		}
	}
	return replaced(g, done), nil
}

// sliceOf returns what a slice takes of its operand when its users want w.
func sliceOf(n *ir.Node, w *wish) span {
	s := spanOf(n.Attr)
	if w.part {
		s = s.then(w.span)
	}
	return s
}

// operandSpans sets in wants what of each operand part s of n's result needs; nil is
// everything. It returns false where n's parts cannot be computed alone, or an operand's
// extents are not known: no slice could name them, and they may turn out to be 1.
func operandSpans(n *ir.Node, s span, wants []*span) bool {
	for _, a := range n.Args {
		if slices.ContainsFunc(a.Type.Shape, ir.Dim.IsUnknown) {
			return false
		}
	}
	switch n.Op {
	case ir.OpBroadcast:
		alignedSpans(n.Args, s, n.Type.Shape, wants)
		return true
	case ir.OpPermute:
		want := wholeOf(n.Args[0].Type.Shape)
		for i, a := range n.Attr.Axes {
			want.set(a, s, i)
		}
		wants[0] = want.of(n.Args[0])
		return true
	case ir.OpReshape:
		return reshapeSpan(n, s, wants)
	case ir.OpPad:
		p := spanOf(n.Attr)
		for i, extent := range n.Args[0].Type.Shape {
			if untouched := p.wholeAxis(i, extent); !untouched && !s.wholeAxis(i, n.Type.Shape[i]) {
				return false
			}
		}
		want := wholeOf(n.Args[0].Type.Shape)
		for i, extent := range n.Args[0].Type.Shape {
			if p.wholeAxis(i, extent) {
				want.set(i, s, i)
			}
		}
		wants[0] = want.of(n.Args[0])
		return true
	case ir.OpConcat:
		axis := n.Attr.Axes[0]
		if !s.wholeAxis(axis, n.Type.Shape[axis]) {
			return false
		}
		for k, a := range n.Args {
			want := wholeOf(a.Type.Shape)
			for i := range n.Type.Shape {
				if i != axis {
					want.set(i, s, i)
				}
			}
			wants[k] = want.of(a)
		}
		return true
	case ir.OpGather:
		gatherSpans(n, s, wants)
		return true
	case ir.OpIota:
		return s.prefix(n.Attr.Axes[0])
	}
	switch n.Op.Family {
	case ir.Elementwise:
		alignedSpans(n.Args, s, n.Type.Shape, wants)
		return true
	case ir.Reduction:
		want := wholeOf(n.Args[0].Type.Shape)
		k := 0
		for i := range want.shape {
			if !slices.Contains(n.Attr.Axes, i) {
				want.set(i, s, k)
				k++
			}
		}
		wants[0] = want.of(n.Args[0])
		return true
	case ir.ScanFamily: // what comes first does not depend on the rest
		wants[0] = s.of(n.Args[0])
		return s.prefix(n.Attr.Axes[0])
	case ir.Contraction:
		contractSpans(n, s, wants)
		return true
	}
	return false
}

// prefix reports whether s takes the first positions of an axis.
func (s span) prefix(axis int) bool { return s.start[axis].Is(0) && s.step[axis].Is(1) }

// alignedSpans is operandSpans of operands that repeat under NumPy's rule.
func alignedSpans(args []*ir.Node, s span, shape []ir.Dim, wants []*span) {
	for k, a := range args {
		want := wholeOf(a.Type.Shape)
		off := len(shape) - len(want.shape)
		for i, d := range want.shape {
			if !d.Is(1) || shape[off+i].Is(1) {
				want.set(i, s, off+i)
			}
		}
		wants[k] = want.of(a)
	}
}

// reshapeSpan is operandSpans of a reshape that only adds or drops axes of extent 1.
func reshapeSpan(n *ir.Node, s span, wants []*span) bool {
	from, to := n.Args[0].Type.Shape, n.Type.Shape
	want := wholeOf(from)
	i, k := 0, 0
	for i < len(from) || k < len(to) {
		switch {
		case k < len(to) && to[k].Is(1):
			if !s.wholeAxis(k, to[k]) {
				return false
			}
			k++
		case i < len(from) && from[i].Is(1):
			i++
		case i < len(from) && k < len(to) && from[i] == to[k]:
			want.set(i, s, k)
			i, k = i+1, k+1
		default:
			return false
		}
	}
	wants[0] = want.of(n.Args[0])
	return true
}

// gatherSpans is operandSpans of a gather: its first axes are those of the positions.
func gatherSpans(n *ir.Node, s span, wants []*span) {
	x, axes := n.Args[0].Type, n.Attr.Axes
	places := n.Type.Rank() - (x.Rank() - len(axes)) // axes of the index operands together
	alignedSpans(n.Args[1:], s, n.Type.Shape[:places], wants[1:])
	want := wholeOf(x.Shape)
	k := places
	for i := range x.Shape {
		if !slices.Contains(axes, i) {
			want.set(i, s, k)
			k++
		}
	}
	wants[0] = want.of(n.Args[0])
}

// contractSpans is operandSpans of a contraction: labels of the result are cut wherever
// they stand, contracted ones are whole.
func contractSpans(n *ir.Node, s span, wants []*span) {
	spec := specOf(n)
	out := []rune(spec.Out)
	for k, a := range n.Args {
		want := wholeOf(a.Type.Shape)
		for i, c := range []rune(spec.In[k]) {
			if at := slices.Index(out, c); at >= 0 {
				want.set(i, s, at)
			}
		}
		wants[k] = want.of(a)
	}
}

// narrowAttr returns n's attributes for part s of its result.
func narrowAttr(n *ir.Node, s span) *ir.Attr {
	if n.Op.Fields&ir.FieldShape == 0 {
		return n.Attr
	}
	a := *n.Attr
	a.Shape = s.shape
	return &a
}
