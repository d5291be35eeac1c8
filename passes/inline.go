package passes

import "github.com/numen-go/numen/ir"

// inline puts the subgraphs of calls in place of the calls, so that every later pass
// sees through them.
var inline = Pass{
	Name: "inline", Stage: OnGraph, Required: true,
	Doc: "calls become the nodes of their subgraphs, whose sites go on to the call's",
	Run: onGraphs(func(u *Unit, g *ir.Graph, nodes []*ir.Node) (*ir.Graph, error) {
		var failed error
		bodies := map[*ir.Node][]*ir.Node{} // the results of each call, copied once
		result := func(call *ir.Node, i int) (*ir.Node, string) {
			if bodies[call] == nil {
				if bodies[call], failed = ir.Inline(call); failed != nil {
					return nil, ""
				}
			}
			return bodies[call][i], "inline"
		}
		g, err := normalise(g, nodes, func(n *ir.Node) (*ir.Node, string) {
			switch {
			case failed != nil:
			case n.Op == ir.OpCall && n.Type.Tuple == nil:
				return result(n, 0)
			case n.Op == ir.OpItem && n.Args[0].Op == ir.OpCall:
				return result(n.Args[0], n.Attr.Index)
			}
			return nil, ""
		})
		if failed != nil {
			return nil, failed
		}
		return g, err
	}),
}
