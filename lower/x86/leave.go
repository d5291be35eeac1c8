package x86

import (
	"github.com/numen-go/numen/lower/loop"
	"github.com/numen-go/numen/lower/x86/asm"
)

// Code leaves where it stands, with a status in the frame, and says where it wants to go
// on: everything else that it needs then is in the frame anyway.

// leave returns with a status and what it is about, one or two numbers. The code goes on
// at the label resume, if there is one, when it is entered again.
func (e *emitter) leave(status loop.Status, resume asm.Arg, about ...asm.Arg) {
	if e.class.Stream { // what was written past the caches is seen from here on
		e.b.Op(asm.SFENCE, 0)
	}
	for i, a := range about {
		if a.Kind == asm.Memory {
			e.code(asm.MOV, asm.R(asm.RCX), a)
			a = asm.R(asm.RCX)
		}
		e.code(asm.MOV, word(loop.WordArg+i), a)
	}
	e.code(asm.MOV, word(loop.WordStatus), asm.I(int64(status)))
	if resume.Kind == asm.LabelRef {
		e.code(asm.LEALABEL, asm.R(asm.RAX), resume)
		e.code(asm.MOV, word(loop.WordResume), asm.R(asm.RAX))
	}
	e.b.Op(asm.RET, 0)
}

// aside emits what f does where it is not in the way, behind the code, under a label.
func (e *emitter) aside(label asm.Arg, f func()) {
	b := e.b
	e.b = e.cold
	e.b.Bind(label)
	f()
	e.b = b
}

// work counts the work of a strip or a tile of n positions, at so many quarters of a
// nanosecond a position. The code leaves here when it has worked for long.
func (e *emitter) work(perPosition int, n asm.Arg) {
	b := e.blocks[e.at]
	if v, ok := e.literals[n]; ok {
		b.cost += perPosition * int(max(v, 0))
		return
	}
	rax := asm.R(asm.RAX)
	e.code(asm.IMUL3, rax, n, asm.I(int64(perPosition)))
	e.code(asm.SHR, rax, asm.I(2)) // what a negative n makes of it is much
	if b.cost >= 4 {
		e.code(asm.ADD, rax, asm.I(int64(b.cost/4)))
	}
	e.spend(rax)
}

// spend counts nanoseconds of work.
func (e *emitter) spend(nanoseconds asm.Arg) {
	b := e.blocks[e.at]
	b.cost, b.paid = 0, true
	tired, on := e.b.NewLabel(), e.b.NewLabel()
	e.code(asm.SUB, word(loop.WordWork), nanoseconds)
	e.jumpTo(asm.JLE, tired)
	e.b.Bind(on)
	e.aside(tired, func() { e.leave(loop.StatusWork, on) })
}

// lap counts the work of one turn of a loop, unless its statements do. Instructions of
// scalars wait for branches, memory and one another: each counts half a nanosecond. To
// leave too often costs little.
func (e *emitter) lap() {
	b := e.blocks[e.at]
	if b.cost += 4; !b.paid {
		b.cost += 2 * len(e.b.Insts)
	}
	if !b.paid || b.cost >= 400 {
		e.spend(asm.I(int64(b.cost / 4)))
	}
}
