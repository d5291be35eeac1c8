package passes

import (
	"slices"

	"github.com/numen-go/numen/ir"
)

// Inlining: which values are computed where they are read. The walk goes from results
// to parameters, so that when a value's turn comes it is known where in the kernels that
// stay each of its elements is asked for.

// Limits of what one kernel may become. Splitting never changes a bit, so they are
// decisions about cost alone.
const (
	maxStmts  = 8   // statements of a kernel
	maxBody   = 512 // nodes of its bodies
	maxReach  = 64  // places at which one inline value is read
	maxRepeat = 8   // additions that may be done again for one element rather than kept
)

// inlineValues decides for every value whether it is computed where it is read and
// rewrites the pieces that stay. It reports whether any is.
func (f *fusion) inlineValues() (bool, error) {
	readers, writer := map[int][]*piece{}, map[int]*piece{}
	for _, p := range f.pieces {
		p.inline, p.keep, p.reach, p.acc, p.splits = false, true, nil, 0, nil
		for _, v := range p.reads {
			readers[v] = append(readers[v], p)
		}
		for _, v := range p.writes {
			writer[v] = p
		}
	}
	for _, p := range f.pieces {
		p.epilogue = f.isEpilogue(p, readers, writer)
	}
	changed := false
	for _, p := range slices.Backward(f.pieces) {
		v, ok := f.inlinable(p)
		if !ok {
			continue
		}
		f.undo = nil
		if !f.decide(p, v, readers[v]) || !f.u.allow() {
			for _, undo := range slices.Backward(f.undo) {
				undo()
			}
			p.reach = nil
			continue
		}
		p.inline, p.keep = true, !f.inside[v]
		for _, d := range p.reach {
			d.root.size += p.size
		}
		changed = true
	}
	if !changed {
		return false, nil
	}
	for _, p := range f.pieces {
		if !p.keep || p.step != nil {
			continue
		}
		if err := f.expand(p, writer); err != nil {
			return true, err
		}
	}
	f.pieces = slices.DeleteFunc(f.pieces, func(p *piece) bool { return !p.keep })
	return true, nil
}

// inlinable returns the one value that a piece stores, element by element.
func (f *fusion) inlinable(p *piece) (int, bool) {
	if p.step != nil || p.sparse || len(p.stmts) != 1 || p.stmts[0].Sink != ir.Store || len(p.stmts[0].Targets) != 1 {
		return 0, false
	}
	v := p.stmts[0].Targets[0].Operand
	if !f.stable[v] {
		return 0, false
	}
	for _, r := range p.reads {
		if !f.stable[r] {
			return 0, false
		}
	}
	return v, true
}

// isEpilogue reports whether p is elementwise work on the result of a contraction, which
// is best done as that is stored: where another contraction reads it, it would be done
// once for every panel.
func (f *fusion) isEpilogue(p *piece, readers map[int][]*piece, writer map[int]*piece) bool {
	if _, ok := f.inlinable(p); !ok {
		return false
	}
	all := len(f.long(axesOf(p.stmts)))
	return slices.ContainsFunc(p.loads, func(x *ir.Access) bool {
		q := writer[x.Operand]
		if q == nil || q.step != nil || len(f.long(x.Axes())) != all {
			return false
		}
		return q.epilogue && len(readers[x.Operand]) == 1 || slices.ContainsFunc(q.stmts, func(s ir.Stmt) bool {
			return gemm(&s) && s.Targets[0].Operand == x.Operand
		})
	})
}

// decide says whether p, which stores v alone, is computed where v is read.
func (f *fusion) decide(p *piece, v int, readers []*piece) bool {
	c := f.weigh(p)
	if !f.inside[v] && !c.movement {
		return false // it is stored anyway
	}
	if len(readers) == 0 || c.faults && len(readers) > 1 {
		return false
	}
	acc := 0
	p.reach = nil
	for _, r := range readers {
		if r.step != nil || r.sparse && !f.inSample(p, v, r, len(readers)) || !f.demands(p, v, r) || len(p.reach) > maxReach {
			return false
		}
		if r.inline {
			acc = max(acc, r.acc)
		}
	}
	for _, d := range p.reach {
		if d.root.size+p.size > maxBody || p.epilogue && !c.movement && gemm(&d.root.stmts[d.stmt]) {
			return false
		}
	}
	if c.faults && !f.faultsStay(p, p.reach) {
		return false
	}
	if c.movement {
		p.acc = acc
		return true
	}
	p.acc = acc + f.repeated(p, c)
	return p.acc <= maxRepeat
}

// expand puts the bodies of inline values into p's.
func (f *fusion) expand(p *piece, writer map[int]*piece) error {
	var err error
	var parts []*piece
	m := newMapping(f.b)
	m.load = func(e *ir.Expr) *ir.Expr {
		q := writer[e.Access.Operand]
		if q == nil || !q.inline || q == p {
			return e
		}
		at, ok := f.solve(&q.stmts[0].Targets[0], e.Access.Index)
		if !ok {
			err = errNoForm
			return e
		}
		body := m
		if !at.same() { // unlike in chains of elementwise operations
			body = f.atAxes(at)
			body.load = func(e *ir.Expr) *ir.Expr { return m.expr(e) }
		}
		r := body.expr(q.stmts[0].Args[0])
		if body.failed {
			err = errNoForm
		}
		if !slices.Contains(parts, q) {
			parts = append(parts, q)
		}
		return r
	}
	for i := range p.stmts {
		p.stmts[i] = m.stmt(&p.stmts[i])
	}
	if len(parts) > 0 {
		p.was = nil
	}
	p.note(parts...)
	f.measure(p)
	return err
}
