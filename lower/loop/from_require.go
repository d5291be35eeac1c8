package loop

import "github.com/numen-go/numen/ir"

func (l *lowering) requires() {}

// span returns the least and the greatest position of an affine index over the tile.
func (l *lowering) span(x ir.Index) (lo, hi *Val) {
	lo, hi = l.dim(x.Const), l.dim(x.Const)
	for _, t := range x.Terms {
		c := l.dim(t.Coef)
		first, last := l.from[t.Axis], sub(l.to[t.Axis], intVal(1))
		a, b := mul(c, first), mul(c, last)
		if n, ok := c.number(); ok && n >= 0 {
			lo, hi = add(lo, a), add(hi, b)
		} else {
			lo, hi = add(lo, minVal(a, b)), add(hi, maxVal(a, b))
		}
	}
	return lo, hi
}
