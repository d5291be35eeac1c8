package ir

import (
	"errors"
	"fmt"
	"slices"
)

// reads checks what a statement loads: outputs and locals after they are written, and
// what the statement itself writes only in place.
func (v *kernelVerifier) reads(s *Stmt) error {
	var err error
	s.VisitExprs(func(e *Expr) {
		if e.Kind != Load || err != nil {
			return
		}
		o := v.k.Operands[e.Access.Operand]
		switch st := &v.state[e.Access.Operand]; {
		case o.Role == In:
		case o.Role == InOut && *st == untouched:
			err = v.readsInPlace(e.Access)
		case *st == untouched:
			err = fmt.Errorf("reads %s, which nothing wrote yet", o.Name)
		case *st == appended:
			err = fmt.Errorf("reads %s, of which only the program knows how much was appended", o.Name)
		default:
			*st = readSince
		}
	})
	return err
}

// readsInPlace checks a load of what an inout operand came with: the kernel may write
// the operand only by stores at the same index, so that a store never changes what a
// load of another tile sees.
func (v *kernelVerifier) readsInPlace(a *Access) error {
	for i := range v.k.Stmts {
		s := &v.k.Stmts[i]
		for j := range s.Targets {
			if t := &s.Targets[j]; t.Operand == a.Operand && (s.Sink != Store || !t.equal(a)) {
				return fmt.Errorf("reads an element of %s that is not the one it stores", v.k.Operands[a.Operand].Name)
			}
		}
	}
	return nil
}

// writes checks that every element of the targets is written once.
func (v *kernelVerifier) writes(s *Stmt, domain []int) error {
	k := v.k
	for i := range s.Targets {
		t := &s.Targets[i]
		o := k.Operands[t.Operand]
		axes := domain
		switch {
		case s.Sink == Reduce, s.Sink == Scan && i == 1:
			axes = domain[:len(domain)-len(s.Axes)]
		}
		if err := v.mayWrite(s, i); err != nil {
			return fmt.Errorf("%s: %w", o.Name, err)
		}
		for j, x := range t.Index {
			if x.Value != nil && s.Sink != Scatter {
				return fmt.Errorf("%s: index %d is a value; only a scatter writes there", o.Name, j)
			}
			if !x.Div.Is(0) {
				return fmt.Errorf("%s: exact division in what is written", o.Name)
			}
		}
		switch s.Sink {
		case Scatter:
			if err := v.scatterAxes(s, t); err != nil {
				return err
			}
			v.state[t.Operand] = scattered
			continue
		case Append:
			v.state[t.Operand] = appended
			continue
		}
		for _, a := range t.Axes() {
			if !slices.Contains(axes, a) {
				return fmt.Errorf("%s: axis %s is reduced, and an index of the target", o.Name, k.Axes[a].Name)
			}
		}
		if !k.injective(t, axes) {
			return fmt.Errorf("%s: two positions may write one element", o.Name)
		}
		for _, other := range v.written[t.Operand] {
			if !disjoint(t, other) {
				return fmt.Errorf("%s: an element may be written twice", o.Name)
			}
		}
		v.written[t.Operand] = append(v.written[t.Operand], t)
		v.state[t.Operand] = stored
	}
	return nil
}

// mayWrite checks target i of a statement against the role of its operand and what
// happened to it.
func (v *kernelVerifier) mayWrite(s *Stmt, i int) error {
	t := s.Targets[i].Operand
	role, state := v.k.Operands[t].Role, v.state[t]
	switch {
	case role == In:
		return errors.New("writes an input")
	case state == readSince || state == appended:
		return errors.New("written again after it was used")
	case s.Sink == Scatter && role != InOut && state != stored && state != scattered:
		return errors.New("nothing to scatter into: neither inout nor stored before")
	case s.Sink == Scan && i == 1 && role != InOut:
		return errors.New("carried state must be inout")
	case s.Sink != Scatter && state == scattered:
		return errors.New("stored after a scatter")
	case role == InOut && s.Sink != Store && s.Sink != Scatter && !(s.Sink == Scan && i == 1):
		return errors.New("an inout operand is stored to, scattered into or carried")
	case s.Sink == Append && (role != Out || v.written[t] != nil):
		return errors.New("append needs an output of its own")
	}
	return nil
}

