package random_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"

	np "github.com/numen-go/numen/expr"
	"github.com/numen-go/numen/expr/random"
)

func values[T np.Elem](t *testing.T, a np.Array, opts ...np.EvalOption) []T {
	t.Helper()
	v, err := np.Values[T](t.Context(), a, opts...)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestNumbersDependOnKeyShapeAndDTypeAlone(t *testing.T) {
	shape := np.Shape{37, 55}
	for name, a := range map[string]np.Array{
		"uniform": random.Uniform(random.New(7), shape),
		"normal":  random.Normal(random.New(7), shape),
	} {
		want := values[float64](t, a)
		for _, opts := range [][]np.EvalOption{{np.Threads(1)}, {np.Threads(3)}, {np.On("ref")}} {
			if !slices.Equal(values[float64](t, a, opts...), want) {
				t.Errorf("%s: other numbers with %v", name, opts)
			}
		}
		part := values[float64](t, a.Slice(np.Range(5, 9), np.From(50)))
		for i := range 4 {
			if !slices.Equal(part[5*i:5*i+5], want[55*(5+i)+50:55*(5+i)+55]) {
				t.Errorf("%s: row %d of a slice has other numbers", name, i)
			}
		}
		if slices.Equal(values[float64](t, random.Uniform(random.New(8), shape)), want) {
			t.Errorf("%s: another seed gives the same numbers", name)
		}
	}
}

// moments checks mean and variance within five standard errors.
func moments(t *testing.T, name string, v []float64, mean, variance float64) {
	t.Helper()
	n := float64(len(v))
	var sum, square float64
	for _, x := range v {
		sum += x
	}
	for _, x := range v {
		square += (x - sum/n) * (x - sum/n)
	}
	if d := math.Abs(sum/n - mean); d > 5*math.Sqrt(variance/n) {
		t.Errorf("%s: mean %v, want %v", name, sum/n, mean)
	}
	if d := math.Abs(square/n - variance); d > 5*variance*math.Sqrt(2/n) {
		t.Errorf("%s: variance %v, want %v", name, square/n, variance)
	}
}

func TestDistributions(t *testing.T) {
	shape := np.Shape{200_000}
	u := values[float64](t, random.Uniform(random.New(1), shape))
	moments(t, "uniform", u, 0.5, 1.0/12)
	if slices.Min(u) < 0 || slices.Max(u) >= 1 {
		t.Errorf("uniform numbers from %v to %v", slices.Min(u), slices.Max(u))
	}
	z := values[float64](t, random.Normal(random.New(2), shape))
	moments(t, "normal", z, 0, 1)
	inside := 0
	for _, x := range z {
		if math.Abs(x) < 1 {
			inside++
		}
	}
	if p := float64(inside) / float64(len(z)); math.Abs(p-math.Erf(math.Sqrt(0.5))) > 0.006 {
		t.Errorf("%v of normal numbers lie within 1", p)
	}
	var single []float64
	for _, x := range values[float32](t, random.Normal(random.New(2), shape, np.Float32)) {
		single = append(single, float64(x))
	}
	moments(t, "normal float32", single, 0, 1)
	var whole []float64
	for _, x := range values[int64](t, random.Integers(random.New(3), -3, 7, shape)) {
		if x < -3 || x >= 7 {
			t.Fatalf("%d is not in [-3, 7)", x)
		}
		whole = append(whole, float64(x))
	}
	moments(t, "integers", whole, 1.5, 99.0/12)
}

func TestIntegersReachTheirBounds(t *testing.T) {
	seen := map[int8]bool{}
	for _, x := range values[int8](t, random.Integers(random.New(1), -128, 128, np.Shape{20_000}, np.Int8)) {
		seen[x] = true
	}
	if len(seen) != 256 {
		t.Errorf("%d of 256 values in 20000 draws", len(seen))
	}
	for _, x := range values[int64](t, random.Integers(random.New(1), math.MinInt64, math.MaxInt64, np.Shape{100})) {
		if x == 0 {
			t.Error("zero is unlikely")
		}
	}
}

func TestKeysAreIndependent(t *testing.T) {
	k := random.New(5)
	keys := append(k.Split(3), k.Fold(0), k.Fold(1), k, random.New(6))
	seen := map[float64]int{}
	for i, key := range keys {
		for _, x := range values[float64](t, random.Uniform(key, np.Shape{500})) {
			if j, ok := seen[x]; ok {
				t.Fatalf("keys %d and %d share the number %v", j, i, x)
			}
			seen[x] = i
		}
	}
	if a, b := values[uint64](t, k.Fold(9).Data), values[uint64](t, random.New(5).Fold(9).Data); !slices.Equal(a, b) {
		t.Errorf("one step of one seed has two keys: %v %v", a, b)
	}
}

func TestANewKeyCompilesNothing(t *testing.T) {
	prog := np.Compile(func(k random.Key) np.Array { return random.Uniform(k, np.Shape{3}) })
	defer prog.Close()
	var before []float64
	for seed := range uint64(3) {
		out, err := prog.Call(t.Context(), random.New(seed))
		if err != nil {
			t.Fatal(err)
		}
		v := values[float64](t, out)
		if !slices.Equal(v, values[float64](t, random.Uniform(random.New(seed), np.Shape{3}))) {
			t.Error("a compiled program draws other numbers")
		}
		if slices.Equal(v, before) {
			t.Error("a new key draws the old numbers")
		}
		before = v
	}
}

func TestBadCallsAreErrors(t *testing.T) {
	k := random.New(1)
	for name, c := range map[string]struct {
		a     np.Array
		class error
	}{
		"uniform of integers": {random.Uniform(k, np.Shape{2}, np.Int32), np.ErrDType},
		"normal of bool":      {random.Normal(k, np.Shape{2}, np.Bool), np.ErrDType},
		"empty range":         {random.Integers(k, 3, 3, np.Shape{2}), np.ErrShape},
		"integers of floats":  {random.Integers(k, 0, 3, np.Shape{2}, np.Float64), np.ErrDType},
		"bounds of uint8":     {random.Integers(k, 0, 257, np.Shape{2}, np.Uint8), np.ErrDType},
		"negative in uint8":   {random.Integers(k, -1, 7, np.Shape{2}, np.Uint8), np.ErrDType},
		"negative shape":      {random.Uniform(k, np.Shape{-3}), np.ErrShape},
		"fold":                {k.Fold(1 << 63).Data, np.ErrIndex},
		"zero key":            {random.Uniform(random.Key{}, np.Shape{2}), np.ErrNil},
	} {
		if !errors.Is(c.a.Err(), c.class) {
			t.Errorf("%s: %v, want the class %v", name, c.a.Err(), c.class)
		}
	}
}

func Example() {
	k := random.New(42)
	dice := random.Integers(k.Fold(0), 1, 7, np.Shape{5})
	v, err := np.Values[int64](context.Background(), dice)
	fmt.Println(len(v), err)
	// Output: 5 <nil>
}
