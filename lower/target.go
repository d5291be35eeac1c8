// Package lower is the contract between the compiler and targets: implementations of
// arrays. A target takes kernels (package ir), says as data what it can do, and
// declines what it cannot with a reason; it never sees array functions. Targets
// register themselves by name, like drivers of database/sql, and pass lowertest.
package lower

import (
	"context"
	"fmt"

	"github.com/numen-go/numen/ir"
)

// Target compiles kernels for one kind of hardware or array. It is safe for many
// goroutines.
type Target interface {
	// Name returns the name under which the target is registered.
	Name() string
	// Caps says what kernels Compile takes. The result is shared: do not change it.
	Caps() *ir.Caps
	// Compile returns code for a kernel, or *Declined. It looks at structure alone, never
	// at sizes: dims, strides and scalars arrive with Run.
	Compile(ctx context.Context, k *ir.Kernel) (Executable, error)
	// Close frees what the target holds. Executables made by it must be closed before.
	Close() error
}

// Executable is a compiled kernel. It is safe for many goroutines.
type Executable interface {
	// Run executes the kernel. It returns ctx's error when cancelled (outputs are then
	// undefined), or *Fault when a checked index was outside.
	Run(ctx context.Context, a *Args) error
	// String returns the target's own form of the kernel (loops, assembly) for Explain.
	String() string
	// Close frees the code. No run may be going on.
	Close() error
}

// Args are the arguments of one run. The slices belong to the caller, who may reuse
// them for the next run.
type Args struct {
	Dims    []int64  // one per kernel dim
	Scalars []uint64 // one per kernel scalar, as ir.Scalar describes elements
	Lo, Hi  []int64  // bounds per axis; nil: whole
	Arrays  []Array  // one per operand that is not local, in order
	Threads int      // workers to use; 0 means 1
	Counts  []int64  // filled with one count per append statement
	Site    *ir.Site // the user's call that the run serves, for errors of what runs later; nil: not known
}

// Binder is an Executable that does what depends on arguments alone once, for many runs.
type Binder interface {
	Executable
	// Bind checks the arguments, whose memory every run then uses: a must not change.
	Bind(a *Args) (Bound, error)
}

// Bound is an executable with its arguments. It runs once at a time.
type Bound interface {
	// Run is that of Executable.
	Run(ctx context.Context) error
}

// Array is a dense array in memory: the element at position i is at
// Offset + sum(i[k]*Strides[k]), counted in elements of DType from the start of Data.
// Offset and strides may be negative where positions are offset too; no element in
// bounds lies outside Data. An array of another format is its holder's: see Holder.
type Array struct {
	DType   ir.DType
	Format  *ir.Format // nil: dense, on the host
	Buf     Buffer
	Offset  int64
	Strides []int64
	Extents []int64
	Part    *ir.Box // the positions that there is memory for, nil: all. A run touches no other
}

// Buffer is memory that a target can use. Host buffers (*Host) are what dense CPU
// targets take; others bring their own.
type Buffer interface {
	// Size returns the bytes.
	Size() int64
	// Close gives the memory back. Closing twice is harmless.
	Close() error
}

// Declined is a target's answer to a kernel that it does not take.
type Declined struct {
	Target string
	Stmt   int    // the statement that it is about, -1: the kernel as a whole
	Why    Reason // from a closed list, so that the compiler can act on it
	Detail string
}

// Reason is why a target declines; the compiler decomposes, cuts, hands on or refuses
// accordingly.
type Reason string

// The reasons.
const (
	WhyScalarOp   Reason = "scalar op"
	WhyDType      Reason = "dtype"
	WhyLevel      Reason = "level type"
	WhySink       Reason = "sink"
	WhyCombine    Reason = "combine"
	WhyOrder      Reason = "order"
	WhyValueIndex Reason = "body-valued index"
	WhyFootprint  Reason = "footprint of a local"
	WhyRank       Reason = "rank"
	WhyStatements Reason = "number of statements"
)

// Error tells who declined what and why.
func (d *Declined) Error() string {
	where := "the kernel"
	if d.Stmt >= 0 {
		where = fmt.Sprintf("statement %d", d.Stmt)
	}
	return fmt.Sprintf("%s declines %s: %s: %s", d.Target, where, d.Why, d.Detail)
}

// Fault is a checked index that was outside its axis: the smallest flattened source
// position wins, so that the report does not depend on threads or tiles.
type Fault struct {
	Number   int   // into ir.Kernel.Faults
	Position int64 // flattened position in the statement's domain
	Value    int64 // the index
	Limit    int64 // the extent
}

// Error tells the index and the extent.
func (f *Fault) Error() string {
	return fmt.Sprintf("index %d is outside an axis of extent %d", f.Value, f.Limit)
}
