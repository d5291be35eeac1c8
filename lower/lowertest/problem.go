package lowertest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/numen-go/numen/ir"
	"github.com/numen-go/numen/lower"
)

// problem is a kernel with arguments.
type problem struct {
	kernel  *ir.Kernel
	dims    []int64
	scalars []uint64
	lo, hi  []int64 // nil: whole
	arrays  []array // operands that are not local
}

// array is an operand's elements, row-major, as ir.Scalar describes elements.
type array struct {
	role    ir.Role
	dtype   ir.DType
	extents []int64
	elems   []uint64
}

// result is what a run leaves.
type result struct {
	elems  [][]uint64 // by array; nil: In
	counts []int64
	err    error
}

// newProblem makes arguments for a kernel: dims by name, elements at random. Special
// values make part of the floats NaN, infinities, zeros of both signs and subnormals.
func newProblem(r *rand.Rand, k *ir.Kernel, dims map[string]int64, special bool) (*problem, error) {
	p := &problem{kernel: k}
	for _, d := range k.Dims {
		n, ok := dims[d]
		if !ok {
			return nil, fmt.Errorf("lowertest: kernel %s: no number for dim %s", k.Name, d)
		}
		p.dims = append(p.dims, n)
	}
	for _, s := range k.Scalars {
		p.scalars = append(p.scalars, element(r, s.DType, false))
	}
	limits := indexLimits(k)
	for i, o := range k.Operands {
		if o.Role == ir.Local {
			continue
		}
		a := array{role: o.Role, dtype: o.DType}
		n := int64(1)
		for _, d := range o.Shape {
			e, err := p.dim(d)
			if err != nil {
				return nil, err
			}
			a.extents = append(a.extents, e)
			n *= e
		}
		a.elems = make([]uint64, n)
		for j := range a.elems {
			a.elems[j] = element(r, o.DType, special)
		}
		if d, ok := limits[i]; ok { // positions: inside the axis, wrapping ones too
			limit, err := p.dim(d)
			if err != nil {
				return nil, err
			}
			for j := range a.elems {
				a.elems[j] = uint64(r.Int64N(2*max(limit, 1)) - max(limit, 1))
			}
		}
		p.arrays = append(p.arrays, a)
	}
	return p, nil
}

func (p *problem) dim(d ir.Dim) (int64, error) {
	return d.Eval(func(s string) (int64, bool) {
		i := slices.Index(p.kernel.Dims, s)
		if i < 0 {
			return 0, false
		}
		return p.dims[i], true
	})
}

// indexLimits returns the operands whose elements are checked positions, with the limit.
func indexLimits(k *ir.Kernel) map[int]ir.Dim {
	out := map[int]ir.Dim{}
	k.VisitExprs(func(e *ir.Expr) {
		if e.Kind == ir.Checked && e.Args[0].Kind == ir.Load {
			out[e.Args[0].Access.Operand] = k.Faults[e.N].Limit
		}
	})
	return out
}

// element returns a random element. Floats are small and of mixed magnitude, integers
// small, so that results stay finite and differ.
func element(r *rand.Rand, d ir.DType, special bool) uint64 {
	switch d.Kind() {
	case ir.KindBool:
		return uint64(r.IntN(2))
	case ir.KindInt:
		return uint64(r.Int64N(200) - 100)
	case ir.KindUint:
		return uint64(r.Int64N(200))
	}
	if special && r.IntN(8) == 0 {
		v := specials[r.IntN(len(specials))]
		if d == ir.Float32 && r.IntN(2) == 0 {
			return uint64(r.Uint32N(1 << 23)) // subnormal
		}
		return ir.Float(d, v)
	}
	return ir.Float(d, math.Ldexp(r.NormFloat64(), r.IntN(8)-4))
}

var specials = []float64{
	math.NaN(), math.Inf(1), math.Inf(-1), 0, math.Copysign(0, -1), 5e-324, -0x1p-1023, 1e308, -1e308, 1, -1, 0.5, 709.9, -745.5, 1e10, 0x1p63, -0x1p31,
}

// want returns what the evaluator leaves.
func (p *problem) want() result {
	args := ir.KernelArgs{Dims: p.dims, Scalars: p.scalars, Lo: p.lo, Hi: p.hi, Counts: make([]int64, p.appends())}
	var out result
	for _, a := range p.arrays {
		elems := slices.Clone(a.elems)
		args.Arrays = append(args.Arrays, ir.KernelArray{Elems: elems, Extents: a.extents})
		if a.role == ir.In {
			elems = nil
		}
		out.elems = append(out.elems, elems)
	}
	out.err = ir.EvalKernel(p.kernel, args)
	out.counts = args.Counts
	return out
}

func (p *problem) appends() int {
	n := 0
	for i := range p.kernel.Stmts {
		if p.kernel.Stmts[i].Sink == ir.Append {
			n++
		}
	}
	return n
}

