package passes

import (
	"slices"

	"github.com/numen-go/numen/ir"
)

// sinkMovements lets a statement write the rearrangement of its value directly, where a
// piece does nothing but rearrange it: the transpose of a product is stored transposed.
// Other readers of the value read the rearrangement. It reports whether any piece went.
func (f *fusion) sinkMovements() bool {
	changed := false
	for i := 0; i < len(f.pieces); i++ {
		m := f.pieces[i]
		v, o, at, ok := f.movement(m)
		if !ok {
			continue
		}
		p := f.onlyWriter(v)
		if p == nil || p.step != nil || !joinable(p) || mayFault(p) || f.onlyWriter(o) != m || !f.readByLaunches(v) {
			continue
		}
		redirected, ok := f.redirect(v, o, m, at)
		if !ok || !f.u.allow() {
			continue
		}
		for q, stmts := range redirected {
			q.stmts, q.was = stmts, nil
			f.measure(q)
		}
		p.note(m)
		f.pieces = slices.Delete(f.pieces, i, i+1)
		i--
		changed = true
	}
	return changed
}

// movement returns the values between which a piece moves every element of the first to
// one place of the second, and which index of the first each axis is.
func (f *fusion) movement(m *piece) (from, to int, at map[int]int, ok bool) {
	if m.step != nil || m.sparse || len(m.stmts) != 1 || m.stmts[0].Sink != ir.Store || len(m.stmts[0].Targets) != 1 {
		return 0, 0, nil, false
	}
	e := m.stmts[0].Args[0]
	if e.Kind != ir.Load {
		return 0, 0, nil, false
	}
	from, to, at = e.Access.Operand, m.stmts[0].Targets[0].Operand, map[int]int{}
	for d, x := range e.Access.Index {
		a, plain := plainAxis(x)
		if !plain {
			if n := f.values[from].Shape[d]; n.Is(1) && len(x.Terms) == 0 && x.Value == nil {
				continue
			}
			return 0, 0, nil, false
		}
		if _, twice := at[a]; twice || !sameDim(f.extent(a), f.values[from].Shape[d]) {
			return 0, 0, nil, false
		}
		at[a] = d
	}
	for _, a := range f.long(axesOf(m.stmts)) { // a broadcast repeats elements
		if _, ok := at[a]; !ok {
			return 0, 0, nil, false
		}
	}
	return from, to, at, f.inside[from] && f.stable[from] && f.stable[to]
}

// mayFault reports whether a piece checks positions: which one it finds wrong first
// depends on the order of its axes.
func mayFault(p *piece) bool {
	found := false
	for i := range p.stmts {
		p.stmts[i].VisitExprs(func(e *ir.Expr) { found = found || e.Kind == ir.Checked })
	}
	return found
}

// onlyWriter returns the one piece that writes v here.
func (f *fusion) onlyWriter(v int) *piece {
	var w *piece
	for _, p := range f.pieces {
		if slices.Contains(p.writes, v) {
			if w != nil {
				return nil
			}
			w = p
		}
	}
	return w
}

func (f *fusion) readByLaunches(v int) bool {
	return !slices.ContainsFunc(f.pieces, func(p *piece) bool { return p.step != nil && slices.Contains(p.reads, v) })
}

// redirect returns the statements of all pieces but m, which moves v to o, with o in the
// place of v. v's index at[a] is where m has its axis a.
func (f *fusion) redirect(v, o int, m *piece, at map[int]int) (map[*piece][]ir.Stmt, bool) {
	target, failed := &m.stmts[0].Targets[0], false
	moved := func(index []ir.Index) []ir.Index {
		m := newMapping(f.b)
		m.axis = func(a int) ir.Index {
			if d, ok := at[a]; ok {
				return index[d]
			}
			return ir.AtConst(ir.N(0)) // an extent of 1
		}
		out := m.indices(target.Index)
		failed = failed || m.failed
		return out
	}
	redirected := map[*piece][]ir.Stmt{}
	for _, p := range f.pieces {
		if p == m || !slices.Contains(p.reads, v) && !slices.Contains(p.writes, v) {
			continue
		}
		body := newMapping(f.b)
		body.load = func(e *ir.Expr) *ir.Expr {
			if e.Access.Operand != v {
				return e
			}
			return f.b.Load(e.DType, o, moved(e.Access.Index)...)
		}
		for i := range p.stmts {
			s := body.stmt(&p.stmts[i])
			for t := range s.Targets {
				if s.Targets[t].Operand == v {
					s.Targets[t] = ir.Access{Operand: o, Index: moved(s.Targets[t].Index)}
				}
			}
			// A scan along one position still needs its axis in the target.
			failed = failed || s.Sink == ir.Scan && !slices.Contains(s.Targets[0].Axes(), s.Axes[0])
			redirected[p] = append(redirected[p], s)
		}
	}
	return redirected, !failed
}
