// Package lowertest holds targets to the contract: what a target claims, it computes to
// the bit as the evaluator does, for every layout, bound and number of threads. A target
// of dense arrays in host memory passes with
//
//	func TestConformance(t *testing.T) {
//		lowertest.Run(t, func() (lower.Target, error) { return lower.Open("mine") })
//	}
package lowertest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
)

// Run tests a target. open makes one; the test closes it. With -short, which is for the race
// detector, what one goroutine computes is a sample: fewer layouts, values and kernels.
func Run(t *testing.T, open func() (lower.Target, error)) {
	target, err := open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := target.Close(); err != nil {
			t.Error(err)
		}
	})
	k := &kit{target: target, caps: target.Caps()}
	t.Run("samples", k.samples)
	t.Run("kernels", k.kernels)
	t.Run("guards", k.guards)
	t.Run("bounds", k.bounds)
	t.Run("parts", k.parts)
	t.Run("threads", k.threads)
	t.Run("faults", k.faults)
	t.Run("random", k.random)
	t.Run("arguments", k.arguments)
	t.Run("in place", k.inPlace)
	t.Run("concurrent", k.concurrent)
	t.Run("cancel", k.cancel)
	t.Run("held", k.held)
}

// Claims writes what a target claims as text, an op a line with its dtypes: a golden file
// of it shows lost support.
func Claims(c *ir.Caps) string {
	var b strings.Builder
	for _, op := range ir.Ops() {
		if op.Scalar == nil {
			continue
		}
		names := []string{}
		for d := ir.Bool; d <= ir.Float64; d++ {
			if c.Takes(op, d) {
				names = append(names, d.String())
			}
		}
		fmt.Fprintf(&b, "%-14s %s\n", op, strings.Join(names, " "))
	}
	return b.String()
}

type kit struct {
	target lower.Target
	caps   *ir.Caps
}

// claims reports whether the target says that it takes every statement of a kernel.
func (k *kit) claims(kernel *ir.Kernel) bool {
	ok := true
	for _, o := range kernel.Operands {
		ok = ok && k.caps.DTypes.Has(o.DType) && len(o.Shape) <= k.caps.MaxRank && o.Format == nil
	}
	for _, s := range kernel.Stmts {
		ok = ok && slices.Contains(k.caps.Sinks, s.Sink) && (s.Sink != ir.Reduce || slices.Contains(k.caps.Orders, s.Order))
	}
	kernel.VisitExprs(func(e *ir.Expr) {
		if e.Kind == ir.Apply {
			ok = ok && k.caps.Takes(e.Op, e.Args[len(e.Args)-1].DType)
		}
		if e.Access != nil && !k.caps.ValueIndex {
			ok = ok && !slices.ContainsFunc(e.Access.Index, func(x ir.Index) bool { return x.Value != nil })
		}
	})
	return ok && (k.caps.MaxStmts == 0 || len(kernel.Stmts) <= k.caps.MaxStmts)
}

// compile returns code for a kernel, nil when the target neither claims nor takes it.
func (k *kit) compile(t *testing.T, kernel *ir.Kernel) lower.Executable {
	t.Helper()
	e := k.taken(t, kernel)
	if e != nil {
		t.Cleanup(func() { closed(t, e) })
	}
	return e
}

func closed(t *testing.T, e lower.Executable) {
	if err := e.Close(); err != nil {
		t.Error(err)
	}
}

// taken is compile for an executable that the caller closes.
func (k *kit) taken(t *testing.T, kernel *ir.Kernel) lower.Executable {
	t.Helper()
	e, err := k.target.Compile(t.Context(), kernel)
	if err != nil {
		var d *lower.Declined
		if !k.claims(kernel) && errors.As(err, &d) && d.Target == k.target.Name() && d.Why != "" {
			return nil
		}
		t.Fatalf("claimed %v: %v\n%s", k.claims(kernel), err, kernel)
	}
	return e
}

// check runs a problem and fails the test when the result is not the evaluator's.
func (k *kit) check(t *testing.T, p *problem, exe lower.Executable, want result, threads int, layouts []layout) {
	t.Helper()
	got, err := p.got(context.Background(), exe, threads, layouts)
	if err == nil {
		err = p.differ(want, got)
	}
	if err != nil {
		t.Fatalf("dims %v, bounds %v %v, %d threads, layouts %v: %v\n%s\n%s", p.dims, p.lo, p.hi, threads, layouts, err, p.kernel, exe)
	}
}

// same returns one layout for all operands; outputs are never broadcast.
func (p *problem) same(l layout) []layout {
	out := make([]layout, len(p.arrays))
	for i, a := range p.arrays {
		out[i] = l
		if l == broadcast && a.role != ir.In {
			out[i] = contiguous
		}
	}
	return out
}

// mixed returns a layout at random for every operand.
func (p *problem) mixed(r *rand.Rand) []layout {
	out := make([]layout, len(p.arrays))
	for i := range out {
		out[i] = layout(r.IntN(int(broadcast)))
	}
	return out
}

