package passes

import (
	"errors"
	"slices"

	"github.com/numen-go/numen/ir"
)

// errNoForm is a fault of the analysis: it said that a body composes, and it does not.
var errNoForm = errors.New("an index that was found to compose has no form")

// solve returns where the axes of a store come from when the element at index is asked
// for: the axes' positions for which the target's index is that.
func (f *fusion) solve(target *ir.Access, index []ir.Index) (places, bool) {
	at := make(places, 0, len(target.Index))
	for d, t := range target.Index {
		if len(t.Terms) == 0 {
			continue // an extent of 1
		}
		axes, ok := factors(t, f.extent)
		if !ok || !f.factor(&at, axes, index[d]) {
			return nil, false
		}
	}
	return at, true
}

// factor finds positions of axes whose row-major product is x.
func (f *fusion) factor(at *places, axes []int, x ir.Index) bool {
	for k := len(axes) - 1; k > 0; k-- {
		quotient, rest, ok := f.divide(x, f.extent(axes[k]))
		if !ok {
			return false
		}
		at.set(axes[k], rest)
		x = quotient
	}
	at.set(axes[0], x)
	return true
}

// divide writes x as quotient*n + rest with 0 <= rest < n, where that shows: the terms
// that n does not divide are one axis of that extent, or a number below it.
func (f *fusion) divide(x ir.Index, n ir.Dim) (quotient, rest ir.Index, ok bool) {
	if x.Value != nil || !x.Div.Is(0) {
		return x, x, false
	}
	for _, t := range x.Terms {
		if q, ok := t.Coef.Div(n); ok {
			quotient.Terms = append(quotient.Terms, ir.Term{Axis: t.Axis, Coef: q})
		} else {
			rest.Terms = append(rest.Terms, t)
		}
	}
	if q, ok := x.Const.Div(n); ok {
		quotient.Const = q
	} else {
		rest.Const = x.Const
	}
	if a, ok := plainAxis(rest); ok {
		return quotient, rest, sameDim(f.extent(a), n)
	}
	if len(rest.Terms) > 0 {
		return x, x, false
	}
	c, isNumber := rest.Const.Const()
	e, known := n.Const()
	return quotient, rest, rest.Const.Is(0) || isNumber && known && 0 <= c && c < e
}

// splitFor makes several axes of those of d's piece that stand where the target has a
// row-major product, i*N+j: reading o[k] of a reshape into o becomes reading at [i,j].
// The flattened position, and so every order, stays what it was.
func (f *fusion) splitFor(target *ir.Access, d demand) bool {
	for i, t := range target.Index {
		axes, ok := factors(t, f.extent)
		if !ok || len(axes) < 2 {
			continue
		}
		if _, _, ok := f.divide(d.index[i], f.extent(axes[len(axes)-1])); ok {
			continue
		}
		k, plain := plainAxis(d.index[i])
		if !plain || !f.splitAxis(d.root, k, axes) {
			return false
		}
		d.index = d.root.canonical(f, d.index)
	}
	return true
}

// splitAxis makes axis k of a piece the row-major product of new axes with the extents
// of like. Scans and appends go along one axis, and stay as they are.
func (f *fusion) splitAxis(p *piece, k int, like []int) bool {
	n := ir.N(1)
	for _, a := range like {
		n = n.Mul(f.extent(a))
	}
	if !sameDim(n, f.extent(k)) {
		return false
	}
	for i := range p.stmts {
		s := &p.stmts[i]
		if (s.Sink == ir.Scan || s.Sink == ir.Append) && slices.Contains(s.Axes, k) {
			return false
		}
	}
	taken := axesOf(p.stmts)
	var fine []int
	for _, a := range like {
		b := f.freshAxis(f.extent(a), taken)
		taken, fine = append(taken, b), append(fine, b)
	}
	at := places{{k, productIndex(fine, f.extent)}}
	m := f.atAxes(at)
	var stmts []ir.Stmt
	for i := range p.stmts {
		stmts = append(stmts, m.stmt(&p.stmts[i]))
	}
	if m.failed {
		return false
	}
	oldStmts, oldSplits := p.stmts, p.splits
	f.undo = append(f.undo, func() { p.stmts, p.splits = oldStmts, oldSplits })
	p.stmts, p.splits = stmts, at
	for _, old := range oldSplits {
		p.splits.set(old.axis, m.index(old.index))
	}
	return true
}

// canonical returns indices over p's axes as they are since axes were split.
func (p *piece) canonical(f *fusion, index []ir.Index) []ir.Index {
	if p.splits == nil {
		return index
	}
	return f.atAxes(p.splits).indices(index)
}
