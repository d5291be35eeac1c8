package irtest

import (
	"slices"
	"strings"

	"github.com/numen-go/numen/ir"
)

// maker makes a random call of one kind on known values; nil when it finds none.
type maker struct {
	weight int
	make   func(b *builder) *ir.Node
}

var (
	makers        []maker
	makerWeights  []int
	elementwise   []*ir.Op // that graphs use
	reductions    []*ir.Op
	cumulatives   []*ir.Op
	combineByName = []string{"sum", "prod", "min", "max", "set"}
)

func init() {
	for _, op := range ir.Ops() {
		switch {
		case op.Scalar != nil && len(ir.SamplesOf(op)) > 0:
			elementwise = append(elementwise, op)
		case op.Family == ir.Reduction:
			reductions = append(reductions, op)
		case op.Family == ir.ScanFamily:
			cumulatives = append(cumulatives, op)
		}
	}
	makers = []maker{
		{30, (*builder).elementwise}, {10, (*builder).arithmetic}, {8, (*builder).literalOperand}, {8, (*builder).cast}, {4, (*builder).selects},
		{10, (*builder).reduction}, {4, (*builder).cumulative}, {8, (*builder).contraction},
		{5, (*builder).permute}, {8, (*builder).slice}, {4, (*builder).pad}, {4, (*builder).concat}, {6, (*builder).broadcast}, {6, (*builder).reshape},
		{4, (*builder).gather}, {3, (*builder).scatter}, {2, (*builder).iota}, {2, (*builder).randomBits}, {2, (*builder).dimValue},
		{3, (*builder).control},
	}
	for _, m := range makers {
		makerWeights = append(makerWeights, m.weight)
	}
}

// partner returns a value of dtype d that broadcasts with shape, or a literal.
func (b *builder) partner(d ir.DType, shape []ir.Dim) *ir.Node {
	v := b.some(func(v *value) bool {
		_, err := ir.Broadcast(shape, v.n.Type.Shape)
		return v.n.Type.DType == d && err == nil
	})
	if v == nil || b.chance(10) {
		return b.number(d)
	}
	return v.n
}

// number returns a literal or a run-time number of d.
func (b *builder) number(d ir.DType) *ir.Node {
	small := []float64{0, 1, -1, 2, 0.5, -2, 3}[b.r.IntN(7)]
	bits := ir.Float(d, small)
	switch {
	case d == ir.Bool:
		bits = b.r.Uint64() & 1
	case d.Kind() == ir.KindUint:
		bits = uint64(max(0, int64(small)))
	case d.IsInteger():
		bits = uint64(int64(small))
	}
	if b.chance(20) {
		b.scalars = append(b.scalars, bits)
		return ir.ScalarNode(len(b.scalars)-1, d)
	}
	return ir.ConstNode(d, bits, nil)
}

// elementwise applies any elementwise op, the operands' dtypes cast where needed.
func (b *builder) elementwise() *ir.Node {
	op := elementwise[b.r.IntN(len(elementwise))]
	args := make([]*ir.Node, len(op.Scalar.In))
	var d ir.DType
	var shape []ir.Dim
	for i, set := range op.Scalar.In {
		if i > 0 && op.Scalar.Same {
			set = ir.SetOf(d)
		}
		v := b.some(func(v *value) bool {
			_, err := ir.Broadcast(shape, v.n.Type.Shape)
			return set.Has(v.n.Type.DType) && err == nil
		})
		switch {
		case v != nil && (i == 0 || !b.chance(10)):
			args[i] = v.n
		case i > 0 && op.Scalar.Same:
			args[i] = b.number(d)
		default:
			return nil
		}
		d = args[i].Type.DType
		shape, _ = ir.Broadcast(shape, args[i].Type.Shape)
	}
	var a *ir.Attr
	if op.Fields&ir.FieldDType != 0 {
		a = &ir.Attr{DType: b.dtype()}
	}
	return call(op, a, args...)
}

// arithmetic joins two arrays by a usual op, so that graphs are connected.
func (b *builder) arithmetic() *ir.Node {
	x := b.someOf(ir.Reals, 0)
	if x == nil {
		return nil
	}
	ops := []*ir.Op{ir.OpAdd, ir.OpSub, ir.OpMul, ir.OpMax, ir.OpMin}
	return call(ops[b.r.IntN(len(ops))], nil, x, b.partner(x.Type.DType, x.Type.Shape))
}

// literalOperand applies a binary op to an array and a number.
func (b *builder) literalOperand() *ir.Node {
	x := b.someOf(ir.AnyReal, 0)
	op := elementwise[b.r.IntN(len(elementwise))]
	if x == nil || len(op.Scalar.In) != 2 {
		return nil
	}
	if b.chance(30) {
		return call(op, nil, b.number(x.Type.DType), x)
	}
	return call(op, nil, x, b.number(x.Type.DType))
}

