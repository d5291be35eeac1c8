package ptx

import (
	"fmt"
	"strings"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
	"github.com/numen-go/numen/lower/loop"
)

// emitter writes one entry.
type emitter struct {
	m      *Module
	tables tables
	out    *strings.Builder
	decl   strings.Builder // arrays of the thread
	pro    strings.Builder // what is read from the frame, once
	regs   map[byte]int    // registers so far, by class
	labels int

	vars   map[*loop.Var]string // registers
	arrays map[*loop.Array]*array
	words  map[string]string // registers of the frame's words that do not change

	checks  bool // positions that are data are tested
	scratch bool // arrays of the thread are in scratch memory
	fault   [FaultWords]string
	top     string // scratch memory: the next free byte
	limit   string // and the first byte beyond
	most    string // the largest top so far, when measuring
	done    string // label: the end of the task
	leave   string // label: the end of the thread
	strip   *strip
	team    *team // nil: every thread runs tasks of its own

	measures map[loop.Stmt]bool // only these statements are written, to measure; nil: all
}

// array is an array as code sees it.
type array struct {
	space            string // global, local or shared
	base             string // register or name of the origin
	strides, extents []string
}

func newEmitter(m *Module, t tables, kind int) *emitter {
	e := &emitter{
		m: m, tables: t, out: &strings.Builder{}, regs: map[byte]int{}, vars: map[*loop.Var]string{},
		arrays: map[*loop.Array]*array{}, words: map[string]string{},
	}
	switch kind {
	case BlockTeam:
		e.team = &team{kind: kind, width: "%width"}
	case LaneTeam:
		e.team = &team{kind: kind, width: fmt.Sprint(LaneTeam)}
	}
	return e
}

// f writes an instruction.
func (e *emitter) f(format string, args ...any) { fmt.Fprintf(e.out, "\t"+format+";\n", args...) }

// label returns a new label; mark writes it.
func (e *emitter) label() string {
	e.labels++
	return fmt.Sprintf("L%d", e.labels)
}

func (e *emitter) mark(label string) { fmt.Fprintf(e.out, "%s:\n", label) }

// class is the class of registers for a dtype: p, r (32 bits), q (64 bits), f, d. Integers of
// 8 and 16 bits are extended to 32.
func class(d ir.DType) byte {
	switch d {
	case ir.Bool:
		return 'p'
	case ir.Float32:
		return 'f'
	case ir.Float64:
		return 'd'
	case ir.Int64, ir.Uint64:
		return 'q'
	}
	return 'r'
}

func (e *emitter) reg(class byte) string {
	e.regs[class]++
	return fmt.Sprintf("%%%c%d", class, e.regs[class])
}

func (e *emitter) of(d ir.DType) string { return e.reg(class(d)) }

// one writes an instruction whose result, a new register of dtype d, is its first operand.
func (e *emitter) one(d ir.DType, op string, args ...string) string {
	r := e.of(d)
	e.f("%s %s", op, strings.Join(append([]string{r}, args...), ", "))
	return r
}

// classes are the types that registers are declared with.
var classes = []struct {
	name byte
	typ  string
}{{'p', "pred"}, {'r', "b32"}, {'q', "b64"}, {'f', "f32"}, {'d', "f64"}}

// entry returns the text of an entry.
func (e *emitter) entry(name string, ranges []loop.ParRange, first int, body []loop.Stmt) string {
	e.done, e.leave = e.label(), e.label()
	main := e.out
	if e.measures != nil {
		e.most = e.one(ir.Int64, "mov.u64", "0")
	}
	for i := range e.fault {
		e.fault[i] = e.reg('q')
		e.f("mov.s64 %s, -1", e.fault[i])
	}
	e.tasks(ranges, first, body)
	if e.measures != nil {
		e.f("red.global.max.u64 [%%frame+%d], %s", 8*WordNeed, e.most)
	}
	if e.checks && e.measures == nil {
		e.faults()
	}

	var text strings.Builder
	fmt.Fprintf(&text, "\n.visible .entry %s(.param .u64 arg)\n{\n", name)
	text.WriteString(e.decl.String())
	fmt.Fprintf(&text, "\t.reg .b64 %%frame, %%thread;\n")
	for _, c := range classes {
		if n := e.regs[c.name]; n > 0 {
			fmt.Fprintf(&text, "\t.reg .%s %%%c<%d>;\n", c.typ, c.name, n+1)
		}
	}
	text.WriteString(`	.reg .b32 %block, %size, %inside;
	ld.param.u64 %frame, [arg];
	cvta.to.global.u64 %frame, %frame;
	mov.u32 %block, %ctaid.x;
	mov.u32 %size, %ntid.x;
	mov.u32 %inside, %tid.x;
	mad.lo.s32 %inside, %block, %size, %inside;
	cvt.u64.u32 %thread, %inside;
`)
	text.WriteString(e.teamHead())
	return text.String() + e.pro.String() + main.String() + "\tret;\n}\n"
}

