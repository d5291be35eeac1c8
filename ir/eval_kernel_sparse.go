package ir

import "slices"

// Sparse operands are evaluated as dense arrays that hold their fill where nothing is
// stored, and beside it which elements are. What is not stored is structural: in a
// product it annihilates NaN and infinity too, a stored order leaves it out, and an
// output stores what its operands' patterns give.

// pattern says where a value is not its fill.
type pattern struct {
	kind patternKind
	at   *Expr // somewhere: a bool
}

type patternKind uint8

const (
	nowhere    patternKind = iota // a constant: all of it is its fill
	somewhere                     // where at holds
	everywhere                    // dense
)

// pattern returns where e is not its fill.
func (v *kernelEval) pattern(b *Builder, e *Expr) pattern {
	switch e.Kind {
	case Const, DimValue, ScalarIn:
		return pattern{kind: nowhere}
	case Load:
		if v.mem[e.Access.Operand].stored != nil {
			return pattern{somewhere, b.Intern(&Expr{Kind: Stored, DType: Bool, Access: e.Access})}
		}
	case Pick:
		then, els := v.pattern(b, e.Args[0]), v.pattern(b, e.Args[1])
		if then.kind == els.kind && then.kind != somewhere {
			return then
		}
		return pattern{somewhere, b.Pick(e.Ranges, then.bool(b), els.bool(b))}
	case Apply:
		return v.applyPattern(b, e)
	}
	return pattern{kind: everywhere}
}

// bool returns the pattern as a bool.
func (p pattern) bool(b *Builder) *Expr {
	if p.kind == somewhere {
		return p.at
	}
	return b.Const(Bool, bitsBool(p.kind == everywhere))
}

func (v *kernelEval) applyPattern(b *Builder, e *Expr) pattern {
	if at := v.annihilated(b, e); at != nil {
		return pattern{somewhere, at}
	}
	out := pattern{kind: nowhere}
	for _, a := range e.Args {
		p := v.pattern(b, a)
		switch {
		case p.kind == everywhere || out.kind == nowhere:
			out = p
		case p.kind == somewhere:
			out.at = b.Apply(OpOr, out.at, p.at)
		}
		if p.kind == everywhere {
			break
		}
	}
	return out
}

// annihilated returns where no operand of e is a structural annihilator of its op, nil
// when none can be.
func (v *kernelEval) annihilated(b *Builder, e *Expr) *Expr {
	if e.Kind != Apply || e.Op.Algebra.SparseAnnihilator == nil {
		return nil
	}
	zero, ok := e.Op.Algebra.SparseAnnihilator(e.DType)
	if !ok {
		return nil
	}
	var at *Expr
	for _, a := range e.Args {
		p := v.pattern(b, a)
		if fill, ok := v.fill(a); p.kind != somewhere || !ok || fill != zero {
			continue
		}
		if at == nil {
			at = p.at
		} else {
			at = b.Apply(OpAnd, at, p.at)
		}
	}
	return at
}

// fill returns the value that e has where its operands are not stored.
func (v *kernelEval) fill(e *Expr) (uint64, bool) {
	switch e.Kind {
	case Const:
		return e.Bits, true
	case Load:
		m := &v.mem[e.Access.Operand]
		return m.fill, m.stored != nil
	case Pick:
		x, ok := v.fill(e.Args[0])
		y, also := v.fill(e.Args[1])
		return x, ok && also && x == y
	case Apply:
		if v.annihilated(NewBuilder(), e) != nil { // whatever the other operands are
			return e.Op.Algebra.SparseAnnihilator(e.DType)
		}
		x, ds := make([]uint64, len(e.Args)), make([]DType, len(e.Args))
		for i, a := range e.Args {
			var ok bool
			if x[i], ok = v.fill(a); !ok {
				return 0, false
			}
			ds[i] = a.DType
		}
		if e.Table != nil {
			return 0, false
		}
		return EvalOp(e.Op, e.DType, ds, x), true
	}
	return 0, false
}

// structural returns values in which products are their annihilator where an operand is
// a structural one.
func (v *kernelEval) structural(args []*Expr) []*Expr {
	b, done := NewBuilder(), map[*Expr]*Expr{}
	var rewrite func(e *Expr) *Expr
	rewrite = func(e *Expr) *Expr {
		if r := done[e]; r != nil {
			return r
		}
		r := b.MapOperands(e, rewrite)
		if at := v.annihilated(b, e); at != nil {
			zero, _ := e.Op.Algebra.SparseAnnihilator(e.DType)
			r = b.Apply(OpSelect, at, r, b.Const(e.DType, zero))
		}
		done[e] = r
		return r
	}
	out := make([]*Expr, len(args))
	for i, a := range args {
		out[i] = rewrite(a)
	}
	return out
}

