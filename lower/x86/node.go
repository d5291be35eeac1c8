package x86

import (
	"encoding/binary"
	"fmt"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower/loop"
	"github.com/numen-go/numen/lower/x86/asm"
)

// node is an integer or a bool (0 or 1) that code computes. Equal ones are one node, and
// what a node is cannot change: a variable that is assigned again is another node.
type node struct {
	kind  nodeKind
	op    *ir.Op // operation
	args  [3]*node
	n     int64 // literal: the number; element: its bytes, negative when signed; inFrame: bytes from the frame; room: bytes of an element
	depth int   // the innermost block that the operands come from
	word  int   // the frame word that holds it, -1: none yet
	at    int   // the block that it is computed in, when a word holds it
	fresh bool  // it reads memory, so that it holds only at the place at hand
	moves bool  // it reads a variable that is assigned again later
}

type nodeKind uint8

const (
	literal   nodeKind = iota
	held               // in a frame word from the start
	operation          // op of args
	element            // the element at address args[0], extended
	inFrame            // the address of byte n of the frame
	room               // the bytes of a local array of args[0] elements: see local.go
)

type nodeKey struct {
	kind nodeKind
	op   *ir.Op
	args [3]*node
	n    int64
}

// slot returns an integer or a bool that is the same for all positions as a memory operand
// of 8 bytes. It is computed once, in the outermost block in which its operands are
// known; in the block at hand that is before the statement at hand.
func (e *emitter) slot(v *loop.Val) asm.Arg { return e.memory(e.number(v)) }

// varWord returns the memory operand that holds a variable of any dtype.
func (e *emitter) varWord(v *loop.Var) asm.Arg {
	if n := e.vars[v]; n != nil {
		return e.memory(n)
	}
	return word(e.file.Var(v))
}

// memory returns a node as a memory operand.
func (e *emitter) memory(n *node) asm.Arg {
	if n.kind == literal {
		a := e.pool.Add(binary.LittleEndian.AppendUint64(nil, uint64(n.n)))
		e.literals[a] = n.n
		return a
	}
	e.hold(n)
	return word(n.word)
}

// home returns the depth of the block that a node is computed in: that of its operands,
// but not outside of branches, which may not be taken, unless a loop is in between.
func (e *emitter) home(n *node) int {
	at := n.depth
	for at < e.at && e.blocks[at+1].arm {
		at++
	}
	return at
}

// hold computes a node into a frame word.
func (e *emitter) hold(n *node) {
	if n.word >= 0 || n.kind == literal {
		return
	}
	b, at := e.b, e.at
	if home := e.home(n); home < at {
		e.b, e.at = e.blocks[home].b, home
	}
	r := e.eval(n, 0)
	w := e.temp(e.at)
	e.b.Op(asm.MOV, asm.W64, word(w), asm.R(r))
	n.word, n.at = w, e.at
	if n.depth < e.at {
		e.blocks[e.at].held = append(e.blocks[e.at].held, n)
	}
	e.b, e.at = b, at
}

// intern returns the one node that is equal to n.
func (e *emitter) intern(n node) *node {
	n.word = -1
	for _, a := range n.args {
		if a != nil {
			n.depth = max(n.depth, a.depth)
			n.fresh = n.fresh || a.fresh && a.word < 0
			n.moves = n.moves || a.moves
		}
	}
	if n.fresh {
		n.depth = e.at
	} else if old := e.nodes[nodeKey{n.kind, n.op, n.args, n.n}]; old != nil {
		return old
	}
	made := n // n itself stays on the stack: most are met before
	if !n.fresh {
		e.nodes[nodeKey{n.kind, n.op, n.args, n.n}] = &made
	}
	return &made
}

func (e *emitter) literal(n int64) *node { return e.intern(node{kind: literal, n: n}) }

// inWord returns what is in a frame word while the code of block depth runs.
func (e *emitter) inWord(w, depth int) *node {
	return &node{kind: held, word: w, depth: depth, at: depth}
}

func (n *node) is(v int64) bool { return n.kind == literal && n.n == v }

// number returns the node of an integer or a bool.
func (e *emitter) number(v *loop.Val) *node {
	switch v.Kind {
	case loop.Const:
		return e.literal(int64(v.Bits))
	case loop.Use:
		if n := e.vars[v.Var]; n != nil {
			return n
		}
		n := e.inWord(e.file.Var(v.Var), 0)
		e.vars[v.Var] = n
		return n
	case loop.Extent:
		return e.array(v.Array).extents[v.N]
	case loop.Load:
		return e.load(v)
	case loop.Check:
		return e.check(v)
	case loop.Pick:
		return e.pick(v)
	case loop.Apply:
		if n := e.apply(v); n != nil {
			return n
		}
		return e.foreign(v)
	}
	panic(fmt.Sprintf("x86: %s differs between positions", v))
}

