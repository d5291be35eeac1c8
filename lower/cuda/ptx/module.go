// Package ptx writes loops as PTX, the assembly text that drivers of NVIDIA's devices
// compile. It is pure Go and needs no device.
//
// Every position of a parallel loop is a task, and every thread runs tasks, one after the
// other, as a thread of any other machine would. Tasks with lanes or neighbours in them are
// run by half a warp, tiles of contractions by a block: see teamOf. The canonical order of
// reductions and scans is that of the loop, whoever runs it. What stands beside parallel loops runs on one thread, or on
// the host where it is an assignment, a declaration or a requirement.
//
// Code and host share a frame, an array of words in the device's memory.
package ptx

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
	"github.com/numen-go/numen/lower/loop"
)

// The first words of a frame.
const (
	WordStatus    = iota // a Status: why a thread has stopped
	WordArg              // and what about
	WordArg2             //
	WordStop             // not 0: threads are to stop; the host writes it while they run
	WordFaulted          // not 0: a position that is data was outside, see WordFaults
	WordNeed             // bytes of scratch memory that a worker needs, written by a stage's Measure
	WordScratch          // address of the scratch memory
	WordRoom             // bytes of it for a worker
	WordFaults           // address of FaultWords words for a thread: its first fault
	WordTasks            // tasks of the stage
	WordWorkers          // workers that there are: threads or teams, which run tasks
	FirstWord            // the first word of parameters, arrays and variables
	FaultWords    = 4    // number (-1: none), position, value, limit
	wordsPerRange = 3    // from, step, to
)

// Status says why a thread has stopped.
type Status uint64

// The statuses.
const (
	StatusOK      Status = iota
	StatusEmpty          // a reduction of nothing has no value
	StatusOutside        // a position that is data is outside by a fault of the kernel
	StatusFull           // an append has no room
	StatusRoom           // scratch memory was measured too small
)

// Module is a loop as PTX, with what the host must know to run it.
type Module struct {
	Loop   *loop.Loop
	Text   string
	Words  int // of a frame
	Stages []Stage

	vars   map[*loop.Var]int
	arrays map[*loop.Array]ArrayWords
}

// Stage is a step of a run, in order.
type Stage struct {
	Host    loop.Stmt       // what the host does: declarations, requirements, integers; nil: Entry runs
	Entry   string          // the name of the code
	Measure string          // code that writes WordNeed, "" when no scratch memory is used
	Ranges  []loop.ParRange // of tasks; nil: one thread runs
	Range   int             // the first word of the ranges: from, step and to of each
	Checks  bool            // threads write faults
	Team    int             // threads that run a task together: Alone, LaneTeam or BlockTeam
}

// ArrayWords are the words that describe an array: the address of its origin, and strides
// and extents in elements.
type ArrayWords struct {
	Base             int
	Strides, Extents []int
}

// Var returns the word of a parameter or of a variable of the loop's body.
func (m *Module) Var(v *loop.Var) int { return m.vars[v] }

// Array returns the words of an array of the caller or of the loop's body.
func (m *Module) Array(a *loop.Array) ArrayWords { return m.arrays[a] }

// schedule is how loops are cut for devices.
func schedule() loop.Schedule {
	s := loop.Portable.Schedule
	s.Search = false // lanes of a team find value and position together
	s.Strip, s.Wide, s.Rows, s.Cols = 64, 64, tileSide, tileSide
	s.Keep = Keep
	s.Tile, s.Stage = tileOf, tileSteps
	s.Spread = spread
	return s
}

// spread is how many tasks the pieces of reductions make at most: two a thread block would
// leave parts of a large device idle, more than threads of a launch are no use.
const spread = 4096

// fewTasks is for how many tasks a device has room: below, reductions are better cut.
const fewTasks = 512

// Cuts returns for which runs of a kernel there is other code, whose reductions are cut
// into pieces: see Compile. It is nil where there is none.
func Cuts(k *ir.Kernel) *loop.Cuts { return loop.NewCuts(k, schedule()) }

// CutsPay reports whether a run is better run by such code: positions are those of all
// axes together, whose bounds are lo and hi.
func CutsPay(c *loop.Cuts, positions float64, lo, hi []int64) bool {
	return c.Pay(fewTasks, positions, lo, hi)
}

// header is the least version of the language and of devices that the code is for.
const header = ".version 6.3\n.target sm_75\n.address_size 64\n"

