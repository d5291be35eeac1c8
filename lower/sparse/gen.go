package sparse

import (
	"fmt"
	"slices"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
	"github.com/numen-go/numen/lower/loop"
)

// phase says what a loop is for: sparse results are assembled in several.
type phase uint8

const (
	compute phase = iota // a dense result
	count                // how many elements the result stores
	write                // coordinates and values
)

var phaseNames = [...]string{"compute", "count", "write"}

// gen writes the loop of a statement.
type gen struct {
	k     *ir.Kernel
	s     *ir.Stmt
	pats  *ir.Patterns
	plan  *plan
	phase phase
	keep  func(op *ir.Op, d ir.DType) bool

	loop    *loop.Loop
	out     *[]loop.Stmt
	names   int
	binds   []func(r *run) loop.Memory // of loop.Arrays
	dims    []ir.Dim
	dimVars []*loop.Var
	scalars []*loop.Var
	dense   map[int]*loop.Array // operands
	sources []*source
	views   []*view
	starts  map[*view]*loop.Array
	begins  []begin

	at       []*loop.Val            // by axis: its position where it is known
	chunked  int                    // the axis that tasks are cut along; -1: none
	chunk    *loop.Val              // number of the task's piece
	from, to *loop.Val              // of the chunked axis
	result   *result                // a sparse result
	red      *reduction             // of a reduction whose reduced axes are the innermost
	implied  *implied               // what such a one takes for all that is not stored; nil: it visits every position or its order says
	across   *across                // of one that has many results for each stored element
	space    *workspace             // of one whose results are scattered
	marks    *loop.Array            // which positions of a scattered row were met: the number of the row
	locals   map[int]*local         // by operand
	inStrip  *loop.Val              // the position in the strip at hand; nil: there is none
	common   map[*ir.Expr]*loop.Val // loads that have a name at the position at hand
	err      error
}

// begin is a list that pieces of the chunked axis start in.
type begin struct {
	source int
	off    ir.Dim
}

func (g *gen) fail(err error) {
	if g.err == nil {
		g.err = err
	}
}

// newGen returns a generator for a statement in a phase.
func newGen(whole *ir.Kernel, n int, ph phase, keep func(op *ir.Op, d ir.DType) bool, locals map[int]*local) (*gen, error) {
	alone := *whole
	k := &alone
	k.Stmts = whole.Stmts[n : n+1] // what locals are is known where this reads them: they have no pattern
	g := &gen{k: k, s: &k.Stmts[0], pats: k.Patterns(), locals: map[int]*local{}, phase: ph, keep: keep, loop: &loop.Loop{Name: fmt.Sprintf("%s_%d_%s", identifier(k.Name), n, phaseNames[ph])},
		dense: map[int]*loop.Array{}, starts: map[*view]*loop.Array{}, at: make([]*loop.Val, len(k.Axes)), chunked: -1}
	read := ir.Stmt{Args: g.s.Args, Over: g.s.Over}
	for o, l := range locals {
		if isRead(k, o) {
			g.locals[o] = &local{s: l.s, read: l.read}
		}
	}
	accesses, err := g.accesses(&read)
	if err != nil {
		return nil, err
	}
	if g.plan, err = g.plans(g.s, accesses); err != nil {
		return nil, err
	}
	for _, sc := range k.Scalars {
		g.scalars = append(g.scalars, g.name("c", sc.DType))
	}
	for _, a := range accesses {
		f := k.Operands[a.Operand].Format
		g.views = append(g.views, &view{src: g.source(a.Operand, readOrder(f, a, g.plan.loops)), access: a, p: num(0)})
	}
	for o := range k.Operands {
		if l := g.locals[o]; l != nil {
			read.Args = slices.Concat(read.Args, l.s.Args)
		}
	}
	read.VisitExprs(func(e *ir.Expr) {
		if e.Kind == ir.Load && g.locals[e.Access.Operand] == nil && !k.Operands[e.Access.Operand].Format.Sparse() {
			g.operand(e.Access.Operand)
		}
	})
	g.implied = g.newImplied()
	g.body()
	if g.err != nil {
		return nil, g.err
	}
	g.loop.Params = append([]*loop.Var{g.loop.Params[0], g.loop.Params[1]}, append(g.dimVars, g.scalars...)...)
	if err := g.loop.Verify(); err != nil {
		return nil, fmt.Errorf("%w\n%s", err, g.loop)
	}
	return g, nil
}

