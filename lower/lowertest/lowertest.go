// Package lowertest holds targets to the contract: what a target claims, it computes to
// the bit as the evaluator does, for every layout, bound and number of threads.
package lowertest

import (
	"context"
	"math/rand/v2"
	"testing"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
)

// Run tests a target. open makes one; the test closes it.
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
	k := &kit{target: target}
	t.Run("kernels", k.kernels)
}

type kit struct{ target lower.Target }

// compile returns code for a kernel that the target must take.
func (k *kit) compile(t *testing.T, kernel *ir.Kernel) lower.Executable {
	t.Helper()
	e, err := k.target.Compile(t.Context(), kernel)
	if err != nil {
		t.Fatalf("%v\n%s", err, kernel)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

// kernels runs the examples.
func (k *kit) kernels(t *testing.T) {
	all, err := examples()
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range all {
		t.Run(e.kernel.Name, func(t *testing.T) {
			exe := k.compile(t, e.kernel)
			r := rand.New(rand.NewPCG(1, 2))
			for _, dims := range e.dims {
				for _, special := range []bool{false, true} {
					p, err := newProblem(r, e.kernel, dims, special)
					if err != nil {
						t.Fatal(err)
					}
					want := p.want()
					for l := contiguous; l < broadcast; l++ {
						layouts := make([]layout, len(p.arrays))
						for i := range layouts {
							layouts[i] = l
						}
						got, err := p.got(context.Background(), exe, 1, layouts)
						if err == nil {
							err = p.differ(want, got)
						}
						if err != nil {
							t.Fatalf("%v, %s, special values %v: %v\n%s\n%s", dims, l, special, err, e.kernel, exe)
						}
					}
				}
			}
		})
	}
}
