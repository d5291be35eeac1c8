package loop

import (
	"slices"

	"github.com/numen-go/numen/ir"
)

// statement emits statement n of the kernel with its strips along axis v, -1: none. It is
// a contraction with rows along axis u, unless that is -1.
func (l *lowering) statement(n, v, u int) {
	l.stmt = n
	s := &l.k.Stmts[n]
	switch s.Sink {
	case ir.Store:
		l.store(s, v)
	case ir.Reduce:
		if u >= 0 {
			l.contract(s, u, v, nil)
		} else {
			l.reduce(s, v)
		}
	case ir.Scan:
		l.scan(s, v)
	case ir.Scatter:
		l.scatter(s, v)
	case ir.Append:
		l.appendTo(s)
	}
}

// store emits the loops of a store.
func (l *lowering) store(s *ir.Stmt, v int) {
	kept, _ := domain(l.k, s)
	body := func() {
		vals := l.values(s.Args)
		if len(vals) > 1 {
			vals = l.shared(vals) // a target may be the memory of an operand
		}
		for i := range s.Targets {
			l.assign(&s.Targets[i], vals[i])
		}
	}
	l.loops(without(kept, v), func() {
		if v < 0 {
			l.strip(intVal(1), func(*Val) { body() })
			return
		}
		l.strips(v, l.from[v], l.to[v], body)
	})
}

// scatter emits the loops of a scatter: for each position of the other axes, source
// positions ascend along its own.
func (l *lowering) scatter(s *ir.Stmt, v int) {
	kept, along := domain(l.k, s)
	body := func() {
		vals := l.values(s.Args)
		targets := make([]Element, len(s.Targets))
		for i := range s.Targets {
			t := &s.Targets[i]
			targets[i] = Element{l.arrays[t.Operand], l.positions(t, nil)}
		}
		l.emit(&Scatter{s.Combine, targets, vals})
	}
	l.loops(slices.Concat(without(kept, v), without(along, v)), func() {
		if v < 0 {
			l.strip(intVal(1), func(*Val) { body() })
			return
		}
		l.strips(v, l.from[v], l.to[v], body)
	})
}

// appendTo emits the loops of an append, in order along its axes.
func (l *lowering) appendTo(s *ir.Stmt) {
	_, along := domain(l.k, s)
	count := l.set("count", intVal(0))
	inner := along[len(along)-1]
	l.loops(along[:len(along)-1], func() {
		l.strips(inner, l.from[inner], l.to[inner], func() {
			cond := l.values(s.Args[:1])[0]
			vals := []*Val(nil)
			if slices.ContainsFunc(s.Args[1:], checks) { // nothing is at fault where nothing is appended
				cond = l.share(cond)
				vals = l.valuesWhere(cond, s.Args[1:])
			} else {
				vals = l.values(s.Args[1:])
			}
			outs := make([]*Array, len(s.Targets))
			for i, t := range s.Targets {
				outs[i] = l.arrays[t.Operand]
			}
			l.emit(&Append{count.Var, cond, outs, vals})
		})
	})
	number := 0
	for i := range l.stmt {
		if l.k.Stmts[i].Sink == ir.Append {
			number++
		}
	}
	l.emit(&Store{l.counts, []*Val{intVal(int64(number))}, count})
}
