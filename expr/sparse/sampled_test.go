package sparse

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	np "github.com/numen-go/numen/expr"
)

// TestSampled runs programs whose dense parts have 10^10 elements, of which a sparse
// matrix asks for 2000: only those are computed, for all the others have no room.
func TestSampled(t *testing.T) {
	const n, k, stored = 100_000, 24, 2000
	r := rand.New(rand.NewPCG(5, 6))
	coords, values, seen := [][]int{{}, {}}, []float64{}, map[[2]int]bool{}
	for len(values) < stored {
		at := [2]int{r.IntN(n), r.IntN(n)}
		if seen[at] {
			continue
		}
		seen[at] = true
		coords[0], coords[1], values = append(coords[0], at[0]), append(coords[1], at[1]), append(values, r.NormFloat64())
	}
	random := func(n int) []float64 {
		x := make([]float64, n)
		for i := range x {
			x[i] = r.NormFloat64()
		}
		return x
	}
	xs, ys := random(n*k), random(n*k)
	us, vs := random(n), random(n)
	x, y := np.Reshape(np.FromSlice(xs), n, k), np.Reshape(np.FromSlice(ys), n, k)
	u, v := np.Reshape(np.FromSlice(us), n, 1), np.FromSlice(vs)
	dot := func(i, j int) float64 {
		s := math.Copysign(0, -1)
		for q := range k {
			s = math.FMA(xs[i*k+q], ys[j*k+q], s)
		}
		return s
	}
	product := np.MatMul(x, np.PermuteDims(y, 1, 0))
	for name, c := range map[string]struct {
		f    func(a np.Array) np.Array
		want func(a float64, i, j int) float64
	}{
		"product":    {func(a np.Array) np.Array { return np.Multiply(a, product) }, func(a float64, i, j int) float64 { return a * dot(i, j) }},
		"other side": {func(a np.Array) np.Array { return np.Multiply(np.MatMul(x, np.PermuteDims(y, 1, 0)), a) }, func(a float64, i, j int) float64 { return a * dot(i, j) }},
		"transposed": {func(a np.Array) np.Array {
			return np.Multiply(a, np.PermuteDims(np.MatMul(y, np.PermuteDims(x, 1, 0)), 1, 0))
		}, func(a float64, i, j int) float64 { return a * dot(i, j) }},
		"after": {func(a np.Array) np.Array { return np.Multiply(a, np.Maximum(np.Add(product, v), 0)) }, func(a float64, i, j int) float64 {
			return a * max(dot(i, j)+vs[j], 0)
		}},
		"sums": {func(a np.Array) np.Array { return np.Multiply(a, np.Add(u, v)) }, func(a float64, i, j int) float64 { return a * (us[i] + vs[j]) }},
		"einsum": {func(a np.Array) np.Array { return np.Multiply(a, np.Einsum("ik,jk->ij", x, y)) }, func(a float64, i, j int) float64 {
			return a * dot(i, j)
		}},
		"twice": {func(a np.Array) np.Array { return np.Multiply(np.Multiply(a, a), product) }, func(a float64, i, j int) float64 {
			return float64(a*a) * dot(i, j)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			for _, l := range []Layout{CSR, CSC, COO(2)} {
				a, err := FromCOO(l, []int{n, n}, coords, values, 0)
				if err != nil {
					t.Fatal(err)
				}
				got, err := c.f(a).Eval(t.Context(), np.Memory(256<<20))
				if err != nil {
					t.Fatal(err)
				}
				at, has, err := ToCOO[float64](t.Context(), got)
				if err != nil {
					t.Fatal(err)
				}
				if len(has) != stored {
					t.Fatalf("%d elements are stored, want %d", len(has), stored)
				}
				index := map[[2]int]float64{}
				for q, w := range values {
					index[[2]int{coords[0][q], coords[1][q]}] = w
				}
				for q, g := range has {
					i, j := at[0][q], at[1][q]
					if want := c.want(index[[2]int{i, j}], i, j); math.Float64bits(g) != math.Float64bits(want) {
						t.Fatalf("%s: element [%d %d] is %v, want %v", l, i, j, g, want)
					}
				}
			}
		})
	}
	a, err := FromCOO(CSR, []int{n, n}, coords, values, 0)
	if err != nil {
		t.Fatal(err)
	}
	text, err := np.Multiply(a, product).Explain()
	if err != nil {
		t.Fatal(err)
	}
	if s := text.String(); !strings.Contains(s, " over ") {
		t.Error(s)
	}
	// A sum over what is stored needs no more.
	sum, err := np.Values[float64](t.Context(), np.Sum(np.Multiply(a, product), np.Axis(1)), np.Memory(256<<20))
	if err != nil {
		t.Fatal(err)
	}
	want := make([]float64, n)
	for q, w := range values {
		want[coords[0][q]] += w * dot(coords[0][q], coords[1][q])
	}
	for i, w := range want {
		if math.Abs(sum[i]-w) > 1e-12*(1+math.Abs(w)) {
			t.Fatalf("row %d: %v, want %v", i, sum[i], w)
		}
	}
}

// TestFactors runs the product of a tensor with two factors whose dense part would have
// 10^10 rows.
func TestFactors(t *testing.T) {
	const n, rank, stored = 100_000, 3, 2000
	r := rand.New(rand.NewPCG(7, 8))
	coords, values := [][]int{{}, {}, {}}, []float64{}
	for q := range stored {
		coords[0], coords[1], coords[2] = append(coords[0], q*7), append(coords[1], r.IntN(n)), append(coords[2], r.IntN(n))
		values = append(values, r.NormFloat64())
	}
	a, err := FromCOO(CSF(3), []int{n, n, n}, coords, values, 0)
	if err != nil {
		t.Fatal(err)
	}
	xs, ys := make([]float64, n*rank), make([]float64, n*rank)
	for i := range xs {
		xs[i], ys[i] = r.NormFloat64(), r.NormFloat64()
	}
	x, y := np.Reshape(np.FromSlice(xs), n, rank), np.Reshape(np.FromSlice(ys), n, rank)
	got, err := np.Values[float64](t.Context(), np.Einsum("ijk,jr,kr->ir", a, x, y), np.Memory(64<<20))
	if err != nil {
		t.Fatal(err)
	}
	want := make([]float64, n*rank)
	for q, v := range values {
		for c := range rank {
			i := coords[0][q]*rank + c
			want[i] = math.FMA(v, xs[coords[1][q]*rank+c]*ys[coords[2][q]*rank+c], want[i])
		}
	}
	for i, w := range want {
		if got[i] != w {
			t.Fatalf("element %d is %v, want %v", i, got[i], w)
		}
	}
}
