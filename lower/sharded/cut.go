package sharded

import (
	"cmp"
	"slices"

	"github.com/numen-go/numen/ir"
)

// stage is a launch with its axes cut: its cells are the products of ranges of the axes,
// each is a task. A reduction that is cut has a task for every piece of a cell, and merges.
type stage struct {
	*launch
	n        []int64   // extents of the axes
	ends     [][]int64 // by axis: where ranges end
	outs     [][]along // by operand: what its axes follow
	free     []bool    // by axis: ranges give their part of every result
	piece    int       // the axis of pieces, -1: none
	pieces   []int64   // where pieces end
	merge    []*merger // by statement, where there are pieces
	min, max []int64   // bounds at hand
	boxes    []ir.Box  // by operand: what a task at hand touches
	read     []*array  // by operand that is read
	arrays   []*array  // by operand that is written
	task     []int32   // by cell: 1 + the task that completes it
	bytes    int64     // of the largest cell's boxes
	efforts  []effort
}

// along says that an axis of a result is scale times an axis of the kernel plus at. Axis
// -1: it is written whole.
type along struct {
	axis      int
	scale, at int64
}

// newStage finds out which axes of a launch may be cut, and the extents.
func newStage(l *launch) *stage {
	k := l.code.k
	s := &stage{launch: l, piece: -1, boxes: make([]ir.Box, len(k.Operands)), outs: make([][]along, len(k.Operands)), efforts: efforts(k)}
	s.n, s.free = make([]int64, len(k.Axes)), make([]bool, len(k.Axes))
	for a, x := range k.Axes {
		if x.From < 0 {
			s.n[a] = l.code.reach.Axis(a, l.dims)
			s.free[a] = l.code.cuts[a].Kind == ir.CutPar
		}
	}
	s.min, s.max = make([]int64, len(s.n)), slices.Clone(s.n)
	for o := range k.Operands {
		if l.out[o] != nil {
			s.follow(o)
		}
	}
	s.ends = make([][]int64, len(s.n))
	for a, n := range s.n {
		s.ends[a] = []int64{n}
	}
	return s
}

func (s *stage) eval(d ir.Dim) int64 {
	n, _ := d.Eval(func(name string) (int64, bool) { // names of a verified kernel
		i := slices.Index(s.code.k.Dims, name)
		return s.dims[max(i, 0)], i >= 0
	})
	return n
}

// follow finds out what the axes of a result follow. An axis that ranges of do not write
// boxes of the result, which do not overlap, is not free.
func (s *stage) follow(operand int) {
	k := s.code.k
	rank := len(k.Operands[operand].Shape)
	var targets []*ir.Access
	for i := range k.Stmts {
		for t := range k.Stmts[i].Targets {
			if k.Stmts[i].Targets[t].Operand == operand {
				targets = append(targets, &k.Stmts[i].Targets[t])
			}
		}
	}
	out := make([]along, rank)
	seen := make([]bool, len(s.n))
	for d := range out {
		out[d] = s.lead(targets, d)
		for _, t := range targets {
			for _, x := range t.Index[d].Terms {
				if from := k.Axes[x.Axis].From; from >= 0 {
					s.free[from] = false
				} else if x.Axis != out[d].axis {
					s.free[x.Axis] = false
				}
			}
		}
		if a := out[d].axis; a >= 0 {
			if seen[a] {
				s.free[a] = false
			}
			seen[a] = true
		}
	}
	for a := range s.free {
		s.free[a] = s.free[a] && seen[a]
	}
	s.outs[operand] = out
}

// lead returns what axis d of a result follows: the one index of all targets, whose term of
// the largest coefficient leads where the others fill the places between.
func (s *stage) lead(targets []*ir.Access, d int) along {
	x := targets[0].Index[d]
	for _, t := range targets[1:] {
		if !t.Index[d].Equal(x) {
			return along{axis: -1}
		}
	}
	if x.Value != nil || !x.Div.Is(0) || len(x.Terms) == 0 {
		return along{axis: -1}
	}
	best, scale, others := -1, int64(0), int64(1)
	for _, t := range x.Terms {
		if s.code.k.Axes[t.Axis].From >= 0 {
			return along{axis: -1}
		}
		c := s.eval(t.Coef)
		if best < 0 || c > scale {
			best, scale = t.Axis, c
		}
	}
	for _, t := range x.Terms {
		if t.Axis != best {
			c := s.eval(t.Coef)
			if c <= 0 {
				return along{axis: -1}
			}
			others += c * (s.n[t.Axis] - 1)
		}
	}
	at := s.eval(x.Const)
	switch {
	case len(x.Terms) == 1 && scale == -1 && at == s.n[best]-1:
	case scale != others || at != 0:
		return along{axis: -1}
	}
	return along{best, scale, at}
}

