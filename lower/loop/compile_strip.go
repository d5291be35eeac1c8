package loop

import (
	"fmt"
	"math"
	"slices"

	"github.com/numen-go/numen/ir"
)

// stripCompiler compiles one strip. Its instructions name temporaries by value first;
// when the strip is complete, values whose lives do not overlap share memory, so that
// what is in use stays in the first-level cache.
type stripCompiler struct {
	*compiler
	pos     *Var
	lets    map[*Var]operand
	place   map[*Var]Place // where a name is asked for
	arms    map[*Val]*armCode
	values  []value
	changed map[*Array]bool // arrays that the strip writes
	copies  bool            // it writes several arrays of the caller, one of which may be what it reads
	doms    int32
	small   bool // at most 16 positions
}

// operand is a strip of values, or one for all positions.
type operand struct {
	slot  int32 // a slot, or firstValue + a value
	size  uint8 // bytes of an element, 0 when uniform
	array *Array
}

func (o operand) uniform() bool { return o.size == 0 }

// value is a strip on its way to memory.
type value struct {
	last  int       // the instruction that mentions it last
	under []operand // what it may show instead of a temporary of its own
	ref   bool
	temp  int32 // -1: none yet
}

// firstValue separates values, which get a slot when the strip is complete, from slots.
const firstValue = 1 << 24

// armCode says where the branches of a pick are evaluated. Where the condition is no run
// of positions a branch is evaluated everywhere, but what it loads is masked.
type armCode struct {
	cond operand
	dom  [3]int32   // by operand
	mask [3]operand // by operand; size 0: the domain tells all
}

func (c *compiler) newStrip(pos *Var, body []Stmt) *stripCompiler {
	sc := &stripCompiler{
		compiler: c, pos: pos, lets: map[*Var]operand{}, place: map[*Var]Place{}, arms: map[*Val]*armCode{},
		changed: map[*Array]bool{}, doms: 1,
	}
	outputs := 0
	for _, st := range body {
		for _, a := range written(st) {
			sc.changed[a] = true
			if a.Role != ir.Local {
				outputs++
			}
		}
	}
	sc.copies = outputs > 1
	return sc
}

func (c *compiler) stripStmt(s *Strip) error {
	n := c.scalar(s.N)
	sc := c.newStrip(s.Pos, s.Body)
	sc.place = findPlaces(s.Body, sc.mayVary(s.Body))
	c.push()
	for _, st := range s.Body {
		if err := sc.stmt(st); err != nil {
			return err
		}
	}
	body := c.pop()
	sc.allocate(body)
	c.emit(instr{op: opStrip, b: n, a: int32(len(body)), c: int32(len(body))})
	c.emit(body...)
	c.code.doms = max(c.code.doms, int(sc.doms))
	return nil
}

// written returns the arrays that a strip statement writes.
func written(s Stmt) []*Array {
	var out []*Array
	elements := func(es []Element) {
		for _, e := range es {
			out = append(out, e.Array)
		}
	}
	switch s := s.(type) {
	case *Store:
		out = append(out, s.Array)
	case *Lanes:
		out = append(out, s.Accs...)
	case *Prefix:
		out = append(out, s.Accs...)
		elements(s.Outs)
	case *Scatter:
		elements(s.Targets)
	case *Append:
		out = append(out, s.Outs...)
	}
	return out
}

// findPlaces finds, for every name of a strip that is used, the innermost branch that all
// its uses are in: there it is evaluated.
func findPlaces(body []Stmt, varies func(*Val) bool) map[*Var]Place {
	places := map[*Var]Place{}
	var visit func(v *Val, at Place)
	visit = func(v *Val, at Place) {
		inside := func(n int) Place { return append(at[:len(at):len(at)], Arm{v, n}) }
		switch {
		case v.Kind == Use:
			if p, used := places[v.Var]; used {
				at = common(p, at)
			}
			places[v.Var] = at
			return
		case v.Kind == Pick && varies(v):
			visit(v.Args[0], at)
			visit(v.Args[1], inside(1))
			visit(v.Args[2], inside(2))
			return
		case v.Kind == Apply && v.Op == ir.OpRare && varies(v):
			visit(v.Args[0], at)
			visit(v.Args[1], at)
			visit(v.Args[2], inside(2))
			return
		}
		for _, a := range v.Args {
			visit(a, at)
		}
	}
	for _, s := range slices.Backward(body) {
		if set, ok := s.(*Set); ok {
			if at, used := places[set.Var]; used {
				visit(set.Val, at)
			}
			continue
		}
		for _, v := range operands(s) {
			visit(v, nil)
		}
	}
	return places
}

