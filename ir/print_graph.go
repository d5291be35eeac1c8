package ir

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// PrintOptions says what the text form of a Graph or Program shows beside its meaning.
type PrintOptions struct {
	Sites bool // the user's calls
}

// String returns the text form without call sites.
func (g *Graph) String() string { return g.Format(PrintOptions{}) }

// Format returns the text form, which ParseGraph reads back. Values are named in order:
// parameters, then nodes, operands before users. An attribute shows where the op uses it;
// shape and dtype show only where they are not those of the result.
//
//	graph founding(a f64[K,M]) -> g
//	  b f64[M,K] = permute(a) {axes=[1,0]}
//	  c f64[K,M] = log(a)
//	  ...
//	end
func (g *Graph) Format(o PrintOptions) string {
	p := graphPrinter{opt: o}
	p.graph(g, "")
	return p.b.String()
}

type graphPrinter struct {
	b    strings.Builder
	opt  PrintOptions
	mark *Node // note the line where this one is printed
	line int   // of mark, from 0
}

// valueName returns the name of value number i of a text form: a, b, ..., z, v26, v27, ...
func valueName(i int) string {
	if i < 26 {
		return string(rune('a' + i))
	}
	return "v" + strconv.Itoa(i)
}

func (p *graphPrinter) graph(g *Graph, indent string) {
	nodes := g.Nodes()
	names := make(map[*Node]string, len(nodes))
	var rest []*Node
	for i, n := range g.Params {
		names[n] = valueName(i)
	}
	for _, n := range nodes {
		if names[n] == "" {
			names[n] = valueName(len(g.Params) + len(rest))
			rest = append(rest, n)
		}
	}
	params := make([]string, len(g.Params))
	for i, n := range g.Params {
		params[i] = names[n] + " " + n.Type.String() + p.site(n)
		p.note(n)
	}
	results := make([]string, len(g.Results))
	for i, n := range g.Results {
		results[i] = names[n]
	}
	name := g.Name
	if name != "" {
		name = " " + name
	}
	fmt.Fprintf(&p.b, "%sgraph%s(%s) -> %s\n", indent, name, strings.Join(params, ", "), strings.Join(results, ", "))
	for _, n := range rest {
		p.note(n)
		args := make([]string, len(n.Args))
		for i, a := range n.Args {
			args[i] = names[a]
		}
		call := n.Op.Name
		if len(args) > 0 {
			call += "(" + strings.Join(args, ", ") + ")"
		}
		fmt.Fprintf(&p.b, "%s  %s %s = %s%s%s\n", indent, names[n], n.Type, call, attrText(n.Op, n.Attr, n.Type), p.site(n))
		for _, sub := range n.Subs {
			p.graph(sub, indent+"    ")
		}
	}
	p.b.WriteString(indent + "end\n")
}

func (p *graphPrinter) note(n *Node) {
	if n == p.mark {
		p.line = strings.Count(p.b.String(), "\n")
	}
}

func (p *graphPrinter) site(n *Node) string {
	if !p.opt.Sites || n.Site == nil {
		return ""
	}
	return " @ " + n.Site.String()
}

// attrText returns the fields that op uses in braces, after a space; "" when there is
// nothing to say. result is the type that shape and dtype default to.
func attrText(op *Op, a *Attr, result Type) string {
	if a == nil || op.Fields == 0 {
		return ""
	}
	var parts []string
	add := func(f AttrField, show bool, text string) {
		if op.Fields&f != 0 && show {
			parts = append(parts, text)
		}
	}
	add(FieldBits, true, literalText(result.DType, a.Bits))
	add(FieldAxes, a.Axes != nil, "axes=["+joinInts(a.Axes)+"]")
	add(FieldShape, !slices.Equal(a.Shape, result.Shape), "shape="+shapeText(a.Shape))
	add(FieldStart, a.Start != nil, "start="+shapeText(a.Start))
	add(FieldStep, a.Step != nil, "step="+shapeText(a.Step))
	add(FieldOrder, a.Order != NoOrder, "order="+a.Order.String())
	add(FieldDType, a.DType != result.DType, "dtype="+a.DType.String())
	add(FieldSpec, true, "spec="+strconv.Quote(a.Spec))
	if a.Combine != nil {
		add(FieldCombine, true, "combine="+a.Combine.Name)
	}
	add(FieldIndex, true, "index="+strconv.Itoa(a.Index))
	add(FieldFlag, a.Flag, "flag")
	add(FieldLimit, true, "limit="+a.Limit.String())
	add(FieldFormat, true, "format="+strconv.Quote(a.Format.String()))
	if parts == nil {
		return ""
	}
	return " {" + strings.Join(parts, ", ") + "}"
}

// excerpt returns the lines of g's text form around n, n's marked.
func (g *Graph) excerpt(n *Node) string {
	p := graphPrinter{mark: n}
	p.graph(g, "")
	return around(p.b.String(), p.line)
}

// around returns the lines of a text around one, counted from 0, that one marked.
func around(text string, line int) string {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	var b strings.Builder
	for i := max(0, line-2); i < min(len(lines), line+3); i++ {
		mark := "    "
		if i == line {
			mark = "  > "
		}
		b.WriteString(strings.TrimRight(mark+lines[i], " ") + "\n")
	}
	return strings.TrimRight(b.String(), "\n")
}
