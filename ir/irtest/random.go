// Package irtest makes random programs and compares their values: what differential
// tests of passes and targets run on.
package irtest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/numen-go/numen/ir"
)

// Case is a graph with values for its parameters, symbols and run-time numbers.
type Case struct {
	Graph  *ir.Graph
	Inputs []*ir.Tensor
	Env    ir.Env
}

// Options of random cases. The zero value makes small graphs of every op on numbers.
type Options struct {
	Nodes   int  // about how many calls; 0: 8
	Symbols bool // extents are symbols where that is possible, not numbers
	Special bool // values have NaN, infinities, zeros of both signs and subnormals
	Control bool // calls, branches and loops too
	Unknown bool // some extents of parameters are Unknown, where the graph allows that
}

// New returns a random case, which r alone decides. Each call is evaluated when it is
// made, and kept only if its values still tell something: without Special most float
// results are finite and distinct.
func New(r *rand.Rand, o Options) *Case {
	if o.Nodes == 0 {
		o.Nodes = 8
	}
	b := &builder{r: r, o: o, symbols: map[string]int64{}}
	for range 2 + r.IntN(2) {
		b.param(b.dtype(), b.shape(3))
	}
	for made, tries := 0, 0; made < o.Nodes && tries < 40*o.Nodes; tries++ {
		m := makers[b.pick(makerWeights)]
		if n := m.make(b); n != nil && b.keep(n) {
			made++
		}
	}
	return b.finish()
}

// value is a node of the graph with its evaluation.
type value struct {
	n    *ir.Node
	t    *ir.Tensor
	used bool
}

type builder struct {
	r       *rand.Rand
	o       Options
	params  []*ir.Node
	inputs  []*ir.Tensor
	scalars []uint64
	symbols map[string]int64
	values  []*value
}

// pick returns an index with probability in proportion to its weight.
func (b *builder) pick(weights []int) int {
	sum := 0
	for _, w := range weights {
		sum += w
	}
	k := b.r.IntN(sum)
	for i, w := range weights {
		if k -= w; k < 0 {
			return i
		}
	}
	panic("no weights")
}

func (b *builder) chance(percent int) bool { return b.r.IntN(100) < percent }

var dtypes = []ir.DType{
	ir.Float64, ir.Float64, ir.Float64, ir.Float32, ir.Float32, ir.Int64, ir.Int32, ir.Int16, ir.Int8,
	ir.Uint64, ir.Uint32, ir.Uint16, ir.Uint8, ir.Bool,
}

func (b *builder) dtype() ir.DType { return dtypes[b.r.IntN(len(dtypes))] }

// extents are the numbers that symbols stand for, by name.
var extents = []struct {
	name string
	n    int64
}{{"K", 2}, {"M", 3}, {"N", 5}, {"P", 7}, {"Q", 17}, {"R", 37}}

// extent returns a random extent.
func (b *builder) extent() ir.Dim {
	switch b.r.IntN(24) {
	case 0:
		return ir.N(0)
	case 1, 2, 3:
		return ir.N(1)
	}
	return b.dim(extents[b.r.IntN(len(extents))].n)
}

// dim returns n, as a symbol where one stands for it and symbols are wanted.
func (b *builder) dim(n int64) ir.Dim {
	for _, e := range extents {
		if e.n == n && b.o.Symbols {
			b.symbols[e.name] = n
			return ir.Sym(e.name)
		}
	}
	return ir.N(n)
}

// num returns the number that a dim stands for.
func (b *builder) num(d ir.Dim) int64 {
	n, err := d.Eval(func(s string) (int64, bool) { n, ok := b.symbols[s]; return n, ok })
	if err != nil {
		panic(err)
	}
	return n
}

// shape returns at most rank random extents of together at most maxElements.
func (b *builder) shape(rank int) []ir.Dim {
	shape := []ir.Dim{}
	size := int64(1)
	for range b.r.IntN(rank + 1) {
		d := b.extent()
		if size *= max(1, b.num(d)); size > maxElements {
			break
		}
		shape = append(shape, d)
	}
	return shape
}

const maxElements = 1500

