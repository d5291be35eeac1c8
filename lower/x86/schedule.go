package x86

import (
	"github.com/numen-go/numen/lower/loop"
	"github.com/numen-go/numen/lower/x86/asm"
)

// Schedule returns how loops are cut for machine code of a level.
func Schedule(level asm.Level) loop.Schedule {
	s := loop.Portable.Schedule
	s.Keep, s.Cost = Keep(level), Cost(level)
	return s
}
