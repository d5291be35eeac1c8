package asm

// Copies of registers. Code that computes in one register what it keeps in another
// one makes many: the one is renamed to the other, where nobody sees a difference.

// regSet is a set of general and vector registers.
type regSet uint64

func (r Reg) set() regSet {
	if r.isGeneral() || r.isVector() {
		return 1 << r
	}
	return 0
}

// effect returns the general and vector registers that an instruction reads and writes. One that is
// written in part is read too.
func (in *Inst) effect() (read, written regSet) {
	t := in.Op.info()
	for k := range int(in.N) {
		switch a := &in.Args[k]; a.Kind {
		case Memory:
			read |= a.Reg.set() | a.Index.set()
		case Register:
			r := t.roles[k]
			if r&writes != 0 {
				written |= a.Reg.set()
			}
			if r&reads != 0 && !in.isConstant() || r&writes != 0 && in.W < W32 {
				read |= a.Reg.set()
			}
		}
	}
	switch in.Op {
	case MUL, DIV, IDIV, CDQ, CQO:
		read, written = read|RAX.set()|RDX.set(), written|RAX.set()|RDX.set()
	case MULX:
		read |= RDX.set()
	}
	return read, written
}

// tidier knows which registers are read later.
type tidier struct {
	insts []Inst
	in    map[int64]regSet // what is read behind a label before it is written
	taken regSet           // and behind any label whose address is taken
}

// tidied returns code without the copies between general registers that renaming makes
// needless. The code ends by returning, and reads nothing then.
func tidied(insts []Inst) []Inst {
	t := liveness(insts)
	dead := make([]bool, len(insts))
	for i := range insts {
		if !dead[i] && insts[i].isCopy() {
			t.forward(i, dead)
		}
	}
	for i := range insts {
		if !dead[i] && insts[i].isCopy() {
			t.backward(i, dead)
		}
	}
	out := insts[:0]
	for i := range insts {
		in := &insts[i]
		toItself := (in.Op == MOV && in.W == W64 || in.Op == VMOVAPD && in.W == W128 && in.Mask == NoReg) && in.Args[0] == in.Args[1]
		if !dead[i] && !toItself {
			out = append(out, insts[i])
		}
	}
	return out
}

// isCopy reports whether the instruction copies a general register to another one, or a
// float. Those that instructions use without naming them, or no other in their place, do
// not count.
func (in *Inst) isCopy() bool {
	if in.Op == VMOVAPD && in.W == W128 && in.Mask == NoReg && in.Args[0].Kind == Register && in.Args[1].Kind == Register {
		return in.Args[0] != in.Args[1]
	}
	if in.Op != MOV || in.W != W64 || in.Args[0].Kind != Register || in.Args[1].Kind != Register {
		return false
	}
	to, from := in.Args[0].Reg, in.Args[1].Reg
	return to != from && to > RDX && from > RDX
}

// isWide reports whether an instruction uses a vector register beyond its first 16 bytes,
// which a copy clears, or in part.
func (in *Inst) isWide(r Reg) bool {
	if !r.isVector() || in.W <= W128 && in.Mask == NoReg {
		return false
	}
	read, written := in.effect()
	return (read|written)&r.set() != 0
}

// liveness finds what is read behind labels.
func liveness(insts []Inst) *tidier {
	t := &tidier{insts: insts, in: map[int64]regSet{}}
	effects := make([][2]regSet, len(t.insts))
	for i := range t.insts {
		effects[i][0], effects[i][1] = t.insts[i].effect()
	}
	for changed := true; changed; {
		changed = false
		var now regSet
		for i := len(t.insts) - 1; i >= 0; i-- {
			in := &t.insts[i]
			switch {
			case in.Op == LABEL:
				label := in.Args[0].Imm
				changed = changed || t.in[label] != now
				t.in[label] = now
				continue
			case in.Op == LEALABEL:
				if in := t.in[in.Args[1].Imm]; t.taken|in != t.taken {
					t.taken, changed = t.taken|in, true
				}
			case in.Op == RET:
				now = 0
			}
			if label, ok := in.target(); ok {
				if in.Op == JMP {
					now = 0
				}
				now |= t.in[label]
			} else if in.Op == JMP {
				now = t.taken
			}
			now = now&^effects[i][1] | effects[i][0]
		}
	}
	return t
}

