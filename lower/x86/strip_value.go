package x86

import (
	"slices"

	"encoding/binary"
	"fmt"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower/loop"
	"github.com/numen-go/numen/lower/x86/asm"
)

// let computes a name at the place where it is asked for.
func (s *strip) let(set *loop.Set) {
	at, used := s.places[set.Var]
	if !used || s.late[set.Var] {
		return
	}
	s.enter(at, nil, func() { s.name(set.Var, at) })
}

func (s *strip) name(v *loop.Var, at loop.Place) { s.lets[v] = s.value(s.values[v], at) }

// value computes a value for the members at hand, where a place is asked for.
func (s *strip) value(v *loop.Val, at loop.Place) value {
	if !s.varies(v) {
		return s.shared(v, at)
	}
	switch v.Kind {
	case loop.Use:
		if v.Var == s.pos {
			return s.iota(ir.Int64)
		}
		if s.alone && s.lets[v.Var] == nil {
			s.name(v.Var, at)
		}
		return s.lets[v.Var]
	case loop.Load:
		return s.loadAt(v, at)
	case loop.Within:
		return s.within(v)
	case loop.Pick:
		return s.pick(v, at)
	case loop.Check:
		return s.check(v, at)
	case loop.Below:
		return s.below(s.value(v.Args[0], at), v.DType, v.N)
	}
	if c := s.periodic(v); c > 0 {
		return s.pattern(c)
	}
	if v.DType == ir.Int64 {
		if base, coef, ok := loop.Affine(v, s.pos, s.varies); ok {
			return s.affine(base, coef, at)
		}
	}
	return s.apply(v, at)
}

// apply computes a scalar op.
func (s *strip) apply(v *loop.Val, at loop.Place) value {
	if v.Op == ir.OpRare {
		return s.rare(v, at)
	}
	args := make([]value, len(v.Args))
	for i, a := range v.Args {
		args[i] = s.value(a, at)
	}
	if v.Op == ir.OpQuo && v.DType.Size() <= 4 && !s.varies(v.Args[1]) && !s.inPlace(v.Args[1], at) {
		return s.quoBy(v, args[0], args[1])
	}
	if v.Op == ir.OpLookup {
		args = append(args, value{s.table(v.Table)})
	}
	return s.op(v.Op, v.DType, v.Args[len(v.Args)-1].DType, args...)
}

// op computes a scalar op of values; arg is the dtype of the last one.
func (s *strip) op(op *ir.Op, out, arg ir.DType, args ...value) value {
	emit := opFor(s.level, op, out, arg)
	if emit == nil {
		s.fail(fmt.Errorf("x86: no instruction for %s of %s", op, arg))
		return value{s.constant(out, 0)}
	}
	n := 1
	for _, a := range args {
		n = max(n, len(a))
	}
	result := make(value, n)
	for u := range result {
		operands := make([]operand, len(args))
		for i, a := range args {
			operands[i] = a.of(u)
		}
		result[u] = register(out, emit(s, out, operands))
	}
	return result
}

// shared computes a value that all positions share, ahead of the loops unless a position
// must ask for it first.
func (s *strip) shared(v *loop.Val, at loop.Place) value {
	switch {
	case v.Kind == loop.Const:
		return value{s.fixedLiteral(v, at)}
	case s.one && v.Kind == loop.Use && v.Var == s.pos:
		return value{s.constant(ir.Int64, 0)}
	case s.inPlace(v, at):
		return s.here(v, at)
	}
	if x, ok := s.hoisted[v]; ok {
		return x
	}
	var x value
	s.hoist(func() { x = s.here(v, nil) })
	s.hoisted[v] = x
	return x
}

// inPlace reports whether a value that all positions share must be computed where it
// stands: it reads what the strip writes, or is looked at only if a position asks for it.
func (s *strip) inPlace(v *loop.Val, at loop.Place) bool {
	if len(at) > 0 && touches(v) || s.readsChanged(v) {
		return true
	}
	return loop.Any(v, func(v *loop.Val) bool { return v.Kind == loop.Use && s.values[v.Var] != nil && s.ofName(v.Var).inPlace })
}

// nameFacts is what is known of a name that all positions share.
type nameFacts struct {
	inPlace bool
	integer bool
	size    int // parts of its value, when it is written without names
}

func (s *strip) ofName(v *loop.Var) *nameFacts {
	x := s.known[v]
	if x == nil {
		val, at := s.values[v], s.places[v]
		x = &nameFacts{inPlace: s.inPlace(val, at), integer: s.isInteger(val, at)}
		loop.Any(val, func(u *loop.Val) bool {
			x.size++
			if u.Kind == loop.Use && s.values[u.Var] != nil {
				x.size += s.ofName(u.Var).size
			}
			return false
		})
		s.known[v] = x
	}
	return x
}

