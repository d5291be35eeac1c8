package np

import (
	"slices"
	"strings"

	"github.com/numen-go/numen/ir"
)

// Einsum contracts by index names, in NumPy's notation: Einsum("ij,jk->ik", a, b) is the
// matrix product. A letter names an axis; one that is on the result is kept, every
// other is summed over. A letter twice on an operand takes its diagonal; an ellipsis
// stands for axes without names, which broadcast. Without an arrow the result has the
// ellipsis and then, in alphabetical order, the letters that occur once. Spaces do not
// count. The order of the pairwise contractions of three and more arrays is the
// compiler's; Explain shows it.
//
// A spec that does not parse is ErrSyntax; one that does not match the arrays is
// ErrShape.
func Einsum(spec string, xs ...Array) Array {
	c := begin("Einsum")
	c.more = append(c.more, spec)
	for _, x := range xs {
		c.more = append(c.more, x)
	}
	ns, bad := c.ins(xs)
	if bad != nil {
		return c.array(bad)
	}
	in, out, bad := c.einsumLabels(strings.ReplaceAll(spec, " ", ""), ns)
	if bad != nil {
		return c.array(bad)
	}
	return c.array(c.contract(ns, newForm(out, in...)))
}

// einsumLabels returns a label for every axis of the operands and of the result.
func (c *call) einsumLabels(spec string, ns []*ir.Node) (in [][]rune, out []rune, bad *ir.Node) {
	left, right, explicit := strings.Cut(spec, "->")
	terms := strings.Split(left, ",")
	if len(terms) != len(ns) {
		return nil, nil, c.fail(ErrShape, "%d terms for %d arrays", len(terms), len(ns))
	}
	unnamed := 0 // the most axes that an ellipsis stands for
	for i, t := range terms {
		letters, dots, ok := einsumTerm(t)
		if !ok {
			return nil, nil, c.fail(ErrSyntax, "term %q has more than letters and one ellipsis", t)
		}
		rank := ns[i].Type.Rank()
		if n := len(letters); n > rank || n < rank && dots < 0 {
			return nil, nil, c.fail(ErrShape, "term %q names %d axes of %s", t, n, describe(ns[i]))
		}
		unnamed = max(unnamed, rank-len(letters))
	}
	count := map[rune]int{}
	for i, t := range terms {
		letters, dots, _ := einsumTerm(t)
		labels := slices.Clone(letters)
		if dots >= 0 {
			labels = slices.Insert(labels, dots, batchLabels(unnamed, ns[i].Type.Rank()-len(letters))...)
		}
		in = append(in, labels)
		for _, l := range letters {
			count[l]++
		}
	}
	if !explicit {
		out = batchLabels(unnamed, unnamed)
		for l := 'A'; l <= 'z'; l++ {
			if count[l] == 1 {
				out = append(out, l)
			}
		}
		return in, out, nil
	}
	letters, dots, ok := einsumTerm(right)
	if !ok {
		return nil, nil, c.fail(ErrSyntax, "the result %q has more than letters and one ellipsis", right)
	}
	for i, l := range letters {
		switch {
		case count[l] == 0:
			return nil, nil, c.fail(ErrSyntax, "the result's %c is on no operand", l)
		case slices.Contains(letters[:i], l):
			return nil, nil, c.fail(ErrSyntax, "the result has %c twice", l)
		}
	}
	if dots < 0 {
		if unnamed > 0 {
			return nil, nil, c.fail(ErrSyntax, "the result must have an ellipsis where the operands' stands for axes")
		}
		return in, letters, nil
	}
	return in, slices.Insert(letters, dots, batchLabels(unnamed, unnamed)...), nil
}

// einsumTerm returns a term's letters and how many of them are before its ellipsis, -1
// when it has none.
func einsumTerm(t string) (letters []rune, dots int, ok bool) {
	before, after, found := strings.Cut(t, "...")
	for _, l := range before + after {
		if (l < 'a' || l > 'z') && (l < 'A' || l > 'Z') {
			return nil, 0, false
		}
		letters = append(letters, l)
	}
	if !found {
		return letters, -1, true
	}
	return letters, len(before), true
}
