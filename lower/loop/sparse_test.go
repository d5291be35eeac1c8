package loop

import (
	"context"
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"unsafe"
)

// readLoop reads a loop of testdata and holds that it prints as it is written.
func readLoop(t *testing.T, file string) *Code {
	t.Helper()
	text, err := os.ReadFile("testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	l, err := Parse(string(text))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(string(text), l.String()) {
		t.Errorf("%s prints as\n%s", file, l)
	}
	code, err := Compile(l)
	if err != nil {
		t.Fatal(err)
	}
	return code
}

func memory[T any](s []T) Memory {
	return Memory{Base: unsafe.Pointer(unsafe.SliceData(s)), Strides: []int64{1}, Extents: []int64{int64(len(s))}}
}

// csr is a matrix in compressed rows.
type csr struct {
	pos, crd []int64
	val      []float64
}

// sparse returns a random matrix of rows by cols with about the given share stored.
func sparse(r *rand.Rand, rows, cols int, share float64) csr {
	m := csr{pos: []int64{0}}
	for range rows {
		for j := range cols {
			if r.Float64() < share {
				m.crd = append(m.crd, int64(j))
				m.val = append(m.val, r.NormFloat64())
			}
		}
		m.pos = append(m.pos, int64(len(m.crd)))
	}
	return m
}

// TestSpMV runs sparse matrix-vector products from text, against plain loops.
func TestSpMV(t *testing.T) {
	code := readLoop(t, "spmv.loop")
	r := rand.New(rand.NewPCG(1, 1))
	for _, c := range []struct {
		rows, cols int
		share      float64
	}{{9, 30, 0.4}, {4, 3000, 0.5}, {3, 2000, 1}, {5, 10, 0}, {0, 4, 1}} {
		m := sparse(r, c.rows, c.cols, c.share)
		x := make([]float64, c.cols)
		for i := range x {
			x[i] = r.NormFloat64()
		}
		y := make([]float64, c.rows)
		err := code.Run(context.Background(), 1, []uint64{0, uint64(c.rows), uint64(c.cols)},
			[]Memory{memory(m.pos), memory(m.crd), memory(m.val), memory(x), memory(y)})
		if err != nil {
			t.Fatal(err)
		}
		for i := range y {
			if want := spmvRow(m, i, x); math.Float64bits(y[i]) != math.Float64bits(want) {
				t.Errorf("%+v: row %d is %v, want %v", c, i, y[i], want)
			}
		}
	}
}

// spmvRow computes a row by the definition of the order.
func spmvRow(m csr, i int, x []float64) float64 {
	var blocks []float64
	for b := m.pos[i]; b < m.pos[i+1]; b += 512 {
		c := math.Copysign(0, -1)
		for p := b; p < min(b+512, m.pos[i+1]); p++ {
			c = math.FMA(m.val[p], x[m.crd[p]], c)
		}
		blocks = append(blocks, c)
	}
	var tree func(p []float64) float64
	tree = func(p []float64) float64 {
		if len(p) == 1 {
			return p[0]
		}
		h := 1
		for 2*h < len(p) {
			h *= 2
		}
		return tree(p[:h]) + tree(p[h:])
	}
	v := math.Copysign(0, -1)
	if len(blocks) > 0 {
		v = tree(blocks)
	}
	if n := int(m.pos[i+1] - m.pos[i]); n < len(x) || len(x) == 0 {
		v += 0
	}
	return v
}

// TestSpAdd runs sums of sparse matrices from text: merge, append, and the stop when the
// output is full.
func TestSpAdd(t *testing.T) {
	code := readLoop(t, "spadd.loop")
	r := rand.New(rand.NewPCG(2, 1))
	const rows, cols = 9, 30
	for _, fills := range [][2]float64{{0, 0}, {1, 2.5}} {
		a, b := sparse(r, rows, cols, 0.3), sparse(r, rows, cols, 0.3)
		want := map[[2]int64]float64{}
		for i := range int64(rows) {
			for p := a.pos[i]; p < a.pos[i+1]; p++ {
				want[[2]int64{i, a.crd[p]}] = a.val[p] + fills[1]
			}
			for p := b.pos[i]; p < b.pos[i+1]; p++ {
				at := [2]int64{i, b.crd[p]}
				if _, both := want[at]; both {
					want[at] += -fills[1] + b.val[p]
				} else {
					want[at] = fills[0] + b.val[p]
				}
			}
		}
		n := len(want)
		run := func(capacity int) (pos, crd []int64, val []float64, status []int64) {
			pos, crd, val, status = make([]int64, rows+1), make([]int64, capacity), make([]float64, capacity), make([]int64, 2)
			err := code.Run(context.Background(), 1,
				[]uint64{0, rows, math.Float64bits(fills[0]), math.Float64bits(fills[1]), uint64(capacity)},
				[]Memory{memory(a.pos), memory(a.crd), memory(a.val), memory(b.pos), memory(b.crd), memory(b.val), memory(pos), memory(crd), memory(val), memory(status)})
			if err != nil {
				t.Fatal(err)
			}
			return
		}
		pos, crd, val, status := run(n)
		if status[0] != 0 || status[1] != int64(n) || pos[rows] != int64(n) {
			t.Fatalf("status %v, %d rows end at %d, want %d entries", status, rows, pos[rows], n)
		}
		for i := range int64(rows) {
			for p := pos[i]; p < pos[i+1]; p++ {
				if w, ok := want[[2]int64{i, crd[p]}]; !ok || math.Abs(val[p]-w) > 1e-15 || p > pos[i] && crd[p] <= crd[p-1] {
					t.Errorf("fills %v: entry %d, %d is %v, want %v", fills, i, crd[p], val[p], w)
				}
			}
		}
		if _, _, _, status := run(n - 1); status[0] != 1 || status[1] != int64(n-1) {
			t.Errorf("with room for %d entries: status %v", n-1, status)
		}
	}
}
