package sparse

import (
	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower/loop"
)

// pair are two lists of elements side by side. Whether the next elements of both are at one
// position is mostly foreseen by a processor: two patterns are alike or are not. Which of
// them is first is not, so what that decides has no branches.
type pair struct {
	g      *gen
	lists  []*cursor
	extent *loop.Val
	inside func(x *loop.Val)
}

// union emits loops over the positions that either list has: one as long as both have
// some, and one over what is left of each.
func (p *pair) union() {
	g := p.g
	p.both(func(x *loop.Val, first []*loop.Val) {
		for i, l := range p.lists {
			l.v.enterAt(use(l.q), first[i])
			l.v.or = p.lists[1-i].v
		}
		p.at(x)
	})
	for i, l := range p.lists {
		g.each("q", use(l.q), l.hi, func(q *loop.Val) {
			defer g.restore(g.saved())
			l.v.enterAt(q, nil)
			p.lists[1-i].v.enterAt(num(0), literal(ir.Bool, 0))
			p.at(g.let("x", p.head(l, q)))
		})
	}
}

// common emits a loop over the positions that both lists have.
func (p *pair) common() { p.both(func(*loop.Val, []*loop.Val) {}) }

// both emits the loop as long as both lists have elements. single emits what there is to do
// at a position that one of them has: first says which.
func (p *pair) both(single func(x *loop.Val, first []*loop.Val)) {
	g := p.g
	var left *loop.Val
	for _, l := range p.lists {
		l.q = g.variable("q", l.lo)
		if some := less(use(l.q), l.hi); left == nil {
			left = some
		} else {
			left = pick(left, some, literal(ir.Bool, 0))
		}
	}
	pass := func(by ...*loop.Val) {
		for i, l := range p.lists {
			g.assign(l.q, add(use(l.q), by[i]))
		}
	}
	g.emit(&loop.While{Cond: left, Body: g.block(func() {
		x := g.let("x", p.head(p.lists[0], use(p.lists[0].q)))
		y := g.let("y", p.head(p.lists[1], use(p.lists[1].q)))
		g.emit(&loop.If{Cond: eq(x, y), Then: g.block(func() {
			defer g.restore(g.saved())
			for _, l := range p.lists {
				l.v.enterAt(use(l.q), nil)
			}
			p.at(x)
			pass(num(1), num(1))
		}), Else: g.block(func() {
			defer g.restore(g.saved())
			first := []*loop.Val{g.let("first", less(x, y)), g.let("first", less(y, x))}
			single(g.let("x", op(ir.OpMin, x, y)), first)
			pass(cast(ir.Int64, first[0]), cast(ir.Int64, first[1]))
		})})
	})})
}

// head returns the position of an element of a list.
func (p *pair) head(l *cursor, q *loop.Val) *loop.Val {
	return sub(cast(ir.Int64, load(l.crd, q)), l.off)
}

// at emits what is inside at a position.
func (p *pair) at(x *loop.Val) {
	var in *loop.Val
	for _, l := range p.lists {
		in = both(in, p.g.inside(l, x, p.extent))
	}
	p.g.when(in, func() { p.inside(x) })
}
