package passes

import (
	"slices"

	"github.com/numen-go/numen/ir"
)

// memory decides whose memory values have, last of all passes: steps that nothing needs
// go, a copy that only renames positions becomes a view, a value that dies where another
// is stored at the same positions gives it its buffer, and every buffer goes back to the
// pool after its last use.
var memory = Pass{
	Name: "memory", Stage: OnProgram,
	Doc: "dead launches, reshapes as views, results in the memory of operands that die where they are stored, buffers freed after their last use; no arithmetic changes",
	Run: func(u *Unit) (bool, error) {
		seen := map[int]bool{}
		for _, v := range slices.Concat(u.Program.Params, u.Program.Results) {
			seen[v] = true
		}
		steps := planMemory(u, u.Program.Steps, seen)
		changed := !slices.EqualFunc(steps, u.Program.Steps, sameStep)
		u.Program.Steps = steps
		compact(u.Program)
		return changed, nil
	},
}

// sameStep reports whether a step was left as it is.
func sameStep(s, t ir.ProgramStep) bool {
	return s.Kind == t.Kind && s.Out == t.Out && slices.Equal(s.In, t.In) && s.Launch == t.Launch &&
		slices.EqualFunc(s.Body, t.Body, sameStep) && slices.EqualFunc(s.Else, t.Else, sameStep)
}

// planMemory returns a list of steps, of which others see the values in seen, with the
// memory of what it allocates planned.
func planMemory(u *Unit, steps []ir.ProgramStep, seen map[int]bool) []ir.ProgramStep {
	b := &block{u: u, p: u.Program, own: map[int]bool{}}
	for _, s := range steps {
		if s.Kind == ir.StepAlloc && !seen[s.Out] {
			b.own[s.Out] = true
		}
	}
	for _, s := range steps {
		if s.Kind == ir.StepFree && b.own[s.Out] {
			continue // placed anew below
		}
		if s.Body != nil {
			s.Body = planMemory(u, s.Body, seenOutside(u.Program, s.Body))
		}
		if s.Else != nil {
			s.Else = planMemory(u, s.Else, seenOutside(u.Program, s.Else))
		}
		b.steps = append(b.steps, s)
	}
	b.dropDead()
	b.copiesToViews()
	b.reuse()
	return withFrees(b.steps, b.own)
}

// block is a list of steps whose memory is planned.
type block struct {
	u     *Unit
	p     *ir.Program
	steps []ir.ProgramStep
	own   map[int]bool // values that are allocated here and that nobody else sees
}

// dropDead removes steps that only make what nothing uses.
func (b *block) dropDead() {
	root, used := roots(b.steps), map[int]bool{}
	var kept []ir.ProgramStep
	for _, s := range slices.Backward(b.steps) {
		reads, writes := uses(root, &s)
		needed := s.Kind != ir.StepLaunch && s.Kind != ir.StepView && s.Kind != ir.StepAlloc
		for _, v := range writes {
			needed = needed || used[v] || !b.own[v]
		}
		if !needed {
			continue
		}
		for _, v := range slices.Concat(reads, writes) {
			used[v] = true
		}
		kept = append(kept, s)
	}
	slices.Reverse(kept)
	b.steps = kept
}

// writers returns how many steps write the memory of every value.
func (b *block) writers() map[int]int {
	n, root := map[int]int{}, roots(b.steps)
	for i := range b.steps {
		if k := b.steps[i].Kind; k == ir.StepAlloc || k == ir.StepView {
			continue
		}
		_, writes := uses(root, &b.steps[i])
		for _, v := range writes {
			n[v]++
		}
	}
	return n
}

// copiesToViews makes a launch that copies an array to the same places of another one a
// view: a reshape of a dense array moves nothing.
func (b *block) copiesToViews() {
	writers := b.writers()
	for i := 0; i < len(b.steps); i++ {
		s := &b.steps[i]
		from, to, ok := renaming(s)
		if !ok || !b.onHost(from) || !b.onHost(to) || !b.own[from] || !b.own[to] || writers[from] != 1 || writers[to] != 1 || !b.u.allow() {
			continue
		}
		*s = *viewOf(b.p, from, to, s.Sites)
		delete(b.own, to)
		b.steps = slices.DeleteFunc(b.steps, func(s ir.ProgramStep) bool { return s.Kind == ir.StepAlloc && s.Out == to })
		i-- // its allocation stood before it
	}
}

// onHost reports whether a value is plain memory, which may be looked at otherwise and
// written over.
func (b *block) onHost(v int) bool { return b.p.Values[v].Type.Format == nil }

// viewOf returns the step that makes value to the contiguous memory of value from.
func viewOf(p *ir.Program, from, to int, sites []*ir.Site) *ir.ProgramStep {
	return &ir.ProgramStep{Kind: ir.StepView, Out: to, In: []int{from}, Sites: sites, View: &ir.View{Strides: rowMajor(p.Values[to].Type.Shape)}}
}

