// Package passes rewrites programs between the call and the target: graph in, graph
// out, then kernels in, kernels out. Every pass keeps the bits of every result, and the
// table in pipeline.go says what runs, in which order and why.
package passes

import "github.com/numen-go/numen/ir"

// Unit is what passes work on: a graph until pass kernels, a program afterwards.
type Unit struct {
	Graph   *ir.Graph
	Program *ir.Program
	// Caps are what the targets may take, in the order in which they are asked.
	Caps []*ir.Caps
	// Sizes tells a symbol's number at hand. Only a pass whose choice the caller has made
	// part of its cache key (contraction paths) may ask.
	Sizes func(symbol string) (int64, bool)
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
	// Run rewrites u in place and says whether anything changed.
	Run func(u *Unit) (changed bool, err error)
}
