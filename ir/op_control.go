package ir

import "fmt"

// Control ops run subgraphs. A subgraph is closed: it sees its parameters, the program's
// run-time numbers and symbols, and nothing of the graph around it. An op with one result
// has its type; one with several has a tuple, from which item picks.

// OpItem picks one result.
var OpItem = Register(&Op{
	Name: "item", Doc: "element index of a tuple.",
	Family: Control, MinArg: 1, MaxArg: 1, Fields: FieldIndex,
	Infer: func(n *Node) (Type, error) {
		types := n.Args[0].Type.Tuple
		if types == nil {
			return Type{}, Errorf(ErrIndex, "item takes a tuple, got %s", n.Args[0].Type)
		}
		if i := n.Attr.Index; i < 0 || i >= len(types) {
			return Type{}, Errorf(ErrIndex, "a tuple of %d has no element %d", len(types), i)
		}
		return types[n.Attr.Index], nil
	},
	Eval: func(n *Node, in []*Tensor) ([]*Tensor, error) { return in[n.Attr.Index:][:1], nil },
})

// Items returns the results of n as nodes: n itself when it has one.
func Items(n *Node) []*Node {
	if n.Type.Tuple == nil {
		return []*Node{n}
	}
	out := make([]*Node, len(n.Type.Tuple))
	for i := range out {
		out[i] = Must(NewNode(OpItem, &Attr{Index: i}, n.Site, n))
	}
	return out
}

// OpCall runs a subgraph once.
var OpCall = Register(&Op{
	Name: "call", Doc: "the results of the subgraph on the operands: sharing of structure in text and in building, inlined before anything else.",
	Family: Control, MaxArg: -1, Subs: 1,
	Infer: func(n *Node) (Type, error) {
		if err := checkSub(n, 0, n.Args); err != nil {
			return Type{}, err
		}
		return resultType(n.Subs[0]), nil
	},
	EvalSubs: func(n *Node, in []*Tensor, run func(*Graph, []*Tensor) ([]*Tensor, error)) ([]*Tensor, error) {
		return run(n.Subs[0], in)
	},
})

// Call returns sub applied to args.
func Call(sub *Graph, site *Site, args ...*Node) (*Node, error) {
	return newControl(OpCall, nil, []*Graph{sub}, site, args)
}

// OpBranch runs one of two subgraphs.
var OpBranch = Register(&Op{
	Name: "branch", Doc: "the results of the first subgraph on the operands after the first where that one, a bool without axes, holds; else of the second. The other is not evaluated.",
	Family: Control, MinArg: 1, MaxArg: -1, Subs: 2,
	Infer: func(n *Node) (Type, error) {
		if c := n.Args[0].Type; !c.Equal(Dense(Bool)) {
			return Type{}, Errorf(ErrDType, "branch decides by a bool without axes, got %s", c)
		}
		for i := range n.Subs {
			if err := checkSub(n, i, n.Args[1:]); err != nil {
				return Type{}, err
			}
		}
		t, e := resultType(n.Subs[0]), resultType(n.Subs[1])
		if !t.Equal(e) {
			return Type{}, Errorf(ErrShape, "the two sides of a branch give %s and %s", t, e)
		}
		return t, nil
	},
	EvalSubs: func(n *Node, in []*Tensor, run func(*Graph, []*Tensor) ([]*Tensor, error)) ([]*Tensor, error) {
		if in[0].Elems[0] != 0 {
			return run(n.Subs[0], in[1:])
		}
		return run(n.Subs[1], in[1:])
	},
})

// Branch returns then applied to args where cond holds, els applied to them elsewhere.
func Branch(cond *Node, then, els *Graph, site *Site, args ...*Node) (*Node, error) {
	return newControl(OpBranch, nil, []*Graph{then, els}, site, append([]*Node{cond}, args...))
}

// OpLoop repeats a subgraph.
var OpLoop = Register(&Op{
	Name: "loop", Doc: "the state, at first the operands, replaced by the results of the first subgraph on it while the second, a bool without axes, holds of it, at most limit times.",
	Family: Control, MinArg: 1, MaxArg: -1, Subs: 2, Fields: FieldLimit,
	Infer: func(n *Node) (Type, error) {
		for i := range n.Subs {
			if err := checkSub(n, i, n.Args); err != nil {
				return Type{}, err
			}
		}
		body, cond := n.Subs[0], n.Subs[1]
		if len(body.Results) != len(n.Args) {
			return Type{}, Errorf(ErrShape, "a loop over %d arrays has a body that gives %d", len(n.Args), len(body.Results))
		}
		for i, r := range body.Results {
			if !r.Type.Equal(n.Args[i].Type) {
				return Type{}, Errorf(ErrShape, "a loop's state %d is %s before the body and %s after it", i, n.Args[i].Type, r.Type)
			}
		}
		if len(cond.Results) != 1 || !cond.Results[0].Type.Equal(Dense(Bool)) {
			return Type{}, Errorf(ErrDType, "a loop goes on by one bool without axes")
		}
		if c, ok := n.Attr.Limit.Const(); ok && c < 0 {
			return Type{}, Errorf(ErrShape, "a loop cannot make %d trips", c)
		}
		return resultType(body), nil
	},
	EvalSubs: func(n *Node, state []*Tensor, run func(*Graph, []*Tensor) ([]*Tensor, error)) ([]*Tensor, error) {
		limit, limited := n.Attr.Limit.Const()
		for trip := int64(0); !limited || trip < limit; trip++ {
			goOn, err := run(n.Subs[1], state)
			if err != nil {
				return nil, err
			}
			if goOn[0].Elems[0] == 0 {
				break
			}
			if state, err = run(n.Subs[0], state); err != nil {
				return nil, err
			}
		}
		return state, nil
	},
})

