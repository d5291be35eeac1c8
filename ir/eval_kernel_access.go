package ir

import "fmt"

// affinePos is an affine index with its dims as numbers.
type affinePos struct {
	base int64
	coef []int64 // per axis of the kernel
	div  int64   // not 0: exact division
}

func (v *kernelEval) affine(x Index) (affinePos, error) {
	a := affinePos{coef: make([]int64, len(v.k.Axes))}
	var err error
	if a.base, err = v.dim(x.Const); err != nil {
		return a, err
	}
	for _, t := range x.Terms {
		if a.coef[t.Axis], err = v.dim(t.Coef); err != nil {
			return a, err
		}
	}
	if !x.Div.Is(0) {
		if a.div, err = v.dim(x.Div); err == nil && a.div <= 0 {
			err = fmt.Errorf("exact division by %d", a.div)
		}
	}
	return a, err
}

// ends returns the smallest and largest value over the kernel's bounds; last is below
// first when there is none.
func (a *affinePos) ends(v *kernelEval) (first, last int64) {
	first, last = a.base, a.base
	for axis, c := range a.coef {
		switch {
		case c == 0:
		case v.hi[axis] <= v.lo[axis]:
			return 0, -1
		case c > 0:
			first, last = first+c*v.lo[axis], last+c*(v.hi[axis]-1)
		default:
			first, last = first+c*(v.hi[axis]-1), last+c*v.lo[axis]
		}
	}
	return first, last
}

// strip is a run of positions of the domain: at along one axis, ascending, pos elsewhere.
type strip struct {
	pos  []int64 // per axis; that of the strip's own axis means nothing
	axis int     // -1: the one position pos
	at   []int64 // len 1 when axis is -1
}

// line returns the index along the strip as from + step*at.
func (a *affinePos) line(s *strip) (from, step int64) {
	from = a.base
	for axis, c := range a.coef {
		if axis == s.axis {
			step = c
		} else if c != 0 {
			from += c * s.pos[axis]
		}
	}
	return from, step
}

// value returns the index at one place of a strip, false when the division is not exact.
func (a *affinePos) value(from, step, at int64) (int64, bool) {
	n := from + step*at
	if a.div == 0 {
		return n, true
	}
	return n / a.div, n%a.div == 0
}

// accessEval finds the elements of an operand.
type accessEval struct {
	mem    *kernelMem
	name   string
	affine []affinePos // per axis of the operand; unused where values is set
	values []*bodyEval // per axis: nil, or the values that are positions
	at     []int64     // element numbers of a strip
	drop   []bool      // which of them are none: a value was -1
}

// newAccess resolves an access; body compiles the values in its indices.
func (v *kernelEval) newAccess(a *Access, body func(roots ...*Expr) (*bodyEval, error)) (*accessEval, error) {
	e := &accessEval{mem: &v.mem[a.Operand], name: v.k.Operands[a.Operand].Name}
	for _, x := range a.Index {
		var p affinePos
		var b *bodyEval
		var err error
		if x.Value != nil {
			b, err = body(x.Value)
		} else {
			p, err = v.affine(x)
		}
		if err != nil {
			return nil, err
		}
		e.affine, e.values = append(e.affine, p), append(e.values, b)
	}
	return e, nil
}

// locate returns the element numbers along a strip. A position outside the operand is an
// error, but a value of -1 drops the element where drops is set.
func (e *accessEval) locate(s *strip, drops bool) ([]int64, error) {
	n := len(s.at)
	e.at, e.drop = grow(e.at, n), grow(e.drop, n)
	clear(e.drop)
	from, step := e.mem.offset, int64(0) // of the plain indices together
	for d := range e.affine {
		if e.values[d] != nil || e.affine[d].div != 0 {
			continue
		}
		f, st := e.affine[d].line(s)
		if n > 0 && (!e.inside(d, f+st*s.at[0]) || !e.inside(d, f+st*s.at[n-1])) {
			return nil, fmt.Errorf("%s: positions %d to %d on axis %d of extent %d", e.name, f+st*s.at[0], f+st*s.at[n-1], d, e.mem.extents[d])
		}
		from, step = from+f*e.mem.strides[d], step+st*e.mem.strides[d]
	}
	for i, t := range s.at {
		e.at[i] = from + step*t
	}
	for d := range e.affine {
		if err := e.addSpecial(d, s, drops); err != nil {
			return nil, err
		}
	}
	for i, o := range e.at {
		if !e.drop[i] && (o < 0 || o >= int64(len(e.mem.elems))) {
			return nil, fmt.Errorf("%s: element %d of %d in memory", e.name, o, len(e.mem.elems))
		}
	}
	return e.at, nil
}

// addSpecial adds the share of index d where it is a value or an exact quotient.
func (e *accessEval) addSpecial(d int, s *strip, drops bool) error {
	var value func(i int) (int64, bool)
	switch a := &e.affine[d]; {
	case e.values[d] != nil:
		out, err := e.values[d].eval(s)
		if err != nil {
			return err
		}
		value = func(i int) (int64, bool) { return int64(out[0][i]), true }
	case a.div != 0:
		from, step := a.line(s)
		value = func(i int) (int64, bool) { return a.value(from, step, s.at[i]) }
	default:
		return nil
	}
	for i := range s.at {
		p, ok := value(i)
		if drops && p == -1 {
			e.drop[i] = true
			continue
		}
		if !ok || !e.inside(d, p) {
			return fmt.Errorf("%s: position %d on axis %d of extent %d", e.name, p, d, e.mem.extents[d])
		}
		e.at[i] += p * e.mem.strides[d]
	}
	return nil
}

func (e *accessEval) inside(d int, p int64) bool {
	p -= e.mem.origin[d]
	return 0 <= p && p < e.mem.extents[d]
}

// grow returns a slice of length n, s itself where it is long enough.
func grow[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}
