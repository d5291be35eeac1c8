package ir

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// The text form of kernels. One declaration or statement a line:
//
//	kernel NAME
//	dim M N                          run-time integers
//	table T f64 = 1.0, 0.5, ...      16 constants that lookup.T(i) reads
//	scalar c f64                     a run-time number
//	in|out|inout|local x f64[M,N]    an operand; after the shape its format: csr, or csr=S,
//	                                 which shares the pattern of operand S
//	axis i<M, h in i.lo-1..i.hi+1    ranges; h follows the bounds of i
//	let v = x[i,j] - m[i]            a value with several users; what it reads, it reads
//	                                 when a statement uses it
//
//	o[i,j] = V                       store; a[i], b[i] = V, W stores two
//	s[i] = sum.lanes[j](V)           reduce over j in an order; [j,k]: flattened into one position
//	o[i,j] = sum.scan[j](V)          running sum; scanx leaves out the element itself, rscan
//	                                 runs backwards; a second target c[i] is carried state
//	t[V,j] = sum.scatter[i](W)       into positions that are values, ascending i; -1 drops
//	p[i], v[i] = append[i](P, V, W)  a list of V and W where P holds
//	t[i,j] = V over S[i,j]           demanded only where S stores an entry
//
//	x[i-1,2*j+p] x[i*N+j]            positions are affine in axes, coefficients are dims
//	x[exact(i-P,S)]                  (i-P)/S where S divides it, else outside
//	x[p[i],j]                        or values of i64; value(i) where one looks affine
//	chk(V, M)                        V as a position of extent M: negative ones wrap, a fault
//	                                 is reported; a third operand is the fault's number
//	pad(x[i-P], V)                   the element, or V where the position is outside
//	pick(within(i,M) & ..., V, W)    V where the positions are within, else W, never both
//	stored(A[i,k])                   1 where A stores the element, else 0
//	where(P, V, W) exp(V) V + W      scalar ops, with Python's operators and precedence
//
// A number takes the dtype of the operands beside it, else of the place it stands in,
// else it is an i64 or, with a point, an f64; sums and products of numbers and dims are
// one number. An axis is an i64. f32(1.5), f64(M) and u64(i) say the dtype of a number, a
// dim, an axis; around anything else they convert.

// String returns the text form, which ParseKernel reads back to an equal kernel.
func (k *Kernel) String() string {
	p := newKernelPrinter(k)
	p.line("kernel " + k.Name)
	p.print()
	return p.out.String()
}

// kernelPrinter writes one kernel. Names and dims go through it so that a cache key can
// rename them.
type kernelPrinter struct {
	k                       *Kernel
	dims, scalars, operands []string
	axes                    []string
	tables                  []*Table
	tableName               func(i int) string
	sym                     func(string) (Dim, bool) // renames the symbols of dims; nil: none
	format                  func(o *Operand) string

	out    strings.Builder
	lets   map[*Expr]string // shared values by the names they have or, before, ""
	seen   ExprSet          // declare has been there
	taken  map[string]bool
	nlets  int
	strong map[*Expr]bool
	faults faultNumbers
}

func newKernelPrinter(k *Kernel) *kernelPrinter {
	p := &kernelPrinter{k: k, dims: k.Dims, taken: map[string]bool{}, strong: map[*Expr]bool{}}
	for _, s := range k.Scalars {
		p.scalars = append(p.scalars, s.Name)
	}
	for _, o := range k.Operands {
		p.operands = append(p.operands, o.Name)
	}
	for _, a := range k.Axes {
		p.axes = append(p.axes, a.Name)
	}
	p.shareValues()
	p.tableName = func(i int) string { return p.tables[i].Name }
	p.format = func(o *Operand) string { return o.Format.String() }
	for _, names := range [][]string{p.dims, p.scalars, p.operands, p.axes} {
		for _, n := range names {
			p.taken[n] = true
		}
	}
	for _, t := range p.tables {
		p.taken[t.Name] = true
	}
	return p
}

// maxInline bounds how deep an expression nests on one line.
const maxInline = 32

