package ptx

import (
	"fmt"
	"slices"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower/loop"
)

// The tile of a contraction. Its elements are in shared memory, put there by the strips
// before it. A thread keeps side x side results in registers, which are spread evenly over
// the tile: neighbours read neighbouring columns, and the same row.

const (
	side      = 4  // rows and columns of results of a thread
	tileSide  = 64 // rows and columns of a tile
	tileSteps = 16 // that are packed together
	unroll    = 4  // steps in a turn of the innermost loop
)

// tileOf is the schedule's kernel for contractions.
func tileOf(*ir.Combine, ir.DType) (rows, cols int) { return tileSide, tileSide }

// staging returns the tile that a loop over stages ends with, nil where it is none: the
// tile's results stay in registers for all stages.
func staging(s *loop.For) *loop.Tile {
	if len(s.Body) == 0 {
		return nil
	}
	t, ok := s.Body[len(s.Body)-1].(*loop.Tile)
	if !ok || t.Init != nil {
		return nil
	}
	before := s.Body[:len(s.Body)-1]
	changes := func(v *loop.Val) bool {
		return loop.Any(v, func(v *loop.Val) bool {
			return v.Kind == loop.Use && (v.Var == s.Var || assigned(before, v.Var)) || v.Kind == loop.Load
		})
	}
	if slices.ContainsFunc(append(slices.Clone(t.Accs[0].Index), t.M, t.N), changes) || refers(before, t.Accs[0].Array) {
		return nil
	}
	return t
}

// refers reports whether statements use an array, or may.
func refers(body []loop.Stmt, a *loop.Array) bool {
	for _, s := range body {
		fold, _ := s.(*loop.Fold)
		_, tile := s.(*loop.Tile)
		if tile || fold != nil && slices.Contains(fold.Accs, a) || slices.Contains(loop.Written(s), a) || slices.ContainsFunc(loop.Operands(s), func(v *loop.Val) bool {
			return loop.Any(v, func(v *loop.Val) bool { return v.Array == a })
		}) {
			return true
		}
		inside := blocks(s)
		if strip, ok := s.(*loop.Strip); ok {
			inside = [][]loop.Stmt{strip.Body}
		}
		for _, b := range inside {
			if refers(b, a) {
				return true
			}
		}
	}
	return false
}

// micro is a thread's part of a tile.
type micro struct {
	s          *loop.Tile
	rows, cols [side]string // positions
	inRow      [side]string // whether they are in the tile
	inCol      [side]string
	acc        [side][side]string
}

// tile writes a tile. Around writes what surrounds its steps while results are in
// registers.
func (e *emitter) tile(s *loop.Tile, around func(steps func())) {
	if len(s.Accs) != 1 || s.Left != nil {
		panic(unexpected(s))
	}
	m, n := e.inRegister(ir.Int64, e.val(s.M)), e.inRegister(ir.Int64, e.val(s.N))
	parts := func(n string) string {
		return e.one(ir.Int64, "shr.s64", e.one(ir.Int64, "add.s64", n, fmt.Sprint(side-1)), "2")
	}
	down, across := parts(m), parts(n)
	count := e.one(ir.Int64, "mul.lo.s64", down, across)
	first := e.one(ir.Int64, "mov.s64", "0")
	e.ascend(first, count, e.team.width, func() {
		part := e.one(ir.Int64, "add.s64", first, "%lane")
		mine := e.one(ir.Bool, "setp.lt.s64", part, count)
		part = e.one(ir.Int64, "min.s64", part, e.one(ir.Int64, "sub.s64", count, "1"))
		row, col := e.one(ir.Int64, "div.s64", part, across), e.one(ir.Int64, "rem.s64", part, across)
		x := &micro{s: s}
		for i := range side {
			x.rows[i], x.cols[i] = row, col
			x.inRow[i] = e.one(ir.Bool, "and.pred", mine, e.one(ir.Bool, "setp.lt.s64", row, m))
			x.inCol[i] = e.one(ir.Bool, "setp.lt.s64", col, n)
			row, col = e.one(ir.Int64, "add.s64", row, down), e.one(ir.Int64, "add.s64", col, across)
		}
		e.open(x)
		around(func() { e.steps(x) })
		e.close(x)
	})
}

