package ir

import (
	"fmt"
	"slices"
	"sync"
)

// ScalarProgram evaluates a body: scalars from other scalars. It is a list of
// primitives over registers that hold strips of elements, so that many elements share
// the cost of an instruction. It is safe for concurrent use.
type ScalarProgram struct {
	inputs int // the first registers are the inputs, then come the constants
	consts []uint64
	code   []scalarInstr
	out    []int // registers of the results
	regs   int
	frames sync.Pool // of *scalarFrame
}

// scalarStrip is the elements of a register: a dozen registers stay in the first-level
// cache.
const scalarStrip = 256

// scalarInstr computes register dst: by loop from args, or, when slow is set, as
// rare(args[0], args[1], slow).
type scalarInstr struct {
	loop stripLoop
	args []int // slow: the condition, fast, slow's inputs
	dst  int
	slow *ScalarProgram
}

// CompileScalar returns a program for the values out. Leaves of the bodies are constants
// and placeholders made by Builder.State, whose numbers are those of the inputs.
func CompileScalar(out []*Expr) *ScalarProgram {
	b, done := NewBuilder(), map[*Expr]*Expr{}
	roots := make([]*Expr, len(out))
	for i, e := range out {
		roots[i] = expand(b, e, nil, done)
	}
	inputs := map[*Expr]int{}
	n := 0
	visit(roots, func(e *Expr) []*Expr {
		switch e.Kind {
		case State:
			inputs[e] = e.N
			n = max(n, e.N+1)
		case Apply, Const:
		default:
			panic(fmt.Sprintf("ir: a scalar program has no leaf of kind %d", e.Kind))
		}
		return e.Args
	})
	return compileScalar(roots, inputs, n)
}

// compileScalar compiles primitives; inputs gives the nodes that are inputs their
// numbers, which are below n.
func compileScalar(roots []*Expr, inputs map[*Expr]int, n int) *ScalarProgram {
	p := &ScalarProgram{inputs: n}
	// What must be computed whatever the conditions of rares turn out to be.
	always := map[*Expr]bool{}
	visit(roots, func(e *Expr) []*Expr {
		always[e] = true
		if _, ok := inputs[e]; ok {
			return nil
		}
		if e.Op == OpRare {
			return e.Args[:2]
		}
		return e.Args
	})
	// The rest is computed in programs of their own, from what always is there.
	slow := map[*Expr]*ScalarProgram{}
	needs := map[*Expr][]*Expr{} // the operands of an instruction
	order := visit(roots, func(e *Expr) []*Expr {
		_, isInput := inputs[e]
		switch {
		case isInput || e.Kind == Const:
			return nil
		case e.Op != OpRare:
			needs[e] = e.Args
		default:
			given := map[*Expr]int{}
			needs[e] = slices.Clone(e.Args[:2])
			visit(e.Args[2:], func(s *Expr) []*Expr {
				if _, in := inputs[s]; s.Kind != Const && (in || always[s]) {
					given[s] = len(given)
					needs[e] = append(needs[e], s)
					return nil
				}
				return s.Args
			})
			slow[e] = compileScalar(e.Args[2:], given, len(given))
		}
		return needs[e]
	})

	last := map[*Expr]int{} // the place of a value's last use
	for i, e := range order {
		for _, a := range needs[e] {
			last[a] = i
		}
	}
	for _, r := range roots {
		last[r] = len(order)
	}
	reg := map[*Expr]int{}
	for e, i := range inputs {
		reg[e] = i
	}
	for _, e := range order {
		if e.Kind == Const {
			reg[e] = n + len(p.consts)
			p.consts = append(p.consts, e.Bits)
		}
	}
	p.regs = n + len(p.consts)
	var free []int
	for i, e := range order {
		if needs[e] == nil {
			continue
		}
		in := scalarInstr{slow: slow[e], args: make([]int, len(needs[e]))}
		for k, a := range needs[e] {
			in.args[k] = reg[a]
			if last[a] == i && needs[a] != nil {
				free = append(free, reg[a]) // an instruction may write where it reads
				last[a] = -1
			}
		}
		if len(free) > 0 {
			in.dst, free = free[len(free)-1], free[:len(free)-1]
		} else {
			in.dst = p.regs
			p.regs++
		}
		reg[e] = in.dst
		if in.slow == nil {
			in.loop = loopOf(e)
		}
		p.code = append(p.code, in)
	}
	for _, r := range roots {
		p.out = append(p.out, reg[r])
	}
	p.frames.New = func() any { return p.newFrame() }
	return p
}

