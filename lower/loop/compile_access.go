package loop

import (
	"slices"

	"github.com/numen-go/numen/ir"
)

// load compiles a load that differs between positions: read in place where it is
// contiguous, gathered where its positions are data or guarded by data.
func (c *stripCompiler) load(v *Val, at Place) operand {
	size := v.DType.Size()
	if addr, stride, ok := c.run(v.Array, v.Args, at); ok && c.mask(at).size == 0 {
		d := c.newValue(size, true)
		d.array = v.Array
		c.emit(instr{op: opLoad, dom: c.dom(at), d: d.slot, a: addr, b: stride, c: c.compiler.array(v.Array), size: [4]uint8{uint8(size)}})
		if c.copies && v.Array.Role != ir.Local {
			return c.spread(d, at)
		}
		return d
	}
	if i := len(v.Args) - 1; len(at) == 0 && i == 0 && v.Array.Role == ir.Local && same(v.Args[i], intOp(ir.OpShr, use(c.pos), intVal(4))) {
		d := c.newValue(size, false)
		c.emit(instr{op: opRepeat, d: d.slot, c: c.compiler.array(v.Array), size: [4]uint8{uint8(size)}})
		return d
	}
	addrs := c.addresses(v.Array, v.Args, at, false)
	d := c.newValue(size, false)
	c.emit(instr{op: opLoadAt, dom: c.dom(at), d: d.slot, a: addrs.slot, c: c.compiler.array(v.Array), size: [4]uint8{uint8(size)}})
	return d
}

// run returns the address of position 0 and the stride along the strip of an access
// whose positions are affine.
func (c *stripCompiler) run(a *Array, index []*Val, at Place) (addr, stride int32, ok bool) {
	bases := make([]*Val, len(index))
	along := intVal(0)
	regs := c.code.arrays[c.compiler.array(a)]
	for d, v := range index {
		base, coef, ok := c.affine(v)
		if !ok {
			return 0, 0, false
		}
		bases[d] = c.known(base, at)
		along = add(along, mul(coef, c.regVal(regs.strides[d])))
	}
	return c.address(a, bases), c.scalar(along), true
}

// known returns a value that all positions share as a variable, when it must not be
// computed unless a position asks for it.
func (c *stripCompiler) known(v *Val, at Place) *Val {
	if len(at) == 0 || !touches(v) {
		return v
	}
	return c.regVal(c.uniform(v, at))
}

// regVal returns a register as a value.
func (c *stripCompiler) regVal(r int32) *Val {
	x := &Var{"r", ir.Int64}
	c.vars[x] = r
	return use(x)
}

// addressCode computes the addresses of positions that are data. A position outside its
// axis has no address: a scatter drops it, and elsewhere there is none, by construction.
type addressCode struct {
	offset           int32
	index            []operand
	strides, extents []int32
	mask             operand
	drops            bool
}

func (x *addressCode) operands() []*int32 {
	out := []*int32{&x.mask.slot}
	for i := range x.index {
		out = append(out, &x.index[i].slot)
	}
	return out
}

func (c *stripCompiler) addresses(a *Array, index []*Val, at Place, drops bool) operand {
	regs := c.code.arrays[c.compiler.array(a)]
	x := &addressCode{offset: regs.offset, strides: regs.strides, extents: regs.extents, mask: c.mask(at), drops: drops}
	for _, v := range index {
		x.index = append(x.index, c.vector(v, at))
	}
	d := c.newValue(8, false)
	c.emit(instr{op: opAddress, dom: c.dom(at), d: d.slot, x: x})
	return d
}

// store compiles a store: the last op of the value writes straight into the array where
// that is contiguous.
func (c *stripCompiler) store(s *Store) error {
	size := s.Array.DType.Size()
	varies := c.varies(s.Val)
	for _, v := range s.Index {
		varies = varies || c.varies(v)
	}
	if !varies {
		return c.storeOne(s)
	}
	n := c.compiler.array(s.Array)
	addr, stride, ok := c.run(s.Array, s.Index, nil)
	if !ok {
		panic("loop: a store at positions that are data")
	}
	target := c.newValue(size, true)
	open := instr{op: opTarget, d: target.slot, a: addr, b: stride, c: n, size: [4]uint8{uint8(size)}}
	if v := s.Val; v.Kind == Apply && c.varies(v) && v.Op != ir.OpRare && v.Op != ir.OpRawBits && !(v.Op == ir.OpCast && sameBits(v.DType, v.Args[0].DType)) {
		if _, _, whole := c.affine(v); !whole {
			c.emitLater(open, func() { c.apply(v, nil, target) })
			c.flush(s, open)
			return nil
		}
	}
	o := c.vector(s.Val, nil)
	c.emit(open)
	move := copyOf(size)
	if o.uniform() {
		move = fillOf(size)
	}
	c.kern(move, []operand{o}, uint8(size), nil, target)
	c.flush(s, open)
	return nil
}