func (b *builder) cast() *ir.Node {
	return call(ir.OpCast, &ir.Attr{DType: b.dtype()}, b.someOf(ir.AnyReal, 0))
}

// selects chooses by a comparison.
func (b *builder) selects() *ir.Node {
	x := b.someOf(ir.AnyReal, 0)
	if x == nil {
		return nil
	}
	y := b.partner(x.Type.DType, x.Type.Shape)
	c := call(ir.OpLt, nil, x, y)
	if b.chance(30) {
		c = b.partner(ir.Bool, x.Type.Shape)
	}
	return call(ir.OpSelect, nil, c, x, y)
}

// axes returns some of rank axes, at least one, in random order.
func (b *builder) axes(rank int) []int {
	if rank == 0 {
		return nil
	}
	return b.r.Perm(rank)[:1+b.r.IntN(rank)]
}

func (b *builder) reduction() *ir.Node {
	x := b.someOf(ir.AnyReal, 1)
	if x == nil {
		return nil
	}
	op := reductions[b.r.IntN(len(reductions))]
	a := &ir.Attr{Axes: b.axes(x.Type.Rank()), Order: ir.ReduceOrder(op, x.Type.DType)}
	if a.Order != ir.Free && b.chance(30) {
		a.Order = []ir.Order{ir.Chain, ir.TreeOrder}[b.r.IntN(2)]
	}
	return call(op, a, x)
}

func (b *builder) cumulative() *ir.Node {
	x := b.someOf(ir.Reals, 1)
	if x == nil {
		return nil
	}
	op := cumulatives[b.r.IntN(len(cumulatives))]
	return call(op, &ir.Attr{Axes: []int{b.r.IntN(x.Type.Rank())}, Flag: b.chance(30)}, x)
}

// contraction joins one to four operands by labels: axes of one extent share a label
// more often than not.
func (b *builder) contraction() *ir.Node {
	x := b.someOf(ir.AnyReal, 1)
	if x == nil {
		return nil
	}
	d := x.Type.DType
	args := []*ir.Node{x}
	for range b.r.IntN(4) {
		args = append(args, b.partnerOf(d))
	}
	var labels []rune
	byExtent := map[ir.Dim][]rune{}
	s := ir.Spec{}
	for _, a := range args {
		if a == nil {
			return nil
		}
		var in []rune
		for _, extent := range a.Type.Shape {
			known := byExtent[extent]
			var c rune
			if len(known) > 0 && b.chance(70) {
				c = known[b.r.IntN(len(known))]
			} else {
				c = 'a' + rune(len(labels))
				labels = append(labels, c)
				byExtent[extent] = append(known, c)
			}
			in = append(in, c)
		}
		s.In = append(s.In, string(in))
	}
	b.r.Shuffle(len(labels), func(i, j int) { labels[i], labels[j] = labels[j], labels[i] })
	kept := labels[:min(len(labels), b.r.IntN(4))]
	s.Out = string(kept)
	for _, c := range labels[len(kept):] {
		s.Sum += string(c)
	}
	a := &ir.Attr{Spec: s.String(), Order: ir.Free}
	if d.IsFloat() && !b.chance(5) {
		a.Order = ir.ContractOrder(s)
	}
	if size := b.positions(s, args); size > 1<<17 {
		return nil
	}
	return call(ir.OpContract, a, args...)
}

// partnerOf returns an array of dtype d that has axes.
func (b *builder) partnerOf(d ir.DType) *ir.Node { return b.someOf(ir.SetOf(d), 1) }

// positions returns how many positions the labels of a contraction have together.
func (b *builder) positions(s ir.Spec, args []*ir.Node) int64 {
	seen := ""
	n := int64(1)
	for i, in := range s.In {
		for axis, c := range []rune(in) {
			if !strings.ContainsRune(seen, c) {
				seen += string(c)
				n *= max(1, b.num(args[i].Type.Shape[axis]))
			}
		}
	}
	return n
}

func (b *builder) permute() *ir.Node {
	x := b.someOf(ir.AnyReal, 1)
	if x == nil {
		return nil
	}
	return call(ir.OpPermute, &ir.Attr{Axes: b.r.Perm(x.Type.Rank())}, x)
}

