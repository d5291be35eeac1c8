package sparse

import (
	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower/loop"
)

// A product of two sparse matrices reads rows of the second one where elements of the first
// one lead to, anywhere in memory: where a row starts, its coordinates and its values come
// one after the other, and late. So they are asked for some elements before.

// How many elements ahead of the one at hand are those whose rows are asked for, and those
// of which it is asked where their rows start.
const rowAhead, startAhead = 8, 16

// firstLines is how many cache lines of a row are asked for: the processor sees for itself
// how a longer one goes on.
const firstLines = 2

// askForRows emits this at an element of the first matrix, where the statement is such a
// product.
func (g *gen) askForRows() {
	f := g.factors()
	if f == nil {
		return
	}
	a, b := f[0], f[1]
	crd, pos := a.src.crd[1], b.src.pos[1]
	last := sub(&loop.Val{Kind: loop.Extent, DType: ir.Int64, Array: crd}, num(1))
	start := func(ahead int64) *loop.Val {
		return load(pos, cast(ir.Int64, load(crd, op(ir.OpMin, add(a.p, num(ahead)), last))))
	}
	row := g.let("soon", start(rowAhead))
	s := &loop.Soon{Loads: []*loop.Val{start(startAhead)}}
	read := []*loop.Array{b.src.crd[1]}
	if g.phase != count {
		read = append(read, b.src.vals)
	}
	for _, x := range read {
		line := int64(64 / x.DType.Size())
		for n := range int64(firstLines) {
			s.Loads = append(s.Loads, load(x, add(row, num(n*line))))
		}
	}
	g.emit(s)
}
