package loop

import (
	"fmt"
	"math"
	"unsafe"

	"github.com/numen-go/numen/ir"
)

// Compile returns a verified loop ready to run.
func Compile(l *Loop) (*Code, error) {
	if err := runsAll(l.Body); err != nil {
		return nil, err
	}
	c := newCompiler(l)
	c.start()
	if err := c.block(l.Body); err != nil {
		return nil, err
	}
	c.finish()
	return c.code, nil
}

func newCompiler(l *Loop) *compiler {
	c := &compiler{
		code: &Code{loop: l, doms: 1}, consts: map[constKey]int32{}, vars: map[*Var]int32{}, arrays: map[*Array]int32{},
		mutable: map[*Var]bool{}, laneCount: map[*Array]int{}, regSlots: map[int32]int32{}, tempSlots: map[int32]int32{}, refSlots: map[int32]int32{},
		smallSlots: map[int32]int32{}, smallRefSlots: map[int32]int32{},
	}
	c.findMutable(l.Body)
	return c
}

// start declares what the caller gives.
func (c *compiler) start() {
	c.push()
	for _, v := range c.code.loop.Params {
		r := c.newReg()
		c.vars[v] = r
		c.code.params = append(c.code.params, r)
	}
	for _, a := range c.code.loop.Arrays {
		c.array(a)
	}
}

func (c *compiler) finish() {
	c.code.code = c.pop()
	for i, s := range c.code.slots {
		if s.kind == slotRef {
			c.code.refs = append(c.code.refs, int32(i))
		}
	}
}

// runsAll reports an op that has no instruction.
func runsAll(body []Stmt) (err error) {
	walk(body, func(v *Val) {
		if v.Kind == Apply && v.Op != ir.OpRare && opTable[opKey{v.Op, v.DType, v.Args[len(v.Args)-1].DType}] == nil {
			err = fmt.Errorf("loop: no instruction for %s of %s", v.Op, v.Args[len(v.Args)-1].DType)
		}
	})
	return err
}

type compiler struct {
	code   *Code
	levels []*level
	native *parts // left to machine code; nil: nothing

	consts    map[constKey]int32
	vars      map[*Var]int32 // registers of scalar variables
	arrays    map[*Array]int32
	mutable   map[*Var]bool  // assigned more than once
	laneCount map[*Array]int // constant extents of arrays of rank 1
	depths    []int          // by register: the level that computes it; -1: changes inside it

	regSlots, tempSlots, refSlots, smallSlots, smallRefSlots map[int32]int32
}

type constKey struct {
	d    ir.DType
	bits uint64
}

// level is a block on its way to code. What does not change inside a block is computed
// in the innermost block around it that its operands come from.
type level struct {
	code []instr
	memo map[memoKey]int32
}

type memoKey struct {
	op      opcode
	scalar  *ir.Op
	out     ir.DType
	a, b, c int32
}

func (c *compiler) push() { c.levels = append(c.levels, &level{memo: map[memoKey]int32{}}) }

func (c *compiler) pop() []instr {
	l := c.levels[len(c.levels)-1]
	c.levels = c.levels[:len(c.levels)-1]
	return l.code
}

func (c *compiler) top() int { return len(c.levels) - 1 }

func (c *compiler) emit(in ...instr) {
	l := c.levels[c.top()]
	l.code = append(l.code, in...)
}

func (c *compiler) newReg() int32 {
	c.code.regs = append(c.code.regs, 0)
	c.depths = append(c.depths, c.top())
	return int32(len(c.code.regs) - 1)
}

// constant returns the register of a literal.
func (c *compiler) constant(d ir.DType, bits uint64) int32 {
	k := constKey{d, bits}
	if r, ok := c.consts[k]; ok {
		return r
	}
	r := c.newReg()
	c.depths[r] = 0
	putReg(&c.code.regs[r], d, bits)
	c.consts[k] = r
	return r
}

// putReg writes an element to a register as kerns read it.
func putReg(r *uint64, d ir.DType, bits uint64) {
	p := unsafe.Pointer(r)
	switch d.Size() {
	case 1:
		*(*uint8)(p) = uint8(bits)
	case 2:
		*(*uint16)(p) = uint16(bits)
	case 4:
		*(*uint32)(p) = uint32(bits)
	default:
		*r = bits
	}
}

