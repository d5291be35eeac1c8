package main

import (
	"math"
	"math/big"
	"testing"
)

// TestExact holds the series to digits that tables have.
func TestExact(t *testing.T) {
	for _, c := range []struct {
		f    func(x, y *big.Float) *big.Float
		x, y float64
		want string
	}{
		{exactExp, 1, 0, "2.718281828459045235360287471352662497757247"},
		{exactExp, -10, 0, "4.539992976248485153559151556055061023791808e-05"},
		{exactLog, 10, 0, "2.302585092994045684017991454684364207601101"},
		{exactLog, 1, 0, "0"},
		{exactSin, 1, 0, "0.8414709848078965066525023216302989996225630"},
		{exactCos, 1, 0, "0.5403023058681397174009366074429766037323104"},
		{exactTanh, 1, 0, "0.7615941559557648881194582826047935904127685"},
		{exactErf, 1, 0, "0.8427007929497148693412206350826092592960669"},
		{exactExp2, 0.5, 0, "1.414213562373095048801688724209698078569671"},
		{exactExpm1, 1, 0, "1.718281828459045235360287471352662497757247"},
		{exactLog1p, 1, 0, "0.6931471805599453094172321214581765680755001"},
		{exactLogTo(2), 10, 0, "3.321928094887362347870319429489390175864831"},
		{exactLogTo(10), 2, 0, "0.3010299956639811952137388947244930267681898"},
		{exactPow, 2, 0.5, "1.414213562373095048801688724209698078569671"},
	} {
		want, _, err := big.ParseFloat(c.want, 10, bits, big.ToNearestEven)
		if err != nil {
			t.Fatal(err)
		}
		got := c.f(real(c.x), real(c.y))
		d, _ := minus(got, want).Float64()
		w, _ := want.Float64()
		if math.Abs(d) > 1e-40*math.Max(math.Abs(w), 1e-2) {
			t.Errorf("%v, %v: %.50g, want %s", c.x, c.y, got, c.want)
		}
	}
	third := over(real(1), real(3))
	if u := ulps(1.0/3, third, 53); u < 0.33 || u > 0.34 { // 0x1.5555555555555p-2 is a third of a unit low
		t.Errorf("1/3 is %v units off", u)
	}
	if u := ulps(float64(float32(1.0/3)), third, 24); u < 0.33 || u > 0.34 {
		t.Errorf("1/3 is %v units off", u)
	}
	if u := ulps(math.NaN(), third, 53); !math.IsInf(u, 1) {
		t.Errorf("NaN is %v units off", u)
	}
}
