package x86

import (
	"fmt"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower/loop"
	"github.com/numen-go/numen/lower/x86/asm"
)

// A contraction's kernel keeps the results of a few rows and a few vectors of columns in
// registers while it goes along the contracted axis: each step loads the vectors of
// columns once, spreads the element of each row, and multiplies and adds. Where fewer
// rows or columns are left there are smaller kernels, whose last vector is masked.

// shape is the kernels for one dtype at a level.
type shape struct {
	level    asm.Level
	d        ir.DType
	w        asm.Width
	vectors  int   // of columns, at most
	rows     []int // of the kernels, descending
	lanes    int
	multiply asm.Op // x += y * z
	add      asm.Op
	spread   asm.Op
	load     asm.Op
	move     asm.Op
	masked   asm.Op // AVX2: load and store by a mask
	one      bool   // one column, at any stride
	batch    bool   // matrices follow each other: see aheadBatch
}

// shapes has the kernels by level and dtype.
var shapes = map[asm.Level]map[ir.DType]*shape{
	asm.AVX2: {
		ir.Float64: {w: asm.W256, vectors: 2, rows: []int{6, 4, 2, 1}, multiply: asm.VFMADD231PD, add: asm.VADDPD, spread: asm.VBROADCASTSD, load: asm.VMOVUPD, move: asm.VMOVAPD, masked: asm.VMASKMOVPD},
		ir.Float32: {w: asm.W256, vectors: 2, rows: []int{6, 4, 2, 1}, multiply: asm.VFMADD231PS, add: asm.VADDPS, spread: asm.VBROADCASTSS, load: asm.VMOVUPS, move: asm.VMOVAPS, masked: asm.VMASKMOVPS},
	},
	asm.AVX512: {
		ir.Float64: {w: asm.W512, vectors: 3, rows: []int{8, 6, 4, 2, 1}, multiply: asm.VFMADD231PD, add: asm.VADDPD, spread: asm.VBROADCASTSD, load: asm.VMOVUPD, move: asm.VMOVAPD},
		ir.Float32: {w: asm.W512, vectors: 3, rows: []int{8, 6, 4, 2, 1}, multiply: asm.VFMADD231PS, add: asm.VADDPS, spread: asm.VBROADCASTSS, load: asm.VMOVUPS, move: asm.VMOVAPS},
	},
}

// shapeOf returns the kernels for a contraction, nil when there are none.
func shapeOf(level asm.Level, c *ir.Combine, d ir.DType) *shape {
	s := shapes[level][d]
	if s == nil || c.Name != "fma" {
		return nil
	}
	x := *s
	x.level, x.d, x.lanes = level, d, int(s.w)/8/d.Size()
	return &x
}

// single returns the kernels for a column at a time, whose elements need not be next to
// each other.
func (s *shape) single() *shape {
	x := *s
	x.w, x.vectors, x.lanes, x.one = asm.W128, 1, 1, true
	x.multiply, x.add, x.load = asm.VFMADD231SD, asm.VADDSD, asm.VMOVSD
	if s.d == ir.Float32 {
		x.multiply, x.add, x.load = asm.VFMADD231SS, asm.VADDSS, asm.VMOVSS
	}
	return &x
}

// TileShape returns, for a level, the rows and columns that a contraction's kernel takes
// at a time: for loop.Schedule.
func TileShape(level asm.Level) func(c *ir.Combine, d ir.DType) (rows, cols int) {
	return func(c *ir.Combine, d ir.DType) (rows, cols int) {
		s := shapeOf(level, c, d)
		if s == nil {
			return 0, 0
		}
		return s.rows[0], s.vectors * s.lanes
	}
}

// side is an array as a tile walks it: words of the frame with the address of its first
// element and with the bytes from one element to the next.
type side struct {
	at             asm.Arg
	step, row, col asm.Arg
	unit           bool // col is the size of an element, surely
}