// array numbers an array and gives it registers.
func (c *compiler) array(a *Array) int32 {
	if n, ok := c.arrays[a]; ok {
		return n
	}
	regs := arrayRegs{offset: c.newReg(), size: a.DType.Size()}
	c.depths[regs.offset] = 0
	if c.native != nil {
		regs.base = c.newReg()
	}
	if c.native != nil && a.Role == ir.Local {
		regs.room = c.newReg()
	}
	for range a.Rank {
		regs.strides = append(regs.strides, c.newReg())
		regs.extents = append(regs.extents, c.newReg())
	}
	n := int32(len(c.code.arrays))
	c.code.arrays = append(c.code.arrays, regs)
	c.arrays[a] = n
	return n
}

// findMutable marks variables that are assigned in more than one place.
func (c *compiler) findMutable(body []Stmt) {
	seen := map[*Var]bool{}
	var find func(body []Stmt)
	find = func(body []Stmt) {
		for _, s := range body {
			switch s := s.(type) {
			case *Set:
				c.mutable[s.Var] = seen[s.Var]
				seen[s.Var] = true
			case *Append:
				c.mutable[s.Count] = true
			}
			for _, b := range blocks(s) {
				find(*b)
			}
		}
	}
	find(body)
	for v := range c.mutable {
		if !c.mutable[v] {
			delete(c.mutable, v)
		}
	}
}

// block compiles statements into the block at hand.
func (c *compiler) block(body []Stmt) error {
	if c.native != nil {
		return c.topLevel(body)
	}
	for _, s := range body {
		if err := c.stmt(s); err != nil {
			return err
		}
	}
	return nil
}

// nested compiles statements as a block of its own and returns its code.
func (c *compiler) nested(body []Stmt) ([]instr, error) {
	c.push()
	err := c.block(body)
	return c.pop(), err
}

func (c *compiler) stmt(s Stmt) error {
	switch s := s.(type) {
	case *Par:
		return c.par(s)
	case *For:
		return c.loop(s)
	case *While:
		return c.while(s.Cond, s.Body)
	case *Merge:
		left := intOp(ir.OpLt, use(s.Cursors[0]), s.Ends[0])
		for i, v := range s.Cursors[1:] {
			left = apply(ir.OpOr, ir.Bool, left, intOp(ir.OpLt, use(v), s.Ends[i+1]))
		}
		return c.while(left, s.Body)
	case *If:
		return c.choose(s)
	case *Return:
		c.emit(instr{op: opReturn})
	case *Local:
		return c.local(s)
	case *Require:
		c.emit(instr{op: opRequire, x: &requireCode{s, c.scalar(s.When), c.checked(s.Lo), c.checked(s.Hi), c.checked(s.Extent)}})
	case *NonEmpty:
		c.emit(instr{op: opNonEmpty, a: c.scalar(s.N)})
	case *Set:
		return c.set(s)
	case *Store:
		return c.storeOne(s)
	case *Strip:
		return c.stripStmt(s)
	case *Fold:
		return c.fold(s)
	case *Tile:
		return c.tile(s)
	case *Chains:
		return c.block(s.Strips())
	case *Soon: // its instructions would cost more than they gain
	default:
		return fmt.Errorf("loop: %T outside a strip", s)
	}
	return nil
}

func (c *compiler) loop(s *For) error {
	lo, hi, step := c.scalar(s.Lo), c.scalar(s.Hi), c.scalar(s.Step)
	c.push()
	v := c.newReg()
	c.vars[s.Var] = v
	err := c.block(s.Body)
	body := c.pop()
	n := int32(len(body))
	c.emit(instr{op: opMove, d: v, a: lo}, instr{op: opEnter, d: v, b: hi, a: n + 1})
	c.emit(body...)
	c.emit(instr{op: opNext, d: v, b: hi, c: step, a: -n - 1})
	return err
}

func (c *compiler) while(cond *Val, body []Stmt) error {
	c.push()
	test := c.scalar(cond)
	c.emit(instr{op: opWork, a: 10})
	at := len(c.levels[c.top()].code)
	c.emit(instr{op: opJumpIfNot, b: test})
	err := c.block(body)
	code := c.pop()
	code[at].a = int32(len(code) - at)
	c.emit(code...)
	c.emit(instr{op: opJump, a: -int32(len(code)) - 1})
	return err
}

