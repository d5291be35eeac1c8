package np_test

import (
	"errors"
	"path/filepath"
	"runtime"
	"testing"

	np "github.com/numen-go/numen/expr"
	"github.com/numen-go/numen/expr/random"
)

// line returns the line that it is called from.
func line() int {
	_, _, l, _ := runtime.Caller(1)
	return l
}

// named fails t unless err names this file and the line want.
func named(t *testing.T, what string, want int, err error) {
	t.Helper()
	var e *np.Error
	if !errors.As(err, &e) {
		t.Errorf("%s: no np.Error: %v", what, err)
		return
	}
	if filepath.Base(e.File) != "site_test.go" || e.Line != want {
		t.Errorf("%s: %s:%d, want line %d: %v", what, e.File, e.Line, want, e)
	}
}

type embedding struct{ np.Array }

type adder interface{ Add(b np.Operand) np.Array }

func inlined(a np.Array) (np.Array, int) { return np.Add(a, np.Of(1, 2, 3, 4, 5)), line() }

func generic[T np.Elem](v T) (np.Array, int) { return np.Reshape(np.Of(v), 7), line() }

func mapped[T any](t T, f func(T) np.Array) np.Array { return f(t) }

// TestErrorsNameTheLine calls in every way that Go has.
func TestErrorsNameTheLine(t *testing.T) {
	a := np.FromSlice(counting(12), 3, 4)
	five := np.Of(1.0, 2, 3, 4, 5)
	var unset np.Array

	named(t, "function", line(), np.Add(a, five).Err())
	named(t, "method", line(), a.Add(five).Err())
	named(t, "method through function", line(), a.Pow(five).Err())
	named(t, "composite", line(), a.Mean(np.Axis(2)).Err())
	named(t, "nested", line(), np.Log(np.Exp(np.Add(a, five))).Err())
	named(t, "unset", line(), np.Log(unset).Err())
	named(t, "unset method", line(), unset.T().Err())
	named(t, "update", line(), a.At(np.To(2)).Set([]float64{1, 2, 3}).Err())
	named(t, "variadic", line(), np.Concat(0, a, five).Err())
	named(t, "generic of np", line(), np.FromSlice([]int{1, 2}, 3).Err())

	place := a.At(np.At(9))
	named(t, "where the place is used", line(), place.Add(1).Err())

	method := a.Add
	named(t, "method value", line(), method(five).Err())
	expression := np.Array.Add
	named(t, "method expression", line(), expression(a, five).Err())
	function := np.Add
	named(t, "function value", line(), function(a, five).Err())
	var i adder = a
	named(t, "interface", line(), i.Add(five).Err())
	named(t, "embedded", line(), embedding{a}.Add(five).Err())

	got, l := inlined(a)
	named(t, "inlined function", l, got.Err())
	got, l = generic(3.5)
	named(t, "generic function", l, got.Err())

	closure := func(b np.Array) np.Array { l = line(); return np.Add(b, five) }
	named(t, "closure", line()-1, closure(a).Err())
	got = mapped(a, func(b np.Array) np.Array { l = line(); return np.Add(b, five) })
	named(t, "closure in a generic function", l, got.Err())
	func() {
		defer func() { l = line(); got = np.Add(a, five) }()
	}()
	named(t, "defer", l, got.Err())
	done := make(chan np.Array)
	go func() { l = line(); done <- np.Add(a, five) }()
	got = <-done
	named(t, "goroutine", l, got.Err())
	got = np.TreeMap(a, func(b np.Array) np.Array { l = line(); return np.Add(b, five) })
	named(t, "callback", l, got.Err())

	_, err := np.Compile(func(b np.Array) np.Array { l = line(); return np.Add(b, five) }).Call(ctx, a)
	named(t, "traced", l, err)
	_, err = np.Values[float32](ctx, a)
	named(t, "evaluation", line()-1, err)
	_, err = np.Eval(ctx, struct{ A np.Array }{unset})
	named(t, "tree of the zero Array", line()-1, err)
	taken := a.Slice(np.Of(1, 7))
	_, err = taken.Add(1).Eval(ctx)
	named(t, "fault of the run", line()-2, err)

	named(t, "helper package", line(), random.Uniform(random.New(1), np.Shape{-3}).Err())
}
