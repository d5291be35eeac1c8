package passes

import (
	"fmt"

	"github.com/numen-go/numen/ir"
)

// legalise leaves only calls that can become kernels or steps.
var legalise = Pass{
	Name: "legalise", Stage: OnGraph, Required: true,
	Doc: "ops that are defined by simpler ones are replaced by them; what no target takes is refused with the user's line. Scalar ops that a target has not are expanded in kernels, not here",
	Run: onGraphs(func(u *Unit, g *ir.Graph, nodes []*ir.Node) (*ir.Graph, error) {
		var failed error
		h, err := normalise(g, nodes, func(n *ir.Node) (*ir.Node, string) {
			if failed != nil || n.Op.Decompose == nil {
				return nil, ""
			}
			var m *ir.Node
			if m, failed = n.Op.Decompose(n); failed != nil {
				failed = refused(n, failed)
			}
			return m, n.Op.Name
		})
		if failed != nil {
			return nil, failed
		}
		if err != nil {
			return nil, err
		}
		if h != g {
			nodes = h.Nodes()
		}
		for _, n := range nodes {
			if err := takenBySome(u.Caps, n); err != nil {
				return nil, err
			}
		}
		return h, nil
	}),
}

// takenBySome refuses a call whose result no target can compute. Without targets nothing
// is refused, and complex numbers that are only handed on need no kernel.
func takenBySome(caps []*ir.Caps, n *ir.Node) error {
	if n.Type.DType.Kind() == ir.KindComplex && (n.Op == ir.OpParam || n.Op == ir.OpConvert) {
		return nil
	}
	types := n.Type.Tuple
	if types == nil {
		types = []ir.Type{n.Type}
	}
	for _, t := range types {
		rank := -1 // the most axes that a target takes of this dtype
		for _, c := range caps {
			if c.DTypes.Has(t.DType) {
				rank = max(rank, c.MaxRank)
			}
		}
		switch {
		case len(caps) == 0:
		case rank < 0:
			return refused(n, ir.Errorf(ir.ErrDType, "no target takes %s", t.DType.Name()))
		case t.Rank() > rank:
			return refused(n, ir.Errorf(ir.ErrShape, "no target takes %s of %d dimensions", t.DType.Name(), t.Rank()))
		}
	}
	return nil
}

// CallError is why a program cannot be compiled: it belongs to one of the user's calls.
type CallError struct {
	Op   string   // the op that the call made
	Site *ir.Site // nil: none is known
	Err  error
}

// Error tells the op and the cause.
func (e *CallError) Error() string { return fmt.Sprintf("%s: %v", e.Op, e.Err) }

// Unwrap returns the cause.
func (e *CallError) Unwrap() error { return e.Err }

func refused(n *ir.Node, why error) error { return &CallError{Op: n.Op.Name, Site: n.Site, Err: why} }