func common(a, b Place) Place {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return a[:n]
}

// varies reports whether a value differs between positions of the strip.
func (c *stripCompiler) varies(v *Val) bool {
	switch v.Kind {
	case Use:
		o, named := c.lets[v.Var]
		return v.Var == c.pos || named && !o.uniform()
	case Within, Below:
		return true
	}
	for _, a := range v.Args {
		if c.varies(a) {
			return true
		}
	}
	return false
}

func (c *stripCompiler) stmt(s Stmt) error {
	switch s := s.(type) {
	case *Set:
		return c.let(s)
	case *Store:
		return c.store(s)
	case *Lanes:
		return c.lanes(s)
	case *Prefix:
		return c.prefix(s)
	case *Scatter:
		return c.scatter(s)
	case *Append:
		return c.appendTo(s)
	}
	return fmt.Errorf("loop: %T inside a strip", s)
}

// let compiles a name at the place where it is asked for.
func (c *stripCompiler) let(s *Set) error {
	at, used := c.place[s.Var]
	if !used {
		return nil
	}
	if !c.varies(s.Val) {
		c.vars[s.Var] = c.uniform(s.Val, at)
		return nil
	}
	o := c.vector(s.Val, at)
	if o.array != nil && c.changed[o.array] { // the name keeps what was there
		o = c.spread(o, at)
	}
	c.lets[s.Var] = o
	return nil
}

// uniform returns the register of a value that all positions share. What it loads or
// checks is looked at only if a position asks for it.
func (c *stripCompiler) uniform(v *Val, at Place) int32 {
	if len(at) == 0 || !touches(v) {
		return c.scalar(v)
	}
	dom, r := c.dom(at), c.volatile()
	c.push()
	c.emit(instr{op: opMove, d: r, a: c.scalar(v)})
	code := c.pop()
	c.emit(instr{op: opUnless, d: dom, a: int32(len(code))})
	c.emit(code...)
	return r
}

// touches reports whether a value loads or checks anything.
func touches(v *Val) bool {
	found := false
	walkVal(v, func(v *Val) { found = found || v.Kind == Load || v.Kind == Check })
	return found
}

func (c *stripCompiler) newValue(size int, ref bool, under ...operand) operand {
	c.values = append(c.values, value{ref: ref, under: under, temp: -1})
	return operand{slot: firstValue + int32(len(c.values)-1), size: uint8(size)}
}

func (c *stripCompiler) newDom() int32 {
	c.doms++
	return c.doms - 1
}

// arm returns where the branches of a pick are evaluated, which stands at a place
// itself. Its condition is evaluated when a branch is asked for first.
func (c *stripCompiler) arm(v *Val, at Place) *armCode {
	x := c.arms[v]
	if x != nil {
		return x
	}
	x = &armCode{}
	c.arms[v] = x
	cond, parent := v.Args[0], c.dom(at)
	if v.Kind == Apply { // rare
		x.cond = c.vector(cond, at)
		x.dom[2] = c.newDom()
		c.emit(instr{op: opAny, d: x.dom[2], a: parent, b: x.cond.slot, size: [4]uint8{2: x.cond.size}})
		return x
	}
	if !c.varies(cond) {
		all := apply(ir.OpSelect, ir.Int64, cond, intVal(math.MaxInt32), intVal(0))
		cond = within(c.pos, intVal(0), all)
	}
	if cond.Kind == Within {
		lo, hi := c.uniform(cond.Args[1], at), c.uniform(cond.Args[2], at)
		for n, op := range []opcode{1: opInterval, 2: opOutside} {
			if n > 0 {
				x.dom[n] = c.newDom()
				c.emit(instr{op: op, d: x.dom[n], a: parent, b: lo, c: hi})
			}
		}
		return x
	}
	x.cond = c.vector(cond, at)
	outer := c.mask(at)
	for n := 1; n <= 2; n++ {
		m := x.cond
		if n == 2 {
			m = c.kern(notBool, []operand{m}, 1, at, operand{})
		}
		if outer.size > 0 {
			m = c.kern(andVV[uint8], []operand{m, outer}, 1, at, operand{})
		}
		x.mask[n], x.dom[n] = m, c.newDom()
		c.emit(instr{op: opAny, d: x.dom[n], a: parent, b: m.slot, size: [4]uint8{2: 1}})
	}
	return x
}

