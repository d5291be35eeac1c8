package ir

import (
	"slices"
	"strings"
)

// From what is written to Exprs. A number takes its dtype from the operands beside it,
// else from the place it stands in (want), else it is an i64 or, with a point, an f64.

// typeOf returns the dtype that n has wherever it stands, Invalid when it is made of
// numbers without one.
func (p *kernelParser) typeOf(n *kexpr) DType {
	if !n.typed {
		n.typ, n.typed = p.typeNow(n), true
	}
	return n.typ
}

func (p *kernelParser) typeNow(n *kexpr) DType {
	if _, ok := p.fold(n); ok {
		return Invalid
	}
	switch n.kind {
	case kLit:
		if n.text == "true" || n.text == "false" {
			return Bool
		}
	case kName, kElem:
		switch b, ok := p.names[n.text]; {
		case !ok:
		case b.kind == bindAxis:
			return Int64
		case b.kind == bindScalar:
			return p.k.Scalars[b.n].DType
		case b.kind == bindOperand:
			return p.k.Operands[b.n].DType
		case b.kind == bindLet:
			return b.value.DType
		}
	case kCall:
		if d, ok := ParseDType(n.text); ok {
			return d
		}
		switch n.text {
		case "chk", "value":
			return Int64
		case "stored":
			if len(n.args) == 1 {
				return p.typeOf(n.args[0])
			}
			return Invalid
		}
		if isGuard(n) {
			return p.groupType(guarded(n))
		}
		op := p.op(n)
		if op == nil {
			return Invalid
		}
		lo, hi := operandGroup(op)
		if keepsDType(op) {
			return p.groupType(n.args[lo:hi])
		}
		return p.apply(n, op, Invalid, func(*kexpr, DType) *Expr { return nil }).DType
	}
	return Invalid
}

func isGuard(n *kexpr) bool { return n.text == "pick" || n.text == "pad" }

// guarded returns the two operands of a guard that are values of one dtype.
func guarded(n *kexpr) []*kexpr { return n.args[max(0, len(n.args)-2):] }

// groupType returns the dtype of operands that share one, Invalid when none has one.
func (p *kernelParser) groupType(args []*kexpr) DType {
	for _, a := range args {
		if d := p.typeOf(a); d != Invalid {
			return d
		}
	}
	return Invalid
}

// groupWant returns the dtype that the numbers among args get.
func (p *kernelParser) groupWant(args []*kexpr, keeps bool, want DType) DType {
	if d := p.groupType(args); d != Invalid {
		return d
	}
	if keeps && want != Invalid {
		return want
	}
	if slices.ContainsFunc(args, p.hasFloat) {
		return Float64
	}
	return Int64
}

// hasFloat reports whether n, without a dtype, has a literal with a point.
func (p *kernelParser) hasFloat(n *kexpr) bool {
	switch n.kind {
	case kLit:
		return isFloatLiteral(n.text)
	case kCall:
		if isGuard(n) {
			return slices.ContainsFunc(guarded(n), p.hasFloat)
		}
		if op := p.op(n); op != nil {
			lo, hi := operandGroup(op)
			return slices.ContainsFunc(n.args[lo:hi], p.hasFloat)
		}
	}
	return false
}

// isFloatLiteral tells 1.0, 1e3, 0x1p-3, inf and nan from 1, true and bits(0x1).
func isFloatLiteral(text string) bool {
	if strings.HasPrefix(text, "bits") {
		return false
	}
	_, err := parseLiteral(Float64, text)
	return err == nil && strings.ContainsAny(text, ".einp")
}

// op returns the scalar op that n calls, nil after a message when there is none.
func (p *kernelParser) op(n *kexpr) *Op {
	name := n.text
	if name == "where" {
		name = OpSelect.Name
	}
	op := Lookup(name)
	switch {
	case op == nil || op.Scalar == nil:
		p.failAt(n.pos, "%s is not a scalar op", n.text)
		return nil
	case len(n.args) < op.MinArg || len(n.args) > op.MaxArg:
		p.failAt(n.pos, "%s takes %d operands, got %d", n.text, op.MinArg, len(n.args))
		return nil
	}
	return op
}

