package loop

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/numen-go/numen/ir"
)

// String returns the text form, which Parse reads.
func (l *Loop) String() string {
	p := &printer{}
	for _, t := range tables(l.Body) {
		words := make([]string, len(t.Entries))
		for i, e := range t.Entries {
			words[i] = fmt.Sprintf("%#x", e)
		}
		p.line("table %s %s %s", t.Name, t.DType, strings.Join(words, " "))
	}
	var params []string
	for _, v := range l.Params {
		text := v.Name
		if v.DType != ir.Int64 {
			text += " " + v.DType.String()
		}
		params = append(params, text)
	}
	for _, a := range l.Arrays {
		rank := strings.TrimSuffix(strings.Repeat("_,", a.Rank), ",")
		params = append(params, fmt.Sprintf("%s %s %s[%s]", roles[a.Role], a.Name, a.DType, rank))
	}
	p.line("loop %s(%s):", l.Name, strings.Join(params, ", "))
	p.block(l.Body)
	return p.b.String()
}

var roles = [...]string{ir.In: "in", ir.Out: "out", ir.InOut: "inout"}

type printer struct {
	b      strings.Builder
	indent int
}

func (p *printer) line(format string, args ...any) {
	p.b.WriteString(strings.Repeat("  ", p.indent))
	fmt.Fprintf(&p.b, format, args...)
	p.b.WriteByte('\n')
}

func (p *printer) block(body []Stmt) {
	p.indent++
	for _, s := range body {
		p.stmt(s)
	}
	p.indent--
}

func (p *printer) stmt(s Stmt) {
	switch s := s.(type) {
	case *Par:
		var ranges []string
		for _, r := range s.Ranges {
			ranges = append(ranges, fmt.Sprintf("(%s, %s) = %s to %s%s", r.Lo.Name, r.Hi.Name, r.From, r.To, stepText(r.Step)))
		}
		few := ""
		if s.Few {
			few = " few"
		}
		p.line("par %s cost %s%s:", strings.Join(ranges, ", "), s.Cost, few)
		p.block(s.Body)
	case *For:
		p.line("for %s = %s to %s%s:", s.Var.Name, s.Lo, s.Hi, stepText(s.Step))
		p.block(s.Body)
	case *While:
		p.line("while %s:", s.Cond)
		p.block(s.Body)
	case *Merge:
		var cursors []string
		for i, c := range s.Cursors {
			cursors = append(cursors, fmt.Sprintf("%s < %s", c.Name, s.Ends[i].at(precSum)))
		}
		p.line("merge %s:", strings.Join(cursors, ", "))
		p.block(s.Body)
	case *If:
		p.line("if %s:", s.Cond)
		p.block(s.Then)
		if len(s.Else) > 0 {
			p.line("else:")
			p.block(s.Else)
		}
	case *Return:
		p.line("ret")
	case *Local:
		word, init := "local", ""
		if s.Register {
			word, init = "reg", " = "+s.Init.String()
		}
		p.line("%s %s %s[%s]%s", word, s.Array.Name, s.Array.DType, list(s.Extents), init)
	case *Require:
		p.line("require(%s, %d, %s, %s, %s, %s)", s.Name, s.Axis, s.Lo, s.Hi, s.Extent, s.When)
	case *NonEmpty:
		p.line("nonempty(%s)", s.N)
	case *Set:
		p.line("%s = %s", s.Var.Name, s.Val)
	case *Store:
		p.line("%s = %s", Element{s.Array, s.Index}, s.Val)
	case *Strip:
		p.line("strip %s < %s:", s.Pos.Name, s.N.at(precSum))
		p.block(s.Body)
	case *Lanes:
		at := ""
		if s.At != nil {
			at = ", " + s.At.String()
		}
		p.line("lanes(%s, %s, %s%s)", s.Combine.Name, tuple(s.Accs, arrayName), tuple(s.Vals, (*Val).String), at)
	case *Fold:
		p.line("fold(%s, %s)", s.Combine.Name, tuple(s.Accs, arrayName))
	case *Prefix:
		p.line("prefix(%s, %s, %s, %s)", s.Combine.Name, tuple(s.Accs, arrayName), tuple(s.Outs, Element.String), tuple(s.Vals, (*Val).String))
	case *Scatter:
		p.line("scatter(%s, %s, %s)", s.Combine.Name, tuple(s.Targets, Element.String), tuple(s.Vals, (*Val).String))
	case *Append:
		p.line("append(%s, %s, %s, %s)", s.Count.Name, s.Cond, tuple(s.Outs, arrayName), tuple(s.Vals, (*Val).String))
	case *Tile:
		init := ""
		if s.Init != nil {
			init = " = " + s.Init.String()
		}
		left := ""
		if s.Left != nil {
			left = fmt.Sprintf(", %s, %s", s.When, s.Left)
		}
		p.line("tile(%s, %s < %s, %s < %s, %s < %s, %s%s, %s%s)", s.Combine.Name,
			s.Depth.Name, s.K.at(precSum), s.Row.Name, s.M.at(precSum), s.Col.Name, s.N.at(precSum),
			tuple(s.Accs, Element.String), init, tuple(s.Vals, (*Val).String), left)
	case *Soon:
		p.line("soon %s", tuple(s.Loads, (*Val).String))
	case *Chains:
		init, soon := "", ""
		if s.Init != nil {
			init = " = " + s.Init.String()
		}
		if len(s.Soon) > 0 {
			soon = ", " + tuple(s.Soon, (*Val).String)
		}
		p.line("chains(%s, %s < %s, %s < %s, %s%s, %s%s)", s.Combine.Name,
			s.Depth.Name, s.K.at(precSum), s.Pos.Name, s.N.at(precSum), s.Acc.Name, init, tuple(s.Vals, (*Val).String), soon)
	}
}