func identifier(s string) string {
	out := []byte("k")
	for _, c := range []byte(s) {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' {
			out = append(out, c)
		}
	}
	return string(out)
}

// operand declares a dense operand.
func (g *gen) operand(n int) *loop.Array {
	a := g.dense[n]
	if a == nil {
		o := &g.k.Operands[n]
		a = g.array("x", o.DType, len(o.Shape), o.Role, func(r *run) loop.Memory { return r.memory(n) })
		g.dense[n] = a
	}
	return a
}

// source declares a sparse operand, read in an order of its axes.
func (g *gen) source(n int, order []int) *source {
	for _, s := range g.sources {
		if s.operand == n && slices.Equal(s.order, order) {
			return s
		}
	}
	o := &g.k.Operands[n]
	s := &source{operand: n, order: order, format: treeFormat(o.Format, order)}
	i := len(g.sources)
	g.sources = append(g.sources, s)
	for l, kind := range s.format.Levels {
		s.pos, s.crd = append(s.pos, nil), append(s.crd, nil)
		if kind == ir.LevelCompressed {
			s.pos[l] = g.array("pos", ir.Int64, 1, ir.In, func(r *run) loop.Memory { return slice(r.data[i].Pos[l]) })
			s.crd[l] = g.array("crd", ir.Int32, 1, ir.In, func(r *run) loop.Memory { return slice(r.data[i].Crd[l]) })
		}
	}
	s.vals = g.array("val", o.DType, 1, ir.In, func(r *run) loop.Memory { return host(r.data[i].Vals, o.DType) })
	return s
}

// startsOf returns where the outermost list of a view starts for each piece.
func (g *gen) startsOf(v *view) *loop.Array {
	a := g.starts[v]
	if a == nil {
		n := len(g.begins)
		g.begins = append(g.begins, begin{slices.Index(g.sources, v.src), v.index().Const})
		a = g.array("start", ir.Int64, 1, ir.In, func(r *run) loop.Memory { return slice(r.starts[n]) })
		g.starts[v] = a
	}
	return a
}

// body writes the loop: tasks over pieces of the outermost axis, where that is one of the
// result's.
func (g *gen) body() {
	var stmts []loop.Stmt
	g.out = &stmts
	pieces, cost := g.name("pieces", ir.Int64), g.name("cost", ir.Int64)
	g.loop.Params = []*loop.Var{pieces, cost}
	if len(g.plan.loops) > 0 {
		g.chunked = g.plan.loops[0]
	}
	if g.k.Operands[g.s.Targets[0].Operand].Format.Sparse() {
		g.result = g.newResult()
	} else {
		for _, t := range g.s.Targets {
			g.operand(t.Operand)
		}
	}
	bounds := g.array("bound", ir.Int64, 1, ir.In, func(r *run) loop.Memory { return slice(r.bounds) })
	par := &loop.Par{Ranges: []loop.ParRange{{Lo: g.name("c", ir.Int64), Hi: g.name("c", ir.Int64), From: num(0), To: use(pieces), Step: num(1)}}, Cost: use(cost)}
	par.Body = g.block(func() {
		g.each("c", use(par.Ranges[0].Lo), use(par.Ranges[0].Hi), func(c *loop.Val) {
			g.chunk = c
			g.from, g.to = g.let("from", load(bounds, c)), g.let("to", load(bounds, add(c, num(1))))
			if g.result != nil {
				g.result.begin()
			}
			g.scratches()
			g.bound()
			switch {
			case g.s.Sink == ir.Store:
				g.store(0, num(0))
			case g.plan.workspace:
				g.scattered(0, num(0))
			default:
				g.reduced(0, num(0))
			}
			if g.result != nil {
				g.result.end()
			}
		})
	})
	g.emit(par)
	g.loop.Body = stmts
}

// scratches declares the arrays of a task.
func (g *gen) scratches() {
	g.declareLocals()
	if g.s.Sink != ir.Reduce {
		return
	}
	if !g.plan.workspace {
		g.red = g.declare(g.s)
		g.across = g.newAcross(g.red)
		return
	}
	extent := g.extentOf(g.plan.loops[len(g.plan.loops)-1])
	if g.result != nil {
		g.marks = g.scratch("mark", ir.Int64, num(0), extent)
	}
	if g.phase != count {
		g.space = g.newWorkspace(extent)
	}
}

