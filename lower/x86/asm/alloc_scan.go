package asm

import (
	"math"
	"math/bits"
)

// scan gives registers to values, instruction by instruction.
func (a *allocator) scan() error {
	n := len(a.in)
	a.free, a.used = a.allowed, [classes]uint32{}
	a.fold, a.swap, a.before = grow(a.fold, n), grow(a.swap, n), grow(a.before, n)
	a.saveAt = grow(a.saveAt, n)
	a.reloads, a.around, a.inside, a.asides = a.reloads[:0], a.around[:0], a.inside[:0], a.asides[:0]
	a.vecSlots, a.gprSlots = a.vecSlots[:0], a.gprSlots[:0]
	loops, labels, starts, ends, regions := a.loops, a.labels, a.starts, a.ends, a.regions
	for i := range int32(n) {
		for len(a.around) > 0 && a.around[len(a.around)-1].to < i {
			a.around = a.around[:len(a.around)-1]
		}
		for ; len(loops) > 0 && loops[0].from == i; loops = loops[1:] {
			a.around = append(a.around, loops[0])
		}
		if len(labels) > 0 && labels[0].at == i {
			a.rejoin(i)
			if labels[0].from >= 0 && labels[0].from < i {
				a.join(labels[0].from)
			}
			labels = labels[1:]
		}
		for ; len(starts) > 0 && starts[0].at == i; starts = starts[1:] {
			a.begin(starts[0].value, 2*i)
		}
		if err := a.instruction(i); err != nil {
			return err
		}
		for ; len(ends) > 0 && ends[0].at == i; ends = ends[1:] {
			a.release(&a.values[ends[0].value])
		}
		for ; len(regions) > 0 && regions[0].from == i; regions = regions[1:] {
			a.inside = append(a.inside, regions[0])
		}
	}
	return nil
}

// instruction gives registers to the values of one instruction.
func (a *allocator) instruction(i int32) error {
	if a.dead[i] {
		return nil
	}
	occs := a.occs[a.first[i]:a.first[i+1]]
	written := len(occs)
	for k := range occs {
		o := &occs[k]
		v := &a.values[o.value]
		if v.named != i {
			v.named, v.times = i, 0
		}
		if o.pos&1 == 0 {
			v.times++
		} else {
			v.written, written = i, min(written, k)
		}
	}
	for k := range occs[:written] {
		if err := a.read(i, &occs[k]); err != nil {
			return err
		}
	}
	for k := range occs[:written] {
		o := &occs[k]
		v := &a.values[o.value]
		v.next = o.next
		if v.at != NoReg {
			v.lastRead = i
			if v.end == o.pos {
				a.release(v)
			}
		}
	}
	for k := written; k < len(occs); k++ {
		if err := a.define(i, &occs[k]); err != nil {
			return err
		}
	}
	for k := written; k < len(occs); k++ {
		o := &occs[k]
		v := &a.values[o.value]
		v.next = o.next
		if v.end == o.pos {
			a.release(v)
		}
	}
	return nil
}

// read gives a register to a value that an instruction reads, or memory.
func (a *allocator) read(i int32, o *occ) error {
	v := &a.values[o.value]
	if v.at != NoReg {
		o.reg = v.at
		return nil
	}
	if v.times == 1 && !a.fold[i] {
		if ok, swap := a.foldable(i, o.part, v); ok && !a.keep(v, o) {
			a.fold[i], a.swap[i] = true, swap
			a.stats.Folded++
			return nil
		}
	}
	if err := a.take(o.value, 2*i, NoReg); err != nil {
		return err
	}
	v.primary = false
	o.reg = v.at
	a.reload(i, o.value)
	return nil
}

// near is the distance of positions up to which a value that is loaded again stays in
// a register that is free.
const near = 48

// keep reports whether a value that could be read from memory had better be loaded: it is
// read again soon, and there is a register.
func (a *allocator) keep(v *value, o *occ) bool {
	if o.next < 0 || a.free[v.class]&a.allowedTo(v) == 0 {
		return false
	}
	next := a.occs[o.next].pos
	return !v.literal && next&1 == 0 && next-o.pos <= near
}

// define gives a register to a value that an instruction writes.
func (a *allocator) define(i int32, o *occ) error {
	v := &a.values[o.value]
	if v.homeless {
		a.dead[i] = true
		return nil
	}
	if v.at == NoReg {
		if err := a.take(o.value, 2*i+1, a.hint(i)); err != nil {
			return err
		}
		v.primary = o.pos == v.start
	}
	o.reg, o.save = v.at, v.aside > 0
	return nil
}

// hint returns a register that an instruction reads, which is free from now on and which
// its result had better be in; NoReg: any will do.
func (a *allocator) hint(i int32) Reg {
	in := &a.in[i]
	if !(in.isLoad() || isProduct(in.Op)) {
		return NoReg
	}
	for k := a.first[i]; k < a.first[i+1]; k++ {
		o := &a.occs[k]
		if o.pos&1 != 0 || o.part == 0 || o.part >= partIndex || o.reg == NoReg || in.Args[o.part].Kind != Register {
			continue
		}
		if c := o.reg.Class(); a.free[c]>>(o.reg-classBase[c])&1 != 0 {
			return o.reg
		}
	}
	return NoReg
}

// allowedTo returns the registers that a value may have.
func (a *allocator) allowedTo(v *value) uint32 {
	if v.low {
		return a.allowed[v.class] & 0xffff
	}
	return a.allowed[v.class]
}

