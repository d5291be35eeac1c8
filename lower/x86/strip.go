package x86

import (
	"errors"
	"fmt"
	"slices"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower/loop"
	"github.com/numen-go/numen/lower/x86/asm"
)

// strip writes the machine code of one strip: 16 positions at a time, or as many as a
// vector holds, over virtual registers, which are allocated when it is complete. A vector
// is of as many positions for all dtypes of a strip: 8- and 16-bit integers live in
// 32-bit elements, extended as their dtype says; a bool is a mask register with AVX-512,
// and with AVX2 a vector of all ones or zeros in elements of s.maskBytes().
//
// The code of a strip is a loop over groups of positions, and then a loop over what is
// left, in which loads and stores have masks. A group is some vectors, its members; a
// batch of members is computed side by side, for the processor to overlap them. What all
// positions share is computed before the loops.
type strip struct {
	*emitter
	b     *asm.Builder
	lanes int // positions of a vector: its widest element decides

	literals    map[asm.Reg]uint64     // the bits of literals that are in registers
	opposites   map[asm.Arg]operand    // what registers that hold opposites are the opposites of
	comparisons map[asm.Reg]comparison // how masks were made
	indices     map[asm.Reg]index      // what lookups need of integers
	fixed       map[literalKey]operand // literals in registers
	fixedCode   []asm.Inst             // that loads them, ahead of everything

	facts
	batch int   // members that are computed side by side
	err   error // the first

	before   []asm.Inst // runs once, ahead of the loops
	ahead    bool       // what is appended goes there
	skipped  int        // ahead: where code begins that may be skipped, 0: nowhere
	hoisted  map[*loop.Val]value
	accesses map[accessKey]*access
	straight map[*node]*access // those that are contiguous
	lanesOf  map[*loop.Lanes]*laneCode
	advance  []func(group int) // moves what is carried from group to group
	after    []func()          // what follows the loops
	iotas    map[ir.DType]asm.Reg
	words    map[asm.Arg]asm.Reg // integers of all positions, spread
	known    map[*loop.Var]*nameFacts
	results  []*access // written past the caches where they are aligned
	past     bool      // such code is being written
	serials  map[loop.Stmt]*serialCode
	combines map[loop.Stmt]*combineCode
	alone    bool // positions are computed one by one: see oneByOne

	// Of the members at hand.
	t       asm.Reg   // position of the group; NoReg: 0
	first   int       // number of the first member in its group
	members int       // how many
	tail    []asm.Reg // where they have positions; nil: everywhere
	left    asm.Reg   // positions left in the tail, from the group on
	lets    map[*loop.Var]value
	arms    map[*loop.Val]*arm
	asked   []*loop.Val // the keys of arms, in order
	loads   []loaded
	areas   int // of scratch memory in use
}

// operand is a vector, or a literal that is spread from memory.
type operand struct {
	d   ir.DType
	arg asm.Arg // Register, or Memory in the constant pool
}

// value is an operand by member of the batch, or one for all.
type value []operand

func (v value) of(member int) operand {
	if len(v) == 1 {
		return v[0]
	}
	return v[member]
}

// lane returns the bytes that an element takes in a register.
func lane(d ir.DType) int { return max(d.Size(), 4) }

// width returns the width of a vector of d's.
func (s *strip) width(d ir.DType) asm.Width { return asm.Width(8 * lane(d) * s.lanes) }

// maskBytes returns the bytes of an element of a bool (AVX2).
func (s *strip) maskBytes() int { return 32 / s.lanes }

// groupSize is the positions of a group: those of the lanes of a reduction.
const groupSize = ir.LaneCount

// stripState is what the strips of a loop share.
type stripState struct {
	scratch []int32 // areas of 16 times 8 bytes, by their distance from the frame
	twice   int32   // 16 lanes, twice; 0: none yet
	locals  map[*loop.Array]*loop.Local
	guarded loop.Stmt // the strip or chains at hand, if they have positions for sure
}

