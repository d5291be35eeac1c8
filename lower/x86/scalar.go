package x86

import (
	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower/loop"
	"github.com/numen-go/numen/lower/x86/asm"
)

// pin returns a node that does not change when variables are assigned later.
func (e *emitter) pin(n *node) *node {
	switch {
	case n.kind == literal || !n.moves && !n.fresh:
		return n
	case n.kind == held:
		return e.copied(n)
	}
	e.hold(n)
	return e.inWord(n.word, n.at)
}

// copied returns what a node is now in a frame word of its own.
func (e *emitter) copied(n *node) *node {
	w := e.temp(e.at)
	e.move(word(w), n)
	return e.inWord(w, e.at)
}

// move computes a node into a frame word.
func (e *emitter) move(to asm.Arg, n *node) {
	if n.kind == literal && isShort(n.n) {
		e.code(asm.MOV, to, asm.I(n.n))
	} else {
		e.code(asm.MOV, to, asm.R(e.eval(n, 0)))
	}
}

// set emits an assignment. A variable that is assigned once, and ends with its block, is
// the node that it is given.
func (e *emitter) set(s *loop.Set) error {
	if !isWord(s.Var.DType) {
		return e.bits(s.Val, word(e.file.Var(s.Var)))
	}
	n := e.number(s.Val)
	if e.writes[s.Var] == 1 && (e.inner || e.at > 0) {
		if n.kind == operation && slow[n.op] { // or every use would compute it again
			e.hold(n)
		}
		e.vars[s.Var] = e.pin(n)
		return nil
	}
	to := word(e.file.Var(s.Var))
	if x := n.args[0]; n.kind == operation && n.op == ir.OpAdd && n.word < 0 && x.kind == held && word(x.word) == to && n.args[1].kind == literal && isShort(n.args[1].n) {
		e.code(asm.ADD, to, asm.I(n.args[1].n))
	} else {
		e.move(to, n)
	}
	e.assigned(s.Var)
	return nil
}

// slow are the ops that take several instructions.
var slow = map[*ir.Op]bool{ir.OpMin: true, ir.OpMax: true, ir.OpQuo: true, ir.OpSelect: true, ir.OpShl: true, ir.OpShr: true}

// bits emits the move of a value of any dtype into a frame word.
func (e *emitter) bits(v *loop.Val, to asm.Arg) error {
	switch {
	case isFloating(v, 0): // where a loop has it in a register, in one for floats
		e.moveFloat(v, to)
	case v.Kind == loop.Const:
		e.move(to, e.literal(int64(v.Bits)))
	case v.Kind == loop.Use:
		e.code(asm.MOV, asm.R(stack[0]), e.varWord(v.Var))
		e.code(asm.MOV, to, asm.R(stack[0]))
	case v.Kind == loop.Load:
		e.extend(stack[0], e.pointer(e.place(v.Array, v.Args), 0), int64(v.DType.Size()))
		e.code(asm.MOV, to, asm.R(stack[0]))
	default:
		return e.uniform(v, to)
	}
	return nil
}

// isCut reports whether a value is the low bytes of an i64.
func isCut(v *loop.Val) bool {
	return v.Kind == loop.Apply && v.Op == ir.OpCast && v.DType.IsInteger() && v.Args[0].DType == ir.Int64
}

// store emits the assignment of one element.
func (e *emitter) store(s *loop.Store) error {
	w := asm.Width(8 * s.Array.DType.Size())
	var n *node
	switch {
	case isWord(s.Val.DType):
		n = e.number(s.Val)
	case s.Val.Kind == loop.Const:
		n = e.literal(int64(s.Val.Bits))
	case isCut(s.Val):
		n = e.number(s.Val.Args[0])
	case isFloating(s.Val, 0) && areIndices(s.Index):
		e.storeFloat(s)
		return nil
	default:
		at := e.temp(e.at)
		if err := e.bits(s.Val, word(at)); err != nil {
			return err
		}
		n = e.inWord(at, e.at)
	}
	place := e.place(s.Array, s.Index)
	e.eval(n, 0)
	e.b.Op(asm.MOV, w, e.pointer(place, 1), asm.R(stack[0]))
	return nil
}

// pick computes a choice, of which one branch is evaluated, where it stands.
func (e *emitter) pick(v *loop.Val) *node {
	cond := e.number(v.Args[0])
	if cond.kind == literal {
		return e.number(v.Args[2-cond.n&1])
	}
	w := e.temp(e.at)
	arm := func(v *loop.Val) *block {
		b := e.push()
		b.arm = true
		e.move(word(w), e.number(v))
		e.pop()
		return b
	}
	then := arm(v.Args[1])
	e.either(cond, then, arm(v.Args[2]))
	return e.inWord(w, e.at)
}

// check computes a position that is data, where it stands: a negative one counts from the
// end, and one that is outside is 0 and a fault, or an error when it is no fault of the
// data.
func (e *emitter) check(v *loop.Val) *node {
	n, limit, position := e.number(v.Args[0]), e.number(v.Args[1]), e.number(v.Args[2])
	if limit.fresh {
		e.hold(limit)
	}
	w := e.temp(e.at)
	outside, on := e.b.NewLabel(), e.b.NewLabel()
	r, rax := asm.R(e.eval(n, 0)), asm.R(asm.RAX)
	e.code(asm.MOV, rax, r)
	if v.N >= 0 {
		e.code(asm.SAR, rax, asm.I(63))
		e.code(asm.AND, rax, e.source(limit, 1))
		e.code(asm.ADD, rax, r)
	}
	e.code(asm.CMP, rax, e.source(limit, 1))
	e.jumpTo(asm.JAE, outside)
	e.b.Bind(on)
	e.code(asm.MOV, word(w), rax)
	e.aside(outside, func() {
		if v.N < 0 {
			e.leave(loop.StatusOutside, asm.Arg{}, r, asm.R(e.eval(limit, 1)))
			return
		}
		e.fault(int64(v.N), position, limit)
		e.b.Op(asm.XOR, asm.W32, rax, rax)
		e.jumpTo(asm.JMP, on)
	})
	return e.inWord(w, e.at)
}

// fault notes a fault at a source position, unless there was one before it. The value is
// in the first register of the stack.
func (e *emitter) fault(number int64, position, limit *node) {
	take, skip := e.b.NewLabel(), e.b.NewLabel()
	at := asm.R(e.eval(position, 1))
	e.code(asm.CMP, word(loop.WordFault), asm.I(0))
	e.jumpTo(asm.JL, take)
	e.code(asm.CMP, at, word(loop.WordPosition))
	e.jumpTo(asm.JL, take)
	e.jumpTo(asm.JG, skip)
	e.code(asm.CMP, word(loop.WordFault), asm.I(number))
	e.jumpTo(asm.JLE, skip)
	e.b.Bind(take)
	e.code(asm.MOV, word(loop.WordFault), asm.I(number))
	e.code(asm.MOV, word(loop.WordPosition), at)
	e.code(asm.MOV, word(loop.WordValue), asm.R(stack[0]))
	e.code(asm.MOV, word(loop.WordLimit), asm.R(e.eval(limit, 2)))
	e.b.Bind(skip)
}