// elab returns the value that n is where an operand of dtype want stands; after a
// message, some value.
func (p *kernelParser) elab(n *kexpr, want DType) *Expr {
	if p.err != nil {
		return p.b.Const(Int64, 0)
	}
	e := p.elabNow(n, want)
	if p.err != nil {
		return p.b.Const(Int64, 0)
	}
	return e
}

func (p *kernelParser) elabNow(n *kexpr, want DType) *Expr {
	if d, ok := p.fold(n); ok {
		return p.number(n, d, want)
	}
	switch n.kind {
	case kLit:
		return p.literalOf(n, n.text, want)
	case kName:
		return p.named(n)
	case kElem:
		a := p.access(n)
		if p.err != nil {
			return nil
		}
		return p.b.Intern(&Expr{Kind: Load, DType: p.k.Operands[a.Operand].DType, Access: &a})
	case kCall:
		return p.call(n, want)
	}
	p.failAt(n.pos, "a reduction, scan, scatter or append is the whole of its statement")
	return nil
}

// number returns the literal or dim d of dtype want.
func (p *kernelParser) number(n *kexpr, d Dim, want DType) *Expr {
	if c, ok := d.Const(); ok {
		return p.literalOf(n, N(c).String(), want)
	}
	if want == Invalid {
		want = Int64
	}
	if !Reals.Has(want) {
		p.failAt(n.pos, "%s is a number, not a %s", d, want)
	}
	return p.b.DimValue(want, d)
}

func (p *kernelParser) literalOf(n *kexpr, text string, want DType) *Expr {
	switch {
	case text == "true" || text == "false":
		want = Bool
	case want == Invalid && isFloatLiteral(text):
		want = Float64
	case want == Invalid:
		want = Int64
	}
	bits, err := parseLiteral(want, text)
	if err != nil {
		p.failAt(n.pos, "%s is not an element of %s", text, want)
	}
	return p.b.Const(want, bits)
}

func (p *kernelParser) named(n *kexpr) *Expr {
	b, ok := p.names[n.text]
	switch {
	case !ok:
	case b.kind == bindScalar:
		return p.b.ScalarIn(p.k.Scalars[b.n].DType, b.n)
	case b.kind == bindAxis:
		return p.b.Axis(Int64, b.n)
	case b.kind == bindLet:
		return b.value
	case b.kind == bindOperand:
		return p.b.Load(p.k.Operands[b.n].DType, b.n)
	}
	p.failAt(n.pos, "%s is not a value", n.text)
	return nil
}

// access returns the element of an operand that n is.
func (p *kernelParser) access(n *kexpr) Access {
	b, ok := p.names[n.text]
	if n.kind != kName && n.kind != kElem || !ok || b.kind != bindOperand {
		p.failAt(n.pos, "expected an element of an operand")
		return Access{}
	}
	if rank := len(p.k.Operands[b.n].Shape); len(n.index) > rank {
		p.failAt(n.pos, "%s has %d axes, got %d indices", n.text, rank, len(n.index))
	}
	a := Access{Operand: b.n}
	for _, x := range n.index {
		a.Index = append(a.Index, p.index(x))
	}
	return a
}

func (p *kernelParser) index(n *kexpr) Index {
	if n.kind == kCall && n.text == "value" && len(n.args) == 1 {
		return AtValue(p.elab(n.args[0], Int64))
	}
	if n.kind == kCall && n.text == "exact" && len(n.args) == 2 {
		x, ok := p.affine(n.args[0])
		if !ok {
			p.failAt(n.pos, "expected a position that is affine in axes")
			return Index{}
		}
		if x.Div = p.dimOf(n.args[1]); x.Div.Is(0) {
			p.failAt(n.pos, "division by 0")
		}
		return x
	}
	if x, ok := p.affine(n); ok {
		return x
	}
	return AtValue(p.elab(n, Int64))
}

