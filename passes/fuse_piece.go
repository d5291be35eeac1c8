package passes

import (
	"slices"

	"github.com/numen-go/numen/ir"
)

// A piece is a step of the program while launches are joined. The statements of all
// pieces share one numbering, so that bodies move between them as they are: operands
// are values of the program and, after those, locals; axes are numbers into
// fusion.axes; scalars are the program's, faults numbers into fusion.faults.
type piece struct {
	step   *ir.ProgramStep // what is not a launch that fusion understands; nil: stmts
	stmts  []ir.Stmt
	names  []string // of the kernels it is made of
	sites  []*ir.Site
	reads  []int        // values
	writes []int        // values and, of stmts, locals
	loads  []*ir.Access // of stmts
	size   int          // nodes of the bodies
	at     int          // place in fusion.pieces

	sparse bool            // of a launch of arrays with sparse levels, see fuse_sample.go
	was    *ir.ProgramStep // sparse: the launch, while nothing has changed

	// What inlineValues finds out.
	epilogue bool     // see isEpilogue
	splits   places   // axes that became several, see splitAxis
	inline   bool     // its value is computed where it is read
	keep     bool     // it runs as a step
	reach    []demand // inline: where its value is read
	acc      int      // inline: what is computed again for one element, see decide
}

// fusion is a list of steps while launches are joined.
type fusion struct {
	u      *Unit
	p      *ir.Program
	b      *ir.Builder
	axes   []ir.Axis
	values []ir.Operand // dtype and shape of the program's values, then of locals
	inout  []bool       // by value: kernels read what they write into it
	faults []ir.Fault
	pieces []*piece     // in an order in which they may run
	inside map[int]bool // values that live and die in these steps
	freed  map[int]bool // those whose buffers these steps give back
	stable map[int]bool // values that are the same wherever these steps read them
	limit  int          // statements of a kernel
	views  int          // launches that became views
	undo   []func()     // takes back what was tried for the value at hand
}

// newFusion reads a list of steps. outside says which values others see.
func newFusion(u *Unit, steps []ir.ProgramStep, outside map[int]bool) *fusion {
	f := &fusion{u: u, p: u.Program, b: ir.NewBuilder(), inside: map[int]bool{}, freed: map[int]bool{}, stable: map[int]bool{}, limit: maxStmts}
	for _, v := range u.Program.Values {
		f.values = append(f.values, ir.Operand{DType: v.Type.DType, Shape: v.Type.Shape, Format: v.Type.Format.Levelled(), Like: -1})
	}
	f.inout = make([]bool, len(f.values))
	for _, c := range u.Caps {
		if c.MaxStmts > 0 {
			f.limit = min(f.limit, c.MaxStmts)
		}
	}
	contiguous := map[int]bool{} // the caller's arrays, and views of them
	for _, v := range u.Program.Params {
		contiguous[v] = !slices.Contains(u.Program.Donated, v) && u.Program.Values[v].Type.Format == nil
	}
	for i := range steps {
		s := &steps[i]
		if s.Kind == ir.StepAlloc {
			f.inside[s.Out] = !outside[s.Out]
			continue
		}
		if s.Kind == ir.StepFree && f.inside[s.Out] {
			f.freed[s.Out] = true
			continue
		}
		if view, ok := f.asView(s, contiguous); ok {
			s = view
		}
		if s.Kind == ir.StepView && contiguous[s.In[0]] {
			contiguous[s.Out] = true
		}
		f.pieces = append(f.pieces, f.read(s))
	}
	f.findStable()
	return f
}

// asView returns a view for a launch that only joins axes of an array which nothing here
// makes. What reads it then has one long loop where it would have two short ones; an
// array that is made here is better reshaped as it is stored.
func (f *fusion) asView(s *ir.ProgramStep, contiguous map[int]bool) (*ir.ProgramStep, bool) {
	from, to, ok := renaming(s)
	if !ok || !contiguous[from] || !f.inside[to] {
		return nil, false
	}
	joins := slices.ContainsFunc(s.Launch.Kernel.Stmts[0].Targets[0].Index, func(x ir.Index) bool { return len(x.Terms) > 1 })
	if !joins || !f.u.allow() {
		return nil, false
	}
	delete(f.inside, to)
	f.views++
	return viewOf(f.p, from, to, s.Sites), true
}

// findStable notes the values that are written once, before they are read.
func (f *fusion) findStable() {
	root := f.roots()
	touched, changes := map[int]bool{}, map[int]bool{}
	for _, p := range f.pieces {
		for _, v := range p.reads {
			touched[root[v]] = true
		}
		if p.step != nil && p.step.Kind == ir.StepView {
			continue
		}
		for _, v := range p.writes {
			changes[root[v]] = changes[root[v]] || touched[root[v]]
			touched[root[v]] = true
		}
	}
	for v := range f.values {
		f.stable[v] = !changes[root[v]]
	}
}

