package ptx

import (
	"slices"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
	"github.com/numen-go/numen/lower/loop"
)

// block writes statements. Scratch memory that they declare is free again at their end.
func (e *emitter) block(body []loop.Stmt) {
	for _, s := range body {
		if e.measures == nil || e.measures[s] {
			e.stmt(s)
		}
	}
}

// inner writes the body of a loop or a branch.
func (e *emitter) inner(body []loop.Stmt) {
	if !slices.ContainsFunc(body, func(s loop.Stmt) bool { _, ok := s.(*loop.Local); return ok }) {
		e.block(body)
		return
	}
	top := e.copy(ir.Int64, e.top)
	e.block(body)
	e.f("mov.u64 %s, %s", e.top, top)
}

func (e *emitter) stmt(s loop.Stmt) {
	switch s := s.(type) {
	case *loop.For:
		if t := staging(s); t != nil && e.team != nil && e.measures == nil {
			body := s.Body[:len(s.Body)-1]
			e.tile(t, func(steps func()) { e.ascending(s, func() { e.inner(body); steps() }) })
			return
		}
		e.ascending(s, func() { e.inner(s.Body) })
	case *loop.While:
		next, end := e.label(), e.label()
		e.mark(next)
		if e.team == nil {
			e.poll()
		}
		cond := e.inRegister(ir.Bool, e.val(s.Cond))
		e.read(s.Cond)
		e.f("@!%s bra %s", cond, end)
		e.inner(s.Body)
		e.f("bra %s", next)
		e.mark(end)
	case *loop.If:
		other, end := e.label(), e.label()
		cond := e.inRegister(ir.Bool, e.val(s.Cond))
		e.read(s.Cond)
		e.f("@!%s bra %s", cond, other)
		e.inner(s.Then)
		if len(s.Else) > 0 {
			e.f("bra %s", end)
		}
		e.mark(other)
		if len(s.Else) > 0 {
			e.inner(s.Else)
			e.mark(end)
		}
	case *loop.Return:
		e.f("bra %s", e.done)
	case *loop.Local:
		e.local(s)
	case *loop.NonEmpty:
		ok := e.label()
		e.f("@%s bra %s", e.one(ir.Bool, "setp.gt.s64", e.inRegister(ir.Int64, e.val(s.N)), "0"), ok)
		e.stop(StatusEmpty, "0", "0")
		e.mark(ok)
	case *loop.Set:
		e.set(s)
	case *loop.Store:
		e.only(func() { e.storeAt(loop.Element{Array: s.Array, Index: s.Index}, e.val(s.Val)) })
	case *loop.Strip:
		e.stripLoop(s)
	case *loop.Fold:
		e.fold(s)
	case *loop.Tile:
		e.tile(s, func(steps func()) { steps() })
	default:
		panic(unexpected(s))
	}
}

// ascending writes a loop around what body writes.
func (e *emitter) ascending(s *loop.For, body func()) {
	lo, hi, step := e.val(s.Lo), e.val(s.Hi), e.val(s.Step)
	e.read(s.Lo, s.Hi, s.Step)
	v := e.copy(ir.Int64, lo)
	e.vars[s.Var] = v
	e.ascend(v, hi, step, func() {
		e.pollLoop(s, v, lo)
		body()
	})
}

// set assigns a variable, which has one register for all its life.
func (e *emitter) set(s *loop.Set) {
	v := e.val(s.Val)
	e.read(s.Val)
	r, ok := e.vars[s.Var]
	if !ok {
		r = e.of(s.Var.DType)
		e.vars[s.Var] = r
	}
	e.f("%s %s, %s", moveOf(s.Var.DType), r, v)
}

func (e *emitter) storeAt(to loop.Element, v string) {
	a := e.array(to.Array)
	at := e.address(to.Array, a, to.Index)
	e.store(to.Array.DType, a.space, at, e.inRegister(to.Array.DType, v))
}

// address returns the address of an element.
func (e *emitter) address(a *loop.Array, x *array, index []*loop.Val) string {
	return e.addressOf(a, x, e.vals(index))
}

