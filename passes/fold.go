package passes

import "github.com/numen-go/numen/ir"

// fold evaluates calls of which everything is known.
var fold = Pass{
	Name: "fold", Stage: OnGraph, Repeat: true,
	Doc: "an elementwise call on literals becomes its value, by the evaluator; so does an extent that is a number. Only literals come out, never arrays",
	Run: onGraphs(func(u *Unit, g *ir.Graph, nodes []*ir.Node) (*ir.Graph, error) {
		var failed error
		g, err := normalise(g, nodes, func(n *ir.Node) (*ir.Node, string) {
			if failed != nil || !known(n) || !u.allow() {
				return nil, ""
			}
			var m *ir.Node
			m, failed = evaluated(n)
			return m, "fold"
		})
		if failed != nil {
			return nil, failed
		}
		return g, err
	}),
}

// known reports whether n is a number that folding makes a literal.
func known(n *ir.Node) bool {
	if n.Op == ir.OpDimValue {
		_, ok := n.Attr.Shape[0].Const()
		return ok
	}
	if n.Op.Scalar == nil || n.Type.Rank() != 0 {
		return false
	}
	for _, a := range n.Args {
		if a.Op != ir.OpConst {
			return false
		}
	}
	return true
}

func evaluated(n *ir.Node) (*ir.Node, error) {
	out, err := ir.EvalGraph(&ir.Graph{Results: []*ir.Node{n}}, nil, ir.Env{})
	if err != nil {
		return nil, err
	}
	return ir.ConstNode(n.Type.DType, out[0].Elems[0], n.Site), nil
}
