package loop

import (
	"fmt"
	"strconv"

	"github.com/numen-go/numen/ir"
)

// Parse reads the text form of a loop and verifies it.
func Parse(src string) (*Loop, error) {
	ls, err := lines(src)
	if err != nil {
		return nil, err
	}
	p := &parser{lines: ls, tables: map[string]*ir.Table{}, arrays: map[string]*Array{}}
	l, err := p.parse()
	if err != nil {
		return nil, err
	}
	if err := l.Verify(); err != nil {
		return nil, err
	}
	return l, nil
}

type parser struct {
	lines  []line
	at     int // the line
	tok    int // the token in it
	depth  int // of the expression
	tables map[string]*ir.Table
	arrays map[string]*Array
	scopes []map[string]*Var
}

// syntaxFault is what the parser panics with, inside parse only.
type syntaxFault struct{ err *SyntaxError }

func (p *parser) parse() (l *Loop, err error) {
	defer func() {
		r := recover()
		if f, ok := r.(syntaxFault); ok {
			l, err = nil, f.err
		} else if r != nil {
			panic(r)
		}
	}()
	for p.at < len(p.lines) && p.is("table") {
		p.table()
	}
	if p.at == len(p.lines) {
		return nil, &SyntaxError{1, 1, "no loop"}
	}
	p.expect("loop")
	l = &Loop{Name: p.name("the loop's name")}
	p.scopes = []map[string]*Var{{}}
	p.params(l)
	l.Body = p.block(0)
	if p.at < len(p.lines) {
		p.fail("unexpected text after the loop")
	}
	return l, nil
}

func (p *parser) fail(format string, args ...any) {
	e := &SyntaxError{Line: 1, Col: 1, Msg: fmt.Sprintf(format, args...)}
	if p.at < len(p.lines) {
		l := p.lines[p.at]
		e.Line = l.number
		if p.tok < len(l.tokens) {
			e.Col = l.tokens[p.tok].col
		} else if n := len(l.tokens); n > 0 {
			e.Col = l.tokens[n-1].col + len(l.tokens[n-1].text)
		}
	}
	panic(syntaxFault{e})
}

// peek returns the token ahead, "" at the end of the line.
func (p *parser) peek() string {
	if p.at < len(p.lines) && p.tok < len(p.lines[p.at].tokens) {
		return p.lines[p.at].tokens[p.tok].text
	}
	return ""
}

// after returns the token after the one ahead.
func (p *parser) after() string {
	if p.at < len(p.lines) && p.tok+1 < len(p.lines[p.at].tokens) {
		return p.lines[p.at].tokens[p.tok+1].text
	}
	return ""
}

func (p *parser) is(text string) bool { return p.peek() == text }

func (p *parser) accept(text string) bool {
	if p.is(text) {
		p.tok++
		return true
	}
	return false
}

func (p *parser) expect(text string) {
	if !p.accept(text) {
		p.fail("expected %q", text)
	}
}

func (p *parser) name(what string) string {
	t := p.peek()
	if t == "" || !isLetter(t[0]) {
		p.fail("expected %s", what)
	}
	p.tok++
	return t
}

// end ends a line.
func (p *parser) end() {
	if p.peek() != "" {
		p.fail("expected the end of the line")
	}
	p.at++
	p.tok = 0
}

func (p *parser) integer(what string) int {
	n, err := strconv.Atoi(p.peek())
	if err != nil {
		p.fail("expected %s, a number", what)
	}
	p.tok++
	return n
}

func (p *parser) dtype() ir.DType {
	d, ok := ir.ParseDType(p.peek())
	if !ok || d.Kind() == ir.KindComplex {
		p.fail("expected a real dtype")
	}
	p.tok++
	return d
}

// commas reads items up to the closing bracket.
func (p *parser) commas(end string, item func()) {
	if p.accept(end) {
		return
	}
	for {
		item()
		if p.accept(end) {
			return
		}
		p.expect(",")
	}
}

func (p *parser) table() {
	p.expect("table")
	t := &ir.Table{Name: p.name("the table's name"), DType: p.dtype()}
	for p.peek() != "" {
		v, err := strconv.ParseUint(p.peek(), 0, 64)
		if err != nil {
			p.fail("expected an entry, a number")
		}
		p.tok++
		t.Entries = append(t.Entries, v)
	}
	if p.tables[t.Name] != nil {
		p.fail("table %s is declared twice", t.Name)
	}
	p.tables[t.Name] = t
	p.end()
}

