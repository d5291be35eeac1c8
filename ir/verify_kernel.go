package ir

import (
	"errors"
	"fmt"
	"slices"
)

// Verify reports the first rule that the kernel breaks. What a kernel means is local to
// it, and so are the rules: names, dtypes, which axes a value may use, that every
// element of an output is written once, and that statements may run interleaved, a tile
// of an axis at a time, as Cuts says.
func (k *Kernel) Verify() error {
	v := &kernelVerifier{k: k, usedFaults: make([]bool, len(k.Faults)), written: make([][]*Access, len(k.Operands)), state: make([]operandState, len(k.Operands))}
	if err := v.declarations(); err != nil {
		return fmt.Errorf("ir: kernel %s: %w", k.Name, err)
	}
	for i := range k.Stmts {
		if err := v.stmt(&k.Stmts[i]); err != nil {
			return fmt.Errorf("ir: kernel %s, statement %d: %w", k.Name, i+1, err)
		}
	}
	if err := v.whole(); err != nil {
		return fmt.Errorf("ir: kernel %s: %w", k.Name, err)
	}
	return nil
}

type kernelVerifier struct {
	k          *Kernel
	usedFaults []bool
	seen       ExprSet     // values checked before
	written    [][]*Access // per operand, what statements store to
	state      []operandState
}

// operandState says what happened to an operand so far.
type operandState uint8

const (
	untouched operandState = iota
	stored                 // written; not read since
	scattered              // combined into, after that
	appended               // holds a number of elements that the kernel cannot know
	readSince              // read after it was written
)

func (v *kernelVerifier) declarations() error {
	k := v.k
	v.seen = ExprSet{}
	names := map[string]bool{}
	declare := func(name string) error {
		if !isName(name) || slices.Contains(reservedWords, name) {
			return fmt.Errorf("%q is not a name", name)
		}
		if names[name] {
			return fmt.Errorf("%s is declared twice", name)
		}
		names[name] = true
		return nil
	}
	for _, d := range k.Dims {
		if err := declare(d); err != nil {
			return err
		}
	}
	if err := k.verifyDims(); err != nil {
		return err
	}
	for _, s := range k.Scalars {
		if err := declare(s.Name); err != nil {
			return err
		}
		if !AnyReal.Has(s.DType) {
			return fmt.Errorf("scalar %s is %s", s.Name, s.DType)
		}
	}
	for i := range k.Operands {
		if err := declare(k.Operands[i].Name); err != nil {
			return err
		}
		if err := v.operand(&k.Operands[i]); err != nil {
			return fmt.Errorf("operand %s: %w", k.Operands[i].Name, err)
		}
	}
	for i, a := range k.Axes {
		if err := declare(a.Name); err != nil {
			return err
		}
		if a.From < 0 {
			if a.Before != (Dim{}) || a.After != (Dim{}) {
				return fmt.Errorf("axis %s has offsets but no axis to follow", a.Name)
			}
			continue
		}
		if a.From >= i || k.Axes[a.From].From >= 0 {
			return fmt.Errorf("axis %s must follow an axis before it that follows none", a.Name)
		}
		if a.Extent != k.Axes[a.From].Extent.Add(a.After).Sub(a.Before) {
			return fmt.Errorf("axis %s has extent %s, which its bounds do not give", a.Name, a.Extent)
		}
	}
	return v.tables(declare)
}

// verifyDims refuses symbols that are not declared, and extents that only a run can tell.
func (k *Kernel) verifyDims() error {
	var err error
	k.VisitDims(func(d Dim) {
		if d.IsUnknown() {
			err = errors.New("a dim is unknown; kernels name it")
		}
		if e := d.verify(); e != nil {
			err = e
		}
		d.Symbols(func(s string) {
			if !slices.Contains(k.Dims, s) {
				err = fmt.Errorf("dim %s is not declared", s)
			}
		})
	})
	return err
}

// tables checks that lookups agree on what a name means.
func (v *kernelVerifier) tables(declare func(string) error) error {
	tables := map[string]*Table{}
	var err error
	v.k.VisitExprs(func(e *Expr) {
		t := e.Table
		if t == nil {
			return
		}
		switch o := tables[t.Name]; {
		case o == nil:
			tables[t.Name] = t
			if e := declare(t.Name); e != nil && err == nil {
				err = fmt.Errorf("table: %w", e)
			}
		case o != t && (o.DType != t.DType || !slices.Equal(o.Entries, t.Entries)):
			err = fmt.Errorf("two tables %s", t.Name)
		}
	})
	return err
}

