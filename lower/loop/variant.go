package loop

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/numen-go/numen/ir"
)

// Tuning is what a target brings to the compilation of its kernels. It never changes a
// bit of a result.
type Tuning struct {
	Schedule    Schedule
	Machine     Machine // makes code of the parts that take time; nil: they run portably
	StreamBytes int64   // results of more bytes are of class Stream; 0: none are

	// Order says which of so many tasks starts at a turn, one of them at each; nil: in
	// order. Tests shuffle by it.
	Order func(turn, tasks int64) int64
}

// Portable is the tuning of the portable executor.
var Portable = &Tuning{Schedule: Schedule{Strip: 256, Wide: 4096, Keep: Runs, Cost: cost, Tile: tileShape, Rows: 256, Cols: 512, Search: true}}

// variants are the codes of a kernel, one a class, made when first met. There are few.
type variants struct {
	k    *ir.Kernel
	t    *Tuning
	mu   sync.Mutex
	list atomic.Pointer[[]variant]
}

// variant is the code for a class.
type variant struct {
	class Class
	units uint64 // the dimensions that the code looks at
	code  *Code
	why   error // why it is portable, though there is a machine
}

// of returns the code for the class of a run. One that is there is found without a lock.
func (v *variants) of(c Class) (*Code, error) {
	if x := v.find(c); x != nil {
		return x.code, nil
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if x := v.find(c); x != nil {
		return x.code, nil
	}
	x, err := v.compile(c)
	if err != nil {
		return nil, err
	}
	x.code.order = v.t.Order
	v.list.Store(new(append(slices.Clip(v.all()), x)))
	return x.code, nil
}

func (v *variants) all() []variant {
	if list := v.list.Load(); list != nil {
		return *list
	}
	return nil
}

func (v *variants) find(c Class) *variant {
	list := v.all()
	for i := range list {
		x, want := &list[i], c
		if want.Unit &= x.units; x.class == want {
			return x
		}
	}
	return nil
}

// compile makes the code for a class: portable code when the machine does not take it.
func (v *variants) compile(c Class) (variant, error) {
	s := v.t.Schedule
	s.Short, s.Pieces, s.Long = c.Short, c.Pieces, c.Long
	l, err := From(v.k, s)
	if v.t.Machine == nil {
		if err != nil {
			return variant{}, err
		}
		code, err := Compile(l)
		return variant{class: c, code: code}, err
	}
	var units uint64
	if err == nil {
		units = stepped(l)
		c.Unit &= units
		code, failed := CompileWith(l, v.t.Machine, c)
		if failed == nil {
			return variant{class: c, units: units, code: code}, nil
		}
		err = failed
	}
	c.Unit &= units
	p := variants{k: v.k, t: Portable}
	x, failed := p.compile(c)
	x.units, x.why = units, err
	return x, failed
}

// close frees the code of all variants.
func (v *variants) close() error {
	var first error
	for _, x := range v.all() {
		if err := x.code.Close(); first == nil {
			first = err
		}
	}
	return first
}

// String returns the loops and what is known of the code of each variant.
func (v *variants) String() string {
	var b strings.Builder
	for i, x := range v.all() {
		if i > 0 {
			b.WriteByte('\n')
		}
		if v.t.Machine != nil {
			fmt.Fprintf(&b, "class %s\n", x.class.text(x.code.loop))
		}
		b.WriteString(x.code.loop.String())
		if x.code.native != nil {
			b.WriteString(x.code.native.String())
		}
		if x.why != nil {
			fmt.Fprintf(&b, "portable code: %v\n", x.why)
		}
	}
	return b.String()
}

// text names a class.
func (c Class) text(l *Loop) string {
	var words []string
	if c.Short != 0 {
		words = append(words, fmt.Sprintf("short axes %b", c.Short))
	}
	if c.Pieces {
		words = append(words, "in pieces")
	}
	if c.Long {
		words = append(words, "along the steps")
	}
	for _, a := range l.Arrays {
		for d := range a.Rank {
			if c.IsUnit(l, a, d) {
				words = append(words, fmt.Sprintf("%s unit along %d", a.Name, d))
			}
		}
	}
	if c.Stream {
		words = append(words, "streamed")
	}
	if words == nil {
		return "any"
	}
	return strings.Join(words, ", ")
}

// stepped returns the dimensions of the caller's arrays, in order, that strips and tiles
// step along: for those it matters whether the stride is 1.
func stepped(l *Loop) uint64 {
	first, n := map[*Array]int{}, 0
	for _, a := range l.Arrays {
		first[a], n = n, n+a.Rank
	}
	var dims uint64
	steps := map[*Var]bool{}
	note := func(a *Array, index []*Val) {
		at, ok := first[a]
		if !ok {
			return
		}
		for d, v := range index {
			if firstVar(v, func(v *Var) bool { return steps[v] }) != nil && at+d < 64 {
				dims |= 1 << (at + d)
			}
		}
	}
	visit := func(s Stmt) {
		if set, ok := s.(*Set); ok && firstVar(set.Val, func(v *Var) bool { return steps[v] }) != nil {
			steps[set.Var] = true
		}
		for _, e := range elements(s) {
			note(e.Array, e.Index)
		}
		for _, v := range operands(s) {
			walkVal(v, func(v *Val) {
				if v.Kind == Load {
					note(v.Array, v.Args)
				}
			})
		}
	}
	eachStmt(l.Body, func(s Stmt) {
		switch s := s.(type) {
		case *Strip:
			steps[s.Pos] = true
		case *Chains:
			steps[s.Depth], steps[s.Pos] = true, true
		case *Tile:
			steps[s.Depth], steps[s.Row], steps[s.Col] = true, true, true
			if s.Left != nil {
				note(s.Left.Array, s.Left.Index)
			}
		}
		visit(s)
	})
	return dims
}

// elements returns the elements that a statement writes at positions that it names.
func elements(s Stmt) []Element {
	switch s := s.(type) {
	case *Store:
		return []Element{{s.Array, s.Index}}
	case *Prefix:
		return s.Outs
	case *Scatter:
		return s.Targets
	case *Tile:
		return s.Accs
	}
	return nil
}
