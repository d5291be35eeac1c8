package x86

import (
	"encoding/binary"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower/loop"
	"github.com/numen-go/numen/lower/x86/asm"
)

// Floats of scalar code are computed as integers are, in vector registers used as a
// stack, where that takes little more than loads and arithmetic. Everything else is a
// strip of one position.

// floats is how many registers the stack of floats has.
const floats = 8

// floatCode are the instructions for one dtype.
type floatCode struct {
	load, fma asm.Op
	two       map[*ir.Op]asm.Op
}

var floatCodes = map[ir.DType]*floatCode{
	ir.Float32: {asm.VMOVSS, asm.VFMADD231SS,
		map[*ir.Op]asm.Op{ir.OpAdd: asm.VADDSS, ir.OpSub: asm.VSUBSS, ir.OpMul: asm.VMULSS, ir.OpDiv: asm.VDIVSS}},
	ir.Float64: {asm.VMOVSD, asm.VFMADD231SD,
		map[*ir.Op]asm.Op{ir.OpAdd: asm.VADDSD, ir.OpSub: asm.VSUBSD, ir.OpMul: asm.VMULSD, ir.OpDiv: asm.VDIVSD}},
}

// isFloating reports whether a value is a float that floating computes, with register i of
// the stack and those above.
func isFloating(v *loop.Val, i int) bool {
	c := floatCodes[v.DType]
	if c == nil || i >= floats {
		return false
	}
	switch v.Kind {
	case loop.Const, loop.Use:
		return true
	case loop.Load:
		return areIndices(v.Args)
	case loop.Pick:
		return isIndex(v.Args[0]) && isFloating(v.Args[1], i) && isFloating(v.Args[2], i)
	case loop.Apply:
		if v.Op == ir.OpSelect { // a register more, for the mask
			return i+2 < floats && isIndex(v.Args[0]) && isFloating(v.Args[2], i) && isFloating(v.Args[1], i+1)
		}
		if c.two[v.Op] == 0 && v.Op != ir.OpFMA {
			return false
		}
		for k, x := range v.Args {
			if v.Op == ir.OpFMA {
				k = (k + 1) % 3 // what is added to comes first
			}
			if x.DType != v.DType || !isFloating(x, i+k) {
				return false
			}
		}
		return true
	}
	return false
}

// isIndex reports whether an integer or a bool is a node that emits nothing but itself.
func isIndex(v *loop.Val) bool {
	switch v.Kind {
	case loop.Const, loop.Use:
		return isWord(v.DType)
	case loop.Extent:
		return true
	case loop.Load:
		return (v.DType.IsInteger() || v.DType == ir.Bool) && areIndices(v.Args)
	case loop.Apply:
		return isWord(v.DType) && intOps[v.Op] && (isWidened(v) && areIndices(v.Args[0].Args) || areIndices(v.Args))
	}
	return false
}

func areIndices(vals []*loop.Val) bool {
	for _, x := range vals {
		if !isWord(x.DType) || !isIndex(x) {
			return false
		}
	}
	return true
}

// floating computes a float into register i of the stack.
func (e *emitter) floating(v *loop.Val, i int) asm.Arg {
	c, r := floatCodes[v.DType], asm.R(asm.V0+asm.Reg(i))
	switch v.Kind {
	case loop.Const:
		if v.Bits == 0 {
			e.b.Op(asm.VXORPD, asm.W128, r, r, r)
			break
		}
		e.b.Op(c.load, asm.W128, r, e.floatSource(v, i))
	case loop.Use:
		e.b.Op(c.load, asm.W128, r, e.varWord(v.Var))
	case loop.Load:
		e.b.Op(c.load, asm.W128, r, e.floatSource(v, i))
	case loop.Pick:
		e.floatPick(v, i)
	default:
		if v.Op == ir.OpSelect {
			e.floatSelect(v, i)
			break
		}
		if v.Op == ir.OpFMA {
			e.floating(v.Args[2], i)
			e.floating(v.Args[0], i+1)
			e.b.Op(c.fma, asm.W128, r, asm.R(asm.V0+asm.Reg(i+1)), e.floatSource(v.Args[1], i+2))
			break
		}
		e.floating(v.Args[0], i)
		e.b.Op(c.two[v.Op], asm.W128, r, r, e.floatSource(v.Args[1], i+1))
	}
	return r
}

// floatSource returns a float as an operand that is only read: in memory, or in register i.
func (e *emitter) floatSource(v *loop.Val, i int) asm.Arg {
	switch {
	case v.Kind == loop.Load:
		return e.pointer(e.place(v.Array, v.Args), 0)
	case v.Kind == loop.Const && v.Bits != 0:
		return e.pool.Add(binary.LittleEndian.AppendUint64(nil, v.Bits)[:v.DType.Size()])
	}
	return e.floating(v, i)
}

// floatPick computes a choice, of which one branch is evaluated.
func (e *emitter) floatPick(v *loop.Val, i int) {
	cond := e.number(v.Args[0])
	if cond.kind == literal {
		e.floating(v.Args[2-cond.n&1], i)
		return
	}
	arm := func(v *loop.Val) *block {
		b := e.push()
		b.arm = true
		e.floating(v, i)
		e.pop()
		return b
	}
	then := arm(v.Args[1])
	e.either(cond, then, arm(v.Args[2]))
}

// floatSelect computes a choice without a branch.
func (e *emitter) floatSelect(v *loop.Val, i int) {
	cond := e.number(v.Args[0])
	if cond.kind == literal {
		e.floating(v.Args[2-cond.n&1], i)
		return
	}
	e.floating(v.Args[2], i)
	e.floating(v.Args[1], i+1)
	c, rax := e.flags(cond, 0, false), asm.R(asm.RAX)
	e.b.Op(c.set, asm.W8, rax)
	e.b.Op(asm.MOVZXB, asm.W32, rax, rax)
	e.code(asm.NEG, rax)
	r := func(k int) asm.Arg { return asm.R(asm.V0 + asm.Reg(i+k)) }
	e.b.Op(asm.VMOVQ, asm.W128, r(2), rax)
	e.b.Op(asm.VBLENDVPD, asm.W128, r(0), r(0), r(1), r(2))
}

// moveFloat computes a float into a frame word. What is above a float32 in its register
// is zero, as in the word: loads clear it, and arithmetic leaves it.
func (e *emitter) moveFloat(v *loop.Val, to asm.Arg) {
	e.b.Op(asm.VMOVSD, asm.W128, to, e.floating(v, 0))
}

// storeFloat computes a float into an element.
func (e *emitter) storeFloat(s *loop.Store) {
	place := e.place(s.Array, s.Index)
	r := e.floating(s.Val, 0)
	e.b.Op(floatCodes[s.Val.DType].load, asm.W128, e.pointer(place, 0), r)
}
