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
	s   *ir.Stmt
	red *reduction
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
		whole := *k
		whole.Stmts = []ir.Stmt{final}
		if !whole.Demanded(&final).Within(l.s.Over) {
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
	if g.phase == count || g.phase == list {
		return
	}
	for o := range g.k.Operands { // in order: the text of a loop is always the same
		if l := g.locals[o]; l != nil {
			l.red = g.declare(l.s)
		}
	}
}

// sampled returns a local's value at a position.
func (g *gen) sampled(e *ir.Expr) *loop.Val {
	l := g.locals[e.Access.Operand]
	index := make([]*loop.Val, len(e.Access.Index))
	for d, x := range e.Access.Index {
		index[d] = g.let("x", g.affine(x))
	}
	at, implied := slices.Clone(g.at), g.implied
	g.implied = nil // of the statement that reads it
	for d, x := range l.s.Targets[0].Index {
		g.at[x.Terms[0].Axis] = index[d]
	}
	r, n := l.red, ir.N(1)
	for _, a := range l.s.Axes {
		n = n.Mul(g.k.Axes[a].Extent)
	}
	g.start(r)
	if len(l.s.Axes) == 1 && r.lanes == 1 && r.block > 1 && r.identity != nil {
		g.inBlocks(l)
	} else {
		g.inTurn(l, 0)
	}
	v := g.finish(r, g.dim(n))[0]
	copy(g.at, at)
	g.implied = implied
	return v
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
