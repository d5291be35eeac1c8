package ir

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// TestInferStructural prints, for calls of the structural ops, the type that inference
// gives or what it says is wrong. The classes of error are part of the print.
func TestInferStructural(t *testing.T) {
	dims := func(text string) []Dim {
		out := []Dim{}
		for _, s := range strings.Fields(text) {
			d, err := ParseDim(s)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, d)
		}
		return out
	}
	f64 := func(text string) Type { return Dense(Float64, dims(text)...) }
	of := func(d DType, text string) Type { return Dense(d, dims(text)...) }
	axes := func(a ...int) *Attr { return &Attr{Axes: a} }
	sum := func(o Order, a ...int) *Attr { return &Attr{Axes: a, Order: o} }
	shape := func(text string) *Attr { return &Attr{Shape: dims(text)} }
	span := func(start, step, shape string) *Attr {
		a := &Attr{Start: dims(start), Shape: dims(shape)}
		if step != "" {
			a.Step = dims(step)
		}
		return a
	}
	spec := func(text string, o Order) *Attr { return &Attr{Spec: text, Order: o} }
	huge := "4611686018427387904"

	var b strings.Builder
	try := func(op string, attr *Attr, args ...Type) {
		nodes, texts := make([]*Node, len(args)), make([]string, len(args))
		for i, a := range args {
			nodes[i], texts[i] = Param(i, a, nil), a.String()
		}
		fmt.Fprintf(&b, "%s(%s)%s\n", op, strings.Join(texts, ", "), attrText(Lookup(op), attr, Type{}))
		n, err := NewNode(Lookup(op), attr, nil, nodes...)
		if err == nil {
			fmt.Fprintf(&b, "\t%s\n", n.Type)
			return
		}
		class := "no class"
		for _, c := range []error{ErrShape, ErrDType, ErrAxis, ErrIndex} {
			if errors.Is(err, c) {
				class = c.Error()
			}
		}
		fmt.Fprintf(&b, "\t! %s (%s)\n", err, class)
	}

	try("iota", &Attr{Axes: []int{1}, Shape: dims("M 3"), DType: Int64})
	try("iota", &Attr{Axes: []int{2}, Shape: dims("M 3"), DType: Int64})
	try("iota", &Attr{Axes: []int{0}, Shape: dims("3"), DType: Bool})
	try("iota", &Attr{Axes: []int{0}, Shape: dims("?"), DType: Int64})
	try("iota", &Attr{Axes: []int{0}, Shape: dims("-1"), DType: Int64})
	try("iota", &Attr{Axes: []int{0}, Shape: dims(huge + " 4"), DType: Int64})
	try("iota", nil)

	try("broadcast", shape("2 3"), f64("3"))
	try("broadcast", shape("M N"), f64("M 1"))
	try("broadcast", shape("5 ?"), f64("?"))
	try("broadcast", shape("5 ?"), f64("7"))
	try("broadcast", shape("? 7"), f64("7"))
	try("broadcast", shape("5"), f64("?"))
	try("broadcast", shape("2 3"), f64("2"))
	try("broadcast", shape("M"), f64("N"))
	try("broadcast", shape("3"), f64("1 3"))
	try("broadcast", shape(huge+" "+huge), f64(""))
	try("broadcast", shape("3"), of(Complex64, ""))

	try("permute", axes(1, 0), f64("M 3"))
	try("permute", axes(0), f64("M 3"))
	try("permute", axes(0, 0), f64("M 3"))
	try("permute", axes(0, 2), f64("M 3"))

	try("reshape", shape("6"), f64("2 3"))
	try("reshape", shape("M*N"), f64("M N"))
	try("reshape", shape("N M"), f64("M N"))
	try("reshape", shape("?"), f64("? 3"))
	try("reshape", shape("4 ?"), f64("2 6"))
	try("reshape", shape("? N"), f64("M N 2"))
	try("reshape", shape("5 ?"), f64("2 6"))
	try("reshape", shape("0 ?"), f64("0"))
	try("reshape", shape("4294967297 4294967296 ?"), f64("4294967296"))
	try("reshape", shape("? ?"), f64("? 3"))
	try("reshape", shape("7"), f64("2 3"))
	try("reshape", shape("P"), f64("M N"))
	try("reshape", shape("-2 -3"), f64("2 3"))
	try("reshape", shape("4294967296 4294967296"), f64("0"))

	try("slice", span("1 0", "2 1", "3 N"), f64("7 N"))
	try("slice", span("4", "-1", "5"), f64("5"))
	try("slice", span("0", "", "5"), f64("5"))
	try("slice", span("5", "1", "0"), f64("5"))
	try("slice", span("1", "2", "M"), f64("N"))
	try("slice", span("1", "1", "5"), f64("5"))
	try("slice", span("-1", "1", "1"), f64("5"))
	try("slice", span("4", "-1", "6"), f64("5"))
	try("slice", span("0", "0", "1"), f64("5"))
	try("slice", span("0", "1", "1"), f64("5 5"))
	try("slice", span("0", "576460752303423487", "17"), f64("5"))
	try("slice", span(huge, "1", "0"), f64("5"))

	try("pad", span("1", "", "9"), f64("5"), f64(""))
	try("pad", span("P", "S", "M"), f64("N"), f64(""))
	try("pad", span("1", "", "9"), f64("5"), f64("1"))
	try("pad", span("1", "", "9"), f64("5"), of(Float32, ""))
	try("pad", span("1", "", "-9"), f64("5"), f64(""))

	try("concat", axes(0), f64("2 N"), f64("3 N"))
	try("concat", axes(0), f64("M 3"), f64("P 3"), f64("1 ?"))
	try("concat", axes(0), f64("? 3"), f64("2 3"))
	try("concat", axes(1), f64("2 3"), f64("3 3"))
	try("concat", axes(0), f64("2 3"), f64("3"))
	try("concat", axes(0), f64("2"), of(Int64, "2"))
	try("concat", axes(0), f64(huge+" 0"), f64(huge+" 0"))
	try("concat", axes(0, 1), f64("2 3"))
	try("concat", axes(0))

	try("sum", sum(Lanes, 1), f64("M 5"))
	try("sum", sum(Free, 0), f64("M"))
	try("sum", sum(Free, 0), of(Int8, "M"))
	try("sum", sum(NoOrder, 0), f64("M"))
	try("sum", sum(Lanes, 0), of(Int8, "M"))
	try("sum", sum(StoredOrder, 0), f64("M"))
	try("sum", sum(Lanes), f64("M"))
	try("sum", sum(Lanes, 0, 0), f64("M"))
	try("sum", sum(Lanes, -1), f64("M"))
	try("sum", sum(Free, 0), of(Bool, "M"))
	try("reduce_max", sum(Free, 0), f64("M 3"))
	try("reduce_max", sum(Free, 0), f64("0 3"))
	try("reduce_min", sum(Free, 0), f64("?"))
	try("any", sum(Free, 0), of(Bool, "0"))
	try("any", sum(Free, 0), f64("3"))
	try("argmax", sum(Free, 0, 1), f64("M 3"))
	try("argmin", sum(Free, 0), of(Int8, "0"))
	try("argmin", sum(Lanes, 0), f64("2"))

	try("cumsum", axes(0), f64("? 3"))
	try("cumsum", axes(2), f64("? 3"))
	try("cumsum", axes(0, 1), f64("? 3"))
	try("cummax", &Attr{Axes: []int{0}, Flag: true}, f64("3"))
	try("cumsum", axes(0), of(Bool, "3"))

	try("contract", spec("ij,jk->ik|j", Chain), f64("M K"), f64("K N"))
	try("contract", spec("ij,jk->ik", Chain), f64("M ?"), f64("5 N"))
	try("contract", spec("ij,jk->ik", Free), of(Int32, "2 3"), of(Int32, "3 4"))
	try("contract", spec("ij,jk,kl->il", NoOrder), f64("2 3"), f64("3 4"), f64("4 5"))
	try("contract", spec("ij,jk->ik", Chain), f64("2 3"), f64("4 5"))
	try("contract", spec("ij,jk->ik", Chain), f64("M K"), f64("L N"))
	try("contract", spec("ii->", Lanes), f64("2 3"))
	try("contract", spec("ij,jk->ik", Chain), f64("2 3"), f64("3"))
	try("contract", spec("ij,jk->ik", Chain), f64("2 3"))
	try("contract", spec("ij,jk->iz", Chain), f64("2 3"), f64("3 4"))
	try("contract", spec("ij,jk->ik", Chain), f64("2 3"), of(Float32, "3 4"))
	try("contract", spec("ij,jk->ik", NoOrder), f64("2 3"), f64("3 4"))
	try("contract", spec("ij,jk->ik", TreeOrder), f64("2 3"), f64("3 4"))
	try("contract", spec("ij,jk->ik", Chain), of(Int32, "2 3"), of(Int32, "3 4"))
	try("contract", spec("ij,jk,kl->il", Chain), f64("2 3"), f64("3 4"), f64("4 5"))
	try("contract", spec("i,j->ij", Chain), f64(huge), f64(huge))

	try("gather", axes(0), f64("M 3"), of(Int64, "C"))
	try("gather", axes(0, 2), f64("5 4 3"), of(Int8, "2 1"), of(Uint64, "7"))
	try("gather", axes(0, 1), f64("5 4 3"), of(Int8, "?"), of(Uint64, "7"))
	try("gather", axes(0), f64("5"), f64("2"))
	try("gather", axes(0), f64("5"), of(Bool, "5"))
	try("gather", axes(1), f64("5"), of(Int64, "2"))
	try("gather", axes(1, 0), f64("5 4"), of(Int64, "2"), of(Int64, "2"))
	try("gather", axes(0, 1), f64("5 4"), of(Int64, "2"))
	try("gather", axes(0, 1), f64("5 4"), of(Int64, "2"), of(Int64, "3"))
	try("gather", axes(0), f64("5 "+huge), of(Int64, huge))

	scatter := func(c *Combine, a ...int) *Attr { return &Attr{Axes: a, Combine: c} }
	try("scatter", scatter(CombineSum, 0), f64("M 3"), of(Int64, "C"), f64("C 3"))
	try("scatter", scatter(CombineSet, 0), of(Bool, "M"), of(Int64, "C"), of(Bool, ""))
	try("scatter", scatter(CombineSum, 0), of(Bool, "M"), of(Int64, "C"), of(Bool, ""))
	try("scatter", scatter(CombineAny, 0), f64("M"), of(Int64, "C"), f64("C"))
	try("scatter", scatter(nil, 0), f64("M"), of(Int64, "C"), f64("C"))
	try("scatter", scatter(CombineSum, 0), f64("M 3"), of(Int64, "C"), f64("C 2"))
	try("scatter", scatter(CombineSum, 0), f64("M"), of(Int64, "C"), f64("C 1"))
	try("scatter", scatter(CombineSum, 0), f64("M"), of(Int64, "C"), of(Float32, "C"))
	try("scatter", scatter(CombineSum, 0), f64("M"), f64("C"), f64("C"))

	bits := func(d DType, text string) *Attr { return &Attr{DType: d, Shape: dims(text)} }
	try("randbits", bits(Uint32, "M 3"), of(Uint64, "2"))
	try("randbits", bits(Int64, "M 3"), of(Uint64, "2"))
	try("randbits", bits(Uint64, "?"), of(Uint64, "2"))
	try("randbits", bits(Uint64, "3"), of(Uint64, "3"))
	try("randbits", bits(Uint64, "3"), of(Int64, "2"))

	golden(t, "ops/infer.txt", b.String())
}
