package ir

import (
	"fmt"
	"math"
	"math/bits"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync"
)

// Dim is an extent, an offset or a coefficient: a number, Unknown until the run, or a
// polynomial in symbols with integer coefficients (M, M+2*P). Dims are comparable:
// equal polynomials are the same value.
//
// A kernel never sees the numbers: they reach it as run-time integers, which is why a
// new shape compiles nothing.
type Dim struct {
	n int64
	p *poly // nil: the number n
}

// Unknown is an extent that only a run can tell.
var Unknown = Dim{n: -1, p: unknownPoly}

var unknownPoly = &poly{text: "?"}

// poly is a polynomial in canonical form, interned by its text.
type poly struct {
	text  string
	terms []monomial
}

type monomial struct {
	coef int64
	syms []string // sorted, repeats are powers; none: the constant term
}

// N returns the number n.
func N[T ~int | ~int64](n T) Dim { return Dim{n: int64(n)} }

// Sym returns the symbol of that name.
func Sym(name string) Dim {
	if p, ok := polys.Load(name); ok { // a symbol's text is its name
		return Dim{p: p.(*poly)}
	}
	return intern([]monomial{{1, []string{name}}})
}

// Const returns d's number, false when d is not one.
func (d Dim) Const() (int64, bool) { return d.n, d.p == nil }

// Is reports whether d is the number n.
func (d Dim) Is(n int64) bool { return d.p == nil && d.n == n }

// IsUnknown reports whether only a run can tell d.
func (d Dim) IsUnknown() bool { return d.p == unknownPoly }

// String returns the text form: 3, M, M+2*P, ?.
func (d Dim) String() string {
	if d.p == nil {
		return strconv.FormatInt(d.n, 10)
	}
	return d.p.text
}

// polys holds every polynomial made so far. Symbols are named by position in a
// structure (s0, s1, ...), so a process meets few of them.
var polys sync.Map // text -> *poly

func intern(ts []monomial) Dim {
	sort.Slice(ts, func(i, j int) bool { // higher degree first, then by name; the constant last
		a, b := ts[i].syms, ts[j].syms
		if len(a) != len(b) {
			return len(a) > len(b)
		}
		return slices.Compare(a, b) < 0
	})
	out := ts[:0]
	for _, t := range ts {
		if k := len(out) - 1; k >= 0 && slices.Equal(out[k].syms, t.syms) {
			out[k].coef += t.coef
			continue
		}
		out = append(out, t)
	}
	out = slices.DeleteFunc(out, func(t monomial) bool { return t.coef == 0 })
	if len(out) == 0 {
		return Dim{}
	}
	if len(out) == 1 && len(out[0].syms) == 0 {
		return Dim{n: out[0].coef}
	}
	var b strings.Builder
	for i, t := range out {
		c := t.coef
		if c < 0 {
			b.WriteByte('-')
			c = -c
		} else if i > 0 {
			b.WriteByte('+')
		}
		switch {
		case len(t.syms) == 0:
			b.WriteString(strconv.FormatInt(c, 10))
			continue
		case c != 1:
			b.WriteString(strconv.FormatInt(c, 10) + "*")
		}
		b.WriteString(strings.Join(t.syms, "*"))
	}
	text := b.String()
	if p, ok := polys.Load(text); ok {
		return Dim{p: p.(*poly)}
	}
	p, _ := polys.LoadOrStore(text, &poly{text: text, terms: slices.Clone(out)})
	return Dim{p: p.(*poly)}
}

func (d Dim) terms() []monomial {
	if d.p == nil {
		return []monomial{{coef: d.n}}
	}
	return d.p.terms
}

// Add returns d+e; Unknown when either is.
func (d Dim) Add(e Dim) Dim {
	switch {
	case d.p == nil && e.p == nil:
		return Dim{n: d.n + e.n}
	case d.IsUnknown() || e.IsUnknown():
		return Unknown
	case d.Is(0):
		return e
	case e.Is(0):
		return d
	}
	return intern(slices.Concat(d.terms(), e.terms()))
}

// Sub returns d-e.
func (d Dim) Sub(e Dim) Dim { return d.Add(e.Mul(N(-1))) }