// emitLater emits what f does, the last instruction of which follows in.
func (c *stripCompiler) emitLater(in instr, f func()) {
	f()
	l := c.levels[c.top()]
	last := l.code[len(l.code)-1]
	l.code[len(l.code)-1] = in
	l.code = append(l.code, last)
}

// flush emits the write of what was not made in place. A strip along the last axis of a
// local always is.
func (c *stripCompiler) flush(s *Store, open instr) {
	if last := len(s.Index) - 1; s.Array.Role == ir.Local && last >= 0 {
		_, coef, _ := c.affine(s.Index[last])
		if coef.isInt(1) && !slices.ContainsFunc(s.Index[:last], c.varies) {
			return
		}
	}
	open.op = opFlush
	c.emit(open)
}

// joinCode is what opJoin and opRare need beside their operands.
type joinCode struct {
	then, other int32 // domains
	copy, fill  kern
}

// pick compiles a choice by condition, of which each branch is evaluated only where it is
// taken.
func (c *stripCompiler) pick(v *Val, at Place) operand {
	size := v.DType.Size()
	x := c.arm(v, at)
	inside := func(n int) Place { return append(at[:len(at):len(at)], Arm{v, n}) }
	a, b := c.vector(v.Args[1], inside(1)), c.vector(v.Args[2], inside(2))
	if x.cond.size > 0 { // no run of positions
		return c.choose(x.cond, a, b, v.DType, at, operand{})
	}
	for _, o := range []*operand{&a, &b} {
		if o.array != nil && c.changed[o.array] { // what is shown keeps what was there
			*o = c.spread(*o, at)
		}
	}
	d := c.newValue(size, true, a, b)
	c.emit(instr{op: opJoin, dom: c.dom(at), d: d.slot, a: a.slot, b: b.slot, size: [4]uint8{uint8(size), a.size, b.size},
		x: &joinCode{x.dom[1], x.dom[2], copyOf(size), fillOf(size)}})
	return d
}

// choose compiles select(cond, a, b) of operands.
func (c *stripCompiler) choose(cond, a, b operand, d ir.DType, at Place, into operand) operand {
	k, args := c.kerns(ir.OpSelect, d, d), []operand{cond, a, b}
	want := uniformSet(args)
	if k[want] == nil {
		for i, size := range []uint8{1, uint8(d.Size()), uint8(d.Size())} {
			if args[i].uniform() {
				args[i].size = size
				args[i] = c.fill(args[i], at)
			}
		}
		want = vvv
	}
	return c.kern(k[want], args, uint8(d.Size()), at, into)
}

// rare compiles rare(cond, fast, slow): slow is skipped when no position needs it.
func (c *stripCompiler) rare(v *Val, at Place) operand {
	size := v.DType.Size()
	x := c.arm(v, at)
	fast := c.vector(v.Args[1], at)
	slow := c.vector(v.Args[2], append(at[:len(at):len(at)], Arm{v, 2}))
	for _, o := range []*operand{&fast, &slow} {
		if o.uniform() {
			o.size = uint8(size)
			*o = c.fill(*o, at)
		} else if o.array != nil && c.changed[o.array] {
			*o = c.spread(*o, at)
		}
	}
	cond := x.cond
	if cond.uniform() {
		cond.size = 1
		cond = c.fill(cond, at)
	}
	d := c.newValue(size, true, fast)
	c.emit(instr{op: opRare, dom: c.dom(at), d: d.slot, a: slow.slot, b: fast.slot, c: cond.slot, size: [4]uint8{uint8(size), uint8(size), uint8(size), 1},
		fn: c.kerns(ir.OpSelect, v.DType, v.DType)[vvv], x: &joinCode{then: x.dom[2]}})
	return d
}

// checkCode checks positions that are data. Position is where the source stands, plus
// stride a position of the strip.
type checkCode struct {
	limit, position, stride int32
	number                  int
	mask                    operand
}

func (x *checkCode) operands() []*int32 { return []*int32{&x.mask.slot} }

func (c *stripCompiler) check(v *Val, at Place) operand {
	base, coef, ok := c.affine(v.Args[2])
	if !ok {
		panic("loop: the source position of a check is not affine")
	}
	x := &checkCode{limit: c.uniform(v.Args[1], at), position: c.uniform(base, at), stride: c.uniform(coef, at), number: v.N, mask: c.mask(at)}
	a := c.vector(v.Args[0], at)
	if a.uniform() { // only its place differs
		a.size = 8
		a = c.fill(a, at)
	}
	d := c.newValue(8, false)
	c.emit(instr{op: opCheck, dom: c.dom(at), d: d.slot, a: a.slot, size: [4]uint8{8, 8}, x: x})
	return d
}

// below compiles a shuffle inside groups of 16.
func (c *stripCompiler) below(v *Val, at Place) operand {
	o := c.vector(v.Args[0], at)
	size := v.DType.Size()
	if o.uniform() {
		o.size = uint8(size)
		o = c.fill(o, at)
	}
	d := c.newValue(size, false)
	c.emit(instr{op: opBelow, d: d.slot, a: o.slot, b: int32(v.N), size: [4]uint8{uint8(size), uint8(size)}})
	return d
}
