package passes

import (
	"slices"

	"github.com/numen-go/numen/ir"
)

// Sampling: a dense value that is read only where a sparse operand stores is computed
// there and nowhere else. S * (X @ Y) then never has the dense product, which may be
// larger than memory. Sparse launches are pieces for this alone; one into which nothing
// went stays the step that it was.

// samples reports whether a launch of arrays with sparse levels may compute dense values
// where it reads them: it has one that is made here.
func (f *fusion) samples(l *ir.Launch) bool {
	k := l.Kernel
	if l.Bounds != nil || l.Counts != nil || l.Target != "" || len(k.Stmts) != 1 || slices.ContainsFunc(k.Axes, func(a ir.Axis) bool { return a.From >= 0 }) {
		return false
	}
	sparse, dense, n := false, false, 0
	for i := range k.Operands {
		o := &k.Operands[i]
		if o.Role == ir.Local || o.Role == ir.InOut {
			return false
		}
		v := l.Args[n]
		n++
		if t := f.p.Values[v].Type.Format; t != nil && t.Device != "" {
			return false
		}
		sparse = sparse || o.Role == ir.In && o.Format.Sparse()
		dense = dense || o.Role == ir.In && o.Format == nil && f.inside[v]
	}
	return sparse && dense
}

// sampled returns where p, a sparse piece, reads v, and the access to a sparse operand
// that stores something wherever that is: nil when there is no such operand, or when p
// reads v elsewhere too.
func (f *fusion) sampled(p *piece, v int) (at, over *ir.Access) {
	last := &p.stmts[len(p.stmts)-1]
	for _, x := range p.loads {
		if x.Operand != v {
			continue
		}
		if at != nil && !equalIndices(at.Index, x.Index) || !f.plain(x.Index) {
			return nil, nil
		}
		at = x
	}
	eachLoad(p.stmts[:len(p.stmts)-1], func(x *ir.Access) {
		if x.Operand == v {
			at = nil
		}
	})
	k := &ir.Kernel{Axes: f.axes, Operands: f.values, Stmts: p.stmts[len(p.stmts)-1:]}
	var find func(p *ir.Pattern) *ir.Access
	find = func(p *ir.Pattern) *ir.Access {
		switch {
		case p.Kind == ir.Stores && f.plain(p.Access.Index):
			return p.Access
		case p.Kind == ir.Both:
			if a := find(p.Args[0]); a != nil {
				return a
			}
			return find(p.Args[1])
		}
		return nil
	}
	if over = find(k.Patterns().Demanded(last)); over == nil || at == nil {
		return nil, nil
	}
	return at, over
}

// plain reports whether indices are different axes.
func (f *fusion) plain(xs []ir.Index) bool {
	var axes []int
	for _, x := range xs {
		a, ok := plainAxis(x)
		if !ok || slices.Contains(axes, a) {
			return false
		}
		axes = append(axes, a)
	}
	return true
}

// inSample reports whether the body of p, which stores v, may stand in a sparse piece
// where that reads v. One that is a number would be a pattern of its own there.
func (f *fusion) inSample(p *piece, v int, r *piece, readers int) bool {
	s := &p.stmts[0]
	if readers != 1 || !f.plain(s.Targets[0].Index) || mayFault(p) {
		return false
	}
	k := &ir.Kernel{Axes: f.axes, Operands: f.values, Stmts: p.stmts}
	at, over := f.sampled(r, v)
	if over == nil || k.Patterns().Of(s.Args[0]).Kind != ir.Everywhere {
		return false
	}
	return f.once(r, at) || f.weigh(p).ops <= maxAgain
}

// maxAgain is what an element may cost, in additions, that a sparse piece computes again
// wherever it reads it. All of them may be more than memory holds.
const maxAgain = 2

// once reports whether a sparse piece reads every element that it reads at one position.
func (f *fusion) once(p *piece, at *ir.Access) bool {
	return !slices.ContainsFunc(domain(&p.stmts[len(p.stmts)-1]), func(a int) bool { return !slices.Contains(at.Axes(), a) })
}

// sampleReductions computes reductions of dense operands, contractions above all, in the
// sparse pieces that sample them. It reports whether there were any.
func (f *fusion) sampleReductions() bool {
	d := f.dependencies()
	changed := false
	for i := 0; i < len(f.pieces); i++ {
		for {
			b := f.pieces[i]
			a, j := f.sampledBy(d, b)
			if a == nil || len(j.stmts) > f.limit || !f.u.allow() {
				break
			}
			f.measure(j)
			i = d.replace(a, b, j)
			changed = true
		}
	}
	return changed
}

// sampledBy returns a producer of b that b samples, and what they are together.
func (f *fusion) sampledBy(d *dependencies, b *piece) (a, joined *piece) {
	if !b.sparse {
		return nil, nil
	}
	for _, a := range d.producers(b) {
		if a.step != nil || a.sparse || len(a.stmts) != 1 || a.size+b.size > maxBody || mayFault(a) || !d.mayJoin(a, b) {
			continue
		}
		s := &a.stmts[0]
		v := s.Targets[0].Operand
		if s.Sink != ir.Reduce || len(s.Targets) != 1 || !f.inside[v] || !f.stable[v] || !f.plain(s.Targets[0].Index) || !startsFromNothing(s) {
			continue
		}
		if slices.ContainsFunc(f.pieces, func(p *piece) bool { return p != b && slices.Contains(p.reads, v) }) ||
			slices.ContainsFunc(a.reads, func(r int) bool { return !f.stable[r] || r < len(f.p.Values) && f.p.Values[r].Type.Format != nil }) {
			continue
		}
		at, over := f.sampled(b, v)
		if over == nil || !equalAxes(at, over) || !f.once(b, at) {
			continue
		}
		var from places
		taken := axesOf(b.stmts)
		for n, x := range s.Targets[0].Index {
			from.set(x.Terms[0].Axis, at.Index[n])
		}
		for _, r := range s.Axes {
			x := f.freshAxis(f.extent(r), taken)
			from.set(r, ir.At(x))
			taken = append(taken, x)
		}
		made := f.atAxes(from).stmt(s)
		made.Over = over
		j := &piece{sparse: true, stmts: slices.Concat(b.stmts[:len(b.stmts)-1], []ir.Stmt{made}, b.stmts[len(b.stmts)-1:]), names: slices.Clone(b.names), sites: slices.Clone(b.sites)}
		j.note(a)
		return a, j
	}
	return nil, nil
}

// startsFromNothing reports whether a reduction has a state to start from and a value of
// no elements.
func startsFromNothing(s *ir.Stmt) bool {
	states := s.Combine.States(dtypesOf(s.Args))
	_, identity := s.Combine.Identity(states)
	_, empty := s.Combine.Empty(states)
	return identity && empty
}

// equalAxes reports whether two accesses go along the same axes.
func equalAxes(x, y *ir.Access) bool { return sameAxes(x.Axes(), y.Axes()) }
