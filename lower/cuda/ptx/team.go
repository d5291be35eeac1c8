package ptx

import (
	"fmt"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower/loop"
)

// A task may be run by a team: threads that go through its loops together, and share out
// the positions of each strip. Between statements a team is of one mind: its threads hold
// equal variables, and have met after the last write. A lane of a reduction is a thread, so
// a team of LaneTeam threads keeps the canonical order and reads 16 neighbours at a time;
// the results of a contraction's tile are shared out to all threads of a block.

// The teams of a stage.
const (
	Alone     = 0            // every thread runs tasks of its own
	LaneTeam  = ir.LaneCount // threads, half of a warp
	BlockTeam = -1           // all threads of a block
)

// BlockThreads is the number of threads of a block whose tasks are not run by all of them.
const BlockThreads = 128

// Shared memory of a team, in bytes: of arrays, and of the named values of strips whose
// positions look at their neighbours.
const (
	laneShared  = 4 << 10
	blockShared = 40 << 10
	namesShared = 2 << 10
)

// team is what the emitter knows of the team that runs the tasks.
type team struct {
	kind   int
	width  string // threads
	arrays int64  // bytes of shared memory that arrays use
	shared int64  // and all
}

// teamOf returns which team runs the tasks of a Par.
func teamOf(s *loop.Par) int {
	lanes := map[*loop.Array]bool{}
	kind, fits, names := Alone, true, 0
	var walk func(body []loop.Stmt)
	walk = func(body []loop.Stmt) {
		for _, s := range body {
			for _, v := range loop.Operands(s) {
				// A thread that ends would leave the others waiting.
				fits = fits && !loop.Any(v, func(v *loop.Val) bool { return v.Kind == loop.Check && v.N < 0 })
			}
			switch s := s.(type) {
			case *loop.Local:
				if n, ok := s.Extents[0].Number(); ok && n == ir.LaneCount {
					lanes[s.Array] = true
				}
			case *loop.Tile:
				kind = BlockTeam
			case *loop.Scatter, *loop.Append:
				fits = false
			case *loop.Lanes:
				if lanes[s.Accs[0]] && kind == Alone {
					kind = LaneTeam
				}
			case *loop.Strip:
				if hasNeighbours(s) {
					if kind == Alone {
						kind = LaneTeam
					}
					for _, x := range s.Body {
						if set, ok := x.(*loop.Set); ok {
							names += groupSize * set.Var.DType.Size()
						}
					}
				}
				walk(s.Body)
			default:
				for _, b := range blocks(s) {
					walk(b)
				}
			}
		}
	}
	walk(s.Body)
	switch {
	case fits && names <= namesShared:
		return kind
	case kind == BlockTeam:
		panic(errNoTeam)
	}
	return Alone
}

// worker returns the register with the number of the thread or team among those that run
// tasks.
func (e *emitter) worker() string {
	if e.team == nil || e.measures != nil {
		return "%thread"
	}
	return "%team"
}

// teamHead is the code that finds a thread's place in its team.
func (e *emitter) teamHead() string {
	if e.team == nil || e.measures != nil {
		return ""
	}
	head, share := "", ""
	if e.team.kind == BlockTeam {
		head = `	.reg .b64 %team, %lane, %width, %shared;
	cvt.u64.u32 %team, %block;
	cvt.u64.u32 %width, %size;
	mov.u32 %inside, %tid.x;
	cvt.u64.u32 %lane, %inside;
`
		share = fmt.Sprintf("\t.shared .align 16 .b8 memory[%d];\n\tmov.u64 %%shared, memory;\n", max(e.team.shared, 8))
	} else {
		head = `	.reg .b64 %team, %lane, %shared;
	.reg .b32 %members;
	shr.u64 %team, %thread, 4;
	and.b64 %lane, %thread, 15;
	mov.u32 %inside, %tid.x;
	and.b32 %members, %inside, 16;
	shl.b32 %members, 65535, %members;
	shr.u32 %inside, %inside, 4;
	cvt.u64.u32 %shared, %inside;
`
		share = fmt.Sprintf("\t.shared .align 16 .b8 memory[%d];\n\t.reg .b64 %%memory;\n\tmov.u64 %%memory, memory;\n\tmad.lo.s64 %%shared, %%shared, %d, %%memory;\n",
			max(e.team.shared, 8)*BlockThreads/LaneTeam, max(e.team.shared, 8))
	}
	return head + share
}

// sync has the threads of the team meet: what they wrote before, all see after.
func (e *emitter) sync() {
	switch {
	case e.team == nil || e.measures != nil:
	case e.team.kind == BlockTeam:
		e.f("bar.sync 0")
	default:
		e.f("bar.warp.sync %%members")
	}
}

// agree returns whether a predicate holds for any thread of the team.
func (e *emitter) agree(p string) string {
	switch {
	case e.team == nil || e.measures != nil:
		return p
	case e.team.kind == BlockTeam:
		return e.one(ir.Bool, "bar.red.or.pred", "0", p)
	}
	return e.one(ir.Bool, "vote.sync.any.pred", p, "%members")
}

