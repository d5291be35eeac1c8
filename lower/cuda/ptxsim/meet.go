package ptxsim

import (
	"fmt"
	"math/bits"
)

// Barriers, and what is ordered by them: two accesses of shared memory by two threads, one
// of them a write, race where no barrier that both pass stands between.

// meeting is a barrier that a thread waits at.
type meeting struct {
	members uint32 // of its warp; 0: all threads of the block
	vote    bool   // what the thread says
	to      int    // the register that learns whether any member said yes, -1: none
}

// meets has a thread wait.
func (t *thread) meets(m meeting) {
	if m.members != 0 {
		if m.members>>(t.index%warp)&1 == 0 {
			t.fail("a barrier of others: members %#x", m.members)
			return
		}
		if t.team != 0 && t.team != m.members {
			t.fail("members %#x of a barrier after members %#x", m.members, t.team)
			return
		}
		t.team = m.members
	}
	t.state, t.meet = waiting, m
}

const warp = 32

// meet lets threads go on from barriers that all of their members wait at. It reports
// whether there is any; where threads wait and none can go on it fails.
func (b *block) meet(all []*thread) bool {
	var stuck, missing *thread
	moved := false
	for i, t := range all {
		if t.state != waiting {
			continue
		}
		first, count, members := 0, len(all), uint32(0)
		if members = t.meet.members; members != 0 {
			first = i / warp * warp
			count = warp
		}
		if members != 0 && first+bits.TrailingZeros32(members) != i || members == 0 && i != 0 {
			if stuck == nil {
				stuck = t
			}
			continue // it is looked at with its first member
		}
		vote, absent := false, (*thread)(nil)
		each := func(f func(u *thread)) {
			for k := first; k < first+count; k++ {
				if members == 0 || members>>(k-first)&1 != 0 {
					if k >= len(all) {
						absent = t
						return
					}
					f(all[k])
				}
			}
		}
		each(func(u *thread) {
			vote = vote || u.meet.vote
			if u.state != waiting || u.pc != t.pc || u.meet.members != members {
				absent = u
			}
		})
		if absent != nil {
			stuck, missing = t, absent
			continue
		}
		moved = true
		each(func(u *thread) {
			u.state = running
			if u.meet.to >= 0 {
				u.r[u.meet.to] = truth(vote)
			}
			if members != 0 {
				u.phase++
			}
		})
		if members == 0 {
			b.phase++
			return true
		}
	}
	if !moved && stuck != nil {
		index := 0
		if missing != nil {
			index = missing.index
		}
		stuck.fail("a barrier that thread %d does not reach", index)
	}
	return moved
}

// use is who read or wrote a granule of shared memory last: what the smallest access takes.
type use struct{ wrote, read mark }

// mark is accesses of a granule.
type mark struct {
	block, phase int  // barriers of the block so far, plus 1; and of the thread's team
	thread       int  // that accessed it last
	others       bool // of its team in the same phase
	mixed        bool // and of other teams since the block's barrier
}

// before reports whether accesses are ordered before what a thread does.
func (m *mark) before(t *thread) bool {
	switch {
	case m.block != t.block.phase+1:
		return true
	case m.mixed:
		return false
	case m.thread == t.index && !m.others:
		return true
	}
	return t.sameTeam(m.thread) && m.phase < t.phase
}

func (t *thread) sameTeam(index int) bool {
	return t.team != 0 && index/warp == t.index/warp && t.team>>(index%warp)&1 != 0
}

// note adds an access of a thread.
func (m *mark) note(t *thread) {
	now := mark{block: t.block.phase + 1, phase: t.phase, thread: t.index}
	switch {
	case m.block != now.block:
		*m = now
	case m.thread != t.index && !t.sameTeam(m.thread):
		m.mixed = true
	case m.phase < t.phase:
		now.mixed = m.mixed
		*m = now
	case m.thread != t.index:
		m.others = true
	}
}

// uses returns who used some bytes of shared memory.
func (b *block) uses(at uint64, size int) []use {
	return b.last[at/uint64(b.granule) : (at+uint64(size))/uint64(b.granule)]
}

// reads notes that a thread reads shared memory, and fails it where another one may write
// at the same time.
func (b *block) reads(t *thread, at uint64, size int) bool {
	uses := b.uses(at, size)
	for i := range uses {
		u := &uses[i]
		if !u.wrote.before(t) {
			return t.race(at, "written", &u.wrote)
		}
		u.read.note(t)
	}
	return true
}

func (b *block) writes(t *thread, at uint64, size int) bool {
	uses := b.uses(at, size)
	for i := range uses {
		u := &uses[i]
		if !u.wrote.before(t) {
			return t.race(at, "written", &u.wrote)
		}
		if !u.read.before(t) {
			return t.race(at, "read", &u.read)
		}
		u.wrote.note(t)
	}
	return true
}

func (t *thread) race(at uint64, what string, m *mark) bool {
	by := fmt.Sprintf("thread %d", m.thread)
	if m.others || m.mixed {
		by += " and others"
	}
	t.fail("a race: shared memory at %#x was %s by %s", at, what, by)
	return false
}
