package x86

import (
	"errors"
	"fmt"
	"maps"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower/loop"
	"github.com/numen-go/numen/lower/x86/asm"
)

// stmts emits statements into the block at hand.
func (e *emitter) stmts(body []loop.Stmt) error {
	for _, s := range body {
		if err := e.stmt(s); err != nil {
			return err
		}
		b := e.blocks[e.at]
		b.free, b.inner = append(b.free, b.inner...), nil
	}
	return e.err
}

func (e *emitter) stmt(s loop.Stmt) error {
	switch s := s.(type) {
	case *loop.For:
		return e.counted(s)
	case *loop.While:
		return e.while([]*loop.Val{s.Cond}, s.Body)
	case *loop.Merge:
		left := make([]*loop.Val, len(s.Cursors))
		for i, c := range s.Cursors {
			left[i] = loop.ApplyOp(ir.OpLt, ir.Bool, loop.UseOf(c), s.Ends[i])
		}
		return e.while(left, s.Body)
	case *loop.If:
		return e.branch(s)
	case *loop.Return:
		if !e.inner {
			return errors.New("x86: a return that ends no task")
		}
		e.leave(loop.StatusDone, asm.Arg{})
	case *loop.Local:
		return e.local(s)
	case *loop.NonEmpty:
		empty := e.b.NewLabel()
		e.jump(e.op(ir.OpLe, e.number(s.N), e.literal(0)), empty, false)
		e.aside(empty, func() { e.leave(loop.StatusEmpty, asm.Arg{}) })
	case *loop.Set:
		return e.set(s)
	case *loop.Store:
		return e.store(s)
	case *loop.Strip:
		return e.strip(s)
	case *loop.Fold:
		return e.fold(s)
	case *loop.Tile:
		return e.tile(s)
	case *loop.Chains:
		return e.chains(s)
	case *loop.Soon:
		for _, v := range s.Loads {
			e.b.Op(asm.PREFETCHT0, 0, e.pointer(e.place(v.Array, v.Args), 0))
		}
	default:
		return fmt.Errorf("x86: %T inside a part", s)
	}
	return nil
}

// nested emits a block inside the one at hand: what head does, statements, what tail does.
// Variables that the block assigns again are other nodes in it and after it.
func (e *emitter) nested(body []loop.Stmt, head, tail func()) (*block, error) {
	b := e.push()
	e.renew(body)
	head()
	err := e.stmts(body)
	tail()
	e.pop()
	return b, err
}

func nothing() {}

// renew gives the variables that statements assign again the nodes that are theirs in the
// block at hand.
func (e *emitter) renew(body []loop.Stmt) {
	for _, s := range body {
		switch s := s.(type) {
		case *loop.Set:
			if e.writes[s.Var] > 1 && isWord(s.Var.DType) {
				e.assigned(s.Var)
			}
		case *loop.Strip:
			for _, a := range s.Body {
				if a, ok := a.(*loop.Append); ok {
					e.assigned(a.Count)
				}
			}
		}
		for _, b := range blocksOf(s) {
			e.renew(b)
		}
	}
}

// assigned makes a node of what a variable's word holds now.
func (e *emitter) assigned(v *loop.Var) {
	n := e.inWord(e.file.Var(v), e.at)
	n.moves = e.writes[v] > 1
	e.vars[v] = n
}

// blocksOf returns the blocks inside a statement.
func blocksOf(s loop.Stmt) [][]loop.Stmt {
	switch s := s.(type) {
	case *loop.Par:
		return [][]loop.Stmt{s.Body}
	case *loop.For:
		return [][]loop.Stmt{s.Body}
	case *loop.While:
		return [][]loop.Stmt{s.Body}
	case *loop.Merge:
		return [][]loop.Stmt{s.Body}
	case *loop.If:
		return [][]loop.Stmt{s.Then, s.Else}
	}
	return nil
}

// counted emits a For. Its variable is a frame word that counts in place.
func (e *emitter) counted(s *loop.For) error {
	lo, hi, step := e.number(s.Lo), e.pin(e.number(s.Hi)), e.number(s.Step)
	known := lo.kind == literal && hi.kind == literal
	if known && lo.n >= hi.n {
		return nil
	}
	if known && lo.n+step.n >= hi.n {
		e.vars[s.Var] = lo
		return e.stmts(s.Body)
	}
	if !isShort(hi.n) || hi.kind != literal {
		e.hold(hi)
	}
	var v asm.Arg
	body, err := e.nested(s.Body, func() {
		n := e.inWord(e.temp(e.at), e.at)
		v = word(n.word)
		e.vars[s.Var] = n
	}, e.lap)
	if err != nil {
		return err
	}
	top, end := e.b.NewLabel(), e.b.NewLabel()
	r := asm.R(e.eval(lo, 0))
	e.code(asm.MOV, v, r)
	if !known {
		e.code(asm.CMP, r, e.source(hi, 1))
		e.jumpTo(asm.JGE, end)
	}
	e.b.Bind(top)
	e.tops = append(e.tops, top.Imm)
	e.enclose(body)
	e.code(asm.MOV, r, v)
	e.code(asm.ADD, r, e.source(step, 1))
	e.code(asm.MOV, v, r)
	e.code(asm.CMP, r, e.source(hi, 1))
	e.jumpTo(asm.JL, top)
	e.b.Bind(end)
	e.renew(s.Body)
	return nil
}

// while emits a loop that goes on as long as one of the conditions holds.
func (e *emitter) while(left []*loop.Val, body []loop.Stmt) error {
	top, inside, end := e.b.NewLabel(), e.b.NewLabel(), e.b.NewLabel()
	b, err := e.nested(body, func() {
		last := len(left) - 1
		for _, c := range left[:last] {
			e.jump(e.number(c), inside, false)
		}
		c := left[last]
		for c.Kind == loop.Pick && c.Args[2].Kind == loop.Const && c.Args[2].Bits == 0 { // and then
			e.jump(e.number(c.Args[0]), end, true)
			c = c.Args[1]
		}
		e.jump(e.number(c), end, true)
		e.b.Bind(inside)
	}, e.lap)
	if err != nil {
		return err
	}
	e.b.Bind(top)
	e.tops = append(e.tops, top.Imm)
	e.enclose(b)
	e.jumpTo(asm.JMP, top)
	e.b.Bind(end)
	e.renew(body)
	return nil
}

// branch emits an If.
func (e *emitter) branch(s *loop.If) error {
	cond := e.number(s.Cond)
	if cond.kind == literal {
		if cond.n != 0 {
			return e.stmts(s.Then)
		}
		return e.stmts(s.Else)
	}
	before := maps.Clone(e.vars)
	arm := func() { e.blocks[e.at].arm = true }
	then, err := e.nested(s.Then, arm, nothing)
	if err != nil {
		return err
	}
	maps.Copy(e.vars, before)
	other, err := e.nested(s.Else, arm, nothing)
	if err != nil {
		return err
	}
	e.either(cond, then, other)
	e.blocks[e.at].cost += max(then.cost, other.cost)
	e.renew(s.Then)
	e.renew(s.Else)
	return nil
}

// either emits two blocks under a condition.
func (e *emitter) either(cond *node, then, other *block) {
	skip, end := e.b.NewLabel(), e.b.NewLabel()
	e.jump(cond, skip, true)
	e.enclose(then)
	if len(other.b.Insts) > 0 {
		e.jumpTo(asm.JMP, end)
	}
	e.b.Bind(skip)
	e.enclose(other)
	e.b.Bind(end)
}
