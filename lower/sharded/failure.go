package sharded

import (
	"errors"
	"fmt"

	"github.com/numen-go/numen/lower"
)

// failure is the error of a plan: always the same one, whatever the order in which its
// tasks ran. It is that of the first task of the plan that fails. Where this is a checked
// index out of range, it is the fault that dense arrays would have: of the first launch
// that has one, at its smallest position.
type failure struct {
	err   error // what is told; nil: no task failed
	task  int32 // the first that failed
	plain error // what it failed with, where that is no fault
	fault error // the first fault, with what it is:
	what  *lower.Fault
	turn  int64 // of the launch that has it
}

// open reports whether a task may start: none has failed, or it may decide which failure
// is told.
func (f *failure) open(p *plan, i int32) bool {
	if f.err == nil || i < f.task {
		return true
	}
	t := &p.tasks[i]
	return f.plain == nil && t.kind != store && (t.stage == nil || t.stage.turn <= f.turn)
}

// note takes the error of a task.
func (f *failure) note(p *plan, i int32, err error) {
	t := &p.tasks[i]
	e := &lower.TaskError{Task: p.name(t), Err: err}
	if t.stage != nil {
		e.Site, e.Kernel = t.stage.site, t.stage.code.k
	}
	err = fmt.Errorf("sharded: %w", e)
	what, _ := errors.AsType[*lower.Fault](err)
	if what != nil && (f.what == nil || before(t.stage.turn, what, f.turn, f.what)) {
		f.fault, f.what, f.turn = err, what, t.stage.turn
	}
	if f.err == nil || i < f.task {
		f.task, f.plain = i, nil
		if what == nil {
			f.plain = err
		}
	}
	if f.err = f.plain; f.err == nil {
		f.err = f.fault
	}
}

// before reports whether one fault is what dense arrays tell, not the other.
func before(turn int64, x *lower.Fault, otherTurn int64, y *lower.Fault) bool {
	switch {
	case turn != otherTurn:
		return turn < otherTurn
	case x.Position != y.Position:
		return x.Position < y.Position
	}
	return x.Number < y.Number
}
