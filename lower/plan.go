package lower

import (
	"fmt"
	"time"

	"github.com/numen-go/numen/ir"
)

// Plan is what a run of arrays in chunks will do, as data.
type Plan struct {
	Tasks   []Task // each after those whose results it reads
	Memory  int64  // the bound, in bytes; 0: there is none
	Threads int
	Reused  int // tasks that are not in the plan because what they make was kept by a run before
}

// Task is a step of a Plan. It reads chunks and writes others, and may be repeated.
type Task struct {
	Kind   string   // compute, merge, copy, load, store
	Stage  string   // the kernel that it runs, or the array that it copies or stores
	Place  string   // which part of the stage
	Site   *ir.Site // the user's call that it serves; nil: none is known
	After  []int    // the tasks that it reads from
	Reads  []string // the arrays at rest that it reads from
	Writes string   // boxes of what it makes
	Bytes  int64    // of memory that it takes at most
	Out    int64    // bytes that it makes
	Cost   int64    // operations on elements, 0 where it only moves bytes
}

// String names the task.
func (t *Task) String() string { return fmt.Sprintf("%s %s, %s", t.Kind, t.Stage, t.Place) }

// Event is something that happened to a task of a plan.
type Event struct {
	Task   int // of the plan
	Name   string
	Kind   EventKind
	Time   time.Time
	Took   time.Duration // of a task that ended
	Memory int64         // bytes that are held now
	Err    error         // why it failed
}

// EventKind is what happened.
type EventKind string

// What happens to tasks. A task's chunks are spilled when memory does not hold them.
const (
	TaskStarted EventKind = "started"
	TaskDone    EventKind = "done"
	TaskFailed  EventKind = "failed"
	TaskSpilled EventKind = "spilled"
)

// TaskError is the failure of a task.
type TaskError struct {
	Task   string     // its name
	Kernel *ir.Kernel // that it ran; nil: none
	Site   *ir.Site   // the user's call that it served; nil: none is known
	Err    error
}

// Error names the task.
func (e *TaskError) Error() string { return fmt.Sprintf("task %q: %v", e.Task, e.Err) }

// Unwrap returns why it failed.
func (e *TaskError) Unwrap() error { return e.Err }
