package passes

import (
	"slices"

	"github.com/numen-go/numen/ir"
)

// simplify applies the rules of simplify_*.go.
var simplify = Pass{
	Name: "simplify", Stage: OnGraph, Repeat: true,
	Doc: "named rules, each true for every element: NaN, infinities, signed zeros, the ends of the integers",
	Run: onGraphs(func(u *Unit, g *ir.Graph, nodes []*ir.Node) (*ir.Graph, error) {
		return simplifyBy(rules, u, g, nodes)
	}),
}

// rule rewrites a call to a simpler one of the same type and bits. A rule has a file of
// examples under testdata/simplify, which are compared and run on random values.
type rule struct {
	Name string
	Root *ir.Op // nil: any elementwise op
	// Func returns what stands for n, nil when the rule does not apply.
	Func func(n *ir.Node) *ir.Node
}

// rules are tried in order, those of any elementwise op first; the first that applies
// is taken.
var rules = newRuleSet(elementwiseRules, scalarRules, movementRules, reductionRules, contractRules)

// ruleSet finds rules by root.
type ruleSet struct {
	elementwise []rule
	of          map[*ir.Op][]rule
}

func newRuleSet(lists ...[]rule) *ruleSet {
	s := &ruleSet{of: map[*ir.Op][]rule{}}
	for _, r := range slices.Concat(lists...) {
		if r.Root == nil {
			s.elementwise = append(s.elementwise, r)
			continue
		}
		s.of[r.Root] = append(s.of[r.Root], r)
	}
	return s
}

func simplifyBy(s *ruleSet, u *Unit, g *ir.Graph, nodes []*ir.Node) (*ir.Graph, error) {
	try := func(list []rule, n *ir.Node) (*ir.Node, string) {
		for _, r := range list {
			if m := r.Func(n); m != nil && u.allow() {
				return m, r.Name
			}
		}
		return nil, ""
	}
	return normalise(g, nodes, func(n *ir.Node) (*ir.Node, string) {
		if n.Op.Scalar != nil {
			if m, name := try(s.elementwise, n); m != nil {
				return m, name
			}
		}
		return try(s.of[n.Op], n)
	})
}

// literal returns the element of a literal.
func literal(n *ir.Node) (bits uint64, ok bool) {
	if n.Op != ir.OpConst {
		return 0, false
	}
	return n.Attr.Bits, true
}

// isLiteral reports whether n is the literal v; a number that n's dtype does not have
// is none.
func isLiteral(n *ir.Node, v int64) bool {
	bits, ok := literal(n)
	return ok && bits == number(n.Type.DType, v)
}

// number returns v as an element of d.
func number(d ir.DType, v int64) uint64 {
	if d.IsFloat() {
		return ir.Float(d, float64(v))
	}
	return uint64(v)
}

// spread returns x repeated to n's type, x itself when it has that type; nil when the
// extents are not known well enough to say so.
func spread(n, x *ir.Node) *ir.Node {
	switch {
	case x.Type.Equal(n.Type):
		return x
	case x.Type.DType != n.Type.DType || slices.ContainsFunc(n.Type.Shape, ir.Dim.IsUnknown):
		return nil
	}
	return newNode(n, ir.OpBroadcast, &ir.Attr{Shape: n.Type.Shape}, x)
}