// here computes a value that all positions share where it stands.
func (s *strip) here(v *loop.Val, at loop.Place) value {
	d := v.DType
	if s.isInteger(v, at) {
		return value{register(d, s.broadcast(d, s.slot(s.plain(v))))}
	}
	switch v.Kind {
	case loop.Const:
		return value{s.constant(d, v.Bits)}
	case loop.Use:
		if x := s.values[v.Var]; x != nil {
			if s.inPlace(v, nil) {
				return s.lets[v.Var]
			}
			return s.shared(x, nil)
		}
		return value{register(d, s.broadcast(d, s.varWord(v.Var)))}
	case loop.Load:
		return value{register(d, s.broadcast(d, s.element(v.Array, v.Args, at)))}
	case loop.Pick:
		return s.pick(v, at)
	case loop.Check:
		return s.check(v, at)
	case loop.Below: // of one position
		return s.value(v.Args[0], at)
	case loop.Within:
		t := loop.Int(0)
		return s.here(loop.ApplyOp(ir.OpAnd, ir.Bool, loop.ApplyOp(ir.OpLe, ir.Bool, v.Args[1], t), loop.ApplyOp(ir.OpLt, ir.Bool, t, v.Args[2])), at)
	}
	return s.apply(v, at)
}

// isInteger reports whether integer code computes a value: one of integers and conditions
// on them, and of loads of what nothing in the strip writes.
func (s *strip) isInteger(v *loop.Val, at loop.Place) bool {
	if v.DType != ir.Int64 && v.DType != ir.Bool {
		return false
	}
	switch v.Kind {
	case loop.Within, loop.Below:
		return false
	case loop.Load, loop.Check:
		if len(at) > 0 || v.Kind == loop.Load && s.changed[v.Array] {
			return false
		}
	case loop.Use:
		if s.values[v.Var] != nil {
			const most = 100 // integer code gets names written out
			x := s.ofName(v.Var)
			return x.integer && x.size < most
		}
		return !s.moves[v.Var]
	case loop.Apply:
		if !intOps[v.Op] {
			return false
		}
		if isWidened(v) {
			a := v.Args[0]
			return len(at) == 0 && !s.changed[a.Array] && !slices.ContainsFunc(a.Args, func(x *loop.Val) bool { return !s.isInteger(x, at) })
		}
	}
	for _, a := range v.Args {
		if !s.isInteger(a, at) {
			return false
		}
	}
	return true
}

// plain writes an integer that all positions share without the names of the strip.
func (s *strip) plain(v *loop.Val) *loop.Val {
	if v.Kind == loop.Use {
		if s.one && v.Var == s.pos {
			return loop.Int(0)
		}
		if x := s.values[v.Var]; x != nil {
			return s.plain(x)
		}
		return v
	}
	if len(v.Args) == 0 {
		return v
	}
	w := *v
	w.Args = make([]*loop.Val, len(v.Args))
	for i, a := range v.Args {
		w.Args[i] = s.plain(a)
	}
	return &w
}

// affine computes base + coef*t.
func (s *strip) affine(base, coef *loop.Val, at loop.Place) value {
	x := s.iota(ir.Int64)
	if n, ok := coef.Number(); !ok || n != 1 {
		x = s.op(ir.OpMul, ir.Int64, ir.Int64, x, s.shared(coef, at))
	}
	if n, ok := base.Number(); !ok || n != 0 {
		x = s.op(ir.OpAdd, ir.Int64, ir.Int64, x, s.shared(base, at))
	}
	return x
}

// iota computes the positions, as 64-bit or 32-bit integers.
func (s *strip) iota(d ir.DType) value {
	x := make(value, s.members)
	if s.t == asm.NoReg {
		for u := range x {
			x[u] = s.vector(d, func(i int) uint64 { return uint64((s.first+u)*s.lanes + i) })
		}
		return x
	}
	t, ok := s.iotas[d]
	if !ok {
		s.hoist(func() { t = s.own(s.vector(d, func(i int) uint64 { return uint64(i) })) })
		s.iotas[d] = t
		s.advance = append(s.advance, func(group int) {
			s.into(t, d, s.op(ir.OpAdd, d, d, value{register(d, t)}, value{s.constant(d, uint64(group))}).of(0).arg.Reg)
		})
	}
	for u := range x {
		x[u] = register(d, t)
		if k := s.first + u; k > 0 {
			x[u] = s.op(ir.OpAdd, d, d, value{x[u]}, value{s.constant(d, uint64(k*s.lanes))})[0]
		}
	}
	return x
}

