package ir

import (
	"errors"
	"fmt"
	"maps"
	"slices"
)

// Verify reports the first fault of p: a value used before it is defined or after it is
// freed, read before it is written, a launch whose arguments do not fit its kernel, a
// symbol without a value. A message shows the lines around the fault.
//
// Blocks are scopes: what a branch or loop body defines ends with it, its buffers freed.
func (p *Program) Verify() error {
	v := &programVerifier{p, map[*Kernel]bool{}, map[int]bool{}, map[int]bool{}, map[int]int64{}, map[int][]int{}}
	if err := v.wellFormed(p.Steps, 0); err != nil {
		return fmt.Errorf("ir: program %s: %w", p.Name, err)
	}
	fault, err := v.program()
	if err == nil {
		return nil
	}
	return fmt.Errorf("ir: program %s: %w\n%s", p.Name, err, p.excerpt(fault))
}

type programVerifier struct {
	p       *Program
	kernels map[*Kernel]bool // verified
	defined map[int]bool     // here or somewhere before
	frozen  map[int]bool     // parameters that are not donated
	origin  map[int]int64    // where a value starts in its root, when that is a number
	views   map[int][]int    // of a root
}

// memory is what is known at a point of the program. A root is a value with memory of its
// own; a view shares its root's.
type memory struct {
	root    map[int]int  // of every defined value
	written map[int]bool // roots that have contents
	bound   map[string]bool
}

func (m *memory) clone() *memory {
	return &memory{maps.Clone(m.root), maps.Clone(m.written), maps.Clone(m.bound)}
}

// wellFormed checks what printing relies on: kernels, views and ops are there.
func (v *programVerifier) wellFormed(steps []ProgramStep, depth int) error {
	if depth > maxNesting {
		return fmt.Errorf("steps nest deeper than %d", maxNesting)
	}
	for i := range steps {
		s := &steps[i]
		switch {
		case s.Kind > StepFree:
			return fmt.Errorf("step kind %d does not exist", s.Kind)
		case s.Kind == StepView && s.View == nil:
			return errors.New("a view step without a view")
		case s.Kind == StepCall && (s.Op == nil || Lookup(s.Op.Name) != s.Op || s.Op.Host == nil || s.Attr == nil && s.Op.Fields != 0):
			return errors.New("a call of an op that is no host op of the language or misses its attributes")
		case s.Kind == StepLaunch && (s.Launch == nil || s.Launch.Kernel == nil):
			return errors.New("a launch without a kernel")
		}
		if s.Kind == StepLaunch && !v.kernels[s.Launch.Kernel] {
			v.kernels[s.Launch.Kernel] = true
			if err := s.Launch.Kernel.Verify(); err != nil {
				return err
			}
		}
		for _, body := range [][]ProgramStep{s.Body, s.Else} {
			if err := v.wellFormed(body, depth+1); err != nil {
				return err
			}
		}
	}
	return nil
}

// program returns the step at fault, nil when it is the header.
func (v *programVerifier) program() (*ProgramStep, error) {
	m, err := v.header()
	if err != nil {
		return nil, err
	}
	if fault, err := v.block(m, v.p.Steps); err != nil {
		return fault, err
	}
	for _, r := range v.p.Results {
		if err := v.readable(m, r); err != nil {
			return nil, fmt.Errorf("a result: %w", err)
		}
	}
	return nil, nil
}

func (v *programVerifier) header() (*memory, error) {
	p := v.p
	if p.Name != "" && !isName(p.Name) {
		return nil, fmt.Errorf("%q is no proper name", p.Name)
	}
	m := &memory{map[int]int{}, map[int]bool{}, map[string]bool{}}
	declared := map[string]bool{}
	for _, s := range p.Symbols {
		if !isName(s.Name) || declared[s.Name] {
			return nil, fmt.Errorf("symbol %q is declared twice or no proper name", s.Name)
		}
		if s.Bound == (Dim{}) {
			m.bound[s.Name] = true
		} else if err := dimsKnown(declared, s.Bound); err != nil {
			return nil, fmt.Errorf("the bound of symbol %s: %w", s.Name, err)
		}
		declared[s.Name] = true
	}
	names := map[string]bool{"_": true}
	for _, x := range p.Values {
		if !isName(x.Name) || names[x.Name] {
			return nil, fmt.Errorf("two values are named %q, or it is no proper name", x.Name)
		}
		names[x.Name] = true
		if x.Type.Tuple != nil {
			return nil, fmt.Errorf("value %s is a tuple", x.Name)
		}
		if err := x.Type.verify(); err != nil {
			return nil, fmt.Errorf("value %s: %w", x.Name, err)
		}
	}
	for _, s := range p.Scalars {
		if s == (ScalarArg{}) {
			continue
		}
		if !isName(s.Name) || names[s.Name] || !AnyReal.Has(s.DType) {
			return nil, fmt.Errorf("run-time number %q has no dtype, no name or another's", s.Name)
		}
		names[s.Name] = true
	}
	for _, x := range p.Params {
		if err := v.define(m, x, x); err != nil {
			return nil, err
		}
		m.written[x], v.frozen[x] = true, true
	}
	for _, x := range p.Donated {
		if !v.frozen[x] {
			return nil, errors.New("a donated value that is no parameter, or one twice")
		}
		delete(v.frozen, x)
	}
	if len(p.Results) == 0 {
		return nil, errors.New("there is no result")
	}
	return m, nil
}

