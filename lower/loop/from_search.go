package loop

import "github.com/numen-go/numen/ir"

// A reduction that keeps the best value with its position, along the strip: a strip finds
// its best value first, which vectors do as fast as memory is read. Only where that beats
// the best one so far is it looked for again, to learn its position. Of numbers in no
// order few strips do; of rising ones each does, from the nearest cache.

// searches reports whether a reduction is such a one: positions are those of its one axis.
func (r *reduction) searches() bool {
	return r.lowering.s.Search && r.along && len(r.reduce) == 1 && r.s.Combine.Best != nil && r.s.Args[1].Kind == ir.AxisPos && r.s.Args[1].N == r.v
}

// search emits the strips of positions lo..hi.
func (r *reduction) search(lo, hi *Val) {
	if r.fits(r.v, r.lowering.s.Strip, lo, hi) {
		r.searchStrip(lo, r.set("n", sub(hi, lo)))
		return
	}
	r.forRange(r.k.Axes[r.v].Name, lo, hi, int64(r.lowering.s.Strip), func(j *Val) {
		r.searchStrip(j, r.set("n", minVal(r.width(), sub(hi, j))))
	})
}

// searchStrip emits one strip of n positions from j on.
func (r *reduction) searchStrip(j, n *Val) {
	best := r.s.Combine.Best
	value := func(t *Val) *Val {
		r.at[r.v] = add(j, t)
		defer func() { r.at[r.v] = nil }()
		return r.values(r.s.Args[:1])[0]
	}
	found := r.lanesOf(best, "best", r.states[0], n, value)
	x, y := found, load(r.acc[0], intVal(0))
	if best == ir.CombineMin {
		x, y = y, x
	}
	no := apply(ir.OpLe, ir.Bool, x, y) // of NaN it is not
	none := apply(ir.OpEq, ir.Bool, load(r.acc[1], intVal(0)), r.identity()[1])
	r.emit(&If{Cond: apply(ir.OpOr, ir.Bool, none, apply(ir.OpNot, ir.Bool, no)), Then: r.nested(func() {
		d := r.states[1]
		last, _ := ir.CombineMin.Identity([]ir.DType{d})
		at := r.lanesOf(ir.CombineMin, "at", d, n, func(t *Val) *Val {
			v := r.share(value(t))
			is := apply(ir.OpEq, ir.Bool, v, found)
			if v.DType.IsFloat() { // there is one only where it is found
				is = apply(ir.OpOr, ir.Bool, is, apply(ir.OpNe, ir.Bool, v, v))
			}
			return apply(ir.OpSelect, d, is, cast(d, add(j, t)), &Val{Kind: Const, DType: d, Bits: last[0]})
		})
		r.each(func(*Val) {
			r.put(r.acc, intVal(0), intVal(0), r.combined(r.s.Combine.Step, r.get(r.acc, intVal(0), intVal(0)), []*Val{found, at}))
		})
	})})
}

// lanesOf emits the reduction of what f returns at n positions of a strip, by a combine
// whose order is free, and returns the result.
func (r *reduction) lanesOf(c *ir.Combine, name string, d ir.DType, n *Val, f func(t *Val) *Val) *Val {
	a := &Array{r.name(name), d, 1, ir.Local}
	r.emit(&Local{Array: a, Extents: []*Val{intVal(ir.LaneCount)}})
	id, _ := c.Identity([]ir.DType{d})
	r.strip(intVal(ir.LaneCount), func(t *Val) {
		r.emit(&Store{a, []*Val{t}, &Val{Kind: Const, DType: d, Bits: id[0]}})
	})
	r.strip(n, func(t *Val) { r.emit(&Lanes{c, []*Array{a}, []*Val{f(t)}, nil}) })
	r.emit(&Fold{c, []*Array{a}})
	return load(a, intVal(0))
}
