package ir

// Combine is how a reduction, scan or scatter joins values. Step takes a state and one
// position's elements, Merge two states; they differ where a contraction steps with fma
// and merges with add. Both are written in scalar ops, so that every executor derives
// them from this one definition. Rows are registered; third parties add theirs.
type Combine struct {
	Name     string
	Elements int // elements a step takes
	// States returns the state's dtypes from the elements'.
	States func(elems []DType) []DType
	// Identity returns the bits of each state such that merging with it changes nothing;
	// false when there is none: then the first element seeds the state through Seed.
	Identity func(states []DType) ([]uint64, bool)
	// Seed returns the state that one position's elements alone make.
	Seed func(b *Builder, elems []*Expr) []*Expr
	// Step returns the state after one more position.
	Step func(b *Builder, state, elems []*Expr) []*Expr
	// Merge returns the state of two neighbouring ranges, left before right.
	Merge func(b *Builder, left, right []*Expr) []*Expr
	// Empty returns the bits of a reduction of nothing; false when that is an error.
	Empty func(states []DType) ([]uint64, bool)
	// Best is, of a combine that keeps a value with its position, the one that keeps the
	// value alone: CombineMin or CombineMax. Nil of others.
	Best *Combine
	// Exact reports whether the result does not depend on order for these states.
	Exact func(states []DType) bool
}

var combines = map[string]*Combine{}

// RegisterCombine adds a row. It panics when the name is taken.
func RegisterCombine(c *Combine) *Combine {
	if combines[c.Name] != nil {
		panic("ir: combine " + c.Name + " registered twice")
	}
	combines[c.Name] = c
	return c
}

// LookupCombine returns the combine of that name, nil when there is none.
func LookupCombine(name string) *Combine { return combines[name] }
