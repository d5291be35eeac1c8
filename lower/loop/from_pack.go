package loop

import (
	"slices"

	"github.com/numen-go/numen/ir"
)

// Packing: a contraction's elements in the order in which its tiles read them.

// packStep and packRun are how many positions of a panel are packed at a time: few enough
// that what is read, or written, with gaps stays in the nearest cache.
const (
	packStep = 16
	packRun  = 128
)

// pack emits the packing of the elements of axis a, of size positions in panels of width.
func (c *chunk) pack(a int, size *Val, width int) {
	for i, e := range c.s.Args {
		if c.col[i] == (a == c.v) {
			c.packs[i] = c.panelsOf(e, size, width)
			c.packElement(c.packs[i], e, a, size, width, intVal(0), c.n)
		}
	}
}

// panelsOf declares an array for an element of size positions in panels of width.
func (c *chunk) panelsOf(e *ir.Expr, size *Val, width int) *Array {
	to := &Array{c.name("p"), e.DType, 3, ir.Local}
	c.emit(&Local{Array: to, Extents: []*Val{panelCount(size, width), c.n, intVal(int64(width))}})
	return to
}

// packElement emits the packing of one element at the positions first to last of the chunk:
// of all, where there are several contracted axes.
func (c *chunk) packElement(to *Array, e *ir.Expr, a int, size *Val, width int, first, last *Val) {
	put := func(p, k, i *Val) { // the element at the positions at hand
		c.emit(&Store{to, []*Val{p, k, i}, c.values([]*ir.Expr{e})[0]})
	}
	across := func(p, k, n *Val) {
		c.strip(n, func(t *Val) {
			c.at[a] = add(c.from[a], t)
			put(p, k, t)
			c.at[a] = nil
		})
	}
	if len(c.reduce) > 1 {
		k := c.set("k", intVal(0))
		c.loops(c.reduce, func() {
			c.panels(a, size, width, func(p, n *Val) { across(p, k, n) })
			c.emit(&Set{k.Var, add(k, intVal(1))})
		})
		return
	}
	b := c.reduce[0]
	if innermost(e, b) > innermost(e, a) {
		c.panels(a, size, width, func(p, n *Val) {
			c.forRange("k", first, last, packRun, func(k *Val) {
				run := c.set("kn", minVal(intVal(packRun), sub(last, k)))
				c.forRange("i", intVal(0), n, 1, func(i *Val) {
					c.strip(run, func(t *Val) {
						c.at[a], c.at[b] = add(c.from[a], i), add(add(c.lo, k), t)
						put(p, add(k, t), i)
						c.at[a], c.at[b] = nil, nil
					})
				})
			})
		})
		return
	}
	if e.Kind != ir.Load && width < ir.LaneCount {
		c.packLines(to, e, a, size, width, first, last)
		return
	}
	c.forRange("k", first, last, packStep, func(k *Val) {
		end := c.set("ke", minVal(add(k, intVal(packStep)), last))
		c.panels(a, size, width, func(p, n *Val) {
			c.forRange("k", k, end, 1, func(k *Val) {
				c.at[b] = add(c.lo, k)
				across(p, k, n)
				c.at[b] = nil
			})
		})
	})
}

// packLines emits the packing of an element that is computed, where panels are narrower
// than a group, of which all positions are computed: in lines across all panels first.
func (c *chunk) packLines(to *Array, e *ir.Expr, a int, size *Val, width int, first, last *Val) {
	b, start := c.reduce[0], c.from[a]
	lines := &Array{c.name("w"), e.DType, 2, ir.Local}
	c.emit(&Local{Array: lines, Extents: []*Val{intVal(packStep), size}})
	c.forRange("k", first, last, packStep, func(k *Val) {
		end := c.set("ke", minVal(add(k, intVal(packStep)), last))
		c.forRange("k", k, end, 1, func(x *Val) {
			c.at[b] = add(c.lo, x)
			c.strips(a, c.from[a], c.to[a], func() {
				c.emit(&Store{lines, []*Val{sub(x, k), sub(c.at[a], start)}, c.values([]*ir.Expr{e})[0]})
			})
			c.at[b] = nil
		})
		c.panels(a, size, width, func(p, n *Val) {
			i := sub(c.from[a], start)
			c.forRange("k", k, end, 1, func(x *Val) {
				c.strip(n, func(t *Val) { c.emit(&Store{to, []*Val{p, x, t}, load(lines, sub(x, k), add(i, t))}) })
			})
		})
	})
}

// innermost counts the loads that have axis a last.
func innermost(e *ir.Expr, a int) int {
	n := 0
	s := ir.Stmt{Args: []*ir.Expr{e}}
	loads(&s, func(x *ir.Access) {
		if k := len(x.Index); k > 0 && slices.ContainsFunc(x.Index[k-1].Terms, func(t ir.Term) bool { return t.Axis == a }) {
			n++
		}
	})
	return n
}