func (v *kernelVerifier) operand(o *Operand) error {
	if !AnyReal.Has(o.DType) {
		return fmt.Errorf("%s is not an element type of kernels; complex operands have a last axis of 2", o.DType)
	}
	if o.Format != nil {
		if err := o.Format.verify(len(o.Shape)); err != nil {
			return err
		}
	}
	if o.Like < 0 {
		return nil
	}
	if o.Like >= len(v.k.Operands) || o.Role != Out {
		return errors.New("only an output is like another operand")
	}
	if s := v.k.Operands[o.Like]; !o.Format.sparse() || !s.Format.sparse() || !slices.Equal(o.Format.Levels, s.Format.Levels) || !slices.Equal(o.Format.Axes, s.Format.Axes) || !slices.Equal(o.Shape, s.Shape) {
		return fmt.Errorf("not of the shape and levels of %s, whose pattern it shares", s.Name)
	}
	return nil
}

func (v *kernelVerifier) stmt(s *Stmt) error {
	k := v.k
	var err error
	s.visitExprs(func(root *Expr) {
		visitExprs(root, &v.seen, func(e *Expr) {
			if err == nil {
				err = v.verifyExpr(e)
			}
		})
	})
	if err != nil {
		return err
	}
	if len(s.Targets) == 0 {
		return errors.New("no target")
	}
	for i := range s.Targets {
		if err := v.verifyAccess(&s.Targets[i]); err != nil {
			return err
		}
	}
	for i, a := range s.Axes {
		if a < 0 || a >= len(k.Axes) || slices.Contains(s.Axes[:i], a) {
			return errors.New("the axes in brackets are not different axes of the kernel")
		}
	}
	domain := k.Domain(s)
	for _, e := range s.Args {
		for _, a := range e.Axes() {
			if !slices.Contains(domain, a) {
				return fmt.Errorf("a value uses axis %s, over which the statement does not range", k.Axes[a].Name)
			}
		}
	}
	if err := v.sink(s); err != nil {
		return err
	}
	if err := v.over(s); err != nil {
		return err
	}
	if err := v.reads(s); err != nil {
		return err
	}
	return v.writes(s, domain)
}

// sink checks what differs between kinds of statement: how many values there are, their
// dtypes, the combine and its order.
func (v *kernelVerifier) sink(s *Stmt) error {
	k := v.k
	if s.Sink != Store && len(s.Axes) == 0 {
		return errors.New("no axis to work along")
	}
	if s.Sink != Reduce && s.Order != NoOrder || s.Sink != Scan && s.Scan != Inclusive || (s.Sink == Store || s.Sink == Append) && s.Combine != nil || s.Sink == Store && s.Axes != nil {
		return errors.New("an order, a direction, a combine or axes that this kind of statement has not")
	}
	args := make([]DType, len(s.Args))
	for i, e := range s.Args {
		args[i] = e.DType
	}
	switch s.Sink {
	case Store:
		return v.targets(s, args)
	case Append:
		if len(args) < 1 || args[0] != Bool {
			return errors.New("append needs a bool that says which elements to take")
		}
		for _, t := range s.Targets {
			if len(t.Index) != 1 || !t.Index[0].Equal(At(s.Axes[0])) {
				return fmt.Errorf("append writes a list: its target is %s[%s]", k.Operands[t.Operand].Name, k.Axes[s.Axes[0]].Name)
			}
		}
		return v.targets(s, args[1:])
	}
	if s.Combine == nil {
		return errors.New("no combine")
	}
	states, err := s.Combine.verify(args)
	if err != nil {
		return err
	}
	switch s.Sink {
	case Reduce:
		if err := v.order(s, states); err != nil {
			return err
		}
	case Scan:
		if _, ok := s.Combine.Identity(states); !ok || len(states) != 1 || len(args) != 1 || len(s.Axes) != 1 {
			return errors.New("a scan is along one axis, of one value and a combine with an identity")
		}
		if len(s.Targets) == 2 { // the second is carried state
			states = append(states, states[0])
		}
	}
	return v.targets(s, states)
}

// targets checks that each target takes one value of its dtype.
func (v *kernelVerifier) targets(s *Stmt, values []DType) error {
	if len(s.Targets) != len(values) {
		return fmt.Errorf("%d targets for %d values", len(s.Targets), len(values))
	}
	for i, t := range s.Targets {
		if o := v.k.Operands[t.Operand]; o.DType != values[i] {
			return fmt.Errorf("%s is %s, the value is %s", o.Name, o.DType, values[i])
		}
	}
	return nil
}

