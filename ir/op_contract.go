package ir

import "math"

// OpContract multiplies operands and sums over labels: matrix products, dot products,
// traces, outer products and their batches.
var OpContract = Register(&Op{
	Name: "contract", Doc: "The contraction Spec: \"ij,jk->ik|j\" is o[i,k] = the sum over j of x[i,j]*y[j,k]. A label twice on one operand takes its diagonal; labels that the result has not are summed over, flattened into one position in the order after the bar. " +
		"Two operands of floats: acc = fma(x, y, acc) in Order chain or lanes; one operand: sums in Order; integers wrap and bool is any-of-and, both in order free. " +
		"More operands are contracted pairwise from left to right, each pair in ContractOrder's order of its own, unless a pass chose another path; the whole states no order, or free. Of nothing: 0.",
	Family: Contraction, MinArg: 1, MaxArg: -1, Fields: FieldSpec | FieldOrder,
	Infer: func(n *Node) (Type, error) {
		s, sizes, err := n.contraction()
		if err != nil {
			return Type{}, err
		}
		d := n.Args[0].Type.DType
		orders := []Order{Lanes, Chain, Free}
		if len(n.Args) > 2 {
			orders = []Order{NoOrder, Free}
		}
		if err := checkOrder(n, !d.IsFloat(), orders...); err != nil {
			return Type{}, err
		}
		t := Dense(d, sizes.shape(s.Out)...)
		return t, checkShape(n, t.Shape)
	},
	Kernel: contractKernel,
	Eval: func(n *Node, in []*Tensor) ([]*Tensor, error) {
		s, err := ParseSpec(n.Attr.Spec)
		if err != nil {
			return nil, err
		}
		x := in[0]
		for _, y := range in[1:max(1, len(in)-1)] {
			var pair Spec
			pair, s = s.Pair(0, 1)
			if x, err = evalContract(pair, stepOrder(pair, n), x, y); err != nil {
				return nil, err
			}
		}
		operands := []*Tensor{x}
		if len(in) > 1 {
			operands = append(operands, in[len(in)-1])
		}
		out, err := evalContract(s, stepOrder(s, n), operands...)
		return []*Tensor{out}, err
	},
	Samples: func() []*Node {
		var s samples
		add := func(spec string, order Order, d DType, shapes ...[]int) {
			var args []*Node
			for i, shape := range shapes {
				args = append(args, sampleParam(i, d, shape...))
			}
			s.add("contract", &Attr{Spec: spec, Order: order}, args...)
		}
		for _, d := range []DType{Float64, Float32, Int32, Uint8, Bool} {
			order := func(o Order) Order {
				if d.IsFloat() {
					return o
				}
				return Free
			}
			add("ij,jk->ik|j", order(Chain), d, []int{3, 5}, []int{5, 2})
			add("ij,jk->ik|j", order(Chain), d, []int{2, 1100}, []int{1100, 3})
			add("ij,j->i|j", order(Lanes), d, []int{3, 2100}, []int{2100})
			add("i,i->|i", order(Lanes), d, []int{33}, []int{33})
			add("bij,bkj->bik|j", order(Chain), d, []int{2, 3, 4}, []int{2, 1, 4})
			add("ijk,kjl->il|kj", order(Chain), d, []int{2, 3, 5}, []int{5, 3, 2})
			add("i,j->ij", order(Chain), d, []int{4}, []int{3})
			add("ij,ik->j|ik", order(Lanes), d, []int{4, 3}, []int{4, 2})
			add("ii->|i", order(Lanes), d, []int{19, 19})
			add("iij->ji", order(Lanes), d, []int{4, 4, 3})
			add("ij,jk->ik|j", order(Chain), d, []int{2, 0}, []int{0, 3})
			add("ij,jk->ik|j", order(Chain), d, []int{0, 4}, []int{4, 3})
			add(",->", order(Lanes), d, []int{}, []int{})
			add("ij,jk,kl->il|jk", order(NoOrder), d, []int{3, 4}, []int{4, 5}, []int{5, 2})
			add("ai,bi,ci,i->abc|i", order(NoOrder), d, []int{2, 9}, []int{3, 9}, []int{2, 9}, []int{9})
		}
		return s
	},
})

