package sparse

import (
	"fmt"
	"slices"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
	"github.com/numen-go/numen/lower/loop"
)

// A local that is reduced over what a sparse operand stores (the products that a sampled
// product of dense matrices needs) has no memory: it is computed at the position where
// the statement that reads it is, once for each stored element.

// local is such an operand.
type local struct {
	s    *ir.Stmt
	read *ir.Access // where the other statement reads it
	red  *reduction
	vals *loop.Array // its values for the elements of a list
}

// results returns the statements of a kernel that make what others see, and locals by
// the operand that they are. It declines locals of other kinds.
func results(k *ir.Kernel) (stmts []int, locals map[int]*local, err error) {
	locals = map[int]*local{}
	for i := range k.Operands {
		if k.Operands[i].Role != ir.Local || !isRead(k, i) {
			continue
		}
		n := slices.IndexFunc(k.Stmts, func(s ir.Stmt) bool { return s.Targets[0].Operand == i })
		if n < 0 || !isSampled(k, &k.Stmts[n]) {
			return nil, nil, declined(lower.WhyStatements, "a value that lives inside the kernel")
		}
		locals[i] = &local{s: &k.Stmts[n]}
	}
	for n := range k.Stmts {
		if locals[k.Stmts[n].Targets[0].Operand] == nil {
			stmts = append(stmts, n)
		}
	}
	if len(stmts) > 1 {
		return nil, nil, declined(lower.WhyStatements, "more than one result")
	}
	final := k.Stmts[stmts[0]]
	for o, l := range locals {
		once := true
		final.VisitExprs(func(e *ir.Expr) {
			if e.Kind == ir.Load && e.Access.Operand == o {
				once = once && (l.read == nil || sameAccess(l.read, e.Access))
				l.read = e.Access
			}
		})
		if !once || l.read == nil {
			return nil, nil, declined(lower.WhyStatements, k.Operands[o].Name+" is read at several places")
		}
		whole := *k
		whole.Stmts = []ir.Stmt{final}
		if !whole.Patterns().Demanded(&final).Within(l.s.Over) {
			return nil, nil, declined(lower.WhyStatements, fmt.Sprintf("%s is read where %s stores nothing", k.Operands[o].Name, k.Operands[l.s.Over.Operand].Name))
		}
	}
	return stmts, locals, nil
}

// isSampled reports whether a statement reduces dense operands for each element that a
// sparse one stores.
func isSampled(k *ir.Kernel, s *ir.Stmt) bool {
	if s.Over == nil || s.Sink != ir.Reduce || len(s.Targets) != 1 || len(s.Over.Index) != len(k.Operands[s.Over.Operand].Shape) || !placed(s.Targets[0]) {
		return false
	}
	states := s.Combine.States(dtypes(s.Args))
	_, identity := s.Combine.Identity(states)
	_, empty := s.Combine.Empty(states)
	dense := true
	s.VisitExprs(func(e *ir.Expr) {
		if e.Access != nil {
			o := &k.Operands[e.Access.Operand]
			dense = dense && o.Role != ir.Local && !o.Format.Sparse()
		}
		dense = dense && e.Kind != ir.Checked
	})
	return dense && identity && empty
}

// declareLocals emits what locals need once a task.
func (g *gen) declareLocals() {
	if g.phase == count {
		return
	}
	for _, l := range g.inTask() {
		l.red = g.declare(l.s)
		l.vals = g.scratch("sample", g.k.Operands[l.read.Operand].DType, nil, num(sampleWidth))
	}
}

// inTask returns the locals in order: the text of a loop is always the same.
func (g *gen) inTask() []*local {
	var out []*local
	for o := range g.k.Operands {
		if l := g.locals[o]; l != nil {
			out = append(out, l)
		}
	}
	return out
}

// sampled returns a local's value at the position at hand.
func (g *gen) sampled(l *local) *loop.Val {
	if g.inStrip != nil {
		return load(l.vals, g.inStrip)
	}
	var v *loop.Val
	g.atSample(l, func() {
		implied := g.implied
		g.implied = nil // of the statement that reads it
		g.start(l.red)
		if l.isChain() {
			g.inBlocks(l)
		} else {
			g.inTurn(l, 0)
		}
		v = g.finish(l.red, g.dim(l.positions(g.k)))[0]
		g.implied = implied
	})
	return v
}

