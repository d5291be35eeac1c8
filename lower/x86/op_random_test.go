//go:build linux && amd64

package x86

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower/x86/asm"
)

// rowsInOrder are the ops of opTable that are defined on all operands, in a fixed order.
func rowsInOrder() []opKey {
	var keys []opKey
	for k := range opTable {
		switch {
		case k.op == ir.OpLookup, k.op == ir.OpLowBits, k.op == ir.OpScaleNormal:
		case k.op == ir.OpRawBits && k.arg.IsFloat(): // shows which NaN it is
		default:
			keys = append(keys, k)
		}
	}
	slices.SortFunc(keys, func(a, b opKey) int {
		switch {
		case a.op.Name < b.op.Name:
			return -1
		case a.op.Name > b.op.Name:
			return 1
		}
		return int(a.out)*16 + int(a.arg) - int(b.out)*16 - int(b.arg)
	})
	return keys
}

// randomBody returns a body of some ops whose operands are inputs, literals and results
// of one another, and the dtypes of its inputs.
func randomBody(r *rand.Rand, eb *ir.Builder, rows []opKey, narrow bool) (root *ir.Expr, ins []ir.DType) {
	values := map[ir.DType][]*ir.Expr{}
	fits := func(d ir.DType) bool { return !narrow || lane(d) == 4 }
	value := func(d ir.DType) *ir.Expr {
		have := values[d]
		switch n := r.IntN(10); {
		case n < 7 && len(have) > 0:
			return have[len(have)-1-r.IntN(min(len(have), 4))]
		case n < 9 && len(ins) < 6:
			ins = append(ins, d)
			e := eb.State(d, len(ins)-1)
			values[d] = append(values[d], e)
			return e
		}
		return eb.Const(d, random(r, d, special(d)))
	}
	for range 5 + r.IntN(40) {
		k := rows[r.IntN(len(rows))]
		if !fits(k.out) || !fits(k.arg) {
			continue
		}
		if r.IntN(3) == 0 { // what is made one of
			float := ir.Float64
			if narrow {
				float = ir.Float32
			}
			k = []opKey{{ir.OpFMA, float, float}, {ir.OpNeg, float, float}, {ir.OpNot, ir.Bool, ir.Bool}, {ir.OpLt, ir.Bool, float}, {ir.OpSelect, float, float}}[r.IntN(5)]
		}
		e := &ir.Expr{Kind: ir.Apply, Op: k.op, DType: k.out}
		for _, d := range operandsOf(k.op, k.arg) {
			e.Args = append(e.Args, value(d))
		}
		if k.op == ir.OpSelect && k.out != ir.Bool && r.IntN(3) == 0 {
			e.Op = ir.OpRare
		}
		root = eb.Intern(e)
		values[k.out] = append(values[k.out], root)
	}
	return root, ins
}

// TestRandomBodies compares bodies of many ops with the evaluator's scalar programs.
func TestRandomBodies(t *testing.T) {
	available(t)
	bodies := 1500
	if testing.Short() {
		bodies = 150
	}
	rows := rowsInOrder()
	const n = 64
	for seed := range bodies {
		r := rand.New(rand.NewPCG(7, uint64(seed)))
		eb := ir.NewBuilder()
		e, ins := randomBody(r, eb, rows, seed%2 == 0)
		if e == nil || len(ins) == 0 {
			continue
		}
		elems := make([][]uint64, len(ins))
		for i, d := range ins {
			for range n {
				elems[i] = append(elems[i], random(r, d, special(d)))
			}
		}
		want := make([]uint64, n)
		ir.CompileScalar([]*ir.Expr{e}).RunStrip(n, elems, [][]uint64{want})
		ds := slices.Clone(ins)
		all := ir.Stmt{Args: []*ir.Expr{e}}
		all.VisitExprs(func(e *ir.Expr) { ds = append(ds, e.DType) })
		for _, level := range levels {
			if Available(level) != nil {
				continue
			}
			for _, lanes := range lanesOf(level, ds...) {
				b := newBench(4096)
				var arrays []array
				for i, d := range ins {
					arrays = append(arrays, b.array(d, elems[i]))
				}
				out := b.array(e.DType, make([]uint64, n))
				b.run(t, level, lanes, n, out, func(s *strip, load func(array) operand) asm.Reg {
					x := &body{s: s, done: map[*ir.Expr]operand{}}
					for _, a := range arrays {
						x.in = append(x.in, load(a))
					}
					return s.reg(x.operand(e))
				})
				for i, w := range want {
					if got := b.get(out, i); !sameElement(e.DType, got, w) {
						t.Fatalf("%s, %d lanes, seed %d: element %d is %#x, want %#x", levelName(level), lanes, seed, i, got, w)
					}
				}
			}
		}
	}
}