// tasks writes the loop of a thread or team over its tasks, or the one task that there is.
func (e *emitter) tasks(ranges []loop.ParRange, first int, body []loop.Stmt) {
	workers, tasks := e.word(WordWorkers, ir.Int64), e.word(WordTasks, ir.Int64)
	e.enterThread()
	task := e.one(ir.Int64, "mov.u64", e.worker())
	next, end := e.label(), e.label()
	e.mark(next)
	e.f("@%s bra %s", e.one(ir.Bool, "setp.ge.s64", task, tasks), end)
	e.poll()
	if e.top != "" {
		e.f("mov.u64 %s, %s", e.top, e.scratchBase())
	}
	left := e.one(ir.Int64, "mov.u64", task)
	for i := len(ranges) - 1; i >= 0; i-- {
		at := first + wordsPerRange*i
		from, step, to := e.word(at, ir.Int64), e.word(at+1, ir.Int64), e.word(at+2, ir.Int64)
		n := e.one(ir.Int64, "sub.s64", to, from)
		n = e.one(ir.Int64, "add.s64", n, step)
		n = e.one(ir.Int64, "sub.s64", n, "1")
		n = e.one(ir.Int64, "div.s64", n, step)
		k := e.one(ir.Int64, "rem.s64", left, n)
		e.f("div.s64 %s, %s, %s", left, left, n)
		lo := e.one(ir.Int64, "mad.lo.s64", k, step, from)
		hi := e.one(ir.Int64, "min.s64", e.one(ir.Int64, "add.s64", lo, step), to)
		e.vars[ranges[i].Lo], e.vars[ranges[i].Hi] = lo, hi
	}
	var shared []*loop.Var
	if ranges == nil { // variables of the body
		for v, w := range e.m.vars {
			if w >= FirstWord && assigned(body, v) {
				shared = append(shared, v)
			}
		}
		sortVars(shared, e.m)
		for _, v := range shared {
			r := e.of(v.DType)
			e.load(r, v.DType, "global", fmt.Sprintf("%%frame+%d", 8*e.m.vars[v]))
			e.vars[v] = r
		}
	}
	e.block(body)
	for _, v := range shared {
		e.store(v.DType, "global", fmt.Sprintf("%%frame+%d", 8*e.m.vars[v]), e.vars[v])
	}
	e.mark(e.done)
	e.f("add.s64 %s, %s, %s", task, task, workers)
	e.f("bra %s", next)
	e.mark(e.leave)
	e.mark(end)
}

// enterThread writes what a worker needs before its first task: its scratch memory.
func (e *emitter) enterThread() {
	e.top = e.reg('q')
	e.limit = e.reg('q')
	room := e.word(WordRoom, ir.Int64)
	base := e.scratchBase()
	e.f("mov.u64 %s, %s", e.top, base)
	e.f("add.s64 %s, %s, %s", e.limit, base, room)
}

// scratchBase returns the start of the worker's scratch memory; measuring starts at 0.
func (e *emitter) scratchBase() string {
	if e.measures != nil {
		return "0"
	}
	const key = "scratch of the thread"
	if r, ok := e.words[key]; ok {
		return r
	}
	base, room := e.word(WordScratch, ir.Int64), e.word(WordRoom, ir.Int64)
	r := e.reg('q')
	fmt.Fprintf(&e.pro, "\tmad.lo.s64 %s, %s, %s, %s;\n", r, e.worker(), room, base)
	e.words[key] = r
	return r
}

