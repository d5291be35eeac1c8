//go:build !race

package rt

import (
	"context"
	"fmt"
	"testing"

	"github.com/numen-go/numen/lower"
)

// The race detector empties pools at random, so allocations are counted without it.
func TestBoundRunsAllocateNothing(t *testing.T) {
	e := newEngine(t, Config{Threads: 1})
	g := parse(t, fmt.Sprintf(scaled, 10), 1)
	b, err := e.Bind(t.Context(), g.Params, g.Results, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	for i, p := range g.Params {
		copy(values(b.In(i)), values(p.Data.(*lower.Array)))
	}
	ctx := context.Background()
	if n := testing.AllocsPerRun(100, func() {
		if err := b.Run(ctx); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations a run", n)
	}
	sameBits(t, b.Out(0), judge(t, g)[0])
}