// read makes a piece of a step.
func (f *fusion) read(s *ir.ProgramStep) *piece {
	p := &piece{}
	if s.Kind == ir.StepLaunch && f.samples(s.Launch) {
		p.sparse, p.was = true, s
	}
	if s.Kind != ir.StepLaunch || !p.sparse && !fusible(s.Launch) {
		p.step = s
		p.reads, p.writes = stepUses(s)
		return p
	}
	l, k := s.Launch, s.Launch.Kernel
	p.names, p.sites = []string{k.Name}, slices.Clone(s.Sites)
	m := newMapping(f.b)
	m.dim = f.dims(l)
	axes := make([]ir.Index, len(k.Axes))
	for i, a := range k.Axes {
		if d := m.dim(a.Extent); !d.Is(1) || p.sparse || neededAlong(k, i) { // one position is no loop
			axes[i] = ir.At(f.axis(i, d))
		}
	}
	m.axis = func(a int) ir.Index { return axes[a] }
	operands, next := make([]int, len(k.Operands)), 0
	for i, o := range k.Operands {
		if o.Role == ir.Local {
			operands[i] = f.local(o.DType, m.shape(o.Shape))
			continue
		}
		operands[i] = l.Args[next]
		if o.Role == ir.InOut && !storedFirst(k, i) {
			f.inout[l.Args[next]] = true
		}
		next++
	}
	m.operand = func(o int) int { return operands[o] }
	m.scalar = func(n int) int { return l.Scalars[n] }
	first := len(f.faults)
	for _, ft := range k.Faults {
		ft.Limit = m.dim(ft.Limit)
		f.faults = append(f.faults, ft)
	}
	m.fault = func(n int) int { return first + n }
	for i := range k.Stmts {
		p.stmts = append(p.stmts, m.stmt(&k.Stmts[i]))
	}
	f.measure(p)
	return p
}

// neededAlong reports whether a statement would lose the last axis in its brackets with
// axis a, which has one position, or goes along it alone.
func neededAlong(k *ir.Kernel, a int) bool {
	for i := range k.Stmts {
		s := &k.Stmts[i]
		at := slices.Index(s.Axes, a)
		if at < 0 {
			continue
		}
		others := slices.ContainsFunc(s.Axes, func(b int) bool { return !k.Axes[b].Extent.Is(1) }) || at > 0
		if !others || s.Sink == ir.Scan || s.Sink == ir.Append {
			return true
		}
	}
	return false
}

// storedFirst reports whether a kernel stores an operand before anything else is done
// with it, so that what it came with does not matter.
func storedFirst(k *ir.Kernel, operand int) bool {
	for i := range k.Stmts {
		s := &k.Stmts[i]
		for _, t := range s.Targets {
			if t.Operand == operand {
				return s.Sink == ir.Store
			}
		}
		if readsAny(s, []ir.Access{{Operand: operand}}) {
			return false
		}
	}
	return false
}

// fusible reports whether a launch is a whole dense kernel that no target has yet.
func fusible(l *ir.Launch) bool {
	if l.Bounds != nil || l.Counts != nil || l.Target != "" {
		return false
	}
	for _, o := range l.Kernel.Operands {
		if o.Format != nil {
			return false
		}
	}
	return !slices.ContainsFunc(l.Kernel.Axes, func(a ir.Axis) bool { return a.From >= 0 })
}

// stepUses returns the values that a step reads and writes, those of the steps inside
// it included. A step that exchanges or frees a buffer counts as writing it.
func stepUses(s *ir.ProgramStep) (reads, writes []int) {
	reads, writes = slices.Clone(s.In), slices.Clone(s.Outs)
	switch s.Kind {
	case ir.StepAlloc, ir.StepView, ir.StepConvert, ir.StepFree:
		writes = append(writes, s.Out)
	case ir.StepSwap:
		writes = append(writes, s.In...)
	case ir.StepLaunch:
		writes = append(writes, s.Launch.Counts...)
		next := 0
		for _, o := range s.Launch.Kernel.Operands {
			if o.Role == ir.Local {
				continue
			}
			if o.Role != ir.Out {
				reads = append(reads, s.Launch.Args[next])
			}
			if o.Role != ir.In {
				writes = append(writes, s.Launch.Args[next])
			}
			next++
		}
	}
	for _, body := range [][]ir.ProgramStep{s.Body, s.Else} {
		for i := range body {
			r, w := stepUses(&body[i])
			reads, writes = append(reads, r...), append(writes, w...)
		}
	}
	return reads, writes
}