// shareValues finds the tables and the values that become lets: those with more than one
// user, and some of a deep expression.
func (p *kernelPrinter) shareValues() {
	p.lets = map[*Expr]string{}
	uses, height := map[*Expr]int{}, map[*Expr]int{}
	p.k.VisitExprs(func(e *Expr) {
		h := 0
		e.visitOperands(func(o *Expr) {
			uses[o]++
			h = max(h, height[o]+1)
		})
		if h > maxInline && e.composite() {
			p.lets[e], h = "", 0
		}
		height[e] = h
		if e.Table != nil && p.table(e.Table) < 0 {
			p.tables = append(p.tables, e.Table)
		}
	})
	for i := range p.k.Stmts {
		p.k.Stmts[i].visitExprs(func(e *Expr) { uses[e]++ })
	}
	for e, n := range uses {
		if n > 1 && e.composite() {
			p.lets[e] = ""
		}
	}
}

// table returns the number of the table of t's name, -1 when there is none.
func (p *kernelPrinter) table(t *Table) int {
	return slices.IndexFunc(p.tables, func(o *Table) bool { return o.Name == t.Name })
}

// composite reports whether repeating e's text would repeat a computation.
func (e *Expr) composite() bool {
	switch e.Kind {
	case Apply, Pick, Checked:
		return true
	case Load, Stored:
		return slices.ContainsFunc(e.Access.Index, func(x Index) bool { return x.Value != nil })
	}
	return false
}

func (p *kernelPrinter) line(s string) {
	p.out.WriteString(s)
	p.out.WriteByte('\n')
}

// print writes everything but the first line.
func (p *kernelPrinter) print() {
	if len(p.dims) > 0 {
		p.line("dim " + strings.Join(p.dims, " "))
	}
	for i, t := range p.tables {
		entries := make([]string, len(t.Entries))
		for j, v := range t.Entries {
			entries[j] = literalText(t.DType, v)
		}
		p.line("table " + p.tableName(i) + " " + t.DType.String() + " = " + strings.Join(entries, ", "))
	}
	for i, s := range p.k.Scalars {
		p.line("scalar " + p.scalars[i] + " " + s.DType.String())
	}
	for i, o := range p.k.Operands {
		s := o.Role.String() + " " + p.operands[i] + " " + o.DType.String() + p.shape(o.Shape)
		if o.Format != nil {
			s += " " + p.format(&o)
		}
		if o.Like >= 0 {
			s += "=" + p.operands[o.Like]
		}
		p.line(s)
	}
	if len(p.axes) > 0 {
		axes := make([]string, len(p.axes))
		for i, a := range p.k.Axes {
			axes[i] = p.axes[i] + "<" + p.dim(a.Extent)
			if a.From >= 0 {
				from := p.axes[a.From]
				axes[i] = p.axes[i] + " in " + from + ".lo" + p.offset(a.Before) + ".." + from + ".hi" + p.offset(a.After)
			}
		}
		p.line("axis " + strings.Join(axes, ", "))
	}
	for i := range p.k.Stmts {
		s := &p.k.Stmts[i]
		s.visitExprs(p.declare)
		p.line(p.stmt(s))
	}
}

// declare writes the lets that e needs and that have no name yet.
func (p *kernelPrinter) declare(e *Expr) {
	visitExprs(e, &p.seen, func(e *Expr) {
		if _, shared := p.lets[e]; !shared {
			return
		}
		text, name := p.expr(e, Invalid, 0), ""
		for name == "" || p.taken[name] {
			name = "v" + strconv.Itoa(p.nlets)
			p.nlets++
		}
		p.lets[e] = name
		p.line("let " + name + " = " + text)
	})
}

func (p *kernelPrinter) stmt(s *Stmt) string {
	var b strings.Builder
	for i := range s.Targets {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(p.access(&s.Targets[i]))
	}
	b.WriteString(" = ")
	if s.Sink != Store {
		b.WriteString(s.sinkName())
		names := make([]string, len(s.Axes))
		for i, a := range s.Axes {
			names[i] = p.axes[a]
		}
		b.WriteString("[" + strings.Join(names, ",") + "](")
	}
	for i, e := range s.Args {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(p.expr(e, p.k.argDType(s, i), 0))
	}
	if s.Sink != Store {
		b.WriteByte(')')
	}
	if s.Over != nil {
		b.WriteString(" over " + p.access(s.Over))
	}
	return b.String()
}

