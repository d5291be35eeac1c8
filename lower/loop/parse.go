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
