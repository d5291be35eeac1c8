package main

import (
	"fmt"
	"os"
	"strings"
)

// assumed is how much memory there is where the system does not say.
const assumed = 8 << 30

// available returns how many bytes a problem may take.
func available() int {
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return assumed
	}
	return availableIn(string(text))
}

// availableIn reads Linux's account of memory.
func availableIn(meminfo string) int {
	for line := range strings.Lines(meminfo) {
		var kb int
		if n, _ := fmt.Sscanf(line, "MemAvailable: %d kB", &kb); n == 1 {
			return kb << 10
		}
	}
	return assumed
}

// memory estimates what a problem takes: inputs here and in the process of peers, which
// may keep copies; the results that contenders write over and over; and, of one contender
// at a time, a fresh result and temporaries as large. The evaluator does not count: it
// takes part in small problems.
func (s *session) memory(c cost) int {
	n, python := 0, 0
	for _, who := range s.contenders {
		if _, ok := who.(*peer); ok {
			python = 2 * c.in
		}
		if who.reuses() {
			n++
		}
	}
	return c.in + python + (n+3)*c.out
}
