// Package cpu is the target for dense arrays in host memory. It runs on every platform;
// what a result is does not depend on the level of the processor that it uses.
//
// Variables of the environment: NUMEN_CPU=avx512, avx2 or portable caps the level.
// NUMEN_PERF=1 gives samples of profiles the kernel's name, as a label and in the map of
// names that perf reads. NUMEN_DUMP=DIR writes machine code, for a disassembler, and its
// text to files.
package cpu

import (
	"context"
	"fmt"
	"os"
	"runtime/pprof"
	"strings"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
	"github.com/numen-go/numen/lower/loop"
	"github.com/numen-go/numen/lower/x86"
	"github.com/numen-go/numen/lower/x86/asm"
)

func init() {
	lower.Register("cpu", func() (lower.Target, error) { return New(os.Getenv("NUMEN_CPU")) })
}

// levels are the levels of code, best first.
var levels = []struct {
	name string
	x86  asm.Level // 0: portable code
}{
	{"avx512", asm.AVX512},
	{"avx2", asm.AVX2},
	{"portable", 0},
}

// Levels returns the levels that the processor and the system grant, best first. The last
// one is "portable", which needs nothing.
func Levels() []string {
	var names []string
	for _, l := range levels {
		if l.x86 == 0 || x86.Available(l.x86) == nil {
			names = append(names, l.name)
		}
	}
	return names
}

// New returns the target at the best level that the processor and the system grant, but
// not above the one named; "" names the best. The registered target takes the name from
// the environment variable NUMEN_CPU.
func New(level string) (lower.Target, error) {
	t := &target{named: os.Getenv("NUMEN_PERF") != ""}
	below := level == ""
	for _, l := range levels {
		if below = below || l.name == level; !below {
			continue
		}
		t.level, t.tuning = l.name, loop.Portable
		if l.x86 == 0 {
			return t, nil
		}
		err := x86.Available(l.x86)
		if err == nil {
			// What results are computed from takes the other half.
			stream := int64(x86.CacheSizes().L3) / 2
			t.tuning = &loop.Tuning{Schedule: x86.Schedule(l.x86), Machine: x86.New(l.x86), StreamBytes: stream}
			return t, nil
		}
		t.refused = append(t.refused, fmt.Sprintf("no %s: %v", l.name, err))
	}
	return nil, fmt.Errorf("cpu: no level %q, there are %v", level, Levels())
}

type target struct {
	level   string
	refused []string // why it is no better one
	tuning  *loop.Tuning
	named   bool // samples of a profile get the kernel's name
}

func (*target) Name() string { return "cpu" }

func (*target) Caps() *ir.Caps { return loop.Caps() }

func (t *target) Compile(ctx context.Context, k *ir.Kernel) (lower.Executable, error) {
	if err := k.Verify(); err != nil {
		return nil, err
	}
	code, err := loop.NewKernel(k, t.tuning)
	if d, ok := err.(*lower.Declined); ok {
		d.Target = "cpu"
	}
	if err != nil {
		return nil, err
	}
	if t.named {
		return &named{executable{code, t}, pprof.Labels("kernel", k.Name)}, nil
	}
	return &executable{code, t}, nil
}

func (*target) Close() error { return nil }

// executable is a kernel at a level.
type executable struct {
	*loop.Kernel
	t *target
}

// String returns the level, with the reason why it is no better one, and the code.
func (e *executable) String() string {
	lines := append([]string{"level " + e.t.level}, e.t.refused...)
	return strings.Join(lines, "; ") + "\n" + e.Kernel.String()
}

// named is an executable whose samples in a profile have the kernel's name: the runtime
// knows no function of machine code. Labels cost allocations, so this must be asked for.
type named struct {
	executable
	labels pprof.LabelSet
}

// Bind implements lower.Binder.
func (n *named) Bind(a *lower.Args) (lower.Bound, error) {
	b, err := n.executable.Bind(a)
	return &namedBound{b, n.labels}, err
}

// namedBound is the bound kernel of a named executable.
type namedBound struct {
	lower.Bound
	labels pprof.LabelSet
}

func (n *namedBound) Run(ctx context.Context) (err error) {
	pprof.Do(ctx, n.labels, func(ctx context.Context) { err = n.Bound.Run(ctx) })
	return err
}

func (n *named) Run(ctx context.Context, a *lower.Args) (err error) {
	pprof.Do(ctx, n.labels, func(ctx context.Context) { err = n.executable.Run(ctx, a) })
	return err
}