// params reads what the caller gives: integers, scalars and arrays.
func (p *parser) params(l *Loop) {
	p.expect("(")
	p.commas(")", func() {
		for role, word := range roles {
			if p.accept(word) {
				a := &Array{Name: p.name("an array's name"), DType: p.dtype(), Role: ir.Role(role)}
				p.expect("[")
				p.commas("]", func() {
					p.expect("_")
					a.Rank++
				})
				p.declareArray(a)
				l.Arrays = append(l.Arrays, a)
				return
			}
		}
		v := &Var{p.name("a parameter's name"), ir.Int64}
		if !p.is(",") && !p.is(")") {
			v.DType = p.dtype()
		}
		p.declare(v)
		l.Params = append(l.Params, v)
	})
	p.expect(":")
	p.end()
}

func (p *parser) declare(v *Var) {
	p.scopes[len(p.scopes)-1][v.Name] = v
}

func (p *parser) declareArray(a *Array) {
	if p.arrays[a.Name] != nil {
		p.fail("array %s is declared twice", a.Name)
	}
	p.arrays[a.Name] = a
}

func (p *parser) lookup(name string) *Var {
	for i := len(p.scopes) - 1; i >= 0; i-- {
		if v := p.scopes[i][name]; v != nil {
			return v
		}
	}
	return nil
}

// newVar reads a name and declares an integer.
func (p *parser) newVar() *Var {
	v := &Var{p.name("a variable's name"), ir.Int64}
	p.declare(v)
	return v
}

// block reads the lines that are deeper than the given depth.
func (p *parser) block(depth int) []Stmt {
	if depth >= maxDepth {
		p.fail("blocks nest more than %d deep", maxDepth)
	}
	var out []Stmt
	for p.at < len(p.lines) && p.lines[p.at].depth > depth {
		if p.lines[p.at].depth != depth+1 {
			p.fail("indented too deep")
		}
		out = append(out, p.stmt(depth+1))
	}
	return out
}

// body reads the block of a statement at the given depth, after its colon. Names that
// are declared before, in head, are its own.
func (p *parser) body(depth int, head func()) []Stmt {
	p.scopes = append(p.scopes, map[string]*Var{})
	head()
	p.expect(":")
	p.end()
	out := p.block(depth)
	p.scopes = p.scopes[:len(p.scopes)-1]
	if len(out) == 0 {
		p.fail("expected an indented block")
	}
	return out
}

func (p *parser) stmt(depth int) Stmt {
	word := p.peek()
	if f := statements[word]; f != nil && p.after() != "=" && p.after() != "[" {
		p.tok++
		return f(p, depth)
	}
	name := p.name("a statement")
	if p.is("[") {
		s := &Store{}
		e := p.element(name)
		s.Array, s.Index = e.Array, e.Index
		p.expect("=")
		s.Val = p.expr()
		p.end()
		return s
	}
	p.expect("=")
	val := p.expr()
	v := p.lookup(name)
	if v == nil {
		v = &Var{name, val.DType}
		p.declare(v)
	}
	p.end()
	return &Set{v, val}
}

// statements reads what follows a statement's first word.
var statements map[string]func(p *parser, depth int) Stmt

func init() {
	statements = map[string]func(p *parser, depth int) Stmt{
		"par": (*parser).par, "for": (*parser).forLoop, "while": (*parser).while, "merge": (*parser).merge, "if": (*parser).ifElse,
		"ret":     func(p *parser, _ int) Stmt { p.end(); return &Return{} },
		"local":   func(p *parser, _ int) Stmt { return p.local(false) },
		"reg":     func(p *parser, _ int) Stmt { return p.local(true) },
		"require": (*parser).require, "nonempty": (*parser).nonEmpty, "strip": (*parser).strip, "lanes": (*parser).lanes,
		"fold": (*parser).fold, "prefix": (*parser).prefix, "scatter": (*parser).scatter, "append": (*parser).appendTo, "tile": (*parser).tile, "chains": (*parser).chains,
	}
}