// dimsKnown reports a dimension that has no value where the given symbols have one.
func dimsKnown(bound map[string]bool, ds ...Dim) error {
	for _, d := range ds {
		if d.IsUnknown() {
			return errors.New("an unknown dimension, which only a symbol can be in a program")
		}
		missing := ""
		d.Symbols(func(s string) {
			if !bound[s] {
				missing = s
			}
		})
		if missing != "" {
			return fmt.Errorf("symbol %s has no value here", missing)
		}
	}
	return nil
}

func (v *programVerifier) name(x int) string {
	return newProgramPrinter(v.p, PrintOptions{}).value(x)
}

// define starts a value in the memory of root.
func (v *programVerifier) define(m *memory, x, root int) error {
	if x < 0 || x >= len(v.p.Values) {
		return fmt.Errorf("there is no value %d", x)
	}
	if v.defined[x] {
		return fmt.Errorf("%s is defined twice", v.name(x))
	}
	v.defined[x] = true
	t := v.p.Values[x].Type
	dims := t.Shape
	if t.Format != nil {
		dims = slices.Concat(dims, t.Format.Chunks)
	}
	if err := dimsKnown(m.bound, dims...); err != nil {
		return fmt.Errorf("%s: %w", v.name(x), err)
	}
	m.root[x] = root
	if root == x {
		v.origin[x] = 0
	} else {
		v.views[root] = append(v.views[root], x)
	}
	return nil
}

func (v *programVerifier) alive(m *memory, x int) error {
	if _, ok := m.root[x]; !ok {
		return fmt.Errorf("%s is not defined here, or freed", v.name(x))
	}
	return nil
}

func (v *programVerifier) readable(m *memory, x int) error {
	if err := v.alive(m, x); err != nil {
		return err
	}
	if !m.written[m.root[x]] {
		return fmt.Errorf("%s is read before it is written", v.name(x))
	}
	return nil
}

func (v *programVerifier) writable(m *memory, x int) error {
	if err := v.alive(m, x); err != nil {
		return err
	}
	if v.frozen[m.root[x]] {
		return fmt.Errorf("%s is written, which is the caller's and not donated", v.name(x))
	}
	return nil
}

// owner checks that x has memory of its own that the program may give away.
func (v *programVerifier) owner(m *memory, x int, why string) error {
	if err := v.alive(m, x); err != nil {
		return err
	}
	if m.root[x] != x {
		return fmt.Errorf("%s is %s, which is a view", v.name(x), why)
	}
	if v.frozen[x] {
		return fmt.Errorf("%s is %s, which is the caller's and not donated", v.name(x), why)
	}
	return nil
}

// element checks that x is a readable array without axes of dtype d.
func (v *programVerifier) element(m *memory, x int, d DType) error {
	if err := v.readable(m, x); err != nil {
		return err
	}
	if t := v.p.Values[x].Type; !t.Equal(Dense(d)) {
		return fmt.Errorf("%s is %s, not %s", v.name(x), t, Dense(d))
	}
	return nil
}

// block checks steps in order and updates m; it returns the step at fault.
func (v *programVerifier) block(m *memory, steps []ProgramStep) (*ProgramStep, error) {
	for i := range steps {
		s := &steps[i]
		var fault *ProgramStep
		var err error
		switch s.Kind {
		case StepBranch:
			fault, err = v.branch(m, s)
		case StepLoop:
			fault, err = v.loop(m, s)
		default:
			err = v.step(m, s)
		}
		if err != nil && fault == nil {
			fault = s
		}
		if err != nil {
			return fault, err
		}
	}
	return nil, nil
}

