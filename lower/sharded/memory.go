package sharded

import (
	"fmt"

	"github.com/numen-go/numen/lower"
)

// largest returns the task that takes the most memory; nil when there is none.
func (p *plan) largest() *task {
	var most *task
	for i := range p.tasks {
		if t := &p.tasks[i]; most == nil || t.need > most.need {
			most = t
		}
	}
	return most
}

// name says what a task is.
func (p *plan) name(t *task) string {
	switch t.kind {
	case copying:
		return fmt.Sprintf("chunk %d of %s", t.cell, t.array.name())
	case store:
		return fmt.Sprintf("chunk %d to %s", t.cell, p.stores[t.piece].sink)
	case loading:
		return fmt.Sprintf("%s, cell %d, kept before", t.stage.code.k.Name, t.cell)
	case merging:
		return fmt.Sprintf("%s, merge in cell %d", t.stage.code.k.Name, t.cell)
	}
	if t.piece >= 0 {
		return fmt.Sprintf("%s, piece %d of cell %d", t.stage.code.k.Name, t.piece, t.cell)
	}
	return fmt.Sprintf("%s, cell %d", t.stage.code.k.Name, t.cell)
}

// check refuses a plan that a bound cannot hold.
func (p *plan) check(bound int64) error {
	t := p.largest()
	if bound <= 0 || t == nil || t.need <= bound {
		return nil
	}
	return &MemoryError{Task: p.name(t), Need: t.need, Bound: bound}
}

// MemoryError is the answer to a plan with a task that needs more than the bound.
type MemoryError struct {
	Task        string
	Need, Bound int64 // bytes
}

// Unwrap says that it is about memory.
func (e *MemoryError) Unwrap() error { return lower.ErrMemory }

// Error tells the numbers.
func (e *MemoryError) Error() string {
	return fmt.Sprintf("sharded: %s needs %d bytes at once, the bound is %d: smaller chunks would take less", e.Task, e.Need, e.Bound)
}
