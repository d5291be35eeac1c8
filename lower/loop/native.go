package loop

import (
	"fmt"
	"slices"
	"unsafe"

	"github.com/numen-go/numen/ir"
)

// The executor's side of Machine: which parts of a loop machine code gets, the words of
// frames, and what happens when the code leaves.

// Close frees the machine code, if there is any. No run may be going on.
func (c *Code) Close() error {
	if c.native == nil {
		return nil
	}
	return c.native.Close()
}

// CompileWith returns a verified loop ready to run with machine code for the parts that
// take time. It fails when the machine does not take the loop.
func CompileWith(l *Loop, m Machine, class Class) (*Code, error) {
	c := newCompiler(l)
	c.native = &parts{}
	c.code.regs, c.depths = make([]uint64, FirstWord), make([]int, FirstWord)
	c.code.words = true
	c.start()
	if err := c.topLevel(l.Body); err != nil {
		return nil, err
	}
	c.finish()
	native, err := m.Compile(l, c.native.parts, class, (*file)(c))
	if err != nil {
		return nil, err
	}
	c.code.native = native
	for a, n := range c.arrays {
		if a.Role == ir.Local {
			c.code.locals = append(c.code.locals, n)
		}
	}
	return c.code, nil
}

// parts are those of a loop that are left to machine code.
type parts struct {
	parts   []Part
	lastUse map[*Array]int // statement of the body at hand
}

// lastUses finds the last statement that mentions an array, for those that are declared
// at the top.
func lastUses(body []Stmt) map[*Array]int {
	last := map[*Array]int{}
	for i, s := range body {
		for _, a := range mentioned([]Stmt{s}) {
			last[a] = i
		}
	}
	return last
}

// mentioned returns the arrays that statements read or write.
func mentioned(body []Stmt) []*Array {
	var out []*Array
	walk(body, func(v *Val) {
		if v.Array != nil {
			out = append(out, v.Array)
		}
	})
	eachStmt(body, func(s Stmt) {
		out = append(out, written(s)...)
		switch s := s.(type) {
		case *Fold:
			out = append(out, s.Accs...)
		case *Chains:
			out = append(out, s.Acc)
		case *Tile:
			for _, e := range s.Accs {
				out = append(out, e.Array)
			}
			if s.Left != nil {
				out = append(out, s.Left.Array)
			}
		}
	})
	return out
}

// eachStmt calls f with every statement, outer ones first.
func eachStmt(body []Stmt, f func(Stmt)) {
	for _, s := range body {
		f(s)
		for _, b := range blocks(s) {
			eachStmt(*b, f)
		}
	}
}

// topLevel compiles the body of a loop, or of a statement of it that has tasks inside:
// assignments, requirements, declarations and what is around tasks to portable code,
// everything else to parts.
func (c *compiler) topLevel(body []Stmt) error {
	outer := c.native.lastUse
	c.native.lastUse = lastUses(body)
	defer func() { c.native.lastUse = outer }()
	for i := 0; i < len(body); {
		lo, hi := c.stretch(body, i)
		for _, s := range body[i:lo] {
			if !hasTasks(s) {
				if err := runsAll([]Stmt{s}); err != nil {
					return err
				}
			}
			if err := c.stmt(s); err != nil {
				return err
			}
		}
		if lo < hi {
			if err := c.part(Part{Body: body[lo:hi]}); err != nil {
				return err
			}
		}
		i = hi
	}
	return nil
}

// stretch returns the statements from body[i] on that become the next part. A part begins
// and ends with statements that take time, and declarations of what only it uses.
func (c *compiler) stretch(body []Stmt, i int) (lo, hi int) {
	hi = i
	for hi < len(body) && !stands(body[hi]) {
		hi++
	}
	if hi == i {
		return i + 1, i + 1
	}
	for k := hi - 1; k >= i; k-- { // what others use is declared outside of parts
		if s, ok := body[k].(*Local); ok && c.native.lastUse[s.Array] >= hi {
			if k == i {
				return i + 1, i + 1
			}
			hi = k
		}
	}
	end := hi
	for hi > i && light(body[hi-1]) {
		hi--
	}
	if hi == i {
		return end, end
	}
	for lo = i; light(body[lo]); lo++ {
		if _, ok := body[lo].(*Local); ok {
			break
		}
	}
	return lo, hi
}

// stands reports whether a statement is never in a part.
func stands(s Stmt) bool {
	switch s.(type) {
	case *Require, *Return:
		return true
	}
	return hasTasks(s)
}

// hasTasks reports whether a statement is a Par, or has one inside.
func hasTasks(s Stmt) bool {
	if _, ok := s.(*Par); ok {
		return true
	}
	return slices.ContainsFunc(blocks(s), func(b *[]Stmt) bool { return slices.ContainsFunc(*b, hasTasks) })
}

// light reports whether a statement takes hardly any time.
func light(s Stmt) bool {
	switch s.(type) {
	case *Set, *NonEmpty, *Local:
		return true
	}
	return false
}