// grid returns where the chunks of a result end when the axes are cut at ends.
func (s *stage) grid(operand int) grid {
	out := s.out[operand]
	g := make(grid, len(out.extents))
	for d, n := range out.extents {
		x := s.outs[operand][d]
		if x.axis < 0 || !s.free[x.axis] || len(s.ends[x.axis]) == 1 {
			g[d] = []int64{n}
			continue
		}
		ends := s.ends[x.axis]
		if x.scale > 0 {
			for _, e := range ends {
				g[d] = append(g[d], e*x.scale)
			}
			continue
		}
		for i := len(ends) - 2; i >= 0; i-- { // backwards: range i starts where its last position is
			g[d] = append(g[d], n-ends[i])
		}
		g[d] = append(g[d], n)
	}
	return g
}

// cell returns the cell that writes a chunk of a result.
func (s *stage) cell(operand int, g grid, chunk int64) int64 {
	at := make([]int64, len(s.ends))
	for d := len(g) - 1; d >= 0; d-- {
		n := int64(len(g[d]))
		i := chunk % n
		chunk /= n
		if x := s.outs[operand][d]; n > 1 && x.scale > 0 {
			at[x.axis] = i
		} else if n > 1 {
			at[x.axis] = n - 1 - i
		}
	}
	cell := int64(0)
	for a, ends := range s.ends {
		cell = cell*int64(len(ends)) + at[a]
	}
	return cell
}

// bounds sets min and max to those of a cell, and of one of its pieces.
func (s *stage) bounds(cell int64, piece int) {
	for a := len(s.ends) - 1; a >= 0; a-- {
		n := int64(len(s.ends[a]))
		i := cell % n
		cell /= n
		s.min[a], s.max[a] = 0, s.ends[a][i]
		if i > 0 {
			s.min[a] = s.ends[a][i-1]
		}
	}
	if s.piece >= 0 && piece >= 0 {
		s.min[s.piece], s.max[s.piece] = 0, s.pieces[piece]
		if piece > 0 {
			s.min[s.piece] = s.pieces[piece-1]
		}
	}
}

func (s *stage) cells() int64 { return grid(s.ends).count() }

// cut cuts the axes: along the grids of what is read, then further while the largest cell
// takes more than share bytes. It reports whether that is enough.
func (s *stage) cut(share int64) bool {
	guides := s.guides()
	longest := slices.Clone(s.n) // no range is longer
	for a := range s.n {
		if s.free[a] {
			s.ends[a] = divide(guides[a], s.n[a], longest[a])
		}
	}
	piece, size, align := s.pieceAxis()
	for {
		in, out := s.largest(size, piece)
		s.bytes = in + out
		if s.bytes <= share {
			break
		}
		if piece >= 0 && size > align && out <= share/2 {
			size = max(align, halve(size, align))
			continue
		}
		a := s.halved()
		if a < 0 {
			if piece >= 0 && size > align {
				size = max(align, halve(size, align))
				continue
			}
			break
		}
		longest[a] = (grid(s.ends).longest()[a] + 1) / 2
		s.ends[a] = divide(guides[a], s.n[a], longest[a])
	}
	if piece >= 0 && size < s.n[piece] {
		s.piece = piece
		for end := size; end < s.n[piece]; end += size {
			s.pieces = append(s.pieces, end)
		}
		s.pieces = append(s.pieces, s.n[piece])
	}
	return s.bytes <= share
}

// halve returns the length of a piece about half as long: align times a power of two.
func halve(size, align int64) int64 {
	n := align
	for n*2 < size {
		n *= 2
	}
	return n
}

// divide returns where ranges end that end where guide says, none longer than longest.
func divide(guide []int64, n, longest int64) []int64 {
	var out []int64
	last := int64(0)
	for _, end := range append(slices.Clip(guide), n) {
		if end <= last && end != n || end == last && len(out) > 0 {
			continue
		}
		parts := max((end-last+longest-1)/max(longest, 1), 1)
		for i := int64(1); i <= parts; i++ {
			out = append(out, last+(end-last)*i/parts)
		}
		last = end
	}
	return out
}

// largest returns the bytes that the largest cell reads and writes, with a piece of size.
func (s *stage) largest(size int64, piece int) (in, out int64) {
	for a, ends := range s.ends {
		at, longest := 0, int64(0)
		for i, e := range ends {
			if n := e - grid(s.ends).start(a, i); n > longest {
				at, longest = i, n
			}
		}
		s.min[a], s.max[a] = grid(s.ends).start(a, at), ends[at]
	}
	if piece >= 0 {
		s.min[piece], s.max[piece] = 0, min(size, s.n[piece])
	}
	s.touch()
	return s.taken()
}

// touch sets the boxes to what a task with the bounds at hand touches.
func (s *stage) touch() {
	for o := range s.boxes {
		if s.in[o] != nil || s.out[o] != nil {
			if err := s.code.reach.Of(o, s.dims, s.min, s.max, &s.boxes[o]); err != nil {
				panic(err) // the numbers of dims and axes are the kernel's
			}
		}
	}
}

// taken returns the bytes of the boxes at hand. Dense arrays in memory are there already.
func (s *stage) taken() (in, out int64) {
	if c := s.code.cells; c != nil {
		return c.taken(s)
	}
	for o := range s.boxes {
		size := s.boxes[o].Size() * int64(s.code.k.Operands[o].DType.Size())
		if s.out[o] != nil {
			out += size
		} else if s.in[o] != nil && s.in[o].host == nil {
			in += size
		}
	}
	return in, out
}

