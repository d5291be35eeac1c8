package loop

import "github.com/numen-go/numen/ir"

// Statements, as print writes them.

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
		"soon": func(p *parser, _ int) Stmt { s := &Soon{p.exprTuple()}; p.end(); return s },
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
	s.Depth, s.K = p.below()
	s.Row, s.M = p.below()
	s.Col, s.N = p.below()
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

// below reads a variable and its bound.
func (p *parser) below() (v *Var, n *Val) {
	v = p.newVar()
	p.expect("<")
	n = p.binary(precSum)
	p.expect(",")
	return v, n
}

func (p *parser) chains(int) Stmt {
	s := &Chains{Combine: p.combine()}
	p.scopes = append(p.scopes, map[string]*Var{})
	s.Depth, s.K = p.below()
	s.Pos, s.N = p.below()
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
