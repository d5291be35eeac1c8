//go:build linux && amd64

package x86

import (
	"context"
	"testing"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
	"github.com/numen-go/numen/lower/loop"
	"github.com/numen-go/numen/lower/lowertest"
	"github.com/numen-go/numen/lower/x86/asm"
)

// bare is a target of machine code alone, without what the cpu target adds to it.
type bare struct{ tuning *loop.Tuning }

func (bare) Name() string   { return "bare" }
func (bare) Caps() *ir.Caps { return loop.Caps() }
func (bare) Close() error   { return nil }

func (b bare) Compile(_ context.Context, k *ir.Kernel) (lower.Executable, error) {
	if err := k.Verify(); err != nil {
		return nil, err
	}
	code, err := loop.NewKernel(k, b.tuning)
	if d, ok := err.(*lower.Declined); ok {
		d.Target = "bare"
	}
	return code, err
}

// strict is a machine that declines nothing.
type strict struct {
	loop.Machine
	t *testing.T
}

func (m strict) Compile(l *loop.Loop, parts []loop.Part, class loop.Class, file loop.File) (loop.Native, error) {
	n, err := m.Machine.Compile(l, parts, class, file)
	if err != nil {
		m.t.Errorf("%v %+v\n%s", err, class, l)
	}
	return n, err
}

// TestImpatient holds that code which leaves wherever it can computes the same.
func TestImpatient(t *testing.T) {
	level := asm.AVX512
	if Available(level) != nil {
		level = asm.AVX2
	}
	if err := Available(level); err != nil {
		t.Skip(err)
	}
	lowertest.Run(t, func() (lower.Target, error) {
		return bare{&loop.Tuning{Schedule: Schedule(level), Machine: strict{impatient{New(level)}, t}}}, nil
	})
}