// Compile writes a verified kernel as PTX, or declines it (*lower.Declined, without a
// target's name). Where it is cut, reductions are made piece by piece, for there is too
// little else to do at a time.
func Compile(k *ir.Kernel, cut bool) (*Module, error) {
	s := schedule()
	s.Pieces = cut
	l, err := loop.From(k, s)
	if err != nil {
		return nil, err
	}
	m, err := emit(l)
	if err != errNoTeam {
		return m, err
	}
	s.Tile, s.Stage = nil, 0 // a contraction is cut as any reduction is
	if l, err = loop.From(k, s); err != nil {
		return nil, err
	}
	return emit(l)
}

// errNoTeam declines a loop in which a tile stands beside what teams cannot do.
var errNoTeam = declined(lower.WhySink, "a tile beside what one thread does")

// emit writes a loop as PTX, or declines it (*lower.Declined, without a target's name).
func emit(l *loop.Loop) (m *Module, err error) {
	m = &Module{Loop: l, Words: FirstWord, vars: map[*loop.Var]int{}, arrays: map[*loop.Array]ArrayWords{}}
	defer func() { // deep inside expressions there is no way to return it
		if d, ok := recover().(*lower.Declined); ok {
			m, err = nil, d
		}
	}()
	for _, v := range l.Params {
		m.variable(v)
	}
	for _, a := range l.Arrays {
		m.array(a)
	}
	onDevice := deviceVars(l.Body)
	var text strings.Builder
	tables := tables{}
	for i := 0; i < len(l.Body); {
		s := l.Body[i]
		n := 1
		if !onHost(s, onDevice) {
			if _, tasks := s.(*loop.Par); !tasks {
				for i+n < len(l.Body) && serial(l.Body[i+n], onDevice) {
					n++
				}
			}
			m.entry(&text, tables, l.Body[i:i+n])
		} else {
			m.host(s)
		}
		i += n
	}
	m.Text = header + tables.String() + text.String()
	return m, nil
}

func declined(why lower.Reason, format string, args ...any) *lower.Declined {
	return &lower.Declined{Stmt: -1, Why: why, Detail: fmt.Sprintf(format, args...)}
}

// variable gives a variable a word.
func (m *Module) variable(v *loop.Var) {
	if _, ok := m.vars[v]; !ok {
		m.vars[v] = m.words(1)
	}
}

func (m *Module) array(a *loop.Array) {
	w := ArrayWords{Base: m.words(1)}
	for range a.Rank {
		w.Strides, w.Extents = append(w.Strides, m.words(1)), append(w.Extents, m.words(1))
	}
	m.arrays[a] = w
}

func (m *Module) words(n int) int {
	at := m.Words
	m.Words += n
	return at
}

// host adds a statement that the host runs.
func (m *Module) host(s loop.Stmt) {
	switch s := s.(type) {
	case *loop.Local:
		m.array(s.Array)
	default:
		eachAssigned(s, m.variable)
	}
	m.Stages = append(m.Stages, Stage{Host: s})
}

// deviceVars returns the variables that code on the device assigns.
func deviceVars(body []loop.Stmt) map[*loop.Var]bool {
	out := map[*loop.Var]bool{}
	for again := true; again; {
		again = false
		note := func(v *loop.Var) {
			if !out[v] {
				out[v], again = true, true
			}
		}
		for _, s := range body {
			if set, ok := s.(*loop.Set); ok {
				if onDevice(set.Val, out) {
					note(set.Var)
				}
				continue
			}
			if _, ok := s.(*loop.Par); !ok && !counts(s, out) {
				eachAssigned(s, note)
			}
		}
	}
	return out
}

// counts reports whether a loop or a branch only assigns what the host knows.
func counts(s loop.Stmt, device map[*loop.Var]bool) bool {
	var heads []*loop.Val
	switch s := s.(type) {
	case *loop.Set:
		return !onDevice(s.Val, device) && !device[s.Var]
	case *loop.For:
		heads = []*loop.Val{s.Lo, s.Hi, s.Step}
	case *loop.While:
		heads = []*loop.Val{s.Cond}
	case *loop.If:
		heads = []*loop.Val{s.Cond}
	default:
		return false
	}
	for _, v := range heads {
		if onDevice(v, device) {
			return false
		}
	}
	for _, b := range blocks(s) {
		for _, x := range b {
			if !counts(x, device) {
				return false
			}
		}
	}
	return true
}

