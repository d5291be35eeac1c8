package sparse

import (
	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
	"github.com/numen-go/numen/lower/loop"
)

// reduction is one under way, position after position in its order: chains in blocks,
// whose results a binary counter merges as Tree does.
type reduction struct {
	c        *ir.Combine
	states   []ir.DType
	identity []uint64 // nil: the first position seeds the state
	lanes    int64    // of a block; 1: the state is in variables
	block    int64    // positions of a block; 0: there is one
	acc      []*loop.Var
	regs     []*loop.Array // accumulators, where there are lanes
	single   []*loop.Array // accumulators of a strip; nil: there are lanes, or no identity
	stack    []*loop.Array // results of blocks, by level of the counter
	count    *loop.Var     // positions
}

// levels of a counter of blocks.
const levels = 64

// declare emits the arrays of a statement's reductions, once for all of a task.
func (g *gen) declare(s *ir.Stmt) *reduction {
	r := &reduction{c: s.Combine, states: s.Combine.States(dtypes(s.Args)), lanes: 1}
	r.identity, _ = s.Combine.Identity(r.states)
	switch s.Order {
	case ir.StoredOrder, ir.Chain:
		r.block = ir.ChainBlock
	case ir.TreeOrder:
		r.block = 1
	case ir.Lanes:
		r.block, r.lanes = ir.LaneBlock, ir.LaneCount
	}
	if r.identity == nil && (r.block != 0 || r.lanes > 1) {
		g.fail(declined(lower.WhyCombine, s.Combine.Name+" has no identity"))
		r.identity = make([]uint64, len(r.states))
	}
	for _, d := range r.states {
		if r.lanes > 1 {
			r.regs = append(r.regs, g.scratch("lane", d, nil, num(r.lanes)))
		} else if r.identity != nil {
			r.single = append(r.single, g.scratch("one", d, nil, num(1)))
		}
		if r.block != 0 {
			r.stack = append(r.stack, g.scratch("st", d, nil, num(levels)))
		}
	}
	return r
}

// start emits what a reduction begins with.
func (g *gen) start(r *reduction) {
	r.count = g.variable("n", num(0))
	r.acc = nil
	for i, d := range r.states {
		bits := uint64(0)
		if r.identity != nil {
			bits = r.identity[i]
		}
		if r.lanes == 1 {
			r.acc = append(r.acc, g.variable("acc", literal(d, bits)))
		}
	}
	if g.implied != nil {
		g.implied.start(g)
	}
	g.clear(&reduction{regs: r.regs, lanes: r.lanes, states: r.states, identity: r.identity})
}

// vals returns the states of variables.
func vals(vars []*loop.Var) []*loop.Val {
	out := make([]*loop.Val, len(vars))
	for i, v := range vars {
		out[i] = use(v)
	}
	return out
}

func loads(arrays []*loop.Array, at *loop.Val) []*loop.Val {
	out := make([]*loop.Val, len(arrays))
	for i, a := range arrays {
		out[i] = load(a, at)
	}
	return out
}

func (g *gen) stores(arrays []*loop.Array, at *loop.Val, vals []*loop.Val) {
	named := make([]*loop.Val, len(vals))
	for i, v := range vals {
		if named[i] = v; len(vals) > 1 {
			named[i] = g.let("s", v)
		}
	}
	for i, a := range arrays {
		g.emit(&loop.Store{Array: a, Index: []*loop.Val{at}, Val: named[i]})
	}
}

func (g *gen) assignAll(vars []*loop.Var, vals []*loop.Val) {
	named := make([]*loop.Val, len(vals))
	for i, v := range vals {
		if named[i] = v; len(vals) > 1 {
			named[i] = g.let("s", v)
		}
	}
	for i, v := range vars {
		g.assign(v, named[i])
	}
}

// step emits one more position.
func (g *gen) step(r *reduction, elems []*loop.Val) {
	switch {
	case r.lanes > 1:
		at := g.let("l", loop.ApplyOp(ir.OpAnd, ir.Int64, use(r.count), num(r.lanes-1)))
		g.stores(r.regs, at, g.scalar(r.c.Step, loads(r.regs, at), elems))
	case r.identity == nil:
		for i, v := range elems {
			elems[i] = g.let("e", v)
		}
		seed := g.block(func() {
			g.assignAll(r.acc, g.scalar(func(b *ir.Builder, left, _ []*ir.Expr) []*ir.Expr { return r.c.Seed(b, left) }, elems, nil))
		})
		step := g.block(func() { g.assignAll(r.acc, g.scalar(r.c.Step, vals(r.acc), elems)) })
		g.emit(&loop.If{Cond: eq(use(r.count), num(0)), Then: seed, Else: step})
	default:
		g.assignAll(r.acc, g.scalar(r.c.Step, vals(r.acc), elems))
	}
	g.assign(r.count, add(use(r.count), num(1)))
	if r.block != 0 {
		full := eq(loop.ApplyOp(ir.OpAnd, ir.Int64, use(r.count), num(r.block-1)), num(0))
		g.when(full, func() { g.push(r, sub(loop.ApplyOp(ir.OpShr, ir.Int64, use(r.count), num(log2(r.block))), num(1))) })
	}
}

