package lowertest

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/numen-go/numen/ir"
)

// randomKernel returns a kernel of a few statements over a few axes, with accesses,
// guards and sinks at random, and numbers for its dims; nil when the dice made one that
// the verifier refuses.
func randomKernel(r *rand.Rand) (*ir.Kernel, map[string]int64) {
	m := &maker{Rand: r, b: ir.NewBuilder(), k: &ir.Kernel{Name: "random"}, dims: map[string]int64{}}
	positions := int64(1)
	for i := range 1 + r.IntN(3) {
		extent := ir.N(3)
		if r.IntN(6) > 0 {
			name := fmt.Sprintf("N%d", i)
			m.k.Dims = append(m.k.Dims, name)
			m.dims[name] = sizes[r.IntN(len(sizes))]
			for positions*m.dims[name] > 4000 {
				m.dims[name] /= 2
			}
			positions *= max(m.dims[name], 1)
			extent = ir.Sym(name)
		}
		m.k.Axes = append(m.k.Axes, ir.Axis{Name: string(rune('i' + i)), Extent: extent, From: -1})
	}
	m.dtype = randomDTypes[r.IntN(len(randomDTypes))]
	for range 1 + r.IntN(3) {
		m.operand(ir.In, m.dtype, m.someAxes(0))
	}
	n := 1 + r.IntN(4)
	for i := range n {
		m.statement(i == n-1)
	}
	if m.k.Verify() != nil {
		return nil, nil
	}
	return m.k, m.dims
}

var sizes = []int64{0, 1, 2, 3, 5, 15, 16, 17, 33, 70, 130}

var randomDTypes = []ir.DType{ir.Float64, ir.Float64, ir.Float64, ir.Float32, ir.Float32, ir.Int64, ir.Int32, ir.Uint8, ir.Bool}

// maker makes one kernel.
type maker struct {
	*rand.Rand
	b     *ir.Builder
	k     *ir.Kernel
	dims  map[string]int64
	dtype ir.DType
	axes  [][]int // by operand: the axes its positions are
}

// someAxes returns distinct axes, at least min of them.
func (m *maker) someAxes(least int) []int {
	p := m.Perm(len(m.k.Axes))
	n := least + m.IntN(len(p)-least+1)
	if m.IntN(3) > 0 { // usually in order
		slices.Sort(p[:n])
	}
	return p[:n]
}

func (m *maker) operand(role ir.Role, d ir.DType, axes []int) int {
	o := ir.Operand{Name: fmt.Sprintf("x%d", len(m.k.Operands)), DType: d, Like: -1, Role: role}
	for _, a := range axes {
		o.Shape = append(o.Shape, m.k.Axes[a].Extent)
	}
	m.k.Operands = append(m.k.Operands, o)
	m.axes = append(m.axes, axes)
	return len(m.k.Operands) - 1
}

// statement appends a statement; the last one writes an output.
func (m *maker) statement(last bool) {
	role := ir.Local
	if last || m.IntN(4) == 0 {
		role = ir.Out
	}
	kept := m.someAxes(0)
	var rest []int
	for a := range m.k.Axes {
		if !slices.Contains(kept, a) {
			rest = append(rest, a)
		}
	}
	all := append(append([]int{}, kept...), rest...)
	s := ir.Stmt{}
	target := func(role ir.Role, d ir.DType, axes []int) {
		s.Targets = append(s.Targets, ir.Access{Operand: m.operand(role, d, axes), Index: ir.AtAxes(axes)})
	}
	switch sink := m.IntN(10); {
	case sink < 4 || len(rest) == 0 && sink < 7:
		s.Args = []*ir.Expr{m.value(m.dtype, kept, 3)}
		target(role, m.dtype, kept)
	case sink < 7:
		m.reduction(&s, all, rest)
		for _, d := range s.Combine.States(dtypesOf(s.Args)) {
			target(role, d, kept)
		}
	case sink < 8 && len(all) > 0:
		s.Sink, s.Axes, s.Combine = ir.Scan, all[len(all)-1:], ir.CombineMax
		if m.dtype != ir.Bool && m.IntN(2) == 0 {
			s.Combine = ir.CombineSum
		}
		s.Scan = ir.ScanKind(m.IntN(3))
		s.Args = []*ir.Expr{m.value(m.dtype, all, 2)}
		target(role, m.dtype, all)
		if m.IntN(3) == 0 {
			target(ir.InOut, m.dtype, all[:len(all)-1])
		}
	case sink < 9 && len(rest) > 0:
		s.Sink, s.Axes, s.Combine = ir.Scatter, rest, ir.CombineMax
		s.Args = []*ir.Expr{m.value(m.dtype, all, 2)}
		extent := m.k.Axes[rest[0]].Extent
		m.k.Faults = append(m.k.Faults, ir.Fault{What: "index", Limit: extent})
		p := m.operand(ir.In, ir.Int64, rest[:1])
		at := m.b.Checked(m.b.Load(ir.Int64, p, ir.AtAxes(rest[:1])...), len(m.k.Faults)-1)
		t := m.operand(ir.InOut, m.dtype, append([]int{rest[0]}, kept...))
		s.Targets = []ir.Access{{Operand: t, Index: append([]ir.Index{ir.AtValue(at)}, ir.AtAxes(kept)...)}}
	default:
		s.Sink, s.Axes = ir.Append, all[:min(1, len(all))]
		if len(all) == 0 {
			return
		}
		v := m.value(m.dtype, s.Axes, 2)
		s.Args = []*ir.Expr{m.condition(s.Axes), v}
		m.k.Operands = append(m.k.Operands, ir.Operand{Name: fmt.Sprintf("x%d", len(m.k.Operands)), DType: m.dtype, Shape: []ir.Dim{m.k.Axes[s.Axes[0]].Extent}, Like: -1, Role: ir.Out})
		m.axes = append(m.axes, nil)
		s.Targets = []ir.Access{{Operand: len(m.k.Operands) - 1, Index: ir.AtAxes(s.Axes)}}
	}
	m.k.Stmts = append(m.k.Stmts, s)
}

