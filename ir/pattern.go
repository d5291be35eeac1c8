package ir

import "slices"

// Pattern says where a value may differ from its fill, told from a kernel alone: a set of
// positions made of what sparse operands store.
type Pattern struct {
	Kind   PatternKind
	Access *Access    // Stores: the positions that the operand stores
	Args   []*Pattern // Both, Either; Choice: then, else
	Ranges []Range    // Choice
}

// PatternKind says how a Pattern is made.
type PatternKind uint8

// The kinds of Pattern.
const (
	Nowhere    PatternKind = iota // a number: all of it is its fill
	Everywhere                    // dense
	Stores                        // where a sparse operand stores an element
	Both                          // where all of Args are
	Either                        // where one of Args is
	Choice                        // Args[0] where all ranges hold, else Args[1]
)

// Sparse reports whether a format leaves elements out.
func (f *Format) Sparse() bool { return f.sparse() }

// Patterns tells patterns of a kernel's bodies. It remembers: bodies are DAGs.
type Patterns struct {
	k     *Kernel
	where map[*Expr]*Pattern
	fills map[*Expr]fillOf
}

type fillOf struct {
	bits uint64
	ok   bool
}

// Patterns returns what tells the patterns of k's bodies.
func (k *Kernel) Patterns() *Patterns {
	return &Patterns{k, map[*Expr]*Pattern{}, map[*Expr]fillOf{}}
}

// Of returns where e is not its fill: structural annihilators cut it, every other op
// joins what its operands have.
func (t *Patterns) Of(e *Expr) *Pattern {
	p := t.where[e]
	if p == nil {
		p = t.find(e)
		t.where[e] = p
	}
	return p
}

func (t *Patterns) find(e *Expr) *Pattern {
	switch e.Kind {
	case Const, DimValue, ScalarIn:
		return &Pattern{Kind: Nowhere}
	case Load:
		if t.k.Operands[e.Access.Operand].Format.sparse() || t.k.partial(e.Access.Operand) {
			return &Pattern{Kind: Stores, Access: e.Access}
		}
	case Pick:
		then, els := t.Of(e.Args[0]), t.Of(e.Args[1])
		if then.Kind == els.Kind && then.Kind <= Everywhere {
			return then
		}
		return &Pattern{Kind: Choice, Args: []*Pattern{then, els}, Ranges: e.Ranges}
	case Apply:
		if p := t.Annihilated(e); p != nil {
			return p
		}
		out := &Pattern{Kind: Nowhere}
		for _, a := range e.Args {
			switch p := t.Of(a); {
			case p.Kind == Everywhere:
				return p
			case out.Kind == Nowhere:
				out = p
			case p.Kind != Nowhere:
				out = &Pattern{Kind: Either, Args: []*Pattern{out, p}}
			}
		}
		return out
	}
	return &Pattern{Kind: Everywhere}
}

// partial reports whether a local is written only where a sparse operand stores.
func (k *Kernel) partial(operand int) bool {
	return slices.ContainsFunc(k.Stmts, func(s Stmt) bool {
		return s.Over != nil && slices.ContainsFunc(s.Targets, func(t Access) bool { return t.Operand == operand })
	})
}

// Annihilated returns where no operand of e is a structural annihilator of its op, nil
// when none can be: elsewhere e is the annihilator, whatever its other operands are.
func (t *Patterns) Annihilated(e *Expr) *Pattern {
	if e.Kind != Apply || e.Op.Algebra.SparseAnnihilator == nil {
		return nil
	}
	zero, ok := e.Op.Algebra.SparseAnnihilator(e.DType)
	if !ok {
		return nil
	}
	var out *Pattern
	for _, a := range e.Args {
		p := t.Of(a)
		if fill, ok := t.Fill(a); p.Kind <= Everywhere || !ok || fill != zero {
			continue
		}
		if out == nil {
			out = p
		} else {
			out = &Pattern{Kind: Both, Args: []*Pattern{out, p}}
		}
	}
	return out
}

// Fill returns the value that e has where its pattern is not, false when it is known in
// the run only, or when there is no such place.
func (t *Patterns) Fill(e *Expr) (uint64, bool) {
	f, ok := t.fills[e]
	if !ok {
		f.bits, f.ok = t.fill(e)
		t.fills[e] = f
	}
	return f.bits, f.ok
}

func (t *Patterns) fill(e *Expr) (uint64, bool) {
	switch e.Kind {
	case Const:
		return e.Bits, true
	case Load:
		if f := t.k.Operands[e.Access.Operand].Format; f.sparse() {
			return f.Fill, true
		}
		return 0, t.k.partial(e.Access.Operand)
	case Pick:
		x, ok := t.Fill(e.Args[0])
		y, also := t.Fill(e.Args[1])
		return x, ok && also && x == y
	case Apply:
		if t.Annihilated(e) != nil {
			return e.Op.Algebra.SparseAnnihilator(e.DType)
		}
		if e.Table != nil {
			return 0, false
		}
		x, ds := make([]uint64, len(e.Args)), make([]DType, len(e.Args))
		for i, a := range e.Args {
			var ok bool
			if x[i], ok = t.Fill(a); !ok {
				return 0, false
			}
			ds[i] = a.DType
		}
		return EvalOp(e.Op, e.DType, ds, x), true
	}
	return 0, false
}

// Stored returns the positions that a reduction in a stored order takes: where
// every argument that has a pattern stores one.
func (t *Patterns) Stored(args []*Expr) *Pattern {
	out := &Pattern{Kind: Everywhere}
	for _, a := range args {
		switch p := t.Of(a); {
		case p.Kind <= Everywhere:
		case out.Kind == Everywhere:
			out = p
		default:
			out = &Pattern{Kind: Both, Args: []*Pattern{out, p}}
		}
	}
	return out
}

// Demanded returns where a statement that stores, or reduces in a stored order, computes
// anything: Everywhere where it makes every element of a dense result.
func (t *Patterns) Demanded(s *Stmt) *Pattern {
	switch {
	case s.Sink == Reduce && (s.Order == StoredOrder || s.Order == Stored1):
		return t.Stored(s.Args)
	case s.Sink == Store && len(s.Targets) == 1 && t.k.Operands[s.Targets[0].Operand].Format.sparse():
		return t.Of(s.Args[0])
	}
	return &Pattern{Kind: Everywhere}
}

// Within reports whether p surely has no position but those that an access stores.
func (p *Pattern) Within(a *Access) bool {
	switch p.Kind {
	case Nowhere:
		return true
	case Stores:
		return p.Access.Operand == a.Operand && slices.EqualFunc(p.Access.Index, a.Index, Index.Equal)
	case Both:
		return p.Args[0].Within(a) || p.Args[1].Within(a)
	case Either, Choice:
		return p.Args[0].Within(a) && p.Args[1].Within(a)
	}
	return false
}
