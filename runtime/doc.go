// Package rt runs graphs: it finds or compiles the program of a graph, binds it to
// sizes and buffers, and executes it. Package np is its only user; nothing here needs
// to be known to use Numen.
//
// A graph is keyed by its structure: ops, dtypes, which extents are equal, literals of
// the closed class. Sizes, strides, offsets and other numbers are arguments of the run,
// so a new shape or a new number finds the program compiled.
package rt
