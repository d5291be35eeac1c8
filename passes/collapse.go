package passes

import (
	"slices"

	"github.com/numen-go/numen/ir"
)

// collapse makes one axis of two that always move as one through memory: an elementwise
// kernel over [M,N] is one over M*N. Loops are then long where rows are short. Arrays are
// seen under the joined shape through views, which dense arrays allow.
//
// Why no bit changes: a flattened position is what it was. Only axes that stand together
// in every index and in every list of reduced axes are joined, so that i*N+j is one axis.
var collapse = Pass{
	Name: "collapse", Stage: OnProgram,
	Doc: "adjacent axes that every access walks as one become one, arrays are viewed under the joined shape; positions in orders stay what they were",
	Run: func(u *Unit) (bool, error) {
		c := &collapser{u: u, p: u.Program, dense: map[int]bool{}, names: map[string]bool{}}
		for _, v := range u.Program.Values {
			c.names[v.Name] = true
		}
		for _, v := range u.Program.Params {
			c.dense[v] = !slices.Contains(u.Program.Donated, v) && u.Program.Values[v].Type.Format == nil
		}
		u.Program.Steps = c.steps(u.Program.Steps)
		return c.changed, nil
	},
}

// collapser collapses the launches of a program.
type collapser struct {
	u       *Unit
	p       *ir.Program
	dense   map[int]bool // values in one row-major piece of memory
	names   map[string]bool
	changed bool
}

func (c *collapser) steps(steps []ir.ProgramStep) []ir.ProgramStep {
	var out []ir.ProgramStep
	views := map[int][]int{} // made in this block, by what they view
	swapped := map[int]bool{}
	for i := range steps {
		if steps[i].Kind == ir.StepSwap {
			swapped[steps[i].In[0]], swapped[steps[i].In[1]] = true, true
		}
	}
	for _, s := range steps {
		switch s.Kind {
		case ir.StepAlloc:
			c.dense[s.Out] = c.p.Values[s.Out].Type.Format == nil
		case ir.StepView:
			c.dense[s.Out] = c.dense[s.In[0]] && s.View.Offset.Is(0) && slices.Equal(s.View.Strides, rowMajor(c.p.Values[s.Out].Type.Shape))
		case ir.StepBranch, ir.StepLoop:
			if s.Body != nil {
				s.Body = c.steps(s.Body)
			}
			if s.Else != nil {
				s.Else = c.steps(s.Else)
			}
		case ir.StepLaunch:
			l, ok := c.launch(s.Launch, swapped)
			if !ok {
				break
			}
			next := 0
			for _, o := range l.Kernel.Operands {
				if o.Role == ir.Local {
					continue
				}
				v := l.Args[next]
				if !slices.Equal(o.Shape, c.p.Values[v].Type.Shape) {
					var made bool
					if l.Args[next], made = c.view(views, v, o.Shape); made {
						out = append(out, *viewOf(c.p, v, l.Args[next], s.Sites))
					}
				}
				next++
			}
			s.Launch, c.changed = l, true
		}
		out = append(out, s)
	}
	return out
}

// view returns the value that is v under another shape, and whether it is new.
func (c *collapser) view(views map[int][]int, v int, shape []ir.Dim) (int, bool) {
	for _, w := range views[v] {
		if slices.Equal(c.p.Values[w].Type.Shape, shape) {
			return w, false
		}
	}
	name := c.p.Values[v].Name + "_"
	for c.names[name] {
		name += "_"
	}
	c.names[name] = true
	w := len(c.p.Values)
	t := c.p.Values[v].Type
	t.Shape = shape
	c.p.Values = append(c.p.Values, ir.Value{Name: name, Type: t})
	c.dense[w] = true
	views[v] = append(views[v], w)
	return w, true
}