// visit calls next once for every node that roots reach through what next returns, a
// node before its operands, and returns the nodes, operands first.
func visit(roots []*Expr, next func(e *Expr) []*Expr) []*Expr {
	var order []*Expr
	seen := map[*Expr]bool{}
	var walk func(e *Expr)
	walk = func(e *Expr) {
		if seen[e] {
			return
		}
		seen[e] = true
		for _, a := range next(e) {
			walk(a)
		}
		order = append(order, e)
	}
	for _, r := range roots {
		walk(r)
	}
	return order
}

// scalarFrame is the memory of one run.
type scalarFrame struct {
	regs  [][]uint64
	own   [][]uint64 // the registers but for the inputs, at full length
	rares []rareFrame
	x     [3]uint64
}

// rareFrame holds the elements that need the slow way, side by side.
type rareFrame struct {
	lanes   []int
	in, out [][]uint64
}

func (p *ScalarProgram) newFrame() *scalarFrame {
	f := &scalarFrame{regs: make([][]uint64, p.regs), own: make([][]uint64, p.regs), rares: make([]rareFrame, len(p.code))}
	for r := p.inputs; r < p.regs; r++ {
		f.own[r] = make([]uint64, scalarStrip)
	}
	for i, c := range p.consts {
		for k := range scalarStrip {
			f.own[p.inputs+i][k] = c
		}
	}
	for i, in := range p.code {
		if in.slow == nil {
			continue
		}
		r := rareFrame{lanes: make([]int, 0, scalarStrip), out: [][]uint64{make([]uint64, scalarStrip)}}
		for range in.args[2:] {
			r.in = append(r.in, make([]uint64, scalarStrip))
		}
		f.rares[i] = r
	}
	return f
}

// Run computes one element: in has an element per input, out gets one per result.
func (p *ScalarProgram) Run(in, out []uint64) {
	f := p.frames.Get().(*scalarFrame)
	defer p.frames.Put(f)
	for i := range p.inputs {
		f.regs[i] = in[i : i+1]
	}
	p.run(f, 1)
	for i, r := range p.out {
		out[i] = f.regs[r][0]
	}
}

// RunStrip computes n elements: in has a slice per input, nil for one that the bodies do
// not use, out gets one per result. A slice of out may be one of in.
func (p *ScalarProgram) RunStrip(n int, in, out [][]uint64) {
	f := p.frames.Get().(*scalarFrame)
	defer p.frames.Put(f)
	for start := 0; start < n; start += scalarStrip {
		end := min(start+scalarStrip, n)
		for i := range p.inputs {
			if in[i] != nil {
				f.regs[i] = in[i][start:end]
			}
		}
		p.run(f, end-start)
		for i, r := range p.out {
			copy(out[i][start:end], f.regs[r])
		}
	}
	clear(f.regs[:p.inputs])
}

// run computes a strip of n elements whose inputs are in place.
func (p *ScalarProgram) run(f *scalarFrame, n int) {
	for r := p.inputs; r < p.regs; r++ {
		f.regs[r] = f.own[r][:n]
	}
	for i := range p.code {
		in := &p.code[i]
		if in.slow != nil {
			in.runRare(f, &f.rares[i])
			continue
		}
		var a [3][]uint64
		for k, r := range in.args {
			a[k] = f.regs[r]
		}
		in.loop(f.regs[in.dst], a[0], a[1], a[2], f.x[:len(in.args)])
	}
}

// runRare copies fast and replaces the elements whose condition holds.
func (in *scalarInstr) runRare(f *scalarFrame, r *rareFrame) {
	r.lanes = r.lanes[:0]
	for t, c := range f.regs[in.args[0]] {
		if c != 0 {
			r.lanes = append(r.lanes, t)
		}
	}
	if n := len(r.lanes); n > 0 {
		for k, a := range in.args[2:] {
			for i, t := range r.lanes {
				r.in[k][i] = f.regs[a][t]
			}
		}
		in.slow.RunStrip(n, r.in, r.out)
	}
	dst := f.regs[in.dst]
	copy(dst, f.regs[in.args[1]])
	for i, t := range r.lanes {
		dst[t] = r.out[0][i]
	}
}

type scalarCall struct {
	op     *Op
	result DType
	args   [3]DType
}

var scalarCalls sync.Map // scalarCall -> *ScalarProgram

// EvalOp returns op of single elements: args are the operands' dtypes, d the result's.
func EvalOp(op *Op, d DType, args []DType, x []uint64) uint64 {
	call := scalarCall{op: op, result: d}
	copy(call.args[:], args)
	p, ok := scalarCalls.Load(call)
	if !ok {
		b := NewBuilder()
		e := &Expr{Kind: Apply, Op: op, DType: d}
		for i, a := range args {
			e.Args = append(e.Args, b.State(a, i))
		}
		p, _ = scalarCalls.LoadOrStore(call, CompileScalar([]*Expr{b.Intern(e)}))
	}
	var out [1]uint64
	p.(*ScalarProgram).Run(x, out[:])
	return out[0]
}
