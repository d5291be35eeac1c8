package loop

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"testing"
	"unsafe"

	"github.com/numen-go/numen/ir"
)

// FakeMachine runs parts by portable code of their own, which it enters with what the
// words of the frame say, as machine code does. On its way it leaves for work and for
// the memory of every local array of the part.
type FakeMachine struct {
	Parts   atomic.Int64 // that were entered
	Context atomic.Value // func() error: whether runs end
}

type fakeNative struct {
	m     *FakeMachine
	parts []*fakePart
}

// fakePart is a part with the words that it knows.
type fakePart struct {
	code    *Code
	words   int
	vars    map[int]int32 // word to register
	set     []int         // words that the part assigns
	arrays  []ArrayWords  // in the order of the code's
	offsets []int         // the words of their origins
	locals  []ArrayWords  // those that the part declares
}

func (m *FakeMachine) Compile(l *Loop, list []Part, class Class, f File) (Native, error) {
	n := &fakeNative{m: m}
	for _, p := range list {
		x, err := fakeCode(l, p, f)
		if err != nil {
			return nil, err
		}
		n.parts = append(n.parts, x)
	}
	return n, nil
}

func fakeCode(l *Loop, p Part, f File) (*fakePart, error) {
	x := &fakePart{vars: map[int]int32{}}
	own := map[*Var]bool{} // of strips
	declared := map[*Array]bool{}
	assigned := map[*Var]bool{}
	eachStmt(p.Body, func(s Stmt) {
		switch s := s.(type) {
		case *Strip:
			own[s.Pos] = true
			for _, s := range s.Body {
				if set, ok := s.(*Set); ok {
					own[set.Var] = true
				}
			}
		case *For:
			own[s.Var] = true
		case *Tile:
			own[s.Depth], own[s.Row], own[s.Col] = true, true, true
		case *Local:
			declared[s.Array] = true
			x.locals = append(x.locals, f.Array(s.Array))
		case *Append:
			assigned[s.Count] = true
		}
	})
	eachStmt(p.Body, func(s Stmt) {
		if set, ok := s.(*Set); ok && !own[set.Var] {
			assigned[set.Var] = true
		}
	})
	inner := &Loop{Name: "part", Body: p.Body, Arrays: slices.Clone(l.Arrays)}
	for _, a := range mentioned(p.Body) {
		if a.Role == ir.Local && !declared[a] && !slices.Contains(inner.Arrays, a) {
			inner.Arrays = append(inner.Arrays, a)
		}
	}
	if err := runsAll(p.Body); err != nil {
		return nil, err
	}
	c := newCompiler(inner)
	c.start()
	for _, a := range inner.Arrays {
		words := f.Array(a)
		x.arrays, x.offsets = append(x.arrays, words), append(x.offsets, int(f.(*file).code.arrays[words.Number].offset))
	}
	variable := func(v *Var) {
		if _, ok := c.vars[v]; !ok && !own[v] {
			c.vars[v] = c.volatile()
			x.vars[f.Var(v)] = c.vars[v]
		}
	}
	for v := range assigned {
		c.mutable[v] = true
		variable(v)
		x.set = append(x.set, f.Var(v))
	}
	for _, r := range p.Ranges {
		variable(r.Lo)
		variable(r.Hi)
	}
	walk(p.Body, func(v *Val) {
		if v.Kind == Use {
			variable(v.Var)
		}
	})
	eachStmt(p.Body, func(s Stmt) {
		if m, ok := s.(*Merge); ok {
			for _, v := range m.Cursors {
				variable(v)
			}
		}
	})
	for a, n := range constantLanes(l) {
		c.laneCount[a] = n
	}
	if err := c.block(p.Body); err != nil {
		return nil, err
	}
	c.finish()
	x.code, x.words = c.code, f.Temp(1)+1
	return x, nil
}

// constantLanes returns the extents of arrays of rank 1 whose extent is a literal.
func constantLanes(l *Loop) map[*Array]int {
	out := map[*Array]int{}
	eachStmt(l.Body, func(s Stmt) {
		if d, ok := s.(*Local); ok && len(d.Extents) == 1 {
			if n, ok := d.Extents[0].number(); ok {
				out[d.Array] = int(n)
			}
		}
	})
	return out
}

func (n *fakeNative) String() string { return "fake code\n" }

func (n *fakeNative) Close() error {
	n.m = nil
	return nil
}

func (n *fakeNative) Enter(part int, at unsafe.Pointer) {
	x := n.parts[part]
	w := unsafe.Slice((*uint64)(at), x.words)
	leave := func(s Status, args ...uint64) {
		w[WordStatus] = uint64(s)
		copy(w[WordArg:], args)
	}
	if uintptr(at)%64 != 0 {
		panic("the frame is not aligned")
	}
	step := int(w[WordResume])
	if step == 0 {
		n.m.Parts.Add(1)
		if w[WordFault] != noFault {
			panic("a frame with a fault is entered")
		}
	}
	if int64(w[WordWork]) <= 0 {
		panic("a frame without work is entered")
	}
	if step == 0 {
		w[WordResume], w[WordWork] = 1, 0
		leave(StatusWork)
		return
	}
	if step <= len(x.locals) {
		a := x.locals[step-1]
		need := uint64(100 + rand.IntN(2000))
		if w[a.Room] < need {
			leave(StatusGrow, uint64(a.Number), need)
			return
		}
		if w[a.Base]%64 != 0 {
			panic("local memory is not aligned")
		}
		for i := range unsafe.Slice((*byte)(pointer(w[a.Base])), w[a.Room]) {
			*(*byte)(unsafe.Add(pointer(w[a.Base]), i)) = byte(step)
		}
		w[WordResume]++
		n.Enter(part, at)
		return
	}
	w[WordWork] -= 10
	x.run(w, leave, n.m.context())
}