func (v *programVerifier) branch(m *memory, s *ProgramStep) (*ProgramStep, error) {
	x, err := s.operand()
	if err != nil {
		return nil, err
	}
	if err := v.element(m, x, Bool); err != nil {
		return nil, err
	}
	var sides [2]*memory
	for i, steps := range [][]ProgramStep{s.Body, s.Else} {
		sides[i] = m.clone()
		if fault, err := v.block(sides[i], steps); err != nil {
			return fault, err
		}
		if err := v.leave(m, sides[i]); err != nil {
			return nil, err
		}
	}
	for x := range m.root {
		m.written[x] = sides[0].written[x] && sides[1].written[x]
	}
	return nil, nil
}

// loop checks the body once: what has contents before it must have some after it, then
// every trip is like the first.
func (v *programVerifier) loop(m *memory, s *ProgramStep) (*ProgramStep, error) {
	x, err := s.operand()
	if err != nil {
		return nil, err
	}
	if !s.Max.IsUnknown() {
		if err := dimsKnown(m.bound, s.Max); err != nil {
			return nil, err
		}
	}
	after := m.clone()
	if fault, err := v.block(after, s.Body); err != nil {
		return fault, err
	}
	if err := v.element(after, x, Bool); err != nil {
		return nil, fmt.Errorf("at the body's end: %w", err)
	}
	if err := v.leave(m, after); err != nil {
		return nil, err
	}
	for x := range v.p.Values {
		if m.written[x] && !after.written[x] {
			return nil, fmt.Errorf("%s has contents before the body and none after it", v.name(x))
		}
	}
	if n, ok := s.Max.Const(); s.Max.IsUnknown() || ok && n > 0 {
		m.written = after.written // it runs once at least
	}
	return nil, nil
}

// leave checks that a block has freed what it made and nothing else.
func (v *programVerifier) leave(outer, inner *memory) error {
	for x := range v.p.Values {
		_, before := outer.root[x]
		root, after := inner.root[x]
		switch {
		case before && !after:
			return fmt.Errorf("%s is freed in a block and made outside", v.name(x))
		case after && !before && root == x:
			return fmt.Errorf("%s is made in a block and not freed there", v.name(x))
		case !before:
			delete(inner.written, x)
		}
	}
	return nil
}

// operand returns the step's one operand.
func (s *ProgramStep) operand() (int, error) {
	if len(s.In) != 1 {
		return 0, fmt.Errorf("%d operands, not 1", len(s.In))
	}
	return s.In[0], nil
}

// step checks a step without a body.
func (v *programVerifier) step(m *memory, s *ProgramStep) error {
	switch s.Kind {
	case StepAlloc:
		return v.define(m, s.Out, s.Out)
	case StepView:
		return v.view(m, s)
	case StepLaunch:
		return v.launch(m, s.Launch)
	case StepCall:
		return v.call(m, s)
	case StepConvert:
		return v.convert(m, s)
	case StepBind:
		return v.bind(m, s)
	case StepSwap:
		return v.swap(m, s)
	}
	if err := v.owner(m, s.Out, "freed"); err != nil {
		return err
	}
	for _, x := range v.views[s.Out] {
		delete(m.root, x)
	}
	delete(m.root, s.Out)
	delete(m.written, s.Out)
	return nil
}

func (v *programVerifier) view(m *memory, s *ProgramStep) error {
	base, err := s.operand()
	if err != nil {
		return err
	}
	if err := v.alive(m, base); err != nil {
		return err
	}
	if err := v.define(m, s.Out, m.root[base]); err != nil {
		return err
	}
	t, from := v.p.Values[s.Out].Type, v.p.Values[base].Type
	switch {
	case t.DType != from.DType:
		return fmt.Errorf("a view of %s as %s", from.DType, t.DType)
	case !from.strided() || !t.strided() || !t.Format.Equal(from.Format):
		return errors.New("a view from or to an array that is not in one dense piece, or on another device")
	case len(s.View.Strides) != t.Rank():
		return fmt.Errorf("%d strides for %d axes", len(s.View.Strides), t.Rank())
	}
	if err := dimsKnown(m.bound, append([]Dim{s.View.Offset}, s.View.Strides...)...); err != nil {
		return err
	}
	if off, ok := s.View.Offset.Const(); ok && (off < -maxExtent || off > maxExtent) {
		return errors.New("the view's offset overflows")
	}
	return v.inside(m.root[base], base, s)
}

// strided reports whether an array is one piece of memory under strides.
func (t Type) strided() bool {
	return t.Format == nil || t.Format.Levels == nil && t.Format.Chunks == nil
}

