package np

import (
	"context"
	"encoding/binary"
	"fmt"
	"reflect"
	"sync"

	"github.com/numen-go/numen/ir"
)

// Program is a compiled function of a tree. It is safe for many goroutines.
type Program[In, Out any] struct {
	f   func(In) Out
	cfg evalConfig
	at  *call

	mu     sync.Mutex
	traces map[string]*trace[In, Out]
	closed bool
}

// maxTraces bounds the structures of input that a program remembers: another one more
// is traced anew, at the cost of building its graph.
const maxTraces = 128

// Compile makes a program of f. f is called once per distinct input structure (dtypes,
// extents, static fields), with symbolic inputs, so it must not call Eval, and its Go
// side effects happen then alone. Arrays that f captures are passed by reference: they
// are neither copied nor baked in. Go numbers that f captures are constants of that
// trace: make what changes an input. What is compiled does not depend on extents, so
// another shape builds another graph and finds its code.
func Compile[In, Out any](f func(In) Out, opts ...EvalOption) *Program[In, Out] {
	return &Program[In, Out]{f: f, cfg: configOf(opts), at: begin("Compile"), traces: map[string]*trace[In, Out]{}}
}

// trace is what f made of one structure of input.
type trace[In, Out any] struct {
	once   sync.Once
	params []*ir.Node // of the input's Arrays, in order
	out    Out
	roots  []*ir.Node // of the output's Arrays, in order
	body   body
	err    *Error
}

// Call runs the program. Outputs are new Arrays. On error the Arrays that Out has in
// fixed places carry it.
func (p *Program[In, Out]) Call(ctx context.Context, in In) (Out, error) {
	c := begin("Program.Call")
	out, i := new(Out), 0
	pl := planFor(reflect.TypeFor[Out]())
	t, leaves, err := p.trace(c, in)
	var made []*ir.Node
	if err == nil {
		made, err = c.evaluate(ctx, t.body.over(leaves), p.cfg)
	}
	if err != nil {
		eachIn(pl, out, false, func(a *Array) { *a = c.array(failed(err)) })
		return *out, err
	}
	*out = t.out
	eachIn(pl, out, true, func(a *Array) {
		*a = c.array(made[i])
		i++
	})
	return *out, nil
}

// Prepare compiles for inputs like in, values or Specs, ahead of the first Call.
func (p *Program[In, Out]) Prepare(ctx context.Context, in In) error {
	c := begin("Program.Prepare")
	t, _, bad := p.trace(c, in)
	if bad != nil {
		return bad
	}
	if err := p.cfg.runner().Prepare(ctx, t.roots, &p.cfg.run); err != nil {
		return c.runError(ctx, err, nil)
	}
	return nil
}

// Explain tells how the program would run for inputs like in, values or Specs.
func (p *Program[In, Out]) Explain(in In) (*Explanation, error) {
	c := begin("Program.Explain")
	t, _, err := p.trace(c, in)
	if err != nil {
		return nil, err
	}
	return c.explain(t.roots, p.cfg)
}

// Close forgets what was traced. Using the program afterwards is ErrClosed.
func (p *Program[In, Out]) Close() error {
	if p == nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.traces, p.closed = nil, true
	return nil
}

// trace returns the trace for inputs like in, made at the first such input, and the
// nodes of in's Arrays.
func (p *Program[In, Out]) trace(c *call, in In) (*trace[In, Out], []*ir.Node, *Error) {
	pl, held := planFor(reflect.TypeFor[In]()), new(In)
	*held = in
	if pl.bad != nil {
		return nil, nil, c.error(ErrOperand, "%v", pl.bad)
	}
	if p == nil || p.f == nil {
		return nil, nil, c.error(ErrNil, "the program is nil: make it with Compile")
	}
	var leaves []*ir.Node
	var bad *Error
	eachIn(pl, held, false, func(a *Array) {
		n := c.in(*a)
		if isFailed(n) && bad == nil {
			bad = n.Data.(*Error)
		}
		leaves = append(leaves, n)
	})
	if bad != nil {
		return nil, nil, bad
	}
	key, err := keyOf(pl, reflect.ValueOf(held).Elem(), leaves)
	if err != nil {
		return nil, nil, c.error(ErrOperand, "%v", err)
	}
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return nil, nil, c.error(ErrClosed, "the program was closed")
	}
	t := p.traces[string(key)]
	if t == nil {
		for k := range p.traces {
			if len(p.traces) < maxTraces {
				break
			}
			delete(p.traces, k)
		}
		t = &trace[In, Out]{}
		p.traces[string(key)] = t
	}
	p.mu.Unlock()
	t.once.Do(func() { t.make(p.at, p.f, in, leaves) })
	if t.err != nil {
		return nil, nil, t.err
	}
	return t, leaves, nil
}

