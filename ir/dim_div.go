package ir

import "slices"

// Div returns d/e where e divides d exactly, as numbers or as polynomials: M*N/N is M,
// (M*N+N)/(M+1) is N. It returns false for everything else, Unknown included.
func (d Dim) Div(e Dim) (Dim, bool) {
	if d.IsUnknown() || e.IsUnknown() || e.Is(0) {
		return Dim{}, false
	}
	// Long division: polynomials keep the largest monomial first, in an order that
	// multiplication respects, so the quotient's terms come out one by one.
	lead, quotient := e.terms()[0], Dim{}
	for !d.Is(0) {
		t, ok := d.terms()[0].div(lead)
		if !ok {
			return Dim{}, false
		}
		q := intern([]monomial{t})
		quotient, d = quotient.Add(q), d.Sub(q.Mul(e))
	}
	return quotient, true
}

// div returns a/b, false where b does not divide a.
func (a monomial) div(b monomial) (monomial, bool) {
	if a.coef%b.coef != 0 {
		return monomial{}, false
	}
	syms := slices.Clone(a.syms)
	for _, s := range b.syms {
		i := slices.Index(syms, s)
		if i < 0 {
			return monomial{}, false
		}
		syms = slices.Delete(syms, i, i+1)
	}
	return monomial{a.coef / b.coef, syms}, true
}
