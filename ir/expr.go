package ir

import (
	"hash/maphash"
	"slices"
)

// Expr is a node of a kernel's body: one scalar from other scalars. Bodies are DAGs of
// immutable Exprs; a Builder interns them, so equal subterms are one pointer.
type Expr struct {
	Kind  ExprKind
	Op    *Op     // Apply: an elementwise op
	DType DType   // the value's type, real: complex operands have a trailing axis of 2
	Args  []*Expr // Apply: operands; Pick: then, else
	Bits  uint64  // Const: the element

	N      int     // Axis: the axis; Scalar: the kernel's scalar; State: which state; Checked: the fault
	Dim    Dim     // DimValue: converted to DType with one rounding
	Access *Access // Load
	Ranges []Range // Pick
	Table  *Table  // Apply of op lookup
}

// ExprKind says what an Expr is.
type ExprKind uint8

// The kinds of Expr.
const (
	Apply    ExprKind = iota // an elementwise op of Args
	Const                    // a literal that is part of the structure
	Load                     // an element of an operand
	AxisPos                  // an axis's absolute position, as DType
	DimValue                 // a polynomial of the kernel's dims, as DType
	ScalarIn                 // a run-time number of the kernel
	Pick                     // within(Ranges) ? Args[0] : Args[1]; the other is not evaluated
	State                    // in a Combine's step and merge: a state or an element
	Stored                   // 1 where a sparse operand stores the Access's position, else 0, as the operand's dtype
	Checked                  // Args[0], an i64: negative positions wrap at the limit of the kernel's fault N, what is outside then records it and gives 0
)

// Range is one condition of a Pick: 0 <= At < Extent. An exact index that does not
// divide is outside.
type Range struct {
	At     Index
	Extent Dim
}

// Table is a constant table of at most 16 entries that op lookup reads modulo 16. Two
// tables of one name are the same.
type Table struct {
	Name    string
	DType   DType
	Entries []uint64
}

// Access is an element of an operand: one index per axis of the operand.
type Access struct {
	Operand int
	Index   []Index
}

// Index is an affine position, an exact quotient of one, or a value.
type Index struct {
	Terms []Term // coefficient times axis, axes ascending, no zero coefficients
	Const Dim
	Div   Dim   // not zero: the position is (Terms+Const)/Div where Div divides it, else outside
	Value *Expr // an i64 body value instead of Terms, Const and Div: Checked, or in range by construction but for -1 in a scatter's target, which drops
}

// Term is Coef times an axis's position.
type Term struct {
	Axis int
	Coef Dim
}

// Builder makes Exprs and interns them. Most kernels are of a few: those are looked
// through, more are hashed.
type Builder struct {
	few  []*Expr // all of them, while there are at most maxFew
	seen map[uint64]*Expr
	more map[uint64][]*Expr // those whose hash is taken in seen
}

const maxFew = 12

// exprKey is what is hashed of an Expr: all that most have.
type exprKey struct {
	kind    ExprKind
	op      *Op
	dtype   DType
	bits    uint64
	n       int
	dim     Dim
	a, b, c *Expr
	table   *Table
}

func (e *Expr) key() exprKey {
	k := exprKey{kind: e.Kind, op: e.Op, dtype: e.DType, bits: e.Bits, n: e.N, dim: e.Dim, table: e.Table}
	if e.Access != nil { // a load has no N; loads of one operand alone share a bucket
		k.n = e.Access.Operand
	}
	for i, p := range [...]**Expr{&k.a, &k.b, &k.c} {
		if i < len(e.Args) {
			*p = e.Args[i]
		}
	}
	return k
}

// equal reports whether two Exprs are the same.
func (e *Expr) equal(o *Expr) bool {
	return e.Kind == o.Kind && e.Op == o.Op && slices.Equal(e.Args, o.Args) && e.key() == o.key() &&
		e.Access.equal(o.Access) && rangesEqual(e.Ranges, o.Ranges)
}

// exprSeed is of this process: hashes order nothing that anybody sees.
var exprSeed = maphash.MakeSeed()

// NewBuilder returns an empty Builder.
func NewBuilder() *Builder { return &Builder{} }

// Intern returns the one Expr equal to e, a copy of it where there was none, so that the
// caller's stays on the stack. Its operands must be interned already.
func (b *Builder) Intern(e *Expr) *Expr {
	if b.seen == nil {
		for _, o := range b.few {
			if e.equal(o) {
				return o
			}
		}
	} else if o := b.find(e, e.hash()); o != nil {
		return o
	}
	c := *e
	b.keep(&c)
	return &c
}

// keep adds what is not there yet.
func (b *Builder) keep(e *Expr) {
	if b.seen == nil {
		if len(b.few) < maxFew {
			b.few = append(b.few, e)
			return
		}
		b.seen = make(map[uint64]*Expr, 4*maxFew)
		few := b.few
		b.few = nil
		for _, o := range few {
			b.keep(o)
		}
	}
	h := e.hash()
	if b.seen[h] == nil {
		b.seen[h] = e
		return
	}
	if b.more == nil {
		b.more = map[uint64][]*Expr{}
	}
	b.more[h] = append(b.more[h], e)
}

