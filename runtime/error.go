package rt

import (
	"errors"

	"github.com/numen-go/numen/lower"
	"github.com/numen-go/numen/passes"
)

// Errors that package np shows by class.
var (
	ErrDeclined = errors.New("no target takes this")
	ErrMemory   = lower.ErrMemory
	ErrClosed   = errors.New("closed")
)

// RunError is an error of compiling or running that belongs to one of the user's calls.
type RunError = passes.CallError
