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
		for { // a consumer that has joined one producer may fit the next
			b := f.pieces[i]
			a, j := f.partner(d, b)
			if a == nil {
				break
			}
			i = d.replace(a, b, j)
			changed = true
		}
	}
	return changed
}

// partner returns the piece before b that b joins, and what they are together: of b's
// producers the nearest that fits, else a sibling.
func (f *fusion) partner(d *dependencies, b *piece) (a, joined *piece) {
	if !joinable(b) {
		return nil, nil
	}
	fits := func(a *piece, join func(a, b *piece) *piece) *piece {
		if !joinable(a) || a.size+b.size > maxBody || f.holder(a) != f.holder(b) || !d.mayJoin(a, b) {
			return nil
		}
		j := join(a, b)
		if j == nil || !f.parallel(j) {
			return nil
		}
		f.shareLoops(j, len(a.stmts))
		if len(j.stmts) > f.limit || !f.u.allow() {
			return nil
		}
		f.measure(j)
		return j
	}
	for _, a := range d.producers(b) {
		if j := fits(a, f.chain); j != nil {
			return a, j
		}
	}
	for _, a := range d.siblings(b) {
		if j := fits(a, f.pair); j != nil {
			return a, j
		}
	}
	return nil, nil
}

// holder names the target that holds what a piece makes: one launch runs on one target.
func (f *fusion) holder(p *piece) string {
	for _, v := range p.writes {
		if v < len(f.p.Values) {
			if t := f.p.Values[v].Type.Format; t != nil {
				return t.Device
			}
		}
	}
	return ""
}

// joinable reports whether a piece may share its loops: scatters and appends make the
// axes they go along sequential, so they stay alone, and sparse pieces follow lists.
func joinable(p *piece) bool {
	return p.step == nil && !p.sparse && !slices.ContainsFunc(p.stmts, func(s ir.Stmt) bool { return s.Sink == ir.Scatter || s.Sink == ir.Append })
}

// chain returns b after a, of which it reads what it makes: tiles of an axis over which
// both run then hold what passes between them.
func (f *fusion) chain(a, b *piece) *piece {
	g := f.align(a, b)
	if len(g.at) == 0 {
		return nil
	}
	g.readTogether()
	if !g.contractionsFit() {
		return nil
	}
	return g.join()
}

// contractionsFit keeps contractions apart from what would walk them in thin slices. A
// contraction joins what comes before it only where that needs whole rows of what it
// contracts anyway: softmax before the second product of attention, not a layer before
// the next one.
func (g *alignment) contractionsFit() bool {
	for i := range g.b.stmts {
		s := &g.b.stmts[i]
		rows := func(r ir.Stmt) bool {
			return r.Sink == ir.Reduce && !gemm(&r) && slices.ContainsFunc(s.Axes, func(x int) bool {
				at, _ := g.at.of(x)
				y, paired := plainAxis(at)
				return paired && slices.Contains(r.Axes, y)
			})
		}
		if gemm(s) && !slices.ContainsFunc(g.a.stmts, rows) {
			return false
		}
	}
	return true
}

// pair returns a and b, of which neither needs the other, if they range over the same
// axes, so that an array which both read element by element is read once.
func (f *fusion) pair(a, b *piece) *piece {
	isGemm := func(s ir.Stmt) bool { return gemm(&s) }
	if slices.ContainsFunc(a.stmts, isGemm) || slices.ContainsFunc(b.stmts, isGemm) {
		return nil
	}
	x, y := axesOf(a.stmts), axesOf(b.stmts)
	if len(x) != len(y) || !f.readBoth(a, b, len(x)) {
		return nil
	}
	g := f.align(a, b)
	g.readTogether()
	for i := range y { // what is left: in the order in which they range
		g.pair(ir.At(y[i]), ir.At(x[i]))
	}
	if len(g.at) != len(y) {
		return nil
	}
	return g.join()
}