// make calls f with placeholders for the Arrays of in.
func (t *trace[In, Out]) make(c *call, f func(In) Out, in In, leaves []*ir.Node) {
	returned := false
	defer func() {
		if !returned {
			t.err = c.error(ErrTracing, "the function panicked")
		}
	}()
	for _, n := range leaves {
		t.params = append(t.params, placeholder(n.Type, c.site))
	}
	i := 0
	out := f(TreeMap(in, func(Array) Array {
		i++
		return c.array(t.params[i-1])
	}))
	returned = true
	pl := planFor(reflect.TypeFor[Out]())
	if pl.bad != nil {
		t.err = c.error(ErrOperand, "%v", pl.bad)
		return
	}
	held := new(Out)
	*held = out
	eachIn(pl, held, false, func(a *Array) {
		if err := a.error(); err != nil && t.err == nil {
			t.err = c.placed(err)
		}
		t.roots = append(t.roots, a.n)
	})
	if t.err == nil {
		t.out, t.body = out, bodyOf(t.params, t.roots)
	}
}

// keyOf returns the structure of a tree: the types of its Arrays and, where it has more
// than Arrays in fixed places, its lengths, keys and static values.
func keyOf(pl *plan, v reflect.Value, leaves []*ir.Node) ([]byte, error) {
	var key []byte
	for _, n := range leaves {
		key = append(key, byte(n.Type.DType), byte(n.Type.Rank()))
		for _, d := range n.Type.Shape {
			key = binary.AppendVarint(key, int64(extent(d)))
		}
		if n.Type.Format != nil {
			key = append(append(key, n.Type.Format.String()...), 0)
		}
	}
	if !pl.dynamic && !pl.static {
		return key, nil
	}
	return appendKey(key, v)
}

// appendKey appends what of v is not an Array.
func appendKey(key []byte, v reflect.Value) ([]byte, error) {
	t := v.Type()
	if t == arrayType {
		return key, nil
	}
	var err error
	each := func(x reflect.Value) {
		if err == nil {
			key, err = appendKey(key, x)
		}
	}
	switch t.Kind() {
	case reflect.Struct:
		for i := range t.NumField() {
			each(v.Field(i))
		}
	case reflect.Slice, reflect.Array:
		key = fmt.Appendf(key, "[%d", v.Len())
		for i := range v.Len() {
			each(v.Index(i))
		}
	case reflect.Map:
		key = fmt.Appendf(key, "{%d", v.Len())
		for _, k := range sortedKeys(v) {
			each(k)
			each(v.MapIndex(k))
		}
	case reflect.Pointer:
		if v.IsNil() {
			return append(key, 'n'), nil
		}
		if holdsArray(t, map[reflect.Type]bool{}) {
			each(v.Elem())
		} else {
			key = fmt.Appendf(key, "*%x", v.Pointer())
		}
	case reflect.Interface:
		if v.IsNil() {
			return append(key, 'n'), nil
		}
		key = append(append(key, v.Elem().Type().String()...), ':')
		each(v.Elem())
	case reflect.String:
		key = fmt.Appendf(key, "%q", v.String())
	case reflect.Func:
		if !v.IsNil() {
			return nil, fmt.Errorf("a static value of type %s cannot be compared: tell one from another by a number or a name", t)
		}
		key = append(key, 'n')
	case reflect.Chan, reflect.UnsafePointer:
		key = fmt.Appendf(key, "*%x", v.Pointer())
	default:
		key = fmt.Appendf(key, "%v,", v)
	}
	return key, err
}

// body is a graph over parameters: the nodes that depend on them, operands before users.
type body struct {
	nodes []bodyNode
	roots []place
}

type bodyNode struct {
	n    *ir.Node
	args []place
}

// place says where an operand is found: it is n itself, or parameter ^at, or node at of
// the body.
type place struct {
	n  *ir.Node
	at int
}

func bodyOf(params, roots []*ir.Node) body {
	var at ir.NodeMap[int]
	for k, n := range params {
		at.Put(n, ^k)
	}
	var b body
	nodes, all := (&ir.Graph{Results: roots}).Nodes(), len(roots)
	for _, n := range nodes {
		all += len(n.Args)
	}
	memory := make([]place, 0, all)
	places := func(ns []*ir.Node) (out []place, depends bool) {
		first := len(memory)
		for _, n := range ns {
			if k, ok := at.Get(n); ok {
				memory, depends = append(memory, place{at: k}), true
			} else {
				memory = append(memory, place{n: n})
			}
		}
		return memory[first:len(memory):len(memory)], depends
	}
	b.nodes = make([]bodyNode, 0, len(nodes))
	for _, n := range nodes {
		if at.Has(n) { // a parameter
			continue
		}
		if args, depends := places(n.Args); depends {
			at.Put(n, len(b.nodes))
			b.nodes = append(b.nodes, bodyNode{n, args})
		}
	}
	b.roots, _ = places(roots)
	return b
}

// over returns the roots with other nodes, of the same types, in the parameters' place.
func (b *body) over(leaves []*ir.Node) []*ir.Node {
	made, all := make([]ir.Node, len(b.nodes)), len(b.roots)
	for _, bn := range b.nodes {
		all += len(bn.args)
	}
	memory := make([]*ir.Node, 0, all)
	found := func(places []place) []*ir.Node {
		first := len(memory)
		for _, p := range places {
			switch {
			case p.n != nil:
				memory = append(memory, p.n)
			case p.at < 0:
				memory = append(memory, leaves[^p.at])
			default:
				memory = append(memory, &made[p.at])
			}
		}
		return memory[first:len(memory):len(memory)]
	}
	for i, bn := range b.nodes {
		made[i] = *bn.n
		made[i].Args = found(bn.args)
	}
	return found(b.roots)
}
