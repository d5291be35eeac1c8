package ir

import (
	"fmt"
	"slices"
)

// KernelPart is one of the kernels that another was cut into, and what its parts are of
// the whole: its operand i is the whole's operand Operands[i], and so on.
type KernelPart struct {
	Kernel                        *Kernel
	Operands, Axes, Dims, Scalars []int
}

// CutAt cuts a kernel before statement n, counted from 0, into one that runs first and
// one that runs second. A local written in the first and used in the second becomes an
// output there and an input here: a buffer, in the format of the operand that it was
// written over. Cutting changes no bit.
func (k *Kernel) CutAt(n int) (first, second *KernelPart, err error) {
	if n <= 0 || n >= len(k.Stmts) {
		return nil, nil, fmt.Errorf("ir: kernel %s has no place %d to cut between its %d statements", k.Name, n, len(k.Stmts))
	}
	a, b := newPart(k, k.Stmts[:n]), newPart(k, k.Stmts[n:])
	a.operands, b.operands = slices.Clone(k.Operands), slices.Clone(k.Operands)
	for o := range k.Operands {
		if err := cutOperand(k, o, a, b); err != nil {
			return nil, nil, fmt.Errorf("ir: kernel %s cut at statement %d: %w", k.Name, n, err)
		}
	}
	return a.build("_a"), b.build("_b"), nil
}

// cutOperand sets what operand o is in the two parts.
func cutOperand(k *Kernel, o int, a, b *partBuilder) error {
	if !a.written[o] || !b.uses(o) {
		return nil // what a part does not use, it drops
	}
	first, second := &a.operands[o], &b.operands[o]
	if first.Role == Local {
		first.Role = Out
		if err := a.bufferFormat(o, first); err != nil {
			return err
		}
	}
	second.Role, second.Format, second.Like = In, first.Format, -1
	if b.written[o] {
		second.Role = InOut
	}
	// Positions of a footprint start before 0, those of a buffer do not.
	for i := range k.Stmts {
		for _, t := range k.Stmts[i].Targets {
			for d, x := range t.Index {
				if t.Operand == o && x.isAxis() && k.Axes[x.Terms[0].Axis].From >= 0 {
					from := k.Axes[x.Terms[0].Axis].Before.Mul(N(-1))
					a.shift[place{o, d}], b.shift[place{o, d}] = from, from
				}
			}
		}
	}
	return nil
}

// bufferFormat gives a local that becomes a buffer the format of what it is written over.
func (p *partBuilder) bufferFormat(o int, buffer *Operand) error {
	for i := range p.stmts {
		s := &p.stmts[i]
		if s.Over == nil {
			continue
		}
		for _, t := range s.Targets {
			if t.Operand != o {
				continue
			}
			over := p.whole.Operands[s.Over.Operand]
			n := len(s.Over.Index)
			for d, x := range s.Over.Index {
				if !x.Equal(t.Index[d]) {
					return fmt.Errorf("%s does not have the axes of %s first, over which it is written", buffer.Name, over.Name)
				}
			}
			if n < len(over.Shape) && over.Format.Levels[n] == LevelSingleton {
				return fmt.Errorf("the first %d levels of %s may list a position twice", n, over.Name)
			}
			f := &Format{Levels: slices.Clone(over.Format.Levels[:n])}
			for len(f.Levels) < len(buffer.Shape) {
				f.Levels = append(f.Levels, LevelDense)
			}
			if len(buffer.Shape) == len(over.Shape) && n == len(over.Shape) {
				f.Axes, buffer.Like = over.Format.Axes, s.Over.Operand
			}
			buffer.Format = f
		}
	}
	return nil
}

// place is an axis of an operand.
type place struct{ operand, axis int }

// partBuilder copies some statements of a kernel, with the operands, axes, dims and
// scalars that they use renumbered.
type partBuilder struct {
	whole         *Kernel
	stmts         []Stmt
	operands      []Operand // as they are in the part
	written, read []bool    // per operand
	axis, scalar  []int     // new numbers, -1: unused
	operand       []int
	fault         []int
	shift         map[place]Dim // what is added to indices
	b             *Builder
	done          map[*Expr]*Expr
	part          KernelPart
}

func newPart(k *Kernel, stmts []Stmt) *partBuilder {
	p := &partBuilder{
		whole: k, stmts: stmts, written: make([]bool, len(k.Operands)), read: make([]bool, len(k.Operands)),
		shift: map[place]Dim{}, b: NewBuilder(), done: map[*Expr]*Expr{},
	}
	for i := range stmts {
		s := &stmts[i]
		for _, t := range s.Targets {
			p.written[t.Operand] = true
		}
		if s.Over != nil {
			p.read[s.Over.Operand] = true
		}
		s.VisitExprs(func(e *Expr) {
			if e.Access != nil {
				p.read[e.Access.Operand] = true
			}
		})
	}
	return p
}

func (p *partBuilder) uses(operand int) bool { return p.written[operand] || p.read[operand] }

