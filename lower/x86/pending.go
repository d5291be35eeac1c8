package x86

import (
	"fmt"

	"github.com/numen-go/numen/lower/loop"
	"github.com/numen-go/numen/lower/x86/asm"
)

// What is on its way: loops with these are declined, and portable code serves them.

func (e *emitter) strip(*loop.Strip) error { return fmt.Errorf("x86: strips are not emitted yet") }

func (e *emitter) uniform(*loop.Val, asm.Arg) error {
	return fmt.Errorf("x86: values that are no integers are not emitted yet")
}

func (e *emitter) fold(*loop.Fold) error { return fmt.Errorf("x86: folds are not emitted yet") }
