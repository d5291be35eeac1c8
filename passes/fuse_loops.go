package passes

import (
	"slices"

	"github.com/numen-go/numen/ir"
)

// shareLoops makes one statement of stores over the same axes: a value that one of them
// makes and another reads in place is then computed once, and need not be stored. The
// statements before first share theirs already.
func (f *fusion) shareLoops(p *piece, first int) {
	for k := first; k < len(p.stmts); k++ {
		for i := range k {
			if f.mergeStores(p, i, k) {
				k--
				break
			}
		}
	}
}

// mergeStores makes statement k of p part of statement i, if k can move up to it.
func (f *fusion) mergeStores(p *piece, i, k int) bool {
	s, t := &p.stmts[i], &p.stmts[k]
	if s.Sink != ir.Store || t.Sink != ir.Store || !sameAxes(domain(s), domain(t)) {
		return false
	}
	made := func(x *ir.Access) func(ir.Access) bool {
		return func(t ir.Access) bool { return t.Operand == x.Operand }
	}
	moves, reads := true, false
	eachLoad(p.stmts[k:k+1], func(x *ir.Access) {
		if n := slices.IndexFunc(s.Targets, made(x)); n >= 0 {
			reads, moves = true, moves && equalIndices(s.Targets[n].Index, x.Index)
		}
		for _, between := range p.stmts[i+1 : k] {
			moves = moves && !slices.ContainsFunc(between.Targets, made(x))
		}
	})
	if !moves {
		return false
	}
	merged := *t
	if reads {
		m := newMapping(f.b)
		m.load = func(e *ir.Expr) *ir.Expr {
			if n := slices.IndexFunc(s.Targets, made(e.Access)); n >= 0 {
				return s.Args[n]
			}
			return e
		}
		merged = m.stmt(t)
	}
	p.stmts[i] = ir.Stmt{Sink: ir.Store, Targets: slices.Concat(s.Targets, merged.Targets), Args: slices.Concat(s.Args, merged.Args)}
	p.stmts = slices.Delete(p.stmts, k, k+1)
	return true
}

// sameAxes reports whether two lists have the same axes in any order.
func sameAxes(x, y []int) bool {
	return len(x) == len(y) && !slices.ContainsFunc(x, func(a int) bool { return !slices.Contains(y, a) })
}

// dropLocals leaves out what statements store and nothing reads, or what they store twice.
// It reports whether there was anything.
func (f *fusion) dropLocals() bool {
	changed, shared := false, f.shared()
	for _, p := range f.pieces {
		if p.step != nil {
			continue
		}
		before := len(p.writes)
		for i := range p.stmts {
			f.readFirstCopy(p, i, shared)
			p.stmts[i] = withoutDead(p, i, shared)
		}
		f.measure(p)
		changed = changed || len(p.writes) != before
	}
	return changed
}

// readFirstCopy lets loads of a local that statement i stores have another target of it
// that holds the same value.
func (f *fusion) readFirstCopy(p *piece, i int, shared map[int]bool) {
	s := &p.stmts[i]
	if s.Sink != ir.Store {
		return
	}
	for n := range s.Targets {
		first := slices.Index(s.Args, s.Args[n])
		if first == n || shared[s.Targets[n].Operand] {
			continue
		}
		copied, from := s.Targets[n].Operand, s.Targets[first]
		m := newMapping(f.b)
		m.load = func(e *ir.Expr) *ir.Expr {
			if e.Access.Operand != copied {
				return e
			}
			at, ok := f.solve(&s.Targets[n], e.Access.Index)
			index := f.atAxes(at)
			e = f.b.Load(e.DType, from.Operand, index.indices(from.Index)...)
			m.failed = m.failed || !ok || index.failed
			return e
		}
		stmts := make([]ir.Stmt, len(p.stmts))
		for k := range p.stmts {
			stmts[k] = m.stmt(&p.stmts[k])
		}
		if !m.failed {
			p.stmts = stmts
			s = &p.stmts[i]
		}
	}
}

// withoutDead returns statement i of p without targets that nothing reads; one stays.
func withoutDead(p *piece, i int, shared map[int]bool) ir.Stmt {
	s := p.stmts[i]
	if s.Sink != ir.Store {
		return s
	}
	for n := len(s.Targets) - 1; n >= 0 && len(s.Targets) > 1; n-- {
		target := s.Targets[n : n+1]
		if shared[target[0].Operand] || slices.ContainsFunc(p.stmts, func(r ir.Stmt) bool { return readsAny(&r, target) }) {
			continue
		}
		s.Targets, s.Args = slices.Clone(s.Targets), slices.Clone(s.Args)
		s.Targets, s.Args = slices.Delete(s.Targets, n, n+1), slices.Delete(s.Args, n, n+1)
	}
	return s
}
