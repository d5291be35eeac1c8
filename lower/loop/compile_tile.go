package loop

import (
	"fmt"
	"unsafe"

	"github.com/numen-go/numen/ir"
)

// tileKern is a Tile: m rows of n results at c, each of which takes kn steps with an
// element of a row at a and one of a column at b. Columns are contiguous; the other
// strides are in elements.
type tileKern func(c, a, b unsafe.Pointer, kn, m, n, rowC, rowA, stepA, stepB int)

// tileCode is a Tile with its arrays.
type tileCode struct {
	kern    tileKern
	k, m, n int32
	init    int32 // what results start from, -1: what is there
	c, a, b panel
	when    int32 // with merge
	left    panel
	merge   func(c, left unsafe.Pointer, n int) // nil: nothing merges
}

// panel is an array as a Tile walks it: the address of its first element and strides.
type panel struct {
	array          int32
	address        int32
	row, col, step int32
}

func (c *compiler) tile(s *Tile) error {
	x := &tileCode{kern: tileKerns[combineKey{s.Combine.Name, s.Accs[0].Array.DType, 0}], k: c.scalar(s.K), m: c.scalar(s.M), n: c.scalar(s.N), init: -1}
	row, col := s.Vals[0], s.Vals[len(s.Vals)-1]
	if firstVar(row, func(v *Var) bool { return v == s.Col }) != nil {
		row, col = col, row // the factors
	}
	if x.kern == nil || len(s.Vals) != 2 {
		return fmt.Errorf("loop: no instruction for a tile of %s", s.Combine.Name)
	}
	if s.Init != nil {
		x.init = c.scalar(s.Init)
	}
	type access struct {
		to    *panel
		array *Array
		index []*Val
	}
	all := []access{{&x.c, s.Accs[0].Array, s.Accs[0].Index}, {&x.a, row.Array, row.Args}, {&x.b, col.Array, col.Args}}
	if s.Left != nil {
		x.when, x.merge = c.scalar(s.When), tileMerges[s.Left.Array.DType]
		all = append(all, access{&x.left, s.Left.Array, s.Left.Index})
	}
	var err error
	for _, p := range all {
		if *p.to, err = c.panel(s, p.array, p.index); err != nil {
			return err
		}
	}
	c.emit(instr{op: opTile, x: x})
	return nil
}

// panel finds how an access of a tile moves with depth, row and column.
func (c *compiler) panel(s *Tile, a *Array, index []*Val) (panel, error) {
	p := panel{array: c.array(a)}
	regs := c.code.arrays[p.array]
	stride := func(x *Var) (int32, []*Val, error) {
		sum, bases := intVal(0), make([]*Val, len(index))
		for d, v := range index {
			base, coef, ok := affine(v, x, func(v *Val) bool { return firstVar(v, func(y *Var) bool { return y == x }) != nil })
			if !ok {
				return 0, nil, fmt.Errorf("loop: tile: %s is not affine", v)
			}
			v := &Var{"stride", ir.Int64}
			c.vars[v] = regs.strides[d]
			sum, bases[d] = add(sum, mul(coef, use(v))), base
		}
		return c.scalar(sum), bases, nil
	}
	var err error
	for _, v := range []struct {
		x  *Var
		to *int32
	}{{s.Depth, &p.step}, {s.Row, &p.row}, {s.Col, &p.col}} {
		if *v.to, index, err = stride(v.x); err != nil {
			return p, err
		}
	}
	p.address = c.address(a, index)
	return p, nil
}

func (f *frame) tile(x *tileCode) bool {
	reg := func(r int32) int { return int(int64(f.regs[r])) }
	m, n, k := reg(x.m), reg(x.n), max(reg(x.k), 0)
	if m <= 0 || n <= 0 {
		return true
	}
	size := f.code.arrays[x.c.array].size
	pc := f.at(x.c.array, f.regs[x.c.address])
	pa, pb := pc, pc
	if k > 0 { // of no steps nothing is there
		pa, pb = f.at(x.a.array, f.regs[x.a.address]), f.at(x.b.array, f.regs[x.b.address])
	}
	columns, times := n, 1
	merges := x.merge != nil && f.regs[x.when] != 0
	var pl unsafe.Pointer
	if merges {
		pl = f.at(x.left.array, f.regs[x.left.address])
	}
	if reg(x.c.col) != 1 || reg(x.b.col) != 1 || merges && reg(x.left.col) != 1 { // one by one
		columns, times = 1, n
	}
	for i := range times {
		pc, pb := unsafe.Add(pc, i*reg(x.c.col)*size), pb
		if k > 0 {
			pb = unsafe.Add(pb, i*reg(x.b.col)*size)
		}
		if x.init >= 0 {
			for r := range m {
				fillOf(size)(unsafe.Add(pc, r*reg(x.c.row)*size), unsafe.Pointer(&f.regs[x.init]), nil, nil, columns)
			}
		}
		x.kern(pc, pa, pb, k, m, columns, reg(x.c.row), reg(x.a.row), reg(x.a.step), reg(x.b.step))
		for r := range m {
			if merges {
				x.merge(unsafe.Add(pc, r*reg(x.c.row)*size), unsafe.Add(pl, (r*reg(x.left.row)+i*reg(x.left.col))*size), columns)
			}
		}
	}
	return f.spend(m * n * k / 4)
}