// only writes what one thread of the team does.
func (e *emitter) only(body func()) {
	if e.team == nil || e.measures != nil {
		body()
		return
	}
	others := e.label()
	e.f("@%s bra %s", e.one(ir.Bool, "setp.ne.s64", "%lane", "0"), others)
	body()
	e.mark(others)
	e.sync()
}

// read has the team meet after it has looked at memory to go on by: what is written next
// must not be seen by a thread that is late.
func (e *emitter) read(vals ...*loop.Val) {
	for _, v := range vals {
		if loop.Any(v, func(v *loop.Val) bool { return v.Kind == loop.Load && v.Array.Role != ir.In }) {
			e.sync()
			return
		}
	}
}

// localArray gives an array of the tasks shared memory, if there is room. What it does is
// the same in code that measures: it depends on other arrays alone.
func (e *emitter) localArray(s *loop.Local, x *array, bytes int64) bool {
	room := int64(laneShared)
	if e.team.kind == BlockTeam {
		room = blockShared
	}
	if bytes = aligned(bytes); e.team.arrays+bytes > room {
		return false
	}
	e.team.arrays += bytes
	e.sharedArray(s, x, bytes)
	return true
}

func aligned(bytes int64) int64 { return (bytes + 15) &^ 15 }

// sharedArray gives an array shared memory.
func (e *emitter) sharedArray(s *loop.Local, x *array, bytes int64) {
	x.space, x.base = "shared", "0"
	x.literal(s)
	if e.measures == nil {
		x.base = e.reg('q')
		fmt.Fprintf(&e.pro, "\tadd.s64 %s, %%shared, %d;\n", x.base, e.team.shared)
		e.team.shared += aligned(bytes)
	}
}

// positions writes a loop over the positions of a strip that are this thread's.
func (e *emitter) positions(s *loop.Strip, n string, body func(t string)) {
	if e.team == nil {
		e.count(n, body)
		return
	}
	inOrder, lanes, at := false, false, (*loop.Val)(nil)
	for _, st := range s.Body {
		switch st := st.(type) {
		case *loop.Prefix:
			inOrder = true
		case *loop.Lanes:
			inOrder = inOrder || e.array(st.Accs[0]).extents[0] != fmt.Sprint(LaneTeam) || lanes && st.At != at
			lanes, at = true, st.At
		}
	}
	switch {
	case n == "1" || inOrder:
		e.only(func() { e.count(n, body) })
		return
	case !lanes:
		t := e.one(ir.Int64, "mov.s64", "%lane")
		e.ascend(t, n, e.team.width, func() { body(t) })
	default: // lane l is thread l's
		t := e.one(ir.Int64, "mov.s64", "%lane")
		if at != nil {
			t = e.one(ir.Int64, "sub.s64", t, e.val(at))
			t = e.one(ir.Int64, "and.b64", t, fmt.Sprint(LaneTeam-1))
		}
		rest := e.label()
		if e.team.kind == BlockTeam {
			e.f("@%s bra %s", e.one(ir.Bool, "setp.ge.s64", "%lane", fmt.Sprint(LaneTeam)), rest)
		}
		e.ascend(t, n, fmt.Sprint(LaneTeam), func() { body(t) })
		e.mark(rest)
	}
	e.sync()
}

// foldTeam merges 16 lanes into lane 0, each by a thread.
func (e *emitter) foldTeam(s *loop.Fold) {
	d := dtypes(s.Accs)
	for h := LaneTeam / 2; h > 0; h /= 2 {
		rest := e.label()
		e.f("@%s bra %s", e.one(ir.Bool, "setp.ge.s64", "%lane", fmt.Sprint(h)), rest)
		left, right := e.lane(s.Accs, "%lane"), e.lane(s.Accs, e.one(ir.Int64, "add.s64", "%lane", fmt.Sprint(h)))
		e.put(s.Accs, left, e.combine(s.Combine.Merge, e.states(s.Accs, left), d, e.states(s.Accs, right), d))
		e.mark(rest)
		e.sync()
	}
}

// pollOften is how many positions of an axis may pass between two looks at whether the
// host wants the team to stop: a look waits for memory.
const pollOften = 1024

// pollLoop polls in a loop over v from lo on: where it goes by strips, not in all turns.
func (e *emitter) pollLoop(s *loop.For, v, lo string) {
	step, literal := s.Step.Number()
	if e.team == nil || !literal || step < ir.LaneCount || step >= pollOften || step&(step-1) != 0 {
		e.poll()
		return
	}
	past := e.one(ir.Int64, "and.b64", e.one(ir.Int64, "sub.s64", v, lo), fmt.Sprint(pollOften-1))
	skip := e.label()
	e.f("@%s bra %s", e.one(ir.Bool, "setp.ne.s64", past, "0"), skip)
	e.poll()
	e.mark(skip)
}