// affine returns the position that n is when it is affine in axes.
func (p *kernelParser) affine(n *kexpr) (Index, bool) {
	if d, ok := p.fold(n); ok {
		return AtConst(d), true
	}
	if b, ok := p.names[n.text]; ok && n.kind == kName && b.kind == bindAxis {
		return At(b.n), true
	}
	if n.kind != kCall {
		return Index{}, false
	}
	args := make([]Index, len(n.args))
	for i, a := range n.args {
		var ok bool
		if args[i], ok = p.affine(a); !ok {
			return Index{}, false
		}
	}
	switch {
	case n.text == OpNeg.Name && len(args) == 1:
		return args[0].scale(N(-1)), true
	case n.text == OpAdd.Name && len(args) == 2:
		return args[0].plus(args[1]), true
	case n.text == OpSub.Name && len(args) == 2:
		return args[0].plus(args[1].scale(N(-1))), true
	case n.text == OpMul.Name && len(args) == 2 && args[0].Terms == nil:
		return args[1].scale(args[0].Const), true
	case n.text == OpMul.Name && len(args) == 2 && args[1].Terms == nil:
		return args[0].scale(args[1].Const), true
	}
	return Index{}, false
}

// plus returns the sum of two affine positions.
func (x Index) plus(y Index) Index {
	out := Index{Const: x.Const.Add(y.Const)}
	i, j := 0, 0
	for i < len(x.Terms) || j < len(y.Terms) {
		switch {
		case j == len(y.Terms) || i < len(x.Terms) && x.Terms[i].Axis < y.Terms[j].Axis:
			out.Terms = append(out.Terms, x.Terms[i])
			i++
		case i == len(x.Terms) || y.Terms[j].Axis < x.Terms[i].Axis:
			out.Terms = append(out.Terms, y.Terms[j])
			j++
		default:
			if c := x.Terms[i].Coef.Add(y.Terms[j].Coef); !c.Is(0) {
				out.Terms = append(out.Terms, Term{x.Terms[i].Axis, c})
			}
			i, j = i+1, j+1
		}
	}
	return out
}

// scale returns an affine position times d.
func (x Index) scale(d Dim) Index {
	out := Index{Const: x.Const.Mul(d)}
	for _, t := range x.Terms {
		if c := t.Coef.Mul(d); !c.Is(0) {
			out.Terms = append(out.Terms, Term{t.Axis, c})
		}
	}
	return out
}

// dimOf returns the number or polynomial of dims that n must be.
func (p *kernelParser) dimOf(n *kexpr) Dim {
	d, ok := p.fold(n)
	if !ok {
		p.failAt(n.pos, "expected a dimension")
	}
	return d
}

