package loop

import (
	"slices"

	"github.com/numen-go/numen/ir"
)

// Cuts says for which extents a kernel's reductions are better cut into pieces
// (Schedule.Pieces): where the other axes are too short to be cut into tasks.
type Cuts struct {
	leads  []lead // that tasks of the whole kernel are cut along
	axes   []int  // of reductions that can be cut instead
	spread bool
}

// lead is an axis that tasks are cut along, at multiples of grain.
type lead struct {
	axis  int
	grain int64
}

// NewCuts returns the cuts of a verified kernel that a schedule has loops for; nil where
// they would gain nothing.
func NewCuts(k *ir.Kernel, s Schedule) *Cuts {
	wide := 4 * int64(s.Wide)
	l := newLowering(k, s)
	s.Pieces = true
	groups := l.groups()
	if len(groups) != 1 {
		return nil
	}
	p, gain, rows := l.plan(groups[0]), false, false
	c := &Cuts{spread: s.Spread > 0}
	one := newLowering(k, s)
	for i, n := range p.stmts {
		one.stmt = n
		gain = gain || len(outer(k, []int{n})) > len(p.shared)
		rows = rows || p.rows[i] >= 0
		if one.splits(&k.Stmts[n], p.rows[i]) {
			c.axes = append(c.axes, k.Stmts[n].Axes[0])
		}
	}
	if !gain && c.axes == nil {
		return nil
	}
	for _, a := range p.shared {
		x := lead{a, 1}
		switch {
		case slices.Contains(p.strips, a) && rows, c.spread && (slices.Contains(p.strips, a) || slices.Contains(p.rows, a)):
			x.grain = taskStep
		case slices.Contains(p.strips, a): // memory is read fastest in long runs
			x.grain = wide
		}
		c.leads = append(c.leads, x)
	}
	return c
}

// cutWork is how many positions a kernel has at least for pieces to pay.
const cutWork = 1 << 18

// Pay reports whether the axes that tasks are cut along are too short for so many threads,
// and the work is large: positions of all axes together, whose bounds are lo and hi.
func (c *Cuts) Pay(threads int, positions float64, lo, hi []int64) bool {
	if c == nil || threads < 2 || positions < cutWork {
		return false
	}
	tasks := int64(1)
	for _, x := range c.leads {
		n := hi[x.axis] - lo[x.axis]
		tasks = min(tasks*((n+x.grain-1)/x.grain), 1<<20)
	}
	if tasks >= int64(threads) {
		return false
	}
	for _, a := range c.axes {
		switch n := hi[a] - lo[a]; {
		case c.spread && n < 2*spreadBlocks*ir.LaneBlock, !c.spread && n/ir.LaneBlock <= tasks:
			return false // no more pieces than tasks
		}
	}
	return true
}
