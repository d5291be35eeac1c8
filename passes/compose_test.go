package passes

import (
	"fmt"
	"strings"
	"testing"

	"github.com/numen-go/numen/ir"
)

// newTestFusion returns a fusion with axes i0..i3 of extents M, N, N and 5.
func newTestFusion() *fusion {
	f := &fusion{b: ir.NewBuilder()}
	for _, d := range []ir.Dim{ir.Sym("M"), ir.Sym("N"), ir.Sym("N"), ir.N(5)} {
		f.axes = append(f.axes, ir.Axis{Extent: d, From: -1})
	}
	return f
}

// affine returns the index (terms + c) / div; terms are "coefficient*axis".
func affine(t *testing.T, terms, c, div string) ir.Index {
	t.Helper()
	dim := func(s string) ir.Dim {
		d, err := ir.ParseDim(s)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	x := ir.Index{Const: dim(c), Div: dim(div)}
	for _, s := range strings.Fields(terms) {
		coef, axis, ok := strings.Cut(s, "*i")
		if !ok {
			t.Fatalf("%q is no term", s)
		}
		a := int(axis[0] - '0')
		x.Terms = append(x.Terms, ir.Term{Axis: a, Coef: dim(coef)})
	}
	return x
}

func indexText(x ir.Index) string {
	if x.Value != nil {
		return "a value"
	}
	var b strings.Builder
	for _, t := range x.Terms {
		fmt.Fprintf(&b, "%s*i%d ", t.Coef, t.Axis)
	}
	return fmt.Sprintf("%s+ %s / %s", b.String(), x.Const, x.Div)
}

func TestComposeIndex(t *testing.T) {
	f := newTestFusion()
	value := ir.AtValue(f.b.Checked(f.b.Axis(ir.Int64, 2), 0))
	quotient := affine(t, "1*i2", "-P", "S") // (i2-P)/S
	for _, c := range []struct {
		name string
		x    ir.Index
		at   places
		want string // "": there is no form
	}{
		{"a shift inside a stride", affine(t, "2*i0", "3", "0"), places{{0, affine(t, "1*i1", "1", "0")}}, "2*i1 + 5 / 0"},
		{"coefficients are polynomials", affine(t, "N*i0 1*i1", "0", "0"), places{{0, affine(t, "K*i2", "1", "0")}}, "1*i1 K*N*i2 + N / 0"},
		{"terms that meet add up", affine(t, "1*i0 1*i1", "0", "0"), places{{0, affine(t, "1*i2", "0", "0")}, {1, affine(t, "-1*i2", "0", "0")}}, "+ 0 / 0"},
		{"substitution is simultaneous", affine(t, "1*i0 N*i1", "0", "0"), places{{0, ir.At(1)}, {1, ir.At(0)}}, "N*i0 1*i1 + 0 / 0"},
		{"an exact quotient", affine(t, "1*i0", "0", "0"), places{{0, quotient}}, "1*i2 + -P / S"},
		{"a stride of it", affine(t, "2*i0", "1", "0"), places{{0, quotient}}, "2*i2 + -2*P+S / S"},
		{"a sum of two", affine(t, "1*i0 1*i1", "0", "0"), places{{0, quotient}, {1, affine(t, "1*i3", "0", "T")}}, "T*i2 S*i3 + -P*T / S*T"},
		{"a quotient of it", affine(t, "1*i0", "-1", "2"), places{{0, quotient}}, "1*i2 + -P-S / 2*S"},
		{"a quotient that goes", affine(t, "1*i0", "-2", "2"), places{{0, affine(t, "2*i1", "4", "0")}}, "1*i1 + 1 / 0"},
		{"a value", affine(t, "1*i0", "0", "0"), places{{0, value}}, "a value"},
		{"a multiple of a value", affine(t, "-1*i0", "N-1", "0"), places{{0, value}}, "a value"},
		{"a quotient of a value", affine(t, "1*i0", "0", "2"), places{{0, value}}, ""},
		{"a value beside a quotient", affine(t, "1*i0 1*i1", "0", "0"), places{{0, value}, {1, quotient}}, ""},
	} {
		m := f.atAxes(c.at)
		got := indexText(m.index(c.x))
		if m.failed {
			got = ""
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestSolve(t *testing.T) {
	f := newTestFusion()
	row := affine(t, "N*i0 1*i1", "0", "0") // i0*N + i1
	for _, c := range []struct {
		name   string
		target []ir.Index
		index  []ir.Index
		want   string // of i0, i1; "": no solution
	}{
		{"plain", []ir.Index{ir.At(1), ir.At(0)}, []ir.Index{affine(t, "2*i3", "1", "0"), ir.At(2)}, "1*i2 + 0 / 0, 2*i3 + 1 / 0"},
		{"a number where the extent is 1", []ir.Index{ir.At(0), {}, ir.At(1)}, []ir.Index{ir.At(0), ir.At(3), ir.At(1)}, "1*i0 + 0 / 0, 1*i1 + 0 / 0"},
		{"a product by its own factors", []ir.Index{row}, []ir.Index{affine(t, "1*i2 N*i3", "0", "0")}, "1*i3 + 0 / 0, 1*i2 + 0 / 0"},
		{"a product, shifted by rows", []ir.Index{row}, []ir.Index{affine(t, "1*i2 2*N*i3", "3*N", "0")}, "2*i3 + 3 / 0, 1*i2 + 0 / 0"},
		{"a product at the start of a row", []ir.Index{row}, []ir.Index{affine(t, "N*i3", "0", "0")}, "1*i3 + 0 / 0, + 0 / 0"},
		{"a product, shifted inside a row", []ir.Index{row}, []ir.Index{affine(t, "1*i2 N*i3", "1", "0")}, ""},
		{"a product by an axis of another extent", []ir.Index{row}, []ir.Index{affine(t, "1*i3 N*i2", "0", "0")}, ""},
		{"a product by one axis", []ir.Index{row}, []ir.Index{ir.At(3)}, ""},
		{"a product by a value", []ir.Index{row}, []ir.Index{ir.AtValue(f.b.Axis(ir.Int64, 3))}, ""},
		{"a strided target", []ir.Index{affine(t, "2*i0", "0", "0"), ir.At(1)}, []ir.Index{ir.At(0), ir.At(1)}, ""},
	} {
		at, ok := f.solve(&ir.Access{Index: c.target}, c.index)
		got := ""
		if ok {
			x, _ := at.of(0)
			y, _ := at.of(1)
			got = indexText(x) + ", " + indexText(y)
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestDisjoint(t *testing.T) {
	f := newTestFusion()
	p := &piece{}
	for _, c := range []struct {
		name string
		x, y ir.Index
		want bool
	}{
		{"numbers", affine(t, "", "0", "0"), affine(t, "", "1", "0"), true},
		{"one number", affine(t, "", "P", "0"), affine(t, "", "P", "0"), false},
		{"numbers that may be equal", affine(t, "", "0", "0"), affine(t, "", "P", "0"), false},
		{"halves", ir.At(0), affine(t, "1*i1", "M", "0"), true},
		{"ranges that meet", ir.At(0), affine(t, "1*i1", "M-1", "0"), false},
		{"backwards", affine(t, "-1*i0", "M-1", "0"), affine(t, "1*i1", "M", "0"), true},
		{"even and odd", affine(t, "2*i0", "0", "0"), affine(t, "2*i1", "1", "0"), true},
		{"steps of 4 and 6 from places of one parity", affine(t, "4*i0", "0", "0"), affine(t, "6*i1", "2", "0"), false},
		{"a step by a symbol", affine(t, "P*i0", "0", "0"), affine(t, "P*i1", "1", "0"), false},
		{"values", ir.AtValue(f.b.Axis(ir.Int64, 0)), affine(t, "", "-1", "0"), false},
	} {
		d, e := demand{root: p, index: []ir.Index{c.x}}, demand{root: p, index: []ir.Index{c.y}}
		if got := f.disjoint(d, e); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
		if got := f.disjoint(e, d); got != c.want {
			t.Errorf("%s, the other way round: %v", c.name, got)
		}
	}
}