// Mul returns d*e.
func (d Dim) Mul(e Dim) Dim {
	switch {
	case d.p == nil && e.p == nil:
		return Dim{n: d.n * e.n}
	case d.Is(0) || e.Is(0):
		return Dim{}
	case d.IsUnknown() || e.IsUnknown():
		return Unknown
	case d.Is(1):
		return e
	case e.Is(1):
		return d
	}
	var ts []monomial
	for _, a := range d.terms() {
		for _, b := range e.terms() {
			syms := slices.Concat(a.syms, b.syms)
			slices.Sort(syms)
			ts = append(ts, monomial{a.coef * b.coef, syms})
		}
	}
	return intern(ts)
}

// Symbols calls f with every symbol of d, repeats included.
func (d Dim) Symbols(f func(name string)) {
	if d.p == nil {
		return
	}
	for _, t := range d.p.terms {
		for _, s := range t.syms {
			f(s)
		}
	}
}

// Subst returns d with symbols replaced; f returns false to leave one as it is.
func (d Dim) Subst(f func(name string) (Dim, bool)) Dim {
	if d.p == nil || d.IsUnknown() {
		return d
	}
	sum := Dim{}
	for _, t := range d.p.terms {
		prod := N(t.coef)
		for _, s := range t.syms {
			v, ok := f(s)
			if !ok {
				v = Sym(s)
			}
			prod = prod.Mul(v)
		}
		sum = sum.Add(prod)
	}
	return sum
}

// Eval returns d's number where val gives each symbol's. It is an error when a symbol
// has none or the arithmetic overflows.
func (d Dim) Eval(val func(name string) (int64, bool)) (int64, error) {
	if d.p == nil {
		return d.n, nil
	}
	if d.IsUnknown() {
		return 0, fmt.Errorf("ir: an unknown dimension has no value yet")
	}
	sum := int64(0)
	for _, t := range d.p.terms {
		prod := t.coef
		for _, s := range t.syms {
			v, ok := val(s)
			if !ok {
				return 0, fmt.Errorf("ir: symbol %s has no value", s)
			}
			if prod, ok = MulOK(prod, v); !ok {
				return 0, fmt.Errorf("ir: %s overflows", d)
			}
		}
		if (prod > 0 && sum > math.MaxInt64-prod) || (prod < 0 && sum < math.MinInt64-prod) {
			return 0, fmt.Errorf("ir: %s overflows", d)
		}
		sum += prod
	}
	return sum, nil
}

// MulOK returns a*b and whether it fits.
func MulOK(a, b int64) (int64, bool) {
	neg := (a < 0) != (b < 0)
	ua, ub := uint64(a), uint64(b)
	if a < 0 {
		ua = -ua
	}
	if b < 0 {
		ub = -ub
	}
	hi, lo := bits.Mul64(ua, ub)
	if hi != 0 || lo > math.MaxInt64 {
		return 0, false
	}
	if neg {
		return -int64(lo), true
	}
	return int64(lo), true
}

// ParseDim reads the text form of a Dim.
func ParseDim(s string) (Dim, error) {
	s = strings.ReplaceAll(s, " ", "")
	if s == "?" {
		return Unknown, nil
	}
	if s == "" {
		return Dim{}, fmt.Errorf("ir: empty dimension")
	}
	sum, rest := Dim{}, s
	for rest != "" {
		sign := int64(1)
		switch rest[0] {
		case '-':
			sign, rest = -1, rest[1:]
		case '+':
			rest = rest[1:]
		}
		end := strings.IndexAny(rest, "+-")
		if end < 0 {
			end = len(rest)
		}
		prod := N(sign)
		for _, f := range strings.Split(rest[:end], "*") {
			if n, err := strconv.ParseInt(f, 10, 64); err == nil {
				prod = prod.Mul(N(n))
			} else if isName(f) {
				prod = prod.Mul(Sym(f))
			} else {
				return Dim{}, fmt.Errorf("ir: %q is not a dimension", s)
			}
		}
		sum, rest = sum.Add(prod), rest[end:]
	}
	return sum, nil
}

// isName reports whether s may name a symbol, a value or an operand in text forms.
func isName(s string) bool {
	for i, c := range s {
		letter := c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return s != ""
}
