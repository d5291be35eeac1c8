package np_test

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	np "github.com/numen-go/numen/expr"
)

// TestEdges asks for what lies at the edges of dtypes and shapes, on the processor and of
// the evaluator. Numbers are those that package ir promises.
func TestEdges(t *testing.T) {
	const far = 1 << 40
	least := int64(math.MinInt64)
	specials := np.Of(nan, inf, -inf, minusZero, 5e-324, -2.5, 1e300)
	wide := np.Must(np.Zeros(np.Shape{0, far, far}).Eval(ctx))
	tall := np.Must(np.Zeros(np.Shape{far, 0}).Eval(ctx))
	for _, c := range []struct {
		name string
		of   np.Array
		want string // shape and elements
	}{
		{"max of zeros", np.SignBit(np.Max(np.Of(minusZero, 0))), "[] False"},
		{"min of zeros", np.SignBit(np.Min(np.Of(0, minusZero))), "[] True"},
		{"sum of -0", np.SignBit(np.Sum(np.Of(minusZero, minusZero))), "[] True"},
		{"sum of nothing", np.SignBit(np.Sum(np.Zeros(np.Shape{0}))), "[] False"},
		{"signs", np.SignBit(specials), "[7] False False True True False True False"},
		{"to int8", np.AsType(specials, np.Int8), "[7] 0 127 -128 0 0 -2 127"},
		{"to uint8", np.AsType(specials, np.Uint8), "[7] 0 255 0 0 0 0 255"},
		{"to int64", np.AsType(specials, np.Int64), fmt.Sprint("[7] 0 ", math.MaxInt64, " ", least, " 0 0 -2 ", math.MaxInt64)},
		{"to bool", np.AsType(specials, np.Bool), "[7] True True True False True True True"},
		{"subnormal", np.Multiply(np.Of(5e-324, 1e-308, -1e-310), 0.5), "[3] 0 5e-309 -5e-311"},
		{"divided int8", np.FloorDivide(np.Of[int8](-128, 127, 0, -5), np.Of[int8](-1, 0, 0, 3)), "[4] -128 0 0 -2"},
		{"rest of int8", np.Remainder(np.Of[int8](-128, 127, 7, -5), np.Of[int8](-1, 0, -3, 3)), "[4] 0 0 -2 1"},
		{"divided int64", np.FloorDivide(np.Of(least, 5, -5), np.Of[int64](-1, 0, 2)), fmt.Sprint("[3] ", least, " 0 -3")},
		{"rest of int64", np.Remainder(np.Of(least, 5, -5), np.Of[int64](-1, 0, 2)), "[3] 0 0 1"},
		{"divided by 0", np.FloorDivide(np.Of(1.0, -1, 0, inf, 5), np.Of(0.0, 0, 0, 2, inf)), "[5] +Inf -Inf NaN NaN 0"},
		{"rest by 0", np.Remainder(np.Of(1.0, 0, inf, 5, -5), np.Of(0.0, 3, 2, inf, inf)), "[5] NaN 0 NaN 5 +Inf"},
		{"least int8", np.Abs(np.Of[int8](-128, -127)), "[2] -128 127"},
		{"sum wraps", np.Sum(np.Of[int64](math.MaxInt64, 1)), fmt.Sprint("[] ", least)},
		{"far shifts", np.BitwiseLeftShift(np.Of[int32](1, 1, 1), np.Of[int32](31, 32, -1)), "[3] -2147483648 0 0"},
		{"powers of 0", np.Pow(np.Of(0.0, minusZero, minusZero, 1, -8), np.Of(0, -1, -2, nan, 0.5)), "[5] 1 -Inf +Inf 1 NaN"},
		{"power -1", np.Pow(np.Of(4.0, minusZero, inf, nan), -1), "[4] 0.25 -Inf 0 NaN"},
		{"bare power", np.Pow(np.Of[int64](3, -2, 1<<40, 0), 13), "[4] 1594323 -8192 0 0"},
		{"power wraps", np.Pow(np.Of[int8](3, -2, 7), 7), "[3] -117 -128 -9"},
		{"first NaN", np.ArgMax(np.Of(1, nan, 3, nan), 0), "[] 1"},
		{"first of equals", np.ArgMin(np.Of(0, minusZero, 0), 0), "[] 0"},
		{"all are least", np.ArgMax(np.Of(-inf, -inf), 0), "[] 0"},
		{"NaN so far", np.CumMax(np.Of(1, nan, 3), 0), "[3] 1 NaN NaN"},
		{"no row", np.ArgMax(np.Zeros(np.Shape{0, 3}), 1), "[0]"},
		{"no dimension", np.Sum(np.Scalar(1.5).T()), "[] 1.5"},
		{"one element", np.Var(np.Of(1.0), np.Correction(1)), "[] NaN"},
		{"backwards", np.Arange(0, 10, 1).Slice(np.Whole.Step(-1)).Slice(np.Range(8, 1).Step(-3)), "[3] 1 4 7"},
		{"a part into another", np.Arange(0, 5, 1).At(np.From(1)).Set(np.Arange(0, 4, 1)), "[5] 0 0 1 2 3"},
		{"far roll", np.Roll(np.Arange(0, 5, 1), 1<<62, 0), "[5] 1 2 3 4 0"},
		{"neighbours of none", np.Diff(np.Zeros(np.Shape{0}), 0), "[0]"},
		{"taken from nothing", np.Take(np.Zeros(np.Shape{0}), np.Of[int64](), 0), "[0]"},

		// An empty array has no elements, however long its other axes are.
		{"wide", np.Add(wide, 1), fmt.Sprintf("[0 %d %d]", far, far)},
		{"wide sum", np.Sum(wide), "[] 0"},
		{"wide sums", np.Sum(wide, np.Axis(1, 2)), "[0]"},
		{"tall", np.Add(tall, 1), fmt.Sprintf("[%d 0]", far)},
		{"tall sums", np.Sum(tall, np.Axis(0)), "[0]"},
		{"tall running sums", np.CumSum(tall, 1), fmt.Sprintf("[%d 0]", far)},
		{"tall product", np.Dot(tall.T(), tall), "[0 0]"},
		{"tall, twice", np.Concat(1, tall, tall), fmt.Sprintf("[%d 0]", far)},
		{"widened", np.BroadcastTo(np.Zeros(np.Shape{0, 1}), 0, far<<18), fmt.Sprintf("[0 %d]", far<<18)},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, target := range []string{"cpu", "ref"} {
				soon, cancel := context.WithTimeout(ctx, 10*time.Second)
				v, err := c.of.Eval(soon, np.On(target))
				cancel()
				if err != nil {
					t.Fatal(target, err)
				}
				got := []string{fmt.Sprint([]int(v.Shape()))}
				for p := range v.Size() {
					got = append(got, elementText(t, v, p))
				}
				if s := strings.Join(got, " "); s != c.want {
					t.Errorf("%s: %s, want %s", target, s, c.want)
				}
			}
		})
	}
}