// samples runs the kernels of all ops' sample calls: for elementwise ops that is every
// op on every dtype.
func (k *kit) samples(t *testing.T) {
	var distinct, all atomic.Int64
	t.Cleanup(func() { // when all of them have run
		if 3*distinct.Load() < all.Load() {
			t.Errorf("of %d float results only %d are finite and different: the test says little", all.Load(), distinct.Load())
		}
	})
	values, layouts := []bool{false, true}, []layout{lastStrided, contiguous, strided, reversed, first, last}
	if testing.Short() {
		values, layouts = values[:1], layouts[:1]
	}
	for _, op := range ir.Ops() {
		t.Run(op.Name, func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(3, 4))
			for _, n := range ir.SamplesOf(op) {
				if op.Kernel == nil && op.Scalar == nil {
					continue
				}
				kernel, operands, _, err := ir.KernelOf(n)
				if errors.Is(err, ir.ErrNoRefinement) {
					continue
				}
				if err != nil {
					t.Fatal(err)
				}
				exe := k.compile(t, kernel)
				if exe == nil {
					continue
				}
				for _, special := range values {
					p, err := newProblem(r, kernel, fives(kernel), special)
					if err != nil {
						t.Fatal(err)
					}
					for i, o := range operands { // positions that the sample gives
						if o >= 0 && n.Args[o].Data != nil {
							copy(p.arrays[i].elems, n.Args[o].Data.(*ir.Tensor).Elems)
						}
					}
					want := p.want()
					if !special && want.err == nil {
						d, n := p.finite(want)
						distinct.Add(int64(d))
						all.Add(int64(n))
					}
					for _, l := range layouts {
						k.check(t, p, exe, want, 1, p.same(l))
					}
				}
			}
		})
	}
}

// fives returns a number for every dim.
func fives(k *ir.Kernel) map[string]int64 {
	dims := map[string]int64{}
	for _, d := range k.Dims {
		dims[d] = 5
	}
	return dims
}

// eachExample calls f with every example that the target takes.
func (k *kit) eachExample(t *testing.T, f func(t *testing.T, e example, exe lower.Executable, r *rand.Rand)) {
	all, err := examples()
	if err != nil {
		t.Fatal(err)
	}
	for i, e := range all {
		t.Run(e.kernel.Name, func(t *testing.T) {
			t.Parallel()
			if exe := k.compile(t, e.kernel); exe != nil {
				f(t, e, exe, rand.New(rand.NewPCG(1, uint64(i))))
			}
		})
	}
}

// kernels runs the examples in every layout, with special values too.
func (k *kit) kernels(t *testing.T) {
	k.eachExample(t, func(t *testing.T, e example, exe lower.Executable, r *rand.Rand) {
		for _, dims := range e.dims {
			if testing.Short() {
				p := mustProblem(t, r, e.kernel, dims, true)
				k.check(t, p, exe, p.want(), 1, p.mixed(r))
				continue
			}
			for _, special := range []bool{false, true} {
				p := mustProblem(t, r, e.kernel, dims, special)
				want := p.want()
				for l := contiguous; l < broadcast; l++ {
					if p.size() < 5000 || l == contiguous {
						k.check(t, p, exe, want, 1, p.same(l))
					}
				}
				k.check(t, p, exe, want, 1, p.mixed(r))
			}
			p := mustProblem(t, r, e.kernel, dims, false)
			p.broadcast()
			k.check(t, p, exe, p.want(), 1, p.same(broadcast))
		}
	})
}

// guards runs the examples with the positions that conditions guard as data, which is how
// they run where a target cannot prove them.
func (k *kit) guards(t *testing.T) {
	k.eachExample(t, func(t *testing.T, e example, _ lower.Executable, r *rand.Rand) {
		checking := e.kernel.CheckPositions()
		if checking == nil {
			return
		}
		if err := checking.Verify(); err != nil {
			t.Fatal(err)
		}
		exe := k.compile(t, checking)
		if exe == nil {
			return
		}
		for _, dims := range e.dims {
			p := mustProblem(t, r, e.kernel, dims, false)
			k.check(t, p, exe, p.want(), 2, p.mixed(r))
		}
	})
}

