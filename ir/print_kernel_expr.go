package ir

import (
	"slices"
	"strconv"
	"strings"
	"sync"
)

// The text form of bodies: infix operators with Python's precedence, calls for the rest.

// infix lists the ops with an operator, loosest first. Operators of one precedence group
// to the left; comparisons do not group.
var infix = []struct {
	op    *Op
	text  string
	level int
}{
	{OpLt, "<", 1}, {OpLe, "<=", 1}, {OpGt, ">", 1}, {OpGe, ">=", 1}, {OpEq, "==", 1}, {OpNe, "!=", 1},
	{OpOr, "|", 2}, {OpXor, "^", 3}, {OpAnd, "&", 4}, {OpShl, "<<", 5}, {OpShr, ">>", 5},
	{OpAdd, "+", 6}, {OpSub, "-", 6}, {OpMul, "*", 7}, {OpDiv, "/", 7},
}

const (
	levelCompare = 1
	levelUnary   = 8
)

// operandGroup returns which operands of op, from lo up to hi, have one dtype, so that
// a number among them takes it from the others.
func operandGroup(op *Op) (lo, hi int) {
	switch {
	case op.Fields&FieldDType != 0 || op == OpLookup:
		return 0, 0
	case op == OpSelect || op == OpRare:
		return 1, 3
	case op.Scalar.Same || op.MaxArg == 1:
		return 0, op.MaxArg
	}
	return 0, 0
}

// keepsDType reports whether op's result has the dtype of its operand group.
func keepsDType(op *Op) bool {
	if keeps, ok := kept.Load(op); ok {
		return keeps.(bool)
	}
	keeps := findKeepsDType(op)
	kept.Store(op, keeps)
	return keeps
}

var kept sync.Map // *Op -> keepsDType

func findKeepsDType(op *Op) bool {
	lo, hi := operandGroup(op)
	if lo == hi {
		return false
	}
	for d := Bool; d < numDTypes; d++ {
		if !op.Scalar.In[lo].Has(d) {
			continue
		}
		e := &Expr{Op: op, Args: make([]*Expr, hi)}
		for i := range e.Args {
			e.Args[i] = &Expr{DType: d}
		}
		if op.Scalar.Result(e) != d {
			return false
		}
	}
	return true
}

// operandDType returns the dtype that operand i of op must have, Invalid when several are allowed.
func operandDType(op *Op, i int) DType {
	for d := Bool; d < numDTypes; d++ {
		if op.Scalar.In[i] == SetOf(d) {
			return d
		}
	}
	return Invalid
}

// foldable reports whether the parser computes op on numbers and dims.
func foldable(op *Op) bool { return op == OpAdd || op == OpSub || op == OpMul || op == OpNeg }

// isStrong reports whether e's text has a dtype wherever it stands.
func (p *kernelPrinter) isStrong(e *Expr) bool {
	if p.lets[e] != "" {
		return true
	}
	if s, ok := p.strong[e]; ok {
		return s
	}
	s := true
	switch e.Kind {
	case Const:
		s = e.DType == Bool
	case DimValue:
		s = false
	case Pick:
		s = slices.ContainsFunc(e.Args, p.isStrong)
	case Apply:
		if keepsDType(e.Op) {
			lo, hi := operandGroup(e.Op)
			s = p.folds(e) || slices.ContainsFunc(e.Args[lo:hi], p.isStrong)
		}
	}
	p.strong[e] = s
	return s
}

// folds reports whether the parser would compute e, written plainly: then its first
// operand says its dtype, which keeps the parser from it.
func (p *kernelPrinter) folds(e *Expr) bool {
	return foldable(e.Op) && !slices.ContainsFunc(e.Args, func(a *Expr) bool {
		number := a.Kind == DimValue || a.Kind == Const && a.DType != Bool && (a.DType.IsInteger() || e.Op == OpNeg)
		return !number
	})
}

// hasFloat reports whether the weak e has a literal with a point in it.
func (p *kernelPrinter) hasFloat(e *Expr) bool {
	switch e.Kind {
	case Const:
		return e.DType.IsFloat() && !strings.HasPrefix(literalText(e.DType, e.Bits), "bits")
	case Pick:
		return slices.ContainsFunc(e.Args, p.hasFloat)
	case Apply:
		lo, hi := operandGroup(e.Op)
		return slices.ContainsFunc(e.Args[lo:hi], p.hasFloat)
	}
	return false
}

// expr returns e's text where an operand of dtype want stands (Invalid: nothing says
// which), in brackets when it binds looser than level.
func (p *kernelPrinter) expr(e *Expr, want DType, level int) string {
	return p.exprAs(e, want, level, false)
}

// exprAs is expr; with explicit set, the text has a dtype wherever it stands.
func (p *kernelPrinter) exprAs(e *Expr, want DType, level int, explicit bool) string {
	if name := p.lets[e]; name != "" {
		return name
	}
	switch e.Kind {
	case Const:
		return p.number(e, constText(e), want, explicit)
	case DimValue:
		text := p.dim(e.Dim)
		if typed := p.number(e, text, want, explicit); typed != text {
			return typed
		}
		if isName(text) {
			return text
		}
		return "(" + text + ")"
	case AxisPos:
		if e.DType == Int64 {
			return p.axes[e.N]
		}
		return e.DType.String() + "(" + p.axes[e.N] + ")"
	case ScalarIn:
		return p.scalars[e.N]
	case Load:
		return p.access(e.Access)
	case Stored:
		return "stored(" + p.access(e.Access) + ")"
	case Checked:
		return p.checked(e)
	case Pick:
		return p.pick(e, want, explicit)
	case Apply:
		return p.apply(e, want, level, explicit)
	}
	return "state" + strconv.Itoa(e.N) // not of a kernel: for messages
}