// word returns a register with a word of the frame that nothing changes.
func (e *emitter) word(n int, d ir.DType) string {
	key := fmt.Sprint(n, d)
	if r, ok := e.words[key]; ok {
		return r
	}
	r := e.of(d)
	outer := e.out
	e.out = &e.pro
	e.load(r, d, "global", fmt.Sprintf("%%frame+%d", 8*n))
	e.out = outer
	e.words[key] = r
	return r
}

// load and store move an element between memory and a register.
func (e *emitter) load(r string, d ir.DType, space, address string) {
	if d == ir.Bool {
		x := e.reg('r')
		e.f("ld.%s.u8 %s, [%s]", space, x, address)
		e.f("setp.ne.u32 %s, %s, 0", r, x)
		return
	}
	e.f("ld.%s.%s %s, [%s]", space, memory(d), r, address)
}

func (e *emitter) store(d ir.DType, space, address, val string) {
	if d == ir.Bool {
		val = e.one(ir.Uint32, "selp.u32", "1", "0", val)
	}
	e.f("st.%s.%s [%s], %s", space, memory(d), address, val)
}

// memory is the type of an element in memory.
func memory(d ir.DType) string {
	switch d.Kind() {
	case ir.KindFloat:
		return fmt.Sprintf("f%d", 8*d.Size())
	case ir.KindInt:
		return fmt.Sprintf("s%d", 8*d.Size())
	}
	return fmt.Sprintf("u%d", 8*d.Size())
}

// stop writes the end of the thread with a status, if it is the first one.
func (e *emitter) stop(s Status, arg, arg2 string) {
	if e.measures != nil {
		e.f("bra.uni %s", e.leave)
		return
	}
	old := e.one(ir.Int64, "atom.global.cas.b64", fmt.Sprintf("[%%frame+%d]", 8*WordStatus), "0", fmt.Sprint(int(s)))
	e.f("@%s bra %s", e.one(ir.Bool, "setp.ne.u64", old, "0"), e.leave)
	e.f("st.global.u64 [%%frame+%d], %s", 8*WordArg, arg)
	e.f("st.global.u64 [%%frame+%d], %s", 8*WordArg2, arg2)
	e.f("bra %s", e.leave)
}

// poll ends the worker when the host asks for it.
func (e *emitter) poll() {
	r := e.reg('q')
	e.f("ld.volatile.global.u64 %s, [%%frame+%d]", r, 8*WordStop)
	e.f("@%s bra %s", e.agree(e.one(ir.Bool, "setp.ne.u64", r, "0")), e.leave)
}

// faults writes the thread's first fault to its place.
func (e *emitter) faults() {
	at := e.one(ir.Int64, "mad.lo.s64", "%thread", fmt.Sprint(8*FaultWords), e.word(WordFaults, ir.Int64))
	for i, r := range e.fault {
		e.f("st.global.u64 [%s+%d], %s", at, 8*i, r)
	}
	none := e.label()
	e.f("@%s bra %s", e.one(ir.Bool, "setp.lt.s64", e.fault[0], "0"), none)
	e.f("st.global.u64 [%%frame+%d], 1", 8*WordFaulted)
	e.mark(none)
}

// variable returns the register of a variable.
func (e *emitter) variable(v *loop.Var) string {
	if r, ok := e.vars[v]; ok {
		return r
	}
	n, ok := e.m.vars[v]
	if !ok {
		panic("ptx: variable " + v.Name + " has no value")
	}
	return e.word(n, v.DType)
}

// array returns an array, those of the caller from the frame.
func (e *emitter) array(a *loop.Array) *array {
	if x, ok := e.arrays[a]; ok {
		return x
	}
	w, ok := e.m.arrays[a]
	if !ok {
		panic("ptx: array " + a.Name + " is not declared")
	}
	x := &array{space: "global", base: e.word(w.Base, ir.Int64)}
	for d := range w.Strides {
		x.strides = append(x.strides, e.word(w.Strides[d], ir.Int64))
		x.extents = append(x.extents, e.word(w.Extents[d], ir.Int64))
	}
	e.arrays[a] = x
	return x
}

// threadArray bounds the bytes of an array that is declared as one of the thread's own.
const threadArray = 2048

