package asm

import (
	"cmp"
	"math/bits"
	"slices"
)

// analyse finds the values, their occurrences, and where they live.
func (a *allocator) analyse() {
	n := len(a.in)
	a.values, a.occs = a.values[:0], slices.Grow(a.occs[:0], 3*n) // as most instructions name two or three
	a.labels, a.loops, a.jumps, a.regions = a.labels[:0], a.loops[:0], a.jumps[:0], a.regions[:0]
	a.stats = Stats{}
	clear(a.ids)
	a.first = grow(a.first, n+1)
	a.dead = grow(a.dead, n)
	a.allowed = [classes]uint32{
		GPR:  1<<RBX | 1<<RSI | 1<<R8 | 1<<R9 | 1<<R10 | 1<<R11 | 1<<R12 | 1<<R13 | 1<<R14 | 1<<R15,
		Vec:  0xffff,
		Mask: 0,
	}
	if a.level >= AVX512 {
		a.allowed[Vec], a.allowed[Mask] = 0xffffffff, 0xfe
	}
	for i := range a.in {
		in := &a.in[i]
		a.first[i] = int32(len(a.occs))
		if in.Op == LABEL {
			a.labels = append(a.labels, target{number: in.Args[0].Imm, at: int32(i), from: -1, last: -1})
			continue
		}
		a.occurrences(int32(i), in)
	}
	a.first[n] = int32(len(a.occs))
	a.flow()
	a.prune()
	a.link()
	a.live()
	a.demote()
}

// occurrences appends the occurrences of values in an instruction, and its jump.
func (a *allocator) occurrences(i int32, in *Inst) {
	t := in.Op.info()
	idiom := in.isConstant()
	vexOnly := a.level >= AVX512 && in.isVEXOnly()
	// What is read comes before what is written.
	var written [4]uint8
	n := 0
	if in.Mask != NoReg {
		a.occur(i, in, in.Mask, 2*i, partMask, false)
	}
	for k := range int(in.N) {
		arg := &in.Args[k]
		switch arg.Kind {
		case Register:
			r := t.roles[k]
			if k == 0 && in.Mask != NoReg {
				r = in.role(0)
			}
			if r&reads != 0 && !idiom {
				a.occur(i, in, arg.Reg, 2*i, uint8(k), vexOnly)
			}
			if r&writes != 0 || idiom {
				written[n] = uint8(k)
				n++
			}
		case Memory:
			a.occur(i, in, arg.Reg, 2*i, uint8(k), false)
			if arg.Index != NoReg {
				a.occur(i, in, arg.Index, 2*i, uint8(k+partIndex), vexOnly)
			}
		case LabelRef:
			a.jumps = append(a.jumps, target{number: arg.Imm, from: i})
		}
	}
	for _, k := range written[:n] {
		a.occur(i, in, in.Args[k].Reg, 2*i+1, k, vexOnly)
	}
	if in.Mask != NoReg && t.usesMask {
		a.occur(i, in, in.Mask, 2*i+1, partMask, false)
	}
}

// occur appends an occurrence of a register, if it is virtual; else it is not given away.
func (a *allocator) occur(i int32, in *Inst, r Reg, pos int32, part uint8, low bool) {
	if !r.IsVirtual() {
		if r != NoReg && r != RIP {
			c := r.Class()
			a.allowed[c] &^= 1 << (r - classBase[c])
		}
		return
	}
	id := int(r - firstVirtual)
	if id >= len(a.ids) {
		ids := make([]int32, max(2*id, 1024))
		copy(ids, a.ids)
		a.ids = ids
	}
	if a.ids[id] == 0 {
		a.values = append(a.values, value{class: r.Class(), width: W128, head: -1, def: -1,
			named: -1, written: -1, lastRead: -1, slot: -1})
		a.ids[id] = int32(len(a.values))
	}
	n := a.ids[id] - 1
	v := &a.values[n]
	a.occs = append(a.occs, occ{value: n, pos: pos, next: -1, part: part})
	v.low = v.low || low
	v.width = max(v.width, in.W)
	if pos&1 == 0 {
		v.reads++
	}
}

// prune finds instructions whose result, a vector or a mask, nobody reads.
func (a *allocator) prune() {
	for i := len(a.in) - 1; i >= 0; i-- {
		occs := a.occs[a.first[i]:a.first[i+1]]
		if len(occs) == 0 || !a.isUnread(occs) {
			continue
		}
		a.dead[i] = true
		for k := range occs {
			if occs[k].pos&1 == 0 {
				a.values[occs[k].value].reads--
			}
		}
	}
}

// isUnread reports whether what the instruction with some occurrences is for is a value
// that nobody reads.
func (a *allocator) isUnread(occs []occ) bool {
	result := &occs[len(occs)-1]
	if result.pos&1 == 0 || result.part == partMask {
		return false
	}
	v := &a.values[result.value]
	if v.reads > 0 || v.class == GPR {
		return false
	}
	for k := range occs { // an idiom names it several times
		if occs[k].pos&1 != 0 && occs[k].value != result.value {
			return false
		}
	}
	return a.in[result.pos/2].Args[0].Kind == Register
}