// allStored returns where every one of args that has a pattern is stored.
func (v *kernelEval) allStored(args []*Expr) *Expr {
	b := NewBuilder()
	all := b.Const(Bool, 1)
	for _, a := range args {
		if p := v.pattern(b, a); p.kind == somewhere {
			all = b.Apply(OpAnd, all, p.at)
		}
	}
	return all
}

// newPatterns compiles where stores to sparse outputs store.
func (e *stmtEval) newPatterns(c *bodyCompiler) error {
	e.patterns = make([]*bodyEval, len(e.targets))
	if e.s.Sink != Store {
		return nil
	}
	for i, t := range e.targets {
		if t.mem.stored == nil {
			continue
		}
		b := NewBuilder()
		p := e.v.pattern(b, e.s.Args[i])
		if p.kind != somewhere {
			continue
		}
		var err error
		if e.patterns[i], err = c.compile(p.at); err != nil {
			return err
		}
	}
	return nil
}

// newOver returns the access that tells where a statement is demanded: of the operand
// itself, or of a prefix of its levels, whose pattern is where something below is stored.
func (v *kernelEval) newOver(a *Access) (*accessEval, error) {
	e, err := v.newAccess(a, nil)
	if err != nil || len(a.Index) == len(v.k.Operands[a.Operand].Shape) {
		return e, err
	}
	m, n := &v.mem[a.Operand], len(a.Index)
	prefix := &kernelMem{origin: m.origin[:n], extents: m.extents[:n]}
	if prefix.strides, err = rowMajor64(prefix.extents); err != nil {
		return nil, err
	}
	size := int64(1)
	for _, x := range prefix.extents {
		size *= x
	}
	prefix.elems, prefix.stored = make([]uint64, size), make([]bool, size)
	var walk func(d int, from, to int64)
	walk = func(d int, from, to int64) {
		if d == len(m.extents) {
			prefix.stored[to] = prefix.stored[to] || m.stored[from]
			return
		}
		for i := range m.extents[d] {
			next := to
			if d < n {
				next += i * prefix.strides[d]
			}
			walk(d+1, from+i*m.strides[d], next)
		}
	}
	walk(0, m.offset, 0)
	e.mem = prefix
	return e, nil
}

// newHoist returns how values are computed ahead of a reduction, once for each position
// of the axes they use instead of once for each of the domain: a logarithm under a
// contraction is most of its work otherwise.
func (v *kernelEval) newHoist(e *stmtEval) func(x *Expr) (*accessEval, error) {
	size := func(axes []int) float64 {
		n := 1.0
		for _, a := range axes {
			n = float64(n * float64(v.hi[a]-v.lo[a]))
		}
		return n
	}
	const worth, most = 4, 1 << 25
	domain := size(e.domain)
	if e.s.Sink != Reduce || domain < 1<<12 {
		return nil
	}
	return func(x *Expr) (*accessEval, error) {
		checks := false
		visitExprs(x, &ExprSet{}, func(o *Expr) { checks = checks || o.Kind == Checked })
		if checks {
			return nil, nil // where the statement is not evaluated, nothing may be at fault
		}
		axes := x.Axes()
		slices.Sort(axes)
		if n := size(axes); float64(n*worth) > domain || n > most {
			return nil, nil
		}
		return v.compute(x, axes, e.domain)
	}
}

// compute returns an access to the values of x over the axes.
func (v *kernelEval) compute(x *Expr, axes, domain []int) (*accessEval, error) {
	m := &kernelMem{}
	out := &accessEval{mem: m, name: "a value computed ahead"}
	n := int64(1)
	for _, a := range axes {
		coef := make([]int64, len(v.k.Axes))
		coef[a] = 1
		out.affine, out.values = append(out.affine, affinePos{coef: coef}), append(out.values, nil)
		m.origin, m.extents = append(m.origin, v.lo[a]), append(m.extents, v.hi[a]-v.lo[a])
		n *= v.hi[a] - v.lo[a]
	}
	m.strides, _ = rowMajor64(m.extents)
	for i, lo := range m.origin {
		m.offset -= lo * m.strides[i]
	}
	m.elems = make([]uint64, n)
	c := &bodyCompiler{v: v, domain: domain}
	body, err := c.compile(x)
	if err != nil {
		return nil, err
	}
	e := &stmtEval{v: v, s: &Stmt{}, domain: axes, body: body, targets: []*accessEval{out}, pos: make([]int64, len(v.k.Axes))}
	return out, e.store()
}
