package ir

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// EvalProgram returns a verified program's results on params: its steps one after the
// other, kernels by EvalKernel. Params are not changed, donated ones neither. An array of a
// sparse format is given densely; what differs from the fill is stored.
func EvalProgram(p *Program, params []*Tensor, env Env) ([]*Tensor, error) {
	types := make([]Type, len(p.Params))
	for i, x := range p.Params {
		types[i] = p.Values[x].Type
	}
	symbols, err := bindShapes(env.Symbols, types, params)
	if err != nil {
		return nil, err
	}
	e := &programEval{p: p, env: env, values: make([]*block, len(p.Values))}
	e.env.Symbols = symbols
	for i, x := range p.Params {
		b := rowMajorBlock(types[i], params[i].Shape, slices.Clone(params[i].Elems))
		b.stored = storedIn(types[i], b.elems)
		e.values[x] = b
	}
	if err := e.steps(p.Steps); err != nil {
		return nil, err
	}
	out := make([]*Tensor, len(p.Results))
	for i, x := range p.Results {
		out[i] = e.values[x].tensor()
	}
	return out, nil
}

type programEval struct {
	p      *Program
	env    Env
	values []*block
}

// block is an array in memory: the element at position i has its components, one or two,
// from component (offset + sum(i[k]*strides[k])) * components(dtype) on.
type block struct {
	dtype   DType
	elems   []uint64
	stored  []bool // sparse formats: which elements are stored
	offset  int64
	strides []int64
	extents []int64
}

func rowMajorBlock(t Type, shape []int, elems []uint64) *block {
	b := &block{dtype: t.DType, elems: elems}
	for i, s := range rowMajor(shape) {
		b.strides, b.extents = append(b.strides, int64(s)), append(b.extents, int64(shape[i]))
	}
	return b
}

// storedIn returns which elements of an array of a sparse type are stored; nil for dense.
func storedIn(t Type, elems []uint64) []bool {
	if !t.Format.sparse() {
		return nil
	}
	out := make([]bool, len(elems))
	for i, v := range elems {
		out[i] = v != t.Format.Fill
	}
	return out
}

// visit calls f with the component number of every element, in row-major order.
func (b *block) visit(f func(at int)) {
	shape, strides := make([]int, len(b.extents)), make([]int, len(b.extents))
	for i := range shape {
		shape[i], strides[i] = int(b.extents[i]), int(b.strides[i])
	}
	for _, o := range offsets(int(b.offset), shape, strides) {
		f(o * components(b.dtype))
	}
}

// tensor returns a copy in row-major order.
func (b *block) tensor() *Tensor {
	t := &Tensor{DType: b.dtype, Shape: make([]int, len(b.extents)), Elems: []uint64{}}
	for i, n := range b.extents {
		t.Shape[i] = int(n)
	}
	b.visit(func(at int) { t.Elems = append(t.Elems, b.elems[at:][:components(b.dtype)]...) })
	return t
}

// storedRows returns which elements are stored, in row-major order.
func (b *block) storedRows() []bool {
	out := []bool{}
	b.visit(func(at int) { out = append(out, b.stored[at/components(b.dtype)]) })
	return out
}

// fill stores a row-major tensor.
func (b *block) fill(t *Tensor) {
	next := 0
	b.visit(func(at int) { next += copy(b.elems[at:][:components(b.dtype)], t.Elems[next:]) })
}

// operand returns b as a kernel sees it: complex elements are pairs along one more axis.
func (b *block) operand() KernelArray {
	a := KernelArray{Elems: b.elems, Stored: b.stored, Offset: b.offset, Strides: b.strides, Extents: b.extents}
	if b.dtype.Kind() == KindComplex {
		a.Offset *= 2
		a.Strides = make([]int64, len(b.strides), len(b.strides)+1)
		for i, s := range b.strides {
			a.Strides[i] = 2 * s
		}
		a.Strides, a.Extents = append(a.Strides, 1), append(slices.Clip(a.Extents), 2)
	}
	return a
}

