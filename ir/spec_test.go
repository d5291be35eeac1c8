package ir

import (
	"strings"
	"testing"
)

func TestParseSpec(t *testing.T) {
	for _, c := range []struct{ text, want string }{ // want: the canonical text, or the fault after "!"
		{"ij,jk->ik", "ij,jk->ik|j"},
		{"ij,jk->ik|j", "ij,jk->ik|j"},
		{"ijk,kjl->il", "ijk,kjl->il|jk"},
		{"ijk,kjl->il|kj", "ijk,kjl->il|kj"},
		{"i,j->ij", "i,j->ij"},
		{"ii->", "ii->|i"},
		{"->", "->"},
		{",->", ",->"},
		{"αβ,βγ->αγ", "αβ,βγ->αγ|β"},
		{"ij,jk", "! has no ->"},
		{"ij->k", "!label k of the result is on no operand"},
		{"ij->ii", "!label i is twice on the result"},
		{"i2->i", "!a label is a letter"},
		{"i j->i", "!a label is a letter"},
		{"ij->i|", "!the contracted labels are \"j\""},
		{"ij->i|jj", "!the contracted labels are \"j\""},
		{"ij->i|k", "!the contracted labels are \"j\""},
		{"ij->i->j", "!a label is a letter"},
	} {
		s, err := ParseSpec(c.text)
		if fault, bad := strings.CutPrefix(c.want, "!"); bad {
			if err == nil || !strings.Contains(err.Error(), fault) {
				t.Errorf("ParseSpec(%q): %v, want %q", c.text, err, fault)
			}
			continue
		}
		if err != nil || s.String() != c.want {
			t.Errorf("ParseSpec(%q) is %q, %v; want %q", c.text, s, err, c.want)
		}
	}
}

func TestSpecPair(t *testing.T) {
	for _, c := range []struct {
		text       string
		i, j       int
		pair, rest string
	}{
		{"ij,jk,kl->il", 0, 1, "ij,jk->ik|j", "ik,kl->il|k"},
		{"ij,jk,kl->il", 1, 2, "jk,kl->jl|k", "ij,jl->il|j"},
		{"ij,jk,kl->il", 0, 2, "ij,kl->ijkl", "ijkl,jk->il|jk"}, // l and i are kept, j and k are needed
		{"bij,bjk,b->bik|j", 0, 2, "bij,b->bij", "bij,bjk->bik|j"},
		{"ia,ib,c->|aibc", 0, 1, "ia,ib->|aib", ",c->|c"},
		{"ij,jk->ik|j", 0, 1, "ij,jk->ik|j", "ik->ik"},
	} {
		s, err := ParseSpec(c.text)
		if err != nil {
			t.Fatal(err)
		}
		pair, rest := s.Pair(c.i, c.j)
		if pair.String() != c.pair || rest.String() != c.rest {
			t.Errorf("%q: operands %d and %d: %q and then %q, want %q and %q", c.text, c.i, c.j, pair, rest, c.pair, c.rest)
		}
	}
}

func TestContractOrder(t *testing.T) {
	for text, want := range map[string]Order{
		"ij,jk->ik":     Chain, // matrix times matrix
		"bij,bjk->bik":  Chain,
		"i,j->ij":       Chain,
		"ij,j->i":       Lanes, // matrix times vector
		"bij,bj->bi":    Lanes, // a batch label is not free
		"i,i->":         Lanes,
		"ij,ij->ij":     Lanes,
		"ij,k->i":       Lanes, // k is summed, not free
		"ii->":          Lanes,
		"ij,jk,kl->il":  NoOrder,
		"ij,jk->ik|j":   Chain,
		"abc,bd->acd|b": Chain,
	} {
		s, err := ParseSpec(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := ContractOrder(s); got != want {
			t.Errorf("%q: order %q, want %q", text, got, want)
		}
	}
}

func FuzzParseSpec(f *testing.F) {
	for _, text := range []string{"ij,jk->ik", "ijk,kjl->il|kj", "->", ",a->", "ii->i", "α->α", "a,b|c->d", "\xff->"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := ParseSpec(text)
		if err != nil {
			return
		}
		again, err := ParseSpec(s.String())
		if err != nil || again.String() != s.String() {
			t.Errorf("%q reads as %q, and that as %q, %v", text, s, again, err)
		}
		for len(s.In) > 2 {
			var pair Spec
			pair, s = s.Pair(0, 1)
			if _, err := ParseSpec(pair.String()); err != nil {
				t.Errorf("%q: pair %q: %v", text, pair, err)
			}
		}
	})
}
