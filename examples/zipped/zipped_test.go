package zipped

import (
	"context"
	"strings"
	"testing"

	"github.com/numen-go/numen/bench/matrix"
	"github.com/numen-go/numen/bench/programs"
	np "github.com/numen-go/numen/expr"
	"github.com/numen-go/numen/lower"
	"github.com/numen-go/numen/lower/lowertest"
)

// TestConformance holds the target to the contract with Numen's own kit.
func TestConformance(t *testing.T) {
	lowertest.Run(t, func() (lower.Target, error) { return lower.Open("zipped") })
}

// TestEveryProgramRuns runs Numen's programs, which know nothing of this target: sent to
// it by name, and on operands that are compressed.
func TestEveryProgramRuns(t *testing.T) {
	kinds := []matrix.Kind{
		{Name: "by name", On: []string{"zipped"}},
		{Name: "operands", On: []string{"cpu"}, Hold: func(ctx context.Context, _ programs.Input, a np.Array) (np.Array, error) {
			return Compress(ctx, a)
		}},
	}
	all := programs.All()
	for i := range all {
		for j := range kinds {
			c := matrix.Run(t.Context(), &all[i], &kinds[j])
			if c.String() != "same bits" {
				t.Errorf("%s, %s: %s", c.Program, c.Kind, c.String())
			}
		}
	}
}

func TestCompress(t *testing.T) {
	ctx := t.Context()
	x, err := Compress(ctx, np.Tile(np.Arange(0, 100, 1), 1000))
	if err != nil {
		t.Fatal(err)
	}
	if n, ok := Size(x); !ok || n > 100*1000 {
		t.Errorf("100000 repeating integers take %d bytes", n)
	}
	if _, ok := Size(np.Of(1, 2)); ok {
		t.Error("a dense array has a compressed size")
	}
	sum, err := np.Value[int](ctx, np.Sum(x))
	if err != nil || sum != 4950*1000 {
		t.Errorf("the sum is %d, %v", sum, err)
	}
	y := x.Add(1)
	e, err := y.Explain()
	if err != nil || !strings.Contains(e.String(), "on zipped") {
		t.Errorf("%v\n%s", err, e)
	}
	x.Close()
	if _, err := y.Eval(ctx); err == nil || !strings.Contains(err.Error(), "closed") {
		t.Errorf("a closed array: %v", err)
	}
}

func TestCorruptArrays(t *testing.T) {
	x, err := Compress(t.Context(), np.Arange(0, 1000, 1))
	if err != nil {
		t.Fatal(err)
	}
	p := np.NodeOf(x).Data.(*lower.Array).Buf.(*packed)
	p.data = p.data[:len(p.data)/2]
	if _, err := np.Values[int](t.Context(), x); err == nil || !strings.Contains(err.Error(), "unexpected EOF") {
		t.Error(err)
	}
}
