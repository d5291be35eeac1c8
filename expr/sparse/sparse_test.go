package sparse

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	np "github.com/numen-go/numen/expr"
)

// matrix returns a random array and its elements, half of the rows being empty.
func matrix(t *testing.T, r *rand.Rand, l Layout, rows, cols int, fill float64) (np.Array, []float64) {
	t.Helper()
	dense := slices.Repeat([]float64{fill}, rows*cols)
	coords, values := make([][]int, 2), []float64(nil)
	for i := range rows * cols {
		if r.Float64() < 0.3 && i/cols%2 == 0 {
			dense[i] = r.NormFloat64()
			coords[0], coords[1], values = append(coords[0], i/cols), append(coords[1], i%cols), append(values, dense[i])
		}
	}
	a, err := FromCOO(l, []int{rows, cols}, coords, values, fill)
	if err != nil {
		t.Fatal(err)
	}
	return a, dense
}

// elements returns what a sparse or dense array is.
func elements(t *testing.T, a np.Array) []float64 {
	t.Helper()
	v, err := a.Eval(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if np.NodeOf(v).Type.Format != nil {
		if v, err = ToDense(t.Context(), v); err != nil {
			t.Fatal(err)
		}
	}
	x, err := np.Values[float64](t.Context(), v)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func isSparse(t *testing.T, a np.Array) bool {
	t.Helper()
	v, err := a.Eval(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return np.NodeOf(v).Type.Format.Sparse()
}

// TestPrograms runs functions of np on sparse arrays and on dense ones of the same
// elements: what differs is the order of sums alone.
func TestPrograms(t *testing.T) {
	one := func(f func(x np.Array) np.Array) func(a, b, x np.Array) np.Array {
		return func(a, _, _ np.Array) np.Array { return f(a) }
	}
	for name, c := range map[string]struct {
		f      func(a, b, x np.Array) np.Array
		sparse bool // the result
		fill   float64
	}{
		"add":       {func(a, b, _ np.Array) np.Array { return np.Add(a, b) }, true, 0},
		"multiply":  {func(a, b, _ np.Array) np.Array { return np.Multiply(a, b) }, true, 0},
		"sin":       {one(func(a np.Array) np.Array { return np.Sin(a) }), true, 0},
		"exp":       {one(func(a np.Array) np.Array { return np.Exp(a) }), true, 0},
		"scaled":    {one(func(a np.Array) np.Array { return np.Multiply(a, 3.5) }), true, 0},
		"chain":     {func(a, b, _ np.Array) np.Array { return np.Subtract(np.Multiply(np.Add(a, b), a), np.Abs(b)) }, true, 0},
		"dense":     {func(a, _, x np.Array) np.Array { return np.Multiply(a, x) }, true, 0},
		"plus":      {func(a, _, x np.Array) np.Array { return np.Add(a, x) }, false, 0},
		"sum":       {one(func(a np.Array) np.Array { return np.Sum(a) }), false, 0},
		"rows":      {one(func(a np.Array) np.Array { return np.Sum(a, np.Axis(1)) }), false, 0},
		"columns":   {one(func(a np.Array) np.Array { return np.Sum(a, np.Axis(0)) }), false, 0},
		"largest":   {one(func(a np.Array) np.Array { return np.Max(a, np.Axis(1)) }), false, 0},
		"mean":      {one(func(a np.Array) np.Array { return np.Mean(a, np.Axis(0)) }), false, 0},
		"transpose": {one(func(a np.Array) np.Array { return np.PermuteDims(a, 1, 0) }), true, 0},
		"spmv":      {func(a, _, x np.Array) np.Array { return np.MatMul(a, x) }, false, 0},
		"spgemm":    {func(a, b, _ np.Array) np.Array { return np.MatMul(a, np.PermuteDims(b, 1, 0)) }, true, 0},
		"after":     {func(a, b, _ np.Array) np.Array { return np.Sin(np.MatMul(a, np.PermuteDims(b, 1, 0))) }, true, 0},
		"normed":    {func(a, _, x np.Array) np.Array { return np.Divide(np.MatMul(a, x), np.Add(np.Sum(a, np.Axis(1)), 100)) }, false, 0},
		"weighted":  {func(a, b, x np.Array) np.Array { return np.Sum(np.Multiply(np.Multiply(a, x), b), np.Axis(1)) }, false, 0},
		"slice":     {one(func(a np.Array) np.Array { return a.Slice(np.Range(2, 8), np.From(1)) }), true, 0},
		"joined":    {func(a, b, _ np.Array) np.Array { return np.Concat(0, a, b) }, true, 0},
		"beside":    {func(a, b, _ np.Array) np.Array { return np.Concat(1, a, b) }, true, 0},
		"flip":      {one(func(a np.Array) np.Array { return np.Flip(a) }), true, 0},
		"strided":   {one(func(a np.Array) np.Array { return a.Slice(np.Range(1, 9).Step(3), np.From(0).Step(2)) }), true, 0},
		"ravel":     {one(func(a np.Array) np.Array { return np.Ravel(a) }), true, 0},
		"reshape":   {one(func(a np.Array) np.Array { return np.Reshape(a, 13, 9) }), true, 0}, // no axis in common
		"split":     {one(func(a np.Array) np.Array { return np.Reshape(a, 3, 3, 1, 13) }), true, 1},
		"roll":      {one(func(a np.Array) np.Array { return np.Roll(a, 3, 1) }), true, 0},
		"tile":      {one(func(a np.Array) np.Array { return np.Tile(a, 2, 1) }), true, 0},
		"stack":     {func(a, b, _ np.Array) np.Array { return np.Stack(1, a, b) }, true, 0},
		"take":      {one(func(a np.Array) np.Array { return np.Take(a, np.FromSlice([]int64{3, 0, -1, 3}), 0) }), true, 0},
		"columnsof": {one(func(a np.Array) np.Array { return np.Take(a, np.FromSlice([]int64{5, 5, 12}), 1) }), true, 1},
		"window":    {one(func(a np.Array) np.Array { return np.Mean(np.SlidingWindow(a, np.Shape{5}, 1), np.Axis(2)) }), true, 0},
		"cumsum":    {one(func(a np.Array) np.Array { return np.CumSum(a, 1) }), false, 0},
		"argmax":    {one(func(a np.Array) np.Array { return np.AsType(np.ArgMax(a, 1), np.Float64) }), false, 0},
		"smallest":  {one(func(a np.Array) np.Array { return np.Min(a) }), false, 1},
		"nonzero":   {one(func(a np.Array) np.Array { return np.AsType(np.CountNonzero(a), np.Float64) }), false, 0},
		"filled":    {func(a, b, _ np.Array) np.Array { return np.Log(np.Abs(np.Multiply(a, b))) }, true, 1},
		"total":     {one(func(a np.Array) np.Array { return np.Sum(a, np.Axis(1)) }), false, 1},
	} {
		t.Run(name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 2))
			for _, l := range []Layout{CSR, CSC, COO(2), DCSR} {
				const rows, cols = 9, 13
				a, da := matrix(t, r, l, rows, cols, c.fill)
				b, db := matrix(t, r, l, rows, cols, c.fill)
				xs := make([]float64, cols)
				for i := range xs {
					xs[i] = r.NormFloat64()
				}
				x := np.FromSlice(xs)
				dense := func(v []float64) np.Array { return np.Reshape(np.FromSlice(v), rows, cols) }
				made := c.f(a, b, x)
				if got := isSparse(t, made); got != c.sparse {
					t.Errorf("%s: the result is sparse: %v", l, got)
				}
				got, want := elements(t, made), elements(t, c.f(dense(da), dense(db), x))
				if len(got) != len(want) {
					t.Fatalf("%s: %d elements, want %d", l, len(got), len(want))
				}
				for i, w := range want {
					if math.Abs(got[i]-w) > 1e-12*max(1, math.Abs(w)) {
						t.Errorf("%s: element %d is %v, want %v", l, i, got[i], w)
					}
				}
			}
		})
	}
}

