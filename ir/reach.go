package ir

import (
	"fmt"
	"slices"
)

// Box is a range of positions along every axis of an array: Lo[d] <= p[d] < Hi[d].
type Box struct{ Lo, Hi []int64 }

// Empty reports whether the box has no position.
func (b Box) Empty() bool {
	for d := range b.Lo {
		if b.Hi[d] <= b.Lo[d] {
			return true
		}
	}
	return false
}

// Size returns the number of positions.
func (b Box) Size() int64 {
	n := int64(1)
	for d := range b.Lo {
		n *= max(b.Hi[d]-b.Lo[d], 0)
	}
	return n
}

// Contains reports whether every position of c is one of b.
func (b Box) Contains(c Box) bool {
	if c.Empty() {
		return true
	}
	for d := range b.Lo {
		if c.Lo[d] < b.Lo[d] || c.Hi[d] > b.Hi[d] {
			return false
		}
	}
	return true
}

// Reach tells which positions of its operands a kernel touches when its axes are bounded:
// what a task on a part of the axes needs of arrays that are elsewhere. It is safe for
// many goroutines.
type Reach struct {
	dims     []string
	axes     []reachAxis
	operands []reachOperand
}

type reachAxis struct {
	extent        reachDim
	from          int
	before, after reachDim
}

type reachOperand struct {
	shape    []reachDim
	accesses [][]reachIndex
	seen     []*Access
}

// reachIndex is an affine index; any: values or a count give it.
type reachIndex struct {
	any   bool
	terms []reachTerm
	base  reachDim
	div   reachDim
}

type reachTerm struct {
	axis int
	coef reachDim
}

// reachDim is a polynomial of a kernel's dims, for evaluation without look-ups by name.
type reachDim struct {
	n     int64
	terms []reachMono // nil: n
}

type reachMono struct {
	coef int64
	dims []int
}

func (d *reachDim) eval(dims []int64) int64 {
	sum := d.n
	for _, t := range d.terms {
		p := t.coef
		for _, i := range t.dims {
			p *= dims[i]
		}
		sum += p
	}
	return sum
}

// NewReach reads the accesses of a verified kernel.
func NewReach(k *Kernel) *Reach {
	r := &Reach{dims: k.Dims}
	for _, a := range k.Axes {
		r.axes = append(r.axes, reachAxis{r.dim(a.Extent), a.From, r.dim(a.Before), r.dim(a.After)})
	}
	r.operands = make([]reachOperand, len(k.Operands))
	for i, o := range k.Operands {
		for _, d := range o.Shape {
			r.operands[i].shape = append(r.operands[i].shape, r.dim(d))
		}
	}
	for i := range k.Stmts {
		for t := range k.Stmts[i].Targets {
			r.add(&k.Stmts[i].Targets[t], k.Stmts[i].Sink == Append)
		}
	}
	k.VisitExprs(func(e *Expr) {
		if e.Access != nil {
			r.add(e.Access, false)
		}
	})
	return r
}

func (r *Reach) dim(d Dim) reachDim {
	if n, ok := d.Const(); ok {
		return reachDim{n: n}
	}
	out := reachDim{}
	d.Monomials(func(coef int64, symbols []string) {
		m := reachMono{coef: coef}
		for _, s := range symbols {
			m.dims = append(m.dims, slices.Index(r.dims, s))
		}
		out.terms = append(out.terms, m)
	})
	return out
}

// add notes an access; counted says that its index is a count, not an axis's position.
func (r *Reach) add(a *Access, counted bool) {
	o := &r.operands[a.Operand]
	if !counted && slices.ContainsFunc(o.seen, a.equal) {
		return
	}
	o.seen = append(o.seen, a)
	var out []reachIndex
	for _, x := range a.Index {
		y := reachIndex{any: counted || x.Value != nil, base: r.dim(x.Const), div: r.dim(x.Div)}
		for _, t := range x.Terms {
			y.terms = append(y.terms, reachTerm{t.Axis, r.dim(t.Coef)})
		}
		out = append(out, y)
	}
	o.accesses = append(o.accesses, out)
}

// Axis returns the extent of an axis.
func (r *Reach) Axis(axis int, dims []int64) int64 { return r.axes[axis].extent.eval(dims) }

// Shape returns the extents of an operand that is not local.
func (r *Reach) Shape(operand int, dims []int64) []int64 {
	out := make([]int64, len(r.operands[operand].shape))
	for d := range out {
		out[d] = r.operands[operand].shape[d].eval(dims)
	}
	return out
}

// Of sets b to the smallest box that holds every position of an operand that may be
// touched while axes that follow no other are in lo to hi. Positions outside the operand,
// which guards keep from being touched, are left out.
func (r *Reach) Of(operand int, dims, lo, hi []int64, b *Box) error {
	if len(dims) != len(r.dims) || len(lo) != len(r.axes) || len(hi) != len(r.axes) {
		return fmt.Errorf("ir: %d dims and %d, %d bounds for %d and %d axes", len(dims), len(lo), len(hi), len(r.dims), len(r.axes))
	}
	o := &r.operands[operand]
	rank := len(o.shape)
	b.Lo, b.Hi = append(b.Lo[:0], make([]int64, rank)...), append(b.Hi[:0], make([]int64, rank)...)
	none := true
	for _, access := range o.accesses {
		var box [2][16]int64
		first, last := append(box[0][:0], b.Lo...), append(box[1][:0], b.Hi...)
		empty := false
		for d := range access {
			n := o.shape[d].eval(dims)
			from, to := r.span(&access[d], n, dims, lo, hi)
			if from, to = max(from, 0), min(to, n); from >= to {
				empty = true
			}
			first[d], last[d] = from, to
		}
		switch {
		case empty:
		case none:
			copy(b.Lo, first)
			copy(b.Hi, last)
			none = false
		default:
			for d := range first {
				b.Lo[d], b.Hi[d] = min(b.Lo[d], first[d]), max(b.Hi[d], last[d])
			}
		}
	}
	return nil
}

// span returns the positions that an index takes along an axis of extent n.
func (r *Reach) span(x *reachIndex, n int64, dims, lo, hi []int64) (from, to int64) {
	if x.any {
		return 0, n
	}
	from = x.base.eval(dims)
	to = from
	for i := range x.terms {
		t := &x.terms[i]
		c, a := t.coef.eval(dims), t.axis
		first, last := lo[a], hi[a]-1
		if y := &r.axes[a]; y.from >= 0 {
			first, last = lo[y.from]+y.before.eval(dims), hi[y.from]+y.after.eval(dims)-1
		}
		if last < first && c != 0 {
			return 0, 0
		}
		if c < 0 {
			first, last = last, first
		}
		from, to = from+c*first, to+c*last
	}
	if d := x.div.eval(dims); d > 0 {
		from, to = -floorDiv(-from, d), floorDiv(to, d) // quotients that are exact
	}
	return from, to + 1
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