// running is a context that ends as the machine's does.
type running struct {
	context.Context
	err func() error
}

func (r running) Err() error { return r.err() }

func (m *FakeMachine) context() context.Context {
	if err, ok := m.Context.Load().(func() error); ok {
		return running{context.Background(), err}
	}
	return context.Background()
}

// pointer is how machine code sees a word.
func pointer(word uint64) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&word)) }

func (x *fakePart) run(w []uint64, leave func(Status, ...uint64), ctx context.Context) {
	f := x.code.frame()
	defer x.code.release(f)
	f.own = run{ctx, 1}
	f.run, f.fault.number, f.work = &f.own, -1, patience
	for word, r := range x.vars {
		f.regs[r] = w[word]
	}
	for i, a := range x.arrays {
		regs := &x.code.arrays[i]
		offset := w[x.offsets[i]] // Go allows no pointer to the origin, which may be outside
		f.base[i], f.regs[regs.offset] = pointer(w[a.Base]-offset*uint64(regs.size)), offset
		for d := range a.Strides {
			f.regs[regs.strides[d]], f.regs[regs.extents[d]] = w[a.Strides[d]], w[a.Extents[d]]
		}
	}
	f.exec(x.code.code)
	for _, word := range x.set {
		w[word] = f.regs[x.vars[word]]
	}
	if f.fault.number >= 0 {
		w[WordFault], w[WordPosition], w[WordValue], w[WordLimit] = uint64(f.fault.number), uint64(f.fault.position), uint64(f.fault.value), uint64(f.fault.limit)
	}
	switch f.err {
	case nil:
		leave(StatusDone)
	case ctx.Err(): // the executor sees it too
		leave(StatusWork)
	case errEmpty:
		leave(StatusEmpty)
	case errFull:
		leave(StatusFull)
	case errTooBig:
		leave(StatusTooBig)
	default:
		leave(StatusOutside, 7, 5)
	}
}

// TestFrames holds the words of frames in detail: what one part assigns another one and
// the top level see, and frames that were another run's have their own memory.
func TestFrames(t *testing.T) {
	l, err := Parse(`loop f(N, in x f64[_], out y f64[_]):
  n = 0
  while n < N:
    n = n + 3
  local s f64[n]
  m = n - 1
  par (i0, i1) = 0 to n cost 1000000:
    local e f64[i1 - i0]
    strip t < i1 - i0:
      e[t] = x[i0 + t]
    strip t < i1 - i0:
      s[i0 + t] = e[t] * 2.0
  local q f64[1]
  q[0] = f64(m)
  strip t < n:
    y[t] = s[t] + q[0]
`)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Verify(); err != nil {
		t.Fatal(err)
	}
	m := &FakeMachine{}
	code, err := CompileWith(l, m, Class{})
	if err != nil {
		t.Fatal(err)
	}
	defer code.Close()
	for round := range 50 {
		n := 1 + round*17%60
		want := (n + 2) / 3 * 3
		x, y := make([]float64, want), make([]float64, want)
		for i := range x {
			x[i] = float64(i + round)
		}
		memory := func(s []float64) Memory {
			return Memory{unsafe.Pointer(unsafe.SliceData(s)), 0, []int64{1}, []int64{int64(len(s))}}
		}
		m.Parts.Store(0)
		if err := code.Run(t.Context(), 1+round%3, []uint64{uint64(n)}, []Memory{memory(x), memory(y)}); err != nil {
			t.Fatal(err)
		}
		for i := range y {
			if y[i] != 2*x[i]+float64(want-1) {
				t.Fatalf("round %d: y[%d] is %v", round, i, y[i])
			}
		}
		if parts := m.Parts.Load(); parts < 3 || round%3 == 0 && parts != 3 {
			t.Errorf("%d parts were entered", parts)
		}
	}
}

// TestStretch holds what becomes a part.
func TestStretch(t *testing.T) {
	for text, want := range map[string]string{
		"  n = 1\n  y[0] = 1.0\n":                                                                        "[1:2]",
		"  y[0] = 1.0\n  n = N\n  y[n] = 2.0\n  m = n\n":                                                 "[0:3]",
		"  local a f64[4]\n  a[0] = 1.0\n  y[0] = a[0]\n":                                                "[0:3]",
		"  local a f64[4]\n  a[0] = 1.0\n  require(x, 0, 0, 1, N, N)\n  y[0] = a[0]\n":                   "[1:2][3:4]",
		"  y[1] = 2.0\n  local a f64[4]\n  a[0] = 1.0\n  par (i, j) = 0 to N cost 1:\n    y[i] = a[0]\n": "[0:1][2:3]",
		"  n = N\n  nonempty(n)\n":                                                                       "",
	} {
		l, err := Parse("loop f(N, in x f64[_], out y f64[_]):\n" + text)
		if err != nil {
			t.Fatal(err)
		}
		c := newCompiler(l)
		c.native = &parts{lastUse: lastUses(l.Body)}
		got := ""
		for i := 0; i < len(l.Body); {
			lo, hi := c.stretch(l.Body, i)
			if lo < hi {
				got += fmt.Sprintf("[%d:%d]", lo, hi)
			}
			i = hi
		}
		if got != want {
			t.Errorf("parts %s, want %s of\n%s", got, want, text)
		}
	}
}
