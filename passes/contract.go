package passes

import (
	"fmt"
	"slices"
	"strings"

	"github.com/numen-go/numen/ir"
)

// contract cuts contractions of many operands into pairs.
var contract = Pass{
	Name: "contract", Stage: OnGraph, Required: true,
	Doc: "a contraction of more than two operands becomes pairwise ones along a path of few operations. The path is part of the program's meaning, as are the orders of its pairs: the evaluator judges what this pass leaves. It depends on labels and extents alone",
	Run: onGraphs(func(u *Unit, g *ir.Graph, nodes []*ir.Node) (*ir.Graph, error) {
		return normalise(g, nodes, func(n *ir.Node) (*ir.Node, string) {
			if n.Op != ir.OpContract || len(n.Args) <= 2 {
				return nil, ""
			}
			return contractPairwise(u, n), "contract"
		})
	}),
}

// contractPairwise returns n as contractions of one and two operands.
func contractPairwise(u *Unit, n *ir.Node) *ir.Node {
	s, args := specOf(n), slices.Clone(n.Args)
	apply := func(s ir.Spec, args ...*ir.Node) *ir.Node {
		order := ir.ContractOrder(s)
		if n.Attr.Order == ir.Free {
			order = ir.Free
		}
		return newNode(n, ir.OpContract, &ir.Attr{Spec: s.String(), Order: order}, args...)
	}
	size := extents(u, s, args)
	log := pathLog{whole: s, size: size}
	for i := range args { // a label that one operand alone has is summed over once, there
		if alone, rest := sumAlone(s, i); alone.Sum != "" {
			args[i], s = apply(alone, args[i]), rest
			log.add(alone)
		}
	}
	for _, step := range findPath(s, size) {
		pair, rest := s.Pair(step.left, step.right)
		if len(args) == 2 { // the last pair has the result's order of axes
			pair = s
		}
		args[step.left] = apply(pair, args[step.left], args[step.right])
		args, s = slices.Delete(args, step.right, step.right+1), rest
		log.add(pair)
	}
	u.note("%s", log.text(n.Type.DType))
	return args[0]
}

// sumAlone cuts the labels that only operand i has out of s: alone sums over them, and
// rest has its result for operand i.
func sumAlone(s ir.Spec, i int) (alone, rest ir.Spec) {
	others := s.Out
	for k, in := range s.In {
		if k != i {
			others += in
		}
	}
	lone := func(c rune) bool { return strings.ContainsRune(s.In[i], c) && !strings.ContainsRune(others, c) }
	var kept []rune
	for _, c := range s.In[i] {
		if !lone(c) && !slices.Contains(kept, c) {
			kept = append(kept, c)
		}
	}
	alone = ir.Spec{In: []string{s.In[i]}, Out: string(kept), Sum: keepRunes(s.Sum, lone)}
	rest = ir.Spec{In: slices.Clone(s.In), Out: s.Out, Sum: keepRunes(s.Sum, func(c rune) bool { return !lone(c) })}
	rest.In[i] = string(kept)
	return alone, rest
}

func keepRunes(s string, keep func(c rune) bool) string {
	return strings.Map(func(c rune) rune {
		if keep(c) {
			return c
		}
		return -1
	}, s)
}

// unknownExtent is what an extent counts as that nobody can tell before the run.
const unknownExtent = 1024

// extents returns the number that each label's extent counts as.
func extents(u *Unit, s ir.Spec, args []*ir.Node) map[rune]float64 {
	size := map[rune]float64{}
	for i, in := range s.In {
		for axis, c := range []rune(in) {
			v, err := args[i].Type.Shape[axis].Eval(func(symbol string) (int64, bool) {
				if u.Sizes == nil {
					return 0, false
				}
				return u.Sizes(symbol)
			})
			if err == nil {
				size[c] = float64(v)
			} else if _, ok := size[c]; !ok {
				size[c] = unknownExtent
			}
		}
	}
	return size
}

// pathLog collects what the record of a path says.
type pathLog struct {
	whole          ir.Spec
	size           map[rune]float64
	steps          []string
	flops, largest float64
}

func (l *pathLog) add(s ir.Spec) {
	flops := specFlops(s, l.size)
	l.steps = append(l.steps, fmt.Sprintf("\n  %.4g: %s", flops, s))
	l.flops += flops
	l.largest = max(l.largest, positions(s.Out, l.size))
}

func (l *pathLog) text(d ir.DType) string {
	return fmt.Sprintf("%s: %.4g operations as one loop nest, %.4g in pairs; the largest intermediate has %.4g elements, %.4g bytes%s",
		l.whole, specFlops(l.whole, l.size), l.flops, l.largest, float64(l.largest*float64(d.Size())), strings.Join(l.steps, ""))
}
