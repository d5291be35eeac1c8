package ir

import "slices"

// CutKind is how an axis of a kernel may be cut into ranges of Lo and Hi: for threads,
// tiles, chunks, devices. It is computed from the statements, never declared.
type CutKind uint8

// The kinds of cut, each weaker than the one before.
const (
	CutPar   CutKind = iota // every range gives its part of the outputs: in any order
	CutPiece                // ranges give partial reductions, merged by Tree afterwards
	CutCarry                // ranges follow each other and hand on state
	CutNo                   // the whole range is needed at once
)

var cutNames = [...]string{CutPar: "par", CutPiece: "piece", CutCarry: "carry", CutNo: "no"}

// String returns the kind's name.
func (c CutKind) String() string { return cutNames[c] }

// Cut is how one axis may be cut.
type Cut struct {
	Kind CutKind
	// Block and Inner say where a CutPiece may be cut: a range of n of the axis is n*Inner
	// positions of the order, and merging ranges of Block * 2^p positions (the last may be
	// shorter) with Tree gives the bits of the whole. Block 0: anywhere.
	Block int64
	Inner Dim
}

// Align returns the shortest range along the axis that may be a piece, when Inner is
// inner; ranges twice as long, four times as long and so on may be too. It is 0 when none is.
func (c Cut) Align(inner int64) int64 {
	if c.Block == 0 || inner == 0 {
		return 1
	}
	for inner%2 == 0 {
		inner /= 2
		if c.Block > 1 {
			c.Block /= 2
		}
	}
	if inner != 1 {
		return 0
	}
	return c.Block
}

// Cuts returns how each axis may be cut.
func (k *Kernel) Cuts() []Cut {
	cuts := make([]Cut, len(k.Axes))
	for a := range k.Axes {
		cuts[a] = k.CutOf(a)
	}
	return cuts
}

// CutOf returns how an axis may be cut. An axis that follows another is cut with it and
// never alone.
func (k *Kernel) CutOf(axis int) Cut {
	if k.Axes[axis].From >= 0 {
		return Cut{Kind: CutNo}
	}
	var cut Cut
	for i := range k.Stmts {
		cut = cut.meet(k.cutOf(&k.Stmts[i], axis))
	}
	return cut
}

// meet returns what both cuts allow.
func (c Cut) meet(d Cut) Cut {
	switch {
	case c.Kind < d.Kind:
		return d
	case c.Kind > d.Kind || c.Kind != CutPiece || d.Block == 0:
		return c
	case c.Block == 0:
		return d
	case c.Inner != d.Inner:
		return Cut{Kind: CutNo}
	}
	c.Block = max(c.Block, d.Block)
	return c
}

// cutOf returns how one statement lets an axis be cut.
func (k *Kernel) cutOf(s *Stmt, axis int) Cut {
	if slices.ContainsFunc(s.Axes, func(a int) bool { return k.Axes[a].From == axis }) || !k.readsItsOwn(s, axis) {
		return Cut{Kind: CutNo}
	}
	if at := slices.Index(s.Axes, axis); at >= 0 {
		return k.cutAlong(s, at)
	}
	for i := range s.Targets {
		if !slices.ContainsFunc(s.Targets[i].Index, func(x Index) bool { return k.follows(x, axis) }) {
			return Cut{Kind: CutNo}
		}
	}
	return Cut{Kind: CutPar}
}

// follows reports whether an affine index moves with an axis or one that follows it.
func (k *Kernel) follows(x Index, axis int) bool {
	return slices.ContainsFunc(x.Terms, func(t Term) bool { return t.Axis == axis || k.Axes[t.Axis].From == axis })
}

// cutAlong returns how axis at in a statement's brackets may be cut.
func (k *Kernel) cutAlong(s *Stmt, at int) Cut {
	kind := CutCarry
	block := int64(0)
	switch {
	case s.Sink == Reduce:
		switch s.Order {
		case Lanes:
			kind, block = CutPiece, LaneBlock
		case Chain:
			kind, block = CutPiece, ChainBlock
		case TreeOrder:
			kind, block = CutPiece, 1
		case Free:
			kind = CutPiece
		}
	case s.Sink == Scatter && k.scatterIsExact(s):
		kind = CutPiece
	}
	if at > 0 || s.Sink != Scan && k.isRead(s.Targets) || s.Sink == Scan && k.isRead(s.Targets[1:]) {
		return Cut{Kind: CutNo}
	}
	c := Cut{Kind: kind, Block: block}
	if block > 0 {
		c.Inner = N(1)
		for _, a := range s.Axes[1:] {
			c.Inner = c.Inner.Mul(k.Axes[a].Extent)
		}
	}
	return c
}

func (k *Kernel) scatterIsExact(s *Stmt) bool {
	ds := make([]DType, len(s.Targets))
	for i, t := range s.Targets {
		ds[i] = k.Operands[t.Operand].DType
	}
	return s.Combine.Exact(ds)
}

// isRead reports whether some statement loads from an operand that is written here.
func (k *Kernel) isRead(targets []Access) bool {
	read := false
	k.VisitExprs(func(e *Expr) {
		read = read || e.Kind == Load && slices.ContainsFunc(targets, func(t Access) bool { return t.Operand == e.Access.Operand })
	})
	return read
}

// readsItsOwn reports whether what s loads of other statements' results is what the same
// range of the axis wrote: the index that moves with the axis is the one written, or lies
// inside the footprint of an axis that follows it.
func (k *Kernel) readsItsOwn(s *Stmt, axis int) bool {
	own := true
	s.VisitExprs(func(e *Expr) {
		if e.Kind != Load {
			return
		}
		for i := range k.Stmts {
			for _, t := range k.Stmts[i].Targets {
				if t.Operand != e.Access.Operand {
					continue
				}
				for d, w := range t.Index {
					if k.follows(w, axis) && !w.Equal(e.Access.Index[d]) && !k.insideFootprint(e.Access.Index[d], w, axis) {
						own = false
					}
				}
			}
		}
	})
	return own
}

// insideFootprint reports whether x is the axis plus an offset that stays inside what w,
// an axis that follows it, ranges over.
func (k *Kernel) insideFootprint(x, w Index, axis int) bool {
	if !w.isAxis() || x.Value != nil || !x.Div.Is(0) {
		return false
	}
	lo, hi, moves := x.Const, x.Const, false
	for _, t := range x.Terms {
		switch last := t.Coef.Mul(k.Axes[t.Axis].Extent.Sub(N(1))); {
		case t.Axis == axis:
			moves = t.Coef.Is(1)
		case k.Axes[t.Axis].From >= 0:
			return false
		case nonNegative(t.Coef):
			hi = hi.Add(last)
		default:
			lo = lo.Add(last)
		}
	}
	f := k.Axes[w.Terms[0].Axis]
	return moves && nonNegative(lo.Sub(f.Before)) && nonNegative(f.After.Sub(hi))
}

// nonNegative reports whether d shows not to be negative: extents are not.
func nonNegative(d Dim) bool {
	return !slices.ContainsFunc(d.terms(), func(t monomial) bool { return t.coef < 0 })
}
