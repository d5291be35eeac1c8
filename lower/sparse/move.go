package sparse

import (
	"fmt"
	"slices"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
)

// Loops follow lists of coordinates, so they run along axes whose positions are the
// coordinates. Where a kernel reads a sparse operand at other positions (reversed, every
// third, of several axes at once, from a list of positions) it is given the elements along
// the axes that those are made of: each stored element goes to where it is read. A result
// that is written at such positions is made along its axes first. Both take time and
// memory for what is stored, not for what could be.

// moves is a kernel with what is moved before and after it.
type moves struct {
	asked  *ir.Kernel // as the caller knows it
	k      *ir.Kernel // what loops are made of
	reads  []moved
	write  *moved
	faults bool // positions that are data are checked
}

// moved is an operand that loops see along axes of the kernel.
type moved struct {
	operand int       // of the kernel asked for
	into    int       // of the other one
	access  ir.Access // in the kernel asked for
	axes    []int     // those of the other operand
}

// straightened returns a kernel with the accesses to sparse operands that loops follow.
func straightened(k *ir.Kernel) (*moves, error) {
	c := *k
	c.Operands, c.Stmts = slices.Clone(k.Operands), slices.Clone(k.Stmts)
	m := &moves{asked: k, k: &c}
	for i := range c.Operands {
		if o := &c.Operands[i]; o.Role == ir.Local && !isRead(k, i) { // its memory is given back after a run
			o.Role = ir.Out
		}
	}
	b, done := ir.NewBuilder(), map[*ir.Expr]*ir.Expr{}
	var err error
	var rewrite func(e *ir.Expr) *ir.Expr
	rewrite = func(e *ir.Expr) *ir.Expr {
		if r := done[e]; r != nil {
			return r
		}
		var r *ir.Expr
		if (e.Kind == ir.Load || e.Kind == ir.Stored) && k.Operands[e.Access.Operand].Format.Sparse() && !followed(e.Access) {
			var a *ir.Access
			if a, err = m.read(e.Access, err); err != nil {
				return e
			}
			r = b.Intern(&ir.Expr{Kind: e.Kind, DType: e.DType, Access: a})
		} else {
			r = b.MapOperands(e, rewrite)
		}
		done[e] = r
		return r
	}
	for i := range c.Stmts {
		s := &c.Stmts[i]
		s.Targets, s.Args = slices.Clone(s.Targets), slices.Clone(s.Args)
		for j, e := range s.Args {
			s.Args[j] = rewrite(e)
		}
		for j, t := range s.Targets {
			if k.Operands[t.Operand].Format.Sparse() && len(s.Targets) == 1 && !placed(t) {
				s.Targets[j] = m.written(t)
			}
		}
	}
	if err == nil && m.faults {
		err = unguarded(k)
	}
	if !isChecked(&c) {
		c.Faults = nil // they are reported before the loops
	}
	return m, err
}

// isChecked reports whether a kernel still has positions to check.
func isChecked(k *ir.Kernel) bool {
	found := false
	for i := range k.Stmts {
		k.Stmts[i].VisitExprs(func(e *ir.Expr) { found = found || e.Kind == ir.Checked })
	}
	return found
}

// followed reports whether loops follow an access: every index is an axis and a constant.
func followed(a *ir.Access) bool {
	return !slices.ContainsFunc(a.Index, func(x ir.Index) bool {
		return x.Value != nil || !x.Div.Is(0) || len(x.Terms) > 1 || len(x.Terms) == 1 && !x.Terms[0].Coef.Is(1)
	})
}

// placed reports whether every index of a target is an axis.
func placed(a ir.Access) bool {
	return followed(&a) && !slices.ContainsFunc(a.Index, func(x ir.Index) bool { return len(x.Terms) != 1 || !x.Const.Is(0) })
}

// unguarded declines positions that are data inside of a pick: all of them are looked at.
func unguarded(k *ir.Kernel) error {
	var err error
	var walk func(e *ir.Expr, guarded bool)
	walk = func(e *ir.Expr, guarded bool) {
		if e.Kind == ir.Load && guarded && slices.ContainsFunc(e.Access.Index, func(x ir.Index) bool { return x.Value != nil }) {
			err = declined(lower.WhyValueIndex, "a position that is data, under a guard")
		}
		for _, a := range e.Args {
			walk(a, guarded || e.Kind == ir.Pick)
		}
	}
	for i := range k.Stmts {
		for _, e := range k.Stmts[i].Args {
			walk(e, false)
		}
	}
	return err
}

