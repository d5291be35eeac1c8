package x86

import (
	"github.com/numen-go/numen/lower/loop"
	"github.com/numen-go/numen/lower/x86/asm"
)

// Schedule returns how loops are cut for machine code of a level.
func Schedule(level asm.Level) loop.Schedule {
	s := loop.Portable.Schedule
	s.Strip = 1024 // nothing of a strip but what is declared lies in memory
	s.Keep, s.Cost = Keep(level), Cost(level)
	s.Tile = TileShape(level)
	s.Deep = 4
	s.Near = 1 << 17
	s.Rows, s.Cols = 240, 2112 // whole tiles; the rows stay in a cache, the columns stream through
	return s
}