// extents has the extent of every label of a contraction. Labels are few: looking through
// them costs less than a map.
type extents []labelled

type labelled struct {
	label  rune
	extent Dim
}

// of returns a label's extent, or nil.
func (x extents) of(label rune) *Dim {
	for i := range x {
		if x[i].label == label {
			return &x[i].extent
		}
	}
	return nil
}

// shape returns the extents of labels in order.
func (x extents) shape(labels string) []Dim {
	out := make([]Dim, 0, len(labels))
	for _, c := range labels {
		out = append(out, *x.of(c))
	}
	return out
}

// contraction returns n's spec and the extent of every label, checked.
func (n *Node) contraction() (Spec, extents, error) {
	s, err := ParseSpec(n.attr().Spec)
	if err != nil {
		return s, nil, Errorf(ErrShape, "contract: %v", err)
	}
	if len(s.In) != len(n.Args) {
		return s, nil, Errorf(ErrShape, "contract: %q has %d terms for %d operands", n.Attr.Spec, len(s.In), len(n.Args))
	}
	all := make(extents, 0, 8)
	for i, arg := range n.Args {
		t := arg.Type
		if err := checkDType(n, i, AnyReal); err != nil {
			return s, nil, err
		}
		if t.DType != n.Args[0].Type.DType {
			return s, nil, Errorf(ErrDType, "contract takes operands of one dtype, got %s and %s", n.Args[0].Type.DType.Name(), t.DType.Name())
		}
		labels := []rune(s.In[i])
		if len(labels) != t.Rank() {
			return s, nil, Errorf(ErrShape, "contract: term %d of %q has %d labels for %d dimensions", i+1, n.Attr.Spec, len(labels), t.Rank())
		}
		for axis, c := range labels {
			d := all.of(c)
			if d == nil {
				all = append(all, labelled{c, t.Shape[axis]})
				continue
			}
			e, ok := meet(*d, t.Shape[axis])
			if !ok {
				return s, nil, Errorf(ErrShape, "contract: %q: label %c is %s and %s", n.Attr.Spec, c, *d, t.Shape[axis])
			}
			*d = e
		}
	}
	return s, all, nil
}

// stepOrder returns the order of one step of contraction n, which contracts pair: n's
// own, or the pair's where n has more than two operands.
func stepOrder(pair Spec, n *Node) Order {
	if len(n.Args) > 2 && n.Attr.Order != Free {
		return ContractOrder(pair)
	}
	return n.Attr.Order
}

// contractKernel writes a statement a pair; what a pair leaves is a local.
func contractKernel(b *KernelBuilder, n *Node) error {
	s, sizes, err := n.contraction()
	if err != nil {
		return err
	}
	axes := map[rune]int{}
	for _, c := range s.Out + s.Sum {
		axes[c] = b.NewAxis(*sizes.of(c))
	}
	at := func(labels string) []Index {
		var out []Index
		for _, c := range labels {
			out = append(out, At(axes[c]))
		}
		return out
	}
	d := n.Type.DType
	left := b.Arg(0, at(s.In[0])...)
	for k := 1; k < len(n.Args)-1; k++ {
		var pair Spec
		pair, s = s.Pair(0, 1)
		t := b.Local(d, sizes.shape(pair.Out)...)
		b.contractPair(pair, axes, stepOrder(pair, n), Access{t, at(pair.Out)}, left, b.Arg(k, at(pair.In[1])...))
		left = b.Load(d, t, at(pair.Out)...)
	}
	factors := []*Expr{left}
	if last := len(n.Args) - 1; last > 0 {
		factors = append(factors, b.Arg(last, at(s.In[1])...))
	}
	b.contractPair(s, axes, stepOrder(s, n), b.Result(0, at(s.Out)...), factors...)
	return nil
}

