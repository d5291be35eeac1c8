package np_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	np "github.com/numen-go/numen/expr"
)

type layer struct{ W, B np.Array }

type model struct {
	Layers []layer
	Bias   *np.Array
	Named  map[string]np.Array
	Pair   [2]layer
	Inner  struct{ X np.Array }
	Rate   float64
	Note   string
	Kept   np.Array `np:"static"`
}

type list struct {
	Head np.Array
	Tail *list
}

func exampleModel() model {
	bias := np.Of(10)
	m := model{
		Layers: []layer{{np.Of(0), np.Of(1)}, {np.Of(2), np.Of(3)}}, Bias: &bias,
		Named: map[string]np.Array{"b": np.Of(12), "a": np.Of(11)},
		Pair:  [2]layer{{np.Of(13), np.Of(14)}, {np.Of(15), np.Of(16)}},
		Rate:  0.5, Note: "n", Kept: np.Of(99),
	}
	m.Inner.X = np.Of(17)
	return m
}

func firsts(t *testing.T, arrays []np.Array) []int {
	t.Helper()
	var out []int
	for _, a := range arrays {
		out = append(out, np.Must(np.Values[int](ctx, a))[0])
	}
	return out
}

func TestLeaves(t *testing.T) {
	paths, arrays := np.Leaves(exampleModel())
	want := []string{".Layers[0].W", ".Layers[0].B", ".Layers[1].W", ".Layers[1].B", ".Bias", ".Named[a]", ".Named[b]",
		".Pair[0].W", ".Pair[0].B", ".Pair[1].W", ".Pair[1].B", ".Inner.X"}
	if !slices.Equal(paths, want) {
		t.Errorf("paths %q", paths)
	}
	if got, want := fmt.Sprint(firsts(t, arrays)), "[0 1 2 3 10 11 12 13 14 15 16 17]"; got != want {
		t.Errorf("arrays %s, want %s", got, want)
	}
	chain := list{np.Of(1), &list{np.Of(2), nil}}
	if paths, _ := np.Leaves(chain); !slices.Equal(paths, []string{".Head", ".Tail.Head"}) {
		t.Errorf("recursive type: %q", paths)
	}
	if paths, arrays := np.Leaves(3); paths != nil || arrays != nil {
		t.Error("a number has leaves")
	}
	if paths, _ := np.Leaves(map[int]np.Array{10: np.Of(1), 9: np.Of(2)}); !slices.Equal(paths, []string{"[9]", "[10]"}) {
		t.Errorf("integer keys: %q", paths)
	}
}

func TestTreeMap(t *testing.T) {
	before := exampleModel()
	after := np.TreeMap(before, func(a np.Array) np.Array { return np.Add(a, 100) })
	_, old := np.Leaves(before)
	_, changed := np.Leaves(after)
	if got, want := fmt.Sprint(firsts(t, old)), "[0 1 2 3 10 11 12 13 14 15 16 17]"; got != want {
		t.Errorf("TreeMap changed its argument: %s", got)
	}
	if got, want := fmt.Sprint(firsts(t, changed)), "[100 101 102 103 110 111 112 113 114 115 116 117]"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if after.Rate != 0.5 || after.Note != "n" || firsts(t, []np.Array{after.Kept})[0] != 99 {
		t.Error("static fields are not carried along")
	}
	sum := np.TreeMap2(before, after, func(x, y np.Array) np.Array { return np.Add(x, y) })
	_, both := np.Leaves(sum)
	if got, want := fmt.Sprint(firsts(t, both)), "[100 102 104 106 120 122 124 126 128 130 132 134]"; got != want {
		t.Errorf("TreeMap2: %s, want %s", got, want)
	}
}

func TestHiddenArrays(t *testing.T) {
	type half struct {
		Shown  np.Array
		hidden np.Array
	}
	h := np.TreeMap(half{np.Of(1), np.Of(2)}, np.Negative)
	if !errors.Is(h.Shown.Err(), np.ErrOperand) {
		t.Errorf("the array that can be reached has no error: %v", h.Shown)
	}
	type none struct{ hidden np.Array }
	defer func() {
		if recover() == nil {
			t.Error("TreeMap of a type that hides all its arrays does not panic")
		}
	}()
	np.TreeMap(none{np.Of(1)}, np.Negative)
}

func TestEvalTree(t *testing.T) {
	a := np.Of(1.0, 2)
	type stats struct {
		Sum, Twice, Same, Given np.Array
		N                       int
	}
	twice := np.Multiply(a, 2)
	s, err := np.Eval(ctx, stats{np.Sum(a), twice, twice, a, 7})
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []np.Array{s.Sum, s.Twice, s.Same, s.Given} {
		if !x.Concrete() {
			t.Errorf("%v is not concrete", x)
		}
	}
	if s.N != 7 || s.Sum.String() != "3.0" || s.Twice.String() != "[2. 4.]" || s.Same.String() != "[2. 4.]" {
		t.Errorf("%+v", s)
	}
	bad, err := np.Eval(ctx, []np.Array{a, np.Add(a, nil), np.Log(a)})
	if !errors.Is(err, np.ErrNil) {
		t.Errorf("error %v", err)
	}
	for i, x := range bad {
		if !errors.Is(x.Err(), np.ErrNil) {
			t.Errorf("array %d does not carry the error: %v", i, x)
		}
	}
}

func BenchmarkTreeMap(b *testing.B) {
	p := layer{np.Of(1.0), np.Of(2.0)}
	same := func(a np.Array) np.Array { return a }
	b.ReportAllocs()
	for b.Loop() {
		p = np.TreeMap(p, same)
	}
}

func TestTreeMapAllocatesNothing(t *testing.T) {
	p := layer{np.Of(1.0), np.Of(2.0)}
	same := func(a np.Array) np.Array { return a }
	if n := testing.AllocsPerRun(100, func() { p = np.TreeMap(p, same) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
