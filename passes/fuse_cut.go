package passes

import (
	"slices"

	"github.com/numen-go/numen/ir"
)

// A cutKind says how statements on one axis may be cut into independent parts.
type cutKind uint8

const (
	noCut       cutKind = iota
	parallelCut         // every statement stores over the axis
	pieceCut            // some reduce over it, to what no statement reads: parts are combined
)

// cut returns how axis a of statements may be cut. What one statement makes and another
// reads must stay at one position of the axis.
func cut(stmts []ir.Stmt, a int) cutKind {
	kind := parallelCut
	made := map[int]*ir.Access{}
	for i := range stmts {
		s := &stmts[i]
		for t := range s.Targets {
			made[s.Targets[t].Operand] = &s.Targets[t]
		}
		if storesOver(s, a) {
			continue
		}
		if s.Sink != ir.Reduce || len(s.Axes) == 0 || s.Axes[0] != a || s.Order == ir.StoredOrder || s.Order == ir.Stored1 {
			return noCut
		}
		kind = pieceCut
	}
	eachLoad(stmts, func(x *ir.Access) {
		if t := made[x.Operand]; t != nil && !samePosition(t, x, a) {
			kind = noCut
		}
	})
	return kind
}

// storesOver reports whether a statement has its targets at every position of axis a.
func storesOver(s *ir.Stmt, a int) bool {
	if slices.Contains(s.Axes, a) {
		return false
	}
	for i := range s.Targets {
		if placeOn(&s.Targets[i], a) < 0 {
			return false
		}
	}
	return true
}

// placeOn returns the index of an access that moves with axis a, -1: none.
func placeOn(x *ir.Access, a int) int {
	return slices.IndexFunc(x.Index, func(i ir.Index) bool {
		return i.Value == nil && slices.ContainsFunc(i.Terms, func(t ir.Term) bool { return t.Axis == a })
	})
}

// samePosition reports whether a load is at the position of axis a at which the target
// was stored.
func samePosition(target, load *ir.Access, a int) bool {
	d := placeOn(target, a)
	return d >= 0 && target.Index[d].Equal(load.Index[d])
}
