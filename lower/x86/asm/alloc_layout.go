package asm

// A region that runs rarely may stand behind everything else: a jump goes there, and the
// region jumps back to the label behind that jump. For the allocation it stands between
// the two, as a region that is jumped over, so that what lives there is seen as short as
// it is. The code keeps its layout.

// inlined is a region out of line: instruction jump goes there, back is its last one,
// which jumps to the label.
type inlined struct {
	jump, back int32
	label      int64
}

// bringIn puts the regions that stand out of line where they belong. a.layout are then
// the instructions in the order in which they are laid out, else it is empty.
func (a *allocator) bringIn() {
	a.inlines, a.layout = a.inlines[:0], a.layout[:0]
	if !a.outOfLine() {
		return
	}
	n := len(a.in)
	a.moved, a.layout, a.taken = a.moved[:0], grow(a.layout, n), grow(a.taken, n)
	for k := range a.inlines {
		l := &a.inlines[k]
		for i := a.entry(l); i <= l.back; i++ {
			a.taken[i] = true
		}
	}
	for i := range int32(n) {
		if !a.taken[i] {
			a.bring(i)
		}
	}
	if len(a.moved) < n { // regions inside each other
		a.inlines, a.layout = a.inlines[:0], a.layout[:0]
		return
	}
	for k := range a.inlines {
		l := &a.inlines[k]
		l.jump, l.back = a.layout[l.jump], a.layout[l.back]
	}
	a.in = a.moved
}

// bring appends an instruction, and the region behind it.
func (a *allocator) bring(i int32) {
	a.layout[i] = int32(len(a.moved))
	a.moved = append(a.moved, a.in[i])
	for k := range a.inlines {
		if l := &a.inlines[k]; l.jump == i {
			for r := a.entry(l); r <= l.back; r++ {
				if a.layout[r] == 0 {
					a.bring(r)
				}
			}
		}
	}
}

// entry returns the label that a region starts with.
func (a *allocator) entry(l *inlined) int32 {
	to := a.in[l.jump].Args[0].Imm
	for i := l.back; ; i-- {
		if a.in[i].Op == LABEL && a.in[i].Args[0].Imm == to {
			return i
		}
	}
}

// outOfLine finds the regions out of line, and reports whether there are any.
func (a *allocator) outOfLine() bool {
	a.labels, a.jumps = a.labels[:0], a.jumps[:0]
	for i := range a.in {
		in := &a.in[i]
		if in.N != 1 || in.Args[0].Kind != LabelRef {
			continue
		}
		if in.Op == LABEL {
			if i > 0 && (a.in[i-1].Op == JMP || a.in[i-1].Op == RET) {
				a.labels = append(a.labels, target{number: in.Args[0].Imm, at: int32(i), from: -1})
			}
			continue
		}
		a.jumps = append(a.jumps, target{number: in.Args[0].Imm, from: int32(i)})
	}
	for k := range a.labels {
		a.findRegion(&a.labels[k])
	}
	return len(a.inlines) > 0
}

// findRegion finds the region that starts with a label, if there is one: one jump goes
// there, and the region goes back to the label behind it.
func (a *allocator) findRegion(t *target) {
	jumps := 0
	for _, j := range a.jumps {
		if j.number == t.number {
			t.from = j.from
			jumps++
		}
	}
	if jumps != 1 || a.in[t.from].Op == JMP || int(t.from)+1 >= len(a.in) || a.in[t.from+1].Op != LABEL {
		return
	}
	label := a.in[t.from+1].Args[0].Imm
	for _, j := range a.jumps {
		if j.from > t.at && j.number == label {
			if a.in[j.from].Op == JMP && (t.from < t.at || t.from > j.from) {
				a.inlines = append(a.inlines, inlined{jump: t.from, back: j.from, label: label})
			}
			return
		}
	}
}

// straighten makes the jumps of regions that are brought in those of a region that is
// jumped over.
func (a *allocator) straighten() {
	if len(a.inlines) == 0 {
		return
	}
	kept := a.jumps[:0]
	for _, j := range a.jumps {
		back := false
		for k := range a.inlines {
			l := &a.inlines[k]
			if l.jump == j.from {
				j.number = l.label
			}
			back = back || l.back == j.from
		}
		if !back {
			kept = append(kept, j)
		}
	}
	a.jumps = kept
}

// isBack reports whether an instruction is the jump back of a region that was brought in.
func (a *allocator) isBack(i int32) bool {
	for k := range a.inlines {
		if a.inlines[k].back == i {
			return true
		}
	}
	return false
}