// param adds a parameter with random values.
func (b *builder) param(d ir.DType, shape []ir.Dim) *value {
	p := ir.Param(len(b.params), ir.Dense(d, shape...), nil)
	numbers := make([]ir.Dim, len(shape))
	for i, e := range shape {
		numbers[i] = ir.N(b.num(e))
	}
	in, err := ir.SampleInputs(&ir.Node{Args: []*ir.Node{{Type: ir.Dense(d, numbers...)}}}, b.r, b.o.Special)
	if err != nil {
		panic(err)
	}
	b.params, b.inputs = append(b.params, p), append(b.inputs, in[0])
	v := &value{n: p, t: in[0]}
	b.values = append(b.values, v)
	return v
}

// env returns what evaluation needs beside parameters.
func (b *builder) env() ir.Env { return ir.Env{Symbols: b.symbols, Scalars: b.scalars} }

// some returns a value for which ok holds, later ones first; nil when there is none.
func (b *builder) some(ok func(v *value) bool) *value {
	from := len(b.values)
	if b.chance(40) {
		from = 1 + b.r.IntN(from)
	}
	for _, list := range [][]*value{b.values[:from], b.values[from:]} {
		for _, v := range slices.Backward(list) {
			if (v.used && b.chance(30)) || b.chance(20) {
				continue
			}
			if ok(v) {
				return v
			}
		}
	}
	return nil
}

// someOf returns the node of a value of one of the dtypes and of at least rank axes.
func (b *builder) someOf(set ir.DTypes, rank int) *ir.Node {
	v := b.some(func(v *value) bool { return set.Has(v.n.Type.DType) && v.n.Type.Rank() >= rank })
	if v == nil {
		return nil
	}
	return v.n
}

// call returns op applied to args, nil where that is not allowed.
func call(op *ir.Op, a *ir.Attr, args ...*ir.Node) *ir.Node {
	if slices.Contains(args, nil) {
		return nil
	}
	n, err := ir.NewNode(op, a, nil, args...)
	if err != nil {
		return nil
	}
	return n
}

// keep evaluates n and adds it, with what is between it and known values, if its values
// are worth it.
func (b *builder) keep(n *ir.Node) bool {
	if n.Type.Tuple != nil {
		kept := false
		for _, item := range ir.Items(n) {
			kept = b.keep(item) || kept
		}
		return kept
	}
	t, err := b.eval(n)
	if err != nil || t.Size() > maxElements || !b.o.Special && !telling(t) {
		return false
	}
	b.values = append(b.values, &value{n: n, t: t})
	for _, a := range n.Args {
		for _, v := range b.values {
			v.used = v.used || v.n == a
		}
	}
	return true
}

// eval evaluates n over known values.
func (b *builder) eval(n *ir.Node) (*ir.Tensor, error) {
	g := &ir.Graph{}
	var in []*ir.Tensor
	done := map[*ir.Node]*ir.Node{}
	for _, v := range b.values {
		p := ir.Param(len(in), v.n.Type, nil)
		done[v.n] = p
		g.Params, in = append(g.Params, p), append(in, v.t)
	}
	for _, m := range (&ir.Graph{Results: []*ir.Node{n}}).Nodes() {
		if done[m] != nil {
			continue
		}
		c := *m
		c.Args = make([]*ir.Node, len(m.Args))
		for i, a := range m.Args {
			c.Args[i] = done[a]
		}
		done[m] = &c
	}
	g.Results = []*ir.Node{done[n]}
	out, err := ir.EvalGraph(g, in, b.env())
	if err != nil {
		return nil, err
	}
	return out[0], nil
}

// telling reports whether values are worth computing with: of floats three quarters are
// finite, of all numbers not nearly all are equal.
func telling(t *ir.Tensor) bool {
	if t.Size() < 4 || t.DType == ir.Bool {
		return finite(t) == len(t.Elems)
	}
	return 4*finite(t) >= 3*t.Size() && 5*distinct(t) >= min(t.Size(), 20)
}

// finish makes the graph: results are the values that nothing uses and some others.
func (b *builder) finish() *Case {
	g := &ir.Graph{Name: "random", Params: b.params}
	for _, v := range slices.Backward(b.values) {
		if v.n.Op != ir.OpParam && len(g.Results) < 4 && (!v.used || b.chance(10)) {
			g.Results = append(g.Results, v.n)
		}
	}
	if len(g.Results) == 0 {
		g.Results = []*ir.Node{b.values[len(b.values)-1].n}
	}
	c := &Case{g, b.inputs, b.env()}
	if b.o.Unknown {
		c.forget(b.r)
	}
	return c
}

