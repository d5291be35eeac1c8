// Package passes rewrites programs between the call and the target: graph in, graph
// out, then kernels in, kernels out. Every pass keeps the bits of every result, and the
// table in pipeline.go says what runs, in which order and why.
package passes

import (
	"fmt"
	"math/rand/v2"

	"github.com/numen-go/numen/ir"
)

// Unit is what passes work on: a graph until pass kernels, a program afterwards.
type Unit struct {
	Graph   *ir.Graph
	Program *ir.Program
	// Caps are what the targets may take, in the order in which they are asked.
	Caps []*ir.Caps
	// Home is the format in which a program sent to a target by name is held, nil: as its
	// parameters are.
	Home *ir.Format
	// Sizes tells a symbol's number at hand. Only a pass whose choice the caller has made
	// part of its cache key (contraction paths) may ask.
	Sizes func(symbol string) (int64, bool)

	limited  bool // by Options.Limit
	left     int  // rewrites until that limit
	rewrites int  // asked for by the pass that runs
	notes    []string
	random   *rand.Rand // not nil: visit nodes in a random order that is as good
	ordered  *ir.Graph  // whose nodes are in nodes
	nodes    []*ir.Node
}

// Stage says which half of a Unit a pass works on.
type Stage uint8

// The stages.
const (
	OnGraph   Stage = iota // Graph to Graph
	ToProgram              // Graph to Program
	OnProgram              // Program to Program
)

// Pass is one rewrite.
type Pass struct {
	Name     string
	Doc      string // what it does and why it keeps the bits
	Stage    Stage
	Required bool // the program does not run without it
	Repeat   bool // run in turns with its neighbours that repeat, until none changes anything
	// Run rewrites u in place and says whether anything changed.
	Run func(u *Unit) (changed bool, err error)
}

// allow counts one rewrite of an optional pass and says whether it may be done. A pass
// that asks before each can be bisected to the one that is wrong.
func (u *Unit) allow() bool {
	if u.limited && u.left == 0 {
		return false
	}
	u.left--
	u.rewrites++
	return true
}

// note adds a line to the record of the pass that runs.
func (u *Unit) note(format string, args ...any) {
	u.notes = append(u.notes, fmt.Sprintf(format, args...))
}
