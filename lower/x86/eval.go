package x86

import (
	"math/bits"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower/x86/asm"
)

// Integers are computed in registers used as a stack: the value of a node goes to register
// i, its operands to i and above. RAX, RCX and RDX are scratch of single ops.
var stack = [...]asm.Reg{asm.RSI, asm.R8, asm.R9, asm.R10, asm.R11, asm.RBX, asm.R12, asm.R13, asm.R15}

// condition is what flags say after a comparison.
type condition struct{ jump, move, set asm.Op }

var (
	isEqual   = condition{asm.JZ, asm.CMOVZ, asm.SETZ}
	isUnequal = condition{asm.JNZ, asm.CMOVNZ, asm.SETNZ}
	isLess    = condition{asm.JL, asm.CMOVL, asm.SETL}
	isAtMost  = condition{asm.JLE, asm.CMOVLE, asm.SETLE}
	isMore    = condition{asm.JG, asm.CMOVG, asm.SETG}
	isAtLeast = condition{asm.JGE, asm.CMOVGE, asm.SETGE}
)

// comparisons are the conditions of ops, and their opposites.
var comparisons = map[*ir.Op]struct{ holds, fails condition }{
	ir.OpEq: {isEqual, isUnequal},
	ir.OpNe: {isUnequal, isEqual},
	ir.OpLt: {isLess, isAtLeast},
	ir.OpLe: {isAtMost, isMore},
}

// swapped is a condition with the operands of the comparison swapped.
var swapped = map[condition]condition{
	isEqual: isEqual, isUnequal: isUnequal, isLess: isMore, isMore: isLess, isAtMost: isAtLeast, isAtLeast: isAtMost,
}

// simple are the ops that are one instruction.
var simple = map[*ir.Op]asm.Op{
	ir.OpAdd: asm.ADD, ir.OpSub: asm.SUB, ir.OpAnd: asm.AND, ir.OpOr: asm.OR, ir.OpXor: asm.XOR, ir.OpMul: asm.IMUL,
}

func (e *emitter) code(op asm.Op, args ...asm.Arg) { e.b.Op(op, asm.W64, args...) }

func (e *emitter) jumpTo(op asm.Op, label asm.Arg) { e.b.Op(op, 0, label) }

// isShort reports whether a number is an immediate operand of most instructions.
func isShort(n int64) bool { return n == int64(int32(n)) }

// source returns a node as an operand that is only read: an immediate, a frame word, or
// register i.
func (e *emitter) source(n *node, i int) asm.Arg {
	if n.kind == literal && isShort(n.n) {
		return asm.I(n.n)
	}
	if n.kind == literal || e.home(n) < e.at {
		return e.memory(n)
	}
	if n.word >= 0 {
		return word(n.word)
	}
	return asm.R(e.eval(n, i))
}

// ready reports whether source needs no register for a node.
func (e *emitter) ready(n *node) bool { return n.kind == literal || n.word >= 0 || e.home(n) < e.at }

// eval computes a node into register i of the stack.
func (e *emitter) eval(n *node, i int) asm.Reg {
	r := stack[i]
	switch {
	case n.kind == literal && n.n == 0:
		e.b.Op(asm.XOR, asm.W32, asm.R(r), asm.R(r))
		return r
	case n.kind == literal:
		e.code(asm.MOV, asm.R(r), asm.I(n.n))
		return r
	case e.ready(n):
		e.code(asm.MOV, asm.R(r), e.source(n, i))
		return r
	}
	switch n.kind {
	case element:
		e.extend(r, e.pointer(n.args[0], i), n.n)
	case inFrame:
		e.code(asm.LEA, asm.R(r), asm.M(Frame, int32(n.n)))
	case room:
		e.room(n, i)
	default:
		e.operation(n, i)
	}
	return r
}

// pointer returns the memory at an address.
func (e *emitter) pointer(address *node, i int) asm.Arg {
	if address.kind == inFrame {
		return asm.M(Frame, int32(address.n))
	}
	if address.word < 0 && e.home(address) == e.at && address.kind == operation && address.op == ir.OpAdd && address.args[1].kind == literal && isShort(address.args[1].n) {
		p := e.pointer(address.args[0], i)
		p.Disp += int32(address.args[1].n)
		return p
	}
	if base, index, scale, ok := e.scaled(address); ok && i+1 < len(stack) {
		return asm.MX(e.eval(base, i), e.eval(index, i+1), scale, 0)
	}
	return asm.M(e.eval(address, i), 0)
}

// scaled splits an address that is computed here into a sum that memory operands have.
func (e *emitter) scaled(n *node) (base, index *node, scale uint8, ok bool) {
	here := func(n *node, op *ir.Op) bool {
		return n.kind == operation && n.op == op && n.word < 0 && e.home(n) == e.at
	}
	if !here(n, ir.OpAdd) {
		return nil, nil, 0, false
	}
	for k, x := range n.args[:2] {
		if here(x, ir.OpMul) && x.args[1].kind == literal {
			switch by := x.args[1].n; by {
			case 2, 4, 8:
				return n.args[1-k], x.args[0], uint8(by), true
			}
		}
	}
	return nil, nil, 0, false
}