// forget makes an extent of c's parameters Unknown, again and again, where the graph
// built anew on them still evaluates.
func (c *Case) forget(r *rand.Rand) {
	for range 4 {
		k := r.IntN(len(c.Graph.Params))
		t := c.Graph.Params[k].Type
		if t.Rank() == 0 {
			continue
		}
		t.Shape = slices.Clone(t.Shape)
		t.Shape[r.IntN(t.Rank())] = ir.Unknown
		g := rebuilt(c.Graph, k, t)
		if g == nil {
			continue
		}
		if _, err := ir.EvalGraph(g, c.Inputs, c.Env); err == nil {
			c.Graph = g
		}
	}
}

// rebuilt returns g with type t for parameter k and all other types inferred; nil where
// that cannot be, or a subgraph states types of its own.
func rebuilt(g *ir.Graph, k int, t ir.Type) *ir.Graph {
	out := &ir.Graph{Name: g.Name}
	done := map[*ir.Node]*ir.Node{}
	for i, p := range g.Params {
		if i == k {
			p = ir.Param(k, t, p.Site)
		}
		done[g.Params[i]] = p
		out.Params = append(out.Params, p)
	}
	for _, n := range g.Nodes() {
		if done[n] != nil {
			continue
		}
		args := make([]*ir.Node, len(n.Args))
		for i, a := range n.Args {
			args[i] = done[a]
		}
		m, err := ir.NewNode(n.Op, n.Attr, n.Site, args...)
		if err != nil || n.Subs != nil {
			return nil
		}
		done[n] = m
	}
	for _, r := range g.Results {
		out.Results = append(out.Results, done[r])
	}
	return out
}

// Same returns the first difference of values: bits, where any NaN is like any other.
func Same(got, want []*ir.Tensor) error {
	if len(got) != len(want) {
		return fmt.Errorf("%d results, want %d", len(got), len(want))
	}
	for k, g := range got {
		w := want[k]
		if g.DType != w.DType || !slices.Equal(g.Shape, w.Shape) {
			return fmt.Errorf("result %d is %s%v, want %s%v", k, g.DType, g.Shape, w.DType, w.Shape)
		}
		for i := range w.Elems {
			if g.Elems[i] != w.Elems[i] && !(isNaN(g.DType, g.Elems[i]) && isNaN(w.DType, w.Elems[i])) {
				return fmt.Errorf("result %d, element %d: %s, want %s", k, i, elementText(g.DType, g.Elems[i]), elementText(w.DType, w.Elems[i]))
			}
		}
	}
	return nil
}

// Telling returns how many float results there are, and how many of them are finite and
// unlike those before in their array.
func Telling(ts []*ir.Tensor) (floats, tell int) {
	for _, t := range ts {
		if t.DType.IsFloat() {
			floats += t.Size()
			tell += min(finite(t), distinct(t))
		}
	}
	return floats, tell
}

func float(d ir.DType, bits uint64) float64 {
	if d == ir.Float32 {
		return float64(math.Float32frombits(uint32(bits)))
	}
	return math.Float64frombits(bits)
}

func isNaN(d ir.DType, bits uint64) bool { return d.IsFloat() && math.IsNaN(float(d, bits)) }

func elementText(d ir.DType, bits uint64) string {
	switch d.Kind() {
	case ir.KindFloat:
		return fmt.Sprintf("%v (%#x)", float(d, bits), bits)
	case ir.KindInt:
		return fmt.Sprint(int64(bits))
	}
	return fmt.Sprint(bits)
}

// finite counts the elements that are no NaN and no infinity.
func finite(t *ir.Tensor) int {
	if !t.DType.IsFloat() {
		return len(t.Elems)
	}
	n := 0
	for _, x := range t.Elems {
		if v := float(t.DType, x); !math.IsNaN(v) && !math.IsInf(v, 0) {
			n++
		}
	}
	return n
}

// distinct counts different elements.
func distinct(t *ir.Tensor) int {
	seen := map[uint64]bool{}
	for _, x := range t.Elems {
		seen[x] = true
	}
	return len(seen)
}