// demand returns the positions that the statement visits.
func (g *gen) demand() *ir.Pattern {
	switch {
	case g.s.Over != nil:
		return &ir.Pattern{Kind: ir.Stores, Access: g.s.Over}
	case g.implied != nil:
		return g.implied.pattern
	}
	return g.pats.Demanded(g.s)
}

// store emits the loops of elementwise results from an axis on.
func (g *gen) store(depth int, parent *loop.Val) {
	if n := len(g.plan.loops); depth < n {
		if r := g.result; r != nil && depth == n-1 && r.levels[depth] == ir.LevelCompressed {
			if v := g.straight(g.plan.loops[depth], g.demand()); v != nil {
				g.appendList(v, g.plan.loops[depth])
				return
			}
		}
		g.keptAxis(depth, parent, func(p *loop.Val) { g.store(depth+1, p) })
		return
	}
	if g.result == nil {
		g.write(g.values(g.s.Args))
		return
	}
	g.result.element(parent, g.holds(g.demand()), func() *loop.Val { return g.values(g.s.Args)[0] })
}

// keptAxis emits the loop over an axis of the result.
func (g *gen) keptAxis(depth int, parent *loop.Val, f func(p *loop.Val)) {
	a := g.plan.loops[depth]
	if g.result == nil {
		g.over(a, &ir.Pattern{Kind: ir.Everywhere}, true, func() { f(num(0)) })
		return
	}
	g.result.axis(depth, parent, func(all bool, each func(x *loop.Val)) {
		g.over(a, g.demand(), all, func() { each(g.at[a]) })
	}, f)
}

// write stores to dense results.
func (g *gen) write(vals []*loop.Val) {
	for i, t := range g.s.Targets {
		index := make([]*loop.Val, len(t.Index))
		for d, x := range t.Index {
			index[d] = g.affine(x)
		}
		g.emit(&loop.Store{Array: g.dense[t.Operand], Index: index, Val: vals[i]})
	}
}

// reduced emits the loops of a reduction whose reduced axes are the innermost.
func (g *gen) reduced(depth int, parent *loop.Val) {
	if g.across != nil && depth == g.plan.kept-1 {
		g.across.emit(parent)
		return
	}
	if w := g.newRows(depth); w != nil {
		w.emit()
		return
	}
	if depth < g.plan.kept {
		g.keptAxis(depth, parent, func(p *loop.Val) { g.reduced(depth+1, p) })
		return
	}
	if g.result == nil {
		r := g.red
		g.start(r)
		g.steps(r, depth)
		g.write(g.finish(r, g.positions()))
		return
	}
	if g.phase == count {
		n := g.variable("n", num(0))
		if g.s.Over == nil {
			g.along(depth, func() { g.assign(n, num(1)) })
		}
		g.result.element(parent, g.someStored(n), nil)
		return
	}
	r := g.red
	g.start(r)
	g.steps(r, depth)
	g.result.element(parent, g.someStored(r.count), func() *loop.Val { return g.finish(r, g.positions())[0] })
}

// someStored returns whether a result of n positions is stored: where there are any, or
// where the operand stores that the statement is over.
func (g *gen) someStored(n *loop.Var) *loop.Val {
	if g.s.Over != nil {
		return g.holds(g.demand())
	}
	return less(num(0), use(n))
}

// steps emits the steps of a reduction whose reduced axes stand from one on.
func (g *gen) steps(r *reduction, depth int) {
	if depth == len(g.plan.loops)-1 && r.single != nil && (g.implied == nil || g.implied.gap == nil) {
		if v := g.straight(g.plan.loops[depth], g.demand()); v != nil {
			g.alongList(r, v, g.plan.loops[depth])
			return
		}
	}
	g.along(depth, func() {
		g.step(r, g.values(g.s.Args))
		if g.implied != nil {
			g.implied.visited(g)
		}
	})
}

// along emits the loops over reduced axes from one on: f where a position counts.
func (g *gen) along(depth int, f func()) {
	if depth < len(g.plan.loops) {
		g.over(g.plan.loops[depth], g.demand(), false, func() { g.along(depth+1, f) })
		return
	}
	g.when(g.holds(g.demand()), f)
}

