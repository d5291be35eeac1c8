package ir

import (
	"errors"
	"fmt"
)

// Op is one operation of the language with all its facts. There is one Op value per
// operation, defined in one place (op_*.go); third parties Register their own. Passes
// and targets read the facts and never ask for an op by name.
type Op struct {
	Name   string
	Doc    string // the formula, then in words what it means, errors and source
	Family Family
	MinArg int
	MaxArg int       // -1: any number
	Fields AttrField // which fields of Attr the op uses; the verifier refuses others
	Subs   int       // number of subgraphs

	// Infer returns the result's type. It is the one place where shapes and dtypes are
	// checked; errors wrap ErrShape, ErrDType, ErrAxis or ErrIndex.
	Infer func(n *Node) (Type, error)

	// Factors returns the extents of this call, numbers all, that are products of others,
	// as lists of factors. A program of symbols keeps these relations; nil: there are none.
	Factors func(n *Node) [][]int64

	Algebra Algebra
	Scalar  *Scalar // elementwise ops: what happens to one element

	// Exactly one of Scalar, Kernel, Decompose, Host is set: how the op reaches targets.
	// Control ops have none: a Program has steps for their subgraphs.
	Kernel    func(b *KernelBuilder, n *Node) error // as statements over axes
	Decompose func(n *Node) (*Node, error)          // as simpler ops
	Host      func(n *Node) (ProgramStep, error)    // as a step of the Program

	// Inline returns the value of a rank-0 leaf (a literal, a run-time number) as part of
	// its user's body; nil for ops that need a kernel or a buffer.
	Inline func(b *KernelBuilder, n *Node) *Expr

	// Eval is the op's meaning, slow and clear, on dense values. Every dimension of n and
	// of its operands' types is a number by then, unless only the values tell it.
	// Elementwise ops get theirs from Scalar, ops with subgraphs have EvalSubs.
	Eval func(n *Node, in []*Tensor) ([]*Tensor, error)

	// EvalSubs is Eval for an op with subgraphs; run evaluates one of them.
	EvalSubs func(n *Node, in []*Tensor, run func(sub *Graph, in []*Tensor) ([]*Tensor, error)) ([]*Tensor, error)

	// The transforms' rules. NoRule with the reason where there is none by nature (a
	// comparison has no derivative); nil is a gap that the completeness test lists.
	Linearize LinearizeRule
	Transpose TransposeRule
	Batch     BatchRule

	// Samples are small calls that tests run on everything: inference against
	// evaluation, kernel against evaluation, target against evaluator.
	Samples func() []*Node
}

// Family groups ops by shape of computation.
type Family uint8

// The families.
const (
	Leaf        Family = iota // parameters, constants, scalars
	Elementwise               // one element from one element of each operand
	Creation                  // values from positions alone
	Reduction                 // fewer axes by combining
	ScanFamily                // running reductions
	Contraction               // einsum
	Movement                  // the same elements elsewhere
	Indexing                  // positions that are data
	Random                    // counter-based bits
	Control                   // subgraphs: loops, branches
	Conversion                // between formats
	Opaque                    // sort, FFT, factorizations: host steps
)

// Algebra holds facts that rewrites and sparse lattices use. Bits count: float addition
// is commutative but not associative.
type Algebra struct {
	Commutative bool
	Associative DTypes // for which dtypes regrouping keeps bits
	Idempotent  bool   // f(x,x) = x
	// Identity and Annihilator return e with f(x,e) = x, f(x,e) = e for every x of
	// dtype d including NaN, infinities and signed zeros; false where there is none.
	// An annihilator for structural (sparse) elements alone is SparseAnnihilator.
	Identity          func(d DType) (uint64, bool)
	Annihilator       func(d DType) (uint64, bool)
	SparseAnnihilator func(d DType) (uint64, bool)
}

// Scalar is what an elementwise op does to one element. Elements travel as uint64:
// floats as their bits, bool as 0 or 1, unsigned zero-extended, signed sign-extended.
type Scalar struct {
	In     []DTypes // allowed dtypes per operand
	Same   bool     // the operands share one dtype
	Result func(n *Expr) DType

	// Eval computes a primitive; nil when Expand says what the op means.
	Eval func(e *Expr, x []uint64) uint64
	// Expand writes the op in primitives: the definition every target follows.
	Expand func(b *Builder, e *Expr) *Expr
}

// LinearizeRule returns the tangent of n's result given its operands' tangents (nil: zero).
type LinearizeRule func(n *Node, tangents []*Node) (*Node, error)

// TransposeRule returns the cotangents of n's linear operands given its result's.
type TransposeRule func(n *Node, cotangent *Node, linear []bool) ([]*Node, error)

// BatchRule returns n over operands with one more leading axis where batched says so.
type BatchRule func(n *Node, args []*Node, batched []bool, size Dim) (*Node, error)

// Classes of error that inference reports; package np shows them to users.
var (
	ErrShape = errors.New("shapes do not agree")
	ErrDType = errors.New("wrong dtype")
	ErrAxis  = errors.New("axis out of range")
	ErrIndex = errors.New("index out of range")
)

// Errorf returns an error of a class with a message that says what is wrong.
func Errorf(class error, format string, args ...any) error {
	return &classError{class, fmt.Sprintf(format, args...)}
}

type classError struct {
	class error
	text  string
}

func (e *classError) Error() string { return e.text }
func (e *classError) Unwrap() error { return e.class }

var opsByName = map[string]*Op{}
var opsInOrder []*Op

// Register adds an op to the language. It panics when the name is taken or a fact
// that every op needs is missing: both are faults of the program's text.
func Register(op *Op) *Op {
	if op.Name == "" || op.Doc == "" || op.Infer == nil && op.Scalar == nil {
		panic(fmt.Sprintf("ir: op %q is incomplete", op.Name))
	}
	if opsByName[op.Name] != nil {
		panic(fmt.Sprintf("ir: op %q registered twice", op.Name))
	}
	opsByName[op.Name] = op
	opsInOrder = append(opsInOrder, op)
	return op
}

// Lookup returns the op of that name, nil when there is none.
func Lookup(name string) *Op { return opsByName[name] }

// Ops returns every registered op in order of registration.
func Ops() []*Op { return opsInOrder }

// String returns the op's name.
func (op *Op) String() string { return op.Name }