// scatterAxes checks that positions which run in parallel scatter to different elements:
// an axis inside a target's value is one that the scatter is ordered along, or an index too.
func (v *kernelVerifier) scatterAxes(s *Stmt, t *Access) error {
	var kept []int
	for _, a := range v.k.Domain(s) {
		if !slices.Contains(s.Axes, a) {
			kept = append(kept, a)
		}
	}
	affine := Access{Operand: t.Operand}
	for _, x := range t.Index {
		if x.Value == nil {
			affine.Index = append(affine.Index, x)
		}
	}
	if !v.k.injective(&affine, kept) {
		return fmt.Errorf("%s: positions off the scatter's axes may write one element", v.k.Operands[t.Operand].Name)
	}
	return nil
}

// whole checks what only the end of the kernel shows.
func (v *kernelVerifier) whole() error {
	for i, o := range v.k.Operands {
		if o.Role == Out && v.state[i] == untouched {
			return fmt.Errorf("nothing writes output %s", o.Name)
		}
	}
	for n, used := range v.usedFaults {
		if !used {
			return fmt.Errorf("no chk has number %d", n)
		}
	}
	return nil
}

// disjoint reports whether two accesses never meet: somewhere both have a number, and
// not the same.
func disjoint(a, b *Access) bool {
	for i, x := range a.Index {
		y := b.Index[i]
		if x.Terms != nil || y.Terms != nil || x.Value != nil || y.Value != nil {
			continue
		}
		if d, ok := x.Const.Sub(y.Const).Const(); ok && d != 0 {
			return true
		}
	}
	return false
}

// injective reports whether different positions on the axes give different elements, as
// far as affine indices show: an axis alone in an index is told by it, and so are axes
// whose coefficients are a mixed radix (i*N + j with j < N).
func (k *Kernel) injective(a *Access, axes []int) bool {
	open := slices.Clone(axes)
	for progress := true; progress && len(open) > 0; {
		progress = false
		for _, x := range a.Index {
			var terms []Term
			for _, t := range x.Terms {
				if slices.Contains(open, t.Axis) {
					terms = append(terms, t)
				}
			}
			if len(terms) > 0 && k.mixedRadix(terms, N(1), true) {
				progress = true
				open = slices.DeleteFunc(open, func(a int) bool {
					return slices.ContainsFunc(terms, func(t Term) bool { return t.Axis == a })
				})
			}
		}
	}
	return len(open) == 0
}

// maxRadix bounds the axes that one index is split into.
const maxRadix = 6

// mixedRadix reports whether terms can be ordered so that each coefficient is at least
// the span of those before it, which is at first 1.
func (k *Kernel) mixedRadix(terms []Term, span Dim, first bool) bool {
	if len(terms) == 0 {
		return true
	}
	if len(terms) > maxRadix {
		return false
	}
	for i, t := range terms {
		c := abs(t.Coef)
		if !first && !atLeast(c, span) {
			continue
		}
		rest := slices.Delete(slices.Clone(terms), i, i+1)
		if k.mixedRadix(rest, c.Mul(k.Axes[t.Axis].Extent), false) {
			return true
		}
	}
	return false
}

// atLeast reports whether c >= span shows: both are numbers, or c is a multiple of span.
func atLeast(c, span Dim) bool {
	n, ok := c.Const()
	m, ok2 := span.Const()
	if ok && ok2 {
		return n >= m
	}
	_, multiple := c.Div(span)
	return multiple
}

// abs returns d or -d, whichever has a positive first coefficient.
func abs(d Dim) Dim {
	if d.terms()[0].coef < 0 {
		return d.Mul(N(-1))
	}
	return d
}
