package ir

// CheckPositions returns a kernel with the same results in which the positions that hang
// on conditions are looked at when they are used, as positions that are data are. A target
// runs it in the place of k where it cannot prove before a run that the conditions keep
// positions inside their arrays. It returns nil when no condition guards any.
func (k *Kernel) CheckPositions() *Kernel {
	c := *k
	p := &positionChecker{k: &c, b: NewBuilder(), done: map[guardedExpr]*Expr{}}
	c.Faults = append([]Fault(nil), k.Faults...)
	c.Stmts = make([]Stmt, len(k.Stmts))
	for i, s := range k.Stmts {
		s.Targets, s.Args = append([]Access(nil), s.Targets...), append([]*Expr(nil), s.Args...)
		for t := range s.Targets {
			s.Targets[t].Index = append([]Index(nil), s.Targets[t].Index...)
			for d, x := range s.Targets[t].Index {
				if x.Value != nil {
					s.Targets[t].Index[d].Value = p.expr(x.Value, false)
				}
			}
		}
		for a, e := range s.Args {
			s.Args[a] = p.expr(e, false)
		}
		c.Stmts[i] = s
	}
	if len(c.Faults) == len(k.Faults) {
		return nil
	}
	return &c
}

type positionChecker struct {
	k    *Kernel
	b    *Builder
	done map[guardedExpr]*Expr
}

// guardedExpr is a value, and whether it is computed in a branch of a pick.
type guardedExpr struct {
	e       *Expr
	guarded bool
}

func (p *positionChecker) expr(e *Expr, guarded bool) *Expr {
	if r := p.done[guardedExpr{e, guarded}]; r != nil {
		return r
	}
	inside := guarded || e.Kind == Pick
	r := p.b.MapOperands(e, func(a *Expr) *Expr { return p.expr(a, inside) })
	if guarded && e.Kind == Load {
		r = p.load(r)
	}
	p.done[guardedExpr{e, guarded}] = r
	return r
}

// load checks the positions of a load that are computed from axes.
func (p *positionChecker) load(e *Expr) *Expr {
	o := &p.k.Operands[e.Access.Operand]
	index := make([]Index, len(e.Access.Index))
	for d, x := range e.Access.Index {
		index[d] = x
		if x.Value != nil || x.wholeAxis(p.k, o.Shape[d]) {
			continue
		}
		p.k.Faults = append(p.k.Faults, Fault{What: "guarded position", Limit: o.Shape[d]})
		index[d] = AtValue(p.b.Checked(p.b.Position(x), len(p.k.Faults)-1))
	}
	return p.b.Load(e.DType, e.Access.Operand, index...)
}

// wholeAxis reports whether an index is an axis of so many positions.
func (x Index) wholeAxis(k *Kernel, extent Dim) bool {
	return x.isAxis() && k.Axes[x.Terms[0].Axis].Extent == extent && k.Axes[x.Terms[0].Axis].From < 0
}