// launch returns l with axes of its kernel joined, false where there are none to join.
// The arguments are still l's.
func (c *collapser) launch(l *ir.Launch, swapped map[int]bool) (*ir.Launch, bool) {
	if !fusible(l) || slices.ContainsFunc(l.Args, func(v int) bool { return !c.dense[v] || swapped[v] }) {
		return nil, false
	}
	for i, d := range l.Dims {
		if d != ir.Sym(l.Kernel.Dims[i]) { // views are in the program's symbols
			return nil, false
		}
	}
	k := l.Kernel
	for again := true; again; {
		again = false
		for _, pair := range neighbours(k) {
			if joined, ok := joinAxes(k, pair[0], pair[1]); ok && c.u.allow() {
				k, again = joined, true
				break
			}
		}
	}
	if k == l.Kernel {
		return nil, false
	}
	out := *l
	out.Kernel, out.Args = k, slices.Clone(l.Args)
	return &out, true
}

// neighbours returns the pairs of axes that statements have side by side, in a target or
// in their brackets.
func neighbours(k *ir.Kernel) [][2]int {
	var pairs [][2]int
	add := func(axes []int) {
		for i := 1; i < len(axes); i++ {
			if pair := [2]int{axes[i-1], axes[i]}; !slices.Contains(pairs, pair) {
				pairs = append(pairs, pair)
			}
		}
	}
	for i := range k.Stmts {
		s := &k.Stmts[i]
		for t := range s.Targets {
			var axes []int
			for _, x := range s.Targets[t].Index {
				axes = append(axes, significant(x)...)
			}
			add(axes)
		}
		add(s.Axes)
	}
	return pairs
}

// joint is two axes of a kernel on their way to become one, whose positions are
// outer*extent+inner.
type joint struct {
	k            *ir.Kernel
	outer, inner int
	extent       ir.Dim      // of the inner axis
	dim          map[int]int // by operand: the dimension that is joined with the next
}

// joinAxes returns k with two axes joined, false where it does not walk them as one.
func joinAxes(k *ir.Kernel, outer, inner int) (*ir.Kernel, bool) {
	j := &joint{k, outer, inner, k.Axes[inner].Extent, map[int]int{}}
	if j.extent.IsUnknown() || k.Axes[outer].Extent.IsUnknown() || !j.fits() {
		return nil, false
	}
	return j.kernel()
}

// fits reports whether accesses, guards and brackets have the two axes together, and
// finds the dimensions to join.
func (j *joint) fits() bool {
	ok := true
	for i := range j.k.Stmts {
		s := &j.k.Stmts[i]
		o, n := slices.Index(s.Axes, j.outer), slices.Index(s.Axes, j.inner)
		if (o >= 0 || n >= 0) && (o < 0 || n != o+1 || s.Sink != ir.Reduce) {
			return false
		}
		for t := range s.Targets {
			ok = ok && j.access(&s.Targets[t])
		}
		s.VisitExprs(func(e *ir.Expr) {
			if e.Access != nil {
				ok = ok && j.access(e.Access)
			}
			for _, r := range e.Ranges {
				ok = ok && j.together(r.At)
			}
		})
	}
	return ok
}

// coefficients returns those of the two axes in an affine index.
func (j *joint) coefficients(x ir.Index) (outer, inner ir.Dim) {
	for _, t := range x.Terms {
		switch t.Axis {
		case j.outer:
			outer = t.Coef
		case j.inner:
			inner = t.Coef
		}
	}
	return outer, inner
}

// together reports whether an index moves with both axes as with one, or with neither.
func (j *joint) together(x ir.Index) bool {
	outer, inner := j.coefficients(x)
	return outer == inner.Mul(j.extent)
}

// access checks an access and notes the dimensions that it asks to join.
func (j *joint) access(a *ir.Access) bool {
	var apart []int // dimensions that move with one of the axes alone
	for d, x := range a.Index {
		if !j.together(x) {
			apart = append(apart, d)
		}
	}
	if len(apart) == 0 {
		return true
	}
	d := apart[0]
	if len(apart) != 2 || apart[1] != d+1 {
		return false
	}
	outer, none := j.coefficients(a.Index[d])
	rest, inner := j.coefficients(a.Index[d+1])
	row := j.k.Operands[a.Operand].Shape[d+1]
	if !none.Is(0) || !rest.Is(0) || row.IsUnknown() || outer.Mul(row) != inner.Mul(j.extent) {
		return false
	}
	if was, ok := j.dim[a.Operand]; ok && was != d {
		return false
	}
	j.dim[a.Operand] = d
	return true
}

