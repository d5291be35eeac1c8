package x86

import (
	"slices"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower/loop"
	"github.com/numen-go/numen/lower/x86/asm"
)

// facts is what is known of a strip before code is written.
type facts struct {
	pos       *loop.Var
	body      []loop.Stmt
	one       bool // one position, which is 0
	lanes     int
	moves     map[*loop.Var]bool // names of the strip; true: differs between positions
	values    map[*loop.Var]*loop.Val
	places    map[*loop.Var]loop.Place
	changed   map[*loop.Array]bool // arrays that the strip writes
	late      map[*loop.Var]bool   // names that are computed on entering the branch that asks for them
	small     bool                 // of few ops
	unroll    int                  // groups an iteration of the main loop
	widest    int                  // members side by side, at most and at least
	narrowest int
	cost      int // of a position, in quarters of a nanosecond
}

func (e *emitter) stripFacts(pos *loop.Var, body []loop.Stmt, one bool) facts {
	f := facts{
		pos: pos, body: body, one: one && plain(body), moves: map[*loop.Var]bool{}, values: map[*loop.Var]*loop.Val{},
		changed: map[*loop.Array]bool{}, late: map[*loop.Var]bool{}, unroll: 1,
	}
	for _, st := range body {
		if set, ok := st.(*loop.Set); ok {
			f.moves[set.Var] = f.varies(set.Val)
			f.values[set.Var] = set.Val
		}
		for _, a := range loop.Written(st) {
			f.changed[a] = true
		}
	}
	f.places = loop.Places(body, f.varies)
	f.findLate()
	f.lanes = e.lanesFor(&f)
	f.measure(e)
	return f
}

// plain reports whether statements are names and stores alone.
func plain(body []loop.Stmt) bool {
	for _, st := range body {
		switch st.(type) {
		case *loop.Set, *loop.Store:
		default:
			return false
		}
	}
	return true
}

// varies reports whether a value differs between positions of the strip. It keeps a list
// of what is left to look at: chains of ops are long, and Go's profiler takes no stack as
// deep as they are.
func (f *facts) varies(v *loop.Val) bool {
	if f.one {
		return false
	}
	var room [32]*loop.Val
	for left := append(room[:0], v); len(left) > 0; {
		v := left[len(left)-1]
		left = left[:len(left)-1]
		switch v.Kind {
		case loop.Use:
			if v.Var == f.pos || f.moves[v.Var] {
				return true
			}
		case loop.Within, loop.Below:
			return true
		}
		left = append(left, v.Args...)
	}
	return false
}

// touches reports whether a value loads or checks anything.
func touches(v *loop.Val) bool {
	return loop.Any(v, func(v *loop.Val) bool { return v.Kind == loop.Load || v.Kind == loop.Check })
}

// readsChanged reports whether a value loads what the strip writes.
func (f *facts) readsChanged(v *loop.Val) bool {
	return loop.Any(v, func(v *loop.Val) bool { return v.Kind == loop.Load && f.changed[v.Array] })
}

// looksFirst reports whether integers that all positions share look at memory: their code
// runs ahead of the strip's, which may have no positions.
func (f *facts) looksFirst() bool {
	for _, st := range f.body {
		for _, v := range loop.Operands(st) {
			if loop.Any(v, func(v *loop.Val) bool {
				return (v.Kind == loop.Load || v.Kind == loop.Check) && (v.DType == ir.Int64 || v.DType == ir.Bool) && !f.varies(v)
			}) {
				return true
			}
		}
	}
	return false
}

// findLate finds the names that can wait until the branch that asks for them is entered:
// no statement in between writes what they read, and no name that cannot wait reads them.
func (f *facts) findLate() {
	needed := map[*loop.Var]bool{}
	for i, st := range slices.Backward(f.body) {
		set, ok := st.(*loop.Set)
		if !ok {
			continue
		}
		if len(f.places[set.Var]) > 0 {
			f.late[set.Var] = !needed[set.Var] && f.canWait(i, set)
		}
		if !f.late[set.Var] {
			loop.Any(set.Val, func(v *loop.Val) bool {
				if v.Kind == loop.Use {
					needed[v.Var] = true
				}
				return false
			})
		}
	}
}

// canWait reports whether no statement from number i on, that of a name, but the last one
// writes what the name may read.
func (f *facts) canWait(i int, set *loop.Set) bool {
	written := slices.ContainsFunc(f.body[i:max(i, len(f.body)-1)], func(st loop.Stmt) bool {
		_, name := st.(*loop.Set)
		return !name
	})
	return !written || !touches(set.Val)
}

// lanesFor returns the positions of a vector: fewer when a vector of the strip is of
// 64-bit elements, or when elements are read or written one by one, by their addresses.
func (e *emitter) lanesFor(f *facts) int {
	wide := false
	var visit func(v *loop.Val)
	visit = func(v *loop.Val) {
		if wide || v.Kind == loop.Use && f.values[v.Var] != nil {
			return
		}
		switch {
		case v.Kind == loop.Load:
			wide = wide || v.DType.Size() == 8
			wide = wide || f.varies(v) && !e.contiguous(f, v.Array, v.Args) && !f.perGroup(v) || slices.ContainsFunc(v.Args, touches)
			return
		case v.Kind == loop.Within, f.periodic(v) > 0:
			return
		case v.Kind == loop.Check:
			wide = true
			return
		}
		wide = wide || v.DType.Size() == 8
		for _, a := range v.Args {
			visit(a)
		}
	}
	for _, st := range f.body {
		switch st := st.(type) {
		case *loop.Set:
			if _, used := f.places[st.Var]; !used && !f.one {
				continue
			}
			visit(st.Val)
		case *loop.Store:
			visit(st.Val)
			if !f.one && !e.contiguous(f, st.Array, st.Index) {
				wide = true
			}
		case *loop.Lanes:
			for _, a := range st.Accs {
				wide = wide || a.DType.Size() == 8
			}
			for _, v := range st.Vals {
				visit(v)
			}
		default:
			wide = true
		}
	}
	lanes := 32 / 4
	if e.level == asm.AVX512 {
		lanes = 64 / 4
	}
	if wide {
		lanes /= 2
	}
	return lanes
}

