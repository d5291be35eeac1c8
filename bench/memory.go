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

// memory estimates what a problem takes: its inputs, and for each contender a copy of
// them, the result, a fresh result and a temporary.
func (s *session) memory(c cost) int { return c.in + len(s.contenders)*(c.in+3*c.out) }
