package loop

import (
	"unsafe"

	"github.com/numen-go/numen/ir"
)

// Machine makes machine code of the parts of a loop that take time: the bodies of its
// Par statements, and what stands beside them that is more than an assignment, a
// declaration or a requirement. The portable executor runs the rest, cuts the tasks and
// holds the frames.
type Machine interface {
	// Compile returns the code of all parts. The words of frames that it needs beside those
	// of variables and arrays come from file.
	Compile(l *Loop, parts []Part, class Class, file File) (Native, error)
}

// Part is a part of a loop that machine code runs.
type Part struct {
	Ranges []ParRange // of a Par: their Lo and Hi are set when the part is entered
	Body   []Stmt
}

// Native is the machine code of a loop's parts.
type Native interface {
	// Enter runs a part on a frame, from its start, or from where it left the frame: see
	// the words of a frame.
	Enter(part int, frame unsafe.Pointer)
	// String returns the code in text, with what Explain shows of it.
	String() string
	// Close frees the code.
	Close() error
}

// The first words of a frame are what machine code and the executor tell each other.
const (
	WordResume   = iota // 0: start; else where the code goes on (the code's own number)
	WordStatus          // why the code has left: a Status
	WordArg             // and what about
	WordArg2            //
	WordWork            // nanoseconds, roughly, until the code leaves with StatusWork
	WordFault           // of the fault at the smallest position so far: its number, -1: none
	WordPosition        //
	WordValue           //
	WordLimit           //
	FirstWord           // the first word that a File gives away; frames are aligned to 64 bytes
)

// Status says why machine code has left.
type Status uint64

// The statuses. After StatusWork and StatusGrow the code is entered again and goes on.
const (
	StatusDone    Status = iota
	StatusWork           // it is time to look at the context
	StatusGrow           // local array number WordArg needs WordArg2 bytes
	StatusEmpty          // a reduction of nothing has no value
	StatusOutside        // a position that is data is outside by a fault of the kernel
	StatusFull           // an append has no room
	StatusTooBig         // a local array whose size is too large
)

// File numbers the words of frames, 8 bytes each. Scalars of every dtype have a word, in
// its low bytes; a bool is 0 or 1.
type File interface {
	// Var returns the word of a variable.
	Var(v *Var) int
	// Array returns the words of an array.
	Array(a *Array) ArrayWords
	// Temp returns the first of n words that are the code's own; aligned to 64 bytes from
	// n = 8 on.
	Temp(n int) int
}

// ArrayWords are the words that describe an array. An element at positions p is at
// Base + size * (sum of p[d] * Strides[d]).
type ArrayWords struct {
	Number           int   // for StatusGrow
	Base             int   // address; the code of a Local sets the other words, and this one by StatusGrow
	Room             int   // locals: bytes at Base
	Strides, Extents []int // elements
}

// Class is what code may be made for beside structure: see NUMERICS on classes. Code of
// one class never serves a run of another.
type Class struct {
	Short  uint64 // axes of at most ShortExtent positions, where others are longer
	Pieces bool   // reductions are cut, for there is too little else to run in parallel
	Long   bool   // contractions are cut along their steps
	Unit   uint64 // dimensions of the caller's arrays, in order, whose stride is 1
	Stream bool   // results are larger than the last-level cache
}

// IsUnit reports whether dimension d of a caller's array surely has stride 1; that of
// a local's last dimension always is.
func (c Class) IsUnit(l *Loop, a *Array, d int) bool {
	if a.Role == ir.Local {
		return d == a.Rank-1
	}
	n := 0
	for _, x := range l.Arrays {
		if x == a {
			return n+d < 64 && c.Unit>>(n+d)&1 != 0
		}
		n += x.Rank
	}
	return false
}
