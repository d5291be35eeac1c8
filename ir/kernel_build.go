package ir

import (
	"fmt"
	"slices"
	"strconv"
)

// KernelBuilder writes the kernel of one node. An op's Kernel rule calls NewAxis, Arg and
// one of Store, Reduce, ... ; operands, dims and scalars collect themselves.
type KernelBuilder struct {
	*Builder
	K    *Kernel
	node *Node
	arg  []int // operand of each of the node's arguments, -1: inline
	out  int   // operand of the first result
}

// KernelOf returns the kernel that computes n alone, and for each of its non-local
// operands which value it is: i >= 0 is n.Args[i], -1-r is n's result r.
func KernelOf(n *Node) (k *Kernel, operands []int, scalars []*Node, err error) {
	b := &KernelBuilder{Builder: NewBuilder(), K: &Kernel{Name: n.Op.Name}, node: n}
	for i, a := range n.Args {
		if a.Op.Inline != nil {
			b.arg = append(b.arg, -1)
			continue
		}
		b.arg = append(b.arg, b.operand("x"+strconv.Itoa(i), a.Type, In))
		operands = append(operands, i)
	}
	results := n.Type.Tuple
	if results == nil {
		results = []Type{n.Type}
	}
	b.out = len(b.K.Operands)
	for r, t := range results {
		name := "o"
		if len(results) > 1 {
			name = fmt.Sprintf("o%d", r)
		}
		b.operand(name, t, Out)
		operands = append(operands, -1-r)
	}
	rule := n.Op.Kernel
	if rule == nil && n.Op.Scalar != nil {
		rule = elementwiseKernel
	}
	if rule == nil {
		return nil, nil, nil, fmt.Errorf("ir: op %s has no kernel", n.Op)
	}
	if err := rule(b, n); err != nil {
		return nil, nil, nil, err
	}
	b.K.collectDims()
	return b.K, operands, b.scalarNodes(), nil
}

func (b *KernelBuilder) operand(name string, t Type, role Role) int {
	b.K.Operands = append(b.K.Operands, Operand{Name: name, DType: t.DType, Shape: t.Shape, Format: t.Format.Levelled(), Like: -1, Role: role})
	return len(b.K.Operands) - 1
}

// NewAxis adds an axis over 0..extent and returns its number.
func (b *KernelBuilder) NewAxis(extent Dim) int {
	b.K.Axes = append(b.K.Axes, Axis{Name: "i" + strconv.Itoa(len(b.K.Axes)), Extent: extent, From: -1})
	return len(b.K.Axes) - 1
}

// AxesFor adds an axis per extent.
func (b *KernelBuilder) AxesFor(shape []Dim) []int {
	axes := make([]int, len(shape))
	for i, d := range shape {
		axes[i] = b.NewAxis(d)
	}
	return axes
}

// Arg returns an element of the node's argument i.
func (b *KernelBuilder) Arg(i int, index ...Index) *Expr {
	a := b.node.Args[i]
	if b.arg[i] < 0 {
		return a.Op.Inline(b, a)
	}
	return b.Load(a.Type.DType, b.arg[i], index...)
}

// Operand returns the kernel operand that is the node's argument i, -1 when it is inline.
func (b *KernelBuilder) Operand(i int) int { return b.arg[i] }

// Result returns the target access of the node's result r.
func (b *KernelBuilder) Result(r int, index ...Index) Access { return Access{b.out + r, index} }

// Check returns the index that is the value v, an i64, checked against limit: negative
// values wrap, the run reports one outside with the node's site.
func (b *KernelBuilder) Check(v *Expr, limit Dim) Index {
	b.K.Faults = append(b.K.Faults, Fault{What: "index", Limit: limit, Site: b.node.Site})
	return AtValue(b.Checked(v, len(b.K.Faults)-1))
}

// Local adds a local operand and returns its number.
func (b *KernelBuilder) Local(d DType, shape ...Dim) int {
	return b.operand("t"+strconv.Itoa(len(b.K.Operands)), Dense(d, shape...), Local)
}

// Add appends a statement.
func (b *KernelBuilder) Add(s Stmt) { b.K.Stmts = append(b.K.Stmts, s) }