// contractPair adds the statement that contracts one or two factors into target.
func (b *KernelBuilder) contractPair(s Spec, axes map[rune]int, order Order, target Access, factors ...*Expr) {
	c, d := CombineFMA, factors[0].DType
	switch {
	case d == Bool:
		c = CombineAny
		if len(factors) == 2 {
			factors = []*Expr{b.Apply(OpAnd, factors...)}
		}
	case len(factors) == 1:
		c = CombineSum
	}
	stmt := Stmt{Sink: Reduce, Targets: []Access{target}, Args: factors, Combine: c, Order: order}
	for _, label := range s.Sum {
		stmt.Axes = append(stmt.Axes, axes[label])
	}
	if s.Sum == "" { // one term, which no sum rounds again: the product itself
		v := factors[0]
		if len(factors) == 2 {
			v = b.Apply(OpMul, factors...)
		}
		stmt = Stmt{Sink: Store, Targets: stmt.Targets, Args: []*Expr{v}}
	}
	b.Add(stmt)
}

// evalContract contracts one or two operands.
func evalContract(s Spec, order Order, in ...*Tensor) (*Tensor, error) {
	extents := map[rune]int{}
	for i, x := range in {
		for axis, c := range []rune(s.In[i]) {
			if e, seen := extents[c]; seen && e != x.Shape[axis] {
				return nil, Errorf(ErrShape, "contract: %q: label %c is %d and %d", s, c, e, x.Shape[axis])
			}
			extents[c] = x.Shape[axis]
		}
	}
	shape := func(labels string) (out []int) {
		for _, c := range labels {
			out = append(out, extents[c])
		}
		return out
	}
	// A label twice on an operand moves along both axes at once: the strides add up.
	strides := func(i int, labels string) (out []int) {
		for _, c := range labels {
			sum := 0
			for axis, l := range []rune(s.In[i]) {
				if l == c {
					sum += rowMajor(in[i].Shape)[axis]
				}
			}
			out = append(out, sum)
		}
		return out
	}
	d := in[0].DType
	out, err := NewTensor(d, shape(s.Out)...)
	if err != nil {
		return nil, err
	}
	// The factors along the contracted positions: one line for each place of the operand
	// that a position of the result starts from.
	line := make([]func(p int) []uint64, len(in))
	for i, x := range in {
		bases := offsets(0, shape(s.Out), strides(i, s.Out))
		steps := offsets(0, shape(s.Sum), strides(i, s.Sum))
		lines := map[int][]uint64{}
		line[i] = func(p int) []uint64 {
			l, ok := lines[bases[p]]
			if !ok {
				l = make([]uint64, len(steps))
				for k, o := range steps {
					l[k] = x.Elems[bases[p]+o]
				}
				lines[bases[p]] = l
			}
			return l
		}
	}
	m := sums
	if d == Bool {
		m = anyOf
	}
	for p := range out.Elems {
		x := line[0](p)
		f := m.fold(d, x)
		if len(in) == 2 {
			f.step = multiplyAdd(d, x, line[1](p))
		}
		out.Elems[p] = f.reduce(order, len(x))
	}
	return out, nil
}

// multiplyAdd returns the step of a contraction: state + x*y rounded once, for bool
// state or (x and y).
func multiplyAdd(d DType, x, y []uint64) func(state uint64, k int) uint64 {
	switch d {
	case Bool:
		return func(state uint64, k int) uint64 { return state | x[k]&y[k] }
	case Float64:
		return func(state uint64, k int) uint64 { return bitsF64(math.FMA(asF64(x[k]), asF64(y[k]), asF64(state))) }
	case Float32:
		return func(state uint64, k int) uint64 { return bitsF32(FMA32(asF32(x[k]), asF32(y[k]), asF32(state))) }
	}
	return func(state uint64, k int) uint64 { return wrap(d, x[k]*y[k]+state) }
}