func (e *programEval) number(d Dim) (int64, error) { return d.Eval(lookupIn(e.env.Symbols)) }

func (e *programEval) numbers(ds []Dim) ([]int64, error) {
	out := make([]int64, len(ds))
	for i, d := range ds {
		var err error
		if out[i], err = e.number(d); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (e *programEval) steps(steps []ProgramStep) error {
	for i := range steps {
		if err := e.env.check(); err != nil {
			return err
		}
		if err := e.step(&steps[i]); err != nil {
			return err
		}
	}
	return nil
}

func (e *programEval) step(s *ProgramStep) error {
	switch s.Kind {
	case StepAlloc:
		return e.alloc(s.Out)
	case StepView:
		return e.view(s)
	case StepLaunch:
		return e.launch(s.Launch)
	case StepCall:
		return e.call(s)
	case StepConvert:
		if err := e.alloc(s.Out); err != nil {
			return err
		}
		to := e.values[s.Out]
		to.fill(e.values[s.In[0]].tensor())
		to.stored = storedIn(e.p.Values[s.Out].Type, to.elems)
		if from := e.values[s.In[0]]; to.stored != nil && from.stored != nil { // an element that is stored stays so
			to.stored = from.storedRows()
		}
	case StepBind:
		return e.bind(s)
	case StepBranch:
		if e.element(s.In[0]) != 0 {
			return e.steps(s.Body)
		}
		return e.steps(s.Else)
	case StepLoop:
		return e.loop(s)
	case StepSwap:
		x, y := s.In[0], s.In[1]
		e.values[x], e.values[y] = e.values[y], e.values[x]
	case StepFree:
		e.values[s.Out] = nil
	}
	return nil
}

// element returns the element of an array without axes.
func (e *programEval) element(x int) uint64 {
	b := e.values[x]
	return b.elems[b.offset]
}

// undefined is what fresh memory holds, so that a program that counts on zeros fails.
func undefined(d DType) uint64 {
	const pattern = 0xa5a5a5a5a5a5a5a5
	if d == Float32 || d == Complex64 {
		return pattern & math.MaxUint32
	}
	return wrap(d, pattern)
}

func (e *programEval) alloc(x int) error {
	t := e.p.Values[x].Type
	shape, err := e.shape(t)
	if err != nil {
		return fmt.Errorf("ir: %s: %w", e.p.Values[x].Name, err)
	}
	fresh, err := NewTensor(t.DType, shape...)
	if err != nil {
		return err
	}
	for i := range fresh.Elems {
		fresh.Elems[i] = undefined(t.DType)
	}
	b := rowMajorBlock(t, shape, fresh.Elems)
	if t.Format.sparse() {
		b.stored = make([]bool, len(b.elems))
	}
	e.values[x] = b
	return nil
}

func (e *programEval) shape(t Type) ([]int, error) {
	ns, err := e.numbers(t.Shape)
	if err != nil {
		return nil, err
	}
	shape := make([]int, len(ns))
	for i, n := range ns {
		shape[i] = int(n)
	}
	return shape, nil
}

func (e *programEval) view(s *ProgramStep) error {
	name, base := e.p.Values[s.Out].Name, e.values[s.In[0]]
	extents, err := e.numbers(e.p.Values[s.Out].Type.Shape)
	if err != nil {
		return fmt.Errorf("ir: %s: %w", name, err)
	}
	strides, err := e.numbers(s.View.Strides)
	if err != nil {
		return fmt.Errorf("ir: %s: %w", name, err)
	}
	off, err := e.number(s.View.Offset)
	if err != nil {
		return fmt.Errorf("ir: %s: %w", name, err)
	}
	size := int64(len(base.elems) / components(base.dtype))
	first, last, ok := span(base.offset+off, extents, strides)
	if !ok || first < 0 || last >= size {
		return fmt.Errorf("ir: view %s covers elements %d to %d of %d", name, first, last, size)
	}
	e.values[s.Out] = &block{dtype: base.dtype, elems: base.elems, offset: base.offset + off, strides: strides, extents: extents}
	return nil
}

func (e *programEval) launch(l *Launch) error {
	a := KernelArgs{Counts: make([]int64, l.Kernel.appends())}
	var err error
	if a.Dims, err = e.numbers(l.Dims); err != nil {
		return err
	}
	for _, s := range l.Scalars {
		if s >= len(e.env.Scalars) {
			return fmt.Errorf("ir: run-time number %s has no value", e.p.Scalars[s].Name)
		}
		a.Scalars = append(a.Scalars, e.env.Scalars[s])
	}
	for _, x := range l.Args {
		a.Arrays = append(a.Arrays, e.values[x].operand())
	}
	if l.Bounds != nil {
		if a.Lo, a.Hi, err = e.bounds(l); err != nil {
			return err
		}
	}
	err = EvalKernel(l.Kernel, a)
	var fault *KernelFault
	if errors.As(err, &fault) {
		if site := l.Kernel.Faults[fault.Number].Site; site != nil {
			return fmt.Errorf("%s: %w", site, err)
		}
	}
	if err != nil {
		return err
	}
	for i, x := range l.Counts {
		b := e.values[x]
		b.elems[b.offset] = uint64(a.Counts[i])
	}
	return nil
}

// bounds returns Lo and Hi of every axis. Those of derived axes mean nothing.
func (e *programEval) bounds(l *Launch) (lo, hi []int64, err error) {
	for i, axis := range l.Kernel.Axes {
		b, ok := l.Bounds[i]
		if !ok {
			b = [2]Dim{{}, l.dim(axis.Extent)}
		}
		ns, err := e.numbers(b[:])
		if err != nil {
			return nil, nil, err
		}
		lo, hi = append(lo, ns[0]), append(hi, ns[1])
	}
	return lo, hi, nil
}

func (e *programEval) call(s *ProgramStep) error {
	n := &Node{Op: s.Op}
	if s.Attr != nil {
		var err error
		if n.Attr, err = s.Attr.withNumbers(e.env.Symbols); err != nil {
			return err
		}
	}
	var in []*Tensor
	for _, x := range s.In {
		t := e.values[x].tensor()
		in = append(in, t)
		n.Args = append(n.Args, newEvaluated(&Node{Op: OpParam}, []*Tensor{t}).node)
	}
	var err error
	if n.Type, err = s.Op.infer(n); err != nil {
		return err
	}
	out, err := s.Op.Eval(n, in)
	if err != nil {
		return fmt.Errorf("%s: %w", s.Op, err)
	}
	for i, x := range s.Outs {
		e.values[x].fill(out[i])
	}
	return nil
}

func (e *programEval) bind(s *ProgramStep) error {
	symbol, n := e.p.Symbols[s.Symbol], int64(e.element(s.In[0]))
	bound, err := e.number(symbol.Bound)
	if err != nil {
		return err
	}
	if n < 0 || n > bound {
		return fmt.Errorf("ir: symbol %s is %d, outside 0 to %s = %d", symbol.Name, n, symbol.Bound, bound)
	}
	e.env.Symbols[symbol.Name] = n
	return nil
}

func (e *programEval) loop(s *ProgramStep) error {
	limit, limited := int64(0), !s.Max.IsUnknown()
	if limited {
		var err error
		if limit, err = e.number(s.Max); err != nil {
			return err
		}
	}
	for trip := int64(0); !limited || trip < limit; trip++ {
		if err := e.steps(s.Body); err != nil {
			return err
		}
		if e.element(s.In[0]) != 0 {
			break
		}
	}
	return nil
}

// span returns the first and last element that an array covers, last below first when it
// has none, false when that overflows.
func span(offset int64, extents, strides []int64) (first, last int64, ok bool) {
	first, last = offset, offset
	for i, n := range extents {
		if n == 0 {
			return 0, -1, true
		}
		far, fits := MulOK(n-1, strides[i])
		first, last = first+min(far, 0), last+max(far, 0)
		if !fits || first < -maxExtent || last > maxExtent {
			return 0, 0, false
		}
	}
	return first, last, true
}
