package passes

import (
	"fmt"
	"slices"

	"github.com/numen-go/numen/ir"
)

// graphFunc is a pass on one graph. nodes are the graph's, operands before users; a
// function that changes nothing returns g.
type graphFunc func(u *Unit, g *ir.Graph, nodes []*ir.Node) (*ir.Graph, error)

// onGraphs makes a pass of f: it is applied to subgraphs, inner ones first, and last to
// the unit's graph.
func onGraphs(f graphFunc) func(u *Unit) (bool, error) {
	return func(u *Unit) (bool, error) {
		g, err := onGraph(u, u.Graph, f)
		if err != nil {
			return false, err
		}
		changed := g != u.Graph
		u.Graph = g
		return changed, nil
	}
}

func onGraph(u *Unit, g *ir.Graph, f graphFunc) (*ir.Graph, error) {
	nodes := u.order(g)
	if slices.ContainsFunc(nodes, func(n *ir.Node) bool { return n.Subs != nil }) {
		h, err := g.Rewrite(func(n *ir.Node) (*ir.Node, error) {
			m := n
			for i, sub := range n.Subs {
				s, err := onGraph(u, sub, f)
				if err != nil {
					return nil, err
				}
				if s == sub {
					continue
				}
				if m == n {
					c := *n
					c.Subs = slices.Clone(n.Subs)
					m = &c
				}
				m.Subs[i] = s
			}
			return m, nil
		})
		if err != nil {
			return nil, err
		}
		if h != g {
			g, nodes = h, u.order(h)
		}
	}
	return f(u, g, nodes)
}

// order returns g's nodes, operands before users: in the order of Nodes, or, to show
// passes that lean on it, in a random one. The last answer is kept: most passes change
// nothing.
func (u *Unit) order(g *ir.Graph) []*ir.Node {
	if u.ordered == g {
		return u.nodes
	}
	u.ordered, u.nodes = g, g.Nodes()
	if u.random != nil {
		u.shuffle()
	}
	return u.nodes
}

// shuffle puts u.nodes into a random order, operands before users.
func (u *Unit) shuffle() {
	nodes := u.nodes
	waits := map[*ir.Node]int{} // for how many operands
	users := map[*ir.Node][]*ir.Node{}
	var ready []*ir.Node
	for _, n := range nodes {
		for _, a := range n.Args {
			users[a] = append(users[a], n)
		}
		if waits[n] = len(n.Args); len(n.Args) == 0 {
			ready = append(ready, n)
		}
	}
	u.nodes = nil
	for len(ready) > 0 {
		i, last := u.random.IntN(len(ready)), len(ready)-1
		n := ready[i]
		ready[i] = ready[last]
		ready = ready[:last]
		u.nodes = append(u.nodes, n)
		for _, m := range users[n] {
			if waits[m]--; waits[m] == 0 {
				ready = append(ready, m)
			}
		}
	}
}

// normalise returns g with every node in normal form: rule is asked what stands for a
// node whose operands are in normal form already, and asked again of its answer, until
// it answers nil: the node itself. name is the rule's, for messages. The walk is
// iterative: graphs may be millions of nodes deep.
func normalise(g *ir.Graph, nodes []*ir.Node, rule func(n *ir.Node) (m *ir.Node, name string)) (*ir.Graph, error) {
	type frame struct {
		n    *ir.Node // what is asked for
		now  *ir.Node // what stands for it so far
		next int      // operand of now to look at
	}
	var done map[*ir.Node]*ir.Node // nil: so far every node stands for itself
	var stack []frame
	fuel := 1000 + 100*len(nodes) // no set of sound rules needs as much
	for i, root := range nodes {
		if done == nil {
			if m, name := rule(root); m == nil {
				continue
			} else if err := checkType(root, m, name); err != nil {
				return nil, err
			} else {
				done = make(map[*ir.Node]*ir.Node, 2*len(nodes))
				for _, n := range nodes[:i] {
					done[n] = n
				}
				stack = append(stack, frame{n: root, now: m})
			}
		} else if done[root] == nil {
			stack = append(stack, frame{n: root, now: root})
		}
		for len(stack) > 0 {
			f := &stack[len(stack)-1]
			if d := done[f.now]; d != nil {
				done[f.n] = d
				stack = stack[:len(stack)-1]
				continue
			}
			if f.next < len(f.now.Args) {
				a := f.now.Args[f.next]
				f.next++
				if done[a] == nil {
					stack = append(stack, frame{n: a, now: a})
				}
				continue
			}
			m := withOperands(f.now, done)
			r, name := rule(m)
			if r == nil {
				done[f.n], done[f.now], done[m] = m, m, m
				stack = stack[:len(stack)-1]
				continue
			}
			if err := checkType(f.n, r, name); err != nil {
				return nil, err
			}
			if fuel--; fuel < 0 {
				return nil, fmt.Errorf("rule %s does not settle", name)
			}
			f.now, f.next = r, 0
		}
	}
	if done == nil {
		return g, nil
	}
	return replaced(g, done), nil
}

// checkType refuses a rule's answer m for n that is of another type. How it is stored does
// not count: pass formats decides that.
func checkType(n, m *ir.Node, name string) error {
	if t := m.Type; t.Tuple == nil {
		t.Format = n.Type.Format
		if t.Equal(n.Type) {
			return nil
		}
	}
	if !m.Type.Equal(n.Type) {
		return fmt.Errorf("rule %s makes %s of %s %s", name, m.Type, n.Op, n.Type)
	}
	return nil
}

// withOperands returns n over what stands for its operands.
func withOperands(n *ir.Node, done map[*ir.Node]*ir.Node) *ir.Node {
	m := n
	for i, a := range n.Args {
		d := done[a]
		if d == a {
			continue
		}
		if m == n {
			c := *n
			c.Args = slices.Clone(n.Args)
			m = &c
		}
		m.Args[i] = d
	}
	return m
}

// replaced returns g with done's nodes for its results: g where they are the same.
// Parameters stand for themselves.
func replaced(g *ir.Graph, done map[*ir.Node]*ir.Node) *ir.Graph {
	results := make([]*ir.Node, len(g.Results))
	for i, r := range g.Results {
		results[i] = done[r]
	}
	if slices.Equal(results, g.Results) {
		return g
	}
	return &ir.Graph{Name: g.Name, Params: g.Params, Results: results}
}

// newNode returns op applied to args on behalf of the call that made n. Rules build
// calls that are right by construction: an error is a fault of the rule.
func newNode(n *ir.Node, op *ir.Op, attr *ir.Attr, args ...*ir.Node) *ir.Node {
	return ir.Must(ir.NewNode(op, attr, n.Site, args...))
}
