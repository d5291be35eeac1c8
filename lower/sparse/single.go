package sparse

import (
	"slices"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
)

// One task need not count: it writes what a matrix stores into room for all that its
// operands could give it, and leaves the rest. Several would have to move theirs together.

// isBounded reports whether the rows of a sparse matrix are made of rows of others, so that
// they say how much it stores at most.
func (g *gen) isBounded() bool {
	lists := func(f *ir.Format) bool {
		return slices.Equal(f.Levels, []ir.Level{ir.LevelDense, ir.LevelCompressed})
	}
	o := &g.k.Operands[g.s.Targets[0].Operand]
	if g.s.Sink != ir.Store || !o.Format.Sparse() || !lists(treeFormat(o.Format, storedOrder(o.Format))) {
		return false
	}
	for _, v := range g.views {
		if !lists(v.src.format) {
			return false
		}
		for l, d := range v.src.order {
			if x := v.access.Index[d]; axisOf(x) != g.plan.out[l] || !x.Const.Is(0) || g.k.Axes[g.plan.out[l]].Extent != g.k.Operands[v.access.Operand].Shape[d] {
				return false
			}
		}
	}
	return g.demand().Kind > ir.Everywhere
}

// atMost returns how many elements a pattern has at most.
func (r *run) atMost(g *gen, p *ir.Pattern) int64 {
	switch p.Kind {
	case ir.Nowhere:
		return 0
	case ir.Stores:
		return int64(len(r.data[slices.Index(g.sources, g.viewOf(p.Access).src)].Crd[1]))
	case ir.Both:
		return min(r.atMost(g, p.Args[0]), r.atMost(g, p.Args[1]))
	}
	return r.atMost(g, p.Args[0]) + r.atMost(g, p.Args[1])
}

// trim gives back the room that one task did not need.
func (r *run) trim() {
	d := r.out
	n, had := r.bases[1], int64(len(d.Crd[1]))
	b := d.Vals.Bytes()[:n*int64(d.DType.Size())]
	if d.Crd[1], d.Vals = d.Crd[1][:n], lower.NewHost(b); n < had/2 { // or it would hold on to more than it is
		d.Crd[1], d.Vals = slices.Clone(d.Crd[1]), newValues(d.DType, n)
		copy(d.Vals.Bytes(), b)
	}
}
