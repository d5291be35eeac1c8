package sparse

import (
	"fmt"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower/loop"
)

// Constructors of values and statements of Loop IR.

func num(n int64) *loop.Val     { return loop.Int(n) }
func use(v *loop.Var) *loop.Val { return loop.UseOf(v) }

func op(o *ir.Op, x, y *loop.Val) *loop.Val {
	d := ir.Int64
	switch o {
	case ir.OpEq, ir.OpNe, ir.OpLt, ir.OpLe, ir.OpAnd, ir.OpOr:
		d = ir.Bool
	}
	return loop.ApplyOp(o, d, x, y)
}

func add(x, y *loop.Val) *loop.Val {
	if n, ok := y.Number(); ok && n == 0 {
		return x
	}
	if n, ok := x.Number(); ok && n == 0 {
		return y
	}
	return op(ir.OpAdd, x, y)
}

func sub(x, y *loop.Val) *loop.Val {
	if n, ok := y.Number(); ok && n == 0 {
		return x
	}
	return op(ir.OpSub, x, y)
}

func mul(x, y *loop.Val) *loop.Val {
	if n, ok := x.Number(); ok && (n == 0 || n == 1) {
		return []*loop.Val{num(0), y}[n]
	}
	if n, ok := y.Number(); ok && (n == 0 || n == 1) {
		return []*loop.Val{num(0), x}[n]
	}
	return op(ir.OpMul, x, y)
}

func less(x, y *loop.Val) *loop.Val { return op(ir.OpLt, x, y) }
func eq(x, y *loop.Val) *loop.Val   { return op(ir.OpEq, x, y) }

// both joins conditions; nil holds.
func both(x, y *loop.Val) *loop.Val {
	switch {
	case x == nil:
		return y
	case y == nil:
		return x
	}
	return op(ir.OpAnd, x, y)
}

func cast(d ir.DType, v *loop.Val) *loop.Val {
	if v.DType == d {
		return v
	}
	return loop.ApplyOp(ir.OpCast, d, v)
}

func load(a *loop.Array, index ...*loop.Val) *loop.Val {
	return &loop.Val{Kind: loop.Load, DType: a.DType, Array: a, Args: index}
}

func literal(d ir.DType, bits uint64) *loop.Val {
	return &loop.Val{Kind: loop.Const, DType: d, Bits: bits}
}

func pick(cond, then, els *loop.Val) *loop.Val {
	if cond.Kind == loop.Const {
		if cond.Bits != 0 {
			return then
		}
		return els
	}
	return &loop.Val{Kind: loop.Pick, DType: then.DType, Args: []*loop.Val{cond, then, els}}
}

// emit appends statements to the block at hand.
func (g *gen) emit(s ...loop.Stmt) { *g.out = append(*g.out, s...) }

// block returns the statements that f emits.
func (g *gen) block(f func()) []loop.Stmt {
	outer := g.out
	var body []loop.Stmt
	g.out = &body
	f()
	g.out = outer
	return body
}

// name returns a variable of a name that nothing else has.
func (g *gen) name(name string, d ir.DType) *loop.Var {
	g.names++
	return &loop.Var{Name: fmt.Sprintf("%s%d", name, g.names), DType: d}
}

// let names a value.
func (g *gen) let(name string, v *loop.Val) *loop.Val {
	if v.Kind == loop.Const {
		return v
	}
	return use(g.variable(name, v))
}

// variable names a value that is assigned again.
func (g *gen) variable(name string, v *loop.Val) *loop.Var {
	x := g.name(name, v.DType)
	g.emit(&loop.Set{Var: x, Val: v})
	return x
}

func (g *gen) assign(x *loop.Var, v *loop.Val) { g.emit(&loop.Set{Var: x, Val: v}) }

func (g *gen) when(cond *loop.Val, f func()) {
	switch {
	case cond == nil:
		f()
	case cond.Kind != loop.Const:
		g.emit(&loop.If{Cond: cond, Then: g.block(f)})
	case cond.Bits != 0:
		f()
	}
}

func (g *gen) each(name string, lo, hi *loop.Val, f func(x *loop.Val)) {
	v := g.name(name, ir.Int64)
	g.emit(&loop.For{Var: v, Lo: lo, Hi: hi, Step: num(1), Body: g.block(func() { f(use(v)) })})
}

// array declares an array of the caller: bind says where it is in a run.
func (g *gen) array(name string, d ir.DType, rank int, role ir.Role, bind func(r *run) loop.Memory) *loop.Array {
	g.names++
	a := &loop.Array{Name: fmt.Sprintf("%s%d", name, g.names), DType: d, Rank: rank, Role: role}
	g.loop.Arrays, g.binds = append(g.loop.Arrays, a), append(g.binds, bind)
	return a
}

// scratch declares an array of the task.
func (g *gen) scratch(name string, d ir.DType, init *loop.Val, extent *loop.Val) *loop.Array {
	g.names++
	a := &loop.Array{Name: fmt.Sprintf("%s%d", name, g.names), DType: d, Rank: 1, Role: ir.Local}
	g.emit(&loop.Local{Array: a, Extents: []*loop.Val{extent}, Init: init})
	return a
}

// dim returns an extent or a constant as an argument of the loop.
func (g *gen) dim(d ir.Dim) *loop.Val {
	if n, ok := d.Const(); ok {
		return num(n)
	}
	for i, x := range g.dims {
		if x == d {
			return use(g.dimVars[i])
		}
	}
	v := g.name("n", ir.Int64)
	g.dims, g.dimVars = append(g.dims, d), append(g.dimVars, v)
	return use(v)
}
