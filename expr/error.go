package np

import (
	"errors"
	"fmt"
	"strings"

	"github.com/numen-go/numen/ir"
	rt "github.com/numen-go/numen/runtime"
)

// Error is what a bad call or a failed run carries. Use errors.As to get it and
// errors.Is with the Err values below to ask for its class. Context errors are
// wrapped: errors.Is(err, context.DeadlineExceeded) works.
type Error struct {
	Func     string   // "Add"
	Operands []string // "float64[3 4]", as the user sees them
	Detail   string   // what is wrong and what to do
	File     string   // the user's line
	Line     int
	Err      error // class, or cause
}

// Error returns the call, what is wrong and, on a line of its own, where:
//
//	np.Add(float64[3 4], float64[2]): shapes do not broadcast: axis 1 has 4 and 2
//		main.go:12
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("np." + e.Func)
	if len(e.Operands) > 0 {
		fmt.Fprintf(&b, "(%s)", strings.Join(e.Operands, ", "))
	}
	b.WriteString(": " + e.Detail)
	if e.File != "" {
		fmt.Fprintf(&b, "\n\t%s:%d", e.File, e.Line)
	}
	return b.String()
}

// Unwrap returns the class or the cause.
func (e *Error) Unwrap() error { return e.Err }

// Classes of error.
var (
	ErrNil      = errors.New("nil array")      // the zero Array
	ErrShape    = ir.ErrShape                  // includes reshape, broadcast, contraction
	ErrDType    = ir.ErrDType                  // a dtype that the function does not take, a number that does not fit
	ErrAxis     = ir.ErrAxis                   // axis out of range
	ErrIndex    = ir.ErrIndex                  // at build, or in a run for index arrays
	ErrOperand  = errors.New("not an operand") // a Go value that is no array, number or slice; an option that does not apply
	ErrClosed   = rt.ErrClosed                 // an array, program or engine was closed
	ErrTracing  = errors.New("value asked for while tracing")
	ErrDeclined = rt.ErrDeclined // no target takes this
	ErrMemory   = rt.ErrMemory   // the memory bound does not suffice, known before the run
	ErrSyntax   = errors.New("does not parse")
)

// newError returns an error at a site.
func newError(site *ir.Site, fn string, class error, operands []string, detail string) *Error {
	e := &Error{Func: fn, Operands: operands, Detail: detail, Err: class}
	e.File, e.Line = site.Position()
	return e
}

// classOf returns the class that an error of the language belongs to, the error itself
// when it has none.
func classOf(err error) error {
	for _, c := range []error{ErrShape, ErrDType, ErrAxis, ErrIndex, ErrClosed, ErrDeclined, ErrMemory, ErrTracing} {
		if errors.Is(err, c) {
			return c
		}
	}
	return err
}

// Must returns v, or panics with err. For scripts, examples and tests.
func Must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