// verify returns the states that the combine has for elements of the given dtypes.
func (c *Combine) verify(elems []DType) ([]DType, error) {
	if len(elems) != c.Elements {
		return nil, fmt.Errorf("%s takes %d values a position, got %d", c.Name, c.Elements, len(elems))
	}
	states := c.States(elems)
	b := NewBuilder()
	x, s, t := b.placeholders(elems, 0), b.placeholders(states, 0), b.placeholders(states, len(states))
	var seen ExprSet
	for _, out := range [][]*Expr{c.Seed(b, x), c.Step(b, s, x), c.Merge(b, s, t)} {
		if len(out) != len(states) {
			return nil, fmt.Errorf("%s gives %d states, not %d", c.Name, len(out), len(states))
		}
		for i, e := range out {
			if e.DType != states[i] {
				return nil, fmt.Errorf("%s gives a state of %s, not %s", c.Name, e.DType, states[i])
			}
			var err error
			visitExprs(e, &seen, func(e *Expr) {
				if e.Kind == Apply && err == nil {
					err = e.checkApply()
				}
			})
			if err != nil {
				return nil, fmt.Errorf("%s: %w", c.Name, err)
			}
		}
	}
	return states, nil
}

// placeholders returns States of the given dtypes, numbered from first.
func (b *Builder) placeholders(ds []DType, first int) []*Expr {
	out := make([]*Expr, len(ds))
	for i, d := range ds {
		out[i] = b.State(d, first+i)
	}
	return out
}

func (v *kernelVerifier) order(s *Stmt, states []DType) error {
	switch s.Order {
	case Free:
	case StoredOrder, Stored1:
		if _, ok := s.Combine.Empty(states); !ok {
			return fmt.Errorf("%s has no value for what is not stored", s.Combine.Name)
		}
		for _, e := range s.Args {
			if v.k.hasPattern(e) {
				return nil
			}
		}
		return fmt.Errorf("order %s without a sparse operand", s.Order)
	case Lanes, Chain, TreeOrder:
		if s.Combine.Exact(states) {
			return fmt.Errorf("%s of %s has no order: free", s.Combine.Name, states[0])
		}
	default:
		return errors.New("a reduction needs an order")
	}
	return nil
}

// hasPattern reports whether e reads an operand that does not store every position: a
// sparse one, or a local that is written where one stores.
func (k *Kernel) hasPattern(e *Expr) bool {
	found := false
	visitExprs(e, &ExprSet{}, func(e *Expr) {
		if e.Kind != Load {
			return
		}
		found = found || k.Operands[e.Access.Operand].Format.sparse()
		for i := range k.Stmts {
			s := &k.Stmts[i]
			found = found || s.Over != nil && slices.ContainsFunc(s.Targets, func(t Access) bool { return t.Operand == e.Access.Operand })
		}
	})
	return found
}

// over checks the access that says where a statement is demanded.
func (v *kernelVerifier) over(s *Stmt) error {
	if s.Over == nil {
		return nil
	}
	if s.Over.Operand < 0 || s.Over.Operand >= len(v.k.Operands) {
		return errors.New("over no operand")
	}
	o := v.k.Operands[s.Over.Operand]
	if !o.Format.sparse() {
		return fmt.Errorf("over %s, which stores every position", o.Name)
	}
	if n := len(s.Over.Index); n == 0 || n > len(o.Shape) || n < len(o.Shape) && o.Format.Axes != nil {
		return fmt.Errorf("over %d of the %d levels of %s", n, len(o.Shape), o.Name)
	}
	if err := v.verifyIndices(s.Over); err != nil {
		return err
	}
	if s.Sink != Store && s.Sink != Reduce {
		return errors.New("only what stores or reduces is over an operand")
	}
	for i, x := range s.Over.Index {
		if !x.isAxis() || slices.Contains(s.Axes, x.Terms[0].Axis) || !slices.Contains(s.Targets[0].Axes(), x.Terms[0].Axis) || slices.ContainsFunc(s.Over.Index[:i], x.Equal) {
			return fmt.Errorf("over %s: its indices must be different axes of the target", o.Name)
		}
	}
	for _, t := range s.Targets {
		if w := v.k.Operands[t.Operand]; w.Role != Local && !w.Format.sparse() {
			return fmt.Errorf("over %s, but %s has every position", o.Name, w.Name)
		}
	}
	return nil
}

// isAxis reports whether x is an axis's position.
func (x Index) isAxis() bool {
	return len(x.Terms) == 1 && x.Terms[0].Coef.Is(1) && x.Const.Is(0) && x.Div.Is(0) && x.Value == nil
}
