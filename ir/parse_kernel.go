package ir

import (
	"slices"
	"strconv"
	"strings"
)

// ParseKernel reads the text form of a kernel: what String prints, and shorter ways to
// write the same (semicolons for line ends, several declarations a line, # comments,
// lets wherever they read well). It does not verify the kernel.
func ParseKernel(src string) (*Kernel, error) {
	p := &kernelParser{scanner: newScanner(src), k: &Kernel{}, b: NewBuilder(), names: map[string]binding{}}
	p.skipLines()
	p.expect("kernel")
	p.k.Name = p.name("the kernel's name")
	p.line()
	for p.skipLines(); p.tok.kind != tokEnd; p.skipLines() {
		p.declarationOrStatement()
		p.line()
	}
	for n, f := range p.k.Faults {
		if f.What == "" {
			p.failAt(0, "no chk has number %d", n)
		}
	}
	if err := p.failure(); err != nil {
		return nil, err
	}
	return p.k, nil
}

type kernelParser struct {
	*scanner
	k      *Kernel
	b      *Builder
	names  map[string]binding
	faults faultNumbers
	depth  int // of brackets around the token ahead
}

// binding is what a name stands for.
type binding struct {
	kind  bindingKind
	n     int    // which dim, scalar, operand or axis
	value *Expr  // let
	table *Table // table
}

type bindingKind uint8

const (
	bindDim bindingKind = iota
	bindScalar
	bindOperand
	bindAxis
	bindLet
	bindTable
)

// reservedWords are no names of a kernel: they start lines or are values.
var reservedWords = []string{"kernel", "dim", "table", "scalar", "in", "out", "inout", "local", "axis", "let", "over", "true", "false", "inf", "nan"}

// declare reads a name and binds it; what says which, for the message.
func (p *kernelParser) declare(b binding, what string) string {
	pos := p.tok.pos
	name := p.name(what)
	p.bind(pos, name, b)
	return name
}

func (p *kernelParser) bind(pos int, name string, b binding) {
	_, taken := p.names[name]
	switch {
	case p.err != nil:
	case slices.Contains(reservedWords, name):
		p.failAt(pos, "%s is a word of the language, not a name", name)
	case taken:
		p.failAt(pos, "%s is declared twice", name)
	}
	p.names[name] = b
}

// commas reads one item or more, separated by commas.
func (p *kernelParser) commas(item func()) {
	item()
	for p.accept(",") {
		item()
	}
}

func (p *kernelParser) declarationOrStatement() {
	switch {
	case p.accept("dim"):
		for p.tok.kind == tokName {
			n := len(p.k.Dims)
			p.k.Dims = append(p.k.Dims, p.declare(binding{kind: bindDim, n: n}, "a dim"))
		}
	case p.accept("table"):
		t := &Table{}
		t.Name = p.declare(binding{kind: bindTable, table: t}, "the table's name")
		t.DType = p.dtype()
		p.expect("=")
		p.commas(func() { t.Entries = append(t.Entries, p.literal(t.DType)) })
	case p.accept("scalar"):
		p.commas(func() {
			name := p.declare(binding{kind: bindScalar, n: len(p.k.Scalars)}, "the scalar's name")
			p.k.Scalars = append(p.k.Scalars, ScalarArg{name, p.dtype()})
		})
	case p.accept("in"):
		p.commas(func() { p.operand(In) })
	case p.accept("out"):
		p.commas(func() { p.operand(Out) })
	case p.accept("inout"):
		p.commas(func() { p.operand(InOut) })
	case p.accept("local"):
		p.commas(func() { p.operand(Local) })
	case p.accept("axis"):
		p.commas(p.axis)
	case p.accept("let"):
		pos := p.tok.pos
		name := p.name("the let's name")
		p.expect("=")
		p.bind(pos, name, binding{kind: bindLet, value: p.elab(p.expr(0), Invalid)})
	default:
		p.stmt()
	}
}

func (p *kernelParser) dtype() DType {
	pos := p.tok.pos
	name := p.name("a dtype")
	d, ok := ParseDType(name)
	if !ok && p.err == nil {
		p.failAt(pos, "%q is not a dtype", name)
	}
	return d
}

func (p *kernelParser) operand(role Role) {
	o := Operand{Role: role, Like: -1}
	o.Name = p.declare(binding{kind: bindOperand, n: len(p.k.Operands)}, "the operand's name")
	o.DType = p.dtype()
	if o.Shape = p.dims(); len(o.Shape) == 0 {
		o.Shape = nil
	}
	if p.tok.kind == tokName || p.is("@") {
		pos := p.tok.pos
		text := p.run(",);")
		if at := strings.LastIndexByte(text, '='); at >= 0 && isName(text[at+1:]) {
			like, ok := p.names[text[at+1:]]
			if !ok || like.kind != bindOperand {
				p.failAt(pos, "no operand %s to be like", text[at+1:])
			}
			o.Like, text = like.n, text[:at]
		}
		f, err := parseFormat(text)
		if err != nil {
			p.failAt(pos, "%v", err)
		}
		o.Format = f
	}
	p.k.Operands = append(p.k.Operands, o)
}

