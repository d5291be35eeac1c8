package loop

import "github.com/numen-go/numen/ir"

// Loop is a kernel as loops.
type Loop struct {
	Name   string
	Params []*Var   // integers and scalars of the caller
	Arrays []*Array // arrays of the caller
	Body   []Stmt
}

// Var is a variable: an integer that counts or indexes, or a scalar value. Inside a
// strip it may hold a value for every position.
type Var struct {
	Name  string
	DType ir.DType
}

// Array is an array of the caller or of a task. It is read and written by position;
// where its elements lie is known when the loop runs.
type Array struct {
	Name  string
	DType ir.DType
	Rank  int
	Role  ir.Role // In, Out, InOut: the caller's; Local: declared by a Local statement
}

// Stmt is a statement.
type Stmt interface{ stmt() }

// Par runs Body for tasks: boxes that cut the ranges at multiples of their steps,
// counted from their starts. Tasks are independent. It stands in no other Par.
type Par struct {
	Ranges []ParRange
	Cost   *Val // an estimate of one position of the box, in tenths of a nanosecond
	Few    bool // tasks repeat work of each other: no more than keep the threads busy
	Body   []Stmt
}

// ParRange is the part From <= position < To of an axis; a task sees its share as
// Lo <= position < Hi.
type ParRange struct {
	Lo, Hi   *Var
	From, To *Val
	Step     *Val
}

// For runs Body with Var = Lo, Lo+Step, ... below Hi.
type For struct {
	Var          *Var
	Lo, Hi, Step *Val
	Body         []Stmt
}

// While runs Body as long as Cond holds.
type While struct {
	Cond *Val
	Body []Stmt
}

// Merge runs Body as long as one cursor is below its end: the co-iteration of sorted
// lists. Body assigns each cursor exactly once, adding 0 or more.
type Merge struct {
	Cursors []*Var
	Ends    []*Val
	Body    []Stmt
}

// If runs Then or Else.
type If struct {
	Cond       *Val
	Then, Else []Stmt
}

// Return ends the task.
type Return struct{}

// Local declares an array of the task. A register array has constant extents and an
// initial value and may be kept in registers.
type Local struct {
	Array    *Array
	Extents  []*Val
	Init     *Val // every element; nil: undefined
	Register bool
}

// Require states that positions Lo to Hi (inclusive), if there are any, are inside 0 to
// Extent, of an axis of an array, unless When is not positive. The run fails when that
// does not hold: what follows is compiled without tests.
type Require struct {
	Name           string // of the array, for the message
	Axis           int
	Lo, Hi, Extent *Val
	When           *Val
}

// NonEmpty states that N is positive: a reduction of nothing has no value. The run
// fails when it is not.
type NonEmpty struct{ N *Val }

// Set assigns a variable. In a strip it names a value once.
type Set struct {
	Var *Var
	Val *Val
}

// Store writes elements.
type Store struct {
	Array *Array
	Index []*Val
	Val   *Val
}

// Strip runs Body for every Pos < N, statement by statement.
type Strip struct {
	Pos  *Var
	N    *Val
	Body []Stmt // Set, Store, Lanes, Prefix, Scatter, Append
}

// Lanes combines a strip into lanes: for ascending t, state (At+t) mod the number of
// lanes takes a step with the values. Accs has an array per state.
type Lanes struct {
	Combine *ir.Combine
	Accs    []*Array
	Vals    []*Val
	At      *Val // nil: 0
}

// Fold combines lanes into lane 0: for h = half the lanes, ..., 2, 1, lane l merges with
// lane l+h for l < h. What the other lanes hold afterwards is undefined.
type Fold struct {
	Combine *ir.Combine
	Accs    []*Array
}

// Prefix writes what came before each position: for ascending t, Outs get the states in
// Accs (one element each), which then merge with the values.
type Prefix struct {
	Combine *ir.Combine
	Accs    []*Array
	Outs    []Element
	Vals    []*Val
}

// Scatter combines values into elements: for ascending t, the states at the targets
// take a step with the values, unless an index is -1.
type Scatter struct {
	Combine *ir.Combine
	Targets []Element
	Vals    []*Val
}

// Element is an element of an array.
type Element struct {
	Array *Array
	Index []*Val
}

// Append writes the values where Cond holds, in ascending t, at position Count, which it
// advances.
type Append struct {
	Count *Var
	Cond  *Val
	Outs  []*Array
	Vals  []*Val
}

// Tile is the kernel of a contraction: for every Row < M and Col < N, the states at Accs
// take a step with Vals for ascending Depth < K. Vals are loads, each of which depends on
// Row or on Col, not on both, and all positions are affine. With Init the states start
// from it, without what is there, K being 0 or not. With Left, where When is not 0, the
// state at Left, which is elsewhere, and the state merge at last.
type Tile struct {
	Combine         *ir.Combine
	Depth, Row, Col *Var
	K, M, N         *Val
	Init            *Val // a literal; nil: what is there
	Accs            []Element
	Vals            []*Val
	When            *Val     // with Left: an integer
	Left            *Element // nil: nothing merges
}

// Chains takes states through steps side by side: for every Pos < N, the state at Pos of
// Acc takes a step with Vals for ascending Depth < K. With Init it starts from that,
// without what is there.
type Chains struct {
	Combine    *ir.Combine
	Pos, Depth *Var
	N, K       *Val
	Acc        *Array // a local one, of rank 1; what it holds from N to the next multiple of 16 is undefined then
	Init       *Val   // a literal; nil: what is there
	Vals       []*Val
	Soon       []*Val // loads like Vals that other chains will ask for before long: a hint
}

// Soon asks for elements that will be needed before long: a hint, which may compute the
// positions and reads nothing there, so they may be outside. No position is checked.
type Soon struct{ Loads []*Val }

func (*Par) stmt()      {}
func (*For) stmt()      {}
func (*While) stmt()    {}
func (*Merge) stmt()    {}
func (*If) stmt()       {}
func (*Return) stmt()   {}
func (*Local) stmt()    {}
func (*Require) stmt()  {}
func (*NonEmpty) stmt() {}
func (*Set) stmt()      {}
func (*Store) stmt()    {}
func (*Strip) stmt()    {}
func (*Lanes) stmt()    {}
func (*Fold) stmt()     {}
func (*Prefix) stmt()   {}
func (*Scatter) stmt()  {}
func (*Append) stmt()   {}
func (*Tile) stmt()     {}
func (*Chains) stmt()   {}
func (*Soon) stmt()     {}

// Val is an expression.
type Val struct {
	Kind  ValKind
	DType ir.DType
	Op    *ir.Op    // Apply
	Args  []*Val    // Apply, Load (positions), Within (t, lo, hi), Pick, Check (value, limit, position), Below
	Bits  uint64    // Const
	Var   *Var      // Use
	Array *Array    // Load, Extent
	Table *ir.Table // Apply of lookup
	N     int       // Extent: the axis; Check: the fault; Below: d
}

// ValKind says what a Val is.
type ValKind uint8

// The kinds of Val.
const (
	Const  ValKind = iota // a literal
	Use                   // a variable
	Apply                 // a scalar op
	Load                  // an element
	Extent                // of an array's axis, i64
	Within                // lo <= t < hi, bool
	Pick                  // Args[0] ? Args[1] : Args[2], the other not evaluated
	Check                 // a position that is data
	Below                 // a neighbour inside a group of 16
)
