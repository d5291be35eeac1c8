package ir

// Program is the host's side of a compiled graph: which kernels run on which buffers,
// in which order. Values are arrays by number; extents are polynomials in Symbols.
type Program struct {
	Name    string
	Symbols []Symbol
	Scalars []ScalarArg
	Values  []Value
	Params  []int // values given by the caller
	Donated []int // those of Params whose buffers the program may overwrite
	Results []int // values handed to the caller
	Steps   []ProgramStep
}

// Symbol is a run-time integer: given by the caller, or bound by a step from a kernel's
// result, with an upper bound that is known before.
type Symbol struct {
	Name  string
	Bound Dim // zero: given by the caller
}

// Value is an array of a Program.
type Value struct {
	Name string
	Type Type
}

// StepKind says what a step does.
type StepKind uint8

// The kinds of step.
const (
	StepAlloc   StepKind = iota // make Out's buffer, contents undefined
	StepView                    // Out is In[0]'s memory under View
	StepLaunch                  // run Kernel
	StepCall                    // run an opaque host op (sort, FFT, factorization) of In into Outs
	StepConvert                 // Out is In[0] in Out's format
	StepBind                    // Symbol gets In[0]'s element, at most its bound
	StepBranch                  // run Body when In[0] holds, else Else
	StepLoop                    // run Body up to Max times, until In[0] holds after it
	StepSwap                    // exchange the buffers of In[0] and In[1]: a loop's old and new state
	StepFree                    // Out's buffer goes back to the pool
)

// ProgramStep is one step. Which fields are used is the kind's.
type ProgramStep struct {
	Kind   StepKind
	Out    int
	In     []int
	Outs   []int // call
	Launch *Launch
	View   *View
	Op     *Op
	Attr   *Attr
	Symbol int
	Max    Dim           // loop; Unknown: as many as it takes
	Body   []ProgramStep // loop; branch: then
	Else   []ProgramStep
	Sites  []*Site // the user's calls that the step serves
}

// Launch is a kernel with its arguments.
type Launch struct {
	Kernel  *Kernel
	Dims    []Dim          // one per kernel dim
	Scalars []int          // one per kernel scalar: a program scalar
	Args    []int          // one per operand that is not local
	Bounds  map[int][2]Dim // axis -> Lo, Hi where not whole
	Counts  []int          // values that get the count of each append; nil: not wanted
	Target  string         // which target compiles it; "": not placed yet
}

// View is a rearrangement of memory: where its first element is, counted in elements from
// the base's first, and how far apart neighbours along each axis are.
type View struct {
	Offset  Dim
	Strides []Dim
}
