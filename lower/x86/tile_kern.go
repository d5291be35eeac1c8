package x86

import (
	"encoding/binary"

	"github.com/numen-go/numen/lower/x86/asm"
)

// kernel writes the kernel of n rows and v vectors of columns: results start, take their
// steps and are stored; rowC goes on to the rows after them. A step costs few
// instructions beside its products, so it is not unrolled.
func (t *tile) kernel(n, v int, masked bool) {
	acc := func(i, j int) asm.Arg { return r(asm.V0 + asm.Reg(i*v+j)) }
	column := func(j int) asm.Arg { return r(asm.V0 + asm.Reg(n*v+j)) }
	free := n*v + v // the first register that is left
	count := 16
	if t.level == asm.AVX512 {
		count = 32
	}
	last := func(j int) bool { return masked && j == v-1 }
	scratch := r(asm.V0 + asm.Reg(free))

	t.start(n, v, acc, last, scratch)
	loop, done := t.code.NewLabel(), t.code.NewLabel()
	t.op(asm.MOV, r(steps), t.k)
	t.op(asm.MOV, r(atA), r(rowA))
	t.op(asm.MOV, r(atB), r(colB))
	if n > 4 {
		t.op(asm.LEA, r(fourthA), asm.MX(rowA, strideA, 4, 0))
	}
	if t.looksAhead() {
		t.startAhead(n)
	}
	t.op(asm.TEST, r(steps), r(steps))
	t.op(asm.JLE, done)
	t.code.Bind(loop)
	for j := range v {
		t.read(column(j), asm.M(atB, t.bytes(j)), last(j), scratch)
	}
	if t.looksAhead() {
		t.ahead(v)
	}
	for i := range n {
		x := t.rowElement(i)
		if t.one {
			for j := range v {
				t.code.Op(t.multiply, t.w, acc(i, j), column(j), x)
			}
			continue
		}
		e := r(asm.V0 + asm.Reg(free+i%(count-free)))
		t.code.Op(t.spread, t.w, e, x)
		for j := range v {
			t.code.Op(t.multiply, t.w, acc(i, j), column(j), e)
		}
	}
	t.op(asm.ADD, r(atA), r(stepA))
	if n > 4 {
		t.op(asm.ADD, r(fourthA), r(stepA))
	}
	t.op(asm.ADD, r(atB), r(stepB))
	t.op(asm.SUB, r(steps), asm.I(1))
	t.op(asm.JNZ, loop)
	t.code.Bind(done)
	t.merge(n, v, acc, column, last, scratch)
	if masked && t.level == asm.AVX2 {
		t.code.Op(asm.VMOVDQU, t.w, scratch, t.mask)
	}
	for i := range n {
		for j := range v {
			at := asm.M(rowC, t.bytes(j))
			switch {
			case last(j) && t.level == asm.AVX2:
				t.code.Op(t.masked, t.w, at, scratch, acc(i, j))
			case last(j):
				t.code.Op(t.load, t.w, at, acc(i, j)).Mask = tileMask
			default:
				t.code.Op(t.load, t.w, at, acc(i, j))
			}
		}
		t.op(asm.ADD, r(rowC), t.c.row)
	}
}

// cacheLine is the bytes that memory gives at a time.
const cacheLine = 64

// looksAhead reports whether a kernel asks for elements before it needs them. There is
// time for it where a step's products take longer than its loads: AVX2 has no registers
// for so many.
func (t *tile) looksAhead() bool { return t.level == asm.AVX512 && !t.one }

// startAhead sets what is asked for of rows: those that come after the n at hand, which
// are one run of memory where rows are dense; the same ones where none come. It is eight
// steps on, which matters where they are packed.
func (t *tile) startAhead(n int) {
	if t.batch {
		return
	}
	last := t.code.NewLabel()
	t.op(asm.MOV, r(aheadA), r(rowA))
	t.op(asm.CMP, t.rowsLeft, asm.I(int64(n)))
	t.op(asm.JLE, last)
	t.nextRows(aheadA, n)
	t.code.Bind(last)
	t.op(asm.LEA, r(aheadA), asm.MX(aheadA, stepA, 8, 0))
}

