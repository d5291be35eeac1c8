package loop

import (
	"slices"

	"github.com/numen-go/numen/ir"
)

// combined returns what a combine's Step or Merge makes of two states, inside a strip.
func (l *lowering) combined(f func(b *ir.Builder, left, right []*ir.Expr) []*ir.Expr, left, right []*Val) []*Val {
	x := l.placeholders(dtypes(left), 0)
	y := l.placeholders(dtypes(right), len(left))
	return l.substitute(f(l.b, x, y), append(x, y...), append(left[:len(left):len(left)], right...))
}

// seeded returns the state that one position's elements alone make.
func (l *lowering) seeded(c *ir.Combine, elems []*Val) []*Val {
	x := l.placeholders(dtypes(elems), 0)
	return l.substitute(c.Seed(l.b, x), x, elems)
}

func (l *lowering) placeholders(ds []ir.DType, first int) []*ir.Expr {
	out := make([]*ir.Expr, len(ds))
	for i, d := range ds {
		out[i] = l.b.State(d, first+i)
	}
	return out
}

// substitute lowers bodies over placeholders, which stand for values.
func (l *lowering) substitute(exprs, states []*ir.Expr, vals []*Val) []*Val {
	uses := map[*ir.Expr]int{}
	for i, e := range exprs {
		exprs[i] = l.expand(e)
		uses[exprs[i]]++
	}
	countUses(exprs, uses)
	outer := l.scopes
	l.scopes = []scope{{}}
	for i, s := range states {
		v := vals[i]
		if uses[s] > 1 {
			v = l.share(v)
		}
		l.remember(s, v)
	}
	out := make([]*Val, len(exprs))
	for i, e := range exprs {
		out[i] = l.value(e, uses)
	}
	l.scopes = outer
	return out
}

// share names a value of the strip, so that it is computed once.
func (l *lowering) share(v *Val) *Val {
	if v.Kind == Const || v.Kind == Use {
		return v
	}
	v = l.set("v", l.guarded(v))
	l.named[v.Var] = true
	return v
}

// guarded returns a value that a name inside of picks gets: a name is given before the
// picks, so what touches memory or may be at fault keeps their conditions.
func (l *lowering) guarded(v *Val) *Val {
	if !touches(v) {
		return v
	}
	none := &Val{Kind: Const, DType: v.DType}
	for _, s := range slices.Backward(l.scopes) {
		switch {
		case s.cond != nil && s.other:
			v = &Val{Kind: Pick, DType: v.DType, Args: []*Val{s.cond, none, v}}
		case s.cond != nil:
			v = &Val{Kind: Pick, DType: v.DType, Args: []*Val{s.cond, v, none}}
		}
	}
	return v
}

func (l *lowering) shared(vals []*Val) []*Val {
	out := make([]*Val, len(vals))
	for i, v := range vals {
		out[i] = l.share(v)
	}
	return out
}