// sinkName returns what stands before the brackets: sum.lanes, sum.scan, append.
func (s *Stmt) sinkName() string {
	combine := "?"
	if s.Combine != nil {
		combine = s.Combine.Name
	}
	switch s.Sink {
	case Reduce:
		return combine + "." + s.Order.String()
	case Scan:
		return combine + "." + scanNames[s.Scan]
	case Scatter:
		return combine + ".scatter"
	}
	return "append"
}

var scanNames = [...]string{Inclusive: "scan", Exclusive: "scanx", Backward: "rscan"}

// argDType returns the dtype that a statement's argument i has when nothing in it says
// another: that of the target it is for.
func (k *Kernel) argDType(s *Stmt, i int) DType {
	if s.Sink == Append {
		if i == 0 {
			return Bool
		}
		i--
	}
	i = min(i, len(s.Targets)-1)
	if i < 0 || s.Targets[i].Operand >= len(k.Operands) {
		return Invalid
	}
	return k.Operands[s.Targets[i].Operand].DType
}

func (p *kernelPrinter) dim(d Dim) string {
	if p.sym != nil {
		d = d.Subst(p.sym)
	}
	return d.String()
}

// offset returns a dim that is added to what stands before it.
func (p *kernelPrinter) offset(d Dim) string {
	switch s := p.dim(d); {
	case d.Is(0):
		return ""
	case s[0] == '-':
		return s
	default:
		return "+" + s
	}
}

func (p *kernelPrinter) shape(ds []Dim) string {
	parts := make([]string, len(ds))
	for i, d := range ds {
		parts[i] = p.dim(d)
	}
	return "[" + strings.Join(parts, ",") + "]"
}

func (p *kernelPrinter) access(a *Access) string {
	name := p.operands[a.Operand]
	if len(a.Index) == 0 {
		return name
	}
	parts := make([]string, len(a.Index))
	for i, x := range a.Index {
		parts[i] = p.index(x)
	}
	return name + "[" + strings.Join(parts, ",") + "]"
}

func (p *kernelPrinter) index(x Index) string {
	if x.Value != nil {
		s := p.expr(x.Value, Int64, 0)
		if p.readsAsAffine(x.Value) {
			return "value(" + s + ")"
		}
		return s
	}
	var b strings.Builder
	for _, t := range x.Terms {
		sign, text := p.term(t)
		if sign == "-" || b.Len() > 0 {
			b.WriteString(sign)
		}
		b.WriteString(text)
	}
	if b.Len() == 0 {
		b.WriteString(p.dim(x.Const))
	} else {
		b.WriteString(p.offset(x.Const))
	}
	if !x.Div.Is(0) {
		return fmt.Sprintf("exact(%s,%s)", b.String(), p.dim(x.Div))
	}
	return b.String()
}

// term returns the sign and the rest of an axis times its coefficient: i, 2*i, i*N, i*(N+1).
func (p *kernelPrinter) term(t Term) (sign, text string) {
	c, axis := p.dim(t.Coef), p.axes[t.Axis]
	if len(t.Coef.terms()) > 1 {
		return "+", axis + "*(" + c + ")"
	}
	sign = "+"
	if c[0] == '-' {
		sign, c = "-", c[1:]
	}
	switch _, number := t.Coef.Const(); {
	case c == "1":
		return sign, axis
	case number:
		return sign, c + "*" + axis
	}
	return sign, axis + "*" + c
}

// readsAsAffine reports whether e's text as an index would be an affine position.
func (p *kernelPrinter) readsAsAffine(e *Expr) bool {
	if p.lets[e] != "" {
		return false
	}
	switch e.Kind {
	case AxisPos, DimValue, Const:
		return true
	case Apply:
		return foldable(e.Op) && !slices.ContainsFunc(e.Args, func(a *Expr) bool { return !p.readsAsAffine(a) })
	}
	return false
}
