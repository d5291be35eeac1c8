package lowertest

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
)

// The kit must be able to fail: these tests show it wrong results.

func addProblem(t *testing.T) *problem {
	t.Helper()
	k, err := ir.ParseKernel("kernel add; dim M N; in x f64[M,N], p i64[M]; out y f64[M,N]; axis i<M, j<N;  y[i,j] = x[chk(p[i],M),j] + 1.0")
	if err != nil {
		t.Fatal(err)
	}
	return mustProblem(t, rand.New(rand.NewPCG(1, 1)), k, map[string]int64{"M": 5, "N": 7}, false)
}

// fake is an executable that does what a function does to its arguments.
type fake func(a *lower.Args) error

func (f fake) Run(_ context.Context, a *lower.Args) error { return f(a) }
func (fake) String() string                               { return "fake" }
func (fake) Close() error                                 { return nil }

// right computes the problem through a layout.
func right(p *problem) fake {
	return func(a *lower.Args) error {
		want := p.want()
		if want.err != nil {
			return want.err
		}
		out := &a.Arrays[2]
		s := lower.Slice[float64](out.Buf.(*lower.Host))
		for i := range 5 {
			for j := range 7 {
				s[out.Offset+int64(i)*out.Strides[0]+int64(j)*out.Strides[1]] = math.Float64frombits(want.elems[2][7*i+j])
			}
		}
		return nil
	}
}

func TestDiffer(t *testing.T) {
	p := addProblem(t)
	ok := right(p)
	element := func(a *lower.Args, i int64) *float64 {
		return &lower.Slice[float64](a.Arrays[i].Buf.(*lower.Host))[a.Arrays[i].Offset]
	}
	for l := contiguous; l < broadcast; l++ {
		got, err := p.got(t.Context(), ok, 1, p.same(l))
		if err == nil {
			err = p.differ(p.want(), got)
		}
		if err != nil {
			t.Errorf("%s: a right result is refused: %v", l, err)
		}
	}
	for name, wrong := range map[string]func(a *lower.Args) error{
		"one bit": func(a *lower.Args) error {
			e := element(a, 2)
			*e = math.Nextafter(*e, 0)
			return nil
		},
		"a NaN":              func(a *lower.Args) error { *element(a, 2) = math.NaN(); return nil },
		"an operand changed": func(a *lower.Args) error { *element(a, 0) = 3; return nil },
		"before the array": func(a *lower.Args) error {
			a.Arrays[2].Buf.(*lower.Host).Bytes()[guard*8-1] = 1
			return nil
		},
		"after the array": func(a *lower.Args) error {
			b := a.Arrays[1].Buf.(*lower.Host).Bytes()
			b[len(b)-1] = 1
			return nil
		},
		"an error": func(*lower.Args) error { return errors.New("no") },
		"a fault":  func(*lower.Args) error { return &lower.Fault{} },
	} {
		got, err := p.got(t.Context(), fake(func(a *lower.Args) error {
			if err := ok(a); err != nil {
				return err
			}
			return wrong(a)
		}), 1, p.same(contiguous))
		if err == nil {
			err = p.differ(p.want(), got)
		}
		if err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

func TestFaults(t *testing.T) {
	p := addProblem(t)
	p.arrays[1].elems[3] = 9
	want := p.want()
	for fault, taken := range map[lower.Fault]bool{
		{Number: 0, Position: 21, Value: 9, Limit: 5}: true,
		{Number: 0, Position: 22, Value: 9, Limit: 5}: false,
		{Number: 0, Position: 21, Value: 8, Limit: 5}: false,
		{Number: 1, Position: 21, Value: 9, Limit: 5}: false,
	} {
		if err := p.differ(want, result{err: &fault}); (err == nil) != taken {
			t.Errorf("%+v: %v", fault, err)
		}
	}
}

// TestRandomKernels holds that random kernels are of many kinds.
func TestRandomKernels(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	sinks, orders, faults, stmts := map[ir.Sink]int{}, map[ir.Order]int{}, 0, map[int]int{}
	for range 2000 {
		k, _ := randomKernel(r)
		if k == nil {
			continue
		}
		stmts[len(k.Stmts)]++
		faults += len(k.Faults)
		for _, s := range k.Stmts {
			sinks[s.Sink]++
			if s.Sink == ir.Reduce {
				orders[s.Order]++
			}
		}
	}
	for s := ir.Store; s <= ir.Append; s++ {
		if sinks[s] < 100 {
			t.Errorf("%d statements of sink %d", sinks[s], s)
		}
	}
	for _, o := range []ir.Order{ir.Lanes, ir.Chain, ir.TreeOrder, ir.Free} {
		if orders[o] < 50 {
			t.Errorf("%d reductions in order %s", orders[o], o)
		}
	}
	if faults < 100 || len(stmts) < 4 {
		t.Errorf("%d checked positions, kernels of %v statements", faults, stmts)
	}
}
