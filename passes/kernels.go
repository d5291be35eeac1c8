package passes

import (
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/numen-go/numen/ir"
)

// kernels turns a graph into a program with one launch a node: what each node means is
// written by its op's Kernel rule. Fusion joins the launches afterwards.
var kernels = Pass{
	Name: "kernels", Stage: ToProgram, Required: true,
	Doc: "one kernel a node, from the op's own rule; literals and run-time numbers become part of their users' bodies",
	Run: func(u *Unit) (bool, error) {
		p, err := toProgram(u.Graph)
		u.Program = p
		return true, err
	},
}

// programBuilder collects a Program while walking a graph.
type programBuilder struct {
	p     *ir.Program
	value map[*ir.Node]int
	names map[string]bool
	alike map[*ir.Op][]alike
}

// alike is an elementwise node and its kernel, which later nodes of its op and types share.
type alike struct {
	node     *ir.Node
	kernel   *ir.Kernel
	operands []int
}

func toProgram(g *ir.Graph) (*ir.Program, error) {
	b := &programBuilder{p: &ir.Program{Name: g.Name}, value: map[*ir.Node]int{}, names: map[string]bool{}, alike: map[*ir.Op][]alike{}}
	b.declareSymbols(g)
	for _, n := range g.Params {
		v := b.newValue("x", n.Type)
		b.value[n] = v
		b.p.Params = append(b.p.Params, v)
	}
	nodes := g.Nodes()
	b.p.Steps = make([]ir.ProgramStep, 0, 2*len(nodes)) // most allocate and launch
	for _, n := range nodes {
		if err := b.node(n); err != nil {
			return nil, err
		}
	}
	for _, r := range g.Results {
		v, err := b.result(r)
		if err != nil {
			return nil, err
		}
		b.p.Results = append(b.p.Results, v)
	}
	return b.p, nil
}

// declareSymbols lists the symbols and the run-time numbers that the graph uses.
func (b *programBuilder) declareSymbols(g *ir.Graph) {
	seen := map[string]bool{}
	note := func(ds []ir.Dim) {
		for _, d := range ds {
			d.Symbols(func(s string) {
				if !seen[s] {
					seen[s] = true
					b.p.Symbols = append(b.p.Symbols, ir.Symbol{Name: s})
				}
			})
		}
	}
	for _, n := range g.Nodes() {
		note(n.Type.Shape)
		if n.Attr != nil {
			note(n.Attr.Shape)
			note(n.Attr.Start)
			note(n.Attr.Step)
		}
		if n.Op == ir.OpScalar {
			for len(b.p.Scalars) <= n.Attr.Index {
				b.p.Scalars = append(b.p.Scalars, ir.ScalarArg{})
			}
			b.p.Scalars[n.Attr.Index] = ir.ScalarArg{Name: fmt.Sprintf("c%d", n.Attr.Index), DType: n.Type.DType}
		}
	}
}

func (b *programBuilder) newValue(stem string, t ir.Type) int {
	name := stem
	for i := len(b.p.Values); b.names[name] || name == stem; i++ {
		name = stem + strconv.Itoa(i)
	}
	b.names[name] = true
	b.p.Values = append(b.p.Values, ir.Value{Name: name, Type: t})
	return len(b.p.Values) - 1
}

// node adds the steps that compute n; leaves that live in bodies need none.
func (b *programBuilder) node(n *ir.Node) error {
	if _, ok := b.value[n]; ok || n.Op.Inline != nil {
		return nil
	}
	if n.Op.Decompose != nil {
		return fmt.Errorf("passes: %s reaches kernels before it was decomposed", n.Op)
	}
	if n.Op.Host != nil {
		return b.host(n)
	}
	k, operands, scalars, err := b.kernelOf(n)
	if errors.Is(err, ir.ErrNoRefinement) {
		return b.view(n)
	}
	if err != nil {
		return err
	}
	l := &ir.Launch{Kernel: k}
	for _, s := range k.Dims {
		l.Dims = append(l.Dims, ir.Sym(s))
	}
	for _, s := range scalars {
		l.Scalars = append(l.Scalars, s.Attr.Index)
	}
	step := ir.ProgramStep{Kind: ir.StepLaunch, Launch: l}
	if n.Site != nil {
		step.Sites = []*ir.Site{n.Site}
	}
	for _, o := range operands {
		if o >= 0 {
			v := b.value[n.Args[o]]
			l.Args = append(l.Args, v)
			continue
		}
		v := b.newValue("v", n.Type)
		b.value[n] = v
		b.p.Steps = append(b.p.Steps, ir.ProgramStep{Kind: ir.StepAlloc, Out: v})
		l.Args = append(l.Args, v)
	}
	b.p.Steps = append(b.p.Steps, step)
	return nil
}

