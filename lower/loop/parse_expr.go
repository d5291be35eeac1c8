package loop

import (
	"math"
	"strconv"
	"strings"

	"github.com/numen-go/numen/ir"
)

func (p *parser) expr() *Val { return p.binary(precCompare) }

// binary reads operators of at least the given precedence, left to right.
func (p *parser) binary(prec int) *Val {
	if p.depth++; p.depth > maxDepth {
		p.fail("expressions nest more than %d deep", maxDepth)
	}
	defer func() { p.depth-- }()
	x := p.unary()
	for n := 0; ; n++ {
		o, ok := infixOf(p.peek())
		if !ok || o.prec < prec {
			return x
		}
		if n == maxDepth { // each operator is one level more
			p.fail("expressions nest more than %d deep", maxDepth)
		}
		p.tok++
		x = p.apply(o.op, nil, x, p.binary(o.prec+1))
	}
}

func infixOf(text string) (infixOp, bool) {
	for _, o := range infix {
		if o.text == text {
			return o, true
		}
	}
	return infixOp{}, false
}

// apply returns op of operands whose dtypes it takes.
func (p *parser) apply(op *ir.Op, table *ir.Table, args ...*Val) *Val {
	v := &Val{Kind: Apply, Op: op, Args: args, Table: table}
	if err := operandsFit(op, args); err != nil {
		p.tok--
		p.fail("%s", err)
	}
	e := &ir.Expr{Kind: ir.Apply, Op: op, Table: table}
	for _, a := range args {
		e.Args = append(e.Args, &ir.Expr{DType: a.DType})
	}
	v.DType = op.Scalar.Result(e)
	return v
}

func (p *parser) unary() *Val {
	switch {
	case p.is("-") && isLiteral(p.after()):
		p.tok++
		return p.literal(true)
	case p.accept("-"):
		return p.apply(ir.OpNeg, nil, p.binary(precUnary))
	case p.accept("~"):
		return p.apply(ir.OpNot, nil, p.binary(precUnary))
	case p.accept("("):
		v := p.expr()
		p.expect(")")
		return v
	case isLiteral(p.peek()):
		return p.literal(false)
	}
	name := p.name("a value")
	switch {
	case p.is("("):
		p.tok++
		return p.call(name, "")
	case p.is("["):
		e := p.element(name)
		return load(e.Array, e.Index...)
	case p.is("."):
		p.tok++
		if next := p.peek(); p.arrays[name] != nil && next != "" && isDigit(next[0]) {
			return extent(p.arrays[name], p.integer("an axis"))
		}
		of := p.name("a name")
		p.expect("(")
		return p.call(name, of)
	}
	v := p.lookup(name)
	if v == nil {
		p.tok--
		p.fail("%q has no value here", name)
	}
	return use(v)
}

// isLiteral reports whether a token is a literal.
func isLiteral(t string) bool {
	if t == "" || isDigit(t[0]) {
		return t != ""
	}
	word, _, _ := strings.Cut(t, "_")
	return word == "inf" || t == "true" || t == "false" || strings.HasPrefix(word, "nan0x")
}

// literal reads an element as literal writes it.
func (p *parser) literal(negative bool) *Val {
	text, dtype, typed := strings.Cut(p.peek(), "_")
	payload, nan := strings.CutPrefix(text, "nan")
	float := nan || text == "inf" || strings.ContainsAny(text, ".e")
	v := &Val{Kind: Const, DType: ir.Int64}
	switch {
	case text == "true" || text == "false":
		v.DType = ir.Bool
	case typed:
		v.DType, typed = ir.ParseDType(dtype)
		if !typed || v.DType == ir.Bool || float && !v.DType.IsFloat() {
			p.fail("no literal has this dtype")
		}
	case float:
		v.DType = ir.Float64
	}
	if negative {
		text = "-" + text
	}
	size := 8 * v.DType.Size()
	var err error
	switch {
	case v.DType == ir.Bool:
		var b bool
		if b, err = strconv.ParseBool(text); b {
			v.Bits = 1
		}
	case nan:
		v.Bits, err = strconv.ParseUint(payload, 0, size)
		if negative || err == nil && !isNaN(v.DType, v.Bits) {
			p.fail("these are not the bits of a NaN")
		}
	case v.DType.IsFloat():
		var f float64
		f, err = strconv.ParseFloat(text, size)
		v.Bits = ir.Float(v.DType, f)
	case v.DType.Kind() == ir.KindUint:
		v.Bits, err = strconv.ParseUint(text, 10, size)
	default:
		var n int64
		n, err = strconv.ParseInt(text, 10, size)
		v.Bits = uint64(n)
	}
	if err != nil {
		p.fail("%q is no %s", text, v.DType)
	}
	p.tok++
	return v
}

func isNaN(d ir.DType, bits uint64) bool {
	if d == ir.Float32 {
		return math.IsNaN(float64(math.Float32frombits(uint32(bits))))
	}
	return math.IsNaN(math.Float64frombits(bits))
}

// call reads the operands of name(...) or name.of(...).
func (p *parser) call(name, of string) *Val {
	var args []*Val
	p.commas(")", func() { args = append(args, p.expr()) })
	want := func(k int) {
		if len(args) != k {
			p.tok--
			p.fail("%s takes %d operands", name, k)
		}
	}
	// number takes the last operand, a literal that is part of the structure.
	number := func() int {
		v, ok := args[len(args)-1].number()
		if !ok || v < -1 || v > 1<<20 {
			p.tok--
			p.fail("the last operand of %s is a small number", name)
		}
		args = args[:len(args)-1]
		return int(v)
	}
	if d, ok := ir.ParseDType(name); ok {
		want(1)
		return &Val{Kind: Apply, Op: ir.OpCast, DType: d, Args: args}
	}
	switch name {
	case "within":
		want(3)
		return &Val{Kind: Within, DType: ir.Bool, Args: args}
	case "pick":
		want(3)
		return &Val{Kind: Pick, DType: args[1].DType, Args: args}
	case "check":
		want(4)
		return &Val{Kind: Check, DType: ir.Int64, N: number(), Args: args}
	case "below":
		want(2)
		return &Val{Kind: Below, DType: args[0].DType, N: number(), Args: args}
	case "bits":
		want(1)
		d, ok := ir.ParseDType(of)
		if !ok {
			p.fail("%q is no dtype", of)
		}
		return &Val{Kind: Apply, Op: ir.OpRawBits, DType: d, Args: args}
	case "lookup":
		want(1)
		t := p.tables[of]
		if t == nil {
			p.fail("%q is no table", of)
		}
		return p.apply(ir.OpLookup, t, args...)
	}
	op := ir.Lookup(name)
	if op == nil || op.Scalar == nil || of != "" {
		p.fail("%q is no op", name)
	}
	return p.apply(op, nil, args...)
}