func (e *emitter) addressOf(a *loop.Array, x *array, index []string) string {
	at := "0"
	for d, i := range index {
		switch {
		case i == "0":
		case x.strides[d] == "1" && at == "0":
			at = i
		case at == "0":
			at = e.one(ir.Int64, "mul.lo.s64", i, x.strides[d])
		case x.strides[d] == "1":
			at = e.one(ir.Int64, "add.s64", at, i)
		default:
			at = e.one(ir.Int64, "mad.lo.s64", i, x.strides[d], at)
		}
	}
	if at == "0" {
		return x.base
	}
	return e.one(ir.Int64, "mad.lo.s64", e.inRegister(ir.Int64, at), sizeOf(a.DType), x.base)
}

func sizeOf(d ir.DType) string { return string(rune('0' + d.Size())) }

func (e *emitter) vals(vs []*loop.Val) []string {
	out := make([]string, len(vs))
	for i, v := range vs {
		out[i] = e.val(v)
	}
	return out
}

// states reads the states at one position of arrays.
func (e *emitter) states(accs []*loop.Array, at []string) []string {
	out := make([]string, len(accs))
	for i, a := range accs {
		out[i] = e.of(a.DType)
		e.load(out[i], a.DType, e.array(a).space, at[i])
	}
	return out
}

// lane returns the addresses of a position of arrays of rank 1.
func (e *emitter) lane(accs []*loop.Array, lane string) []string {
	out := make([]string, len(accs))
	for i, a := range accs {
		out[i] = e.addressOf(a, e.array(a), []string{lane})
	}
	return out
}

func (e *emitter) put(accs []*loop.Array, at, vals []string) {
	for i, a := range accs {
		e.store(a.DType, e.array(a).space, at[i], e.inRegister(a.DType, vals[i]))
	}
}

// combine writes a combine's Step or Merge of values in registers.
func (e *emitter) combine(f func(b *ir.Builder, left, right []*ir.Expr) []*ir.Expr, left []string, lefts []ir.DType, right []string, rights []ir.DType) []string {
	bind := func(regs []string, ds []ir.DType) []*loop.Val {
		out := make([]*loop.Val, len(regs))
		for i, r := range regs {
			v := &loop.Var{Name: "s", DType: ds[i]}
			e.vars[v] = r
			out[i] = loop.UseOf(v)
		}
		return out
	}
	names, outs := loop.Combined(f, bind(left, lefts), bind(right, rights), Keep)
	for _, s := range names {
		e.vars[s.Var] = e.inRegister(s.Var.DType, e.val(s.Val))
	}
	return e.vals(outs)
}

func dtypes(accs []*loop.Array) []ir.DType {
	out := make([]ir.DType, len(accs))
	for i, a := range accs {
		out[i] = a.DType
	}
	return out
}

func valTypes(vals []*loop.Val) []ir.DType {
	out := make([]ir.DType, len(vals))
	for i, v := range vals {
		out[i] = v.DType
	}
	return out
}

// fold merges lanes into lane 0.
func (e *emitter) fold(s *loop.Fold) {
	d := dtypes(s.Accs)
	lanes := e.array(s.Accs[0]).extents[0]
	if lanes == "1" {
		return
	}
	if e.team != nil {
		e.foldTeam(s)
		return
	}
	h := e.one(ir.Int64, "shr.s64", e.copy(ir.Int64, lanes), "1")
	next, end := e.label(), e.label()
	e.mark(next)
	e.f("@%s bra %s", e.one(ir.Bool, "setp.le.s64", h, "0"), end)
	e.count(h, func(l string) {
		left, right := e.lane(s.Accs, l), e.lane(s.Accs, e.one(ir.Int64, "add.s64", l, h))
		e.put(s.Accs, left, e.combine(s.Combine.Merge, e.states(s.Accs, left), d, e.states(s.Accs, right), d))
	})
	e.f("shr.s64 %s, %s, 1", h, h)
	e.f("bra %s", next)
	e.mark(end)
}

// lanes combines one position into its lane.
func (e *emitter) lanes(s *loop.Lanes, t string) {
	vals := e.vals(s.Vals)
	lane := "0"
	if n := e.array(s.Accs[0]).extents[0]; n != "1" {
		lane = t
		if s.At != nil {
			lane = e.one(ir.Int64, "add.s64", e.val(s.At), t)
		}
		lane = e.one(ir.Int64, "and.b64", lane, e.one(ir.Int64, "sub.s64", n, "1"))
	}
	at := e.lane(s.Accs, lane)
	e.put(s.Accs, at, e.combine(s.Combine.Step, e.states(s.Accs, at), dtypes(s.Accs), vals, valTypes(s.Vals)))
}