// axis reads i<M, or h in i.lo-1..i.hi+1.
func (p *kernelParser) axis() {
	a := Axis{From: -1}
	a.Name = p.declare(binding{kind: bindAxis, n: len(p.k.Axes)}, "the axis's name")
	if p.accept("in") {
		a.From, a.Before = p.bound("lo", -1)
		p.expect("..")
		a.From, a.After = p.bound("hi", a.From)
		if p.err == nil {
			a.Extent = p.k.Axes[a.From].Extent.Add(a.After).Sub(a.Before)
		}
	} else {
		p.expect("<")
		a.Extent = p.dim()
	}
	p.k.Axes = append(p.k.Axes, a)
}

// bound reads i.lo-1: an end of axis i's range, which has to be from unless that is -1.
func (p *kernelParser) bound(end string, from int) (axis int, offset Dim) {
	pos := p.tok.pos
	name := p.name("an axis")
	b, ok := p.names[name]
	switch {
	case p.err != nil:
	case !ok || b.kind != bindAxis || b.n >= len(p.k.Axes):
		p.failAt(pos, "%s is not an axis declared before", name)
	case from >= 0 && b.n != from:
		p.failAt(pos, "the bounds follow two axes")
	}
	p.expect(".")
	p.expect(end)
	if p.is("+") || p.is("-") {
		offset = p.dim()
	}
	return b.n, offset
}

// stmt reads targets = values, targets = combine.order[axes](values), and what the
// statement is over.
func (p *kernelParser) stmt() {
	s := Stmt{}
	var targets []*kexpr
	p.commas(func() { targets = append(targets, p.primary()) })
	p.expect("=")
	var args []*kexpr
	p.commas(func() { args = append(args, p.expr(0)) })
	if p.err != nil {
		return
	}
	for _, t := range targets {
		s.Targets = append(s.Targets, p.access(t))
	}
	if len(args) == 1 && args[0].kind == kSink {
		sink := args[0]
		p.sink(&s, sink)
		args = sink.args
	}
	for i, a := range args {
		s.Args = append(s.Args, p.elab(a, p.k.argDType(&s, i)))
	}
	if p.accept("over") {
		over := p.access(p.primary())
		s.Over = &over
	}
	p.k.Stmts = append(p.k.Stmts, s)
}

// sink sets what combine.order[axes] says.
func (p *kernelParser) sink(s *Stmt, n *kexpr) {
	for _, a := range n.index {
		b, ok := p.names[a.text]
		if a.kind != kName || !ok || b.kind != bindAxis {
			p.failAt(a.pos, "expected an axis")
			return
		}
		s.Axes = append(s.Axes, b.n)
	}
	if n.suffix == "" {
		if n.text != "append" {
			p.failAt(n.pos, "%s[..](..) is neither append nor a combine with an order", n.text)
		}
		s.Sink = Append
		return
	}
	if s.Combine = LookupCombine(n.text); s.Combine == nil {
		p.failAt(n.pos, "%s is not a combine", n.text)
		return
	}
	if kind := slices.Index(scanNames[:], n.suffix); kind >= 0 {
		s.Sink, s.Scan = Scan, ScanKind(kind)
	} else if n.suffix == "scatter" {
		s.Sink = Scatter
	} else if order, ok := ParseOrder(n.suffix); ok {
		s.Sink, s.Order = Reduce, order
	} else {
		p.failAt(n.pos, "%s.%s is neither an order nor a scan nor a scatter", n.text, n.suffix)
	}
}

// fault returns the number of a chk; text is its third operand.
func (p *kernelParser) fault(value *Expr, limit Dim, text *kexpr) int {
	n := p.faults.implied(value, limit)
	if text != nil {
		var err error
		if n, err = strconv.Atoi(text.text); err != nil || n < 0 || n >= maxFaults {
			p.failAt(text.pos, "expected the number of a fault")
			return 0
		}
	}
	p.faults.set(value, limit, n)
	for len(p.k.Faults) <= n {
		p.k.Faults = append(p.k.Faults, Fault{})
	}
	f := &p.k.Faults[n]
	if f.What != "" && f.Limit != limit {
		p.fail("fault %d has two limits", n)
	}
	f.What, f.Limit = "index", limit
	return n
}

// maxFaults bounds the fault numbers of a kernel.
const maxFaults = 1 << 10
