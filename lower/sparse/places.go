package sparse

import (
	"fmt"
	"slices"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
)

// mover has the numbers of a run.
type mover struct {
	m      *moves
	out    lower.Args // those of the kernel that loops are made of
	locals int
}

func (x *mover) dim(d ir.Dim) (int64, error) {
	return d.Eval(func(name string) (int64, bool) {
		i := slices.Index(x.m.asked.Dims, name)
		if i < 0 {
			return 0, false
		}
		return x.out.Dims[i], true
	})
}

func (x *mover) extents(shape []ir.Dim) ([]int64, error) {
	out := make([]int64, len(shape))
	for i, d := range shape {
		var err error
		if out[i], err = x.dim(d); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// scratch returns memory for a local array, which a dense result takes and nobody reads.
func (x *mover) scratch(o *ir.Operand) (lower.Array, error) {
	extents, err := x.extents(o.Shape)
	if err != nil {
		return lower.Array{}, err
	}
	n := int64(1)
	for _, e := range extents {
		n *= e
	}
	x.locals++
	return lower.Array{DType: o.DType, Buf: newValues(o.DType, n), Extents: extents, Strides: lower.Contiguous(extents)}, nil
}

// places tells where elements of an operand are read: the positions of axes for which its
// indices are an element's coordinates.
type places struct {
	index []position // by axis of the operand
	at    []int64    // by axis of the moved operand: the position, -1: not known yet
}

// position is an index with numbers.
type position struct {
	first, div int64
	terms      []step
	data       map[int64][][]int64 // positions that are data: by coordinate, of these axes
	axes       []int               // places in at
}

// step is a term: coef times the position of an axis. lo and hi bound what the terms after
// it add up to.
type step struct {
	axis           int // place in at
	coef, extent   int64
	restLo, restHi int64
}

// read returns the elements of a sparse operand along axes.
func (x *mover) read(r *moved) (*Data, error) {
	a := &x.out.Arrays[r.operand]
	d, ok := a.Buf.(*Data)
	if !ok || d.Vals == nil {
		return nil, fmt.Errorf("operand %s: %T is no sparse array", x.m.asked.Operands[r.operand].Name, a.Buf)
	}
	p := &places{at: make([]int64, len(r.axes))}
	for _, i := range r.access.Index {
		pos, err := x.position(r, i)
		if err != nil {
			return nil, err
		}
		p.index = append(p.index, pos)
	}
	o := &x.m.k.Operands[r.into]
	extents, err := x.extents(o.Shape)
	if err != nil {
		return nil, err
	}
	from, at := d.Entries()
	coords, vals := make([][]int32, len(r.axes)), make([]int64, 0, len(at))
	for i, v := range at {
		for n := range p.at {
			p.at[n] = -1
		}
		p.each(from, i, 0, func() {
			for n, c := range p.at {
				coords[n] = append(coords[n], int32(c))
			}
			vals = append(vals, v)
		})
	}
	return Build(d.DType, o.Format, extents, coords, d.Vals, vals)
}

// position returns an index with numbers.
func (x *mover) position(r *moved, i ir.Index) (position, error) {
	if i.Value != nil {
		return x.data(r, i.Value)
	}
	p := position{}
	var err error
	if p.first, err = x.dim(i.Const); err != nil {
		return p, err
	}
	if p.div, err = x.dim(i.Div); err != nil {
		return p, err
	}
	for _, t := range i.Terms {
		s := step{axis: slices.Index(r.axes, t.Axis)}
		if s.coef, err = x.dim(t.Coef); err != nil {
			return p, err
		}
		if s.extent, err = x.dim(x.m.k.Axes[t.Axis].Extent); err != nil {
			return p, err
		}
		p.terms = append(p.terms, s)
	}
	slices.SortStableFunc(p.terms, func(s, t step) int { return int(max(-1, min(1, magnitude(t.coef)-magnitude(s.coef)))) })
	lo, hi := int64(0), int64(0)
	for n := len(p.terms) - 1; n >= 0; n-- {
		s := &p.terms[n]
		s.restLo, s.restHi = lo, hi
		far := s.coef * max(0, s.extent-1)
		lo, hi = lo+min(0, far), hi+max(0, far)
	}
	return p, nil
}

func magnitude(n int64) int64 { return max(n, -n) }

// each calls f where the indices from one on are the coordinates of element i.
func (p *places) each(coords [][]int32, i, d int, f func()) {
	if d == len(p.index) {
		f()
		return
	}
	x, c := &p.index[d], int64(coords[d][i])
	next := func() { p.each(coords, i, d+1, f) }
	if x.data != nil {
		for _, at := range x.data[c] {
			p.bind(x.axes, at, next)
		}
		return
	}
	if x.div != 0 {
		c *= x.div
	}
	p.solve(x.terms, c-x.first, next)
}

// bind calls f with axes at positions, unless one is known to be elsewhere.
func (p *places) bind(axes []int, at []int64, f func()) {
	if len(axes) == 0 {
		f()
		return
	}
	a := axes[0]
	switch was := p.at[a]; was {
	case -1:
		p.at[a] = at[0]
		p.bind(axes[1:], at[1:], f)
		p.at[a] = -1
	case at[0]:
		p.bind(axes[1:], at[1:], f)
	}
}

// solve calls f with every choice of positions for which the terms add up to a sum.
func (p *places) solve(terms []step, sum int64, f func()) {
	if len(terms) == 0 {
		if sum == 0 {
			f()
		}
		return
	}
	s := &terms[0]
	if was := p.at[s.axis]; was >= 0 {
		p.solve(terms[1:], sum-s.coef*was, f)
		return
	}
	lo, hi := int64(0), s.extent-1
	if s.coef != 0 { // sum - coef*x is from restLo to restHi
		from, to := sum-s.restHi, sum-s.restLo
		if s.coef < 0 {
			from, to = -to, -from
		}
		c := magnitude(s.coef)
		lo, hi = max(lo, -floorDiv(-from, c)), min(hi, floorDiv(to, c))
	}
	for x := lo; x <= hi; x++ {
		p.at[s.axis] = x
		p.solve(terms[1:], sum-s.coef*x, f)
	}
	p.at[s.axis] = -1
}

func floorDiv(x, y int64) int64 {
	q := x / y
	if x%y < 0 {
		q--
	}
	return q
}

// data looks at positions that are data: for every coordinate, where it is asked for.
func (x *mover) data(r *moved, e *ir.Expr) (position, error) {
	axes, _ := x.m.positions(e)
	p := position{data: map[int64][][]int64{}}
	extents := make([]int64, len(x.m.k.Axes))
	for n := range extents {
		var err error
		if extents[n], err = x.dim(x.m.k.Axes[n].Extent); err != nil {
			return p, err
		}
	}
	for _, a := range axes {
		p.axes = append(p.axes, slices.Index(r.axes, a))
	}
	domain := x.m.asked.Domain(&x.m.asked.Stmts[0])
	if slices.ContainsFunc(domain, func(a int) bool { return extents[a] == 0 }) {
		return p, nil
	}
	v := &values{x: x, pos: make([]int64, len(extents))}
	for {
		c := int64(v.of(e))
		if v.err != nil {
			return p, v.err
		}
		if v.fault != nil {
			for _, a := range domain {
				v.fault.Position = v.fault.Position*extents[a] + v.pos[a]
			}
			return p, v.fault
		}
		at := make([]int64, len(axes))
		for n, a := range axes {
			at[n] = v.pos[a]
		}
		p.data[c] = append(p.data[c], at)
		n := len(axes) - 1
		for ; n >= 0; n-- {
			a := axes[n]
			if v.pos[a]++; v.pos[a] < extents[a] {
				break
			}
			v.pos[a] = 0
		}
		if n < 0 {
			return p, nil
		}
	}
}

// values evaluates positions that are data, one at a time.
type values struct {
	x     *mover
	pos   []int64 // by axis
	err   error
	fault *lower.Fault // the first one
}

func (v *values) of(e *ir.Expr) uint64 {
	switch e.Kind {
	case ir.Const:
		return e.Bits
	case ir.AxisPos:
		return ir.EvalOp(ir.OpCast, e.DType, []ir.DType{ir.Int64}, []uint64{uint64(v.pos[e.N])})
	case ir.DimValue:
		return ir.EvalOp(ir.OpCast, e.DType, []ir.DType{ir.Int64}, []uint64{uint64(v.number(e.Dim))})
	case ir.Load:
		return v.element(e.Access)
	case ir.Checked:
		limit := v.number(v.x.m.asked.Faults[e.N].Limit)
		asked := int64(v.of(e.Args[0]))
		c := asked
		if c < 0 {
			c += limit
		}
		if (c < 0 || c >= limit) && v.fault == nil {
			v.fault = &lower.Fault{Number: e.N, Value: asked, Limit: limit}
			c = 0
		}
		return uint64(c)
	}
	args, ds := make([]uint64, len(e.Args)), make([]ir.DType, len(e.Args))
	for i, a := range e.Args {
		args[i], ds[i] = v.of(a), a.DType
	}
	return ir.EvalOp(e.Op, e.DType, ds, args)
}

func (v *values) number(d ir.Dim) int64 {
	n, err := v.x.dim(d)
	if err != nil && v.err == nil {
		v.err = err
	}
	return n
}

// element returns an element of a dense operand.
func (v *values) element(a *ir.Access) uint64 {
	x := &v.x.out.Arrays[a.Operand]
	at := x.Offset
	for d, i := range a.Index {
		p := v.number(i.Const)
		for _, t := range i.Terms {
			p += v.number(t.Coef) * v.pos[t.Axis]
		}
		if p < 0 || p >= x.Extents[d] {
			v.err = fmt.Errorf("position %d of axis %d of %s, which has %d", p, d, v.x.m.asked.Operands[a.Operand].Name, x.Extents[d])
			return 0
		}
		at += p * x.Strides[d]
	}
	return element(x.Buf.(*lower.Host), x.DType, at)
}