// results calls f for every result of a thread that is in the tile.
func (e *emitter) results(x *micro, f func(i, j int, address string)) {
	a := e.array(x.s.Accs[0].Array)
	for i := range side {
		row := e.label()
		e.f("@!%s bra %s", x.inRow[i], row)
		for j := range side {
			col := e.label()
			e.f("@!%s bra %s", x.inCol[j], col)
			e.vars[x.s.Row], e.vars[x.s.Col] = x.rows[i], x.cols[j]
			f(i, j, e.address(x.s.Accs[0].Array, a, x.s.Accs[0].Index))
			e.mark(col)
		}
		e.mark(row)
	}
}

// open gives the results their first values.
func (e *emitter) open(x *micro) {
	d := x.s.Accs[0].Array.DType
	first := literal(d, 0)
	if x.s.Init != nil {
		first = e.val(x.s.Init)
	}
	for i := range side {
		for j := range side {
			x.acc[i][j] = e.copy(d, first)
		}
	}
	if x.s.Init == nil {
		e.results(x, func(i, j int, at string) { e.load(x.acc[i][j], d, e.array(x.s.Accs[0].Array).space, at) })
	}
}

// close stores the results.
func (e *emitter) close(x *micro) {
	d := x.s.Accs[0].Array.DType
	e.results(x, func(i, j int, at string) { e.store(d, e.array(x.s.Accs[0].Array).space, at, x.acc[i][j]) })
	e.sync()
}

// steps writes the steps of a tile, of elements in shared memory.
func (e *emitter) steps(x *micro) {
	s := x.s
	at := make([][side]string, len(s.Vals)) // addresses of the elements of the next step
	next := make([]int64, len(s.Vals))      // bytes from step to step
	for v, val := range s.Vals {
		next[v] = e.advance(s, val)
		for i := range side {
			e.vars[s.Depth], e.vars[s.Row], e.vars[s.Col] = "0", x.rows[i], x.cols[i]
			at[v][i] = e.copy(ir.Int64, e.address(val.Array, e.array(val.Array), val.Args))
		}
	}
	turn := func(n int) {
		for u := range n {
			elems := make([][side]string, len(s.Vals))
			for v, val := range s.Vals {
				for i := range side {
					elems[v][i] = e.of(val.DType)
					e.load(elems[v][i], val.DType, e.array(val.Array).space, fmt.Sprintf("%s+%d", at[v][i], int64(u)*next[v]))
				}
			}
			for i := range side {
				for j := range side {
					e.step(x, i, j, elems)
				}
			}
		}
		for v := range s.Vals {
			for i := range side {
				e.f("add.s64 %s, %s, %d", at[v][i], at[v][i], int64(n)*next[v])
			}
		}
	}
	k := e.inRegister(ir.Int64, e.val(s.K))
	i := e.one(ir.Int64, "mov.s64", "0")
	e.ascend(i, e.one(ir.Int64, "sub.s64", k, fmt.Sprint(unroll-1)), fmt.Sprint(unroll), func() { turn(unroll) })
	e.ascend(i, k, "1", func() { turn(1) })
	e.sync()
}

// advance returns how many bytes an element of the tile is from that of the next step.
func (e *emitter) advance(s *loop.Tile, val *loop.Val) int64 {
	if len(val.Args) == 1 {
		_, coef, ok := loop.Affine(val.Args[0], s.Depth, func(v *loop.Val) bool { return uses(v, s.Depth) })
		if n, literal := coef.Number(); ok && literal {
			return n * int64(val.DType.Size())
		}
	}
	panic(unexpected(s))
}

// step takes one step of one result.
func (e *emitter) step(x *micro, i, j int, elems [][side]string) {
	d := x.s.Accs[0].Array.DType
	vals := make([]string, len(elems))
	for v, val := range x.s.Vals {
		vals[v] = elems[v][i]
		if uses(val.Args[0], x.s.Col) {
			vals[v] = elems[v][j]
		}
	}
	out := e.combine(x.s.Combine.Step, []string{x.acc[i][j]}, []ir.DType{d}, vals, valTypes(x.s.Vals))
	e.f("%s %s, %s", moveOf(d), x.acc[i][j], out[0])
}

func uses(v *loop.Val, x *loop.Var) bool {
	return loop.Any(v, func(v *loop.Val) bool { return v.Kind == loop.Use && v.Var == x })
}
