package passes

import (
	"slices"

	"github.com/numen-go/numen/ir"
)

// reductionRules are about reductions and scans over axes of extent 1, where nothing is
// combined: one term is the result as it is, -0 and NaN too.
var reductionRules = []rule{
	{Name: "sum_one", Root: ir.OpSum, Func: reduceOnes},
	{Name: "prod_one", Root: ir.OpProd, Func: reduceOnes},
	{Name: "min_one", Root: ir.OpReduceMin, Func: reduceOnes},
	{Name: "max_one", Root: ir.OpReduceMax, Func: reduceOnes},
	{Name: "any_one", Root: ir.OpAny, Func: reduceOnes},
	{Name: "all_one", Root: ir.OpAll, Func: reduceOnes},
	{Name: "argmin_one", Root: ir.OpArgMin, Func: reduceOnes},
	{Name: "argmax_one", Root: ir.OpArgMax, Func: reduceOnes},
	{Name: "cumsum_one", Root: ir.OpCumSum, Func: scanOne},
	{Name: "cumprod_one", Root: ir.OpCumProd, Func: scanOne},
	{Name: "cummin_one", Root: ir.OpCumMin, Func: scanOne},
	{Name: "cummax_one", Root: ir.OpCumMax, Func: scanOne},
}

// reduceOnes drops the reduced axes of extent 1: the flattened position along the others
// stays what it was.
func reduceOnes(n *ir.Node) *ir.Node {
	x := n.Args[0]
	var ones, rest []int
	for _, a := range n.Attr.Axes {
		if x.Type.Shape[a].Is(1) {
			ones = append(ones, a)
		} else {
			rest = append(rest, a)
		}
	}
	if ones == nil || slices.ContainsFunc(x.Type.Shape, ir.Dim.IsUnknown) {
		return nil
	}
	if rest == nil && (n.Op == ir.OpArgMin || n.Op == ir.OpArgMax) {
		return spread(n, ir.ConstNode(n.Type.DType, 0, n.Site))
	}
	var shape []ir.Dim
	axis := make([]int, x.Type.Rank()) // of x without the ones
	for i, d := range x.Type.Shape {
		axis[i] = len(shape)
		if !slices.Contains(ones, i) {
			shape = append(shape, d)
		}
	}
	x = newNode(n, ir.OpReshape, &ir.Attr{Shape: shape}, x)
	if rest == nil {
		return x
	}
	for i, a := range rest {
		rest[i] = axis[a]
	}
	return newNode(n, n.Op, &ir.Attr{Axes: rest, Order: n.Attr.Order}, x)
}

// scanOne is a scan along one position that includes it.
func scanOne(n *ir.Node) *ir.Node {
	if x := n.Args[0]; x.Type.Shape[n.Attr.Axes[0]].Is(1) && !n.Attr.Flag {
		return x
	}
	return nil
}