// got returns what an executable leaves, with its operands in the given layouts.
func (p *problem) got(ctx context.Context, e lower.Executable, threads int, layouts []layout) (result, error) {
	args := &lower.Args{Dims: p.dims, Scalars: p.scalars, Lo: p.lo, Hi: p.hi, Threads: threads, Counts: make([]int64, p.appends())}
	blocks := make([]*block, len(p.arrays))
	for i := range p.arrays {
		blocks[i] = newBlock(&p.arrays[i], layouts[i])
		defer blocks[i].free()
		args.Arrays = append(args.Arrays, blocks[i].array)
	}
	out, err := p.left(blocks, e.Run(ctx, args), args.Counts)
	if b, ok := e.(lower.Binder); ok && err == nil && out.err == nil {
		err = p.bound(ctx, b, args, blocks, out)
	}
	for i := range blocks {
		if wrong := blocks[i].untouched(); wrong != nil && err == nil {
			err = fmt.Errorf("operand %d, %s: %w", i, layouts[i], wrong)
		}
	}
	return out, err
}

// bound holds that an executable that is bound leaves at each run what it left.
func (p *problem) bound(ctx context.Context, e lower.Binder, args *lower.Args, blocks []*block, want result) error {
	b, err := e.Bind(args)
	if err != nil {
		return fmt.Errorf("bound: %w", err)
	}
	for range 2 {
		for i := range blocks {
			blocks[i].write(p.arrays[i].elems)
		}
		clear(args.Counts)
		got, err := p.left(blocks, b.Run(ctx), args.Counts)
		if err == nil {
			err = p.differ(want, got)
		}
		if err != nil {
			return fmt.Errorf("bound: %w", err)
		}
	}
	return nil
}

// left reads what a run left in the blocks of the operands.
func (p *problem) left(blocks []*block, err error, counts []int64) (result, error) {
	out := result{err: err, counts: slices.Clone(counts)}
	for i, a := range p.arrays {
		elems := blocks[i].elems()
		if a.role == ir.In {
			if !slices.Equal(elems, a.elems) {
				return out, fmt.Errorf("operand %d is only read, and changed", i)
			}
			elems = nil
		}
		out.elems = append(out.elems, elems)
	}
	return out, nil
}

// differ says how what a run left differs from what it should have, bit by bit; NaN is
// equal to NaN.
func (p *problem) differ(want, got result) error {
	var fault *ir.KernelFault
	switch {
	case errors.As(want.err, &fault):
		var f *lower.Fault
		if !errors.As(got.err, &f) {
			return fmt.Errorf("error %v, want the fault %v", got.err, want.err)
		}
		if f.Number != fault.Number || f.Position != fault.Position || f.Value != fault.Value || f.Limit != fault.Limit {
			return fmt.Errorf("fault %+v, want %+v", *f, *fault)
		}
		return nil
	case want.err != nil:
		if got.err == nil {
			return fmt.Errorf("no error, want %v", want.err)
		}
		return nil
	case got.err != nil:
		return got.err
	}
	for i, w := range want.elems {
		d := p.arrays[i].dtype
		for j := range w {
			if g := got.elems[i][j]; g != w[j] && !(isNaN(d, g) && isNaN(d, w[j])) {
				return fmt.Errorf("operand %d, element %d: %s, want %s", i, j, show(d, g), show(d, w[j]))
			}
		}
	}
	if !slices.Equal(want.counts, got.counts) {
		return fmt.Errorf("counts %v, want %v", got.counts, want.counts)
	}
	return nil
}

func isNaN(d ir.DType, bits uint64) bool {
	switch d {
	case ir.Float32:
		return math.IsNaN(float64(math.Float32frombits(uint32(bits))))
	case ir.Float64:
		return math.IsNaN(math.Float64frombits(bits))
	}
	return false
}

func show(d ir.DType, bits uint64) string {
	switch d.Kind() {
	case ir.KindInt:
		return fmt.Sprint(int64(bits))
	case ir.KindFloat:
		v := math.Float64frombits(bits)
		if d == ir.Float32 {
			v = float64(math.Float32frombits(uint32(bits)))
		}
		return fmt.Sprintf("%v (%#x)", v, bits)
	}
	return fmt.Sprint(bits)
}

// finite returns how many different finite values the float results have, and how many
// elements there are.
func (p *problem) finite(r result) (distinct, all int) {
	seen := map[uint64]bool{}
	for i, elems := range r.elems {
		d := p.arrays[i].dtype
		if !d.IsFloat() {
			continue
		}
		for _, e := range elems {
			all++
			v := math.Float64frombits(e)
			if d == ir.Float32 {
				v = float64(math.Float32frombits(uint32(e)))
			}
			if !math.IsNaN(v) && !math.IsInf(v, 0) {
				seen[e] = true
			}
		}
	}
	return len(seen), all
}

// size returns the number of elements of all arrays.
func (p *problem) size() int {
	n := 0
	for _, a := range p.arrays {
		n += len(a.elems)
	}
	return n
}

// whole sets the bounds to whole axes.
func (p *problem) whole() {
	p.lo, p.hi = make([]int64, len(p.kernel.Axes)), make([]int64, len(p.kernel.Axes))
	for i, a := range p.kernel.Axes {
		p.hi[i], _ = p.dim(a.Extent)
	}
}

// broadcast makes the elements along the last axis of every operand that is read equal.
func (p *problem) broadcast() {
	for _, a := range p.arrays {
		if a.role != ir.In || len(a.extents) == 0 {
			continue
		}
		n := a.extents[len(a.extents)-1]
		for i := range a.elems {
			a.elems[i] = a.elems[int64(i)/n*n]
		}
	}
}