// dom returns the domain of a place.
func (c *stripCompiler) dom(at Place) int32 {
	if len(at) == 0 {
		return 0
	}
	last := at[len(at)-1]
	return c.arm(last.Of, at[:len(at)-1]).dom[last.N]
}

// mask returns the bools that say where a place is, of size 0 when its domain does.
func (c *stripCompiler) mask(at Place) operand {
	for i := len(at) - 1; i >= 0; i-- {
		if m := c.arm(at[i].Of, at[:i]).mask[at[i].N]; m.size > 0 {
			return m
		}
	}
	return operand{}
}

// reg returns a register as an operand.
func (c *stripCompiler) reg(r int32) operand {
	return operand{slot: c.slot(c.regSlots, slotReg, r)}
}

// slot returns the slot of a kind and number.
func (c *compiler) slot(known map[int32]int32, kind slotKind, n int32) int32 {
	s, ok := known[n]
	if !ok {
		s = c.newSlot(kind, n)
		known[n] = s
	}
	return s
}

func (c *compiler) newSlot(kind slotKind, n int32) int32 {
	c.code.slots = append(c.code.slots, slotInit{kind, n})
	return int32(len(c.code.slots) - 1)
}

// vector compiles a value for every position of the place.
func (c *stripCompiler) vector(v *Val, at Place) operand {
	if !c.varies(v) {
		return c.reg(c.uniform(v, at))
	}
	switch v.Kind {
	case Use:
		if v.Var == c.pos {
			return c.iota(intVal(0), intVal(1), at)
		}
		return c.lets[v.Var]
	case Load:
		return c.load(v, at)
	case Within:
		lo, hi := v.Args[1], v.Args[2]
		t := use(c.pos)
		return c.vector(apply(ir.OpAnd, ir.Bool, intOp(ir.OpLe, lo, t), intOp(ir.OpLt, t, hi)), at)
	case Pick:
		return c.pick(v, at)
	case Check:
		return c.check(v, at)
	case Below:
		return c.below(v, at)
	}
	if v.DType == ir.Int64 {
		if base, coef, ok := c.affine(v); ok {
			return c.iota(base, coef, at)
		}
	}
	return c.apply(v, at, operand{})
}

// affine writes an integer as base + coef*t with both the same for all positions.
func (c *stripCompiler) affine(v *Val) (base, coef *Val, ok bool) { return affine(v, c.pos, c.varies) }

// mayVary returns varies as it will be when all names of the strip are known.
func (c *stripCompiler) mayVary(body []Stmt) func(*Val) bool {
	r := &stripRules{pos: c.pos, names: map[*Var]bool{}}
	for _, s := range body {
		if set, ok := s.(*Set); ok {
			r.names[set.Var] = r.varies(set.Val)
		}
	}
	return r.varies
}

func (c *stripCompiler) iota(base, coef *Val, at Place) operand {
	d := c.newValue(8, false)
	c.emit(instr{op: opIota, d: d.slot, a: c.uniform(base, at), b: c.uniform(coef, at)})
	return d
}

