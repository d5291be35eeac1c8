package np

import "github.com/numen-go/numen/ir"

// Index is one entry of Slice and At:
//
//	NumPy            here
//	x[3]             x.Slice(np.At(3))           or x.Index(3)
//	x[:5]            x.Slice(np.To(5))
//	x[2:]            x.Slice(np.From(2))
//	x[2:8:2]         x.Slice(np.Range(2, 8).Step(2))
//	x[::-1]          x.Slice(np.Whole.Step(-1))
//	x[:, 1]          x.Slice(np.Whole, np.At(1))
//	x[..., None]     x.Slice(np.Ellipsis, np.NewAxis)
//	x[idx], x[:, m]  x.Slice(idx), x.Slice(np.Whole, m)   integer Arrays
//
// A bare int is not an Index: x.Slice(2, 5) does not compile, because a Go reader
// takes it for x[2:5] and a NumPy reader for x[2, 5].
type Index interface{ index() entry }

// entry is an Index read.
type entry struct {
	kind  entryKind
	at    int // position
	span  Span
	array Array
}

type entryKind uint8

const (
	entryAt entryKind = iota
	entrySpan
	entryNewAxis
	entryEllipsis
	entryArray
)

// At is one position; its axis goes away. Negative counts from the end.
type At int

func (a At) index() entry { return entry{kind: entryAt, at: int(a)} }

// Span is a range of positions with a step. As in Go and Python its ends may lie
// outside the axis (then the axis ends it), and negative ones count from the end.
type Span struct {
	start, stop       int
	step              int // 0: 1
	hasStart, hasStop bool
	badStep           bool
}

func (s Span) index() entry { return entry{kind: entrySpan, span: s} }

// Step takes every k-th position of the span; negative runs backwards. A step of 0 is
// an error where the span is used.
func (s Span) Step(k int) Span {
	s.step, s.badStep = k, k == 0
	return s
}

// Whole is an axis left as it is.
var Whole Span

// To is the positions before stop: x[:stop].
func To(stop int) Span { return Span{stop: stop, hasStop: true} }

// From is the positions at start and after: x[start:].
func From(start int) Span { return Span{start: start, hasStart: true} }

// Range is the positions from start to before stop: x[start:stop].
func Range(start, stop int) Span {
	return Span{start: start, stop: stop, hasStart: true, hasStop: true}
}

type marker entryKind

func (m marker) index() entry { return entry{kind: entryKind(m)} }

// NewAxis adds an axis of extent 1; Ellipsis stands for the axes not named.
var (
	NewAxis  Index = marker(entryNewAxis)
	Ellipsis Index = marker(entryEllipsis)
)

func (a Array) index() entry { return entry{kind: entryArray, array: a} }

// part is the positions that are taken of one axis: start, start+step, ... count of them.
type part struct{ start, step, count int }

// on returns the positions of a span on an axis of n elements.
func (s Span) on(n int) part {
	step := s.step
	if step == 0 {
		step = 1
	}
	lo, hi := 0, n // where ends are clamped to
	if step < 0 {
		lo, hi = -1, n-1
	}
	clamp := func(v int, given bool, otherwise int) int {
		if !given {
			return otherwise
		}
		if v < 0 {
			v += n
		}
		return min(max(v, lo), hi)
	}
	var length int
	p := part{step: step}
	if step > 0 {
		p.start = clamp(s.start, s.hasStart, lo)
		length = clamp(s.stop, s.hasStop, hi) - p.start
	} else {
		p.start = clamp(s.start, s.hasStart, hi)
		length = p.start - clamp(s.stop, s.hasStop, lo)
		step = -step
	}
	if length > 0 {
		p.count = (length-1)/step + 1
	}
	if p.count <= 1 { // one spelling for one element and for none
		p.step = 1
	}
	if p.count == 0 {
		p.start = 0
	}
	return p
}

// selection is what a list of entries selects of an array: first a part of every axis
// (entries of kind At take one position), then positions that are data, then the axes
// that go away and come in.
type selection struct {
	parts   []part
	gone    []bool     // axes that an At took
	arrays  []*ir.Node // index arrays
	arrayOn []int      // the axes that they index, ascending
	joint   []ir.Dim   // the shape that the index arrays have together
	layout  []item     // the result's axes in order
}

