package loop

import (
	"fmt"
	"unsafe"

	"github.com/numen-go/numen/ir"
)

// intOps are the integer ops that have an instruction.
var intOps = map[*ir.Op]opcode{
	ir.OpAdd: opAdd, ir.OpSub: opSub, ir.OpMul: opMul, ir.OpMin: opMin, ir.OpMax: opMax,
	ir.OpShl: opShl, ir.OpShr: opShr, ir.OpAnd: opAnd,
	ir.OpLt: opLt, ir.OpLe: opLe, ir.OpEq: opEq, ir.OpNe: opNe,
}

// scalar returns the register that holds a value which is the same for all positions.
func (c *compiler) scalar(v *Val) int32 {
	switch v.Kind {
	case Const:
		return c.constant(v.DType, v.Bits)
	case Use:
		r, ok := c.vars[v.Var]
		if !ok {
			panic("loop: variable " + v.Var.Name + " has no value")
		}
		return r
	case Extent:
		return c.code.arrays[c.array(v.Array)].extents[v.N]
	case Load:
		r := c.volatile()
		c.emit(instr{op: opFetch, d: r, a: c.address(v.Array, v.Args), c: c.array(v.Array)})
		return r
	case Check:
		x := &checkCode{limit: c.scalar(v.Args[1]), position: c.scalar(v.Args[2]), number: v.N}
		a, r := c.scalar(v.Args[0]), c.volatile()
		c.emit(instr{op: opCheckOne, d: r, a: a, x: x})
		return r
	case Pick:
		return c.scalarPick(v)
	case Apply:
		return c.scalarApply(v)
	}
	panic(fmt.Sprintf("loop: %s differs between positions", v))
}

// volatile returns a register whose value holds only at the place at hand.
func (c *compiler) volatile() int32 {
	r := c.newReg()
	c.depths[r] = changes
	return r
}

func (c *compiler) scalarPick(v *Val) int32 {
	cond, r := c.scalar(v.Args[0]), c.volatile()
	arm := func(v *Val) []instr {
		c.push()
		c.emit(instr{op: opMove, a: c.scalar(v), d: r})
		return c.pop()
	}
	then := arm(v.Args[1])
	c.branch(cond, then, arm(v.Args[2]))
	return r
}

func (c *compiler) scalarApply(v *Val) int32 {
	args := v.Args
	op := v.Op
	switch op {
	case ir.OpRawBits:
		return c.scalar(args[0])
	case ir.OpRare: // rare(c, fast, slow)
		op, args = ir.OpSelect, []*Val{args[0], args[2], args[1]}
	case ir.OpLookup:
		r := c.volatile()
		a, fn := c.scalar(args[0]), c.kerns(op, v.DType, args[0].DType)[vvv]
		c.emit(instr{op: opLookup, d: r, a: a, fn: fn, x: c.table(v.Table)})
		return r
	}
	k := memoKey{scalar: op, out: v.DType}
	for i, r := range []*int32{&k.a, &k.b, &k.c} {
		if i < len(args) {
			*r = c.scalar(args[i])
		}
	}
	last := args[len(args)-1].DType
	if code, ok := intOps[op]; ok && last == ir.Int64 {
		k.op = code
		if code == opAdd { // a product and a sum are one instruction
			if m := args[0]; m.Kind == Apply && m.Op == ir.OpMul {
				k.op, k.a, k.b, k.c = opMulAdd, c.scalar(m.Args[0]), c.scalar(m.Args[1]), k.b
			}
		}
		return c.pure(k, instr{op: k.op})
	}
	if op == ir.OpSelect && last == ir.Int64 {
		k.op = opSelect
		return c.pure(k, instr{op: opSelect})
	}
	k.op = opScalar
	return c.pure(k, instr{op: opScalar, fn: c.kerns(op, v.DType, last)[vvv]})
}