// extend loads an element of n bytes, signed when n is negative.
func (e *emitter) extend(r asm.Reg, from asm.Arg, n int64) { extend(e.b, r, from, n) }

func extend(b *asm.Builder, r asm.Reg, from asm.Arg, n int64) {
	op, w := asm.MOV, asm.W64
	switch n {
	case 1:
		op, w = asm.MOVZXB, asm.W32
	case 2:
		op, w = asm.MOVZXW, asm.W32
	case 4:
		w = asm.W32
	case -1:
		op = asm.MOVSXB
	case -2:
		op = asm.MOVSXW
	case -4:
		op = asm.MOVSXD
	}
	b.Op(op, w, asm.R(r), from)
}

// two computes two operands: the first into register i, the second where the result says.
func (e *emitter) two(x, y *node, i int) asm.Arg {
	if i+1 == len(stack) && !e.ready(y) {
		w := e.temp(e.at)
		e.code(asm.MOV, word(w), asm.R(e.eval(y, i)))
		e.eval(x, i)
		return word(w)
	}
	e.eval(x, i)
	return e.source(y, i+1)
}

func (e *emitter) operation(n *node, i int) {
	x, y, r := n.args[0], n.args[1], stack[i]
	switch n.op {
	case ir.OpAdd, ir.OpMul, ir.OpAnd, ir.OpOr, ir.OpXor:
		if e.ready(x) && !e.ready(y) {
			x, y = y, x
		}
		if n.op == ir.OpMul && y.kind == literal && e.byNumber(x, y.n, i) {
			return
		}
		e.code(simple[n.op], asm.R(r), e.two(x, y, i))
	case ir.OpSub:
		e.code(asm.SUB, asm.R(r), e.two(x, y, i))
	case ir.OpNeg:
		e.eval(x, i)
		e.code(asm.NEG, asm.R(r))
	case ir.OpNot:
		e.eval(x, i)
		e.code(asm.NOT, asm.R(r))
	case ir.OpMin, ir.OpMax:
		other := e.two(x, y, i)
		if other.Kind == asm.Immediate {
			e.code(asm.MOV, asm.R(asm.RAX), other)
			other = asm.R(asm.RAX)
		}
		e.code(asm.CMP, asm.R(r), other)
		take := isMore
		if n.op == ir.OpMax {
			take = isLess
		}
		e.code(take.move, asm.R(r), other)
	case ir.OpShl, ir.OpShr:
		e.shift(n, i)
	case ir.OpQuo:
		e.quotient(n, i)
	case ir.OpSelect:
		e.choose(n, i)
	default:
		c := e.compare(n, i, false)
		e.b.Op(c.set, asm.W8, asm.R(asm.RAX))
		e.b.Op(asm.MOVZXB, asm.W32, asm.R(r), asm.R(asm.RAX))
	}
}

// byNumber computes a product with a literal, where that is no common product.
func (e *emitter) byNumber(x *node, by int64, i int) bool {
	r := asm.R(stack[i])
	switch {
	case by > 0 && by&(by-1) == 0:
		e.eval(x, i)
		e.code(asm.SHL, r, asm.I(int64(bits.TrailingZeros64(uint64(by)))))
	case isShort(by):
		from := e.source(x, i)
		e.code(asm.IMUL3, r, from, asm.I(by))
	default:
		return false
	}
	return true
}

// shift computes a shift: by a number that is negative or not below 64 everything is
// shifted out.
func (e *emitter) shift(n *node, i int) {
	x, y, r := n.args[0], n.args[1], asm.R(stack[i])
	op := asm.SHL
	if n.op == ir.OpShr {
		op = asm.SAR
	}
	if y.kind == literal {
		e.eval(x, i)
		switch by := uint64(y.n); {
		case by < 64:
			e.code(op, r, asm.I(int64(by)))
		case op == asm.SAR:
			e.code(op, r, asm.I(63))
		default:
			e.b.Op(asm.XOR, asm.W32, r, r)
		}
		return
	}
	by := e.two(x, y, i)
	rax, rcx := asm.R(asm.RAX), asm.R(asm.RCX)
	e.code(asm.MOV, rcx, by)
	if op == asm.SAR {
		e.b.Op(asm.MOV, asm.W32, rax, asm.I(63))
		e.code(asm.CMP, rcx, rax)
		e.code(asm.CMOVA, rcx, rax)
		e.code(asm.SARX, r, r, rcx)
		return
	}
	e.code(asm.SHLX, r, r, rcx)
	e.b.Op(asm.XOR, asm.W32, rax, rax)
	e.code(asm.CMP, rcx, asm.I(64))
	e.code(asm.CMOVAE, r, rax)
}

