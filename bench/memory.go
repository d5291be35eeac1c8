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
// may keep copies, and for each contender the result, a fresh result and a temporary. The
// evaluator and those that only time loops in place do not count.
func (s *session) memory(c cost) int {
	n, python := 0, 0
	for _, who := range s.contenders {
		switch w := who.(type) {
		case *peer:
			python, n = 2*c.in, n+1
		case *target:
			if w.on != evaluator {
				n++
			}
		case *loops:
			if w.who == plainGo {
				n++
			}
		}
	}
	return c.in + python + 3*n*c.out
}
