package ir

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"unicode"
)

// Spec is a contraction in einsum form. Every axis of an operand has a label, a letter;
// axes of one label run together. Labels of the result are kept, all others are
// summed over: In "ij,jk", Out "ik", Sum "j".
type Spec struct {
	In  []string // labels of each operand's axes
	Out string   // labels of the result's axes
	Sum string   // the contracted labels in the order in which their positions are flattened
}

// ParseSpec reads a Spec, such as "ij,jk->ik" or, with the order of the contracted
// labels, "ijk,kjl->il|jk". Where that order is not given it is the canonical one: of
// first appearance.
func ParseSpec(text string) (Spec, error) {
	if s, ok := parsedSpecs.Load(text); ok {
		return s.(Spec).clone(), nil
	}
	s, err := parseSpec(text)
	if err == nil && len(text) < 64 && parsedCount.Add(1) < 1000 {
		parsedSpecs.Store(text, s.clone())
	}
	return s, err
}

// parsedSpecs holds Specs by their text: programs are made of few, and building a graph
// reads one at every product.
var (
	parsedSpecs sync.Map
	parsedCount atomic.Int32
)

func (s Spec) clone() Spec {
	s.In = slices.Clone(s.In)
	return s
}

func parseSpec(text string) (Spec, error) {
	if len(text) > maxSpec {
		return Spec{}, fmt.Errorf("a specification of %d bytes is longer than %d", len(text), maxSpec)
	}
	left, right, ok := strings.Cut(text, "->")
	if !ok {
		return Spec{}, fmt.Errorf("%q has no ->", text)
	}
	out, sum, given := strings.Cut(right, "|")
	s := Spec{In: strings.Split(left, ","), Out: out, Sum: sum}
	if canonical := contracted(s.In, out); !given {
		s.Sum = canonical
	} else if !sameLabels(sum, canonical) {
		return Spec{}, fmt.Errorf("%q: the contracted labels are %q", text, canonical)
	}
	all := strings.Join(s.In, "")
	for _, c := range all + out {
		if !unicode.IsLetter(c) {
			return Spec{}, fmt.Errorf("%q: a label is a letter, not %q", text, c)
		}
	}
	for i, c := range out {
		if !strings.ContainsRune(all, c) {
			return Spec{}, fmt.Errorf("%q: label %c of the result is on no operand", text, c)
		}
		if strings.ContainsRune(out[:i], c) {
			return Spec{}, fmt.Errorf("%q: label %c is twice on the result", text, c)
		}
	}
	return s, nil
}

// maxSpec bounds a Spec's text, in which every label looks at all others.
const maxSpec = 1 << 16

// String returns the text form, with the order of the contracted labels if there are any.
func (s Spec) String() string {
	text := strings.Join(s.In, ",") + "->" + s.Out
	if s.Sum != "" {
		text += "|" + s.Sum
	}
	return text
}

// Pair cuts the contraction of operands i and j, i < j, out of s: pair contracts the
// two, over the labels that nothing else needs, and rest has the result in place of
// operand i and no operand j. The canonical order is kept: what pair sums over stays in
// s's order.
func (s Spec) Pair(i, j int) (pair, rest Spec) {
	others := s.Out
	for k, in := range s.In {
		if k != i && k != j {
			others += in
		}
	}
	needed := func(c rune) bool { return strings.ContainsRune(others, c) }
	kept := labelsWhere(distinct(s.In[i]+s.In[j]), needed)
	here := func(c rune) bool { return strings.ContainsRune(s.In[i]+s.In[j], c) && !needed(c) }
	pair = Spec{In: []string{s.In[i], s.In[j]}, Out: kept, Sum: labelsWhere(s.Sum, here)}

	in := slices.Clone(s.In)
	in[i] = kept
	rest = Spec{In: slices.Delete(in, j, j+1), Out: s.Out, Sum: labelsWhere(s.Sum, func(c rune) bool { return !here(c) })}
	return pair, rest
}

// ContractOrder returns the order of a contraction of floats where the user asks for
// none: chain where each of two operands has a free label, one that is on the result
// and not on the other operand (matrix times matrix); lanes otherwise (dot product,
// matrix times vector, one operand). It depends on labels alone, never on extents.
// More than two operands are contracted pairwise, each pair in the order of its own
// Spec: the whole has none.
func ContractOrder(s Spec) Order {
	switch len(s.In) {
	case 1:
		return Lanes
	case 2:
		if s.free(0, 1) && s.free(1, 0) {
			return Chain
		}
		return Lanes
	}
	return NoOrder
}

// free reports whether operand i has a label that the result has and operand j has not.
func (s Spec) free(i, j int) bool {
	return labelsWhere(s.In[i], func(c rune) bool {
		return strings.ContainsRune(s.Out, c) && !strings.ContainsRune(s.In[j], c)
	}) != ""
}

// contracted returns the labels of the operands that the result has not, in order of
// first appearance.
func contracted(in []string, out string) string {
	return labelsWhere(distinct(strings.Join(in, "")), func(c rune) bool { return !strings.ContainsRune(out, c) })
}

// distinct returns labels without repeats.
func distinct(labels string) string {
	var b strings.Builder
	for i, c := range labels {
		if !strings.ContainsRune(labels[:i], c) {
			b.WriteRune(c)
		}
	}
	return b.String()
}

func labelsWhere(labels string, ok func(c rune) bool) string {
	return strings.Map(func(c rune) rune {
		if ok(c) {
			return c
		}
		return -1
	}, labels)
}

// sameLabels reports whether a and b are permutations of each other.
func sameLabels(a, b string) bool {
	x, y := []rune(a), []rune(b)
	slices.Sort(x)
	slices.Sort(y)
	return slices.Equal(x, y)
}