// kerns returns the forms of an op. Verified loops use none that has none.
func (c *compiler) kerns(op *ir.Op, out, last ir.DType) kerns {
	k := opTable[opKey{op, out, last}]
	if k == nil {
		panic(fmt.Sprintf("loop: no instruction for %s from %s to %s", op, last, out))
	}
	return k
}

// pure returns the register of an instruction without effects, which is computed once
// in the outermost block where its operands are known.
func (c *compiler) pure(k memoKey, in instr) int32 {
	at := 0
	for _, r := range []int32{k.a, k.b, k.c} {
		at = max(at, c.depths[r])
	}
	if at == changes {
		r := c.volatile()
		in.d, in.a, in.b, in.c = r, k.a, k.b, k.c
		c.emit(in)
		return r
	}
	l := c.levels[at]
	if r, ok := l.memo[k]; ok {
		return r
	}
	r := c.newReg()
	c.depths[r] = at
	in.d, in.a, in.b, in.c = r, k.a, k.b, k.c
	l.code = append(l.code, in)
	l.memo[k] = r
	return r
}

// address returns the register with the address of an element, in elements.
func (c *compiler) address(a *Array, index []*Val) int32 {
	regs := c.code.arrays[c.array(a)]
	sum := regs.offset
	idx := make([]int32, len(index))
	for d, v := range index {
		idx[d] = c.scalar(v)
	}
	// Positions that change least go first, so that partial sums leave the inner loops.
	for done := 0; done < len(idx); done++ {
		next := -1
		for d, r := range idx {
			if r >= 0 && (next < 0 || c.depths[r] < c.depths[idx[next]]) {
				next = d
			}
		}
		k := memoKey{op: opMulAdd, a: idx[next], b: regs.strides[next], c: sum}
		sum = c.pure(k, instr{op: opMulAdd})
		idx[next] = -1
	}
	return sum
}

// table returns the memory of a constant table.
func (c *compiler) table(t *ir.Table) *[16]uint64 {
	out := new([16]uint64)
	for i, e := range t.Entries {
		if t.DType.Size() == 4 {
			(*[16]uint32)(unsafe.Pointer(out))[i] = uint32(e)
		} else {
			out[i] = e
		}
	}
	return out
}

// requireCode is a Require. Its positions are computed with overflow in mind.
type requireCode struct {
	*Require
	when           int32
	lo, hi, extent checked
}

// checked computes an integer and whether it did so without overflow.
type checked func(regs []uint64) (int64, bool)

func (c *compiler) checked(v *Val) checked {
	if v.Kind != Apply {
		r := c.scalar(v)
		return func(regs []uint64) (int64, bool) { return int64(regs[r]), true }
	}
	args := make([]checked, len(v.Args))
	for i, a := range v.Args {
		args[i] = c.checked(a)
	}
	binary := func(f func(x, y int64) (int64, bool)) checked {
		return func(regs []uint64) (int64, bool) {
			x, okX := args[0](regs)
			y, okY := args[1](regs)
			z, ok := f(x, y)
			return z, ok && okX && okY
		}
	}
	switch v.Op {
	case ir.OpAdd:
		return binary(func(x, y int64) (int64, bool) { return x + y, (x+y > x) == (y > 0) })
	case ir.OpSub:
		return binary(func(x, y int64) (int64, bool) { return x - y, (x-y < x) == (y > 0) })
	case ir.OpMul:
		return binary(ir.MulOK)
	case ir.OpMin:
		return binary(func(x, y int64) (int64, bool) { return min(x, y), true })
	case ir.OpMax:
		return binary(func(x, y int64) (int64, bool) { return max(x, y), true })
	}
	if v.Op == ir.OpSelect {
		cond := c.scalar(v.Args[0])
		return func(regs []uint64) (int64, bool) {
			if isTrue(&regs[cond]) {
				return args[1](regs)
			}
			return args[2](regs)
		}
	}
	r := c.scalar(v) // comparisons, quotients
	return func(regs []uint64) (int64, bool) { return int64(regs[r]), true }
}