// Loop returns init put through body while cond holds of it, at most limit times.
func Loop(body, cond *Graph, limit Dim, site *Site, init ...*Node) (*Node, error) {
	return newControl(OpLoop, &Attr{Limit: limit}, []*Graph{body, cond}, site, init)
}

func newControl(op *Op, attr *Attr, subs []*Graph, site *Site, args []*Node) (*Node, error) {
	n := &Node{Op: op, Attr: attr, Subs: subs, Site: site, Args: args}
	t, err := op.infer(n)
	if err != nil {
		return nil, err
	}
	n.Type = t
	return n, nil
}

// checkSub refuses subgraph i unless its parameters are of the types of args and it has
// results.
func checkSub(n *Node, i int, args []*Node) error {
	g := n.Subs[i]
	if len(g.Params) != len(args) {
		return Errorf(ErrShape, "%s gives subgraph %s %d operands, it takes %d", n.Op, g.Name, len(args), len(g.Params))
	}
	for k, p := range g.Params {
		if !p.Type.Equal(args[k].Type) {
			return Errorf(ErrShape, "%s gives subgraph %s %s for its operand %d of %s", n.Op, g.Name, args[k].Type, k+1, p.Type)
		}
	}
	if len(g.Results) == 0 {
		return Errorf(ErrShape, "subgraph %s of %s has no result", g.Name, n.Op)
	}
	return nil
}

// resultType returns the type of an op whose results are g's.
func resultType(g *Graph) Type {
	if len(g.Results) == 1 {
		return g.Results[0].Type
	}
	t := Type{Tuple: make([]Type, len(g.Results))}
	for i, r := range g.Results {
		t.Tuple[i] = r.Type
	}
	return t
}

// Inline returns the results of a call's subgraph as nodes over the call's operands.
// Their sites go on to the call's.
func Inline(n *Node) ([]*Node, error) {
	if n.Op != OpCall {
		return nil, fmt.Errorf("ir: %s is no call", n.Op)
	}
	sub := n.Subs[0]
	done := make(map[*Node]*Node)
	for i, p := range sub.Params {
		done[p] = n.Args[i]
	}
	for _, m := range sub.Nodes() {
		if done[m] != nil {
			continue
		}
		c := *m
		c.Args = make([]*Node, len(m.Args))
		for i, a := range m.Args {
			c.Args[i] = done[a]
		}
		c.Site = m.Site.Under(n.Site)
		done[m] = &c
	}
	out := make([]*Node, len(sub.Results))
	for i, r := range sub.Results {
		out[i] = done[r]
	}
	return out, nil
}

// Samples call constructors that name the ops, which an initialiser may not.
func init() {
	t := Dense(Float64, N(3))
	array := func(i int) *Node { return Param(i, t, nil) }
	// graph returns a subgraph of k arrays.
	graph := func(name string, k int, results func(p []*Node) []*Node) *Graph {
		g := &Graph{Name: name}
		for i := range k {
			g.Params = append(g.Params, array(i))
		}
		g.Results = results(g.Params)
		return g
	}
	double := graph("double", 1, func(p []*Node) []*Node { return []*Node{Must(NewNode(OpAdd, nil, nil, p[0], p[0]))} })
	same := graph("same", 1, func(p []*Node) []*Node { return p })
	turn := graph("turn", 2, func(p []*Node) []*Node { return []*Node{p[1], p[0]} })
	always := graph("always", 2, func([]*Node) []*Node { return []*Node{ConstNode(Bool, 1, nil)} })
	OpCall.Samples = func() []*Node {
		return []*Node{Must(Call(double, nil, array(0))), Must(Call(turn, nil, array(0), array(1)))}
	}
	OpBranch.Samples = func() []*Node {
		return []*Node{Must(Branch(Param(0, Dense(Bool), nil), double, same, nil, array(1)))}
	}
	OpLoop.Samples = func() []*Node {
		return []*Node{Must(Loop(turn, always, N(3), nil, array(0), array(1))), Must(Loop(turn, always, N(0), nil, array(0), array(1)))}
	}
	OpItem.Samples = func() []*Node {
		return Items(Must(Call(turn, nil, array(0), array(1))))
	}
}
