package passes

import (
	"slices"

	"github.com/numen-go/numen/ir"
)

// Joining: which pieces become one kernel of several statements. What passes between
// them then lives in a tile, or their common input is read once.

// joinPieces joins pieces until no two fit. It reports whether any were.
func (f *fusion) joinPieces() bool {
	d := f.dependencies()
	changed := false
	for i := 0; i < len(f.pieces); i++ {
		// A consumer that has joined one producer may fit the next.
		for a := f.partner(d, f.pieces[i]); a != nil; a = f.partner(d, f.pieces[i]) {
			i = d.replace(a.with, f.pieces[i], a.joined)
			changed = true
		}
	}
	return changed
}

// match is a piece that fits an other, and what they are together.
type match struct {
	with, joined *piece
}

// partner returns the piece before b that b joins: of its producers the nearest that
// fits, else a sibling.
func (f *fusion) partner(d *dependencies, b *piece) *match {
	if !joinable(b) {
		return nil
	}
	for _, a := range d.producers(b) {
		if j := f.join(d, a, b, f.chained); j != nil {
			return &match{a, j}
		}
	}
	for _, a := range d.siblings(b) {
		if j := f.join(d, a, b, f.alike); j != nil {
			return &match{a, j}
		}
	}
	return nil
}

// joinable reports whether a piece may share its loops: scatters and appends make the
// axes they go along sequential, so they stay alone.
func joinable(p *piece) bool {
	return p.step == nil && !slices.ContainsFunc(p.stmts, func(s ir.Stmt) bool { return s.Sink == ir.Scatter || s.Sink == ir.Append })
}

// join returns a and b as one piece, nil when they may not be or, says fit, should not.
func (f *fusion) join(d *dependencies, a, b *piece, fit func(a, b, j *piece) bool) *piece {
	if !joinable(a) || a.size+b.size > maxBody || !d.mayJoin(a, b) {
		return nil
	}
	m := f.atAxes(f.align(a, b))
	tail := &piece{}
	for i := range b.stmts {
		tail.stmts = append(tail.stmts, m.stmt(&b.stmts[i]))
	}
	tail.reads, tail.writes = b.reads, b.writes
	j := &piece{stmts: slices.Concat(a.stmts, tail.stmts), names: slices.Clone(b.names), sites: slices.Clone(b.sites), size: a.size + b.size}
	if loopNests(j.stmts) > f.limit || !fit(a, tail, j) || !f.u.allow() {
		return nil
	}
	j.note(a)
	f.measure(j)
	return j
}

// loopNests returns the number of statements that have loops of their own: stores over
// the same axes share theirs.
func loopNests(stmts []ir.Stmt) int {
	n := 0
	for i := range stmts {
		if stmts[i].Sink != ir.Store || !slices.ContainsFunc(stmts[:i], func(s ir.Stmt) bool { return sharesLoops(&s, &stmts[i]) }) {
			n++
		}
	}
	return n
}

// sharesLoops reports whether two statements are stores over the same axes.
func sharesLoops(s, t *ir.Stmt) bool {
	if s.Sink != ir.Store || t.Sink != ir.Store {
		return false
	}
	d, e := domain(s), domain(t)
	slices.Sort(d)
	slices.Sort(e)
	return slices.Equal(d, e)
}