// atSample calls f where the axes of a local's statement are those of its reader.
func (g *gen) atSample(l *local, f func()) {
	index := make([]*loop.Val, len(l.read.Index))
	for d, x := range l.read.Index {
		index[d] = g.affine(x)
	}
	at := slices.Clone(g.at)
	for d, x := range l.s.Targets[0].Index {
		g.at[x.Terms[0].Axis] = index[d]
	}
	f()
	copy(g.at, at)
}

// isChain reports whether a local is one chain, in blocks, along one axis.
func (l *local) isChain() bool {
	return len(l.s.Axes) == 1 && len(l.red.states) == 1 && l.red.lanes == 1 && l.red.block > 1
}

// positions returns how many positions each element of a local is reduced over.
func (l *local) positions(k *ir.Kernel) ir.Dim {
	n := ir.N(1)
	for _, a := range l.s.Axes {
		n = n.Mul(k.Axes[a].Extent)
	}
	return n
}

// inTurn emits the steps of a local's axes from one on, each of which counts.
func (g *gen) inTurn(l *local, depth int) {
	if depth == len(l.s.Axes) {
		g.step(l.red, g.values(l.s.Args))
		return
	}
	a := l.s.Axes[depth]
	g.each("k", num(0), g.dim(g.k.Axes[a].Extent), func(k *loop.Val) {
		g.at[a] = k
		g.inTurn(l, depth+1)
	})
}

// inBlocks emits the steps of a local block by block, so that the innermost loop does
// nothing but them.
func (g *gen) inBlocks(l *local) {
	r, a := l.red, l.s.Axes[0]
	extent := g.dim(g.k.Axes[a].Extent)
	b := g.name("b", ir.Int64)
	g.emit(&loop.For{Var: b, Lo: num(0), Hi: extent, Step: num(r.block), Body: g.block(func() {
		end := g.let("end", op(ir.OpMin, add(use(b), num(r.block)), extent))
		g.each("k", use(b), end, func(k *loop.Val) {
			g.at[a] = k
			g.assignAll(r.acc, g.scalar(r.c.Step, vals(r.acc), g.values(l.s.Args)))
		})
		g.assign(r.count, end)
		full := eq(loop.ApplyOp(ir.OpAnd, ir.Int64, end, num(r.block-1)), num(0))
		g.when(full, func() { g.push(r, sub(loop.ApplyOp(ir.OpShr, ir.Int64, end, num(log2(r.block))), num(1))) })
	})})
}

// sampleWidth is how many values of a local are computed ahead of a strip that reads them:
// as many as the longest one has.
const sampleWidth = ir.LaneBlock

// batch and half are how many of them are computed side by side: the additions of one
// wait for each other.
const batch, half = 8, 4

// sampleList emits the values of locals for n elements of a list from q on.
func (g *gen) sampleList(c *cursor, a int, q, n *loop.Val) {
	position := func(t *loop.Val) *loop.Val {
		return g.let("x", cast(ir.Int64, load(c.crd, add(q, t))))
	}
	for _, l := range g.inTask() {
		one := func() {
			g.each("t", num(0), n, func(t *loop.Val) {
				g.at[a] = position(t)
				v := g.sampled(l)
				g.emit(&loop.Store{Array: l.vals, Index: []*loop.Val{t}, Val: v})
			})
		}
		if !l.isChain() {
			one()
			continue
		}
		many := func() {
			if g.isProduct(l) {
				g.chains(l, c, a, q, n)
				return
			}
			t := g.name("t", ir.Int64)
			last := g.let("last", sub(n, num(1)))
			next := func(m int64) []loop.Stmt { // beyond the list's end, the last element again
				return g.block(func() {
					at := make([]*loop.Val, m)
					for i := range at {
						at[i] = position(op(ir.OpMin, add(use(t), num(int64(i))), last))
					}
					for i, v := range g.side(l, a, at) {
						g.emit(&loop.Store{Array: l.vals, Index: []*loop.Val{add(use(t), num(int64(i)))}, Val: v})
					}
				})
			}
			g.emit(&loop.For{Var: t, Lo: num(0), Hi: n, Step: num(batch), Body: []loop.Stmt{
				&loop.If{Cond: less(add(use(t), num(half)), n), Then: next(batch), Else: next(half)},
			}})
		}
		k := g.dim(l.positions(g.k))
		short := both(less(num(0), k), less(k, num(l.red.block)))
		g.emit(&loop.If{Cond: short, Then: g.block(many), Else: g.block(one)})
	}
	g.at[a] = nil
}

