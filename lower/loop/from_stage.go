package loop

import (
	"math/bits"
	"slices"

	"github.com/numen-go/numen/ir"
)

// Staging: a contraction whose elements are packed a few steps at a time, just before a
// tile takes them, where the memory for what is packed is small. Prologues are applied
// then, and the tile goes on from the results so far.
//
//	for every tile of results:
//	  for blocks:
//	    for stages of the block:
//	      pack the elements of rows and of columns
//	      the tile's steps
//	    merge with the blocks before
//	  what comes after

// staged emits the box tile by tile.
func (r *contraction) staged() {
	r.stack()
	r.pieced(r.v, r.cols, func(n *Val) {
		r.pieced(r.u, r.rows, func(m *Val) {
			c := &chunk{contraction: r, n: r.total, packs: make([]*Array, len(r.s.Args))}
			c.stacked(nil, nil, m, n)
			c.finish(m, n)
		})
	})
}

// stages emits a block of k steps from position b on, for an entry of the tile's stack.
func (c *chunk) stages(b, k, entry, m, n *Val) {
	c.all(func(*Val) *Val { return c.fresh }, entry)
	end, size := c.set("be", add(b, k)), intVal(int64(c.lowering.s.Stage))
	c.forRange("s", b, end, int64(c.lowering.s.Stage), func(s *Val) {
		steps := c.set("sn", minVal(size, sub(end, s)))
		places := make([]func(k, i *Val) *Val, len(c.s.Args))
		for x, e := range c.s.Args {
			if c.col[x] {
				c.packs[x], places[x] = c.stage(e, c.v, n, c.cols, s, steps)
			} else {
				c.packs[x], places[x] = c.stage(e, c.u, m, c.rows, s, steps)
			}
		}
		t := c.tile(steps, m, n, func(k, i, j *Val) (Element, []*Val) {
			var vals []*Val
			for x, pack := range c.packs {
				at := i
				if c.col[x] {
					at = j
				}
				vals = append(vals, load(pack, places[x](k, at)))
			}
			return Element{c.done, []*Val{entry, c.place(i, j)}}, vals
		})
		t.Init = nil
	})
}

// stage emits the packing of an element at so many contracted positions from the s-th on,
// and at size positions of axis a. It returns where step k at position i is. There is
// neither branch nor division: what is beyond an end is the last position again.
func (c *chunk) stage(e *ir.Expr, a int, size *Val, width int, s, steps *Val) (to *Array, place func(k, i *Val) *Val) {
	depth := int64(c.lowering.s.Stage)
	to = &Array{c.name("p"), e.DType, 1, ir.Local}
	c.emit(&Local{Array: to, Extents: []*Val{intVal(depth * int64(width))}})
	split := func(t *Val, n int) (rest, q *Val) {
		return intOp(ir.OpAnd, t, intVal(int64(n-1))), intOp(ir.OpShr, t, intVal(int64(bits.TrailingZeros(uint(n)))))
	}
	put := func(t, k, i *Val) {
		c.contracted(add(s, k))
		c.at[a] = add(c.from[a], i)
		c.emit(&Store{to, []*Val{t}, c.values([]*ir.Expr{e})[0]})
		c.at[a] = nil
		for _, x := range c.reduce {
			c.at[x] = nil
		}
	}
	// Rows that are contiguous along the contracted axis are read along it. Columns are not:
	// the tile's threads then would read what is far apart.
	if !c.col[slices.Index(c.s.Args, e)] && len(c.reduce) == 1 && innermost(e, c.reduce[0]) > innermost(e, a) {
		c.strip(mul(size, intVal(depth)), func(t *Val) {
			k, i := split(t, int(depth))
			put(t, c.share(minVal(k, sub(steps, intVal(1)))), i)
		})
		return to, func(k, i *Val) *Val { return add(mul(intVal(depth), i), k) }
	}
	c.strip(mul(steps, intVal(int64(width))), func(t *Val) {
		i, k := split(t, width)
		put(t, k, c.share(minVal(i, sub(size, intVal(1)))))
	})
	return to, func(k, i *Val) *Val { return add(mul(intVal(int64(width)), k), i) }
}

// contracted sets the positions of the contracted axes to the p-th.
func (c *chunk) contracted(p *Val) {
	l := c.lowering
	for i := len(c.reduce) - 1; i > 0; i-- {
		a := c.reduce[i]
		n := sub(l.hi[a], l.lo[a])
		q := c.share(intOp(ir.OpQuo, p, n))
		c.at[a] = add(l.lo[a], sub(p, mul(q, n)))
		p = q
	}
	c.at[c.reduce[0]] = add(l.lo[c.reduce[0]], p)
}
