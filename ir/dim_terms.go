package ir

// Monomials calls f with every term of d: its coefficient and its symbols, repeats
// included. Unknown has none.
func (d Dim) Monomials(f func(coef int64, symbols []string)) {
	for _, t := range d.terms() {
		f(t.coef, t.syms)
	}
}