func arrayName(a *Array) string { return a.Name }

func stepText(step *Val) string {
	if step.isInt(1) {
		return ""
	}
	return " step " + step.String()
}

// tuple writes one item alone and several in parentheses.
func tuple[T any](items []T, text func(T) string) string {
	parts := make([]string, len(items))
	for i, x := range items {
		parts[i] = text(x)
	}
	if len(parts) == 1 {
		return parts[0]
	}
	return "(" + strings.Join(parts, ", ") + ")"
}

func list(vals []*Val) string {
	parts := make([]string, len(vals))
	for i, v := range vals {
		parts[i] = v.String()
	}
	return strings.Join(parts, ", ")
}

// String returns the element as text.
func (e Element) String() string { return fmt.Sprintf("%s[%s]", e.Array.Name, list(e.Index)) }

// Precedences of infix operators, loosest first.
const (
	precCompare = iota + 1
	precOr
	precXor
	precAnd
	precShift
	precSum
	precProduct
	precUnary
)

type infixOp struct {
	op   *ir.Op
	text string
	prec int
}

// infix lists the ops that are written as operators.
var infix = []infixOp{
	{ir.OpEq, "==", precCompare}, {ir.OpNe, "!=", precCompare}, {ir.OpLe, "<=", precCompare}, {ir.OpLt, "<", precCompare},
	{ir.OpOr, "|", precOr}, {ir.OpXor, "^", precXor}, {ir.OpAnd, "&", precAnd},
	{ir.OpShl, "<<", precShift}, {ir.OpShr, ">>", precShift},
	{ir.OpAdd, "+", precSum}, {ir.OpSub, "-", precSum},
	{ir.OpMul, "*", precProduct}, {ir.OpDiv, "/", precProduct},
}

// String returns the expression as text.
func (v *Val) String() string { return v.at(0) }

// at returns the text as an operand of an operator: in parentheses when it binds looser.
func (v *Val) at(prec int) string {
	switch v.Kind {
	case Const:
		return literal(v.DType, v.Bits)
	case Use:
		return v.Var.Name
	case Load:
		return Element{v.Array, v.Args}.String()
	case Extent:
		return fmt.Sprintf("%s.%d", v.Array.Name, v.N)
	case Within:
		return "within(" + list(v.Args) + ")"
	case Pick:
		return "pick(" + list(v.Args) + ")"
	case Check:
		return fmt.Sprintf("check(%s, %d)", list(v.Args), v.N)
	case Below:
		return fmt.Sprintf("below(%s, %d)", list(v.Args), v.N)
	}
	if i := slices.IndexFunc(infix, func(o infixOp) bool { return o.op == v.Op }); i >= 0 {
		o := infix[i]
		text := fmt.Sprintf("%s %s %s", v.Args[0].at(o.prec), o.text, v.Args[1].at(o.prec+1))
		if o.prec < prec {
			return "(" + text + ")"
		}
		return text
	}
	switch v.Op {
	case ir.OpNeg:
		return "-" + parens(v.Args[0])
	case ir.OpNot:
		return "~" + parens(v.Args[0])
	case ir.OpCast:
		return fmt.Sprintf("%s(%s)", v.DType, list(v.Args))
	case ir.OpRawBits:
		return fmt.Sprintf("bits.%s(%s)", v.DType, list(v.Args))
	case ir.OpLookup:
		return fmt.Sprintf("lookup.%s(%s)", v.Table.Name, list(v.Args))
	}
	return fmt.Sprintf("%s(%s)", v.Op.Name, list(v.Args))
}

// parens writes an operand of a sign: literals too stand in parentheses, so that -(1) is
// not the literal -1.
func parens(v *Val) string {
	if v.Kind == Const {
		return "(" + v.String() + ")"
	}
	return v.at(precUnary)
}

// literal writes an element: integers are i64 and decimals f64 unless a dtype follows.
func literal(d ir.DType, bits uint64) string {
	text := ""
	switch d.Kind() {
	case ir.KindBool:
		return strconv.FormatBool(bits != 0)
	case ir.KindInt:
		text = strconv.FormatInt(int64(bits), 10)
	case ir.KindUint:
		text = strconv.FormatUint(bits, 10)
	default:
		text = floatText(d, bits)
	}
	if d != ir.Int64 && d != ir.Float64 {
		text += "_" + d.String()
	}
	return text
}

func floatText(d ir.DType, bits uint64) string {
	f, size := math.Float64frombits(bits), 64
	if d == ir.Float32 {
		f, size = float64(math.Float32frombits(uint32(bits))), 32
	}
	switch {
	case math.IsNaN(f):
		return fmt.Sprintf("nan%#x", bits)
	case math.IsInf(f, 1):
		return "inf"
	case math.IsInf(f, -1):
		return "-inf"
	}
	text := strconv.FormatFloat(f, 'g', -1, size)
	if !strings.ContainsAny(text, ".e") {
		text += ".0"
	}
	return text
}

// tables returns the constant tables that statements look up, in order of first use.
func tables(body []Stmt) []*ir.Table {
	var out []*ir.Table
	walk(body, func(v *Val) {
		if v.Table != nil && !slices.ContainsFunc(out, func(t *ir.Table) bool { return t.Name == v.Table.Name }) {
			out = append(out, v.Table)
		}
	})
	return out
}