// pieceAxis returns the axis that reductions may be cut along, how long it is, and the
// shortest piece; -1 when there is none: every statement must reduce along it, into results.
func (s *stage) pieceAxis() (axis int, size, align int64) {
	k := s.code.k
	if k.Stmts[0].Sink != ir.Reduce {
		return -1, 0, 0
	}
	axis = k.Stmts[0].Axes[0]
	cut := s.code.cuts[axis]
	if cut.Kind != ir.CutPiece {
		return -1, 0, 0
	}
	for i := range k.Stmts {
		x := &k.Stmts[i]
		if x.Sink != ir.Reduce || x.Axes[0] != axis || !mergeable(k, x) {
			return -1, 0, 0
		}
	}
	align = cut.Align(s.eval(cut.Inner))
	if align == 0 || align >= s.n[axis] {
		return -1, 0, 0
	}
	return axis, s.n[axis], align
}

// halved returns the axis to cut ranges of in half: the longest one that is the innermost
// of no array, else the longest; -1 when no range can be shorter.
func (s *stage) halved() int {
	k := s.code.k
	inner := make([]bool, len(s.n))
	note := func(a *ir.Access) {
		if o := a.Operand; k.Operands[o].Role != ir.Local && len(a.Index) > 0 {
			for _, t := range a.Index[len(a.Index)-1].Terms {
				inner[t.Axis] = true
			}
		}
	}
	for i := range k.Stmts {
		for t := range k.Stmts[i].Targets {
			note(&k.Stmts[i].Targets[t])
		}
	}
	k.VisitExprs(func(e *ir.Expr) {
		if e.Access != nil {
			note(e.Access)
		}
	})
	best := -1
	longest := grid(s.ends).longest()
	for a, n := range longest {
		if !s.free[a] || n < 2 {
			continue
		}
		better := best < 0 || inner[best] && !inner[a] || inner[best] == inner[a] && n > longest[best]
		if better {
			best = a
		}
	}
	return best
}

// guide is where the chunks of one operand's axis end, in positions of an axis of the
// kernel, and the positions from which and to which it says so.
type guide struct {
	bytes    int64 // of the operand
	shift    int64 // how far its positions are from the axis's
	from, to int64
	ends     []int64
}

// guides returns where the free axes should be cut: along the chunks of what is read, the
// largest array first; another one counts only where those before it say nothing.
func (s *stage) guides() [][]int64 {
	found := make([][]guide, len(s.n))
	s.code.k.VisitExprs(func(e *ir.Expr) {
		if e.Kind != ir.Load || s.in[e.Access.Operand] == nil {
			return
		}
		a := s.read[e.Access.Operand]
		for d, x := range e.Access.Index {
			if g, axis := s.guide(x, a.grid[d]); axis >= 0 {
				g.bytes = a.node.bytes()
				found[axis] = append(found[axis], g)
			}
		}
	})
	out := make([][]int64, len(s.n))
	for a, gs := range found {
		slices.SortStableFunc(gs, func(x, y guide) int { return cmp.Or(cmp.Compare(y.bytes, x.bytes), cmp.Compare(x.shift, y.shift)) })
		for i, g := range gs {
			for _, e := range g.ends {
				told := slices.ContainsFunc(gs[:i], func(h guide) bool { return len(h.ends) > 0 && e >= h.from && e <= h.to })
				if e > 0 && e < s.n[a] && !told {
					out[a] = append(out[a], e)
				}
			}
		}
		slices.Sort(out[a])
		out[a] = slices.Compact(out[a])
	}
	return out
}

// guide returns what the chunks along an operand's axis, indexed by x, say about an axis
// of the kernel; axis -1: nothing.
func (s *stage) guide(x ir.Index, ends []int64) (g guide, axis int) {
	if x.Value != nil || !x.Div.Is(0) || len(x.Terms) == 0 {
		return g, -1
	}
	axis, coef := -1, int64(0)
	for _, t := range x.Terms { // of the axes of a reshape the outermost
		if c := s.eval(t.Coef); axis < 0 || max(c, -c) > max(coef, -coef) {
			axis, coef = t.Axis, c
		}
	}
	if !s.free[axis] || coef == 0 {
		return g, -1
	}
	at := s.eval(x.Const)
	g.shift = max(at, -at)
	// Position i of the axis reads coef*i + at.
	first, last := -at, ends[len(ends)-1]-at
	if coef < 0 {
		first, last = at-ends[len(ends)-1]+1, at+1
		coef = -coef
		for _, e := range slices.Backward(ends) {
			if i := at - e + 1; i%coef == 0 {
				g.ends = append(g.ends, i/coef)
			}
		}
	} else {
		g.ends = append(g.ends, first/coef)
		for _, e := range ends {
			if i := e - at; i%coef == 0 {
				g.ends = append(g.ends, i/coef)
			}
		}
	}
	g.from, g.to = max(first/coef, 0), min(last/coef, s.n[axis])
	return g, axis
}
