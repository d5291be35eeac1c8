// Package sparse is the target for arrays that store some of their elements. A format is
// a list of levels, one an axis: dense, compressed, singleton; CSR, CSC, COO, CSF are
// spellings of such lists. What is not stored is the format's fill.
//
// A kernel becomes loops over the levels of its operands: over one list of coordinates,
// over several merged, or over every position with the lists following, as the algebra of
// its body asks for. A sparse result is counted first, then written. An operand whose
// levels stand in another order than the loops is read in a copy of the right order,
// which its array keeps.
package sparse

import (
	"context"
	"fmt"
	"slices"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
	"github.com/numen-go/numen/lower/loop"
	"github.com/numen-go/numen/lower/x86"
	"github.com/numen-go/numen/lower/x86/asm"
)

// Name is the name under which the target is registered.
const Name = lower.SparseName

func init() { lower.Register(Name, func() (lower.Target, error) { return New(), nil }) }

// New returns the target at the best level of machine code that there is.
func New() lower.Target {
	for _, l := range []asm.Level{asm.AVX512, asm.AVX2} {
		if x86.Available(l) == nil {
			return &target{machine: x86.New(l), keep: x86.Keep(l)}
		}
	}
	return Portable()
}

// Portable returns the target without machine code.
func Portable() lower.Target { return &target{keep: loop.Runs} }

type target struct {
	machine loop.Machine // nil: portable code
	keep    func(op *ir.Op, d ir.DType) bool
}

var _ lower.Holder = (*target)(nil)

func (*target) Name() string { return Name }
func (*target) Close() error { return nil }

// Caps says what kernels may be taken.
func (*target) Caps() *ir.Caps {
	c := *loop.Caps()
	c.Sinks = []ir.Sink{ir.Store, ir.Reduce}
	c.Orders = append(slices.Clone(c.Orders), ir.StoredOrder, ir.Stored1)
	c.Levels = []ir.Level{ir.LevelDense, ir.LevelCompressed, ir.LevelSingleton}
	return &c
}

// Home returns nil: a program's dense arrays stay dense.
func (*target) Home() *ir.Format { return nil }

// Holds reports whether arrays of a format are sparse.
func (*target) Holds(f *ir.Format) bool { return f.Sparse() && f.Device == "" && f.Chunks == nil }

// Make returns an array that a kernel will fill.
func (t *target) Make(_ context.Context, typ ir.Type, extents []int64) (*lower.Array, error) {
	if !t.Holds(typ.Format) {
		return nil, fmt.Errorf("sparse: no arrays of format %s", typ.Format)
	}
	if err := check(typ.Format, extents); err != nil {
		return nil, err
	}
	return &lower.Array{DType: typ.DType, Format: typ.Format, Buf: &Data{DType: typ.DType, Extents: slices.Clone(extents), Format: typ.Format}, Extents: slices.Clone(extents)}, nil
}

// Convert returns an array's elements in another format.
func (*target) Convert(ctx context.Context, a *lower.Array, to *ir.Format) (*lower.Array, error) {
	return Convert(ctx, a, to)
}

// Finish waits for nothing, for a launch is complete when Run returns, and refuses to
// write chunks.
func (*target) Finish(ctx context.Context, _ []*lower.Array, b *lower.Bounds) error {
	if b.Chunks != nil && slices.ContainsFunc(b.Chunks.Sinks, func(s lower.Sink) bool { return s != nil }) {
		return fmt.Errorf("sparse: the result is sparse, and what writes chunks takes dense ones: make it dense in the program")
	}
	return ctx.Err()
}

// Compile returns the loops of a kernel.
func (t *target) Compile(_ context.Context, k *ir.Kernel) (lower.Executable, error) {
	if err := k.Verify(); err != nil {
		return nil, err
	}
	if err := takes(k); err != nil {
		return nil, err
	}
	proof, err := loop.Compile(loop.Proof(k))
	if err != nil {
		return nil, err
	}
	m, err := straightened(k)
	if err != nil {
		return nil, err
	}
	if err := m.k.Verify(); err != nil {
		return nil, err
	}
	e := &executable{k: m.k, moves: m, proof: proof}
	stmts, locals, err := results(m.k)
	if err != nil {
		return nil, err
	}
	for _, n := range stmts {
		codes, err := t.statement(m.k, n, locals)
		if err != nil {
			if d, ok := err.(*lower.Declined); ok {
				d.Stmt = n
			}
			return nil, err
		}
		e.stmts = append(e.stmts, codes)
	}
	return e, nil
}

