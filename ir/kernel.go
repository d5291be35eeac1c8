package ir

// Kernel is the pivot between the language and its targets: statements over axes,
// pure, without a schedule. Passes fuse and cut kernels, targets compile them; neither
// knows array functions. The printed form (print_kernel.go) is the golden form.
type Kernel struct {
	Name     string
	Dims     []string // run-time integers, used in extents, indices and bodies
	Scalars  []ScalarArg
	Operands []Operand
	Axes     []Axis
	Stmts    []Stmt
	Faults   []Fault // what a checked position may report, by number
}

// ScalarArg is a run-time number, already in its operands' dtype.
type ScalarArg struct {
	Name  string
	DType DType
}

// Role says how a kernel uses an operand.
type Role uint8

// The roles.
const (
	In    Role = iota
	Out        // every element written exactly once
	InOut      // read and written: carried state, the array scattered into
	Local      // made and used inside; where it lives is the schedule's choice
)

var roleNames = [...]string{In: "in", Out: "out", InOut: "inout", Local: "local"}

// String returns the role's name.
func (r Role) String() string { return roleNames[r] }

// Operand is an array that a kernel reads or writes. At run time it is a base, an
// element offset (which may be negative), strides and extents.
type Operand struct {
	Name   string
	DType  DType
	Shape  []Dim
	Format *Format
	Like   int // an output that shares this operand's sparse pattern; -1: none
	Role   Role
}

// Axis is an iteration range. Lo and Hi are run-time arguments with default 0 and
// Extent; positions are absolute. A derived axis follows another's bounds: the
// footprint of a local with a halo.
type Axis struct {
	Name   string
	Extent Dim
	From   int // derived: the axis whose bounds it follows; -1: its own
	Before Dim // derived: Lo = From.Lo + Before
	After  Dim // derived: Hi = From.Hi + After
}

// Sink is what a statement does with its values.
type Sink uint8

// The sinks.
const (
	Store   Sink = iota // Targets[i] = Args[i]
	Reduce              // Targets = combine of Args over Axes, in Order
	Scan                // Targets[0] = running combine along Axes[0]; a second target is carried state
	Scatter             // Targets = combine(Targets, Args), source positions ascending along Axes
	Append              // where Args[0] holds, in order along Axes: Targets get Args[1:]; the count is a result
)

// Stmt is one statement. Its domain is the axes of its targets, then Axes; it is
// computed, not stored.
type Stmt struct {
	Sink    Sink
	Targets []Access
	Args    []*Expr
	Axes    []int    // reduced (flattened into one position in this order), scanned, scattered or appended along
	Combine *Combine // Reduce, Scan, Scatter
	Order   Order    // Reduce
	Scan    ScanKind // Scan
	Over    *Access  // the statement is demanded only where this sparse operand stores an entry
}

// ScanKind is the direction of a scan and whether it leaves out the element itself.
type ScanKind uint8

// The kinds of scan.
const (
	Inclusive ScanKind = iota
	Exclusive
	Backward
)

// Order is the order in which a reduction combines: part of a program's meaning
// (see doc.go), set when the graph is built and kept by every rewrite.
type Order uint8

// The orders.
const (
	NoOrder     Order = iota
	Lanes             // 16 lanes inside blocks of 1024, folded, then Tree over blocks
	Chain             // one chain inside blocks of 512, then Tree over blocks
	TreeOrder         // Tree over the elements themselves
	StoredOrder       // a chain over the stored entries of a fibre, blocks of 512, Tree
	Stored1           // one chain over the stored entries
	Free              // combines that do not depend on order, and users who asked for any
	numOrders
)

var orderNames = [numOrders]string{"", "lanes", "chain", "tree", "stored", "stored1", "free"}

// String returns the order's name.
func (o Order) String() string { return orderNames[min(o, numOrders-1)] }

// ParseOrder reads an order's name.
func ParseOrder(s string) (Order, bool) {
	for o := Lanes; o < numOrders; o++ {
		if orderNames[o] == s {
			return o, true
		}
	}
	return NoOrder, false
}

// Fault is a value-dependent error of the run: an index outside its axis. The smallest
// flattened source position wins, so the report does not depend on threads.
type Fault struct {
	What  string // "index"
	Limit Dim    // the extent it was checked against
	Site  *Site
}

// Constants of the canonical orders.
const (
	LaneCount  = 16   // lanes of an order, for every dtype
	LaneBlock  = 1024 // elements of a block of Lanes and of a scan
	ChainBlock = 512  // elements of a block of Chain
	ScanGroup  = 16   // elements of a scan's innermost tree
)