// aheadBatch sets what is asked for where matrices follow each other: what stands behind the
// matrix of n rows that starts there, line by line. The first columns have time for the
// columns' next matrix, those after them for the rows'.
func (t *tile) aheadBatch(n asm.Arg, row asm.Reg, start asm.Arg) {
	if !t.batch || !t.looksAhead() {
		return
	}
	t.op(asm.MOV, r(aheadA), n)
	t.op(asm.IMUL, r(aheadA), r(row))
	t.op(asm.ADD, r(aheadA), start)
}

// ahead asks for a line of rows, or of the next matrix, and for the elements of columns
// eight steps on.
func (t *tile) ahead(v int) {
	for j := range v {
		t.op(asm.PREFETCHT0, asm.MX(atB, stepB, 8, t.bytes(j)))
	}
	t.op(asm.PREFETCHT1, asm.M(aheadA, 0))
	if t.batch {
		t.op(asm.ADD, r(aheadA), asm.I(cacheLine))
	} else {
		t.op(asm.ADD, r(aheadA), t.lineA)
	}
}

// merge writes the sum of results and those that come before them, where there are any.
func (t *tile) merge(n, v int, acc func(i, j int) asm.Arg, column func(j int) asm.Arg, last func(j int) bool, scratch asm.Arg) {
	none := t.code.NewLabel()
	t.op(asm.CMP, t.merges, asm.I(0))
	t.op(asm.JZ, none)
	t.op(asm.MOV, r(atA), t.atBefore)
	for i := range n {
		for j := range v {
			t.read(column(j), asm.M(atA, t.bytes(j)), last(j), scratch)
			t.code.Op(t.add, t.w, acc(i, j), column(j), acc(i, j))
		}
		t.op(asm.ADD, r(atA), t.before.row)
	}
	t.op(asm.MOV, t.atBefore, r(atA))
	t.code.Bind(none)
}

// start writes the first values of results.
func (t *tile) start(n, v int, acc func(i, j int) asm.Arg, last func(j int) bool, scratch asm.Arg) {
	if t.init.Kind == asm.None {
		t.op(asm.MOV, r(atA), r(rowC))
		for i := range n {
			for j := range v {
				t.read(acc(i, j), asm.M(atA, t.bytes(j)), last(j), scratch)
			}
			t.op(asm.ADD, r(atA), t.c.row)
		}
		return
	}
	first := acc(0, 0)
	if t.one {
		t.code.Op(t.load, t.w, first, t.init)
	} else {
		t.code.Op(t.spread, t.w, first, t.init)
	}
	for i := range n {
		for j := range v {
			if x := acc(i, j); x != first {
				t.code.Op(t.move, max(t.w, asm.W128), x, first)
			}
		}
	}
}

// read writes the load of a vector.
func (t *tile) read(to, from asm.Arg, masked bool, scratch asm.Arg) {
	switch {
	case masked && t.level == asm.AVX2:
		t.code.Op(asm.VMOVDQU, t.w, scratch, t.mask)
		t.code.Op(t.masked, t.w, to, scratch, from)
	case masked:
		in := t.code.Op(t.load, t.w, to, from)
		in.Mask, in.Zero = tileMask, true
	default:
		t.code.Op(t.load, t.w, to, from)
	}
}

// rowElement returns the element of row i at the step at hand.
func (t *tile) rowElement(i int) asm.Arg {
	base := atA
	if i >= 4 {
		base, i = fourthA, i-4
	}
	switch i {
	case 0:
		return asm.M(base, 0)
	case 3:
		return asm.MX(base, tripleA, 1, 0)
	}
	return asm.MX(base, strideA, uint8(i), 0)
}

// bytes returns where vector j starts.
func (t *tile) bytes(j int) int32 { return int32(j * int(t.w) / 8) }

// bytesOf returns an element of so many bytes.
func bytesOf(bits uint64, size int) []byte {
	return binary.LittleEndian.AppendUint64(nil, bits)[:size]
}

// numbers returns a vector of 0, 1, 2, ... in elements of so many bytes (AVX2).
func numbers(size int) []byte {
	var out []byte
	for i := range 32 / size {
		out = append(out, bytesOf(uint64(i), size)...)
	}
	return out
}
