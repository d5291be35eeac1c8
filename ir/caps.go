package ir

// Caps says what kernels a target takes, as data: passes decompose and cut until a
// kernel fits, and never ask which target it is for.
type Caps struct {
	Scalar     map[*Op]DTypes // scalar ops of bodies by the dtype of their last operand; what is absent is expanded
	DTypes     DTypes         // of operands
	Sinks      []Sink
	Orders     []Order
	Levels     []Level // of sparse operands; none: dense only
	MaxRank    int     // axes of an operand
	MaxStmts   int     // statements of a kernel; 0: no limit
	ValueIndex bool    // indices that are body values
}

// Takes reports whether op on operands of dtype d is in the set.
func (c *Caps) Takes(op *Op, d DType) bool { return c.Scalar[op].Has(d) }