// tile writes the code of a Tile.
func (e *emitter) tile(t *loop.Tile) error {
	s := shapeOf(e.level, t.Combine, t.Accs[0].Array.DType)
	if s == nil || len(t.Vals) != 2 {
		return fmt.Errorf("x86: no code for a tile of %s", t.Combine.Name)
	}
	a, b := t.Vals[0], t.Vals[1]
	if uses(a, t.Col) {
		a, b = b, a
	}
	k, m, n := e.slot(t.K), e.slot(t.M), e.slot(t.N)
	var c, left, right side
	for _, p := range []struct {
		to    *side
		array *loop.Array
		index []*loop.Val
	}{{&c, t.Accs[0].Array, t.Accs[0].Index}, {&left, a.Array, a.Args}, {&right, b.Array, b.Args}} {
		var err error
		if *p.to, err = e.side(t, p.array, p.index); err != nil {
			return err
		}
	}
	before, when := side{at: asm.I(0)}, asm.I(0)
	if t.Left != nil {
		var err error
		if before, err = e.side(t, t.Left.Array, t.Left.Index); err != nil {
			return err
		}
		when = e.slot(t.When)
	}
	if !right.unit || !c.unit || t.Left != nil && !before.unit {
		s = s.single()
	}
	s.batch = !s.one && len(b.Args) > 2 && b.Array.Role != ir.Local
	x := e.tileCode(s, t.Init)
	moves := [][2]asm.Arg{
		{x.k, k}, {x.m, m}, {x.left, n}, {x.c.at, c.at}, {x.c.row, c.row}, {x.c.col, c.col},
		{x.a.at, left.at}, {x.a.step, left.step}, {x.a.row, left.row}, {x.b.at, right.at}, {x.b.step, right.step}, {x.b.col, right.col}, {x.merges, when},
	}
	if t.Left != nil {
		moves = append(moves, [][2]asm.Arg{{x.before.at, before.at}, {x.before.row, before.row}, {x.before.col, before.col}}...)
	}
	for _, p := range moves {
		e.code(asm.MOV, r(asm.RAX), p[1])
		e.code(asm.MOV, p[0], r(asm.RAX))
	}
	back := e.b.NewLabel()
	e.code(asm.LEALABEL, r(asm.RAX), back)
	e.code(asm.MOV, x.back, r(asm.RAX))
	e.jumpTo(asm.JMP, x.label)
	e.b.Bind(back)
	steps := loop.ApplyOp(ir.OpMul, ir.Int64, loop.ApplyOp(ir.OpMul, ir.Int64, t.M, t.N), t.K)
	e.work(1, e.slot(loop.ApplyOp(ir.OpShr, ir.Int64, steps, loop.Int(3))))
	return nil
}

// tileKey is what code for tiles is made for, once a loop.
type tileKey struct {
	d    ir.DType
	one  bool
	many bool // matrices
	init bool
	bits uint64 // what results start from
}

// tileCode returns the code for tiles of a shape. It stands behind the rest; what it works
// on and where it goes on is in words of the frame.
func (e *emitter) tileCode(s *shape, init *loop.Val) *tile {
	key := tileKey{d: s.d, one: s.one, many: s.batch, init: init != nil}
	if init != nil {
		key.bits = init.Bits
	}
	if x := e.tiles[key]; x != nil {
		return x
	}
	x := &tile{shape: s, code: asm.NewBuilder(&e.label)}
	for _, w := range []*asm.Arg{
		&x.k, &x.m, &x.left, &x.back, &x.c.at, &x.c.row, &x.c.col, &x.a.at, &x.a.step, &x.a.row, &x.b.at, &x.b.step, &x.b.col,
		&x.rowsLeft, &x.lineA, &x.merges, &x.before.at, &x.before.row, &x.before.col, &x.atBefore,
	} {
		*w = word(e.file.Temp(1))
	}
	if init != nil {
		x.init = e.pool.Add(bytesOf(init.Bits, s.d.Size()))
	}
	if s.level == asm.AVX2 {
		x.mask = word(e.space(8))
		x.numbers = e.pool.Add(numbers(s.d.Size()))
	}
	x.label = x.code.NewLabel()
	x.code.Bind(x.label)
	x.columns()
	x.code.Op(asm.JMP, asm.W64, x.back)
	e.cold.Insts = append(e.cold.Insts, x.code.Insts...)
	if e.tiles == nil {
		e.tiles = map[tileKey]*tile{}
	}
	e.tiles[key] = x
	return x
}

func uses(v *loop.Val, x *loop.Var) bool {
	return loop.Any(v, func(v *loop.Val) bool { return v.Kind == loop.Use && v.Var == x })
}