// ScalarArg returns the run-time number that node n (a leaf) stands for.
func (b *KernelBuilder) ScalarArg(n *Node) *Expr {
	i := slices.IndexFunc(b.K.Scalars, func(s ScalarArg) bool { return s.Name == scalarName(n) })
	if i < 0 {
		i = len(b.K.Scalars)
		b.K.Scalars = append(b.K.Scalars, ScalarArg{scalarName(n), n.Type.DType})
	}
	return b.ScalarIn(n.Type.DType, i)
}

func scalarName(n *Node) string { return "c" + strconv.Itoa(n.Attr.Index) }

// scalarNodes returns the leaf behind each of the kernel's scalars.
func (b *KernelBuilder) scalarNodes() []*Node {
	out := make([]*Node, len(b.K.Scalars))
	for i, s := range b.K.Scalars {
		for _, a := range append(slices.Clip(b.node.Args), b.node) {
			if a.Op.Inline != nil && a.Attr != nil && scalarName(a) == s.Name {
				out[i] = a
			}
		}
	}
	return out
}

// AtAxes returns the indices that are the axes' positions.
func AtAxes(axes []int) []Index {
	out := make([]Index, len(axes))
	for i, a := range axes {
		out[i] = At(a)
	}
	return out
}

// BroadcastIndex returns the indices of an operand of the given shape under axes over
// its broadcast shape: right aligned, 0 along axes that are longer than its extent of 1.
func (b *KernelBuilder) BroadcastIndex(shape []Dim, axes []int) []Index {
	out := make([]Index, len(shape))
	off := len(axes) - len(shape)
	for i, d := range shape {
		if a := axes[off+i]; !d.Is(1) || b.K.Axes[a].Extent.Is(1) {
			out[i] = At(a)
		}
	}
	return out
}

// elementwiseKernel is the rule of every elementwise op.
func elementwiseKernel(b *KernelBuilder, n *Node) error {
	axes := b.AxesFor(n.Type.Shape)
	args := make([]*Expr, len(n.Args))
	for i, a := range n.Args {
		args[i] = b.Arg(i, b.BroadcastIndex(a.Type.Shape, axes)...)
	}
	v := b.Intern(&Expr{Kind: Apply, Op: n.Op, DType: n.Type.DType, Args: args})
	b.Add(Stmt{Sink: Store, Targets: []Access{b.Result(0, AtAxes(axes)...)}, Args: []*Expr{v}})
	return nil
}

// collectDims lists the symbols that the kernel uses, in order of first use.
func (k *Kernel) collectDims() {
	k.Dims = nil
	k.VisitDims(func(d Dim) {
		d.Symbols(func(s string) {
			if !slices.Contains(k.Dims, s) {
				k.Dims = append(k.Dims, s)
			}
		})
	})
}

// VisitDims calls f with every Dim of the kernel, in the order of the printed form.
func (k *Kernel) VisitDims(f func(Dim)) {
	for _, o := range k.Operands {
		for _, d := range o.Shape {
			f(d)
		}
	}
	for _, a := range k.Axes {
		f(a.Extent)
		f(a.Before)
		f(a.After)
	}
	for _, ft := range k.Faults {
		f(ft.Limit)
	}
	var seen ExprSet
	var expr func(e *Expr)
	index := func(xs []Index) {
		for _, x := range xs {
			for _, t := range x.Terms {
				f(t.Coef)
			}
			f(x.Const)
			f(x.Div)
			if x.Value != nil {
				expr(x.Value)
			}
		}
	}
	expr = func(e *Expr) {
		if !seen.Add(e) {
			return
		}
		f(e.Dim)
		if e.Access != nil {
			index(e.Access.Index)
		}
		for _, r := range e.Ranges {
			index([]Index{r.At})
			f(r.Extent)
		}
		for _, a := range e.Args {
			expr(a)
		}
	}
	for _, s := range k.Stmts {
		for _, t := range s.Targets {
			index(t.Index)
		}
		for _, e := range s.Args {
			expr(e)
		}
		if s.Over != nil {
			index(s.Over.Index)
		}
	}
}