// strip appends a strip to the block at hand.
func (e *emitter) strip(st *loop.Strip) error {
	n, literal := st.N.Number()
	if literal && n <= 0 {
		return nil
	}
	f := e.stripFacts(st.Pos, st.Body, literal && n == 1)
	if !literal && e.strips.guarded != st && f.looksFirst() {
		e.strips.guarded = st
		return e.stmt(&loop.If{Cond: loop.ApplyOp(ir.OpLt, ir.Bool, loop.Int(0), st.N), Then: []loop.Stmt{st}})
	}
	if !f.one && e.stepsAlone(&f) {
		if err := e.allocated(&f, func(s *strip) { s.oneByOne(st.N) }); !errors.Is(err, errNotAlone) {
			const cost = 4 // a nanosecond: what the next step waits for the one before
			e.work(cost, e.slot(st.N))
			return err
		}
	}
	err := e.allocated(&f, func(s *strip) {
		switch {
		case s.one:
			s.members = 1
			s.statements()
		case literal && n <= groupSize:
			s.short(int(n))
		default:
			s.loops(st.N)
		}
	})
	if err != nil {
		return err
	}
	e.work(f.cost, e.slot(st.N))
	return nil
}

// uniform computes a value once, outside strips, into a frame word.
func (e *emitter) uniform(v *loop.Val, to asm.Arg) error {
	f := e.stripFacts(nil, []loop.Stmt{&loop.Set{Var: &loop.Var{Name: "v", DType: v.DType}, Val: v}}, true)
	return e.allocated(&f, func(s *strip) {
		s.members = 1
		r := s.reg(s.value(v, nil).of(0))
		if v.DType != ir.Bool {
			s.storeOne(v.DType, r, to)
			return
		}
		g := s.maskBits(r) // the whole word: integer code reads all of it
		s.b.Op(asm.AND, asm.W32, asm.R(g), asm.I(1))
		s.b.Op(asm.MOV, asm.W64, to, asm.R(g))
	})
}

// allocated appends the code that write writes for a strip, with fewer members side by
// side when there are far too few registers.
func (e *emitter) allocated(f *facts, write func(s *strip)) error {
	const room = 16 * 64 // for a strip that spills little
	for batch := f.widest; ; batch /= 2 {
		s := f.emit(e, batch, write)
		if s.err != nil {
			return s.err
		}
		code, spill, stats, err := asm.Allocate(e.list(), s.b.Insts, e.level, Frame, e.spillSpace(room))
		if err != nil {
			return fmt.Errorf("x86: %w", err)
		}
		if stats.Overhead > 0.25 && batch > f.narrowest {
			e.drop(code)
			e.drop(s.b.Insts)
			continue
		}
		if spill > room {
			if code, _, stats, err = asm.Allocate(code[:0], s.b.Insts, e.level, Frame, e.spillSpace(spill)); err != nil {
				return fmt.Errorf("x86: %w", err)
			}
		}
		e.insert(code)
		e.drop(code)
		e.drop(s.b.Insts)
		e.stats.add(stats)
		return nil
	}
}

// emit returns the code that write writes, over virtual registers.
func (f *facts) emit(e *emitter, batch int, write func(s *strip)) *strip {
	s := &strip{
		emitter: e, b: asm.NewBuilder(&e.label), lanes: f.lanes, facts: *f, batch: batch,
		hoisted: map[*loop.Val]value{}, accesses: map[accessKey]*access{}, straight: map[*node]*access{}, lanesOf: map[*loop.Lanes]*laneCode{}, iotas: map[ir.DType]asm.Reg{}, words: map[asm.Arg]asm.Reg{}, known: map[*loop.Var]*nameFacts{},
		serials: map[loop.Stmt]*serialCode{}, combines: map[loop.Stmt]*combineCode{}, lets: map[*loop.Var]value{}, arms: map[*loop.Val]*arm{},
	}
	s.b.Insts, s.before = e.list(), e.list()
	write(s)
	for _, f := range s.after {
		f()
	}
	if len(s.fixedCode)+len(s.before) > 0 {
		body := s.b.Insts
		s.b.Insts = slices.Concat(s.fixedCode, s.before, body)
		e.drop(body)
	}
	e.drop(s.before)
	return s
}