func (p *parser) par(depth int) Stmt {
	s := &Par{}
	s.Body = p.body(depth, func() {
		for {
			r := ParRange{Step: intVal(1)}
			p.expect("(")
			lo := p.name("a variable's name")
			p.expect(",")
			hi := p.name("a variable's name")
			p.expect(")")
			p.expect("=")
			r.From = p.expr()
			p.expect("to")
			r.To = p.expr()
			if p.accept("step") {
				r.Step = p.expr()
			}
			r.Lo, r.Hi = &Var{lo, ir.Int64}, &Var{hi, ir.Int64}
			s.Ranges = append(s.Ranges, r)
			if !p.accept(",") {
				break
			}
		}
		p.expect("cost")
		s.Cost = p.expr()
		s.Few = p.accept("few")
		for _, r := range s.Ranges {
			p.declare(r.Lo)
			p.declare(r.Hi)
		}
	})
	return s
}

func (p *parser) forLoop(depth int) Stmt {
	s := &For{Step: intVal(1)}
	s.Body = p.body(depth, func() {
		name := p.name("a variable's name")
		p.expect("=")
		s.Lo = p.expr()
		p.expect("to")
		s.Hi = p.expr()
		if p.accept("step") {
			s.Step = p.expr()
		}
		s.Var = &Var{name, ir.Int64}
		p.declare(s.Var)
	})
	return s
}

func (p *parser) while(depth int) Stmt {
	s := &While{}
	s.Body = p.body(depth, func() { s.Cond = p.expr() })
	return s
}

func (p *parser) merge(depth int) Stmt {
	s := &Merge{}
	s.Body = p.body(depth, func() {
		for {
			s.Cursors = append(s.Cursors, p.variable())
			p.expect("<")
			s.Ends = append(s.Ends, p.binary(precSum))
			if !p.accept(",") {
				return
			}
		}
	})
	return s
}

func (p *parser) variable() *Var {
	v := p.lookup(p.peek())
	if v == nil {
		p.fail("%q is no variable", p.peek())
	}
	p.tok++
	return v
}

func (p *parser) ifElse(depth int) Stmt {
	s := &If{}
	s.Then = p.body(depth, func() { s.Cond = p.expr() })
	if p.at < len(p.lines) && p.lines[p.at].depth == depth && p.is("else") {
		p.tok++
		s.Else = p.body(depth, func() {})
	}
	return s
}

func (p *parser) local(register bool) Stmt {
	s := &Local{Register: register}
	s.Array = &Array{Name: p.name("an array's name"), DType: p.dtype(), Role: ir.Local}
	p.expect("[")
	p.commas("]", func() { s.Extents = append(s.Extents, p.expr()) })
	s.Array.Rank = len(s.Extents)
	if p.accept("=") {
		s.Init = p.expr()
	}
	p.declareArray(s.Array)
	p.end()
	return s
}

func (p *parser) require(int) Stmt {
	s := &Require{}
	p.expect("(")
	s.Name = p.name("an array's name")
	p.expect(",")
	s.Axis = p.integer("an axis")
	for _, v := range []**Val{&s.Lo, &s.Hi, &s.Extent, &s.When} {
		p.expect(",")
		*v = p.expr()
	}
	p.expect(")")
	p.end()
	return s
}

func (p *parser) nonEmpty(int) Stmt {
	p.expect("(")
	s := &NonEmpty{p.expr()}
	p.expect(")")
	p.end()
	return s
}

func (p *parser) strip(depth int) Stmt {
	s := &Strip{}
	s.Body = p.body(depth, func() {
		name := p.name("a variable's name")
		p.expect("<")
		s.N = p.binary(precSum)
		s.Pos = &Var{name, ir.Int64}
		p.declare(s.Pos)
	})
	return s
}

// combine reads "(NAME,".
func (p *parser) combine() *ir.Combine {
	p.expect("(")
	c := ir.LookupCombine(p.peek())
	if c == nil {
		p.fail("%q is no combine", p.peek())
	}
	p.tok++
	p.expect(",")
	return c
}

// tuple reads one item, or several in parentheses. An expression in parentheses of its
// own is not written as an item.
func (p *parser) tuple(item func()) {
	if p.accept("(") {
		p.commas(")", item)
		return
	}
	item()
}

