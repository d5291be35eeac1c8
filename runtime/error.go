package rt

import (
	"errors"
	"fmt"

	"github.com/numen-go/numen/ir"
)

// Errors that package np shows by class.
var (
	ErrDeclined = errors.New("no target takes this")
	ErrMemory   = errors.New("memory bound exceeded")
	ErrClosed   = errors.New("closed")
)

// RunError is an error of compiling or running that belongs to one of the user's calls.
type RunError struct {
	Op   string   // the op that the call made
	Site *ir.Site // nil: none is known
	Err  error
}

// Error tells the op and the cause; package np adds the user's line.
func (e *RunError) Error() string { return fmt.Sprintf("%s: %v", e.Op, e.Err) }

// Unwrap returns the cause.
func (e *RunError) Unwrap() error { return e.Err }
