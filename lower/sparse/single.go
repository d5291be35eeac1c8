package sparse

import (
	"context"
	"slices"
	"sort"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
)

// One task need not count: it writes what a matrix stores a piece of its rows at a time,
// into room for all that the operands could give the piece. Several would have to move
// theirs together.

// isBounded reports whether the rows of a sparse matrix are made of rows of others, so that
// they say how much it stores at most.
func (g *gen) isBounded() bool {
	o := &g.k.Operands[g.s.Targets[0].Operand]
	if g.s.Sink != ir.Store || !o.Format.Sparse() || !isRows(treeFormat(o.Format, storedOrder(o.Format))) {
		return false
	}
	for _, v := range g.views {
		if !g.rowsOf(v, g.plan.out) {
			return false
		}
	}
	return g.demand().Kind > ir.Everywhere
}

// isRows reports whether a format stores rows that are lists.
func isRows(f *ir.Format) bool {
	return slices.Equal(f.Levels, []ir.Level{ir.LevelDense, ir.LevelCompressed})
}

// rowsOf reports whether a view is of such a matrix, whole, whose levels are two axes.
func (g *gen) rowsOf(v *view, axes []int) bool {
	if !isRows(v.src.format) {
		return false
	}
	for l, d := range v.src.order {
		if x := v.access.Index[d]; axisOf(x) != axes[l] || !x.Const.Is(0) || g.k.Axes[axes[l]].Extent != g.k.Operands[v.access.Operand].Shape[d] {
			return false
		}
	}
	return true
}

// atMost returns how many elements of rows a pattern has at most.
func (r *run) atMost(g *gen, p *ir.Pattern, lo, hi int64) int64 {
	switch p.Kind {
	case ir.Nowhere:
		return 0
	case ir.Stores:
		pos := r.data[slices.Index(g.sources, g.viewOf(p.Access).src)].Pos[1]
		return pos[hi] - pos[lo]
	case ir.Both:
		return min(r.atMost(g, p.Args[0], lo, hi), r.atMost(g, p.Args[1], lo, hi))
	}
	return r.atMost(g, p.Args[0], lo, hi) + r.atMost(g, p.Args[1], lo, hi)
}

// factors returns the views of a product of two sparse matrices whose rows are met in any
// order, nil of other statements: a row stores at most what the rows of the second one do
// that it takes.
func (g *gen) factors() []*view {
	p := g.demand()
	if !g.plan.workspace || g.plan.kept != 1 || len(g.plan.loops) != 3 || len(g.views) != 2 || len(g.begins) > 0 || p.Kind != ir.Both || p.Args[0].Kind != ir.Stores || p.Args[1].Kind != ir.Stores {
		return nil
	}
	v := []*view{g.viewOf(p.Args[0].Access), g.viewOf(p.Args[1].Access)}
	if axisOf(v[0].access.Index[v[0].src.order[0]]) != g.plan.loops[0] {
		slices.Reverse(v)
	}
	for n, v := range v {
		if !g.rowsOf(v, g.plan.loops[n:]) {
			return nil
		}
	}
	return v
}

// room is how many elements a piece of rows may store.
const room = 1 << 18

// piece returns where a piece of rows from lo on ends, and how much that stores at most.
func (r *run) piece(c *code, lo int64) (hi, more int64) {
	rows := r.out.Extents[axis(r.out.Format, 0)]
	if !c.plan.workspace {
		p := c.demand()
		n := sort.Search(int(rows-lo), func(n int) bool { return r.atMost(c.gen, p, lo, lo+int64(n)) >= room })
		hi = min(rows, lo+max(1, int64(n)))
		return hi, r.atMost(c.gen, p, lo, hi)
	}
	v := c.factors()
	a, b := r.data[slices.Index(c.sources, v[0].src)], r.data[slices.Index(c.sources, v[1].src)]
	extent := r.out.Extents[axis(r.out.Format, 1)]
	for hi = lo; hi < rows && (hi == lo || more < max(room, 2*extent)); hi++ { // each piece clears its marks
		row := int64(0)
		for _, k := range a.Crd[1][a.Pos[1][hi]:a.Pos[1][hi+1]] {
			row += b.Pos[1][k+1] - b.Pos[1][k]
		}
		more += min(row, extent)
	}
	return hi, more
}

// grow runs the loop that writes a matrix a piece of its rows at a time, each with room for
// all that it may store: for all rows together that may be many times what they do.
func (r *run) grow(ctx context.Context, c *code, target int) error {
	r.bases = []int64{0, 0}
	if err := r.allocate(target); err != nil {
		return err
	}
	rows, n := r.bounds[1], int64(0)
	for lo := int64(0); lo < rows; {
		hi, more := r.piece(c, lo)
		if need, had := n+more, int64(len(r.out.Crd[1])); need > had {
			if lo > 0 { // as if the rest was like that
				all := float64(float64(float64(n)/float64(lo)) * float64(rows))
				all = float64(1.05 * all)
				need = max(need, had+had/4, int64(all)+more) // the last piece has to fit too
			}
			if !c.plan.workspace {
				need = min(need, n+r.atMost(c.gen, c.demand(), lo, rows))
			}
			r.resize(n, need)
		}
		r.bounds, r.bases[1] = []int64{lo, hi}, n
		if err := r.loop(ctx, c); err != nil {
			return err
		}
		if c.plan.workspace { // as long as a cache has them
			if err := r.out.orderRows(ctx, 1, lo, hi); err != nil {
				return err
			}
		}
		lo, n = hi, r.bases[1]
	}
	return nil
}

// resize makes room for elements, of which the result has some.
func (r *run) resize(n, room int64) {
	d := r.out
	crd, vals := make([]int32, room), newValues(d.DType, room)
	copy(crd, d.Crd[1][:n])
	copy(vals.Bytes(), d.Vals.Bytes()[:n*int64(d.DType.Size())])
	d.Crd[1], d.Vals = crd, vals
}

// trim gives back the room that one task did not need.
func (r *run) trim() {
	d := r.out
	n, had := r.bases[1], int64(len(d.Crd[1]))
	if n < had/2 { // or it would hold on to more than it is
		r.resize(n, n)
		return
	}
	d.Crd[1], d.Vals = d.Crd[1][:n], lower.NewHost(d.Vals.Bytes()[:n*int64(d.DType.Size())])
}