func (b *builder) slice() *ir.Node {
	x := b.someOf(ir.AnyReal, 1)
	if x == nil {
		return nil
	}
	a := &ir.Attr{}
	for _, d := range x.Type.Shape {
		extent := b.num(d)
		start, step, count := ir.N(0), ir.N(1), d
		switch k := b.r.IntN(6); {
		case k == 0 && extent > 0: // backwards
			start, step = d.Sub(ir.N(1)), ir.N(-1)
		case k <= 2 && extent > 1: // from somewhere
			from := 1 + b.r.Int64N(extent-1)
			start, count = ir.N(from), d.Sub(ir.N(from))
		case k == 3 && extent > 0: // the first few
			count = b.dim(1 + b.r.Int64N(extent))
		case k == 4 && extent > 0: // every so many
			from, by := b.r.Int64N(extent), 1+b.r.Int64N(3)
			start, step, count = ir.N(from), ir.N(by), ir.N((extent-from+by-1)/by)
		}
		a.Start, a.Step, a.Shape = append(a.Start, start), append(a.Step, step), append(a.Shape, count)
	}
	if !slices.ContainsFunc(a.Step, func(d ir.Dim) bool { return !d.Is(1) }) && b.chance(50) {
		a.Step = nil
	}
	return call(ir.OpSlice, a, x)
}

func (b *builder) pad() *ir.Node {
	x := b.someOf(ir.AnyReal, 1)
	if x == nil {
		return nil
	}
	a := &ir.Attr{}
	for _, d := range x.Type.Shape {
		start, step, shape := ir.N(0), ir.N(1), d
		if b.chance(50) {
			start, step = ir.N(b.r.Int64N(4)-1), ir.N(1+b.r.Int64N(2))
			shape = d.Mul(step).Add(ir.N(b.r.Int64N(3)))
		}
		a.Start, a.Step, a.Shape = append(a.Start, start), append(a.Step, step), append(a.Shape, shape)
	}
	fill := b.some(func(v *value) bool { return v.n.Type.Rank() == 0 && v.n.Type.DType == x.Type.DType })
	if fill == nil {
		return call(ir.OpPad, a, x, b.number(x.Type.DType))
	}
	return call(ir.OpPad, a, x, fill.n)
}

func (b *builder) concat() *ir.Node {
	x := b.someOf(ir.AnyReal, 1)
	if x == nil {
		return nil
	}
	axis := b.r.IntN(x.Type.Rank())
	args := []*ir.Node{x}
	for range b.r.IntN(3) {
		y := b.some(func(v *value) bool {
			return v.n.Type.DType == x.Type.DType && v.n.Type.Rank() == x.Type.Rank() &&
				slices.Equal(slices.Delete(slices.Clone(v.n.Type.Shape), axis, axis+1), slices.Delete(slices.Clone(x.Type.Shape), axis, axis+1))
		})
		if y != nil {
			args = append(args, y.n)
		}
	}
	return call(ir.OpConcat, &ir.Attr{Axes: []int{axis}}, args...)
}

func (b *builder) broadcast() *ir.Node {
	x := b.some(func(v *value) bool { return v.n.Type.Rank() < 3 })
	if x == nil {
		return nil
	}
	shape := slices.Clone(x.n.Type.Shape)
	for i, d := range shape {
		if d.Is(1) && b.chance(60) {
			shape[i] = b.extent()
		}
	}
	if b.chance(60) {
		shape = append([]ir.Dim{b.extent()}, shape...)
	}
	return call(ir.OpBroadcast, &ir.Attr{Shape: shape}, x.n)
}

// reshape adds or drops axes of extent 1, joins neighbours, or splits an axis.
func (b *builder) reshape() *ir.Node {
	x := b.someOf(ir.AnyReal, 0)
	if x == nil {
		return nil
	}
	shape := slices.Clone(x.Type.Shape)
	switch at := b.r.IntN(len(shape) + 1); b.r.IntN(4) {
	case 0:
		shape = slices.Insert(shape, at, ir.N(1))
	case 1:
		shape = slices.DeleteFunc(shape, func(d ir.Dim) bool { return d.Is(1) })
	case 2:
		if at+1 < len(shape) {
			shape[at] = shape[at].Mul(shape[at+1])
			shape = slices.Delete(shape, at+1, at+2)
		}
	case 3:
		if at < len(shape) {
			for _, f := range []int64{2, 3, 5, 7} {
				if q, ok := shape[at].Div(ir.N(f)); ok {
					shape = slices.Replace(shape, at, at+1, q, ir.N(f))
					break
				}
			}
		}
	}
	return call(ir.OpReshape, &ir.Attr{Shape: shape}, x)
}

