package loop

import (
	"context"
	"fmt"
	"unsafe"

	"github.com/numen-go/numen/lower"
)

// bound is a kernel with its arguments: their proofs, their class and their words of a
// frame are there before the first run. It runs once at a time.
type bound struct {
	looked uint64 // lower.Closings when the memory was last seen to be there
	part   int32  // the part of machine code that is all there is to a run; -1: there is more
	native Native // that has the part
	header *header
	frame  *frame
	code   []instr // what is left to do at each run
	kernel *Kernel
	args   *lower.Args
	memory []lent
}

// lent is memory that a bound kernel refers to, and would find gone when it was closed.
type lent struct {
	host *lower.Host
	base unsafe.Pointer
}

// Bind implements lower.Binder. It compiles the code that the runs need.
func (k *Kernel) Bind(a *lower.Args) (lower.Bound, error) {
	c := new(call)
	if err := k.bind(a, c); err != nil {
		return nil, fmt.Errorf("kernel %s: %w", k.k.Name, err)
	}
	code, err := k.code.of(k.class(c, a.Threads))
	if err != nil {
		return nil, err
	}
	b := &bound{kernel: k, args: a, frame: code.frame()}
	b.frame.own.threads = max(a.Threads, 1)
	if err := b.frame.bind(c.params, c.arrays); err != nil {
		return nil, err
	}
	n := code.settled()
	if err := b.frame.start(context.Background(), code.code[:n]); err != nil {
		if checking, ok := k.checking.After(err, k.k, k.check); ok {
			return checking.Bind(a)
		}
		return nil, err
	}
	b.code, b.part = b.frame.single(code.code[n:]), -1
	if len(b.code) == 1 && b.code[0].op == opNative {
		b.part, b.native, b.header = b.code[0].a, code.native, (*header)(b.frame.regs)
	}
	for i := range a.Arrays {
		b.memory = append(b.memory, lent{a.Arrays[i].Buf.(*lower.Host), c.arrays[i].Base}) // as bind holds
	}
	return b, nil
}

// single returns what to run in the place of a Par that is all that is left to do: as
// its ranges are known, so is whether it is one task.
func (f *frame) single(code []instr) []instr {
	if len(code) != 1 || code[0].op != opPar {
		return code
	}
	x := code[0].x.(*parCode)
	if f.cutRanges(x) != 1 {
		return code
	}
	f.whole(x)
	return x.code
}

// Run implements lower.Bound. What it does beside entering the code is what a call on
// short arrays takes, so it touches as little memory as it can.
func (b *bound) Run(ctx context.Context) error {
	if lower.Closings() != b.looked && !b.holds() {
		return b.kernel.Run(ctx, b.args) // which says what is wrong
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	f := b.frame
	if b.part >= 0 {
		b.header.start(patience)
		b.native.Enter(int(b.part), unsafe.Pointer(b.header)) // as frame.enter does
		if b.header.done() {
			return nil
		}
	}
	f.own.ctx, f.work = ctx, patience
	if b.part >= 0 {
		f.serve(b.part)
	} else {
		f.exec(b.code)
	}
	f.own.ctx = nil
	err := f.outcome()
	f.err, f.fault.number = nil, -1
	return err
}

// holds reports whether the memory that the kernel is bound to is there.
func (b *bound) holds() bool {
	n := lower.Closings()
	for i := range b.memory {
		if m := &b.memory[i]; unsafe.Pointer(unsafe.SliceData(m.host.Bytes())) != m.base {
			return false
		}
	}
	b.looked = n
	return true
}
