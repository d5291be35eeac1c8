package passes

import (
	"fmt"
	"slices"

	"github.com/numen-go/numen/ir"
)

// steps writes the pieces as steps. A value is allocated before its first use, and freed
// after its last if it was before.
func (f *fusion) steps() []ir.ProgramStep {
	var out []ir.ProgramStep
	allocated, shared := map[int]bool{}, f.shared()
	for _, p := range f.pieces {
		for _, v := range slices.Concat(p.reads, p.writes) {
			_, ours := f.inside[v]
			if ours && !allocated[v] && v < len(f.p.Values) && (shared[v] || p.step != nil || p.was != nil) {
				allocated[v] = true
				out = append(out, ir.ProgramStep{Kind: ir.StepAlloc, Out: v})
			}
		}
		switch {
		case p.step != nil:
			out = append(out, *p.step)
		case p.was != nil:
			out = append(out, *p.was)
		default:
			out = append(out, f.launch(p, shared))
		}
	}
	return withFrees(out, f.freed)
}

// shared returns the values that more than one piece touches or that others see: those
// that need memory of their own.
func (f *fusion) shared() map[int]bool {
	shared, by := map[int]bool{}, map[int]*piece{}
	for _, p := range f.pieces {
		for _, v := range slices.Concat(p.reads, p.writes) {
			if q := by[v]; !f.inside[v] || q != nil && q != p {
				shared[v] = true
			}
			by[v] = p
		}
	}
	return shared
}

// launch writes a piece as a step.
func (f *fusion) launch(p *piece, shared map[int]bool) ir.ProgramStep {
	w := &writer{f: f, k: &ir.Kernel{Name: kernelName(p.names)}, l: &ir.Launch{}, taken: map[string]bool{}}
	w.l.Kernel = w.k
	for _, s := range f.p.Symbols {
		w.taken[s.Name] = true
	}
	w.operands(p, shared)
	for _, a := range axesOf(p.stmts) {
		w.axes = append(w.axes, a)
		w.k.Axes = append(w.k.Axes, ir.Axis{Name: w.name("i", len(w.axes)-1), Extent: f.extent(a), From: -1})
	}
	m := newMapping(ir.NewBuilder())
	m.axis = func(a int) ir.Index { return ir.At(slices.Index(w.axes, a)) }
	m.operand = func(v int) int { return slices.Index(w.values, v) }
	m.scalar, m.fault = w.scalar, w.faults(p)
	for i := range p.stmts {
		w.k.Stmts = append(w.k.Stmts, m.stmt(&p.stmts[i]))
	}
	w.k.VisitDims(func(d ir.Dim) {
		d.Symbols(func(s string) {
			if !slices.Contains(w.k.Dims, s) {
				w.k.Dims = append(w.k.Dims, s)
				w.l.Dims = append(w.l.Dims, ir.Sym(s))
			}
		})
	})
	return ir.ProgramStep{Kind: ir.StepLaunch, Launch: w.l, Sites: p.sites}
}

// writer numbers what one kernel uses.
type writer struct {
	f      *fusion
	k      *ir.Kernel
	l      *ir.Launch
	taken  map[string]bool
	axes   []int // of the fusion, by the kernel's number
	values []int // by operand
}

// name returns stem with a number, avoiding the names of symbols.
func (w *writer) name(stem string, n int) string {
	name := fmt.Sprintf("%s%d", stem, n)
	for w.taken[name] {
		name += "_"
	}
	return name
}

// operands declares inputs, results and locals, each kind in order of use.
func (w *writer) operands(p *piece, shared map[int]bool) {
	var kinds [4][]int
	for _, v := range p.reads {
		if !slices.Contains(p.writes, v) {
			kinds[ir.In] = append(kinds[ir.In], v)
		}
	}
	for _, v := range p.writes {
		role := ir.Out
		switch {
		case !shared[v]:
			role = ir.Local
		case w.f.inout[v]:
			role = ir.InOut
		}
		kinds[role] = append(kinds[role], v)
	}
	stems := [...]string{ir.In: "x", ir.Out: "o", ir.InOut: "u", ir.Local: "t"}
	for _, role := range []ir.Role{ir.In, ir.InOut, ir.Out, ir.Local} {
		for n, v := range kinds[role] {
			o := w.f.values[v]
			o.Name, o.Role = w.name(stems[role], n), role
			w.k.Operands = append(w.k.Operands, o)
			w.values = append(w.values, v)
			if role != ir.Local {
				w.l.Args = append(w.l.Args, v)
			}
		}
	}
}

// scalar declares a run-time number of the program.
func (w *writer) scalar(n int) int {
	if i := slices.Index(w.l.Scalars, n); i >= 0 {
		return i
	}
	w.l.Scalars = append(w.l.Scalars, n)
	s := w.f.p.Scalars[n]
	w.k.Scalars = append(w.k.Scalars, ir.ScalarArg{Name: w.name("c", n), DType: s.DType})
	return len(w.l.Scalars) - 1
}

// faults declares the faults that a piece may report, in the program's order: of two at
// one place the earlier call is the one to name.
func (w *writer) faults(p *piece) func(int) int {
	var used []int
	for i := range p.stmts {
		p.stmts[i].VisitExprs(func(e *ir.Expr) {
			if e.Kind == ir.Checked && !slices.Contains(used, e.N) {
				used = append(used, e.N)
			}
		})
	}
	slices.Sort(used)
	for _, n := range used {
		w.k.Faults = append(w.k.Faults, w.f.faults[n])
	}
	return func(n int) int { return slices.Index(used, n) }
}

// kernelName names a kernel after the ones it is made of.
func kernelName(names []string) string {
	const most = 6
	name := names[0]
	for i, n := range names[1:] {
		if i+1 == most {
			return fmt.Sprintf("%s_and_%d", name, len(names)-most)
		}
		name += "_" + n
	}
	return name
}