// TestResultsOverTheirInput writes results where their inputs lie, at the same place and
// a place further on.
func TestResultsOverTheirInput(t *testing.T) {
	for name, c := range map[string]struct {
		of   func(x np.Array) np.Array
		want func(i, n int) float64
	}{
		"flipped": {func(x np.Array) np.Array { return np.Flip(x) }, func(i, n int) float64 { return float64(n - 1 - i) }},
		"rolled":  {func(x np.Array) np.Array { return np.Roll(x, 1, 0) }, func(i, n int) float64 { return float64((i + n - 1) % n) }},
		"summed":  {func(x np.Array) np.Array { return np.Add(x, np.Sum(x)) }, func(i, n int) float64 { return float64(i + n*(n-1)/2) }},
	} {
		for _, shift := range []int{0, 1} {
			const n = 5000
			memory := slices.Concat(counting(n), []float64{0})
			if err := np.ValuesInto(ctx, memory[shift:shift+n], c.of(np.AliasSlice(memory[:n]))); err != nil {
				t.Fatal(name, err)
			}
			for i, got := range memory[shift : shift+n] {
				if want := c.want(i, n); got != want {
					t.Fatalf("%s, %d further on: element %d is %v, want %v", name, shift, i, got, want)
				}
			}
		}
	}
}

// TestDividingByOneNumber divides by a number, and by arrays of it, which takes another
// path, numbers at and beside multiples.
func TestDividingByOneNumber(t *testing.T) {
	for _, d := range []np.DType{np.Int8, np.Uint8, np.Int16, np.Uint16, np.Int32, np.Uint32} {
		bits := 8 * d.Size()
		most := int64(1)<<bits - 1
		if d == np.Int8 || d == np.Int16 || d == np.Int32 {
			most /= 2
		}
		for _, by := range []int64{1, 2, 3, 7, 10, 11, 100, 127, 255, 1000, 4095, 32767, 65521, 46341, 1<<31 - 1, 1<<32 - 5, most, -1, -3, -most} {
			if by > most || by < 0 && uint64(most) == 1<<bits-1 {
				continue
			}
			var of []int64
			for k := range int64(3000) {
				q := k
				if k >= 1000 { // from all over, and from the end
					q = max(most/by-k%1000*(k/2000*(most/by/1000)+1), 0)
				}
				of = append(of, q*by-1, q*by, q*by+1, -q*by, most-k, -most-1+k)
			}
			x := np.Must(np.AsType(np.Of(of...), d).Eval(ctx))
			for name, f := range map[string]func(a, b np.Operand) np.Array{"quotient": np.FloorDivide, "rest": np.Remainder} {
				divisor := np.Must(np.Multiply(np.OnesLike(x), by).Eval(ctx))
				if !np.Must(np.Value[bool](ctx, np.All(np.Equal(np.Must(f(x, by).Eval(ctx)), np.Must(f(x, divisor).Eval(ctx)))))) {
					t.Errorf("%s of %s by %d", name, d, by)
				}
			}
		}
	}
}