// side finds how an access moves with depth, row and column.
func (e *emitter) side(t *loop.Tile, a *loop.Array, index []*loop.Val) (side, error) {
	x, at := side{}, append([]*loop.Val(nil), index...)
	for i, v := range []*loop.Var{t.Depth, t.Row, t.Col} {
		coefs, moves := make([]*loop.Val, len(at)), 0
		for d := range at {
			base, coef, ok := loop.Affine(at[d], v, func(y *loop.Val) bool { return uses(y, v) })
			if !ok {
				return x, fmt.Errorf("x86: tile: %s is not affine", index[d])
			}
			at[d], coefs[d] = base, coef
			if n, ok := coef.Number(); !ok || n != 0 {
				moves++
			}
		}
		to := [...]*asm.Arg{&x.step, &x.row, &x.col}[i]
		*to = e.strideBytes(a, coefs)
		if v == t.Col && moves == 1 {
			for d, c := range coefs {
				if n, ok := c.Number(); ok && n == 1 {
					x.unit = e.class.IsUnit(e.loop, a, d)
				}
			}
		}
	}
	x.at = e.address(a, at)
	return x, nil
}

// tile is the code for tiles of a shape, and the words of the frame that it works on.
type tile struct {
	*shape
	code     *asm.Builder
	label    asm.Arg // where it starts
	back     asm.Arg // where it goes on
	k, m     asm.Arg
	rowsLeft asm.Arg
	lineA    asm.Arg // how far what is asked for of rows moves in a step
	left     asm.Arg // columns that are left
	c, a, b  side
	merges   asm.Arg // whether results merge with others
	before   side    // these, which come first
	atBefore asm.Arg // those of the rows at hand
	init     asm.Arg // what results start from; no operand: what is there
	mask     asm.Arg // AVX2: of the last vector
	numbers  asm.Arg // AVX2: 0, 1, 2, ...
}

// The registers of a Tile.
const (
	colC    = asm.R8  // the results of the columns at hand
	colB    = asm.R9  // their elements
	rowC    = asm.RBX // the results of the rows at hand
	rowA    = asm.RDX // their elements
	aheadA  = asm.R15 // what is asked for of rows that come next
	stepA   = asm.R12
	stepB   = asm.R13
	strideA = asm.RSI // from row to row
	tripleA = asm.R11
	atA     = asm.RAX // of the step at hand
	fourthA = asm.R14 // four rows on
	atB     = asm.R10
	steps   = asm.RCX
)

func r(x asm.Reg) asm.Arg { return asm.R(x) }

func (t *tile) op(op asm.Op, args ...asm.Arg) { t.code.Op(op, asm.W64, args...) }

// columns writes the loop over columns.
func (t *tile) columns() {
	next, on, end := t.code.NewLabel(), t.code.NewLabel(), t.code.NewLabel()
	all := int64(t.vectors * t.lanes)
	t.op(asm.CMP, t.left, asm.I(0))
	t.op(asm.JLE, end)
	t.op(asm.MOV, r(colC), t.c.at)
	t.op(asm.MOV, r(colB), t.b.at)
	t.op(asm.MOV, r(stepA), t.a.step)
	t.op(asm.MOV, r(stepB), t.b.step)
	t.op(asm.MOV, r(strideA), t.a.row)
	t.op(asm.LEA, r(tripleA), asm.MX(strideA, strideA, 2, 0))
	if t.looksAhead() {
		t.op(asm.MOV, r(atA), asm.I(cacheLine))
		t.op(asm.CMP, r(stepA), r(atA))
		t.op(asm.CMOVG, r(atA), r(stepA))
		t.op(asm.MOV, t.lineA, r(atA))
	}
	t.aheadBatch(t.k, stepB, r(colB))
	t.code.Bind(next)
	switch {
	case t.one:
		t.someRows(1, false)
	case t.level == asm.AVX512: // a mask costs nothing
		t.op(asm.MOV, r(atA), t.left)
		t.op(asm.MOV, r(steps), asm.I(all))
		t.op(asm.CMP, r(atA), r(steps))
		t.op(asm.CMOVG, r(atA), r(steps))
		t.narrow(on)
		t.someColumns(2, on)
	default:
		partial := t.code.NewLabel()
		t.op(asm.CMP, t.left, asm.I(all))
		t.op(asm.JL, partial)
		t.someRows(t.vectors, false)
		t.op(asm.JMP, on)
		t.code.Bind(partial)
		t.op(asm.MOV, r(atA), t.left)
		t.someColumns(1, on)
	}
	t.code.Bind(on)
	if t.one {
		t.op(asm.MOV, r(atA), t.before.col)
		t.op(asm.ADD, t.before.at, r(atA))
		t.op(asm.ADD, r(colC), t.c.col)
		t.op(asm.ADD, r(colB), t.b.col)
	} else {
		t.op(asm.ADD, t.before.at, asm.I(all*int64(t.d.Size())))
		t.op(asm.ADD, r(colC), asm.I(all*int64(t.d.Size())))
		t.op(asm.ADD, r(colB), asm.I(all*int64(t.d.Size())))
	}
	t.aheadBatch(t.m, strideA, t.a.at)
	t.op(asm.SUB, t.left, asm.I(all))
	t.op(asm.JG, next)
	t.code.Bind(end)
}

