// Package sharded is the target of arrays cut into chunks: arrays that may be larger than
// memory. It wraps a target of dense arrays (cpu, unless NUMEN_SHARDED names another),
// whose code runs on chunks.
//
// A launch computes nothing: it is remembered (launch.go). When results are asked for,
// Finish makes a plan of what they need and nothing else: every launch's axes are cut
// (cut.go) along the grids of the chunks that it reads and, where a task would take more
// than its share of memory, further; a reduction only where its order lets a piece end, so
// that the bits are those of one run. The tasks of a plan (plan.go) read boxes of arrays
// and write chunks; pieces of reductions are joined by Tree (merge.go). What the plan will
// hold is known before it starts. The executor (exec.go) runs tasks in an order that frees
// chunks early, within the bound: chunks that do not fit are spilled to disk (shelf.go).
//
// Operands may be sparse (sparse.go): a task takes the part of the sparse array that its
// box has, and its kernel runs on the target of sparse arrays.
package sharded
