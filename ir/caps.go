package ir

// Caps says what kernels a target takes, as data: passes decompose and cut until a
// kernel fits, and never ask which target it is for.
type Caps struct {
	Scalar     func(op *Op, d DType) bool // see Takes; nil: none
	DTypes     DTypes                     // of operands
	Sinks      []Sink
	Orders     []Order
	Levels     []Level // of sparse operands; none: dense only
	MaxRank    int     // axes of an operand
	MaxStmts   int     // statements of a kernel; 0: no limit
	ValueIndex bool    // indices that are body values
}

// Takes reports whether bodies may have op with a last operand of dtype d.
func (c *Caps) Takes(op *Op, d DType) bool {
	return op.Scalar != nil && c.Scalar != nil && c.Scalar(op, d)
}