// renaming returns the arrays between which a step copies every element to the place in
// memory that it has already.
func renaming(s *ir.ProgramStep) (from, to int, ok bool) {
	if s.Kind != ir.StepLaunch || !fusible(s.Launch) {
		return 0, 0, false
	}
	k := s.Launch.Kernel
	if len(k.Stmts) != 1 || k.Stmts[0].Sink != ir.Store || len(k.Stmts[0].Targets) != 1 || len(k.Operands) != 2 || k.Operands[0].Role != ir.In {
		return 0, 0, false
	}
	e, t := k.Stmts[0].Args[0], &k.Stmts[0].Targets[0]
	if e.Kind != ir.Load || t.Operand != 1 {
		return 0, 0, false
	}
	x, okX := flatIndex(e.Access, k.Operands[0].Shape)
	y, okY := flatIndex(t, k.Operands[1].Shape)
	same := okX && okY && x.Equal(y) && sameDim(elements(k.Operands[0].Shape), elements(k.Operands[1].Shape))
	return s.Launch.Args[0], s.Launch.Args[1], same
}

// flatIndex returns the position of an access in a row-major array of the given shape.
func flatIndex(a *ir.Access, shape []ir.Dim) (ir.Index, bool) {
	m := newMapping(nil) // affine indices make no values
	sum := ir.Index{}
	for d, stride := range rowMajor(shape) {
		if x := a.Index[d]; x.Value != nil || !x.Div.Is(0) {
			return sum, false
		}
		sum = m.plus(sum, stride, a.Index[d])
	}
	return sum, true
}

func rowMajor(shape []ir.Dim) []ir.Dim {
	strides := make([]ir.Dim, len(shape))
	n := ir.N(1)
	for i, d := range slices.Backward(shape) {
		strides[i] = n
		n = n.Mul(d)
	}
	return strides
}

func elements(shape []ir.Dim) ir.Dim {
	n := ir.N(1)
	for _, d := range shape {
		n = n.Mul(d)
	}
	return n
}

// reuse lets a launch store its result in the memory of an operand that nothing needs
// afterwards: both are one value, allocated where the operand was.
func (b *block) reuse() {
	heir, heirs := map[int]int{}, map[int]bool{} // by operand: the result that has its memory
	d := &deaths{b: b, last: lastUses(b.steps), writers: b.writers(), root: roots(b.steps), allocated: map[int]bool{}}
	for i := range b.steps {
		s := &b.steps[i]
		if s.Kind == ir.StepAlloc {
			d.allocated[s.Out] = true
		}
		if s.Kind != ir.StepLaunch || s.Launch.Bounds != nil {
			continue
		}
		if from, to, ok := d.at(i); ok && b.u.allow() {
			heir[from], heirs[to] = to, true
			delete(b.own, from)
		}
	}
	b.steps = slices.DeleteFunc(b.steps, func(s ir.ProgramStep) bool { return s.Kind == ir.StepAlloc && heirs[s.Out] })
	for i := range b.steps {
		renumber(&b.steps[i], func(v int) int {
			for to, ok := heir[v]; ok; to, ok = heir[v] {
				v = to
			}
			return v
		})
	}
}

// deaths is what reuse knows of a block.
type deaths struct {
	b         *block
	last      map[int]int // the last step that touches a value's memory
	writers   map[int]int
	root      map[int]int
	allocated map[int]bool // so far
}

// at returns an operand of launch i that dies there and a result that may have its
// memory: one statement stores it, and reads the operand at the very index it stores.
func (d *deaths) at(i int) (from, to int, ok bool) {
	l := d.b.steps[i].Launch
	var operands []int // of the arguments
	for n, o := range l.Kernel.Operands {
		if o.Role != ir.Local {
			operands = append(operands, n)
		}
	}
	alone := func(v int) bool { // no other argument is v or a view of it
		n := 0
		for _, x := range l.Args {
			if r, isView := d.root[x]; x == v || isView && r == v {
				n++
			}
		}
		return n == 1
	}
	for n, out := range operands {
		to := l.Args[n]
		if l.Kernel.Operands[out].Role != ir.Out || d.writers[to] != 1 || !d.allocated[to] {
			continue
		}
		for m, in := range operands {
			from := l.Args[m]
			if l.Kernel.Operands[in].Role == ir.In && d.b.own[from] && d.b.onHost(from) && d.last[from] == i && alone(from) &&
				d.b.p.Values[from].Type.Equal(d.b.p.Values[to].Type) && inPlace(l.Kernel, out, in) {
				return from, to, true
			}
		}
	}
	return 0, 0, false
}

// inPlace reports whether operands out and in of a kernel may be the same memory. The
// statement must have no other result: that could be computed after out is overwritten.
func inPlace(k *ir.Kernel, out, in int) bool {
	safe := true
	for i := range k.Stmts {
		s := &k.Stmts[i]
		stores := slices.ContainsFunc(s.Targets, func(t ir.Access) bool { return t.Operand == out })
		if stores && (s.Sink != ir.Store || len(s.Targets) != 1) {
			return false
		}
		eachLoad(k.Stmts[i:i+1], func(x *ir.Access) {
			if x.Operand == in && (!stores || !equalIndices(x.Index, s.Targets[0].Index)) {
				safe = false
			}
		})
	}
	return safe
}
