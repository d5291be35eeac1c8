package ptx

import (
	"fmt"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
	"github.com/numen-go/numen/lower/loop"
)

// val writes what computes a value, and returns its register or literal.
func (e *emitter) val(v *loop.Val) string {
	switch v.Kind {
	case loop.Const:
		return literal(v.DType, v.Bits)
	case loop.Use:
		if e.strip != nil && e.strip.group != nil {
			if slot, ok := e.strip.group.slots[v.Var]; ok {
				r := e.of(v.DType)
				e.load(r, v.DType, slot.space, e.slotAt(v.Var, e.strip.group.lane))
				return r
			}
		}
		return e.variable(v.Var)
	case loop.Extent:
		return e.array(v.Array).extents[v.N]
	case loop.Load:
		return e.loadVal(v)
	case loop.Apply:
		return e.apply(v)
	case loop.Within:
		t, lo, hi := e.val(v.Args[0]), e.val(v.Args[1]), e.val(v.Args[2])
		t = e.inRegister(ir.Int64, t)
		p := e.one(ir.Bool, "setp.ge.s64", t, lo)
		q := e.one(ir.Bool, "setp.lt.s64", t, hi)
		return e.one(ir.Bool, "and.pred", p, q)
	case loop.Pick:
		return e.branch(v.DType, e.condition(v), v.Args[1], v.Args[2])
	case loop.Check:
		return e.check(v)
	case loop.Below:
		return e.below(v)
	}
	panic(fmt.Sprintf("ptx: a value of kind %d", v.Kind))
}

// literal is a literal as an operand.
func literal(d ir.DType, bits uint64) string {
	switch {
	case d == ir.Float32:
		return fmt.Sprintf("0f%08X", uint32(bits))
	case d == ir.Float64:
		return fmt.Sprintf("0d%016X", bits)
	case d == ir.Uint64:
		return fmt.Sprintf("0x%x", bits)
	case d.Kind() == ir.KindUint:
		return fmt.Sprint(uint32(bits))
	}
	return fmt.Sprint(int64(bits))
}

// loadVal reads an element. A position that is data and outside, which is a fault of the
// run, is not read: the array may be empty.
func (e *emitter) loadVal(v *loop.Val) string {
	a := e.array(v.Array)
	r := e.of(v.DType)
	index := e.vals(v.Args)
	skip := ""
	for d, x := range v.Args {
		if !e.data(x) {
			continue
		}
		if skip == "" {
			skip = e.label()
			e.f("%s %s, %s", moveOf(v.DType), r, literal(v.DType, 0))
		}
		i := e.inRegister(ir.Int64, index[d])
		e.f("@%s bra %s", e.one(ir.Bool, "setp.lt.s64", i, "0"), skip)
		e.f("@%s bra %s", e.one(ir.Bool, "setp.ge.s64", i, a.extents[d]), skip)
	}
	e.load(r, v.DType, a.space, e.addressOf(v.Array, a, index))
	if skip != "" {
		e.mark(skip)
	}
	return r
}

// data reports whether a position may be data.
func (e *emitter) data(v *loop.Val) bool {
	return loop.Any(v, func(v *loop.Val) bool {
		return v.Kind == loop.Check || v.Kind == loop.Load || v.Kind == loop.Use && e.strip != nil && e.strip.names[v.Var]
	})
}

// branch writes a choice of which only the branch that is taken is evaluated.
func (e *emitter) branch(d ir.DType, cond string, then, other *loop.Val) string {
	r := e.of(d)
	no, end := e.label(), e.label()
	e.f("@!%s bra %s", cond, no)
	e.arm(d, r, then)
	e.f("bra %s", end)
	e.mark(no)
	e.arm(d, r, other)
	e.mark(end)
	return r
}

// arm writes a branch. Conditions that are first known in it are unknown after it.
func (e *emitter) arm(d ir.DType, r string, v *loop.Val) {
	if e.strip != nil {
		known := map[*loop.Val]string{}
		for k, p := range e.strip.arms {
			known[k] = p
		}
		defer func() { e.strip.arms = known }()
	}
	e.f("%s %s, %s", moveOf(d), r, e.val(v))
}

// check returns a position that is data: a negative one counts from the end; one outside
// is 0, and a fault of the run.
func (e *emitter) check(v *loop.Val) string {
	e.checks = true
	given := e.inRegister(ir.Int64, e.val(v.Args[0]))
	limit := e.inRegister(ir.Int64, e.val(v.Args[1]))
	p := e.copy(ir.Int64, given)
	if v.N >= 0 {
		end := e.one(ir.Int64, "add.s64", given, limit)
		p = e.one(ir.Int64, "selp.b64", end, given, e.one(ir.Bool, "setp.lt.s64", given, "0"))
	}
	ok := e.label()
	e.f("@%s bra %s", e.one(ir.Bool, "setp.lt.u64", p, limit), ok)
	if v.N < 0 {
		e.stop(StatusOutside, given, limit)
		e.mark(ok)
		return p
	}
	e.f("mov.s64 %s, 0", p)
	// The first position is reported, of the same one the first check.
	number, at := fmt.Sprint(v.N), e.inRegister(ir.Int64, e.val(v.Args[2]))
	first := e.one(ir.Bool, "setp.lt.s64", e.fault[0], "0")
	earlier := e.one(ir.Bool, "setp.lt.s64", at, e.fault[1])
	same := e.one(ir.Bool, "setp.eq.s64", at, e.fault[1])
	lower := e.one(ir.Bool, "setp.gt.s64", e.fault[0], number)
	same = e.one(ir.Bool, "and.pred", same, lower)
	earlier = e.one(ir.Bool, "or.pred", earlier, same)
	first = e.one(ir.Bool, "or.pred", first, earlier)
	e.f("@!%s bra %s", first, ok)
	for i, x := range []string{number, at, given, limit} {
		e.f("mov.s64 %s, %s", e.fault[i], x)
	}
	e.mark(ok)
	return p
}

// apply writes a scalar op.
func (e *emitter) apply(v *loop.Val) string {
	switch v.Op {
	case ir.OpRare: // rare(c, fast, slow)
		r := e.of(v.DType)
		e.f("%s %s, %s", moveOf(v.DType), r, e.val(v.Args[1]))
		fast := e.label()
		e.f("@!%s bra %s", e.condition(v), fast)
		e.arm(v.DType, r, v.Args[2])
		e.mark(fast)
		return r
	case ir.OpLookup:
		return e.lookup(v)
	}
	last := v.Args[len(v.Args)-1].DType
	w := rows[row{v.Op, last}]
	if w == nil {
		panic(declined(lower.WhyScalarOp, "%s of %s", v.Op, last))
	}
	x := make([]string, len(v.Args))
	for i, a := range v.Args {
		x[i] = e.inRegister(a.DType, e.val(a))
	}
	return w(e, v, x)
}

// lookup reads an entry of a table of 16.
func (e *emitter) lookup(v *loop.Val) string {
	index := e.inRegister(v.Args[0].DType, e.val(v.Args[0]))
	if class(v.Args[0].DType) == 'r' {
		index = e.one(ir.Int64, "cvt.u64.u32", index)
	}
	index = e.one(ir.Int64, "and.b64", index, "15")
	base := e.one(ir.Int64, "mov.u64", e.tables.of(v.Table, v.DType))
	at := e.one(ir.Int64, "mad.lo.s64", index, sizeOf(v.DType), base)
	r := e.of(v.DType)
	e.load(r, v.DType, "const", at)
	return r
}