// align names the axes of b after those of a that they run along: first through the
// values that a makes and b reads, then through what both read. An axis is a bound
// variable of its statement, so any naming that keeps the axes of b apart means the
// same; this one lets loops and tiles be shared.
func (f *fusion) align(a, b *piece) map[int]ir.Index {
	at, used := map[int]ir.Index{}, map[int]bool{}
	pair := func(x, y ir.Index) {
		from, ok1 := factors(x, f.extent)
		to, ok2 := factors(y, f.extent)
		if !ok1 || !ok2 || len(from) != len(to) {
			return
		}
		for i, p := range from {
			if _, taken := at[p]; !taken && !used[to[i]] && sameDim(f.axes[p], f.axes[to[i]]) {
				at[p], used[to[i]] = ir.At(to[i]), true
			}
		}
	}
	made := map[int]*ir.Access{}
	for i := range a.stmts {
		for t := range a.stmts[i].Targets {
			made[a.stmts[i].Targets[t].Operand] = &a.stmts[i].Targets[t]
		}
	}
	read := map[int]*ir.Access{}
	eachLoad(a.stmts, func(x *ir.Access) {
		if read[x.Operand] == nil {
			read[x.Operand] = x
		}
	})
	for _, known := range []map[int]*ir.Access{made, read} {
		eachLoad(b.stmts, func(x *ir.Access) {
			if y := known[x.Operand]; y != nil {
				for d := range x.Index {
					pair(x.Index[d], y.Index[d])
				}
			}
		})
	}
	if len(a.stmts) == 1 && len(b.stmts) == 1 { // stores of one shape
		for i, p := range domain(&b.stmts[0]) {
			if d := domain(&a.stmts[0]); i < len(d) {
				pair(ir.At(p), ir.At(d[i]))
			}
		}
	}
	taken := axesOf(a.stmts)
	for _, p := range axesOf(b.stmts) {
		if _, ok := at[p]; !ok {
			x := f.freshAxis(f.axes[p], taken)
			at[p], taken = ir.At(x), append(taken, x)
		}
	}
	return at
}

// chained says whether b, which reads what a makes, joins a: tiles of an axis that both
// run over then hold what passes between them.
func (f *fusion) chained(a, b, j *piece) bool {
	return f.parallel(j) && f.contractionFits(a, b)
}

// contractionFits keeps contractions apart from what would walk them in thin slices. A
// contraction joins what comes before it only where that needs whole rows of what it
// contracts anyway: softmax before the second product of attention, not a layer before
// the next one.
func (f *fusion) contractionFits(a, b *piece) bool {
	for i := range b.stmts {
		s := &b.stmts[i]
		if gemm(s) && !slices.ContainsFunc(a.stmts, func(r ir.Stmt) bool {
			return r.Sink == ir.Reduce && !gemm(&r) && slices.ContainsFunc(r.Axes, func(x int) bool { return slices.Contains(s.Axes, x) })
		}) {
			return false
		}
	}
	return true
}

// alike says whether a and b, of which neither needs the other, join: they range over
// the same axes, so an input that both read element by element is read once.
func (f *fusion) alike(a, b, j *piece) bool {
	for _, stmts := range [][]ir.Stmt{a.stmts, b.stmts} {
		if slices.ContainsFunc(stmts, func(s ir.Stmt) bool { return gemm(&s) }) {
			return false
		}
	}
	x, y := f.long(axesOf(a.stmts)), f.long(axesOf(b.stmts))
	slices.Sort(x)
	slices.Sort(y)
	if !slices.Equal(x, y) || !f.readsWhole(a, b, x) {
		return false
	}
	return f.parallel(j)
}

// readsWhole reports whether a and b read one array along all of the given axes.
func (f *fusion) readsWhole(a, b *piece, axes []int) bool {
	whole := map[int]bool{}
	covers := func(x *ir.Access) bool { return len(f.long(x.Axes())) == len(axes) }
	eachLoad(a.stmts, func(x *ir.Access) {
		if covers(x) {
			whole[x.Operand] = true
		}
	})
	found := false
	eachLoad(b.stmts, func(x *ir.Access) { found = found || whole[x.Operand] && covers(x) })
	return found
}

// parallel reports whether a piece can be cut into independent parts: along an axis over
// which every statement stores or, at its end, along one that reductions to single
// numbers go over, cut in pieces.
func (f *fusion) parallel(p *piece) bool {
	for _, a := range f.long(axesOf(p.stmts)) {
		if c := cut(p.stmts, a); c == parallelCut || c == pieceCut && f.total(p, a) {
			return true
		}
	}
	return false
}

// total reports whether the statements that reduce over axis a give single numbers.
func (f *fusion) total(p *piece, a int) bool {
	for i := range p.stmts {
		s := &p.stmts[i]
		if slices.Contains(s.Axes, a) && len(f.long(domain(s))) != len(s.Axes) {
			return false
		}
	}
	return true
}