func (p *parser) lanes(int) Stmt {
	s := &Lanes{Combine: p.combine()}
	s.Accs = p.arrayTuple()
	p.expect(",")
	s.Vals = p.exprTuple()
	if p.accept(",") {
		s.At = p.expr()
	}
	p.expect(")")
	p.end()
	return s
}

func (p *parser) arrayTuple() (out []*Array) {
	p.tuple(func() { out = append(out, p.array(p.name("an array's name"))) })
	return out
}

func (p *parser) elementTuple() (out []Element) {
	p.tuple(func() { out = append(out, p.element(p.name("an array's name"))) })
	return out
}

// exprTuple reads values: several stand in parentheses, which one alone may start with.
func (p *parser) exprTuple() []*Val {
	if p.is("(") {
		start := p.tok
		p.tok++
		first := p.expr()
		if p.is(",") {
			out := []*Val{first}
			for p.accept(",") {
				out = append(out, p.expr())
			}
			p.expect(")")
			return out
		}
		p.tok = start
	}
	return []*Val{p.expr()}
}

func (p *parser) fold(int) Stmt {
	s := &Fold{Combine: p.combine()}
	s.Accs = p.arrayTuple()
	p.expect(")")
	p.end()
	return s
}

func (p *parser) prefix(int) Stmt {
	s := &Prefix{Combine: p.combine()}
	s.Accs = p.arrayTuple()
	p.expect(",")
	s.Outs = p.elementTuple()
	p.expect(",")
	s.Vals = p.exprTuple()
	p.expect(")")
	p.end()
	return s
}

func (p *parser) scatter(int) Stmt {
	s := &Scatter{Combine: p.combine()}
	s.Targets = p.elementTuple()
	p.expect(",")
	s.Vals = p.exprTuple()
	p.expect(")")
	p.end()
	return s
}

func (p *parser) appendTo(int) Stmt {
	p.expect("(")
	s := &Append{Count: p.variable()}
	p.expect(",")
	s.Cond = p.expr()
	p.expect(",")
	s.Outs = p.arrayTuple()
	p.expect(",")
	s.Vals = p.exprTuple()
	p.expect(")")
	p.end()
	return s
}

func (p *parser) tile(int) Stmt {
	s := &Tile{Combine: p.combine()}
	p.scopes = append(p.scopes, map[string]*Var{})
	for _, x := range []struct {
		v *(*Var)
		n **Val
	}{{&s.Depth, &s.K}, {&s.Row, &s.M}, {&s.Col, &s.N}} {
		*x.v = p.newVar()
		p.expect("<")
		*x.n = p.binary(precSum)
		p.expect(",")
	}
	s.Accs = p.elementTuple()
	if p.accept("=") {
		s.Init = p.expr()
	}
	p.expect(",")
	s.Vals = p.exprTuple()
	if p.accept(",") {
		s.When = p.expr()
		p.expect(",")
		s.Left = &p.elementTuple()[0]
	}
	p.expect(")")
	p.scopes = p.scopes[:len(p.scopes)-1]
	p.end()
	return s
}

func (p *parser) chains(int) Stmt {
	s := &Chains{Combine: p.combine()}
	p.scopes = append(p.scopes, map[string]*Var{})
	for _, x := range []struct {
		v *(*Var)
		n **Val
	}{{&s.Depth, &s.K}, {&s.Pos, &s.N}} {
		*x.v = p.newVar()
		p.expect("<")
		*x.n = p.binary(precSum)
		p.expect(",")
	}
	s.Acc = p.array(p.name("an array's name"))
	if p.accept("=") {
		s.Init = p.expr()
	}
	p.expect(",")
	s.Vals = p.exprTuple()
	if p.accept(",") {
		s.Soon = p.exprTuple()
	}
	p.expect(")")
	p.scopes = p.scopes[:len(p.scopes)-1]
	p.end()
	return s
}

func (p *parser) array(name string) *Array {
	a := p.arrays[name]
	if a == nil {
		p.tok--
		p.fail("%q is no array", name)
	}
	return a
}

// element reads the positions after an array's name.
func (p *parser) element(name string) Element {
	e := Element{Array: p.array(name)}
	p.expect("[")
	p.commas("]", func() { e.Index = append(e.Index, p.expr()) })
	return e
}
