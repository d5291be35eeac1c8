package x86

import (
	"slices"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower/loop"
	"github.com/numen-go/numen/lower/x86/asm"
)

// layout is where an array lies.
type layout struct {
	base             *node // address of the element at the origin
	size             int64 // of an element
	strides, extents []*node
}

// array returns where an array lies: one of the caller, or one that was declared before.
func (e *emitter) array(a *loop.Array) *layout {
	if x := e.arrays[a]; x != nil {
		return x
	}
	w := e.file.Array(a)
	x := &layout{size: int64(a.DType.Size())}
	x.base = e.inWord(w.Base, 0)
	for d := range a.Rank {
		stride := e.literal(1)
		if !e.class.IsUnit(e.loop, a, d) {
			stride = e.inWord(w.Strides[d], 0)
		}
		x.strides = append(x.strides, stride)
		x.extents = append(x.extents, e.inWord(w.Extents[d], 0))
	}
	e.arrays[a] = x
	return x
}

// address returns the memory operand that holds the address of an element. It is computed
// as far outside as its terms allow.
func (e *emitter) address(a *loop.Array, index []*loop.Val) asm.Arg {
	return e.memory(e.place(a, index))
}

// strideBytes returns the memory operand that holds how many bytes an access moves when
// positions move by coefs.
func (e *emitter) strideBytes(a *loop.Array, coefs []*loop.Val) asm.Arg {
	return e.memory(e.stride(a, coefs))
}

func (e *emitter) stride(a *loop.Array, coefs []*loop.Val) *node {
	x := e.array(a)
	var terms []term
	for d, c := range coefs {
		e.terms(e.number(c), x.strides[d], x.size, &terms)
	}
	return e.sum(terms)
}

// place returns the address of an element.
func (e *emitter) place(a *loop.Array, index []*loop.Val) *node {
	x := e.array(a)
	terms := []term{{x.base, e.literal(1)}}
	for d, v := range index {
		e.terms(e.number(v), x.strides[d], x.size, &terms)
	}
	return e.sum(terms)
}

// term is a product, one of a sum.
type term struct{ value, by *node }

// terms appends the terms of n * stride * size.
func (e *emitter) terms(n, stride *node, size int64, out *[]term) {
	if n.kind == operation && n.word < 0 && !n.fresh {
		switch n.op {
		case ir.OpAdd, ir.OpSub:
			e.terms(n.args[0], stride, size, out)
			if n.op == ir.OpSub {
				size = -size
			}
			e.terms(n.args[1], stride, size, out)
			return
		case ir.OpMul:
			if y := n.args[1]; y.kind == literal {
				e.terms(n.args[0], stride, size*y.n, out)
				return
			}
		}
	}
	*out = append(*out, term{n, e.op(ir.OpMul, stride, e.literal(size))})
}

// sum returns the sum of terms. Those that change least come first, so that partial sums
// leave the inner loops; literals come last, where an address takes them for nothing.
func (e *emitter) sum(terms []term) *node {
	for i, t := range terms { // x + x is 2 * x
		for j := range terms[:i] {
			if terms[j].value == t.value && terms[j].by.kind == literal && t.by.kind == literal {
				terms[j].by = e.literal(terms[j].by.n + t.by.n)
				terms[i].by = e.literal(0)
			}
		}
	}
	products := make([]*node, len(terms))
	for i, t := range terms {
		products[i] = e.op(ir.OpMul, t.value, t.by)
	}
	slices.SortStableFunc(products, func(a, b *node) int { return a.depth - b.depth })
	total, last := e.literal(0), e.literal(0)
	for _, p := range products {
		switch {
		case p.kind == literal:
			last = e.op(ir.OpAdd, last, p)
		case total.kind == inFrame:
			total = e.op(ir.OpAdd, p, total)
		default:
			total = e.op(ir.OpAdd, total, p)
		}
	}
	if total.kind == inFrame {
		return e.intern(node{kind: inFrame, n: total.n + last.n})
	}
	return e.op(ir.OpAdd, total, last)
}
