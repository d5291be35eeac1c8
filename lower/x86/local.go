package x86

import (
	"math"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower/loop"
	"github.com/numen-go/numen/lower/x86/asm"
)

// Local arrays. Small ones of constant extents lie in the frame, where code reaches them
// by a displacement. The others have memory that the executor makes when there is too
// little: the code asks for it and goes on.

// inFrameBytes bounds the arrays that lie in the frame: tasks copy it.
const inFrameBytes = 2048

// maxLocal bounds the elements of a local array, and tooLarge is the size of one that has
// more.
const (
	maxLocal = 1 << 33
	tooLarge = math.MaxInt64
)

func (e *emitter) local(s *loop.Local) error {
	x := &layout{size: int64(s.Array.DType.Size()), strides: make([]*node, len(s.Extents)), extents: make([]*node, len(s.Extents))}
	total := e.literal(1)
	for d := len(s.Extents) - 1; d >= 0; d-- {
		n := e.pin(e.op(ir.OpMax, e.number(s.Extents[d]), e.literal(0)))
		x.strides[d], x.extents[d] = total, n
		total = e.op(ir.OpMul, total, n)
	}
	e.arrays[s.Array] = x
	if bytes := total.n * x.size; total.kind == literal && 0 < total.n && bytes <= inFrameBytes && !overflows(x.extents) {
		x.base = e.intern(node{kind: inFrame, n: int64(8 * e.space(int(bytes+7)/8))})
	} else {
		e.reserve(s, x)
	}
	if s.Init != nil {
		return e.stmt(filling(s.Array, s.Init))
	}
	return nil
}

// overflows reports whether the product of literals is not what it seems.
func overflows(extents []*node) bool {
	total, ok := int64(1), true
	for _, n := range extents {
		if total, ok = ir.MulOK(total, n.n); !ok || total > maxLocal {
			return true
		}
	}
	return false
}

// reserve emits the demand for memory.
func (e *emitter) reserve(s *loop.Local, x *layout) {
	w := e.file.Array(s.Array)
	x.base = e.inWord(w.Base, e.at)
	bytes := e.literal(1)
	for d := len(s.Extents) - 1; d >= 0; d-- { // in the order of the portable executor, for its errors
		size := int64(1)
		if d == 0 {
			size = x.size
		}
		bytes = e.intern(node{kind: room, args: [3]*node{bytes, x.extents[d]}, n: size})
	}
	grow, on := e.b.NewLabel(), e.b.NewLabel()
	r := asm.R(stack[0])
	e.code(asm.MOV, r, e.source(bytes, 0))
	e.code(asm.CMP, r, word(w.Room))
	e.jumpTo(asm.JG, grow)
	e.b.Bind(on)
	e.aside(grow, func() {
		big := e.b.NewLabel()
		e.code(asm.CMP, r, e.memory(e.literal(tooLarge)))
		e.jumpTo(asm.JZ, big)
		e.leave(loop.StatusGrow, on, asm.I(int64(w.Number)), r)
		e.b.Bind(big)
		e.leave(loop.StatusTooBig, asm.Arg{}, asm.I(int64(w.Number)))
	})
}

// room computes the bytes of so many elements for each of those of an array of fewer axes,
// or tooLarge.
func (e *emitter) room(n *node, i int) {
	r, rax := asm.R(stack[i]), asm.R(asm.RAX)
	by := e.two(n.args[0], n.args[1], i)
	end, large := e.b.NewLabel(), e.b.NewLabel()
	if by.Kind == asm.Immediate {
		e.code(asm.MOV, rax, by)
		by = rax
	}
	if n.args[0].kind == room {
		e.code(asm.CMP, r, e.memory(e.literal(tooLarge)))
		e.jumpTo(asm.JZ, end)
	}
	e.code(asm.IMUL, r, by)
	e.jumpTo(asm.JO, large)
	e.code(asm.MOV, rax, asm.I(maxLocal))
	e.code(asm.CMP, r, rax)
	e.jumpTo(asm.JG, large)
	if n.n > 1 {
		e.code(asm.IMUL3, r, r, asm.I(n.n))
	}
	e.jumpTo(asm.JMP, end)
	e.b.Bind(large)
	e.code(asm.MOV, r, e.memory(e.literal(tooLarge)))
	e.b.Bind(end)
}

// filling returns the loops that give every element of an array its first value.
func filling(a *loop.Array, v *loop.Val) loop.Stmt {
	var vars []*loop.Var
	store := &loop.Store{Array: a, Val: v}
	for range a.Rank {
		x := &loop.Var{Name: "t", DType: ir.Int64}
		vars = append(vars, x)
		store.Index = append(store.Index, loop.UseOf(x))
	}
	var s loop.Stmt = store
	for d := a.Rank - 1; d >= 0; d-- {
		n := &loop.Val{Kind: loop.Extent, DType: ir.Int64, Array: a, N: d}
		if d == a.Rank-1 {
			s = &loop.Strip{Pos: vars[d], N: n, Body: []loop.Stmt{s}}
		} else {
			s = &loop.For{Var: vars[d], Lo: loop.Int(0), Hi: n, Step: loop.Int(1), Body: []loop.Stmt{s}}
		}
	}
	return s
}