func log2(n int64) int64 {
	k := int64(0)
	for ; 1<<k < n; k++ {
	}
	return k
}

// push ends a block, before which there were n.
func (g *gen) push(r *reduction, n *loop.Val) {
	n = g.let("b", n)
	d := g.variable("d", num(0))
	var state []*loop.Var
	if r.lanes > 1 {
		g.emit(&loop.Fold{Combine: r.c, Accs: r.regs})
		for i := range r.regs {
			state = append(state, g.variable("s", load(r.regs[i], num(0))))
		}
	} else {
		for i := range r.acc {
			state = append(state, g.variable("s", use(r.acc[i])))
		}
	}
	bit := loop.ApplyOp(ir.OpAnd, ir.Int64, loop.ApplyOp(ir.OpShr, ir.Int64, n, use(d)), num(1))
	g.emit(&loop.While{Cond: op(ir.OpNe, bit, num(0)), Body: g.block(func() {
		g.assignAll(state, g.scalar(r.c.Merge, loads(r.stack, use(d)), vals(state)))
		g.assign(d, add(use(d), num(1)))
	})})
	g.stores(r.stack, use(d), vals(state))
	g.clear(r)
}

// clear puts the accumulators back to the identity.
func (g *gen) clear(r *reduction) {
	for i, v := range r.acc {
		g.assign(v, literal(r.states[i], r.identity[i]))
	}
	for i, a := range r.regs {
		g.each("l", num(0), num(r.lanes), func(l *loop.Val) {
			g.emit(&loop.Store{Array: a, Index: []*loop.Val{l}, Val: literal(r.states[i], r.identity[i])})
		})
	}
}

// finish returns the result over so many positions: what was implicit is a reduction of
// nothing, taken once.
func (g *gen) finish(r *reduction, positions *loop.Val) []*loop.Val {
	if g.implied != nil {
		return g.implied.finish(g, r, positions)
	}
	count := use(r.count)
	result := make([]*loop.Var, len(r.states))
	empty, hasEmpty := r.c.Empty(r.states)
	for i, d := range r.states {
		bits := uint64(0)
		if hasEmpty {
			bits = empty[i]
		}
		result[i] = g.variable("r", literal(d, bits))
	}
	if !hasEmpty {
		g.emit(&loop.NonEmpty{N: count})
	}
	g.when(less(num(0), count), func() {
		first := g.block(func() {
			for i, v := range r.acc {
				g.assign(result[i], use(v))
			}
		})
		switch {
		case r.block == 0:
			g.emit(first...)
		case r.lanes == 1: // most have less than a block
			g.emit(&loop.If{Cond: less(count, num(r.block)), Then: first, Else: g.block(func() { g.total(r, result) })})
		default:
			g.total(r, result)
		}
		if hasEmpty {
			g.when(less(count, positions), func() {
				g.assignAll(result, g.scalar(r.c.Merge, vals(result), consts(r.states, empty)))
			})
		}
	})
	return vals(result)
}

// total merges the blocks.
func (g *gen) total(r *reduction, result []*loop.Var) {
	count := use(r.count)
	if r.block > 1 {
		rest := loop.ApplyOp(ir.OpAnd, ir.Int64, count, num(r.block-1))
		g.when(op(ir.OpNe, rest, num(0)), func() { g.push(r, loop.ApplyOp(ir.OpShr, ir.Int64, count, num(log2(r.block)))) })
	}
	blocks := g.let("b", loop.ApplyOp(ir.OpShr, ir.Int64, add(count, num(r.block-1)), num(log2(r.block))))
	d := g.variable("d", num(0))
	above := loop.ApplyOp(ir.OpShr, ir.Int64, blocks, use(d))
	bit := loop.ApplyOp(ir.OpAnd, ir.Int64, above, num(1))
	next := func() { g.assign(d, add(use(d), num(1))) }
	g.emit(&loop.While{Cond: eq(bit, num(0)), Body: g.block(next)})
	g.assignAll(result, loads(r.stack, use(d)))
	next()
	g.emit(&loop.While{Cond: op(ir.OpNe, above, num(0)), Body: g.block(func() {
		g.when(op(ir.OpNe, bit, num(0)), func() {
			g.assignAll(result, g.scalar(r.c.Merge, loads(r.stack, use(d)), vals(result)))
		})
		next()
	})})
}
