package ir

import "slices"

// visitOperands calls f with every value that e is made of: operands, and the values in
// the indices of its accesses.
func (e *Expr) visitOperands(f func(*Expr)) {
	for i := range e.Ranges {
		if v := e.Ranges[i].At.Value; v != nil {
			f(v)
		}
	}
	if e.Access != nil {
		e.Access.visitExprs(f)
	}
	for _, a := range e.Args {
		f(a)
	}
}

func (a *Access) visitExprs(f func(*Expr)) {
	for i := range a.Index {
		if v := a.Index[i].Value; v != nil {
			f(v)
		}
	}
}

// visitExprs calls f with the roots of the statement's values, as they are printed.
func (s *Stmt) visitExprs(f func(*Expr)) {
	for i := range s.Targets {
		s.Targets[i].visitExprs(f)
	}
	for _, e := range s.Args {
		f(e)
	}
	if s.Over != nil {
		s.Over.visitExprs(f)
	}
}

// visitExprs calls f with e and everything below it that is not in seen, operands first.
func visitExprs(e *Expr, seen *ExprSet, f func(*Expr)) {
	if !seen.Add(e) {
		return
	}
	for i := range e.Ranges {
		if v := e.Ranges[i].At.Value; v != nil {
			visitExprs(v, seen, f)
		}
	}
	if e.Access != nil {
		for i := range e.Access.Index {
			if v := e.Access.Index[i].Value; v != nil {
				visitExprs(v, seen, f)
			}
		}
	}
	for _, a := range e.Args {
		visitExprs(a, seen, f)
	}
	f(e)
}

// VisitExprs calls f once with every value of the kernel's bodies, operands before users.
func (k *Kernel) VisitExprs(f func(*Expr)) {
	seen := exprSets.Get().(*ExprSet)
	defer seen.release()
	for i := range k.Stmts {
		k.Stmts[i].visitExprs(func(e *Expr) { visitExprs(e, seen, f) })
	}
}

// VisitExprs calls f once with every value of the statement, operands before users.
func (s *Stmt) VisitExprs(f func(*Expr)) {
	seen := exprSets.Get().(*ExprSet)
	defer seen.release()
	s.visitExprs(func(e *Expr) { visitExprs(e, seen, f) })
}

// Domain returns the axes that a statement ranges over: those of its targets as they
// appear, without the ones in its brackets, then those in its brackets in their order.
func (k *Kernel) Domain(s *Stmt) []int {
	var out []int
	if s.Sink != Append { // the targets' index is the count
		for i := range s.Targets {
			for _, a := range s.Targets[i].Axes() {
				if !slices.Contains(s.Axes, a) && !slices.Contains(out, a) {
					out = append(out, a)
				}
			}
		}
	}
	return append(out, s.Axes...)
}

// Axes returns the axes that an access depends on, in order of appearance, those of
// values in its indices included.
func (a *Access) Axes() []int {
	var out []int
	add := func(axis int) {
		if !slices.Contains(out, axis) {
			out = append(out, axis)
		}
	}
	for i := range a.Index {
		a.Index[i].visitAxes(add)
	}
	return out
}

func (x *Index) visitAxes(f func(axis int)) {
	for _, t := range x.Terms {
		f(t.Axis)
	}
	if x.Value != nil {
		for _, a := range x.Value.Axes() {
			f(a)
		}
	}
}

// Axes returns the axes that a value depends on, in order of appearance.
func (e *Expr) Axes() []int {
	var out []int
	add := func(axis int) {
		if !slices.Contains(out, axis) {
			out = append(out, axis)
		}
	}
	seen := exprSets.Get().(*ExprSet)
	defer seen.release()
	visitExprs(e, seen, func(e *Expr) {
		if e.Kind == AxisPos {
			add(e.N)
		}
		for i := range e.Ranges {
			e.Ranges[i].At.visitAffineAxes(add)
		}
		if e.Access != nil {
			for i := range e.Access.Index {
				e.Access.Index[i].visitAffineAxes(add)
			}
		}
	})
	return out
}

func (x *Index) visitAffineAxes(f func(axis int)) {
	for _, t := range x.Terms {
		f(t.Axis)
	}
}

// faultNumbers says which number a chk has that names none: that of the same value and
// limit before it, else the next.
type faultNumbers struct {
	seen map[faultKey]int
	next int
}

type faultKey struct {
	value *Expr
	limit Dim
}

func (f *faultNumbers) implied(value *Expr, limit Dim) int {
	if n, ok := f.seen[faultKey{value, limit}]; ok {
		return n
	}
	return f.next
}

func (f *faultNumbers) set(value *Expr, limit Dim, n int) {
	if f.seen == nil {
		f.seen = map[faultKey]int{}
	}
	f.seen[faultKey{value, limit}] = n
	f.next = max(f.next, n+1)
}