func (c *compiler) choose(s *If) error {
	cond := c.scalar(s.Cond)
	then, err := c.nested(s.Then)
	if err != nil {
		return err
	}
	other, err := c.nested(s.Else)
	c.branch(cond, then, other)
	return err
}

// branch emits two blocks under a condition.
func (c *compiler) branch(cond int32, then, other []instr) {
	skip := int32(len(then))
	if len(other) > 0 {
		skip++
	}
	c.emit(instr{op: opJumpIfNot, b: cond, a: skip})
	c.emit(then...)
	if len(other) > 0 {
		c.emit(instr{op: opJump, a: int32(len(other))})
		c.emit(other...)
	}
}

// localCode declares an array of the task.
type localCode struct {
	extents []int32
	init    int32 // register; -1: none
	words   int   // of memory, when the extents are literals; else -1
}

func (c *compiler) local(s *Local) error {
	x := &localCode{init: -1, words: -1}
	for _, e := range s.Extents {
		x.extents = append(x.extents, c.scalar(e))
	}
	if s.Init != nil {
		x.init = c.scalar(s.Init)
	}
	if len(s.Extents) == 1 {
		n, _ := s.Extents[0].number()
		c.laneCount[s.Array] = int(n)
	}
	n := c.array(s.Array)
	at := c.top() // where its strides are known
	if total, ok := c.literalExtents(s, n); ok {
		at, x.words = 0, (total*s.Array.DType.Size()+7)/8
	}
	for _, r := range c.code.arrays[n].strides {
		c.depths[r] = at
	}
	c.emit(instr{op: opLocal, d: n, x: x})
	return nil
}

// literalExtents sets the strides and extents of an array once and for all, and returns
// its elements, when the extents are small literals.
func (c *compiler) literalExtents(s *Local, n int32) (total int, ok bool) {
	total = 1
	for d := len(s.Extents) - 1; d >= 0; d-- {
		e, isConst := s.Extents[d].number()
		if !isConst || e < 1 || e > 1<<16 || total > 1<<16 {
			return 0, false
		}
		regs := &c.code.arrays[n]
		c.code.regs[regs.strides[d]], c.code.regs[regs.extents[d]] = uint64(total), uint64(e)
		total *= int(e)
	}
	return total, true
}

// set compiles an assignment outside strips.
func (c *compiler) set(s *Set) error {
	v := c.scalar(s.Val)
	if !c.mutable[s.Var] {
		if s.Val.Kind == Use && c.depths[v] == changes { // what v holds now
			now := c.volatile()
			c.emit(instr{op: opMove, d: now, a: v})
			v = now
		}
		c.vars[s.Var] = v
		return nil
	}
	r, ok := c.vars[s.Var]
	if !ok {
		r = c.newReg()
		c.depths[r] = changes
		c.vars[s.Var] = r
	}
	c.emit(instr{op: opMove, d: r, a: v})
	return nil
}

// changes marks a register that may change inside the block that computes it.
const changes = math.MaxInt

func (c *compiler) storeOne(s *Store) error {
	v := c.scalar(s.Val)
	c.emit(instr{op: opPut, d: v, a: c.address(s.Array, s.Index), c: c.array(s.Array)})
	return nil
}

// parCode is a Par.
type parCode struct {
	few                    bool
	lo, hi, from, to, step []int32
	cost                   int32
	code                   []instr
	locals                 []int32 // arrays that a task declares
}

func (c *compiler) par(s *Par) error {
	x := &parCode{cost: c.scalar(s.Cost), few: s.Few}
	for _, r := range s.Ranges {
		x.from, x.to, x.step = append(x.from, c.scalar(r.From)), append(x.to, c.scalar(r.To)), append(x.step, c.scalar(r.Step))
	}
	c.push()
	for _, r := range s.Ranges {
		for _, v := range []*Var{r.Lo, r.Hi} {
			c.vars[v] = c.newReg()
		}
		x.lo, x.hi = append(x.lo, c.vars[r.Lo]), append(x.hi, c.vars[r.Hi])
	}
	var err error
	if c.native != nil {
		err = c.part(Part{s.Ranges, s.Body})
		x.locals = c.declaredIn(s.Body)
	} else {
		err = c.block(s.Body)
	}
	x.code = c.pop()
	c.emit(instr{op: opPar, x: x})
	return err
}