// quotient computes a quotient. By 0 and by -1, where the instruction would fail, it is
// the product.
func (e *emitter) quotient(n *node, i int) {
	r := asm.R(stack[i])
	by := e.two(n.args[0], n.args[1], i)
	rax, rcx, rdx := asm.R(asm.RAX), asm.R(asm.RCX), asm.R(asm.RDX)
	e.code(asm.MOV, rcx, by)
	special, end := e.b.NewLabel(), e.b.NewLabel()
	if y := n.args[1]; y.kind != literal || y.n == 0 || y.n == -1 {
		e.code(asm.LEA, rdx, asm.M(asm.RCX, 1))
		e.code(asm.CMP, rdx, asm.I(1))
		e.jumpTo(asm.JBE, special)
	}
	e.code(asm.MOV, rax, r)
	e.code(asm.CQO)
	e.code(asm.IDIV, rcx)
	e.code(asm.MOV, r, rax)
	e.jumpTo(asm.JMP, end)
	e.b.Bind(special)
	e.code(asm.IMUL, r, rcx)
	e.b.Bind(end)
}

// choose computes select(c, x, y).
func (e *emitter) choose(n *node, i int) {
	c, x, y, r := n.args[0], n.args[1], n.args[2], asm.R(stack[i])
	if i+3 >= len(stack) && !e.ready(c) {
		c = e.inTemp(c, i)
	}
	then := e.two(y, x, i)
	if then.Kind == asm.Immediate {
		e.code(asm.MOV, asm.R(stack[i+1]), then)
		then = asm.R(stack[i+1])
	}
	e.code(e.flags(c, i+2, false).move, r, then)
}

// inTemp computes a node into a frame word for the place at hand alone.
func (e *emitter) inTemp(n *node, i int) *node {
	w := e.temp(e.at)
	e.code(asm.MOV, word(w), asm.R(e.eval(n, i)))
	return e.inWord(w, e.at)
}

// flags sets the flags by a bool, and returns the condition that says that it holds, or
// that it does not.
func (e *emitter) flags(n *node, i int, not bool) condition {
	if _, ok := comparisons[n.op]; ok && n.word < 0 && n.kind == operation {
		return e.compare(n, i, not)
	}
	c := isUnequal
	if not {
		c = isEqual
	}
	if x := e.source(n, i); x.Kind == asm.Register {
		e.b.Op(asm.TEST, asm.W32, x, x)
	} else if x.Kind == asm.Immediate {
		e.b.Op(asm.MOV, asm.W32, asm.R(asm.RAX), x)
		e.b.Op(asm.TEST, asm.W32, asm.R(asm.RAX), asm.R(asm.RAX))
	} else {
		e.b.Op(asm.CMP, asm.W8, x, asm.I(0))
	}
	return c
}

// compare sets the flags by a comparison.
func (e *emitter) compare(n *node, i int, not bool) condition {
	row := comparisons[n.op]
	x, y, c := n.args[0], n.args[1], row.holds
	if not {
		c = row.fails
	}
	if x.kind == literal || e.ready(x) && !e.ready(y) {
		x, y = y, x
		c = swapped[c]
	}
	if e.ready(x) && x.kind != literal && y.kind == literal && isShort(y.n) {
		e.code(asm.CMP, e.source(x, i), asm.I(y.n))
		return c
	}
	other := e.two(x, y, i)
	if other.Kind == asm.Immediate && other.Imm == 0 {
		e.code(asm.TEST, asm.R(stack[i]), asm.R(stack[i]))
	} else {
		e.code(asm.CMP, asm.R(stack[i]), other)
	}
	return c
}

// jump goes to a label where a bool holds, or where it does not. It computes no more of a
// conjunction than it needs.
func (e *emitter) jump(n *node, label asm.Arg, not bool) {
	if n.kind == literal {
		if (n.n != 0) != not {
			e.jumpTo(asm.JMP, label)
		}
		return
	}
	if n.kind == operation && n.word < 0 && e.home(n) == e.at {
		x, y := n.args[0], n.args[1]
		switch {
		case n.op == ir.OpXor && y.is(1) && isBool(x):
			e.jump(x, label, !not)
			return
		case (n.op == ir.OpOr && !not || n.op == ir.OpAnd && not) && isBool(x) && isBool(y):
			e.jump(x, label, not)
			e.jump(y, label, not)
			return
		case (n.op == ir.OpAnd && !not || n.op == ir.OpOr && not) && isBool(x) && isBool(y):
			past := e.b.NewLabel()
			e.jump(x, past, !not)
			e.jump(y, label, not)
			e.b.Bind(past)
			return
		}
	}
	e.jumpTo(e.flags(n, 0, not).jump, label)
}

// isBool reports whether a node is surely 0 or 1.
func isBool(n *node) bool {
	if n.kind != operation {
		return false
	}
	if _, ok := comparisons[n.op]; ok {
		return true
	}
	return (n.op == ir.OpAnd || n.op == ir.OpOr || n.op == ir.OpXor) && isBool(n.args[0]) && (isBool(n.args[1]) || n.args[1].is(1))
}