// vector returns a literal that differs between the positions of a vector.
func (s *strip) vector(d ir.DType, f func(i int) uint64) operand {
	var data []byte
	for i := range s.lanes {
		data = binary.LittleEndian.AppendUint64(data, f(i))[:(i+1)*lane(d)]
	}
	r := s.b.New(asm.Vec)
	s.b.Op(move[lane(d)/8], s.width(d), asm.R(r), s.pool.Add(data))
	return register(d, r)
}

// pattern computes t & c != 0, which is the same for all groups.
func (s *strip) pattern(c int) value {
	x := make(value, s.members)
	for u := range x {
		on := func(i int) bool { return ((s.first+u)*s.lanes+i)&c != 0 }
		var data []byte
		if s.wide() {
			bits := 0
			for i := range s.lanes {
				if on(i) {
					bits |= 1 << i
				}
			}
			data = binary.LittleEndian.AppendUint16(nil, uint16(bits))
		} else {
			for i := range s.lanes {
				b := byte(0)
				if on(i) {
					b = 0xff
				}
				for range s.maskBytes() {
					data = append(data, b)
				}
			}
		}
		x[u] = operand{ir.Bool, s.pool.Add(data)}
	}
	return x
}

// own returns a register with an operand that nothing else names.
func (s *strip) own(o operand) asm.Reg {
	if o.arg.Kind != asm.Register {
		return s.load(o)
	}
	r := s.b.New(o.arg.Reg.Class())
	s.copy(r, o.arg.Reg, o.d)
	return r
}

// copy appends a move between registers.
func (s *strip) copy(to, from asm.Reg, d ir.DType) {
	switch {
	case to.Class() == asm.Mask:
		s.b.Op(asm.KMOVW, asm.W16, asm.R(to), asm.R(from))
	case d == ir.Bool:
		s.b.Op(asm.VMOVDQU, asm.W256, asm.R(to), asm.R(from))
	default:
		s.b.Op(asm.VMOVUPS, max(s.width(d), asm.W128), asm.R(to), asm.R(from))
	}
}

// into makes a register hold what the code at hand has just computed into another one,
// which nothing else names. The other one takes its name where nothing reads what the
// register held in between.
func (s *strip) into(to asm.Reg, d ir.DType, from asm.Reg) {
	const near = 32
	first := -1
	for i := len(s.b.Insts) - 1; i >= 0 && i >= len(s.b.Insts)-near; i-- {
		in := &s.b.Insts[i]
		if in.Op == asm.LABEL {
			break
		}
		if mentions(in, from) {
			first = i
		}
	}
	if first < 0 || first > 0 && first == len(s.b.Insts)-near {
		s.copy(to, from, d)
		return
	}
	for i := range s.b.Insts[first+1:] {
		if mentions(&s.b.Insts[first+1+i], to) {
			s.copy(to, from, d)
			return
		}
	}
	if in := &s.b.Insts[first]; in.Args[0].Kind != asm.Register || in.Args[0].Reg != from {
		s.copy(to, from, d) // computed before the code at hand
		return
	}
	for i := range s.b.Insts[first:] {
		rename(&s.b.Insts[first+i], from, to)
	}
}

// mentions reports whether an instruction names a register.
func mentions(in *asm.Inst, r asm.Reg) bool {
	for _, a := range in.Args[:in.N] {
		if a.Reg == r && (a.Kind == asm.Register || a.Kind == asm.Memory) || a.Kind == asm.Memory && a.Index == r {
			return true
		}
	}
	return in.Mask == r
}

func rename(in *asm.Inst, from, to asm.Reg) {
	for i := range in.Args[:in.N] {
		if a := &in.Args[i]; a.Kind == asm.Register && a.Reg == from {
			a.Reg = to
		}
	}
	if in.Mask == from {
		in.Mask = to
	}
}

type literalKey struct {
	d    ir.DType
	bits uint64
}

// fixedLiteral returns a literal: in a register that is loaded before anything else, where
// there are loops and no branch around. Those that registers do not suffice for are read
// from memory after all: see asm.Allocate.
func (s *strip) fixedLiteral(v *loop.Val, at loop.Place) operand {
	if s.t == asm.NoReg || len(at) > 0 || v.DType == ir.Bool || s.lanes != s.facts.lanes {
		return s.constant(v.DType, v.Bits)
	}
	key := literalKey{v.DType, v.Bits}
	o, ok := s.fixed[key]
	if !ok {
		if s.fixed == nil {
			s.fixed = map[literalKey]operand{}
		}
		n := len(s.b.Insts)
		o = register(v.DType, s.reg(s.constant(v.DType, v.Bits)))
		s.fixedCode = append(s.fixedCode, s.b.Insts[n:]...)
		s.b.Insts = s.b.Insts[:n]
		s.fixed[key] = o
	}
	return o
}
