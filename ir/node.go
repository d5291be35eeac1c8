package ir

import (
	"fmt"
	"math"
	"slices"
)

// Node is one call in a graph: immutable, shared, in no graph until one is made of it.
// Building takes no lock and may go on in many goroutines.
type Node struct {
	Op   *Op
	Type Type
	Args []*Node
	Attr *Attr    // nil: no attributes
	Subs []*Graph // subgraphs of control ops
	Site *Site    // the user's call, nil in parsed text without one
	Data any      // a param's value as its owner sees it; the IR does not look inside
}

// Attr holds the constants of a call. An op uses the fields that its Fields name.
type Attr struct {
	Axes    []int    // axes, or a permutation
	Shape   []Dim    // extents of the result
	Start   []Dim    // slice: the first position per axis; pad: elements before
	Step    []Dim    // slice: the distance per axis, negative runs backwards
	Order   Order    // order of a reduction or contraction
	DType   DType    // cast, creation
	Spec    string   // contraction: "ij,jk->ik" and, after a bar, the order of contracted labels: "ijk,kjl->il|jk"
	Combine *Combine // scatter
	Bits    uint64   // const: the element
	Index   int      // param, scalar: its number; item: which result
	Flag    bool     // cumulative: exclusive; scatter: nothing else writes the place
	Format  *Format  // convert: nil is dense, on the host
	Limit   Dim      // loop: the most trips; Unknown: as many as its condition asks for
}

// AttrField is a set of fields of Attr.
type AttrField uint16

// The fields, in the order of Attr.
const (
	FieldAxes AttrField = 1 << iota
	FieldShape
	FieldStart
	FieldStep
	FieldOrder
	FieldDType
	FieldSpec
	FieldCombine
	FieldBits
	FieldIndex
	FieldFlag
	FieldLimit
	FieldFormat
)

// Site is where a node was asked for. Transforms that make nodes on behalf of others
// (a derivative, a batched body) chain sites with Outer: errors print every line.
type Site struct {
	PC    uintptr // a program counter in the user's code; 0 when File and Line say it
	File  string
	Line  int
	Outer *Site
}

// NewNode returns op applied to args, with its type inferred, or the reason why it
// cannot be. It copies args.
func NewNode(op *Op, attr *Attr, site *Site, args ...*Node) (*Node, error) {
	if attr == nil && op.Fields != 0 {
		attr = &Attr{}
	}
	s := new(roomyNode)
	n := &s.Node
	n.Op, n.Attr, n.Site = op, attr, site
	if len(args) > 0 {
		n.Args = slices.Clip(append(s.few[:0], args...))
	}
	if len(args) < op.MinArg || op.MaxArg >= 0 && len(args) > op.MaxArg {
		return nil, fmt.Errorf("ir: %s takes %d to %d operands, got %d", op, op.MinArg, op.MaxArg, len(args))
	}
	t, err := op.infer(n)
	if err != nil {
		return nil, err
	}
	if op.Family != Conversion {
		t.Format = nil // what a call makes of formats is known when it becomes a kernel
	}
	n.Type = t
	return n, nil
}

// roomyNode is a node with room for operands: one allocation, for building graphs is
// mostly that.
type roomyNode struct {
	Node
	few [3]*Node
}

// Must returns n and panics when err is not nil: for rules and tests that build nodes
// whose types are right by construction.
func Must(n *Node, err error) *Node {
	if err != nil {
		panic(err)
	}
	return n
}

func (op *Op) infer(n *Node) (Type, error) {
	if op.Infer != nil {
		return op.Infer(n)
	}
	return inferElementwise(n)
}

// Graph is a pure tensor program: parameters, results and the nodes between them.
type Graph struct {
	Name    string
	Params  []*Node // op param, in order of Attr.Index
	Results []*Node
}

// Nodes returns every node that the results need and every parameter, operands before
// users. The walk is iterative: graphs may be millions of nodes deep.
func (g *Graph) Nodes() []*Node {
	var seen NodeMap[struct{}]
	order := make([]*Node, 0, shortList)
	type frame struct {
		n    *Node
		next int
	}
	stack := make([]frame, 0, 32)
	visit := func(root *Node) {
		if seen.Has(root) {
			return
		}
		seen.Put(root, struct{}{})
		stack = append(stack, frame{root, 0})
		for len(stack) > 0 {
			f := &stack[len(stack)-1]
			if f.next < len(f.n.Args) {
				a := f.n.Args[f.next]
				f.next++
				if !seen.Has(a) {
					seen.Put(a, struct{}{})
					stack = append(stack, frame{a, 0})
				}
				continue
			}
			order = append(order, f.n)
			stack = stack[:len(stack)-1]
		}
	}
	for _, p := range g.Params {
		visit(p)
	}
	for _, r := range g.Results {
		visit(r)
	}
	return order
}

// Rewrite returns the graph with f applied to every node, operands first: f gets the
// node with its operands already rewritten and returns it or another of the same type.
// A graph in which f changes nothing is returned as it is.
func (g *Graph) Rewrite(f func(n *Node) (*Node, error)) (*Graph, error) {
	done := map[*Node]*Node{}
	changed := false
	for _, n := range g.Nodes() {
		m := n
		for i, a := range n.Args {
			if done[a] == a {
				continue
			}
			if m == n {
				c := *n
				c.Args = append([]*Node(nil), n.Args...)
				m = &c
			}
			m.Args[i] = done[a]
		}
		r, err := f(m)
		if err != nil {
			return nil, err
		}
		if !r.Type.Equal(n.Type) {
			return nil, fmt.Errorf("ir: rewrite of %s changes its type from %s to %s", n.Op, n.Type, r.Type)
		}
		changed = changed || r != n
		done[n] = r
	}
	if !changed {
		return g, nil
	}
	out := &Graph{Name: g.Name}
	for _, p := range g.Params {
		out.Params = append(out.Params, done[p])
	}
	for _, r := range g.Results {
		out.Results = append(out.Results, done[r])
	}
	return out, nil
}

// Float returns the bits of v as an element of a float dtype.
func Float(d DType, v float64) uint64 {
	if d == Float32 {
		return uint64(math.Float32bits(float32(v)))
	}
	return math.Float64bits(v)
}
