package ir

import (
	"fmt"
	"math"
	"math/bits"
	"os"
	"strings"
	"testing"
)

// TestOrdersAgainstFixture compares reductions, contractions and scans with results
// that testdata/orders/make.py computed with exact rationals.
func TestOrdersAgainstFixture(t *testing.T) {
	text, err := os.ReadFile("testdata/orders/orders.txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		var op, orderName, dtype string
		var n int
		var want uint64
		if _, err := fmt.Sscanf(line, "%s %s %s %d %v", &op, &orderName, &dtype, &n, &want); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		d, _ := ParseDType(dtype)
		order, _ := ParseOrder(orderName)
		var got uint64
		switch op {
		case "sum", "prod":
			value := func(k int) float64 { return fixtureValue(k) / (1 << 20) }
			if op == "prod" {
				value = func(k int) float64 { return 1 + fixtureValue(k)/(1<<38) }
			}
			got = evalOne(t, op, &Attr{Axes: []int{0}, Order: order}, vector(d, n, value)).Elems[0]
		case "dot":
			x := vector(d, n, func(k int) float64 { return fixtureValue(k) / (1 << 20) })
			y := vector(d, n, func(k int) float64 { return fixtureValue(k+77) / (1 << 30) })
			got = evalOne(t, "contract", &Attr{Spec: "i,i->|i", Order: order}, x, y).Elems[0]
		case "cumsum":
			x := vector(d, n, func(k int) float64 { return fixtureValue(k) / (1 << 20) })
			for k, e := range evalOne(t, op, &Attr{Axes: []int{0}}, x).Elems {
				got ^= bits.RotateLeft64(e, k%64)
			}
		default:
			t.Fatalf("unknown operation in %q", line)
		}
		if got != want {
			t.Errorf("%s %s %s of %d elements: got %#x, want %#x", op, orderName, dtype, n, got, want)
		}
	}
}

// TestOrdersByHand holds cases small enough to work out on paper: which additions a
// large number swallows tells the order.
func TestOrdersByHand(t *testing.T) {
	const big = 1 << 53 // big + 1 is big
	ones := func(k int) float64 { return 1 }
	cases := []struct {
		what  string
		op    string
		attr  *Attr
		n     int
		value func(k int) float64
		want  float64
	}{
		// Lane 0 holds big and, from 16 on, swallows its ones; the other 15 lanes count.
		{"lanes: ones after big are lost in its lane only", "sum", &Attr{Order: Lanes}, 64, func(k int) float64 {
			if k == 0 {
				return big
			}
			return 1
		}, big + 60},
		{"chain: every one after big is lost", "sum", &Attr{Order: Chain}, 512, func(k int) float64 {
			if k == 0 {
				return big
			}
			return 1
		}, big},
		{"chain: the next block is a sum of its own", "sum", &Attr{Order: Chain}, 1024, func(k int) float64 {
			if k == 0 {
				return big
			}
			return 1
		}, big + 512},
		{"tree: neighbours first", "sum", &Attr{Order: TreeOrder}, 4, func(k int) float64 {
			return []float64{big, 1, 1, 1}[k]
		}, big + 2},
		{"tree: the left part is the largest power of two", "sum", &Attr{Order: TreeOrder}, 5, func(k int) float64 {
			return []float64{1, 1, 1, 1, big}[k]
		}, big + 4},
		{"a block of 1024 ends", "sum", &Attr{Order: Lanes}, 1025, ones, 1025},
	}
	for _, c := range cases {
		c.attr.Axes = []int{0}
		got := evalOne(t, c.op, c.attr, vector(Float64, c.n, c.value)).Elems[0]
		if got != Float(Float64, c.want) {
			t.Errorf("%s: got %v, want %v", c.what, math.Float64frombits(got), c.want)
		}
	}
}