// positions returns how many positions a reduction has, stored or not.
func (g *gen) positions() *loop.Val {
	n := ir.N(1)
	for _, a := range g.s.Axes {
		n = n.Mul(g.k.Axes[a].Extent)
	}
	return g.dim(n)
}

// scattered emits the loops of a reduction whose results are met in any order along the
// last axis: they are kept for all of it at once.
func (g *gen) scattered(depth int, parent *loop.Val) {
	if depth < g.plan.kept {
		g.keptAxis(depth, parent, func(p *loop.Val) { g.scattered(depth+1, p) })
		return
	}
	last := g.plan.loops[len(g.plan.loops)-1]
	if g.result != nil {
		g.result.scattered(parent, depth)
		return
	}
	extent, w := g.extentOf(last), g.space
	g.each("x", num(0), extent, func(x *loop.Val) { w.clear(x, true) })
	g.scatter(depth, nil, func(x *loop.Val) { w.step(x, g.values(g.s.Args), true) })
	g.each("x", num(0), extent, func(x *loop.Val) {
		g.at[last] = x
		g.write(w.finish(x))
		g.at[last] = nil
	})
}

// scatter emits the loops of a scattered reduction from one on: f where a position
// counts, and before, where it is not nil, in front of the loop over the last axis.
func (g *gen) scatter(depth int, before func(), f func(x *loop.Val)) {
	last := len(g.plan.loops) - 1
	if depth <= last {
		if depth == last && before != nil {
			before()
		}
		if depth == last {
			g.askForRows()
		}
		g.over(g.plan.loops[depth], g.demand(), false, func() { g.scatter(depth+1, before, f) })
		return
	}
	g.when(g.holds(g.demand()), func() { f(g.at[g.plan.loops[last]]) })
}

// workspace is a reduction under way for every position of an axis.
type workspace struct {
	g      *gen
	states []ir.DType
	acc    []*loop.Array
	count  *loop.Array
}

func (g *gen) newWorkspace(extent *loop.Val) *workspace {
	w := &workspace{g: g, states: g.s.Combine.States(dtypes(g.s.Args))}
	if _, ok := g.s.Combine.Identity(w.states); !ok {
		g.fail(declined(lower.WhyCombine, g.s.Combine.Name+" has no identity"))
	}
	for _, d := range w.states {
		w.acc = append(w.acc, g.scratch("w", d, nil, extent))
	}
	w.count = g.scratch("wn", ir.Int64, nil, extent)
	return w
}

// clear emits the start of the reduction at x.
func (w *workspace) clear(x *loop.Val, counted bool) {
	identity, ok := w.g.s.Combine.Identity(w.states)
	if !ok {
		return
	}
	w.g.stores(w.acc, x, consts(w.states, identity))
	if counted {
		w.g.emit(&loop.Store{Array: w.count, Index: []*loop.Val{x}, Val: num(0)})
	}
}

// step emits one more position of the reduction at x, counted or not.
func (w *workspace) step(x *loop.Val, elems []*loop.Val, counted bool) {
	w.g.stores(w.acc, x, w.g.scalar(w.g.s.Combine.Step, loads(w.acc, x), elems))
	if counted {
		w.g.emit(&loop.Store{Array: w.count, Index: []*loop.Val{x}, Val: add(load(w.count, x), num(1))})
	}
}

// partial returns the results at a position of which some was implicit.
func (w *workspace) partial(x *loop.Val) []*loop.Val {
	empty, _ := w.g.s.Combine.Empty(w.states)
	return w.g.scalar(w.g.s.Combine.Merge, loads(w.acc, x), consts(w.states, empty))
}

// finish returns the results at a position. A state that nothing was added to is the
// identity, and a reduction of nothing when that is merged in.
func (w *workspace) finish(x *loop.Val) []*loop.Val {
	g := w.g
	empty, _ := g.s.Combine.Empty(w.states)
	n := g.let("n", load(w.count, x))
	result := make([]*loop.Var, len(w.states))
	for i, a := range w.acc {
		result[i] = g.variable("r", load(a, x))
	}
	g.when(less(n, g.positions()), func() {
		g.assignAll(result, g.scalar(g.s.Combine.Merge, vals(result), consts(w.states, empty)))
	})
	g.when(eq(n, num(0)), func() { g.assignAll(result, consts(w.states, empty)) })
	return vals(result)
}