// kernelOf is ir.KernelOf, but elementwise nodes of one op and the same types have one kernel.
func (b *programBuilder) kernelOf(n *ir.Node) (k *ir.Kernel, operands []int, scalars []*ir.Node, err error) {
	inline := func(a *ir.Node) bool { return a.Op.Inline != nil }
	if n.Op.Scalar == nil || n.Op.Kernel != nil || slices.ContainsFunc(n.Args, inline) {
		return ir.KernelOf(n)
	}
	sameType := func(a, o *ir.Node) bool { return a.Type.Equal(o.Type) }
	for _, o := range b.alike[n.Op] {
		if sameType(n, o.node) && slices.EqualFunc(n.Args, o.node.Args, sameType) {
			return o.kernel, o.operands, nil, nil
		}
	}
	k, operands, scalars, err = ir.KernelOf(n)
	if err == nil {
		b.alike[n.Op] = append(b.alike[n.Op], alike{n, k, operands})
	}
	return k, operands, scalars, err
}

// host adds a step that is no kernel.
func (b *programBuilder) host(n *ir.Node) error {
	step, err := n.Op.Host(n)
	if err != nil {
		return err
	}
	if step.Kind != ir.StepConvert {
		return fmt.Errorf("passes: %s: host steps have no lowering yet", n.Op)
	}
	from, err := b.stored(n.Args[0])
	if err != nil {
		return err
	}
	step.In, step.Out = []int{from}, b.newValue("v", n.Type)
	if n.Site != nil {
		step.Sites = []*ir.Site{n.Site}
	}
	b.value[n] = step.Out
	b.p.Steps = append(b.p.Steps, step)
	return nil
}

// stored returns a value that holds n's elements, made for leaves that live in bodies.
func (b *programBuilder) stored(n *ir.Node) (int, error) {
	if v, ok := b.value[n]; ok {
		return v, nil
	}
	return b.copied(n)
}

// copied returns a new value with n's elements.
func (b *programBuilder) copied(n *ir.Node) (int, error) {
	c, err := ir.NewNode(ir.OpBroadcast, &ir.Attr{Shape: n.Type.Shape}, n.Site, n)
	if err != nil {
		return 0, err
	}
	if err := b.node(c); err != nil {
		return 0, err
	}
	return b.value[c], nil
}

// view reinterprets a dense operand's memory in n's shape.
func (b *programBuilder) view(n *ir.Node) error {
	strides := make([]ir.Dim, n.Type.Rank())
	size := ir.N(1)
	for i := len(strides) - 1; i >= 0; i-- {
		strides[i] = size
		size = size.Mul(n.Type.Shape[i])
	}
	v := b.newValue("v", n.Type)
	b.value[n] = v
	b.p.Steps = append(b.p.Steps, ir.ProgramStep{Kind: ir.StepView, Out: v, In: []int{b.value[n.Args[0]]}, View: &ir.View{Strides: strides}})
	return nil
}

// result returns a value that the caller may own: parameters, views, literals and
// results named twice are copied.
func (b *programBuilder) result(r *ir.Node) (int, error) {
	v, ok := b.value[r]
	if ok && !b.shared(v) {
		return v, nil
	}
	return b.copied(r)
}

// shared reports whether a value's memory has another owner than the result.
func (b *programBuilder) shared(v int) bool {
	for _, p := range b.p.Params {
		if p == v {
			return true
		}
	}
	for _, r := range b.p.Results {
		if r == v {
			return true
		}
	}
	for _, s := range b.p.Steps {
		if s.Kind == ir.StepView && s.Out == v {
			return true
		}
	}
	return false
}
