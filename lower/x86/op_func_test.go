//go:build linux && amd64

package x86

import (
	"maps"
	"math/rand/v2"
	"testing"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower/x86/asm"
)

// body emits a body. What only the slow way of a rare needs is computed behind a jump.
type body struct {
	s    *strip
	in   []operand
	done map[*ir.Expr]operand
}

func (b *body) operand(e *ir.Expr) operand {
	if o, ok := b.done[e]; ok {
		return o
	}
	var o operand
	switch e.Kind {
	case ir.Const:
		o = b.s.constant(e.DType, e.Bits)
	case ir.State:
		o = b.in[e.N]
	default:
		if e.Op == ir.OpRare {
			o = b.rare(e)
			break
		}
		var args []operand
		for _, a := range e.Args {
			args = append(args, b.operand(a))
		}
		if e.Op == ir.OpLookup {
			args = append(args, b.s.table(e.Table))
		}
		o = register(e.DType, opFor(b.s.level, e.Op, e.DType, e.Args[len(e.Args)-1].DType)(b.s, e.DType, args))
	}
	b.done[e] = o
	return o
}

// rare returns the fast way's result, with the slow one's where the condition holds.
func (b *body) rare(e *ir.Expr) operand {
	s := b.s
	c, fast := s.reg(b.operand(e.Args[0])), s.reg(b.operand(e.Args[1]))
	r := s.vec(asm.VMOVUPS, max(s.width(e.DType), asm.W128), asm.R(fast))
	none := s.b.NewLabel()
	s.jumpIfNone([]asm.Reg{c}, none)
	before := maps.Clone(b.done)
	slow := s.reg(b.operand(e.Args[2]))
	s.b.Op(asm.VMOVUPS, s.width(e.DType), asm.R(r), asm.R(s.blend(c, slow, r, e.DType)))
	s.b.Bind(none)
	b.done = before
	return register(e.DType, r)
}

// call is an op that is made of others, with operands to try it on.
type call struct {
	op    *ir.Op
	out   ir.DType
	in    []ir.DType
	elems [][]uint64
}

// expr returns the call as a body of its operands.
func (c *call) expr(b *ir.Builder) *ir.Expr {
	e := &ir.Expr{Kind: ir.Apply, Op: c.op, DType: c.out}
	for i, d := range c.in {
		e.Args = append(e.Args, b.State(d, i))
	}
	if c.out == ir.Invalid {
		e.DType = c.op.Scalar.Result(e)
	}
	return b.Intern(e)
}

// calls returns the ops that are made of others, on every dtype, with about n operands.
func calls(n int) []*call {
	r := rand.New(rand.NewPCG(5, 6))
	var all []*call
	for _, op := range ir.Ops() {
		if op.Scalar == nil || op.Scalar.Expand == nil {
			continue
		}
		last := op.Scalar.In[len(op.Scalar.In)-1]
		for d := ir.Bool; d <= ir.Float64; d++ {
			if !last.Has(d) || Keep(asm.AVX2)(op, d) {
				continue
			}
			c := &call{op: op}
			for _, in := range op.Scalar.In {
				t := d
				for k := ir.Bool; !in.Has(t); k++ {
					t = k
				}
				c.in = append(c.in, t)
			}
			if op.Fields&ir.FieldDType != 0 {
				c.out = map[int]ir.DType{1: ir.Uint8, 2: ir.Uint16, 4: ir.Uint32, 8: ir.Uint64}[d.Size()]
			}
			count := n
			if !d.IsFloat() {
				count = n / 50
			}
			c.elems = make([][]uint64, len(c.in))
			for i, t := range c.in {
				specials := special(t)
				for k := range count &^ 15 {
					v := random(r, t, specials)
					if t.IsFloat() && k%2 == 1 { // where functions are not 0 or infinite
						v = ir.Float(t, (r.Float64()*2-1)*[]float64{1, 2, 10, 100, 700}[r.IntN(5)])
					}
					c.elems[i] = append(c.elems[i], v)
				}
			}
			all = append(all, c)
		}
	}
	return all
}

// TestFunctions runs every op that is made of others on many numbers and compares with
// the evaluator's scalar programs.
func TestFunctions(t *testing.T) {
	available(t)
	n := 100_000
	if testing.Short() {
		n = 10_000
	}
	for _, c := range calls(n) {
		eb := ir.NewBuilder()
		e := c.expr(eb)
		count := len(c.elems[0])
		want := make([]uint64, count)
		ir.CompileScalar([]*ir.Expr{e}).RunStrip(count, c.elems, [][]uint64{want})
		for _, level := range levels {
			if Available(level) != nil {
				continue
			}
			expanded := ir.Expand(eb, e, Keep(level))
			ds := []ir.DType{}
			all := ir.Stmt{Args: []*ir.Expr{expanded}}
			all.VisitExprs(func(e *ir.Expr) { ds = append(ds, e.DType) })
			lanes := lanesOf(level, ds...)[0]

			b := newBench((count+64)*(len(c.in)+1) + 4096)
			var arrays []array
			for i, d := range c.in {
				arrays = append(arrays, b.array(d, c.elems[i]))
			}
			out := b.array(e.DType, want[:0])
			b.free += count
			b.run(t, level, lanes, count, out, func(s *strip, load func(array) operand) asm.Reg {
				x := &body{s: s, done: map[*ir.Expr]operand{}}
				for _, a := range arrays {
					x.in = append(x.in, load(a))
				}
				return s.reg(x.operand(expanded))
			})
			bad := 0
			for i, w := range want {
				if got := b.get(out, i); !sameElement(e.DType, got, w) {
					x := make([]uint64, len(c.in))
					for k := range x {
						x[k] = c.elems[k][i]
					}
					if bad++; bad < 3 {
						t.Errorf("%s: %s of %v at %#x is %#x, want %#x", levelName(level), c.op, c.in, x, got, w)
					}
				}
			}
			if bad > 0 {
				t.Errorf("%s: %s of %v: %d of %d differ", levelName(level), c.op, c.in, bad, count)
			}
		}
	}
}