// TestOnePosition holds that axes of one position are sparse like others: what one operand
// does not store is not in a product, even beside an infinity.
func TestOnePosition(t *testing.T) {
	for n := range 3 {
		a, err := FromCOO(COO(1), []int{n}, [][]int{{}}, []float64{}, 0)
		if err != nil {
			t.Fatal(err)
		}
		b, err := FromCOO(COO(1), []int{n}, [][]int{[]int{0}[:min(n, 1)]}, []float64{math.Inf(-1)}[:min(n, 1)], 0)
		if err != nil {
			t.Fatal(err)
		}
		c := np.Multiply(np.Multiply(a, 2.5), b)
		if !isSparse(t, c) {
			t.Errorf("%d positions: the product is dense", n)
		}
		for i, v := range elements(t, c) {
			if math.Float64bits(v) != 0 {
				t.Errorf("%d positions: element %d is %v", n, i, v)
			}
		}
	}
}

// TestBound holds that a program over a sparse matrix runs again and again over other
// vectors, and that the matrix has no slot.
func TestBound(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	a, dense := matrix(t, r, CSR, 9, 12, 0)
	type in struct{ A, X np.Array }
	p := np.Compile(func(v in) np.Array { return np.Add(np.Dot(v.A, v.X), 1) })
	b, err := p.Bind(t.Context(), in{a, np.Spec(np.Float64, 12)})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	x, err := np.InputSlot[float64](b, ".X")
	if err != nil {
		t.Fatal(err)
	}
	y, err := np.OutputSlot[float64](b, "")
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		for i := range x {
			x[i] = float64(r.IntN(9))
		}
		if err := b.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		for i := range y {
			want := 0.0
			for k := range x {
				want = math.FMA(dense[12*i+k], x[k], want)
			}
			if y[i] != want+1 {
				t.Errorf("element %d is %v, want %v", i, y[i], want+1)
			}
		}
	}
	if _, err := np.InputSlot[float64](b, ".A"); err == nil || !strings.Contains(err.Error(), `input ".A" is no dense array`) {
		t.Error(err)
	}
	doubled := np.Compile(func(v np.Array) np.Array { return np.Multiply(v, 2) })
	if _, err := doubled.Bind(t.Context(), a); err == nil || !strings.Contains(err.Error(), "result 0 is held as csr") {
		t.Error(err)
	}
	if y, err := doubled.Call(t.Context(), a); err != nil || !isSparse(t, y) {
		t.Error(y, err)
	}
}