// measure estimates the work of a strip, and how many vectors are best computed side by
// side: as many as registers hold, and more where single ones would wait for themselves.
func (f *facts) measure(e *emitter) {
	ops, hot, loads, apart := 0, 0, 0, 0
	together, lanes, rare, free := false, false, false, true
	for _, st := range f.body {
		cold := false
		if set, ok := st.(*loop.Set); ok {
			cold = slices.ContainsFunc(f.places[set.Var], func(a loop.Arm) bool { return a.Of.Kind == loop.Apply })
		}
		for _, v := range loop.Operands(st) {
			n, all := 0, 0
			loop.Any(v, func(v *loop.Val) bool {
				switch v.Kind {
				case loop.Apply, loop.Pick, loop.Check:
					all++
					free = free && v.Kind == loop.Apply
					if v.Op == ir.OpRare { // what stands in the slow way does not count
						n -= opsIn(v.Args[2])
						rare = true
					}
					n++
				case loop.Load:
					loads++
					apart += e.apart(f, v.Array, v.Args)
					free = free && (!f.varies(v) || e.contiguous(f, v.Array, v.Args))
				case loop.Below:
					all++
					n++
					together = true
				}
				return false
			})
			ops += all
			if !cold {
				hot += max(n, 0)
			}
		}
		switch st := st.(type) {
		case *loop.Set:
		case *loop.Store:
			loads++
			apart += e.apart(f, st.Array, st.Index)
		case *loop.Lanes:
			ops++
			lanes = true
			together = together || e.accumulators(st) == 1
			free = free && len(st.Accs) == 1 && st.Accs[0].DType != ir.Bool && st.At == nil && st.Combine.Exact(arrayTypes(st.Accs))
		case *loop.Scatter:
			ops += 8
			together = true
			for _, t := range st.Targets {
				apart += e.apart(f, t.Array, t.Index)
			}
		default:
			ops += 8
			together = true // values of 16 positions go through memory
		}
	}
	const few, many = 60, 100
	const brief = 6  // ops up to which hardly anything waits
	const waits = 16 // ops from which on one vector waits for itself
	f.cost = max(1, (ops+loads)*4/f.lanes) + apart
	f.small = ops <= few
	members := groupSize / f.lanes
	f.widest, f.narrowest = members, 1
	switch {
	case f.one:
		f.widest = 1
	case together:
		f.narrowest = members
	case ops > few && e.level == asm.AVX2 && rare && hot < many:
		f.widest = 1
	case ops > few:
		if members == 1 && !lanes {
			f.unroll = 2
		}
		f.widest = min(members*f.unroll, 2)
		f.narrowest = f.widest
	case ops > waits && members == 1 && !lanes:
		f.unroll, f.widest = 2, 2
	case lanes && free && ops <= few: // one step takes as long as several side by side
		f.unroll = 4 / members
		f.widest = 4
	case ops <= brief && !lanes: // loads and stores had better take turns
		if ops+loads <= 4 && members <= 2 {
			f.unroll = 2
		}
		f.widest = 1
	}
}

// apart returns what an access to elements that lie apart takes when each is in memory, a
// position, in quarters of a nanosecond: the code looks up as often then.
func (e *emitter) apart(f *facts, a *loop.Array, index []*loop.Val) int {
	const stride, anywhere = 8, 32
	load := func(v *loop.Val) bool { return v.Kind == loop.Load }
	for _, v := range index {
		if _, _, ok := loop.Affine(v, f.pos, f.varies); !ok || loop.Any(v, load) {
			return anywhere
		}
	}
	if a.Role == ir.Local || !slices.ContainsFunc(index, f.varies) || e.contiguous(f, a, index) {
		return 0
	}
	return stride
}

// opsIn returns the ops of a value.
func opsIn(v *loop.Val) (n int) {
	loop.Any(v, func(v *loop.Val) bool {
		if v.Kind == loop.Apply || v.Kind == loop.Pick || v.Kind == loop.Check {
			n++
		}
		return false
	})
	return n
}

// periodic returns the number c when v is t & c != 0 with c below the size of a group,
// else 0: a mask that is the same for all groups.
func (f *facts) periodic(v *loop.Val) int {
	if f.one || v.Kind != loop.Apply || v.Op != ir.OpNe || v.Args[0].Kind != loop.Apply || v.Args[0].Op != ir.OpAnd {
		return 0
	}
	zero, ok := v.Args[1].Number()
	c, isConst := v.Args[0].Args[1].Number()
	if t := v.Args[0].Args[0]; !ok || zero != 0 || !isConst || c <= 0 || c >= groupSize || t.Kind != loop.Use || t.Var != f.pos {
		return 0
	}
	return int(c)
}

// perGroup reports whether a load is of element t >> 4: one for a group.
func (f *facts) perGroup(v *loop.Val) bool {
	i := len(v.Args) - 1
	if i < 0 || slices.ContainsFunc(v.Args[:i], f.varies) {
		return false
	}
	x := v.Args[i]
	if x.Kind != loop.Apply || x.Op != ir.OpShr || x.Args[0].Kind != loop.Use || x.Args[0].Var != f.pos {
		return false
	}
	n, ok := x.Args[1].Number()
	return ok && n == 4
}