// prefix writes the states before one position, and merges its values.
func (e *emitter) prefix(s *loop.Prefix) {
	vals := e.vals(s.Vals)
	at := e.lane(s.Accs, "0")
	states := e.states(s.Accs, at)
	for i, out := range s.Outs {
		e.storeAt(out, states[i])
	}
	e.put(s.Accs, at, e.combine(s.Combine.Merge, states, dtypes(s.Accs), vals, valTypes(s.Vals)))
}

// scatter combines one position's values into elements, unless a position is outside.
func (e *emitter) scatter(s *loop.Scatter) {
	drop := e.label()
	var accs []*loop.Array
	var at []string
	for _, x := range s.Targets {
		a := e.array(x.Array)
		index := e.vals(x.Index)
		for d, i := range index {
			i = e.inRegister(ir.Int64, i)
			e.f("@%s bra %s", e.one(ir.Bool, "setp.lt.s64", i, "0"), drop)
			e.f("@%s bra %s", e.one(ir.Bool, "setp.ge.s64", i, a.extents[d]), drop)
		}
		accs, at = append(accs, x.Array), append(at, e.addressOf(x.Array, a, index))
	}
	vals := e.vals(s.Vals)
	e.put(accs, at, e.combine(s.Combine.Step, e.states(accs, at), dtypes(accs), vals, valTypes(s.Vals)))
	e.mark(drop)
}

// appendTo writes one position's values at the end of arrays where the condition holds.
func (e *emitter) appendTo(s *loop.Append) {
	skip := e.label()
	e.f("@!%s bra %s", e.inRegister(ir.Bool, e.val(s.Cond)), skip)
	n := e.variable(s.Count)
	for i, a := range s.Outs {
		x := e.array(a)
		room := e.label()
		e.f("@%s bra %s", e.one(ir.Bool, "setp.lt.s64", n, x.extents[0]), room)
		e.stop(StatusFull, "0", "0")
		e.mark(room)
		e.store(a.DType, x.space, e.addressOf(a, x, []string{n}), e.inRegister(a.DType, e.val(s.Vals[i])))
	}
	e.f("add.s64 %s, %s, 1", n, n)
	e.mark(skip)
}

// needed returns the statements that tell how much scratch memory others declare:
// declarations, and what their extents and the loops around them come from.
func needed(body []loop.Stmt) map[loop.Stmt]bool {
	keep := map[loop.Stmt]bool{}
	vars := map[*loop.Var]bool{}
	want := func(vals ...*loop.Val) {
		for _, v := range vals {
			loop.Any(v, func(v *loop.Val) bool {
				if v.Kind == loop.Load || v.Kind == loop.Check {
					panic(declined(lower.WhyFootprint, "the extents of a local depend on data"))
				}
				if v.Kind == loop.Use {
					vars[v.Var] = true
				}
				return false
			})
		}
	}
	var visit func(body []loop.Stmt) bool
	visit = func(body []loop.Stmt) bool {
		any := false
		for _, s := range body {
			switch s := s.(type) {
			case *loop.Local:
				keep[s] = true
				want(s.Extents...)
			case *loop.Set:
				if vars[s.Var] {
					keep[s] = true
					want(s.Val)
				}
			case *loop.Return:
				keep[s] = true
			case *loop.For:
				if visit(s.Body) {
					keep[s] = true
					want(s.Lo, s.Hi, s.Step)
				}
			case *loop.While:
				if visit(s.Body) {
					keep[s] = true
					want(s.Cond)
				}
			case *loop.If:
				then, other := visit(s.Then), visit(s.Else)
				if then || other {
					keep[s] = true
					want(s.Cond)
				}
			}
			any = any || keep[s]
		}
		return any
	}
	for n := -1; n != len(vars)+len(keep); {
		n = len(vars) + len(keep)
		visit(body)
	}
	return keep
}

// assigned reports whether statements assign a variable outside of strips.
func assigned(body []loop.Stmt, v *loop.Var) bool {
	found := false
	for _, s := range body {
		eachAssigned(s, func(x *loop.Var) { found = found || x == v })
	}
	return found
}

func sortVars(vars []*loop.Var, m *Module) {
	slices.SortFunc(vars, func(a, b *loop.Var) int { return m.vars[a] - m.vars[b] })
}
