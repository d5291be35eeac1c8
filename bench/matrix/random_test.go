package matrix

import (
	"errors"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	np "github.com/numen-go/numen/expr"
	"github.com/numen-go/numen/expr/sparse"
	"github.com/numen-go/numen/ir"
	rt "github.com/numen-go/numen/runtime"
)

var (
	random = flag.Int("random", 300, "random programs that TestRandomSparse runs")
	first  = flag.Int("seed", 0, "the seed of the first of them")
)

// maker makes random programs of sparse arrays.
type maker struct {
	*rand.Rand
	t     *testing.T
	text  string
	plain bool // no NaN, no infinities
	cut   bool // dense arrays are in chunks
}

var oddities = []float64{math.NaN(), math.Inf(1), math.Inf(-1), 0, math.Copysign(0, -1), 5e-324, -1e308}

func (m *maker) element() float64 {
	if !m.plain && m.IntN(6) == 0 {
		return oddities[m.IntN(len(oddities))]
	}
	return float64(m.IntN(41)-20) / 4
}

// leaf returns an array of a shape in a random layout, or a dense one.
func (m *maker) leaf(shape []int) np.Array {
	if m.IntN(5) == 0 || len(shape) == 0 {
		size := 1
		for _, n := range shape {
			size *= n
		}
		v := make([]float64, size)
		for i := range v {
			v[i] = m.element()
		}
		a := np.Reshape(np.FromSlice(v), shape...)
		if !m.cut || len(shape) == 0 {
			return a
		}
		f := &ir.Format{Device: "sharded"}
		for range shape {
			f.Chunks = append(f.Chunks, ir.N(2))
		}
		a, err := np.Call("chunked", ir.OpConvert, &ir.Attr{Format: f}, a).Eval(m.t.Context())
		if err != nil {
			m.t.Fatal(err)
		}
		return a
	}
	l := []sparse.Layout{sparse.COO(len(shape)), sparse.CSF(len(shape))}[m.IntN(2)]
	if len(shape) == 2 {
		l = []sparse.Layout{sparse.CSR, sparse.CSC, sparse.COO(2), sparse.DCSR}[m.IntN(4)]
	}
	fill := []float64{0, 0, 0, 1, -0.5}[m.IntN(5)]
	density := []float64{0, 0.1, 0.3, 1}[m.IntN(4)]
	coords, values := make([][]int, len(shape)), []float64(nil)
	at := make([]int, len(shape))
	var walk func(d int)
	walk = func(d int) {
		if d < len(shape) {
			for at[d] = range shape[d] {
				walk(d + 1)
			}
			return
		}
		// The evaluator of programs takes what is the fill for not stored.
		if v := m.element(); m.Float64() < density && math.Float64bits(v) != math.Float64bits(fill) {
			for k, x := range at {
				coords[k] = append(coords[k], x)
			}
			values = append(values, v)
		}
	}
	walk(0)
	a, err := sparse.FromCOO(l, shape, coords, values, fill)
	if err != nil {
		m.t.Fatal(err)
	}
	m.text += fmt.Sprintf("[%v fill %v: %v %v] ", l, fill, coords, values)
	return a
}

func (m *maker) shape() []int {
	sizes := []int{0, 1, 2, 3, 5, 8}
	s := make([]int, 1+m.IntN(3))
	for i := range s {
		s[i] = sizes[m.IntN(len(sizes))]
	}
	return s
}

