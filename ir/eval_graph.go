package ir

import (
	"fmt"
	"slices"
)

// EvalGraph returns g's results on params: the meaning of a graph, slow and clear, by
// which every target is judged. Symbols get their values from params' shapes. The walk
// is iterative, and a value is dropped after its last use.
func EvalGraph(g *Graph, params []*Tensor, env Env) ([]*Tensor, error) {
	types := make([]Type, len(g.Params))
	for i, p := range g.Params {
		types[i] = p.Type
	}
	symbols, err := bindShapes(env.Symbols, types, params)
	if err != nil {
		return nil, err
	}
	e := &graphEval{env: env, done: map[*Node]*evaluated{}}
	e.env.Symbols = symbols
	nodes := g.Nodes()
	uses := make(map[*Node]int, len(nodes))
	for _, n := range nodes {
		for _, a := range n.Args {
			uses[a]++
		}
	}
	for _, r := range g.Results {
		uses[r]++ // never dropped
	}
	for i, p := range g.Params {
		e.done[p] = newEvaluated(p, params[i:i+1])
	}
	for _, n := range nodes {
		if err := e.env.check(); err != nil {
			return nil, err
		}
		if err := e.node(n); err != nil {
			if n.Site != nil {
				return nil, fmt.Errorf("%s: %s: %w", n.Site, n.Op, err)
			}
			return nil, fmt.Errorf("%s: %w", n.Op, err)
		}
		for _, a := range n.Args {
			if uses[a]--; uses[a] == 0 {
				delete(e.done, a)
			}
		}
	}
	out := make([]*Tensor, len(g.Results))
	for i, r := range g.Results {
		out[i] = e.done[r].out[0]
	}
	return out, nil
}

type graphEval struct {
	env  Env
	done map[*Node]*evaluated
}

// evaluated is a node with its values. Its dimensions are numbers.
type evaluated struct {
	node *Node
	out  []*Tensor
}

// newEvaluated gives a copy of n the types of its values.
func newEvaluated(n *Node, out []*Tensor) *evaluated {
	c := *n
	types := make([]Type, len(out))
	for i, t := range out {
		types[i].DType = t.DType
		types[i].Shape = make([]Dim, len(t.Shape))
		for a, s := range t.Shape {
			types[i].Shape[a] = N(s)
		}
	}
	if n.Type.Tuple != nil {
		c.Type = Type{Tuple: types}
	} else {
		types[0].Format = n.Type.Format
		c.Type = types[0]
	}
	return &evaluated{&c, out}
}

func (e *graphEval) node(n *Node) error {
	if e.done[n] != nil {
		return nil // a parameter
	}
	c, in, err := e.concrete(n)
	if err != nil {
		return err
	}
	out, err := e.values(c, in)
	if err != nil {
		return err
	}
	e.done[n] = newEvaluated(c, out)
	return nil
}

// concrete returns n with numbers for its dimensions, and its operands' values, of a
// tuple all. Inference on numbers finds what Unknown extents hid.
func (e *graphEval) concrete(n *Node) (*Node, []*Tensor, error) {
	c := *n
	c.Args = make([]*Node, len(n.Args))
	in := make([]*Tensor, 0, len(n.Args))
	for i, a := range n.Args {
		c.Args[i] = e.done[a].node
		in = append(in, e.done[a].out...)
	}
	if n.Attr != nil {
		var err error
		if c.Attr, err = n.Attr.withNumbers(e.env.Symbols); err != nil {
			return nil, nil, err
		}
	}
	if n.Subs != nil {
		return &c, in, nil // subgraphs keep their symbols
	}
	t, err := c.Op.infer(&c)
	c.Type = t
	return &c, in, err
}

// withNumbers returns a with numbers for its dimensions but for what only values tell.
func (a *Attr) withNumbers(symbols map[string]int64) (*Attr, error) {
	c := *a
	limit := []Dim{a.Limit}
	for _, ds := range []*[]Dim{&c.Shape, &c.Start, &c.Step, &limit} {
		*ds = slices.Clone(*ds)
		for i, d := range *ds {
			if d.IsUnknown() {
				continue
			}
			n, err := d.Eval(lookupIn(symbols))
			if err != nil {
				return nil, err
			}
			(*ds)[i] = N(n)
		}
	}
	c.Limit = limit[0]
	return &c, nil
}

func (e *graphEval) values(n *Node, in []*Tensor) ([]*Tensor, error) {
	switch {
	case n.Op == OpScalar:
		if n.Attr.Index >= len(e.env.Scalars) {
			return nil, fmt.Errorf("ir: run-time number %d has no value", n.Attr.Index)
		}
		return []*Tensor{{DType: n.Type.DType, Shape: []int{}, Elems: []uint64{e.env.Scalars[n.Attr.Index]}}}, nil
	case n.Op.EvalSubs != nil:
		return n.Op.EvalSubs(n, in, func(sub *Graph, in []*Tensor) ([]*Tensor, error) { return EvalGraph(sub, in, e.env) })
	case n.Op.Eval != nil:
		return n.Op.Eval(n, in)
	case n.Op.Scalar != nil:
		return evalElementwise(n, in)
	}
	return nil, fmt.Errorf("ir: op %s has no evaluation", n.Op)
}

// evalElementwise runs an op's Scalar over every element of its operands, broadcast.
func evalElementwise(n *Node, in []*Tensor) ([]*Tensor, error) {
	shape, err := numbers(n.Type.Shape)
	if err != nil {
		return nil, err
	}
	out, err := NewTensor(n.Type.DType, shape...)
	if err != nil {
		return nil, err
	}
	b := NewBuilder()
	body := &Expr{Kind: Apply, Op: n.Op, DType: n.Type.DType}
	columns := make([][]uint64, len(in))
	for i, x := range in {
		body.Args = append(body.Args, b.State(x.DType, i))
		columns[i] = x.broadcast(shape)
	}
	p := CompileScalar([]*Expr{b.Intern(body)})
	p.RunStrip(len(out.Elems), columns, [][]uint64{out.Elems})
	return []*Tensor{out}, nil
}

// broadcast returns the elements of x as an array of that shape.
func (x *Tensor) broadcast(shape []int) []uint64 {
	if slices.Equal(x.Shape, shape) {
		return x.Elems
	}
	at := offsets(0, shape, broadcastStrides(x.Shape, shape))
	out := make([]uint64, len(at))
	for i, o := range at {
		out[i] = x.Elems[o]
	}
	return out
}
