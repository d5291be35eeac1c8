package sharded

import (
	"slices"

	"github.com/numen-go/numen/ir"
)

// effort is what a statement computes: so many operations at each point of its axes.
type effort struct {
	axes []int
	ops  int64
}

// efforts returns those of a kernel's statements.
func efforts(k *ir.Kernel) []effort {
	out := make([]effort, len(k.Stmts))
	for i := range k.Stmts {
		s, e := &k.Stmts[i], &out[i]
		note := func(x *ir.Access) {
			for _, index := range x.Index {
				for _, t := range index.Terms {
					if !slices.Contains(e.axes, t.Axis) {
						e.axes = append(e.axes, t.Axis)
					}
				}
			}
		}
		for j := range s.Targets {
			note(&s.Targets[j])
		}
		if s.Sink != ir.Store {
			e.ops++ // the combine
		}
		s.VisitExprs(func(x *ir.Expr) {
			switch {
			case x.Access != nil:
				note(x.Access)
			case x.Kind == ir.Apply:
				e.ops++
			}
		})
	}
	return out
}

// cost returns the operations of a task, 0 where it only moves elements.
func (t *task) cost() int64 {
	if t.kind != compute {
		return 0
	}
	s := t.stage
	own := stage{ends: s.ends, piece: s.piece, pieces: s.pieces, min: make([]int64, len(s.n)), max: slices.Clone(s.n)}
	own.bounds(t.cell, int(t.piece))
	total := int64(0)
	for _, e := range s.efforts {
		points := e.ops
		for _, a := range e.axes {
			points *= max(own.max[a]-own.min[a], 1)
		}
		total += points
	}
	return total
}