// link chains the occurrences of each value.
func (a *allocator) link() {
	for i := range a.in {
		if a.dead[i] {
			continue
		}
		for o := a.first[i]; o < a.first[i+1]; o++ {
			at := &a.occs[o]
			v := &a.values[at.value]
			if v.head < 0 {
				v.head, v.start, v.readFirst = o, at.pos, at.pos&1 == 0
			} else {
				a.occs[v.tail].next = o
			}
			v.tail, v.end = o, at.pos
			if at.pos&1 != 0 {
				switch {
				case v.def == int32(i) || v.writes == 0: // an idiom names it several times
					v.def, v.writes = int32(i), 1
				default:
					v.def, v.writes = -1, 2
				}
			}
		}
	}
}

// live finds where values live: from their first to their last occurrence, and all over
// the loops that they are carried around.
func (a *allocator) live() {
	a.starts, a.ends = a.starts[:0], a.ends[:0]
	for k := range a.values {
		v := &a.values[k]
		if v.head < 0 {
			continue
		}
		start, end := v.start, v.end
		for i := len(a.loops) - 1; i >= 0; i-- { // inner loops stand behind
			from, to := 2*a.loops[i].from, 2*a.loops[i].to+1
			if v.end < from || v.start > to || v.start < from && v.end > to {
				continue
			}
			if v.start < from || v.end > to || v.readFirst {
				v.start, v.end = min(v.start, from), max(v.end, to)
			}
		}
		if v.start < start {
			a.starts = append(a.starts, extent{v.start / 2, int32(k)})
		}
		if v.end > end {
			a.ends = append(a.ends, extent{v.end / 2, int32(k)})
		}
		v.next = v.head
		if v.def >= 0 && v.start&1 != 0 {
			a.repeatable(v)
		}
	}
	byAt := func(x, y extent) int { return cmp.Compare(x.at, y.at) }
	slices.SortFunc(a.starts, byAt)
	slices.SortFunc(a.ends, byAt)
}

// repeatable marks the values whose only definition has the same result anywhere.
func (a *allocator) repeatable(v *value) {
	in := &a.in[v.def]
	if in.Mask != NoReg || in.Args[0].Kind != Register {
		return
	}
	src := in.Args[1]
	switch {
	case in.isConstant():
		v.again = v.class != GPR // XOR changes the flags
	case src.Kind == Immediate:
		v.again = in.Op == MOV
	case src.Kind == Memory && src.Reg == RIP && in.N == 2:
		v.again = in.isLoad() || in.broadcasts() != 0
		v.literal = v.again && v.class == Vec
	}
}

// demote takes literals out of the registers that their definitions load, where there are
// too few: as operands in memory they cost next to nothing. Those that are used least
// go first.
func (a *allocator) demote() {
	candidates := a.literals[:0]
	for k := range a.values {
		if v := &a.values[k]; v.literal {
			candidates = append(candidates, int32(k))
		}
	}
	a.literals = candidates
	if len(candidates) == 0 {
		return
	}
	n := len(a.in)
	a.pressure = grow(a.pressure, 2*n+1)
	p := a.pressure
	for k := range a.values {
		if v := &a.values[k]; v.class == Vec && v.head >= 0 {
			p[v.start]++
			p[v.end+1]--
		}
	}
	limit, most := int16(bits.OnesCount32(a.allowed[Vec])), int16(0)
	for i := 1; i < len(p); i++ {
		p[i] += p[i-1]
		most = max(most, p[i])
	}
	if most <= limit {
		return
	}
	a.fold = grow(a.fold, n)
	slices.SortStableFunc(candidates, func(x, y int32) int { return cmp.Compare(a.useCost(x), a.useCost(y)) })
	// An instruction has one operand in memory: those that meet another one there come last.
	for _, meets := range [...]bool{false, true} {
		for _, k := range candidates {
			v := &a.values[k]
			if span := p[v.start : v.end+1]; !v.homeless && (meets || !a.meets(v)) && slices.Max(span) > limit {
				v.homeless = true
				for i := range span {
					span[i]--
				}
				for o := a.occs[v.head].next; o >= 0; o = a.occs[o].next {
					a.fold[a.occs[o].pos/2] = true
				}
			}
		}
	}
}

// meets reports whether a literal is used where another one is in memory.
func (a *allocator) meets(v *value) bool {
	for o := v.head; o >= 0; o = a.occs[o].next {
		if a.fold[a.occs[o].pos/2] {
			return true
		}
	}
	return false
}

// useCost estimates what it costs to have a literal in memory.
func (a *allocator) useCost(k int32) float32 {
	cost := float32(0)
	v := &a.values[k]
	for o := v.head; o >= 0; o = a.occs[o].next {
		if at := &a.occs[o]; at.pos&1 == 0 {
			w := a.weight(at.pos / 2)
			if fold, _ := a.foldable(at.pos/2, at.part, v); !fold {
				w *= 4
			}
			cost += w
		}
	}
	return cost
}