// takes declines what no statement may have.
func takes(k *ir.Kernel) error {
	sparse := false
	for _, o := range k.Operands {
		sparse = sparse || o.Format.Sparse()
		switch {
		case o.Role == ir.Local && o.Format.Sparse():
			return declined(lower.WhyStatements, "a sparse value that lives inside the kernel")
		case o.Role == ir.InOut:
			return declined(lower.WhySink, "an operand that is read and written")
		case o.Format.Sparse() && slices.Contains(o.Format.Levels, ir.LevelBitmap):
			return declined(lower.WhyLevel, "bitmap")
		case o.Role == ir.Out && denseBelow(o.Format) && sparseIn(k) > 1:
			return declined(lower.WhyLevel, "a result of several sparse operands with a dense level below a list")
		case len(o.Shape) > maxRank:
			return declined(lower.WhyRank, fmt.Sprintf("%s has more than %d axes", o.Name, maxRank))
		}
	}
	if !sparse {
		return declined(lower.WhyLevel, "no operand is sparse")
	}
	if _, _, err := results(k); err != nil {
		return err
	}
	for _, a := range k.Axes {
		if a.From >= 0 {
			return declined(lower.WhyFootprint, "an axis that follows another")
		}
	}
	for i := range k.Stmts {
		s := &k.Stmts[i]
		switch {
		case s.Sink != ir.Store && s.Sink != ir.Reduce:
			return declined(lower.WhySink, "scans, scatters and appends of sparse arrays")
		case s.Over != nil && len(s.Over.Index) != len(k.Operands[s.Over.Operand].Shape):
			return declined(lower.WhyStatements, "a statement over some levels of another operand")
		case len(k.Domain(s)) > maxRank:
			return declined(lower.WhyRank, fmt.Sprintf("more than %d axes", maxRank))
		}
		for _, t := range s.Targets {
			for _, x := range t.Index {
				if x.Value != nil || !x.Div.Is(0) {
					return declined(lower.WhyValueIndex, "a result at positions that are no sums of axes")
				}
			}
		}
	}
	return nil
}

// isRead reports whether statements load an operand.
func isRead(k *ir.Kernel, operand int) bool {
	found := false
	for i := range k.Stmts {
		k.Stmts[i].VisitExprs(func(e *ir.Expr) { found = found || e.Kind == ir.Load && e.Access.Operand == operand })
	}
	return found
}

// denseBelow reports whether a format has a dense level below a list: what a task writes
// of one would stand among the elements of another.
func denseBelow(f *ir.Format) bool {
	if !f.Sparse() {
		return false
	}
	list := slices.IndexFunc(f.Levels, func(l ir.Level) bool { return l != ir.LevelDense })
	return list >= 0 && slices.Contains(f.Levels[list:], ir.LevelDense)
}

// sparseIn returns how many operands that a kernel reads are sparse.
func sparseIn(k *ir.Kernel) int {
	n := 0
	for _, o := range k.Operands {
		if o.Role == ir.In && o.Format.Sparse() {
			n++
		}
	}
	return n
}

// maxRank bounds the axes of a statement: orders of loops are tried one by one.
const maxRank = 6

// statement returns the loops of a statement.
func (t *target) statement(k *ir.Kernel, n int, locals map[int]*local) ([]*code, error) {
	phases := []phase{compute}
	if f := k.Operands[k.Stmts[n].Targets[0].Operand].Format; f.Sparse() {
		phases = []phase{count, write}
		if !slices.Contains(treeFormat(f, storedOrder(f)).Levels, ir.LevelCompressed) {
			phases = phases[1:]
		}
	}
	var codes []*code
	for _, ph := range phases {
		g, err := newGen(k, n, ph, t.keep, locals)
		if err != nil {
			return nil, err
		}
		c := &code{gen: g, target: t}
		if _, err := c.of(c.usual()); err != nil {
			return nil, err
		}
		codes = append(codes, c)
	}
	return codes, nil
}
