package ir

import "slices"

// bodyEval computes values over strips: leaves (elements, positions, guards) are filled
// in here, what is between them and the values is a scalar program.
type bodyEval struct {
	v      *kernelEval
	leaves []*leafEval
	prog   *ScalarProgram // nil: the values are the leaves themselves, in roots
	roots  []int
	in     [][]uint64
	out    [][]uint64
}

// leafEval is a value of a body that is no scalar op.
type leafEval struct {
	kind   ExprKind
	dtype  DType
	axis   int         // AxisPos
	access *accessEval // Load, Stored
	value  *bodyEval   // Checked; Pick: then
	els    *bodyEval   // Pick
	ranges []rangeEval // Pick
	fault  int         // Checked
	limit  int64       // Checked
	domain []int       // Checked: the axes that say where a fault is
	at     [2][]int64  // Pick: the places of each side
	buf    []uint64
}

type rangeEval struct {
	at     affinePos
	extent int64
}

// bodyCompiler turns the values of one statement into bodyEvals.
type bodyCompiler struct {
	v      *kernelEval
	domain []int
	hoist  func(e *Expr) (*accessEval, error) // nil: nothing is computed ahead
}

// compile returns the values of the roots.
func (c *bodyCompiler) compile(roots ...*Expr) (*bodyEval, error) {
	body := &bodyEval{v: c.v}
	b, done := NewBuilder(), map[*Expr]*Expr{}
	var err error
	var replace func(e *Expr) *Expr
	leaf := func(e *Expr, l *leafEval, lerr error) *Expr {
		if lerr != nil && err == nil {
			err = lerr
		}
		body.leaves = append(body.leaves, l)
		return b.State(e.DType, len(body.leaves)-1)
	}
	replace = func(e *Expr) *Expr {
		if r := done[e]; r != nil {
			return r
		}
		var r *Expr
		switch e.Kind {
		case Const:
			r = b.Const(e.DType, e.Bits)
		case ScalarIn:
			r = b.Const(e.DType, c.v.args.Scalars[e.N])
		case DimValue:
			n, derr := c.v.dim(e.Dim)
			if derr != nil && err == nil {
				err = derr
			}
			r = b.Const(e.DType, castBits(e.DType, Int64, uint64(n)))
		case Apply:
			if ahead, herr := c.ahead(e); ahead != nil || herr != nil {
				r = leaf(e, &leafEval{kind: Load, dtype: e.DType, access: ahead}, herr)
			} else {
				r = b.MapOperands(e, replace)
			}
		default:
			l, lerr := c.leaf(e)
			r = leaf(e, l, lerr)
		}
		done[e] = r
		return r
	}
	var out []*Expr
	for _, e := range roots {
		out = append(out, replace(e))
	}
	if err != nil {
		return nil, err
	}
	body.in, body.out = make([][]uint64, len(body.leaves)), make([][]uint64, len(roots))
	if !slices.ContainsFunc(out, func(e *Expr) bool { return e.Kind != State }) {
		for _, e := range out {
			body.roots = append(body.roots, e.N)
		}
		return body, nil
	}
	body.prog = CompileScalar(out)
	return body, nil
}

// ahead returns where e's values are, when they were computed before the statement.
func (c *bodyCompiler) ahead(e *Expr) (*accessEval, error) {
	if c.hoist == nil {
		return nil, nil
	}
	return c.hoist(e)
}

func (c *bodyCompiler) leaf(e *Expr) (*leafEval, error) {
	l := &leafEval{kind: e.Kind, dtype: e.DType, axis: e.N}
	inner := &bodyCompiler{v: c.v, domain: c.domain} // nothing ahead: a guard may keep it from being computed
	var err error
	switch e.Kind {
	case Load, Stored:
		l.access, err = c.v.newAccess(e.Access, inner.compile)
	case Checked:
		l.fault = e.N
		if l.limit, err = c.v.dim(c.v.k.Faults[e.N].Limit); err == nil {
			l.value, err = inner.compile(e.Args[0])
		}
		l.domain = c.domain
	case Pick:
		for _, r := range e.Ranges {
			var x rangeEval
			if x.at, err = c.v.affine(r.At); err != nil {
				return nil, err
			}
			if x.extent, err = c.v.dim(r.Extent); err != nil {
				return nil, err
			}
			l.ranges = append(l.ranges, x)
		}
		if l.value, err = inner.compile(e.Args[0]); err == nil {
			l.els, err = inner.compile(e.Args[1])
		}
	}
	return l, err
}