// dims returns the map from a kernel's dims to the program's symbols.
func (f *fusion) dims(l *ir.Launch) func(ir.Dim) ir.Dim {
	same := true
	for i, name := range l.Kernel.Dims {
		same = same && l.Dims[i] == ir.Sym(name)
	}
	if same {
		return func(d ir.Dim) ir.Dim { return d }
	}
	return func(d ir.Dim) ir.Dim {
		return d.Subst(func(s string) (ir.Dim, bool) {
			if i := slices.Index(l.Kernel.Dims, s); i >= 0 {
				return l.Dims[i], true
			}
			return ir.Dim{}, false
		})
	}
}

// axis returns an axis of the given extent, which is the same for the same place in a
// kernel: bodies over the same axes then need no change when they meet.
func (f *fusion) axis(place int, extent ir.Dim) int {
	for a := range f.axes {
		if f.axes[a].Extent == extent {
			if place == 0 {
				return a
			}
			place--
		}
	}
	for ; ; place-- {
		f.axes = append(f.axes, ir.Axis{Extent: extent, From: -1})
		if place == 0 {
			return len(f.axes) - 1
		}
	}
}

// freshAxis returns an axis of the given extent that is not taken.
func (f *fusion) freshAxis(extent ir.Dim, taken []int) int {
	for place := 0; ; place++ {
		if a := f.axis(place, extent); !slices.Contains(taken, a) {
			return a
		}
	}
}

func (f *fusion) extent(a int) ir.Dim { return f.axes[a].Extent }

// local makes an operand that only kernels see.
func (f *fusion) local(d ir.DType, shape []ir.Dim) int {
	f.values = append(f.values, ir.Operand{DType: d, Shape: shape, Like: -1})
	f.inout = append(f.inout, false)
	v := len(f.values) - 1
	f.inside[v] = true
	return v
}

// measure notes what a piece's statements read and write, and their size.
func (f *fusion) measure(p *piece) {
	p.reads, p.writes, p.loads, p.size = nil, nil, nil, 0
	add := func(list *[]int, v int) {
		if !slices.Contains(*list, v) {
			*list = append(*list, v)
		}
	}
	for i := range p.stmts {
		s := &p.stmts[i]
		for _, t := range s.Targets {
			add(&p.writes, t.Operand)
			if f.inout[t.Operand] {
				add(&p.reads, t.Operand)
			}
		}
		s.VisitExprs(func(e *ir.Expr) {
			p.size++
			if e.Kind == ir.Load {
				add(&p.reads, e.Access.Operand)
				p.loads = append(p.loads, e.Access)
			}
		})
	}
}

// axesOf returns the axes of statements, in order of appearance.
func axesOf(stmts []ir.Stmt) []int {
	var out []int
	for i := range stmts {
		for _, a := range domain(&stmts[i]) {
			if !slices.Contains(out, a) {
				out = append(out, a)
			}
		}
	}
	return out
}

// domain returns the axes that a statement ranges over.
func domain(s *ir.Stmt) []int {
	var none ir.Kernel // the domain is the statement's own
	return none.Domain(s)
}

// eachLoad calls visit with every access that statements read.
func eachLoad(stmts []ir.Stmt, visit func(*ir.Access)) {
	for i := range stmts {
		stmts[i].VisitExprs(func(e *ir.Expr) {
			if e.Kind == ir.Load {
				visit(e.Access)
			}
		})
	}
}

// readsAny reports whether a statement reads what one of the targets writes.
func readsAny(s *ir.Stmt, targets []ir.Access) bool {
	found := false
	eachLoad([]ir.Stmt{*s}, func(x *ir.Access) {
		found = found || slices.ContainsFunc(targets, func(t ir.Access) bool { return t.Operand == x.Operand })
	})
	return found
}

// long leaves out axes of extent 1.
func (f *fusion) long(axes []int) []int {
	return slices.DeleteFunc(axes, func(a int) bool { return f.extent(a).Is(1) })
}

// note adds to p's names and sites those of pieces that are part of it now, in order.
func (p *piece) note(parts ...*piece) {
	var names []string
	for _, q := range parts {
		if q.size > 1 { // a bare load has nothing to name
			names = append(names, q.names...)
		}
	}
	p.names = append(names, p.names...)
	for _, q := range slices.Backward(parts) {
		for _, s := range q.sites {
			if !slices.Contains(p.sites, s) {
				p.sites = append(p.sites, s)
			}
		}
	}
}
