package ir

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// KernelArgs are the arguments of one evaluation of a kernel.
type KernelArgs struct {
	Dims    []int64       // one per kernel dim
	Scalars []uint64      // one per kernel scalar
	Lo, Hi  []int64       // bounds per axis, ignored for derived axes; nil: whole
	Arrays  []KernelArray // one per operand that is not local, in order
	Counts  []int64       // gets one count per append statement; may be nil where there is none
}

// KernelArray is an operand in memory: the element at position i is
// Elems[Offset + sum(i[k]*Strides[k])]. Positions are those of the whole array; a chunk
// of it has an offset that may be negative.
type KernelArray struct {
	Elems   []uint64
	Stored  []bool // sparse operands: beside Elems, which are stored; the others hold the fill
	Offset  int64
	Strides []int64 // nil: row-major
	Extents []int64 // nil: as the operand's shape says; else they must agree
}

// DenseArray returns a tensor as an operand.
func DenseArray(t *Tensor) KernelArray {
	a := KernelArray{Elems: t.Elems, Extents: []int64{}}
	for _, n := range t.Shape {
		a.Extents = append(a.Extents, int64(n))
	}
	if t.DType.Kind() == KindComplex {
		a.Extents = append(a.Extents, 2)
	}
	return a
}

// KernelFault is the error of a run whose checked positions were not all inside: the one
// at the smallest place, and there the smallest number. Everything else was computed.
type KernelFault struct {
	Number   int   // into Kernel.Faults
	Position int64 // row-major over the statement's domain, whole axes: the smallest at which the position was asked for
	Value    int64 // the position that was outside
	Limit    int64 // the extent
}

// Error tells the position and the extent.
func (f *KernelFault) Error() string {
	return fmt.Sprintf("ir: index %d is outside an axis of extent %d", f.Value, f.Limit)
}

// EvalKernel computes a verified kernel slowly, one statement after another, in loops over its
// axes and in the orders that the package comment states. Every target is judged by it.
func EvalKernel(k *Kernel, a KernelArgs) error {
	v := &kernelEval{k: k, args: a}
	if err := v.bind(); err != nil {
		return fmt.Errorf("ir: kernel %s: %w", k.Name, err)
	}
	appends := 0
	for i := range k.Stmts {
		s := &k.Stmts[i]
		run, err := v.newStmt(s)
		if err == nil {
			err = run.run()
		}
		if err != nil && v.fault != nil {
			return v.fault // an axis of extent 0 has no element to read instead
		}
		if err != nil {
			return fmt.Errorf("ir: kernel %s, statement %d: %w", k.Name, i+1, err)
		}
		if s.Sink == Append {
			if appends == len(a.Counts) {
				return fmt.Errorf("ir: kernel %s: no room for the count of statement %d", k.Name, i+1)
			}
			a.Counts[appends] = run.appended
			appends++
		}
	}
	if v.fault != nil {
		return v.fault
	}
	return nil
}

// kernelEval is one evaluation.
type kernelEval struct {
	k      *Kernel
	args   KernelArgs
	dims   map[string]int64
	lo, hi []int64     // per axis
	first  []int64     // where the whole axis starts: not at 0 when it follows another
	extent []int64     // of the whole axis
	mem    []kernelMem // per operand
	sparse bool        // some operand has a pattern
	fault  *KernelFault
}

// kernelMem is where an operand's elements are. Positions start at origin, which is not
// 0 for the footprint of a local.
type kernelMem struct {
	elems           []uint64
	stored          []bool
	offset          int64
	strides         []int64
	origin, extents []int64
	fill            uint64
}

// dim returns a dim's number.
func (v *kernelEval) dim(d Dim) (int64, error) {
	return d.Eval(func(s string) (int64, bool) {
		n, ok := v.dims[s]
		return n, ok
	})
}

func (v *kernelEval) bind() error {
	k, a := v.k, v.args
	if len(a.Dims) != len(k.Dims) || len(a.Scalars) != len(k.Scalars) {
		return fmt.Errorf("%d dims and %d scalars for %d and %d", len(a.Dims), len(a.Scalars), len(k.Dims), len(k.Scalars))
	}
	v.dims = map[string]int64{}
	for i, name := range k.Dims {
		v.dims[name] = a.Dims[i]
	}
	if err := v.bindAxes(); err != nil {
		return err
	}
	v.mem = make([]kernelMem, len(k.Operands))
	next := 0
	for i := range k.Operands {
		o := &k.Operands[i]
		var err error
		if o.Role == Local {
			err = v.allocate(i)
		} else if next == len(a.Arrays) {
			err = errors.New("no array")
		} else {
			err = v.bindArray(i, &a.Arrays[next])
			next++
		}
		if err != nil {
			return fmt.Errorf("operand %s: %w", o.Name, err)
		}
		v.sparse = v.sparse || v.mem[i].stored != nil
	}
	if next != len(a.Arrays) {
		return fmt.Errorf("%d arrays for %d operands", len(a.Arrays), next)
	}
	return nil
}