// part emits the entry of a part.
func (c *compiler) part(p Part) error {
	var err error
	eachStmt(p.Body, func(s Stmt) {
		switch s := s.(type) {
		case *Strip: // names its values only
		case *Set:
			c.ownWord(s.Var)
		case *Append:
			c.ownWord(s.Count)
		case *Return:
			if p.Ranges == nil {
				err = fmt.Errorf("loop: a return inside a statement that no task runs")
			}
		}
	})
	c.emit(instr{op: opNative, a: int32(len(c.native.parts))})
	c.native.parts = append(c.native.parts, p)
	return err
}

// ownWord gives a variable that machine code assigns a word.
func (c *compiler) ownWord(v *Var) {
	if _, ok := c.vars[v]; !ok {
		c.vars[v] = c.volatile()
	}
}

// declaredIn returns the arrays that statements declare.
func (c *compiler) declaredIn(body []Stmt) []int32 {
	var out []int32
	eachStmt(body, func(s Stmt) {
		if l, ok := s.(*Local); ok {
			out = append(out, c.array(l.Array))
		}
	})
	return out
}

// file numbers words by the compiler's registers.
type file compiler

func (f *file) Var(v *Var) int {
	c := (*compiler)(f)
	c.ownWord(v)
	return int(c.vars[v])
}

func (f *file) Array(a *Array) ArrayWords {
	c := (*compiler)(f)
	n := c.array(a)
	r := c.code.arrays[n]
	w := ArrayWords{Number: int(n), Base: int(r.base), Room: int(r.room)}
	for d := range r.strides {
		w.Strides, w.Extents = append(w.Strides, int(r.strides[d])), append(w.Extents, int(r.extents[d]))
	}
	return w
}

func (f *file) Temp(n int) int {
	at := len(f.code.regs)
	if n >= 8 {
		at = (at + 7) &^ 7
	}
	f.code.regs = append(f.code.regs, make([]uint64, at+n-len(f.code.regs))...)
	f.depths = append(f.depths, make([]int, at+n-len(f.depths))...)
	return at
}

// header is the first words of a frame.
type header [FirstWord]uint64

// start readies a part for so many nanoseconds of work.
func (h *header) start(work int) {
	h[WordResume], h[WordFault] = 0, noFault
	h[WordStatus], h[WordWork] = uint64(StatusDone), uint64(work)
}

// done reports whether a part has come to its end, without a fault.
func (h *header) done() bool { return Status(h[WordStatus]) == StatusDone && h[WordFault] == noFault }

// enter runs a part in machine code, and serves it whenever it leaves.
func (f *frame) enter(part int32) bool {
	h := (*header)(f.regs)
	h.start(f.work)
	// The words of bases hide pointers from the garbage collector: f.base and f.local
	// have them too.
	f.code.native.Enter(int(part), unsafe.Pointer(h))
	return f.serve(part)
}

// serve does what a part that has left asks for, until the part is done.
func (f *frame) serve(part int32) bool {
	h := (*header)(f.regs)
	for {
		f.work = int(int64(h[WordWork]))
		switch s := Status(h[WordStatus]); s {
		case StatusDone:
			if h[WordFault] != noFault {
				g := fault{int(int64(h[WordFault])), int64(h[WordPosition]), int64(h[WordValue]), int64(h[WordLimit])}
				if g.before(&f.fault) {
					f.fault = g
				}
			}
			return true
		case StatusWork:
			if f.work = 0; !f.spend(0) {
				return false
			}
		case StatusGrow:
			f.reserve(int32(h[WordArg]), int((h[WordArg2]+7)/8))
		default:
			f.err = s.failure(h)
			return false
		}
		h[WordStatus], h[WordWork] = uint64(StatusDone), uint64(f.work)
		f.code.native.Enter(int(part), unsafe.Pointer(h))
	}
}

// noFault is WordFault when there is none.
const noFault = ^uint64(0)

// failure returns why a run ends.
func (s Status) failure(r *header) error {
	switch s {
	case StatusEmpty:
		return errEmpty
	case StatusOutside:
		return errOutside(int64(r[WordArg]), int64(r[WordArg2]))
	case StatusFull:
		return errFull
	case StatusTooBig:
		return errTooBig
	}
	return fmt.Errorf("loop: machine code left with status %d", s)
}

// ownLocals lets local arrays be in the frame's own memory: its words may have those of
// another frame.
func (f *frame) ownLocals(arrays []int32) {
	for _, n := range arrays {
		f.place(n)
	}
}

// place writes where local array n is.
func (f *frame) place(n int32) {
	f.base[n] = unsafe.Pointer(unsafe.SliceData(f.local[n]))
	if f.code.words {
		a := &f.code.arrays[n]
		f.regs[a.base], f.regs[a.room] = uint64(uintptr(f.base[n])), uint64(8*len(f.local[n]))
	}
}

// alignedWords returns n words that start at a multiple of 64 bytes.
func alignedWords(n int) []uint64 {
	const align = 64
	s := make([]uint64, n+align/8-1)
	skip := int(-uintptr(unsafe.Pointer(unsafe.SliceData(s))) % align / 8)
	return slices.Clip(s[skip : skip+n])
}