// take puts a value into a register from a position on: the hint if that is free.
func (a *allocator) take(n, pos int32, hint Reg) error {
	v := &a.values[n]
	allowed := a.allowedTo(v)
	set := a.free[v.class] & allowed
	if set == 0 {
		w := a.victim(v.class, allowed, pos)
		if w == nil {
			return a.errorf(pos/2, "too few registers for %s", a.in[pos/2].Op)
		}
		a.evict(w, pos/2)
		set = a.free[v.class] & allowed
	}
	r := v.pick(set)
	if hint != NoReg && hint.Class() == v.class && set>>(hint-classBase[v.class])&1 != 0 {
		r = hint
	}
	a.hold(n, pos, r)
	return nil
}

// hold puts a value into a register that is free.
func (a *allocator) hold(n, pos int32, r Reg) {
	v := &a.values[n]
	bit := uint32(1) << (r - classBase[v.class])
	a.free[v.class] &^= bit
	a.used[v.class] |= bit
	a.holder[r] = n
	v.at, v.since, v.lastRead = r, pos, -1
}

// release frees the register of a value.
func (a *allocator) release(v *value) {
	if v.at != NoReg {
		a.free[v.class] |= 1 << (v.at - classBase[v.class])
		v.at = NoReg
	}
}

// begin gives a register, if there is one, to a value that a loop needs before it occurs.
func (a *allocator) begin(n, pos int32) {
	v := &a.values[n]
	if set := a.free[v.class] & a.allowedTo(v); set != 0 {
		a.hold(n, pos, v.pick(set))
		v.primary = true
		return
	}
	a.store(v)
}

// join forgets the registers of values that another way to a label, by a jump from
// instruction from, does not load. Memory has them.
func (a *allocator) join(from int32) {
	for c := range classes {
		for set := a.allowed[c] &^ a.free[c]; set != 0; set &= set - 1 {
			v := &a.values[a.holder[classBase[c]+Reg(bits.TrailingZeros32(set))]]
			if !v.primary && v.since > 2*from {
				a.leave(v)
			}
		}
	}
}

// victim returns the value that had better leave its register.
func (a *allocator) victim(c Class, allowed uint32, pos int32) *value {
	var best *value
	least := float32(math.Inf(1))
	for set := allowed &^ a.free[c]; set != 0; set &= set - 1 {
		v := &a.values[a.holder[classBase[c]+Reg(bits.TrailingZeros32(set))]]
		if pos&1 == 0 && v.named == pos/2 || v.written == pos/2 {
			continue
		}
		if s := a.score(v, pos); s < least {
			best, least = v, s
		}
	}
	return best
}

// score estimates what it costs to have a value in memory from a position to its next
// occurrence, for each position that its register is free.
func (a *allocator) score(v *value, pos int32) float32 {
	cost, until := float32(0), v.end
	if v.next >= 0 {
		until = a.occs[v.next].pos
		cost = a.weight(until / 2)
	}
	if r := a.beside(v, pos/2); r != nil {
		w := a.weight(pos / 2)
		if until >= 2*r.to {
			cost, until = 0, 2*r.to
		}
		if v.end > 2*r.to {
			cost += w
		}
		if !v.again && !v.stored {
			cost += w
		}
		return cost / float32(until-pos+1)
	}
	if v.again {
		cost *= 0.5
	} else if !v.stored {
		cost += a.storeCost(v)
	}
	for _, l := range a.around {
		if v.since <= 2*l.from && v.lastRead >= l.from {
			cost += a.weight(l.from)
		}
	}
	return cost / float32(until-pos+1)
}

// storeCost estimates how often a value is defined.
func (a *allocator) storeCost(v *value) float32 {
	if v.defs == 0 {
		for o := v.head; o >= 0; o = a.occs[o].next {
			if pos := a.occs[o].pos; pos&1 != 0 {
				v.defs += a.weight(pos / 2)
			}
		}
	}
	return v.defs
}

// evict takes a value out of its register from instruction i on.
func (a *allocator) evict(v *value, i int32) {
	if r := a.beside(v, i); r != nil {
		a.putAside(v, r, i)
	} else {
		a.leave(v)
	}
}

// leave takes a value out of its register for good.
func (a *allocator) leave(v *value) {
	if v.aside == 0 {
		a.store(v)
	}
	// A loop that the value was read in comes back to those reads: they need it again.
	for _, l := range a.around {
		if v.since <= 2*l.from && v.lastRead >= l.from {
			a.reload(l.from+1, a.holder[v.at])
		}
	}
	if v.again && v.primary && v.lastRead < 0 {
		a.dead[v.def] = true
	}
	a.release(v)
}

// store sees to it that memory has a value.
func (a *allocator) store(v *value) {
	if v.again || v.stored {
		return
	}
	v.stored = true
	a.giveSlot(v)
}

// giveSlot gives a value a slot, if it has none.
func (a *allocator) giveSlot(v *value) {
	if v.slot >= 0 {
		return
	}
	slots := &a.gprSlots
	if v.class == Vec {
		slots = &a.vecSlots
	}
	for k, until := range *slots {
		if until < v.start {
			(*slots)[k], v.slot = v.end, int32(k)
			return
		}
	}
	v.slot = int32(len(*slots))
	*slots = append(*slots, v.end)
}

// reload loads a value into its register before an instruction.
func (a *allocator) reload(i, n int32) {
	a.reloads = append(a.reloads, reload{value: n, reg: a.values[n].at, next: a.before[i]})
	a.before[i] = int32(len(a.reloads))
	a.stats.Reloads++
}