// loops writes the loop over whole groups, and the one over what is left.
func (s *strip) loops(n *loop.Val) {
	done, tail, rest := s.b.NewLabel(), s.b.NewLabel(), s.b.NewLabel()
	count := s.slot(n)
	s.t = s.b.New(asm.GPR)
	last := s.b.New(asm.GPR) // the last position at which a whole group starts
	unrolled := s.unroll * groupSize
	s.hoist(func() {
		s.b.Op(asm.XOR, asm.W32, asm.R(s.t), asm.R(s.t))
		s.b.Op(asm.MOV, asm.W64, asm.R(last), count)
	})
	start := s.before
	s.before = s.list()

	s.b.Op(asm.CMP, asm.W64, asm.R(s.t), asm.R(last))
	s.b.Op(asm.JG, 0, tail)
	whole := func() {
		main := s.b.NewLabel()
		s.b.Bind(main)
		s.iteration(unrolled)
		s.b.Op(asm.ADD, asm.W64, asm.R(s.t), asm.I(int64(unrolled)))
		s.b.Op(asm.CMP, asm.W64, asm.R(s.t), asm.R(last))
		s.b.Op(asm.JLE, 0, main)
	}
	ahead := s.b.Insts
	s.b.Insts = s.list()
	whole()
	if len(s.results) > 0 {
		body := s.b.Insts
		s.b.Insts = ahead
		s.aligned(whole, tail)
		ahead, s.b.Insts = s.b.Insts, body
	}
	body := s.b.Insts
	s.b.Insts = append(ahead, body...)
	s.drop(body)

	s.b.Bind(tail)
	s.b.Op(asm.ADD, asm.W64, asm.R(last), asm.I(int64(unrolled))) // the number of positions again
	s.b.Op(asm.CMP, asm.W64, asm.R(s.t), asm.R(last))
	s.b.Op(asm.JGE, 0, rest)
	some := s.b.NewLabel()
	s.b.Bind(some)
	s.left = s.b.New(asm.GPR)
	s.b.Op(asm.MOV, asm.W64, asm.R(s.left), asm.R(last))
	s.b.Op(asm.SUB, asm.W64, asm.R(s.left), asm.R(s.t))
	s.masked16()
	s.b.Op(asm.ADD, asm.W64, asm.R(s.t), asm.I(groupSize))
	s.b.Op(asm.CMP, asm.W64, asm.R(s.t), asm.R(last))
	s.b.Op(asm.JL, 0, some)
	s.b.Bind(rest)
	for _, f := range s.after {
		f()
	}
	s.after = nil
	s.b.Bind(done)

	if s.small {
		s.hoistLiterals()
	}

	// A strip of no positions looks at nothing.
	body = s.b.Insts
	s.b.Insts = start
	s.b.Op(asm.TEST, asm.W64, asm.R(last), asm.R(last))
	s.b.Op(asm.JLE, 0, done)
	s.b.Op(asm.SUB, asm.W64, asm.R(last), asm.I(int64(unrolled)))
	s.b.Insts = append(s.b.Insts, s.before...)
	s.b.Insts = append(s.b.Insts, body...)
	s.drop(body)
	s.drop(s.before)
	s.before = nil
}

// aligned writes the loop over whole groups for results that are aligned, and jumps to
// what follows it; for others the code goes on behind it.
func (s *strip) aligned(whole func(), next asm.Arg) {
	bits, others := s.b.New(asm.GPR), s.b.NewLabel()
	s.b.Op(asm.MOV, asm.W64, asm.R(bits), asm.R(s.results[0].base))
	for _, x := range s.results[1:] {
		s.b.Op(asm.OR, asm.W64, asm.R(bits), asm.R(x.base))
	}
	const line = 64
	s.b.Op(asm.TEST, asm.W32, asm.R(bits), asm.I(line-1))
	s.b.Op(asm.JNZ, 0, others)
	s.past = true
	whole()
	s.past = false
	s.b.Op(asm.JMP, 0, next)
	s.b.Bind(others)
}

