package passes

import (
	"slices"

	"github.com/numen-go/numen/ir"
)

// shareLoops makes one statement of stores over the same axes of a piece: a value that
// one of them makes and another reads in place is then computed once and stored only if
// it is needed. It reports whether any statement went.
func (f *fusion) shareLoops() bool {
	changed, shared := false, f.shared()
	for _, p := range f.pieces {
		if p.step != nil || len(p.stmts) < 2 {
			continue
		}
		for i := 0; i < len(p.stmts); i++ {
			for k := i + 1; k < len(p.stmts); k++ {
				if f.mergeStores(p, i, k) {
					k, changed = k-1, true
				}
			}
			f.dropLocals(p, i, shared)
		}
		f.measure(p)
	}
	return changed
}

// mergeStores makes statement k of p part of statement i, if k can move up to it.
func (f *fusion) mergeStores(p *piece, i, k int) bool {
	s, t := &p.stmts[i], &p.stmts[k]
	if !sharesLoops(s, t) {
		return false
	}
	for _, between := range p.stmts[i+1 : k] {
		if readsAny(t, between.Targets) {
			return false
		}
	}
	ok := true
	m := newMapping(f.b)
	m.load = func(e *ir.Expr) *ir.Expr {
		for n := range s.Targets {
			if w := &s.Targets[n]; w.Operand == e.Access.Operand {
				if !equalIndices(w.Index, e.Access.Index) {
					ok = false
				}
				return s.Args[n]
			}
		}
		return e
	}
	t2 := m.stmt(t)
	if !ok {
		return false
	}
	p.stmts[i] = ir.Stmt{Sink: ir.Store, Targets: slices.Concat(s.Targets, t2.Targets), Args: slices.Concat(s.Args, t2.Args)}
	p.stmts = slices.Delete(p.stmts, k, k+1)
	return true
}

// dropLocals leaves out targets of store i that nothing reads any more.
func (f *fusion) dropLocals(p *piece, i int, shared map[int]bool) {
	s := &p.stmts[i]
	if s.Sink != ir.Store {
		return
	}
	for n := len(s.Targets) - 1; n >= 0 && len(s.Targets) > 1; n-- {
		if !shared[s.Targets[n].Operand] && !slices.ContainsFunc(p.stmts, func(r ir.Stmt) bool { return readsAny(&r, s.Targets[n:n+1]) }) {
			s.Targets = slices.Delete(slices.Clone(s.Targets), n, n+1)
			s.Args = slices.Delete(slices.Clone(s.Args), n, n+1)
		}
	}
}
