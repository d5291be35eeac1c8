package ir

import "sync"

// ExprSet is a set of values. Most bodies have a few: those are looked through, more are
// hashed. The zero ExprSet is empty.
type ExprSet struct {
	few  [12]*Expr
	n    int // of few
	rest map[*Expr]struct{}
}

// Has reports whether e is in the set.
func (s *ExprSet) Has(e *Expr) bool {
	for _, o := range s.few[:s.n] {
		if o == e {
			return true
		}
	}
	_, ok := s.rest[e]
	return ok
}

// Add puts e in the set and reports whether it was not there.
func (s *ExprSet) Add(e *Expr) bool {
	switch {
	case s.Has(e):
		return false
	case s.n < len(s.few):
		s.few[s.n] = e
		s.n++
		return true
	case s.rest == nil:
		s.rest = make(map[*Expr]struct{}, 4*len(s.few))
	}
	s.rest[e] = struct{}{}
	return true
}

// exprSets are sets for walks: one over a large body needs a large table.
var exprSets = sync.Pool{New: func() any { return new(ExprSet) }}

// release empties a set and keeps its table for another walk.
func (s *ExprSet) release() {
	clear(s.few[:s.n])
	s.n = 0
	clear(s.rest)
	exprSets.Put(s)
}