// TestSignOfZero holds what the sum's identity is for: zeros keep their sign, and
// nothing at all is +0.
func TestSignOfZero(t *testing.T) {
	minus := math.Copysign(0, -1)
	for _, d := range []DType{Float32, Float64} {
		for _, n := range []int{0, 1, 5, 600, 1100} {
			want := minus
			if n == 0 {
				want = 0
			}
			zeros := vector(d, n, func(int) float64 { return minus })
			ones := vector(d, n, func(int) float64 { return 1 })
			for _, order := range []Order{Lanes, Chain, TreeOrder} {
				if got := evalOne(t, "sum", &Attr{Axes: []int{0}, Order: order}, zeros).Elems[0]; got != Float(d, want) {
					t.Errorf("sum.%s of %d times -0 as %s: %#x", order, n, d, got)
				}
			}
			for _, order := range []Order{Lanes, Chain} {
				if got := evalOne(t, "contract", &Attr{Spec: "i,i->|i", Order: order}, zeros, ones).Elems[0]; got != Float(d, want) {
					t.Errorf("contract.%s of %d times -0 as %s: %#x", order, n, d, got)
				}
			}
			for k, got := range evalOne(t, "cumsum", &Attr{Axes: []int{0}}, zeros).Elems {
				if got != Float(d, minus) {
					t.Errorf("cumsum of -0 as %s at %d: %#x", d, k, got)
				}
			}
			for k, got := range evalOne(t, "cumsum", &Attr{Axes: []int{0}, Flag: true}, zeros).Elems {
				if (k == 0) != (got == 0) {
					t.Errorf("exclusive cumsum of -0 as %s at %d: %#x", d, k, got)
				}
			}
		}
	}
}

// TestArgReductions holds ties, NaN and signed zeros.
func TestArgReductions(t *testing.T) {
	nan, minus := math.NaN(), math.Copysign(0, -1)
	cases := []struct {
		x        []float64
		min, max uint64
	}{
		{[]float64{3, 1, 2, 1, 3}, 1, 0},
		{[]float64{1, nan, 0, nan}, 1, 1},
		{[]float64{0, minus, 0}, 0, 0},
		{[]float64{minus, 0}, 0, 0},
		{[]float64{math.Inf(1), math.Inf(1)}, 0, 0},
		{[]float64{math.Inf(-1), math.Inf(-1), 5}, 0, 2},
	}
	for _, c := range cases {
		for _, d := range []DType{Float32, Float64} {
			x := vector(d, len(c.x), func(k int) float64 { return c.x[k] })
			if got := evalOne(t, "argmin", &Attr{Axes: []int{0}, Order: Free}, x).Elems[0]; got != c.min {
				t.Errorf("argmin of %v is %d, want %d", c.x, got, c.min)
			}
			if got := evalOne(t, "argmax", &Attr{Axes: []int{0}, Order: Free}, x).Elems[0]; got != c.max {
				t.Errorf("argmax of %v is %d, want %d", c.x, got, c.max)
			}
		}
	}
	x := &Tensor{Uint8, []int{2, 3}, []uint64{5, 200, 7, 200, 1, 200}}
	if got := evalOne(t, "argmax", &Attr{Axes: []int{1, 0}, Order: Free}, x).Elems[0]; got != 1 { // column by column: 5 200 200 1 7 200
		t.Errorf("argmax over axes 1, 0 of unsigned is %d, want 1", got)
	}
}

// fixtureValue is x(k) of testdata/orders/make.py.
func fixtureValue(k int) float64 {
	return float64(int64(uint32(k)*2654435761)-1<<31) / 3
}

// vector returns n elements.
func vector(d DType, n int, value func(k int) float64) *Tensor {
	x := &Tensor{DType: d, Shape: []int{n}}
	for k := range n {
		x.Elems = append(x.Elems, Float(d, value(k)))
	}
	return x
}

// evalOne returns the result of an op on values.
func evalOne(t *testing.T, op string, attr *Attr, in ...*Tensor) *Tensor {
	t.Helper()
	out, err := tryEval(op, attr, in...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func tryEval(op string, attr *Attr, in ...*Tensor) (*Tensor, error) {
	args := make([]*Node, len(in))
	for i, x := range in {
		args[i] = sampleParam(i, x.DType, x.Shape...)
	}
	n, err := NewNode(Lookup(op), attr, nil, args...)
	if err != nil {
		return nil, err
	}
	out, err := n.Op.Eval(n, in)
	if err != nil {
		return nil, err
	}
	return out[0], nil
}