// foreign computes what integer code cannot, with the instructions of strips.
func (e *emitter) foreign(v *loop.Val) *node {
	w := e.temp(e.at)
	if err := e.uniform(v, word(w)); err != nil && e.err == nil {
		e.err = err
	}
	return e.inWord(w, e.at)
}

// isWidened reports whether a value is an integer element made an i64, which a load does.
func isWidened(v *loop.Val) bool {
	a := v.Args[0]
	return v.Op == ir.OpCast && v.DType == ir.Int64 && a.Kind == loop.Load && a.DType.IsInteger()
}

// apply returns the node of an op, nil when integer code has none.
func (e *emitter) apply(v *loop.Val) *node {
	if !isWord(v.DType) || !intOps[v.Op] {
		return nil
	}
	if isWidened(v) {
		return e.load(v.Args[0])
	}
	var args [3]*node
	for _, a := range v.Args {
		if !isWord(a.DType) {
			return nil
		}
	}
	for i, a := range v.Args {
		args[i] = e.number(a)
	}
	switch v.Op {
	case ir.OpCast:
		if v.DType == ir.Bool {
			return e.op(ir.OpNe, args[0], e.literal(0))
		}
		return args[0]
	case ir.OpRawBits:
		return args[0]
	case ir.OpFMA:
		return e.op(ir.OpAdd, e.op(ir.OpMul, args[0], args[1]), args[2])
	case ir.OpRare: // rare(c, fast, slow)
		return e.op(ir.OpSelect, args[0], args[2], args[1])
	case ir.OpNot:
		if v.DType == ir.Bool {
			return e.op(ir.OpXor, args[0], e.literal(1))
		}
	}
	return e.op(v.Op, args[0], args[1:len(v.Args)]...)
}

// isWord reports whether values of a dtype are nodes.
func isWord(d ir.DType) bool { return d == ir.Int64 || d == ir.Bool }

// intOps are the ops that integer code has, on integers of 64 bits and on bools.
var intOps = map[*ir.Op]bool{
	ir.OpAdd: true, ir.OpSub: true, ir.OpMul: true, ir.OpMin: true, ir.OpMax: true, ir.OpQuo: true, ir.OpNeg: true, ir.OpFMA: true,
	ir.OpAnd: true, ir.OpOr: true, ir.OpXor: true, ir.OpNot: true, ir.OpShl: true, ir.OpShr: true,
	ir.OpEq: true, ir.OpNe: true, ir.OpLt: true, ir.OpLe: true, ir.OpSelect: true, ir.OpRare: true, ir.OpCast: true, ir.OpRawBits: true,
}

// load returns an element of an array as an integer.
func (e *emitter) load(v *loop.Val) *node {
	return e.intern(node{kind: element, args: [3]*node{e.place(v.Array, v.Args)}, n: elementBytes(v.DType), fresh: true})
}

// elementBytes returns the bytes of an integer element, negative when it is signed.
func elementBytes(d ir.DType) int64 {
	if d.Kind() == ir.KindInt {
		return -int64(d.Size())
	}
	return int64(d.Size())
}

// op returns the node of an op, in its simplest form.
func (e *emitter) op(op *ir.Op, x *node, more ...*node) *node {
	n := node{kind: operation, op: op, args: [3]*node{x}}
	copy(n.args[1:], more)
	known := x.kind == literal
	for _, a := range more {
		known = known && a.kind == literal
	}
	if known {
		d, vals := ir.Int64, []uint64{uint64(x.n)}
		for _, a := range more {
			vals = append(vals, uint64(a.n))
		}
		switch op {
		case ir.OpEq, ir.OpNe, ir.OpLt, ir.OpLe:
			d = ir.Bool
		case ir.OpSelect:
			return more[1-vals[0]&1]
		}
		return e.literal(int64(ir.EvalOp(op, d, []ir.DType{ir.Int64, ir.Int64}[:len(vals)], vals)))
	}
	if len(more) != 1 {
		return e.intern(n)
	}
	y := more[0]
	switch op {
	case ir.OpSub:
		if y.kind == literal {
			return e.op(ir.OpAdd, x, e.literal(-y.n))
		}
		if x == y && !x.fresh {
			return e.literal(0)
		}
	case ir.OpAdd, ir.OpMul, ir.OpAnd, ir.OpOr, ir.OpXor:
		if x.kind == literal {
			return e.op(op, y, x)
		}
		switch {
		case y.is(0) && (op == ir.OpAdd || op == ir.OpOr || op == ir.OpXor), y.is(1) && op == ir.OpMul:
			return x
		case y.is(0):
			return y
		case y.kind == literal && x.kind == operation && x.op == op && x.args[1].kind == literal: // (u + 1) + 2
			return e.op(op, x.args[0], e.op(op, x.args[1], y))
		}
	}
	return e.intern(n)
}
