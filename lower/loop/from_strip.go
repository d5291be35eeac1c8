package loop

import (
	"slices"

	"github.com/numen-go/numen/ir"
)

// stripAxis chooses the axis along which a statement's strips run: the one along which
// most of its accesses are contiguous, operands being row-major unless a view says
// otherwise. Axes in short are avoided. -1: none.
func stripAxis(k *ir.Kernel, s *ir.Stmt, short uint64) int {
	kept, along := domain(k, s)
	candidates := slices.Clone(kept)
	switch s.Sink {
	case ir.Reduce:
		if n := len(along); n > 0 && alongStrip(s) {
			candidates = append(candidates, along[n-1])
		}
	case ir.Scan, ir.Append:
		candidates = append(candidates, along...)
	case ir.Scatter:
		candidates = append(candidates, along[len(along)-1])
	}
	if s.Sink == ir.Append {
		return along[0]
	}
	best, bestScore := -1, 0
	for _, a := range candidates {
		score := 0
		count := func(x *ir.Access, weight int) {
			if len(x.Axes()) == len(kept)+len(along) {
				weight *= 4 // reached at every position
			}
			for d, i := range x.Index {
				for _, t := range i.Terms {
					switch {
					case t.Axis != a && k.Axes[a].From != t.Axis:
					case t.Axis == a && d == len(x.Index)-1 && (t.Coef.Is(1) || t.Coef.Is(-1)):
						score += 4 * weight
					case t.Axis == a:
						score -= weight
					}
				}
			}
		}
		loads(s, func(x *ir.Access) { count(x, 4) })
		for i := range s.Targets {
			if s.Sink == ir.Reduce {
				count(&s.Targets[i], 1) // reached once a row
			} else {
				count(&s.Targets[i], 4)
			}
		}
		if slices.Contains(kept, a) && s.Sink == ir.Reduce && chained(s) {
			score += 1000 // a chain along a strip waits for itself
		}
		if short>>a&1 != 0 {
			score -= 2000 // not worth a strip
		}
		if best < 0 || score > bestScore {
			best, bestScore = a, score
		}
	}
	return best
}

// chained reports whether a reduction is a sequential chain along its position.
func chained(s *ir.Stmt) bool {
	return s.Order == ir.Chain && !exact(s) || s.Order == ir.TreeOrder
}

// alongStrip reports whether a reduction can run along the strip itself: its lanes start from an
// identity, and Tree over single elements is left to loops.
func alongStrip(s *ir.Stmt) bool {
	_, ok := s.Combine.Identity(stateTypes(s))
	return ok && (s.Order != ir.TreeOrder || exact(s))
}

func stateTypes(s *ir.Stmt) []ir.DType {
	elems := make([]ir.DType, len(s.Args))
	for i, e := range s.Args {
		elems[i] = e.DType
	}
	return s.Combine.States(elems)
}

// exact reports whether the result of a reduction does not depend on its order.
func exact(s *ir.Stmt) bool { return s.Combine.Exact(stateTypes(s)) }

// cost estimates the time that one position of the shared axes takes, in tenths of a
// nanosecond.
func (l *lowering) cost(p *plan) *Val {
	total := intVal(0)
	for i, n := range p.stmts {
		s := &l.k.Stmts[n]
		ops := 0.0
		for _, e := range s.Args {
			ops += l.elementCost(e)
		}
		work := intVal(int64(10*ops) + 5)
		if p.rows[i] >= 0 { // the elements are packed
			work = intVal(max(int64(10*(float64(ops/rowTile)+l.s.Cost(ir.OpFMA, stateTypes(s)[0]))), 1))
		}
		for _, a := range l.k.Domain(s) {
			if !slices.Contains(p.shared, a) && !slices.Contains(p.shared, l.k.Axes[a].From) {
				work = mul(work, sub(l.hi[a], l.lo[a]))
			}
		}
		total = add(total, work)
	}
	return total
}

// elementCost estimates the nanoseconds that a value takes.
func (l *lowering) elementCost(e *ir.Expr) float64 {
	ops := 0.0
	one := ir.Stmt{Args: []*ir.Expr{l.expand(e)}}
	one.VisitExprs(func(e *ir.Expr) {
		switch e.Kind {
		case ir.Apply:
			ops += l.s.Cost(e.Op, e.DType)
		case ir.Load:
			ops += 0.5
		}
	})
	return ops
}
