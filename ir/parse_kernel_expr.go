package ir

import (
	"math"
	"slices"
)

// Bodies are read in two steps: text to a tree of what is written (this file), and the
// tree to Exprs, when all of it is known (elab_kernel.go).

// kexpr is what is written: a number, a name, an element, a call or operator, a sink.
type kexpr struct {
	kind   kexprKind
	pos    int
	text   string   // literal, name, operand, called name
	suffix string   // what follows a dot: f64 of bitcast.f64(x), lanes of sum.lanes[j](x)
	index  []*kexpr // element: indices; sink: axes
	args   []*kexpr

	typ   DType // of typeOf, once asked
	typed bool
	dim   Dim // of fold, once asked
	folds foldState
}

type kexprKind uint8

const (
	kLit kexprKind = iota
	kName
	kElem
	kCall // operators too, by the name of their op
	kSink
)

// maxBodyDepth bounds the depth of trees: what works on them recurses.
const maxBodyDepth = 500

func (p *kernelParser) operator() (op string, level int) {
	if p.tok.kind == tokSymbol {
		for _, o := range infix {
			if o.text == p.tok.text {
				return o.op.Name, o.level
			}
		}
	}
	return "", -1
}

// expr reads an expression of operators that bind at least as tight as level.
func (p *kernelParser) expr(level int) *kexpr {
	left := p.unary()
	for n := 0; ; n++ {
		pos := p.tok.pos
		op, l := p.operator()
		if l < level {
			return left
		}
		if n > maxBodyDepth {
			p.fail("more than %d operators in a row", maxBodyDepth)
			return left
		}
		p.next()
		left = &kexpr{kind: kCall, pos: pos, text: op, args: []*kexpr{left, p.expr(l + 1)}}
		if l == levelCompare {
			level = levelCompare + 1 // comparisons do not group
		}
	}
}

func (p *kernelParser) unary() *kexpr {
	if p.depth++; p.depth > maxBodyDepth {
		p.fail("expression nests deeper than %d", maxBodyDepth)
	}
	defer func() { p.depth-- }()
	pos := p.tok.pos
	switch {
	case p.accept("-"):
		if p.tok.kind == tokNumber || p.is("inf") {
			return &kexpr{kind: kLit, pos: pos, text: "-" + p.next().text}
		}
		return &kexpr{kind: kCall, pos: pos, text: OpNeg.Name, args: []*kexpr{p.unary()}}
	case p.accept("~"):
		return &kexpr{kind: kCall, pos: pos, text: OpNot.Name, args: []*kexpr{p.unary()}}
	}
	return p.primary()
}

func (p *kernelParser) primary() *kexpr {
	n := &kexpr{pos: p.tok.pos}
	switch {
	case p.accept("("):
		n = p.expr(0)
		p.expect(")")
		return n
	case p.tok.kind == tokNumber || p.is("true") || p.is("false") || p.is("inf") || p.is("nan"):
		n.text = p.next().text
		return n
	}
	n.kind, n.text = kName, p.name("a value")
	if p.accept(".") {
		n.suffix = p.name("an order, a dtype or a table")
		if !p.is("[") && !p.is("(") {
			p.fail("expected a bracket, found %s", p.found())
		}
	}
	if p.is("[") {
		n.kind = kElem
		p.list("[", "]", func() { n.index = append(n.index, p.expr(0)) })
		if n.suffix != "" || p.is("(") {
			n.kind = kSink
		}
	}
	if p.is("(") {
		if n.kind == kName {
			n.kind = kCall
		}
		p.list("(", ")", func() { n.args = append(n.args, p.expr(0)) })
		if n.text == "bits" {
			p.bitsLiteral(n)
		}
	}
	return n
}

// bitsLiteral turns the call bits(0x..) into the literal.
func (p *kernelParser) bitsLiteral(n *kexpr) {
	if len(n.args) != 1 || n.args[0].kind != kLit {
		p.failAt(n.pos, "expected bits(0x...)")
		return
	}
	*n = kexpr{kind: kLit, pos: n.pos, text: "bits(" + n.args[0].text + ")"}
}

// foldState says what is known of fold's answer.
type foldState uint8

const (
	foldUnknown foldState = iota
	foldYes
	foldNo
)

// fold returns the number or polynomial of dims that n is when it is made of nothing else.
func (p *kernelParser) fold(n *kexpr) (Dim, bool) {
	if n.folds == foldUnknown {
		n.folds = foldNo
		if d, ok := p.foldNow(n); ok {
			n.dim, n.folds = d, foldYes
		}
	}
	return n.dim, n.folds == foldYes
}

func (p *kernelParser) foldNow(n *kexpr) (Dim, bool) {
	switch n.kind {
	case kLit:
		v, err := parseLiteral(Int64, n.text)
		return N(int64(v)), err == nil && n.text[0] != 'b'
	case kName:
		b, ok := p.names[n.text]
		if !ok || b.kind != bindDim {
			return Dim{}, false
		}
		return Sym(n.text), true
	case kCall:
		ds := make([]Dim, len(n.args))
		for i, a := range n.args {
			var ok bool
			if ds[i], ok = p.fold(a); !ok {
				return Dim{}, false
			}
		}
		return foldDims(n.text, ds)
	}
	return Dim{}, false
}

// maxFoldTerms bounds the polynomials that folding makes.
const maxFoldTerms = 64

func foldDims(op string, ds []Dim) (Dim, bool) {
	switch {
	case op == OpNeg.Name && len(ds) == 1:
		ds = []Dim{{}, ds[0]}
		op = OpSub.Name
	case len(ds) != 2:
		return Dim{}, false
	}
	a, b := ds[0], ds[1]
	if len(a.terms())*len(b.terms()) > maxFoldTerms || !smallCoefs(a) || !smallCoefs(b) {
		return Dim{}, false
	}
	switch op {
	case OpAdd.Name:
		return a.Add(b), true
	case OpSub.Name:
		return a.Sub(b), true
	case OpMul.Name:
		return a.Mul(b), true
	}
	return Dim{}, false
}

// smallCoefs reports whether sums and products of d's coefficients cannot overflow, and
// its degree is that of a real extent.
func smallCoefs(d Dim) bool {
	return !slices.ContainsFunc(d.terms(), func(t monomial) bool {
		return t.coef > math.MaxInt32 || t.coef < math.MinInt32 || len(t.syms) > 16
	})
}