// kernel returns the kernel with the joined axis in the place of the outer one. It is
// false where a body has a position or an index of which that makes no sense.
func (j *joint) kernel() (*ir.Kernel, bool) {
	number := func(a int) int {
		if a > j.inner {
			return a - 1
		}
		return a
	}
	m := newMapping(ir.NewBuilder())
	m.axis = func(a int) ir.Index {
		switch a {
		case j.outer: // the inner axis brings its share
			return ir.AtConst(ir.N(0))
		case j.inner:
			return ir.At(number(j.outer))
		}
		return ir.At(number(a))
	}
	m.node = func(e *ir.Expr) *ir.Expr { return j.node(m, e, number(j.outer)) }
	k := *j.k
	k.Axes = slices.Delete(slices.Clone(k.Axes), j.inner, j.inner+1)
	k.Axes[number(j.outer)].Extent = j.k.Axes[j.outer].Extent.Mul(j.extent)
	k.Operands = slices.Clone(k.Operands)
	for o, d := range j.dim {
		shape := k.Operands[o].Shape
		k.Operands[o].Shape = slices.Concat(shape[:d], []ir.Dim{shape[d].Mul(shape[d+1])}, shape[d+2:])
	}
	k.Stmts = make([]ir.Stmt, len(j.k.Stmts))
	for i := range j.k.Stmts {
		s := j.k.Stmts[i]
		s.Targets, s.Args, s.Axes = nil, nil, nil
		for t := range j.k.Stmts[i].Targets {
			s.Targets = append(s.Targets, j.moved(m, &j.k.Stmts[i].Targets[t]))
		}
		for _, e := range j.k.Stmts[i].Args {
			s.Args = append(s.Args, m.expr(e))
		}
		for _, a := range j.k.Stmts[i].Axes {
			if a != j.inner {
				s.Axes = append(s.Axes, number(a))
			}
		}
		k.Stmts[i] = s
	}
	return &k, !m.failed
}

// moved returns an access of the kernel with joined axes.
func (j *joint) moved(m *mapping, a *ir.Access) ir.Access {
	index := m.indices(a.Index)
	if d, ok := j.dim[a.Operand]; ok {
		x, y := index[d], index[d+1]
		if x.Value != nil || y.Value != nil || !x.Div.Is(0) || !y.Div.Is(0) {
			m.failed = true
			return *a
		}
		flat := m.plus(y, j.k.Operands[a.Operand].Shape[d+1], x)
		index = slices.Concat(index[:d], []ir.Index{flat}, index[d+2:])
	}
	return ir.Access{Operand: a.Operand, Index: index}
}

// node returns what becomes of the nodes of a body that joining concerns, nil for others:
// loads, and positions, which must stand together as outer*extent+inner.
func (j *joint) node(m *mapping, e *ir.Expr, joined int) *ir.Expr {
	position := func(e *ir.Expr, axis int) bool { return e.Kind == ir.AxisPos && e.N == axis }
	switch {
	case e.Kind == ir.Load:
		a := j.moved(m, e.Access)
		return m.b.Load(e.DType, a.Operand, a.Index...)
	case position(e, j.outer), position(e, j.inner):
		m.failed = true
		return e
	case e.Kind == ir.Apply && e.Op == ir.OpAdd && e.DType.IsInteger() && position(e.Args[1], j.inner) && e.Args[0].Kind == ir.Apply && e.Args[0].Op == ir.OpMul && position(e.Args[0].Args[0], j.outer):
		if n := e.Args[0].Args[1]; n.Kind == ir.DimValue && n.Dim == j.extent || n.Kind == ir.Const && isNumber(j.extent, n) {
			return m.b.Axis(e.DType, joined)
		}
	}
	return nil
}

// isNumber reports whether an integer literal is d.
func isNumber(d ir.Dim, literal *ir.Expr) bool {
	n, ok := d.Const()
	return ok && uint64(n) == literal.Bits
}