// item is one axis of a result, or the group of axes that the index arrays make.
type item struct {
	axis  int  // of the indexed array; -1: new
	group bool // the axes of the index arrays
}

// read resolves entries against n.
func (c *call) read(n *ir.Node, by []Index) (s selection, bad *ir.Node) {
	entries, bad := c.fill(n, by)
	if bad != nil {
		return s, bad
	}
	advanced := false
	for _, e := range entries {
		advanced = advanced || e.kind == entryArray
	}
	s.parts, bad = c.whole(n)
	if bad != nil {
		return s, bad
	}
	s.gone, s.layout = make([]bool, len(s.parts)), make([]item, 0, len(entries)+1)
	axis, groups, inGroup := 0, 0, false
	for _, e := range entries {
		isGroup := e.kind == entryArray || e.kind == entryAt && advanced
		if isGroup && !inGroup {
			groups++
			s.layout = append(s.layout, item{group: true})
		}
		inGroup = isGroup
		switch e.kind {
		case entryAt:
			extent := s.parts[axis].count
			at := e.at
			if at < 0 {
				at += extent
			}
			if at < 0 || at >= extent {
				return s, c.fail(ErrIndex, "index %d is outside axis %d of extent %d", e.at, axis, extent)
			}
			s.parts[axis], s.gone[axis] = part{at, 1, 1}, true
			axis++
		case entrySpan:
			if e.span.badStep {
				return s, c.fail(ErrIndex, "the step of axis %d is 0", axis)
			}
			s.parts[axis] = e.span.on(s.parts[axis].count)
			s.layout = append(s.layout, item{axis: axis})
			axis++
		case entryNewAxis:
			s.layout = append(s.layout, item{axis: -1})
		case entryArray:
			s.arrays, s.arrayOn = append(s.arrays, c.in(e.array)), append(s.arrayOn, axis)
			axis++
		}
	}
	if groups > 1 { // NumPy: index arrays apart from each other put their axes in front
		rest := []item{{group: true}}
		for _, i := range s.layout {
			if !i.group {
				rest = append(rest, i)
			}
		}
		s.layout = rest
	}
	if s.arrays == nil { // an At makes no axis by itself
		return s, nil
	}
	s.joint, bad = c.common(s.arrays)
	return s, bad
}

// fill reads the indices and adds whole axes for those not named, at the ellipsis or at
// the end. The ellipsis itself stays: index arrays on its two sides are apart.
func (c *call) fill(n *ir.Node, by []Index) ([]entry, *ir.Node) {
	rank, used, dots := n.Type.Rank(), 0, false
	for _, b := range by {
		if b == nil {
			return nil, c.fail(ErrIndex, "an index is nil")
		}
		switch e := b.index(); e.kind {
		case entryEllipsis:
			if dots {
				return nil, c.fail(ErrIndex, "there are two ellipses")
			}
			dots = true
		case entryArray:
			if x := c.in(e.array); isFailed(x) {
				return nil, x
			} else if d := x.Type.DType; d == ir.Bool {
				return nil, c.fail(ErrIndex, "how many elements a mask selects is known only in a run: keep the shape with Where(mask, x, otherwise), or update with At(mask).Set(v)")
			} else if !d.IsInteger() {
				return nil, c.fail(ErrDType, "an index array must be of integers, not %s", d.Name())
			}
			used++
		case entryAt, entrySpan:
			used++
		}
	}
	if used > rank {
		return nil, c.fail(ErrIndex, "%d indices for %d dimensions", used, rank)
	}
	entries := make([]entry, 0, len(by)+rank-used)
	whole := func() {
		for range rank - used {
			entries = append(entries, entry{kind: entrySpan})
		}
	}
	for _, b := range by {
		e := b.index()
		entries = append(entries, e)
		if e.kind == entryEllipsis {
			whole()
		}
	}
	if !dots {
		whole()
	}
	return entries, nil
}
