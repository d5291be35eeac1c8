package ir

// NoRule stands in a transform's slot of an op that has no such rule by nature: its
// text is the reason, and its methods are the rules. A nil slot is a gap, a NoRule is not.
//
//	Transpose: NoRule("the largest element is not linear in the elements").Transpose,
type NoRule string

// Error returns the reason.
func (r NoRule) Error() string { return string(r) }

// Linearize refuses with the reason.
func (r NoRule) Linearize(*Node, []*Node) (*Node, error) { return nil, r }

// Transpose refuses with the reason.
func (r NoRule) Transpose(*Node, *Node, []bool) ([]*Node, error) { return nil, r }

// Batch refuses with the reason.
func (r NoRule) Batch(*Node, []*Node, []bool, Dim) (*Node, error) { return nil, r }

// noTangent is why comparisons, bits and random draws have no derivative: their results
// do not change smoothly with anything.
const noTangent = NoRule("truth values, bits and random draws have no tangents")