// moves reports whether what a local reads at an access depends on an axis of its reader.
func (l *local) moves(a *ir.Access, axis int) bool {
	for d, x := range l.s.Targets[0].Index {
		follows := slices.ContainsFunc(l.read.Index[d].Terms, func(t ir.Term) bool { return t.Axis == axis })
		if follows && slices.Contains(a.Axes(), x.Terms[0].Axis) {
			return true
		}
	}
	return false
}

// isProduct reports whether the elements of a local's chains are loaded as they are.
func (g *gen) isProduct(l *local) bool {
	return !slices.ContainsFunc(l.s.Args, func(e *ir.Expr) bool { return e.Kind != ir.Load || e.DType != l.red.states[0] })
}

// ahead is how many elements of a list before they need them chains ask for what they
// load: what lies anywhere in memory takes long to come.
const ahead = 32

// soon returns where in a list n elements are that are taken after those from q on, or its
// last ones.
func (g *gen) soon(crd *loop.Array, q, n *loop.Val) *loop.Val {
	size := &loop.Val{Kind: loop.Extent, DType: ir.Int64, Array: crd}
	return g.let("soon", op(ir.OpMin, add(q, num(ahead)), sub(size, n)))
}

// chains emits the values of a local whose elements are loaded for n elements of a list
// from q on: chains of less than a block, side by side.
func (g *gen) chains(l *local, c *cursor, a int, q, n *loop.Val) {
	s := &loop.Chains{Combine: l.red.c, Pos: g.name("t", ir.Int64), Depth: g.name("k", ir.Int64), N: n, K: g.dim(l.positions(g.k)),
		Acc: l.vals, Init: literal(l.red.states[0], l.red.identity[0])}
	soon := g.soon(c.crd, q, n)
	elements := func(from *loop.Val, of func(e *ir.Expr) bool) (out []*loop.Val) {
		g.at[a] = cast(ir.Int64, load(c.crd, add(from, use(s.Pos))))
		g.atSample(l, func() {
			g.at[l.s.Axes[0]] = use(s.Depth)
			for _, e := range l.s.Args {
				if of(e) {
					out = append(out, g.leaf(e))
				}
			}
		})
		return out
	}
	s.Vals = elements(q, func(*ir.Expr) bool { return true })
	s.Soon = elements(soon, func(e *ir.Expr) bool { return l.moves(e.Access, a) })
	g.emit(s)
}

// side emits chains of less than a block, side by side, for elements at positions of an
// axis. What does not depend on those is loaded once for all.
func (g *gen) side(l *local, axis int, at []*loop.Val) []*loop.Val {
	var acc []*loop.Var
	for range at {
		acc = append(acc, g.variable("acc", literal(l.red.states[0], l.red.identity[0])))
	}
	a := l.s.Axes[0]
	g.each("k", num(0), g.dim(g.k.Axes[a].Extent), func(k *loop.Val) {
		g.common = map[*ir.Expr]*loop.Val{}
		for i, x := range at {
			g.at[axis] = x
			g.atSample(l, func() {
				g.at[a] = k
				if i == 0 && len(at) > 1 {
					body := ir.Stmt{Args: l.s.Args}
					body.VisitExprs(func(e *ir.Expr) {
						if e.Kind == ir.Load && !l.moves(e.Access, axis) {
							g.common[e] = g.let("e", g.leaf(e))
						}
					})
				}
				g.assign(acc[i], g.scalar(l.red.c.Step, []*loop.Val{use(acc[i])}, g.values(l.s.Args))[0])
			})
		}
		g.common = nil
	})
	return vals(acc)
}