// forward renames the copy that instruction i makes to what it copies, as far as the copy
// is used.
func (t *tidier) forward(i int, dead []bool) {
	s, p := t.insts[i].Args[0].Reg, t.insts[i].Args[1].Reg
	changed := false     // the copy was changed, and p was not since
	var back []int       // copies back to p
	end, last := i+1, -1 // last reads the copy and is what the register gets next
scan:
	for ; end < len(t.insts); end++ {
		in := &t.insts[end]
		if dead[end] {
			continue
		}
		if in.isWide(s) || in.isWide(p) {
			return
		}
		if in.Op == LABEL {
			if changed || t.in[in.Args[0].Imm]&s.set() != 0 {
				return
			}
			break
		}
		if in.isCopy() && in.Args[0].Reg == p && in.Args[1].Reg == s {
			changed, back = false, append(back, end)
			continue
		}
		read, written := in.effect()
		if label, ok := in.target(); ok {
			if changed || t.in[label]&s.set() != 0 {
				return
			}
			if in.Op == JMP {
				break
			}
			continue
		}
		switch {
		case in.Op == RET, in.Op == JMP:
			if changed || in.Op == JMP && (read|t.taken)&s.set() != 0 {
				return
			}
			break scan
		case changed && (read|written)&p.set() != 0:
			return
		case written&p.set() != 0:
			if t.reads(end+1, s, dead) {
				return
			}
			if written&s.set() != 0 {
				return
			}
			end++ // which may read the copy
			break scan
		case in.replaces(s):
			if changed {
				return
			}
			if !in.isConstant() { // x ^ x reads nothing
				last = end
			}
			break scan
		case written&s.set() != 0:
			if in.W < W32 {
				return
			}
			changed = true
		}
	}
	if end >= len(t.insts) {
		return
	}
	for k := i + 1; k < end; k++ {
		t.insts[k].rename(s, p)
	}
	if last >= 0 {
		in := &t.insts[last]
		to := in.Args[0]
		in.rename(s, p)
		in.Args[0] = to
	}
	dead[i] = true
	for _, k := range back {
		dead[k] = true
	}
}

// reads reports whether a register is read from instruction i on before it is written.
func (t *tidier) reads(i int, r Reg, dead []bool) bool {
	for ; i < len(t.insts); i++ {
		in := &t.insts[i]
		if dead[i] {
			continue
		}
		if in.Op == LABEL {
			return t.in[in.Args[0].Imm]&r.set() != 0
		}
		read, written := in.effect()
		if read&r.set() != 0 {
			return true
		}
		if label, ok := in.target(); ok {
			if t.in[label]&r.set() != 0 {
				return true
			}
			if in.Op == JMP {
				return false
			}
		} else if in.Op == JMP {
			return t.taken&r.set() != 0
		}
		if in.Op == RET || written&r.set() != 0 {
			return false
		}
	}
	return false
}

// backward makes the instruction that computes what instruction i copies leave it in the
// place of the copy.
func (t *tidier) backward(i int, dead []bool) {
	p, s := t.insts[i].Args[0].Reg, t.insts[i].Args[1].Reg
	if t.reads(i+1, s, dead) {
		return
	}
	for k := i - 1; k >= 0; k-- {
		in := &t.insts[k]
		if dead[k] {
			continue
		}
		if in.isWide(s) || in.isWide(p) {
			return
		}
		if _, jumps := in.target(); jumps || in.Op == LABEL || in.Op == RET || in.Op == JMP {
			return
		}
		read, written := in.effect()
		begins := written&s.set() != 0 && read&s.set() == 0
		switch {
		case written&p.set() != 0, read&p.set() != 0 && !begins, written&s.set() != 0 && in.W < W32:
			return
		case !begins:
			continue
		}
		for d := range int(in.N) {
			if a := &in.Args[d]; a.Kind == Register && a.Reg == s {
				a.Reg = p
			}
		}
		for j := k + 1; j < i; j++ {
			if !dead[j] {
				t.insts[j].rename(s, p)
			}
		}
		dead[i] = true
		return
	}
}

// replaces reports whether an instruction gives a register a value that does not depend on
// the one before but as an operand of its own.
func (in *Inst) replaces(r Reg) bool {
	_, written := in.effect()
	return written&r.set() != 0 && in.Args[0] == R(r) && in.W >= W32 && (in.Op.info().roles[0]&reads == 0 || in.isConstant())
}

// rename puts a register in the place of another one.
func (in *Inst) rename(from, to Reg) {
	for k := range in.Args[:in.N] {
		a := &in.Args[k]
		if a.Kind != Register && a.Kind != Memory {
			continue
		}
		if a.Reg == from {
			a.Reg = to
		}
		if a.Index == from {
			a.Index = to
		}
	}
}
