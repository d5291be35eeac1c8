package passes

import (
	"slices"

	"github.com/numen-go/numen/ir"
)

// dependencies says which pieces must run before which. The pieces stand in an order
// that respects it.
type dependencies struct {
	f       *fusion
	root    []int                      // by value: the value whose memory it is
	before  map[*piece]map[*piece]bool // what a piece needs directly
	writer  map[int]*piece             // the last of each value
	readers map[int][]*piece
}

func (f *fusion) dependencies() *dependencies {
	d := &dependencies{f: f, root: f.roots(), before: map[*piece]map[*piece]bool{}, writer: map[int]*piece{}, readers: map[int][]*piece{}}
	writers, readers := map[int]*piece{}, map[int][]*piece{} // since the last write
	for i, p := range f.pieces {
		p.at = i
		d.before[p] = map[*piece]bool{}
		need := func(q *piece) {
			if q != nil && q != p {
				d.before[p][q] = true
			}
		}
		for _, v := range d.touched(p.reads) {
			need(writers[v])
			readers[v] = append(readers[v], p)
		}
		writes := p.writes
		if p.step == nil || p.step.Kind != ir.StepView { // a view is another name for what is there
			writes = d.touched(writes)
		}
		for _, v := range writes {
			need(writers[v])
			for _, q := range readers[v] {
				need(q)
			}
			writers[v], readers[v] = p, nil
		}
		d.enter(p)
	}
	return d
}

// roots returns for every value the one whose memory it shares.
func (f *fusion) roots() []int {
	root := make([]int, len(f.values))
	for v := range root {
		root[v] = v
	}
	for _, p := range f.pieces {
		if p.step != nil && p.step.Kind == ir.StepView {
			root[p.step.Out] = root[p.step.In[0]]
		}
	}
	return root
}

// touched returns values with the roots of their memory.
func (d *dependencies) touched(vs []int) []int {
	out := slices.Clone(vs)
	for _, v := range vs {
		if d.root[v] != v {
			out = append(out, d.root[v])
		}
	}
	return out
}

// producers returns the pieces that make what b reads, the latest first.
func (d *dependencies) producers(b *piece) []*piece {
	var out []*piece
	for _, v := range b.reads {
		if a := d.writer[v]; a != nil && a != b && a.at < b.at && !slices.Contains(out, a) {
			out = append(out, a)
		}
	}
	slices.SortFunc(out, func(p, q *piece) int { return q.at - p.at })
	return out
}

// maxSiblings bounds how many pieces are tried for a common input: an array that a
// thousand launches read is not a reason to try a million pairs.
const maxSiblings = 8

// siblings returns the pieces before b that read what b reads, the latest first.
func (d *dependencies) siblings(b *piece) []*piece {
	var out []*piece
	for _, v := range b.reads {
		for _, a := range d.readers[v] {
			if a.at < b.at && !slices.Contains(out, a) {
				out = append(out, a)
			}
		}
	}
	slices.SortFunc(out, func(p, q *piece) int { return q.at - p.at })
	return out[:min(len(out), maxSiblings)]
}

func (d *dependencies) enter(p *piece) {
	for _, v := range p.writes {
		d.writer[v] = p
	}
	for _, v := range p.reads {
		d.readers[v] = append(d.readers[v], p)
	}
}

func (d *dependencies) leave(p *piece) {
	for _, v := range p.reads {
		d.readers[v] = slices.DeleteFunc(d.readers[v], func(q *piece) bool { return q == p })
	}
}

// mayJoin reports whether a and b, which stands after it, can be one piece: nothing
// between them needs a and is needed by b.
func (d *dependencies) mayJoin(a, b *piece) bool {
	for p := range d.between(a, b) {
		if d.before[p][a] {
			return false
		}
	}
	return true
}

// between returns what b needs, directly or not, of the pieces after a.
func (d *dependencies) between(a, b *piece) map[*piece]bool {
	needed := map[*piece]bool{}
	stack := []*piece{b}
	for len(stack) > 0 {
		p := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		for q := range d.before[p] {
			if q.at > a.at && !needed[q] {
				needed[q] = true
				stack = append(stack, q)
			}
		}
	}
	return needed
}

// replace puts j in the place of a and b and returns where it stands: after what b
// needs, before what needs a.
func (d *dependencies) replace(a, b, j *piece) int {
	needed := d.between(a, b)
	var early, late []*piece
	for _, p := range d.f.pieces[a.at+1 : b.at] {
		if needed[p] {
			early = append(early, p)
		} else {
			late = append(late, p)
		}
	}
	window := slices.Concat(early, []*piece{j}, late)
	d.f.pieces = slices.Replace(d.f.pieces, a.at, b.at+1, window...)
	for i := a.at; i < len(d.f.pieces); i++ {
		d.f.pieces[i].at = i
	}
	d.before[j] = map[*piece]bool{}
	for _, old := range []*piece{a, b} {
		for p := range d.before[old] {
			if p != a && p != b {
				d.before[j][p] = true
			}
		}
		delete(d.before, old)
	}
	for _, needs := range d.before {
		if needs[a] || needs[b] {
			delete(needs, a)
			delete(needs, b)
			needs[j] = true
		}
	}
	d.leave(a)
	d.leave(b)
	d.enter(j)
	return j.at
}