// number returns a literal or dim, with its dtype when the place does not give it.
func (p *kernelPrinter) number(e *Expr, text string, want DType, explicit bool) string {
	if e.DType == Bool && e.Kind == Const {
		return text
	}
	if want == Invalid {
		want = Int64
		if p.hasFloat(e) {
			want = Float64
		}
	}
	if want == e.DType && !explicit {
		return text
	}
	return e.DType.String() + "(" + text + ")"
}

// constText returns a literal that shows whether it is an integer or a float.
func constText(e *Expr) string {
	text := literalText(e.DType, e.Bits)
	if e.DType.IsFloat() && !strings.ContainsAny(text, ".ein") { // 1e+20, inf, nan, bits(..)
		text += ".0"
	}
	return text
}

// group returns the dtype that the parser gives the numbers among args, which share one,
// and whether the first of them must say it.
func (p *kernelPrinter) group(args []*Expr, keeps bool, want DType) (d DType, say bool) {
	d = args[0].DType
	if slices.ContainsFunc(args, p.isStrong) {
		return d, false
	}
	if !keeps || want == Invalid {
		want = Int64
		if slices.ContainsFunc(args, p.hasFloat) {
			want = Float64
		}
	}
	return d, want != d
}

func (p *kernelPrinter) pick(e *Expr, want DType, explicit bool) string {
	d, say := p.group(e.Args, true, want)
	then := p.exprAs(e.Args[0], d, 0, say || explicit && !p.isStrong(e))
	els := p.expr(e.Args[1], d, 0)
	if e.Args[0].Kind == Load && p.lets[e.Args[0]] == "" && rangesEqual(e.Ranges, p.k.padRanges(e.Args[0].Access)) {
		return "pad(" + then + ", " + els + ")"
	}
	conds := make([]string, len(e.Ranges))
	for i, r := range e.Ranges {
		conds[i] = "within(" + p.index(r.At) + ", " + p.dim(r.Extent) + ")"
	}
	return "pick(" + strings.Join(conds, " & ") + ", " + then + ", " + els + ")"
}

// padRanges returns the conditions of pad: the indices that may be outside the operand.
func (k *Kernel) padRanges(a *Access) []Range {
	var out []Range
	for i, x := range a.Index {
		if x.Value == nil && !k.withinExtent(x, k.Operands[a.Operand].Shape[i]) {
			out = append(out, Range{x, k.Operands[a.Operand].Shape[i]})
		}
	}
	return out
}

// withinExtent reports whether x is a position below extent by its form alone: an axis of
// that extent or a number.
func (k *Kernel) withinExtent(x Index, extent Dim) bool {
	if !x.Div.Is(0) {
		return false
	}
	if len(x.Terms) == 0 {
		c, ok := x.Const.Const()
		n, ok2 := extent.Const()
		return ok && ok2 && 0 <= c && c < n
	}
	a := k.Axes[x.Terms[0].Axis]
	return len(x.Terms) == 1 && x.Terms[0].Coef.Is(1) && x.Const.Is(0) && a.From < 0 && a.Extent == extent
}

func (p *kernelPrinter) checked(e *Expr) string {
	limit := Unknown
	if e.N < len(p.k.Faults) {
		limit = p.k.Faults[e.N].Limit
	}
	text := "chk(" + p.expr(e.Args[0], Int64, 0) + ", " + p.dim(limit)
	if p.faults.implied(e.Args[0], limit) != e.N {
		text += ", " + strconv.Itoa(e.N)
	}
	p.faults.set(e.Args[0], limit, e.N)
	return text + ")"
}

func (p *kernelPrinter) apply(e *Expr, want DType, level int, explicit bool) string {
	lo, hi := operandGroup(e.Op)
	keeps := keepsDType(e.Op)
	d, say := Invalid, false
	if lo < hi {
		d, say = p.group(e.Args[lo:hi], keeps, want)
		say = say || p.folds(e) || explicit && keeps && !p.isStrong(e)
	}
	arg := func(i, level int) string {
		if i < lo || i >= hi {
			return p.expr(e.Args[i], operandDType(e.Op, i), level)
		}
		return p.exprAs(e.Args[i], d, level, say && i == lo)
	}
	for _, o := range infix {
		if o.op != e.Op {
			continue
		}
		left := o.level
		if o.level == levelCompare {
			left++
		}
		text := arg(0, left) + " " + o.text + " " + arg(1, o.level+1)
		if o.level < level {
			return "(" + text + ")"
		}
		return text
	}
	switch e.Op {
	case OpNeg:
		return "-" + arg(0, levelUnary)
	case OpNot:
		return "~" + arg(0, levelUnary)
	case OpCast:
		x := e.Args[0]
		text := p.exprAs(x, Invalid, 0, x.Kind == Const || x.Kind == DimValue)
		if x.Kind == AxisPos && x.DType == Int64 {
			text = "i64(" + text + ")"
		}
		return e.DType.String() + "(" + text + ")" // f32(1.0) and f32(i) are no casts
	}
	name := e.Op.Name
	switch {
	case e.Op == OpSelect:
		name = "where"
	case e.Op == OpLookup:
		name += "." + p.tableName(p.table(e.Table))
	case e.Op.Fields&FieldDType != 0:
		name += "." + e.DType.String()
	}
	args := make([]string, len(e.Args))
	for i := range args {
		args[i] = arg(i, 0)
	}
	return name + "(" + strings.Join(args, ", ") + ")"
}