// apply compiles a scalar op; into is where the result goes, a temporary when it is zero.
func (c *stripCompiler) apply(v *Val, at Place, into operand) operand {
	switch v.Op {
	case ir.OpRawBits:
		return c.vector(v.Args[0], at)
	case ir.OpRare:
		return c.rare(v, at)
	}
	if v.Op == ir.OpCast && sameBits(v.DType, v.Args[0].DType) {
		return c.vector(v.Args[0], at)
	}
	if x, dist, k := c.scanStep(v); k != nil {
		o := c.vector(x, at)
		if o.uniform() {
			o.size = uint8(v.DType.Size())
			o = c.fill(o, at)
		}
		return c.kern(k, []operand{o, c.reg(c.constant(ir.Int64, uint64(dist)))}, uint8(v.DType.Size()), nil, into)
	}
	k, vals := c.kerns(v.Op, v.DType, v.Args[len(v.Args)-1].DType), v.Args
	if sum := c.mulAdd(v); sum != nil {
		k, vals = mulAdds[v.DType], sum
	}
	args := make([]operand, len(vals))
	for i, a := range vals {
		args[i] = c.vector(a, at)
	}
	if v.Op == ir.OpLookup {
		c.code.tables = append(c.code.tables, c.table(v.Table))
		args = append(args, operand{slot: c.newSlot(slotTable, int32(len(c.code.tables)-1))})
		return c.kern(k[vvv], args, uint8(v.DType.Size()), at, into)
	}
	want := uniformSet(args)
	if k[want] == nil && (commutes[v.Op] || len(args) == 3 && len(v.Args) == 2) {
		args[0], args[1] = args[1], args[0]
		if want = uniformSet(args); k[want] == nil {
			args[0], args[1] = args[1], args[0]
		}
	}
	if want = uniformSet(args); k[want] == nil {
		for i, a := range args {
			if a.uniform() {
				a.size = uint8(vals[i].DType.Size()) // operands that trade places are of one dtype
				args[i] = c.fill(a, at)
			}
		}
		want = vvv
	}
	return c.kern(k[want], args, uint8(v.DType.Size()), at, into)
}

// scanStep returns the operand of a step of a scan and the kern for it, nil when v is none:
// select((t & d) != 0, merge(below(x, d), x), x).
func (c *stripCompiler) scanStep(v *Val) (x *Val, dist int, k kern) {
	if v.Op != ir.OpSelect || v.Args[1].Kind != Apply || len(v.Args[1].Args) != 2 {
		return nil, 0, nil
	}
	merge := v.Args[1]
	before := merge.Args[0]
	if before.Kind != Below || before.Args[0].Kind != Use || !same(before.Args[0], v.Args[2]) || !same(merge.Args[1], v.Args[2]) {
		return nil, 0, nil
	}
	upper := intOp(ir.OpNe, intOp(ir.OpAnd, use(c.pos), intVal(int64(before.N))), intVal(0))
	if !same(v.Args[0], upper) {
		return nil, 0, nil
	}
	return v.Args[2], before.N, scanSteps[opKey{merge.Op, v.DType, v.DType}]
}

// mulAdd returns the factors and the addend of a sum with a product that nothing else
// uses, nil when v is none.
func (c *stripCompiler) mulAdd(v *Val) []*Val {
	if v.Op != ir.OpAdd {
		return nil
	}
	for i, p := range v.Args {
		if p.Kind == Apply && p.Op == ir.OpMul && c.varies(p) {
			return []*Val{p.Args[0], p.Args[1], v.Args[1-i]}
		}
	}
	return nil
}

// sameBits reports whether a cast leaves an element's bits as they are.
func sameBits(a, b ir.DType) bool { return a.IsInteger() && b.IsInteger() && a.Size() == b.Size() }

func uniformSet(args []operand) form {
	var s form
	for i, a := range args {
		if a.uniform() {
			s |= 1 << i
		}
	}
	return s
}

// kern emits a kern.
func (c *stripCompiler) kern(fn kern, args []operand, size uint8, at Place, into operand) operand {
	if into.size == 0 {
		into = c.newValue(int(size), false)
	}
	in := instr{op: opKern, fn: fn, dom: c.dom(at), d: into.slot, size: [4]uint8{into.size}}
	for i, p := range []*int32{&in.a, &in.b, &in.c} {
		if i < len(args) {
			*p, in.size[i+1] = args[i].slot, args[i].size
		}
	}
	c.emit(in)
	return into
}

// fill spreads one element, given its size, over a strip.
func (c *stripCompiler) fill(o operand, at Place) operand {
	size := o.size
	o.size = 0
	return c.kern(fillOf(int(size)), []operand{o}, size, at, operand{})
}

// spread copies a strip.
func (c *stripCompiler) spread(o operand, at Place) operand {
	return c.kern(copyOf(int(o.size)), []operand{o}, o.size, at, operand{})
}

// full returns a value as a strip, spread when it is uniform.
func (c *stripCompiler) full(v *Val) operand {
	o := c.vector(v, nil)
	if o.uniform() {
		o.size = uint8(v.DType.Size())
		o = c.fill(o, nil)
	}
	return o
}
