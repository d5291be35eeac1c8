// Package x86 makes machine code of loops, at run time and in memory: AVX2 or AVX-512,
// as the processor has. Its results are those of the evaluator, to the bit.
package x86

import (
	"slices"
	"sync"

	"github.com/numen-go/numen/lower/loop"
	"github.com/numen-go/numen/lower/x86/asm"
)

// Frame is the register that holds the address of the frame (package loop: File). RSP and
// RBP belong to Go. The others hold nothing from one statement to the next: between
// statements everything is in the frame, so that code can leave there and go on later.
// In strips and tiles RAX, RCX and RDX are scratch of single steps; R10 and R11, and the
// last two vector and mask registers of a level, are the allocator's; the rest is
// allocated.
const Frame = asm.RDI

// emitter writes the machine code of one loop.
type emitter struct {
	level  asm.Level
	loop   *loop.Loop
	class  loop.Class
	file   loop.File
	pool   *asm.Pool
	label  int // counter
	strips stripState
	b      *asm.Builder // the block at hand: physical registers only

	// Of the part at hand.
	blocks []*block                // from the outermost to the one at hand
	at     int                     // the depth of the block that b belongs to
	vars   map[*loop.Var]*node     // what integer variables hold now
	nodes  map[nodeKey]*node       // integers that are computed once
	arrays map[*loop.Array]*layout // how arrays lie
	cold   *asm.Builder            // what is rarely run, or shared, behind the rest
	inner  bool                    // the part is the body of a Par: its variables end with it
	err    error                   // of what could not report it

	writes    map[*loop.Var]int // assignments of variables in the whole loop
	literals  map[asm.Arg]int64 // integers in the pool
	stats     stats             // of all strips
	lists     *lists
	tiles     map[tileKey]*tile // code that tiles share
	tops      []int64           // labels that loops of scalar code begin with
	spaces    [][2]int          // frame words, from and to, that are no single ones
	spill     int32             // bytes from the frame to the spill slots
	spillSize int32
}

// block is a list of statements on its way to code. What does not change inside a block
// is computed in the innermost block around it that its operands come from.
type block struct {
	b     *asm.Builder
	used  []int   // frame words that code of the block needs as long as it runs
	inner []int   // and those that blocks of the statement at hand needed
	free  []int   // and statements before it
	held  []*node // nodes of blocks around that are computed in this one
	arm   bool    // of an If or a pick: it runs once, or not at all
	cost  int     // of what has run since work was counted, in quarters of a nanosecond
	paid  bool    // the block's code looks at the work
}

// word returns word n of the frame as an operand.
func word(n int) asm.Arg { return asm.M(Frame, int32(8*n)) }

// push opens a block inside the one at hand.
func (e *emitter) push() *block {
	b := &block{b: asm.NewBuilder(&e.label)}
	b.b.Insts = e.list()
	e.blocks = append(e.blocks, b)
	e.at = len(e.blocks) - 1
	e.b = b.b
	return b
}

// pop closes the block at hand. Its frame words are free when the statement that it
// belongs to is complete.
func (e *emitter) pop() {
	b := e.blocks[e.at]
	for _, n := range b.held { // elsewhere they are not there
		n.word = -1
	}
	e.blocks = e.blocks[:e.at]
	e.at--
	outer := e.blocks[e.at]
	outer.inner = slices.Concat(outer.inner, b.used, b.inner, b.free)
	e.b = outer.b
}

// temp returns a frame word that nothing else writes while block n runs. A word that an
// earlier statement of a block around is done with will do: what is in it is computed
// anew whenever that statement has run.
func (e *emitter) temp(n int) int {
	w := -1
	for _, b := range e.blocks[:n+1] {
		if last := len(b.free) - 1; last >= 0 {
			w, b.free = b.free[last], b.free[:last]
			break
		}
	}
	if w < 0 {
		w = e.file.Temp(1)
	}
	e.blocks[n].used = append(e.blocks[n].used, w)
	return w
}

// space returns the first of several frame words that lie together, which code may reach
// by addresses too.
func (e *emitter) space(words int) int {
	w := e.file.Temp(words)
	e.spaces = append(e.spaces, [2]int{w, w + words})
	return w
}

// isWord reports whether a distance from the frame is one of a word that code reaches as
// such alone.
func (e *emitter) isWord(disp int32) bool {
	return disp >= 0 && !slices.ContainsFunc(e.spaces, func(s [2]int) bool { return int(disp) >= 8*s[0] && int(disp) < 8*s[1] })
}

// list returns an empty list of instructions, and drop gives back one that nothing refers
// to: the code of a small kernel is copied several times on its way.
func (e *emitter) list() []asm.Inst {
	if last := len(e.lists.free) - 1; last >= 0 {
		l := e.lists.free[last]
		e.lists.free = e.lists.free[:last]
		return l
	}
	return make([]asm.Inst, 0, 128)
}

func (e *emitter) drop(l []asm.Inst) {
	if cap(l) > 0 {
		e.lists.free = append(e.lists.free, l[:0])
	}
}

// lists are empty lists of instructions.
type lists struct{ free [][]asm.Inst }

// listPool has those that no compilation uses.
var listPool = sync.Pool{New: func() any { return new(lists) }}

// enclose appends the code of a block inside the one at hand, which is complete.
func (e *emitter) enclose(b *block) {
	e.insert(b.b.Insts)
	e.drop(b.b.Insts)
}

// insert appends code to the block at hand. It finds nothing in registers but the frame,
// and leaves nothing there.
func (e *emitter) insert(insts []asm.Inst) { e.b.Insts = append(e.b.Insts, insts...) }

// spillSpace returns the distance from the frame to at least so many bytes, aligned to 64,
// for a strip or a tile to spill to. They all share it.
func (e *emitter) spillSpace(bytes int32) int32 {
	if bytes > e.spillSize {
		e.spillSize = max(2*e.spillSize, (bytes+63)&^63)
		e.spill = int32(8 * e.space(int(e.spillSize/8)))
	}
	return e.spill
}
