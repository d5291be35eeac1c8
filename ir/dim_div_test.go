package ir

import (
	"math/rand/v2"
	"testing"
)

func TestDimDiv(t *testing.T) {
	dim := func(s string) Dim {
		d, err := ParseDim(s)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	for _, c := range []struct{ d, e, want string }{
		{"24", "6", "4"}, {"24", "-6", "-4"}, {"0", "5", "0"}, {"0", "M", "0"},
		{"M*N", "N", "M"}, {"M*N+N", "M+1", "N"}, {"M*M-N*N", "M+N", "M-N"},
		{"6*M", "4", ""}, {"7", "2", ""}, {"M", "N", ""}, {"M+1", "M", ""}, {"M*N", "M+N", ""},
		{"5", "0", ""}, {"M", "0", ""}, {"?", "?", ""}, {"?", "1", ""}, {"4", "M", ""},
	} {
		q, ok := dim(c.d).Div(dim(c.e))
		if ok != (c.want != "") || ok && q != dim(c.want) {
			t.Errorf("(%s)/(%s) is %s, %v; want %q", c.d, c.e, q, ok, c.want)
		}
	}

	// A product of random polynomials divides by each of them.
	r := rand.New(rand.NewPCG(1, 2))
	random := func() Dim {
		d := N(r.IntN(9) - 4)
		for range 3 {
			m := N(r.IntN(7) - 3)
			for range r.IntN(3) {
				m = m.Mul(Sym([]string{"A", "B", "C"}[r.IntN(3)]))
			}
			d = d.Add(m)
		}
		return d
	}
	for range 2000 {
		p, q := random(), random()
		if got, ok := p.Mul(q).Div(p); !p.Is(0) && (!ok || got != q) {
			t.Fatalf("(%s)/(%s) is %s, %v; want %s", p.Mul(q), p, got, ok, q)
		}
	}
}
