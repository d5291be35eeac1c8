package loop

import "github.com/numen-go/numen/ir"

// Accumulators that are rows in memory: what a strip takes at once.

// walk emits the steps of positions lo..hi of axis a, a block, for a row of results.
// Positions that go to one lane are taken some at a time, so that the lane is loaded and
// stored once for them.
func (r *reduction) walk(a int, lo, hi *Val) {
	name, n := r.k.Axes[a].Name, r.deep()
	if n == 1 {
		r.start()
		r.singly(a, lo, lo, hi)
		return
	}
	size := intVal(int64(n * r.lanes))
	eachLane := func(f func(lane *Val)) {
		if r.lanes == 1 {
			f(intVal(0))
		} else {
			r.forRange("l", intVal(0), intVal(int64(r.lanes)), 1, f)
		}
	}
	from := r.set("begin", lo)
	r.emit(&If{intOp(ir.OpLe, size, sub(hi, lo)), r.nested(func() {
		eachLane(func(lane *Val) { r.deepStep(a, n, add(lo, lane), lane, r.identity()) })
		r.emit(&Set{from.Var, add(lo, size)})
	}), r.nested(r.start)})
	whole := r.set("whole", add(lo, intOp(ir.OpAnd, sub(hi, lo), intVal(int64(-n*r.lanes)))))
	r.forRange(name, from, whole, int64(n*r.lanes), func(i *Val) {
		eachLane(func(lane *Val) { r.deepStep(a, n, add(i, lane), lane, nil) })
	})
	r.singly(a, lo, whole, hi)
}

// singly emits the steps of positions from..hi of axis a, of a block that starts at lo.
func (r *reduction) singly(a int, lo, from, hi *Val) {
	r.forRange(r.k.Axes[a].Name, from, hi, 1, func(i *Val) {
		r.at[a] = i
		r.step(sub(i, lo))
		r.at[a] = nil
	})
}

// deep returns how many positions of a lane a strip takes: one, where accumulators have no
// identity or are no rows, and where computing the elements takes longer than reading the
// accumulators.
func (r *reduction) deep() int {
	most := r.lowering.s.Deep
	if most <= 1 || r.identity() == nil || len(r.states) > 1 || r.n.isInt(1) {
		return 1
	}
	ops, loads := 0, 0
	for _, e := range r.s.Args {
		one := ir.Stmt{Args: []*ir.Expr{r.expand(e)}}
		one.VisitExprs(func(e *ir.Expr) {
			switch e.Kind {
			case ir.Load:
				loads++
			case ir.Apply:
				ops++
			default:
				ops += 2
			}
		})
	}
	if ops > 8 {
		return 1
	}
	for most > 1 && most*loads > r.lowering.s.Deep {
		most /= 2
	}
	return most
}

// deepStep emits the steps of n positions of axis a from i on, which go to one lane and
// are as far apart as there are lanes; first is what the lane is before them, nil: what it
// holds.
func (r *reduction) deepStep(a, n int, i, lane *Val, first []*Val) {
	r.each(func(t *Val) {
		state := first
		if state == nil {
			state = r.get(r.acc, lane, t)
		}
		for k := range n {
			r.at[a] = add(i, intVal(int64(k*r.lanes)))
			r.scopes = append(r.scopes, scope{})
			state = r.combined(r.s.Combine.Step, state, r.values(r.s.Args))
			r.scopes = r.scopes[:len(r.scopes)-1]
		}
		r.at[a] = nil
		r.put(r.acc, lane, t, state)
	})
}
