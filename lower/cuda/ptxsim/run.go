package ptxsim

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync/atomic"
)

// Fault is what a thread did that a device ends a launch for, or should.
type Fault struct {
	Entry string
	Line  int // of the module's text
	Text  string
	Block int
	Index int // of the thread in its block
	What  string
	Err   error // ErrAddress, or nil
}

// Unwrap returns the class of the fault.
func (f *Fault) Unwrap() error { return f.Err }

// Error tells the fault and where it happened.
func (f *Fault) Error() string {
	return fmt.Sprintf("ptxsim: %s: %s, line %d (%s), block %d, thread %d", f.Entry, f.What, f.Line, f.Text, f.Block, f.Index)
}

// launch is one launch.
type launch struct {
	device *Device
	entry  *entry
	args   []uint64
	fault  *Fault

	blocks  int
	block   block     // that runs
	threads []*thread // of the block
	order   []*thread // in which they have their turns
}

func newLaunch(d *Device, e *entry, blocks, threads int, args []uint64) *launch {
	l := &launch{device: d, entry: e, args: args, blocks: blocks, threads: make([]*thread, threads)}
	l.block.shared, l.block.last = make([]uint64, e.shared/8), make([]use, e.shared/uint64(e.granule))
	all, n := make([]thread, threads), len(e.regs)
	regs, local := make([]uint64, threads*n), make([]uint64, threads*int(e.local/8))
	for i := range all {
		l.threads[i] = &all[i]
		all[i].r = regs[i*n:][:n:n]
		k := int(e.local / 8)
		all[i].local = local[i*k:][:k:k]
	}
	l.order = slices.Clone(l.threads)
	return l
}

// Params returns how many parameters an entry has, -1 where there is no such entry.
func (m *Module) Params(entry string) int {
	if e := m.entries[entry]; e != nil {
		return len(e.sizes)
	}
	return -1
}

// Launch runs an entry and returns when it has ended. Blocks, and threads between
// barriers, run in an order of their own each time.
func (m *Module) Launch(entry string, blocks, threads int, args ...uint64) error {
	e := m.entries[entry]
	if e == nil {
		return fmt.Errorf("ptxsim: no entry %s", entry)
	}
	if len(args) != len(e.sizes) || blocks < 1 || threads < 1 || threads > 1024 || e.shared > 48<<10 {
		return fmt.Errorf("ptxsim: %s: %d arguments, %d blocks of %d threads, %d bytes of shared memory", entry, len(args), blocks, threads, e.shared)
	}
	l := newLaunch(m.device, e, blocks, threads, args)
	r := rand.New(rand.NewPCG(m.device.seed.Add(1), 7))
	for _, b := range r.Perm(blocks) {
		if l.run(r, b); l.fault != nil {
			return l.fault
		}
	}
	return nil
}

// state is what a thread does.
type state uint8

const (
	running state = iota
	waiting       // at a barrier
	exited
)

// thread is one thread.
type thread struct {
	run   *launch
	block *block
	index int
	state state
	meet  meeting // where it waits
	team  uint32  // members of its warp's barriers, 0: it had none yet
	phase int     // such barriers so far
	pc    int
	r     []uint64
	local []uint64
	mem   [memSlots]*allocation // used last, by the place of the instruction
}

// block is the threads that share memory.
type block struct {
	number  int
	shared  []uint64
	last    []use // by granule of shared memory
	granule int   // bytes
	phase   int   // barriers so far
}

// patience is how many instructions a thread runs before another one has its turn.
const patience = 1 << 16

func (l *launch) run(r *rand.Rand, number int) {
	b := l.start(number)
	for {
		active := false
		r.Shuffle(len(l.order), func(i, k int) { l.order[i], l.order[k] = l.order[k], l.order[i] })
		for _, t := range l.order {
			if t.state == running {
				if t.exec(); l.fault != nil {
					return
				}
				active = active || t.state == running
			}
		}
		if !active && !b.meet(l.threads) {
			return
		}
	}
}

// start returns a block whose threads are about to begin. Blocks run one after another, in
// the same memory: a kernel may have thousands that do little.
func (l *launch) start(number int) *block {
	e, b := l.entry, &l.block
	*b = block{number: number, shared: b.shared, last: b.last, granule: e.granule}
	for i := range b.shared {
		b.shared[i] = poison
	}
	clear(b.last)
	for i, t := range l.threads {
		*t = thread{run: l, block: b, index: i, r: t.r, local: t.local}
		copy(t.r, e.regs)
		for k := range t.local {
			t.local[k] = poison
		}
		t.r[regThread], t.r[regThreads] = uint64(i), uint64(len(l.threads))
		t.r[regBlock], t.r[regBlocks] = uint64(number), uint64(l.blocks)
	}
	return b
}

// exec runs a thread until it waits, ends or has had its turn.
func (t *thread) exec() {
	code := t.run.entry.code
	for n := 0; n < patience; n++ {
		in := &code[t.pc]
		t.pc++
		if in.guard >= 0 && (t.r[in.guard] != 0) == in.not {
			continue
		}
		if in.run(t); t.state != running {
			return
		}
	}
}

// fail ends the launch.
func (t *thread) fail(format string, args ...any) {
	t.state = exited
	if t.run.fault == nil {
		in := t.run.entry.lines[max(t.pc-1, 0)]
		t.run.fault = &Fault{Entry: t.run.entry.name, Line: in.line, Text: in.text, Block: t.block.number, Index: t.index, What: fmt.Sprintf(format, args...)}
	}
}

// memSlots is how many allocations a thread remembers: loops go through a few arrays in
// turn.
const memSlots = 8

// global returns the memory at an address; slot is the number of the instruction.
func (t *thread) global(slot int, p uint64, size uint64) (*allocation, uint64) {
	if p&(size-1) != 0 {
		t.fail("misaligned address %#x", p)
		return nil, 0
	}
	m := t.mem[slot%memSlots]
	if m == nil || !m.has(p, int64(size)) {
		if m = t.run.device.find(p, int64(size)); m == nil {
			t.fail("illegal address %#x", p)
			t.run.fault.Err = ErrAddress
			return nil, 0
		}
		t.mem[slot%memSlots] = m
	}
	return m, p - m.base
}

// volatile reads what the host may write at the same time.
func (t *thread) volatile(slot int, p uint64, size int) uint64 {
	m, at := t.global(slot, p, uint64(size))
	if m == nil {
		return 0
	}
	w := atomic.LoadUint64(&m.words[at/8])
	return trim(w>>(at%8*8), size)
}

// inside reports whether a place is inside of memory of a kind, and aligned.
func (t *thread) inside(at uint64, size int, bytes uint64, kind string) bool {
	if at >= bytes || uint64(size) > bytes-at || at%uint64(size) != 0 {
		t.fail("%d bytes at %#x of %d bytes of %s memory", size, at, bytes, kind)
		return false
	}
	return true
}