// eval computes the values over a strip. They are good until the next call.
func (b *bodyEval) eval(s *strip) ([][]uint64, error) {
	for i, l := range b.leaves {
		l.buf = grow(l.buf, len(s.at))
		if err := l.fill(b.v, s); err != nil {
			return nil, err
		}
		b.in[i] = l.buf
	}
	if b.prog == nil {
		for i, r := range b.roots {
			b.out[i] = b.in[r]
		}
		return b.out, nil
	}
	for i := range b.out {
		b.out[i] = grow(b.out[i], len(s.at))
	}
	b.prog.RunStrip(len(s.at), b.in, b.out)
	return b.out, nil
}

func (l *leafEval) fill(v *kernelEval, s *strip) error {
	switch l.kind {
	case Load:
		at, err := l.access.locate(s, false)
		if err != nil {
			return err
		}
		for i, n := range at {
			l.buf[i] = l.access.mem.elems[n]
		}
	case Stored:
		return l.fillStored(s)
	case AxisPos:
		for i := range s.at {
			p := s.pos[l.axis]
			if l.axis == s.axis {
				p = s.at[i]
			}
			l.buf[i] = castBits(l.dtype, Int64, uint64(p))
		}
	case Checked:
		out, err := l.value.eval(s)
		if err != nil {
			return err
		}
		for i, x := range out[0] {
			p := int64(x)
			if p < 0 {
				p += l.limit
			}
			if p < 0 || p >= l.limit {
				v.faulted(KernelFault{Number: l.fault, Position: v.place(l.domain, s, i), Value: int64(x), Limit: l.limit})
				p = 0
			}
			l.buf[i] = uint64(p)
		}
	case Pick:
		return l.fillPick(s)
	}
	return nil
}

// place returns the row-major position of place i of a strip in a domain.
func (v *kernelEval) place(domain []int, s *strip, i int) int64 {
	n := int64(0)
	for _, a := range domain {
		p := s.pos[a]
		if a == s.axis {
			p = s.at[i]
		}
		n = n*v.extent[a] + p - v.first[a]
	}
	return n
}

// fillStored gives 1 where the operand stores the element.
func (l *leafEval) fillStored(s *strip) error {
	at, err := l.access.locate(s, false)
	if err != nil {
		return err
	}
	yes := castBits(l.dtype, Bool, 1)
	for i, n := range at {
		l.buf[i] = 0
		if m := l.access.mem; m.stored == nil || m.stored[n] {
			l.buf[i] = yes
		}
	}
	return nil
}

// fillPick evaluates each side where its turn is, and nowhere else.
func (l *leafEval) fillPick(s *strip) error {
	sides := [2]*bodyEval{l.value, l.els}
	side := make([]uint8, len(s.at))
	for _, r := range l.ranges {
		from, step := r.at.line(s)
		for i, t := range s.at {
			if p, exact := r.at.value(from, step, t); !exact || p < 0 || p >= r.extent {
				side[i] = 1
			}
		}
	}
	for w, body := range sides {
		part := strip{pos: s.pos, axis: s.axis, at: l.at[w][:0]}
		for i, t := range s.at {
			if side[i] == uint8(w) {
				part.at = append(part.at, t)
			}
		}
		l.at[w] = part.at
		if len(part.at) == 0 {
			continue
		}
		out, err := body.eval(&part)
		if err != nil {
			return err
		}
		n := 0
		for i := range s.at {
			if side[i] == uint8(w) {
				l.buf[i] = out[0][n]
				n++
			}
		}
	}
	return nil
}