// someColumns writes the cases of as many columns as atA says, by vectors, at least so many.
func (t *tile) someColumns(least int, on asm.Arg) {
	for v := t.vectors; v >= least; v-- {
		fewer := t.code.NewLabel()
		if v > least {
			t.op(asm.CMP, r(atA), asm.I(int64((v-1)*t.lanes)))
			t.op(asm.JLE, fewer)
		}
		if v > 1 {
			t.op(asm.SUB, r(atA), asm.I(int64((v-1)*t.lanes)))
		}
		t.setMask()
		t.someRows(v, true)
		if v > least {
			t.op(asm.JMP, on)
		}
		t.code.Bind(fewer)
	}
}

// narrow writes the case of columns that are no more than a vector holds, with vectors of
// half the width: the processor may start twice as many of them, and load twice as many
// elements of rows for them.
func (t *tile) narrow(on asm.Arg) {
	wide := t.code.NewLabel()
	t.op(asm.CMP, r(atA), asm.I(int64(t.lanes)))
	t.op(asm.JG, wide)
	half := *t.shape
	half.w, half.lanes, half.vectors = asm.W256, t.lanes/2, 2
	whole := t.shape
	t.shape = &half
	t.someColumns(1, on)
	t.shape = whole
	t.op(asm.JMP, on)
	t.code.Bind(wide)
}

// setMask makes the mask of as many elements as atA says.
func (t *tile) setMask() {
	if t.level == asm.AVX512 {
		t.op(asm.MOV, r(steps), asm.I(-1))
		t.op(asm.BZHI, r(steps), r(steps), r(atA))
		t.code.Op(asm.KMOVW, asm.W32, r(tileMask), r(steps))
		return
	}
	v, spread, greater := r(asm.V0), asm.VPBROADCASTQ, asm.VPCMPGTQ
	if t.d.Size() == 4 {
		spread, greater = asm.VPBROADCASTD, asm.VPCMPGTD
	}
	t.code.Op(asm.VMOVQ, asm.W128, v, r(atA))
	t.code.Op(spread, t.w, v, v)
	t.code.Op(greater, t.w, v, v, t.numbers)
	t.code.Op(asm.VMOVDQU, t.w, t.mask, v)
}

// tileMask is the mask register of a tile's last vector.
const tileMask = asm.K0 + 1

// someRows writes the loops over rows, of v vectors of columns.
func (t *tile) someRows(v int, masked bool) {
	t.op(asm.MOV, r(rowC), r(colC))
	t.op(asm.MOV, r(rowA), t.a.at)
	t.op(asm.MOV, r(steps), t.before.at)
	t.op(asm.MOV, t.atBefore, r(steps))
	t.op(asm.MOV, r(steps), t.m)
	t.op(asm.MOV, t.rowsLeft, r(steps))
	for i, n := range t.rows {
		again, fewer := t.code.NewLabel(), t.code.NewLabel()
		t.code.Bind(again)
		t.op(asm.CMP, t.rowsLeft, asm.I(int64(n)))
		t.op(asm.JL, fewer)
		t.kernel(n, v, masked)
		t.nextRows(rowA, n)
		t.op(asm.SUB, t.rowsLeft, asm.I(int64(n)))
		if i == 0 {
			t.op(asm.JMP, again)
		}
		t.code.Bind(fewer)
	}
}

// nextRows moves from the elements of the rows at hand to those n rows on.
func (t *tile) nextRows(to asm.Reg, n int) {
	if n == 6 {
		t.op(asm.LEA, r(to), asm.MX(rowA, tripleA, 2, 0))
		return
	}
	t.op(asm.LEA, r(to), asm.MX(rowA, strideA, uint8(n), 0))
}