// local declares an array of the task: of the thread's own or of the team's shared memory
// where it is small.
func (e *emitter) local(s *loop.Local) {
	x := &array{space: "local"}
	total, literal := int64(1), true
	for _, n := range s.Extents {
		k, ok := n.Number()
		literal = literal && ok && k >= 0 && k <= blockShared
		if literal {
			total *= max(k, 1)
			literal = total <= blockShared
		}
	}
	total *= int64(s.Array.DType.Size())
	switch {
	case e.team != nil && literal && e.localArray(s, x, total):
	case e.team == nil && literal && total <= threadArray:
		e.threadArray(s, x, total)
	default:
		e.scratchArray(s, x)
	}
	e.arrays[s.Array] = x
}

func (e *emitter) threadArray(s *loop.Local, x *array, bytes int64) {
	e.labels++
	name := fmt.Sprintf("local%d", e.labels)
	fmt.Fprintf(&e.decl, "\t.local .align 8 .b8 %s[%d];\n", name, bytes)
	x.base = e.reg('q')
	fmt.Fprintf(&e.pro, "\tmov.u64 %s, %s;\n", x.base, name)
	x.literal(s)
}

// literal sets the strides and extents of an array whose extents are literals.
func (x *array) literal(s *loop.Local) {
	stride := int64(1)
	x.strides, x.extents = make([]string, len(s.Extents)), make([]string, len(s.Extents))
	for d := len(s.Extents) - 1; d >= 0; d-- {
		n, _ := s.Extents[d].Number()
		x.strides[d], x.extents[d] = fmt.Sprint(stride), fmt.Sprint(n)
		stride *= n
	}
}

func (e *emitter) scratchArray(s *loop.Local, x *array) {
	e.scratch = true
	x.space = "global"
	x.base = e.one(ir.Int64, "mov.u64", e.top)
	total := e.one(ir.Int64, "mov.s64", "1")
	x.strides, x.extents = make([]string, len(s.Extents)), make([]string, len(s.Extents))
	for d := len(s.Extents) - 1; d >= 0; d-- {
		x.strides[d] = total
		x.extents[d] = e.one(ir.Int64, "max.s64", e.val(s.Extents[d]), "0")
		total = e.one(ir.Int64, "mul.lo.s64", total, x.extents[d])
	}
	bytes := e.one(ir.Int64, "mul.lo.s64", total, fmt.Sprint(s.Array.DType.Size()))
	bytes = e.one(ir.Int64, "add.s64", bytes, "7")
	bytes = e.one(ir.Int64, "and.b64", bytes, "-8")
	e.f("add.s64 %s, %s, %s", e.top, e.top, bytes)
	if e.measures != nil {
		e.f("max.u64 %s, %s, %s", e.most, e.most, e.top)
		return
	}
	ok := e.label()
	e.f("@%s bra %s", e.one(ir.Bool, "setp.le.u64", e.top, e.limit), ok)
	e.stop(StatusRoom, "0", "0")
	e.mark(ok)
}

// count writes a loop over 0 <= i < n.
func (e *emitter) count(n string, body func(i string)) {
	if n == "1" {
		body("0")
		return
	}
	i := e.one(ir.Int64, "mov.s64", "0")
	e.ascend(i, n, "1", func() { body(i) })
}

// ascend writes a loop that adds a step to register i while it is below n.
func (e *emitter) ascend(i, n, step string, body func()) {
	next, end := e.label(), e.label()
	e.mark(next)
	e.f("@%s bra %s", e.one(ir.Bool, "setp.ge.s64", i, n), end)
	body()
	e.f("add.s64 %s, %s, %s", i, i, step)
	e.f("bra %s", next)
	e.mark(end)
}

// inRegister returns a value in a register: literals are not taken everywhere.
func (e *emitter) inRegister(d ir.DType, v string) string {
	if strings.HasPrefix(v, "%") {
		return v
	}
	return e.copy(d, v)
}

// copy returns a new register with a value.
func (e *emitter) copy(d ir.DType, v string) string { return e.one(d, moveOf(d), v) }

func moveOf(d ir.DType) string {
	return map[byte]string{'p': "mov.pred", 'r': "mov.b32", 'q': "mov.b64", 'f': "mov.f32", 'd': "mov.f64"}[class(d)]
}

// unexpected declines a statement where loops have none.
func unexpected(s loop.Stmt) *lower.Declined {
	return declined(lower.WhySink, "%T inside a task", s)
}