// masked16 writes the statements for what is left of a group, with masks for those members
// that need one.
func (s *strip) masked16() {
	class := asm.Mask
	if !s.wide() {
		class = asm.Vec
	}
	s.tail = make([]asm.Reg, groupSize/s.lanes)
	for u := range s.tail {
		s.tail[u] = s.b.New(class)
	}
	ahead := s.b.Insts
	s.b.Insts = nil
	s.iteration(groupSize)
	body := s.b.Insts
	s.b.Insts = ahead
	for u, r := range s.tail {
		if slices.ContainsFunc(body, func(in asm.Inst) bool { return mentions(&in, r) }) {
			made := s.tailMask(s.left, u)
			last := &s.b.Insts[len(s.b.Insts)-1]
			if last.Args[0].Reg != made {
				panic("x86: a mask that its last instruction does not write")
			}
			last.Args[0].Reg = r
		}
	}
	s.b.Insts = append(s.b.Insts, body...)
	s.tail = nil
}

// short writes a strip of a known number of positions, at most a group: there is no loop.
func (s *strip) short(n int) {
	members := (n + s.lanes - 1) / s.lanes
	if rest := n % s.lanes; rest > 0 {
		s.left = s.b.New(asm.GPR)
		s.b.Op(asm.MOV, asm.W32, asm.R(s.left), asm.I(int64(n)))
		s.tail = make([]asm.Reg, members)
		s.tail[members-1] = s.tailMask(s.left, members-1)
	}
	s.batches(members)
}

// iteration writes the statements for a group, and moves on.
func (s *strip) iteration(group int) {
	s.batches(group / s.lanes)
	for _, f := range s.advance {
		f(group)
	}
}

func (s *strip) batches(members int) {
	tail := s.tail
	for s.first = 0; s.first < members; s.first += s.batch {
		s.members = min(s.batch, members-s.first)
		if tail != nil {
			s.tail = tail[s.first : s.first+s.members]
		}
		s.statements()
	}
	s.first, s.tail = 0, tail
}

// statements writes the strip's statements for the members at hand.
func (s *strip) statements() {
	clear(s.lets)
	clear(s.arms)
	s.asked = s.asked[:0]
	clear(s.indices)
	s.loads = s.loads[:0]
	for _, st := range s.body {
		s.statement(st)
	}
}

func (s *strip) statement(st loop.Stmt) {
	switch st := st.(type) {
	case *loop.Set:
		s.let(st)
		return
	case *loop.Store:
		s.store(st)
	case *loop.Lanes:
		s.lanesStep(st)
	case *loop.Prefix:
		s.prefix(st)
	case *loop.Scatter:
		s.scatter(st)
	case *loop.Append:
		s.appendTo(st)
	default:
		s.fail(fmt.Errorf("x86: %T inside a strip", st))
	}
	s.loads = s.loads[:0] // a statement may write what they have read
}

func errData(a *loop.Array) error {
	return fmt.Errorf("x86: elements of %s at positions that are data", a.Name)
}

func (s *strip) fail(err error) {
	if s.err == nil {
		s.err = err
	}
}

// hoist appends what f appends ahead of the loops, and of what may be skipped there: what
// is kept of it is for all that follows.
func (s *strip) hoist(f func()) {
	if at := s.skipped; s.ahead && at > 0 {
		skipped := slices.Clone(s.b.Insts[at-1:])
		s.b.Insts, s.skipped = s.b.Insts[:at-1], 0
		f()
		s.skipped = len(s.b.Insts) + 1
		s.b.Insts = append(s.b.Insts, skipped...)
		return
	}
	if s.ahead {
		f()
		return
	}
	body, indices := s.b.Insts, s.indices
	s.b.Insts, s.ahead, s.indices = s.before, true, nil
	f()
	s.before, s.b.Insts, s.ahead, s.indices = s.b.Insts, body, false, indices
}

// scratch returns the distance from the frame to memory for a vector of each of 16
// positions, 8 bytes a position, aligned to 64.
func (s *strip) scratch() int32 {
	if s.areas == len(s.strips.scratch) {
		s.strips.scratch = append(s.strips.scratch, int32(8*s.space(groupSize)))
	}
	s.areas++
	return s.strips.scratch[s.areas-1]
}