// indices returns integers that are positions of an axis, from the end too: any
// integers, reduced modulo the extent.
func (b *builder) indices(extent ir.Dim) *ir.Node {
	if b.num(extent) == 0 {
		return nil
	}
	v := b.some(func(v *value) bool { return v.n.Type.DType == ir.Int64 && v.n.Type.Rank() <= 2 })
	if v == nil || b.chance(40) {
		v = b.param(ir.Int64, b.shape(2))
	}
	n := ir.DimValueNode(extent, ir.Int64, nil)
	i := call(ir.OpRemainder, nil, v.n, n)
	if i != nil && b.chance(30) {
		i = call(ir.OpSub, nil, i, n)
	}
	return i
}

// indexed returns arguments of gather and scatter before the values.
func (b *builder) indexed() (args []*ir.Node, axes []int) {
	x := b.someOf(ir.AnyReal, 1)
	if x == nil {
		return nil, nil
	}
	axes = b.axes(min(2, x.Type.Rank()))
	slices.Sort(axes)
	args = []*ir.Node{x}
	for _, a := range axes {
		args = append(args, b.indices(x.Type.Shape[a]))
	}
	return args, axes
}

func (b *builder) gather() *ir.Node {
	args, axes := b.indexed()
	if args == nil {
		return nil
	}
	return call(ir.OpGather, &ir.Attr{Axes: axes}, args...)
}

func (b *builder) scatter() *ir.Node {
	args, axes := b.indexed()
	places := call(ir.OpGather, &ir.Attr{Axes: axes}, args...) // has the shape of the values
	if args == nil || places == nil {
		return nil
	}
	c := ir.LookupCombine(combineByName[b.r.IntN(len(combineByName))])
	return call(ir.OpScatter, &ir.Attr{Axes: axes, Combine: c}, append(args, b.partner(places.Type.DType, places.Type.Shape))...)
}

func (b *builder) iota() *ir.Node {
	shape := b.shape(3)
	if len(shape) == 0 {
		return nil
	}
	return call(ir.OpIota, &ir.Attr{Axes: []int{b.r.IntN(len(shape))}, Shape: shape, DType: b.dtype()})
}

func (b *builder) randomBits() *ir.Node {
	d := []ir.DType{ir.Uint32, ir.Uint64}[b.r.IntN(2)]
	key := b.some(func(v *value) bool { return v.n.Type.Equal(ir.Dense(ir.Uint64, ir.N(2))) })
	if key == nil {
		key = b.param(ir.Uint64, []ir.Dim{ir.N(2)})
	}
	return call(ir.OpRandBits, &ir.Attr{Shape: b.shape(3), DType: d}, key.n)
}

func (b *builder) dimValue() *ir.Node {
	x := b.someOf(ir.AnyReal, 1)
	d := b.dtype()
	if x == nil || d == ir.Bool {
		return nil
	}
	n := ir.DimValueNode(x.Type.Shape[b.r.IntN(x.Type.Rank())], d, nil)
	return call(ir.OpMul, nil, b.partner(d, nil), n)
}

// control makes a call, a branch or a loop whose subgraphs are small random graphs over
// parameters of the operands' types.
func (b *builder) control() *ir.Node {
	x := b.someOf(ir.Reals, 0)
	if x == nil || !b.o.Control {
		return nil
	}
	sub := func() *ir.Graph {
		p := ir.Param(0, x.Type, nil)
		ops := []*ir.Op{ir.OpAdd, ir.OpSub, ir.OpMax}
		y := ir.Must(ir.NewNode(ops[b.r.IntN(len(ops))], nil, nil, p, b.number(x.Type.DType)))
		z := ir.Must(ir.NewNode(ops[b.r.IntN(len(ops))], nil, nil, y, p))
		g := &ir.Graph{Name: "sub", Params: []*ir.Node{p}, Results: []*ir.Node{z}}
		if b.chance(40) {
			g.Results = append(g.Results, y)
		}
		return g
	}
	one := func(g *ir.Graph) *ir.Graph { g.Results = g.Results[:1]; return g }
	var n *ir.Node
	var err error
	switch b.r.IntN(3) {
	case 0:
		n, err = ir.Call(sub(), nil, x)
	case 1:
		c := ir.ConstNode(ir.Bool, b.r.Uint64()&1, nil)
		if v := b.some(func(v *value) bool { return v.n.Type.Equal(ir.Dense(ir.Bool)) }); v != nil {
			c = v.n
		}
		n, err = ir.Branch(c, one(sub()), one(sub()), nil, x)
	case 2:
		p := ir.Param(0, x.Type, nil)
		cond := &ir.Graph{Name: "go", Params: []*ir.Node{p}, Results: []*ir.Node{ir.ConstNode(ir.Bool, 1, nil)}}
		n, err = ir.Loop(one(sub()), cond, ir.N(b.r.IntN(3)), nil, x)
	}
	if err != nil {
		return nil
	}
	return n
}