// read returns the access that takes the place of another one.
func (m *moves) read(a *ir.Access, err error) (*ir.Access, error) {
	if err != nil {
		return nil, err
	}
	for _, r := range m.reads {
		if sameAccess(&r.access, a) {
			return &ir.Access{Operand: r.into, Index: ir.AtAxes(r.axes)}, nil
		}
	}
	o := &m.asked.Operands[a.Operand]
	r := moved{operand: a.Operand, into: len(m.k.Operands), access: *a}
	f := &ir.Format{Fill: o.Format.Fill}
	for l, kind := range o.Format.Levels {
		x := a.Index[axis(o.Format, l)]
		of := make([]int, len(x.Terms))
		for i, t := range x.Terms {
			of[i] = t.Axis
		}
		if x.Value != nil {
			m.faults = true
			if of, err = m.positions(x.Value); err != nil {
				return nil, err
			}
		}
		if kind == ir.LevelSingleton {
			kind = ir.LevelCompressed
		}
		for i, n := range of {
			if i > 0 && x.Value == nil { // with the first one it may have more positions than the level has
				kind = ir.LevelCompressed
			}
			if !slices.Contains(r.axes, n) {
				r.axes, f.Levels = append(r.axes, n), append(f.Levels, kind)
			}
		}
	}
	if len(r.axes) == 0 {
		return nil, declined(lower.WhyValueIndex, fmt.Sprintf("one element of %s at a position that is no number", o.Name))
	}
	shape := make([]ir.Dim, len(r.axes))
	for i, n := range r.axes {
		shape[i] = m.k.Axes[n].Extent
	}
	m.k.Operands = append(m.k.Operands, ir.Operand{Name: m.name(o.Name), DType: o.DType, Shape: shape, Format: f, Like: -1, Role: ir.In})
	m.reads = append(m.reads, r)
	return &ir.Access{Operand: r.into, Index: ir.AtAxes(r.axes)}, nil
}

// name returns a name that no operand has.
func (m *moves) name(stem string) string {
	for i := 0; ; i++ {
		name := fmt.Sprintf("%s_%d", stem, i)
		if !slices.ContainsFunc(m.k.Operands, func(o ir.Operand) bool { return o.Name == name }) {
			return name
		}
	}
}

// positions returns the axes of positions that are data, declining what is not looked at
// ahead of the loops.
func (m *moves) positions(e *ir.Expr) ([]int, error) {
	var axes []int
	var err error
	add := func(axis int) {
		if !slices.Contains(axes, axis) {
			axes = append(axes, axis)
		}
	}
	var walk func(e *ir.Expr)
	walk = func(e *ir.Expr) {
		switch e.Kind {
		case ir.Const, ir.DimValue, ir.Apply, ir.Checked:
		case ir.AxisPos:
			add(e.N)
		case ir.Load:
			if m.asked.Operands[e.Access.Operand].Format.Sparse() {
				err = declined(lower.WhyValueIndex, "positions that are a sparse array")
			}
			for _, x := range e.Access.Index {
				if x.Value != nil || !x.Div.Is(0) {
					err = declined(lower.WhyValueIndex, "a position that is data at a position that is data or a quotient")
				}
				for _, t := range x.Terms {
					add(t.Axis)
				}
			}
		default:
			err = declined(lower.WhyValueIndex, "a position that is not data alone")
		}
		for _, a := range e.Args {
			walk(a)
		}
	}
	walk(e)
	slices.Sort(axes)
	return axes, err
}

// written returns the target that takes the place of another one, and makes its operand
// one along the axes: outermost the first level's.
func (m *moves) written(t ir.Access) ir.Access {
	o := &m.k.Operands[t.Operand]
	w := moved{operand: t.Operand, into: t.Operand, access: t}
	f := &ir.Format{Fill: o.Format.Fill}
	for l, kind := range o.Format.Levels {
		if kind == ir.LevelSingleton {
			kind = ir.LevelCompressed
		}
		for _, term := range t.Index[axis(o.Format, l)].Terms {
			w.axes, f.Levels = append(w.axes, term.Axis), append(f.Levels, kind)
		}
	}
	o.Format, o.Shape = f, nil
	for _, n := range w.axes {
		o.Shape = append(o.Shape, m.k.Axes[n].Extent)
	}
	m.write = &w
	return ir.Access{Operand: t.Operand, Index: ir.AtAxes(w.axes)}
}

