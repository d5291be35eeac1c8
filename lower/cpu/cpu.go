// Package cpu is the target for dense arrays in host memory. It runs on every platform;
// what a result is does not depend on the level of the processor that it uses.
package cpu

import (
	"context"
	"fmt"
	"os"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
	"github.com/numen-go/numen/lower/loop"
)

func init() {
	lower.Register("cpu", func() (lower.Target, error) { return New(os.Getenv("NUMEN_CPU")) })
}

// levels are the levels of code, best first.
var levels = []string{"portable"}

// New returns the target at a level, and not above it; "" is the best that the processor
// has. The registered target takes the level from the environment variable NUMEN_CPU.
func New(level string) (lower.Target, error) {
	if level == "" {
		level = levels[0]
	}
	for _, l := range levels {
		if l == level {
			return &target{level: l}, nil
		}
	}
	return nil, fmt.Errorf("cpu: no level %q, there are %v", level, levels)
}

type target struct{ level string }

func (*target) Name() string { return "cpu" }

func (*target) Caps() *ir.Caps { return loop.Caps() }

func (*target) Compile(ctx context.Context, k *ir.Kernel) (lower.Executable, error) {
	if err := k.Verify(); err != nil {
		return nil, err
	}
	code, err := loop.NewKernel(k, loop.Portable)
	if d, ok := err.(*lower.Declined); ok {
		d.Target = "cpu"
	}
	if err != nil {
		return nil, err
	}
	return executable{code}, nil
}

func (*target) Close() error { return nil }

// executable is a kernel at level portable.
type executable struct{ *loop.Kernel }

func (executable) Close() error { return nil }