// build returns the part; suffix tells its name from that of the whole.
func (p *partBuilder) build(suffix string) *KernelPart {
	k := &Kernel{Name: p.whole.Name + suffix}
	p.part.Kernel = k
	p.keepOperands(k)
	p.keepAxes(k)
	p.keepScalars(k)
	for i := range p.stmts {
		k.Stmts = append(k.Stmts, p.stmt(&p.stmts[i]))
	}
	used := map[string]bool{}
	k.VisitDims(func(d Dim) { d.Symbols(func(s string) { used[s] = true }) })
	for i, name := range p.whole.Dims {
		if used[name] {
			k.Dims = append(k.Dims, name)
			p.part.Dims = append(p.part.Dims, i)
		}
	}
	return &p.part
}

func (p *partBuilder) keepOperands(k *Kernel) {
	p.operand = make([]int, len(p.operands))
	for i, o := range p.operands {
		p.operand[i] = -1
		if !p.uses(i) && !p.isPattern(i) {
			continue
		}
		if o.Role == InOut && !p.written[i] {
			o.Role = In
		}
		p.operand[i] = len(k.Operands)
		k.Operands = append(k.Operands, o)
		p.part.Operands = append(p.part.Operands, i)
	}
	for i := range k.Operands {
		if o := &k.Operands[i]; o.Like >= 0 {
			o.Like = p.operand[o.Like]
		}
	}
}

// isPattern reports whether an operand of the part shares operand i's pattern.
func (p *partBuilder) isPattern(i int) bool {
	for j, o := range p.operands {
		if o.Like == i && p.uses(j) {
			return true
		}
	}
	return false
}

func (p *partBuilder) keepAxes(k *Kernel) {
	used := make([]bool, len(p.whole.Axes))
	for i := range p.stmts {
		for _, a := range p.whole.Domain(&p.stmts[i]) {
			used[a] = true
			if from := p.whole.Axes[a].From; from >= 0 {
				used[from] = true
			}
		}
	}
	p.axis = make([]int, len(used))
	for i, a := range p.whole.Axes {
		p.axis[i] = -1
		if !used[i] {
			continue
		}
		p.axis[i] = len(k.Axes)
		if a.From >= 0 {
			a.From = p.axis[a.From]
		}
		k.Axes = append(k.Axes, a)
		p.part.Axes = append(p.part.Axes, i)
	}
}

// keepScalars numbers the scalars and faults that the values use, in their old order.
func (p *partBuilder) keepScalars(k *Kernel) {
	scalars, faults := make([]bool, len(p.whole.Scalars)), make([]bool, len(p.whole.Faults))
	for i := range p.stmts {
		p.stmts[i].VisitExprs(func(e *Expr) {
			switch e.Kind {
			case ScalarIn:
				scalars[e.N] = true
			case Checked:
				faults[e.N] = true
			}
		})
	}
	p.scalar, p.fault = make([]int, len(scalars)), make([]int, len(faults))
	for i, used := range scalars {
		if used {
			p.scalar[i] = len(k.Scalars)
			k.Scalars = append(k.Scalars, p.whole.Scalars[i])
			p.part.Scalars = append(p.part.Scalars, i)
		}
	}
	for i, used := range faults {
		if used {
			p.fault[i] = len(k.Faults)
			k.Faults = append(k.Faults, p.whole.Faults[i])
		}
	}
}

func (p *partBuilder) stmt(s *Stmt) Stmt {
	out := *s
	out.Targets, out.Args, out.Axes = nil, nil, nil
	for i := range s.Targets {
		out.Targets = append(out.Targets, *p.access(&s.Targets[i]))
	}
	for _, e := range s.Args {
		out.Args = append(out.Args, p.expr(e))
	}
	for _, a := range s.Axes {
		out.Axes = append(out.Axes, p.axis[a])
	}
	if s.Over != nil {
		out.Over = p.access(s.Over)
	}
	return out
}

func (p *partBuilder) access(a *Access) *Access {
	out := &Access{Operand: p.operand[a.Operand]}
	for d, x := range a.Index {
		y := p.index(x)
		switch shift, ok := p.shift[place{a.Operand, d}]; {
		case !ok:
		case y.Value != nil:
			y.Value = p.b.Apply(OpAdd, y.Value, p.b.DimValue(Int64, shift))
		case !y.Div.Is(0):
			y.Const = y.Const.Add(shift.Mul(y.Div))
		default:
			y.Const = y.Const.Add(shift)
		}
		out.Index = append(out.Index, y)
	}
	return out
}

func (p *partBuilder) index(x Index) Index {
	out := x
	out.Terms = nil
	for _, t := range x.Terms {
		out.Terms = append(out.Terms, Term{p.axis[t.Axis], t.Coef})
	}
	if x.Value != nil {
		out.Value = p.expr(x.Value)
	}
	return out
}

func (p *partBuilder) expr(e *Expr) *Expr {
	if r := p.done[e]; r != nil {
		return r
	}
	c := *e
	c.Args, c.Ranges = nil, nil
	for _, a := range e.Args {
		c.Args = append(c.Args, p.expr(a))
	}
	for _, r := range e.Ranges {
		c.Ranges = append(c.Ranges, Range{p.index(r.At), r.Extent})
	}
	if e.Access != nil {
		c.Access = p.access(e.Access)
	}
	switch e.Kind {
	case AxisPos:
		c.N = p.axis[e.N]
	case ScalarIn:
		c.N = p.scalar[e.N]
	case Checked:
		c.N = p.fault[e.N]
	}
	r := p.b.Intern(&c)
	p.done[e] = r
	return r
}
