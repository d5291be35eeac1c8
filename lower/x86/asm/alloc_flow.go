package asm

import (
	"cmp"
	"slices"
)

// region is the instructions between a jump and the label that it jumps to.
type region struct {
	from, to int32
	exit     int32 // the last jump out of it, -1: none; to: there are other ways in, too
	asides   int32 // chain of the values that are put aside, 1 more
}

// flow finds what jumps where, the loops and the regions.
func (a *allocator) flow() {
	byNumber := func(x, y target) int { return cmp.Compare(x.number, y.number) }
	if !slices.IsSortedFunc(a.labels, byNumber) {
		slices.SortFunc(a.labels, byNumber)
	}
	a.straighten()
	for k := range a.jumps {
		a.jump(&a.jumps[k])
	}
	slices.SortFunc(a.labels, func(x, y target) int { return cmp.Compare(x.at, y.at) })
	slices.SortFunc(a.loops, func(x, y loop) int { return cmp.Compare(x.from, y.from) })
	// Loops that overlap are taken for loops inside each other.
	for changed := true; changed; {
		changed = false
		for i := range a.loops {
			for j := i + 1; j < len(a.loops) && a.loops[j].from <= a.loops[i].to; j++ {
				if a.loops[j].to > a.loops[i].to {
					a.loops[i].to = a.loops[j].to
					changed = true
				}
			}
		}
	}
	a.weights = grow(a.weights, len(a.in))
	for i := range a.weights {
		a.weights[i] = 1
	}
	for _, l := range a.loops {
		for i := l.from; i <= l.to; i++ {
			a.weights[i] *= 8
		}
	}
	for k := range a.jumps {
		a.region(k)
	}
}

// jump notes a jump. Labels are those of other code where they are not found.
func (a *allocator) jump(j *target) {
	k, ok := slices.BinarySearchFunc(a.labels, j.number, func(t target, n int64) int { return cmp.Compare(t.number, n) })
	if !ok {
		j.at = -1
		return
	}
	t := &a.labels[k]
	j.at = t.at
	if t.from < 0 {
		t.from = j.from
	}
	t.last = j.from
	if t.at > j.from {
		return
	}
	for k := range a.loops {
		if a.loops[k].from == t.at {
			a.loops[k].to = j.from
			return
		}
	}
	a.loops = append(a.loops, loop{t.at, j.from})
}

// region notes the region that jump k goes around, if it does. It runs seldom, by estimate,
// unless there is a loop in it.
func (a *allocator) region(k int) {
	j := a.jumps[k]
	if j.at < j.from {
		return
	}
	r := region{from: j.from, to: j.at, exit: -1}
	for _, x := range a.jumps[k+1:] {
		if x.from > r.to {
			break
		}
		if x.at <= r.from || x.at >= r.to {
			r.exit = x.from
		}
	}
	at, _ := slices.BinarySearchFunc(a.labels, r.from, func(t target, i int32) int { return cmp.Compare(t.at, i) })
	loops := false
	for _, t := range a.labels[at:] {
		if t.at >= r.to {
			break
		}
		if t.from >= 0 && (t.from <= r.from || t.last > r.to) {
			r.exit = r.to
		}
		loops = loops || t.last > t.at
	}
	if a.in[j.from].Op == JMP {
		r.exit = r.to
	}
	a.regions = append(a.regions, r)
	if r.exit < r.to && !loops {
		for i := r.from + 1; i < r.to; i++ {
			a.weights[i] /= 4
		}
	}
}

// weight estimates how often an instruction runs.
func (a *allocator) weight(i int32) float32 { return a.weights[i] }