// onDevice reports whether a value is known on the device alone.
func onDevice(v *loop.Val, vars map[*loop.Var]bool) bool {
	return loop.Any(v, func(v *loop.Val) bool {
		return v.Kind == loop.Load || v.Kind == loop.Check || v.Kind == loop.Use && vars[v.Var]
	})
}

// eachAssigned calls f with the variables that a statement assigns, outside of strips.
func eachAssigned(s loop.Stmt, f func(*loop.Var)) {
	switch s := s.(type) {
	case *loop.Set:
		f(s.Var)
	case *loop.Strip:
		for _, x := range s.Body {
			if a, ok := x.(*loop.Append); ok {
				f(a.Count)
			}
		}
		return
	}
	for _, b := range blocks(s) {
		for _, x := range b {
			eachAssigned(x, f)
		}
	}
}

// blocks returns the blocks inside a statement.
func blocks(s loop.Stmt) [][]loop.Stmt {
	switch s := s.(type) {
	case *loop.Par:
		return [][]loop.Stmt{s.Body}
	case *loop.For:
		return [][]loop.Stmt{s.Body}
	case *loop.While:
		return [][]loop.Stmt{s.Body}
	case *loop.If:
		return [][]loop.Stmt{s.Then, s.Else}
	}
	return nil
}

// onHost reports whether the host runs a statement of the body.
func onHost(s loop.Stmt, device map[*loop.Var]bool) bool {
	known := func(vals ...*loop.Val) bool {
		for _, v := range vals {
			if onDevice(v, device) {
				panic(declined(lower.WhyFootprint, "%s is known on the device alone", v))
			}
		}
		return true
	}
	switch s := s.(type) {
	case *loop.Set:
		return !device[s.Var]
	case *loop.Local:
		return known(s.Extents...)
	case *loop.Require:
		return known(s.Lo, s.Hi, s.Extent, s.When)
	case *loop.NonEmpty:
		return known(s.N)
	}
	return counts(s, device)
}

// serial reports whether one thread runs a statement of the body.
func serial(s loop.Stmt, device map[*loop.Var]bool) bool {
	_, tasks := s.(*loop.Par)
	return !tasks && !onHost(s, device)
}

// entry adds the code of statements: of a Par, or of what one thread runs.
func (m *Module) entry(text *strings.Builder, t tables, body []loop.Stmt) {
	s := Stage{Entry: fmt.Sprintf("stage%d", len(m.Stages))}
	par, _ := body[0].(*loop.Par)
	if par != nil {
		s.Ranges, s.Range = par.Ranges, m.words(wordsPerRange*len(par.Ranges))
		body = par.Body
	}
	for _, x := range body {
		if set, ok := x.(*loop.Set); ok && par == nil {
			m.variable(set.Var)
		}
	}
	if par != nil {
		s.Team = teamOf(par)
	}
	e := newEmitter(m, t, s.Team)
	text.WriteString(e.entry(s.Entry, s.Ranges, s.Range, body))
	s.Checks = e.checks
	if e.scratch {
		s.Measure = s.Entry + "_room"
		e = newEmitter(m, t, s.Team)
		e.measures = needed(body)
		text.WriteString(e.entry(s.Measure, s.Ranges, s.Range, body))
	}
	m.Stages = append(m.Stages, s)
}

// tables are the constant tables of a module, by name.
type tables map[string]string

// of returns the name of a table of 16 elements of dtype d.
func (t tables) of(x *ir.Table, d ir.DType) string {
	bits := 8 * d.Size()
	name := fmt.Sprintf("table%d_%s", bits, strings.Map(func(c rune) rune {
		if c < 128 && (unicode.IsLetter(c) || unicode.IsDigit(c)) {
			return c
		}
		return '_'
	}, x.Name))
	entries := make([]string, len(x.Entries))
	for i, v := range x.Entries {
		entries[i] = fmt.Sprintf("0x%0*x", bits/4, v)
	}
	t[name] = fmt.Sprintf(".const .align 8 .b%d %s[%d] = {%s};\n", bits, name, len(entries), strings.Join(entries, ", "))
	return name
}

func (t tables) String() string {
	var names []string
	for n := range t {
		names = append(names, n)
	}
	slices.Sort(names)
	var b strings.Builder
	for _, n := range names {
		b.WriteString(t[n])
	}
	return b.String()
}