func (v *kernelEval) bindAxes() error {
	k, a := v.k, v.args
	for _, b := range [][]int64{a.Lo, a.Hi} {
		if b != nil && len(b) != len(k.Axes) {
			return fmt.Errorf("%d bounds for %d axes", len(b), len(k.Axes))
		}
	}
	for i, x := range k.Axes {
		n, err := v.dim(x.Extent)
		if err != nil {
			return err
		}
		lo, hi, first := int64(0), n, int64(0)
		if x.From >= 0 {
			before, err := v.dim(x.Before)
			if err != nil {
				return err
			}
			after, err := v.dim(x.After)
			if err != nil {
				return err
			}
			lo, hi, first = v.lo[x.From]+before, v.hi[x.From]+after, before
		} else {
			if a.Lo != nil {
				lo = a.Lo[i]
			}
			if a.Hi != nil {
				hi = a.Hi[i]
			}
			if n < 0 || lo < 0 || lo > hi || hi > n {
				return fmt.Errorf("axis %s: bounds %d..%d of %d", x.Name, lo, hi, n)
			}
		}
		v.lo, v.hi = append(v.lo, lo), append(v.hi, max(lo, hi))
		v.first, v.extent = append(v.first, first), append(v.extent, n)
	}
	return nil
}

func (v *kernelEval) shape(o *Operand) ([]int64, error) {
	out := make([]int64, len(o.Shape))
	for i, d := range o.Shape {
		n, err := v.dim(d)
		if err != nil {
			return nil, err
		}
		if n < 0 {
			return nil, fmt.Errorf("extent %d", n)
		}
		out[i] = n
	}
	return out, nil
}

func (v *kernelEval) bindArray(i int, a *KernelArray) error {
	o := &v.k.Operands[i]
	extents, err := v.shape(o)
	if err != nil {
		return err
	}
	if a.Extents != nil && !slices.Equal(a.Extents, extents) {
		return fmt.Errorf("extents %v, the kernel has %v", a.Extents, extents)
	}
	strides := a.Strides
	if strides == nil {
		if strides, err = rowMajor64(extents); err != nil {
			return err
		}
	}
	if len(strides) != len(extents) {
		return fmt.Errorf("%d strides for %d axes", len(strides), len(extents))
	}
	if a.Stored != nil && len(a.Stored) != len(a.Elems) || o.Format.sparse() && a.Stored == nil {
		return errors.New("a sparse operand needs to know which elements are stored")
	}
	m := kernelMem{elems: a.Elems, stored: a.Stored, offset: a.Offset, strides: strides, origin: make([]int64, len(extents)), extents: extents}
	if o.Format.sparse() {
		m.fill = o.Format.Fill
	}
	v.mem[i] = m
	return nil
}

// rowMajor64 returns the strides of a dense array.
func rowMajor64(extents []int64) ([]int64, error) {
	strides, n, ok := make([]int64, len(extents)), int64(1), true
	if slices.Contains(extents, 0) {
		return strides, nil
	}
	for i := len(extents) - 1; i >= 0; i-- {
		strides[i] = n
		if n, ok = MulOK(n, extents[i]); !ok {
			return nil, fmt.Errorf("extents %v are too large", extents)
		}
	}
	return strides, nil
}

// maxLocal bounds the elements of a local.
const maxLocal = 1 << 31

// allocate makes a local with room for what the statements write.
func (v *kernelEval) allocate(operand int) error {
	rank := len(v.k.Operands[operand].Shape)
	lo, hi := make([]int64, rank), make([]int64, rank)
	for d := range rank {
		lo[d], hi[d] = math.MaxInt64, math.MinInt64
	}
	over := false
	for i := range v.k.Stmts {
		s := &v.k.Stmts[i]
		for _, t := range s.Targets {
			if t.Operand != operand {
				continue
			}
			over = over || s.Over != nil
			for d, x := range t.Index {
				if x.Value != nil {
					continue // what a scatter reaches was stored before
				}
				a, err := v.affine(x)
				if err != nil {
					return err
				}
				first, last := a.ends(v)
				lo[d], hi[d] = min(lo[d], first), max(hi[d], last+1)
			}
		}
	}
	m := kernelMem{origin: lo, extents: make([]int64, rank)}
	n := int64(1)
	for d := range rank {
		m.extents[d] = max(hi[d]-lo[d], 0)
		if n *= m.extents[d]; n > maxLocal {
			return fmt.Errorf("more than %d elements", maxLocal)
		}
	}
	var err error
	if m.strides, err = rowMajor64(m.extents); err != nil {
		return err
	}
	for d, s := range m.strides {
		if n > 0 {
			m.offset -= lo[d] * s
		}
	}
	m.elems = make([]uint64, n)
	if over {
		m.stored = make([]bool, n)
	}
	v.mem[operand] = m
	return nil
}

// faulted records a position outside its axis.
func (v *kernelEval) faulted(f KernelFault) {
	if v.fault == nil || f.Position < v.fault.Position || f.Position == v.fault.Position && f.Number < v.fault.Number {
		v.fault = &f
	}
}