// inside checks that a view stays inside its root where all of it is numbers.
func (v *programVerifier) inside(root, base int, s *ProgramStep) error {
	start, known := v.origin[base]
	off, ok := s.View.Offset.Const()
	extents, ok1 := constants(v.p.Values[s.Out].Type.Shape)
	strides, ok2 := constants(s.View.Strides)
	size, err := Elements(v.p.Values[root].Type.Shape)
	if !known || !ok || !ok1 || !ok2 || err != nil {
		return nil
	}
	first, last, ok := span(start+off, extents, strides)
	if !ok {
		return errors.New("the view's positions overflow")
	}
	if first < 0 || last >= size {
		return fmt.Errorf("the view covers elements %d to %d of %d", first, last, size)
	}
	if last >= first {
		v.origin[s.Out] = start + off
	}
	return nil
}

// constants returns dimensions as numbers, false when one is none.
func constants(ds []Dim) ([]int64, bool) {
	out := make([]int64, len(ds))
	for i, d := range ds {
		var ok bool
		if out[i], ok = d.Const(); !ok {
			return nil, false
		}
	}
	return out, true
}

func (v *programVerifier) call(m *memory, s *ProgramStep) error {
	n := &Node{Op: s.Op, Attr: s.Attr}
	for _, x := range s.In {
		if err := v.readable(m, x); err != nil {
			return err
		}
		n.Args = append(n.Args, Param(0, v.p.Values[x].Type, nil))
	}
	if s.Attr != nil {
		if err := verifyAttr(s.Op, s.Attr); err != nil {
			return err
		}
	}
	if k := len(s.In); k < s.Op.MinArg || s.Op.MaxArg >= 0 && k > s.Op.MaxArg {
		return fmt.Errorf("%d operands", k)
	}
	t, err := s.Op.infer(n)
	if err != nil {
		return err
	}
	types := t.Tuple
	if types == nil {
		types = []Type{t}
	}
	if len(types) != len(s.Outs) {
		return fmt.Errorf("%d results, not %d", len(s.Outs), len(types))
	}
	for i, x := range s.Outs {
		if err := v.output(m, x, s.In, s.Outs[:i]); err != nil {
			return err
		}
		if u := v.p.Values[x].Type; !u.Equal(types[i]) {
			return fmt.Errorf("result %s is %s, the op gives %s", v.name(x), u, types[i])
		}
	}
	for _, x := range s.Outs {
		m.written[m.root[x]] = true
	}
	return nil
}

// output checks that x may be written while others are read or written too.
func (v *programVerifier) output(m *memory, x int, others ...[]int) error {
	if err := v.writable(m, x); err != nil {
		return err
	}
	for _, o := range slices.Concat(others...) {
		if m.root[o] == m.root[x] {
			return fmt.Errorf("%s is written and shares memory with %s", v.name(x), v.name(o))
		}
	}
	return nil
}

func (v *programVerifier) convert(m *memory, s *ProgramStep) error {
	from, err := s.operand()
	if err != nil {
		return err
	}
	if err := v.readable(m, from); err != nil {
		return err
	}
	if err := v.define(m, s.Out, s.Out); err != nil {
		return err
	}
	t, u := v.p.Values[from].Type, v.p.Values[s.Out].Type
	if t.DType != u.DType || !slices.Equal(t.Shape, u.Shape) {
		return fmt.Errorf("a conversion from %s to %s changes more than the format", t, u)
	}
	m.written[s.Out] = true
	return nil
}

func (v *programVerifier) bind(m *memory, s *ProgramStep) error {
	x, err := s.operand()
	if err != nil {
		return err
	}
	if err := v.element(m, x, Int64); err != nil {
		return err
	}
	if s.Symbol < 0 || s.Symbol >= len(v.p.Symbols) {
		return fmt.Errorf("there is no symbol %d", s.Symbol)
	}
	symbol := v.p.Symbols[s.Symbol]
	if m.bound[symbol.Name] {
		return fmt.Errorf("symbol %s has a value already", symbol.Name)
	}
	if err := dimsKnown(m.bound, symbol.Bound); err != nil {
		return err
	}
	m.bound[symbol.Name] = true
	return nil
}

func (v *programVerifier) swap(m *memory, s *ProgramStep) error {
	if len(s.In) != 2 || s.In[0] == s.In[1] {
		return errors.New("a swap takes two values")
	}
	for _, x := range s.In {
		if err := v.owner(m, x, "swapped"); err != nil {
			return err
		}
		for _, y := range v.views[x] {
			if _, alive := m.root[y]; alive {
				return fmt.Errorf("%s is swapped while %s is a view of it", v.name(x), v.name(y))
			}
		}
	}
	x, y := s.In[0], s.In[1]
	if t, u := v.p.Values[x].Type, v.p.Values[y].Type; !t.Equal(u) {
		return fmt.Errorf("a swap of %s and %s", t, u)
	}
	m.written[x], m.written[y] = m.written[y], m.written[x]
	return nil
}