func mustProblem(t *testing.T, r *rand.Rand, k *ir.Kernel, dims map[string]int64, special bool) *problem {
	t.Helper()
	p, err := newProblem(r, k, dims, special)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// bounds runs the examples on parts of their axes. Parts that a kernel does not have (a
// read would leave the footprint of a local) are errors everywhere.
func (k *kit) bounds(t *testing.T) {
	k.eachExample(t, func(t *testing.T, e example, exe lower.Executable, r *rand.Rand) {
		for _, dims := range e.dims {
			for a, x := range e.kernel.Axes {
				p := mustProblem(t, r, e.kernel, dims, false)
				p.whole()
				n := p.hi[a]
				if x.From >= 0 || n == 0 {
					continue
				}
				p.lo[a] = r.Int64N(n)
				p.hi[a] = p.lo[a] + r.Int64N(n-p.lo[a]+1)
				k.check(t, p, exe, p.want(), 1, p.mixed(r))
				if testing.Short() {
					break
				}
			}
		}
	})
}

// threads runs examples that are large enough to be cut, on several numbers of threads.
func (k *kit) threads(t *testing.T) {
	all, err := examples()
	if err != nil {
		t.Fatal(err)
	}
	large := []struct {
		name string
		dims map[string]int64
	}{
		{"axpbc", map[string]int64{"M": 70, "N": 3000}}, {"founding", map[string]int64{"K": 600, "M": 100, "H": 7}},
		{"softmax", map[string]int64{"M": 20, "N": 1500}}, {"softmax", map[string]int64{"M": 1, "N": 300000}},
		{"center_rows", map[string]int64{"M": 40, "N": 3000, "H": 9}}, {"center_rows", map[string]int64{"M": 20000, "N": 30, "H": 4}},
		{"gemm_f32", map[string]int64{"M": 70, "N": 140, "K": 600}}, {"gemm_f32", map[string]int64{"M": 1, "N": 3, "K": 100000}},
		{"gemm_f64", map[string]int64{"M": 40, "N": 50, "K": 2100}}, {"gemm_batch", map[string]int64{"B": 30, "M": 10, "N": 20, "K": 40}},
		{"cumsum_rows", map[string]int64{"M": 40, "N": 3000}}, {"take", map[string]int64{"M": 50, "N": 700, "C": 200}},
		{"argmax", map[string]int64{"M": 300, "N": 200}}, {"argmin_columns", map[string]int64{"M": 20000, "N": 20}},
		{"scatadd", map[string]int64{"M": 20, "N": 3000, "C": 60}}, {"blur", map[string]int64{"M": 150, "N": 700}},
		{"sumcat", map[string]int64{"M": 9000, "P": 7001, "N": 30}}, {"sumcat_vec", map[string]int64{"M": 90000, "P": 70001}},
		{"sum_both", map[string]int64{"M": 300, "N": 1100}}, {"sum_middle", map[string]int64{"M": 2, "N": 50000, "P": 3}},
		{"matvec", map[string]int64{"M": 300, "K": 1100}}, {"matvec", map[string]int64{"M": 1, "K": 300000}},
		{"dot", map[string]int64{"K": 300000}}, {"ravel_exp_sum", map[string]int64{"M": 200, "N": 700}},
	}
	for i, c := range large {
		at := slices.IndexFunc(all, func(e example) bool { return e.kernel.Name == c.name })
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			exe := k.compile(t, all[at].kernel)
			if exe == nil {
				return
			}
			p := mustProblem(t, rand.New(rand.NewPCG(5, uint64(i))), all[at].kernel, c.dims, false)
			want := p.want()
			for _, n := range []int{1, 2, 3, 7} {
				if n == 1 && testing.Short() {
					continue
				}
				k.check(t, p, exe, want, n, p.same(contiguous))
			}
		})
	}
}

// faults runs kernels whose positions are data that is partly outside.
func (k *kit) faults(t *testing.T) {
	k.eachExample(t, func(t *testing.T, e example, exe lower.Executable, r *rand.Rand) {
		if len(e.kernel.Faults) == 0 {
			return
		}
		for range 20 {
			p := mustProblem(t, r, e.kernel, e.dims[r.IntN(len(e.dims))], false)
			for i := range p.arrays {
				if a := &p.arrays[i]; a.dtype == ir.Int64 && a.role == ir.In {
					for range 1 + r.IntN(3) {
						a.elems[r.IntN(len(a.elems))] = uint64(r.Int64N(20000) - 10000)
					}
				}
			}
			k.check(t, p, exe, p.want(), 1+r.IntN(3), p.same(contiguous))
		}
	})
}

// random runs random kernels.
func (k *kit) random(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	made, taken := 0, 0
	distinct, all := 0, 0
	kernels := 3000
	if testing.Short() {
		kernels = 500
	}
	for range kernels {
		kernel, dims := randomKernel(r)
		if kernel == nil {
			continue
		}
		made++
		exe := k.taken(t, kernel)
		if exe == nil {
			continue
		}
		taken++
		p := mustProblem(t, r, kernel, dims, r.IntN(4) == 0)
		want := p.want()
		if want.err == nil {
			d, n := p.finite(want)
			distinct, all = distinct+d, all+n
		}
		k.check(t, p, exe, want, 1+r.IntN(2), p.mixed(r))
		closed(t, exe)
	}
	if made < kernels/2 {
		t.Errorf("only %d random kernels are well formed", made)
	}
	if distinct*10 < all {
		t.Errorf("of %d float results only %d are finite and different: the test says little", all, distinct)
	}
	t.Logf("%d kernels, %d taken; %d of %d float results finite and different", made, taken, distinct, all)
}