// args returns the arguments of the kernel that loops are made of.
func (m *moves) args(a *lower.Args) (*lower.Args, error) {
	n := 0
	for _, o := range m.asked.Operands {
		if o.Role != ir.Local {
			n++
		}
	}
	if len(a.Dims) != len(m.asked.Dims) || len(a.Arrays) != n {
		return nil, fmt.Errorf("%d dims and %d arrays for %d and %d", len(a.Dims), len(a.Arrays), len(m.asked.Dims), n)
	}
	x := &mover{m: m, out: *a}
	x.out.Arrays = nil
	for i := range m.asked.Operands {
		o := &m.asked.Operands[i]
		if o.Role == ir.Local && isRead(m.asked, i) { // it has no memory
			x.locals++
			x.out.Arrays = append(x.out.Arrays, lower.Array{})
			continue
		}
		if o.Role == ir.Local {
			s, err := x.scratch(o)
			if err != nil {
				return nil, err
			}
			x.out.Arrays = append(x.out.Arrays, s)
			continue
		}
		x.out.Arrays = append(x.out.Arrays, a.Arrays[len(x.out.Arrays)-x.locals])
	}
	for i := range m.reads {
		d, err := x.read(&m.reads[i])
		if err != nil {
			return nil, err
		}
		x.out.Arrays = append(x.out.Arrays, *d.Array())
	}
	if w := m.write; w != nil {
		o := &m.k.Operands[w.into]
		extents, err := x.extents(o.Shape)
		if err != nil {
			return nil, err
		}
		x.out.Arrays[w.into] = lower.Array{DType: o.DType, Format: o.Format, Buf: &Data{}, Extents: extents}
	}
	return &x.out, nil
}

// deliver hands out the result that loops have made along their axes.
func (m *moves) deliver(asked, made *lower.Args) error {
	w := m.write
	if w == nil {
		return nil
	}
	from := made.Arrays[w.into].Buf.(*Data)
	if from.Vals == nil {
		return nil
	}
	x := &mover{m: m, out: *made}
	n := 0
	for _, o := range m.asked.Operands[:w.operand] {
		if o.Role != ir.Local {
			n++
		}
	}
	target := &asked.Arrays[n]
	along, at := from.Entries()
	coords := make([][]int32, len(w.access.Index))
	for d, i := range w.access.Index {
		first, err := x.dim(i.Const)
		if err != nil {
			return err
		}
		wide := make([]int64, len(at))
		for j := range wide {
			wide[j] = first
		}
		for _, t := range i.Terms {
			coef, err := x.dim(t.Coef)
			if err != nil {
				return err
			}
			for j, p := range along[slices.Index(w.axes, t.Axis)] {
				wide[j] += coef * int64(p)
			}
		}
		coords[d] = make([]int32, len(at))
		for j, p := range wide {
			if coords[d][j] = int32(p); int64(coords[d][j]) != p {
				return fmt.Errorf("sparse: position %d of axis %d: at most %d have coordinates", p, d, int64(MaxExtent))
			}
		}
	}
	o := &m.asked.Operands[w.operand]
	d, err := Build(o.DType, o.Format, target.Extents, coords, from.Vals, at)
	if err != nil {
		return err
	}
	target.Buf.(*Data).become(d)
	return nil
}

// String tells what is moved.
func (m *moves) String() string {
	text := ""
	for _, r := range m.reads {
		o := &m.k.Operands[r.into]
		text += fmt.Sprintf("moved: what %s stores, along its axes in the kernel: %s%v %s\n", m.asked.Operands[r.operand].Name, o.Name, o.Shape, o.Format)
	}
	if w := m.write; w != nil {
		o := &m.k.Operands[w.into]
		text += fmt.Sprintf("moved: %s from %v %s to %v %s\n", o.Name, o.Shape, o.Format, m.asked.Operands[w.operand].Shape, m.asked.Operands[w.operand].Format)
	}
	return text
}
