package loop

import (
	"sync"
	"unsafe"
)

// Code is a loop in the flat form that the portable executor runs. It is safe for many
// goroutines.
//
// Scalars of every dtype live in registers, one 64-bit word each. Strips live in slots,
// pointers to a temporary, to a register, or straight into an array. Integer
// instructions work on registers; a strip instruction runs a kern over slots. Values
// that do not change in a loop are computed before it.
type Code struct {
	loop   *Loop
	code   []instr
	regs   []uint64 // at the start: constants, else 0
	arrays []arrayRegs
	params []int32 // registers of the parameters
	slots  []slotInit
	temps  int // strips that fit the width
	small  int // strips of at most 16 positions
	doms   int
	tables []*[16]uint64
	refs   []int32 // slots that are set as code runs
	words  bool    // registers are the words of a frame that machine code knows: see File
	native Native  // machine code, nil when there is none
	locals []int32 // local arrays, when there is
	frames sync.Pool
	order  func(turn, tasks int64) int64 // of tasks: see Tuning
}

// arrayRegs names the registers that describe an array: the offset of its element 0,
// then a stride and an extent per axis, all in elements.
type arrayRegs struct {
	offset           int32
	strides, extents []int32
	size             int
	base, room       int32 // words, when the code has any
}

// slotInit says where a slot points from the start; the others are set as code runs.
type slotInit struct {
	kind slotKind
	n    int32
}

type slotKind uint8

const (
	slotRef   slotKind = iota // set by an instruction
	slotReg                   // to register n
	slotTemp                  // to temporary n
	slotSmall                 // to small temporary n
	slotTable                 // to table n
)

// instr is one instruction. Its operands are numbers of registers, slots, arrays or
// domains, as the opcode says; jumps are relative.
type instr struct {
	op   opcode
	size [4]uint8 // kerns and loads: bytes of an element of d, a, b, c; 0: one element for all
	dom  int32    // strip instructions: the positions they run at; 0: all
	d    int32
	a    int32
	b    int32
	c    int32
	t    int32 // the slot of a temporary, for a result d that need not be one
	fn   kern
	x    any
}

type opcode uint8

const (
	opJump      opcode = iota // by a
	opJumpIfNot               // by a unless the bool b
	opMove                    // d = a
	opAdd
	opSub
	opMul
	opMulAdd // d = a*b + c
	opMin
	opMax
	opShl
	opShr
	opAnd
	opLt
	opLe
	opEq
	opNe
	opSelect   // d = a ? b : c, integers
	opEnter    // jump by a unless d < b
	opNext     // d += c; jump by a if d < b
	opWork     // counts work a, looks at the context
	opScalar   // d = fn(a, b, c), one element each
	opLookup   // d = fn(a, table x)
	opFetch    // d = the element of array c at address a
	opPut      // the element of array c at address a = d
	opLocal    // declares array d; x: *localCode
	opRequire  // x: *requireCode
	opNonEmpty // fails if a is not positive
	opCheckOne // d = position a checked; x: *checkCode
	opPar      // x: *parCode
	opNative   // part a in machine code
	opReturn

	opStrip    // n = b; jump by a if it is not positive; c: instructions of the strip
	opKern     // d = fn(a, b, c)
	opIota     // d = reg a + reg b * t
	opLoad     // d = strip of array c at address a, stride b
	opLoadAt   // d = elements of array c at the addresses in a
	opRepeat   // d = elements of local array c, each 16 times
	opTarget   // d = where the strip of array c at address a, stride b is made
	opFlush    // and wrote out, when that is a temporary
	opAddress  // d = addresses; x: *addressCode
	opInterval // domain d = domain a within reg b <= t < reg c
	opOutside  // domain d = domain a outside reg b <= t < reg c
	opAny      // domain d = domain a if any b holds there, else empty
	opUnless   // jump by a if domain d is empty
	opJoin     // d = a in domain x.then, b in domain x.other; x: *joinCode
	opRare     // d = a where c holds, else b; x: *joinCode
	opCheck    // d = positions a checked; x: *checkCode
	opBelow    // d = a at the last position of the lower half of t's group of 2b
	opLanes    // x: *lanesCode
	opFold     // x: *foldCode
	opPrefix   // x: *prefixCode
	opScatter  // x: *scatterCode
	opAppend   // x: *appendCode
	opTile     // x: *tileCode
	opKeep     // never runs: values live until here
)

// frame is the state of one goroutine in a Code.
type frame struct {
	code  *Code
	regs  []uint64
	slots []unsafe.Pointer
	base  []unsafe.Pointer // of arrays
	temps []uint64
	small []uint64
	local [][]uint64 // memory of local arrays
	doms  []region
	cut   []int64 // pieces of the ranges of a Par
	width int     // positions that a temporary holds
	n     int     // positions of the strip at hand
	work  int     // nanoseconds until the context is looked at
	own   run     // of the frame that a run starts with
	run   *run
	fault fault
	err   error
}

// region is the set of positions of a strip at which a branch of a pick is evaluated:
// runs in ascending order.
type region struct {
	runs []span
	all  bool
}

type span struct{ lo, hi int }

func (d *region) set(n int, runs ...span) {
	d.runs = d.runs[:0]
	for _, r := range runs {
		if r.lo < r.hi {
			d.runs = append(d.runs, r)
		}
	}
	d.all = len(d.runs) == 1 && d.runs[0] == span{0, n}
}

// fault is the one at the smallest position so far, and there with the smallest number;
// number -1: none.
type fault struct {
	number                 int
	position, value, limit int64
}

func (f *fault) before(g *fault) bool {
	switch {
	case f.number < 0:
		return false
	case g.number < 0:
		return true
	case f.position != g.position:
		return f.position < g.position
	}
	return f.number < g.number
}
