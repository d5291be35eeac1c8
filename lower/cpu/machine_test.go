package cpu_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/numen-go/numen/ir"
)

// TestMachineTakesAll holds that the kernels of all ops become machine code: portable
// code is there for what a future op needs.
func TestMachineTakesAll(t *testing.T) {
	eachLevel(t, func(t *testing.T, level string) {
		if level == "portable" {
			return
		}
		target := open(t, level)
		kernels := 0
		for _, op := range ir.Ops() {
			if op.Kernel == nil && op.Scalar == nil {
				continue
			}
			for _, n := range ir.SamplesOf(op) {
				k, _, _, err := ir.KernelOf(n)
				if errors.Is(err, ir.ErrNoRefinement) {
					continue
				}
				if err != nil {
					t.Fatal(err)
				}
				exe, err := target.Compile(t.Context(), k)
				if err != nil {
					continue
				}
				kernels++
				if _, why, ok := strings.Cut(exe.String(), "portable code: "); ok {
					t.Errorf("%s: %s\n%s", op, why, k)
				}
				if err := exe.Close(); err != nil {
					t.Error(err)
				}
			}
		}
		if kernels < 1000 {
			t.Errorf("only %d kernels", kernels)
		}
	})
}