// reduction makes a statement reduce axes in one of the orders that its combine has.
func (m *maker) reduction(s *ir.Stmt, all, over []int) {
	s.Sink, s.Axes, s.Order = ir.Reduce, over, ir.Free
	value := func() *ir.Expr { return m.value(m.dtype, all, 2) }
	switch {
	case m.dtype == ir.Bool:
		s.Combine = []*ir.Combine{ir.CombineAny, ir.CombineAll}[m.IntN(2)]
	case m.IntN(4) == 0:
		s.Combine = []*ir.Combine{ir.CombineArgMax, ir.CombineArgMin}[m.IntN(2)]
		s.Args = []*ir.Expr{value(), m.b.Axis(ir.Int64, over[len(over)-1])}
		return
	default:
		s.Combine = []*ir.Combine{ir.CombineSum, ir.CombineProd, ir.CombineMax, ir.CombineMin, ir.CombineFMA, ir.CombineFMA}[m.IntN(6)]
		if m.dtype.IsFloat() && s.Combine != ir.CombineMax && s.Combine != ir.CombineMin {
			s.Order = []ir.Order{ir.Lanes, ir.Chain, ir.TreeOrder}[m.IntN(3)]
		}
	}
	for range s.Combine.Elements {
		s.Args = append(s.Args, value())
	}
}

// value returns a body over axes.
func (m *maker) value(d ir.DType, axes []int, depth int) *ir.Expr {
	if depth == 0 || m.IntN(4) == 0 {
		return m.leaf(d, axes)
	}
	v := func() *ir.Expr { return m.value(d, axes, depth-1) }
	switch n := m.IntN(8); {
	case n == 0:
		return m.b.Apply(ir.OpSelect, m.condition(axes), v(), v())
	case n == 1 && len(axes) > 0:
		a := axes[m.IntN(len(axes))]
		at := ir.At(a)
		at.Const = ir.N(int64(m.IntN(7)) - 3)
		return m.b.Pick([]ir.Range{{At: at, Extent: m.k.Axes[a].Extent}}, v(), v())
	case n == 2 && d != ir.Bool:
		return m.b.Apply(ir.OpNeg, v())
	case d == ir.Bool:
		return m.b.Apply([]*ir.Op{ir.OpAnd, ir.OpOr, ir.OpXor}[m.IntN(3)], v(), v())
	case n == 3 && d.IsFloat():
		return m.b.Apply(ir.Lookup([]string{"exp", "tanh", "floor", "sin"}[m.IntN(4)]), v())
	}
	return m.b.Apply([]*ir.Op{ir.OpAdd, ir.OpSub, ir.OpMul, ir.OpMin, ir.OpMax}[m.IntN(5)], v(), v())
}

func (m *maker) condition(axes []int) *ir.Expr {
	if m.dtype == ir.Bool {
		return m.leaf(ir.Bool, axes)
	}
	return m.b.Apply(ir.OpLt, m.leaf(m.dtype, axes), m.leaf(m.dtype, axes))
}

// leaf returns a load, a guarded load, a position or a literal.
func (m *maker) leaf(d ir.DType, axes []int) *ir.Expr {
	var fit []int
	for o, have := range m.axes {
		if m.k.Operands[o].DType != d || have == nil && len(m.k.Operands[o].Shape) > 0 {
			continue
		}
		ok := m.k.Operands[o].Role != ir.InOut
		for _, a := range have {
			ok = ok && slices.Contains(axes, a)
		}
		if ok {
			fit = append(fit, o)
		}
	}
	if len(fit) == 0 || m.IntN(6) == 0 {
		if len(axes) > 0 && d != ir.Bool && m.IntN(2) == 0 {
			return m.b.Axis(d, axes[m.IntN(len(axes))])
		}
		return m.b.Const(d, element(m.Rand, d, false))
	}
	o := fit[m.IntN(len(fit))]
	index := ir.AtAxes(m.axes[o])
	load := m.b.Load(d, o, index...)
	if m.k.Operands[o].Role != ir.In || len(index) == 0 || m.IntN(3) > 0 {
		return load
	}
	n := m.IntN(len(index))
	a := m.axes[o][n]
	extent := m.k.Axes[a].Extent
	switch m.IntN(3) {
	case 0: // shifted, behind a guard
		index[n].Const = ir.N(int64(m.IntN(5)) - 2)
		return m.b.Pick([]ir.Range{{At: index[n], Extent: extent}}, m.b.Load(d, o, index...), m.b.Const(d, element(m.Rand, d, false)))
	case 1: // backwards
		index[n] = ir.Index{Terms: []ir.Term{{Axis: a, Coef: ir.N(-1)}}, Const: extent.Sub(ir.N(1))}
	default: // taken at positions that are data
		m.k.Faults = append(m.k.Faults, ir.Fault{What: "index", Limit: extent})
		p := m.operand(ir.In, ir.Int64, []int{a})
		index[n] = ir.AtValue(m.b.Checked(m.b.Load(ir.Int64, p, ir.At(a)), len(m.k.Faults)-1))
	}
	return m.b.Load(d, o, index...)
}

func dtypesOf(args []*ir.Expr) []ir.DType {
	out := make([]ir.DType, len(args))
	for i, e := range args {
		out[i] = e.DType
	}
	return out
}
