package np

import (
	"fmt"
	"strings"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
)

// Arrays print as NumPy prints them: print_number.go decides how one element looks,
// this file where it stands.

const (
	printThreshold = 1000 // arrays of more elements are summarised
	printEdge      = 3    // elements shown at either end of an axis then
	printWidth     = 75   // columns of a line
)

// String prints a concrete Array as NumPy does, summarised when long. Of a sparse one it
// prints how it is stored and the first of the elements that are. A lazy one prints its
// type and the call that made it; printing never runs a program.
func (a Array) String() string { return a.text(false, nil) }

// Format is for fmt: %v and %s print as String, %.3f, %.4g, %x and other verbs for
// numbers set how each element is written, %+v adds the type, %#v shows every element.
func (a Array) Format(f fmt.State, verb rune) {
	var write func(v any) string
	switch verb {
	case 'v', 's':
	case 'e', 'E', 'f', 'F', 'g', 'G', 'd', 'x', 'X', 'o', 'b', 't':
		format := "%"
		if f.Flag('+') {
			format += "+"
		}
		if p, ok := f.Precision(); ok {
			format += fmt.Sprintf(".%d", p)
		}
		format += string(verb)
		write = func(v any) string { return fmt.Sprintf(format, v) }
	default:
		fmt.Fprintf(f, "%%!%c(np.Array)", verb)
		return
	}
	text := a.text(verb == 'v' && f.Flag('#'), write)
	if verb == 'v' && f.Flag('+') && a.Concrete() {
		text = describe(a.n) + "\n" + text
	}
	fmt.Fprint(f, text)
}

// text prints an Array, all of it when whole is set, with write for each element or,
// when that is nil, as NumPy chooses.
func (a Array) text(whole bool, write func(v any) string) string {
	if !a.Concrete() {
		return a.lazyText()
	}
	v := values(a.n)
	if _, ok := v.Buf.(*lower.Host); !ok || closed(v) {
		return heldText(a.n, v)
	}
	p := &printer{a: v, summary: !whole && elements(v) > printThreshold}
	if elements(v) == 0 {
		return "[]"
	}
	p.write = numberFormat(p.shown(), len(v.Extents) == 0, write)
	return p.axes(v.Offset, 0, " ", printWidth)
}

// heldText is the text of an array that is no dense memory: what its holder says of it in
// a line, and elements below where it shows some.
func heldText(n *ir.Node, v *lower.Array) string {
	held, elements := "not in memory", ""
	if s, ok := v.Buf.(fmt.Stringer); ok && !closed(v) {
		held, elements, _ = strings.Cut(s.String(), "\n")
	}
	text := fmt.Sprintf("np.Array(%s, %s)", describe(n), held)
	if elements != "" {
		text += "\n" + elements
	}
	return text
}

// printer lays out one array.
type printer struct {
	a       *lower.Array
	summary bool
	write   func(offset int64) string
}

// shownOf returns the positions of an axis that are printed: those before the dots and
// those after, and whether there are dots.
func (p *printer) shownOf(axis int) (before, after int, dots bool) {
	n := int(p.a.Extents[axis])
	if p.summary && n > 2*printEdge {
		return printEdge, printEdge, true
	}
	return 0, n, false
}

// shown returns the offsets of all elements that are printed: these decide the format.
func (p *printer) shown() *elementsAt {
	at := &elementsAt{a: p.a}
	var walk func(offset int64, axis int)
	walk = func(offset int64, axis int) {
		if axis == len(p.a.Extents) {
			at.offsets = append(at.offsets, offset)
			return
		}
		before, after, _ := p.shownOf(axis)
		n := int(p.a.Extents[axis])
		for i := range before {
			walk(offset+int64(i)*p.a.Strides[axis], axis+1)
		}
		for i := n - after; i < n; i++ {
			walk(offset+int64(i)*p.a.Strides[axis], axis+1)
		}
	}
	walk(p.a.Offset, 0)
	return at
}

// axes prints the elements from an axis on. Rows of the last axis wrap at width; other
// axes put each of their parts on lines of its own.
func (p *printer) axes(offset int64, axis int, indent string, width int) string {
	left := len(p.a.Extents) - axis
	if left == 0 {
		return p.write(offset)
	}
	before, after, dots := p.shownOf(axis)
	n := int(p.a.Extents[axis])
	part := func(i int) string {
		return p.axes(offset+int64(i)*p.a.Strides[axis], axis+1, indent+" ", width-1)
	}
	var words []string
	for i := range before {
		words = append(words, part(i))
	}
	if dots {
		words = append(words, "...")
	}
	for i := n - after; i < n; i++ {
		words = append(words, part(i))
	}
	if left > 1 {
		return "[" + strings.Join(words, strings.Repeat("\n", left-1)+indent) + "]"
	}
	var b strings.Builder
	line := indent
	for i, w := range words {
		if len(line)+len(w) > width-1 && len(line) > len(indent) {
			b.WriteString(strings.TrimRight(line, " ") + "\n")
			line = indent
		}
		line += w
		if i < len(words)-1 {
			line += " "
		}
	}
	b.WriteString(line)
	return "[" + b.String()[len(indent):] + "]"
}