// step returns a function of an array.
func (m *maker) step(a np.Array) np.Array {
	if m.IntN(2) == 0 {
		return m.wider(a)
	}
	shape := a.Shape()
	axis := 0
	if len(shape) > 0 {
		axis = m.IntN(len(shape))
	}
	note := func(format string, args ...any) { m.text += fmt.Sprintf(format, args...) + "; " }
	kind := m.IntN(22)
	if len(shape) == 0 && kind >= 8 {
		kind %= 8
	}
	switch kind {
	case 0:
		note("abs")
		return np.Abs(a)
	case 1:
		note("exp")
		return np.Exp(a)
	case 2:
		note("* 2.5")
		return np.Multiply(a, 2.5)
	case 3:
		note("- 1")
		return np.Subtract(a, 1)
	case 4:
		b := m.leaf(shape)
		note("+ b")
		return np.Add(a, b)
	case 5:
		b := m.leaf(shape)
		note("* b")
		return np.Multiply(b, a)
	case 6:
		b := m.leaf(shape)
		note("max b")
		return np.Maximum(a, b)
	case 7:
		b := m.leaf(shape)
		note("where")
		return np.Where(np.Greater(b, 0), a, b)
	case 8:
		note("sum %d", axis)
		return np.Sum(a, np.Axis(axis))
	case 9:
		if shape[axis] == 0 {
			return a
		}
		note("max %d", axis)
		return np.Max(a, np.Axis(axis))
	case 10:
		if shape[axis] == 0 {
			return a
		}
		note("argmin %d", axis)
		return np.AsType(np.ArgMin(a, axis), np.Float64)
	case 11:
		note("cumsum %d", axis)
		return np.CumSum(a, axis)
	case 12:
		note("flip %d", axis)
		return np.Flip(a, axis)
	case 13:
		note("T")
		return a.T()
	case 14:
		note("ravel")
		return np.Ravel(a)
	case 15:
		if shape[axis] < 2 {
			return a
		}
		from, step := m.IntN(shape[axis]-1), 1+m.IntN(3)
		note("slice %d from %d step %d", axis, from, step)
		index := make([]np.Index, len(shape))
		for i := range index {
			index[i] = np.From(0)
		}
		index[axis] = np.From(from).Step(step)
		return a.Slice(index...)
	case 16:
		b := m.leaf(shape)
		note("concat %d", axis)
		return np.Concat(axis, a, b)
	case 17:
		note("stack %d", axis)
		if len(shape) > 3 {
			return a
		}
		return np.Stack(axis, a, a)
	case 18:
		if shape[axis] == 0 {
			return a
		}
		p := make([]int64, 1+m.IntN(4))
		for i := range p {
			p[i] = m.Int64N(int64(shape[axis]))
		}
		note("take %d %v", axis, p)
		return np.Take(a, np.FromSlice(p), axis)
	case 19:
		if len(shape) != 2 {
			return a
		}
		b := m.leaf([]int{shape[1], 3})
		note("matmul")
		return np.MatMul(a, b)
	case 20:
		note("roll %d", axis)
		return np.Roll(a, 2, axis)
	}
	size := 1
	for _, n := range shape {
		size *= n
	}
	for _, n := range []int{2, 3, 4, 5} {
		if size%n == 0 && size > 0 {
			note("reshape %d", n)
			return np.Reshape(a, n, size/n)
		}
	}
	return a
}

// TestRandomSparse runs random programs of arrays of random layouts, fills and elements,
// and compares bits with the evaluator of their kernels.
func TestRandomSparse(t *testing.T) {
	n := *random
	if testing.Short() {
		n /= 10
	}
	e := rt.New(rt.Config{Targets: []string{"cpu"}})
	defer e.Close()
	refused, held := map[string]int{}, 0
	for seed := *first; seed < *first+n; seed++ {
		m := &maker{Rand: rand.New(rand.NewPCG(uint64(seed), 11)), t: t, plain: seed%3 == 0, cut: seed%2 == 1}
		a := m.leaf(m.shape())
		m.text = fmt.Sprintf("%v: ", a.Shape())
		for range 1 + m.IntN(4) {
			a = m.step(a)
		}
		if a.Err() != nil {
			t.Fatalf("%d %s: %v", seed, m.text, a.Err())
		}
		format, err := compared(t, e, a)
		if errors.Is(err, rt.ErrDeclined) {
			refused[reason(err)]++
			continue
		}
		if err != nil {
			t.Errorf("%d %s: %v", seed, m.text, err)
			continue
		}
		if format.Sparse() {
			held++
		}
	}
	count := 0
	for why, k := range refused {
		t.Logf("%d refused: %s", k, why)
		count += k
	}
	t.Logf("%d programs, %d of them have a sparse result", n, held)
	if held < n/10 || count > n/10 {
		t.Errorf("of %d programs %d have a sparse result and %d are refused: agreeing means little", n, held, count)
	}
}
