package passes

import (
	"slices"
	"strings"

	"github.com/numen-go/numen/ir"
)

// contractRules bring contractions of one or two operands to one form. They keep the
// order and the order of the contracted labels, so every term and every rounding. More
// operands are pass contract's.
var contractRules = []rule{
	{Name: "contract_permute", Root: ir.OpContract, Func: contractPermute},
	{Name: "contract_broadcast", Root: ir.OpContract, Func: contractBroadcast},
	{Name: "contract_one", Root: ir.OpContract, Func: contractOne},
	{Name: "contract_labels", Root: ir.OpContract, Func: contractLabels},
}

// specOf returns the spec of a contraction, whose inference has checked it.
func specOf(n *ir.Node) ir.Spec {
	s, err := ir.ParseSpec(n.Attr.Spec)
	if err != nil {
		panic(err)
	}
	return s
}

func contraction(n *ir.Node, s ir.Spec, args []*ir.Node) *ir.Node {
	return newNode(n, ir.OpContract, &ir.Attr{Spec: s.String(), Order: n.Attr.Order}, args...)
}

// contractPermute reads a permuted operand as it was, with its labels permuted.
func contractPermute(n *ir.Node) *ir.Node {
	k := slices.IndexFunc(n.Args, func(a *ir.Node) bool { return a.Op == ir.OpPermute })
	if k < 0 || len(n.Args) > 2 {
		return nil
	}
	s := specOf(n)
	old := []rune(s.In[k])
	labels := make([]rune, len(old))
	for i, a := range n.Args[k].Attr.Axes {
		labels[a] = old[i]
	}
	s.In[k] = string(labels)
	args := slices.Clone(n.Args)
	args[k] = args[k].Args[0]
	return contraction(n, s, args)
}

// contractBroadcast reads a broadcast operand without the axes that it repeats along,
// where another axis has their label.
func contractBroadcast(n *ir.Node) *ir.Node {
	if len(n.Args) > 2 {
		return nil
	}
	for k, a := range n.Args {
		if a.Op != ir.OpBroadcast || slices.ContainsFunc(a.Args[0].Type.Shape, ir.Dim.IsUnknown) {
			continue
		}
		x, s := a.Args[0], specOf(n)
		off := a.Type.Rank() - x.Type.Rank()
		var labels, repeated []rune
		var shape []ir.Dim // of x without the axes that are repeated
		for i, c := range []rune(s.In[k]) {
			if i < off || x.Type.Shape[i-off] != a.Type.Shape[i] {
				repeated = append(repeated, c)
				continue
			}
			labels = append(labels, c)
			shape = append(shape, x.Type.Shape[i-off])
		}
		s.In[k] = string(labels)
		if strings.Trim(string(repeated), strings.Join(s.In, "")) != "" || len(repeated) == 0 {
			continue
		}
		args := slices.Clone(n.Args)
		args[k] = newNode(n, ir.OpReshape, &ir.Attr{Shape: shape}, x)
		if m := contraction(n, s, args); m.Type.Equal(n.Type) { // unless the broadcast told an extent that nothing else does
			return m
		}
	}
	return nil
}

// contractOne makes a contraction of one operand without a diagonal a reduction and a
// permutation.
func contractOne(n *ir.Node) *ir.Node {
	s := specOf(n)
	if len(n.Args) != 1 || len([]rune(s.In[0])) != len([]rune(s.Out+s.Sum)) {
		return nil
	}
	x, labels := n.Args[0], []rune(s.In[0])
	if s.Sum != "" {
		op := ir.OpSum
		if x.Type.DType == ir.Bool {
			op = ir.OpAny
		}
		a := &ir.Attr{Order: n.Attr.Order}
		for _, c := range s.Sum {
			a.Axes = append(a.Axes, slices.Index(labels, c))
		}
		x = newNode(n, op, a, x)
		labels = slices.DeleteFunc(labels, func(c rune) bool { return strings.ContainsRune(s.Sum, c) })
	}
	axes := make([]int, 0, len(labels))
	for _, c := range s.Out {
		axes = append(axes, slices.Index(labels, c))
	}
	return newNode(n, ir.OpPermute, &ir.Attr{Axes: axes}, x)
}

// labelNames are the labels of the one form, in the order of their first appearance.
const labelNames = "ijklmnopqrstuvwxyzabcdefghABCDEFGHIJKLMNOPQRSTUVWXYZ"

// contractLabels names labels in the order in which they appear.
func contractLabels(n *ir.Node) *ir.Node {
	s := specOf(n)
	name := map[rune]rune{}
	rename := func(c rune) rune {
		if _, ok := name[c]; !ok && len(name) < len(labelNames) {
			name[c] = rune(labelNames[len(name)])
		}
		return name[c]
	}
	for i, in := range s.In {
		s.In[i] = strings.Map(rename, in)
	}
	s.Out, s.Sum = strings.Map(rename, s.Out), strings.Map(rename, s.Sum)
	if s.String() == n.Attr.Spec || len(name) == len(labelNames) {
		return nil
	}
	return contraction(n, s, n.Args)
}
