package np_test

import (
	"os"
	"strings"
	"testing"
	"time"

	np "github.com/numen-go/numen/expr"
)

// TestPromotionLikeNumPy adds arrays of every two dtypes, and numbers to arrays: see
// promote.py.
func TestPromotionLikeNumPy(t *testing.T) {
	data, err := os.ReadFile("testdata/promote.txt")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(string(data)) {
		f := strings.Fields(line)
		a := np.Ones(np.Shape{1}, dtypeNamed(t, f[0]))
		var b np.Operand
		switch f[1] {
		case "int":
			b = 1
		case "float":
			b = 1.5
		default:
			b = np.Ones(np.Shape{1}, dtypeNamed(t, f[1]))
		}
		if got := np.Maximum(a, b).DType().String(); got != f[2] {
			t.Errorf("%s with %s is %s, NumPy has %s", f[0], f[1], got, f[2])
		}
		n++
	}
	if n != 11*13 {
		t.Errorf("%d rows", n)
	}
}

type celsius float64

func TestWeakNumbers(t *testing.T) {
	f32, i8, i64, u64 := np.Of[float32](1), np.Of[int8](1), np.Of(1), np.Of[uint64](1)
	rate := 0.1 // a float64 variable: no function can tell it from the constant 0.1
	for name, c := range map[string]struct {
		got  np.Array
		want np.DType
	}{
		"variable":         {np.Multiply(f32, rate), np.Float32},
		"constant":         {np.Multiply(0.1, f32), np.Float32},
		"small integer":    {np.Add(i8, 1), np.Int8},
		"large integer":    {np.Add(u64, uint64(1<<63)), np.Uint64},
		"raised kind":      {np.Add(i64, 1.5), np.Float64},
		"raised from bool": {np.Add(np.Of(true), 1), np.Int64},
		"strong number":    {np.Multiply(f32, np.Scalar(rate)), np.Float64},
		"slice":            {np.Add(f32, []float64{1}), np.Float64},
		"named type":       {np.Add(i64, time.Second), np.Int64},
		"named float":      {np.Add(f32, celsius(1)), np.Float32},
		"bool":             {np.Add(i8, true), np.Int8},
		"two numbers":      {np.Add(1, 2), np.Int64},
		"two kinds":        {np.Add(1, 2.5), np.Float64},
		"two bools":        {np.LogicalAnd(true, false), np.Bool},
		"clip":             {np.Clip(i8, nil, 3), np.Int8},
		"where":            {np.Where(np.Of(true), f32, 0), np.Float32},
		"full":             {np.Full(np.Shape{1}, 2), np.Int64},
	} {
		if c.got.Err() != nil || c.got.DType() != c.want {
			t.Errorf("%s: %v, want %s", name, c.got, c.want)
		}
	}
	for name, a := range map[string]np.Array{
		"above int8":       np.Add(i8, 128),
		"below int8":       np.Add(i8, -129),
		"negative uint64":  np.Add(u64, -1),
		"above int64":      np.Add(i64, uint64(1<<63)),
		"infinite float32": np.Add(f32, 1e39),
		"float into int":   i8.At(np.At(0)).Set(0.5),
	} {
		if a.Err() == nil {
			t.Errorf("%s fits: %v", name, a)
		}
	}
	// The ends of the ranges fit, and an infinity is one.
	for name, a := range map[string]np.Array{
		"int8 ends": np.Add(np.Add(i8, 127), -128),
		"infinity":  np.Add(f32, inf),
		"nan":       np.Add(f32, nan),
		"uint8":     np.Add(u, 255),
	} {
		if a.Err() != nil {
			t.Errorf("%s: %v", name, a.Err())
		}
	}
}

// TestSlicesAreCopied changes slices after the call.
func TestSlicesAreCopied(t *testing.T) {
	s := []float64{1, 2}
	rows := [][]float64{{1, 2}, {3, 4}}
	of, from, operand, nested := np.Of(s...), np.FromSlice(s), np.Add(s, 0), np.FromRows(rows)
	alias := np.AliasSlice(s)
	s[0], rows[0][0] = 100, 100
	for name, a := range map[string]np.Array{"Of": of, "FromSlice": from, "operand": operand, "FromRows": nested} {
		got := np.Must(np.Values[float64](ctx, a))
		if got[0] != 1 {
			t.Errorf("%s shares the caller's slice", name)
		}
		got[0] = 7
		if again := np.Must(np.Values[float64](ctx, a)); again[0] != 1 {
			t.Errorf("%s: the slice that Values returned is the array's own", name)
		}
	}
	if got := np.Must(np.Values[float64](ctx, alias)); got[0] != 100 {
		t.Error("AliasSlice copies")
	}
}

// TestNested reads what Go values can hold numbers.
func TestNested(t *testing.T) {
	for name, c := range map[string]struct {
		v    np.Operand
		d    np.DType
		want string
	}{
		"number":       {3, np.Int64, "3"},
		"array":        {[2]float32{1, 2}, np.Float32, "[1. 2.]"},
		"slices":       {[][]int8{{1, 2}, {3, 4}}, np.Int8, "[[1 2]\n [3 4]]"},
		"mixed":        {[][2]bool{{true, false}}, np.Bool, "[[ True False]]"},
		"named":        {[]celsius{1}, np.Float64, "[1.]"},
		"empty":        {[]float64{}, np.Float64, "[]"},
		"empty rows":   {[][]float64{}, np.Float64, "[]"},
		"array itself": {np.Of(1), np.Int64, "[1]"},
	} {
		a, err := np.FromNested(c.v).Eval(ctx)
		if err != nil || a.DType() != c.d || a.String() != c.want {
			t.Errorf("%s: %v %v, want %s", name, a, err, c.want)
		}
	}
	if got := np.FromNested([][]float64{}).Shape(); len(got) != 2 {
		t.Errorf("no rows have shape %v", got)
	}
}

// TestStrangeOperands hands in what is no operand.
func TestStrangeOperands(t *testing.T) {
	type opaque struct{ n int }
	for _, v := range []any{
		struct{}{}, opaque{1}, &opaque{1}, (*float64)(nil), map[string]float64{}, make(chan int), func() {}, uintptr(3), "1", 'a' == 'b' && false,
		[]any{1.0}, []string{}, [][]string{{"a"}}, []np.Array{m}, []*float64{nil}, [][]float64{nil, {1}}, [][]float64{{1}, nil}, [2][]int{{1}, {1, 2}}, []error{nil},
	} {
		a := np.Add(m, v)
		if _, isBool := v.(bool); !isBool && a.Err() == nil {
			t.Errorf("%T is an operand: %v", v, a)
		}
	}
	for _, v := range []any{[]float64(nil), [][]float64{nil, nil}, [0][3]int{}, [][0]int{{}, {}}} {
		if a := np.FromNested(v); a.Err() != nil || a.Size() != 0 {
			t.Errorf("%T: %v", v, a)
		}
	}
}