// TestRefused holds the errors of bad arguments.
func TestRefused(t *testing.T) {
	try := func(want string, err error) {
		t.Helper()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	coo := func(shape []int, coords [][]int, n int) error {
		_, err := FromCOO(CSR, shape, coords, make([]float64, n), 0)
		return err
	}
	try("two elements at [1 2]", coo([]int{3, 4}, [][]int{{1, 0, 1}, {2, 0, 2}}, 3))
	try("element 1 is at 4 of axis 1, which has 4 positions", coo([]int{3, 4}, [][]int{{1, 0}, {2, 4}}, 2))
	try("element 0 is at -1 of axis 0", coo([]int{3, 4}, [][]int{{-1, 0}, {2, 3}}, 2))
	_, err := FromCOO(COO(0), nil, nil, []float64{}, 0)
	try("an array without axes", err)
	try("1 coordinates of axis 1 for 2 values", coo([]int{3, 4}, [][]int{{1, 0}, {2}}, 2))
	csr := func(pos []int64, crd []int32, n int) error {
		_, err := FromCSR(2, 3, pos, crd, make([]float64, n))
		return err
	}
	try("row 0 has column 1 after 2", csr([]int64{0, 2, 2}, []int32{2, 1}, 2))
	try("row 1 has column 3 after -1", csr([]int64{0, 1, 2}, []int32{2, 3}, 2))
	try("row 0 is from 0 to 5 of 2 values", csr([]int64{0, 5, 2}, []int32{1, 2}, 2))
	try("rows are from 0 to 1", csr([]int64{0, 1, 1}, []int32{1, 2}, 2))
	var a np.Array
	a, err = FromCSR(1, 2, []int64{0, 1}, []int32{1}, []float64{3})
	if err != nil {
		t.Fatal(err)
	}
	_, err = np.Values[float64](t.Context(), a)
	try("make it dense first", err)
}

// TestPrint holds what fmt writes of sparse arrays: nothing is made dense for it.
func TestPrint(t *testing.T) {
	huge := []int{1 << 20, 1 << 20}
	for _, c := range []struct {
		layout Layout
		shape  []int
		coords [][]int
		want   string
	}{
		{CSR, []int{3, 4}, [][]int{{0, 2}, {1, 3}}, "np.Array(float64[3 4], csr, 2 of 3x4 stored, fill 0.5)\n (0, 1) 1\n (2, 3) 2"},
		{CSC, []int{3, 4}, [][]int{{0, 2}, {3, 1}}, "np.Array(float64[3 4], csc, 2 of 3x4 stored, fill 0.5)\n (2, 1) 2\n (0, 3) 1"},
		{COO(2), huge, [][]int{{7, 1 << 19}, {9, 3}}, "np.Array(float64[1048576 1048576], coo, 2 of 1048576x1048576 stored, fill 0.5)\n (7, 9) 1\n (524288, 3) 2"},
		{Vector, []int{9}, [][]int{{}}, "np.Array(float64[9], sparsevec, 0 of 9 stored, fill 0.5)"},
		{DCSR, []int{0, 3}, [][]int{{}, {}}, "np.Array(float64[0 3], levels(compressed,compressed), 0 of 0x3 stored, fill 0.5)"},
	} {
		values := make([]float64, len(c.coords[0]))
		for i := range values {
			values[i] = float64(i + 1)
		}
		a, err := FromCOO(c.layout, c.shape, c.coords, values, 0.5)
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(a); got != c.want {
			t.Errorf("got\n%s\nwant\n%s", got, c.want)
		}
	}
	coords := make([]int, 12)
	for i := range coords {
		coords[i] = 3 * i
	}
	a, err := FromCOO(Vector, []int{100}, [][]int{coords}, make([]int8, 12), -1)
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(a); !strings.Contains(got, "12 of 100 stored, fill -1") || !strings.HasSuffix(got, "\n (27) 0\n ... 2 more") {
		t.Error(got)
	}
}
