package main

import (
	"context"
	"fmt"

	np "github.com/numen-go/numen/expr"
)

// onTarget is a function as a program of the target cpu, at the best level that the
// machine grants (NUMEN_CPU caps it): a block of arguments at a time, on one thread.
type onTarget[T float32 | float64] struct {
	program *np.Program[[]np.Array, np.Array]
	bound   *np.Bound
	in      [][]T
	out     []T
}

func bind[T float32 | float64](ctx context.Context, f function, n int) (*onTarget[T], error) {
	t := &onTarget[T]{program: np.Compile(f.call, np.On("cpu"), np.Threads(1))}
	specs := make([]np.Array, f.op.MaxArg)
	for i := range specs {
		specs[i] = np.Spec(np.DTypeOf[T](), n)
	}
	var err error
	if t.bound, err = t.program.Bind(ctx, specs); err != nil {
		t.program.Close()
		return nil, err
	}
	for i := range specs {
		slot, err := np.InputSlot[T](t.bound, fmt.Sprintf("[%d]", i))
		if err != nil {
			t.close()
			return nil, err
		}
		for k := range slot {
			slot[k] = 1 // what is left of a block that is not full
		}
		t.in = append(t.in, slot)
	}
	if t.out, err = np.OutputSlot[T](t.bound, ""); err != nil {
		t.close()
		return nil, err
	}
	return t, nil
}

func (t *onTarget[T]) run(ctx context.Context) error { return t.bound.Run(ctx) }

func (t *onTarget[T]) close() {
	t.bound.Close()
	t.program.Close()
}