func (p *kernelParser) call(n *kexpr, want DType) *Expr {
	if d, ok := ParseDType(n.text); ok {
		if len(n.args) != 1 {
			p.failAt(n.pos, "%s takes one operand, got %d", n.text, len(n.args))
			return nil
		}
		return p.convert(n.args[0], d)
	}
	operands, special := map[string]int{"chk": 2, "stored": 1, "pick": 3, "pad": 2}[n.text]
	if special && len(n.args) != operands && !(n.text == "chk" && len(n.args) == 3) {
		p.failAt(n.pos, "%s takes %d operands, got %d", n.text, operands, len(n.args))
		return nil
	}
	switch n.text {
	case "chk":
		v, limit := p.elab(n.args[0], Int64), p.dimOf(n.args[1])
		var number *kexpr
		if len(n.args) == 3 {
			number = n.args[2]
		}
		return p.b.Checked(v, p.fault(v, limit, number))
	case "stored":
		a := p.access(n.args[0])
		if p.err != nil {
			return nil
		}
		return p.b.Intern(&Expr{Kind: Stored, DType: p.k.Operands[a.Operand].DType, Access: &a})
	case "pick":
		ranges := p.ranges(n.args[0], nil)
		d := p.groupWant(n.args[1:], true, want)
		return p.b.Pick(ranges, p.elab(n.args[1], d), p.elab(n.args[2], d))
	case "pad":
		d := p.groupWant(n.args, true, want)
		load := p.elab(n.args[0], d)
		if p.err == nil && load.Kind != Load {
			p.failAt(n.pos, "pad takes an element and what stands for it outside")
		}
		if p.err != nil {
			return nil
		}
		if len(load.Access.Index) != len(p.k.Operands[load.Access.Operand].Shape) {
			p.failAt(n.pos, "too few indices")
			return nil
		}
		return p.b.Pick(p.k.padRanges(load.Access), load, p.elab(n.args[1], d))
	}
	op := p.op(n)
	if op == nil {
		return nil
	}
	e := p.apply(n, op, want, p.elab)
	if p.err != nil {
		return nil
	}
	if err := e.checkApply(); err != nil {
		p.failAt(n.pos, "%v", err)
	}
	return p.b.Intern(e)
}

// convert returns n as d: a number, dim or axis of that dtype, or a conversion.
func (p *kernelParser) convert(n *kexpr, d DType) *Expr {
	if v, ok := p.fold(n); ok {
		return p.number(n, v, d)
	}
	if n.kind == kLit && n.text != "true" && n.text != "false" {
		return p.literalOf(n, n.text, d)
	}
	if b, ok := p.names[n.text]; ok && n.kind == kName && b.kind == bindAxis {
		return p.b.Axis(d, b.n)
	}
	return p.b.Intern(&Expr{Kind: Apply, Op: OpCast, DType: d, Args: []*Expr{p.elab(n, Invalid)}})
}

// ranges returns the conditions within(..) & within(..).
func (p *kernelParser) ranges(n *kexpr, out []Range) []Range {
	switch {
	case n.kind == kCall && n.text == OpAnd.Name && len(n.args) == 2:
		return p.ranges(n.args[1], p.ranges(n.args[0], out))
	case n.kind == kCall && n.text == "within" && len(n.args) == 2:
		return append(out, Range{p.index(n.args[0]), p.dimOf(n.args[1])})
	}
	p.failAt(n.pos, "expected within(position, extent) & ...")
	return out
}

// apply returns op of n's operands, each of them by elab, with its dtype.
func (p *kernelParser) apply(n *kexpr, op *Op, want DType, elab func(*kexpr, DType) *Expr) *Expr {
	lo, hi := operandGroup(op)
	d := Invalid
	if lo < hi {
		d = p.groupWant(n.args[lo:hi], keepsDType(op), want)
	}
	e := &Expr{Kind: Apply, Op: op, Args: make([]*Expr, len(n.args))}
	for i, a := range n.args {
		t := d
		if i < lo || i >= hi {
			t = operandDType(op, i)
		}
		if e.Args[i] = elab(a, t); e.Args[i] == nil { // asked for the dtype only
			if s := p.typeOf(a); s != Invalid {
				t = s
			}
			e.Args[i] = &Expr{DType: t}
		}
	}
	switch b := p.names[n.suffix]; {
	case op == OpLookup && (n.suffix == "" || b.kind != bindTable):
		p.failAt(n.pos, "lookup.T(i) reads a table T")
	case op == OpLookup:
		e.Table = b.table
	case op.Fields&FieldDType != 0:
		var ok bool
		if e.DType, ok = ParseDType(n.suffix); !ok {
			p.failAt(n.pos, "%s names the dtype of its result: %s.f64(x)", n.text, n.text)
		}
	case n.suffix != "":
		p.failAt(n.pos, "%s takes no %s", n.text, n.suffix)
	}
	if p.err == nil {
		e.DType = op.Scalar.Result(e)
	}
	return e
}