// find returns the Expr equal to e among many, nil where there is none.
func (b *Builder) find(e *Expr, hash uint64) *Expr {
	o := b.seen[hash]
	if o == nil || e.equal(o) {
		return o
	}
	for _, o := range b.more[hash] {
		if e.equal(o) {
			return o
		}
	}
	return nil
}

func (e *Expr) hash() uint64 { return maphash.Comparable(exprSeed, e.key()) }

// Apply returns op of args; table is nil but for lookup. The dtypes must be right.
func (b *Builder) Apply(op *Op, args ...*Expr) *Expr {
	e := &Expr{Kind: Apply, Op: op, Args: args}
	e.DType = op.Scalar.Result(e)
	return b.Intern(e)
}

// Cast returns x converted to d.
func (b *Builder) Cast(d DType, x *Expr) *Expr {
	if x.DType == d {
		return x
	}
	return b.Intern(&Expr{Kind: Apply, Op: OpCast, DType: d, Args: []*Expr{x}})
}

// Bitcast returns x's bits as a value of d, which has the same size.
func (b *Builder) Bitcast(d DType, x *Expr) *Expr {
	if x.DType == d {
		return x
	}
	return b.Intern(&Expr{Kind: Apply, Op: OpBitcast, DType: d, Args: []*Expr{x}})
}

// LookupTable returns t[i mod 16].
func (b *Builder) LookupTable(t *Table, i *Expr) *Expr {
	return b.Intern(&Expr{Kind: Apply, Op: OpLookup, DType: t.DType, Args: []*Expr{i}, Table: t})
}

// Const returns a literal of d with the given bits.
func (b *Builder) Const(d DType, bits uint64) *Expr {
	return b.Intern(&Expr{Kind: Const, DType: d, Bits: bits})
}

// Float returns the literal v of float dtype d.
func (b *Builder) Float(d DType, v float64) *Expr { return b.Const(d, Float(d, v)) }

// Int returns the literal v of integer dtype d.
func (b *Builder) Int(d DType, v int64) *Expr { return b.Const(d, uint64(v)) }

// Load returns an element of operand, whose dtype is d.
func (b *Builder) Load(d DType, operand int, index ...Index) *Expr {
	return b.Intern(&Expr{Kind: Load, DType: d, Access: &Access{operand, index}})
}

// Axis returns the position of an axis as d.
func (b *Builder) Axis(d DType, axis int) *Expr {
	return b.Intern(&Expr{Kind: AxisPos, DType: d, N: axis})
}

// DimValue returns a polynomial of dims as a value of d: a literal when it is a number.
func (b *Builder) DimValue(d DType, v Dim) *Expr {
	if n, ok := v.Const(); ok {
		return b.Const(d, castBits(d, Int64, uint64(n)))
	}
	return b.Intern(&Expr{Kind: DimValue, DType: d, Dim: v})
}

// ScalarIn returns the kernel's scalar n, of dtype d.
func (b *Builder) ScalarIn(d DType, n int) *Expr {
	return b.Intern(&Expr{Kind: ScalarIn, DType: d, N: n})
}

// Pick returns then where every range holds, els elsewhere; the branch not taken is not evaluated.
func (b *Builder) Pick(ranges []Range, then, els *Expr) *Expr {
	if len(ranges) == 0 {
		return then
	}
	return b.Intern(&Expr{Kind: Pick, DType: then.DType, Args: []*Expr{then, els}, Ranges: ranges})
}

// Checked returns the i64 v as a position: wrapped when negative, 0 with the kernel's
// fault recorded when outside the fault's limit.
func (b *Builder) Checked(v *Expr, fault int) *Expr {
	return b.Intern(&Expr{Kind: Checked, DType: Int64, Args: []*Expr{v}, N: fault})
}

// Stored returns 1 where operand, whose dtype is d, stores the position, else 0.
func (b *Builder) Stored(d DType, operand int, index ...Index) *Expr {
	return b.Intern(&Expr{Kind: Stored, DType: d, Access: &Access{operand, index}})
}

// State returns placeholder n of a Combine.
func (b *Builder) State(d DType, n int) *Expr {
	return b.Intern(&Expr{Kind: State, DType: d, N: n})
}

func (a *Access) equal(o *Access) bool {
	if a == nil || o == nil {
		return a == o
	}
	if a.Operand != o.Operand || len(a.Index) != len(o.Index) {
		return false
	}
	for i := range a.Index {
		if !a.Index[i].Equal(o.Index[i]) {
			return false
		}
	}
	return true
}

// Equal reports whether two indices are the same.
func (x Index) Equal(y Index) bool {
	if x.Const != y.Const || x.Div != y.Div || x.Value != y.Value || len(x.Terms) != len(y.Terms) {
		return false
	}
	for i := range x.Terms {
		if x.Terms[i] != y.Terms[i] {
			return false
		}
	}
	return true
}

func rangesEqual(a, b []Range) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].Extent != b[i].Extent || !a[i].At.Equal(b[i].At) {
			return false
		}
	}
	return true
}

// At returns the index that is an axis's position.
func At(axis int) Index { return Index{Terms: []Term{{axis, N(1)}}} }

// AtValue returns the index that is an i64 body value.
func AtValue(v *Expr) Index { return Index{Value: v} }

// AtConst returns the index that is a constant.
func AtConst(d Dim) Index { return Index{Const: d} }