// readBoth reports whether a and b read one array along n axes.
func (f *fusion) readBoth(a, b *piece, n int) bool {
	whole := map[int]bool{}
	for _, x := range a.loads {
		if len(x.Axes()) == n {
			whole[x.Operand] = true
		}
	}
	return slices.ContainsFunc(b.loads, func(x *ir.Access) bool { return whole[x.Operand] && len(x.Axes()) == n })
}

// alignment names the axes of b after those of a that they run along. An axis is a bound
// variable of its statement, so any naming that keeps the axes of b apart means the
// same; this one lets loops and tiles be shared.
type alignment struct {
	f    *fusion
	a, b *piece
	at   places       // of b's axes
	used map[int]bool // axes of a
}

// align pairs the axes along which a makes values and b reads them.
func (f *fusion) align(a, b *piece) *alignment {
	g := &alignment{f, a, b, nil, map[int]bool{}}
	made := map[int]*ir.Access{}
	for i := range a.stmts {
		for t := range a.stmts[i].Targets {
			made[a.stmts[i].Targets[t].Operand] = &a.stmts[i].Targets[t]
		}
	}
	g.along(made)
	return g
}

// readTogether pairs the axes along which a and b read the same arrays.
func (g *alignment) readTogether() {
	read := map[int]*ir.Access{}
	for _, x := range g.a.loads {
		if read[x.Operand] == nil {
			read[x.Operand] = x
		}
	}
	g.along(read)
}

// along pairs the axes of b's loads with those of the accesses that are known in a.
func (g *alignment) along(known map[int]*ir.Access) {
	for _, x := range g.b.loads {
		if y := known[x.Operand]; y != nil {
			for d := range x.Index {
				g.pair(x.Index[d], y.Index[d])
			}
		}
	}
}

// pair names the axes of an index of b after those of an index of a at the same place,
// unless one of them has a partner.
func (g *alignment) pair(x, y ir.Index) {
	from, ok1 := factors(x, g.f.extent)
	to, ok2 := factors(y, g.f.extent)
	if !ok1 || !ok2 || len(from) != len(to) {
		return
	}
	for i, p := range from {
		if _, taken := g.at.of(p); !taken && !g.used[to[i]] && sameDim(g.f.extent(p), g.f.extent(to[i])) {
			g.at.set(p, ir.At(to[i]))
			g.used[to[i]] = true
		}
	}
}

// join returns the statements of a, then those of b under the names of a's axes.
func (g *alignment) join() *piece {
	f, a, b := g.f, g.a, g.b
	taken, same := axesOf(a.stmts), true
	for _, p := range axesOf(b.stmts) {
		if _, ok := g.at.of(p); !ok {
			x := f.freshAxis(f.extent(p), taken)
			g.at.set(p, ir.At(x))
			taken = append(taken, x)
		}
		x, _ := g.at.of(p)
		same = same && x.Equal(ir.At(p))
	}
	tail := b.stmts
	if !same {
		m := f.atAxes(g.at)
		tail = nil
		for i := range b.stmts {
			tail = append(tail, m.stmt(&b.stmts[i]))
		}
	}
	j := &piece{stmts: slices.Concat(a.stmts, tail), names: slices.Clone(b.names), sites: slices.Clone(b.sites)}
	j.note(a)
	return j
}

// parallel reports whether a piece can be cut into independent parts: along an axis over
// which every statement stores or, at its end, along one that reductions to single
// numbers go over, cut in pieces.
func (f *fusion) parallel(p *piece) bool {
	k := &ir.Kernel{Axes: f.axes, Operands: f.values, Stmts: p.stmts}
	for _, a := range axesOf(p.stmts) {
		if f.extent(a).Is(1) {
			continue
		}
		switch k.CutOf(a).Kind {
		case ir.CutPar:
			return true
		case ir.CutPiece:
			if total(p.stmts, a) {
				return true
			}
		}
	}
	return false
}

// total reports whether the statements that reduce over axis a keep no other axis.
func total(stmts []ir.Stmt, a int) bool {
	for i := range stmts {
		s := &stmts[i]
		if slices.Contains(s.Axes, a) && len(domain(s)) != len(s.Axes) {
			return false
		}
	}
	return true
}
